"""Preview pictures from files, no larger than a message should be."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from facepatch.core.axes import UInt8

log = logging.getLogger(__name__)

MAX_PIXELS = 1_300_000


def read_picture(path: Path) -> UInt8 | None:
    """(H, W, 3) RGB, made smaller where it is very large. None where it cannot be read: a preview is no result."""
    import cv2

    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        log.warning("%s: no preview (%s).", path, error)
        return None
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        log.warning("%s: no preview, since it is no picture.", path)
        return None
    pixels = image.shape[0] * image.shape[1]
    if pixels > MAX_PIXELS:
        scale = (MAX_PIXELS / pixels) ** 0.5
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(image[..., ::-1], dtype=np.uint8)
