"""Which part of a whole body is the head.

The rule. What the shapes move by at least a twentieth of the largest movement is the face; its bounding box says
where the head is. The head box reaches from 0.6 of the face's height below it to 1.2 above it, 1.1 to either side
of its middle, 1.8 behind and 0.6 before it. Then:
- a mesh with shapes stays; where it reaches out of the head box by more than the face's height (a body in one
  piece with its head), only its polygons inside the box stay;
- a mesh without shapes stays where at least nine tenths of its vertices lie in the box (eyes, teeth, lashes, hair),
  or where its name says that it belongs to a head and its middle lies in the box (long hair);
- everything else (body, clothes) is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from facepatch.core.part_names import part_kind

_SHARE_OF_LARGEST = 0.05
_SHARE_INSIDE = 0.9
_HEAD_KINDS = ("eye", "teeth", "tongue", "mouth", "lash", "brow", "hair")


@dataclass(frozen=True, eq=False)
class HeadBox:
    """Axis-aligned, in the unit of the vertices."""

    low: Any
    """(3,)"""
    high: Any
    """(3,)"""
    face_height: float

    def inside(self, vertices: Any) -> Any:
        """(V, 3) -> (V,) bool"""
        return ((vertices >= self.low) & (vertices <= self.high)).all(axis=1)


def head_box(vertices: Any, movement: Any) -> HeadBox | None:
    """The head box of (V, 3) vertices whose largest movement by any shape is (V,); None where nothing moves."""
    largest = float(movement.max(initial=0.0))
    if largest <= 0.0:
        return None
    face = vertices[movement >= _SHARE_OF_LARGEST * largest]
    low, high = face.min(axis=0), face.max(axis=0)
    height = float(high[1] - low[1])
    middle = (low + high) / 2.0
    reach = height * np.array([1.1, 0.0, 0.0])
    return HeadBox(
        low=np.array([middle[0] - reach[0], low[1] - 0.6 * height, low[2] - 1.8 * height]),
        high=np.array([middle[0] + reach[0], high[1] + 1.2 * height, high[2] + 0.6 * height]),
        face_height=height,
    )


def reaches_out(box: HeadBox, vertices: Any) -> bool:
    """Whether (V, 3) vertices leave the box by more than the face's height."""
    over = np.maximum(box.low - vertices.min(axis=0), vertices.max(axis=0) - box.high)
    return bool(over.max() > box.face_height)


def belongs_to_head(box: HeadBox, name: str, vertices: Any) -> bool:
    """Whether a mesh without shapes is part of the head."""
    inside = box.inside(vertices)
    if inside.mean() >= _SHARE_INSIDE:
        return True
    middle = vertices.mean(axis=0, keepdims=True)
    return part_kind(name) in _HEAD_KINDS and bool(box.inside(middle)[0])
