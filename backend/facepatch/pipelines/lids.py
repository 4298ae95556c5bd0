"""The lid-closing channel: shut eyes shut, open eyes as open as the performer's (method 6.1, 4).

The networks see shut eyes in a few frames only and leave a slit. The performer's lid gaps, on his own scale, say how
far the character's lids should be; the smallest likely change of the PCA weights brings them there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facepatch.core.axes import Bool, Float32, Float64
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.data.pca import Pca
from facepatch.geometry.smoothstep import smoothstep
from facepatch.metrics.agreement import eye_states
from facepatch.metrics.face_measures import FaceMeasures
from facepatch.metrics.vertex_error import inter_ocular
from facepatch.pipelines.channel import SIDES, limited, side_changes
from facepatch.pipelines.settings import LidSettings
from facepatch.weights.readouts import LIDS, gap_rows, landmark_basis

SHUT_AT = (0.45, 0.55)
"""Smallest gap over open gap: up to the first it is that of a shut eye, from the second on it was never seen shut."""
NEVER_SHUT = 0.2
"""Gap of a shut eye over its open gap, of eyes that were never seen shut."""
BLINK, WINK = (0.15, 0.6), (0.4, 0.8)
"""Openness of the eye that is further shut, and how far the other is open beyond it: up to the first it is a blink of
both, from the second on it is none, and a wink."""
LEFT = 0.125
"""What the channel leaves to the networks at most, over the gap of an open eye. Where they are further off they have
never seen such an eye; on the films' training frames the landmarks are right there (docs/log.md). Not of what an eye
opens beyond that gap: of a performer with narrow eyes a little is a large share."""
STILL = ("lips_outer", "lips_inner", "brow_l", "brow_r", "nose_base", "chin")
"""What a lid must not drag along."""


@dataclass(frozen=True)
class EyeScale:
    """The performer's lid gaps at shut and open, in his inter-ocular distances."""

    shut: float
    open: float
    ever_shut: bool

    def openness(self, gap: Float32) -> Float64:
        """(T,) 0 shut, 1 open."""
        return (gap.astype(np.float64) - self.shut) / max(1e-6, self.open - self.shut)


def eye_scales(
    measures: FaceMeasures, valid: Bool, *, at_rest: dict[str, float] | None = None
) -> dict[str, EyeScale]:
    """Scales of both eyes of a performer, from the frames of a take.

    at_rest: measures of the true neutral, where it is known; the open gaps are then its.
    """
    states = {side: eye_states(getattr(measures, f"eye_open_{side}"), valid=valid) for side in SIDES}
    least = {side: state.shut_gap / max(state.open_gap, 1e-6) for side, state in states.items()}
    both = sum(least.values()) / len(least)
    scales: dict[str, EyeScale] = {}
    for side, state in states.items():
        # An eye that is never seen shut tells nothing about its shut gap. Eyes blink together, so the other one counts.
        never = float(smoothstep(max(least[side], both), *SHUT_AT))
        shut = (1 - never) * state.shut_gap + never * min(NEVER_SHUT * state.open_gap, state.shut_gap)
        opened = state.open_gap if at_rest is None else at_rest[f"eye_open_{side}"]
        scales[side] = EyeScale(float(shut), float(opened), bool(state.ever_shut))
    return scales


def close_lids(
    weights: Float32, measures: FaceMeasures, scales: dict[str, EyeScale], *, pca: Pca, landmarks: SurfaceLandmarks,
    neutral_weights: Float32, settings: LidSettings,
) -> tuple[Float32, dict[str, Bool]]:  # fmt: skip
    """Weights (T, M) with the lids where the performer's are, and per side the frames where the eye was shut.

    Of the missing gap the channel's say at this openness is made good (`channel.side_changes`), and all that is beyond
    `LEFT`.
    """
    return LidChannel(pca, landmarks, neutral_weights=neutral_weights, settings=settings)(
        weights, measures, scales
    )


class LidChannel:
    """`close_lids` for one character, ready for any number of frames, one by one or many."""

    def __init__(
        self, pca: Pca, landmarks: SurfaceLandmarks, *, neutral_weights: Float32, settings: LidSettings
    ) -> None:
        self._settings, self._pca = settings, pca
        _, basis = landmark_basis(pca, landmarks)
        self._rows = np.stack([gap_rows(LIDS[side], basis).mean(1) for side in SIDES]).astype(np.float64)
        neutral = pca.vertices(neutral_weights[None])
        at_rest = landmarks.positions(neutral)
        self._open_gaps = np.array([gap_rows(LIDS[side], at_rest).mean() for side in SIDES])
        self._offset = self._open_gaps - self._rows @ neutral_weights
        self._solve, self._tied = side_changes(
            self._rows,
            pca=pca,
            basis=basis,
            still=STILL,
            inter_ocular_cm=inter_ocular(landmarks, neutral[0]),
        )

    def __call__(
        self, weights: Float32, measures: FaceMeasures, scales: dict[str, EyeScale]
    ) -> tuple[Float32, dict[str, Bool]]:
        """See `close_lids`."""
        settings = self._settings
        if settings.strength <= 0:
            return weights, {side: np.zeros(len(weights), bool) for side in SIDES}
        openness = np.stack(
            [scales[side].openness(getattr(measures, f"eye_open_{side}")) for side in SIDES], 1
        )
        shut = {side: (openness[:, i] < 0.15) & scales[side].ever_shut for i, side in enumerate(SIDES)}
        openness = tied(openness, self._tied)
        aim = openness * (1 + settings.overshoot) - settings.overshoot
        wanted = self._open_gaps * np.clip(aim, -settings.overshoot, 2.0)
        missing = wanted - (weights @ self._rows.T + self._offset)
        share, most = 1.0 - _say(openness, settings), LEFT * self._open_gaps
        wider = np.maximum(0.0, wanted - self._open_gaps)
        left = np.clip(share * missing, -most, most + share * wider)
        change = limited((settings.strength * (missing - left)) @ self._solve.T, self._pca)
        return (weights + change).astype(np.float32), shut


def tied(openness: Float64, share: float) -> Float64:
    """(T, 2) of eyes of which neither can shut without the other, as far as `share`: in a blink both are as shut as the
    one that is further shut, so that the mean of the two shuts. Not in a wink."""
    least = openness.min(axis=1, keepdims=True)
    apart = openness.max(axis=1, keepdims=True) - least
    blink = (1.0 - smoothstep(least, *BLINK)) * (1.0 - smoothstep(apart, *WINK))
    return openness - share * blink * (openness - least)


def _say(openness: Float64, settings: LidSettings) -> Float64:
    """1 for shut eyes, `open_share` for open ones, a smoothstep between."""
    span = max(1e-6, settings.open_above - settings.closed_under)
    step = smoothstep(openness, settings.closed_under, settings.closed_under + span)
    return 1.0 + (settings.open_share - 1.0) * step
