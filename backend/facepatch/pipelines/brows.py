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
from facepatch.pipelines.channel import SIDES, beyond, limited, nearest_between, side_changes, smooth
from facepatch.pipelines.settings import BrowSettings
from facepatch.weights.readouts import landmark_basis

STILL = ("lips_outer", "lips_inner", "eye_l", "eye_r", "nose_base", "chin")
"""What a brow must not drag along."""
EVEN = 0.02
"""How much of a difference of the brows, in inter-ocular distances, may be that of a turned head: up to .01 per 10
degrees are left on real faces, .1 to .17 is a brow raised alone (docs/log.md). Within it the networks are believed."""


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
    of either; for the difference of the sides that and anything up to `EVEN` less. `strength` of what is missing is
    made good (`channel.side_changes`).
    """
    channel = BrowChannel(
        pca, landmarks, neutral_weights=neutral_weights, inter_ocular_cm=inter_ocular_cm, settings=settings
    )
    return channel(weights, measures, rest, found=found)


class BrowChannel:
    """`lift_brows` for one character, ready for any number of frames, one by one or many."""

    def __init__(
        self, pca: Pca, landmarks: SurfaceLandmarks, *, neutral_weights: Float32, inter_ocular_cm: float,
        settings: BrowSettings,
    ) -> None:  # fmt: skip
        self._settings, self._pca, self._unit = settings, pca, settings.gain * inter_ocular_cm
        start, basis = landmark_basis(pca, landmarks)
        self._rows = np.stack([_height(basis, side) for side in SIDES])
        self._offset = np.array([float(_height(start[None], side)[0]) for side in SIDES])
        self._neutral = neutral_weights @ self._rows.T + self._offset
        self._solve, _ = side_changes(
            self._rows, pca=pca, basis=basis, still=STILL, inter_ocular_cm=inter_ocular_cm
        )

    def __call__(
        self, weights: Float32, measures: FaceMeasures, rest: dict[str, float], *, found: Bool
    ) -> Float32:
        """See `lift_brows`."""
        if self._settings.strength <= 0:
            return weights
        moved = np.stack([getattr(measures, f"brow_{side}") - rest[side] for side in SIDES], 1)
        if self._settings.smoothing > 0:
            moved = smooth(moved, found, self._settings.smoothing)
        lifted = weights @ self._rows.T + self._offset - self._neutral
        wanted = _apart_as(lifted @ _LEFT_HIGHER, self._unit * moved, within=EVEN * self._unit)
        missing = self._settings.strength * (wanted - lifted)
        return (weights + limited(missing @ self._solve.T, self._pca)).astype(np.float32)


_LEFT_HIGHER = np.array([1.0, -1.0])


def _apart_as(known: Float64, sides: Float64, *, within: float) -> Float64:
    """(T, 2) heights `sides` whose difference comes as near to `known` (T,) as up to `within` less of it allows."""
    apart = sides @ _LEFT_HIGHER
    wanted = nearest_between(known, apart, beyond(apart, within))
    return sides + 0.5 * (wanted - apart)[:, None] * _LEFT_HIGHER


def _height(points: Float32, side: str) -> Float64:
    """(M, L, 3) -> (M,) height of a brow over the middle between inner eye corner and nose bridge, cm; linear."""
    under = points[:, landmark_indices(f"eye_{side}_inner", "nose_bridge_top"), 1].mean(1)
    return (points[:, landmark_indices(f"brow_{side}"), 1].mean(1) - under).astype(np.float64)
