"""The numba inner loops of the rig solve. Nothing here is checked: `trajectory` and `live` are the doors.

u is the share of each control's range. Along one control, with all others held, the mesh of a frame moves on straight
pieces between the control's breaks; `_piece` picks the piece on which the objective falls.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from facepatch.core.axes import Float64, Int32
from facepatch.solver.compiled import CompiledRig

NEAR = 1e-10
RIDGE = 1e-9
"""Keeps a control where it is in frames in which nothing says where it should be."""
ACTIVE_SET_ROUNDS = 6


@numba.njit(cache=True)
def piece_at(rig: CompiledRig, c: int, u: float) -> int:
    """Number of the piece of control c that holds u; the upper one where u is at a break."""
    first, stop = rig.first_break[c], rig.first_break[c + 1]
    piece = 0
    for j in range(first + 1, stop - 1):
        if u >= rig.breaks[j] - NEAR:
            piece = j - first
    return piece


@numba.njit(cache=True)
def driver_value(rig: CompiledRig, use: int, c: int, u: Any) -> float:
    """What the driver of that use says at u."""
    j = piece_at(rig, c, u)
    at = rig.first_break[c] + j
    low, high = rig.breaks[at], rig.breaks[at + 1]
    share = (u - low) / (high - low)
    return rig.use_value[use, j] * (1.0 - share) + rig.use_value[use, j + 1] * share


@numba.njit(cache=True)
def shape_weights(rig: CompiledRig, u: Float64, out: Float64) -> None:
    """(C,) shares -> (S,) weights of the shapes."""
    for s in range(out.shape[0]):
        weight = 1.0
        for d in range(rig.shape_first[s], rig.shape_first[s + 1]):
            c = rig.driver_control[d]
            weight *= driver_value(rig, rig.driver_use[d], c, u[c])
        out[s] = weight


@numba.njit(cache=True)
def all_shape_weights(rig: CompiledRig, u: Float64) -> Float64:
    """(T, C) shares -> (T, S) weights of the shapes."""
    out = np.empty((u.shape[0], rig.shape_first.shape[0] - 1))
    for t in range(u.shape[0]):
        shape_weights(rig, u[t], out[t])
    return out


@numba.njit(cache=True)
def _others(rig: CompiledRig, use: int, c: int, u: Float64) -> float:
    """What the other drivers of that use's shape say together."""
    s = rig.use_shape[use]
    out = 1.0
    for d in range(rig.shape_first[s], rig.shape_first[s + 1]):
        other = rig.driver_control[d]
        if other != c:
            out *= driver_value(rig, rig.driver_use[d], other, u[other])
    return out


@numba.njit(cache=True)
def _slopes(rig: CompiledRig, c: int, piece: int, others: Float64, out: Float64) -> None:
    """Fill out (uses of c,) with the change of each driven shape's weight per unit of u on that piece."""
    at = rig.first_break[c] + piece
    width = rig.breaks[at + 1] - rig.breaks[at]
    first = rig.first_use[c]
    for e in range(first, rig.first_use[c + 1]):
        out[e - first] = (rig.use_value[e, piece + 1] - rig.use_value[e, piece]) / width * others[e - first]


@numba.njit(cache=True)
def _pull(rig: CompiledRig, c: int, slopes: Any, pulls: Any) -> float:
    """Scalar product of the mesh's motion along control c with the residual."""
    first = rig.first_use[c]
    out = 0.0
    for e in range(first, rig.first_use[c + 1]):
        out += slopes[e - first] * pulls[rig.use_shape[e]]
    return out


@numba.njit(cache=True)
def _length(rig: CompiledRig, c: int, slopes: Any, gram: Any) -> float:
    """Squared length of the mesh's motion along control c."""
    first, stop = rig.first_use[c], rig.first_use[c + 1]
    out = 0.0
    for e in range(first, stop):
        one = slopes[e - first]
        if one != 0.0:
            row = rig.use_shape[e]
            out += one * one * gram[row, row]
            for other in range(e + 1, stop):
                out += 2.0 * one * slopes[other - first] * gram[row, rig.use_shape[other]]
    return out


@numba.njit(cache=True)
def _dot(first: Float64, second: Float64) -> float:
    out = 0.0
    for k in range(first.shape[0]):
        out += first[k] * second[k]
    return out


@numba.njit(cache=True)
def bend(x: Float64, t: int) -> float:
    """Half the slope in x[t] of the summed squared second differences of x."""
    out = 0.0
    last = x.shape[0] - 2
    if 1 <= t - 1 <= last:
        out += x[t - 2] - 2.0 * x[t - 1] + x[t]
    if 1 <= t <= last:
        out -= 2.0 * (x[t - 1] - 2.0 * x[t] + x[t + 1])
    if 1 <= t + 1 <= last:
        out += x[t] - 2.0 * x[t + 1] + x[t + 2]
    return out


@numba.njit(cache=True)
def _bend_diagonal(t: int, count: int) -> float:
    last = count - 2
    out = 0.0
    if 1 <= t - 1 <= last:
        out += 1.0
    if 1 <= t <= last:
        out += 4.0
    if 1 <= t + 1 <= last:
        out += 1.0
    return out


@numba.njit(cache=True)
def _bend_next(t: int, count: int) -> float:
    last = count - 2
    out = 0.0
    if 1 <= t <= last:
        out -= 2.0
    if 1 <= t + 1 <= last:
        out -= 2.0
    return out


@numba.njit(cache=True)
def _solve_banded(a: Float64, b: Float64, beta: float, fixed: Int32, x: Float64) -> None:
    """Minimise a x^2 - 2 b x + beta |second differences|^2 over the x that are not fixed (LDL^T, five diagonals)."""
    count = a.shape[0]
    d = np.empty(count)
    e = np.zeros(count)
    f = np.zeros(count)
    y = np.empty(count)
    for t in range(count):
        if fixed[t]:
            d[t] = 1.0
            y[t] = x[t]
            continue
        d[t] = a[t] + RIDGE + beta * _bend_diagonal(t, count)
        y[t] = b[t] + RIDGE * x[t]
        for gap in (-2, -1, 1, 2):
            other = t + gap
            if 0 <= other < count:
                low = min(t, other)
                if gap == 1 or gap == -1:
                    coupling = beta * _bend_next(low, count)
                else:
                    coupling = beta if 1 <= low + 1 <= count - 2 else 0.0
                if fixed[other]:
                    y[t] -= coupling * x[other]
                elif gap == 1:
                    e[t] = coupling
                elif gap == 2:
                    f[t] = coupling
    # L has e[t] / d[t] and f[t] / d[t] below its diagonal.
    for t in range(count):
        if t >= 1:
            d[t] -= e[t - 1] * e[t - 1] / d[t - 1]
            y[t] -= e[t - 1] / d[t - 1] * y[t - 1]
        if t >= 2:
            d[t] -= f[t - 2] * f[t - 2] / d[t - 2]
            y[t] -= f[t - 2] / d[t - 2] * y[t - 2]
        if t >= 1 and t + 1 < count:
            e[t] -= e[t - 1] * f[t - 1] / d[t - 1]
    for t in range(count - 1, -1, -1):
        value = y[t]
        if t + 1 < count:
            value -= e[t] * x[t + 1]
        if t + 2 < count:
            value -= f[t] * x[t + 2]
        x[t] = value / d[t]


@numba.njit(cache=True)
def _energy(a: Float64, b: Float64, beta: float, x: Float64) -> float:
    out = 0.0
    for t in range(x.shape[0]):
        out += a[t] * x[t] * x[t] - 2.0 * b[t] * x[t]
    for t in range(1, x.shape[0] - 1):
        second = x[t - 1] - 2.0 * x[t] + x[t + 1]
        out += beta * second * second
    return out


@numba.njit(cache=True)
def solve_track(a: Float64, b: Float64, beta: float, low: Float64, high: Float64, x: Float64) -> None:
    """Minimise sum a x^2 - 2 b x + beta |second differences|^2 with low <= x <= high; x holds a start inside.

    Active sets over a banded solve, then rounds frame by frame, which never go up; x is never left worse than it came.
    """
    count = x.shape[0]
    start = x.copy()
    fixed = np.zeros(count, np.int32)
    for t in range(count):
        if high[t] - low[t] <= 0.0 or (a[t] <= NEAR and beta <= 0.0):
            fixed[t] = 1
    if beta > 0.0:
        for _ in range(ACTIVE_SET_ROUNDS):
            _solve_banded(a, b, beta, fixed, x)
            outside = False
            for t in range(count):
                if x[t] < low[t] - NEAR or x[t] > high[t] + NEAR:
                    outside = True
                    fixed[t] = 1
                x[t] = min(max(x[t], low[t]), high[t])
            if not outside:
                break
        if _energy(a, b, beta, x) > _energy(a, b, beta, start):
            x[:] = start
    for _ in range(2 if beta > 0.0 else 1):
        for t in range(count):
            curve = a[t] + beta * _bend_diagonal(t, count)
            if curve > NEAR and high[t] > low[t]:
                slope = a[t] * x[t] - b[t] + beta * bend(x, t)
                x[t] = min(max(x[t] - slope / curve, low[t]), high[t])


@numba.njit(cache=True)
def refine(
    rig: CompiledRig,
    gram: Float64,
    towards: Float64,
    u: Float64,
    low: Float64,
    high: Float64,
    prior: Float64,
    l1: Float64,
    gamma: float,
    beta: float,
    order: Int32,
    sweeps: int,
    tolerance: float,
    energy: float,
) -> Float64:
    """Trajectory coordinate descent: change u (T, C) in place.

    gram: (S, S) of the shapes; towards: (T, S) scalar products of the targets with them; energy: the targets' own
    squared lengths, summed. Returns the objective before and after each sweep.
    """
    count, shapes = towards.shape
    pulls = towards - all_shape_weights(rig, u) @ gram
    history = np.empty(sweeps + 1)
    history[0] = energy + objective(rig, towards, pulls, u, prior, l1, gamma, beta)
    uses = 1
    for c in range(rig.first_use.shape[0] - 1):
        uses = max(uses, rig.first_use[c + 1] - rig.first_use[c])
    others, other_way = np.empty(uses), np.empty(uses)
    slopes = np.empty((count, uses))
    a, b = np.empty(count), np.empty(count)
    piece_low, piece_high = np.empty(count), np.empty(count)
    x, old = np.empty(count), np.empty(count)
    for sweep in range(sweeps):
        for c in order:
            first = rig.first_use[c]
            for t in range(count):
                x[t] = u[t, c]
            old[:] = x
            for t in range(count):
                for e in range(first, rig.first_use[c + 1]):
                    others[e - first] = _others(rig, e, c, u[t])
                smooth = 2.0 * gamma * (x[t] - prior[t, c])
                if beta > 0.0:
                    smooth += 2.0 * beta * bend(x, t)
                piece = _piece(rig, c, x[t], others, pulls[t], smooth, l1[c], slopes[t], other_way)
                at = rig.first_break[c] + max(piece, 0)
                if piece < 0:
                    piece_low[t] = piece_high[t] = x[t]
                else:
                    piece_low[t] = min(max(rig.breaks[at], low[t, c]), x[t])
                    piece_high[t] = max(min(rig.breaks[at + 1], high[t, c]), x[t])
                sign = 1.0 if rig.breaks[at + 1] > rig.rest[c] + NEAR else -1.0
                length = _length(rig, c, slopes[t], gram)
                a[t] = length + gamma
                b[t] = (
                    _pull(rig, c, slopes[t], pulls[t])
                    + length * x[t]
                    + gamma * prior[t, c]
                    - 0.5 * l1[c] * sign
                )
            solve_track(a, b, beta, piece_low, piece_high, x)
            for t in range(count):
                step = x[t] - old[t]
                if step != 0.0:
                    u[t, c] = x[t]
                    for e in range(first, rig.first_use[c + 1]):
                        change = step * slopes[t, e - first]
                        if change != 0.0:
                            row = gram[rig.use_shape[e]]
                            for k in range(shapes):
                                pulls[t, k] -= change * row[k]
        history[sweep + 1] = energy + objective(rig, towards, pulls, u, prior, l1, gamma, beta)
        if history[sweep] - history[sweep + 1] <= tolerance * max(abs(history[sweep]), NEAR):
            return history[: sweep + 2]
    return history


@numba.njit(cache=True)
def _piece(
    rig: CompiledRig,
    c: int,
    x: Any,
    others: Float64,
    pulls: Any,
    smooth: float,
    l1: Any,
    slopes: Float64,
    other_way: Float64,
) -> int:
    """The piece of control c to move on from x; fills its slopes.

    At a break the objective may fall to one side only; -1 where it falls to none.
    """
    piece = piece_at(rig, c, x)
    _slopes(rig, c, piece, others, slopes)
    at = rig.first_break[c] + piece
    if piece == 0 or x > rig.breaks[at] + NEAR:
        return piece
    sign = 1.0 if rig.breaks[at + 1] > rig.rest[c] + NEAR else -1.0
    if -2.0 * _pull(rig, c, slopes, pulls) + smooth + l1 * sign < 0.0:
        return piece
    _slopes(rig, c, piece - 1, others, other_way)
    sign = 1.0 if rig.breaks[at] > rig.rest[c] + NEAR else -1.0
    if -2.0 * _pull(rig, c, other_way, pulls) + smooth + l1 * sign > 0.0:
        slopes[:] = other_way
        return piece - 1
    return -1


@numba.njit(cache=True)
def objective(
    rig: CompiledRig,
    towards: Float64,
    pulls: Float64,
    u: Float64,
    prior: Float64,
    l1: Float64,
    gamma: float,
    beta: float,
) -> float:
    """What `refine` lowers, less the targets' own squared lengths; pulls (T, S) are those of the residuals at u."""
    out = 0.0
    weights = np.empty(towards.shape[1])
    for t in range(u.shape[0]):
        shape_weights(rig, u[t], weights)
        out -= _dot(weights, towards[t]) + _dot(weights, pulls[t])
    for c in range(u.shape[1]):
        for t in range(u.shape[0]):
            away = u[t, c] - prior[t, c]
            out += l1[c] * abs(u[t, c] - rig.rest[c]) + gamma * away * away
            if 1 <= t < u.shape[0] - 1:
                second = u[t - 1, c] - 2.0 * u[t, c] + u[t + 1, c]
                out += beta * second * second
    return out


@numba.njit(cache=True)
def solve_boxes(
    gram: Float64,
    pulls: Float64,
    start: Float64,
    low: Float64,
    high: Float64,
    l1: Float64,
    rounds: int,
    tolerance: float,
) -> Float64:
    """Frame by frame min x^T gram x - 2 pulls[t] x + l1 x with low <= x <= high, each from the one before.

    gram (K, K), pulls (T, K), start and l1 (K,) -> x (T, K). A round that moves no x by more than `tolerance` is the
    last of its frame.
    """
    count, size = pulls.shape
    out = np.empty((count, size))
    x = np.minimum(np.maximum(start, low), high)
    slope = np.empty(size)
    for t in range(count):
        for k in range(size):
            slope[k] = _dot(gram[k], x) - pulls[t, k] + 0.5 * l1[k]
        for _ in range(rounds):
            most = 0.0
            for k in range(size):
                if gram[k, k] <= NEAR or high[k] <= low[k]:
                    continue
                value = min(max(x[k] - slope[k] / gram[k, k], low[k]), high[k])
                step = value - x[k]
                if step != 0.0:
                    x[k] = value
                    for j in range(size):
                        slope[j] += step * gram[k, j]
                    most = max(most, abs(step))
            if most < tolerance:
                break
        out[t] = x
    return out
