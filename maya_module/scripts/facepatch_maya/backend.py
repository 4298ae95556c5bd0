"""The service as Maya uses it: find it, start it, hand it jobs, follow them. Everything happens in Maya's own thread.

A tool makes one Backend and calls `poll()` from a timer; nothing but `connect` and `wait`, which are for scripts, ever
waits. Jobs belong to the service: they go on when Maya is closed and are found again in `jobs`.

    backend = Backend()
    backend.connect(start=True)
    job = backend.submit("train", {...}, label="hero")
    result = backend.wait(job, on_progress=show)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Optional, Union

from facepatch.core.client import Client
from facepatch.core.errors import FacepatchError, JobCancelledError, TimedOutError, UnavailableError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.protocol import Message, messages
from facepatch.core.request import Request
from facepatch_maya.job_view import JobView
from facepatch_maya.service_link import AWAY, CONNECTING, HERE, LOST, STARTING, ServiceLink

__all__ = ["AWAY", "CONNECTING", "HERE", "LOST", "STARTING", "Backend", "Job"]

LIST_EVERY_S = 2.0
LISTED = 200
"""Jobs that are listed, the newest."""
CANCEL_S = 10.0
"""Waited for a cancelled job to end."""

Job = Union[JobView, str]
OnAnswer = Callable[[Message], None]


class Backend(ServiceLink):
    """One service and its jobs; arguments as `ServiceLink` has them."""

    def __init__(self, **ways: Any) -> None:
        super().__init__(**ways)
        self._listed = 0.0
        self._asked: list[tuple[Request, OnAnswer]] = []
        self._waiting: list[tuple[JobView, str, dict[str, Any], int]] = []
        self._to_cancel: list[JobView] = []
        self._listing = False
        self._views: dict[str, JobView] = {}
        self._followed: list[JobView] = []
        self._order: tuple[str, ...] = ()
        self._told = 0

    # ---------------------------------------------------------------------------------------------- jobs

    @property
    def jobs(self) -> tuple[JobView, ...]:
        """All jobs that are known, the newest first; the list of the service is read every two seconds."""
        unlisted = [view for view in self._followed if view.job not in self._order]
        return (*reversed(unlisted), *(self._views[job] for job in self._order if job in self._views))

    def submit(
        self, verb: str, arguments: Mapping[str, Any], *, label: str = "", priority: int = 0
    ) -> JobView:
        """Hand a job over and follow it: a verb with the arguments of docs/protocol.md. Does not wait.

        While the service is being started, the job is kept until it is there. Raises UnavailableError where there is
        no service.
        """
        if self.state == AWAY:
            raise UnavailableError(f"{self.sentence} Start the service first.")
        view = JobView(verb=verb, label=label)
        view.out = str(arguments.get("out") or "")
        self._followed.append(view)
        if self.state in (HERE, LOST):
            self._send(view, verb, dict(arguments), priority)
        else:
            view.message = "Waits for the service to start."
            self._waiting.append((view, verb, dict(arguments), priority))
        return view

    def watch(self, job: Job) -> JobView:
        """Follow a job of the list. Does not wait."""
        view = self.view(job)
        if view.request is None and not view.answered and view.job:
            self._follow(view, self._here().watch(view.job))
        return view

    def view(self, job: Job) -> JobView:
        """The job of that id, whether it is known already or not."""
        if isinstance(job, JobView):
            return job
        return self._views.setdefault(job, JobView(job))

    def cancel(self, job: Job) -> None:
        """Stop a job; its state changes when the service has done so. What was finished before is kept."""
        view = self.view(job)
        kept = [entry for entry in self._waiting if entry[0] is not view]
        if len(kept) < len(self._waiting):
            self._waiting = kept
            view.fail(JobCancelledError("Cancelled before it was sent."))
        elif view.job:
            self._ask(messages.Cancel(view.job), lambda answer: None)
        elif not view.ended:
            self._to_cancel.append(view)

    def remove(self, job: Job) -> None:
        """Have the service forget a job that has ended, and its previews; never its files."""
        view = self.view(job)

        def gone(answer: Message) -> None:
            self._views.pop(view.job, None)
            self._followed = [other for other in self._followed if other is not view]

        self._ask(messages.Remove(view.job), gone)

    def ask_previews(self, job: Job) -> JobView:
        """Have `pictures` of the job filled with its last previews. Does not wait."""
        view = self.view(job)

        def take(answer: Message) -> None:
            view.pictures = messages.PreviewList.from_message(answer).pictures
            view.changed()

        self._ask(messages.Previews(view.job), take)
        return view

    def wait(
        self, job: Job, *, on_progress: OnProgress = silent, timeout_s: Optional[float] = None
    ) -> dict[str, Any]:
        """Wait for a job and give the body of its result, for scripts.

        on_progress: called twenty times a second, also where nothing is new; where it raises JobCancelledError, the
        job is cancelled first. Raises what ended the job, and TimedOutError after `timeout_s`; the job goes on then.
        """
        view = self.watch(job)
        end = None if timeout_s is None else self._clock() + timeout_s
        while not view.answered:
            self.pump()
            try:
                on_progress(view.progress)
            except JobCancelledError:
                self._cancel_and_wait(view)
                raise
            if end is not None and self._clock() >= end and not view.answered:
                raise TimedOutError(f"{view.verb} {view.job}: is still {view.state} after {timeout_s:g} s.")
        if view.failure is not None:
            raise view.failure
        return view.result

    def _cancel_and_wait(self, view: JobView) -> None:
        self.cancel(view)
        end = self._clock() + CANCEL_S
        while not view.answered and self._clock() < end:
            self.pump()

    # ------------------------------------------------------------------------------------------- polling

    def poll(self) -> bool:
        """Take in what has come and do what is due. Never waits. True where there is something new to show."""
        super().poll()
        known = {id(view): view for view in (*self._views.values(), *self._followed)}
        told, self._told = self._told, self._changes + sum(view.changes + 1 for view in known.values())
        return told != self._told

    def _tend(self, client: Client) -> None:
        greeting = self._greeting is not None
        super()._tend(client)
        if greeting:
            return
        for view in tuple(self._followed):
            self._tend_view(view)
        self._tend_answers()
        if not self._listing and self._clock() - self._listed >= LIST_EVERY_S:
            self.refresh()

    def _arrived(self) -> None:
        self._listed = self._clock() - LIST_EVERY_S
        waiting, self._waiting = self._waiting, []
        for view, verb, arguments, priority in waiting:
            self._send(view, verb, arguments, priority)

    def _left(self, sentence: str) -> None:
        waiting, self._waiting = self._waiting, []
        for view, *_ in waiting:
            view.fail(UnavailableError(sentence or "The service was let go before the job was sent."))

    def _tend_view(self, view: JobView) -> None:
        request = view.request
        if request is None:
            return
        if request.job and not view.job:
            view.job = request.job
            self._views[view.job] = view
            if view in self._to_cancel:
                self._to_cancel.remove(view)
                self.cancel(view)
        if request.done:
            view.finish()

    def _tend_answers(self) -> None:
        asked, self._asked = self._asked, []
        for request, on_answer in asked:
            if not request.done:
                self._asked.append((request, on_answer))
                continue
            if request.message.type == messages.Jobs.TYPE:
                self._listing = False
            try:
                on_answer(request.result())
            except FacepatchError as error:
                self._set(self.state, str(error))

    # --------------------------------------------------------------------------------------------- words

    def refresh(self) -> None:
        """Read the list of jobs anew. Does not wait."""
        self._listing, self._listed = True, self._clock()
        self._ask(messages.Jobs(limit=LISTED), self._take_list)

    def _take_list(self, answer: Message) -> None:
        rows = messages.JobList.from_message(answer).jobs
        for row in rows:
            self.view(row.job).take_record(row)
        self._order = tuple(row.job for row in rows)
        open_ones = {view.job for view in self._followed if not view.ended}
        for job in [job for job in self._views if job not in self._order and job not in open_ones]:
            del self._views[job]
        self._followed = [
            view for view in self._followed if not view.ended or view.job in self._views or not view.job
        ]

    def _send(self, view: JobView, verb: str, arguments: dict[str, Any], priority: int) -> None:
        client = self._here()
        if client.welcome is not None and verb not in client.welcome.capabilities:
            view.fail(
                UnavailableError(
                    f"The service is of facepatch {client.welcome.facepatch} and cannot do '{verb}'. Update facepatch "
                    "there, stop the service and start it again."
                )
            )
            return
        view.message = ""
        self._follow(view, client.submit(verb, arguments, priority=priority, label=view.label))

    def _follow(self, view: JobView, request: Request) -> None:
        view.request = request
        request.on_partial(view.take)
        if view not in self._followed:
            self._followed.append(view)

    def _ask(self, request: messages.Request, on_answer: OnAnswer) -> None:
        self._asked.append((self._here().send(request.to_message()), on_answer))

    def _drop_client(self) -> None:
        super()._drop_client()
        self._asked.clear()
        self._listing = False
        for view in self._followed:
            # Not the job's end: it goes on without us.
            view.request = None
