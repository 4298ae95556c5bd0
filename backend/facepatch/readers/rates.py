"""Frame rates as fractions, never as floats."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from facepatch.core.errors import ShapeError

Rate = tuple[int, int]

USUAL: tuple[Rate, ...] = (
    (24, 1), (25, 1), (30, 1), (48, 1), (50, 1), (60, 1), (120, 1),
    (24000, 1001), (30000, 1001), (60000, 1001), (120000, 1001),
)  # fmt: skip
DEFAULT: Rate = (30, 1)
"""Where a file names no rate."""


def rate_of_value(value: Any) -> Rate:
    """A rate stored as a number (23.976) or as two integers (24000, 1001). Raises ShapeError on anything else."""
    numbers = np.asarray(value, dtype=np.float64).reshape(-1)
    if numbers.size not in (1, 2) or not np.isfinite(numbers).all() or (numbers <= 0).any():
        raise ShapeError(
            f"rate: is {value!r}; give frames per second, or two whole numbers such as (24000, 1001)."
        )
    if numbers.size == 2:
        fraction = Fraction(numbers[0] / numbers[1]).limit_denominator(1001)
    else:
        rate = float(numbers[0])
        near = min(USUAL, key=lambda r: abs(math.log(rate / (r[0] / r[1]))))
        if abs(rate / (near[0] / near[1]) - 1.0) < 2e-4:
            return near
        fraction = Fraction(rate).limit_denominator(1001)
    return (fraction.numerator, fraction.denominator)


def rate_of_times(times: Any) -> Rate:
    """The first usual rate on whose frames all key times (seconds) fall; else one over their median step, or 30.

    Keys may be sparse: a key every tenth frame of 24 still says 24.
    """
    steps = np.diff(np.asarray(times, dtype=np.float64))
    if not steps.size:
        return DEFAULT
    for rate in USUAL:
        frames = (np.asarray(times) - times[0]) * rate[0] / rate[1]
        if np.abs(frames - np.rint(frames)).max() < 0.02 and np.rint(np.diff(frames)).min() >= 1:
            return rate
    return (int(np.clip(round(1.0 / float(np.median(steps))), 24, 120)), 1)
