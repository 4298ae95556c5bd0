"""Expressions that the motion does not hold, made of the shapes of different frames.

The weight estimation has to read expressions of takes that nobody has seen yet. One capture shows each shape in few
company; with the shapes drawn apart the network learns what each looks like by itself. Measured in docs/log.md.
"""

from __future__ import annotations

import numpy as np

from facepatch.core.axes import Float32
from facepatch.pca.sources import BlendshapeFrames

_FROM_FIRST, _FROM_SECOND = 0.6, 0.25
"""Share of shapes that keep the weight of a frame's first and second origin; the others have one each of their own."""
_STRENGTH = (0.4, 1.4)
"""Factor on each weight, within the range that the shape has in the motion."""
_SUBTLE = 0.5
"""Share of frames that are weakened as a whole, by anything down to nothing: ranges of motion go to the extremes, and
performances stay near rest."""


def recombined(frames: BlendshapeFrames, count: int, *, seed: int) -> BlendshapeFrames:
    """`count` frames whose every shape takes its weight from one of the frames of `frames`."""
    rng = np.random.default_rng(seed)
    weights = frames.weights
    total, shapes = weights.shape
    first, second = rng.integers(0, total, (2, count, 1))
    draw = rng.random((count, shapes))
    origin = np.where(
        draw < _FROM_FIRST,
        first,
        np.where(draw < _FROM_FIRST + _FROM_SECOND, second, rng.integers(0, total, (count, shapes))),
    )
    mixed = np.take_along_axis(weights, origin, axis=0) * rng.uniform(*_STRENGTH, (count, shapes))
    mixed *= np.where(rng.random((count, 1)) < _SUBTLE, rng.random((count, 1)), 1.0)
    mixed: Float32 = np.clip(mixed, weights.min(0), weights.max(0)).astype(np.float32)
    return BlendshapeFrames(frames.neutral, frames.deltas, mixed)
