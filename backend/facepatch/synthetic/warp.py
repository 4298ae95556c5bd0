"""Bends the average head to a style: a smooth map of space, so that whatever touched before touches after.

Every shape of the face goes through the same map, which is why lids that close on the average head close on each
style, and an eyeball stays behind its lids.
"""

from __future__ import annotations

import numpy as np

from facepatch.core.axes import Float32, Float64
from facepatch.synthetic.style import FaceStyle

EYE = np.array([3.12, 3.60, 8.00])
"""Centre of the average head's left eyeball."""


def warp(points: Float32, style: FaceStyle) -> Float32:
    """(..., 3) cm of the average head -> (..., 3) cm of the styled head. Mirror-symmetric in x."""
    flat = points.reshape(-1, 3).astype(np.float64)
    moved = flat.copy()
    for move in (_skull, _jaw, _cheeks, _neck, _nose, _mouth, _ears, _brows, _eyes):
        moved += move(flat, style)
    return moved.reshape(points.shape).astype(np.float32)


def _skull(p: Float64, style: FaceStyle) -> Float64:
    out = np.zeros_like(p)
    whole = _step(p[:, 1], -11.0, -7.0)
    out[:, 0] = whole * (style.head_width - 1.0) * p[:, 0]
    out += (_step(p[:, 1], 3.5, 9.5) * (style.skull - 1.0))[:, None] * (p - [0.0, 4.0, -1.0])
    return out


def _jaw(p: Float64, style: FaceStyle) -> Float64:
    out = np.zeros_like(p)
    front = _step(p[:, 2], -3.0, 3.0) * _step(p[:, 1], -10.0, -8.2)
    out[:, 0] = front * _step(-p[:, 1], -2.0, 5.0) * (style.jaw_width - 1.0) * p[:, 0]
    # what lies under the chin rises with it
    out[:, 1] = _step(-p[:, 1], 0.5, 7.5) * (1.0 - style.chin_length) * 5.0
    return out


def _cheeks(p: Float64, style: FaceStyle) -> Float64:
    out = np.zeros_like(p)
    for side in (1.0, -1.0):
        from_center = p - [side * 4.6, -2.2, 8.2]
        weight = np.exp(-((from_center / [2.6, 2.6, 3.5]) ** 2).sum(axis=1))
        out += style.cheeks * weight[:, None] * [side * 0.6, -0.1, 0.8]
    return out


def _neck(p: Float64, style: FaceStyle) -> Float64:
    out = np.zeros_like(p)
    # the neck is narrowed below the jaw only; the shoulders have their own size
    at_neck = _step(-p[:, 1], 5.0, 10.5) * _step(6.5 - p[:, 2], -1.5, 2.5)
    shoulders = _step(-p[:, 1], 11.0, 15.0)
    ratio = (style.neck_width - 1.0) * (1.0 - shoulders) + (style.body - 1.0) * shoulders
    out[:, 0] = at_neck * ratio * p[:, 0]
    out[:, 2] = at_neck * ratio * (p[:, 2] + 0.5)
    out[:, 1] = shoulders * (style.body - 1.0) * (p[:, 1] + 13.0)
    return out


def _nose(p: Float64, style: FaceStyle) -> Float64:
    from_center = p - [0.0, 0.3, 9.6]
    weight = _bump(from_center / [2.0, 2.9, 3.6], 0.55, 1.35)
    return (weight * (style.nose_size - 1.0))[:, None] * from_center * [1.0, 0.8, 1.0]


def _mouth(p: Float64, style: FaceStyle) -> Float64:
    from_center = p - [0.0, -3.4, 8.0]
    weight = _bump(from_center / [3.6, 2.4, 6.5], 0.85, 1.7)
    size = np.array([style.mouth_width, 0.5 + 0.5 * style.mouth_width, 0.5 + 0.5 * style.mouth_width])
    lips = _bump((p - [0.0, -3.4, 10.8]) / [2.7, 1.3, 2.6], 0.5, 1.4)
    out = weight[:, None] * (size - 1.0) * from_center
    out[:, 1] += lips * (style.lip_height - 1.0) * (p[:, 1] + 3.38)
    return out


def _ears(p: Float64, style: FaceStyle) -> Float64:
    out = np.zeros_like(p)
    for side in (1.0, -1.0):
        from_center = p - [side * 7.3, 1.4, 1.0]
        weight = _bump((p - [side * 8.6, 1.6, 0.0]) / [1.7, 3.6, 3.2], 0.75, 1.25)
        out += (weight * (style.ear_size - 1.0))[:, None] * from_center
    return out


def _brows(p: Float64, style: FaceStyle) -> Float64:
    out = np.zeros_like(p)
    rise = _bump((p - [0.0, 6.2, 9.0]) / [7.5, 2.6, 5.0], 0.25, 1.3)
    out[:, 1] = rise * style.brow_height
    return out


def _eyes(p: Float64, style: FaceStyle) -> Float64:
    out = np.zeros_like(p)
    size = np.array([style.eye_size, style.eye_size * style.eye_height, style.eye_size])
    for side in (1.0, -1.0):
        center = EYE * [side, 1.0, 1.0]
        from_center = p - center
        # falls so slowly that sizes up to 2.5 nowhere fold the skin: the slope stays above -9/16 (size - 1)
        reach = np.linalg.norm(from_center / [2.6, 2.6, 4.0], axis=1)
        weight = 1.0 / (1.0 + reach**4)
        shift = np.array([side * (style.eye_spacing - 1.0) * EYE[0], 0.0, -(style.eye_size - 1.0) * 0.25])
        out += weight[:, None] * ((size - 1.0) * from_center + shift)
    return out


def _step(x: Float64, low: float, high: float) -> Float64:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    out: Float64 = t * t * t * (t * (6.0 * t - 15.0) + 10.0)
    return out


def _bump(offset: Float64, inner: float, outer: float) -> Float64:
    """1 within `inner` of the origin, 0 outside `outer`, smooth between."""
    return 1.0 - _step(np.linalg.norm(offset, axis=-1), inner, outer)
