"""Figures of a stream as its listener sees it: rate, latency, gaps, second by second and in all."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from facepatch.core.data.clip import NO_FACE
from facepatch.core.protocol.messages import Frame

RECENT = 20000
"""Latencies that are kept: memory does not grow with the stream."""


@dataclass(frozen=True)
class Figures:
    """Of the frames of some time."""

    frames: int
    rate: float
    """Frames per second."""
    captured_ms: tuple[float, float]
    """From captured to here, median and 99th percentile, by the wall clocks of both machines."""
    decoded_ms: tuple[float, float]
    sent_ms: tuple[float, float]
    lost: int
    """Frames that the stream made and that never came here."""
    dropped: int
    """Frames of the source that the stream dropped, being too slow for it."""
    without_face: int

    def sentence(self) -> str:
        """One line."""
        return (
            f"{self.rate:.1f} frames/s, captured to here {_spread(self.captured_ms)}, decoded to here "
            f"{_spread(self.decoded_ms)}, sent to here {_spread(self.sent_ms)}, {self.lost} lost, "
            f"{self.dropped} dropped at the source, {self.without_face} without a face"
        )

    def values(self) -> dict[str, Any]:
        """For programs."""
        return {
            "frames": self.frames,
            "rate": round(self.rate, 2),
            **{
                f"{name}_ms": {"median": round(pair[0], 3), "p99": round(pair[1], 3)}
                for name, pair in (
                    ("captured", self.captured_ms), ("decoded", self.decoded_ms), ("sent", self.sent_ms)
                )
            },
            "lost": self.lost,
            "dropped": self.dropped,
            "without_face": self.without_face,
        }  # fmt: skip


@dataclass
class Counter:
    """Collects frames; `figures` gives what was collected since `begun_s`."""

    begun_s: float
    frames: int = 0
    lost: int = 0
    dropped: int = 0
    without_face: int = 0
    ages: deque[tuple[float, float, float]] = field(default_factory=lambda: deque(maxlen=RECENT))

    def figures(self, now_s: float) -> Figures:
        """Up to `now_s`, of the clock that `begun_s` is of."""
        columns = list(zip(*self.ages, strict=True)) or [(), (), ()]
        captured, decoded, sent = (_median_p99(column) for column in columns)
        seconds = max(now_s - self.begun_s, 1e-6)
        return Figures(self.frames, self.frames / seconds, captured, decoded, sent,
                       self.lost, self.dropped, self.without_face)  # fmt: skip


class Listener:
    """Takes the frames of one stream; two counters, of this second and of all."""

    def __init__(self, now_s: float) -> None:
        self.second, self.all = Counter(now_s), Counter(now_s)
        self._seq: int | None = None
        self._dropped: int | None = None

    def take(self, frame: Frame, *, wall_s: float) -> None:
        """A frame has come at time.time() `wall_s`."""
        lost = 0 if self._seq is None else max(0, frame.frame_seq - self._seq - 1)
        dropped = 0 if self._dropped is None else max(0, frame.dropped - self._dropped)
        self._seq, self._dropped = frame.frame_seq, frame.dropped
        ages = tuple(1000 * (wall_s - then) for then in (frame.captured_s, frame.decoded_s, frame.sent_s))
        for counter in (self.second, self.all):
            counter.frames += 1
            counter.lost += lost
            counter.dropped += dropped
            counter.without_face += bool(frame.flags & NO_FACE)
            counter.ages.append((ages[0], ages[1], ages[2]))

    def due(self, now_s: float) -> Figures | None:
        """The figures of the last second, once it is over."""
        if now_s - self.second.begun_s < 1.0:
            return None
        figures, self.second = self.second.figures(now_s), Counter(now_s)
        return figures


def _median_p99(values: tuple[float, ...]) -> tuple[float, float]:
    if not values:
        return 0.0, 0.0
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


def _spread(pair: tuple[float, float]) -> str:
    return f"{pair[0]:.1f} ms (p99 {pair[1]:.1f})"
