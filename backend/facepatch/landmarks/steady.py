"""Steadies landmarks without delaying them, and fills frames without a face.

1. Stabilise: each frame's similarity from a mean face to its rigid landmarks (Umeyama 1991, in the plane); landmarks
   are looked at in the face's own centimetres, so that head motion is not mistaken for noise or for expression.
2. Reject: a point that leaves the median of the frames around it by more than `outlier_cm` and by far more than these
   differ among themselves is a detector's mistake; it gets no weight.
3. Smooth: local quadratic regression in time (Gaussian weights, Savitzky and Golay 1964 for uneven times), of the
   points in the face and of the similarity, each with its own width. The window is symmetric: nothing is delayed. A
   quadratic keeps peaks, such as a blink's closed frame, that a plain Gaussian would flatten.
4. Fill: gaps up to `longest_gap_s` are bridged linearly, longer ones hold the last face, a gap at the start the first.

Every step looks at a finite number of frames around, so `Steadier` gives the same numbers block by block as `steady`
does at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from facepatch.core.axes import Axes, Bool, Float32, Float64
from facepatch.core.data.landmarks import RIGID, LandmarkTrack, landmark_indices
from facepatch.core.errors import ConfigError
from facepatch.landmarks.head_pose import EYES, RIGID_SHAPE
from facepatch.landmarks.smoothing import GapFiller, local_quadratic, shifted

BLOCK = 4096
REJECT_FRAMES = 2
"""Frames to either side that an outlier is judged by."""


@dataclass(frozen=True)
class SteadySettings:
    """How landmarks are steadied. Times are in seconds, so that all frame rates are treated alike."""

    strength: float = 1.0
    """Multiplies both widths; 0 only rejects outliers and fills gaps."""
    expression_s: float = 0.04
    """Width (standard deviation) of the smoothing of the points in the face."""
    head_s: float = 0.045
    """Width of the smoothing of the head's place, size and tilt in the picture."""
    outlier_cm: float = 1.2
    """Least jump, on a face of mean size, that counts as a mistake; 0 rejects nothing."""
    longest_gap_s: float = 1.0
    """Longer gaps without a face are not bridged."""

    def __post_init__(self) -> None:
        for name in ("strength", "expression_s", "head_s", "outlier_cm", "longest_gap_s"):
            if not 0 <= getattr(self, name) <= 10:
                raise ConfigError(f"steady.{name}: is {getattr(self, name)}, but must lie between 0 and 10.")


def steady(track: LandmarkTrack, settings: SteadySettings = SteadySettings()) -> LandmarkTrack:
    """`track` with steadied points; confidence, `found` and the head pose stay as they are.

    Raises NoFaceError where no frame has a face.
    """
    steadier = Steadier(settings, rate=track.rate)
    blocks: list[Float32] = []
    for start in range(0, track.frame_count, BLOCK):
        rows = slice(start, start + BLOCK)
        blocks.append(steadier.push(track.points[rows], track.found[rows], track.times[rows]))
    blocks.append(steadier.finish())
    return replace(track, points=np.concatenate(blocks))


class Steadier:
    """Steadies a film block by block: what `push` and `finish` return, one after the other, is every frame once."""

    def __init__(self, settings: SteadySettings, *, rate: tuple[int, int]) -> None:
        fps = rate[0] / rate[1]
        self._fps = fps
        self._expression = settings.strength * settings.expression_s
        self._head = settings.strength * settings.head_s
        self._outlier = settings.outlier_cm
        self._reach = max(self._half(self._expression), self._half(self._head)) + REJECT_FRAMES
        self._filler = GapFiller(max(1, round(settings.longest_gap_s * fps)))
        self._points: Float64 | None = None
        self._found = np.zeros(0, dtype=np.bool_)
        self._times = np.zeros(0)
        self._done = 0
        """Rows of the buffer that were returned; they stay as the left side of later windows."""

    def push(self, points: Float32, found: Bool, times: Float64) -> Float32:
        """Take (T, L, 2) px, (T,), (T,) s; return (S, L, 2) of the frames whose whole window is known by now."""
        check = Axes()
        new = check("points", points, "T L 2", np.float64)
        found = check("found", found, "T", np.bool_)
        times = check("times", times, "T", np.float64)
        self._points = new if self._points is None else np.concatenate([self._points, new])
        self._found = np.concatenate([self._found, found])
        self._times = np.concatenate([self._times, times])
        return self._filler.push(*self._ready(len(self._points) - self._reach))

    def finish(self) -> Float32:
        """The frames that still waited for what comes after them."""
        if self._points is None:
            return self._filler.finish()
        last = self._filler.push(*self._ready(len(self._points)))
        return np.concatenate([last, self._filler.finish()])

    def _ready(self, stop: int) -> tuple[Float64, Bool]:
        assert self._points is not None
        start = self._done
        if stop <= start:
            return self._points[:0], self._found[:0]
        smooth = self._smooth()[start:stop]
        found = self._found[start:stop]
        drop = max(0, stop - self._reach)
        self._points, self._found, self._times = self._points[drop:], self._found[drop:], self._times[drop:]
        self._done = stop - drop
        return smooth, found

    def _smooth(self) -> Float64:
        points, found = self._points, self._found
        assert points is not None
        pose = _planar_similarity(points)
        local = _into_face(points, pose)
        weights = np.repeat(found[:, None], points.shape[1], axis=1)
        if self._outlier > 0:
            weights &= ~_outliers(local, found, self._outlier)
        # A frame in which half the points are mistakes says nothing about the head either.
        steady_head = found & (2 * weights.sum(axis=1) >= points.shape[1])
        local = self._regress(local, weights, self._expression)
        pose = self._regress(pose, np.repeat(steady_head[:, None], 2, axis=1), self._head)
        return _out_of_face(local, pose)

    def _half(self, sigma: float) -> int:
        """Frames to either side of a window; at least two, so that rejected points find neighbours."""
        return max(2, math.ceil(2.5 * sigma * self._fps))

    def _regress(self, values: Float64, weights: Bool, sigma: float) -> Float64:
        width = sigma if sigma > 0 else 1.0 / self._fps
        smooth = local_quadratic(values, weights, self._times, sigma=width, half=self._half(sigma))
        return smooth if sigma > 0 else np.where(weights[:, :, None], values, smooth)


def _planar_similarity(points: Float64) -> Float64:
    """(T, 2, 2): [a, b], [x, y] of image = (a -b; b a) face + (x, y), least squares over the rigid landmarks."""
    face = (RIGID_SHAPE - EYES)[:, :2] * (1.0, -1.0)
    middle = face.mean(axis=0)
    fx, fy = (face - middle).T
    rigid = points[:, landmark_indices(*RIGID)]
    px, py = rigid[:, :, 0], rigid[:, :, 1]
    cx, cy = _row_mean(px), _row_mean(py)
    px, py = px - cx[:, None], py - cy[:, None]
    norm = float((fx * fx + fy * fy).sum())
    a = _row_mean(px * fx + py * fy) * len(fx) / norm
    b = _row_mean(py * fx - px * fy) * len(fx) / norm
    x = cx - (a * middle[0] - b * middle[1])
    y = cy - (b * middle[0] + a * middle[1])
    return np.stack([np.stack([a, b], axis=1), np.stack([x, y], axis=1)], axis=1)


def _row_mean(values: Float64) -> Float64:
    """Mean over axis 1, added in a fixed order, so that blocks of any length give the same bits."""
    total = np.zeros(len(values))
    for column in range(values.shape[1]):
        total = total + values[:, column]
    return total / values.shape[1]


def _into_face(points: Float64, pose: Float64) -> Float64:
    a, b, x, y = (pose[:, i, j][:, None] for i in (0, 1) for j in (0, 1))
    dx, dy = points[:, :, 0] - x, points[:, :, 1] - y
    square = np.maximum(a * a + b * b, 1e-12)
    return np.stack([(a * dx + b * dy) / square, (a * dy - b * dx) / square], axis=2)


def _out_of_face(local: Float64, pose: Float64) -> Float64:
    a, b, x, y = (pose[:, i, j][:, None] for i in (0, 1) for j in (0, 1))
    u, v = local[:, :, 0], local[:, :, 1]
    return np.stack([a * u - b * v + x, b * u + a * v + y], axis=2)


def _outliers(local: Float64, found: Bool, least: float) -> Bool:
    """(T, L): further from the median of its neighbours than `least` cm and than four times their spread."""
    offsets = [offset for offset in range(-REJECT_FRAMES, REJECT_FRAMES + 1) if offset]
    around = np.stack([shifted(local, offset) for offset in offsets])
    known = np.stack([shifted(found, offset) for offset in offsets])
    around[~known] = np.inf
    count = known.sum(axis=0)
    enough = count >= 3
    around[:, ~enough] = 0.0
    median = _median(around, count)
    apart = np.hypot(around[..., 0] - median[..., 0], around[..., 1] - median[..., 1])
    spread = _median(apart, count)
    away = np.hypot(local[..., 0] - median[..., 0], local[..., 1] - median[..., 1])
    out: Bool = (away > least) & (away > 4.0 * spread) & (found & enough)[:, None]
    return out


def _median(values: Float64, count: np.ndarray) -> Float64:
    """Over axis 0 of (4, T, ...), of which `count` (T,) rows, 3 or 4, are finite."""
    ordered = np.sort(values, axis=0)
    three = (count < 4).reshape(-1, *[1] * (values.ndim - 2))
    return np.where(three, ordered[1], 0.5 * (ordered[1] + np.where(three, ordered[1], ordered[2])))
