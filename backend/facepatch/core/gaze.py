"""Where the character's eyes look, read off its eyeballs.

An eyeball turns rigidly, so its rotation against the neutral is the best rigid fit of its vertices, after Kabsch
1976, "A solution for the best rotation to relate two sets of vectors". Eyes come in the order left, right, the
character's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from facepatch.core.axes import Axes, Float32, Float64, Int32
from facepatch.core.data.character import Character
from facepatch.core.data.clip import Clip
from facepatch.core.errors import InputError, ShapeError
from facepatch.core.pose import nearest_rotations

_CHUNK_FRAMES = 256


@dataclass(frozen=True, eq=False)
class Gaze:
    """Both eyes over time, in head space; eyes in the order left, right."""

    rotations: Float64
    """(T, 2, 3, 3) against the neutral"""
    directions: Float64
    """(T, 2, 3) of length 1; (0, 0, 1) at neutral"""
    centres: Float64
    """(2, 3) of the eyeballs at neutral, cm"""


def eye_rows(character: Character) -> tuple[Int32, Int32]:
    """Rows of the vertices of the left and of the right eyeball: the parts of kind "eye", split in the middle.

    Raises InputError where the character has no eyeballs, or only on one side.
    """
    topology = character.topology
    kinds = np.asarray([part.kind == "eye" for part in character.parts], dtype=bool)
    eyes = kinds[character.polygon_part]
    rows = np.unique(topology.polygon_vertices[np.repeat(eyes, topology.polygon_counts)])
    x = character.neutral[:, 0]
    middle = (float(x[rows].min()) + float(x[rows].max())) / 2.0 if rows.size else 0.0
    left, right = rows[x[rows] > middle], rows[x[rows] <= middle]
    # One eyeball alone would be cut in two halves, which share polygons.
    corner_left = x[topology.polygon_vertices] > middle
    starts = np.cumsum(topology.polygon_counts) - topology.polygon_counts
    count_left = np.add.reduceat(corner_left.astype(np.int64), starts)
    torn = eyes & (count_left > 0) & (count_left < topology.polygon_counts)
    if not left.size or not right.size or torn.any():
        parts = ", ".join(part.name for part in character.parts)
        raise InputError(
            f"{character.name}: no pair of eyeballs among its parts ({parts}). "
            "Capture the eyeballs as meshes whose names say eye."
        )
    return left.astype(np.int32), right.astype(np.int32)


def gaze(character: Character, vertices: Any) -> Gaze:
    """The gaze of `character` in motion `vertices` (T, V, 3), which may be a memory map."""
    sides = eye_rows(character)
    if np.ndim(vertices) != 3 or vertices.shape[1:] != character.neutral.shape:
        raise ShapeError(
            f"vertices: have the shape {np.shape(vertices)}, but {character.name} needs "
            f"(frames, {len(character.neutral)}, 3)."
        )
    found = np.empty((len(vertices), 2, 3, 3))
    for start in range(0, len(vertices), _CHUNK_FRAMES):
        piece = np.asarray(vertices[start : start + _CHUNK_FRAMES])
        for eye, rows in enumerate(sides):
            found[start : start + _CHUNK_FRAMES, eye] = _turns(character.neutral[rows], piece[:, rows])
    return _gaze(character, sides, found)


def clip_gaze(character: Character, clip: Clip) -> Gaze:
    """The gaze in `clip`: PCA weights of the character's space, or weights of its shapes.

    Only the eyeballs are rebuilt. Raises InputError where the clip's columns are not the character's.
    """
    sides = eye_rows(character)
    found = np.empty((clip.frame_count, 2, 3, 3))
    for eye, rows in enumerate(sides):
        found[:, eye] = _turns(character.neutral[rows], _rebuilt(character, clip, rows))
    return _gaze(character, sides, found)


def _gaze(character: Character, sides: tuple[Int32, Int32], rotations: Float64) -> Gaze:
    centres = np.stack([character.neutral[rows].mean(axis=0, dtype=np.float64) for rows in sides])
    return Gaze(rotations, np.ascontiguousarray(rotations[..., 2]), centres)


def _rebuilt(character: Character, clip: Clip, rows: Int32) -> Float32:
    """(T, rows, 3)"""
    if clip.pca is not None:
        if clip.pca.mean.size != character.neutral.size:
            raise InputError(
                f"{clip.name or 'The clip'}: its space has {clip.pca.mean.size // 3} vertices, {character.name} has "
                f"{len(character.neutral)}. Use a clip that was made for this character."
            )
        shapes = clip.pca.basis.reshape(clip.pca.component_count, -1, 3)[:, rows]
        rest = clip.pca.mean.reshape(-1, 3)[rows]
    elif clip.names == character.shape_names:
        shapes, rest = character.deltas[:, rows], character.neutral[rows]
    else:
        raise InputError(
            f"{clip.name or 'The clip'}: its {len(clip.names)} columns are not the {len(character.shape_names)} shapes "
            f"of {character.name}. Use a clip that was made for this character."
        )
    moved: Float32 = np.tensordot(clip.weights, shapes, axes=1) + rest
    return moved


def _turns(neutral: Float32, moved: Float32) -> Float64:
    """(T, 3, 3) the rotations with the least squared error from (rows, 3) to (T, rows, 3)."""
    check = Axes()
    before = check("eyeball", neutral, "L 3", np.float64)
    after = check("moved eyeball", moved, "T L 3", np.float64)
    before = before - before.mean(axis=0)
    after = after - after.mean(axis=1, keepdims=True)
    return nearest_rotations(after.transpose(0, 2, 1) @ before)
