"""The separate meshes of a generated head that the template does not bring: eyeballs, lashes and hair.

All are made around the average head; the style bends them together with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from facepatch.core.axes import Float32, Float64, Int32
from facepatch.synthetic.style import HairStyle
from facepatch.synthetic.template import Detail, Template

EYE_TURNS = {
    "eyeLookUp": (-24.0, 0.0),
    "eyeLookDown": (28.0, 0.0),
    "eyeLookIn": (0.0, -30.0),
    "eyeLookOut": (0.0, 30.0),
}
"""Degrees about x and y that the left eyeball turns at weight 1."""
EYE_EDGE = np.radians(112.0)
"""Angle from the gaze direction at which an eyeball ends."""
HAIR_CENTER = np.array([0.0, 4.0, -0.5])
_HAIRLINE = np.array(
    [(0, 56), (14, 55), (28, 53), (42, 57), (54, 68), (64, 82), (72, 93), (80, 91), (90, 85), (102, 88), (116, 106),
     (142, 131), (180, 137)],
    dtype=np.float64,
)  # fmt: skip
"""Degrees around the head from the front, and down from the crown, of the hairline."""


@dataclass(frozen=True, eq=False)
class Piece:
    """One mesh of the head."""

    name: str
    vertices: Float32
    """(V, 3)"""
    triangles: Int32
    """(F, 3)"""
    part: Int32
    """(F,) index into the character's parts."""
    deltas: Float32
    """(K, V, 3)"""
    uv: Float32
    """(F, 3, 2)"""


def eyeball(template: Template, side: int, detail: Detail, part: int) -> Piece:
    """The eyeball of `side` 0 (left) or 1 (right), in rings around the gaze direction, +Z.

    Its uv is a disc: the pupil in the middle of the texture, EYE_EDGE at half its size from there.
    """
    rings, segments = (10, 20) if detail == "full" else (4, 8)
    # rings lie closer together where they are seen
    polar = EYE_EDGE * np.linspace(0.0, 1.0, rings + 1)[1:] ** 0.9
    around = np.arange(segments) * (2.0 * np.pi / segments)
    direction = np.concatenate([[[0.0, 0.0, 1.0]], _directions(polar, around).reshape(-1, 3)])
    disc = np.concatenate(
        [[[0.5, 0.5]], (0.5 + 0.5 * (polar / EYE_EDGE)[:, None, None] * _circle(around)).reshape(-1, 2)]
    )
    triangles = _fan_and_rings(rings, segments)
    deltas = np.zeros((len(template.shape_names), len(direction), 3), dtype=np.float32)
    name = ("Left", "Right")[side]
    for shape, (about_x, about_y) in EYE_TURNS.items():
        sign = 1.0 if side == 0 else -1.0
        turned = direction @ _turn(about_x, sign * about_y).T
        deltas[template.shape_names.index(shape + name)] = (turned - direction) * template.eye_radius
    return Piece(
        name=f"eye_{name.lower()}",
        vertices=(template.eye_centers[side] + template.eye_radius * direction).astype(np.float32),
        triangles=triangles,
        part=np.full(len(triangles), part, dtype=np.int32),
        deltas=deltas,
        uv=disc[triangles].astype(np.float32),
    )


def lashes(template: Template, side: int, length: float, part: int) -> Piece:
    """Upper lashes of one eye: tufts on the lid margin that swing down as the lid closes."""
    margin = template.upper_lids[side]
    center = template.eye_centers[side].astype(np.float64)
    points = template.vertices[margin].astype(np.float64)
    along = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    tufts = 15
    # from the outer corner to a little before the inner one
    middle = along[-1] * np.linspace(0.01, 0.80, tufts)
    half = along[-1] * 0.045
    roots = np.stack([middle - half, middle + half], axis=1).clip(0.0, along[-1])
    blend = _blend(along, roots)
    tip_blend = _blend(along, middle)
    outer = 1.0 - middle / along[-1]
    reach = length * (0.55 + 0.55 * outer**0.8)
    sign = 1.0 if side == 0 else -1.0
    tip_root = tip_blend @ points
    away = tip_root - center
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    fan = (outer - 0.45)[:, None] * [sign * 1.1, 0.0, 0.0]
    up = _unit(away * [1.0, 0.5, 0.5] + fan + [0.0, 0.8, 0.0]) * reach[:, None]
    down = _unit(away * [1.0, 0.5, 0.8] + fan + [0.0, -0.6, 0.0]) * reach[:, None]
    vertices = np.concatenate([(blend @ points).reshape(tufts, 2, 3), (tip_root + up)[:, None]], axis=1)
    moved = template.deltas[:, margin].astype(np.float64)
    deltas = np.concatenate(
        [np.einsum("trm,kmx->ktrx", blend, moved), np.einsum("tm,kmx->ktx", tip_blend, moved)[:, :, None]],
        axis=2,
    )
    name = ("Left", "Right")[side]
    deltas[template.shape_names.index("eyeBlink" + name), :, 2] += down - up
    triangles = np.arange(tufts * 3, dtype=np.int32).reshape(-1, 3)
    if side == 0:
        triangles = triangles[:, ::-1]
    return Piece(
        name=f"lashes_{name.lower()}",
        vertices=vertices.reshape(-1, 3).astype(np.float32),
        triangles=np.ascontiguousarray(triangles),
        part=np.full(tufts, part, dtype=np.int32),
        deltas=deltas.reshape(len(deltas), -1, 3).astype(np.float32),
        uv=np.zeros((tufts, 3, 2), dtype=np.float32),
    )


def hair(template: Template, style: HairStyle, part: int) -> Piece:
    """A cap of hair over the skull, from the crown to the hairline, with furrows between its strands.

    Its uv: u around the head, v from 0 at the hairline to 1 at the crown.
    """
    rings, segments = 11, 60
    around = np.arange(segments) * (2.0 * np.pi / segments)
    down = np.linspace(0.0, 1.0, rings + 1)[1:] ** 0.8
    turn = np.radians(style.sweep) * down[:, None] * np.cos(around / 2.0) ** 2
    azimuth = np.concatenate([[0.0], (around + turn).reshape(-1)])
    line = np.concatenate([[0.5], np.repeat(down[:, None], segments, axis=1).reshape(-1)])
    # degrees that the tips of the strands vary by along the hairline
    uneven = np.sin(style.locks * azimuth + 0.7) + 0.6 * np.sin(
        2.0 * style.locks * azimuth + 2.0 * np.sin(azimuth)
    )
    tips = style.tips * uneven * line**3
    polar = np.radians(hairline(azimuth, style) + tips) * line
    polar[0] = 0.0
    direction: Float64 = np.stack(
        [np.sin(polar) * np.sin(azimuth), np.cos(polar), np.sin(polar) * np.cos(azimuth)],
        axis=1,
        dtype=np.float64,
    )
    thickness = _hair_thickness(azimuth, line, style)
    thickness[0] = style.volume
    vertices = HAIR_CENTER + direction * (_skull_radius(template, direction) + thickness)[:, None]
    triangles = _fan_and_rings(rings, segments)
    u = np.concatenate([[0.5], np.tile(np.arange(segments) / segments, rings)])[triangles]
    u = np.where(u.max(axis=1, keepdims=True) - u > 0.5, u + 1.0, u)
    v = 1.0 - np.concatenate([[0.0], line[1:]])[triangles]
    return Piece(
        name="hair",
        vertices=vertices.astype(np.float32),
        triangles=np.ascontiguousarray(triangles),
        part=np.full(len(triangles), part, dtype=np.int32),
        deltas=np.zeros((len(template.shape_names), len(vertices), 3), dtype=np.float32),
        uv=np.stack([u, v], axis=2).astype(np.float32),
    )


def hairline(azimuth: Float64, style: HairStyle) -> Float64:
    """Degrees down from the crown at which the hair ends, at `azimuth` radians from the front."""
    azimuth_signed = (azimuth + np.pi) % (2.0 * np.pi) - np.pi
    degrees = np.degrees(np.abs(azimuth_signed))
    mirrored = np.concatenate([_HAIRLINE, _HAIRLINE[-2::-1] * [-1, 1] + [360, 0]])
    line = CubicSpline(mirrored[:, 0], mirrored[:, 1], bc_type="periodic")(degrees)
    front = np.exp(-((degrees / 42.0) ** 2)) * (
        1.0 - style.part * np.sin(1.6 * np.clip(azimuth_signed, -1.2, 1.2))
    )
    side = np.exp(-(((degrees - 66.0) / 14.0) ** 2)) + np.exp(-(((degrees - 125.0) / 28.0) ** 2))
    return line + style.fringe * front + style.sides * side


def _hair_thickness(azimuth: Float64, line: Float64, style: HairStyle) -> Float64:
    """cm over the skull; a little below it at the hairline, so that no gap shows."""
    from_rim = 1.0 - line
    rounded = np.clip(1.0 - (1.0 - np.clip(from_rim / style.rise, 0.0, 1.0)) ** 2, 0.0, 1.0) ** 0.7
    front = np.degrees(np.abs((azimuth + np.pi) % (2.0 * np.pi) - np.pi))
    quiff = 1.0 + style.quiff * np.exp(-((front / 55.0) ** 2)) * np.exp(-(((from_rim - 0.35) / 0.28) ** 2))
    furrow = 1.0 - style.lock_depth * (0.5 + 0.5 * np.sin(style.locks * azimuth)) * np.clip(
        from_rim * 4.0, 0.3, 1.0
    )
    thin_sides = 1.0 - 0.35 * np.exp(-(((front - 85.0) / 30.0) ** 2)) * line
    return style.volume * rounded * quiff * furrow * thin_sides - 0.12 * (line > 0.999)


def _skull_radius(template: Template, direction: Float64) -> Float64:
    """Distance from HAIR_CENTER to the skin along unit `direction`s; ears do not count."""
    skin = template.triangles[template.triangle_part == template.part_names.index("skin")]
    corners = template.vertices[skin].astype(np.float64) - HAIR_CENTER
    toward = _unit(corners.mean(axis=1))
    out = np.empty(len(direction))
    for index, ray in enumerate(direction):
        near = corners[toward @ ray > 0.8]
        # solve a + u (b - a) + v (c - a) = distance * ray
        system = np.stack(
            [near[:, 0] - near[:, 1], near[:, 0] - near[:, 2], np.broadcast_to(ray, (len(near), 3))], axis=2
        )
        solvable = np.abs(np.linalg.det(system)) > 1e-9
        u, v, distance = np.linalg.solve(system[solvable], near[solvable, 0, :, None])[..., 0].T
        hit = (u >= -1e-6) & (v >= -1e-6) & (u + v <= 1.0 + 1e-6)
        out[index] = distance[hit].min()
    return out


def _blend(along: Float64, at: Float64) -> Float64:
    """Weights (..., M) that interpolate linearly at arc length `at` between M points at `along`."""
    eye = np.eye(len(along))
    return np.stack([np.interp(at, along, column) for column in eye], axis=-1)


def _fan_and_rings(rings: int, segments: int) -> Int32:
    """Triangles of a cap: vertex 0 in the middle, then `rings` rings of `segments` vertices, counter-clockwise."""
    here = np.arange(segments)
    after = (here + 1) % segments
    faces = [np.stack([np.zeros(segments, dtype=np.int64), 1 + here, 1 + after], axis=1)]
    for ring in range(rings - 1):
        inner, outer = 1 + ring * segments, 1 + (ring + 1) * segments
        faces.append(np.stack([inner + here, outer + here, outer + after], axis=1))
        faces.append(np.stack([inner + here, outer + after, inner + after], axis=1))
    return np.ascontiguousarray(np.concatenate(faces), dtype=np.int32)


def _directions(polar: Float64, around: Float64) -> Float64:
    circle = _circle(around)
    ring = np.sin(polar)[:, None, None] * circle
    return np.concatenate([ring, np.broadcast_to(np.cos(polar)[:, None, None], (*ring.shape[:2], 1))], axis=2)


def _circle(around: Float64) -> Float64:
    return np.stack([np.cos(around), np.sin(around)], axis=1)


def _unit(vectors: Float64) -> Float64:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _turn(about_x: float, about_y: float) -> Float64:
    """Rotation by degrees: first about x (positive looks down), then about y (positive looks to +X)."""
    x, y = np.radians(about_x), np.radians(about_y)
    rx = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]], dtype=np.float64)
    ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]], dtype=np.float64)
    out: Float64 = ry @ rx
    return out
