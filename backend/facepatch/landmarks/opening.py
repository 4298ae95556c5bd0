"""One opening of the skin (an eye, the mouth) as a viewer from the front sees it, and its rim on the surface."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from facepatch.core.axes import Bool, Float32, Int32
from facepatch.landmarks.front_view import FrontView, SurfacePoints, Window, look

_LEAST_PIXELS = 30
"""An opening that covers fewer pixels of its window is none."""


@dataclass(frozen=True, eq=False)
class Rim:
    """The skin next to an opening, column by column of the window, from its left to its right end."""

    view: FrontView
    mask: Bool
    """(H, W) the opening itself."""
    columns: Int32
    """(N,) window columns."""
    top: Int32
    """(N,) the first row above the opening."""
    bottom: Int32
    """(N,) the first row below it."""
    left: SurfacePoints
    """One point beside the left end (the character's right)."""
    right: SurfacePoints
    """One point beside the right end."""
    reach: int
    """Pixels within which skin still belongs to the rim."""

    @property
    def area(self) -> float:
        """Of the opening, in cm2."""
        return float(self.mask.sum()) * self.view.window.pixel**2

    def above(self) -> tuple[SurfacePoints, Int32]:
        """The skin above the opening within reach, and how many pixels each point lies away from it."""
        return self._band(self.top, -1)

    def below(self) -> tuple[SurfacePoints, Int32]:
        """The skin below the opening within reach, and how many pixels each point lies away from it."""
        return self._band(self.bottom, 1)

    def _band(self, start: Int32, step: int) -> tuple[SurfacePoints, Int32]:
        away = np.repeat(np.arange(self.reach + 1, dtype=np.int32), len(start))
        rows = np.tile(start, self.reach + 1) + step * away
        columns = np.tile(self.columns, self.reach + 1)
        there = (rows >= 0) & (rows < len(self.mask))
        there[there] = self.view.hit[rows[there], columns[there]]
        return self.view.points(rows[there], columns[there]), away[there]


def shown_and_hidden(
    open_view: FrontView, open_pose: Float32, closed_view: FrontView, closed_pose: Float32
) -> Bool:
    """(H, W) where `open_view` shows skin that `closed_view` hides, or nothing where `closed_view` shows skin.

    An inner side that is seen from the front counts as nothing. Both views have one window and its size sets how
    far something must lie in front to hide another: 0.4 % of it.
    """
    rows, columns = np.nonzero(open_view.hit)
    seen = open_view.points(rows, columns).positions(closed_pose)
    mask = ~(open_view.hit & open_view.outside) & closed_view.hit & closed_view.outside
    hidden = closed_view.hides(seen, tolerance=0.004 * open_view.window.size)
    mask[rows, columns] |= hidden
    return mask


def find_rim(
    open_pose: Float32, closed_pose: Float32, *, triangles: Int32, window: Window, join: float
) -> Rim | None:
    """The largest opening of `open_pose` that `closed_pose` closes, both (V, 3) cm; None where there is none.

    `join`: pieces of an opening that are less than this share of the window apart are one opening, and the skin
    within that reach belongs to its rim.
    """
    view, closed = (look(pose, triangles, window=window) for pose in (open_pose, closed_pose))
    covered = shown_and_hidden(view, open_pose, closed, closed_pose)
    surrounded = ~view.around
    empty = ~(view.hit & view.outside)
    gap = round(join * window.pixels)
    mask = _largest((covered | empty) & surrounded, covered & surrounded, gap)
    return None if mask is None else _rim(view, mask, gap)


def tilt(mask: Bool) -> float:
    """Radians by which the longer axis of `mask` rises to the right; 0 where it is hardly longer than high."""
    rows, columns = np.nonzero(mask)
    values, axes = np.linalg.eigh(np.cov(np.stack([columns, -rows]).astype(np.float64)))
    along = axes[:, 1] * (1.0 if axes[0, 1] >= 0 else -1.0)
    angle = float(np.arctan2(along[1], along[0]))
    return angle if values[1] > 2.0 * values[0] and abs(angle) < 0.6 else 0.0


def _largest(mask: Bool, evidence: Bool, gap: int) -> Bool | None:
    """The piece of `mask` with most pixels of `evidence`, joined over gaps of `gap` pixels and filled."""
    whole = mask.astype(np.uint8)
    across = gap // 2 * 2 + 1  # an even kernel would shift the picture
    whole = cv2.morphologyEx(
        whole, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (across, across))
    )
    label = cv2.connectedComponents(whole, connectivity=4)[1]
    weight = np.bincount(label[evidence & (label > 0)], minlength=1)
    if weight.max() < _LEAST_PIXELS:
        return None
    piece = (mask & (label == weight.argmax())).astype(np.uint8)
    outline = cv2.findContours(piece, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    return cv2.drawContours(piece, outline, -1, (1,), cv2.FILLED).astype(bool)


def _rim(view: FrontView, mask: Bool, reach: int) -> Rim | None:
    columns = np.flatnonzero(mask.any(axis=0))
    top = mask.argmax(axis=0)[columns] - 1
    bottom = len(mask) - mask[::-1].argmax(axis=0)[columns]
    last = len(mask) - 1
    if top.min() < 0 or bottom.max() > last or columns[0] == 0 or columns[-1] == last or len(columns) < 5:
        return None  # one that runs out of the window is no opening but the outline of the head
    return Rim(
        view=view,
        mask=mask,
        columns=columns.astype(np.int32),
        top=top.astype(np.int32),
        bottom=bottom.astype(np.int32),
        left=_beside(view, mask, int(columns[0]), -1),
        right=_beside(view, mask, int(columns[-1]), 1),
        reach=reach,
    )


def _beside(view: FrontView, mask: Bool, column: int, step: int) -> SurfacePoints:
    """The skin next to the end of an opening."""
    rows = np.flatnonzero(mask[:, column])
    row = int(rows[len(rows) // 2])
    column += step
    while not view.hit[row, column] and 0 < column < view.window.pixels - 1:
        column += step
    return view.points(np.asarray([row]), np.asarray([column]))
