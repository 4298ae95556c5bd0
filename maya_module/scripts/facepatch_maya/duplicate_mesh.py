"""A mesh's duplicate at a given shape: same polygons, UVs and materials, no history, no rig."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
from maya.api import OpenMaya as om

from facepatch.core.axes import Float32, Int32
from facepatch_maya import scene_names


class DuplicateMesh:
    """Operation: a duplicate of the mesh `source` (long path of its shape), at `points` (V, 3) in object space, cm.

    It is a child of the world and stands where the source stands now. Maya's own `duplicate` would copy locks,
    children and intermediate meshes of a rigged head along.
    """

    def __init__(self, source: str, points: Float32, *, name: str) -> None:
        self._source = om.MObjectHandle(scene_names.node(source))
        self._points = points
        self._name = name
        self._transform = om.MObjectHandle()
        self._mesh = om.MObjectHandle()
        self._deletion: Optional[Any] = None

    def redo(self) -> None:
        """Make it, or bring it back with all its connections."""
        if self._deletion is not None:
            self._deletion.undoIt()
            self._deletion = None
            return
        source = om.MDagPath.getAPathTo(self._source.object())
        creation = om.MDagModifier()
        transform = creation.createNode("transform")
        creation.renameNode(transform, self._name)
        creation.doIt()
        self._transform = om.MObjectHandle(transform)
        try:
            self._copy(source, transform)
        except BaseException:
            self.undo()
            self._deletion = None
            raise

    def undo(self) -> None:
        """Delete it; what is deleted comes back as it was."""
        deletion = om.MDagModifier()
        deletion.deleteNode(self._transform.object())
        deletion.doIt()
        self._deletion = deletion

    def shape(self) -> Any:
        """MDagPath of its mesh."""
        # By its own handle: a deformer puts a second, intermediate mesh below the transform.
        return om.MDagPath.getAPathTo(self._mesh.object())

    def _copy(self, source: Any, transform: Any) -> None:
        place = om.MTransformationMatrix(source.inclusiveMatrix())
        om.MFnTransform(transform).setTransformation(place)
        self._mesh = om.MObjectHandle(om.MFnMesh().copy(source.node(), transform))
        path = self.shape()
        om.MFnDependencyNode(path.node()).setName(f"{om.MFnDependencyNode(transform).name()}Shape")
        mesh = om.MFnMesh(path)
        mesh.setPoints(om.MPointArray(list(map(tuple, self._points.tolist()))), space=om.MSpace.kObject)
        mesh.updateSurface()
        self._shade(source, path.fullPathName())

    def _shade(self, source: Any, duplicate: str) -> None:
        """Put the duplicate, or its faces, into the shading groups of the source."""
        groups, of_polygon = om.MFnMesh(source).getConnectedShaders(source.instanceNumber())
        rows = np.array(of_polygon, dtype=np.int32)
        shading = om.MDGModifier()
        for index in range(len(groups)):
            members = _faces(duplicate, rows == index)
            group = om.MFnDependencyNode(groups[index]).name()
            if members:
                shading.commandToExecute(f"sets -edit -forceElement {json.dumps(group)} {' '.join(members)}")
        if not len(groups):
            shading.commandToExecute(f"sets -edit -forceElement initialShadingGroup {json.dumps(duplicate)}")
        shading.doIt()


def _faces(mesh: str, chosen: Any) -> Sequence[str]:
    """The polygons where `chosen` (Q,) is True, quoted for MEL; the mesh itself where all are."""
    if chosen.all():
        return [json.dumps(mesh)]
    edges: Int32 = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    return [json.dumps(f"{mesh}.f[{first}:{stop - 1}]") for first, stop in zip(edges[::2], edges[1::2])]
