"""What can be seen of a surface from the front: the nearest triangle behind each pixel of a square window.

The landmark proposal looks at openings (eyes, mouth) as a viewer does: as what one shape shows and another hides.
It therefore needs triangles and depths, in float64 and with no colours, unlike a picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from facepatch.core.axes import Bool, Float32, Float64, Int32


@dataclass(frozen=True)
class Window:
    """A square of the head plane, seen along -Z: the character's left lies at the right."""

    center: tuple[float, float]
    """x and y in cm."""
    size: float
    """Edge in cm."""
    pixels: int = 384
    """Pixels along an edge."""
    roll: float = 0.0
    """Radians. The window's x axis points along (cos roll, sin roll) of the head plane."""

    @property
    def pixel(self) -> float:
        """Edge of a pixel in cm."""
        return self.size / self.pixels

    @property
    def to_pixels(self) -> Float64:
        """(2, 3) head plane in cm -> pixels, y down, (0, 0) the outer corner of the top-left pixel."""
        cos, sin = np.cos(self.roll) / self.pixel, np.sin(self.roll) / self.pixel
        linear = np.array([[cos, sin], [sin, -cos]])
        return np.concatenate([linear, (self.pixels / 2 - linear @ np.asarray(self.center))[:, None]], axis=1)

    def project(self, points: NDArray[np.floating]) -> Float64:
        """(P, 2 or more) cm -> (P, 2) pixels."""
        return points[:, :2].astype(np.float64) @ self.to_pixels[:, :2].T + self.to_pixels[:, 2]


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """Points on triangles, as three vertices and their weights each."""

    vertices: Int32
    """(P, 3)"""
    weights: Float64
    """(P, 3)"""

    def positions(self, shape: NDArray[np.floating]) -> Float64:
        """(V, 3) -> (P, 3)"""
        return self.mix(shape.astype(np.float64))

    def mix(self, values: NDArray[np.floating]) -> Float64:
        """Values at the vertices, (V, ...), at the points: (P, ...)."""
        return np.einsum("pc,pc...->p...", self.weights, values[self.vertices])

    def __len__(self) -> int:
        return len(self.vertices)

    def __getitem__(self, rows: slice | NDArray[np.int64] | NDArray[np.bool_]) -> SurfacePoints:
        return SurfacePoints(self.vertices[rows], self.weights[rows])


@dataclass(frozen=True, eq=False)
class FrontView:
    """The nearest of `triangles` behind each pixel of `window`."""

    window: Window
    triangles: Int32
    """(F, 3)"""
    pixels: Float64
    """(V, 2) the vertices in pixels."""
    face: Int32
    """(H, W) row of `triangles`, -1 where there is nothing."""
    depth: Float32
    """(H, W) z in cm, -inf where there is nothing."""

    @property
    def hit(self) -> Bool:
        """(H, W) whether there is anything."""
        return self.face >= 0

    @property
    def around(self) -> Bool:
        """(H, W) the empty pixels that are joined to the border of the window: what lies around the head."""
        empty = np.pad((~self.hit).astype(np.uint8), 1, constant_values=1)
        label = cv2.connectedComponents(empty, connectivity=4)[1]
        return (label == label[0, 0])[1:-1, 1:-1]

    @property
    def outside(self) -> Bool:
        """(H, W) whether a triangle's outer side is seen there."""
        a, b, c = (self.pixels[self.triangles[:, k]] for k in range(3))
        first, second = b - a, c - a
        # y points down in pixels, so what is counter-clockwise to the viewer has a negative area
        turned = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] < 0
        return np.append(turned, False)[self.face]

    def points(self, rows: NDArray[np.integer], columns: NDArray[np.integer]) -> SurfacePoints:
        """What lies behind the centres of the given pixels, all of which show something."""
        vertices = self.triangles[self.face[rows, columns]]
        corners = self.pixels[vertices]
        at = np.stack([columns + 0.5, rows + 0.5], axis=1) - corners[:, 0]
        first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
        one = (at[:, 0] * second[:, 1] - at[:, 1] * second[:, 0]) / area
        two = (first[:, 0] * at[:, 1] - first[:, 1] * at[:, 0]) / area
        weights = np.clip(np.stack([1 - one - two, one, two], axis=1), 0, 1)
        return SurfacePoints(vertices, weights / weights.sum(axis=1, keepdims=True))

    def hides(self, points: Float64, *, tolerance: float) -> Bool:
        """(P,) whether the view shows something more than `tolerance` cm before `points` (P, 3), and all around."""
        at = np.floor(self.window.project(points)).astype(np.int64)
        last = self.window.pixels - 1
        inside = ((at > 0) & (at < last)).all(axis=1)
        column, row = np.where(inside[:, None], at, 1).T
        around = [self.depth[row + down, column + right] for down in (-1, 0, 1) for right in (-1, 0, 1)]
        return inside & (np.min(around, axis=0) > points[:, 2] + tolerance)


def look(shape: Float32, triangles: Int32, *, window: Window) -> FrontView:
    """The front view of `triangles` (F, 3) over `shape` (V, 3) cm through `window`."""
    pixels = window.project(shape)
    face = np.full((window.pixels, window.pixels), -1, dtype=np.int32)
    depth = np.full(face.shape, -np.inf, dtype=np.float32)
    _cover(
        np.concatenate([pixels, shape[:, 2:].astype(np.float64)], axis=1),
        np.array(triangles, dtype=np.int32),
        face,
        depth,
    )
    return FrontView(window, triangles, pixels, face, depth)


@numba.njit(cache=True)
def _cover(points: Float64, triangles: Int32, face: Int32, depth: Float32) -> None:
    """Number and depth of the nearest triangle at each pixel's centre; `points` (V, 3) are pixels and cm."""
    height, width = face.shape
    for f in range(len(triangles)):
        ax, ay, az = points[triangles[f, 0]]
        bx, by, bz = points[triangles[f, 1]]
        cx, cy, cz = points[triangles[f, 2]]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0.0:
            continue
        for row in range(max(0, int(min(ay, by, cy) - 0.5)), min(height, int(max(ay, by, cy) + 1.5))):
            y = row + 0.5 - ay
            for column in range(max(0, int(min(ax, bx, cx) - 0.5)), min(width, int(max(ax, bx, cx) + 1.5))):
                x = column + 0.5 - ax
                one = (x * (cy - ay) - y * (cx - ax)) / area
                two = ((bx - ax) * y - (by - ay) * x) / area
                z = az + one * (bz - az) + two * (cz - az)
                if one >= 0.0 and two >= 0.0 and one + two <= 1.0 and z > depth[row, column]:
                    depth[row, column] = z
                    face[row, column] = f
