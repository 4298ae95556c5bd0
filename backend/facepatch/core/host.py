"""The host: the program with the scene. Maya, Blender, or none (`core.headless`).

Values are arrays and records, names are strings; nothing returns a host object, so no caller can do to a scene what
is not written here. Everything is in centimetres and radians, whatever the scene's own units are; only the up axis
is left as the scene has it (`SceneInfo.up_axis`). `core.host_contract` says, as checks that run anywhere, what every
host must do. All functions raise NodeNotFoundError for a name that the scene does not have.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Optional, Protocol

import numpy as np

from facepatch.core.axes import Axes, Float32, Float64
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import ShapeError, TopologyError
from facepatch.core.progress import OnProgress, silent

Capability = Literal["undo", "layers", "render", "live", "references", "rig", "landmarks"]
"""What a host may or may not have: a queue of undo steps, animation layers, `render`, weights that can be set while
the user works, references, `controls` and `sample`, and a place in the scene for landmarks."""

ControlKind = Literal["scalar", "angle", "length", "bool", "enum"]


@dataclass(frozen=True)
class SceneInfo:
    """The open scene."""

    path: str
    """"" for a scene that was never saved."""
    start_frame: float
    end_frame: float
    current_frame: float
    rate: tuple[int, int]
    """Frames per second as a fraction."""
    up_axis: Literal["y", "z"]
    centimetres_per_unit: float
    """Of the scene's own linear unit, the one that its user sees."""


@dataclass(frozen=True, eq=False)
class HostMesh:
    """A mesh as it stands at the current frame, deformed."""

    name: str
    """Unique in the scene. In Maya the long path of the transform."""
    uuid: str
    """Stays when the mesh is renamed."""
    points: Float32
    """(V, 3) object space, cm"""
    topology: Topology
    object_to_world: Float64
    """(4, 4) on column vectors, cm; up axis as the scene has it."""

    def __post_init__(self) -> None:
        check = Axes()
        object.__setattr__(self, "points", check(f"{self.name}: points", self.points, "V 3"))
        matrix = check(f"{self.name}: object_to_world", self.object_to_world, "4 4", np.float64)
        object.__setattr__(self, "object_to_world", matrix)


@dataclass(frozen=True, eq=False)
class MotionFrame:
    """The meshes at one frame."""

    frame: float
    points: tuple[Float32, ...]
    """Per mesh (V, 3) world space, cm."""
    object_to_world: tuple[Float64, ...]
    """Per mesh (4, 4) at this frame, cm."""
    head_to_world: Optional[Float64] = None
    """(4, 4) of the head node, cm; None where none was asked for."""


@dataclass(frozen=True, eq=False)
class HostBlendShapes:
    """The blendShape targets of one mesh, as the scene has them."""

    node: str
    """"" where the mesh has none."""
    names: tuple[str, ...]
    deltas: Float32
    """(K, V, 3) object space, cm, at full weight"""
    weights: Float64
    """(K,) at the current frame"""

    def __post_init__(self) -> None:
        check = Axes()
        object.__setattr__(self, "deltas", check(f"{self.node}: deltas", self.deltas, "K V 3"))
        object.__setattr__(self, "weights", check(f"{self.node}: weights", self.weights, "K", np.float64))
        if len(self.names) != len(self.deltas):
            raise ShapeError(f"{self.node}: {len(self.names)} names for {len(self.deltas)} targets.")


@dataclass(frozen=True)
class Control:
    """An animator's attribute, in cm, radians or plain numbers."""

    name: str
    """node.attribute"""
    value: float
    default: float
    minimum: Optional[float]
    maximum: Optional[float]
    locked: bool
    connected: bool
    """Whether something other than its own keys drives it."""
    kind: ControlKind


@dataclass(frozen=True)
class LeftAlone:
    """Something that was not written, and why."""

    name: str
    reason: str
    """A sentence: missing, locked, connected (to what), referenced."""


@dataclass(frozen=True)
class Applied:
    """What was written."""

    keys: int
    """Number of keys, over all attributes."""
    attributes: tuple[str, ...]
    left_alone: tuple[LeftAlone, ...]


@dataclass(frozen=True, eq=False)
class Curve:
    """Keys of one attribute; linear in between."""

    frames: Float64
    """(T,) scene frames, rising"""
    values: Float64
    """(T,) in the attribute's internal unit: cm, radians or plain numbers"""

    def __post_init__(self) -> None:
        check = Axes()
        frames = check("curve frames", self.frames, "T", np.float64)
        values = check("curve values", self.values, "T", np.float64)
        if len(frames) and (np.diff(frames) <= 0.0).any():
            row = int(np.flatnonzero(np.diff(frames) <= 0.0)[0])
            raise ShapeError(
                f"curve frames: frame {frames[row + 1]:g} follows {frames[row]:g}. "
                "Give them in rising order, once each."
            )
        object.__setattr__(self, "frames", frames)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, eq=False)
class MeshShapes:
    """Targets to build on one mesh: shape = base + weights @ deltas."""

    base: Float32
    """(V, 3) object space, cm"""
    deltas: Float32
    """(K, V, 3) object space, cm"""
    names: tuple[str, ...]
    """(K,) legal attribute names, such as pc_000"""

    def __post_init__(self) -> None:
        check = Axes()
        object.__setattr__(self, "base", check("base", self.base, "V 3"))
        object.__setattr__(self, "deltas", check("deltas", self.deltas, "K V 3"))
        if len(self.names) != len(self.deltas):
            raise ShapeError(f"shapes: {len(self.names)} names for {len(self.deltas)} deltas.")


@dataclass(frozen=True)
class BuiltBlendShape:
    """What `build_blendshape` made. The first node's weights drive those of the other nodes."""

    meshes: tuple[str, ...]
    """The meshes that now have the shapes: duplicates, or the scene's own."""
    nodes: tuple[str, ...]
    """One per mesh."""
    weights: tuple[str, ...]
    """(K,) attributes of the first node, as `write_curves` takes them: "node.pc_000" """
    aliases: tuple[str, ...]
    """(K,) their names: "pc_000" """


def check_shapes(vertex_counts: Mapping[str, int], shapes: Sequence[MeshShapes]) -> None:
    """Raises TopologyError where shapes do not fit the meshes (name -> vertex count) that they are for."""
    if len(shapes) != len(vertex_counts) or not shapes:
        raise TopologyError(
            f"{len(shapes)} sets of shapes for {len(vertex_counts)} meshes. Give one for each."
        )
    for (mesh, count), shape in zip(vertex_counts.items(), shapes):
        if len(shape.base) != count:
            raise TopologyError(
                f"{mesh}: has {count} vertices, but its shapes have {len(shape.base)}. "
                "Use shapes that were captured from this mesh."
            )
        if shape.names != shapes[0].names:
            raise TopologyError(
                f"{mesh}: its shapes have other names than those of the first mesh. "
                "One set of weights drives all meshes."
            )


class Host(Protocol):
    """What facepatch asks of the program with the scene."""

    @property
    def name(self) -> str:
        """The program and its version, for people."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this host has; the rest raises UnsupportedError."""
        ...

    def scene(self) -> SceneInfo:
        """The open scene."""
        ...

    def meshes(self) -> tuple[str, ...]:
        """The visible and hidden polygon meshes, without those that only deformers see."""
        ...

    def cameras(self) -> tuple[str, ...]:
        """Cameras that a person made or may look through."""
        ...

    def read_mesh(self, name: str) -> HostMesh:
        """One mesh at the current frame."""
        ...

    def read_motion(
        self, meshes: Sequence[str], frames: Sequence[float], *, head: str = ""
    ) -> Generator[MotionFrame, None, None]:
        """The meshes at each of `frames`, in one pass over time, and the place of the node `head`.

        The scene is as before once the generator ends or is closed, also on an error. Raises NodeNotFoundError
        before the first frame, TopologyError where a mesh changes its number of vertices on the way.
        """
        ...

    def read_blendshapes(self, mesh: str) -> HostBlendShapes:
        """The blendShape targets that deform `mesh`; K = 0 where there are none."""
        ...

    def controls(self, names: Sequence[str]) -> tuple[Control, ...]:
        """The attributes `names`: "node.attribute", or "node" for all that an animator may key on it."""
        ...

    def selected_vertices(self) -> tuple[tuple[str, int], ...]:
        """(mesh, vertex) in the order in which the user selected them."""
        ...

    def load_landmarks(self, mesh: str) -> dict[str, int]:
        """Landmark -> vertex, as kept in the scene for `mesh`; empty where nothing is kept.

        Raises TopologyError where the mesh is another than the one that was picked on.
        """
        ...

    def save_landmarks(self, mesh: str, landmarks: Mapping[str, int], *, note: str = "") -> None:
        """Keep `landmarks` in the scene so that they survive renaming, importing and referencing `mesh`."""
        ...

    def build_blendshape(
        self,
        meshes: Sequence[str],
        shapes: Sequence[MeshShapes],
        *,
        name: str = "facepatch",
        duplicate: bool = True,
    ) -> BuiltBlendShape:
        """Put the targets `shapes` on `meshes`, or on duplicates of them, one node per mesh with shared weights.

        With all weights at 0 each mesh stands at its `MeshShapes.base`. Weights may be negative. One undo step.
        Raises TopologyError where a shape has other vertices than its mesh.
        """
        ...

    def write_curves(self, curves: Mapping[str, Curve], *, layer: str = "") -> Applied:
        """Write keys: attribute -> curve. Existing keys from the first to the last frame of each curve are replaced,
        others stay. One undo step. What is missing, locked, connected or referenced is left alone and listed."""
        ...

    def render(
        self,
        meshes: Sequence[str],
        frames: Sequence[float],
        out: Path,
        *,
        size: int = 512,
        on_progress: OnProgress = silent,
    ) -> tuple[Path, ...]:
        """Phong pictures of `meshes` from the front, one square PNG of `size` pixels per frame, in folder `out`."""
        ...

    def sample(self, controls: Sequence[str], values: Float64, meshes: Sequence[str]) -> Float32:
        """The rig's answer to control values (S, C): (S, V, 3) world space, cm, of all `meshes` one after the other.

        The scene is as before at the end. Raises LockedError for a control that cannot be set.
        """
        ...

    def undo_step(self, name: str) -> AbstractContextManager[None]:
        """Everything inside is one step of the host's undo queue; on an error the scene is as before."""
        ...

    def undo(self) -> None:
        """Take back the last step."""
        ...

    def redo(self) -> None:
        """Do again what was last taken back."""
        ...
