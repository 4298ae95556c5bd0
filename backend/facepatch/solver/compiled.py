"""A rig as flat arrays, for the kernels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from facepatch.core.axes import Float64, Int32
from facepatch.core.data.rig import Rig

EPS = 1e-12


class CompiledRig(NamedTuple):
    """Everything is over the share u = (value - minimum) / (maximum - minimum) of each control's range.

    Use e runs over the pairs (control, shape that it drives), grouped by control: first_use[c] to first_use[c + 1].
    """

    rest: Float64
    """(C,) share of the default."""
    first_use: Int32
    """(C + 1,)"""
    use_shape: Int32
    """(E,) shape of each use."""
    use_slot: Int32
    """(E,) place of the control among the shape's drivers."""
    first_break: Int32
    """(C + 1,) into `breaks`."""
    breaks: Float64
    """Of each control, ascending: 0, the kinks of its drivers, its default, 1."""
    use_value: Float64
    """(E, most breaks) what the driver says at each of the control's breaks."""
    shape_first: Int32
    """(S + 1,) into the drivers of all shapes."""
    driver_use: Int32
    """(drivers,) the use that each driver is."""
    driver_control: Int32
    """(drivers,)"""


def compile_rig(rig: Rig) -> CompiledRig:
    """`rig` for the kernels. A control whose limits are equal keeps a range of 1."""
    low, span = rig.limits[:, 0], spans(rig)
    rest = (rig.defaults - low) / span
    uses: list[list[tuple[int, int, Float64, Float64]]] = [[] for _ in rig.controls]
    for s, shape in enumerate(rig.shapes):
        for slot, driver in enumerate(shape.drivers):
            at, weight = (np.asarray(column, np.float64) for column in zip(*driver.knots))
            uses[driver.control].append((s, slot, (at - low[driver.control]) / span[driver.control], weight))
    breaks = [_breaks(rows, rest[c]) for c, rows in enumerate(uses)]
    flat = [(c, *row) for c, rows in enumerate(uses) for row in rows]
    value = np.zeros((len(flat), max((len(b) for b in breaks), default=2)))
    for e, (c, _, _, at, weight) in enumerate(flat):
        value[e, : len(breaks[c])] = np.interp(breaks[c], at, weight)
    shape_rows = sorted(range(len(flat)), key=lambda e: (flat[e][1], flat[e][2]))
    return CompiledRig(
        rest=rest,
        first_use=_starts([len(rows) for rows in uses]),
        use_shape=np.asarray([row[1] for row in flat], np.int32),
        use_slot=np.asarray([row[2] for row in flat], np.int32),
        first_break=_starts([len(b) for b in breaks]),
        breaks=np.concatenate(breaks) if breaks else np.empty(0),
        use_value=value,
        shape_first=_starts([len(shape.drivers) for shape in rig.shapes]),
        driver_use=np.asarray(shape_rows, np.int32),
        driver_control=np.asarray([flat[e][0] for e in shape_rows], np.int32),
    )


def spans(rig: Rig) -> Float64:
    """(C,) maximum - minimum, 1 where the two are equal."""
    span = rig.limits[:, 1] - rig.limits[:, 0]
    out: Float64 = np.where(span > 0, span, 1.0)
    return out


def _breaks(rows: list[tuple[int, int, Float64, Float64]], rest: float) -> Float64:
    kinks = [at for _, _, at, _ in rows] + [np.asarray([0.0, rest, 1.0])]
    values = np.unique(np.clip(np.concatenate(kinks), 0.0, 1.0))
    keep = np.concatenate([[True], np.diff(values) > EPS])
    out: Float64 = values[keep]
    if out[-1] < 1.0:
        out[-1] = 1.0
    return out


def _starts(counts: list[int]) -> Int32:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
