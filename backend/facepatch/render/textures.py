"""Textures as the kernels want them: sRGB bytes, each level half the size of the one before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facepatch.core.axes import Float32, Float64, Int32, UInt8
from facepatch.core.errors import ShapeError


def srgb_to_linear(values: Float64) -> Float64:
    """sRGB 0..1 -> linear light 0..1 (IEC 61966-2-1)."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(values: Float64) -> Float64:
    """Linear light 0..1 -> sRGB 0..1 (IEC 61966-2-1)."""
    return np.where(
        values <= 0.0031308, values * 12.92, 1.055 * np.maximum(values, 0.0) ** (1.0 / 2.4) - 0.055
    )


def byte_to_linear() -> Float32:
    """(256,) linear light of each sRGB byte."""
    return srgb_to_linear(np.arange(256) / 255.0).astype(np.float32)


def stacked_levels(textures: Sequence[UInt8], *, largest: int) -> tuple[UInt8, Int32]:
    """Texels of all levels of all textures (texels, 3), and (textures, levels, 3): first texel, height,
    width.

    A texture larger than `largest` pixels starts at its first level that is not. Each level is the mean of
    2 x 2 texels of the one before, in linear light. Raises ShapeError where a texture is no (H, W, 3) of
    bytes.
    """
    stacks = [_levels(texture, index, largest) for index, texture in enumerate(textures)]
    depth = max((len(stack) for stack in stacks), default=1)
    table = np.zeros((len(stacks), depth, 3), dtype=np.int32)
    texels: list[UInt8] = []
    first = 0
    for index, stack in enumerate(stacks):
        for level, image in enumerate(stack):
            table[index, level] = first, image.shape[0], image.shape[1]
            texels.append(image.reshape(-1, 3))
            first += image.shape[0] * image.shape[1]
    return np.concatenate(texels) if texels else np.zeros((0, 3), dtype=np.uint8), table


def _levels(texture: UInt8, index: int, largest: int) -> list[UInt8]:
    image = np.asarray(texture)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ShapeError(f"texture {index}: needs (H, W, 3) of uint8, got {image.shape} of {image.dtype}.")
    levels = [np.ascontiguousarray(image)]
    while max(levels[-1].shape[:2]) > 1:
        levels.append(_halved(levels[-1]))
    return [level for level in levels if max(level.shape[:2]) <= largest] or levels[-1:]


def _halved(image: UInt8) -> UInt8:
    """Half the size, at least 1; the last row or column of an odd size is repeated."""
    high, wide = image.shape[:2]
    grown = np.pad(image, ((0, high % 2), (0, wide % 2), (0, 0)), mode="edge")
    linear = byte_to_linear()[grown].reshape(-(-high // 2), 2, -(-wide // 2), 2, 3).mean(axis=(1, 3))
    return np.round(linear_to_srgb(linear.astype(np.float64)) * 255.0).astype(np.uint8)
