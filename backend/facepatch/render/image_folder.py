"""A folder of numbered images as a film."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.errors import VideoError

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr")


@dataclass(frozen=True)
class ImageFolder:
    """The images of one shot, in the order of their numbers."""

    images: tuple[tuple[int, Path], ...]
    """(number, file)"""
    missing: int
    """Numbers between the first and the last without an image."""
    warnings: tuple[str, ...]


def list_images(folder: Path) -> ImageFolder:
    """Find the numbered images of `folder`; of several names the one with the most.

    Raises VideoError where there is none, or two with one number.
    """
    groups: dict[tuple[str, str], list[tuple[int, Path]]] = {}
    for file in sorted(folder.iterdir()):
        match = re.fullmatch(r"(.*?)(\d+)", file.stem)
        if match and file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
            groups.setdefault((match[1], file.suffix.lower()), []).append((int(match[2]), file))
    if not groups:
        raise VideoError(
            f"{folder}: holds no numbered images ({', '.join(SUFFIXES)}), such as shot.0001.png."
        )
    (prefix, suffix), images = max(groups.items(), key=lambda item: (len(item[1]), item[0]))
    images.sort()
    steps = np.diff([number for number, _ in images])
    if (steps == 0).any():
        twice = images[int(np.flatnonzero(steps == 0)[0])][0]
        raise VideoError(f"{folder}: two images have the number {twice}. Keep one of them.")
    warnings: list[str] = []
    if len(groups) > 1:
        warnings.append(f"{folder.name}: only {prefix}*{suffix} is read, not the other images.")
    missing = int((steps - 1).sum())
    if missing:
        gap = images[int(np.flatnonzero(steps > 1)[0])][0] + 1
        warnings.append(
            f"{folder.name}: {missing} image numbers are missing, the first {gap}; times keep their place."
        )
    return ImageFolder(tuple(images), missing, tuple(warnings))


def read_image(file: Path) -> UInt8:
    """(H, W, 3) sRGB; the linear light of an EXR gets the sRGB curve. Raises VideoError on what is no image."""
    if file.suffix.lower() == ".exr":
        os.environ.setdefault("OPENCV_IO_ENABLE_OPENEXR", "1")  # OpenCV reads EXR only where this is set
    stored = np.frombuffer(file.read_bytes(), dtype=np.uint8)
    try:
        image = cv2.imdecode(stored, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH) if stored.size else None
    except cv2.error as error:
        raise VideoError(f"{file}: cannot be read as an image ({error.err}). Convert it to PNG.") from error
    if image is None:
        raise VideoError(f"{file}: cannot be read as an image. Write it again, or as PNG.")
    rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    if rgb.dtype == np.uint16:
        rgb = (rgb / 257.0).round()
    elif rgb.dtype.kind == "f":
        linear = np.clip(np.nan_to_num(rgb), 0.0, 1.0)
        curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055)
        rgb = (255.0 * curve).round()
    return np.ascontiguousarray(rgb, dtype=np.uint8)
