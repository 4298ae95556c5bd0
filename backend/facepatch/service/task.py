"""What a worker gives to the code of a verb: arguments in, reports out, and a way to be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepatch.core.errors import JobCancelledError
from facepatch.core.progress import Progress
from facepatch.core.protocol import PARTIAL, Message
from facepatch.core.protocol.messages import Partial, Preview, ProgressReport
from facepatch.service.pictures import read_picture

PROGRESS_EVERY_S = 0.1
PREVIEW_EVERY_S = 2.0
AHEAD = 64
"""Frames that a stream which drops nothing may be ahead of what has been handed to its clients."""

Tell = Callable[[Message], None]


class Pace:
    """Rate and time left of one stage, of this attempt."""

    def __init__(self, progress: Progress, now: float) -> None:
        self.begun, self.from_done = now, progress.done
        self.done, self.told = progress.done, -1.0

    def report(self, progress: Progress, now: float) -> ProgressReport:
        """`progress` with its rate."""
        seconds, units = now - self.begun, progress.done - self.from_done
        rate = units / seconds if units > 0 and seconds > 0 else 0.0
        left = max(0, progress.total - progress.done) / rate if rate and progress.total else None
        return ProgressReport.from_progress(progress, rate=rate, left_s=left)


class Task:
    """One attempt at one job. `tell` sends a message to the server and may be called from any thread."""

    def __init__(
        self,
        job: str,
        arguments: Mapping[str, Any],
        *,
        tell: Tell,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.job, self.arguments = job, dict(arguments)
        self._tell, self._clock = tell, clock
        self.stopped = threading.Event()
        """Set when the job is cancelled or the server stops."""
        self._paces: dict[str, Pace] = {}
        self._held: Progress | None = None
        self._picture: Progress | None = None
        self._pictured = -PREVIEW_EVERY_S
        self._all = False
        self._frames = 0
        self._acknowledged = 0
        self._room = threading.Condition()

    def on_progress(self, progress: Progress) -> None:
        """The callback for the pipelines: at most ten reports a second, the first and last of a stage always.

        Raises JobCancelledError once the job is to stop.
        """
        self.check()
        now = self._clock()
        if self._held is not None and self._held.stage != progress.stage:
            self._report(self._held, now)
        pace = self._paces.get(progress.stage)
        if pace is None or progress.done < pace.done:
            pace = self._paces[progress.stage] = Pace(progress, now)
        pace.done = progress.done
        ended = progress.total > 0 and progress.done >= progress.total
        if ended or pace.told < 0 or now - pace.told >= PROGRESS_EVERY_S:
            self._report(progress, now)
        else:
            self._held = progress
        if progress.picture:
            self._picture = progress
        if self._picture is not None and now - self._pictured >= PREVIEW_EVERY_S:
            self._show(now)

    def flush(self) -> None:
        """Tell what was held back, at the end."""
        now = self._clock()
        if self._held is not None:
            self._report(self._held, now)
        if self._picture is not None:
            self._show(now)

    def _report(self, progress: Progress, now: float) -> None:
        pace = self._paces[progress.stage]
        pace.told = now
        self._held = None
        self._partial(pace.report(progress, now))

    def _show(self, now: float) -> None:
        assert self._picture is not None
        progress, self._picture = self._picture, None
        picture = read_picture(Path(progress.picture))
        if picture is not None:
            self._pictured = now
            self._partial(Preview(progress.stage, progress.done, picture))

    def check(self) -> None:
        """Raises JobCancelledError once the job is to stop."""
        if self.stopped.is_set():
            raise JobCancelledError("Cancelled. What was finished before is kept.")

    def emit(
        self, kind: str, body: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None
    ) -> None:
        """A partial of its own: `stream`, `frame`. A stream that drops nothing waits here for slow clients."""
        if kind == "stream":
            self._all = body.get("policy") == "all"
        if kind == "frame":
            with self._room:
                while self._all and self._frames - self._acknowledged >= AHEAD and not self.stopped.is_set():
                    self._room.wait(0.1)
                self._frames += 1
            self.check()
        kept = {name: np.asarray(array) for name, array in (arrays or {}).items()}
        self._tell(Message(PARTIAL, body={"kind": kind, "job": self.job, **body}, arrays=kept))

    def acknowledged(self, frames: int) -> None:
        """The server has handed on so many frames."""
        with self._room:
            self._acknowledged = max(self._acknowledged, frames)
            self._room.notify_all()

    def stop(self) -> None:
        """Have the job stop at its next safe point."""
        self.stopped.set()
        with self._room:
            self._room.notify_all()

    def _partial(self, partial: Partial) -> None:
        self._tell(partial.to_message("", job=self.job))
