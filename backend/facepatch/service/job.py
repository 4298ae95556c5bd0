"""A job as the server knows it: what was asked, how far it is, how it ended."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.errors import FormatError
from facepatch.core.protocol import limits, messages
from facepatch.core.protocol.messages import ENDED_STATES, QUEUED

CURVE_POINTS = 500
SENTENCE = 4000
"""Characters kept of an error's message."""


@dataclass
class Curve:
    """One number over the units of a stage; every `stride`-th report once there are many."""

    points: list[tuple[int, float]] = field(default_factory=list)
    """done, value"""
    stride: int = 1
    seen: int = 0

    def add(self, at: int, value: float) -> None:
        """Take a point in. Points at or after `at` are of an attempt that was taken up again, and go."""
        while self.points and self.points[-1][0] >= at:
            self.points.pop()
        self.seen += 1
        if (self.seen - 1) % self.stride:
            return
        self.points.append((at, value))
        if len(self.points) > CURVE_POINTS:
            self.points, self.stride = self.points[::2], self.stride * 2


@dataclass
class Job:
    """One job. The server's loop alone changes it."""

    id: str
    verb: str
    arguments: dict[str, Any]
    number: int
    """Order of arrival."""
    label: str = ""
    priority: int = 0
    out: str = ""
    """Folder that only one running job may write in, "" for none."""
    state: str = QUEUED
    attempts: int = 0
    """Workers that took it."""
    deaths: int = 0
    """Workers that died of it."""
    resumed: bool = False
    """It was running before, so it is taken up before all others."""
    created: float = 0.0
    """Wall clock, for people only."""
    started: float | None = None
    ended: float | None = None
    error: dict[str, str] | None = None
    """code and message of what ended it."""
    result: dict[str, Any] | None = None
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The last progress of each stage, the latest stage last."""
    curves: dict[str, dict[str, Curve]] = field(default_factory=dict)
    """By stage and name."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ENDED_STATES

    def turn(self) -> tuple[bool, int, int]:
        """Sorts the queue: what was running, then by priority, then by arrival."""
        return not self.resumed, -self.priority, self.number

    def take_progress(self, progress: dict[str, Any]) -> None:
        """Remember a report of the worker."""
        stage = str(progress.get("stage", ""))
        self.stages.pop(stage, None)
        self.stages[stage] = progress
        curves = self.curves.setdefault(stage, {})
        for name, value in (progress.get("values") or {}).items():
            curves.setdefault(name, Curve()).add(int(progress.get("done", 0)), float(value))

    def described(self) -> messages.JobRecord:
        """The job in a list of jobs."""
        return messages.JobRecord(
            job=self.id,
            verb=self.verb,
            label=self.label,
            state=self.state,
            priority=self.priority,
            attempts=self.attempts,
            created=clock_time(self.created),
            started=clock_time(self.started),
            ended=clock_time(self.ended),
            progress=next(reversed(self.stages.values()), {}),
            out=self.out,
            error=dict(self.error or {}),
        )

    def snapshot(
        self, *, picture: UInt8 | None = None, stage: str = "", iteration: int = 0
    ) -> messages.Snapshot:
        """All that a client which has just come needs to draw the job; `picture` is the newest preview."""
        curves = [
            messages.Curve(of, name, np.array(curve.points, np.float64).reshape(-1, 2))
            for of, named in self.curves.items()
            for name, curve in named.items()
        ]
        reports = tuple(messages.ProgressReport(**progress) for progress in self.stages.values())
        return messages.Snapshot(
            self.state, self.verb, self.label, self.attempts, "", reports, tuple(curves[: limits.ARRAYS - 1]),
            stage, iteration, picture,
        )  # fmt: skip


def clock_time(seconds: float | None) -> str:
    """Wall-clock seconds as ISO 8601 UTC, "" where there are none."""
    if seconds is None:
        return ""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")


REPORTS = ("stages", "curves")


def record_of(job: Job) -> dict[str, Any]:
    """What the store keeps of a job and changes rarely."""
    return {name: value for name, value in vars(job).items() if name not in REPORTS}


def reports_of(job: Job) -> dict[str, Any]:
    """What the store keeps of a job and changes often."""
    return {
        "stages": list(job.stages.values()),
        "curves": {
            stage: {name: vars(curve) for name, curve in named.items()} for stage, named in job.curves.items()
        },
    }


def job_from(record: dict[str, Any], reports: dict[str, Any]) -> Job:
    """The job that the store kept. Raises FormatError for a record of something else."""
    try:
        job = Job(**record)
        job.stages = {progress["stage"]: progress for progress in reports.get("stages", [])}
        job.curves = {
            stage: {
                name: Curve(
                    [(int(at), float(value)) for at, value in curve["points"]], curve["stride"], curve["seen"]
                )
                for name, curve in named.items()
            }
            for stage, named in reports.get("curves", {}).items()
        }
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise FormatError(f"A stored job cannot be read ({error}).") from error
    return job
