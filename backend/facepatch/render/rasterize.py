"""Pictures of a head: many frames, several views of each."""

from __future__ import annotations

from typing import Any

import numpy as np

from facepatch.core.axes import Axes, Float32, UInt8
from facepatch.core.errors import InputError, ShapeError, TopologyError
from facepatch.render.kernels import draw_frames
from facepatch.render.phong import Look

BLOCK_BYTES = 64 << 20
"""Vertices checked and drawn at a time, so that a memory map is never read whole."""


def render_views(
    look: Look,
    vertices: Any,
    *,
    to_pixels: Any,
    size: tuple[int, int],
    supersample: int = 2,
    rotation: Any | None = None,
    out: UInt8 | None = None,
) -> UInt8:
    """Draw A views of each of T frames: (T, A, H, W, 3) uint8 sRGB.

    The camera is orthographic and looks along -Z. Pixels depend only on the arguments, not on the machine's
    number of threads; a triangle outside a view costs next to nothing.

    look: of the character whose `vertices` (T, V, 3) cm these are; may be a memory map.
    to_pixels: (A, 2, 3) or (T, A, 2, 3), affine from head-plane (x, y) cm to pixels of the view, (0, 0) the
    outer
        corner of its top-left pixel. A usual one maps +y to -y; one that does not shows the head mirrored.
    size: (W, H) pixels of each view. supersample: n x n samples a pixel, averaged in linear light.
    rotation: (T, 3, 3) head rotation applied before projection. out: array to fill and return.
    Raises ShapeError on other shapes and non-finite values, TopologyError on another number of vertices.
    """
    width, height = size
    if width < 1 or height < 1 or not 1 <= supersample <= 16:
        raise ShapeError(
            f"render: size is {size} and supersample {supersample}; sizes start at 1, supersample is 1 to 16."
        )
    if np.ndim(vertices) != 3 or np.shape(vertices)[2] != 3:
        raise ShapeError(f"vertices: needs 3 axes (T V 3), got shape {np.shape(vertices)}")
    frames, count = np.shape(vertices)[:2]
    if count != look.vertex_count:
        raise TopologyError(
            f"render: the frames have {count} vertices, but {look.name} has {look.vertex_count}. "
            "Give the vertices of the character that the look was prepared from."
        )
    affine = _affine(to_pixels, frames)
    turn = _rotation(rotation, frames)
    shape = (frames, affine.shape[1], height, width, 3)
    if out is None:
        out = np.empty(shape, dtype=np.uint8)
    elif out.shape != shape or out.dtype != np.uint8:
        raise ShapeError(f"out: needs {shape} of uint8, got {out.shape} of {out.dtype}.")
    step = max(1, BLOCK_BYTES // max(1, 12 * count))
    for start in range(0, frames, step):
        stop = min(start + step, frames)
        block = Axes()(f"vertices of frames {start} to {stop - 1}", vertices[start:stop], "T V 3")
        if not block.flags.writeable:
            block = block.copy()  # numba would compile everything once more for a read-only array
        draw_frames(look.surface, block, turn[start:stop], affine[start:stop], supersample, out[start:stop])
    return out


def check_not_empty(images: UInt8, look: Look) -> None:
    """Raise InputError if any image of `images` (..., H, W, 3) shows nothing but the background of `look`."""
    flat = images.reshape(-1, *images.shape[-3:])
    background = look.background_byte
    empty = [i for i, image in enumerate(flat) if (image == background).all()]
    if empty:
        where = np.unravel_index(empty[0], images.shape[:-3]) if images.ndim > 3 else (0,)
        raise InputError(
            f"render of {look.name}: {len(empty)} of {len(flat)} images are empty, the first at index "
            f"{tuple(int(i) for i in where)}. Check that to_pixels maps the head into the picture."
        )


def _affine(to_pixels: Any, frames: int) -> Float32:
    check = Axes()
    if np.ndim(to_pixels) == 3:
        return np.repeat(check("to_pixels", to_pixels, "A 2 3")[np.newaxis], frames, axis=0)
    affine = check("to_pixels", to_pixels, "T A 2 3")
    if len(affine) != frames:
        raise ShapeError(f"to_pixels: is for {len(affine)} frames, but vertices have {frames}.")
    return affine


def _rotation(rotation: Any | None, frames: int) -> Float32:
    if rotation is None:
        return np.repeat(np.eye(3, dtype=np.float32)[np.newaxis], frames, axis=0)
    turn = Axes()("rotation", rotation, "T 3 3")
    if len(turn) != frames:
        raise ShapeError(f"rotation: is for {len(turn)} frames, but vertices have {frames}.")
    return turn
