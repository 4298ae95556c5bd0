"""Orthographic views: affine maps from head-plane centimetres to pixels.

A view is (2, 3): pixel = view @ (x, y, 1), with (x, y) in cm and (0, 0) the outer corner of the top-left
pixel. The camera looks along -Z, so the character's left (+X) lies at the right of the picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from facepatch.core.axes import Axes, Float32
from facepatch.core.data.character import Character
from facepatch.core.data.pca import Pca
from facepatch.core.errors import ShapeError

MOVES = 0.1
"""Least motion of what belongs to the face, as a share of the largest."""
AROUND = (0.5, 0.15, 0.5, 0.75)
"""What a head has left of, below, right of and above what moves in it, in the size of that: ears, a crown. Of eight
characters, realistic and stylised, all are inside."""


def front_view(vertices: Any, *, size: tuple[int, int], margin: float = 0.08) -> Float32:
    """The (2, 3) view that shows all of `vertices`, (V, 3) or (T, V, 3), in the middle of `size` (W, H).

    margin: free border on each side, as a share of the picture. Raises ShapeError where nothing has a size.
    """
    points = Axes()("vertices", vertices, "T V 3" if np.ndim(vertices) == 3 else "V 3")[..., :2]
    if points.size == 0 or not 0.0 <= margin < 0.5:
        raise ShapeError(
            f"front view: {points.size // 2} points and margin {margin}; needs points and 0 to 0.5."
        )
    flat = points.reshape(-1, 2).astype(np.float64)
    low, high = flat.min(axis=0), flat.max(axis=0)
    extent = np.maximum(high - low, 1e-9 * max(1.0, float(np.abs(flat).max())))
    scale = float(((1.0 - 2.0 * margin) * np.asarray(size) / extent).min())
    middle = (low + high) / 2.0
    return np.array(
        [
            [scale, 0.0, size[0] / 2.0 - scale * middle[0]],
            [0.0, -scale, size[1] / 2.0 + scale * middle[1]],
        ],
        dtype=np.float32,
    )


def head_view(
    character: Character, *, size: tuple[int, int], margin: float = 0.08, pca: Pca | None = None
) -> Float32:
    """The (2, 3) view of `front_view` that shows the head and not the rest of a figure.

    The head is what the shapes move (`MOVES`) and as much around it as heads have (`AROUND`), of what there is. A
    character without shapes moves as its `pca` does, and is shown whole where it has none either.
    """
    changes = character.deltas
    if not len(changes) and pca is not None:
        changes = (np.sqrt(pca.variance)[:, None] * pca.basis).reshape(pca.component_count, -1, 3)
    neutral = character.neutral[:, :2]
    low, high = neutral.min(axis=0), neutral.max(axis=0)
    if len(changes):
        motion = np.linalg.norm(changes, axis=2).max(axis=0)
        face = neutral[motion >= MOVES * np.quantile(motion, 0.999)]
        left, below, right, above = AROUND
        extent = np.ptp(face, axis=0)
        low = np.maximum(low, face.min(axis=0) - extent * (left, below))
        high = np.minimum(high, face.max(axis=0) + extent * (right, above))
    return front_view(np.array([[*low, 0.0], [*high, 0.0]], np.float32), size=size, margin=margin)


def box_view(box: Any, size: tuple[int, int]) -> Float32:
    """The (2, 3) view whose picture of `size` (W, H) is exactly a rectangle of the head plane.

    box: (4,) left, bottom, right, top in cm for an upright rectangle, or (3, 2) cm positions of the picture's
    top-left, top-right and bottom-left corners for a rotated (or sheared) one. Raises ShapeError if it is
    flat.
    """
    check = Axes()
    if np.ndim(box) == 1:
        left, bottom, right, top = check("box", box, "4", np.float64)
        corners = np.array([[left, top], [right, top], [left, bottom]])
    else:
        corners = check("box", box, "3 2", np.float64)
    edges = np.stack([corners[1] - corners[0], corners[2] - corners[0]], axis=1)
    if abs(np.linalg.det(edges)) < 1e-12:
        raise ShapeError(
            f"box: {np.asarray(box).tolist()} has no area. Give a rectangle with width and height."
        )
    linear = np.diag([float(size[0]), float(size[1])]) @ np.linalg.inv(edges)
    return np.concatenate([linear, -(linear @ corners[0])[:, np.newaxis]], axis=1).astype(np.float32)
