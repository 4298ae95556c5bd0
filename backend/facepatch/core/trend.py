"""Where a training curve is heading, in words: whether waiting longer still pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facepatch.core.axes import Axes, Float64

ENOUGH = 20
"""Points that a curve needs before it tells anything."""
_FLAT = 0.02


@dataclass(frozen=True)
class Trend:
    """The last fifth of a curve against the fifth before it."""

    now: float
    """Mean of the last fifth."""
    change: float
    """Relative to the fifth before: -0.1 fell by a tenth."""
    sentence: str


def trend(points: Sequence[tuple[float, float]], *, what: str = "The error") -> Trend:
    """Of (iteration, value) pairs, oldest first. Fewer than ENOUGH points give no verdict."""
    values: Float64 = Axes()("points", points, "T 2", np.float64)[:, 1] if len(points) else np.zeros(0)
    if len(values) < ENOUGH:
        return Trend(float(values[-1]) if len(values) else 0.0, 0.0, "Too early to tell.")
    fifth = len(values) // 5
    now, before = float(values[-fifth:].mean()), float(values[-2 * fifth : -fifth].mean())
    change = (now - before) / max(abs(before), 1e-12)
    if change < -_FLAT:
        said = f"{what} still falls: by {-100 * change:.0f} % over the last fifth."
    elif change > _FLAT:
        said = f"{what} rose by {100 * change:.0f} % over the last fifth. Watch whether it settles."
    else:
        said = f"{what} has settled. Training longer will hardly help."
    return Trend(now, change, said)
