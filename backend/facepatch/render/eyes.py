"""Eyeballs: where they are, which way they look, and an iris for those that have no texture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facepatch.core.axes import Float32, Float64, Int32, UInt8
from facepatch.core.data.mesh import Topology
from facepatch.geometry.openings import boundary_loops, components

TEXTURE_ANGLE = np.pi / 3.0
"""Angle from the gaze direction at the border of the iris texture."""
TEXTURE_SIZE = 256


@dataclass(frozen=True, eq=False)
class Eyeball:
    """One eyeball at rest: a sphere, its gaze direction and its own vertices."""

    centre: Float64
    """(3,) cm"""
    radius: float
    forward: Float64
    """(3,) unit"""
    vertices: Int32
    """Rows of its own vertices; none for one that was added."""


def fit_sphere(points: Float64) -> tuple[Float64, float]:
    """Centre and radius of the sphere with the least squared |p - c|^2 - r^2 over points (L, 3)."""
    middle = points.mean(axis=0)
    local = points - middle
    system = np.concatenate([2.0 * local, np.ones((len(local), 1))], axis=1)
    solution = np.linalg.lstsq(system, (local**2).sum(axis=1), rcond=None)[0]
    radius = float(np.sqrt(max(solution[3] + (solution[:3] ** 2).sum(), 0.0)))
    return solution[:3] + middle, radius


def find_eyeballs(neutral: Float32, polygons: Topology, openings: list[Float64]) -> list[Eyeball]:
    """The eyeballs among `polygons` (those of kind eye) of neutral (V, 3).

    Connected pieces that lie over each other seen from the front (iris, white, cornea) are one eyeball. One
    that is hardly a sphere, such as half of one or a disc, gets the sphere that its outline would have.
    Gaze is +Z, turned toward the nearest of the `openings` (centres of the lid openings) as in
    `gaze_direction`.
    """
    label = components(polygons)
    used = np.unique(polygons.polygon_vertices)
    pieces = [used[label[used] == piece] for piece in np.unique(label[used])]
    groups: list[list[np.ndarray]] = []
    for piece in sorted(pieces, key=lambda rows: -float(np.ptp(neutral[rows, :2], axis=0).max())):
        middle = (neutral[piece, :2].min(axis=0) + neutral[piece, :2].max(axis=0)) / 2.0
        for group in groups:
            low, high = neutral[group[0], :2].min(axis=0), neutral[group[0], :2].max(axis=0)
            if (low <= middle).all() and (middle <= high).all():
                group.append(piece)
                break
        else:
            groups.append([piece])
    found: list[Eyeball] = []
    for group in groups:
        rows = np.concatenate(group).astype(np.int32)
        points = neutral[rows].astype(np.float64)
        half = float(np.ptp(points[:, :2], axis=0).max()) / 2.0
        if half <= 0.0:
            continue
        centre, radius = fit_sphere(points)
        uneven = float(np.linalg.norm(points - centre, axis=1).std())
        if uneven > 0.1 * radius or not 0.7 * half < radius < 1.6 * half:
            radius = half
            centre = (points.min(axis=0) + points.max(axis=0)) / 2.0
            centre[2] = points[:, 2].max() - half
        found.append(Eyeball(centre, radius, gaze_direction(centre, radius, openings), rows))
    return found


def eyeball_behind(opening: Int32, neutral: Float32, deltas: Float32, near: Int32) -> Eyeball:
    """The eyeball that belongs behind an empty lid opening: as large as a human's for that width of lids
    (radius 0.42 of it), and far enough back that no shape's lids sink into it.

    opening: loop of vertices, near: vertices of the lids around it, neutral (V, 3), deltas (K, V, 3).
    """
    rim = neutral[opening].astype(np.float64)
    radius = 0.42 * float(np.ptp(rim[:, 0]))
    middle = (rim.min(axis=0) + rim.max(axis=0)) / 2.0
    lids = np.concatenate([neutral[near][np.newaxis], neutral[near] + deltas[:, near]]).astype(np.float64)
    across = np.linalg.norm(lids[..., :2] - middle[:2], axis=-1)
    over = across < 0.95 * radius
    room = lids[over][:, 2] - np.sqrt((1.03 * radius) ** 2 - across[over] ** 2)
    middle[2] = float(np.quantile(room, 0.02)) if room.size else middle[2] - radius
    return Eyeball(middle, radius, np.array([0.0, 0.0, 1.0]), np.zeros(0, dtype=np.int32))


def eyeball_cap(eye: Eyeball, *, rings: int = 12, spokes: int = 24) -> tuple[Float64, Int32]:
    """Vertices (1 + rings * spokes, 3) and triangles of an eyeball, to 100 degrees from its gaze."""
    angle = np.linspace(0.0, np.radians(100.0), rings + 1)[1:, np.newaxis]
    turn = np.arange(spokes) * 2.0 * np.pi / spokes
    shell = np.stack(
        np.broadcast_arrays(np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.cos(angle)),
        axis=-1,
    )
    points = np.concatenate([[[0.0, 0.0, 1.0]], shell.reshape(-1, 3)])
    here = np.arange(spokes)
    after = (here + 1) % spokes
    faces = [np.stack([np.zeros_like(here), 1 + here, 1 + after], axis=1)]
    for ring in range(rings - 1):
        inner, outer = 1 + ring * spokes, 1 + (ring + 1) * spokes
        faces.append(np.stack([inner + here, outer + here, outer + after], axis=1))
        faces.append(np.stack([inner + here, outer + after, inner + after], axis=1))
    return points * eye.radius + eye.centre, np.concatenate(faces).astype(np.int32)


def gaze_direction(centre: Float64, radius: float, openings: list[Float64]) -> Float64:
    """+Z, turned toward the nearest lid opening by what that lies beyond 10 degrees to the side."""
    ahead = np.array([0.0, 0.0, 1.0])
    near = [place for place in openings if 0.0 < np.linalg.norm(place - centre) < 2.0 * radius]
    if not near:
        return ahead
    toward = min(near, key=lambda place: float(np.linalg.norm(place - centre))) - centre
    toward /= np.linalg.norm(toward)
    angle = float(np.arccos(np.clip(toward[2], -1.0, 1.0)))
    turn = max(0.0, angle - np.radians(10.0))
    if turn == 0.0:
        return ahead
    side = toward - toward[2] * ahead
    side /= np.linalg.norm(side)
    return np.cos(turn) * ahead + np.sin(turn) * side


def iris_uv(eye: Eyeball, points: Float64) -> Float32:
    """Texture coordinates (L, 2) of points (L, 3) of the eyeball at rest: the angle from the gaze direction.

    They belong to the vertices, so the iris follows whatever turns the eyeball.
    """
    right = np.cross([0.0, 1.0, 0.0], eye.forward)
    right /= np.linalg.norm(right)
    up = np.cross(eye.forward, right)
    direction = points - eye.centre
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)
    across = np.stack([direction @ right, -(direction @ up)], axis=1)
    length = np.linalg.norm(across, axis=1, keepdims=True)
    across = np.where(length > 1e-9, across / np.maximum(length, 1e-9), [1.0, 0.0])
    angle = np.arctan2(length, (direction @ eye.forward)[:, np.newaxis])
    out = np.minimum(angle / TEXTURE_ANGLE, 0.98)  # all white from there on, and the texture repeats
    return (0.5 + 0.5 * out * across).astype(np.float32)


def iris_texture(
    *,
    iris: tuple[float, float, float],
    sclera: tuple[float, float, float],
    iris_angle: float,
    pupil_share: float,
) -> UInt8:
    """(256, 256, 3) sRGB: iris with a dark rim and a pupil on the white of the eye; angle in radians."""
    grid = (np.arange(TEXTURE_SIZE) + 0.5) / TEXTURE_SIZE * 2.0 - 1.0
    angle = np.hypot(grid[np.newaxis], grid[:, np.newaxis]) * TEXTURE_ANGLE / iris_angle
    edge = 2.0 / TEXTURE_SIZE * TEXTURE_ANGLE / iris_angle
    image = np.broadcast_to(np.asarray(sclera), (TEXTURE_SIZE, TEXTURE_SIZE, 3)).copy()
    for radius, color in (
        (1.0, np.asarray(iris) * 0.45),
        (0.86, np.asarray(iris)),
        (pupil_share, np.zeros(3) + 0.02),
    ):
        inside = np.clip((radius - angle) / edge + 0.5, 0.0, 1.0)[..., np.newaxis]
        image = image * (1.0 - inside) + color * inside
    return np.round(image * 255.0).astype(np.uint8)


def eye_openings(topology: Topology, neutral: Float32) -> list[Int32]:
    """The two boundary loops that look like eye holes: the longest pair that mirror each other, in front.

    Empty where the mesh has no such pair. neutral (V, 3). A pair counts when it is made of at least 8
    vertices
    each, is between 3 % and 35 % of the head wide, and lies in the front half, in the upper 70 % of the head.
    """
    low, high = neutral.min(axis=0), neutral.max(axis=0)
    extent = np.maximum(high - low, 1e-9)
    best: list[Int32] = []
    best_width = 0.0
    loops = [loop for loop in boundary_loops(topology) if len(loop) >= 8]
    centres = [(neutral[loop].mean(axis=0) - low) / extent for loop in loops]
    widths = [float(np.ptp(neutral[loop, 0])) / float(extent[0]) for loop in loops]
    for i, loop in enumerate(loops):
        for j in range(i + 1, len(loops)):
            mirrored = centres[j] * [-1.0, 1.0, 1.0] + [1.0, 0.0, 0.0]
            apart = centres[i][0] - centres[j][0]
            if np.abs(centres[i] - mirrored).max() > 0.05 or abs(apart) < 0.15:
                continue
            if centres[i][2] < 0.45 or centres[i][1] < 0.3 or not 0.03 < widths[i] < 0.35:
                continue
            if abs(widths[i] - widths[j]) < 0.2 * widths[i] and widths[i] > best_width:
                best, best_width = [loop, loops[j]], widths[i]
    return best
