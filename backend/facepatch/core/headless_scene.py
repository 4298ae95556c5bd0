"""The scene of the headless host: meshes, blendShape nodes, controls and keys, and what they evaluate to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Optional

import numpy as np

from facepatch.core.axes import Axes, Float32, Float64
from facepatch.core.data.character import Character
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import HostError, NodeNotFoundError
from facepatch.core.host import Control, Curve, MeshShapes, check_shapes

Deform = Callable[[float, Mapping[str, float]], Float32]
"""(frame, control values) -> (V, 3) object space, cm."""
Place = Callable[[float], Float64]
"""frame -> (4, 4) node to world."""


@dataclass(frozen=True, eq=False)
class HeadlessMesh:
    """A mesh and what moves it."""

    name: str
    points: Float32
    """(V, 3) object space, cm, before any deformation."""
    topology: Topology
    object_to_world: Float64 = field(default_factory=lambda: np.eye(4))
    parent: str = ""
    """A node, on top of `object_to_world`."""
    deform: Optional[Deform] = None
    """In place of `points`, before the blendShapes."""
    uuid: str = ""


@dataclass(frozen=True, eq=False)
class HeadlessBlendShape:
    """A node with targets on one mesh."""

    node: str
    mesh: str
    names: tuple[str, ...]
    deltas: Float32
    """(K, V, 3)"""
    rest: Optional[Float32] = None
    """(V, 3) added always: from an original mesh to the base of its shapes."""


@dataclass(frozen=True)
class KeptLandmarks:
    """The landmarks of a mesh and what they were picked on."""

    landmarks: dict[str, int]
    vertex_count: int
    topology_id: str
    note: str


@dataclass
class HeadlessScene:
    """Everything that undo takes back. The dictionaries are copied, their values never change."""

    nodes: dict[str, Place] = field(default_factory=dict[str, Place])
    meshes: dict[str, HeadlessMesh] = field(default_factory=dict[str, HeadlessMesh])
    blendshapes: dict[str, HeadlessBlendShape] = field(default_factory=dict[str, HeadlessBlendShape])
    controls: dict[str, Control] = field(default_factory=dict[str, Control])
    curves: dict[str, Curve] = field(default_factory=dict[str, Curve])
    sources: dict[str, str] = field(default_factory=dict[str, str])
    """Attribute -> the attribute that drives it."""
    landmarks: dict[str, KeptLandmarks] = field(default_factory=dict[str, KeptLandmarks])
    """By the mesh's uuid."""
    serial: int = 0
    """Meshes made so far."""

    def copy(self) -> HeadlessScene:
        """A scene that can be changed apart from this one."""
        return replace(self, **{key: dict(value) for key, value in vars(self).items() if key != "serial"})

    def mesh(self, name: str) -> HeadlessMesh:
        """Raises NodeNotFoundError."""
        if name not in self.meshes:
            raise NodeNotFoundError("mesh", name, self.meshes, "Choose a mesh of the scene.")
        return self.meshes[name]

    def node(self, name: str) -> Place:
        """Raises NodeNotFoundError."""
        if name not in self.nodes:
            raise NodeNotFoundError("node", name, self.nodes, "Choose a node of the scene.")
        return self.nodes[name]

    def nodes_of(self, mesh: str) -> list[HeadlessBlendShape]:
        """The blendShape nodes on a mesh, in the order in which they deform it."""
        return [node for node in self.blendshapes.values() if node.mesh == mesh]

    @property
    def names(self) -> set[str]:
        """Of everything that has a name of its own."""
        return {*self.meshes, *self.blendshapes, *self.nodes}

    def free(self, name: str) -> str:
        """`name`, or with a number behind it where it is taken."""
        taken = self.names
        number = 0
        found = name
        while found in taken:
            number += 1
            found = f"{name}{number}"
        return found

    def add_mesh(self, mesh: HeadlessMesh) -> None:
        """Raises HostError on a name that is taken, TopologyError on points that are not the polygons'."""
        if mesh.name in self.meshes:
            raise HostError(f"{mesh.name}: two meshes have this name. Rename one.")
        if mesh.parent:
            self.node(mesh.parent)
        self.serial += 1
        points = Axes()(f"{mesh.name}: points", mesh.points, "V 3")
        check_shapes({mesh.name: mesh.topology.vertex_count}, [MeshShapes(points, points[None][:0], ())])
        self.meshes[mesh.name] = replace(mesh, points=points, uuid=mesh.uuid or f"mesh-{self.serial}")

    def add_blendshape(self, node: HeadlessBlendShape) -> None:
        """Its weights become controls. Raises TopologyError on deltas that are not the mesh's."""
        mesh = self.meshes[node.mesh]
        check_shapes(
            {mesh.name: mesh.topology.vertex_count}, [MeshShapes(mesh.points, node.deltas, node.names)]
        )
        self.blendshapes[node.node] = node
        for name in node.names:
            attribute = f"{node.node}.{name}"
            self.controls[attribute] = Control(attribute, 0.0, 0.0, None, None, False, False, "scalar")

    def value(self, attribute: str, frame: float) -> float:
        """Of an attribute at a frame. Raises NodeNotFoundError."""
        if attribute not in self.controls:
            raise NodeNotFoundError("attribute", attribute, self.controls, "Name one of the scene.")
        if attribute in self.sources:
            return self.value(self.sources[attribute], frame)
        curve = self.curves.get(attribute)
        if curve is None:
            return self.controls[attribute].value
        return float(np.interp(frame, curve.frames, curve.values))

    def why_not(self, attribute: str) -> str:
        """Why an attribute cannot be written, or ""."""
        if attribute not in self.controls:
            return str(NodeNotFoundError("attribute", attribute, self.controls))
        if self.controls[attribute].locked:
            return "It is locked."
        if attribute in self.sources:
            return f"It is connected to {self.sources[attribute]}."
        if self.controls[attribute].connected:
            return "Something in the scene drives it."
        return ""

    def points(self, mesh: HeadlessMesh, frame: float) -> Float32:
        """(V, 3) object space at a frame."""
        points = mesh.points
        if mesh.deform is not None:
            values = {name: self.value(name, frame) for name in self.controls}
            points = np.asarray(mesh.deform(frame, values), np.float32)
        for node in self.nodes_of(mesh.name):
            weights = [self.value(f"{node.node}.{name}", frame) for name in node.names]
            points = points + np.tensordot(np.asarray(weights, np.float32), node.deltas, axes=1)
            if node.rest is not None:
                points = points + node.rest
        return np.ascontiguousarray(points, np.float32)

    def object_to_world(self, mesh: HeadlessMesh, frame: float) -> Float64:
        """(4, 4) at a frame."""
        if not mesh.parent:
            return mesh.object_to_world
        return self.node(mesh.parent)(frame) @ mesh.object_to_world


def character_meshes(character: Character) -> tuple[list[HeadlessMesh], list[HeadlessBlendShape]]:
    """The meshes of `character`, each with all of its shapes on a node of its own."""
    meshes: list[HeadlessMesh] = []
    nodes: list[HeadlessBlendShape] = []
    for span in character.meshes:
        rows = slice(span.vertex_start, span.vertex_stop)
        counts = character.topology.polygon_counts
        start = int(counts[: span.polygon_start].sum())
        stop = start + int(counts[span.polygon_start : span.polygon_stop].sum())
        corners = character.topology.polygon_vertices[start:stop] - span.vertex_start
        own = Topology(
            span.vertex_stop - span.vertex_start, counts[span.polygon_start : span.polygon_stop], corners
        )
        meshes.append(HeadlessMesh(span.name, character.neutral[rows], own))
        shapes = np.ascontiguousarray(character.deltas[:, rows])
        nodes.append(HeadlessBlendShape(f"{span.name}_shapes", span.name, character.shape_names, shapes))
    return meshes, nodes
