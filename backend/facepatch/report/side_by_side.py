"""One frame of the side-by-side film: performer | its patches | reenacted patches | character."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from facepatch.core.axes import Axes, UInt8
from facepatch.core.errors import ConfigError

LABELS = ("performer", "patches", "reenacted", "character")
BACKGROUND = (24, 26, 29)
INK = (214, 218, 222)
GAP = 4
"""Pixels between the columns and between the patches."""


def frame_size(patch_count: int, *, height: int = 360) -> tuple[int, int]:
    """(width, height) of every frame that `compose_frame` makes for so many patches: both even, as films want
    it."""
    label = _label_height(height)
    column = (
        0
        if patch_count == 0
        else _patch_columns(patch_count) * (_patch_side(patch_count, height) + GAP) - GAP
    )
    side = height
    width = 2 * side + (2 * column + 3 * GAP if patch_count else GAP)
    return width + width % 2, height + label + (height + label) % 2


def compose_frame(
    performer: UInt8,
    patches: Sequence[UInt8] | UInt8,
    *,
    reenacted: Sequence[UInt8] | UInt8,
    character: UInt8,
    height: int = 360,
    labels: Sequence[str] = LABELS,
) -> UInt8:
    """Lay the pictures of one frame side by side under thin labels.

    performer, character: (H, W, 3) of any size, fitted whole into a square of `height` pixels. patches,
    reenacted: P pictures (h, w, 3) each, in the same order; further columns are added where they would become
    small. The size of the result depends on P and `height` alone, so all frames of a film are equal. Returns
    sRGB. Raises ShapeError for what is no picture and ConfigError for unequal numbers of patches, a height
    under 64 or labels that are not four.
    """
    check = Axes()
    if len(patches) != len(reenacted):
        raise ConfigError(
            f"side by side: {len(patches)} patches but {len(reenacted)} reenacted ones. Give one for each."
        )
    if height < 64:
        raise ConfigError(
            f"side by side: a height of {height} pixels is too small to see a face. Take 64 or more."
        )
    if len(labels) != 4:
        raise ConfigError(f"side by side: {len(labels)} labels for 4 columns ({', '.join(LABELS)}).")
    width, full_height = frame_size(len(patches), height=height)
    canvas = np.empty((full_height, width, 3), np.uint8)
    canvas[:] = BACKGROUND
    top, left = _label_height(height), 0
    columns: list[tuple[str, list[UInt8], bool]] = [
        (labels[0], [performer], False),
        (labels[1], list(patches), True),
        (labels[2], list(reenacted), True),
        (labels[3], [character], False),
    ]
    for label, pictures, small in columns:
        if not pictures:
            continue
        side = _patch_side(len(pictures), height) if small else height
        across = _patch_columns(len(pictures)) if small else 1
        used = across * (side + GAP) - GAP
        _write(canvas, label, left, used, top)
        for number, picture in enumerate(pictures):
            picture = check(f"side by side: {label} {number}", picture, "_ _ 3", np.uint8)
            row, column = divmod(number, across)
            _place(canvas, picture, left + column * (side + GAP), top + row * (side + GAP), side, crop=small)
        left += used + GAP
    return canvas


def _patch_columns(count: int) -> int:
    """Up to three patches stand above each other, then the columns double up."""
    return max(1, int(np.ceil(count / 3)))


def _patch_side(count: int, height: int) -> int:
    rows = max(1, int(np.ceil(count / _patch_columns(count))))
    rows = max(2, rows)  # a single patch is not blown up to the size of the face
    return (height - GAP * (rows - 1)) // rows


def _label_height(height: int) -> int:
    return max(14, height // 18)


def _place(canvas: UInt8, picture: UInt8, left: int, top: int, side: int, *, crop: bool) -> None:
    """Scale `picture` into the square at (left, top): whole with bars, or filling it where `crop`."""
    height, width = picture.shape[:2]
    if not height or not width:
        return
    scale = (max if crop else min)(side / height, side / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    y, x = (scaled.shape[0] - side) // 2, (scaled.shape[1] - side) // 2
    if crop:
        canvas[top : top + side, left : left + side] = scaled[y : y + side, x : x + side]
    else:
        canvas[top - y : top - y + scaled.shape[0], left - x : left - x + scaled.shape[1]] = scaled


def _write(canvas: UInt8, label: str, left: int, width: int, height: int) -> None:
    """The label over a column, as large as fits."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, height / 38
    (text_width, _), _ = cv2.getTextSize(label, font, scale, 1)
    scale *= min(1.0, (width - 6) / max(1, text_width))
    (_, text_height), below = cv2.getTextSize(label, font, scale, 1)
    baseline = (height - text_height - below) // 2 + text_height
    cv2.putText(canvas, label, (left + 3, baseline), font, scale, INK, 1, cv2.LINE_AA)
