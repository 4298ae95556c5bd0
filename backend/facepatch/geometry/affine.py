"""Affine maps of the plane as (..., 2, 3) matrices on column vectors."""

from __future__ import annotations

import numpy as np

from facepatch.core.axes import Float64


def transform(matrices: Float64, points: Float64) -> Float64:
    """Move points. (..., 2, 3) on (..., L, 2) -> (..., L, 2)"""
    return points @ np.swapaxes(matrices[..., :2], -1, -2) + matrices[..., None, :, 2]


def inverse(matrices: Float64) -> Float64:
    """The maps back. (..., 2, 3) -> (..., 2, 3)"""
    linear = np.linalg.inv(matrices[..., :2])
    return np.concatenate([linear, -linear @ matrices[..., 2:]], -1)


def compose(outer: Float64, inner: Float64) -> Float64:
    """`outer` after `inner`, (..., 2, 3) each."""
    linear = outer[..., :2] @ inner[..., :2]
    return np.concatenate([linear, outer[..., :2] @ inner[..., 2:] + outer[..., 2:]], -1)
