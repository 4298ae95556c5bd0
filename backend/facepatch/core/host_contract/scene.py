"""The scene of the contract: what is in it, where it stands at each frame, and how a test opens it.

24 frames per second, frames 1 to 11, standing at frame 3. A node `head` moves along x by HEAD_MOVE_CM per frame
and turns about y by HEAD_TURN per frame, both linear and 0 at frame 1. Under it a mesh `face` stands at FACE_PLACE,
with the points FACE_POINTS and a blendShape of two targets: SMILE, whose weight has linear keys from 0 at frame 1 to 1
at frame 11, and OPEN, whose weight is driven by the control. A second mesh `jaw`, a cube with CUBE_POINTS, stands still
and has no blendShape. A node has the control (scalar, default 0.5, from 0 to 2, standing at CONTROL_VALUE), a locked
scalar, and a free scalar at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from facepatch.core.axes import Float32, Float64
from facepatch.core.host import Curve, Host, MeshShapes

HEAD_MOVE_CM = 0.5
HEAD_TURN = float(np.radians(4.0))
CONTROL_VALUE = 0.25
START, END, NOW = 1.0, 11.0, 3.0
RATE = (24, 1)


def _grid() -> Float32:
    u, v = np.meshgrid(np.arange(5.0), np.arange(4.0))
    bulge = np.sin(u * 1.3) * np.cos(v * 0.9)
    return np.stack([u * 2.0 - 4.0, v * 2.0 - 3.0, bulge], axis=-1).reshape(-1, 3).astype(np.float32)


def _quads() -> tuple[tuple[int, ...], ...]:
    corners = [(r * 5 + c, r * 5 + c + 1, r * 5 + c + 6, r * 5 + c + 5) for r in range(3) for c in range(4)]
    # One polygon is cut in two, since not all of a face is quads.
    a, b, c, d = corners[-1]
    return (*corners[:-1], (a, b, c), (a, c, d))


FACE_POINTS = _grid()
"""(20, 3) object space, cm"""
FACE_POLYGONS = _quads()
CUBE_POINTS = np.array(
    [[x, y, z] for z in (-1.0, 1.0) for y in (-1.0, 1.0) for x in (-1.0, 1.0)], dtype=np.float32
)
CUBE_POLYGONS = ((0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5))
FACE_SCALE = 1.5
FACE_TURN = float(np.radians(30.0))
FACE_TRANSLATE = (1.0, 20.0, 3.0)


def _face_place() -> Float64:
    out = np.eye(4)
    out[:3, :3] = _about_y(FACE_TURN)[:3, :3] * FACE_SCALE
    out[:3, 3] = FACE_TRANSLATE
    return out


def _about_y(angle: float) -> Float64:
    out = np.eye(4)
    out[0, 0] = out[2, 2] = np.cos(angle)
    out[0, 2], out[2, 0] = np.sin(angle), -np.sin(angle)
    return out


def _bump(rows: Sequence[int], move: Sequence[float]) -> Float32:
    out = np.zeros_like(FACE_POINTS)
    out[list(rows)] = move
    return out


FACE_PLACE = _face_place()
"""(4, 4) head from face: a translation, a turn about y, and one scale."""
SMILE = _bump([3, 4, 9], [0.5, 1.0, -0.25])
OPEN = _bump([0, 1, 2], [0.0, -2.0, 0.5])


def head_place(frame: float) -> Float64:
    """(4, 4) world from head at a frame, cm."""
    out = _about_y(HEAD_TURN * (frame - START))
    out[0, 3] = HEAD_MOVE_CM * (frame - START)
    return out


def face_points(frame: float, control: float = CONTROL_VALUE) -> Float64:
    """(20, 3) the face in object space at a frame."""
    return FACE_POINTS + SMILE * ((frame - START) / (END - START)) + OPEN * control


def face_world(frame: float, control: float = CONTROL_VALUE) -> Float64:
    """(20, 3) the face in world space at a frame."""
    return moved(head_place(frame) @ FACE_PLACE, face_points(frame, control))


def moved(matrix: Any, points: Any) -> Float64:
    """(V, 3) points through a (4, 4) on column vectors."""
    return np.asarray(points, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]


@dataclass(frozen=True)
class ContractScene:
    """The names that a host gave to the things in the scene."""

    face: str
    jaw: str
    head: str
    smile: str
    """Attribute with the weight of SMILE, "node.attribute"."""
    control: str
    """Attribute that drives the weight of OPEN."""
    locked: str
    free: str
    """A scalar attribute without keys, at 0."""
    target_names: tuple[str, str] = ("smile", "open")
    """What `read_blendshapes` calls SMILE and OPEN."""
    up_axis: Literal["y", "z"] = "y"
    """Of a new scene in this host. Nothing in the scene depends on it."""


class HostFixture(Protocol):
    """What a host's test gives to the checks."""

    @property
    def host(self) -> Host:
        """The host under test."""
        ...

    def new_scene(self, *, centimetres_per_unit: float = 1.0) -> ContractScene:
        """Open the scene of this module. The sizes stay the same in cm; the unit is what the user sees."""
        ...

    def go_to(self, frame: float) -> None:
        """Move the current time, as a user does."""
        ...

    def select(self, vertices: Sequence[tuple[str, int]]) -> None:
        """Select vertices one after the other, as a user does."""
        ...

    def rename(self, mesh: str, name: str) -> str:
        """Rename a mesh as a user does; its new name."""
        ...

    def cut(self, mesh: str) -> None:
        """Take a polygon away, with the vertex that only it uses: row 0 of the face."""
        ...

    def keys(self, attribute: str) -> Curve:
        """The keys of an attribute, in internal units; empty where it has none."""
        ...

    def is_there(self, name: str) -> bool:
        """Whether a node or mesh exists."""
        ...


def cube_shapes(count: int, seed: int = 5) -> MeshShapes:
    """`count` targets on the cube, sparse and signed, with a base that is not the cube's rest."""
    random = np.random.default_rng(seed)
    deltas = random.normal(size=(count, 8, 3)).astype(np.float32)
    deltas[:, 2:5] = 0.0
    base = CUBE_POINTS + random.normal(size=(8, 3)).astype(np.float32) * 0.3
    return MeshShapes(base, deltas, tuple(f"pc_{k:03d}" for k in range(count)))


def face_shapes(count: int) -> MeshShapes:
    """`count` dense targets on the face."""
    random = np.random.default_rng(11)
    deltas = random.normal(size=(count, 20, 3)).astype(np.float32)
    return MeshShapes(FACE_POINTS + 0.5, deltas, tuple(f"pc_{k:03d}" for k in range(count)))


def curve(first: float, *values: float, step: float = 1.0) -> Curve:
    """Keys from frame `first` on."""
    return Curve(first + step * np.arange(len(values)), np.asarray(values, np.float64))
