"""Where a solve begins: each frame by itself, bounded, as if the rig were linear around its defaults.

A start that clamps an unbounded solution is several times worse, and rounds over the controls do not make up for it
where curves must be smooth (docs/methods/rig_solve.md, "Start").
"""

from __future__ import annotations

import numpy as np

from facepatch.core.axes import Float64
from facepatch.solver.compiled import CompiledRig
from facepatch.solver.kernels import shape_weights, solve_boxes

ROUNDS = 1000
TOLERANCE = 1e-5


def box_start(
    rig: CompiledRig, gram: Float64, towards: Float64, *, low: Float64, high: Float64, l1: Float64
) -> Float64:
    """(T, C) shares. gram (S, S) and towards (T, S) as for `refine`; low, high: (C,) bounds; l1: (C,) cost of a range.

    A control with room on both sides of its default is two directions, and the larger one counts.
    """
    rest_weights = np.empty(len(gram))
    shape_weights(rig, rig.rest, rest_weights)
    ends: list[tuple[int, float]] = []
    rows: list[Float64] = []
    for c, rest in enumerate(rig.rest):
        for end in (low[c], high[c]):
            if abs(end - rest) < 1e-9:
                continue
            u, weights = rig.rest.copy(), np.empty(len(gram))
            u[c] = end
            shape_weights(rig, u, weights)
            ends.append((c, end - rest))
            rows.append(weights - rest_weights)
    out: Float64 = np.tile(np.clip(rig.rest, low, high), (len(towards), 1))
    if not rows:
        return out
    directions = np.asarray(rows)
    pulls = (towards - rest_weights @ gram) @ directions.T
    costs = np.asarray([l1[c] * abs(reach) for c, reach in ends])
    none, whole = np.zeros(len(rows)), np.ones(len(rows))
    shares = solve_boxes(directions @ gram @ directions.T, pulls, none, none, whole, costs, ROUNDS, TOLERANCE)
    for k, (c, reach) in enumerate(ends):
        out[:, c] += shares[:, k] * reach
    return np.clip(out, low, high)
