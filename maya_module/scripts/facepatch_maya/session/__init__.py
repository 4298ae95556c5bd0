"""What the tool knows, without any user interface: one page of state per panel, kept in the scene.

session = Session(MayaHost(), Backend(), view=Viewport(), store=SceneStore())
remove = session.listeners.add(lambda page: ...)
session.poll()          # from a timer: takes in what the service says
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional, Protocol

from facepatch.core.errors import FacepatchError
from facepatch.core.face_regions import USUAL
from facepatch.core.host import Host
from facepatch_maya.backend import AWAY, Backend
from facepatch_maya.session.character import CharacterPage
from facepatch_maya.session.jobs import JobsPage
from facepatch_maya.session.motion import MotionPage
from facepatch_maya.session.pick_view import PickView
from facepatch_maya.session.proposing import ProposalJob
from facepatch_maya.session.rig_solve import RigPage
from facepatch_maya.session.shot import ShotPage
from facepatch_maya.session.status import EMPTY, FAILED, READY, RUNNING, Listeners
from facepatch_maya.session.training import Performer, TrainPage

__all__ = ["Session", "Store"]

VERSION = 1


class Store(Protocol):
    """Keeps a table with the scene; `facepatch_maya.session_node.SceneStore` in Maya."""

    def read(self) -> dict[str, Any]:
        """What was kept; {} where there is nothing."""
        ...

    def write(self, values: Mapping[str, Any]) -> None:
        """Keep `values` in place of what was kept."""
        ...


class Session:
    """The state of the tool for one scene."""

    def __init__(
        self, host: Host, backend: Backend, *, view: PickView, store: Store, steps: Optional[Any] = None
    ) -> None:
        if steps is None:
            # Needs Maya, which a session on another host does not have.
            from facepatch_maya import steps
        self.host = host
        self.backend = backend
        self._store = store
        self.listeners = Listeners()
        self._folder: Optional[Path] = None
        self._scene_path = ""
        self._kept: dict[str, Any] = {}
        self._service = ("", "")
        self._told = False
        """Whether the service told something that was not taken in yet."""
        self.start_failure = ""
        """Why the service could not be started, "" where that was not tried or went well."""
        self.character = CharacterPage(self.listeners, host, view)
        self.motion = MotionPage(self.listeners, host, view, self.character, lambda: self.folder)
        self.train = TrainPage(
            self.listeners, backend, steps, self.character, self.motion, lambda: self.folder
        )
        self.shot = ShotPage(
            self.listeners, host, view, backend, steps, self.motion, self.train, lambda: self.folder
        )
        self.rig = RigPage(self.listeners, view, backend, steps, self.motion, self.shot, lambda: self.folder)
        self.jobs = JobsPage(self.listeners, backend)
        self._meshes: list[str] = []
        self._captured: object = None
        self._clip: Optional[Path] = None
        self.listeners.add(self._follow)
        self.proposal = ProposalJob(backend, steps, self.character, self.motion, lambda: self.folder)
        self.open()

    def _follow(self, what: str) -> None:
        """What can be done in one panel depends on the panels before it."""
        if what == "character" and self.character.meshes != self._meshes:
            self._meshes = list(self.character.meshes)
            self.motion.invite()
        elif what == "motion" and self.motion.capture is not self._captured:
            self._captured = self.motion.capture
            self.train.invite()
            self.rig.find()
        elif what == "train" and self.shot.status.kind in (EMPTY, READY):
            self.shot.invite()
        elif what == "shot" and self.shot.clip is not self._clip:
            self._clip = self.shot.clip
            self.rig.forget_solve()

    # --------------------------------------------------------------------------------------------- the scene

    @property
    def folder(self) -> Path:
        """Where captures, networks and clips of this scene go: chosen, or beside the scene file."""
        if self._folder is not None:
            return self._folder
        path = Path(self._scene_path)
        return (
            path.with_name(f"{path.stem}_facepatch")
            if self._scene_path
            else Path.home() / "facepatch" / "untitled"
        )

    def choose_folder(self, folder: Path) -> None:
        """Work in `folder`, and take up what earlier sessions left there."""
        self._folder = Path(folder)
        self.motion.find()
        self.train.invite()
        self.keep()

    def open(self) -> None:
        """A scene was opened, or the tool was: take up what the scene keeps."""
        try:
            self._scene_path = self.host.scene().path
            kept = self._store.read()
        except FacepatchError as error:
            self.character.say("failed", str(error))
            return
        self._kept = kept
        self._folder = Path(kept["folder"]) if kept.get("folder") else None
        self._take_up_motion(kept.get("motion", {}))
        self.character.ticked = list(kept.get("regions", USUAL))
        self.character.uuids = list(kept.get("uuids", ()))
        self.character.refresh()
        if "range" not in kept.get("motion", {}):
            self.motion.use_playback_range()
        self.train.performers = [
            Performer(Path(take), Path(out), paused=bool(paused))
            for take, out, paused in kept.get("performers", ())
        ]
        self.train.preset = kept.get("preset", "preview")
        self.shot.forget()
        self.proposal.forget()
        self.shot.set(**{name: kept.get("shot", {}).get(name, usual) for name, usual in SHOT_CHOICES.items()})
        self.motion.find()
        self.rig.restore(kept.get("rig", {}))
        for page in (self.train, self.shot, self.jobs):
            page.invite()

    def _take_up_motion(self, kept: Mapping[str, Any]) -> None:
        self.motion.start, self.motion.end, self.motion.step = kept.get("range", (1, 1, 1))
        self.motion.head, self.motion.facing = kept.get("head", ""), kept.get("facing", "+z")
        self.motion.neutral = kept.get("neutral")
        self.motion.left_out = set(kept.get("left_out", ()))

    def leave(self) -> None:
        """The scene is about to be left: nothing of the tool stays in it. What runs in the service goes on."""
        self.shot.stop_live()
        self.character.stop()
        self.character.hide()

    def saved(self) -> None:
        """The scene was saved, perhaps under another name."""
        self._scene_path = self.host.scene().path
        self.listeners.tell("folder")

    def undone(self) -> None:
        """Something was undone or redone in the host: read again what the scene keeps."""
        if self.character.meshes:
            self.character.reread()

    def keep(self) -> None:
        """Write the choices into the scene, where they changed. Nothing is written before a mesh is chosen."""
        values = {
            "version": VERSION,
            "folder": str(self._folder) if self._folder else "",
            "uuids": list(self.character.uuids),
            "regions": list(self.character.ticked),
            "motion": {
                "range": [self.motion.start, self.motion.end, self.motion.step],
                "head": self.motion.head,
                "facing": self.motion.facing,
                "neutral": self.motion.neutral,
                "left_out": sorted(self.motion.left_out),
            },
            "performers": [[str(p.take), str(p.out), p.state == "paused"] for p in self.train.performers],
            "preset": self.train.preset,
            "shot": {name: getattr(self.shot, name) for name in SHOT_CHOICES},
            "rig": self.rig.choices,
        }
        if not self.busy and values != self._kept and (values["uuids"] or self._kept):
            with self.character.reporting("Keeping the choices in the scene"):
                self._store.write(values)
                self._kept = values

    # ------------------------------------------------------------------------------------------- the service

    @property
    def busy(self) -> bool:
        """Whether the scene is being read, so that nothing else may be done to it."""
        return bool(self.reader)

    @property
    def reader(self) -> str:
        """The panel that reads the scene now; "" for none."""
        if self.motion.status.kind == RUNNING:
            return "motion"
        return "shot" if self.rig.reading else ""

    def start_service(self) -> None:
        """Start the service, or look for it."""
        self.start_failure = ""
        with self.jobs.reporting("Starting the service"):
            self.backend.start(self.train.roots)
        if self.jobs.status.kind == FAILED:
            self.start_failure = self.jobs.status.text
        self.listeners.tell("service")

    def poll(self) -> None:
        """Take in what the service says. Never waits; call it from a timer."""
        self._told = self.backend.poll() or self._told
        # A capture reads the scene frame by frame: what would change it waits.
        if self._told and not self.busy:
            self._told = False
            self.proposal.refresh()
            self.train.refresh()
            self.shot.refresh()
            self.rig.refresh()
            self.jobs.refresh()
        service = (self.backend.state, self.backend.sentence)
        if service != self._service:
            self._service = service
            self.start_failure = ""
            self.jobs.invite()
            self.listeners.tell("service")

    def look_for_service(self) -> None:
        """Connect to a service that runs already; says nothing where there is none."""
        if self.backend.state == AWAY:
            self.backend.open()

    def close(self) -> None:
        """The tool is closed: markers and live preview go, jobs go on."""
        self.keep()
        self.leave()


SHOT_CHOICES: dict[str, Any] = {
    "trained": "",
    "take": "",
    "start_frame": 1.0,
    "layer": "",
    "head": "",
    "eyes": [],
    "tolerance": 0.0,
    "whole_frames": True,
    "duplicate": True,
    "source": "camera:0",
}
"""Choices of the Shot panel that the scene keeps, as they are in a new one."""
