"""Vertices that a file split at seams, joined again."""

from __future__ import annotations

from typing import Any

import numpy as np

from facepatch.core.axes import Int32


def welded(positions: Any, deltas: Any) -> tuple[Any, Int32]:
    """Join vertices with the same position and the same offset in every shape, bit for bit.

    positions: (V, 3). deltas: (K, V, 3). Returns the first vertex of each group (N,), in the order of the file,
    and the group of each vertex (V,). Lips that touch at rest stay apart, since their offsets differ.
    """
    rows = np.concatenate([positions[None], deltas]).transpose(1, 0, 2).reshape(len(positions), -1)
    rows = np.ascontiguousarray(rows, dtype=np.float32) + np.float32(0.0)  # -0.0 becomes 0.0
    keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).reshape(-1)
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[group.reshape(-1)].astype(np.int32)
