"""Have the backend propose landmarks: capture if need be, ask, offer what comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

from facepatch.core.errors import InputError
from facepatch.core.vertex_picks import check_picks_fit, read_vertex_picks
from facepatch_maya.backend import AWAY, Backend
from facepatch_maya.job_view import JobView
from facepatch_maya.session.character import CharacterPage
from facepatch_maya.session.motion import MotionPage
from facepatch_maya.session.status import FAILED, RUNNING


class ProposalJob:
    """One proposal at a time, for the Character panel."""

    def __init__(
        self,
        backend: Backend,
        steps: Any,
        character: CharacterPage,
        motion: MotionPage,
        folder: Callable[[], Path],
    ) -> None:
        self._steps = steps
        self._character = character
        self._motion = motion
        self._backend = backend
        self._folder = folder
        self.job: Optional[JobView] = None

    @property
    def running(self) -> bool:
        """Whether proposals are being made."""
        return self.job is not None

    def run(self) -> None:
        """Ask for proposals of all landmarks that are not picked."""
        page = self._character
        with page.reporting("Proposing landmarks"):
            page.mesh  # noqa: B018  refuses where none is chosen
            page.stop()
            if self._motion.capture is None:
                page.say(RUNNING, "Capturing the motion first: lids and lips are found by how they move.")
                if not self._motion.run():
                    raise InputError(f"The motion could not be captured. {self._motion.status.text}")
            if self._backend.state == AWAY:
                self._backend.start([self._folder()])
            self.job = self._steps.begin_propose(
                self._backend, self._motion.folder, picks=self._motion.write_picks()
            )
            page.say(RUNNING, "The service looks for the landmarks on the mesh.")

    def cancel(self) -> None:
        """Stop proposing."""
        if self.job is not None:
            with self._character.reporting("Cancelling"):
                self._backend.cancel(self.job)

    def refresh(self) -> None:
        """Something came from the service."""
        job, page = self.job, self._character
        if job is None:
            return
        if not job.ended:
            said = (
                job.message
                if job.state == "queued" and job.message
                else "The service looks for the landmarks."
            )
            if page.status.text != said:
                page.say(RUNNING, said, job.done, job.total)
            return
        self.job = None
        with page.reporting("Proposing landmarks"):
            if job.state == "cancelled":
                page.invite()
            elif job.state == "failed":
                page.say(FAILED, job.error)
            else:
                self._offer(
                    Path(job.result["landmarks"]), [str(doubt) for doubt in job.result.get("doubts", ())]
                )

    def _offer(self, path: Path, doubts: list[str]) -> None:
        capture = self._motion.capture
        if capture is None:
            raise InputError(
                "The captured character is gone. Capture it in the Motion panel and propose again."
            )
        picks, character = read_vertex_picks(path), capture.character()
        check_picks_fit(
            path,
            picks,
            mesh=character.name,
            vertex_count=len(character.neutral),
            topology_id=character.topology.topology_id,
        )
        self._character.offer(self._motion.offered(picks), doubts)

    def forget(self) -> None:
        """Another scene: what was asked for the old one is not offered to it."""
        self.job = None
