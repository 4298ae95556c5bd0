"""Function sets of attributes."""

from __future__ import annotations

from typing import Any

from fakemaya.api_contract import api
from fakemaya.openmaya.depend import MFnBase
from fakemaya.openmaya.objects import MObject
from fakemaya.openmaya.plug import FAILURE
from fakemaya.openmaya.units import MAngle, MDistance, MTime
from fakemaya.openmaya.values import MODULE
from fakemaya.schema import Attr


@api(MODULE)
class MFnAttribute(MFnBase):
    _fits = ("kAttribute",)

    @property
    def _attr(self) -> Attr:
        return self.object()._thing

    @property
    def name(self) -> str:
        return self._attr.name

    @property
    def shortName(self) -> str:
        return self._attr.short

    @property
    def array(self) -> bool:
        return self._attr.array

    @array.setter
    def array(self, value: bool) -> None:
        self._attr.array = bool(value)

    @property
    def parent(self) -> MObject:
        return MObject._of(self._attr.parent)

    @property
    def dynamic(self) -> bool:
        return self._attr.dynamic

    def _made(self, attr: Attr) -> MObject:
        attr.dynamic = True
        self._held = MObject._of(attr)
        return self._held


for _name in ("keyable", "readable", "writable", "storable", "hidden"):

    def _get(self: Any, name: str = _name) -> bool:
        return bool(getattr(self._attr, name))

    def _put(self: Any, value: bool, name: str = _name) -> None:
        setattr(self._attr, name, bool(value))

    setattr(MFnAttribute, _name, property(_get, _put))


class _Bounds:
    """Limits of numeric and unit attributes."""

    def _shown(self, value: Any) -> Any:
        return value

    def hasMin(self) -> bool:
        return self._attr.minimum is not None

    def hasMax(self) -> bool:
        return self._attr.maximum is not None

    def hasSoftMin(self) -> bool:
        return self._attr.soft_minimum is not None

    def hasSoftMax(self) -> bool:
        return self._attr.soft_maximum is not None

    def _bound(self, value: Any) -> Any:
        if value is None:
            raise RuntimeError(FAILURE)
        return self._shown(value)

    def getMin(self) -> Any:
        return self._bound(self._attr.minimum)

    def getMax(self) -> Any:
        return self._bound(self._attr.maximum)

    def getSoftMin(self) -> Any:
        return self._bound(self._attr.soft_minimum)

    def getSoftMax(self) -> Any:
        return self._bound(self._attr.soft_maximum)

    def setMin(self, value: Any) -> Any:
        self._attr.minimum = _internal(value)
        return self

    def setMax(self, value: Any) -> Any:
        self._attr.maximum = _internal(value)
        return self


def _internal(value: Any) -> Any:
    if isinstance(value, MAngle):
        return value.asRadians()
    return (
        value.asCentimeters()
        if isinstance(value, MDistance)
        else value._ticks
        if isinstance(value, MTime)
        else value
    )


_NUMERIC = {
    "bool": "kBoolean",
    "byte": "kByte",
    "short": "kShort",
    "long": "kInt",
    "float": "kFloat",
    "double": "kDouble",
    "double3": "k3Double",
    "float3": "k3Float",
    "double2": "k2Double",
}


@api(MODULE)
class MFnNumericData(MFnBase):
    _fits = ("kNumericData",)


@api(MODULE)
class MFnNumericAttribute(_Bounds, MFnAttribute):
    _fits = ("kNumericAttribute",)

    def create(self, longName: str, shortName: str, type: int = 13, defaultValue: Any = 0) -> MObject:
        kind = next((k for k, n in _NUMERIC.items() if getattr(MFnNumericData, n, None) == type), "double")
        return self._made(Attr(longName, shortName, kind, defaultValue))

    @property
    def default(self) -> Any:
        attr = self._attr
        if attr.compound:
            return tuple(c.default for c in attr.children)
        return attr.default

    def numericType(self) -> int:
        return getattr(MFnNumericData, _NUMERIC[self._attr.kind])


_UNITS = {"doubleAngle": 1, "doubleLinear": 2, "time": 3}


@api(MODULE)
class MFnUnitAttribute(_Bounds, MFnAttribute):
    _fits = ("kUnitAttribute",)

    def create(self, longName: str, shortName: str, type: int, defaultValue: Any = 0.0) -> MObject:
        kind = next(k for k, n in _UNITS.items() if n == type)
        return self._made(Attr(longName, shortName, kind, _internal(defaultValue)))

    def _shown(self, value: Any) -> Any:
        kind = self._attr.kind
        if kind == "doubleAngle":
            return MAngle(float(value), 1)
        return MDistance(float(value), 6) if kind == "doubleLinear" else MTime._from_ticks(int(value))

    @property
    def default(self) -> Any:
        return self._shown(self._attr.default)

    def unitType(self) -> int:
        return _UNITS[self._attr.kind]


@api(MODULE)
class MFnEnumAttribute(MFnAttribute):
    _fits = ("kEnumAttribute",)

    def create(self, longName: str, shortName: str, defaultValue: int = 0) -> MObject:
        return self._made(Attr(longName, shortName, "enum", defaultValue))

    def addField(self, name: str, value: int) -> Any:
        self._attr.fields = (*self._attr.fields, f"{name}={value}")
        return self

    @property
    def default(self) -> int:
        return int(self._attr.default)

    def fieldName(self, value: int) -> str:
        from fakemaya.commands.attributes import enum_names

        return enum_names(self._attr)[value]

    def fieldValue(self, name: str) -> int:
        from fakemaya.commands.attributes import enum_names

        return next(k for k, v in enum_names(self._attr).items() if v == name)

    def getMin(self) -> int:
        from fakemaya.commands.attributes import enum_names

        return min(enum_names(self._attr))

    def getMax(self) -> int:
        from fakemaya.commands.attributes import enum_names

        return max(enum_names(self._attr))


@api(MODULE)
class MFnTypedAttribute(MFnAttribute):
    _fits = ("kTypedAttribute",)

    def create(self, longName: str, shortName: str, type: int, defaultValue: Any = None) -> MObject:
        from fakemaya.openmaya.data import TYPED

        return self._made(Attr(longName, shortName, TYPED[type], None))

    def attrType(self) -> int:
        from fakemaya.openmaya.data import TYPED

        return next(k for k, v in TYPED.items() if v == self._attr.kind)


@api(MODULE)
class MFnMatrixAttribute(MFnAttribute):
    _fits = ("kMatrixAttribute",)


@api(MODULE)
class MFnMessageAttribute(MFnAttribute):
    _fits = ("kMessageAttribute",)

    def create(self, longName: str, shortName: str) -> MObject:
        return self._made(Attr(longName, shortName, "message", None))


@api(MODULE)
class MFnCompoundAttribute(MFnAttribute):
    _fits = ("kCompoundAttribute",)

    def numChildren(self) -> int:
        return len(self._attr.children)

    def child(self, index: int) -> MObject:
        return MObject._of(self._attr.children[index])
