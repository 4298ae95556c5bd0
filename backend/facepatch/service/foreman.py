"""Who does what: gives jobs to workers, cancels, sees deaths, brings everything to a good end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from facepatch.core.protocol.messages import CANCELLED, DONE, FAILED, QUEUED, RUNNING
from facepatch.service.board import Board
from facepatch.service.job import Job
from facepatch.service.settings import ServeSettings

log = logging.getLogger(__name__)


class Crew(Protocol):
    """The worker processes."""

    devices: tuple[str, ...]
    """One worker may live for each entry; cpu may stand several times."""

    def start(self, device: str) -> str:
        """Start a worker; returns its name. Raises OSError."""
        ...

    def send(self, name: str, command: dict[str, Any]) -> None:
        """Hand a command to a worker, without waiting."""
        ...

    def kill(self, name: str) -> None:
        """End a worker at once. Its death is reported as any other."""
        ...


@dataclass(eq=False)
class Worker:
    """A process that lives."""

    name: str
    device: str
    job: Job | None = None
    asked: Literal["", "cancel", "stop"] = ""
    """What it was asked to do with its job."""
    kill_at: float | None = None


class Foreman:
    """The only one who changes the state of jobs. `told` is called after each change."""

    def __init__(
        self, board: Board, crew: Crew, settings: ServeSettings, *, clock: Callable[[], float],
        told: Callable[[Job, str], None],
    ) -> None:  # fmt: skip
        self.board, self.crew, self.settings = board, crew, settings
        self._clock, self._told = clock, told
        self.workers: dict[str, Worker] = {}
        self.stopping = False
        self._due = True

    @property
    def busy(self) -> list[Worker]:
        """Workers that have a job."""
        return [worker for worker in self.workers.values() if worker.job is not None]

    def worker_of(self, job: Job) -> Worker | None:
        """Who has the job."""
        return next((worker for worker in self.workers.values() if worker.job is job), None)

    def submitted(self) -> None:
        """The queue has changed."""
        self._due = True

    def tick(self) -> None:
        """Kill who is overdue; give out what waits."""
        now = self._clock()
        for worker in list(self.workers.values()):
            if worker.kill_at is not None and now >= worker.kill_at:
                worker.kill_at = None
                self.crew.kill(worker.name)
        if self._due and not self.stopping:
            self._due = False
            self._give_out()

    def _give_out(self) -> None:
        while (job := self.board.next_job(worker.job.out for worker in self.busy if worker.job)) is not None:
            worker = next((w for w in self.workers.values() if w.job is None and w.kill_at is None), None)
            try:
                worker = worker or self._hire()
            except OSError as error:
                self.board.start(job)
                self._again(job, f"no worker could be started ({error})")
                continue
            if worker is None:
                return
            worker.job, worker.asked = job, ""
            self.board.start(job)
            self._told(job, "")
            self.crew.send(
                worker.name, {"command": "job", "job": job.id, "verb": job.verb, "arguments": job.arguments}
            )

    def _hire(self) -> Worker | None:
        free = list(self.crew.devices)
        for worker in self.workers.values():
            free.remove(worker.device)
        if not free:
            return None
        worker = Worker(self.crew.start(free[0]), free[0])
        self.workers[worker.name] = worker
        return worker

    def cancel(self, job: Job) -> str:
        """Cancel, whatever state the job is in. Returns the state it has now; a running one ends within a second."""
        worker = self.worker_of(job)
        if job.state == QUEUED:
            self._end(job, CANCELLED, "cancelled", "Cancelled before it was started.")
        elif worker is not None and worker.asked != "cancel":
            worker.asked, worker.kill_at = "cancel", self._clock() + self.settings.cancel_s
            self.crew.send(worker.name, {"command": "cancel", "job": job.id})
        return job.state

    def done(self, worker: Worker, result: dict[str, Any]) -> None:
        """The worker has finished its job."""
        job = self._released(worker)
        if job is not None:
            self.board.end(job, DONE, result=result)
            self._told(job, "")

    def failed(self, worker: Worker, code: str, message: str) -> None:
        """The worker's job ended with an error, or stopped as it was asked."""
        asked = worker.asked
        job = self._released(worker)
        if job is None:
            return
        if code == "cancelled" and asked == "stop":
            self._go_on_later(job)
        elif code == "cancelled":
            self._end(job, CANCELLED, code, message or "Cancelled.")
        else:
            self._end(job, FAILED, code, message)

    def died(self, name: str, reason: str) -> None:
        """The process of a worker has ended; reason: such as "killed by SIGKILL"."""
        worker = self.workers.pop(name, None)
        if worker is None:
            return
        job, worker.job = worker.job, None
        self._due = True
        if job is None:
            log.info("%s ended while it had nothing to do: %s", name, reason)
        elif worker.asked == "cancel":
            self._end(job, CANCELLED, "cancelled", "Cancelled. What was finished before is kept.")
        elif worker.asked == "stop":
            self._go_on_later(job)
        else:
            self._again(job, reason)

    def _again(self, job: Job, reason: str) -> None:
        job.deaths += 1
        if job.deaths >= self.settings.attempts:
            what = f"The worker of this job ended {job.deaths} times, the last time: {reason}. "
            advice = (
                "It may need more memory than there is, or another batch size; the server's log says more."
            )
            self._end(job, FAILED, "service.worker", what + advice)
            return
        log.warning("job %s: the worker ended (%s)", job.id, reason)
        self.board.requeue(job)
        self._told(job, f"The worker ended ({reason}). The job goes on from its last checkpoint.")

    def _go_on_later(self, job: Job) -> None:
        self.board.requeue(job)
        self._told(job, "The server stops; the job goes on when it is started again.")

    def _end(self, job: Job, state: str, code: str, message: str) -> None:
        self.board.end(job, state, error={"code": code, "message": message})
        self._told(job, message)

    def _released(self, worker: Worker) -> Job | None:
        job, worker.job = worker.job, None
        worker.asked, worker.kill_at = "", None
        self._due = True
        return job

    def stop(self) -> None:
        """Start nothing more, and ask whoever works to stop at its next safe point."""
        self.stopping = True
        for worker in self.busy:
            if worker.job is not None and worker.asked == "":
                worker.asked, worker.kill_at = "stop", self._clock() + self.settings.stop_s
                self.crew.send(worker.name, {"command": "stop", "job": worker.job.id})

    def kill_all(self) -> None:
        """End every worker at once; jobs stay as they are for the next start."""
        for worker in self.workers.values():
            if worker.job is not None and worker.job.state == RUNNING:
                self.board.requeue(worker.job)
            self.crew.kill(worker.name)
        self.workers.clear()
