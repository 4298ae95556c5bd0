"""All frames of a take at once: the controls whose mesh is nearest, within limits, few and smooth."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from facepatch.core.axes import Axes, Bool, Float64, Int32
from facepatch.core.data.rig import Rig
from facepatch.core.errors import InputError
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.solver.compiled import CompiledRig, compile_rig, spans
from facepatch.solver.kernels import all_shape_weights, refine
from facepatch.solver.reduce import Reduced
from facepatch.solver.settings import SolveSettings
from facepatch.solver.start import box_start

log = logging.getLogger(__name__)

REFINE_SWEEPS = 3
"""Rounds after something was held or dropped: the rest starts from a solution."""


@dataclass(frozen=True, eq=False)
class Wishes:
    """What an animator asks for beside the nearest mesh."""

    held: Mapping[str, Any] = field(default_factory=dict)
    """Control -> its values, (T,) or one for all frames: these stay, the rest is solved."""
    unused: frozenset[str] = frozenset()
    """Controls that stay at their default."""
    cost: Mapping[str, float] = field(default_factory=dict)
    """Control -> factor on its sparsity: above 1 it is used less."""
    prior: Any = None
    """(T, C) values to stay near, in the units of the controls."""
    before: Any = None
    """(1 or 2, C) values that are keyed already right before the first frame; NaN where there are none."""
    after: Any = None
    """(1 or 2, C) values that are keyed already right after the last frame; NaN where there are none."""


@dataclass(frozen=True, eq=False)
class Solution:
    """Controls of every frame."""

    controls: Float64
    """(T, C) in the units of the controls, within their limits."""
    used: Bool
    """(C,) whether the control leaves its default anywhere."""
    error_mm: Float64
    """(T,) root mean square distance over the (weighted) vertices."""
    objective: float
    """At the end, summed over the pieces."""


def solve(
    rig: Rig,
    reduced: Reduced,
    *,
    weights: Any,
    settings: SolveSettings | None = None,
    wishes: Wishes | None = None,
    start: Any = None,
    on_progress: OnProgress = silent,
) -> Solution:
    """The controls whose meshes are nearest to the targets of `weights` (T, M).

    start: (T, C) a solution to go on from, such as that of the same take before a control was held.
    Raises UnknownNameError and InputError for wishes that name no control or hold no numbers.
    """
    settings, wishes = settings or SolveSettings(), wishes or Wishes()
    problem = _Problem(rig, reduced, reduced.targets(weights), settings, wishes)
    if start is not None:
        first = problem.shares(Axes()("start", start, "T C", np.float64), "start")
        u = problem.sweep(np.clip(first, problem.low, problem.high), REFINE_SWEEPS, on_progress)
    else:
        u = problem.sweep(problem.start(), settings.sweeps, on_progress)
    used = problem.used(u)
    idle = ~used & ~problem.is_held
    if (idle & (np.abs(u - problem.compiled.rest).max(axis=0) > 0)).any():
        problem.rest(idle)
        u[:, idle] = problem.compiled.rest[idle]
        u = problem.sweep(u, REFINE_SWEEPS, on_progress)
    u = problem.without_exclusive_pairs(u, on_progress)
    left = problem.targets - all_shape_weights(problem.compiled, u) @ reduced.shapes
    error: Float64 = np.sqrt((left**2).sum(axis=1))
    return Solution(problem.values(u), problem.used(u), error, problem.objective)


def beside(values: Float64, edge: Float64) -> Float64:
    """(N, C) values of the frames beside a range: those that are NaN go on as at its `edge` (C,)."""
    out: Float64 = np.where(np.isnan(values), edge, values)
    return out


def curve_of(name: str, values: Any, frames: int) -> Float64:
    """(T,) of one value or of one for every frame. Raises InputError for anything else."""
    try:
        given: Float64 = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        given = np.full(1, np.nan)
    if given.shape not in ((), (frames,)):
        raise InputError(
            f"{name}: is held by {given.size} values, but the clip has {frames} frames. Give one value, or one for "
            "each frame."
        )
    if not np.isfinite(given).all():
        raise InputError(
            f"{name}: is held by values that are no numbers. Give a finite value for every frame."
        )
    out: Float64 = np.broadcast_to(given, (frames,))
    return out


class _Problem:
    """One take: bounds, costs and boundary values as shares of the ranges."""

    def __init__(
        self, rig: Rig, reduced: Reduced, targets: Float64, settings: SolveSettings, wishes: Wishes
    ) -> None:
        self.rig, self.targets, self.settings = rig, targets, settings
        self.gram, self.towards = reduced.shapes @ reduced.shapes.T, targets @ reduced.shapes.T
        self.compiled: CompiledRig = compile_rig(rig)
        self.frames = len(targets)
        count = len(rig.controls)
        if not self.frames:
            raise InputError(f"{rig.name}: the clip has no frames to solve.")
        free = np.asarray([control.is_free for control in rig.controls], bool)
        for name in wishes.unused:
            free[rig.row(name)] = False
        rest = self.compiled.rest
        self.low: Float64 = np.tile(np.where(free, 0.0, rest), (self.frames, 1))
        self.high: Float64 = np.tile(np.where(free, 1.0, rest), (self.frames, 1))
        self.is_held: Bool = np.zeros(count, bool)
        for name, curve in wishes.held.items():
            self._hold(name, curve)
        self.prior: Float64 = np.tile(rest, (self.frames, 1))
        if wishes.prior is not None:
            self.prior = self.shares(Axes()("prior", wishes.prior, "T C", np.float64), "prior")
        self.gamma = settings.prior / max(count, 1)
        self.l1: Float64 = np.full(count, settings.sparsity / max(count, 1))
        for name, factor in wishes.cost.items():
            if not factor >= 0:
                raise InputError(f"{name}: the cost factor {factor} is negative. Give 0 or more.")
            self.l1[rig.row(name)] *= factor
        self.before = self._boundary(wishes.before, "before")
        self.after = self._boundary(wishes.after, "after")
        self.objective = 0.0
        sizes = np.zeros(count)
        for shape, row in zip(rig.shapes, reduced.shapes, strict=True):
            if len(shape.drivers) == 1:
                sizes[shape.drivers[0].control] += np.linalg.norm(row)
        # The large movers first (Seol et al. 2011): small ones then mend instead of fighting each other.
        self.order: Int32 = np.argsort(-sizes, kind="stable").astype(np.int32)

    def _hold(self, name: str, curve: Any) -> None:
        row = self.rig.row(name)
        values = curve_of(name, curve, self.frames)
        shares = (values - self.rig.limits[row, 0]) / spans(self.rig)[row]
        self.low[:, row] = self.high[:, row] = np.clip(shares, 0.0, 1.0)
        self.is_held[row] = True

    def _boundary(self, values: Any, name: str) -> Float64:
        if values is None:
            return np.empty((0, len(self.rig.controls)))
        rows: Float64 = np.atleast_2d(np.asarray(values, np.float64))
        known = ~np.isnan(rows)
        found = self.shares(np.where(known, rows, 0.0), name)
        return np.where(known, found, np.nan)

    def shares(self, values: Float64, name: str) -> Float64:
        """Values of the controls as shares of their ranges."""
        if values.shape[1] != len(self.rig.controls) or not np.isfinite(values).all():
            raise InputError(
                f"{name}: has the shape {values.shape}; finite values of {len(self.rig.controls)} controls are needed."
            )
        return np.clip((values - self.rig.limits[:, 0]) / spans(self.rig), 0.0, 1.0)

    def values(self, u: Float64) -> Float64:
        """Shares as values, within the limits to the last bit."""
        limits = self.rig.limits
        return np.clip(limits[:, 0] + u * spans(self.rig), limits[:, 0], limits[:, 1])

    def used(self, u: Float64) -> Bool:
        """(C,) which controls leave their default by more than a trace."""
        out: Bool = np.abs(u - self.compiled.rest).max(axis=0) >= self.settings.drop_below
        return out

    def rest(self, rows: Bool) -> None:
        """Keep these controls at their default."""
        self.low[:, rows] = self.high[:, rows] = self.compiled.rest[rows]

    def start(self) -> Float64:
        """Every frame by itself."""
        low, high = self.low.min(axis=0), self.high.max(axis=0)
        first = box_start(self.compiled, self.gram, self.towards, low=low, high=high, l1=self.l1)
        return np.clip(first, self.low, self.high)

    def sweep(self, u: Float64, sweeps: int, on_progress: OnProgress) -> Float64:
        """Rounds over all controls, piece by piece. A piece holds the two frames before it fixed."""
        self.objective = 0.0
        settings = self.settings
        padded = np.concatenate([beside(self.before, u[0]), u, beside(self.after, u[-1])])
        lead = len(self.before)
        step = settings.chunk_frames - settings.overlap_frames
        starts = range(0, max(1, self.frames - settings.overlap_frames), step)
        for begin in starts:
            end = min(self.frames, begin + settings.chunk_frames)
            if self.frames - end < settings.overlap_frames:
                end = self.frames
            self._sweep_piece(padded, lead, begin, end, sweeps)
            on_progress(Progress("solve", end, self.frames, unit="frames"))
            if end == self.frames:
                break
        return np.ascontiguousarray(padded[lead : lead + self.frames])

    def _sweep_piece(self, padded: Float64, lead: int, begin: int, end: int, sweeps: int) -> None:
        """Solve frames begin to end of the take inside `padded`, with up to two fixed frames on each side."""
        first, last = max(0, lead + begin - 2), min(len(padded), lead + end + 2)
        if end < self.frames:
            # What lies behind is a start only: it must not pull.
            last = lead + end
        inner = slice(lead + begin - first, lead + end - first)
        u = np.ascontiguousarray(padded[first:last])
        low, high, prior = u.copy(), u.copy(), u.copy()
        # The fixed frames only bend the curves; their targets do not matter.
        towards = np.zeros((len(u), len(self.gram)))
        low[inner], high[inner] = self.low[begin:end], self.high[begin:end]
        prior[inner], towards[inner] = self.prior[begin:end], self.towards[begin:end]
        history = refine(
            self.compiled, self.gram, towards, u, low, high, prior, self.l1, self.gamma,
            self.settings.smoothness, self.order, sweeps, self.settings.tolerance,
            float((self.targets[begin:end] ** 2).sum()),
        )  # fmt: skip
        padded[first:last] = u
        self.objective += float(history[-1])

    def without_exclusive_pairs(self, u: Float64, on_progress: OnProgress) -> Float64:
        """Where both controls of an exclusive pair are away from their defaults, the smaller one goes back."""
        changed = False
        rest = self.compiled.rest
        for row, control in enumerate(self.rig.controls):
            if not control.exclusive:
                continue
            other = self.rig.row(control.exclusive)
            here, there = np.abs(u[:, row] - rest[row]), np.abs(u[:, other] - rest[other])
            both = (here > 1e-6) & (there > 1e-6)
            for lose, rows in ((row, both & (here <= there)), (other, both & (here > there))):
                if rows.any():
                    changed = True
                    u[rows, lose] = self.low[rows, lose] = self.high[rows, lose] = rest[lose]
        return self.sweep(u, REFINE_SWEEPS, on_progress) if changed else u
