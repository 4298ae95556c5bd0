"""The targets of one mesh in a blendShape node, read and written without target meshes.

A target is a list of vertices and a list of as many points. What Maya takes without complaint and deforms wrongly:

- it sorts the vertices of a target and not the points: vertices have to come in rising order;
- a target at full weight is item 6000 (5000 + 1000 * weight);
- the points have four numbers.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from maya import OpenMaya as om1
from maya import OpenMayaAnim as oma1
from maya.api import OpenMaya as om

from facepatch.core.axes import Float32

FULL_WEIGHT = 6000
"""Item of a target at weight 1; lesser items are in-between shapes."""

STILL_CM = 1e-6
"""A vertex that moves less at weight 1 is left out of a target."""

ATTRIBUTES = (
    "inputTarget",
    "inputTargetGroup",
    "inputTargetItem",
    "inputGeomTarget",
    "inputPointsTarget",
    "inputComponentsTarget",
)


class BlendShapeTargets:
    """The targets of mesh number `geometry` of the blendShape `node` (MObject)."""

    def __init__(self, node: Any, *, geometry: int = 0) -> None:
        self._node = node
        self._geometry = geometry
        self._fn = om.MFnDependencyNode(node)
        self._attributes = {name: self._fn.attribute(name) for name in ATTRIBUTES}
        self._weights = self._fn.findPlug("weight", False)

    def write(self, index: int, delta: Float32, *, alias: str, weight: float) -> None:
        """Target `index` is `delta` (V, 3) in object space, cm, called `alias`, and stands at `weight`.

        Not in the undo queue.
        """
        moving = np.flatnonzero(np.abs(delta).max(axis=1) > STILL_CM)
        if not moving.size:
            # Maya's files write a target without any difference as one vertex that does not move.
            moving = np.zeros(1, dtype=np.int64)
        self._plug("inputPointsTarget", index).setMObject(_point_data(delta[moving]))
        self._plug("inputComponentsTarget", index).setMObject(_component_data(moving))
        plug = self._weights.elementByLogicalIndex(index)
        plug.setFloat(weight)
        if self._fn.plugsAlias(plug) != alias:
            self._fn.setAlias(alias, f"weight[{index}]", plug, True)

    def wake(self) -> None:
        """Have Maya's own list of weights made anew: after edits of plugs it is stale (maya-usd #4382)."""
        selection = om1.MSelectionList()
        selection.add(self._fn.name())
        node = om1.MObject()
        selection.getDependNode(0, node)
        fn = oma1.MFnBlendShapeDeformer(node)
        for index in self._weights.getExistingArrayAttributeIndices():
            fn.weight(index)

    def rest(self) -> Float32:
        """(V, 3) object space, cm: the mesh as it comes into the node."""
        element = self._fn.findPlug("input", False).elementByLogicalIndex(self._geometry)
        return _geometry_points(element.child(self._fn.attribute("inputGeometry")))

    def read(self, index: int, vertex_count: int) -> Float32:
        """(V, 3) object space, cm, at full weight; zeros for a target that was never given data."""
        live = self._plug("inputGeomTarget", index)
        if live.isDestination:
            # As long as the target is a mesh of the scene, the node need not hold its deltas.
            return _geometry_points(live) - self.rest()
        delta = np.zeros((vertex_count, 3), dtype=np.float32)
        try:
            points = self._plug("inputPointsTarget", index).asMObject()
            components = self._plug("inputComponentsTarget", index).asMObject()
        except RuntimeError:
            # Maya's word for a plug without data.
            return delta
        rows = np.array(om.MFnPointArrayData(points).array(), dtype=np.float64).reshape(-1, 4)
        delta[_vertices(components)] = rows[:, :3]
        return delta

    def _plug(self, name: str, index: int) -> Any:
        plug = om.MPlug(self._node, self._attributes[name])
        plug.selectAncestorLogicalIndex(self._geometry, self._attributes["inputTarget"])
        plug.selectAncestorLogicalIndex(index, self._attributes["inputTargetGroup"])
        plug.selectAncestorLogicalIndex(FULL_WEIGHT, self._attributes["inputTargetItem"])
        return plug


def _geometry_points(plug: Any) -> Float32:
    """(V, 3) object space, cm, of the mesh that comes through `plug`."""
    points = om.MFnMesh(plug.asMObject()).getFloatPoints(space=om.MSpace.kObject)
    return np.array(points, dtype=np.float32).reshape(len(points), -1)[:, :3]


def _point_data(points: Float32) -> Any:
    """(n, 3) as Maya's pointArray."""
    x, y, z = points.T.tolist()
    return om.MFnPointArrayData().create(om.MPointArray(list(zip(x, y, z, itertools.repeat(1.0)))))


def _component_data(vertices: Any) -> Any:
    """Rising vertex numbers as Maya's componentList."""
    component = om.MFnSingleIndexedComponent()
    vertex_object = component.create(om.MFn.kMeshVertComponent)
    component.addElements(vertices.tolist())
    components = om.MFnComponentListData()
    data = components.create()
    components.add(vertex_object)
    return data


def _vertices(data: Any) -> list[int]:
    """The vertex numbers of a componentList."""
    components = om.MFnComponentListData(data)
    vertices: list[int] = []
    for position in range(components.length()):
        component = om.MFnSingleIndexedComponent(components.get(position))
        # A component of all vertices has no list of them.
        complete = component.getCompleteData() if component.isComplete else 0
        vertices.extend(range(complete) if complete else component.getElements())
    return vertices
