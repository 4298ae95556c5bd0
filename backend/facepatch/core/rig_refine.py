"""The last steps of a solve on the rig itself, whatever it is made of (docs/methods/rig_solve.md, "Other rigs").

Levenberg-Marquardt within limits, frame after frame. The Jacobian is measured by moving one control at a time on the
true rig in chosen frames, and carried on between them by Broyden's update, since evaluating a rig is what takes time.
NumPy only, so that it runs beside the rig, in Maya.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from facepatch.core.axes import Axes, Bool, Float64
from facepatch.core.errors import ConfigError, SolveError
from facepatch.core.progress import OnProgress, Progress, silent

Evaluate = Callable[[Float64], Float64]
"""(S, C) shares of the controls' ranges -> (S, R) reduced coordinates of the meshes, in which lengths are mm."""


@dataclass(frozen=True)
class RefineSettings:
    """How far and how carefully to go."""

    steps: int = 4
    """Most accepted steps in a frame."""
    jacobian_frames: int = 12
    """Frames after which the Jacobian is measured again."""
    difference: float = 0.01
    """Share of its range by which a control is moved to measure its effect."""
    sparsity: float = 0.1
    """As in the solve of blendshape rigs."""
    smoothness: float = 0.1
    """As in the solve of blendshape rigs."""
    damping: float = 1e-3
    """Of the first step, over the diagonal of J^T J."""
    tolerance: float = 1e-3
    """A frame is done when a step lowers its objective by less than this share."""

    def __post_init__(self) -> None:
        if self.steps < 1 or self.jacobian_frames < 1 or not 0 < self.difference <= 0.25:
            raise ConfigError(
                f"refine: steps {self.steps} and jacobian_frames {self.jacobian_frames} must be at least 1, difference "
                f"{self.difference:g} between 0 and 0.25."
            )


@dataclass(frozen=True, eq=False)
class Refined:
    """What came of it."""

    shares: Float64
    """(T, C) in 0..1"""
    error_mm: Float64
    """(T,) distance on the true rig."""
    evaluations: int
    """Shapes of the rig that were computed."""
    idle: Bool
    """(C,) controls to which the rig does not respond."""


def refine_on_rig(
    evaluate: Evaluate,
    targets: Any,
    *,
    start: Any,
    rest: Any,
    free: Any,
    cost: Any = None,
    before: Any = None,
    after: Any = None,
    settings: RefineSettings = RefineSettings(),
    on_progress: OnProgress = silent,
) -> Refined:
    """Shares whose meshes are nearest to targets (T, R), from start (T, C).

    rest: (C,) share of each default. free: (C,) which controls may move; the others stay as they start. cost: (C,)
    factors on the sparsity. before, after: (1 or 2, C) shares in the frames beside the range, which only bend the
    curves. No frame ends farther away than it started. Raises SolveError where the rig gives something that is no
    number.
    """
    check = Axes()
    wanted = check("targets", targets, "T _", np.float64)
    first = check("start", start, "T C", np.float64)
    resting = check("rest", rest, "C", np.float64)
    factors = check("cost", np.ones(len(resting)) if cost is None else cost, "C", np.float64)
    search = _Search(
        evaluate,
        resting,
        check("free", free, "C", np.bool_),
        factors * settings.sparsity / max(len(resting), 1),
        settings,
    )
    beside = [
        check(name, np.empty((0, len(resting))) if rows is None else rows, "_ C", np.float64)
        for name, rows in (("before", before), ("after", after))
    ]
    lead = len(beside[0])
    shares: Float64 = np.clip(np.concatenate([beside[0], first, beside[1]]), 0.0, 1.0)
    errors: Float64 = np.empty(len(wanted))
    for t in range(len(wanted)):
        if t % settings.jacobian_frames == 0:
            search.stale = True
        shares[lead + t], errors[t] = search.frame(wanted[t], shares, lead + t)
        on_progress(Progress("refine", t + 1, len(wanted), unit="frames"))
    return Refined(shares[lead : lead + len(wanted)], errors, search.evaluations, search.idle)


class _Search:
    """Carries the Jacobian from frame to frame."""

    def __init__(
        self, evaluate: Evaluate, rest: Float64, free: Bool, l1: Float64, settings: RefineSettings
    ) -> None:
        self._evaluate, self._rest, self._free, self._settings = evaluate, rest, free, settings
        self._l1 = l1
        self._jacobian: Float64 = np.zeros((0, len(rest)))
        self._damping = settings.damping
        self.stale = True
        self.evaluations = 0
        self.idle: Bool = free.copy()

    def frame(self, target: Float64, shares: Float64, t: int) -> tuple[Float64, float]:
        """Solve frame t from shares[t]; the frames around it only bend the curve."""
        settings = self._settings
        u = shares[t].copy()
        here = self._at(u[None])[0]
        cost = self._cost(target - here, u, shares, t)
        fresh = False
        for _ in range(settings.steps):
            if self.stale or not len(self._jacobian):
                self._measure(u, here)
                fresh, self.stale = True, False
            step = self._step(target - here, u, shares, t)
            there = self._at((u + step)[None])[0]
            new = self._cost(target - there, u + step, shares, t)
            if new < cost:
                self._damping = max(self._damping / 3.0, 1e-7)
                self._broyden(step, there - here)
                done = cost - new < settings.tolerance * cost
                u, here, cost = u + step, there, new
                if done:
                    break
            elif fresh:
                self._damping = min(self._damping * 10.0, 1e3)
            else:
                self.stale = True
        return u, float(np.linalg.norm(target - here))

    def _at(self, rows: Float64) -> Float64:
        self.evaluations += len(rows)
        out = np.asarray(self._evaluate(rows), np.float64)
        if not np.isfinite(out).all():
            bad = int(np.flatnonzero(~np.isfinite(out).all(axis=1))[0])
            where = ", ".join(f"{float(share):.3g}" for share in rows[bad])
            raise SolveError(
                f"The rig gives values that are no numbers at the shares [{where}]. "
                "Tighten the limits of the controls that cause it, or leave them out."
            )
        return out

    def _measure(self, u: Float64, here: Float64) -> None:
        """The Jacobian (R, C) by moving one control at a time, inwards at a limit."""
        rows = np.flatnonzero(self._free)
        step = np.where(u[rows] + self._settings.difference <= 1.0, 1.0, -1.0) * self._settings.difference
        probes = np.tile(u, (len(rows), 1))
        probes[np.arange(len(rows)), rows] += step
        self._jacobian = np.zeros((len(here), len(u)))
        if len(rows):
            self._jacobian[:, rows] = ((self._at(probes) - here) / step[:, None]).T
        self.idle &= np.linalg.norm(self._jacobian, axis=0) < 1e-6

    def _broyden(self, step: Float64, change: Float64) -> None:
        length = float(step @ step)
        if length > 1e-16:
            self._jacobian += np.outer(change - self._jacobian @ step, step / length)

    def _bend(self, u: Float64, shares: Float64, t: int) -> tuple[Float64, float]:
        """Half slope and half curvature of the summed squared second differences around frame t, per control."""
        count = len(shares)
        slope: Float64 = np.zeros_like(u)
        curvature = 0.0
        for middle, factor in ((t - 1, 1.0), (t, -2.0), (t + 1, 1.0)):
            if 1 <= middle <= count - 2:
                around = [u if row == t else shares[row] for row in (middle - 1, middle, middle + 1)]
                slope += factor * (around[0] - 2.0 * around[1] + around[2])
                curvature += factor * factor
        return slope, curvature

    def _cost(self, left: Float64, u: Float64, shares: Float64, t: int) -> float:
        out = float(left @ left)
        out += float(self._l1 @ np.abs(u - self._rest))
        for middle in (t - 1, t, t + 1):
            if 1 <= middle <= len(shares) - 2:
                around = [u if row == t else shares[row] for row in (middle - 1, middle, middle + 1)]
                second = around[0] - 2.0 * around[1] + around[2]
                out += self._settings.smoothness * float(second @ second)
        return out

    def _step(self, left: Float64, u: Float64, shares: Float64, t: int) -> Float64:
        """The best step of the linear model inside the limits.

        It does not pass the default, where the cost has a kink.
        """
        settings = self._settings
        bend, curvature = self._bend(u, shares, t)
        hessian = self._jacobian.T @ self._jacobian
        diagonal = np.diag(hessian).copy()
        hessian[np.diag_indices_from(hessian)] += (
            self._damping * np.maximum(diagonal, 1e-3 * max(float(diagonal.max()), 1e-12))
            + settings.smoothness * curvature
        )
        pull = self._jacobian.T @ left - settings.smoothness * bend
        side = np.sign(u - self._rest)
        side[side == 0] = np.sign(pull[side == 0])
        low = np.where(side > 0, np.maximum(0.0, np.where(u >= self._rest, self._rest, 0.0)), 0.0)
        high = np.where(side < 0, np.minimum(1.0, np.where(u <= self._rest, self._rest, 1.0)), 1.0)
        low[~self._free] = high[~self._free] = u[~self._free]
        return box_newton(hessian, pull - 0.5 * self._l1 * side, low - u, high - u)


def box_newton(hessian: Float64, pull: Float64, low: Float64, high: Float64) -> Float64:
    """min x^T hessian x - 2 pull x with low <= x <= high, hessian positive definite; active sets of Newton steps."""
    x: Float64 = np.clip(np.zeros_like(pull), low, high)
    for _ in range(30):
        slope = hessian @ x - pull
        held = ((x <= low) & (slope > 0)) | ((x >= high) & (slope < 0)) | (low >= high)
        rows = np.flatnonzero(~held)
        if not rows.size or np.abs(slope[rows]).max() < 1e-10 * max(1.0, float(np.abs(pull).max())):
            break
        step = np.zeros_like(x)
        step[rows] = -np.linalg.solve(hessian[np.ix_(rows, rows)], slope[rows])
        value = x @ hessian @ x - 2 * pull @ x
        for share in (1.0, 0.5, 0.25, 0.1):
            new = np.clip(x + share * step, low, high)
            if new @ hessian @ new - 2 * pull @ new <= value:
                break
        else:
            break
        if np.abs(new - x).max() < 1e-12:
            break
        x = new
    return x
