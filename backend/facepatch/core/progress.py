"""Progress of long work. A callback that raises JobCancelledError stops the work at its next safe point."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Optional, TypeVar

Item = TypeVar("Item")

QUALITY = "quality"
"""The value of a training that says how good the networks are so far, 0..1; its parts are called "quality: PART"."""


@dataclass(frozen=True)
class Progress:
    """One report of a long task: `done` of `total` units of `stage`."""

    stage: str
    done: int
    total: int
    """0 where the total is not known."""
    unit: str = "frames"
    message: str = ""
    values: dict[str, float] = field(default_factory=dict[str, float])
    """Numbers worth a curve: losses, rates."""
    picture: str = ""
    """Path of a picture of the present state that was just written."""


def quality_parts(values: Mapping[str, float]) -> dict[str, float]:
    """The parts of the quality among the values of a progress, by what they are called."""
    start = f"{QUALITY}: "
    return {name[len(start) :]: value for name, value in values.items() if name.startswith(start)}


OnProgress = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """The callback of a caller who does not care."""


def track(
    items: Iterable[Item], stage: str, total: int, on_progress: OnProgress = silent, unit: str = "frames"
) -> Iterator[Item]:
    """Yield `items`, reporting at most ten times a second, and at the end."""
    last: Optional[float] = None
    done = 0
    on_progress(Progress(stage, 0, total, unit))
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if last is None or now - last > 0.1:
            last = now
            on_progress(Progress(stage, done, total, unit))
    on_progress(Progress(stage, done, total or done, unit))
