"""The lip-closing channel: lips that touch on the performer meet on the character (the counterpart of `lids`).

The networks see b, m and p in few frames, and smoothing fills in what is left of them: the character mumbles with its
lips apart. Where the performer's lip landmarks say that the lips touch, the smallest likely change of the PCA weights
brings the character's together. It only ever closes, and leaves open mouths alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facepatch.core.axes import Bool, Float32, Float64
from facepatch.core.data.landmarks import SurfaceLandmarks, landmark_indices
from facepatch.core.data.pca import Pca
from facepatch.geometry.smoothstep import smoothstep
from facepatch.metrics.face_measures import FaceMeasures
from facepatch.metrics.lips import MEET, lip_states
from facepatch.metrics.vertex_error import inter_ocular
from facepatch.pipelines.channel import limited, nudge_matrix
from facepatch.pipelines.settings import LipSettings
from facepatch.weights.readouts import LIPS, gap_rows, landmark_basis

CORNERS = ("lips_outer_corner_r", "lips_outer_corner_l", "lips_inner_corner_r", "lips_inner_corner_l")
STILL = ("eye_l", "eye_r", "brow_l", "brow_r", "nose_base", "chin", *CORNERS)
"""What the lips must not drag along: a jaw that is down stays down, a smile stays a smile."""
DOUBT = 0.01
"""Of the three gaps, as a share of their variance."""


@dataclass(frozen=True)
class LipScale:
    """The performer's mouth, in his inter-ocular distances. The default is a mouth of which nothing is known."""

    shut: float = 0.0
    """Gap of lips that touch."""
    width: float = 1.0
    """Median width of the mouth."""
    ever_touch: bool = False
    trust: float = 1.0
    """How surely `shut` is the gap of lips that touch (`metrics.lips.LipStates`)."""

    def gap(self, mouth_open: Float32) -> Float64:
        """(T,) gap in mouth widths, 0 where the lips touch."""
        return (mouth_open.astype(np.float64) - self.shut) / max(1e-6, self.width)


def lip_scale(measures: FaceMeasures, valid: Bool, *, at_rest: dict[str, float] | None = None) -> LipScale:
    """Scale of a performer's mouth from the frames of a take. at_rest: measures of the true neutral, where known."""
    found = lip_states(measures, valid=valid, rest_gap=None if at_rest is None else at_rest["mouth_open"])
    return LipScale(found.shut_gap, found.width, found.ever_touch, found.trust)


def close_lips(
    weights: Float32, measures: FaceMeasures, scale: LipScale, *, pca: Pca, landmarks: SurfaceLandmarks,
    neutral_weights: Float32, settings: LipSettings,
) -> Float32:  # fmt: skip
    """Weights (T, M) with the lips together where the performer's are.

    Wanted of each of the three lip pairs is at most its gap at contact plus the performer's gap, in mouth widths of
    either; what is above that, times the channel's say at this gap, is taken away by `channel.nudge_matrix`.
    """
    return LipChannel(pca, landmarks, neutral_weights=neutral_weights, settings=settings)(
        weights, measures, scale
    )


class LipChannel:
    """`close_lips` for one character, ready for any number of frames, one by one or many."""

    def __init__(
        self, pca: Pca, landmarks: SurfaceLandmarks, *, neutral_weights: Float32, settings: LipSettings
    ) -> None:
        self._settings, self._pca = settings, pca
        _, basis = landmark_basis(pca, landmarks)
        self._rows = gap_rows(LIPS, basis).T.astype(np.float64)
        neutral = pca.vertices(neutral_weights[None])
        at_rest = landmarks.positions(neutral)
        gaps = gap_rows(LIPS, at_rest)[0].astype(np.float64)
        corners = landmark_indices("lips_outer_corner_r", "lips_outer_corner_l")
        self._width = float(np.linalg.norm(at_rest[0, corners[1]] - at_rest[0, corners[0]]))
        self._contact = contact_gaps(gaps, self._width)
        self._offset = gaps - self._rows @ neutral_weights
        self._solve = nudge_matrix(
            self._rows,
            pca=pca,
            basis=basis,
            still=STILL,
            doubt=DOUBT,
            inter_ocular_cm=inter_ocular(landmarks, neutral[0]),
        )

    def __call__(self, weights: Float32, measures: FaceMeasures, scale: LipScale) -> Float32:
        """See `close_lips`."""
        settings = self._settings
        if settings.strength <= 0 or not scale.ever_touch:
            return weights
        gap = scale.gap(measures.mouth_open)
        say = scale.trust * settings.strength * _say(gap, settings)
        wanted = self._contact + self._width * np.maximum(gap, 0.0)[:, None]
        missing = np.minimum(wanted - (weights @ self._rows.T + self._offset), 0.0)
        change = limited((say[:, None] * missing) @ self._solve.T, self._pca)
        return (weights + change).astype(np.float32)


def contact_gaps(gaps: Float64, width: float) -> Float64:
    """(3,) gaps of the lip pairs when the lips touch: those at rest where they touch there, else none.

    gaps, width: of the character at rest. Landmarks lie near the line of contact, not on it.
    """
    if gaps.mean() > MEET * width:
        return np.zeros(len(gaps))
    return np.minimum(gaps, 0.5 * MEET * width)


def _say(gap: Float64, settings: LipSettings) -> Float64:
    """1 for lips that touch, 0 for parted ones, a smoothstep between."""
    span = max(1e-6, settings.open_above - settings.touch_under)
    return 1.0 - smoothstep(gap, settings.touch_under, settings.touch_under + span)
