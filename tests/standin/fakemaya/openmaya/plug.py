"""MPlug and MPlugArray."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from fakemaya import evaluate
from fakemaya.active import Gap, active
from fakemaya.api_contract import api
from fakemaya.commands.attributes import is_keyed
from fakemaya.components import ComponentList
from fakemaya.node import MeshData, Node, Plug
from fakemaya.openmaya.objects import Data, MObject, living
from fakemaya.openmaya.units import MAngle, MDistance, MTime
from fakemaya.openmaya.values import MODULE, List, plain
from fakemaya.schema import NUMBERS, Attr

FAILURE = "(kFailure): Unexpected Internal Failure"
DATA_KINDS = {
    "pointArray": "kPointArrayData",
    "componentList": "kComponentListData",
    "mesh": "kMeshData",
    "string": "kStringData",
    "matrix": "kMatrixData",
    "Int32Array": "kIntArrayData",
    "doubleArray": "kDoubleArrayData",
    "stringArray": "kStringArrayData",
}


@api(MODULE)
class MPlug:
    """A plug; reading pulls, writing is not undoable. Internal units: cm, radians."""

    def __init__(self, *args: Any) -> None:
        self._node: Optional[Node] = None
        self._attr: Optional[Attr] = None
        self._indices: list[Optional[int]] = []
        if len(args) == 1:
            self._node, self._attr, self._indices = args[0]._node, args[0]._attr, list(args[0]._indices)
        elif args:
            self._node, self._attr = living(args[0]), args[1]._thing
            if not isinstance(self._attr, Attr) or self._node.find(self._attr.name) is not self._attr:
                raise RuntimeError("(kInvalidParameter): the node has no such attribute")
            # Every array above the attribute needs an index; the attribute itself is the whole array.
            self._indices = [None] * (self._attr.index_count - self._attr.array)

    @classmethod
    def _of(cls, plug: Optional[Plug]) -> MPlug:
        made = cls()
        if plug is not None:
            made._node, made._attr, made._indices = plug.node, plug.attr, list(plug.indices)
        return made

    def _plug(self) -> Plug:
        if self._node is None or self._attr is None:
            raise RuntimeError("(kInvalidParameter): the plug is null")
        if not self._node.alive and self._node.uuid not in active().state.get("pending_nodes", {}):
            raise RuntimeError("(kInvalidParameter): Object does not exist")
        if any(i is None for i in self._indices):
            raise RuntimeError(
                "(kFailure): an array above the plug has no index: use selectAncestorLogicalIndex"
            )
        return Plug(self._node, self._attr, tuple(int(i) for i in self._indices if i is not None))

    # ------------------------------------------------------------------------------------ where it is

    def node(self) -> MObject:
        return MObject._of(self._node)

    def attribute(self) -> MObject:
        return MObject._of(self._attr)

    def name(self) -> str:
        plug = self._plug()
        return f"{active().scene.short(plug.node)}.{plug.attribute_name(alias=False)}"

    def partialName(
        self,
        includeNodeName: bool = False,
        includeNonMandatoryIndices: bool = False,
        includeInstancedIndices: bool = False,
        useAlias: bool = False,
        useFullAttributePath: bool = False,
        useLongNames: bool = False,
    ) -> str:
        plug = self._plug()
        text = plug.attribute_name(long=useLongNames, alias=useAlias, full=useFullAttributePath)
        return f"{active().scene.short(plug.node)}.{text}" if includeNodeName else text

    @property
    def info(self) -> str:
        return self.name()

    def selectAncestorLogicalIndex(self, index: int, attribute: Any = None) -> MPlug:
        attr = self._attr if attribute is None or attribute.isNull() else attribute._thing
        arrays = [a for a in self._plug_chain() if a.array]
        if attr not in arrays:
            raise RuntimeError("(kInvalidParameter): the attribute is no array above the plug")
        at = arrays.index(attr)
        self._indices += [None] * (at + 1 - len(self._indices))
        self._indices[at] = plain(index, (int,), "a logical index")
        return self

    def _plug_chain(self) -> tuple[Attr, ...]:
        if self._attr is None:
            raise RuntimeError("(kInvalidParameter): the plug is null")
        return self._attr.chain

    def elementByLogicalIndex(self, index: int) -> MPlug:
        plug = self._plug()
        if not plug.is_array:
            raise TypeError("(kInvalidParameter): not an array plug")
        element = plug.element(plain(index, (int,), "a logical index"))
        element.node.touch(element.attr, element.indices)
        return MPlug._of(element)

    def elementByPhysicalIndex(self, index: int) -> MPlug:
        elements = self._plug().elements()
        if not 0 <= index < len(elements):
            raise IndexError("(kInvalidParameter): no such physical index")
        return MPlug._of(elements[index])

    def getExistingArrayAttributeIndices(self) -> Any:
        plug = self._plug()
        from fakemaya.openmaya.values import MIntArray

        return MIntArray(plug.node.elements(plug.attr, plug.indices))

    def numElements(self) -> int:
        return len(self._plug().elements())

    def evaluateNumElements(self) -> int:
        return len(self._plug().elements())

    def logicalIndex(self) -> int:
        plug = self._plug()
        if not plug.is_element:
            raise TypeError("(kInvalidParameter): not an element")
        return plug.indices[-1]

    def array(self) -> MPlug:
        plug = self._plug()
        if not plug.is_element:
            raise TypeError("(kInvalidParameter): not an element")
        return MPlug._of(plug.parent)

    def parent(self) -> MPlug:
        plug = self._plug()
        if plug.attr.parent is None:
            raise TypeError("(kInvalidParameter): not a child")
        above = plug.attr.parent
        return MPlug._of(Plug(plug.node, above, plug.indices[: above.index_count]))

    def child(self, which: Any) -> MPlug:
        plug = self._plug()
        if not plug.attr.compound or plug.is_array:
            raise TypeError("(kInvalidParameter): not a compound")
        if isinstance(which, MObject):
            return MPlug._of(Plug(plug.node, which._thing, plug.indices))
        return MPlug._of(plug.children[which])

    def numChildren(self) -> int:
        return len(self._plug().attr.children)

    def copy(self, source: MPlug) -> MPlug:
        self.__init__(source)
        return self

    # ------------------------------------------------------------------------------------ what it is

    @property
    def isNull(self) -> bool:
        return self._node is None

    @property
    def isArray(self) -> bool:
        return self._plug().is_array

    @property
    def isElement(self) -> bool:
        return self._plug().is_element

    @property
    def isCompound(self) -> bool:
        return self._plug().attr.compound

    @property
    def isChild(self) -> bool:
        return self._plug().attr.parent is not None

    @property
    def isDynamic(self) -> bool:
        return self._plug().attr.dynamic

    @property
    def isConnected(self) -> bool:
        return self.isDestination or self.isSource

    @property
    def isDestination(self) -> bool:
        return active().scene.source(self._plug()) is not None

    @property
    def isSource(self) -> bool:
        return bool(active().scene.destinations(self._plug()))

    @property
    def isNetworked(self) -> bool:
        return True

    @property
    def isProcedural(self) -> bool:
        return False

    @property
    def isCaching(self) -> bool:
        return False

    @property
    def isLocked(self) -> bool:
        return active().scene.is_locked(self._plug())

    @isLocked.setter
    def isLocked(self, value: bool) -> None:
        kept, key = self._plug().node.locked_plugs, self._plug().key
        kept.add(key) if value else kept.discard(key)

    @property
    def isKeyable(self) -> bool:
        plug = self._plug()
        return plug.node.keyable.get(plug.key, plug.attr.keyable)

    @isKeyable.setter
    def isKeyable(self, value: bool) -> None:
        self._plug().node.keyable[self._plug().key] = bool(value)

    @property
    def isChannelBox(self) -> bool:
        return self._plug().node.channel_box.get(self._plug().key, False)

    @isChannelBox.setter
    def isChannelBox(self, value: bool) -> None:
        self._plug().node.channel_box[self._plug().key] = bool(value)

    @property
    def isFromReferencedFile(self) -> bool:
        return self._plug().node.referenced

    def isFreeToChange(self, checkParents: bool = True, checkChildren: bool = True) -> int:
        scene, plug = active().scene, self._plug()
        if (
            scene.is_locked(plug)
            or (scene.driver(plug) is not None and not is_keyed(scene, plug))
            or not plug.attr.writable
        ):
            return 1
        below = [p for p in plug.walk() if p != plug] if checkChildren else []
        return 2 if any(scene.is_locked(p) or scene.source(p) is not None for p in below) else 0

    def isDefaultValue(self, forceEval: bool = True) -> bool:
        plug = self._plug()
        return active().scene.get(plug) == evaluate.default(plug.attr)

    # ------------------------------------------------------------------------------------ connections

    def source(self) -> MPlug:
        return MPlug._of(active().scene.source(self._plug()))

    def sourceWithConversion(self) -> MPlug:
        return self.source()

    def destinations(self) -> Any:
        return MPlugArray([MPlug._of(p) for p in active().scene.destinations(self._plug())])

    def connectedTo(self, asDst: bool, asSrc: bool) -> Any:
        scene, plug = active().scene, self._plug()
        found = ([scene.source(plug)] if asDst and scene.source(plug) else []) + (
            scene.destinations(plug) if asSrc else []
        )
        return MPlugArray([MPlug._of(p) for p in found])

    # ------------------------------------------------------------------------------------ values

    def _value(self) -> Any:
        return active().scene.get(self._plug())

    def _number(self) -> Any:
        plug = self._plug()
        if plug.attr.kind not in NUMBERS or plug.is_array:
            raise RuntimeError(FAILURE)
        if plug.attr.kind == "time":
            raise Gap("MPlug reads of time attributes: use asMTime.")
        value = self._value()
        return float(np.float32(value)) if plug.attr.kind == "float" else value

    def asDouble(self) -> float:
        return float(self._number())

    def asFloat(self) -> float:
        return float(np.float32(self._number()))

    def asInt(self) -> int:
        return int(self._number())

    def asShort(self) -> int:
        return int(self._number())

    def asChar(self) -> int:
        return int(self._number())

    def asBool(self) -> bool:
        return bool(self._number())

    def asString(self) -> str:
        if self._plug().attr.kind != "string":
            raise RuntimeError(FAILURE)
        return self._value() or ""

    def asMTime(self) -> MTime:
        return MTime._from_ticks(int(self._value()))

    def asMAngle(self) -> MAngle:
        return MAngle(float(self._value()), 1)

    def asMDistance(self) -> MDistance:
        return MDistance(float(self._value()), 6)

    def asMObject(self) -> MObject:
        plug = self._plug()
        value = self._value()
        if plug.attr.kind not in DATA_KINDS or value is None:
            raise RuntimeError(FAILURE)
        return MObject._of(Data(DATA_KINDS[plug.attr.kind], value))

    def _set(self, value: Any, kinds: tuple[str, ...] = NUMBERS) -> MPlug:
        scene, plug = active().scene, self._plug()
        if plug.attr.kind not in kinds or plug.is_array:
            raise RuntimeError(FAILURE)
        if (
            scene.is_locked(plug)
            or not plug.attr.writable
            or (scene.driver(plug) is not None and not is_keyed(scene, plug))
        ):
            raise RuntimeError(FAILURE)
        scene.assign(plug, value, recorded=False)
        return self

    def setDouble(self, value: float) -> MPlug:
        return self._set(_fitting(self._plug().attr.kind, plain(value)))

    def setFloat(self, value: float) -> MPlug:
        return self._set(_fitting(self._plug().attr.kind, plain(value)))

    def setInt(self, value: int) -> MPlug:
        return self._set(_fitting(self._plug().attr.kind, plain(value, (int,), "an int")))

    def setShort(self, value: int) -> MPlug:
        return self.setInt(value)

    def setChar(self, value: int) -> MPlug:
        return self.setInt(value)

    def setBool(self, value: bool) -> MPlug:
        return self._set(_fitting(self._plug().attr.kind, plain(value, (bool, int), "a bool")))

    def setString(self, value: str) -> MPlug:
        return self._set(plain(value, (str,), "a string"), ("string",))

    def setMTime(self, value: MTime) -> MPlug:
        return self._set(value._ticks, ("time",))

    def setMAngle(self, value: MAngle) -> MPlug:
        return self._set(value.asRadians())

    def setMDistance(self, value: MDistance) -> MPlug:
        return self._set(value.asCentimeters())

    def setMObject(self, value: MObject) -> MPlug:
        data, plug = value._thing, self._plug()
        if not isinstance(data, Data) or DATA_KINDS.get(plug.attr.kind) != data.kind:
            raise RuntimeError(
                f"{FAILURE}: {getattr(data, 'kind', type(data).__name__)} into {plug.attr.kind}"
            )
        kept = data.value
        if plug.attr.kind == "mesh" and isinstance(kept, MeshData):
            kept = kept.with_points(kept.points.copy())
        elif isinstance(kept, np.ndarray):
            kept = kept.copy()
        elif isinstance(kept, ComponentList):
            kept = ComponentList(kept.elements.copy(), kept.complete)
        return self._set(kept, tuple(DATA_KINDS))

    def setNumElements(self, count: int) -> MPlug:
        plug = self._plug()
        for i in range(count):
            plug.node.touch(plug.attr, plug.element(i).indices)
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MPlug) and (self._node, self._attr, self._indices) == (
            other._node,
            other._attr,
            other._indices,
        )

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.name() if self._node is not None else ""

    def __repr__(self) -> str:
        return f"<maya.api.OpenMaya.MPlug {self!s}>"


def _fitting(kind: str, value: Any) -> Any:
    if kind == "bool":
        return bool(value)
    if kind == "time":
        raise Gap("MPlug writes of plain numbers to time attributes: use setMTime.")
    return int(value) if kind in ("long", "short", "byte", "enum") else float(value)


@api(MODULE)
class MPlugArray(List):
    def _checked(self, value: Any) -> Any:
        if not isinstance(value, MPlug):
            raise TypeError("MPlugArray holds MPlug.")
        return value
