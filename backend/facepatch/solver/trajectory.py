"""All frames of a take at once: the controls whose mesh is nearest, within limits, few and smooth."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from facepatch.core.axes import Axes, Bool, Float64, Int32
from facepatch.core.data.rig import Rig
from facepatch.core.errors import InputError
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.geometry.smoothstep import smoothstep
from facepatch.solver.compiled import CompiledRig, compile_rig, spans
from facepatch.solver.kernels import all_shape_weights, refine
from facepatch.solver.reduce import Reduced
from facepatch.solver.settings import SolveSettings
from facepatch.solver.start import box_start

log = logging.getLogger(__name__)

REFINE_SWEEPS = 3
"""Rounds after something was held or dropped: the rest starts from a solution."""
TRACE = 1e-3
"""Share of its range by which a control is away from its default at all."""
WINDOWS, WINDOW_FRAMES = 3, 32
"""Parts of the take on which sparsity and smoothness are weighed."""
LEAST_SCALE, MOST_SCALE = 1e-4, 2.0
HALVINGS = 5
"""Of the range between these, on a logarithmic scale."""
JOIN_FRAMES = 12
"""Frames over which curves come from the keyed values beside the take."""


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
    settings: SolveSettings
    """With sparsity and smoothness as they were taken, so that a solve that goes on need not weigh them again."""


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

    start: (T, C) a solution to go on from, such as that of the same take before a control was held; give its settings.
    Raises UnknownNameError and InputError for wishes that name no control or hold no numbers.
    """
    settings, wishes = settings or SolveSettings(), wishes or Wishes()
    problem = _Problem(rig, reduced, reduced.targets(weights), settings, wishes)
    problem.weigh()
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
    u = problem.join(problem.without_exclusive_pairs(u, on_progress))
    return Solution(
        problem.values(u), problem.used(u), problem.distance(u), problem.objective, problem.settings
    )


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
        self.rig, self.targets, self.shapes = rig, targets, reduced.shapes
        self.asked = self.settings = settings
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
        sizes, self.reach = np.zeros(count), np.zeros(count)
        for shape, row in zip(rig.shapes, reduced.shapes, strict=True):
            for driver in shape.drivers:
                self.reach[driver.control] += np.linalg.norm(row)
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

    def distance(self, u: Float64, frames: slice = slice(None)) -> Float64:
        """(T,) root mean square distance in mm."""
        left = self.targets[frames] - all_shape_weights(self.compiled, u) @ self.shapes
        out: Float64 = np.sqrt((left**2).sum(axis=1))
        return out

    def used(self, u: Float64) -> Bool:
        """(C,) which controls leave their default by more than a trace."""
        away = np.abs(u - self.compiled.rest).max(axis=0)
        shows = away * self.reach > self.distance(u).mean()
        out: Bool = (away >= self.settings.drop_below) | ((away > TRACE) & shows)
        return out

    def weigh(self) -> None:
        """Scale sparsity and smoothness together to what `slack` allows, on a few parts of the take."""
        slack = self.settings.slack
        if not slack or not (self.settings.sparsity or self.settings.smoothness):
            return
        step = max(WINDOW_FRAMES, (self.frames - WINDOW_FRAMES) // (WINDOWS - 1))
        parts = [
            slice(at, min(at + WINDOW_FRAMES, self.frames)) for at in range(0, self.frames, step)[:WINDOWS]
        ]
        l1 = self.l1
        self._scale(l1, 0.0)
        bare = [self._part(part, self.start(part), self.asked.sweeps) for part in parts]

        def raised(scale: float) -> bool:
            self._scale(l1, scale)
            found = [self._part(part, u, REFINE_SWEEPS) for part, u in zip(parts, bare, strict=True)]
            return self._mean(parts, found) > (1.0 + slack) * self._mean(parts, bare)

        low, high = np.log([LEAST_SCALE, MOST_SCALE]).tolist()
        if raised(MOST_SCALE):
            for _ in range(HALVINGS):
                middle = 0.5 * (low + high)
                low, high = (low, middle) if raised(math.exp(middle)) else (middle, high)
            self._scale(l1, math.exp(low))

    def _scale(self, l1: Float64, scale: float) -> None:
        asked = self.asked
        self.settings = replace(
            asked, sparsity=scale * asked.sparsity, smoothness=scale * asked.smoothness, slack=0.0
        )
        self.l1 = scale * l1

    def _part(self, part: slice, u: Float64, sweeps: int) -> Float64:
        """That part of the take solved from u, as if it were the take."""
        out = u.copy()
        self._refine(out, self.low[part], self.high[part], self.prior[part], self.towards[part], sweeps)
        return out

    def _mean(self, parts: list[slice], found: list[Float64]) -> float:
        return float(np.concatenate([self.distance(u, part) for part, u in zip(parts, found)]).mean())

    def rest(self, rows: Bool) -> None:
        """Keep these controls at their default."""
        self.low[:, rows] = self.high[:, rows] = self.compiled.rest[rows]

    def start(self, frames: slice = slice(None)) -> Float64:
        """Every frame by itself."""
        low, high, towards = self.low[frames], self.high[frames], self.towards[frames]
        first = box_start(
            self.compiled, self.gram, towards, low=low.min(axis=0), high=high.max(axis=0), l1=self.l1
        )
        return np.clip(first, low, high)

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

    def join(self, u: Float64) -> Float64:
        """The first and last frames bent to the keyed values beside them, on which strong controls hardly turn."""
        out = u.copy()
        count = min(JOIN_FRAMES, self.frames // 2)
        way = (1.0 + np.arange(count)) / (1.0 + count)
        fade = 1.0 - smoothstep(way)
        for rows, edge, frames in (
            (self.before, -1, slice(count)),
            (self.after, 0, slice(None, -count - 1, -1)),
        ):
            if len(rows) and count:
                near = u[frames]
                gap = beside(rows, near[0])[edge] - near[0]
                # A step no larger than those that the control makes here anyway is no jump.
                usual = np.abs(np.diff(near, axis=0)).max(axis=0, initial=0.0)
                gap = np.sign(gap) * np.maximum(np.abs(gap) - usual, 0.0)
                out[frames] = np.clip(near + fade[:, None] * gap, self.low[frames], self.high[frames])
        return out

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
        energy = float((self.targets[begin:end] ** 2).sum())
        self.objective += self._refine(u, low, high, prior, towards, sweeps, energy)
        padded[first:last] = u

    def _refine(
        self, u: Float64, low: Float64, high: Float64, prior: Float64, towards: Float64, sweeps: int,
        energy: float = 0.0,
    ) -> float:  # fmt: skip
        """Change u in place; gives the objective at the end."""
        history = refine(
            self.compiled, self.gram, towards, u, low, high, prior, self.l1, self.gamma,
            self.settings.smoothness, self.order, sweeps, self.settings.tolerance, energy,
        )  # fmt: skip
        return float(history[-1])

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
