"""A small face for the tests of surface landmarks: a bulging grid with two eye slits and a mouth slit.

The corners of the slits, the crest of the brows, the tip of the nose and the chin are known.
"""

from __future__ import annotations

import numpy as np

from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.mesh import Topology

COLUMNS, ROWS = 73, 93
X = np.linspace(-9.0, 9.0, COLUMNS)
Y = np.linspace(11.5, -11.5, ROWS)
EYE_Y, MOUTH_Y, BROW_Y, TIP_Y = 2.75, -5.0, 5.0, -1.5
EYES = {"r": (-5.0, -2.0), "l": (2.0, 5.0)}
"""x of the ends of each eye."""
MOUTH = (-2.5, 2.5)
OPEN = 0.5
"""Half the height of an open eye."""


def made_face(*, closing: float = 1.0, small_right: float = 1.0, names: tuple[str, ...] | None = None) -> Character:
    """A character of 8 shapes. closing: how far a blink shuts; small_right: size of the right eye's opening."""
    points, faces, upper, lower = _grid()
    x, y = points[:, 0], points[:, 1]
    z = 7.0 * np.sqrt(np.clip(1.0 - (x / 11.0) ** 2 - (y / 14.0) ** 2, 0.0, None))
    z += 1.8 * np.exp(-((x / 0.9) ** 2) - ((y - TIP_Y) / 1.3) ** 2)
    z += 0.4 * np.exp(-((x / 2.4) ** 2) - ((y - MOUTH_Y) / 0.9) ** 2)
    z -= 0.25 * np.exp(-((y - MOUTH_Y) / 0.25) ** 2 - (x / 2.4) ** 2)
    points[:, 2] = z
    neutral = points.copy()
    blinks: dict[str, np.ndarray] = {}
    for side, ends in EYES.items():
        size = OPEN * (small_right if side == "r" else 1.0)
        lids = _parting(points, upper, lower, ends, EYE_Y, size, -size, reach=1.0)
        neutral += lids
        blinks[side] = -lids * closing
    jaw = _parting(points, upper, lower, MOUTH, MOUTH_Y, 0.0, -2.5, reach=8.0)
    jaw[:, 2] += 0.2 * jaw[:, 1]
    shapes = {
        "eyeBlinkLeft": blinks["l"],
        "eyeBlinkRight": blinks["r"],
        "jawOpen": jaw,
        "browInnerUp": _lift(points, 0.0, BROW_Y, 1.5),
        "browOuterUpLeft": _lift(points, 3.5, BROW_Y, 1.5),
        "browOuterUpRight": _lift(points, -3.5, BROW_Y, 1.5),
        "mouthSmileLeft": _pull(points, MOUTH[1], 0.6),
        "mouthSmileRight": _pull(points, MOUTH[0], -0.6),
    }
    return _character(neutral, faces, np.stack(list(shapes.values())), names or tuple(shapes))


def with_parts_before_the_eyes(face: Character) -> Character:
    """`face` with an eyeball behind each eye and a clear sheet before it, as separate parts."""
    quads: list[np.ndarray] = []
    for ends in EYES.values():
        for depth in (-1.0, 1.0):
            centre = np.array([sum(ends) / 2, EYE_Y, 6.0 + depth])
            quads.append(centre + np.array([[-2, -1, 0], [2, -1, 0], [2, 1, 0], [-2, 1, 0]]))
    count = len(face.neutral)
    faces = np.concatenate([face.topology.polygon_vertices, count + np.arange(16)]).astype(np.int32)
    topology = Topology(count + 16, np.append(face.topology.polygon_counts, [4] * 4).astype(np.int32), faces)
    deltas = np.concatenate([face.deltas, np.zeros((len(face.deltas), 16, 3), np.float32)], axis=1)
    return Character(
        name="parts", neutral=np.concatenate([face.neutral, np.concatenate(quads)]).astype(np.float32),
        topology=topology, shape_names=face.shape_names, deltas=deltas,
        meshes=(MeshSpan("all", 0, count + 16, 0, topology.polygon_counts.size),),
        parts=(Part("skin", "skin"), Part("eyeball", "eye"), Part("occlusion", "other")),
        polygon_part=np.append(face.polygon_part, [1, 2, 1, 2]).astype(np.int32),
    )  # fmt: skip


def with_a_seam(face: Character) -> Character:
    """`face` cut in two along the middle, as an unwelded GLB is: right and left half share no vertex."""
    faces = face.topology.polygon_vertices.reshape(-1, 4).copy()
    middle = face.neutral[faces][:, :, 0].mean(axis=1) > 0
    right, left = np.unique(faces[~middle]), np.unique(faces[middle])
    doubled = np.intersect1d(right, left)
    renumber = np.arange(len(face.neutral) + len(doubled), dtype=np.int32)
    renumber[doubled] = len(face.neutral) + np.arange(len(doubled))
    faces[middle] = renumber[faces[middle]]
    source = np.concatenate([np.arange(len(face.neutral)), doubled])
    return _character(face.neutral[source], faces, face.deltas[:, source], face.shape_names)


def _grid() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points, quads, and whether a point lies above or below (not beside) a slit; slits are doubled points."""
    across, down = np.meshgrid(X, Y)
    points = np.stack([across.ravel(), down.ravel(), np.zeros(across.size)], axis=1)
    number = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    below = number.copy()
    extra: list[np.ndarray] = []
    for ends, height in ((EYES["r"], EYE_Y), (EYES["l"], EYE_Y), (MOUTH, MOUTH_Y)):
        row = int(np.abs(Y - height).argmin())
        for column in np.flatnonzero((ends[0] < X - 1e-6) & (ends[1] > X + 1e-6)):
            below[row, column] = len(points) + len(extra)
            extra.append(points[number[row, column]])
    points = np.concatenate([points, np.stack(extra)])
    quads = np.stack([below[:-1, :-1], number[1:, :-1], number[1:, 1:], below[:-1, 1:]], axis=-1)
    lower = np.arange(len(points)) >= number.size
    upper = np.zeros(len(points), bool)
    upper[number[below != number]] = True
    return points, quads.reshape(-1, 4).astype(np.int32), upper, lower


def _parting(
    points: np.ndarray, upper: np.ndarray, lower: np.ndarray, ends: tuple[float, float], height: float,
    up: float, down: float, *, reach: float,
) -> np.ndarray:  # fmt: skip
    """Offsets that open the slit between `ends` to a lens and carry the skin around it along."""
    row = Y[np.abs(Y - height).argmin()]
    share = np.clip((points[:, 0] - ends[0]) / (ends[1] - ends[0]), 0.0, 1.0)
    lens = 4.0 * share * (1.0 - share)
    away = points[:, 1] - row
    on_slit = np.abs(away) < 1e-6
    above = np.where(on_slit, upper, away > 0)
    under = np.where(on_slit, lower, away < 0)
    fade = np.exp(-((away / reach) ** 2)) * lens
    offset = np.zeros_like(points)
    offset[:, 1] = np.where(above, up * fade, np.where(under, down * fade, 0.0))
    return offset


def _lift(points: np.ndarray, x: float, y: float, size: float) -> np.ndarray:
    offset = np.zeros_like(points)
    offset[:, 1] = 0.6 * np.exp(-(((points[:, 0] - x) / size) ** 2) - ((points[:, 1] - y) / 0.8) ** 2)
    return offset


def _pull(points: np.ndarray, x: float, by: float) -> np.ndarray:
    offset = np.zeros_like(points)
    offset[:, 0] = by * np.exp(-(((points[:, 0] - x) / 1.5) ** 2) - ((points[:, 1] - MOUTH_Y) / 1.5) ** 2)
    return offset


def _character(neutral: np.ndarray, quads: np.ndarray, deltas: np.ndarray, names: tuple[str, ...]) -> Character:
    topology = Topology(len(neutral), np.full(len(quads), 4, np.int32), quads.reshape(-1).astype(np.int32))
    return Character(
        name="made", neutral=neutral.astype(np.float32), topology=topology, shape_names=names,
        deltas=deltas.astype(np.float32), meshes=(MeshSpan("face", 0, len(neutral), 0, len(quads)),),
        parts=(Part("skin", "skin"),), polygon_part=np.zeros(len(quads), np.int32),
    )  # fmt: skip
