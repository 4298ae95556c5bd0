"""Does a character's motion open the mouth, shut the eyes, raise the brows? Told before training, which cannot mend it.

Only from the picked landmarks on the captured motion; no performer is needed. `metrics.coverage`
compares the two later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from facepatch.core.axes import Axes, Float64
from facepatch.core.data.landmarks import ELEMENTS
from facepatch.core.errors import InputError

STILL = 0.02
"""A range under this share of the eye distance is no motion."""
SMALL = 0.06
"""A mouth or brow that moves by less than this hardly moves."""
SHUT, NARROW = 0.25, 0.5
"""An eye whose smallest gap is under SHUT of its open gap shuts; above NARROW it does not even narrow."""
_QUANTILES = (0.005, 0.995)


@dataclass(frozen=True)
class MotionRange:
    """How far one thing of the face moves."""

    name: str
    title: str
    low: float
    """In inter-ocular distances, as `high` and `rest`; 0.5 % and 99.5 % of the frames."""
    high: float
    rest: float
    amount: float
    """0..1: 1 where there is plenty. What a bar shows."""
    verdict: str
    """"good", "little", "none", or "unknown" where its landmarks are not picked."""
    sentence: str
    """What it means, and what to do where there is something to do."""


def motion_ranges(
    rows: Mapping[str, int], neutral: Any, motion: Any, *, frames: Optional[int] = 600
) -> tuple[MotionRange, ...]:
    """The ranges of mouth, eyes and brows.

    rows: landmark -> vertex. neutral: (V, 3); motion: (T, V, 3), may be a memory map, both in head space, Y up.
    frames: at most so many are read, evenly spread; None for all. Raises InputError without the corners of the eyes,
    which give the scale.
    """
    rest = Axes()("neutral", neutral, "V 3", np.float64)
    names = list(rows)
    at = np.array([rows[name] for name in names], dtype=np.int64)
    step = 1 if frames is None else max(1, -(-len(motion) // frames))
    # Row by row: taking some vertices of a memory map at once would read it whole.
    moving = np.stack([np.asarray(frame)[at] for frame in motion[::step]]).astype(np.float64)
    points = _Points({n: i for i, n in enumerate(names)}, np.concatenate([rest[at][None], moving]))
    scale = _inter_ocular(points)
    curves = {
        "mouth_open": (points.gap("lips_inner", ("r", "mid", "l")), "Mouth opens"),
        "mouth_width": (points.distance("lips_outer_corner_r", "lips_outer_corner_l"), "Mouth widens"),
        "eye_l": (points.gap("eye_l", ("outer", "mid", "inner")), "Left eye shuts"),
        "eye_r": (points.gap("eye_r", ("outer", "mid", "inner")), "Right eye shuts"),
        "brow_l": (points.height("brow_l", "eye_l_inner"), "Left brow moves"),
        "brow_r": (points.height("brow_r", "eye_r_inner"), "Right brow moves"),
    }
    return tuple(_judge(name, title, curve, scale) for name, (curve, title) in curves.items())


class _Points:
    """Places of the picked landmarks through the frames, the neutral first."""

    def __init__(self, index: Mapping[str, int], places: Float64) -> None:
        self._index = index
        self._places = places

    def of(self, *names: str) -> Optional[Float64]:
        """(T + 1, n, 3), None where one is not picked."""
        if any(name not in self._index for name in names):
            return None
        chosen: Float64 = self._places[:, [self._index[name] for name in names]]
        return chosen

    def distance(self, one: str, other: str) -> Optional[Float64]:
        """(T + 1,)"""
        both = self.of(one, other)
        return None if both is None else np.linalg.norm(both[:, 0] - both[:, 1], axis=1)

    def gap(self, ring: str, places: tuple[str, ...]) -> Optional[Float64]:
        """(T + 1,) mean distance of upper from lower."""
        upper = self.of(*(f"{ring}_upper_{place}" for place in places))
        lower = self.of(*(f"{ring}_lower_{place}" for place in places))
        if upper is None or lower is None:
            return None
        return np.linalg.norm(upper - lower, axis=2).mean(axis=1)

    def height(self, element: str, under: str) -> Optional[Float64]:
        """(T + 1,) mean height of an element over one landmark."""
        points, base = self.of(*ELEMENTS[element]), self.of(under)
        return None if points is None or base is None else (points - base)[:, :, 1].mean(axis=1)


def _inter_ocular(points: _Points) -> float:
    corners = [points.of(f"eye_{side}_outer", f"eye_{side}_inner") for side in ("l", "r")]
    if corners[0] is None or corners[1] is None:
        raise InputError(
            "The corners of both eyes are not picked, and all sizes are measured by them. "
            "Pick the outer and inner corner of each eye in the Character panel."
        )
    left, right = (corner[0].mean(axis=0) for corner in corners if corner is not None)
    distance = float(np.linalg.norm(left - right))
    if distance <= 0:
        raise InputError("Both eyes are picked in one place. Pick the corners of the eyes again.")
    return distance


def _judge(name: str, title: str, curve: Optional[Float64], scale: float) -> MotionRange:
    if curve is None:
        return MotionRange(
            name,
            title,
            0.0,
            0.0,
            0.0,
            0.0,
            "unknown",
            f"{title}: cannot be told before its landmarks are picked.",
        )
    rest, moving = float(curve[0]) / scale, curve[1:] / scale
    low, high = (float(value) for value in np.quantile(moving, _QUANTILES))
    if name.startswith("eye"):
        return _judge_eye(name, title, low, high, rest)
    reach = high - low
    amount = min(1.0, reach / (0.25 if name == "mouth_open" else 0.12))
    what = f"its range is {100 * reach:.0f} % of the eye distance"
    if reach < STILL:
        word, told = (
            "none",
            f"{title}: never ({what}). Add a motion in which it does, or it will not be learned.",
        )
    elif reach < SMALL:
        word, told = "little", f"{title}: only a little ({what}). A stronger range of motion learns better."
    else:
        word, told = "good", f"{title}: {what}."
    return MotionRange(name, title, low, high, rest, amount, word, told)


def _judge_eye(name: str, title: str, low: float, high: float, rest: float) -> MotionRange:
    opened = max(high, rest, 1e-9)
    left = low / opened
    what = f"its smallest gap is {100 * left:.0f} % of the open one"
    if left <= SHUT:
        word, told = "good", f"{title}: {what}."
    elif left <= NARROW:
        word, told = (
            "little",
            f"{title}: not fully ({what}). Add frames with the lids touching, or blinks stay open.",
        )
    else:
        word, told = (
            "none",
            f"{title}: never ({what}). Add a motion with blinks, or shut eyes will not be learned.",
        )
    return MotionRange(
        name, title, low, high, rest, float(np.clip((1 - left) / (1 - SHUT), 0, 1)), word, told
    )
