"""Strokes that a training render gets where the character has no painted features of its own.

The networks read brows, lips and lid lines by contrast; a bare sculpt has hardly any. The strokes follow the
character's landmarks, so they move with the expression (method 6.1, training-only render styling).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from facepatch.core.axes import Float64, UInt8
from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import landmark_indices
from facepatch.geometry.affine import transform

SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class MakeupSettings:
    """Colours are sRGB 0..255; widths are fractions of the inter-ocular distance."""

    use: Literal["auto", "on", "off"] = "auto"
    """auto: only where the character has neither textures nor vertex colours."""
    brow_color: tuple[int, int, int] = (58, 42, 34)
    brow_width: float = 0.075
    lip_color: tuple[int, int, int] = (172, 84, 82)
    lip_strength: float = 0.75
    """Opacity of the lips."""
    mouth_color: tuple[int, int, int] = (38, 16, 16)
    mouth_strength: float = 0.5
    """Opacity of the shadow between the lips, so that an open mouth is dark and a closed one is a line."""
    lid_color: tuple[int, int, int] = (45, 32, 28)
    lid_width: float = 0.022


def wears_makeup(character: Character, settings: MakeupSettings) -> bool:
    """Whether training renders of `character` get strokes."""
    if settings.use != "auto":
        return settings.use == "on"
    return not character.textures and character.vertex_color is None


def apply_makeup(images: UInt8, points: Float64, *, views: Float64, settings: MakeupSettings) -> None:
    """Draw brows, lips and lid lines into rendered patches, in place.

    images: (T, P, H, W, 3); points: (T, L, 2) head-plane landmarks, cm, y up; views: (P, 2, 3) head plane -> pixels.
    """
    right, left = (
        landmark_indices("eye_r_outer", "eye_r_inner"),
        landmark_indices("eye_l_outer", "eye_l_inner"),
    )
    between = points[0, left].mean(0) - points[0, right].mean(0)
    for index, view in enumerate(views):
        pixels = transform(view, points)
        unit = float(np.hypot(*(view[:, :2] @ between)))
        for frame in range(len(images)):
            _draw(images[frame, index], pixels[frame], unit, settings)


def _draw(image: UInt8, points: Float64, unit: float, settings: MakeupSettings) -> None:
    factor = 2**SUBPIXEL_BITS
    # cv2 puts (0, 0) at the centre of the first pixel.
    fixed = np.round((points - 0.5) * factor).astype(np.int32)
    outer, inner = fixed[landmark_indices("lips_outer")], fixed[landmark_indices("lips_inner")]
    if settings.lip_strength > 0 and _inside(outer, image.shape, factor):
        tint = image.copy()
        ring = _untwisted(inner)
        cv2.fillPoly(tint, [outer, ring], settings.lip_color, cv2.LINE_AA, SUBPIXEL_BITS)
        cv2.addWeighted(tint, settings.lip_strength, image, 1 - settings.lip_strength, 0, dst=image)
        np.copyto(tint, image)
        cv2.fillPoly(tint, [ring], settings.mouth_color, cv2.LINE_AA, SUBPIXEL_BITS)
        cv2.addWeighted(tint, settings.mouth_strength, image, 1 - settings.mouth_strength, 0, dst=image)
        cv2.polylines(image, [ring], True, settings.mouth_color, 1, cv2.LINE_AA, SUBPIXEL_BITS)
    for side in ("r", "l"):
        brow = fixed[landmark_indices(f"brow_{side}")]
        if settings.brow_width > 0 and _inside(brow, image.shape, factor):
            width = max(1, round(settings.brow_width * unit))
            cv2.polylines(image, [brow], False, settings.brow_color, width, cv2.LINE_AA, SUBPIXEL_BITS)
        lids = fixed[landmark_indices(f"eye_{side}")]
        if settings.lid_width > 0 and _inside(lids, image.shape, factor):
            width = max(1, round(settings.lid_width * unit))
            cv2.polylines(image, [lids[:5]], False, settings.lid_color, width, cv2.LINE_AA, SUBPIXEL_BITS)
            cv2.polylines(
                image, [lids[[4, 5, 6, 7, 0]]], False, settings.lid_color, 1, cv2.LINE_AA, SUBPIXEL_BITS
            )


def _inside(points: np.ndarray, shape: tuple[int, ...], factor: int) -> bool:
    low, high = points.min(0) / factor, points.max(0) / factor
    return bool(high[0] > 0 and high[1] > 0 and low[0] < shape[1] and low[1] < shape[0])


def _untwisted(inner: np.ndarray) -> np.ndarray:
    """The inner lip line with lips that overlap laid on each other, so that the hole between them is empty."""
    ring = inner.copy()
    for upper, lower in ((1, 7), (2, 6), (3, 5)):
        if ring[lower, 1] < ring[upper, 1]:
            ring[[lower, upper], 1] = (ring[lower, 1] + ring[upper, 1]) // 2
    return ring
