"""Textures of a generated face, painted by the place of each texel on the average head.

The skin's uv goes around the head from the back (u = 0) over its right side, the face (0.5) and its left side, with
more room for the face; v runs from the shoulders to the crown.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import CubicSpline

from facepatch.core.axes import Bool, Float32, Int32, UInt8
from facepatch.core.data.landmarks import landmark_indices
from facepatch.geometry.smoothstep import smoothstep
from facepatch.synthetic.pieces import EYE_EDGE, HAIR_CENTER, hairline
from facepatch.synthetic.style import FaceStyle, HairStyle
from facepatch.synthetic.template import Template

Floats = NDArray[np.floating[Any]]

SKIN_SIZE = 768
EYE_SIZE = 256
HAIR_SIZE = (256, 512)
"""Rows, columns."""
_LOW, _HIGH = -19.5, 14.8
"""Heights of the bottom and the top of the skin texture, cm."""
_FACE_ROOM = 0.72
"""Exponent that gives the face more of the texture than the back of the head."""


def skin_uv(points: Float32, triangles: Int32) -> Float32:
    """(V, 3) of the average head -> (F, 3, 2). A triangle lies on one side of the seam at the back."""
    corners = points[triangles].astype(np.float64)
    angle = np.arctan2(np.abs(corners[..., 0]), corners[..., 2])
    side = np.where(corners[..., 0].sum(axis=1) >= 0.0, 1.0, -1.0)[:, None]
    u = 0.5 + 0.5 * side * (angle / np.pi) ** _FACE_ROOM
    v = (corners[..., 1] - _LOW) / (_HIGH - _LOW)
    return np.stack([u, v], axis=2).astype(np.float32)


def paint_skin(template: Template, style: FaceStyle, seed: int) -> UInt8:
    """(H, W, 3) sRGB texture of skin, lips, brows, lash line, hair roots and shirt."""
    place, open_share, known = _bake(template)
    rng = default_rng(seed)
    color = np.empty_like(place)
    color[:] = style.skin
    _paint_complexion(color, place, style, rng)
    _paint_freckles(color, place, style, rng)
    _paint_eye_sockets(color, place, template, style)
    _paint_lips(color, place, template, style)
    shade = 1.0 - np.clip(open_share, 0.0, 1.0) ** 0.8
    _darken(color, (0.5 + 0.5 * style.mottle) * shade, (0.48, 0.68, 0.73))
    _paint_brows(color, place, template, style, rng)
    _paint_lash_lines(color, place, template, style)
    if style.hair.volume > 0.0:
        _paint_hair_roots(color, place, style.hair)
    _paint_shirt(color, place, open_share, style)
    nearest: Any = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    return _bytes(color[nearest[0], nearest[1]])


def paint_eye(style: FaceStyle, seed: int) -> UInt8:
    """(H, W, 3) sRGB: sclera, limbal ring, iris with fibres, pupil and a painted glint."""
    rng = default_rng(seed)
    row, column = np.mgrid[0:EYE_SIZE, 0:EYE_SIZE]
    x, y = (column + 0.5) / EYE_SIZE * 2.0 - 1.0, 1.0 - (row + 0.5) / EYE_SIZE * 2.0
    angle = np.arctan2(y, x)
    radius = np.hypot(x, y) * np.degrees(EYE_EDGE) / style.iris_degrees
    sclera = np.array([0.95, 0.94, 0.93]) - 0.10 * smoothstep(radius, 1.3, 2.6)[..., None] * [0.6, 1.2, 1.2]
    fibres = sum(np.sin(n * angle + rng.uniform(0.0, 6.3)) / n**0.5 for n in (17, 29, 41, 53)) * 0.05
    bright = 0.72 + 0.55 * smoothstep(radius, 0.35, 0.9) * smoothstep(-y / 0.5, -0.7, 0.7) + fibres
    iris = np.asarray(style.iris) * bright[..., None]
    iris *= 1.0 - 0.65 * smoothstep(radius, 0.82, 1.0)[..., None]
    color = _mix(sclera, iris, 1.0 - smoothstep(radius, 0.96, 1.05))
    color = _mix(
        color, np.array([0.03, 0.03, 0.04]), 1.0 - smoothstep(radius, style.pupil - 0.06, style.pupil + 0.04)
    )
    scale = style.iris_degrees / np.degrees(EYE_EDGE)
    for at_x, at_y, size in ((-0.34, 0.42, 0.25), (0.38, -0.40, 0.11)):
        glint = np.hypot(x / scale - at_x, y / scale - at_y)
        color = _mix(
            color, np.array([1.0, 1.0, 1.0]), 0.95 * (1.0 - smoothstep(glint, size - 0.06, size + 0.05))
        )
    return _bytes(color)


def paint_hair(style: HairStyle, seed: int) -> UInt8:
    """(H, W, 3) sRGB: strands from the crown (top row) to the hairline, lighter where the cap bulges."""
    rng = default_rng(seed)
    rows, columns = HAIR_SIZE
    v = (np.arange(rows) + 0.5)[::-1, None] / rows
    u = (np.arange(columns) + 0.5)[None] / columns
    strands = np.zeros((rows, columns))
    for frequency, strength in ((style.locks, 0.05), (53, 0.05), (97, 0.06), (151, 0.05)):
        bend = rng.uniform(0.0, 6.3) + 0.8 * np.sin(2.0 * np.pi * (u * rng.integers(2, 6) + v * 0.7))
        strands += strength * np.sin(2.0 * np.pi * frequency * u + bend)
    sheen = 0.16 * np.exp(-(((v - 0.52) / 0.16) ** 2)) - 0.28 * smoothstep(-v, -0.16, 0.0)
    bright = 1.0 + 1.6 * strands + sheen
    return _bytes(np.asarray(style.color) * bright[..., None])


# --- skin ------------------------------------------------------------------------------------------------------


def _bake(template: Template) -> tuple[Floats, Floats, Bool]:
    """Place (H, W, 3) on the average head, open share (H, W), and which texels lie on the skin (H, W)."""
    left = template.triangle_part == template.part_names.index("skin")
    left &= template.vertices[template.triangles][..., 0].sum(axis=1) >= 0.0
    triangles = template.triangles[left]
    uv = skin_uv(template.vertices, triangles).astype(np.float64) * SKIN_SIZE
    values = np.concatenate([template.vertices, template.occlusion[:, None]], axis=1).astype(np.float64)[
        triangles
    ]
    half = np.zeros((SKIN_SIZE, SKIN_SIZE // 2, 4))
    known = np.zeros(half.shape[:2], dtype=bool)
    # folds overlap: the triangle farthest from the axis is seen, so it is painted last
    order = np.argsort(np.hypot(values[..., 0], values[..., 2]).mean(axis=1), kind="stable")
    for corners, value in zip(uv[order], values[order]):
        _fill(half, known, corners - [SKIN_SIZE // 2, 0.0], value)
    half, known = half[::-1], known[::-1]
    whole = np.concatenate([half[:, ::-1] * [-1.0, 1.0, 1.0, 1.0], half], axis=1).astype(np.float32)
    return whole[..., :3].copy(), whole[..., 3].copy(), np.concatenate([known[:, ::-1], known], axis=1)


def _fill(image: Floats, known: Bool, corners: Floats, values: Floats) -> None:
    """Interpolate `values` (3, C) over the triangle `corners` (3, 2), x and row, half a texel generous."""
    low = np.maximum(np.floor(corners.min(axis=0) - 0.5), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=0) + 0.5), [image.shape[1], image.shape[0]]).astype(int)
    a, b, c = corners
    double_area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if (high <= low).any() or abs(double_area) < 1e-9:
        return
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]] + 0.5
    first = ((b[0] - x) * (c[1] - y) - (b[1] - y) * (c[0] - x)) / double_area
    second = ((c[0] - x) * (a[1] - y) - (c[1] - y) * (a[0] - x)) / double_area
    weights = np.stack([first, second, 1.0 - first - second], axis=-1)
    longest = np.linalg.norm(np.roll(corners, 1, axis=0) - corners, axis=1).max()
    inside = weights.min(axis=-1) > -0.5 * longest / abs(double_area)
    window = image[low[1] : high[1], low[0] : high[0]]
    window[inside] = weights[inside] @ values
    known[low[1] : high[1], low[0] : high[0]] |= inside


def _paint_complexion(color: Floats, place: Floats, style: FaceStyle, rng: Generator) -> None:
    x, y, z = np.abs(place[..., 0]), place[..., 1], place[..., 2]
    red = 0.75 * _blob(place, (4.9, -0.4, 8.0), (2.3, 1.8, 4.0)) + 0.5 * _blob(
        place, (0.0, 0.4, 12.6), (1.3, 1.2, 1.6)
    )
    red += 0.35 * _blob(place, (0.0, -6.6, 10.6), (1.6, 1.1, 2.0)) + 0.55 * _blob(
        place, (9.0, 1.5, 0.0), (1.8, 3.5, 3.0)
    )
    _darken(color, style.blush * np.clip(red, 0.0, 1.0), (0.02, 0.20, 0.18))
    pale = _blob(place, (0.0, 8.6, 8.5), (5.0, 2.2, 4.0))
    _darken(color, pale, (-0.03, -0.03, -0.02))
    below = smoothstep(-y, 6.0, 9.0) * smoothstep(z, -2.0, 4.0)
    _darken(color, below, (0.07, 0.07, 0.07))
    blotch = _noise(place, 0.55, rng) + 0.6 * _noise(place, 1.7, rng) + 0.5 * _noise(place, 5.0, rng)
    _darken(color, style.mottle * blotch, (0.018, 0.033, 0.036))
    grain = rng.standard_normal(x.shape, dtype=np.float32)
    _darken(color, style.mottle * grain, (0.018, 0.018, 0.018))


def _paint_freckles(color: Floats, place: Floats, style: FaceStyle, rng: Generator) -> None:
    rows, columns = _window(place, (-6.5, 6.5), (-2.5, 4.0))
    part, spots = place[rows, columns], np.zeros(place[rows, columns].shape[:2])
    for _ in range(style.freckles):
        x = rng.normal(0.0, 3.2)
        y = rng.normal(0.7, 1.0) - 0.05 * abs(x)
        size, depth = rng.uniform(0.05, 0.11), rng.uniform(0.25, 0.9)
        spots = np.maximum(
            spots, depth * np.exp(-((part[..., 0] - x) ** 2 + (part[..., 1] - y) ** 2) / size**2)
        )
    spots *= smoothstep(part[..., 2], 4.5, 7.0)
    _darken(color[rows, columns], spots, (0.22, 0.34, 0.40))


def _paint_eye_sockets(color: Floats, place: Floats, template: Template, style: FaceStyle) -> None:
    deep = 0.3 + 0.7 * style.mottle
    socket = _blob(place, (3.1, 3.5, 9.3), (1.9, 1.1, 3.0))
    _darken(color, deep * socket, (0.05, 0.10, 0.08))
    crease = _blob(place, (3.2, 4.6, 9.4), (1.6, 0.28, 2.0))
    _darken(color, deep * crease, (0.08, 0.13, 0.12))


def _paint_lips(color: Floats, place: Floats, template: Template, style: FaceStyle) -> None:
    rows, columns = _window(place, (-3.4, 3.4), (-5.6, -1.6))
    part = place[rows, columns]
    ring = template.vertices[template.landmark_vertices[landmark_indices("lips_outer")]].astype(np.float64)
    outline = _closed_curve(ring[:, :2], 96)
    inside = _signed_distance(part[..., :2], outline)
    lips = smoothstep(inside, -0.07, 0.13) * smoothstep(part[..., 2], 7.5, 9.0)
    color[rows, columns] = _mix(color[rows, columns], np.asarray(style.lips), 0.92 * lips)
    # a light edge above the upper lip, fuller middle of the lower one
    edge = (
        np.exp(-(((inside + 0.12) / 0.11) ** 2))
        * smoothstep(part[..., 1], -3.2, -2.8)
        * smoothstep(part[..., 2], 8.0, 10.0)
    )
    _darken(color[rows, columns], edge, (-0.05, -0.05, -0.05))
    shine = _blob(part, (0.0, -4.0, 11.5), (1.1, 0.22, 1.5)) * lips
    _darken(color[rows, columns], shine, (-0.14, -0.14, -0.14))


def _paint_brows(color: Floats, place: Floats, template: Template, style: FaceStyle, rng: Generator) -> None:
    rows, columns = _window(place, (-7.5, 7.5), (3.5, 8.5))
    part = place[rows, columns].copy()
    part[..., 0] = np.abs(part[..., 0])
    points = template.vertices[template.landmark_vertices[landmark_indices("brow_l")]].astype(np.float64)
    points += [0.0, -0.22, 0.0]
    curve = CubicSpline(np.linspace(0.0, 1.0, 5), points)(np.linspace(0.0, 1.0, 60))
    offset = part[..., None, :] - curve
    distance = np.linalg.norm(offset, axis=-1)
    nearest = distance.argmin(axis=-1)
    along = nearest / 59.0  # 0 at the outer end
    reach = np.take_along_axis(distance, nearest[..., None], axis=-1)[..., 0]
    above = np.take_along_axis(offset[..., 1], nearest[..., None], axis=-1)[..., 0]
    width = (
        0.5
        * style.brow_width
        * (0.42 + 0.62 * smoothstep(along, 0.0, 0.6))
        * (1.0 - 0.18 * smoothstep(along, 0.9, 1.0))
    )
    body = 1.0 - smoothstep(reach, 0.62 * width, 1.12 * width)
    tilt = part[..., 0] * 9.0 - above * 6.0
    hairs = 0.5 + 0.5 * np.sin(tilt * 2.1 + 1.5 * np.sin(part[..., 0] * 5.0)) * np.sin(
        tilt * 5.3 + above * 9.0
    )
    cover = body * (0.94 - 0.30 * style.mottle * hairs) * (0.72 + 0.28 * smoothstep(1.0 - along, 0.0, 0.12))
    color[rows, columns] = _mix(color[rows, columns], np.asarray(style.brows), np.clip(cover, 0.0, 1.0))


def _paint_lash_lines(color: Floats, place: Floats, template: Template, style: FaceStyle) -> None:
    rows, columns = _window(place, (-5.5, 5.5), (2.0, 5.0))
    part = place[rows, columns].copy()
    part[..., 0] = np.abs(part[..., 0])
    margin = template.vertices[template.upper_lids[0]].astype(np.float64)
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(margin, axis=0), axis=1))]
    at = np.linspace(0.0, 0.84 * along[-1], 60)
    line = np.stack([np.interp(at, along, column) for column in margin.T], axis=1)
    reach = np.linalg.norm(part[..., None, :] - line, axis=-1).min(axis=-1)
    cover = 0.9 * (1.0 - smoothstep(reach, 0.05, 0.15))
    color[rows, columns] = _mix(color[rows, columns], np.asarray(style.lashes), cover)


def _paint_hair_roots(color: Floats, place: Floats, style: HairStyle) -> None:
    ray = place - HAIR_CENTER
    azimuth = np.arctan2(ray[..., 0], ray[..., 2])
    polar = np.degrees(np.arctan2(np.hypot(ray[..., 0], ray[..., 2]), ray[..., 1]))
    strands = np.sin(140.0 * azimuth + 3.0 * np.sin(9.0 * azimuth)) + np.sin(61.0 * azimuth + 1.0)
    inside = hairline(azimuth, style) - polar + 0.9 * strands
    cover = smoothstep(inside, -2.0, 4.0) * smoothstep(10.2 - np.abs(place[..., 0]), 1.0, 1.6)
    _cover(color, 0.55 * np.asarray(style.color), 0.9 * cover)


def _paint_shirt(color: Floats, place: Floats, open_share: Floats, style: FaceStyle) -> None:
    collar = -12.9 - 0.24 * place[..., 2] + 0.012 * place[..., 0] ** 2
    below = collar - place[..., 1]
    cloth = np.asarray(style.shirt) * (0.55 + 0.45 * open_share[..., None])
    weave = 1.0 + 0.03 * np.sin(place[..., 0] * 26.0) * np.sin(place[..., 1] * 26.0)
    band = smoothstep(below, 0.0, 0.05) - smoothstep(below, 0.75, 0.85)
    cloth *= (weave * (1.0 - 0.22 * band))[..., None]
    shadow = 1.0 - 0.25 * smoothstep(-below, -0.05, 0.0) * (1.0 - smoothstep(-below, 0.0, 0.7))
    _darken(color, np.where(below < 0.0, 1.0 - shadow, 0.0), (1.0, 1.0, 1.0))
    _cover(color, cloth, smoothstep(below, -0.03, 0.06))


# --- tools -----------------------------------------------------------------------------------------------------


def _window(place: Floats, x: tuple[float, float], y: tuple[float, float]) -> tuple[slice, slice]:
    """Rows and columns of the texture that show the front of the face between these heights and sides."""
    top, bottom = (int(SKIN_SIZE * (1.0 - (height - _LOW) / (_HIGH - _LOW))) for height in (y[1], y[0]))
    edge = 0.5 * (np.arctan2(max(abs(x[0]), abs(x[1])), 5.5) / np.pi) ** _FACE_ROOM
    return slice(top, bottom), slice(int(SKIN_SIZE * (0.5 - edge)), int(SKIN_SIZE * (0.5 + edge)) + 1)


def _blob(place: Floats, center: tuple[float, float, float], size: tuple[float, float, float]) -> Floats:
    """A soft spot on both sides of the face."""
    total = ((np.abs(place[..., 0]) - center[0]) / size[0]) ** 2
    total += ((place[..., 1] - center[1]) / size[1]) ** 2
    total += ((place[..., 2] - center[2]) / size[2]) ** 2
    out: Floats = np.exp(-total)
    return out


def _noise(place: Floats, frequency: float, rng: Generator) -> Floats:
    """Smooth noise of unit size over space: a sum of waves in random directions."""
    waves = 6
    direction = rng.standard_normal((waves, 3))
    direction *= (
        frequency * rng.uniform(0.6, 1.6, waves)[:, None] / np.linalg.norm(direction, axis=1, keepdims=True)
    )
    phase = rng.uniform(0.0, 2.0 * np.pi, waves)
    flat = place.reshape(-1, 3).astype(np.float32)
    total = np.zeros(len(flat), dtype=np.float32)
    for vector, start in zip(direction.astype(np.float32), phase.astype(np.float32)):
        total += np.sin(2.0 * np.pi * (flat @ vector) / 2.5 + start)
    return (total * (2.0 / waves) ** 0.5).reshape(place.shape[:2])


def _closed_curve(points: Floats, count: int) -> Floats:
    ring = np.concatenate([points, points[:1]])
    step = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(ring, axis=0), axis=1))]
    # sharp at the mouth's corners (points 0 and 6), smooth between
    half = len(points) // 2
    pieces = [CubicSpline(step[s], ring[s])(np.linspace(step[s][0], step[s][-1], count // 2, endpoint=False))
              for s in (slice(0, half + 1), slice(half, None))]  # fmt: skip
    return np.concatenate(pieces)


def _signed_distance(points: Floats, outline: Floats) -> Floats:
    """cm to a closed polygon (M, 2), positive inside."""
    start, end = outline, np.roll(outline, -1, axis=0)
    edge = end - start
    best = np.full(points.shape[:2], np.inf)
    crossings = np.zeros(points.shape[:2], dtype=np.int64)
    for a, e, b in zip(start, edge, end):
        t = np.clip(((points - a) @ e) / max(float(e @ e), 1e-12), 0.0, 1.0)
        best = np.minimum(best, np.linalg.norm(points - a - t[..., None] * e, axis=-1))
        spans = (a[1] > points[..., 1]) != (b[1] > points[..., 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings += spans & (points[..., 0] < e[0] * (points[..., 1] - a[1]) / e[1] + a[0])
    return np.where(crossings % 2 == 1, best, -best)


def _darken(color: Floats, amount: Floats, share: tuple[float, float, float]) -> None:
    """Take `amount` (H, W) of each channel's share away, in place."""
    for channel in range(3):
        color[..., channel] *= 1.0 - share[channel] * amount


def _mix(under: Floats, over: Floats, cover: Floats) -> Floats:
    return under + cover[..., None] * (over - under)


def _cover(under: Floats, over: Floats, cover: Floats) -> None:
    """`_mix` in place."""
    under += cover[..., None].astype(np.float32) * (over.astype(np.float32) - under)


def _bytes(color: Floats) -> UInt8:
    return np.round(np.clip(color, 0.0, 1.0) * 255.0).astype(np.uint8)
