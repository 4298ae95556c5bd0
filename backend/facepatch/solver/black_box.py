"""Rigs that are no blendshapes: a stand-in for the start, the rig itself for the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.linalg
import torch

from facepatch.core.axes import Bool, Float32, Float64
from facepatch.core.data.rig import RigControl
from facepatch.core.errors import InputError, SolveError, TopologyError, UnknownNameError
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.core.rig_refine import Refined, RefineSettings
from facepatch.core.rig_samples import RigSamples
from facepatch.core.rig_start import AskRig, RigStart, finish_on_rig, ranges, refined
from facepatch.solver.reduce import Target, row_scale
from facepatch.solver.settings import SolveSettings
from facepatch.solver.stand_in import StandIn, StandInSettings, learn_stand_in, start_with
from facepatch.solver.trajectory import Wishes, beside, curve_of

COMPONENTS = 80
VARIANCE = 0.99999
PASSES = 4
"""Over all frames, on the stand-in. Each bends a frame towards neighbours of which one is not solved yet; after four
the curves are as smooth as `smoothness` asks."""
LEFT_OUT = 5
"""One of so many mixtures is kept from the stand-in, to see how far it is off."""


@dataclass(frozen=True, eq=False)
class SampledSpace:
    """A few dimensions in which meshes of the rig and of the clip are compared."""

    basis: Float64
    """(3V, R) orthonormal columns"""
    own: int
    """The first so many columns span what the samples do."""
    scale: Float64
    """(3V,) as `solver.reduce.row_scale`"""
    neutral: Float64
    """(3V,) of the rig at its defaults"""

    def project(self, vertices: Any) -> Float64:
        """(S, V, 3) cm -> (S, R), lengths in mm."""
        flat = np.asarray(vertices, np.float64).reshape(len(vertices), -1)
        out: Float64 = ((flat - self.neutral) * self.scale) @ self.basis
        return out

    def targets(self, target: Target) -> Float64:
        """(T, R) of the clip; no mesh is formed."""
        components = (target.basis * self.scale) @ self.basis
        out: Float64 = target.weights @ components + ((target.mean - self.neutral) * self.scale) @ self.basis
        return out

    def vertices(self, reduced: Float64) -> Float32:
        """(S, R) -> (S, V, 3) cm."""
        flat = (reduced @ self.basis.T) / self.scale + self.neutral
        out: Float32 = flat.reshape(len(reduced), -1, 3).astype(np.float32)
        return out


def sampled_space(samples: RigSamples, target: Target, *, vertex_weights: Any = None) -> SampledSpace:
    """The span of the clip and of nearly all that the samples do.

    Raises TopologyError for different meshes, SolveError for samples that are no numbers.
    """
    count = samples.vertices.shape[1]
    if target.mean.size != 3 * count:
        raise TopologyError(
            f"The rig was sampled with {count} vertices, but the clip has {target.mean.size // 3}. "
            "Sample the meshes that the clip was retargeted to, in the same order."
        )
    _refuse_nan(samples)
    scale = row_scale(vertex_weights, count)
    neutral = samples.vertices[0].reshape(-1).astype(np.float64)
    moves = (samples.vertices[1:].reshape(len(samples.vertices) - 1, -1) - neutral) * scale
    values, left = np.linalg.eigh(moves @ moves.T)
    order = np.argsort(values)[::-1]
    share = np.cumsum(values[order]) / max(float(values.sum()), 1e-30)
    keep = order[: min(COMPONENTS, int(np.searchsorted(share, VARIANCE)) + 1)]
    own = left[:, keep].T @ moves
    columns = np.concatenate([own, target.basis * scale, ((target.mean - neutral) * scale)[None]])
    basis: Float64 = np.asarray(scipy.linalg.qr(columns.T, mode="economic", check_finite=False)[0])
    return SampledSpace(basis, len(own), scale, neutral)


def _refuse_nan(samples: RigSamples) -> None:
    for row, mesh in enumerate(samples.vertices):
        if not np.isfinite(mesh).all():
            moved = np.flatnonzero(samples.values[row] != samples.values[0])
            where = ", ".join(f"{samples.controls[c].name}={samples.values[row, c]:g}" for c in moved)
            raise SolveError(
                f"Sample {row} of the rig has vertices that are no numbers, at {where or 'its defaults'}. "
                "Tighten the limits of those controls and sample the rig again."
            )


@dataclass(frozen=True, eq=False)
class SampledRig:
    """What a rig that was only sampled is thought to do."""

    name: str
    controls: tuple[RigControl, ...]
    neutral: Float32
    """(V, 3)"""
    space: SampledSpace
    model: StandIn

    @property
    def limits(self) -> Float64:
        """(C, 2)"""
        return np.asarray([(c.minimum, c.maximum) for c in self.controls], np.float64)

    @property
    def defaults(self) -> Float64:
        """(C,)"""
        return np.asarray([c.default for c in self.controls], np.float64)

    def reduced(self, shares: Float64) -> Float64:
        """(S, C) shares of the ranges -> (S, R)"""
        with torch.no_grad():
            found = self.model(torch.as_tensor(shares, dtype=torch.float32))
        out: Float64 = found.numpy().astype(np.float64)
        return out

    def vertices(self, controls: Any) -> Float32:
        """(T, C) controls -> (T, V, 3) cm"""
        low, span = ranges(self.controls)
        return self.space.vertices(self.reduced((np.asarray(controls, np.float64) - low) / span))


@dataclass(frozen=True, eq=False)
class BlackBox:
    """A solve up to the point where the rig itself is needed."""

    rig: SampledRig
    start: RigStart
    """Its values are solved on the stand-in."""
    stand_in_mm: float
    """Mean distance between stand-in and rig at mixtures that it did not learn; NaN where there are too few."""


def solve_on_samples(
    samples: RigSamples,
    target: Target,
    *,
    name: str = "rig",
    vertex_weights: Any = None,
    settings: SolveSettings | None = None,
    wishes: Wishes | None = None,
    blend: Any = None,
    stand_in: StandInSettings | None = None,
    on_progress: OnProgress = silent,
) -> BlackBox:
    """Values whose stand-in meshes are nearest to the target, and all that is needed to go on with the rig itself.

    blend: (C,) how much of the solve each control takes. Raises the errors of `sampled_space`, UnknownNameError and
    InputError for wishes that name no control or hold no numbers.
    """
    settings, wishes = settings or SolveSettings(), wishes or Wishes()
    controls, frames = samples.controls, len(target.weights)
    space = sampled_space(samples, target, vertex_weights=vertex_weights)
    asked = _asked(samples, wishes, frames)
    low, span = ranges(controls)
    shares, reduced, targets = (
        (samples.values - low) / span,
        space.project(samples.vertices),
        space.targets(target),
    )
    off = _stand_in_error(shares, reduced, stand_in)
    model = learn_stand_in(shares, reduced, settings=stand_in, on_progress=on_progress)
    rig = SampledRig(name, controls, samples.vertices[0].astype(np.float32), space, model)
    sparsity = settings.sparsity / max(len(controls), 1)
    first = (asked.first - low) / span
    guess = start_with(model, targets, free=asked.free, sparsity=sparsity, first=first, settings=stand_in)
    values: Float64 = np.clip(low + guess * span, low, [c.maximum for c in controls])
    none = np.empty((0, len(controls)))
    start = RigStart(
        controls=controls,
        values=values,
        free=asked.free,
        cost=asked.cost,
        blend=np.ones(len(controls)) if blend is None else blend,
        before=none if wishes.before is None else beside(np.atleast_2d(wishes.before), values[0]),
        after=none if wishes.after is None else beside(np.atleast_2d(wishes.after), values[-1]),
        neutral=rig.neutral,
        scale=space.scale[::3].astype(np.float32),
        basis=space.basis.astype(np.float32),
        targets=targets,
        sparsity=settings.sparsity,
        smoothness=settings.smoothness,
    )
    for turn in range(PASSES):
        found = refined(start, rig.reduced, on_progress=_part(on_progress, turn))
        values = np.clip(low + found.shares * span, low, [c.maximum for c in controls])
        start = replace(start, values=values)
    return BlackBox(rig, start, off)


@dataclass(frozen=True, eq=False)
class _Asked:
    """Wishes as arrays."""

    free: Bool
    """(C,)"""
    first: Float64
    """(T, C) the defaults, and what is held"""
    cost: Float64
    """(C,)"""


def _asked(samples: RigSamples, wishes: Wishes, frames: int) -> _Asked:
    controls = samples.controls
    rows = {control.name: row for row, control in enumerate(controls)}
    for name in (*wishes.unused, *wishes.held, *wishes.cost):
        if name not in rows:
            raise UnknownNameError("rig samples: control", name, rows)
    free = np.asarray([c.is_free and c.name not in samples.idle for c in controls], bool)
    free[[rows[name] for name in (*wishes.unused, *wishes.held)]] = False
    first = np.tile(samples.values[0], (frames, 1))
    for name, curve in wishes.held.items():
        control = controls[rows[name]]
        first[:, rows[name]] = np.clip(curve_of(name, curve, frames), control.minimum, control.maximum)
    cost = np.ones(len(controls))
    for name, factor in wishes.cost.items():
        if not factor >= 0:
            raise InputError(f"{name}: the cost factor {factor} is negative. Give 0 or more.")
        cost[rows[name]] = factor
    return _Asked(free, first, cost)


def _part(on_progress: OnProgress, turn: int) -> OnProgress:
    def told(progress: Progress) -> None:
        done, total = turn * progress.total + progress.done, PASSES * progress.total
        on_progress(replace(progress, stage="solve", done=done, total=total))

    return told


def _stand_in_error(shares: Float64, reduced: Float64, settings: StandInSettings | None) -> float:
    """Mean distance in mm at mixtures that were left out of the learning."""
    mixed = np.flatnonzero((np.abs(shares - shares[0]) > 0).sum(axis=1) > 1)
    out = mixed[::LEFT_OUT]
    if len(mixed) < 2 * LEFT_OUT:
        return float("nan")
    kept = np.setdiff1d(np.arange(len(shares)), out)
    model = learn_stand_in(shares[kept], reduced[kept], settings=settings)
    with torch.no_grad():
        said = model(torch.as_tensor(shares[out], dtype=torch.float32)).numpy()
    return float(np.linalg.norm(said - (reduced[out] - reduced[0]), axis=1).mean())


def solve_black_box(
    rig: AskRig,
    samples: RigSamples,
    target: Target,
    *,
    vertex_weights: Any = None,
    refine: RefineSettings | None = None,
    stand_in: StandInSettings | None = None,
    on_progress: OnProgress = silent,
) -> tuple[Float64, Refined]:
    """(T, C) values in the controls' units, within their limits, and how they were found: samples, then the rig."""
    begun = solve_on_samples(
        samples, target, vertex_weights=vertex_weights, stand_in=stand_in, on_progress=on_progress
    )
    return finish_on_rig(begun.start, rig, settings=refine, on_progress=on_progress)
