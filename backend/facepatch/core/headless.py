"""A host without a program: a scene of arrays and functions. For tests, for batch work, and as the plainest example
of what `core.host` means.

Attributes are named "node.attribute": rig controls as they were given, blendShape weights "node.target". Keys are
linear and hold before the first and after the last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Optional

import numpy as np

from facepatch.core.axes import Axes, Float32, Float64
from facepatch.core.data.character import Character
from facepatch.core.data.clip import Clip
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import HostError, LockedError, NodeNotFoundError, TopologyError, UnsupportedError
from facepatch.core.headless_scene import (
    HeadlessBlendShape,
    HeadlessMesh,
    HeadlessScene,
    KeptLandmarks,
    Place,
    character_meshes,
)
from facepatch.core.host import (
    Applied,
    BuiltBlendShape,
    Capability,
    Control,
    Curve,
    HostBlendShapes,
    HostMesh,
    LeftAlone,
    MeshShapes,
    MotionFrame,
    SceneInfo,
    check_shapes,
)
from facepatch.core.progress import OnProgress, silent

EMPTY_SCENE = SceneInfo("", 1.0, 24.0, 1.0, (24, 1), "y", 1.0)


class HeadlessHost:
    """A `core.host.Host` in NumPy."""

    name = "headless"
    capabilities: frozenset[Capability] = frozenset(("undo", "live", "rig", "landmarks"))

    def __init__(
        self,
        meshes: Iterable[HeadlessMesh] = (),
        *,
        info: SceneInfo = EMPTY_SCENE,
        nodes: Optional[Mapping[str, Place]] = None,
        controls: Iterable[Control] = (),
        blendshapes: Iterable[HeadlessBlendShape] = (),
    ) -> None:
        self._info = info
        self._scene = HeadlessScene(nodes=dict(nodes or {}))
        self._selection: tuple[tuple[str, int], ...] = ()
        self._done: list[tuple[HeadlessScene, HeadlessScene]] = []
        self._undone: list[tuple[HeadlessScene, HeadlessScene]] = []
        self._depth = 0
        for control in controls:
            self._scene.controls[control.name] = control
        for mesh in meshes:
            self._scene.add_mesh(mesh)
        for node in blendshapes:
            self._scene.add_blendshape(node)

    @classmethod
    def of_character(cls, character: Character, clip: Optional[Clip] = None) -> HeadlessHost:
        """The meshes of `character` with its shapes on one node each, driven together, with the keys of `clip`."""
        meshes, nodes = character_meshes(character)
        host = cls(meshes, blendshapes=nodes if character.shape_names else ())
        first = f"{character.meshes[0].name}_shapes"
        for node in nodes[1:]:
            host.connect({f"{node.node}.{name}": f"{first}.{name}" for name in character.shape_names})
        if clip is not None:
            frames = clip.start_frame + np.arange(clip.frame_count, dtype=np.float64)
            columns = zip(clip.names, clip.weights.T.astype(np.float64))
            host.write_curves({f"{first}.{name}": Curve(frames, values) for name, values in columns})
            host._info = replace(
                host._info, start_frame=float(frames[0]), end_frame=float(frames[-1]), rate=clip.rate
            )
        host._done.clear()
        return host

    # ---------------------------------------------------------------------------------- what a user would do

    def go_to(self, frame: float) -> None:
        """Move the current time."""
        self._info = replace(self._info, current_frame=float(frame))

    def select(self, vertices: Sequence[tuple[str, int]]) -> None:
        """Select vertices, in this order."""
        for mesh, _ in vertices:
            self._scene.mesh(mesh)
        self._selection = tuple(vertices)

    def rename(self, mesh: str, name: str) -> None:
        """Give `mesh` another name."""
        with self.undo_step("rename"):
            old = self._scene.mesh(mesh)
            scene = self._scene
            scene.meshes = {
                (name if key == mesh else key): (replace(old, name=name) if key == mesh else value)
                for key, value in scene.meshes.items()
            }
            for node in list(scene.blendshapes.values()):
                if node.mesh == mesh:
                    scene.blendshapes[node.node] = replace(node, mesh=name)

    def replace_mesh(self, mesh: str, points: Float32, topology: Topology) -> None:
        """Put other vertices in the place of `mesh`'s, as if it had been cut; its blendShapes are gone then."""
        with self.undo_step("cut"):
            self._scene.meshes[mesh] = replace(self._scene.mesh(mesh), points=points, topology=topology)
            for node in self._scene.nodes_of(mesh):
                del self._scene.blendshapes[node.node]

    def connect(self, sources: Mapping[str, str]) -> None:
        """Let attributes be driven by others: driven -> driver."""
        with self.undo_step("connect"):
            for driven, driver in sources.items():
                self._scene.value(driven, 0.0)
                self._scene.value(driver, 0.0)
                self._scene.sources[driven] = driver

    def set_value(self, attribute: str, value: float) -> None:
        """Set an attribute that has no keys. Raises LockedError where it cannot be set."""
        self._scene.value(attribute, 0.0)
        with self.undo_step("set"):
            reason = self._scene.why_not(attribute)
            if reason:
                raise LockedError(f"{attribute}: {reason}")
            if attribute in self._scene.curves:
                raise LockedError(f"{attribute}: has keys. Write a curve instead.")
            control = self._scene.controls[attribute]
            self._scene.controls[attribute] = replace(control, value=float(value))

    def keys(self, attribute: str) -> Curve:
        """The keys of an attribute; none where it has none."""
        self._scene.value(attribute, 0.0)
        return self._scene.curves.get(attribute, Curve(np.zeros(0), np.zeros(0)))

    def exists(self, name: str) -> bool:
        """Whether a mesh, node or blendShape has this name."""
        return name in self._scene.names

    # ------------------------------------------------------------------------------------------------- reads

    def scene(self) -> SceneInfo:
        """The scene as it was given, at the current frame."""
        return self._info

    def meshes(self) -> tuple[str, ...]:
        """All meshes, in the order in which they came."""
        return tuple(self._scene.meshes)

    def cameras(self) -> tuple[str, ...]:
        """None."""
        return ()

    def read_mesh(self, name: str) -> HostMesh:
        """One mesh at the current frame."""
        mesh, frame = self._scene.mesh(name), self._info.current_frame
        return HostMesh(
            name,
            mesh.uuid,
            self._scene.points(mesh, frame),
            mesh.topology,
            self._scene.object_to_world(mesh, frame),
        )

    def read_motion(
        self, meshes: Sequence[str], frames: Sequence[float], *, head: str = ""
    ) -> Generator[MotionFrame, None, None]:
        """The meshes at each frame, in world space. The current time stays where it is."""
        found = [self._scene.mesh(name) for name in meshes]
        place = self._scene.node(head) if head else None
        for frame in frames:
            matrices = tuple(self._scene.object_to_world(mesh, frame) for mesh in found)
            points = tuple(_moved(m, self._scene.points(mesh, frame)) for m, mesh in zip(matrices, found))
            for mesh, own in zip(found, points):
                if len(own) != mesh.topology.vertex_count:
                    raise TopologyError(
                        f"{mesh.name}: has {len(own)} vertices at frame {frame:g}, but its polygons are over "
                        f"{mesh.topology.vertex_count}. Read a mesh whose vertices stay the same."
                    )
            yield MotionFrame(float(frame), points, matrices, None if place is None else place(frame))

    def read_blendshapes(self, mesh: str) -> HostBlendShapes:
        """The targets of all blendShape nodes of `mesh`."""
        own = self._scene.mesh(mesh)
        nodes = self._scene.nodes_of(mesh)
        names = tuple(name for node in nodes for name in node.names)
        if not nodes:
            return HostBlendShapes("", (), np.zeros((0, len(own.points), 3), np.float32), np.zeros(0))
        weights = [
            self._scene.value(f"{n.node}.{name}", self._info.current_frame) for n in nodes for name in n.names
        ]
        return HostBlendShapes(
            nodes[0].node, names, np.concatenate([n.deltas for n in nodes]), np.asarray(weights, np.float64)
        )

    def controls(self, names: Sequence[str]) -> tuple[Control, ...]:
        """The attributes "node.attribute", or those of "node"."""
        found: list[Control] = []
        for name in names:
            known = self._scene.controls
            chosen = [name] if name in known else [key for key in known if key.rpartition(".")[0] == name]
            if not chosen:
                raise NodeNotFoundError("control", name, known, "Name a node or node.attribute of the scene.")
            for attribute in chosen:
                value = self._scene.value(attribute, self._info.current_frame)
                connected = known[attribute].connected or attribute in self._scene.sources
                found.append(replace(known[attribute], value=value, connected=connected))
        return tuple(found)

    def selected_vertices(self) -> tuple[tuple[str, int], ...]:
        """What `select` was told."""
        return self._selection

    def load_landmarks(self, mesh: str) -> dict[str, int]:
        """What `save_landmarks` kept for `mesh`."""
        own = self._scene.mesh(mesh)
        kept = self._scene.landmarks.get(own.uuid)
        if kept is None:
            return {}
        if kept.topology_id != own.topology.topology_id:
            raise TopologyError(
                f"{mesh}: its landmarks were picked on {kept.vertex_count} vertices, now it has "
                f"{own.topology.vertex_count}, or other polygons. Pick them again."
            )
        return dict(kept.landmarks)

    # ------------------------------------------------------------------------------------------------ writes

    def save_landmarks(self, mesh: str, landmarks: Mapping[str, int], *, note: str = "") -> None:
        """Keep `landmarks` with the mesh, whatever it is renamed to."""
        own = self._scene.mesh(mesh)
        outside = {name: v for name, v in landmarks.items() if not 0 <= v < own.topology.vertex_count}
        if outside:
            name, vertex = next(iter(outside.items()))
            raise TopologyError(
                f"{mesh}: landmark {name} is vertex {vertex}, but there are {own.topology.vertex_count}. Pick it again."
            )
        with self.undo_step("landmarks"):
            self._scene.landmarks[own.uuid] = KeptLandmarks(
                dict(landmarks), own.topology.vertex_count, own.topology.topology_id, note
            )

    def build_blendshape(
        self,
        meshes: Sequence[str],
        shapes: Sequence[MeshShapes],
        *,
        name: str = "facepatch",
        duplicate: bool = True,
    ) -> BuiltBlendShape:
        """Put `shapes` on `meshes` or on duplicates of them."""
        found = [self._scene.mesh(mesh) for mesh in meshes]
        check_shapes({mesh.name: mesh.topology.vertex_count for mesh in found}, shapes)
        built: list[str] = []
        nodes: list[HeadlessBlendShape] = []
        with self.undo_step("build blendShape"):
            for mesh, shape in zip(found, shapes):
                if duplicate:
                    copy = replace(
                        mesh, name=self._scene.free(f"{mesh.name}_{name}"), points=shape.base, deform=None
                    )
                    self._scene.add_mesh(replace(copy, uuid=""))
                    target, rest = copy.name, None
                else:
                    target, rest = mesh.name, shape.base - mesh.points
                node = HeadlessBlendShape(self._scene.free(name), target, shape.names, shape.deltas, rest)
                self._scene.add_blendshape(node)
                built.append(target)
                nodes.append(node)
            for node in nodes[1:]:
                self.connect({f"{node.node}.{n}": f"{nodes[0].node}.{n}" for n in node.names})
        aliases = nodes[0].names
        return BuiltBlendShape(
            tuple(built),
            tuple(node.node for node in nodes),
            tuple(f"{nodes[0].node}.{alias}" for alias in aliases),
            aliases,
        )

    def write_curves(self, curves: Mapping[str, Curve], *, layer: str = "") -> Applied:
        """Write keys, leaving alone what is missing, locked or connected."""
        if layer:
            raise UnsupportedError(f"The headless host has no animation layers, so none named '{layer}'.")
        written: list[str] = []
        left: list[LeftAlone] = []
        with self.undo_step("write curves"):
            for attribute, curve in curves.items():
                reason = self._scene.why_not(attribute)
                if reason:
                    left.append(LeftAlone(attribute, reason))
                elif len(curve.frames):
                    self._scene.curves[attribute] = _replaced(self._scene.curves.get(attribute), curve)
                    written.append(attribute)
        keys = sum(len(curves[attribute].frames) for attribute in written)
        return Applied(keys, tuple(written), tuple(left))

    def render(
        self,
        meshes: Sequence[str],
        frames: Sequence[float],
        out: Path,
        *,
        size: int = 512,
        on_progress: OnProgress = silent,
    ) -> tuple[Path, ...]:
        """Raises UnsupportedError: core has no renderer."""
        raise UnsupportedError(
            "The headless host renders nothing. Capture the meshes, and render with: facepatch render."
        )

    def sample(self, controls: Sequence[str], values: Float64, meshes: Sequence[str]) -> Float32:
        """The meshes' answer to control values at the current frame."""
        rows = Axes()("values", values, "S _", np.float64)
        found = [self._scene.mesh(mesh) for mesh in meshes]
        for name in controls:
            reason = self._scene.why_not(name)
            if name not in self._scene.controls:
                raise NodeNotFoundError("control", name, self._scene.controls, "Name controls of the scene.")
            if reason:
                raise LockedError(f"{name}: {reason} Leave it out.")
        frame = self._info.current_frame
        out = np.empty((len(rows), sum(len(mesh.points) for mesh in found), 3), np.float32)
        before = self._scene
        try:
            for row, sample in zip(rows.tolist(), out):
                self._scene = before.copy()
                for name, value in zip(controls, row):
                    self._scene.curves.pop(name, None)
                    self._scene.controls[name] = replace(self._scene.controls[name], value=value)
                moved = [
                    _moved(self._scene.object_to_world(m, frame), self._scene.points(m, frame)) for m in found
                ]
                sample[:] = np.concatenate(moved)
        finally:
            self._scene = before
        return out

    # -------------------------------------------------------------------------------------------------- undo

    @contextlib.contextmanager
    def undo_step(self, name: str) -> Generator[None, None, None]:
        """One step; steps inside it are part of it. On an error the scene is as before."""
        before = self._scene
        self._scene = before.copy()
        self._depth += 1
        try:
            yield
        except BaseException:
            self._scene = before
            raise
        else:
            if self._depth == 1:
                self._done.append((before, self._scene))
                self._undone.clear()
        finally:
            self._depth -= 1

    def undo(self) -> None:
        """Take back the last step. Raises HostError where there is none."""
        if not self._done:
            raise HostError("There is nothing to undo.")
        self._undone.append(self._done.pop())
        self._scene = self._undone[-1][0]

    def redo(self) -> None:
        """Do again what was taken back. Raises HostError where there is none."""
        if not self._undone:
            raise HostError("There is nothing to redo.")
        self._done.append(self._undone.pop())
        self._scene = self._done[-1][1]


def _moved(matrix: Float64, points: Float32) -> Float32:
    return (points @ matrix[:3, :3].T + matrix[:3, 3]).astype(np.float32)


def _replaced(old: Optional[Curve], new: Curve) -> Curve:
    """`new` and the keys of `old` before and after it."""
    if old is None or not len(old.frames):
        return new
    outside = (old.frames < new.frames[0]) | (old.frames > new.frames[-1])
    frames = np.concatenate([old.frames[outside], new.frames])
    values = np.concatenate([old.values[outside], new.values])
    order = np.argsort(frames)
    return Curve(frames[order], values[order])
