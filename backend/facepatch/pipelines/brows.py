"""The brow channel: brows as high over the eyes as the performer's.

Brows move little and slowly; the networks, trained to overlook small shifts of the patch, see little of it. Landmarks
see it well. The channel mixes the two.
"""

from __future__ import annotations

import numpy as np

from facepatch.core.axes import Bool, Float32, Float64
from facepatch.core.data.landmarks import SurfaceLandmarks, landmark_indices
from facepatch.core.data.pca import Pca
from facepatch.metrics.face_measures import FaceMeasures
from facepatch.pipelines.channel import SIDES, nudge, smooth
from facepatch.pipelines.settings import BrowSettings
from facepatch.weights.readouts import landmark_basis

STILL = ("lips_outer", "lips_inner", "eye_l", "eye_r", "nose_base", "chin")
"""What a brow must not drag along."""
DOUBT = 0.2
"""Of the brow landmarks, as a share of the variance of the brows' height."""


def brow_rest(
    measures: FaceMeasures, rest: np.ndarray, *, at_rest: dict[str, float] | None = None
) -> dict[str, float]:
    """Height of either brow over the frames `rest`, in inter-ocular distances; `at_rest` has it where it is known."""
    if at_rest is not None:
        return {side: at_rest[f"brow_{side}"] for side in SIDES}
    return {side: float(np.median(measures.curves()[f"brow_{side}"][rest])) for side in SIDES}


def lift_brows(
    weights: Float32, measures: FaceMeasures, rest: dict[str, float], *, found: Bool, pca: Pca,
    landmarks: SurfaceLandmarks, neutral_weights: Float32, inter_ocular_cm: float, settings: BrowSettings,
) -> Float32:  # fmt: skip
    """Weights (T, M) with the brows part of the way to the performer's.

    Wanted is the neutral's height plus gain times the performer's offset from his rest, in the inter-ocular distances
    of either; `strength` of what is missing is made good (`channel.nudge`).
    """
    if settings.strength <= 0:
        return weights
    start, basis = landmark_basis(pca, landmarks)
    rows = np.stack([_height(basis, side) for side in SIDES])
    offset = np.array([float(_height(start[None], side)[0]) for side in SIDES])
    neutral = neutral_weights @ rows.T + offset
    moved = np.stack([measures.curves()[f"brow_{side}"] - rest[side] for side in SIDES], 1)
    if settings.smoothing > 0:
        moved = smooth(moved, found, settings.smoothing)
    wanted = neutral + settings.gain * inter_ocular_cm * moved
    missing = settings.strength * (wanted - (weights @ rows.T + offset))
    return nudge(weights, rows, missing, pca=pca, basis=basis, still=STILL, doubt=DOUBT)


def _height(points: Float32, side: str) -> Float64:
    """(M, L, 3) -> (M,) height of a brow over the middle between inner eye corner and nose bridge, cm; linear."""
    under = points[:, landmark_indices(f"eye_{side}_inner", "nose_bridge_top"), 1].mean(1)
    return (points[:, landmark_indices(f"brow_{side}"), 1].mean(1) - under).astype(np.float64)
