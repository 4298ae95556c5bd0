"""What a person or a program sees of a run: progress with rate and time left, results, errors.

Three consoles, one interface: bars on a terminal, plain lines where stderr is a file or a pipe, and with --json
one object per line on stdout. Results go to stdout; progress and everything else to stderr.
"""

from __future__ import annotations

import json
import logging
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TextIO

from rich.console import Console as RichConsole
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as RichProgress

from facepatch.core.progress import QUALITY, Progress, quality_parts

Clock = Callable[[], float]

LINE_EVERY_S = 5.0
JSON_EVERY_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Common:
    """The flags that every verb has."""

    json: bool = False
    """Print one JSON object per line on stdout: progress, results, errors."""
    debug: bool = False
    """Print traces, and what the library logs."""


class Console(Protocol):
    """Where a verb reports to. `progress` is the callback for every long function."""

    def progress(self, progress: Progress) -> None:
        """Show how far the work is."""
        ...

    def say(self, sentence: str) -> None:
        """A remark to the user: a warning, what is done next."""
        ...

    def result(self, sentence: str, **values: Any) -> None:
        """What came out, for people as `sentence`, for programs as `values`."""
        ...

    def error(self, code: str, sentence: str) -> None:
        """Why the run ends here."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


def open_console(arguments: Common) -> Console:
    """The console that fits the flags and the terminal."""
    if arguments.json:
        return JsonConsole(sys.stdout, sys.stderr)
    if sys.stderr.isatty():
        return BarConsole(sys.stdout, RichConsole(stderr=True))
    return LineConsole(sys.stdout, sys.stderr)


class Pace:
    """Rate and time left of one stage. Work that was done in an earlier run does not count as speed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start: tuple[float, int] | None = None
        self._done = 0
        self._shown = -math.inf
        self._closed = False
        self.rate = 0.0
        """Units per second; 0 while unknown."""
        self.left_s = math.inf

    def update(self, progress: Progress, every_s: float) -> bool:
        """Take `progress` in. True where it is due to be shown: at a beginning, at the end, and every `every_s`."""
        now = self._clock()
        if self._start is None or progress.done < self._done:
            self._start, self._shown, self._closed = (now, progress.done), -math.inf, False
        self._done = progress.done
        seconds, done = now - self._start[0], progress.done - self._start[1]
        self.rate = done / seconds if done and seconds > 0 else 0.0
        known = self.rate > 0 and progress.total > 0
        self.left_s = max(0, progress.total - progress.done) / self.rate if known else math.inf
        ended = _ended(progress)
        due = not self._closed if ended else now - self._shown >= every_s
        self._closed = ended
        if due:
            self._shown = now
        return due


class Paces(dict[str, Pace]):
    """The pace of each stage, by its name; stages may take turns."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def __missing__(self, stage: str) -> Pace:
        self[stage] = Pace(self._clock)
        return self[stage]


class LineConsole:
    """Plain lines, for logs."""

    def __init__(self, out: TextIO, err: TextIO, clock: Clock = time.monotonic) -> None:
        self._out, self._err, self._paces = out, err, Paces(clock)

    def progress(self, progress: Progress) -> None:
        """One line every few seconds."""
        pace = self._paces[progress.stage]
        if pace.update(progress, LINE_EVERY_S):
            self._write(self._err, f"{progress.stage}: {facts(progress, pace)}")

    def say(self, sentence: str) -> None:
        """One line on stderr."""
        self._write(self._err, sentence)

    def result(self, sentence: str, **values: Any) -> None:
        """One line on stdout."""
        self._write(self._out, sentence)

    def error(self, code: str, sentence: str) -> None:
        """One line on stderr."""
        self._write(self._err, f"facepatch: {sentence}")

    def close(self) -> None:
        """Nothing to undo."""

    def _write(self, stream: TextIO, line: str) -> None:
        stream.write(f"{line}\n")
        stream.flush()


class JsonConsole:
    """One object per line on stdout, `event` first: progress, note, result, error."""

    def __init__(self, out: TextIO, err: TextIO, clock: Clock = time.monotonic) -> None:
        self._out, self._err, self._paces = out, err, Paces(clock)

    def progress(self, progress: Progress) -> None:
        """At most two objects a second."""
        pace = self._paces[progress.stage]
        if not pace.update(progress, JSON_EVERY_S):
            return
        self._write(
            event="progress",
            stage=progress.stage,
            done=progress.done,
            total=progress.total,
            unit=progress.unit,
            rate=round(pace.rate, 3),
            left_s=round(pace.left_s, 1),
            message=progress.message,
            values=progress.values,
        )

    def say(self, sentence: str) -> None:
        """A `note` object."""
        self._write(event="note", message=sentence)

    def result(self, sentence: str, **values: Any) -> None:
        """A `result` object with `values`."""
        self._write(event="result", message=sentence, **values)

    def error(self, code: str, sentence: str) -> None:
        """An `error` object, and the sentence on stderr."""
        self._write(event="error", code=code, message=sentence)
        self._err.write(f"facepatch: {sentence}\n")

    def close(self) -> None:
        """Nothing to undo."""

    def _write(self, **values: Any) -> None:
        self._out.write(f"{json.dumps(_finite(values), default=str)}\n")
        self._out.flush()


class BarConsole:
    """One bar per stage on a terminal."""

    def __init__(self, out: TextIO, terminal: RichConsole, clock: Clock = time.monotonic) -> None:
        self._out, self._terminal, self._paces = out, terminal, Paces(clock)
        self._bars: RichProgress | None = None
        self._tasks: dict[str, TaskID] = {}

    def progress(self, progress: Progress) -> None:
        """Move the bar of the stage, or begin it."""
        pace = self._paces[progress.stage]
        due = pace.update(progress, 0.0)
        if _ended(progress) and QUALITY in progress.values and progress.message:
            # What came of a training is too long to stand beside a bar.
            if due:
                self.say(f"{progress.stage}: {progress.message}")
            progress = replace(progress, message="")
        if self._bars is None:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[facts]}"))
            self._bars = RichProgress(*columns, console=self._terminal)
            self._bars.start()
        if progress.stage not in self._tasks:
            self._tasks[progress.stage] = self._bars.add_task(progress.stage, total=None, facts="")
        self._bars.update(
            self._tasks[progress.stage],
            completed=progress.done,
            total=progress.total or None,
            facts=facts(progress, pace, brief=True),
        )

    def say(self, sentence: str) -> None:
        """A line above the bars."""
        self._terminal.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def result(self, sentence: str, **values: Any) -> None:
        """A line on stdout, after the bars."""
        self.close()
        self._out.write(f"{sentence}\n")
        self._out.flush()

    def error(self, code: str, sentence: str) -> None:
        """A red line, after the bars."""
        self.close()
        self._terminal.print(
            f"facepatch: {sentence}", style="red", markup=False, highlight=False, soft_wrap=True
        )

    def close(self) -> None:
        """Stop the bars where they are."""
        if self._bars is not None:
            self._bars.stop()
        self._bars = None
        self._tasks.clear()


class ConsoleLog(logging.Handler):
    """Shows what the library logs as remarks."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """One remark per record; the level in front, except for a warning's."""
        text = record.getMessage()
        self._console.say(
            text if record.levelno == logging.WARNING else f"{record.levelname.lower()}: {text}"
        )


def facts(progress: Progress, pace: Pace, *, brief: bool = False) -> str:
    """Such as `120/300 frames, 48.2/s, 0:04 left, loss 0.012, mouth`, as far as it is known.

    brief: of a training that is judged only its quality, and not the parts of it and the losses.
    """
    total = f"/{progress.total}" if progress.total else ""
    parts = [f"{progress.done}{total} {progress.unit}"]
    if pace.rate:
        parts.append(f"{pace.rate:.3g}/s")
    if not math.isinf(pace.left_s) and not _ended(progress):
        parts.append(f"{clock_text(pace.left_s)} left")
    parts.extend(_value_texts(progress.values, brief=brief))
    if progress.message:
        parts.append(progress.message)
    return ", ".join(parts)


def _value_texts(values: Mapping[str, float], *, brief: bool) -> Iterator[str]:
    if QUALITY in values:
        if brief:
            yield f"quality {values[QUALITY]:.2f}"
            return
        quality = f"quality so far {values[QUALITY]:.2f}"
        judged = quality_parts(values)
        told = ", ".join(f"{name} {value:.2f}" for name, value in judged.items())
        yield f"{quality} ({told})" if told else quality
    for name, value in values.items():
        # The pace is told already.
        if name != "rate" and name.partition(":")[0] != QUALITY:
            yield f"{name} {value:.4g}"


def clock_text(seconds: float) -> str:
    """0:04, 12:30, 1:02:03"""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _ended(progress: Progress) -> bool:
    return progress.total > 0 and progress.done >= progress.total


def _finite(value: Any) -> Any:
    """JSON has no word for NaN and infinity: null takes their place."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
