"""Rigs that are no blendshapes: a stand-in for the start, the rig itself for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import torch

from facepatch.core.axes import Float32, Float64
from facepatch.core.data.rig import RigControl
from facepatch.core.errors import InputError, SolveError, TopologyError, UnknownNameError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.rig_refine import Refined, RefineSettings, refine_on_rig
from facepatch.core.rig_samples import RigSamples
from facepatch.core.rig_start import AskRig, RigStart, finish_on_rig, ranges
from facepatch.solver.reduce import Target, row_scale
from facepatch.solver.settings import SolveSettings
from facepatch.solver.stand_in import StandIn, StandInSettings, learn_stand_in, start_with
from facepatch.solver.trajectory import Wishes, beside, curve_of

COMPONENTS = 80
VARIANCE = 0.99999
ONE_PASS = 0.1
"""Of the smoothness of a whole take. One pass over the frames bends each towards neighbours that are not solved yet."""
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
    low, span = ranges(controls)
    shares, reduced = (samples.values - low) / span, space.project(samples.vertices)
    names = [control.name for control in controls]
    free = np.asarray([c.is_free and c.name not in samples.idle for c in controls], bool)
    free[[_row(name, names) for name in wishes.unused]] = False
    first = np.tile(shares[0], (frames, 1))
    for held, curve in wishes.held.items():
        row = _row(held, names)
        first[:, row] = np.clip((curve_of(held, curve, frames) - low[row]) / span[row], 0.0, 1.0)
        free[row] = False
    cost = np.ones(len(controls))
    for named, factor in wishes.cost.items():
        if not factor >= 0:
            raise InputError(f"{named}: the cost factor {factor} is negative. Give 0 or more.")
        cost[_row(named, names)] = factor
    off = _stand_in_error(shares, reduced, stand_in)
    model = learn_stand_in(shares, reduced, settings=stand_in, on_progress=on_progress)
    targets = space.targets(target)
    sparsity = settings.sparsity / max(len(controls), 1)
    guess = start_with(model, targets, free=free, sparsity=sparsity, first=first, settings=stand_in)
    rig = SampledRig(name, controls, samples.vertices[0].astype(np.float32), space, model)
    free_start = low + guess * span
    edges = [
        beside(np.empty((0, len(controls))) if rows is None else np.atleast_2d(rows), free_start[at])
        for rows, at in ((wishes.before, 0), (wishes.after, -1))
    ]
    refine = RefineSettings(sparsity=settings.sparsity, smoothness=ONE_PASS * settings.smoothness)
    found = refine_on_rig(
        rig.reduced, targets, start=guess, rest=shares[0], free=free, cost=cost, settings=refine,
        before=(edges[0] - low) / span, after=(edges[1] - low) / span, on_progress=on_progress,
    )  # fmt: skip
    start = RigStart(
        controls=controls,
        values=np.clip(low + found.shares * span, low, [c.maximum for c in controls]),
        free=free,
        cost=cost,
        blend=np.ones(len(controls)) if blend is None else blend,
        before=edges[0],
        after=edges[1],
        neutral=rig.neutral,
        scale=space.scale[::3].astype(np.float32),
        basis=space.basis.astype(np.float32),
        targets=targets,
        sparsity=refine.sparsity,
        smoothness=refine.smoothness,
    )
    return BlackBox(rig, start, off)


def _row(name: str, names: list[str]) -> int:
    if name not in names:
        raise UnknownNameError("rig samples: control", name, names)
    return names.index(name)


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
