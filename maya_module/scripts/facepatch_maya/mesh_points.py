"""Vertices of a mesh as Maya evaluates it now, as an array.

API 2 hands out points one Python object at a time (30,000 of them cost tens of milliseconds a frame); API 1 tells where
in memory they lie. The first reading of each mesh compares the two ways and falls back to the slow one.
"""

from __future__ import annotations

import ctypes
import logging
from typing import Any

import numpy as np
from maya import OpenMaya as om1
from maya.api import OpenMaya as om

from facepatch.core.axes import Float32, Float64
from facepatch.core.errors import TopologyError

log = logging.getLogger(__name__)

# Both ways read the same float32; a tenth of a micrometre covers a double in between.
SAME_CM = 1e-5


class MeshPoints:
    """Reads one mesh, again and again. `shape` is the MDagPath of a mesh shape."""

    def __init__(self, shape: Any) -> None:
        self._shape = shape
        self.name: str = shape.fullPathName()
        self._out_mesh = om.MFnDependencyNode(shape.node()).findPlug("outMesh", False)
        selection = om1.MSelectionList()
        selection.add(self.name)
        self._shape1 = om1.MDagPath()
        selection.getDagPath(0, self._shape1)
        first = self._plain()
        self.vertex_count = len(first)
        """V at the time of making; a later frame with another number is refused."""
        self._direct = bool(np.allclose(first, self._from_memory(), rtol=0.0, atol=SAME_CM))
        if not self._direct:
            log.warning(
                "%s: points in memory are not those of the mesh; reading them the slow way", self.name
            )

    def object_space(self) -> Float32:
        """(V, 3) object space, cm, an own copy. Raises TopologyError where V has changed."""
        # Pulls the mesh through the graph: the two function sets below would not.
        self._out_mesh.asMObject()
        points = self._from_memory() if self._direct else self._plain()
        if len(points) != self.vertex_count:
            raise TopologyError(
                f"{self.name}: has {len(points)} vertices now and had {self.vertex_count} before. "
                "Take a mesh whose number of vertices does not change over time."
            )
        return points

    def object_to_world(self) -> Float64:
        """(4, 4) on column vectors, cm."""
        return column_matrix(self._shape.inclusiveMatrix())

    def world_space(self) -> Float32:
        """(V, 3) world space, cm. Raises as `object_space`."""
        points = self.object_space()
        matrix = self.object_to_world()
        placed: Float32 = points @ matrix[:3, :3].T.astype(np.float32) + matrix[:3, 3].astype(np.float32)
        return placed

    def _from_memory(self) -> Float32:
        mesh = om1.MFnMesh(self._shape1)
        count = int(mesh.numVertices())
        floats = (ctypes.c_float * (3 * count)).from_address(int(mesh.getRawPoints()))
        # The memory is Maya's and goes with the next evaluation.
        return np.ctypeslib.as_array(floats).reshape(count, 3).copy()

    def _plain(self) -> Float32:
        self._out_mesh.asMObject()
        points = om.MFnMesh(self._shape).getFloatPoints(space=om.MSpace.kObject)
        return np.array(points, dtype=np.float32).reshape(len(points), -1)[:, :3].copy()


def column_matrix(matrix: Any) -> Float64:
    """(4, 4) on column vectors of an MMatrix, which is on row vectors."""
    return np.array(list(matrix), dtype=np.float64).reshape(4, 4).T.copy()
