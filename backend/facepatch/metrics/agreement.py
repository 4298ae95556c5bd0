"""How well a character's face follows the performer's: correlation of their curves, and blinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from facepatch.core.axes import Axes, Bool, Float32, Float64
from facepatch.core.errors import InputError
from facepatch.metrics.face_measures import MEASURES, FaceMeasures

_CONSTANT = 1e-5
"""A curve whose standard deviation is under this (IOD) does not move, beyond the rounding of float32."""
_SHUTTEST = 0.005
"""The shut gap is the median of this share of the frames, those with the smallest gap; at least 3 frames."""
_SHUT = 0.15
"""The fraction that the character is judged by, so that a perfect copy of the performer has a perfect recall."""
_OPEN = 0.8
_NEVER_SHUT = 0.5
"""An eye whose smallest gap stays above this fraction of its open gap is taken never to shut."""


@dataclass(frozen=True)
class MeasureAgreement:
    """Agreement of one measure over the frames that count."""

    r: float
    """Pearson correlation; 0 where either curve never moves."""
    performer_range: float
    """99.5 % minus 0.5 % quantile, in the performer's inter-ocular distances."""
    character_range: float
    frames: int
    note: str = ""
    """A sentence where r says nothing, else empty."""


@dataclass(frozen=True)
class BlinkAgreement:
    """Whether one eye of the character shuts and opens with the performer's."""

    closed_frames: int
    """Frames where the performer's eye is shut."""
    closed_recall: float | None
    """Share of them where the character's gap is under 15 % of its own open gap; None without such frames."""
    open_frames: int
    """Frames where the performer's eye is fully open."""
    open_error: float | None
    """Median over them of |gap - own open gap| / own open gap."""
    open_within_10: float | None
    """Share of them where that is at most 10 %."""
    note: str = ""


@dataclass(frozen=True)
class BlinkEvents:
    """Whether one eye of the character shuts in every blink of the performer's."""

    blinks: int
    """Runs of frames in which the performer's eye is shut."""
    closed: float | None
    """Share of them in which the character's gap falls under 15 % of its own open gap; None without blinks."""
    median_gap: float | None
    """Median over the blinks of the smallest gap, over the character's open gap."""


@dataclass(frozen=True)
class Agreement:
    """All that the report's agreement table needs. `core.schema.to_dict` makes it JSON."""

    measures: dict[str, MeasureAgreement]
    blinks: dict[str, BlinkAgreement]
    """"l" and "r", the face's own sides."""


class EyeStates(NamedTuple):
    """An eye's openness, on its own scale."""

    openness: Float32
    """(T,) 0 at the shut gap, 1 at the open gap; not clipped."""
    shut: Bool
    """(T,) openness under 0.15, and the eye is known to shut at all."""
    open: Bool
    """(T,) openness over 0.8."""
    shut_gap: float
    open_gap: float
    ever_shut: bool


def pearson(first: Any, second: Any) -> float:
    """Pearson correlation of two (T,) curves; 0 where one of them is constant."""
    check = Axes()
    a = check("first curve", first, "T", np.float64)
    b = check("second curve", second, "T", np.float64)
    if len(a) < 2 or a.std() <= _CONSTANT or b.std() <= _CONSTANT:
        return 0.0
    return float(np.clip(np.mean((a - a.mean()) * (b - b.mean())) / (a.std() * b.std()), -1.0, 1.0))


def eye_states(eye_open: Any, *, valid: Any = None) -> EyeStates:
    """Say in which frames an eye is shut and in which it is open, from its own curve (`FaceMeasures.eye_open_*`).

    Per performer, because a detector leaves a gap at a shut eye that differs from face to face. The shut gap is the
    median of the 0.5 % of the frames (at least 3) with the smallest gap, so that one blink in a short take is found
    and one bad frame is not; never under 0, since lids that overlap are shut. The open gap is the median of the
    frames above the middle between it and the 95 % quantile. An eye whose shut gap is more than half of its open
    gap never shuts: no frame is then marked shut.

    eye_open: (T,). valid: (T,) frames to measure by; others are never shut nor open.
    Raises InputError when no frame is valid.
    """
    check = Axes()
    gap = check("eye_open", eye_open, "T", np.float64)
    keep = _valid(valid, check, len(gap))
    smallest = np.sort(gap[keep])[: max(3, round(_SHUTTEST * int(keep.sum())))]
    low = max(float(np.median(smallest)), 0.0)
    middle = (low + float(np.quantile(gap[keep], 0.95))) / 2
    wide = gap[keep & (gap >= middle)]
    high = float(np.median(wide)) if wide.size else middle
    moves = high - low > _CONSTANT
    openness = (gap - low) / (high - low) if moves else np.ones_like(gap)
    ever_shut = bool(moves and low <= _NEVER_SHUT * high)
    return EyeStates(
        openness.astype(np.float32),
        keep & (openness < _SHUT) & ever_shut,
        keep & (openness > _OPEN),
        low,
        high,
        ever_shut,
    )


def agreement(
    performer: FaceMeasures,
    character: FaceMeasures,
    *,
    character_open: dict[str, float] | None = None,
    valid: Any = None,
) -> Agreement:
    """Correlate every measure of a performer with the character's in the same frames, and compare blinks.

    character_open: side ("l", "r") -> gap of the character's eye at neutral, in the unit of its measures; None
    for the character's own open gap in this clip (`eye_states`).
    valid: (T,) frames that count; leave out those without a face.
    Raises ShapeError where the two differ in length, InputError when no frame is valid.
    """
    check = Axes()
    curves = {
        name: (check(f"performer {name}", p, "T"), check(f"character {name}", character.curves()[name], "T"))
        for name, p in performer.curves().items()
    }
    keep = _valid(valid, check, performer.frame_count)
    measures = {name: _one(name, *curves[name], keep) for name in MEASURES}
    blinks: dict[str, BlinkAgreement] = {}
    for side in ("l", "r"):
        p, c = curves[f"eye_open_{side}"]
        own = character_open[side] if character_open else eye_states(c, valid=keep).open_gap
        blinks[side] = blink_agreement(p, c, character_open=own, valid=keep)
    return Agreement(measures, blinks)


def blink_agreement(
    performer_gap: Any,
    character_gap: Any,
    *,
    character_open: float,
    valid: Any = None,
    states: EyeStates | None = None,
    closed_under: float = 0.15,
    open_within: float = 0.10,
) -> BlinkAgreement:
    """Closed recall and open fidelity of one eye, frame by frame with no tolerance in time.

    performer_gap, character_gap: (T,) lid gaps. character_open: the character's gap with the eye open, in its unit.
    states: the performer's in the same frames, where they are known from more than these; else `eye_states` of them.
    Raises InputError for an open gap that is not above zero.
    """
    check = Axes()
    p = check("performer_gap", performer_gap, "T")
    c = check("character_gap", character_gap, "T", np.float64)
    if not character_open > 0:
        raise InputError(
            f"character_open: the character's open eye has a lid gap of {character_open:g}. Check the lid landmarks "
            "of the character: upper and lower may be exchanged, or the neutral has its eyes shut."
        )
    states = states or eye_states(p, valid=valid)
    closed, opened = int(states.shut.sum()), int(states.open.sum())
    off = np.abs(c[states.open] - character_open) / character_open
    shut: Float64 = c[states.shut]
    note = ""
    if not states.ever_shut:
        note = (
            "The performer's eye never shuts: its smallest gap is "
            f"{100 * states.shut_gap / states.open_gap:.0f} % of its open gap."
            if states.open_gap > 0
            else "The performer's eye is never seen open."
        )
    return BlinkAgreement(
        closed_frames=closed,
        closed_recall=float((shut < closed_under * character_open).mean()) if closed else None,
        open_frames=opened,
        open_error=float(np.median(off)) if opened else None,
        open_within_10=float((off <= open_within).mean()) if opened else None,
        note=note,
    )


def blink_events(
    performer_gap: Any, character_gap: Any, *, character_open: float, valid: Any = None,
    states: EyeStates | None = None, slack: int = 1,
) -> BlinkEvents:  # fmt: skip
    """Blinks one by one: a blink counts once, however long it is, and may come `slack` frames early or late.

    Arguments as in `blink_agreement`. Blinks with one open frame between them are one.
    """
    check = Axes()
    p = check("performer_gap", performer_gap, "T")
    c = check("character_gap", character_gap, "T", np.float64)
    if not character_open > 0:
        raise InputError(f"character_open: an open eye cannot have a lid gap of {character_open:g}.")
    found = runs((states or eye_states(p, valid=valid)).shut, bridge=1)
    least = [float(c[max(0, a - slack) : b + slack].min()) / character_open for a, b in found]
    return BlinkEvents(
        len(found),
        float(np.mean([gap < _SHUT for gap in least])) if least else None,
        float(np.median(least)) if least else None,
    )


def runs(mask: Bool, *, bridge: int = 0) -> list[tuple[int, int]]:
    """(first, past the last) of every run of True, ascending; runs with at most `bridge` False between are one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    out: list[tuple[int, int]] = []
    for start, stop in edges.reshape(-1, 2):
        if out and start - out[-1][1] <= bridge:
            out[-1] = (out[-1][0], int(stop))
        else:
            out.append((int(start), int(stop)))
    return out


def _one(name: str, p: Any, c: Any, keep: Bool) -> MeasureAgreement:
    note = ""
    for who, curve in (("performer", p), ("character", c)):
        if curve[keep].std() <= _CONSTANT:
            note = f"The {who}'s {name} never changes, so no correlation can be given."
    return MeasureAgreement(
        pearson(p[keep], c[keep]), _spread(p[keep]), _spread(c[keep]), int(keep.sum()), note
    )


def _spread(curve: Any) -> float:
    low, high = np.quantile(curve, [0.005, 0.995])
    return float(high - low)


def _valid(valid: Any, check: Axes, count: int) -> Bool:
    keep: Bool = np.ones(count, dtype=np.bool_) if valid is None else check("valid", valid, "T", np.bool_)
    if not keep.any():
        raise InputError(f"agreement: none of the {count} frames is valid. Check that the face was found.")
    return keep
