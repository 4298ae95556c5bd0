"""A job of the service as Maya shows it: what came of it so far, kept up to date by `Backend.poll`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.errors import FacepatchError, ProtocolError
from facepatch.core.progress import Progress
from facepatch.core.protocol import Message, messages, read_partial
from facepatch.core.request import Request

CURVE_POINTS = 1000
"""Of one curve; every other point goes when there are more."""


class JobView:
    """One job. Read it after each `poll`; `changes` grows whenever there is something new to draw."""

    def __init__(self, job: str = "", *, verb: str = "", label: str = "") -> None:
        self.job = job
        """Its id; "" until the service has named it."""
        self.verb = verb
        self.label = label
        """A name for people."""
        self.state = messages.QUEUED
        """queued, running, done, failed or cancelled."""
        self.message = ""
        """What the service says about it, a sentence or ""."""
        self.stage = ""
        """Of the newest report."""
        self.done = 0
        self.total = 0
        """0 where it is not known."""
        self.unit = ""
        self.rate = 0.0
        """Units per second; 0 where it is not known."""
        self.left_s: Optional[float] = None
        """Seconds that the stage still needs; None where they are not known."""
        self.values: dict[str, float] = {}
        """Losses and the like, of the newest report."""
        self.curves: dict[tuple[str, str], list[tuple[float, float]]] = {}
        """(stage, name of the value) -> (done, value), oldest first."""
        self.picture: Optional[UInt8] = None
        """(H, W, 3) the newest preview: source, rebuilt, reenacted."""
        self.picture_stage = ""
        self.picture_iteration = 0
        self.picture_number = 0
        """Grows with every new picture."""
        self.pictures: tuple[messages.Picture, ...] = ()
        """The last previews, oldest first, once `Backend.ask_previews` is answered."""
        self.failure: Optional[FacepatchError] = None
        """What ended it, where it was not done."""
        self.result: dict[str, Any] = {}
        """Body of the result: out, files and what else the verb gives."""
        self.out = ""
        """The folder of the result."""
        self.created = self.started = self.ended_at = ""
        """ISO 8601 by the service's clock, for people; "" where it is not known."""
        self.changes = 0
        self._followers: list[Callable[[JobView], None]] = []
        self.request: Optional[Request] = None
        """That follows it; None where nobody here does, and after its end."""
        self.answered = False
        """Whether its result or error has come."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in messages.ENDED_STATES

    @property
    def error(self) -> str:
        """The sentence of what ended it; "" where all is well."""
        return str(self.failure) if self.failure else ""

    @property
    def code(self) -> str:
        """The code of the error, docs/errors.md; "" where all is well."""
        return self.failure.code if self.failure else ""

    @property
    def progress(self) -> Progress:
        """The newest report as a callback of local work would get it."""
        return Progress(
            self.stage or self.state, self.done, self.total, self.unit, self.message, dict(self.values)
        )

    def follow(self, callback: Callable[[JobView], None]) -> None:
        """Have `callback` called with this view whenever there is something new, inside `Backend.poll`."""
        self._followers.append(callback)

    def changed(self) -> None:
        """Tell those who follow."""
        self.changes += 1
        for callback in list(self._followers):
            callback(self)

    def take(self, message: Message) -> None:
        """A partial has come. One that cannot be read costs a sentence, not the job."""
        if message.body.get("kind") == messages.Frame.KIND:
            # Sixty a second, and for `LiveStream`.
            return
        try:
            self._take(read_partial(message))
        except ProtocolError as error:
            self.message = f"A report of the service cannot be read: {error}"
        self.changed()

    def _take(self, told: Optional[messages.Partial]) -> None:
        if isinstance(told, messages.StateChange):
            self._go_to(told.state)
            self.message = told.message
        elif isinstance(told, messages.ProgressReport):
            self._report(told)
            self.state = messages.RUNNING
        elif isinstance(told, messages.Preview):
            self._show(told.picture, told.stage, told.iteration)
        elif isinstance(told, messages.Snapshot):
            self._snapshot(told)
        elif isinstance(told, messages.ServerEvent):
            self.message = told.message

    def take_record(self, record: messages.JobRecord) -> None:
        """What a list of jobs says of it. Partials know more, so a job that is followed keeps what they told."""
        before = self._listed()
        self.job, self.verb, self.label = record.job, record.verb, record.label
        self.out = self.out or record.out
        self.created, self.started, self.ended_at = record.created, record.started, record.ended
        if self.request is None and not self.answered:
            self.state = record.state
            self.failure = messages.read_error(Message("error", body=record.error)) if record.error else None
            self.stage = str(record.progress.get("stage") or "")
            self.done, self.total = (int(record.progress.get(name) or 0) for name in ("done", "total"))
            self.unit = str(record.progress.get("unit") or "")
        if self._listed() != before:
            self.changed()

    def _listed(self) -> tuple[Any, ...]:
        times = (self.created, self.started, self.ended_at)
        return (self.label, *times, self.state, self.stage, self.done, self.total, self.error)

    def finish(self) -> None:
        """The request that followed it has ended."""
        assert self.request is not None
        request, self.request = self.request, None
        try:
            body = request.result().body
        except FacepatchError as error:
            self.fail(error)
            return
        self.state, self.failure = messages.DONE, None
        self.result = {name: value for name, value in body.items() if name != "job"}
        self.out = str(self.result.get("out") or self.out)
        self._rest()

    def fail(self, error: FacepatchError) -> None:
        """It has ended with `error`."""
        self.failure, self.message = error, str(error)
        self.state = messages.CANCELLED if error.code == "cancelled" else messages.FAILED
        self._rest()

    def _rest(self) -> None:
        self.answered = True
        self.left_s, self.rate = None, 0.0
        self.changed()

    def _go_to(self, state: str) -> None:
        # The end is told twice; what counts is the answer, which has the result.
        if state not in messages.ENDED_STATES:
            self.state = state

    def _report(self, report: messages.ProgressReport) -> None:
        self.stage, self.done, self.total, self.unit = report.stage, report.done, report.total, report.unit
        self.rate, self.left_s, self.values = report.rate, report.left_s, dict(report.values)
        self.message = report.message
        for name, value in report.values.items():
            points = self.curves.setdefault((report.stage, name), [])
            # What was trained again from a checkpoint is drawn again.
            while points and points[-1][0] >= report.done:
                points.pop()
            points.append((float(report.done), float(value)))
            if len(points) > CURVE_POINTS:
                del points[1:-1:2]

    def _show(self, picture: UInt8, stage: str, iteration: int) -> None:
        # The array lies in the message's own memory.
        self.picture = np.array(picture, np.uint8)
        self.picture_stage, self.picture_iteration = stage, iteration
        self.picture_number += 1

    def _snapshot(self, told: messages.Snapshot) -> None:
        self._go_to(told.state)
        self.verb, self.label = told.verb, told.label
        for report in told.progress:
            self._report(report)
        for curve in told.curves:
            self.curves[curve.stage, curve.name] = [(float(at), float(value)) for at, value in curve.points]
        if told.picture is not None:
            self._show(told.picture, told.stage, told.iteration)
        self.message = told.message
