"""The usual point sets of landmark networks, brought to our 56 names.

68 points: iBUG 300-W (Sagonas et al. 2013). 98 points: WFLW (Wu et al. 2018). Both begin with the person's right side.
Where iBUG has two points on a lid and we have three, ours lie on the cubic through the lid's four points.
"""

from __future__ import annotations

import numpy as np

from facepatch.core.axes import Float32
from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.errors import ConfigError

_Sum = tuple[tuple[int, float], ...]


def _span(first: int, last: int, step: int = 1) -> list[_Sum]:
    return [((point, 1.0),) for point in range(first, last + step, step)]


def _on_cubic(points: tuple[int, int, int, int], place: float) -> _Sum:
    """Value at `place` of the cubic through four points at 0, 1, 2, 3 (Lagrange)."""
    weights = [
        np.prod([(place - other) / (own - other) for other in range(4) if other != own]) for own in range(4)
    ]
    return tuple((point, float(weight)) for point, weight in zip(points, weights))


def _ibug_eye(outer: int, upper: tuple[int, int], inner: int, lower: tuple[int, int]) -> list[_Sum]:
    """`upper` from outer to inner, `lower` from inner to outer."""
    above = [_on_cubic((outer, *upper, inner), place) for place in (0.75, 1.5, 2.25)]
    below = [_on_cubic((inner, *lower, outer), place) for place in (0.75, 1.5, 2.25)]
    return [((outer, 1.0),), *above, ((inner, 1.0),), *below]


POINT_SETS: dict[int, list[_Sum]] = {
    56: _span(0, 55),
    68: [
        *_ibug_eye(36, (37, 38), 39, (40, 41)),
        *_ibug_eye(45, (44, 43), 42, (47, 46)),
        *_span(17, 21), *_span(26, 22, -1),
        *_span(48, 59), *_span(60, 67),
        *_span(27, 30), *_span(31, 35), *_span(8, 8),
    ],
    98: [
        *_span(60, 67),
        *_span(72, 68, -1), *_span(75, 73, -1),
        *_span(33, 37), *_span(46, 42, -1),
        *_span(76, 87), *_span(88, 95),
        *_span(51, 54), *_span(55, 59), *_span(16, 16),
    ],
}  # fmt: skip
"""Points of a set -> our landmarks, each a weighted sum of points. 56 is our own order."""


def to_our_landmarks(points: Float32, confidence: Float32) -> tuple[Float32, Float32]:
    """(S, 2) points of a set and (S,) confidences -> (56, 2), (56,); a sum is as sure as its least sure part."""
    matrix = _matrix(len(points))
    ours: Float32 = (matrix @ points).astype(np.float32)
    sure = np.where(matrix != 0, confidence[None], np.inf).min(axis=1)
    return ours, sure.astype(np.float32)


def _matrix(count: int) -> Float32:
    if count not in POINT_SETS:
        raise ConfigError(
            f"a landmark network with {count} points: only 68 (iBUG 300-W), 98 (WFLW) and 56 (facepatch's own order) "
            "are known. Use such a network, or mediapipe."
        )
    matrix = np.zeros((len(LANDMARK_NAMES), count), dtype=np.float32)
    for row, parts in enumerate(POINT_SETS[count]):
        for point, weight in parts:
            matrix[row, point] += weight
    return matrix


def check_point_count(count: int) -> None:
    """Raise ConfigError where no mapping from a set of `count` points is known."""
    _matrix(count)
