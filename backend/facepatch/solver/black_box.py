"""Rigs that are no blendshapes: a stand-in for the start, the rig itself for the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from facepatch.core.axes import Float32, Float64
from facepatch.core.data.rig import RigControl
from facepatch.core.errors import TopologyError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.rig_refine import Refined, RefineSettings, refine_on_rig
from facepatch.core.rig_samples import RigSamples
from facepatch.solver.reduce import Target, row_scale
from facepatch.solver.stand_in import StandInSettings, learn_stand_in, start_with

Rig = Callable[[Float64], Float32]
"""(S, C) values in the controls' units -> (S, V, 3) head space, cm."""

COMPONENTS = 80
VARIANCE = 0.99999


@dataclass(frozen=True, eq=False)
class SampledSpace:
    """A few dimensions in which meshes of the rig and of the clip are compared."""

    basis: Float64
    """(3V, R) orthonormal columns"""
    scale: Float64
    """(3V,) as `solver.reduce.row_scale`"""
    neutral: Float64
    """(3V,) of the rig at its defaults"""

    def project(self, vertices: Any) -> Float64:
        """(S, V, 3) cm -> (S, R), lengths in mm."""
        flat = np.asarray(vertices, np.float64).reshape(len(vertices), -1)
        out: Float64 = ((flat - self.neutral) * self.scale) @ self.basis
        return out


def sampled_space(samples: RigSamples, target: Target, *, vertex_weights: Any = None) -> SampledSpace:
    """The span of the clip and of nearly all that the samples do. Raises TopologyError for different meshes."""
    count = samples.vertices.shape[1]
    if target.mean.size != 3 * count:
        raise TopologyError(
            f"The rig was sampled with {count} vertices, but the clip has {target.mean.size // 3}. "
            "Sample the meshes that the clip was retargeted to, in the same order."
        )
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
    return SampledSpace(basis, scale, neutral)


def solve_black_box(
    rig: Rig,
    samples: RigSamples,
    target: Target,
    *,
    vertex_weights: Any = None,
    refine: RefineSettings | None = None,
    stand_in: StandInSettings | None = None,
    on_progress: OnProgress = silent,
) -> tuple[Float64, Refined]:
    """(T, C) values in the controls' units, within their limits, and how they were found."""
    refine = refine or RefineSettings()
    controls = samples.controls
    low, span = ranges(controls)
    space = sampled_space(samples, target, vertex_weights=vertex_weights)
    shares = (samples.values - low) / span
    free = np.asarray([c.is_free and c.name not in samples.idle for c in controls], bool)
    targets = space.project((target.weights @ target.basis + target.mean).reshape(len(target.weights), -1, 3))
    model = learn_stand_in(
        shares, space.project(samples.vertices), settings=stand_in, on_progress=on_progress
    )
    start = start_with(model, targets, free=free, sparsity=refine.sparsity / len(controls), settings=stand_in)

    def evaluate(rows: Float64) -> Float64:
        return space.project(rig(low + rows * span))

    found = refine_on_rig(
        evaluate, targets, start=start, rest=shares[0], free=free, settings=refine, on_progress=on_progress
    )
    values: Float64 = np.clip(low + found.shares * span, low, [c.maximum for c in controls])
    return values, found


def ranges(controls: tuple[RigControl, ...]) -> tuple[Float64, Float64]:
    """Minimum and range of each; the range is 1 where there is none."""
    low = np.asarray([control.minimum for control in controls])
    span = np.asarray([control.maximum - control.minimum for control in controls])
    return low, np.where(span > 0, span, 1.0)
