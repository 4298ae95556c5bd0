"""The state behind the Jobs panel: everything that the service was asked to do."""

from __future__ import annotations

from typing import Optional

from facepatch_maya.backend import HERE, LOST, STARTING, Backend
from facepatch_maya.job_view import JobView
from facepatch_maya.session.status import DONE, EMPTY, FAILED, READY, RUNNING, Listeners, Page


class JobsPage(Page):
    """The jobs of the service, from this scene and from others."""

    name = "jobs"

    def __init__(self, listeners: Listeners, backend: Backend) -> None:
        super().__init__(listeners)
        self._backend = backend
        self.at = ""
        """Id of the job that is shown."""
        self._seen: object = None

    @property
    def jobs(self) -> tuple[JobView, ...]:
        """The newest first."""
        return self._backend.jobs

    @property
    def shown(self) -> Optional[JobView]:
        """The job that is shown."""
        return next((job for job in self.jobs if job.job and job.job == self.at), None)

    def show(self, job: str) -> None:
        """Show a job; it is followed from now on."""
        self.at = job
        with self.reporting("Following a job"):
            if self.shown is not None and not self.shown.ended:
                self._backend.watch(self.shown)
            self.invite()

    def cancel(self) -> None:
        """Stop the shown job; what was finished is kept."""
        if self.shown is not None and not self.shown.ended:
            with self.reporting("Cancelling"):
                self._backend.cancel(self.shown)
                self.say(RUNNING, "Stopping at a checkpoint.")

    def remove(self) -> None:
        """Take the shown job off the list, if it has ended. Its files stay."""
        if self.shown is not None and self.shown.ended:
            with self.reporting("Removing"):
                self._backend.remove(self.shown)
                self.at = ""
                self.invite()

    def refresh(self) -> None:
        """Something came from the service."""
        seen = [(job.job, job.changes, job.state) for job in self.jobs]
        if seen != self._seen:
            self._seen = seen
            self.invite()

    def invite(self) -> None:
        """Say how it stands."""
        job = self.shown
        if job is not None and job.state == "failed":
            return self.say(FAILED, job.error)
        running = [one for one in self.jobs if not one.ended]
        if self._backend.state not in (HERE, LOST, STARTING):
            return self.say(EMPTY, self._backend.sentence)
        if running:
            one = running[0]
            count = "One job runs" if len(running) == 1 else f"{len(running)} jobs run or wait"
            return self.say(RUNNING, f"{count}. They go on when Maya is closed.", one.done, one.total)
        if self.jobs:
            return self.say(DONE, "Nothing runs.")
        return self.say(READY, "The service has nothing to do. Jobs of all scenes appear here.")
