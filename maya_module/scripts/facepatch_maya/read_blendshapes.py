"""The blendShape targets that a mesh already has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from maya import cmds

from facepatch.core.host import HostBlendShapes
from facepatch_maya import scene_names
from facepatch_maya.blendshape_targets import BlendShapeTargets
from facepatch_maya.mesh_points import MeshPoints


def read_blendshapes(mesh: str) -> HostBlendShapes:
    """Targets at full weight of the blendShape nearest to the end of the mesh's history; K = 0 without any.

    In-between shapes are left out. Deltas are as the node has them: before a skinCluster that follows it.
    """
    shape = scene_names.mesh_shape(mesh)
    # Targets that are live meshes have their deltas only once the mesh has been evaluated.
    vertex_count = MeshPoints(shape).vertex_count
    nodes = blendshape_nodes(shape.fullPathName())
    if not nodes:
        nothing = np.zeros((0, vertex_count, 3), dtype=np.float32)
        return HostBlendShapes("", (), nothing, np.zeros(0))
    node = nodes[0]
    indices = [int(index) for index in cmds.getAttr(f"{node}.weight", multiIndices=True) or []]
    geometry = _geometry_index(node, shape.fullPathName())
    targets = BlendShapeTargets(scene_names.node(node), geometry=geometry)
    deltas = [targets.read(index, vertex_count) for index in indices]
    names = target_names(node)
    return HostBlendShapes(
        node=node,
        names=tuple(names.get(index, f"weight[{index}]") for index in indices),
        deltas=np.stack(deltas) if deltas else np.zeros((0, vertex_count, 3), dtype=np.float32),
        weights=np.array([cmds.getAttr(f"{node}.weight[{index}]") for index in indices], dtype=np.float64),
    )


def blendshape_nodes(shape: str) -> Sequence[str]:
    """The blendShapes that deform `shape`, the one nearest to it first."""
    history = cmds.listHistory(shape, pruneDagObjects=True) or []
    return [node for node in history if cmds.nodeType(node) == "blendShape"]


def target_names(node: str) -> dict[int, str]:
    """Weight index -> alias."""
    pairs = cmds.aliasAttr(node, query=True) or []
    return {
        int(attribute[len("weight[") : -1]): alias
        for alias, attribute in zip(pairs[::2], pairs[1::2])
        if attribute.startswith("weight[")
    }


def _geometry_index(node: str, shape: str) -> int:
    """Which of the meshes of a blendShape `shape` is."""
    geometry = cmds.ls(cmds.blendShape(node, query=True, geometry=True) or [], long=True)
    indices = cmds.blendShape(node, query=True, geometryIndices=True) or []
    return int(dict(zip(geometry, indices)).get(shape, 0))
