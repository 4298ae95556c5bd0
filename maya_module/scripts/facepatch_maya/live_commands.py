"""The command facepatchLive."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Optional

from maya import cmds

from facepatch.core.errors import InputError, ServiceError
from facepatch.core.progress import OnProgress, Progress
from facepatch_maya import steps
from facepatch_maya.backend import Backend
from facepatch_maya.command import NOTHING, NUMBER, SWITCH, TEXT, Command, Flag, Given, Result, warn
from facepatch_maya.live_session import LiveSession
from facepatch_maya.progress_window import shown_progress


class FacepatchLive(Command):
    """Lets a blendShape follow a camera or a film, and makes keys of what was recorded.

    Give -models, -source and -target to begin, then -record, -write and -stop. With -wait it follows to the end of the
    source, and with -record as well it returns the attributes that got keys; in batch mode it always waits.
    """

    NAME = "facepatchLive"
    FLAGS = (
        Flag("mo", "models", TEXT, "Folder that facepatchTrain has written."),
        Flag("s", "source", TEXT, "camera:0, camera:NAME, a film, a folder of images, or a URL."),
        Flag(
            "tg",
            "target",
            TEXT,
            "The blendShape, its namespace with a colon at the end, or a mapping as .json.",
        ),
        Flag("rt", "rate", TEXT, "own (default) as it happens, or max: every frame, as fast as possible."),
        Flag("lo", "loop", SWITCH, "A film begins again at its end."),
        Flag("rec", "record", NOTHING, "Records from now on, or from the first frame on."),
        Flag(
            "sf", "startFrame", NUMBER, "Scene frame of the first recorded frame; by default the current one."
        ),
        Flag("wr", "write", NOTHING, "Makes keys of what was recorded, as one step of undo."),
        Flag("l", "layer", TEXT, "Animation layer for the keys."),
        Flag("x", "stop", NOTHING, "Ends it; the scene is as before."),
        Flag("w", "wait", SWITCH, "Waits for the end of the source; Escape stops it."),
        Flag("rn", "running", NOTHING, "Whether a live session runs.", query=True),
        Flag("rd", "recorded", NOTHING, "Frames recorded so far.", query=True),
        Flag("se", "sentence", NOTHING, "How it stands, or why it ended.", query=True),
    )

    # Maya makes a new command for each call, and the session lives longer than one.
    _session: ClassVar[Optional[LiveSession]] = None
    _backend: ClassVar[Optional[Backend]] = None

    def run(self, given: Given) -> Result:
        """Begin, record, write or stop."""
        if given["source"] or given["models"] or given["target"]:
            self._start(given)
            if given.get("wait", bool(cmds.about(batch=True))):
                return self._follow(given)
            if given["record"]:
                self._record_soon(given)
            return None
        session = self._running()
        if given["record"]:
            session.record(_start_frame(given))
        written = self._write(session, given) if given["write"] else None
        if given["stop"]:
            self.stop()
        if not (given["record"] or given["write"] or given["stop"]):
            raise InputError(
                "Nothing to do: give -models, -source and -target, or one of -record, -write, -stop."
            )
        return written

    def query(self, given: Given) -> Result:
        """Of the session."""
        session = FacepatchLive._session
        if given.asked == "running":
            return bool(session and session.running)
        if given.asked == "recorded":
            return session.recorded if session else 0
        return session.sentence if session else "No live session."

    @classmethod
    def stop(cls) -> None:
        """End the session, where one is."""
        session, cls._session = cls._session, None
        backend, cls._backend = cls._backend, None
        if session is not None:
            session.stop()
        if backend is not None:
            # Sends the cancellation on its way.
            backend.pump()
            backend.close()

    def _running(self) -> LiveSession:
        session = FacepatchLive._session
        if session is None:
            raise InputError("No live session. Begin one with -models, -source and -target.")
        return session

    def _start(self, given: Given) -> None:
        models = Path(given.need("models", "the folder that facepatchTrain has written"))
        source = str(given.need("source", "a camera, film or URL"))
        target = str(given.need("target", "the blendShape that was built"))
        self.stop()
        backend = Backend()
        film = [Path(source)] if Path(source).exists() else []
        backend.connect(start=True, roots=steps.roots_of(models, *film))
        FacepatchLive._backend = backend
        FacepatchLive._session = steps.live(
            backend, models, source, target, rate=given.get("rate", "own"), loop=given.get("loop", False)
        )

    def _record_soon(self, given: Given) -> None:
        """Record from the first frame on."""
        session = self._running()
        session.record_from_start(_start_frame(given))

    def _follow(self, given: Given) -> Result:
        session, backend = self._running(), FacepatchLive._backend
        assert backend is not None
        if given["record"]:
            self._record_soon(given)
        try:
            with shown_progress("Live") as on_progress:
                _until_the_end(session, backend, on_progress)
            if session.error:
                raise ServiceError(session.error)
            return self._write(session, given) if given["record"] else None
        finally:
            self.stop()

    def _write(self, session: LiveSession, given: Given) -> Result:
        applied = session.write(layer=given.get("layer", ""))
        warn(self.NAME, [f"{left.name}: {left.reason}" for left in applied.left_alone])
        return list(applied.attributes)


def _start_frame(given: Given) -> float:
    value = given["startFrame"]
    return float(cmds.currentTime(query=True) if value is None else value)


def _until_the_end(session: LiveSession, backend: Backend, on_progress: OnProgress) -> None:
    while session.running:
        backend.pump()
        session.poll()
        on_progress(Progress("live", session.shown, 0, "frames", session.sentence))
