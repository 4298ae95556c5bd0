"""Lips that meet: in which frames a performer's lips touch, and whether the character's meet there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from facepatch.core.axes import Axes, Bool, Float32
from facepatch.core.errors import InputError
from facepatch.geometry.smoothstep import smoothstep
from facepatch.metrics.agreement import runs
from facepatch.metrics.face_measures import FaceMeasures

TOUCH = 0.015
"""Lips touch while their gap is within this share of the mouth's width of the shut gap. By eye on the assets' films: up
to .015 they touch in all but a few frames, from .02 on some show teeth or a dark line (docs/log.md)."""
PARTED = 0.05
"""Above this share of the mouth's width nobody would call the lips shut."""
MEET = 0.03
"""The character's lips meet while their gap is under this share of its mouth's width."""
_SHUTTEST = 0.005
_SURELY_SHUT = 0.02
"""Up to this share of the mouth's width the smallest gap is surely that of lips that touch: on the assets' films it is
under .001 of it."""
_NEVER_SHUT = 0.04
"""A mouth whose smallest gap stays above this share of its width is taken never to shut."""
_SHORT_S = 0.25


class LipStates(NamedTuple):
    """A mouth's opening, on its own scale."""

    gap: Float32
    """(T,) gap of the inner lips over the shut gap, in mouth widths; not clipped."""
    touch: Bool
    """(T,) the lips touch."""
    parted: Bool
    """(T,) the lips are clearly apart."""
    shut_gap: float
    """In the unit of the measures."""
    width: float
    """Median width of the mouth, in the unit of the measures."""
    ever_touch: bool
    trust: float = 1.0
    """How surely the shut gap is that of lips that touch: 1 up to 2 % of the width, 0 from 4 % on."""


@dataclass(frozen=True)
class LipAgreement:
    """Whether the character's lips meet with the performer's, and only then."""

    touch_frames: int
    """Frames where the performer's lips touch."""
    meet: float | None
    """Share of them where the character's gap is under 3 % of its mouth's width; None without such frames."""
    closures: int
    """Times that the performer's lips touch for at most a quarter of a second, as in b, m and p."""
    closures_met: float | None
    """Share of them in which the character's lips meet in at least one frame."""
    overlap: float | None
    """Share of the frames that touch where the character's lips are more than 3 % of the width through each other."""
    parted_frames: int
    """Frames where the performer's lips are clearly apart."""
    meet_wrongly: float | None
    """Share of those where the character's lips meet all the same."""
    note: str = ""


def lip_states(measures: FaceMeasures, *, valid: Any = None, rest_gap: float | None = None) -> LipStates:
    """Say in which frames the lips touch, from the mouth's own curves (`FaceMeasures.mouth_open`, `mouth_width`).

    Per face, because detectors and meshes leave a gap at shut lips that differs from face to face. The shut gap is the
    median of the 0.5 % of the frames (at least 3) with the smallest gap, never under 0, since lips that overlap are
    shut, and never over 4 % of the median width: a mouth that always gapes never touches.

    valid: (T,) frames to measure by; others neither touch nor are parted. rest_gap: the gap of a known neutral (of a
    character); where its lips touch, it is the shut gap.
    A mouth without width never touches. Raises InputError when no frame is valid.
    """
    check = Axes()
    opening = check("mouth_open", measures.mouth_open, "T", np.float64)
    across = check("mouth_width", measures.mouth_width, "T", np.float64)
    keep: Bool = np.ones(len(opening), bool) if valid is None else check("valid", valid, "T", np.bool_)
    if not keep.any():
        raise InputError(f"lips: none of the {len(opening)} frames is valid. Check that the face was found.")
    width = float(np.median(across[keep]))
    smallest = np.sort(opening[keep])[: max(3, round(_SHUTTEST * int(keep.sum())))]
    low = float(np.median(smallest))
    if rest_gap is not None and rest_gap <= _NEVER_SHUT * width:
        low = rest_gap
    ever = width > 0 and low <= _NEVER_SHUT * width
    shut = min(max(low, 0.0), _NEVER_SHUT * width)
    gap = (opening - shut) / max(width, 1e-9)
    trust = 1.0 - float(smoothstep(low / max(width, 1e-9), _SURELY_SHUT, _NEVER_SHUT))
    touch, parted = keep & (gap <= TOUCH) & ever, keep & (gap > PARTED)
    return LipStates(gap.astype(np.float32), touch, parted, shut, width, bool(ever), trust if ever else 0.0)


def lip_agreement(
    performer: FaceMeasures,
    character: FaceMeasures,
    *,
    states: LipStates | None = None,
    valid: Any = None,
    rate_fps: float = 24.0,
) -> LipAgreement:
    """Lips that meet, frame by frame with no tolerance in time.

    states: the performer's, of the same frames, where they are known from more than these (`lip_states`).
    The character's gap is judged by its landmarks alone, without a scale of its own.
    Raises ShapeError where the two differ in length, InputError when no frame is valid.
    """
    check = Axes()
    check("performer", performer.mouth_open, "T")
    width = check("character mouth_width", character.mouth_width, "T", np.float64)
    gap = check("character mouth_open", character.mouth_open, "T", np.float64) / np.maximum(width, 1e-9)
    found = states or lip_states(performer, valid=valid)
    check("states", found.gap, "T")
    meets = gap < MEET
    touch, parted = int(found.touch.sum()), int(found.parted.sum())
    short = [(a, b) for a, b in runs(found.touch) if b - a <= _SHORT_S * rate_fps]
    note = "" if found.ever_touch else "The performer's lips never touch in these frames."
    return LipAgreement(
        touch_frames=touch,
        meet=float(meets[found.touch].mean()) if touch else None,
        closures=len(short),
        closures_met=float(np.mean([meets[a:b].any() for a, b in short])) if short else None,
        overlap=float((gap[found.touch] < -MEET).mean()) if touch else None,
        parted_frames=parted,
        meet_wrongly=float(meets[found.parted].mean()) if parted else None,
        note=note,
    )
