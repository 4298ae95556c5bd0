"""The skin of a character's face, at rest and in the poses that show where its openings are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from facepatch.core.axes import Bool, Float32, Int32
from facepatch.core.data.character import Character
from facepatch.core.errors import InputError
from facepatch.core.shape_names import ARKIT_NAMES, arkit_links

POSES: dict[str, tuple[str, ...]] = {
    "eyes_closed": ("eyeBlinkLeft", "eyeBlinkRight"),
    "mouth_open": ("jawOpen",),
    "brows_up": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
}
"""Pose -> the ARKit shapes that make it."""

_SURFACE = ("skin", "mouth")
_FACE_SHARE = 0.2
"""Where a pose moves the skin less than this share of its greatest motion, it is at rest."""


@dataclass(frozen=True, eq=False)
class FaceSkin:
    """One connected surface with eye and mouth openings, in the character's own vertex numbers."""

    neutral: Float32
    """(V, 3) cm, all vertices of the character."""
    triangles: Int32
    """(F, 3) of the skin only."""
    poses: dict[str, Float32]
    """Name of POSES -> (V, 3) cm. A pose that nobody knows is absent."""

    @cached_property
    def members(self) -> Int32:
        """Vertices of the skin."""
        return np.unique(self.triangles)

    def motion(self, pose: str) -> Float32:
        """(V,) cm that each vertex travels from neutral to `pose`."""
        return np.linalg.norm(self.poses[pose] - self.neutral, axis=1)

    def moved(self, pose: str) -> Int32:
        """Vertices of the skin that take part in `pose`."""
        motion = self.motion(pose)[self.members]
        return self.members[motion > _FACE_SHARE * motion.max()]


def face_skin(character: Character, samples: NDArray[np.floating]) -> FaceSkin:
    """The connected surface that moves most, and the poses that the names of its shapes tell.

    samples: (S, V, 3) cm, shapes that the character takes.
    """
    poses = named_poses(character)
    # each counts alike, or lids would be lost beside the jaw
    moves = [np.linalg.norm(pose - character.neutral, axis=1) for pose in poses.values()]
    reach = np.zeros(len(character.neutral), dtype=np.float32)
    for sample in samples:
        np.maximum(reach, np.linalg.norm(sample - character.neutral, axis=1), out=reach)
    share = sum(move / max(float(move.max()), 1e-12) for move in [*moves, reach])
    triangles = _surface(character)
    piece = _pieces(character, triangles)
    score = np.bincount(piece, weights=share)
    return FaceSkin(character.neutral, triangles[piece[triangles[:, 0]] == score.argmax()], poses)


def named_poses(character: Character) -> dict[str, Float32]:
    """The poses of POSES whose shapes `character` has, by name (see core.shape_names), (V, 3) cm each."""
    try:
        factors = arkit_links(character.shape_names).matrix(ARKIT_NAMES, character.shape_names)
    except InputError:
        return {}
    poses: dict[str, Float32] = {}
    for pose, names in POSES.items():
        weights = np.clip(factors[[ARKIT_NAMES.index(name) for name in names]].sum(axis=0), 0, 1)
        rows = np.flatnonzero(weights)
        delta = np.tensordot(weights[rows], character.deltas[rows], axes=1)
        if rows.size and delta.any():
            poses[pose] = (character.neutral + delta).astype(np.float32)
    return poses


def _surface(character: Character) -> Int32:
    """Triangles of skin and mouth; all triangles where no part is called so."""
    topology = character.topology
    wanted = np.asarray([part.kind in _SURFACE for part in character.parts])
    chosen: Bool = wanted[character.polygon_part][topology.triangle_polygon]
    return topology.triangles[chosen] if chosen.any() else topology.triangles


def _pieces(character: Character, triangles: Int32) -> Int32:
    """(V,) number of the connected piece; vertices that coincide in every shape (seams) count as one."""
    # one mixture of all shapes tells seams from lips that only touch at rest
    mixture = np.tensordot(np.cos(np.arange(len(character.deltas))), character.deltas, axes=1)
    rows = np.concatenate([character.neutral, mixture.reshape(-1, 3)], axis=1)
    step = 1e-5 * float(np.ptp(character.neutral, axis=0).max())
    same = np.unique(np.round(rows / step).astype(np.int64), axis=0, return_inverse=True)[1].reshape(-1)
    corners = same[triangles]
    edges = (corners.ravel(), np.roll(corners, 1, axis=1).ravel())
    count = int(same.max()) + 1
    graph = coo_matrix((np.ones(corners.size, dtype=np.int8), edges), shape=(count, count))
    return connected_components(graph, directed=False)[1][same]
