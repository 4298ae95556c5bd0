"""Rotation matrices -> Euler angles that make smooth curves."""

from __future__ import annotations

import numpy as np

from facepatch.core.axes import Float64


def unwrapped_euler(rotation: Float64) -> Float64:
    """(T, 3, 3) -> (T, 3) radians (x, y, z) with R = Rz Ry Rx on column vectors, Maya's rotate order xyz.

    Each angle is unwrapped over time, so that no curve jumps by a turn. At |y| = 90 degrees, which a head
    does not reach, x and z are not unique and z is held at 0.
    """
    y = -np.arcsin(np.clip(rotation[:, 2, 0], -1, 1))
    free = np.abs(rotation[:, 2, 0]) < 1 - 1e-9
    x = np.where(
        free,
        np.arctan2(rotation[:, 2, 1], rotation[:, 2, 2]),
        np.arctan2(-rotation[:, 1, 2], rotation[:, 1, 1]),
    )
    z = np.where(free, np.arctan2(rotation[:, 1, 0], rotation[:, 0, 0]), 0.0)
    return np.unwrap(np.stack([x, y, z], axis=1), axis=0)
