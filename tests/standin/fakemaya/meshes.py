"""Facts about a mesh: edges, triangles, normals, and the primitives that Maya builds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fakemaya.node import MeshData, Node, Plug, mesh_data

if TYPE_CHECKING:
    from fakemaya.scene import Scene


def of(scene: Scene, shape: Node) -> MeshData:
    """The evaluated mesh of a shape in object space; an empty one where there is none."""
    mesh = scene.get(Plug(shape, shape.type.by_name["outMesh"]))
    return mesh if mesh is not None else mesh_data(np.zeros((0, 3)), [], [])


def polygon_of_corner(mesh: MeshData) -> Any:
    return np.repeat(np.arange(len(mesh.counts)), mesh.counts)


def next_corner(mesh: MeshData) -> Any:
    """(C,) index of the corner after each corner in its polygon."""
    ends = np.cumsum(mesh.counts)
    after = np.arange(len(mesh.corners)) + 1
    after[ends - 1] = ends - mesh.counts
    return after


def edges(mesh: MeshData) -> Any:
    """(E, 2) vertices of each edge, numbered where it is met first."""
    if not len(mesh.corners):
        return np.zeros((0, 2), np.int64)
    pairs = np.stack([mesh.corners, mesh.corners[next_corner(mesh)]], axis=1).astype(np.int64)
    low, high = pairs.min(1), pairs.max(1)
    _, first = np.unique(low * (len(mesh.points) + 1) + high, return_index=True)
    return pairs[np.sort(first)]


def triangles(mesh: MeshData) -> tuple[Any, Any]:
    """(triangles per polygon, (F, 3) vertices) by fans."""
    counts = mesh.counts - 2
    first = np.repeat(np.cumsum(mesh.counts) - mesh.counts, counts)
    step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    corners = np.stack([first, first + step + 1, first + step + 2], axis=1)
    return counts, mesh.corners[corners]


def vertex_normals(mesh: MeshData) -> Any:
    """(V, 3) float32, weighted by area."""
    _, tris = triangles(mesh)
    points = mesh.points.astype(np.float64)
    face = np.cross(points[tris[:, 1]] - points[tris[:, 0]], points[tris[:, 2]] - points[tris[:, 0]])
    normals = np.zeros_like(points)
    for i in range(3):
        np.add.at(normals, tris[:, i], face)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return (normals / np.where(length, length, 1.0)).astype(np.float32)


def without_faces(mesh: MeshData, faces: Any) -> MeshData:
    """The mesh without some polygons and without the vertices that only they used."""
    stays = np.ones(len(mesh.counts), bool)
    stays[np.asarray(faces)] = False
    corners = mesh.corners[stays[polygon_of_corner(mesh)]]
    used = np.unique(corners)
    return mesh_data(mesh.points[used], mesh.counts[stays], np.searchsorted(used, corners))


def cube(width: float, height: float, depth: float) -> MeshData:
    x, y, z = width / 2, height / 2, depth / 2
    points = [
        (-x, -y, z),
        (x, -y, z),
        (-x, y, z),
        (x, y, z),
        (-x, y, -z),
        (x, y, -z),
        (-x, -y, -z),
        (x, -y, -z),
    ]
    corners = [0, 1, 3, 2, 2, 3, 5, 4, 4, 5, 7, 6, 6, 7, 1, 0, 1, 7, 5, 3, 6, 0, 2, 4]
    return mesh_data(points, [4] * 6, corners)


def plane(width: float, height: float, columns: int = 10, rows: int = 10) -> MeshData:
    x, z = np.meshgrid(
        np.linspace(-width / 2, width / 2, columns + 1), np.linspace(height / 2, -height / 2, rows + 1)
    )
    points = np.stack([x.ravel(), np.zeros(x.size), z.ravel()], axis=1)
    at = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    corners = np.stack([at, at + 1, at + columns + 2, at + columns + 1], axis=1)
    return mesh_data(points, [4] * len(at), corners)


def sphere(radius: float, around: int = 20, rings: int = 20) -> MeshData:
    """Rings from below to above, then the south pole and the north pole."""
    tilt = -np.pi / 2 + np.pi * np.arange(1, rings) / rings
    turn = -2 * np.pi * np.arange(around) / around
    ring = np.stack(
        [
            np.outer(np.cos(tilt), np.cos(turn)),
            np.outer(np.sin(tilt), np.ones(around)),
            np.outer(np.cos(tilt), np.sin(turn)),
        ],
        axis=-1,
    ).reshape(-1, 3)
    points = radius * np.concatenate([ring, [[0, -1, 0], [0, 1, 0]]])
    at = (np.arange(rings - 2)[:, None] * around + np.arange(around)).ravel()
    step = (np.arange(rings - 2)[:, None] * around + (np.arange(around) + 1) % around).ravel()
    quads = np.stack([at, step, step + around, at + around], axis=1)
    i = np.arange(around)
    south = np.stack([np.full(around, len(ring)), (i + 1) % around, i], axis=1)
    top = (rings - 2) * around
    north = np.stack([np.full(around, len(ring) + 1), top + i, top + (i + 1) % around], axis=1)
    counts = [4] * len(quads) + [3] * (2 * around)
    return mesh_data(points, counts, np.concatenate([quads.ravel(), south.ravel(), north.ravel()]))
