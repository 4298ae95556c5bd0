"""MObject and its handle, MUuid, MDagPath, MSelectionList, and the empty classes of constants."""

from __future__ import annotations

import uuid
from typing import Any, Optional

import numpy as np

from fakemaya import naming
from fakemaya.active import active
from fakemaya.api_contract import api
from fakemaya.commands.listing import text_of
from fakemaya.components import ComponentList
from fakemaya.evaluate import value_of, world_of
from fakemaya.naming import Component
from fakemaya.node import MeshData, Node, Plug
from fakemaya.openmaya.rotations import MMatrix
from fakemaya.openmaya.values import MODULE, List
from fakemaya.schema import NUMBERS, Attr


@api(MODULE)
class MFn:
    pass


@api(MODULE)
class MSpace:
    pass


class Parts:
    """What a component MObject holds: indices in ascending order, whatever order they were added in."""

    def __init__(
        self, kind: str, elements: Any = (), *, complete: int = 0, weights: Optional[dict[int, float]] = None
    ) -> None:
        self.kind, self.complete = kind, complete
        self.elements = np.unique(
            np.asarray(list(elements) if not isinstance(elements, np.ndarray) else elements, np.int64)
        )
        self.weights = weights or {}


COMPONENT_KINDS = {
    "vtx": "kMeshVertComponent",
    "f": "kMeshPolygonComponent",
    "e": "kMeshEdgeComponent",
    "map": "kMeshMapComponent",
}
_DATA = {
    np.ndarray: "kPointArrayData",
    ComponentList: "kComponentListData",
    MeshData: "kMeshData",
    str: "kStringData",
    list: "kIntArrayData",
}


def fn_number(name: str) -> int:
    return getattr(MFn, name)


@api(MODULE)
class MObject:
    """A handle to a node, an attribute, a component or a piece of data."""

    def __init__(self, source: Any = None) -> None:
        self._thing: Any = source._thing if isinstance(source, MObject) else None

    @classmethod
    def _of(cls, thing: Any) -> MObject:
        made = cls()
        made._thing = thing
        return made

    def _names(self) -> list[str]:
        """MFn names that fit, the most special first."""
        thing = self._thing
        if isinstance(thing, Node):
            at, names = thing.type, []
            while at is not None:
                names.append(at.api)
                at = at.above
            extra = ["kNamedObject", "kDependencyNode"]
            if thing.is_dag:
                extra.insert(0, "kDagNode")
            if thing.isa("geometryFilter"):
                extra.insert(0, "kGeometryFilt")
            return [*dict.fromkeys([*names, *extra])]
        if isinstance(thing, Attr):
            return attribute_names(thing)
        if isinstance(thing, Parts):
            return [COMPONENT_KINDS[thing.kind], "kSingleIndexedComponent", "kComponent"]
        if thing is None:
            return ["kInvalid"]
        if isinstance(thing, Data):
            return [thing.kind, "kData"]
        return ["kData"]

    def apiType(self) -> int:
        return fn_number(self._names()[0])

    @property
    def apiTypeStr(self) -> str:
        return self._names()[0]

    def hasFn(self, number: int) -> bool:
        return any(hasattr(MFn, n) and fn_number(n) == number for n in self._names())

    def isNull(self) -> bool:
        return self._thing is None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MObject) and other._thing is self._thing

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]


MObject.kNullObj = MObject()


class Data:
    """A piece of data: kind is its MFn name."""

    def __init__(self, kind: str, value: Any) -> None:
        self.kind, self.value = kind, value


def attribute_names(attr: Attr) -> list[str]:
    kind = attr.kind
    if kind in ("doubleLinear", "doubleAngle", "time"):
        first = {
            "doubleLinear": "kDoubleLinearAttribute",
            "doubleAngle": "kDoubleAngleAttribute",
            "time": "kTimeAttribute",
        }[kind]
        return [first, "kUnitAttribute", "kAttribute"]
    if kind == "enum":
        return ["kEnumAttribute", "kAttribute"]
    if kind == "message":
        return ["kMessageAttribute", "kAttribute"]
    if kind == "matrix":
        return (
            ["kMatrixAttribute", "kAttribute"]
            if attr.dynamic
            else ["kMatrixAttribute", "kTypedAttribute", "kAttribute"]
        )
    if attr.compound:
        if kind == "TdataCompound":
            return ["kCompoundAttribute", "kAttribute"]
        unit = any(c.kind in ("doubleLinear", "doubleAngle") for c in attr.children)
        first = {
            "double3": "kAttribute3Double",
            "float3": "kAttribute3Float",
            "double2": "kAttribute2Double",
        }.get(kind, "kCompoundAttribute")
        return [first, *([] if unit else ["kNumericAttribute"]), "kCompoundAttribute", "kAttribute"]
    if kind in NUMBERS:
        return ["kNumericAttribute", "kAttribute"]
    return ["kTypedAttribute", "kAttribute"]


@api(MODULE)
class MObjectHandle:
    def __init__(self, source: Any = None) -> None:
        self._held = (
            source._held if isinstance(source, MObjectHandle) else source if source is not None else MObject()
        )

    def object(self) -> MObject:
        return self._held

    def isValid(self) -> bool:
        return self.isAlive()

    def isAlive(self) -> bool:
        thing = self._held._thing
        scene_node = isinstance(thing, Node)
        return thing is not None and (
            not scene_node or (thing.alive and active().scene.nodes.get(thing.uuid) is thing)
        )

    def hashCode(self) -> int:
        return id(self._held._thing) & 0x7FFFFFFF

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MObjectHandle) and self._held == other._held

    __hash__ = None  # type: ignore[assignment]


@api(MODULE)
class MObjectArray(List):
    def _checked(self, value: Any) -> Any:
        if not isinstance(value, MObject):
            raise TypeError("MObjectArray holds MObject.")
        return value


@api(MODULE)
class MUuid:
    def __init__(self, value: Any = "") -> None:
        self._text = value._text if isinstance(value, MUuid) else str(value).upper()

    def asString(self) -> str:
        return self._text

    def valid(self) -> bool:
        return bool(self._text)

    def generate(self) -> MUuid:
        self._text = str(uuid.uuid4()).upper()
        return self

    def __str__(self) -> str:
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MUuid) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def living(thing: Any) -> Node:
    """The node of an MObject or MDagPath; RuntimeError where it is gone."""
    node = (
        thing._node if isinstance(thing, MDagPath) else thing._thing if isinstance(thing, MObject) else None
    )
    if not isinstance(node, Node):
        raise TypeError("an MObject of a node or an MDagPath is needed.")
    if not node.alive and node.uuid not in active().state.get("pending_nodes", {}):
        raise RuntimeError("(kInvalidParameter): Object does not exist")
    return node


@api(MODULE)
class MDagPath:
    def __init__(self, source: Any = None) -> None:
        self._node: Any = source._node if isinstance(source, MDagPath) else None

    @classmethod
    def _of(cls, node: Node) -> MDagPath:
        made = cls()
        made._node = node
        return made

    @staticmethod
    def getAPathTo(node: MObject) -> MDagPath:
        found = living(node)
        if not found.is_dag:
            raise TypeError("(kInvalidParameter): not a DAG node")
        return MDagPath._of(found)

    @staticmethod
    def getAllPathsTo(node: MObject) -> Any:
        return MDagPathArray([MDagPath.getAPathTo(node)])

    def isValid(self) -> bool:
        return self._node is not None and self._node.alive

    def node(self) -> MObject:
        return MObject._of(living(self))

    def transform(self) -> MObject:
        node = living(self)
        return MObject._of(node if node.isa("transform") else node.parent)

    def apiType(self) -> int:
        return self.node().apiType()

    def hasFn(self, number: int) -> bool:
        node = living(self)
        if self.node().hasFn(number):
            return True
        # Maya asks the shape too where a transform has exactly one below it.
        shapes = [c for c in node.children if c.is_shape]
        return len(shapes) == 1 and MObject._of(shapes[0]).hasFn(number)

    def fullPathName(self) -> str:
        return living(self).path if self._node is not None else ""

    def partialPathName(self) -> str:
        return active().scene.short(living(self))

    def length(self) -> int:
        return len(list(living(self).ancestors())) + 1

    def childCount(self) -> int:
        return len(living(self).children)

    def child(self, index: int) -> MObject:
        return MObject._of(living(self).children[index])

    def numberOfShapesDirectlyBelow(self) -> int:
        return sum(c.is_shape for c in living(self).children)

    def extendToShape(self, index: Any = None) -> MDagPath:
        node = living(self)
        if not node.is_shape:
            shapes = [c for c in node.children if c.is_shape]
            if index is None and len(shapes) != 1:
                # Intermediate shapes count too: a deformed mesh has two.
                raise RuntimeError("(kInvalidParameter): the path has not exactly one shape")
            if not shapes or (index is not None and index >= len(shapes)):
                raise RuntimeError("(kInvalidParameter): no such shape")
            self._node = shapes[index or 0]
        return self

    def push(self, child: MObject) -> MDagPath:
        self._node = living(child)
        return self

    def pop(self, count: int = 1) -> MDagPath:
        for _ in range(count):
            self._node = living(self).parent
        return self

    def set(self, source: MDagPath) -> MDagPath:
        self._node = source._node
        return self

    def inclusiveMatrix(self) -> MMatrix:
        return MMatrix._of(world_of(active().scene, living(self)))

    def inclusiveMatrixInverse(self) -> MMatrix:
        return self.inclusiveMatrix().inverse()

    def exclusiveMatrix(self) -> MMatrix:
        node = living(self)
        return MMatrix._of(world_of(active().scene, node.parent) if node.parent else np.eye(4))

    def exclusiveMatrixInverse(self) -> MMatrix:
        return self.exclusiveMatrix().inverse()

    def isVisible(self) -> bool:
        node = living(self)
        return all(value_of(active().scene, n, "visibility") for n in (node, *node.ancestors()))

    def isInstanced(self) -> bool:
        return False

    def instanceNumber(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MDagPath) and other._node is self._node

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.fullPathName()


@api(MODULE)
class MDagPathArray(List):
    pass


@api(MODULE)
class MSelectionList:
    def __init__(self, source: Any = None) -> None:
        self._things: list[Any] = list(source._things) if isinstance(source, MSelectionList) else []

    @classmethod
    def _of(cls, things: Any) -> MSelectionList:
        made = cls()
        made._things = list(things)
        return made

    def add(
        self, item: Any, mergeWithExisting: bool = True, searchChildNamespaces: bool = False
    ) -> MSelectionList:
        from fakemaya.openmaya.plug import MPlug

        scene = active().scene
        if isinstance(item, str):
            found = naming.things(scene, item)
            if not found:
                raise RuntimeError("(kInvalidParameter): Object does not exist")
            self._add(found)
        elif isinstance(item, MUuid):
            if item.asString() not in scene.nodes:
                raise RuntimeError("(kInvalidParameter): Object does not exist")
            self._add([scene.nodes[item.asString()]])
        elif isinstance(item, tuple) and len(item) == 2:
            parts = item[1]._thing
            self._add(
                [living(item[0])]
                if parts is None
                else [Component(_shape(living(item[0])), parts.kind, parts.elements)]
            )
        elif isinstance(item, MPlug):
            self._add([item._plug()])
        elif isinstance(item, (MObject, MDagPath)):
            self._add([living(item)])
        else:
            raise TypeError(
                f"MSelectionList.add takes names, nodes, paths and plugs, not {type(item).__name__}."
            )
        return self

    def _add(self, things: Any) -> None:
        for thing in things:
            if not any(thing is t or (not isinstance(t, Node) and t == thing) for t in self._things):
                self._things.append(thing)

    def _at(self, index: int) -> Any:
        if not isinstance(index, int) or not 0 <= index < len(self._things):
            raise IndexError("index out of range")
        return self._things[index]

    def length(self) -> int:
        return len(self._things)

    def isEmpty(self) -> bool:
        return not self._things

    def clear(self) -> MSelectionList:
        self._things = []
        return self

    def getDependNode(self, index: int) -> MObject:
        return MObject._of(naming.node_of(self._at(index)))

    def getDagPath(self, index: int) -> MDagPath:
        node = naming.node_of(self._at(index))
        if not node.is_dag:
            raise TypeError("item is not a DAG path")
        return MDagPath._of(node)

    def getComponent(self, index: int) -> tuple[MDagPath, MObject]:
        thing = self._at(index)
        if isinstance(thing, Component):
            weights = thing.weights
            return MDagPath._of(thing.shape), MObject._of(Parts(thing.kind, thing.elements, weights=weights))
        return self.getDagPath(index), MObject()

    def getPlug(self, index: int) -> Any:
        from fakemaya.openmaya.plug import MPlug

        thing = self._at(index)
        if not isinstance(thing, Plug):
            raise TypeError("item is not a plug")
        return MPlug._of(thing)

    def getSelectionStrings(self, index: Any = None) -> tuple[str, ...]:
        things = self._things if index is None else [self._at(index)]
        return tuple(t for thing in things for t in text_of(active().scene, thing))

    def hasItem(self, item: Any) -> bool:
        return any(naming.node_of(t) is living(item) for t in self._things)

    def merge(self, other: MSelectionList, strategy: int = 0) -> MSelectionList:
        self._add(other._things)
        return self

    def remove(self, index: int) -> MSelectionList:
        del self._things[index]
        return self


def _shape(node: Node) -> Node:
    return naming.visible_shape(node, "mesh") or node
