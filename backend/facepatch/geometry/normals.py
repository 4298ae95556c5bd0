"""Smooth vertex normals of a triangle mesh."""

from __future__ import annotations

import numba
import numpy as np

from facepatch.core.axes import Axes, Float32, Int32
from facepatch.core.errors import TopologyError


def vertex_normals(vertices: Float32, triangles: Int32) -> Float32:
    """Unit normals (T, V, 3) of `vertices` (T, V, 3), or (V, 3) of (V, 3); triangles (F, 3).

    Each is the sum of the normals of the triangles around the vertex, weighted by area, brought to length 1.
    A vertex without a triangle, or with triangles of no area only, gets (0, 0, 1).
    Raises ShapeError on arrays of another shape and TopologyError on an index outside the vertices.
    """
    check = Axes()
    single = np.ndim(vertices) == 2
    frames = (
        check("vertices", vertices, "V 3")[np.newaxis] if single else check("vertices", vertices, "T V 3")
    )
    faces = check("triangles", triangles, "F 3", np.int32)
    if faces.size and (faces.min() < 0 or faces.max() >= frames.shape[1]):
        raise TopologyError(
            f"triangles: they use vertices {int(faces.min())} to {int(faces.max())}, but there are "
            f"{frames.shape[1]}. Use the triangles of this mesh."
        )
    normals = np.empty(frames.shape, dtype=np.float32)
    _normals_of_frames(frames, faces, normals)
    return normals[0] if single else normals


@numba.njit(cache=True)
def sum_triangle_normals(points: Float32, triangles: Int32, groups: Int32, sums: Float32) -> None:
    """sums[groups[v]] = sum of (b - a) x (c - a) over the triangles (a, b, c) around v.

    points (V, 3), triangles (F, 3), groups (V,) which vertices share one normal, sums (V, 3), overwritten.
    The sums are not unit vectors. For callers inside numba; nothing is checked.
    """
    sums[:] = 0.0
    for f in range(triangles.shape[0]):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in range(3):
            row = groups[triangles[f, corner]]
            sums[row, 0] += nx
            sums[row, 1] += ny
            sums[row, 2] += nz


@numba.njit(parallel=True, cache=True)
def _normals_of_frames(frames: Float32, triangles: Int32, normals: Float32) -> None:
    own = np.arange(frames.shape[1]).astype(np.int32)
    for t in numba.prange(frames.shape[0]):
        sum_triangle_normals(frames[t], triangles, own, normals[t])
        for v in range(frames.shape[1]):
            x, y, z = normals[t, v, 0], normals[t, v, 1], normals[t, v, 2]
            length = np.sqrt(x * x + y * y + z * z)
            if length > 0.0:
                normals[t, v, 0], normals[t, v, 1], normals[t, v, 2] = x / length, y / length, z / length
            else:
                normals[t, v, 0], normals[t, v, 1], normals[t, v, 2] = 0.0, 0.0, 1.0
