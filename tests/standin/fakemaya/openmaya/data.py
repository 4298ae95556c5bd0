"""Function sets of data and of components."""

from __future__ import annotations

from typing import Any

import numpy as np

from fakemaya.api_contract import api
from fakemaya.components import ComponentList, component_list
from fakemaya.openmaya.depend import MFnBase
from fakemaya.openmaya.objects import COMPONENT_KINDS, Data, MObject, Parts, fn_number
from fakemaya.openmaya.rotations import MMatrix
from fakemaya.openmaya.values import MODULE, MDoubleArray, MIntArray, MPointArray, plain

TYPED = {
    4: "string",
    5: "matrix",
    6: "stringArray",
    7: "doubleArray",
    9: "Int32Array",
    10: "pointArray",
    13: "componentList",
    14: "mesh",
}


@api(MODULE)
class MFnData(MFnBase):
    _fits = ("kData",)
    _kind = "kData"

    @property
    def _data(self) -> Data:
        return self.object()._thing

    def _make(self, value: Any) -> MObject:
        self._held = MObject._of(Data(self._kind, value))
        return self._held


class _ArrayData:
    """create, array, set, copyTo around one array type."""

    _array: Any = None

    def create(self, values: Any = None) -> MObject:
        return self._make(self._kept(values if values is not None else self._array()))

    def _kept(self, values: Any) -> Any:
        return self._array(values)._rows.copy()

    def array(self) -> Any:
        return self._array._of(np.array(self._data.value))

    def set(self, values: Any) -> Any:
        self._data.value = self._kept(values)
        return self

    def copyTo(self, out: Any) -> Any:
        out._rows = np.array(self._data.value)
        return self


@api(MODULE)
class MFnPointArrayData(_ArrayData, MFnData):
    _fits = ("kPointArrayData",)
    _kind = "kPointArrayData"
    _array = MPointArray


@api(MODULE)
class MFnIntArrayData(_ArrayData, MFnData):
    _fits = ("kIntArrayData",)
    _kind = "kIntArrayData"
    _array = MIntArray

    def _kept(self, values: Any) -> Any:
        return list(MIntArray(values))

    def array(self) -> Any:
        return MIntArray(self._data.value)


@api(MODULE)
class MFnDoubleArrayData(_ArrayData, MFnData):
    _fits = ("kDoubleArrayData",)
    _kind = "kDoubleArrayData"
    _array = MDoubleArray

    def _kept(self, values: Any) -> Any:
        return list(MDoubleArray(values))

    def array(self) -> Any:
        return MDoubleArray(self._data.value)


@api(MODULE)
class MFnStringData(MFnData):
    _fits = ("kStringData",)
    _kind = "kStringData"

    def create(self, value: str = "") -> MObject:
        return self._make(plain(value, (str,), "a string"))

    def string(self) -> str:
        return self._data.value

    def set(self, value: str) -> Any:
        self._data.value = plain(value, (str,), "a string")
        return self


@api(MODULE)
class MFnMatrixData(MFnData):
    _fits = ("kMatrixData",)
    _kind = "kMatrixData"

    def create(self, value: Any = None) -> MObject:
        return self._make(value._m.copy() if value is not None else np.eye(4))

    def matrix(self) -> MMatrix:
        return MMatrix._of(self._data.value)

    def set(self, value: MMatrix) -> Any:
        self._data.value = value._m.copy()
        return self


@api(MODULE)
class MFnGeometryData(MFnData):
    _fits = ("kMeshData",)


@api(MODULE)
class MFnMeshData(MFnGeometryData):
    _kind = "kMeshData"

    def create(self) -> MObject:
        return self._make(None)


@api(MODULE)
class MFnComponent(MFnBase):
    _fits = ("kComponent",)

    @property
    def _parts(self) -> Parts:
        return self.object()._thing

    @property
    def componentType(self) -> int:
        return fn_number(COMPONENT_KINDS[self._parts.kind])

    @property
    def elementCount(self) -> int:
        return self._parts.complete or len(self._parts.elements)

    @property
    def isComplete(self) -> bool:
        return bool(self._parts.complete)

    @property
    def isEmpty(self) -> bool:
        return not self.elementCount

    @property
    def hasWeights(self) -> bool:
        return bool(self._parts.weights)

    def isEqual(self, other: MObject) -> bool:
        return other._thing.kind == self._parts.kind and np.array_equal(
            other._thing.elements, self._parts.elements
        )

    def weight(self, index: int) -> MWeight:
        made = MWeight()
        made.influence = self._parts.weights[int(self._parts.elements[index])]
        return made


@api(MODULE)
class MWeight:
    def __init__(self) -> None:
        self._influence = 1.0
        self._seam = 0.0

    @property
    def influence(self) -> float:
        return self._influence

    @influence.setter
    def influence(self, value: float) -> None:
        self._influence = value

    @property
    def seam(self) -> float:
        return self._seam


@api(MODULE)
class MFnSingleIndexedComponent(MFnComponent):
    _fits = ("kSingleIndexedComponent",)

    def create(self, type: int) -> MObject:
        kind = next((k for k, n in COMPONENT_KINDS.items() if fn_number(n) == type), None)
        if kind is None:
            raise ValueError("(kInvalidParameter): not a single indexed component type")
        self._held = MObject._of(Parts(kind))
        return self._held

    def addElement(self, element: int) -> Any:
        return self.addElements([element])

    def addElements(self, elements: Any) -> Any:
        values = (
            MIntArray(elements)._rows[:, 0] if not isinstance(elements, MIntArray) else elements._rows[:, 0]
        )
        self._parts.elements = np.union1d(self._parts.elements, values.astype(np.int64))
        return self

    def element(self, index: int) -> int:
        return int(self._parts.elements[index])

    def elementMax(self) -> int:
        return int(self._parts.elements.max()) + 1 if len(self._parts.elements) else 0

    def getElements(self) -> MIntArray:
        if self._parts.complete:
            raise RuntimeError("(kFailure): the component is complete: use getCompleteData")
        return MIntArray._of(self._parts.elements)

    def setCompleteData(self, numElements: int) -> Any:
        self._parts.complete = int(numElements)
        return self

    def getCompleteData(self) -> int:
        if not self._parts.complete:
            raise RuntimeError("(kFailure): the component is not complete")
        return self._parts.complete


@api(MODULE)
class MFnComponentListData(MFnData):
    _fits = ("kComponentListData",)
    _kind = "kComponentListData"

    def create(self) -> MObject:
        return self._make(ComponentList(np.zeros(0, np.int64)))

    def add(self, component: MObject) -> Any:
        parts = component._thing
        if not isinstance(parts, Parts) or parts.kind != "vtx":
            raise RuntimeError("(kInvalidParameter): not a vertex component")
        data = self._data
        if parts.complete:
            data.value = ComponentList(np.arange(parts.complete), True)
        else:
            data.value = component_list(np.concatenate([data.value.elements, parts.elements]))
        return self

    def clear(self) -> Any:
        self._data.value = ComponentList(np.zeros(0, np.int64))
        return self

    def length(self) -> int:
        return int(self._data.value.complete or len(self._data.value.elements) > 0)

    def get(self, index: int) -> MObject:
        value: ComponentList = self._data.value
        if index or not self.length():
            raise IndexError("(kInvalidParameter): no such component")
        return MObject._of(
            Parts("vtx", value.elements, complete=len(value.elements) if value.complete else 0)
        )
