"""The commands that hand a job to the service: facepatchPropose, facepatchTrain, facepatchRetarget."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from facepatch.core.errors import InputError
from facepatch.core.face_regions import patch_settings
from facepatch_maya import steps
from facepatch_maya.backend import Backend
from facepatch_maya.command import NOTHING, SWITCH, TEXT, Command, Flag, Given, Result, warn
from facepatch_maya.job_view import JobView
from facepatch_maya.progress_window import shown_progress

OUT = Flag("o", "outFolder", TEXT, "Folder that the results are written to.")
TAKE = Flag("t", "take", TEXT, "Film of the performer, or a folder of numbered images.")
PICKS = Flag("p", "picks", TEXT, "Landmarks as a picks file; by default those that the scene keeps.")
SETTINGS = Flag("st", "settings", TEXT, 'Single settings as JSON: {"retarget": {"smoothing": 1.5}}.')
WAIT = Flag(
    "w", "wait", SWITCH, "Waits for the end (default; Escape cancels), or returns the job's id at once."
)
JOB = (
    Flag("c", "cancel", NOTHING, "Cancels the job OBJECT."),
    Flag(
        "sa", "state", NOTHING, "queued, running, done, failed or cancelled: of the job OBJECT.", query=True
    ),
    Flag("pg", "progress", NOTHING, "Stage, done, total and unit of the job OBJECT.", query=True),
    Flag("r", "result", NOTHING, "The files of the job OBJECT, once it is done.", query=True),
    Flag("er", "error", NOTHING, "The sentence of what failed, of the job OBJECT.", query=True),
)

ANSWER_S = 20.0
"""The service names a job, and tells of one, sooner than this."""


class ServiceCommand(Command):
    """A step that the service does."""

    TITLE = ""

    def places(self, given: Given) -> list[Path]:
        """Folders that the service needs."""
        named = [given[name] for name in ("outFolder", "take", "picks")]
        return steps.roots_of(*map(Path, given.objects), *(Path(name) for name in named if name))

    def begin(self, backend: Backend, given: Given) -> JobView:
        """Hand the job over."""
        raise NotImplementedError

    def end(self, view: JobView, given: Given) -> Result:
        """What is returned of a job that is done."""
        raise NotImplementedError

    def run(self, given: Given) -> Result:
        """Hand the job over, and wait for it where that is asked for."""
        backend = Backend()
        try:
            if given["cancel"]:
                backend.connect()
                self._cancel(backend, given.one("job"))
                return None
            with shown_progress(self.TITLE) as on_progress:
                backend.connect(start=True, roots=self.places(given))
                view = self.begin(backend, given)
                if not given.get("wait", True):
                    _pump_until(backend, lambda: bool(view.job) or view.ended)
                    return _named(view)
                backend.wait(view, on_progress=on_progress)
            return self.end(view, given)
        finally:
            backend.close()

    def query(self, given: Given) -> Result:
        """Of a job by its id."""
        asked, backend = given.asked, Backend()
        try:
            backend.connect()
            view = backend.watch(given.one("job"))
            _pump_until(backend, lambda: view.changes > 0 and (view.answered or not view.ended))
            if asked == "state":
                return view.state
            if asked == "progress":
                return [view.stage, str(view.done), str(view.total), view.unit]
            if asked == "result":
                return [str(name) for name in view.result.get("files", [])]
            return view.error
        finally:
            backend.close()

    def _cancel(self, backend: Backend, job: str) -> None:
        view = backend.watch(job)
        backend.cancel(view)
        _pump_until(backend, lambda: view.answered)


class FacepatchPropose(ServiceCommand):
    """Has the service propose the landmarks of a captured character, draw them, and measure its motion.

    Returns the files, landmarks.json and landmarks.png among them; doubts are told.
    """

    NAME = "facepatchPropose"
    TITLE = "Propose landmarks"
    OBJECTS = "captured folder"
    FLAGS = (
        OUT,
        PICKS,
        Flag("a", "accept", NOTHING, "Keeps the proposals in the scene for landmarks that are not picked."),
        WAIT,
        *JOB,
    )

    def begin(self, backend: Backend, given: Given) -> JobView:
        """Hand the job over."""
        return steps.begin_propose(
            backend, _folder(given), picks=_path(given, "picks"), out=_path(given, "outFolder")
        )

    def end(self, view: JobView, given: Given) -> Result:
        """Its files."""
        warn(self.NAME, [*view.result["doubts"], *view.result["coverage"].get("warnings", [])])
        if given["accept"]:
            steps.keep_landmarks(_folder(given), Path(view.result["landmarks"]))
        return [str(name) for name in view.result["files"]]


class FacepatchTrain(ServiceCommand):
    """Has the service train a performer on a captured character. Returns the folder, which the others take as models.

    Goes on where an earlier training in the same folder stopped.
    """

    NAME = "facepatchTrain"
    TITLE = "Train"
    OBJECTS = "captured folder"
    FLAGS = (
        OUT,
        TAKE,
        Flag("pr", "preset", TEXT, "preview (default), full, paper, or the path of a .toml file."),
        Flag(
            "rg",
            "region",
            TEXT,
            "Region that gets a patch, such as eye_l; by default the preset's.",
            many=True,
        ),
        PICKS,
        SETTINGS,
        WAIT,
        *JOB,
    )

    def begin(self, backend: Backend, given: Given) -> JobView:
        """Hand the job over."""
        settings = settings_of(given)
        if given["region"]:
            settings = {**patch_settings(given["region"]), **settings}
        return steps.begin_train(
            backend,
            _folder(given),
            Path(given.need("take", "the film of the performer")),
            out=Path(given.need("outFolder", "the folder for the networks")),
            preset=given.get("preset", "preview"),
            settings=settings,
            picks=_path(given, "picks"),
        )

    def end(self, view: JobView, given: Given) -> Result:
        """The folder of the models."""
        return view.out


class FacepatchRetarget(ServiceCommand):
    """Has the service put a take on the character. Returns the clip, which facepatchBake takes."""

    NAME = "facepatchRetarget"
    TITLE = "Retarget"
    OBJECTS = "models"
    FLAGS = (
        OUT,
        TAKE,
        Flag(
            "rt", "rate", TEXT, "Frames per second of the take as 24 or 24000/1001, where it does not say it."
        ),
        Flag("f", "film", SWITCH, "Also writes side_by_side.mp4 (default)."),
        SETTINGS,
        WAIT,
        *JOB,
    )

    def begin(self, backend: Backend, given: Given) -> JobView:
        """Hand the job over."""
        return steps.begin_retarget(
            backend,
            Path(given.one("folder of trained models")),
            Path(given.need("take", "the film of the performer")),
            out=Path(given.need("outFolder", "the folder for the clip")),
            settings=settings_of(given),
            rate=given.get("rate", ""),
            film=given.get("film", True),
        )

    def end(self, view: JobView, given: Given) -> Result:
        """The clip."""
        return str(Path(view.out) / "clip.npz")


def _folder(given: Given) -> Path:
    return Path(given.one("captured folder"))


def _path(given: Given, name: str) -> Any:
    return Path(given[name]) if given[name] else None


def settings_of(given: Given) -> dict[str, Any]:
    """-settings as a table. Raises InputError."""
    text = given.get("settings", "")
    try:
        values = json.loads(text) if text else {}
    except ValueError as error:
        raise InputError(f"-settings: is no JSON ({error}).") from error
    if not isinstance(values, dict):
        raise InputError('-settings: needs one object, such as {"retarget": {"smoothing": 1.5}}.')
    return values


def _named(view: JobView) -> str:
    if view.failure is not None:
        raise view.failure
    return view.job


def _pump_until(backend: Backend, ready: Callable[[], bool]) -> None:
    for _ in range(int(ANSWER_S / 0.05)):
        if ready():
            return
        backend.pump()
    raise InputError(f"The service does not answer. {backend.sentence}")
