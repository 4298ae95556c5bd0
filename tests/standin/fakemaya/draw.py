"""Draws shaded triangles with NumPy alone, in every Python that Maya has.

`tests` compare its silhouettes with facepatch.render, which needs Python 3.11.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple, Sequence, Tuple

import numpy as np


class View(NamedTuple):
    """A camera.

    World to camera (4,4) column vectors, orthographic width in cm or 0, half-angle tangents of a perspective
    (x, y), clip planes in cm.
    """

    world_to_camera: Any
    ortho_width: float
    tangents: Tuple[float, float]
    near: float
    far: float


class Piece(NamedTuple):
    """A mesh to draw.

    World points (V,3) cm, triangles (F,3), colour, specular colour, exponent of the highlight.
    """

    points: Any
    triangles: Any
    color: Tuple[float, float, float]
    specular: Tuple[float, float, float]
    exponent: float


class Lamp(NamedTuple):
    """A directional light: where it shines to, in the world, and its colour times intensity."""

    direction: Any
    color: Any


def project(points: Any, view: View, size: Tuple[int, int]) -> Any:
    """Return (V,3).

    Pixel x, pixel y (0,0 = outer corner of the top-left pixel) and distance from the camera in cm.
    """
    width, height = size
    seen = points @ view.world_to_camera[:3, :3].T + view.world_to_camera[:3, 3]
    depth = -seen[:, 2]
    if view.ortho_width:
        scale = width / view.ortho_width
        x, y = seen[:, 0] * scale, seen[:, 1] * scale
    else:
        safe = np.maximum(depth, 1e-9)
        x = seen[:, 0] / safe / view.tangents[0] * width / 2
        y = seen[:, 1] / safe / view.tangents[1] * height / 2
    return np.stack([width / 2 + x, height / 2 - y, depth], axis=1)


def covered(corners: Any, size: Tuple[int, int]) -> Tuple[Any, Any, Any]:
    """Return (triangle, pixel, barycentric (N,3)) of every pixel centre inside every triangle of `corners`
    (F,3,3).
    """
    width, height = size
    low = np.clip(np.floor(corners[:, :, :2].min(1)).astype(int), 0, [width, height])
    high = np.clip(np.ceil(corners[:, :, :2].max(1)).astype(int), 0, [width, height])
    extent = np.maximum(high - low, 0)
    counts = extent.prod(1)
    triangle = np.repeat(np.arange(len(corners)), counts)
    inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    column = low[triangle, 0] + inside % np.maximum(extent[triangle, 0], 1)
    row = low[triangle, 1] + inside // np.maximum(extent[triangle, 0], 1)
    a, b, c = (corners[triangle, k, :2] for k in range(3))
    at = np.stack([column + 0.5, row + 0.5], axis=1)
    area = cross(b - a, c - a)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = (
            np.stack([cross(b - at, c - at), cross(c - at, a - at), cross(a - at, b - at)], axis=1)
            / area[:, None]
        )
    keep = (np.abs(area) > 1e-12) & (weights >= 0).all(1)
    return triangle[keep], (row * width + column)[keep], weights[keep]


def cross(left: Any, right: Any) -> Any:
    """Return the cross product of plane vectors (N,2)."""
    return left[:, 0] * right[:, 1] - left[:, 1] * right[:, 0]


def vertex_normals(points: Any, triangles: Any) -> Any:
    """Return unit normals (V,3), weighted by area."""
    faces = np.cross(
        points[triangles[:, 1]] - points[triangles[:, 0]], points[triangles[:, 2]] - points[triangles[:, 0]]
    )
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], faces)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def draw(
    pieces: Sequence[Piece],
    view: View,
    size: Tuple[int, int],
    *,
    background: Any,
    lamps: Sequence[Lamp],
    ambient: float = 0.05,
) -> Any:
    """Return a picture (H,W,3) uint8 of the pieces over a background (H,W,3) 0..1.

    Surfaces are lit from both sides.
    """
    width, height = size
    picture = np.array(background, dtype=np.float64).reshape(-1, 3)
    nearest = np.full(width * height, np.inf)
    for piece in pieces:
        corners = project(piece.points, view, size)[piece.triangles]
        depth = corners[:, :, 2]
        alive = (depth.min(1) > view.near) & (depth.max(1) < view.far)
        triangle, pixel, weights = covered(corners[alive], size)
        triangles = piece.triangles[alive]
        z = (depth[alive][triangle] * weights).sum(1)
        order = np.lexsort((z, pixel))
        first = order[np.unique(pixel[order], return_index=True)[1]]
        first = first[z[first] < nearest[pixel[first]]]
        normals = (
            vertex_normals(piece.points, piece.triangles)[triangles[triangle[first]]]
            * weights[first][:, :, None]
        ).sum(1)
        nearest[pixel[first]] = z[first]
        picture[pixel[first]] = shade(normals, piece, view, lamps, ambient)
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8).reshape(height, width, 3)


def shade(normals: Any, piece: Piece, view: View, lamps: Sequence[Lamp], ambient: float) -> Any:
    """Return Phong colours (N,3) of the pixels with these normals (N,3)."""
    toward = view.world_to_camera[2, :3]
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    normals = np.where((normals @ toward)[:, None] < 0, -normals, normals)
    color = np.full(normals.shape, ambient) * np.array(piece.color)
    for lamp in lamps:
        light = -np.asarray(lamp.direction, float) / np.linalg.norm(lamp.direction)
        facing = np.maximum(normals @ light, 0)
        mirrored = 2 * facing[:, None] * normals - light
        gloss = np.maximum(mirrored @ toward, 0) ** piece.exponent * (facing > 0)
        color = color + (
            facing[:, None] * np.array(piece.color) + gloss[:, None] * np.array(piece.specular)
        ) * np.asarray(lamp.color)
    return color


def write_png(path: Path, picture: Any) -> None:
    """Write (H,W,3) uint8 as a PNG file."""
    height, width, _ = picture.shape
    rows = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(picture))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def read_png(path: Path) -> Any:
    """Return the (H,W,3) uint8 of a PNG that `write_png` wrote."""
    data, at, packed, size = path.read_bytes(), 8, b"", (0, 0)
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if name == b"IHDR":
            size = struct.unpack(">II", body[:8])
        packed += body if name == b"IDAT" else b""
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(size[1], 1 + 3 * size[0])
    return rows[:, 1:].reshape(size[1], size[0], 3).copy()
