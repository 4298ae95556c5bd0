"""Maya's matrices: row vectors, p_world = p_object @ M; angles in radians; six rotate orders."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

ORDERS = ("xyz", "yzx", "zxy", "xzy", "yxz", "zyx")


def translation(offset: Sequence[float]) -> Any:
    m = np.eye(4)
    m[3, :3] = offset
    return m


def scaling(factors: Sequence[float]) -> Any:
    return np.diag([*map(float, factors), 1.0])


def shearing(shear: Sequence[float]) -> Any:
    """xy, xz, yz as Maya has them."""
    m = np.eye(4)
    m[1, 0], m[2, 0], m[2, 1] = shear
    return m


def about(axis: int, angle: float) -> Any:
    m = np.eye(4)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    c, s = np.cos(angle), np.sin(angle)
    m[i, i], m[i, j], m[j, i], m[j, j] = c, s, -s, c
    return m


def rotation(angles: Sequence[float], order: int = 0) -> Any:
    """The first axis of the order turns first."""
    m = np.eye(4)
    for letter in ORDERS[order]:
        axis = "xyz".index(letter)
        m = m @ about(axis, angles[axis])
    return m


def euler(m: Any, order: int = 0) -> Any:
    """(x, y, z) radians of the rotation in a matrix without scale."""
    i, j, k = ("xyz".index(letter) for letter in ORDERS[order])
    sign = 1.0 if (j - i) % 3 == 1 else -1.0
    # Row vectors: m = R_i R_j R_k, so m[i] holds what the first axis becomes.
    middle = np.arcsin(np.clip(-sign * m[i, k], -1.0, 1.0))
    out = np.zeros(3)
    out[j] = middle
    if abs(m[i, k]) < 1 - 1e-12:
        out[i] = np.arctan2(sign * m[j, k], m[k, k])
        out[k] = np.arctan2(sign * m[i, j], m[i, i])
    else:
        out[i] = np.arctan2(-sign * m[k, j], m[j, j])
    return out


def decompose(m: Any) -> tuple[Any, Any, Any, Any]:
    """scale (3,), shear (3,), rotation (4, 4) and translation (3,) of m = scale shear rotation translation."""
    rows = np.array(m[:3, :3], float)
    x = rows[0]
    sx = np.linalg.norm(x) or 1.0
    x = x / sx
    shear_xy = x @ rows[1]
    y = rows[1] - shear_xy * x
    sy = np.linalg.norm(y) or 1.0
    y = y / sy
    shear_xz, shear_yz = x @ rows[2], y @ rows[2]
    z = rows[2] - shear_xz * x - shear_yz * y
    sz = np.linalg.norm(z) or 1.0
    z = z / sz
    if np.cross(x, y) @ z < 0:
        x, y, z, sx, sy, sz = -x, -y, -z, -sx, -sy, -sz
    turned = np.eye(4)
    turned[:3, :3] = [x, y, z]
    # rows = S Sh R with Sh[1,0] = xy: row 1 = sy (xy x + y).
    shear = np.array([shear_xy / sy, shear_xz / sz, shear_yz / sz]) if abs(sy * sz) > 0 else np.zeros(3)
    return (
        np.array([sx, sy, sz]),
        np.where(np.abs(shear) < 1e-14, 0.0, shear),
        turned,
        np.array(m[3, :3], float),
    )


def transform_points(points: Any, m: Any) -> Any:
    """(N, 3) points by a matrix."""
    return points @ m[:3, :3] + m[3, :3]
