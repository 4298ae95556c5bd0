"""Cutting patches out of film frames."""

from __future__ import annotations

import math

import cv2
import numpy as np

from facepatch.core.axes import Float64, UInt8
from facepatch.geometry.affine import compose, inverse


def cut_patches(image: UInt8, to_patch: Float64, *, size: int, out: UInt8 | None = None) -> UInt8:
    """Resample one frame into its patches.

    image: (H, W, 3) RGB; to_patch: (P, 2, 3) frame pixels -> patch pixels, both with (0, 0) at the outer corner of
    the first pixel. Returns (P, size, size, 3). A patch that shrinks the frame is cut larger and averaged down,
    so that fine detail does not alias; what lies outside the frame repeats its border.
    """
    patches = np.empty((len(to_patch), size, size, 3), np.uint8) if out is None else out
    for index, matrix in enumerate(to_patch):
        shrink = 1.0 / max(1e-9, math.sqrt(abs(float(np.linalg.det(matrix[:, :2])))))
        factor = min(8, max(1, math.ceil(shrink - 0.25)))
        larger = matrix * factor
        # cv2 puts (0, 0) at the centre of the first pixel.
        frame_from_patch = compose(_shift(-0.5), compose(inverse(larger), _shift(0.5)))
        cut = cv2.warpAffine(
            image,
            frame_from_patch,
            (size * factor, size * factor),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        patches[index] = cut if factor == 1 else cv2.resize(cut, (size, size), interpolation=cv2.INTER_AREA)
    return patches


def _shift(amount: float) -> Float64:
    return np.array([[1.0, 0.0, amount], [0.0, 1.0, amount]])
