"""The picture in which a user confirms the landmarks of a character, or sees which to correct."""

from __future__ import annotations

import cv2
import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import ELEMENTS, LANDMARK_NAMES, SurfaceLandmarks
from facepatch.landmarks.front_view import FrontView, Window, look

_COLORS = ((255, 90, 90), (90, 160, 255), (255, 200, 60), (120, 230, 120), (255, 120, 220), (120, 240, 240))


def draw_landmarks(character: Character, landmarks: SurfaceLandmarks, *, size: int = 1024) -> UInt8:
    """(size, 2 size, 3) the head from the front with numbered landmarks; right of it, both eyes and the mouth."""
    points = landmarks.positions(character.neutral[None])[0]
    rows = {name: i for i, name in enumerate(LANDMARK_NAMES)}
    inner = points[[rows[n] for n in ("eye_r_outer", "eye_l_outer", "chin")]]
    scale = float(np.ptp(inner[:, 1]) + np.ptp(inner[:, 0])) / 2
    middle = points[:, :2].mean(axis=0)
    tiles = [_tile(character, points, middle, 2.2 * scale, size)]
    for elements, zoom in ((("eye_r",), 1.3), (("eye_l",), 1.3), (("lips_outer",), 1.4), (("nose_base",), 1.8)):
        part = points[[rows[n] for e in elements for n in ELEMENTS[e]], :2]
        center = (part.min(axis=0) + part.max(axis=0)) / 2
        tiles.append(_tile(character, points, center, zoom * float(np.ptp(part, axis=0).max()), size // 2))
    return np.hstack([tiles[0], np.vstack([np.hstack(tiles[1:3]), np.hstack(tiles[3:5])])])


def _tile(character, points, center, size, pixels):
    window = Window((float(center[0]), float(center[1])), size, pixels)
    view = look(character.neutral, character.topology.triangles, window=window)
    a, b, c = (character.neutral[view.triangles[:, k]].astype(float) for k in range(3))
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    shade = 90 + 150 * np.abs(normal @ np.asarray([0.3, 0.4, 0.87]))
    gray = np.append(shade, 60)[view.face].astype(np.uint8)
    image = np.repeat(gray[..., None], 3, axis=2)
    at = window.project(points)[:, :2]
    row = 0
    for number, (element, names) in enumerate(ELEMENTS.items()):
        color = _COLORS[number % len(_COLORS)]
        dots = at[row : row + len(names)]
        closed = element.startswith(("eye", "lips"))
        cv2.polylines(image, [np.round(dots * 16).astype(np.int32)], closed, color, 1, cv2.LINE_AA, 4)
        for k, (x, y) in enumerate(dots):
            cv2.circle(image, (round(x), round(y)), 3, color, -1, cv2.LINE_AA)
            cv2.putText(image, str(row + k), (round(x) + 3, round(y) - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.35, color, 1, cv2.LINE_AA)
        row += len(names)
    return image
