"""Finds closed eyes, an open mouth and raised brows among unnamed shapes or frames of motion, by what they show.

Needed for rigs whose shapes have names that nobody knows, or that have no shapes at all.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from facepatch.core.axes import Bool, Float32, Float64
from facepatch.landmarks.face_skin import FaceSkin
from facepatch.landmarks.front_view import Window, look
from facepatch.landmarks.opening import shown_and_hidden

_PIXELS = 224


class _Change(NamedTuple):
    """A patch of the picture that one sample opens or closes."""

    sample: int
    area: int
    x: float
    """Of its centre, in cm."""
    y: float


def search_poses(skin: FaceSkin, samples: NDArray[np.floating]) -> dict[str, Float32]:
    """The poses of `face_skin.POSES` that `skin` lacks and `samples` (S, V, 3) cm show; (V, 3) cm each.

    The mouth is the largest opening near the middle that a sample makes; the eyes are the pair of openings above
    it, one on each side and level, that samples close; the brows are up where the skin above the eyes has risen most.
    """
    window = _face_window(skin, samples)
    opened, closed = _changes(skin, samples, window)
    middle, width = window.center[0], window.size
    poses = dict(skin.poses)
    if "mouth_open" not in poses:
        central = [change for change in opened if abs(change.x - middle) < 0.08 * width]
        if central:
            poses["mouth_open"] = np.asarray(
                samples[max(central, key=lambda c: c.area).sample], dtype=np.float32
            )
    if "eyes_closed" not in poses:
        pair = _eye_pair(closed, opened, middle, width)
        if pair is not None:
            poses["eyes_closed"] = _by_side(skin, samples, pair)
    if "brows_up" not in poses and "eyes_closed" in poses:
        poses["brows_up"] = _brows(FaceSkin(skin.neutral, skin.triangles, poses), samples, middle)
    return poses


def _face_window(skin: FaceSkin, samples: NDArray[np.floating]) -> Window:
    """A square around the skin that moves."""
    points = skin.neutral[skin.members]
    reach = np.zeros(len(points), dtype=np.float32)
    for sample in samples:
        np.maximum(reach, np.linalg.norm(sample[skin.members] - points, axis=1), out=reach)
    moving = points[reach > 0.05 * reach.max()]
    low, high = moving.min(axis=0), moving.max(axis=0)
    center = (low + high) / 2
    return Window((float(center[0]), float(center[1])), 1.15 * float((high - low)[:2].max()), _PIXELS)


def _changes(
    skin: FaceSkin, samples: NDArray[np.floating], window: Window
) -> tuple[list[_Change], list[_Change]]:
    """What each sample opens, and what it closes."""
    rest = look(skin.neutral, skin.triangles, window=window)
    rim = cv2.dilate(rest.around.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    opened: list[_Change] = []
    closed: list[_Change] = []
    for index, sample in enumerate(samples):
        shape = np.asarray(sample, dtype=np.float32)
        view = look(shape, skin.triangles, window=window)
        opened += _blobs(shown_and_hidden(view, shape, rest, skin.neutral), rim, window, index)
        closed += _blobs(shown_and_hidden(rest, skin.neutral, view, shape), rim, window, index)
    return opened, closed


def _blobs(mask: Bool, rim: Bool, window: Window, sample: int) -> list[_Change]:
    count, label, stats, centers = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    touching = set(np.unique(label[rim & mask]).tolist())
    found: list[_Change] = []
    for k in range(1, count):
        area = int(stats[k, cv2.CC_STAT_AREA])
        if area >= 12 and k not in touching:
            x = window.center[0] + (float(centers[k][0]) + 0.5 - window.pixels / 2) * window.pixel
            y = window.center[1] - (float(centers[k][1]) + 0.5 - window.pixels / 2) * window.pixel
            found.append(_Change(sample, area, x, y))
    return found


def _eye_pair(
    closed: list[_Change], opened: list[_Change], middle: float, width: float
) -> tuple[_Change, _Change] | None:
    """The level pair, right then left, that is closed most."""
    central = [change for change in opened if abs(change.x - middle) < 0.08 * width]
    floor = max(central, key=lambda c: c.area).y + 0.08 * width if central else -np.inf
    upper = [change for change in closed if change.y > floor and abs(change.x - middle) > 0.06 * width]
    right = sorted((c for c in upper if c.x < middle), key=lambda c: -c.area)[:40]
    left = sorted((c for c in upper if c.x > middle), key=lambda c: -c.area)[:40]
    pairs = [(a, b) for a in right for b in left if abs(a.y - b.y) < 0.06 * width]
    mirrored = [(a, b) for a, b in pairs if abs(a.x + b.x - 2 * middle) < 0.12 * width]
    return max(mirrored, key=lambda pair: min(pair[0].area, pair[1].area), default=None)


def _by_side(skin: FaceSkin, samples: NDArray[np.floating], pair: tuple[_Change, _Change]) -> Float32:
    """Neutral, but around each eye (as far as half way to the other) the sample that closes it."""
    right, left = pair
    half = (left.x - right.x) / 2
    pose = skin.neutral.copy()
    for eye in pair:
        away = np.hypot(skin.neutral[:, 0] - eye.x, skin.neutral[:, 1] - eye.y)
        near = away < half
        pose[near] = samples[eye.sample][near]
    return pose


def _brows(skin: FaceSkin, samples: NDArray[np.floating], middle: float) -> Float32:
    """Per side the sample in which the skin above the eye has risen most."""
    eyes = skin.neutral[skin.moved("eyes_closed")]
    pose = skin.neutral.copy()
    for side in (eyes[:, 0] < middle, eyes[:, 0] >= middle):
        center: Float64 = eyes[side].mean(axis=0)
        width = float(np.ptp(eyes[side][:, 0]))
        above = np.hypot(skin.neutral[:, 0] - center[0], skin.neutral[:, 1] - center[1] - width) < 0.6 * width
        above &= np.isin(np.arange(len(skin.neutral)), skin.members)
        if not above.any():
            continue
        risen = [float((sample[above, 1] - skin.neutral[above, 1]).mean()) for sample in samples]
        best = np.asarray(samples[int(np.argmax(risen))], dtype=np.float32)
        mine = (skin.neutral[:, 0] < middle) == (center[0] < middle)
        pose[mine] = best[mine]
    return pose
