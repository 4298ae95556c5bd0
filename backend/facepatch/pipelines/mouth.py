"""The mouth channel: lips as far apart, and corners as far from each other, as the performer's landmarks say.

Networks that have learned few frames do not follow where the performer goes in others: an "o" that they never saw stays
a slit. Landmarks see it. They do not see how much of it is right on another face, of which there are two opinions: the
networks' own, on the frames that they know, and the ratio of the sizes of the mouths. What lies between the two is left
to the networks, and so is a share of what they are usually outside by on those frames, in so far as they follow the
performer there: they may know better than landmarks what is right on this face. The rest is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from facepatch.core.axes import Bool, Float32, Float64, Int32
from facepatch.core.data.landmarks import SurfaceLandmarks, landmark_indices
from facepatch.core.data.pca import Pca
from facepatch.metrics.face_measures import FaceMeasures
from facepatch.pipelines.channel import (
    beyond,
    limited,
    nearest_between,
    nudge_matrix,
    reach_of_rest,
    restfulness,
    smooth,
)
from facepatch.pipelines.lips import LipScale
from facepatch.pipelines.settings import MouthSettings
from facepatch.weights.readouts import LIPS, gap_rows, landmark_basis

MEASURES = ("mouth_open", "mouth_width")
STILL = ("eye_l", "eye_r", "brow_l", "brow_r", "nose_base")
"""What the mouth must not drag along. The chin may follow: a mouth opens with the jaw."""
DOUBT = 0.05
"""Of both measures, as a share of their variance."""


@dataclass(frozen=True)
class MouthScale:
    """What the performer's mouth means on the character. Pairs are of opening and width (`MEASURES`)."""

    rest: tuple[float, float]
    """The performer's at rest, the opening that of lips that touch, in his inter-ocular distances."""
    size: float
    """Width of the character's mouth over that of the performer's, at rest, in inter-ocular distances of either."""
    gain: tuple[float, float]
    """Motion of the character over the performer's as the networks have it, in inter-ocular distances of either."""
    wider: float = 0.0
    """What the character's mouth is wider by, away from rest, than rest and gain say; inter-ocular distances."""
    reach: float = 0.0
    """Distance from rest, in cm of weights, from which on most of `wider` holds."""
    scatter: tuple[float, float] = (0.0, 0.0)
    """Root mean square of what is missing on the frames that the networks know, in so far as they follow the performer
    there, in inter-ocular distances."""


class MouthMeasures:
    """Opening and width of one character's mouth as linear functions of its PCA weights."""

    def __init__(
        self, pca: Pca, landmarks: SurfaceLandmarks, *, neutral_weights: Float32, inter_ocular_cm: float
    ) -> None:
        start, basis = landmark_basis(pca, landmarks)
        self.pca, self.basis = pca, basis
        self.rows = _measured(basis).T / inter_ocular_cm
        """(2, M) change per weight, in inter-ocular distances."""
        self._offset = _measured(start[None])[0] / inter_ocular_cm
        self.rest_weights = neutral_weights
        self.rest = self(neutral_weights[None])[0]
        """(2,) at rest."""

    def __call__(self, weights: Float32) -> Float64:
        """(T, M) -> (T, 2), in inter-ocular distances."""
        return weights @ self.rows.T + self._offset


def mouth_scale(
    weights: Float32, measures: FaceMeasures, *, character: MouthMeasures, rest: np.ndarray, rows: Int32,
    lips: LipScale = LipScale(), at_rest: dict[str, float] | None = None,
) -> MouthScale:  # fmt: skip
    """Learn the scale from what networks make of the frames `rows`.

    The gain of a measure is the ratio of the standard deviations, in so far as the networks follow the performer (r^2),
    and beyond that the ratio of the widths of the mouths. weights: (T, M), calibrated. rest: the performer's frames at
    rest; at_rest: measures of the true neutral, where it is known. lips: where they are known to touch, that is what a
    mouth opens from, since some rest with their lips apart.
    """
    performer = _curves(measures)
    if at_rest is None:
        calm = np.median(performer[rest], axis=0)
        calm[0] += (lips.shut - calm[0]) * (lips.trust if lips.ever_touch else 0.0)
    else:
        calm = np.array([at_rest[name] for name in MEASURES])
    size = character.rest[1] / max(1e-6, calm[1])
    learned = weights[rows]
    x, y = performer[rows], character(learned)
    spread = x.std(axis=0) * y.std(axis=0)
    shared = ((x - x.mean(axis=0)) * (y - y.mean(axis=0))).mean(axis=0)
    known = np.clip(shared / np.maximum(spread, 1e-12), 0.0, 1.0) ** 2
    gain = known * y.std(axis=0) / np.maximum(x.std(axis=0), 1e-6) + (1.0 - known) * size
    wider = known * (y.mean(axis=0) - character.rest - gain * (x.mean(axis=0) - calm))
    scale = MouthScale(
        (float(calm[0]), float(calm[1])),
        float(size),
        (float(gain[0]), float(gain[1])),
        float(wider[1]),
        reach_of_rest(learned, weights[rest], character.pca),
    )
    scatter = known * np.sqrt((_missing(learned, x - calm, scale, character) ** 2).mean(axis=0))
    return replace(scale, scatter=(float(scatter[0]), float(scatter[1])))


class MouthChannel:
    """Brings the mouth of one character part of the way to the performer's, in any number of frames.

    Wanted is anything between the neutral's opening and width plus `size` times the performer's offset from his rest,
    and the same with `gain`, and what is missing to the nearer of them may be up to `allowance` times its scatter;
    `strength` of what is missing beyond is made good (`channel.nudge_matrix`). A performer of no known scale changes
    nothing.
    """

    def __init__(
        self, pca: Pca, landmarks: SurfaceLandmarks, *, neutral_weights: Float32, inter_ocular_cm: float,
        settings: MouthSettings,
    ) -> None:  # fmt: skip
        self._pca, self._settings = pca, settings
        self._character = character = MouthMeasures(
            pca, landmarks, neutral_weights=neutral_weights, inter_ocular_cm=inter_ocular_cm
        )
        self._solve = inter_ocular_cm * nudge_matrix(
            inter_ocular_cm * character.rows, pca=pca, basis=character.basis, still=STILL, doubt=DOUBT,
            inter_ocular_cm=inter_ocular_cm,
        )  # fmt: skip

    def __call__(
        self, weights: Float32, measures: FaceMeasures, scale: MouthScale | None, *, found: Bool
    ) -> Float32:
        """Weights (T, M) with the mouth moved."""
        settings, character = self._settings, self._character
        if settings.strength <= 0 or scale is None:
            return weights
        moved = _curves(measures) - np.array(scale.rest)
        if settings.smoothing > 0:
            moved = smooth(moved.astype(np.float32), found, settings.smoothing).astype(np.float64)
        missing = _missing(weights, moved, scale, character)
        allowed = settings.allowance * np.array(scale.scatter)
        change = settings.strength * beyond(missing, allowed)
        return (weights + limited(change @ self._solve.T, self._pca)).astype(np.float32)


def _missing(weights: Float32, moved: Float64, scale: MouthScale, character: MouthMeasures) -> Float64:
    """(T, 2) from what weights (T, M) show to the nearest that is wanted where the performer is `moved` (T, 2) from
    rest."""
    by_size = character.rest + scale.size * moved
    by_gain = character.rest + np.array(scale.gain) * moved
    if scale.reach > 0:
        away = 1.0 - restfulness(weights, character.rest_weights, scale.reach)
        by_gain[:, 1] += scale.wider * away
    shown = character(weights)
    return nearest_between(shown, by_size, by_gain) - shown


def _curves(measures: FaceMeasures) -> Float64:
    """(T, 2)"""
    return np.stack([getattr(measures, name) for name in MEASURES], axis=1).astype(np.float64)


def _measured(points: Float32) -> Float64:
    """(N, L, 3) -> (N, 2) gap of the inner lips along Y and distance of the corners along X, in the points' unit."""
    right, left = landmark_indices("lips_outer_corner_r", "lips_outer_corner_l")
    gap = gap_rows(LIPS, points).mean(axis=1)
    return np.stack([gap, points[:, left, 0] - points[:, right, 0]], axis=1).astype(np.float64)
