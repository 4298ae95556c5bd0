"""Pictures of what a network does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor

from facepatch.core.axes import UInt8
from facepatch.core.records import atomic_write


def to_image(image: Tensor) -> UInt8:
    """(3, H, W) in 0..1 -> (H, W, 3) uint8"""
    scaled = (image.detach().float().clamp(0, 1) * 255).round().byte()
    return scaled.permute(1, 2, 0).cpu().numpy()


def write_picture(path: Path, image: UInt8) -> None:
    """Write (H, W, 3) RGB as PNG or JPEG, by the suffix, atomically."""
    # Here, so that training alone needs torch, NumPy and safetensors only.
    import cv2

    _, data = cv2.imencode(path.suffix, np.ascontiguousarray(image[..., ::-1]))
    with atomic_write(path) as stream:
        stream.write(data.tobytes())
