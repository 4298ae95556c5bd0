"""What networks that see one face in a square crop need: the crop, and points from their heat maps."""

from __future__ import annotations

import cv2
import numpy as np

from facepatch.core.axes import Float32, UInt8

Square = tuple[float, float, float]
"""Left, top and side, in pixels of the frame."""


def face_square(box: tuple[float, float, float, float], scale: float, *, rise: float = 0.0) -> Square:
    """The square around the middle of a face's box, `scale` times its longer side, `rise` heights further up."""
    left, top, right, bottom = box
    side = scale * max(right - left, bottom - top)
    return (left + right - side) / 2, (top + bottom - side) / 2 - rise * (bottom - top), side


def crop_square(image: UInt8, square: Square, size: int) -> UInt8:
    """(size, size, 3) of a square that may reach beyond the image, black there."""
    left, top, side = square
    scale = side / size
    # Pixel centres lie at +0.5 in both images, and OpenCV counts from centres.
    frame_from_crop = np.array([[scale, 0, left + 0.5 * scale - 0.5], [0, scale, top + 0.5 * scale - 0.5]])
    return np.asarray(
        cv2.warpAffine(image, frame_from_crop, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP),
        dtype=np.uint8,
    )


def from_square(points: Float32, square: Square) -> Float32:
    """(S, 2) in 0..1 of the square -> pixels of the frame."""
    left, top, side = square
    return points * np.float32(side) + np.array([left, top], dtype=np.float32)


def read_heat_maps(maps: Float32) -> tuple[Float32, Float32]:
    """(S, h, w) heat maps -> peaks (S, 2) in 0..1 of the map's width and height, and their heights clipped to 0..1.

    Sub-pixel by the vertex of the parabola through the logarithms of the highest cell and its neighbours, which is
    exact for a Gaussian peak; the highest cell alone, at 64 cells for a face, jumps by 4 pixels of a 256 pixel face.
    """
    count, height, width = maps.shape
    best = maps.reshape(count, -1).argmax(axis=1)
    y, x = best // width, best % width
    peak = maps[np.arange(count), y, x]
    place = np.empty((count, 2), dtype=np.float32)
    for axis, (cell, size) in enumerate(((x, width), (y, height))):
        step = (0, 1) if axis == 0 else (1, 0)
        low, high = (
            maps[
                np.arange(count),
                np.clip(y + sign * step[0], 0, height - 1),
                np.clip(x + sign * step[1], 0, width - 1),
            ]
            for sign in (-1, 1)
        )
        a, b, c = (np.log(np.maximum(value, 1e-6)) for value in (low, peak, high))
        bend = a - 2 * b + c
        shift = np.where(bend < -1e-9, 0.5 * (a - c) / np.minimum(bend, -1e-9), 0.0)
        inside = (cell > 0) & (cell < size - 1)
        place[:, axis] = (cell + 0.5 + np.where(inside, np.clip(shift, -0.5, 0.5), 0.0)) / size
    return place, np.clip(peak, 0.0, 1.0).astype(np.float32)
