"""Smoothing in time without delay, and bridging of gaps; both look at a finite number of frames around."""

from __future__ import annotations

import numpy as np

from facepatch.core.axes import Bool, Float32, Float64
from facepatch.core.errors import NoFaceError


def shifted(values: np.ndarray, offset: int) -> np.ndarray:
    """Row t holds row t + offset; rows beyond the ends are zero."""
    out = np.zeros_like(values)
    count = len(values)
    if abs(offset) < count:
        out[max(0, -offset) : count - max(0, offset)] = values[max(0, offset) : count - max(0, -offset)]
    return out


def local_quadratic(values: Float64, weights: Bool, times: Float64, *, sigma: float, half: int) -> Float64:
    """Value at each frame of the quadratic in time through the weighted frames around it.

    values (T, L, D), weights (T, L), times (T,) s. Gaussian weights of width `sigma` s over `half` frames to either
    side (Savitzky and Golay 1964, for uneven times and missing frames). A little ridge on slope and curvature makes
    fewer than three neighbours a lower degree; without any, the frame keeps its value. Sums run in a fixed order, so
    that a block of a film gives the same bits as the whole film.
    """
    flags = weights.astype(np.float64)
    moments = [np.zeros(weights.shape) for _ in range(5)]
    sums = [np.zeros(values.shape) for _ in range(3)]
    for offset in range(-half, half + 1):
        away = (shifted(times, offset) - times) / sigma
        weight = np.exp(-0.5 * np.minimum(away * away, 80.0))[:, None] * shifted(flags, offset)
        value = shifted(values, offset)
        for power in range(5):
            moments[power] += weight
            if power < 3:
                sums[power] += weight[:, :, None] * value
            weight = weight * away[:, None]
    ridge = 1e-3 * moments[0]
    m0, m1, m2, m3, m4 = moments[0], moments[1], moments[2] + ridge, moments[3], moments[4] + ridge
    n2 = moments[2]
    # Cramer's rule for the first unknown of the symmetric 3 x 3 system.
    minors = m2 * m4 - m3 * m3, m1 * m4 - n2 * m3, m1 * m3 - n2 * m2
    determinant = m0 * minors[0] - m1 * minors[1] + n2 * minors[2]
    good = determinant > 1e-60
    safe = np.where(good, determinant, 1.0)
    intercept = np.zeros(values.shape)
    for sign, minor, total in zip((1.0, -1.0, 1.0), minors, sums):
        intercept += (sign * minor / safe)[:, :, None] * total
    return np.where(good[:, :, None], intercept, values)


class GapFiller:
    """Bridges frames without a face that are no more than `longest` in a row; longer gaps hold the last face.

    A gap at the start takes the first face. What `push` and `finish` return, one after the other, is every frame once.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._last: Float64 | None = None
        self._waiting = 0

    def push(self, points: Float64, found: Bool) -> Float32:
        """(T, L, D), (T,) -> (S, L, D) of the frames that are settled: known, bridged or held."""
        out: list[Float64] = []
        for row, seen in zip(points, found):
            if seen:
                out += self._bridge(row)
                out.append(row)
                self._last, self._waiting = row, 0
                continue
            self._waiting += 1
            if self._last is not None and self._waiting > self._longest:
                out += [self._last] * (self._waiting if self._waiting == self._longest + 1 else 1)
        return np.array(out, dtype=np.float32).reshape(len(out), *points.shape[1:])

    def finish(self) -> Float32:
        """The frames after the last face hold it. Raises NoFaceError where there never was one."""
        if self._last is None:
            raise NoFaceError("landmarks: no frame has a face. Choose another film.", range(self._waiting))
        held = 0 if self._waiting > self._longest else self._waiting
        return np.repeat(self._last[None], held, axis=0).astype(np.float32)

    def _bridge(self, row: Float64) -> list[Float64]:
        if self._last is None:
            return [row] * self._waiting
        if self._waiting > self._longest:
            return []  # held already
        steps = self._waiting + 1
        return [self._last + (row - self._last) * (step / steps) for step in range(1, steps)]
