"""The keys of an animCurve node and their evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

TICKS_PER_SECOND = 141_120_000
"""Of Maya's MTime: divides by every frame rate that Maya has."""

AUTO = ("auto", "spline", "clamped", "plateau", "fixed", "global")


@dataclass(eq=False)
class Keys:
    """Keys in the order of time. values are in the internal unit of the curve (cm, radians, plain)."""

    ticks: Any = field(default_factory=lambda: np.zeros(0, np.int64))
    values: Any = field(default_factory=lambda: np.zeros(0))
    tangents_in: list[str] = field(default_factory=list)
    tangents_out: list[str] = field(default_factory=list)
    pre_infinity: str = "constant"
    post_infinity: str = "constant"
    weighted: bool = False

    def copy(self) -> Keys:
        return Keys(
            self.ticks.copy(),
            self.values.copy(),
            list(self.tangents_in),
            list(self.tangents_out),
            self.pre_infinity,
            self.post_infinity,
            self.weighted,
        )

    def __len__(self) -> int:
        return len(self.ticks)

    def add(self, ticks: Any, values: Any, tangent_in: Any, tangent_out: Any, *, keep: bool = True) -> None:
        """Set keys; those at the same time are replaced. keep=False first cuts every key from the first to the last.

        tangent_in, tangent_out: one name for all, or one per key.
        """
        ticks = np.atleast_1d(np.asarray(ticks, np.int64))
        values = np.broadcast_to(np.asarray(values, np.float64), ticks.shape)
        names_in = [tangent_in] * len(ticks) if isinstance(tangent_in, str) else list(tangent_in)
        names_out = [tangent_out] * len(ticks) if isinstance(tangent_out, str) else list(tangent_out)
        if not len(ticks):
            return
        gone = np.isin(self.ticks, ticks)
        if not keep:
            gone |= (self.ticks >= ticks.min()) & (self.ticks <= ticks.max())
        self.remove(gone)
        ticks, last = np.unique(ticks[::-1], return_index=True)
        last = len(values) - 1 - last
        where = np.searchsorted(self.ticks, ticks)
        all_ticks = np.concatenate([self.ticks, ticks])
        order = np.argsort(all_ticks, kind="stable")
        self.ticks = all_ticks[order]
        self.values = np.concatenate([self.values, values[last]])[order]
        if len(where) and where.min() == len(self.tangents_in):
            self.tangents_in += [names_in[i] for i in last]
            self.tangents_out += [names_out[i] for i in last]
        else:
            merged_in = self.tangents_in + [names_in[i] for i in last]
            merged_out = self.tangents_out + [names_out[i] for i in last]
            self.tangents_in = [merged_in[i] for i in order]
            self.tangents_out = [merged_out[i] for i in order]

    def remove(self, gone: Any) -> int:
        """Remove the keys of the mask (N,); returns how many."""
        gone = np.asarray(gone, bool)
        if gone.any():
            self.ticks, self.values = self.ticks[~gone], self.values[~gone]
            self.tangents_in = [t for t, g in zip(self.tangents_in, gone) if not g]
            self.tangents_out = [t for t, g in zip(self.tangents_out, gone) if not g]
        return int(gone.sum())

    def at(self, ticks: float) -> float:
        """The value at a time in ticks. Constant outside the keys (other infinities are a Gap)."""
        n = len(self.ticks)
        if n == 0:
            return 0.0
        if ticks <= self.ticks[0]:
            self._outside(ticks < self.ticks[0], self.pre_infinity)
            return float(self.values[0])
        if ticks >= self.ticks[-1]:
            self._outside(ticks > self.ticks[-1], self.post_infinity)
            return float(self.values[-1])
        i = int(np.searchsorted(self.ticks, ticks, side="right")) - 1
        if self.ticks[i] == ticks:
            return float(self.values[i])
        out, into = self.tangents_out[i], self.tangents_in[i + 1]
        if out == "step":
            return float(self.values[i])
        if out == "stepnext":
            return float(self.values[i + 1])
        t0, t1 = float(self.ticks[i]), float(self.ticks[i + 1])
        v0, v1 = float(self.values[i]), float(self.values[i + 1])
        u = (ticks - t0) / (t1 - t0)
        if out == "linear" and into == "linear":
            return v0 + (v1 - v0) * u
        m0 = self._slope(i, out) * (t1 - t0)
        m1 = self._slope(i + 1, into) * (t1 - t0)
        return (
            (2 * u**3 - 3 * u**2 + 1) * v0
            + (u**3 - 2 * u**2 + u) * m0
            + (3 * u**2 - 2 * u**3) * v1
            + (u**3 - u**2) * m1
        )

    def _slope(self, i: int, kind: str) -> float:
        """Value per tick at key i. Flat and linear are exact; auto and its kin are approximated by a flat extremum
        and a central difference elsewhere."""
        if kind == "flat" or kind not in (*AUTO, "linear"):
            return 0.0
        before = self._difference(i - 1) if i > 0 else None
        after = self._difference(i) if i + 1 < len(self.ticks) else None
        if before is None or after is None:
            return 0.0 if kind in ("auto", "plateau") else float((after if before is None else before) or 0.0)
        if kind in ("auto", "plateau", "clamped") and before * after <= 0:
            return 0.0
        return (before + after) / 2

    def _difference(self, i: int) -> float:
        return float(self.values[i + 1] - self.values[i]) / float(self.ticks[i + 1] - self.ticks[i])

    @staticmethod
    def _outside(outside: bool, infinity: str) -> None:
        if outside and infinity != "constant":
            from fakemaya.active import Gap

            raise Gap(f"animCurve infinity '{infinity}' is not evaluated by the stand-in.")
