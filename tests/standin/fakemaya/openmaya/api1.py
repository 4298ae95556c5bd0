"""What the module needs of the old API: raw points of a mesh, and waking a blendShape's weights."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from fakemaya import meshes, naming
from fakemaya.active import active
from fakemaya.api_contract import api
from fakemaya.commands import deferred
from fakemaya.node import Node, Plug
from fakemaya.openmaya import objects

MODULE = "maya.OpenMaya"


def _class(name: str, body: Any) -> Any:
    return api(MODULE)(type(name, (body,), {"__module__": MODULE}))


class _Object1:
    def __init__(self, source: Any = None) -> None:
        self._node: Any = source._node if source is not None else None

    def isNull(self) -> bool:
        return self._node is None

    def hasFn(self, number: int) -> bool:
        return objects.MObject._of(self._node).hasFn(number)

    def apiTypeStr(self) -> str:
        return objects.MObject._of(self._node).apiTypeStr


class _Path1:
    def __init__(self, source: Any = None) -> None:
        self._node: Any = source._node if source is not None else None

    def isValid(self) -> bool:
        return self._node is not None and self._node.alive

    def fullPathName(self) -> str:
        return self._node.path

    def partialPathName(self) -> str:
        return active().scene.short(self._node)

    def extendToShape(self) -> None:
        shapes = [c for c in self._node.children if c.is_shape] if not self._node.is_shape else [self._node]
        if len(shapes) != 1:
            raise RuntimeError("(kInvalidParameter): the path has not exactly one shape")
        self._node = shapes[0]


MObject = _class("MObject", _Object1)
MDagPath = _class("MDagPath", _Path1)


@api(MODULE)
class MSelectionList:
    def __init__(self) -> None:
        self._names: list[Node] = []

    def add(self, name: str) -> None:
        if not isinstance(name, str):
            raise NotImplementedError(
                "Wrong number or type of arguments for overloaded function 'MSelectionList_add'."
            )
        found = naming.things(active().scene, name)
        if not found:
            raise RuntimeError("(kInvalidParameter): Object does not exist")
        self._names.extend(naming.node_of(t) for t in found)

    def length(self) -> int:
        return len(self._names)

    def getDagPath(self, index: int, path: Any) -> None:
        if not isinstance(path, MDagPath):
            raise TypeError("in method 'MSelectionList_getDagPath', argument 3 of type 'MDagPath &'")
        path._node = self._names[index]

    def getDependNode(self, index: int, node: Any) -> None:
        if not isinstance(node, MObject):
            raise TypeError("in method 'MSelectionList_getDependNode', argument 3 of type 'MObject &'")
        node._node = self._names[index]


@api(MODULE)
class MFnMesh:
    def __init__(self, thing: Any = None) -> None:
        node = thing._node if thing is not None else None
        if node is not None and not node.isa("mesh"):
            shape = naming.visible_shape(node, "mesh") if isinstance(thing, MDagPath) else None
            if shape is None:
                raise RuntimeError("(kInvalidParameter): Object is incompatible with this method")
            node = shape
        self._node: Any = node

    def numVertices(self) -> int:
        return len(meshes.of(active().scene, self._node).points)

    def numPolygons(self) -> int:
        return len(meshes.of(active().scene, self._node).counts)

    def getRawPoints(self) -> int:
        """Address of V*3 float32. Spoilt (NaN) as soon as the mesh has changed: copy at once."""
        maya = active()
        mesh = meshes.of(maya.scene, self._node)
        _spoil(maya, self._node, mesh)
        held = next((b for n, m, b in maya.raw_buffers if n is self._node and m is mesh), None)
        if held is None:
            held = np.ascontiguousarray(mesh.points, np.float32).copy()
            maya.raw_buffers.append((self._node, mesh, held))
        return ctypes.cast(held.ctypes.data_as(ctypes.c_void_p), ctypes.c_void_p).value or 0


def _spoil(maya: Any, node: Node, mesh: Any) -> None:
    """Fill what was handed out for an older state of the mesh; some memory stays, as nobody knows who still looks."""
    for index, (owner, old, memory) in enumerate(maya.raw_buffers):
        if owner is node and old is not None and old is not mesh:
            memory[:] = np.nan
            maya.raw_buffers[index] = (owner, None, memory)
    spoilt = [i for i, b in enumerate(maya.raw_buffers) if b[1] is None][:-8]
    maya.raw_buffers[:] = [b for i, b in enumerate(maya.raw_buffers) if i not in spoilt]


@api(MODULE)
class MGlobal:
    @staticmethod
    def displayInfo(text: str) -> None:
        deferred.show(active(), "info", text)

    @staticmethod
    def displayWarning(text: str) -> None:
        deferred.show(active(), "warning", text)

    @staticmethod
    def displayError(text: str) -> None:
        deferred.show(active(), "error", text)

    @staticmethod
    def mayaState() -> int:
        return 1 if active().batch else 0


@api("maya.OpenMayaAnim")
class MFnBlendShapeDeformer:
    def __init__(self, thing: Any = None) -> None:
        if thing is not None and not thing._node.isa("blendShape"):
            raise RuntimeError("(kInvalidParameter): Object is incompatible with this method")
        self._node: Any = thing._node if thing is not None else None

    def _plug(self, index: int) -> Plug:
        return Plug(self._node, self._node.type.by_name["weight"], (index,))

    def weight(self, index: int) -> float:
        return float(active().scene.get(self._plug(index)))

    def setWeight(self, index: int, value: float) -> None:
        active().scene.assign(self._plug(index), float(value), recorded=False)

    def numWeights(self) -> int:
        return len(self._node.elements(self._node.type.by_name["weight"]))

    def envelope(self) -> float:
        return float(active().scene.get(Plug(self._node, self._node.type.by_name["envelope"])))
