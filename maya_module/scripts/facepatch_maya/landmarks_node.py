"""Landmarks kept in the scene, beside the mesh that they were picked on.

A node of type `network` holds them as JSON in a string attribute and is connected from the mesh's `message`. Where the
mesh goes, the connection goes: through renaming, import, reference and namespaces. (`fileInfo` would stay behind.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from maya import cmds

from facepatch.core.errors import FormatError, TopologyError
from facepatch_maya import scene_names
from facepatch_maya.read_scene import read_topology
from facepatch_maya.scene_state import undo_chunk

NODE_NAME = "facepatch_landmarks"
DATA = "facepatchLandmarks"
MESH = "facepatchMesh"
VERSION = 1


def load_landmarks(mesh: str) -> dict[str, int]:
    """Landmark -> vertex of `mesh`; {} where the scene has none for it.

    Raises TopologyError where the mesh has other vertices than when they were picked.
    """
    nodes = _nodes_of(mesh)
    if not nodes:
        return {}
    stored = _read(nodes[0])
    shape = scene_names.mesh_shape(mesh)
    topology = read_topology(shape)
    if stored["topology_id"] != topology.topology_id:
        raise TopologyError(
            f"{mesh}: its landmarks were picked when it had {stored['vertex_count']} vertices, and it has "
            f"{topology.vertex_count} in another order or number now. Pick them again, or put the old mesh back."
        )
    return {str(name): int(vertex) for name, vertex in stored["landmarks"].items()}


def save_landmarks(mesh: str, landmarks: Mapping[str, int], *, note: str = "") -> None:
    """Keep `landmarks` (name -> vertex) in the scene, in place of those that `mesh` had. One undo step.

    Where the mesh came by reference together with its landmarks, they go into a node of this scene, which has
    precedence: the referenced file stays as it is. Raises TopologyError for a vertex that the mesh does not have.
    """
    shape = scene_names.mesh_shape(mesh)
    topology = read_topology(shape)
    for name, vertex in landmarks.items():
        if not 0 <= vertex < topology.vertex_count:
            raise TopologyError(
                f"{name}: is vertex {vertex}, but {mesh} has 0 to {topology.vertex_count - 1}."
            )
    text = json.dumps(
        {
            "record": "facepatch.scene_landmarks",
            "version": VERSION,
            "landmarks": {name: int(vertex) for name, vertex in landmarks.items()},
            "vertex_count": topology.vertex_count,
            "topology_id": topology.topology_id,
            "note": note,
        },
        sort_keys=True,
    )
    own = [node for node in _nodes_of(mesh) if not cmds.referenceQuery(node, isNodeReferenced=True)]
    with undo_chunk("facepatch: save landmarks"):
        node = own[0] if own else _new_node(scene_names.mesh_name(shape))
        cmds.setAttr(f"{node}.{DATA}", text, type="string")


def _nodes_of(mesh: str) -> list[str]:
    """The landmark nodes of `mesh`: those of this scene first, then referenced ones."""
    name = scene_names.mesh_name(scene_names.mesh_shape(mesh))
    found = cmds.listConnections(f"{name}.message", source=False, destination=True, type="network") or []
    nodes = [node for node in dict.fromkeys(found) if cmds.attributeQuery(DATA, node=node, exists=True)]
    return sorted(nodes, key=lambda node: bool(cmds.referenceQuery(node, isNodeReferenced=True)))


def _new_node(mesh: str) -> str:
    node = cmds.createNode("network", name=NODE_NAME, skipSelect=True)
    cmds.addAttr(node, longName=DATA, dataType="string")
    cmds.addAttr(node, longName=MESH, attributeType="message")
    cmds.connectAttr(f"{mesh}.message", f"{node}.{MESH}")
    return node


def _read(node: str) -> dict[str, Any]:
    text = cmds.getAttr(f"{node}.{DATA}") or ""
    try:
        stored: dict[str, Any] = json.loads(text)
        version = int(stored["version"])
        complete = {"landmarks", "vertex_count", "topology_id"} <= stored.keys()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"{node}.{DATA}: is no landmark text ({error}). Delete the node and pick again."
        ) from error
    if version > VERSION or not complete:
        raise FormatError(
            f"{node}.{DATA}: is of version {version}, made by another facepatch. Update this one."
        )
    return stored
