"""Which frames to train on, and how often: spread over the expressions, and mixed alike in both domains.

Spread: farthest-point sampling on shape vectors (method 3.4 (3)), with few neutral frames and enough shut eyes.
Mix: probabilities that give performer and character the same marginal distributions of mouth opening and width, lid
gaps and brow height, each normalised to its own range (method 6.7 (3)), found by raking (Deming and Stephan 1940:
scale the frames of every bin to the bin's wanted share, feature after feature, until it settles).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from facepatch.core.axes import Axes, Bool, Float64, Int32
from facepatch.core.errors import ConfigError
from facepatch.metrics.agreement import eye_states
from facepatch.metrics.coverage import FEATURES, bin_of, histogram, moves, normalised, valid_measures
from facepatch.metrics.face_measures import FaceMeasures

_ROUNDS = 100
_TINY = 1e-12
_THINNED = 0.1
_MATCHED = 0.8
_FEW_CLOSED = 0.01


@dataclass(frozen=True)
class SelectionSettings:
    """Settings of `matched_selection`."""

    count: int = 4000
    """Most frames kept per domain."""
    neutral_most: float = 0.05
    """Largest share of neutral frames."""
    closed_least: float = 0.08
    """Smallest share of frames with a shut eye, where a domain has any."""
    closed_most: float = 0.15
    """Largest share of frames with a shut eye."""
    neutral_near: float = 0.1
    """A frame is neutral when no feature is further from rest than this fraction of the way to its extreme."""
    bins: int = 11
    """Bins per feature whose shares are matched; odd, so that rest lies in the middle of one."""
    most_often: float = 10.0
    """No frame is drawn more than this many times as often as the average frame."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.count < 1 or self.bins < 2 or self.most_often < 1:
            raise ConfigError(
                f"selection: count {self.count}, bins {self.bins}, most_often {self.most_often}; needs at least 1, 2 "
                "and 1."
            )
        if not 0 <= self.neutral_most <= 1 or not 0 <= self.closed_least <= self.closed_most <= 1:
            raise ConfigError(
                f"selection: shares of neutral {self.neutral_most} and closed frames {self.closed_least} to "
                f"{self.closed_most} must lie within 0..1, the smaller first."
            )


@dataclass(frozen=True, eq=False)
class FrameChoice:
    """Frames to keep of one domain, and how often to draw each."""

    frames: Int32
    """(N,) ascending."""
    probability: Float64
    """(N,) above 0, sums to 1."""
    closed_share: float
    """Share of drawn frames with a shut eye."""
    neutral_share: float


@dataclass(frozen=True, eq=False)
class MatchedSelection:
    """Frames of both domains with the same mix of expressions."""

    performer: FrameChoice
    character: FrameChoice
    overlap_before: dict[str, float]
    """Feature -> overlap of the histograms over all valid frames."""
    overlap_after: dict[str, float]
    """The same, as drawn."""
    sentences: tuple[str, ...]
    """What could not be had: too few shut eyes, features that never move, mixes that still differ."""


def farthest_points(vectors: Any, count: int, *, seed: int = 0) -> Int32:
    """Rows of (T, D) that lie far apart: each next one is the farthest from all chosen so far.

    Starts from a random row, so it is the same for the same seed. Stops early when only copies of chosen rows are
    left. Returns up to `count` rows in the order chosen.
    """
    values = Axes()("vectors", vectors, "T D", np.float64)
    values = np.ascontiguousarray(values - values.mean(axis=0), dtype=np.float32)
    squares = np.einsum("td,td->t", values, values)
    floor = 1e-6 * float(squares.max(initial=0.0)) + _TINY
    nearest = np.full(len(values), np.inf, dtype=np.float32)
    chosen: list[int] = []
    row = int(np.random.default_rng(seed).integers(len(values)))
    for _ in range(min(count, len(values))):
        chosen.append(row)
        nearest = np.minimum(nearest, squares + squares[row] - 2.0 * (values @ values[row]))
        nearest[row] = -1.0
        row = int(nearest.argmax())
        if nearest[row] <= floor:
            break
    return np.asarray(chosen, dtype=np.int32)


def matched_selection(
    performer: FaceMeasures,
    character: FaceMeasures,
    settings: SelectionSettings = SelectionSettings(),
    *,
    character_valid: Any = None,
    performer_rest: Mapping[str, float] | None = None,
    character_rest: Mapping[str, float] | None = None,
) -> MatchedSelection:
    """Choose training frames of performer and character and their probabilities.

    character_valid: (Tc,) frames of the character that may be chosen.
    performer_rest, character_rest: the measures of the neutral, where it is known; None for the most common values.
    Deterministic for one `settings.seed`. Raises InputError when a side has no valid frame.
    """
    sides = (
        _Domain(performer, None, performer_rest, "performer", settings),
        _Domain(character, character_valid, character_rest, "character", settings),
    )
    kept = [side.spread(settings) for side in sides]
    names = [name for name in FEATURES if all(moves(side.curve(name)) for side in sides)]
    places = [side.places(names, chosen, settings.bins) for side, chosen in zip(sides, kept, strict=True)]
    wanted = _common_mix(places[0], places[1], settings.bins)
    closed = [side.closed[chosen] for side, chosen in zip(sides, kept, strict=True)]
    share = float(np.mean([mask.mean() for mask in closed]))
    share = float(np.clip(share, settings.closed_least, settings.closed_most))
    drawn = [
        _rake(places[i], wanted, closed[i], sides[i].neutral[kept[i]], share, settings) for i in range(2)
    ]
    before = {name: _overlap([side.values[name] for side in sides], settings.bins) for name in FEATURES}
    after = {
        name: _overlap([sides[i].values[name][kept[i]] for i in range(2)], settings.bins, drawn)
        for name in FEATURES
    }
    sentences = [line for side in sides for line in side.shortages()]
    sentences += [
        f"{name}: even drawn in matched proportions, performer and character overlap by {after[name]:.2f} only. "
        "The character's motion or the film lacks part of the range."
        for name in names
        if after[name] < _MATCHED
    ]
    return MatchedSelection(
        sides[0].choice(kept[0], drawn[0]),
        sides[1].choice(kept[1], drawn[1]),
        before,
        after,
        tuple(sentences),
    )


class _Domain:
    """One side: its valid frames, their normalised features, and which are shut or neutral."""

    def __init__(
        self,
        measures: FaceMeasures,
        valid: Any,
        rest: Mapping[str, float] | None,
        who: str,
        settings: SelectionSettings,
    ) -> None:
        check = Axes()
        self.who = who
        self.measures = valid_measures(measures, valid, who)
        check(who, measures.mouth_open, "T")
        keep = np.ones(measures.frame_count, np.bool_) if valid is None else np.asarray(valid, np.bool_)
        self.frames = np.flatnonzero(keep).astype(np.int32)
        self.values = {n: normalised(self.curve(n), None if rest is None else rest[n]) for n in FEATURES}
        left, right = (eye_states(self.curve(f"eye_open_{side}")).shut for side in ("l", "r"))
        self.closed: Bool = left | right
        self.vectors = np.stack(list(self.values.values()), axis=1)
        self.neutral: Bool = (np.abs(self.vectors - 0.5) <= settings.neutral_near / 2).all(
            axis=1
        ) & ~self.closed

    def curve(self, name: str) -> Any:
        return self.measures.curves()[name]

    def places(self, names: list[str], chosen: Any, bins: int) -> Any:
        """(N, features) bin of every chosen frame."""
        columns = [bin_of(self.values[name][chosen], bins) for name in names]
        return np.stack(columns, axis=1) if columns else np.zeros((len(chosen), 0), dtype=np.int64)

    def spread(self, settings: SelectionSettings) -> Any:
        """Places among the valid frames, ascending: shut, neutral and other frames, each spread over its features."""
        count = min(settings.count, len(self.frames))
        share = float(np.clip(self.closed.mean(), settings.closed_least, settings.closed_most))
        others = self._pick(~self.closed & ~self.neutral, count, settings.seed)
        # The shares are of what is kept in the end, which may be less than was asked for.
        base = (
            min(count, len(others) / max(1.0 - share - settings.neutral_most, 0.05)) if len(others) else count
        )
        closed = self._pick(self.closed, int(np.ceil(share * base)), settings.seed)
        neutral = self._pick(self.neutral, int(settings.neutral_most * base), settings.seed)
        others = others[: max(count - len(closed) - len(neutral), 0)]
        chosen = np.sort(np.concatenate([others, closed, neutral]))
        # A clip that is neutral throughout: better its frames than none.
        return chosen if len(chosen) else self._pick(self.neutral, count, settings.seed)

    def _pick(self, mask: Bool, count: int, seed: int) -> Any:
        places = np.flatnonzero(mask)
        if not len(places) or count < 1:
            return np.zeros(0, dtype=np.int64)
        return places[farthest_points(self.vectors[places], count, seed=seed)]

    def shortages(self) -> list[str]:
        lines = [
            f"The {self.who} never moves {name}, so its mix cannot be matched."
            for name in FEATURES
            if not moves(self.curve(name))
        ]
        closed = int(self.closed.sum())
        if closed < _FEW_CLOSED * len(self.frames):
            lines.append(
                f"The {self.who} shuts an eye in only {closed} of {len(self.frames)} frames: shut eyes may not be "
                "learned. Add blinks."
            )
        return lines

    def choice(self, chosen: Any, probability: Float64) -> FrameChoice:
        closed, neutral = (float(probability[mask[chosen]].sum()) for mask in (self.closed, self.neutral))
        return FrameChoice(self.frames[chosen], probability, closed, neutral)


def _common_mix(performer: Any, character: Any, bins: int) -> Float64:
    """(features, bins) wanted shares: the mean of both sides' over the bins that both have."""
    mixes: list[Float64] = []
    for column in range(performer.shape[1]):
        one, two = (
            np.bincount(side[:, column], minlength=bins) / len(side) for side in (performer, character)
        )
        both = np.where((one > 0) & (two > 0), one + two, 0.0)
        both = both if both.sum() > 0 else one + two
        mixes.append(both / both.sum())
    return np.array(mixes).reshape(-1, bins)


def _rake(
    places: Any, wanted: Float64, closed: Bool, neutral: Bool, share: float, settings: SelectionSettings
) -> Float64:
    """(N,) probabilities with the wanted share in every bin of every feature, and `share` of shut eyes."""
    count = len(places)
    weight = np.full(count, 1.0 / count)
    # A handful of shut frames cannot stand for 8 % of the draws without each being drawn over and over.
    share = min(share, settings.most_often * float(closed.mean()))
    for _ in range(_ROUNDS):
        for column, target in enumerate(wanted):
            now = np.bincount(places[:, column], weights=weight, minlength=len(target))
            # A bin that the other side lacks is thinned, not emptied: its frames are good frames all the same.
            factor = np.maximum(target, _THINNED * now) / np.maximum(now, _TINY)
            weight = weight * factor[places[:, column]]
            weight /= weight.sum()
        weight = _with_share(weight, closed, share)
        if weight[neutral].sum() > settings.neutral_most:
            weight = _with_share(weight, neutral, settings.neutral_most)
        weight = np.clip(weight, 0.05 / count, settings.most_often / count)
        weight /= weight.sum()
    return weight


def _with_share(weight: Float64, mask: Bool, share: float) -> Float64:
    """`weight` scaled inside and outside `mask` so that the mask holds `share` of it, where that can be."""
    inside = float(weight[mask].sum())
    outside = float(weight.sum()) - inside
    if inside <= _TINY or outside <= _TINY:
        return weight
    return np.where(mask, weight * share / inside, weight * (1.0 - share) / outside)


def _overlap(values: list[Float64], bins: int, weights: list[Float64] | None = None) -> float:
    one, two = (histogram(v, bins, w) for v, w in zip(values, weights or (None, None), strict=True))
    return float(np.minimum(one, two).sum())
