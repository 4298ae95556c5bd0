"""Small charts as inline SVG. Colours come from the page's style sheet, so light, dark and print all work."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

WIDTH = 1000
"""Units across; the page scales the chart to its column."""
TRAINING_WIDTH = 560
_PAD = 6


class Line(NamedTuple):
    """One line of a chart."""

    name: str
    style: str
    """Class in the style sheet: "performer", "character", "loss"."""
    values: NDArray[Any]
    """(n,)"""


class Span(NamedTuple):
    """A shaded stretch of frames."""

    start: int
    stop: int
    style: str


def normalised(values: NDArray[Any]) -> NDArray[Any]:
    """`values` so that their 1st to 99th percentile runs from 0 to 1; a constant becomes 0.5."""
    array = np.asarray(values, float)
    if array.size == 0:
        return array
    low, high = np.percentile(array, [1, 99])
    if high - low < 1e-9 * max(1.0, abs(high)):
        return np.full(array.shape, 0.5)
    return (array - low) / (high - low)


def busiest(values: NDArray[Any], length: int, start: int = 0) -> tuple[int, int]:
    """The `length` frames from `start` on in which `values` move most, as (first, stop)."""
    total = len(values)
    if total - start <= length:
        return max(0, min(start, total - length)), total
    moved = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(values[start:], prepend=values[start])))])
    first = int(np.argmax(moved[length:] - moved[:-length]))
    return start + first, start + first + length


def line_chart(
    lines: Sequence[Line],
    *,
    label: str,
    height: int = 120,
    first: int = 0,
    spans: Sequence[Span] = (),
    limits: tuple[float, float] = (-0.15, 1.15),
    numbers: bool = True,
) -> str:
    """Lines over the same frames, the first of them number `first`.

    Where there are more values than units across, each unit shows the lowest and the highest of its values,
    so that a blink of three frames in an hour is still a spike. `label` is what a screen reader says; `numbers`
    writes frame numbers underneath.
    """
    count = max((len(line.values) for line in lines), default=0)
    parts = [_open(label, height, below=18 if numbers else 2)]
    for span in spans:
        left, right = _x(span.start, count), _x(span.stop, count)
        parts.append(
            f'<rect class="{span.style}" x="{left:.1f}" y="0" width="{max(1.0, right - left):.1f}" height="{height}"/>'
        )
    for line in lines:
        parts.append(f'<path class="line {line.style}" d="{_path(line.values, limits, height)}"/>')
    for at, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")) if numbers else ():
        text = f"frame {first + round(at * max(0, count - 1))}"
        parts.append(
            f'<text class="tick" x="{at * WIDTH:.0f}" y="{height + 13}" text-anchor="{anchor}">{text}</text>'
        )
    return "".join([*parts, "</svg>"])


def bar(value: float | None, *, wanted: float, label: str) -> str:
    """A horizontal bar from 0 to 1 with a mark at `wanted`."""
    share = 0.0 if value is None else min(1.0, max(0.0, value))
    style = "bar good" if value is not None and value >= wanted else "bar bad"
    mark = 200 * min(1.0, max(0.0, wanted))
    return (
        f'<svg class="bar-chart" viewBox="0 0 200 16" role="img" aria-label="{escape(label, quote=True)}">'
        f'<rect class="track" width="200" height="16" rx="3"/><rect class="{style}" width="{200 * share:.1f}" '
        f'height="16" rx="3"/><line class="mark" x1="{mark:.1f}" x2="{mark:.1f}" y1="0" y2="16"/></svg>'
    )


def training_chart(iterations: NDArray[Any], values: NDArray[Any], *, name: str) -> str:
    """A loss over its iterations, on a logarithmic scale where all values are positive."""
    good = np.isfinite(values)
    if not good.any():
        return f"<p>{escape(name)}: no finite value.</p>"
    steps, kept = np.asarray(iterations, float)[good], np.asarray(values, float)[good]
    stride = max(1, kept.size // (2 * TRAINING_WIDTH))
    steps, kept = np.append(steps[:-1:stride], steps[-1]), np.append(kept[:-1:stride], kept[-1])
    log = bool((kept > 0).all()) and kept.max() / kept.min() > 3
    shown = np.log10(kept) if log else kept
    room = 0.08 * max(1e-9, float(shown.max() - shown.min()))
    limits = (float(shown.min()) - room, float(shown.max()) + room)
    height = 110
    label = f"{name}: from {kept[0]:.4g} to {kept[-1]:.4g} in {int(steps[-1])} iterations"
    parts = [_open(label, height, width=TRAINING_WIDTH)]
    across = (steps - steps[0]) / max(1e-9, steps[-1] - steps[0]) * TRAINING_WIDTH
    points = [f"{x:.1f} {_y(float(v), limits, height):.1f}" for x, v in zip(across, shown)]
    parts.append(f'<path class="line loss" d="M{" L".join(points)}"/>')
    right = f'x="{TRAINING_WIDTH}" text-anchor="end"'
    for value, at, place in ((kept.max(), limits[1] - room, right), (kept.min(), limits[0] + room, 'x="0"')):
        y = _y(at, limits, height)
        parts.append(f'<line class="grid" x1="0" x2="{TRAINING_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" {place} y="{y - 4:.1f}">{value:.3g}</text>')
    parts.append(f'<text class="tick" x="0" y="{height + 13}">{int(steps[0])}</text>')
    parts.append(f'<text class="tick" {right} y="{height + 13}">{int(steps[-1])} iterations</text>')
    return "".join([*parts, "</svg>"])


def quality_chart(iterations: NDArray[Any], values: NDArray[Any], *, best: float, name: str) -> str:
    """A quality from 0 to 1 over its iterations, with a dot at each check and a mark at the iteration `best`."""
    steps, kept = np.asarray(iterations, float), np.asarray(values, float)
    height, last = 110, float(steps[-1])
    top = float(kept[int(np.argmin(np.abs(steps - best)))])
    label = f"{name}: quality from {kept[0]:.2f} to {kept[-1]:.2f} in {int(last)} iterations, {top:.2f} at {int(best)}"
    parts = [_open(label, height, width=TRAINING_WIDTH)]
    limits = (0.0, 1.0)
    for value in limits:
        y = _y(value, limits, height)
        parts.append(f'<line class="grid" x1="0" x2="{TRAINING_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="0" y="{y - 4 if value == 0 else y + 12:.1f}">{value:.0f}</text>')
    points = [
        (TRAINING_WIDTH * step / max(1.0, last), _y(value, limits, height))
        for step, value in zip(steps.tolist(), kept.tolist())
    ]
    parts.append(f'<path class="line loss" d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>')
    parts.extend(f'<circle class="check" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in points)
    x, y = TRAINING_WIDTH * best / max(1.0, last), _y(top, limits, height)
    anchor = "start" if x < 60 else "end"
    parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{y:.1f}" y2="{height}"/>')
    parts.append(
        f'<text class="tick" x="{x + (5 if anchor == "start" else -5):.1f}" y="{height - 4}" '
        f'text-anchor="{anchor}">{top:.2f} at {int(best)}</text>'
    )
    parts.append(f'<text class="tick" x="0" y="{height + 13}">0</text>')
    parts.append(
        f'<text class="tick" x="{TRAINING_WIDTH}" text-anchor="end" y="{height + 13}">{int(last)} iterations</text>'
    )
    return "".join([*parts, "</svg>"])


def _open(label: str, height: int, *, below: int = 18, width: int = WIDTH) -> str:
    text = escape(label, quote=True)
    return f'<svg class="chart" viewBox="0 -{_PAD} {width} {height + _PAD + below}" role="img" aria-label="{text}">'


def _x(frame: float, count: int) -> float:
    return WIDTH * frame / max(1, count - 1)


def _y(value: float, limits: tuple[float, float], height: int) -> float:
    low, high = limits
    return height * (1 - (min(high, max(low, value)) - low) / (high - low))


def _path(values: NDArray[Any], limits: tuple[float, float], height: int) -> str:
    """SVG path of `values` over the width, at most two points per unit."""
    count = len(values)
    if count == 0:
        return ""
    heights = height * (1 - (np.clip(values, *limits) - limits[0]) / (limits[1] - limits[0]))
    if count <= WIDTH:
        points = [f"{_x(t, count):.1f} {y:.1f}" for t, y in enumerate(heights.tolist())]
        return "M" + " L".join(points)
    edges = np.linspace(0, count, WIDTH + 1).astype(int)[:-1]
    low, high = np.minimum.reduceat(heights, edges), np.maximum.reduceat(heights, edges)
    points = [f"{x} {a:.1f} L{x} {b:.1f}" for x, (a, b) in enumerate(zip(low.tolist(), high.tolist()))]
    return "M" + " L".join(points)
