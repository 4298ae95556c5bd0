"""Pictures as text inside the page."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.errors import ExportError

JPEG_QUALITY = 88


def data_uri(image: UInt8, *, longest: int = 1600) -> str:
    """(H, W, 3) sRGB -> a JPEG as `data:` address, shrunk where its longer side is over `longest` pixels."""
    height, width = image.shape[:2]
    if not height or not width:
        raise ExportError(f"a picture of {width} x {height} pixels has nothing to show. Leave it out.")
    scale = longest / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    done, jpeg = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ExportError(f"a picture of {width} x {height} pixels could not be compressed.")
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii")
