"""Contact sheets: many pictures on one."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.errors import ShapeError

GAP = 2
"""Pixels between pictures."""
LABEL = 18
"""Pixels of the strip above a picture that has a label."""


def contact_sheet(images: Sequence[UInt8], *, columns: int, labels: Sequence[str] | None = None) -> UInt8:
    """`images`, each (H, W, 3) and not all of one size, in rows of `columns`, with a label above each.

    Raises ShapeError on no images, on arrays that are no RGB pictures, and on a wrong number of labels.
    """
    pictures = [np.asarray(image) for image in images]
    if not pictures or columns < 1:
        raise ShapeError(
            f"contact sheet: {len(pictures)} images in {columns} columns; needs at least 1 of each."
        )
    for index, picture in enumerate(pictures):
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise ShapeError(
                f"contact sheet: image {index} is {picture.shape} of {picture.dtype}; needs H x W x 3 bytes."
            )
    if labels is not None and len(labels) != len(pictures):
        raise ShapeError(f"contact sheet: {len(labels)} labels for {len(pictures)} images.")
    strip = LABEL if labels is not None else 0
    wide = max(picture.shape[1] for picture in pictures) + GAP
    high = max(picture.shape[0] for picture in pictures) + GAP + strip
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * high, min(columns, len(pictures)) * wide, 3), 24, dtype=np.uint8)
    for index, picture in enumerate(pictures):
        top, left = index // columns * high, index % columns * wide
        sheet[top + strip : top + strip + picture.shape[0], left : left + picture.shape[1]] = picture
        if labels is not None:
            _write(sheet[top : top + strip, left : left + wide - GAP], labels[index])
    return sheet


def _write(strip: UInt8, text: str) -> None:
    """Draw `text` in the strip, smaller where it would not fit."""
    plain = text.encode("ascii", "replace").decode("ascii")
    width = cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)[0][0]
    scale = 0.45 * min(1.0, (strip.shape[1] - 6) / max(1, width))
    canvas = np.ascontiguousarray(strip)
    cv2.putText(canvas, plain, (3, 13), cv2.FONT_HERSHEY_SIMPLEX, scale, (230, 230, 230), 1, cv2.LINE_AA)
    strip[:] = canvas
