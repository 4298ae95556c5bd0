"""Does the character's motion cover what the performer does? Said before training, which cannot mend it.

A shared encoder aligns two faces only as far as their expressions are distributed alike (method 6.7), so every
feature's histogram, normalised to its own rest and range, is compared between performer and character.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial import KDTree

from facepatch.core.axes import Axes, Bool, Float64
from facepatch.core.errors import InputError
from facepatch.metrics.agreement import eye_states
from facepatch.metrics.face_measures import FaceMeasures

SPOKEN = {
    "mouth_open": "mouth opening",
    "mouth_width": "mouth width",
    "eye_open_l": "left eye opening",
    "eye_open_r": "right eye opening",
    "brow": "brow height",
}
"""Measures whose mix is compared and matched, and what people are told they are."""
FEATURES = tuple(SPOKEN)

_QUANTILES = (0.005, 0.995)
_STILL = 0.02
"""A feature whose range stays under this (IOD) never moves; a detector trembles by about half of it."""
_SMALLEST_SIDE = 0.25
"""A side of rest narrower than this share of the range is noise (the mouth does not go below shut)."""
_OVERLAP = 0.8
_OFTEN = 2.0
"""One domain does a thing this many times as often as the other: worth a sentence."""


class _Words(NamedTuple):
    does: str
    do: str
    sense: int
    """+1 where the feature's active end is the high one, -1 where it is the low one."""


_WORDS = {
    "mouth_open": _Words("opens the mouth", "open the mouth", 1),
    "mouth_width": _Words("widens the mouth", "widen the mouth", 1),
    "eye_open_l": _Words("shuts the left eye", "shut the left eye", -1),
    "eye_open_r": _Words("shuts the right eye", "shut the right eye", -1),
    "brow": _Words("raises the brows", "raise the brows", 1),
}


@dataclass(frozen=True)
class FeatureCoverage:
    """One feature in both domains, each over its own range."""

    overlap: float
    """Sum over the bins of the smaller share: 1 for the same distribution, 0 for none in common."""
    performer_range: tuple[float, float]
    """0.5 % and 99.5 % quantile, IOD."""
    character_range: tuple[float, float]
    performer_histogram: tuple[float, ...]
    """Share of the frames per bin of the normalised feature; sums to 1. Rest is in the middle."""
    character_histogram: tuple[float, ...]
    performer_active: float
    """Share of the frames well away from rest: mouth open, wide, brow up by half of what it ever does; eye shut."""
    character_active: float


@dataclass(frozen=True)
class CoverageReport:
    """Coverage of a performer's expressions by a character's motion. `core.schema.to_dict` makes it JSON."""

    features: dict[str, FeatureCoverage]
    performer_covered: float
    """Share of the performer's frames that have enough frames of the character near, over all features at once."""
    character_covered: float
    sentences: tuple[str, ...]
    """The verdict in words, for a person who does not read histograms."""
    warnings: tuple[str, ...]
    """Those of the sentences that call for action: ranges that do not match, regions that never move."""


@dataclass(frozen=True)
class FeatureRange:
    """One feature of a character's motion, in inter-ocular distances (IOD)."""

    low: float
    """0.5 % quantile."""
    high: float
    """99.5 % quantile."""
    rest: float
    active: float
    """Share of the frames well away from rest: mouth open, wide, brow up by half of what it ever does; eye shut."""


@dataclass(frozen=True)
class MotionCoverage:
    """What a character's motion does, before there is a performer to compare it with."""

    frames: int
    features: dict[str, FeatureRange]
    warnings: tuple[str, ...]
    """What it never does, and therefore nothing can learn from it."""


def motion_coverage(character: FaceMeasures, *, rest: Mapping[str, float] | None = None) -> MotionCoverage:
    """The range of every feature in a character's motion.

    rest: the measures of the neutral mesh (`FaceMeasures.at`); None for the most common values.
    Raises InputError for a motion without frames.
    """
    measures = valid_measures(character, None, "character's motion")
    features: dict[str, FeatureRange] = {}
    warnings: list[str] = []
    for name in FEATURES:
        curve = measures.curves()[name].astype(np.float64)
        at_rest = _rest(rest, name)
        low, high = (float(value) for value in np.quantile(curve, _QUANTILES))
        features[name] = FeatureRange(
            low, high, most_common(curve) if at_rest is None else at_rest,
            _active(name, curve, normalised(curve, at_rest)),
        )  # fmt: skip
        warnings += _never("character", name, curve)
    return MotionCoverage(measures.frame_count, features, tuple(warnings))


def coverage(
    performer: FaceMeasures,
    character: FaceMeasures,
    *,
    performer_valid: Any = None,
    character_valid: Any = None,
    performer_rest: Mapping[str, float] | None = None,
    character_rest: Mapping[str, float] | None = None,
    bins: int = 21,
    near: float = 0.2,
    neighbours: int = 3,
) -> CoverageReport:
    """Compare the mix of expressions of a performance with that of the character's motion.

    Each feature is normalised to its own rest and range (`normalised`), so that a small mouth counts as open when
    it is open for itself. Both sides may differ in length.
    performer_rest, character_rest: the measures of the neutral (`FaceMeasures.at`), where it is known: a mesh's; None
    for the most common values.
    near: distance, in normalised features taken together, within which a frame counts as near.
    neighbours: how many near frames of the other side cover a frame.
    Raises InputError when a side has no valid frame.
    """
    kept = {
        "performer": valid_measures(performer, performer_valid, "performer"),
        "character": valid_measures(character, character_valid, "character"),
    }
    rests = {"performer": performer_rest, "character": character_rest}
    table: dict[str, FeatureCoverage] = {}
    vectors: dict[str, list[Float64]] = {who: [] for who in kept}
    warnings: list[str] = []
    notes: list[str] = []
    for name in FEATURES:
        curves = {who: measures.curves()[name].astype(np.float64) for who, measures in kept.items()}
        units = {who: normalised(curve, _rest(rests[who], name)) for who, curve in curves.items()}
        table[name] = _compare(name, curves, units, bins)
        never = [line for who, curve in curves.items() for line in _never(who, name, curve)]
        warnings += never
        if all(moves(curve) for curve in curves.values()):
            for who, unit in units.items():
                vectors[who].append(unit)
        if not never:
            notes += _how_often(name, table[name])
    warnings += _mismatch({name: f.overlap for name, f in table.items() if len(vectors["performer"])})
    first, second = (
        np.stack(vectors[who], axis=1) if vectors[who] else np.zeros((kept[who].frame_count, 1))
        for who in kept
    )
    if not warnings and not notes:
        notes.append("The performer and the character's motion use every feature alike.")
    return CoverageReport(
        table,
        _covered(first, second, near, neighbours),
        _covered(second, first, near, neighbours),
        tuple(warnings + notes),
        tuple(warnings),
    )


def normalised(curve: Any, rest: float | None = None) -> Float64:
    """(T,) -> (T,) in 0..1: rest at 0.5, the 0.5 % quantile at 0 and the 99.5 % quantile at 1, linear in between.

    Rest is fixed, so that a face at rest looks the same on both sides, even where one of them moves only up from it
    and the other also down. A side narrower than a quarter of the range is taken as that wide, lest noise fill it.
    rest: the feature at rest; None for its most common value. All 0.5 where the feature never moves.
    """
    values = Axes()("curve", curve, "T", np.float64)
    low, high = np.quantile(values, _QUANTILES)
    if not moves(values):
        return np.full(len(values), 0.5)
    at = float(np.clip(most_common(values) if rest is None else rest, low, high))
    least = _SMALLEST_SIDE * (high - low)
    off = values - at
    side = np.where(off < 0, max(at - low, least), max(high - at, least))
    return np.clip(0.5 + 0.5 * off / side, 0.0, 1.0)


def most_common(curve: Any) -> float:
    """Half-sample mode: the densest half of the densest half and so on. Robust against both tails."""
    values = np.sort(np.asarray(curve, dtype=np.float64))
    while len(values) > 3:
        half = (len(values) + 1) // 2
        widths = values[half - 1 :] - values[: len(values) - half + 1]
        start = int(widths.argmin())
        values = values[start : start + half]
    return float(values.mean())


def histogram(values: Float64, bins: int, weights: Any = None) -> Float64:
    """(bins,) shares of values in 0..1, summing to 1."""
    counts = np.bincount(bin_of(values, bins), weights=weights, minlength=bins).astype(np.float64)
    return counts / counts.sum()


def bin_of(values: Float64, bins: int) -> Any:
    """Bin of each value in 0..1. An odd number of bins keeps rest (0.5) in the middle of one."""
    return np.minimum((values * bins).astype(np.int64), bins - 1)


def moves(curve: Any) -> bool:
    """Whether a measure's own range is more than a detector's tremble."""
    low, high = np.quantile(curve, _QUANTILES)
    return bool(high - low >= _STILL)


def valid_measures(measures: FaceMeasures, valid: Any, who: str) -> FaceMeasures:
    """The measures of the valid frames. Raises InputError where there are none."""
    check = Axes()
    check(who, measures.mouth_open, "T")
    mask: Bool = (
        np.ones(measures.frame_count, dtype=np.bool_)
        if valid is None
        else check(f"{who} valid", valid, "T", np.bool_)
    )
    if not mask.any():
        raise InputError(f"The {who} has no valid frame among {len(mask)}. Check that the face was found.")
    return measures.select(mask)


def _rest(rest: Mapping[str, float] | None, name: str) -> float | None:
    return None if rest is None else float(rest[name])


def _compare(
    name: str, curves: Mapping[str, Float64], units: Mapping[str, Float64], bins: int
) -> FeatureCoverage:
    shares = {who: histogram(unit, bins) for who, unit in units.items()}
    ranges = {who: tuple(float(q) for q in np.quantile(curve, _QUANTILES)) for who, curve in curves.items()}
    active = {who: _active(name, curves[who], units[who]) for who in curves}
    return FeatureCoverage(
        overlap=float(np.minimum(shares["performer"], shares["character"]).sum()),
        performer_range=(ranges["performer"][0], ranges["performer"][1]),
        character_range=(ranges["character"][0], ranges["character"][1]),
        performer_histogram=tuple(float(v) for v in shares["performer"]),
        character_histogram=tuple(float(v) for v in shares["character"]),
        performer_active=active["performer"],
        character_active=active["character"],
    )


def _active(name: str, curve: Float64, unit: Float64) -> float:
    if not moves(curve):
        return 0.0
    if _WORDS[name].sense < 0:
        return float(eye_states(curve).shut.mean())
    return float((unit > 0.75).mean())


def _never(who: str, name: str, curve: Float64) -> list[str]:
    words = _WORDS[name]
    subject = "The performer" if who == "performer" else "The character's motion"
    more = "film a range of motion" if who == "performer" else "add a motion"
    if not moves(curve):
        low, high = np.quantile(curve, _QUANTILES)
        return [
            f"{subject} never moves {name} (its range is {100 * (high - low):.1f} % of the eye distance): {more} in "
            f"which the face does {words.do}, or this will not be learned."
        ]
    if words.sense < 0:
        states = eye_states(curve)
        if not states.ever_shut:
            return [
                f"{subject} never {words.does}: the smallest gap is {100 * states.shut_gap / states.open_gap:.0f} % "
                f"of the open one. Shut eyes will not be learned; {more} with blinks."
            ]
    return []


def _how_often(name: str, feature: FeatureCoverage) -> list[str]:
    one, two = feature.performer_active, feature.character_active
    low, high = min(one, two), max(one, two)
    if high < 0.01 or high < _OFTEN * low:
        return []
    sides = ("The character's motion", "the performer"), ("The performer", "the character's motion")
    more, less = sides[0] if two > one else sides[1]
    does = _WORDS[name].does
    shares = f"({100 * high:.1f} % against {100 * low:.1f} % of the frames)"
    if low < 0.002:
        return [f"{more} {does}, which {less} hardly does {shares}."]
    return [f"{more} {does} {high / low:.1f} times as often as {less} {shares}."]


def _mismatch(overlaps: Mapping[str, float]) -> list[str]:
    short = {name: overlap for name, overlap in overlaps.items() if overlap < _OVERLAP}
    if not short:
        return []
    listed = ", ".join(f"{name} {overlap:.2f}" for name, overlap in short.items())
    return [
        f"Performer and character mix their expressions differently: their histograms overlap by under {_OVERLAP} in "
        f"{listed}. Train on the matched selection of frames, or give the character a motion in the performer's "
        "proportions."
    ]


def _covered(of: Float64, by: Float64, near: float, neighbours: int) -> float:
    """Share of the frames `of` that have at least `neighbours` frames `by` within `near`."""
    distance, _ = KDTree(by).query(of, k=min(neighbours, len(by)), workers=1)
    return float((np.asarray(distance).reshape(len(of), -1)[:, -1] <= near).mean())
