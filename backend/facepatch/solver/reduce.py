"""Rig and targets in a few dimensions instead of all vertices, without loss (docs/methods/rig_solve.md, "Reduction").

The residual of a frame lies in the span of the rig's shapes, the basis of the targets and the offset between the two
rests. In an orthonormal basis of that span it has the same length, so no mesh is formed while solving.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from facepatch.core.axes import Axes, Float64
from facepatch.core.data.clip import Clip
from facepatch.core.data.pca import Pca
from facepatch.core.data.rig import Rig
from facepatch.core.errors import InputError, TopologyError

MM_PER_CM = 10.0


@dataclass(frozen=True, eq=False)
class Target:
    """Shapes to reach: frame t is mean + weights[t] @ basis, in the head space of the rig, cm."""

    mean: Float64
    """(3V,)"""
    basis: Float64
    """(M, 3V)"""
    weights: Float64
    """(T, M)"""


@dataclass(frozen=True, eq=False)
class Reduced:
    """Squared lengths here are mean squared mm over the (weighted) vertices."""

    shapes: Float64
    """(S, R) of each shape at weight 1."""
    basis: Float64
    """(M, R) of each component of the targets."""
    offset: Float64
    """(R,) from the rig's neutral to the mean of the targets."""

    def targets(self, weights: Any) -> Float64:
        """(T, M) weights -> (T, R), from the rig's neutral."""
        out: Float64 = as_float64(weights) @ self.basis + self.offset
        return out


def target_of(clip: Clip, rig: Rig) -> Target:
    """The shapes of `clip`, PCA weights or weights of the rig's own shapes.

    Raises TopologyError where the clip is of another mesh, and InputError where it names shapes that the rig does not
    have.
    """
    size = rig.neutral.size
    if clip.pca is None:
        known = {shape.name: row for row, shape in enumerate(rig.shapes)}
        missing = [name for name in clip.names if name not in known]
        if missing:
            raise InputError(
                f"{clip.name or 'clip'}: has no PCA, and {rig.name} has no shapes named {', '.join(missing[:5])}. "
                "Give a clip that was retargeted to this rig's mesh."
            )
        rows = [known[name] for name in clip.names]
        basis = rig.deltas.reshape(len(rig.deltas), size)[rows]
        return Target(
            rig.neutral.reshape(-1).astype(np.float64), basis.astype(np.float64), as_float64(clip.weights)
        )
    return pca_target(clip.pca, clip.weights, rig)


def pca_target(pca: Pca, weights: Any, rig: Rig) -> Target:
    """The shapes of PCA `weights` (T, M). Raises TopologyError where the PCA is of another mesh."""
    if pca.mean.size != rig.neutral.size:
        raise TopologyError(
            f"{rig.name}: has {rig.neutral.size // 3} vertices, but the PCA has {pca.mean.size // 3}. "
            "Give the rig of the character that the clip was retargeted to."
        )
    return Target(as_float64(pca.mean), as_float64(pca.basis), as_float64(weights))


def as_float64(values: Any) -> Float64:
    """As float64."""
    out: Float64 = np.asarray(values, dtype=np.float64)
    return out


def reduce(rig: Rig, target: Target, *, vertex_weights: Any = None) -> Reduced:
    """Rig and target in the span of both.

    vertex_weights: (V,) what each vertex counts; None for all the same. Raises InputError where they are negative or
    all zero.
    """
    scale = row_scale(vertex_weights, len(rig.neutral))
    shapes = rig.deltas.reshape(len(rig.deltas), -1).astype(np.float64)
    offset = target.mean - rig.neutral.reshape(-1)
    columns = np.concatenate([shapes, target.basis, offset[None]]) * scale
    # Columns of the transposed matrix; R of its QR holds them in the basis Q.
    triangle: Float64 = np.asarray(
        scipy.linalg.qr(columns.T, mode="r", check_finite=False, overwrite_a=True)[0]
    )
    inside = triangle[: len(columns)].T
    count = len(shapes)
    rows = np.ascontiguousarray(inside)
    return Reduced(shapes=rows[:count], basis=rows[count:-1], offset=rows[-1])


def row_scale(vertex_weights: Any, vertex_count: int) -> Float64:
    """(3V,) factors that turn a sum of squared cm into mean squared mm over the weighted vertices."""
    if vertex_weights is None:
        weights: Float64 = np.ones(vertex_count)
    else:
        weights = Axes()("vertex_weights", vertex_weights, "V", np.float64)
    if len(weights) != vertex_count or weights.min() < 0 or weights.sum() <= 0:
        raise InputError(
            f"vertex_weights: {len(weights)} values from {weights.min():g} to {weights.max():g} for {vertex_count} "
            "vertices; one for each vertex is needed, none negative and not all zero."
        )
    out: Float64 = np.repeat(np.sqrt(weights / weights.sum()), 3) * MM_PER_CM
    return out
