"""What of a head at rest is in sight: from the front, from all around, and along the rim of the lids."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from facepatch.core.axes import Bool, Float32, Float64, Int32
from facepatch.render.camera import front_view
from facepatch.render.eyes import Eyeball
from facepatch.render.kernels import cover

SIGHT_SIZE = 768
DIRECTIONS = 48
EXPOSURE_SIZE = 192


def triangle_picture(
    points: Float32, triangles: Int32, view: Float32, size: int
) -> tuple[Float32, Int32, Float32]:
    """Depth and triangle of each pixel (size, size), and the vertices in pixels (V, 2), through `view`."""
    screen = (points[:, :2] @ view[:, :2].T + view[:, 2]).astype(np.float32)
    depth = np.empty((size, size), dtype=np.float32)
    face = np.empty((size, size), dtype=np.int32)
    cover(triangles, len(triangles), screen, np.ascontiguousarray(points, dtype=np.float32), depth, face)
    return depth, face, screen


def in_sight(points: Float32, triangles: Int32) -> Bool:
    """(F,) triangles that can be seen from the front, and their neighbours."""
    view = front_view(points[np.unique(triangles)], size=(SIGHT_SIZE, SIGHT_SIZE), margin=0.01)
    _, face, _ = triangle_picture(points, triangles, view, SIGHT_SIZE)
    seen = np.zeros(len(points), dtype=bool)
    seen[triangles[np.unique(face[face >= 0])]] = True
    return seen[triangles].any(axis=1)


def vertex_exposure(points: Float32, normals: Float32, triangles: Int32) -> Float64:
    """(V,) share of the sky, weighted by the cosine to the normal, that each vertex sees past the mesh: 0..1.

    The sky is 48 directions spread evenly over the sphere, each an orthographic depth picture of the mesh.
    """
    size = EXPOSURE_SIZE
    centred = points - points[np.unique(triangles)].mean(axis=0)
    reach = float(np.linalg.norm(centred, axis=1).max())
    slack = 3.0 * 2.0 * reach / size
    open_sky, sky = np.zeros(len(points)), np.full(len(points), 1e-9)
    scale = size / (2.0 * reach)
    view = np.array([[scale, 0.0, size / 2.0], [0.0, -scale, size / 2.0]], dtype=np.float32)
    for toward in _sphere_directions():
        side = np.cross(toward, [0.0, 1.0, 0.0])
        side /= np.linalg.norm(side)
        turned = (centred @ np.stack([side, np.cross(side, toward), toward], axis=1)).astype(np.float32)
        depth, _, screen = triangle_picture(turned, triangles, view, size)
        pixel = np.clip(screen.astype(np.int64), 0, size - 1)
        free = turned[:, 2] + slack >= depth[pixel[:, 1], pixel[:, 0]]
        cosine = np.maximum(normals @ toward, 0.0)
        open_sky += cosine * free
        sky += cosine
    return open_sky / sky


def _sphere_directions() -> Float64:
    """(48, 3) on a golden spiral, none of them along Y."""
    step = (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    height = 1.0 - 2.0 * step
    turn = np.pi * (1.0 + np.sqrt(5.0)) * np.arange(DIRECTIONS)
    flat = np.sqrt(1.0 - height**2)
    return np.stack([flat * np.cos(turn), height, flat * np.sin(turn)], axis=1)


def lid_margin(points: Float32, triangles: Int32, skin: Bool, eye: Eyeball, eye_triangles: Bool) -> Int32:
    """Skin vertices along the rim of the lids of one eye: where skin meets the eyeball, seen along its gaze.

    skin, eye_triangles: (F,) which triangles are skin, and which are this eyeball. Empty where the eyeball is
    not in sight. Where the border runs between two rows of vertices, the gaps in the nearer row are closed.
    """
    size = 256
    right = np.cross([0.0, 1.0, 0.0], eye.forward)
    right /= np.linalg.norm(right)
    turned = (points - eye.centre) @ np.stack([right, np.cross(eye.forward, right), eye.forward], axis=1)
    scale = size / (4.0 * eye.radius)
    view = np.array([[scale, 0.0, size / 2.0], [0.0, -scale, size / 2.0]], dtype=np.float32)
    _, face, screen = triangle_picture(turned.astype(np.float32), triangles, view, size)
    shown = np.where(face >= 0, face, 0)
    is_eye = eye_triangles[shown] & (face >= 0)
    is_skin = skin[shown] & (face >= 0)
    near_eye = np.zeros_like(is_eye)
    for axis in (0, 1):
        for step in (-1, 1):
            near_eye |= np.roll(is_eye, step, axis=axis)
    rows, columns = np.nonzero(is_skin & near_eye)
    if rows.size == 0:
        return np.zeros(0, dtype=np.int32)
    corners = triangles[face[rows, columns]]
    place = np.stack([columns, rows], axis=1) + 0.5
    apart = np.linalg.norm(screen[corners] - place[:, np.newaxis], axis=2)
    rim = np.unique(corners[np.arange(len(corners)), apart.argmin(axis=1)])
    from_border = KDTree(place).query(screen)[0] / (eye.radius * scale)
    near = np.abs(turned[:, 2] - np.median(turned[rim, 2])) < 0.6 * eye.radius
    used = np.unique(triangles[skin])
    rim = np.union1d(rim, used[(from_border[used] < 0.04) & near[used]])
    return _gaps_closed(triangles[skin], rim, used[from_border[used] < 0.1]).astype(np.int32)


def _gaps_closed(triangles: Int32, rim: Int32, candidates: Int32) -> Int32:
    """`rim` and those of `candidates` that join two stretches of it, being next to both."""
    edges = np.concatenate([triangles[:, [a, b]] for a in range(3) for b in range(3) if a != b])
    edges = np.unique(edges[np.isin(edges[:, 1], rim)], axis=0)
    neighbours: dict[int, set[int]] = {}
    for vertex, other in edges.tolist():
        neighbours.setdefault(vertex, set()).add(other)
    joining: list[int] = []
    for vertex in np.setdiff1d(candidates, rim).tolist():
        left = set(neighbours.get(vertex, ()))
        reached = {left.pop()} if left else set()
        while reached:
            grown = neighbours.get(reached.pop(), set()) & left
            left -= grown
            reached |= grown
        if left:
            joining.append(vertex)
    return np.union1d(rim, np.asarray(joining, dtype=np.int64))
