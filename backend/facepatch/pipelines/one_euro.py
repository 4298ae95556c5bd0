"""The One-Euro filter: a low-pass that follows fast motion and calms slow motion, from the past alone.

Casiez, Roussel and Vogel 2012, "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
Systems". With tau(f) = 1 / (2 pi f) and a(f) = dt / (dt + tau(f)):

    speed  <-  speed + a(speed_cutoff) ((x - last x) / dt - speed)
    value  <-  value + a(cutoff + beta |speed|) (x - value)

The coordinates of one row move together and share |speed|; rows are filtered each on its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.errors import ConfigError


@dataclass(frozen=True)
class OneEuroSettings:
    """One filter. Frequencies are in Hz, so that all frame rates are treated alike."""

    cutoff: float
    """Of what stands still: lower trembles less and lags more. 0 switches the filter off."""
    beta: float
    """Hz by which the cutoff rises for each unit per second: higher lags less in fast motion."""
    speed_cutoff: float = 1.0
    """Of the speed."""

    def __post_init__(self) -> None:
        if not (0 <= self.cutoff <= 1000 and 0 <= self.beta <= 1e6 and 0 < self.speed_cutoff <= 1000):
            raise ConfigError(
                f"one-euro filter: cutoff {self.cutoff}, beta {self.beta}, speed_cutoff {self.speed_cutoff}; the "
                "cutoffs lie between 0 and 1000 Hz (speed_cutoff above 0), beta is at least 0."
            )

    def delay_s(self, speed: float) -> float:
        """How far what moves at `speed` is behind: tau(cutoff + beta speed)."""
        return 1.0 / (2 * math.pi * (self.cutoff + self.beta * speed)) if self.cutoff > 0 else 0.0


class OneEuro:
    """One filter in use."""

    def __init__(self, settings: OneEuroSettings) -> None:
        self.settings = settings
        self._time = 0.0
        self._value: Float64 | None = None
        self._last: Float64 | None = None
        self._speed: Float64 | None = None

    def reset(self) -> None:
        """Forget the past: the next value passes as it is."""
        self._value = None

    def __call__(self, values: Float64, time_s: float, *, unit: Float64 | float = 1.0) -> Float64:
        """The filtered (R, D) values of the instant `time_s`, later than the last one.

        unit: what each coordinate counts as 1 of for the speed, () or (D,).
        """
        if self._value is None or self._last is None or self._speed is None:
            self._value, self._last, self._speed = values.copy(), values.copy(), np.zeros_like(values)
            self._time = time_s
            return values.copy()
        if self.settings.cutoff <= 0:
            return values.copy()
        dt = max(time_s - self._time, 1e-6)
        self._speed += _share(self.settings.speed_cutoff, dt) * ((values - self._last) / dt - self._speed)
        fast = np.sqrt(((self._speed / unit) ** 2).sum(axis=1))
        share = _share(self.settings.cutoff + self.settings.beta * fast, dt)
        self._value = self._value + share[:, None] * (values - self._value)
        self._last, self._time = values.copy(), time_s
        return self._value.copy()


def _share(cutoff: float | Float64, dt: float) -> Float64:
    tau = 1.0 / (2 * math.pi * np.asarray(cutoff, np.float64))
    return dt / (dt + tau)
