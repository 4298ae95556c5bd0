"""The picture in which a user confirms the landmarks of a character, or sees which to correct."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import cv2
import numpy as np

from facepatch.core.axes import Float32, Float64, UInt8
from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import ELEMENTS, LANDMARK_NAMES, SurfaceLandmarks, landmark_indices
from facepatch.core.errors import ShapeError, TopologyError
from facepatch.landmarks.front_view import Window
from facepatch.render.phong import Look, prepare_look
from facepatch.render.rasterize import render_views

_COLORS = (
    (255, 80, 80), (70, 150, 255), (255, 190, 40), (110, 230, 110), (255, 100, 210),
    (90, 240, 240), (255, 140, 40), (170, 140, 255), (255, 255, 120),
)  # fmt: skip
"""RGB of each element, in the order of ELEMENTS."""
_CLOSED = ("eye_r", "eye_l", "lips_outer", "lips_inner")
_ZOOMS = (("eye_r",), ("eye_l",), ("lips_outer", "lips_inner"), ("nose_base", "nose_bridge"))
_LEAST_SIZE = 256
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_landmarks(character: Character, landmarks: SurfaceLandmarks, *, size: int = 1024) -> UInt8:
    """(H, 2 size, 3) RGB: the face with its landmarks and their numbers; beside it eyes, mouth and nose enlarged.

    Numbers are rows of LANDMARK_NAMES. Below stand the names of the elements in their colours, and the doubts.
    The character's right is at the left, as it looks at us. Raises TopologyError where `landmarks` belong to
    another mesh, ShapeError for a size under 256 pixels.
    """
    if landmarks.topology_id != character.topology.topology_id:
        raise TopologyError(
            f"{character.name}: the landmarks belong to topology {landmarks.topology_id}, but the character has "
            f"{character.topology.topology_id}. Propose or pick them on this character."
        )
    if size < _LEAST_SIZE:
        raise ShapeError(f"landmark picture: size is {size}; it must be {_LEAST_SIZE} pixels or more.")
    points = landmarks.positions(character.neutral[None])[0]
    half = size // 2
    windows = [_around(points, 1.7, size)]
    windows += [_around(points[landmark_indices(*elements)], 1.35, half) for elements in _ZOOMS]
    look = prepare_look(character)
    tiles = [_tile(look, character.neutral, points, window) for window in windows]
    zooms = np.vstack([np.hstack(tiles[1:3]), np.hstack(tiles[3:5])])
    face = tiles[0][: len(zooms)]
    return np.vstack(
        [np.hstack([face, zooms]), _legend(landmarks.doubts, face.shape[1] + zooms.shape[1], size)]
    )


def _around(points: Float32, room: float, pixels: int) -> Window:
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    center = (low + high) / 2
    return Window((float(center[0]), float(center[1])), room * float((high - low).max()), pixels)


def _tile(look: Look, neutral: Float32, points: Float32, window: Window) -> UInt8:
    size = (window.pixels, window.pixels)
    image = render_views(look, neutral[None], to_pixels=window.to_pixels[None].astype(np.float32), size=size)[
        0, 0
    ]
    at = window.project(points)
    start = 0
    for color, (element, names) in zip(_COLORS, ELEMENTS.items(), strict=True):
        _outline(image, at[start : start + len(names)], color, element in _CLOSED)
        start += len(names)
    for row, (x, y) in enumerate(at):
        if 0 <= x < window.pixels and 0 <= y < window.pixels:
            color = _COLORS[
                next(i for i, names in enumerate(ELEMENTS.values()) if LANDMARK_NAMES[row] in names)
            ]
            _write(image, str(row), (round(x) + 4, round(y) - 3), 0.0004 * window.pixels, color)
    return image


def _outline(image: UInt8, dots: Float64, color: tuple[int, int, int], closed: bool) -> None:
    cv2.polylines(image, [np.rint(dots * 16).astype(np.int32)], closed, color, 1, cv2.LINE_AA, 4)
    for x, y in np.rint(dots * 16).astype(int).tolist():
        cv2.circle(image, (x, y), 16 * 3, (0, 0, 0), -1, cv2.LINE_AA, 4)
        cv2.circle(image, (x, y), 16 * 2, color, -1, cv2.LINE_AA, 4)


def _legend(doubts: Sequence[str], width: int, size: int) -> UInt8:
    """Names of the elements in their colours, and the doubts."""
    scale = 0.5 * size / 1024
    step = round(44 * scale)
    lines = [line for doubt in doubts for line in textwrap.wrap(f"? {doubt}", round(width / (18.5 * scale)))]
    strip = np.full((step * (len(lines) + 1) + step // 2, width, 3), 32, dtype=np.uint8)
    x = step // 2
    for color, element in zip(_COLORS, ELEMENTS, strict=True):
        _write(strip, element, (x, step), scale, color)
        x += cv2.getTextSize(element, _FONT, scale, 1)[0][0] + step
    for number, line in enumerate(lines):
        _write(strip, line, (step // 2, step * (number + 2)), scale, (255, 220, 140))
    return strip


def _write(image: UInt8, text: str, at: tuple[int, int], scale: float, color: tuple[int, int, int]) -> None:
    plain = text.encode("ascii", "replace").decode("ascii")
    cv2.putText(image, plain, at, _FONT, scale, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(image, plain, at, _FONT, scale, color, 1, cv2.LINE_AA)
