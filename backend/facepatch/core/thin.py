"""Fewer keys on a curve, with a bound on what that changes.

From each kept key the next is the farthest one for which a straight line stays within the tolerance of all keys in
between (a cone of slopes that narrows with every key passed). The result holds the bound at every key that was there,
is not always the smallest, and keeps keys as they were: no value is moved.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.errors import ConfigError
from facepatch.core.host import Curve

_WINDOW = 64


def thinned(curve: Curve, tolerance: float) -> Curve:
    """`curve` with the fewest keys, found greedily, whose straight lines stay within `tolerance` of every key.

    First and last key stay. With a tolerance of 0 the curve is given back as it is. Raises ConfigError below 0.
    """
    if not tolerance >= 0.0:
        raise ConfigError(
            f"tolerance: is {tolerance:g}. Give 0 to keep every key, or the error that is allowed."
        )
    if tolerance == 0.0 or len(curve.frames) < 3:
        return curve
    kept = [0]
    while kept[-1] < len(curve.frames) - 1:
        kept.append(_farthest(curve.frames, curve.values, kept[-1], tolerance))
    return Curve(curve.frames[kept], curve.values[kept])


def _farthest(frames: Float64, values: Float64, start: int, tolerance: float) -> int:
    """The last key that a line from `start` may end at."""
    best = start + 1
    low, high = -np.inf, np.inf
    step = _WINDOW
    at = start + 1
    while at < len(frames):
        stop = min(at + step, len(frames))
        run = frames[at:stop] - frames[start]
        rise = values[at:stop] - values[start]
        slope = rise / run
        # A little narrower than asked for, so that rounding never breaks the bound.
        slack = tolerance - 4.0 * np.finfo(np.float64).eps * np.abs(values[start:stop]).max()
        lows: Any = np.maximum.accumulate(np.concatenate([[low], (rise - slack) / run]))
        highs: Any = np.minimum.accumulate(np.concatenate([[high], (rise + slack) / run]))
        fits = np.flatnonzero((slope >= lows[:-1]) & (slope <= highs[:-1]))
        if fits.size:
            best = at + int(fits[-1])
        low, high = float(lows[-1]), float(highs[-1])
        if low > high:
            break
        at, step = stop, step * 2
    return best
