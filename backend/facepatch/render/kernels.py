"""The numba inner loops of the rasteriser. Nothing here is checked: `rasterize.render_views` is the door.

Per frame: move the vertices and sum normals; then per view: depth and triangle number per sample, and the
colour of each pixel (`shading.shade`).
"""

from __future__ import annotations

import numba
import numpy as np

from facepatch.core.axes import Float32, Int32, UInt8
from facepatch.geometry.normals import sum_triangle_normals
from facepatch.render.shading import shade
from facepatch.render.surface import Surface

TILE = 8
"""Side in samples of the tiles whose farthest depth is known."""


@numba.njit(cache=True, parallel=True)
def draw_frames(
    surface: Surface, vertices: Float32, rotation: Float32, to_pixels: Float32, supersample: int, out: UInt8
) -> None:
    """Fill out (T, A, H, W, 3) from vertices (T, V, 3), rotation (T, 3, 3) and to_pixels (T, A, 2, 3)."""
    for t in numba.prange(vertices.shape[0]):
        _draw_frame(surface, vertices[t], rotation[t], to_pixels[t], supersample, out[t])


@numba.njit(cache=True)
def _draw_frame(
    surface: Surface, vertices: Float32, rotation: Float32, affines: Float32, supersample: int, out: UInt8
) -> None:
    points = _placed(surface, vertices, rotation)
    sums = np.empty(points.shape, dtype=np.float32)
    sum_triangle_normals(points, surface.triangles, surface.normal_group, sums)
    high, wide = out.shape[1] * supersample, out.shape[2] * supersample
    depth = np.empty((high, wide), dtype=np.float32)
    face = np.empty((high, wide), dtype=np.int32)
    screen = np.empty((points.shape[0], 2), dtype=np.float32)
    for a in range(out.shape[0]):
        _project(points, affines[a], np.float32(supersample), screen)
        mirrored = affines[a, 0, 0] * affines[a, 1, 1] - affines[a, 0, 1] * affines[a, 1, 0] > 0.0
        cover(surface.triangles, surface.near_count, screen, points, depth, face)
        shade(surface, screen, sums, face, mirrored, supersample, out[a])


@numba.njit(cache=True)
def _placed(surface: Surface, vertices: Float32, rotation: Float32) -> Float32:
    """Vertices with the extra ones appended, rotated."""
    count = vertices.shape[0]
    extra = surface.extra_offset.shape[0]
    centres = np.zeros((surface.anchor_start.shape[0] - 1, 3), dtype=np.float32)
    for s in range(centres.shape[0]):
        start, stop = surface.anchor_start[s], surface.anchor_start[s + 1]
        for row in surface.anchor_vertices[start:stop]:
            centres[s] += vertices[row]
        centres[s] /= np.float32(stop - start)
    points = np.empty((count + extra, 3), dtype=np.float32)
    for v in range(count + extra):
        if v < count:
            x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
        else:
            centre = centres[surface.extra_anchor[v - count]]
            offset = surface.extra_offset[v - count]
            x, y, z = offset[0] + centre[0], offset[1] + centre[1], offset[2] + centre[2]
        for i in range(3):
            points[v, i] = rotation[i, 0] * x + rotation[i, 1] * y + rotation[i, 2] * z
        points[v, 2] -= surface.recess[v]
    return points


@numba.njit(cache=True)
def _project(points: Float32, affine: Float32, scale: np.float32, screen: Float32) -> None:
    """screen (V, 2) = samples; `scale` samples per pixel."""
    a, b, c = affine[0, 0] * scale, affine[0, 1] * scale, affine[0, 2] * scale
    d, e, f = affine[1, 0] * scale, affine[1, 1] * scale, affine[1, 2] * scale
    for v in range(points.shape[0]):
        x, y = points[v, 0], points[v, 1]
        screen[v, 0] = a * x + b * y + c
        screen[v, 1] = d * x + e * y + f


@numba.njit(cache=True, error_model="numpy")
def cover(
    triangles: Int32, near_count: int, screen: Float32, points: Float32, depth: Float32, face: Int32
) -> None:
    """The nearest triangle of each sample: depth (H, W) its z, face (H, W) its number, -1 for none.

    A sample belongs to a triangle when its centre lies inside or on the edge; of equals the first drawn
    stays. The greater z is nearer (the camera looks along -Z). The first `near_count` triangles are drawn
    first; of the others, those that lie behind everything in the tiles that they touch are left out, which
    changes no pixel and saves the inside and the back of the head.
    """
    depth[:] = -np.inf
    face[:] = -1
    high, wide = depth.shape
    farthest = np.full(((high + TILE - 1) // TILE, (wide + TILE - 1) // TILE), -np.inf, dtype=np.float32)
    for f in range(triangles.shape[0]):
        if f == near_count:
            _find_farthest(depth, farthest)
        i, j, k = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        x0, x1, x2 = screen[i, 0], screen[j, 0], screen[k, 0]
        left, right = min(x0, x1, x2) - 0.5, max(x0, x1, x2) - 0.5
        if right < 0.0 or left > wide - 1:
            continue
        y0, y1, y2 = screen[i, 1], screen[j, 1], screen[k, 1]
        top, bottom = min(y0, y1, y2) - 0.5, max(y0, y1, y2) - 0.5
        if bottom < 0.0 or top > high - 1:
            continue
        first_row, last_row = max(0, int(np.ceil(top))), min(high - 1, int(np.floor(bottom)))
        first_column, last_column = max(0, int(np.ceil(left))), min(wide - 1, int(np.floor(right)))
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if first_row > last_row or first_column > last_column or area == 0.0:
            continue
        z0, z1, z2 = points[i, 2], points[j, 2], points[k, 2]
        if f >= near_count:
            nearest = max(z0, z1, z2)
            hidden = True
            for tile_row in range(first_row // TILE, last_row // TILE + 1):
                for tile_column in range(first_column // TILE, last_column // TILE + 1):
                    hidden = hidden and nearest <= farthest[tile_row, tile_column]
            if hidden:
                continue
        _cover_rows(
            f, (x0, x1, x2), (y0, y1, y2), (z0, z1, z2),
            (first_row, last_row), (np.float64(first_column), np.float64(last_column)), depth, face,
        )  # fmt: skip


@numba.njit(cache=True)
def _find_farthest(depth: Float32, farthest: Float32) -> None:
    """The least z of each tile of samples: -inf where one is still empty."""
    farthest[:] = np.inf
    for row in range(depth.shape[0]):
        for column in range(depth.shape[1]):
            value = depth[row, column]
            if value < farthest[row // TILE, column // TILE]:
                farthest[row // TILE, column // TILE] = value


@numba.njit(cache=True, inline="always")
def _cover_rows(f, x, y, z, rows, columns, depth, face):  # type: ignore[no-untyped-def]  # numba inlines it
    """Walk the rows of one triangle; each edge bounds the span of samples from one side."""
    area = np.float64(x[1] - x[0]) * (y[2] - y[0]) - np.float64(x[2] - x[0]) * (y[1] - y[0])
    scale = 1.0 / area
    # Weight k grows along x by ax[k] and along y by ay[k]; the three sum to 1.
    ax0, ax1 = (y[1] - y[2]) * scale, (y[2] - y[0]) * scale
    ay0, ay1 = (x[2] - x[1]) * scale, (x[0] - x[2]) * scale
    ax2, ay2 = -ax0 - ax1, -ay0 - ay1
    inverse0 = 1.0 / ax0 if ax0 != 0.0 else 0.0
    inverse1 = 1.0 / ax1 if ax1 != 0.0 else 0.0
    inverse2 = 1.0 / ax2 if ax2 != 0.0 else 0.0
    z_x = ax0 * z[0] + ax1 * z[1] + ax2 * z[2]
    z_y = ay0 * z[0] + ay1 * z[1] + ay2 * z[2]
    slack = 1e-6  # closes the hairline cracks that rounding would leave between neighbours
    for row in range(rows[0], rows[1] + 1):
        from_y = row + 0.5 - y[2]
        low, high = columns[0], columns[1]
        w0 = ay0 * from_y + slack
        w1 = ay1 * from_y + slack
        w2 = ay2 * from_y + 1.0 + slack
        low, high = _narrow(low, high, w0, ax0, inverse0, x[2])
        low, high = _narrow(low, high, w1, ax1, inverse1, x[2])
        low, high = _narrow(low, high, w2, ax2, inverse2, x[2])
        if low > high:
            continue
        start = z[2] + z_y * from_y + z_x * (0.5 - x[2])
        for column in range(int(np.ceil(low)), int(np.floor(high)) + 1):
            near = np.float32(start + z_x * column)
            if near > depth[row, column]:
                depth[row, column] = near
                face[row, column] = f


@numba.njit(cache=True, inline="always")
def _narrow(low, high, weight, slope, inverse, origin):  # type: ignore[no-untyped-def]  # numba inlines it
    """The part of [low, high] where weight + slope * (column + 0.5 - origin) >= 0."""
    if slope > 0.0:
        return max(low, origin - 0.5 - weight * inverse), high
    if slope < 0.0:
        return low, min(high, origin - 0.5 - weight * inverse)
    if weight < 0.0:
        return 1.0, 0.0
    return low, high
