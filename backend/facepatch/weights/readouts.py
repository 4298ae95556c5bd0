"""Landmarks and gaps as linear functions of PCA weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facepatch.core.axes import Float32
from facepatch.core.data.landmarks import SurfaceLandmarks, landmark_indices
from facepatch.core.data.pca import Pca

LIDS = {
    side: tuple((f"eye_{side}_upper_{at}", f"eye_{side}_lower_{at}") for at in ("outer", "mid", "inner"))
    for side in ("l", "r")
}
LIPS = tuple((f"lips_inner_upper_{at}", f"lips_inner_lower_{at}") for at in ("r", "mid", "l"))


@dataclass(frozen=True, eq=False)
class Readouts:
    """Linear functions of PCA weights that the loss watches, in cm."""

    points: Float32
    """(M, R) change of landmark coordinates in the head plane."""
    gaps: Float32
    """(M, G) change of lid and lip gaps, upper minus lower."""


def landmark_basis(pca: Pca, landmarks: SurfaceLandmarks) -> tuple[Float32, Float32]:
    """Landmarks at weights 0 (L, 3) and their change per weight (M, L, 3), cm: a landmark is linear in its corners."""
    basis = landmarks.positions(pca.basis.reshape(pca.component_count, -1, 3))
    return landmarks.positions(pca.mean.reshape(1, -1, 3))[0], basis


def gap_rows(pairs: tuple[tuple[str, str], ...], points: Float32) -> Float32:
    """(N, G) gaps of (upper, lower) landmark pairs along the head's Y, of points (N, L, 3); of the landmarks' basis
    (M, L, 3), the change of the gaps per weight."""
    upper = landmark_indices(*(pair[0] for pair in pairs))
    lower = landmark_indices(*(pair[1] for pair in pairs))
    return np.ascontiguousarray(points[:, upper, 1] - points[:, lower, 1])


def readouts(pca: Pca, landmarks: SurfaceLandmarks) -> Readouts:
    """All landmark coordinates in the head plane, and the gaps of lids and lips."""
    _, basis = landmark_basis(pca, landmarks)
    pairs = (*LIDS["l"], *LIDS["r"], *LIPS)
    return Readouts(np.ascontiguousarray(basis[:, :, :2].reshape(len(basis), -1)), gap_rows(pairs, basis))
