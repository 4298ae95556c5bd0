"""All jobs: in memory as the truth, on disk as what survives. A full disk stops new jobs, not the server."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from facepatch.core.errors import FacepatchError, LimitError, StorageError, UnknownJobError
from facepatch.core.protocol.messages import CANCELLED, QUEUED, RUNNING
from facepatch.service.job import SENTENCE, Job
from facepatch.service.previews import Previews
from facepatch.service.roots import lock_name
from facepatch.service.store import Store

log = logging.getLogger(__name__)


class Board:
    """The jobs of one server. `wall` is the clock that people read; nothing is decided by it."""

    def __init__(
        self, store: Store, previews: Previews, *, max_jobs: int, wall: Callable[[], float] = time.time
    ) -> None:
        self.store, self.previews, self.max_jobs, self._wall = store, previews, max_jobs, wall
        self.jobs: dict[str, Job] = {job.id: job for job in store.jobs()}
        self._queued = {job.id: job for job in self.jobs.values() if job.state == QUEUED}
        self._number = max((job.number for job in self.jobs.values()), default=0)
        self._changed: dict[str, Job] = {}
        self._reported: dict[str, Job] = {}
        self._removed: set[str] = set()
        previews.keep_only(set(self.jobs))

    def take_up(self, resumes: Callable[[str], bool]) -> None:
        """After a start: what was running goes on first; what cannot go on, as a stream, has ended."""
        for job in list(self.jobs.values()):
            if job.state != RUNNING:
                continue
            if resumes(job.verb):
                self.requeue(job)
            else:
                sentence = "The server was stopped while this ran. Start it again."
                self.end(job, CANCELLED, error={"code": "cancelled", "message": sentence})

    def get(self, name: str) -> Job:
        """The job of that id. Raises UnknownJobError."""
        if name not in self.jobs:
            raise UnknownJobError(f"There is no job '{name[:64]}' here. See: facepatch jobs list")
        return self.jobs[name]

    def add(self, job: Job) -> None:
        """Queue a new job; it is on disk when this returns.

        Raises LimitError where there are too many and StorageError where it cannot be kept.
        """
        if len(self.jobs) >= self.max_jobs:
            self._make_room()
        self._number += 1
        job.number, job.created = self._number, self._wall()
        self.store.save([job])
        self.jobs[job.id] = self._queued[job.id] = job

    def _make_room(self) -> None:
        oldest = next((job for job in self.jobs.values() if job.has_ended), None)
        if oldest is None:
            raise LimitError(
                f"{len(self.jobs)} jobs are waiting, and no more are taken. Wait for some to end, or cancel some."
            )
        self.remove(oldest)

    def next_job(self, busy: Iterable[str]) -> Job | None:
        """The next in the queue whose folder no running job writes in; busy: those folders."""
        locked = {lock_name(out) for out in busy if out}
        free = (job for job in self._queued.values() if lock_name(job.out) not in locked)
        return min(free, key=Job.turn, default=None)

    def start(self, job: Job) -> None:
        """A worker takes the job."""
        self._queued.pop(job.id, None)
        job.state, job.attempts = RUNNING, job.attempts + 1
        job.started = job.started or self._wall()
        self._keep(job)

    def requeue(self, job: Job) -> None:
        """Back to the front of the queue."""
        job.state, job.resumed = QUEUED, True
        self._queued[job.id] = job
        self._keep(job)

    def end(
        self,
        job: Job,
        state: str,
        *,
        error: dict[str, str] | None = None,
        result: dict[str, object] | None = None,
    ) -> None:
        """The job is over."""
        self._queued.pop(job.id, None)
        if error is not None:
            error = {"code": error["code"], "message": error["message"][:SENTENCE]}
        job.state, job.error, job.result, job.ended = state, error, result, self._wall()
        self._keep(job)

    def report(self, job: Job, progress: dict[str, object]) -> None:
        """Progress of a job; on disk at the next `flush`."""
        job.take_progress(progress)
        self._reported[job.id] = job

    def remove(self, job: Job) -> None:
        """Forget a job that has ended, with its previews; never its files."""
        self.jobs.pop(job.id, None)
        self._changed.pop(job.id, None)
        self._reported.pop(job.id, None)
        self.previews.remove(job.id)
        self._removed.add(job.id)
        self._flush_removed()

    def _keep(self, job: Job) -> None:
        self._changed[job.id] = job
        self._flush_jobs((job.id,))

    def flush(self) -> None:
        """Write what is not on disk yet. A disk that is still full is tried again at the next call."""
        self._flush_jobs((*self._changed, *self._reported))
        self._flush_removed()

    def _flush_jobs(self, names: Iterable[str]) -> None:
        chosen = set(names)
        changed = [job for name, job in self._changed.items() if name in chosen]
        reported = [job for name, job in self._reported.items() if name in chosen]
        if not changed and not reported:
            return
        try:
            self.store.save(changed, reported)
        except FacepatchError as error:
            log.warning("Jobs are not kept for now: %s", error)
            return
        for name in chosen:
            self._changed.pop(name, None)
            self._reported.pop(name, None)

    def _flush_removed(self) -> None:
        if not self._removed:
            return
        try:
            self.store.remove(self._removed)
            self._removed.clear()
        except StorageError as error:
            log.warning("Removed jobs may come back: %s", error)
