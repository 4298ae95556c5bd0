"""The state behind the Train panel: performers, presets, jobs of training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from facepatch.core.errors import InputError
from facepatch.core.face_regions import patch_settings
from facepatch.core.progress import QUALITY, quality_parts
from facepatch.core.trend import trend
from facepatch_maya.backend import AWAY, Backend
from facepatch_maya.job_view import JobView
from facepatch_maya.session.character import CharacterPage
from facepatch_maya.session.motion import MotionPage
from facepatch_maya.session.status import DONE, EMPTY, FAILED, READY, RUNNING, Listeners, Page

PRESETS = {
    "preview": (
        "Preview",
        "Small networks: about twenty minutes without a graphics card. Shows whether it will work.",
    ),
    "full": ("Full", "The recommended quality. Needs an NVIDIA graphics card; minutes on a recent one."),
    "paper": ("Paper", "The settings of the published method, without our additions. Hours; for comparison."),
}
"""Preset -> its title, and what it is for."""
FILMS = (".mp4", ".mov", ".avi", ".mkv", ".m4v", ".webm", ".mxf")
STAGES = {
    "character": "Preparing the character",
    "pca": "Finding the space of the motion",
    "landmarks": "Following the performer's face",
    "patches": "Cutting and drawing the patches",
    "reenactment": "Learning to see the performer as the character",
    "weights": "Learning the weights",
    "export": "Writing files",
}


ERRORS = {
    "reenactment": ("Picture error", "Of redrawing both faces; lower is better."),
    "weights": ("Weight error", "Error of the weights on renders of the character, in their own spread."),
}
"""Stage that trains -> title of its loss, and what it means; the last that is trained comes first."""
JUDGED = {
    "reenactment": "How far the character follows the performer, 1 at best",
    "weights": "How well renders of the character are read, 1 at best",
}
"""Stage that trains -> what its quality means."""


@dataclass
class Performer:
    """A film that is trained on, and how far that is."""

    take: Path
    out: Path
    """Where the trained networks lie."""
    job: Optional[JobView] = None
    paused: bool = False

    @property
    def state(self) -> str:
        """idle, running, paused, done or failed."""
        if self.job is not None and not self.job.ended:
            return "running"
        if self.paused:
            return "paused"
        if self.job is not None and self.job.state == "failed":
            return "failed"
        return "done" if self.is_trained else "idle"

    @property
    def is_trained(self) -> bool:
        """Whether its networks are there."""
        return (self.out / "models").is_dir()


class TrainPage(Page):
    """Which performers are learned, and by what."""

    name = "train"

    def __init__(
        self,
        listeners: Listeners,
        backend: Backend,
        steps: Any,
        character: CharacterPage,
        motion: MotionPage,
        folder: Callable[[], Path],
    ) -> None:
        super().__init__(listeners)
        self._backend = backend
        self._steps = steps
        self._character = character
        self._motion = motion
        self._folder = folder
        self.performers: list[Performer] = []
        self.at = 0
        """The performer that is shown."""
        self.preset = "preview"
        self._seen = -1

    @property
    def shown(self) -> Optional[Performer]:
        """The performer that is shown."""
        return self.performers[self.at] if 0 <= self.at < len(self.performers) else None

    @property
    def job(self) -> Optional[JobView]:
        """The training that is shown."""
        return self.shown.job if self.shown else None

    @property
    def roots(self) -> list[Path]:
        """Folders that a service needs for the scene and these films; it may use no others."""
        return list(
            dict.fromkeys([self._folder(), *(performer.take.parent for performer in self.performers)])
        )

    # ---------------------------------------------------------------------------------------------- choices

    def add(self, takes: Iterable[Path]) -> None:
        """Films of performers, or folders of images."""
        with self.reporting("Adding performers"):
            for take in takes:
                path = Path(take)
                if not path.exists():
                    raise InputError(f"{path}: no such file. Choose a film of the performer's face.")
                if path.is_file() and path.suffix.lower() not in FILMS:
                    raise InputError(
                        f"{path.name}: is no film. Choose one of {', '.join(FILMS)}, or a folder of images."
                    )
                if all(path != known.take for known in self.performers):
                    self.performers.append(Performer(path, self._free_folder(path)))
                self.at = next(i for i, known in enumerate(self.performers) if known.take == path)
            self.invite()

    def remove(self, at: int) -> None:
        """Take a performer off the list; what is trained stays on disk."""
        if self.performers[at].state == "running":
            return self.say(
                FAILED, "This performer is being trained. Pause the training before taking it off the list."
            )
        del self.performers[at]
        self.at = max(0, min(self.at, len(self.performers) - 1))
        return self.invite()

    def show(self, at: int) -> None:
        """Show another performer."""
        self.at = at
        self.invite()

    def choose(self, preset: str) -> None:
        """Train with `preset`."""
        self.preset = preset
        self.invite()

    # --------------------------------------------------------------------------------------------- training

    def run(self) -> None:
        """Train the shown performer, or go on where it was paused."""
        with self.reporting("Training"):
            performer = self._ready()
            if self._backend.state == AWAY:
                self._backend.start(self.roots)
            performer.paused = False
            performer.job = self._steps.begin_train(
                self._backend,
                self._motion.folder,
                performer.take,
                out=performer.out,
                preset=self.preset,
                settings=patch_settings(self._character.ticked),
                picks=self._motion.write_picks(),
                label=f"{self._character.face.rpartition('|')[2]}: {performer.take.stem}",
            )
            self.say(RUNNING, "Handing the training over to the service.")

    def pause(self) -> None:
        """Stop at the next checkpoint; `run` goes on there."""
        performer = self.shown
        if performer is None or performer.job is None or performer.job.ended:
            return
        with self.reporting("Pausing"):
            performer.paused = True
            self._backend.cancel(performer.job)
            self.say(RUNNING, "Stopping at a checkpoint. It goes on from there.")

    def adopt(self) -> None:
        """Find trainings of these performers that the service has from before, and follow them."""
        for performer in self.performers:
            if performer.job is None:
                for job in self._backend.jobs:
                    if job.verb == "train" and job.out and Path(job.out) == performer.out:
                        performer.job = job
                        if not job.ended:
                            self._backend.watch(job)
                        performer.paused = job.state == "cancelled"
                        break

    def refresh(self) -> None:
        """Something came from the service."""
        self.adopt()
        job = self.job
        seen = -1 if job is None else job.changes
        if seen != self._seen:
            self._seen = seen
            self.invite()

    # ------------------------------------------------------------------------------------------------ words

    def invite(self) -> None:
        """Say how it stands."""
        performer = self.shown
        if performer is None:
            return self.say(
                EMPTY, "Add a film of the performer's face: a range of motion and some speech, at best."
            )
        job = performer.job
        if performer.state == "running" and job is not None:
            if performer.paused:
                return self.say(
                    RUNNING, "Stopping at a checkpoint. It goes on from there.", job.done, job.total
                )
            return self.say(RUNNING, doing(job), job.done, job.total)
        if performer.state == "failed" and job is not None:
            return self.say(FAILED, job.error or "Training failed. The Jobs panel has the details.")
        if performer.state == "paused":
            at = f" at {job.done} of {job.total} {job.unit}" if job is not None and job.total else ""
            return self.say(READY, f"Paused{at}. Resume goes on from the last checkpoint.")
        if performer.state == "done":
            return self.say(DONE, f"{performer.take.stem} is trained. Go on in the Shot panel.")
        if self._motion.capture is None:
            return self.say(EMPTY, "Capture the character's motion in the Motion panel first.")
        return self.say(
            READY, f"Ready to train {performer.take.name} with the preset {PRESETS[self.preset][0]}."
        )

    @property
    def verdict(self) -> str:
        """Whether more training helps, a sentence; "" where that is not known."""
        job = self.job
        return job.message if job is not None and QUALITY in job.values else ""

    def quality(self) -> tuple[tuple[str, str, str], ...]:
        """What can be said of the quality so far: title, value, what it means."""
        job = self.job
        if job is None:
            return ()
        told: list[tuple[str, str, str]] = []
        judged = judged_stage(job)
        if judged:
            now = {name: points[-1][1] for (stage, name), points in job.curves.items() if stage == judged}
            told.append(("Quality so far", f"{now[QUALITY]:.2f}", quality_words(judged, now)))
        for stage, (title, meaning) in ERRORS.items():
            points = job.curves.get((stage, "loss"), [])
            if points and judged in ("", stage):
                found = trend(points)
                # Where the quality is known, it says whether waiting pays, and the loss does not.
                said = meaning if judged else f"{found.sentence} {meaning}"
                told.append((title, f"{found.now:.3g}", said))
        return tuple(told)

    def _ready(self) -> Performer:
        if self.shown is None:
            raise InputError("No performer is chosen. Add a film of the performer's face.")
        if self._motion.capture is None:
            raise InputError(
                "The character's motion is not captured yet. Capture it in the Motion panel first."
            )
        if not self._character.ticked:
            raise InputError(
                "No region is ticked, so there is nothing to learn. Tick one in the Character panel."
            )
        return self.shown

    def _free_folder(self, take: Path) -> Path:
        """Performers of the same name in other folders get folders of their own."""
        taken = {performer.out for performer in self.performers}
        base = self._folder() / "trained" / take.stem
        number = 2
        found = base
        while found in taken:
            found, number = base.with_name(f"{base.name}_{number}"), number + 1
        return found


def judged_stage(job: JobView) -> str:
    """The stage whose quality is to be shown: that of the networks that are learned now or were last, or ""."""
    return next((stage for stage in ERRORS if job.curves.get((stage, QUALITY))), "")


def quality_words(stage: str, values: Mapping[str, float]) -> str:
    """What a quality is of, and its parts."""
    parts = [f"{name} {value:.2f}" for name, value in quality_parts(values).items() if name != "swap"]
    return f"{JUDGED[stage]}: {', '.join(parts)}." if parts else f"{JUDGED[stage]}."


def doing(job: JobView) -> str:
    """What the service does for `job`, in a sentence."""
    if job.state == "queued":
        return job.message or "Waits in the queue of the service."
    return f"{stage_words(job)}."


def stage_words(job: JobView) -> str:
    """The stage of a job that runs, for people."""
    return STAGES.get(job.stage, job.stage.capitalize() or "Starting")


def clock(seconds: Optional[float]) -> str:
    """About how long, for people: 45 s, 12 min, 3 h 20 min; "" where it is not known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
