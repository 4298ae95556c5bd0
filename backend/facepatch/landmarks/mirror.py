"""The other side of a symmetric face: for an eye that hair or a patch hides from the front."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from facepatch.landmarks.face_skin import FaceSkin
from facepatch.landmarks.front_view import SurfacePoints

_TOLERANCE = 0.005
"""Vertices mirror each other where they miss by less than this share of the head's width."""


def mirrored(skin: FaceSkin, points: SurfacePoints, *, middle: float) -> SurfacePoints | None:
    """`points` on the other side of the plane x = `middle` cm; None where the skin has no mirror image there."""
    rest = skin.neutral[skin.members].astype(np.float64)
    corners = skin.neutral[points.vertices.reshape(-1)] * np.array([-1, 1, 1]) + np.array([2 * middle, 0, 0])
    missed, rows = KDTree(rest).query(corners)
    if missed.max() > _TOLERANCE * float(np.ptp(rest[:, 0])):
        return None
    return SurfacePoints(skin.members[rows].reshape(-1, 3).astype(np.int32), points.weights.copy())
