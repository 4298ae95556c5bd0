"""MFnBase, MFnDependencyNode, MFnDagNode, MFnTransform, MFnSet and the function sets of attributes."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import Any, Iterator, Optional

import numpy as np

from fakemaya import matrices, membership, naming
from fakemaya.active import Gap, active
from fakemaya.api_contract import api
from fakemaya.commands.dag import set_matrix
from fakemaya.commands.nodes import make_node
from fakemaya.evaluate import value_of, world_of
from fakemaya.node import Node, Plug
from fakemaya.openmaya.objects import MDagPath, MObject, MSelectionList, MUuid, living
from fakemaya.openmaya.plug import FAILURE, MPlug
from fakemaya.openmaya.rotations import (
    MBoundingBox,
    MEulerRotation,
    MMatrix,
    MQuaternion,
    MTransformationMatrix,
)
from fakemaya.openmaya.values import MODULE, MVector
from fakemaya.schema import Attr


@contextmanager
def unrecorded() -> Iterator[Any]:
    """The scene; nothing that is done inside lands in the undo queue, as with the API."""
    scene = active().scene
    on, scene.queue.on = scene.queue.on, False
    try:
        yield scene
    finally:
        scene.queue.on = on


@api(MODULE)
class MFnBase:
    _fits: tuple[str, ...] = ()

    def __init__(self, thing: Any = None) -> None:
        self._held: Any = None
        if thing is not None:
            self.setObject(thing)

    def setObject(self, thing: Any) -> Any:
        held = MObject._of(living(thing)) if isinstance(thing, MDagPath) else thing
        if not isinstance(held, MObject):
            raise TypeError(f"{type(self).__name__} takes an MObject or an MDagPath.")
        if self._fits and not any(name in held._names() for name in self._fits):
            raise ValueError(
                f"(kInvalidParameter): Object is incompatible with {type(self).__name__}: {held.apiTypeStr}"
            )
        self._held = held
        return self

    def object(self) -> MObject:
        if self._held is None:
            raise RuntimeError("(kInvalidParameter): the function set has no object")
        return self._held

    def hasObj(self, thing: Any) -> bool:
        held = thing if isinstance(thing, MObject) else MObject._of(living(thing))
        return any(name in held._names() for name in self._fits)

    def type(self) -> int:
        return self.object().apiType()


@api(MODULE)
class MFnDependencyNode(MFnBase):
    _fits = ("kDependencyNode",)

    @property
    def _node(self) -> Node:
        return living(self.object())

    def create(self, type: str, name: str = "") -> MObject:
        with unrecorded() as scene:
            self._held = MObject._of(make_node(scene, type, name))
        return self._held

    def name(self) -> str:
        return self._node.full_name

    def absoluteName(self) -> str:
        return f":{self._node.full_name}"

    def uniqueName(self) -> str:
        return active().scene.short(self._node)

    def hasUniqueName(self) -> bool:
        return len(active().scene.by_name.get(self._node.full_name, ())) == 1

    @property
    def namespace(self) -> str:
        return self._node.namespace

    def setName(self, name: str, createNamespace: bool = False) -> str:
        node = self._node
        if node.referenced or node.locked:
            raise RuntimeError(FAILURE)
        with unrecorded() as scene:
            scene.rename(node, name)
        return node.full_name

    @property
    def typeName(self) -> str:
        return self._node.type.name

    def uuid(self) -> MUuid:
        return MUuid(self._node.uuid)

    @property
    def isFromReferencedFile(self) -> bool:
        return self._node.referenced

    @property
    def isLocked(self) -> bool:
        return self._node.locked

    @isLocked.setter
    def isLocked(self, value: bool) -> None:
        self._node.locked = bool(value)

    def setDoNotWrite(self, flag: bool) -> Any:
        self._node.do_not_write = bool(flag)
        return self

    @property
    def isDefaultNode(self) -> bool:
        return self._node.default

    @staticmethod
    def classification(nodeTypeName: str) -> str:
        from fakemaya.schema import TYPES

        return TYPES[nodeTypeName].classification

    def hasAttribute(self, name: str) -> bool:
        return self._node.find(name) is not None

    def attribute(self, which: Any) -> MObject:
        node = self._node
        if isinstance(which, int):
            return MObject._of([a for root in node.roots() for a in root.walk()][which])
        # An unknown name gives a null object, no error.
        return MObject._of(node.find(which))

    def attributeCount(self) -> int:
        return sum(1 for root in self._node.roots() for _ in root.walk())

    def findPlug(self, which: Any, wantNetworkedPlug: bool) -> MPlug:
        node = self._node
        if isinstance(which, MObject):
            return MPlug(self.object(), which)
        attr: Optional[Attr] = node.find(which)
        if attr is not None:
            return MPlug(self.object(), MObject._of(attr))
        found = naming.plug_on(node, which)
        if found is None:
            raise RuntimeError(FAILURE)
        return MPlug._of(found)

    def findAlias(self, alias: str) -> MObject:
        key = self._node.aliases.get(alias)
        return MObject._of(self._node.find(key[0]) if key else None)

    def setAlias(self, alias: str, name: str, plug: MPlug, add: bool = True) -> bool:
        node, at = self._node, plug._plug()
        if add:
            if (
                not re.fullmatch(r"[A-Za-z_]\w*", alias)
                or node.find(alias) is not None
                or node.aliases.get(alias, at.key) != at.key
            ):
                return False
            for old in [a for a, k in node.aliases.items() if k == at.key]:
                del node.aliases[old]
            node.aliases[alias] = at.key
            return True
        return node.aliases.pop(alias, None) is not None

    def plugsAlias(self, plug: MPlug) -> str:
        return self._node.alias_of(plug._plug().key)

    def getAliasList(self) -> tuple[tuple[str, str], ...]:
        node = self._node
        pairs = [
            (alias, Plug(node, active().scene.attr_of(node, key), key[1]).attribute_name(alias=False))
            for alias, key in node.aliases.items()
        ]
        return tuple(pairs)

    def getConnections(self) -> Any:
        from fakemaya.openmaya.plug import MPlugArray

        node = self._node
        keys = dict.fromkeys([*node.inputs, *node.outputs])
        return MPlugArray([MPlug._of(Plug(node, active().scene.attr_of(node, k), k[1])) for k in keys])

    def addAttribute(self, attribute: MObject) -> Any:
        with unrecorded() as scene:
            if self._node.find(attribute._thing.name) is not None:
                raise RuntimeError(FAILURE)
            scene.add_attribute(self._node, attribute._thing)
        return self

    def removeAttribute(self, attribute: MObject) -> Any:
        node = self._node
        for each in attribute._thing.walk():
            node.extra.pop(each.name, None)
        active().scene.dirty()
        return self


@api(MODULE)
class MFnDagNode(MFnDependencyNode):
    _fits = ("kDagNode",)

    def setObject(self, thing: Any) -> Any:
        if isinstance(thing, MDagPath):
            node = living(thing)
            probe = MObject._of(node)
            if self._fits and not any(n in probe._names() for n in self._fits):
                # A path to a transform serves the function set of the shape below it.
                shapes = [c for c in node.children if any(n in MObject._of(c)._names() for n in self._fits)]
                shapes = [
                    s for s in shapes if not value_of(active().scene, s, "intermediateObject")
                ] or shapes
                if not shapes:
                    raise ValueError(
                        f"(kInvalidParameter): Object is incompatible with this method: {probe.apiTypeStr}"
                    )
                probe = MObject._of(shapes[0])
            self._held, self._path = probe, MDagPath._of(probe._thing)
            return self
        self._path: Optional[MDagPath] = None
        return super().setObject(thing)

    def create(self, type: str, name: str = "", parent: Any = None) -> MObject:
        with unrecorded() as scene:
            above = None if parent is None or parent.isNull() else living(parent)
            self._held = MObject._of(make_node(scene, type, name, above))
        return self._held

    def fullPathName(self) -> str:
        return self._node.path

    def partialPathName(self) -> str:
        return active().scene.short(self._node)

    def getPath(self) -> MDagPath:
        return MDagPath._of(self._node)

    def dagPath(self) -> MDagPath:
        if getattr(self, "_path", None) is None:
            raise RuntimeError("(kFailure): the function set was not made from a path")
        return MDagPath._of(self._node)

    def parentCount(self) -> int:
        return 1

    def parent(self, index: int) -> MObject:
        above = self._node.parent
        if above is None:
            raise Gap("MFnDagNode.parent of a node of the world: the world node is not modelled.")
        return MObject._of(above)

    def childCount(self) -> int:
        return len(self._node.children)

    def child(self, index: int) -> MObject:
        return MObject._of(self._node.children[index])

    def hasChild(self, node: MObject) -> bool:
        return node._thing in self._node.children

    def transformationMatrix(self) -> MMatrix:
        return MMatrix._of(value_of(active().scene, self._node, "matrix"))

    @property
    def isIntermediateObject(self) -> bool:
        return bool(value_of(active().scene, self._node, "intermediateObject"))

    @isIntermediateObject.setter
    def isIntermediateObject(self, value: bool) -> None:
        active().scene.put(Plug(self._node, self._node.type.by_name["intermediateObject"]), bool(value))

    @property
    def boundingBox(self) -> MBoundingBox:
        low, high = (value_of(active().scene, self._node, f"boundingBox{end}") for end in ("Min", "Max"))
        made = MBoundingBox()
        made._low, made._high = np.array(low), np.array(high)
        return made

    def duplicate(self, instance: bool = False, instanceLeaf: bool = False) -> MObject:
        from fakemaya.commands.nodes import _copy, _next

        with unrecorded() as scene:
            node = self._node if self._node.isa("transform") else self._node.parent
            return MObject._of(_copy(scene, node, node.parent, _next(node), []))


@api(MODULE)
class MFnTransform(MFnDagNode):
    _fits = ("kTransform",)

    def create(self, parent: Any = None) -> MObject:
        return MFnDagNode.create(self, "transform", "", parent)

    def transformation(self) -> MTransformationMatrix:
        made = MTransformationMatrix(MMatrix._of(value_of(active().scene, self._node, "matrix")))
        made._order = int(value_of(active().scene, self._node, "rotateOrder"))
        return made

    def setTransformation(self, matrix: MTransformationMatrix) -> Any:
        with unrecorded() as scene:
            set_matrix(scene, self._node, matrix.asMatrix()._m)
        return self

    def translation(self, space: int) -> MVector:
        node = self._node
        if space == 4:
            self.dagPath()
            return MVector(*world_of(active().scene, node)[3, :3].tolist())
        return MVector(*map(float, value_of(active().scene, node, "translate")))

    def setTranslation(self, vector: MVector, space: int) -> Any:
        if space == 4:
            raise Gap("MFnTransform.setTranslation in world space.")
        with unrecorded() as scene:
            scene.assign(Plug(self._node, self._node.type.by_name["translate"]), list(vector), recorded=False)
        return self

    def rotation(self, space: int = 1, asQuaternion: bool = False) -> Any:
        scene, node = active().scene, self._node
        order = int(value_of(scene, node, "rotateOrder"))
        if space == 4:
            turned = matrices.decompose(world_of(scene, node))[2]
            return (
                MQuaternion._of(turned)
                if asQuaternion
                else MEulerRotation(*matrices.euler(turned, order).tolist(), order)
            )
        angles = value_of(scene, node, "rotate")
        return (
            MQuaternion._of(matrices.rotation(angles, order))
            if asQuaternion
            else MEulerRotation(*map(float, angles), order)
        )

    def setRotation(self, rotation: Any, space: int = 1) -> Any:
        node = self._node
        order = int(value_of(active().scene, node, "rotateOrder"))
        angles = (
            matrices.euler(rotation.asMatrix()._m, order)
            if not isinstance(rotation, MEulerRotation) or rotation.order != order
            else list(rotation)
        )
        active().scene.assign(
            Plug(node, node.type.by_name["rotate"]), [float(v) for v in angles], recorded=False
        )
        return self

    def rotationOrder(self) -> int:
        return int(value_of(active().scene, self._node, "rotateOrder")) + 1

    def scale(self) -> list[float]:
        return [float(v) for v in value_of(active().scene, self._node, "scale")]

    def rotateOrientation(self, space: int) -> MQuaternion:
        return MQuaternion._of(matrices.rotation(value_of(active().scene, self._node, "rotateAxis")))


@api(MODULE)
class MFnSet(MFnDependencyNode):
    _fits = ("kSet", "kShadingEngine", "kAnimLayer")

    def getMembers(self, flatten: bool) -> MSelectionList:
        things = [
            naming.Component(n, kind, np.asarray(e)) if kind else n for n, kind, e in self._node.members
        ]
        return MSelectionList._of(things)

    def addMember(self, thing: Any) -> Any:
        with unrecorded() as scene:
            for member in membership.members_of(living(thing), shading=self._node.isa("shadingEngine")):
                membership.add(scene, self._node, member)
        return self

    def removeMember(self, thing: Any) -> Any:
        with unrecorded() as scene:
            membership.remove(scene, self._node, (living(thing), "", None))
        return self

    def isMember(self, thing: Any) -> bool:
        return any(m[0] is living(thing) for m in self._node.members)
