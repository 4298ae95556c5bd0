"""Where in a patch a mistake is most visible."""

from __future__ import annotations

import numpy as np

from facepatch.core.axes import Float32, Float64

FRAMES = 64


def feature_mask(points: Float32, size: int, *, width: float = 0.06) -> Float32:
    """Soft mask around lid margins and lip lines, the mean over the take.

    points: (T, L, 2) landmarks of one region in patch pixels; width: standard deviation as a fraction of the patch.
    Returns (1, size, size) in 0..1.
    """
    centres = np.arange(size) + 0.5
    grid = np.stack(np.meshgrid(centres, centres), -1)
    chosen = points[:: max(1, len(points) // FRAMES)]
    total: Float64 = np.zeros((size, size))
    for frame in chosen:
        squared = ((grid[None] - frame[:, None, None]) ** 2).sum(-1).min(0)
        total += np.exp(-squared / (2 * (width * size) ** 2))
    return (total / len(chosen)).astype(np.float32)[None]
