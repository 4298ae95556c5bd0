"""Meshes small enough to read in a failure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def grid(columns: int = 4, rows: int = 3) -> tuple[NDArray[np.float32], list[int], list[int]]:
    """(V, 3) points of a slightly bent sheet of columns x rows vertices, its polygon counts and corners."""
    x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    points = np.stack([x.ravel(), y.ravel(), 0.1 * (x * y).ravel()], axis=1).astype(np.float32)
    corners: list[int] = []
    for row in range(rows - 1):
        for column in range(columns - 1):
            first = row * columns + column
            corners += [first, first + 1, first + columns + 1, first + columns]
    return points, [4] * ((columns - 1) * (rows - 1)), corners


def shapes(base: Any, count: int = 3, *, seed: int = 0) -> Any:
    """`count` signed targets on `base`; each moves about half of the vertices, all differently."""
    from facepatch.core.host import MeshShapes

    chance = np.random.default_rng(seed)
    deltas = chance.normal(size=(count, len(base), 3)).astype(np.float32)
    deltas[chance.random((count, len(base))) < 0.5] = 0.0
    names = tuple(f"pc_{index:03d}" for index in range(count))
    return MeshShapes(base=np.asarray(base, dtype=np.float32), deltas=deltas, names=names)
