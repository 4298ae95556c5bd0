"""Least-squares similarity and rigid fits between two sets of corresponding points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from facepatch.core.axes import Axes, Float64
from facepatch.core.errors import ShapeError


@dataclass(frozen=True, eq=False)
class Similarity:
    """target = scale * rotation @ source + translation, on column vectors, in D = 2 or 3 dimensions.

    One transform, or one per frame with a leading axis T in all three.
    """

    rotation: Float64
    """(D, D) or (T, D, D), determinant +1"""
    scale: Float64
    """() or (T,)"""
    translation: Float64
    """(D,) or (T, D)"""

    def apply(self, points: Any) -> Float64:
        """Move points (L, D), or (T, L, D) with one transform or one per frame."""
        moved = np.asarray(points, dtype=np.float64) @ np.swapaxes(self.rotation, -1, -2)
        return self.scale[..., np.newaxis, np.newaxis] * moved + self.translation[..., np.newaxis, :]

    def inverse(self) -> Similarity:
        """The similarity that brings the target back to the source."""
        back = np.swapaxes(self.rotation, -1, -2)
        scale = 1.0 / self.scale
        shift = -scale[..., np.newaxis] * np.einsum("...ij,...j->...i", back, self.translation)
        return Similarity(np.ascontiguousarray(back), scale, shift)

    @property
    def affine(self) -> Float64:
        """(D, D + 1) or (T, D, D + 1): [scale * rotation | translation]."""
        linear = self.scale[..., np.newaxis, np.newaxis] * self.rotation
        return np.concatenate([linear, self.translation[..., np.newaxis]], axis=-1)


def fit_similarity(
    source: Any, target: Any, *, weights: Any | None = None, with_scale: bool = True
) -> Similarity:
    """The similarity with the least weighted squared error of source points on target points.

    Minimises sum_l w_l |target_l - (s R source_l + t)|^2 with R a rotation (no mirror image), after Umeyama
    1991, "Least-squares estimation of transformation parameters between two point patterns", eq. 34-42:
    with the cross-covariance C = sum_l w_l (target_l - mt)(source_l - ms)^T = U D V^T and
    S = diag(1, ..., det(U) det(V)):  R = U S V^T,  s = trace(D S) / sum_l w_l |source_l - ms|^2,  t = mt - s
    R ms.

    source, target: (L, D) or (T, L, D) each, D = 2 or 3; with one of them (L, D) it serves every frame.
    weights: (L,), at least 0; equal where None. `with_scale=False` gives the rigid fit (s = 1).
    Raises ShapeError on other shapes, non-finite values, and source points that all coincide.
    """
    check = Axes()
    rank = max(np.ndim(source), np.ndim(target))
    first = check("source", source, "T L D" if np.ndim(source) == 3 else "L D", np.float64)
    second = check("target", target, "T L D" if np.ndim(target) == 3 else "L D", np.float64)
    size = first.shape[-1]
    if size not in (2, 3):
        raise ShapeError(f"source: points need 2 or 3 coordinates, got {size}.")
    amount = _unit_weights(first.shape[-2], weights)
    mean_source = np.einsum("l,...lx->...x", amount, first)
    mean_target = np.einsum("l,...lx->...x", amount, second)
    a = first - mean_source[..., np.newaxis, :]
    b = second - mean_target[..., np.newaxis, :]
    spread = np.einsum("l,...lx,...lx->...", amount, a, a)
    if not (spread > 0.0).all():
        raise ShapeError("source: all points with a weight coincide, so no similarity can be fitted to them.")
    covariance = np.einsum("l,...lx,...ly->...xy", amount, b, a)
    u, d, vt = np.linalg.svd(covariance)
    signs = np.ones(d.shape)
    signs[..., -1] = np.where(np.linalg.det(u) * np.linalg.det(vt) < 0.0, -1.0, 1.0)
    rotation = np.einsum("...ij,...j,...jk->...ik", u, signs, vt)
    scale = np.asarray((d * signs).sum(axis=-1) / spread if with_scale else np.ones(d.shape[:-1]))
    shift = mean_target - scale[..., np.newaxis] * np.einsum("...ij,...j->...i", rotation, mean_source)
    assert rotation.ndim == rank
    return Similarity(rotation, scale, shift)


def _unit_weights(count: int, weights: Any | None) -> Float64:
    if weights is None:
        return np.full(count, 1.0 / count)
    values = Axes()("weights", weights, "L", np.float64)
    if values.size != count or (values < 0.0).any() or values.sum() <= 0.0:
        raise ShapeError(
            f"weights: needs {count} values of at least 0 that are not all 0, got {values.size} values."
        )
    return values / values.sum()
