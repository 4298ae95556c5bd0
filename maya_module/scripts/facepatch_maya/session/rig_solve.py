"""The state behind the card "Rig controls" of the Shot panel: a take on the animator's own controls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Optional

from facepatch.core.errors import InputError, JobCancelledError
from facepatch.core.host import Applied
from facepatch.core.progress import Progress
from facepatch.core.scene_rig import SceneRig
from facepatch_maya.backend import AWAY, Backend
from facepatch_maya.job_view import JobView
from facepatch_maya.session.motion import MotionPage
from facepatch_maya.session.pick_view import PickView
from facepatch_maya.session.shot import ShotPage, applied_words
from facepatch_maya.session.status import DONE, EMPTY, FAILED, READY, RUNNING, Listeners, Page
from facepatch_maya.session.training import doing

REGIONS = ("eyes", "brows", "nose", "mouth")
SHOWN_EVERY = 4
"""Reports of the scene's own work between two drawings."""


class RigPage(Page):
    """Which controls may be used and how, the solve, and its keys."""

    name = "rig"

    def __init__(
        self,
        listeners: Listeners,
        view: PickView,
        backend: Backend,
        steps: Any,
        motion: MotionPage,
        shot: ShotPage,
        folder: Callable[[], Path],
    ) -> None:
        super().__init__(listeners)
        self._view, self._backend, self._steps = view, backend, steps
        self._motion, self._shot, self._folder = motion, shot, folder
        self.rig: Optional[SceneRig] = None
        self.unused: set[str] = set()
        """Controls that stay at their default."""
        self.held: set[str] = set()
        """Controls that keep their animation while the rest is solved."""
        self.cost: dict[str, float] = {}
        """Control -> factor, where it is not 1."""
        self.blend: dict[str, float] = {}
        """Region -> how much of the solve it takes, where it is not all of it."""
        self.join = True
        self.job: Optional[JobView] = None
        self.out: Optional[Path] = None
        """Folder of the solve that is shown."""
        self.solved: Optional[Any] = None
        self.applied: Optional[Applied] = None
        self.reading = False
        """Whether the scene is being read or asked, so that nothing else may be done to it."""
        self._asked_at: Optional[float] = None
        """Start frame of the solve that is shown."""
        self._asked_held: frozenset[str] = frozenset()
        """Controls that it holds."""
        self._seen = -1
        self._cancelled = False
        self._told = 0

    # ---------------------------------------------------------------------------------------------- choices

    @property
    def place(self) -> Path:
        """Where the rig is kept: beside the capture that it belongs to."""
        return self._motion.folder / "rig"

    @property
    def controls(self) -> tuple[str, ...]:
        """Those that may be used."""
        return tuple(c.name for c in self.rig.controls if c.is_free) if self.rig else ()

    def find(self) -> None:
        """Take up the rig that was read before, and forget what belongs to another scene."""
        self.rig = self.out = self.solved = self.applied = self.job = None
        with self.reporting("Reading the rig"):
            if self._motion.capture is not None:
                self.rig = self._steps.scene_rig_of(self._motion.folder)
        self.invite()

    @property
    def choices(self) -> dict[str, Any]:
        """What the scene keeps of this card."""
        return {
            "unused": sorted(self.unused),
            "held": sorted(self.held),
            "cost": dict(self.cost),
            "blend": dict(self.blend),
            "join": self.join,
        }

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Another scene, with what it keeps."""
        self.unused, self.held = set(kept.get("unused", ())), set(kept.get("held", ()))
        self.cost, self.blend = dict(kept.get("cost", {})), dict(kept.get("blend", {}))
        self.join = bool(kept.get("join", True))
        self.find()

    def forget_solve(self) -> None:
        """Another take: what was solved is not of it."""
        self.out = self.solved = self.applied = None
        self.invite()

    def use(self, control: str, on: bool) -> None:
        """Whether a solve may move the control."""
        _put(self.unused, control, not on)
        self.changed()

    def hold(self, control: str, on: bool) -> None:
        """Whether the control keeps its animation."""
        _put(self.held, control, on)
        self.changed()

    def price(self, control: str, factor: float) -> None:
        """How dear the control is: above 1 it is used less, below 1 more."""
        self.cost = {name: value for name, value in {**self.cost, control: factor}.items() if value != 1.0}
        self.changed()

    def take(self, region: str, share: float) -> None:
        """How much of the solve a region takes, 0 to 1."""
        self.blend = {name: value for name, value in {**self.blend, region: share}.items() if value != 1.0}
        self.changed()

    # ----------------------------------------------------------------------------------------- what is done

    def read(self, *, selected: bool = False) -> None:
        """Read the rig from the scene: what drives the blendShapes, or the selected controls and sets."""
        with self.reporting("Reading the rig"):
            if self._motion.capture is None:
                raise InputError("The character is not captured yet. Capture its motion first.")
            names = self._view.selected_controls() if selected else ()
            if selected and not names:
                raise InputError("Nothing is selected. Select the controls of the rig, or a set of them.")
            self._want_no_live()
            with self._in_scene("Reading the rig."):
                rig: SceneRig = self._steps.read_rig(
                    self._motion.folder, controls=names, layer=self._shot.layer, on_progress=self._report
                )
            self.rig = rig
            known = set(self.controls)
            self.unused, self.held = self.unused & known, self.held & known
            self.cost = {name: value for name, value in self.cost.items() if name in known}
            how = "The rig was sampled" if rig.sampled else "Each drives blendShapes"
            self.say(READY, f"{len(known)} controls may be used. {how}. Ready to solve.")

    def run(self) -> None:
        """Have the retargeted take solved; what the panel offers next is its bake."""
        with self.reporting("Solving"):
            clip, rig = self._shot.clip, self.rig
            if clip is None:
                raise InputError("There is no retargeted take yet. Press Retarget and bake below first.")
            if rig is None:
                raise InputError(
                    "The rig is not read yet. Press Read rig, or select its controls and Use selected."
                )
            if not set(self.controls) - self.unused - self.held:
                raise InputError("No control is left to solve for. Tick some under Use.")
            self._want_no_live()
            if self._backend.state == AWAY:
                self._backend.start([self._folder()])
            self.out, self.solved, self.applied, self._seen = clip.parent / "controls", None, None, -1
            self._asked_at, self._asked_held = self._shot.start_frame, frozenset(self.held)
            self.job = self._steps.begin_solve(
                self._backend,
                clip,
                rig,
                out=self.out,
                start_frame=self._shot.start_frame,
                hold=dict.fromkeys(sorted(self.held)),
                unused=sorted(self.unused - self.held),
                cost=dict(self.cost),
                blend=dict(self.blend),
                join=self.join,
                label=f"{clip.parent.name} controls",
            )
            self.say(RUNNING, "Handing the solve over to the service.")

    def show_frame(self, frame: float) -> None:
        """Go to a frame that the rig misses."""
        with self.reporting("Going to the frame"):
            self._view.show_frame(frame)

    def cancel(self) -> None:
        """Stop what is going on; the scene stays as it was."""
        self._cancelled = True
        if self.job is not None and not self.job.ended:
            with self.reporting("Cancelling"):
                self._backend.cancel(self.job)

    def bake(self) -> None:
        """Write the solved curves as keys, in one step that Ctrl+Z takes back."""
        with self.reporting("Baking"):
            if self.out is None or self.solved is None:
                raise InputError("Nothing is solved yet. Press Solve first.")
            applied: Applied = self._steps.bake_controls(
                self.out,
                rig=self.rig,
                start_frame=self._shot.start_frame,
                layer=self._shot.layer,
                whole_frames=self._shot.whole_frames,
                keep=sorted(self.held | self._asked_held),
            )
            self.applied = applied
            self.say(DONE, f"{applied_words(applied)}{self._moved_words()}")

    # ------------------------------------------------------------------------------------------------ words

    def refresh(self) -> None:
        """Something came from the service."""
        job = self.job
        if job is None or job.changes == self._seen:
            return
        self._seen = job.changes
        if not job.ended:
            self.say(RUNNING, doing(job), job.done, job.total)
            return
        self.job = None
        if job.state == "cancelled":
            self.say(READY, "The solve was stopped. The rig is as before.")
        elif job.state == "failed":
            self.say(FAILED, job.error)
        else:
            self._finish(Path(job.out))

    def _finish(self, out: Path) -> None:
        with self.reporting("Solving"):
            if self._steps.needs_refining(out):
                self._shot.stop_live()
                with self._in_scene("Going on with the rig in the scene."):
                    self._steps.refine(out, self.rig, on_progress=self._report)
            solved: Any = self._steps.read_solved(out)
            self.solved = solved
            self.say(READY, " ".join(solved.sentences))

    def invite(self) -> None:
        """Say what can be done now."""
        if self.job is not None:
            self.say(RUNNING, doing(self.job), self.job.done, self.job.total)
        elif self._motion.capture is None:
            self.say(EMPTY, "Capture the character first; its rig is read after that.")
        elif self.rig is None:
            self.say(
                EMPTY,
                "Read the rig: what drives its blendShapes, or, for other rigs, the controls that you select.",
            )
        elif self._shot.clip is None:
            self.say(
                EMPTY, f"{len(self.controls)} controls may be used. Retarget a take, then solve it for them."
            )
        elif self.solved is None:
            self.say(
                READY, f"Ready to solve {self._shot.clip.parent.name} for {len(self.controls)} controls."
            )

    def _want_no_live(self) -> None:
        if self._shot.live is not None:
            raise InputError("The live preview moves the face now. Stop it first, then press this again.")

    def _moved_words(self) -> str:
        """That a solve was made for another place, where that counts."""
        at = self._asked_at
        if at is None or at == self._shot.start_frame or not (self.join or self._asked_held):
            return ""
        return f" They were solved to start at {at:g}: solve again to have them meet what is keyed here."

    @contextmanager
    def _in_scene(self, said: str) -> Iterator[None]:
        self._cancelled, self._told, self.reading = False, 0, True
        self.say(RUNNING, said)
        try:
            self._motion.breathe()
            yield
        finally:
            self.reading = False

    def _report(self, progress: Progress) -> None:
        self._told += 1
        if self._told % SHOWN_EVERY == 0 or progress.done == progress.total:
            what = {"refine": "Refining on the rig", "compare rig": "Comparing the rig with its shapes"}
            said = what.get(progress.stage, "Sampling the rig")
            self.say(
                RUNNING,
                f"{said}: {progress.done} of {progress.total} {progress.unit}.",
                progress.done,
                progress.total,
            )
            self._motion.breathe()
        if self._cancelled:
            raise JobCancelledError("Stopped; the scene is as before.")


def _put(names: set[str], name: str, on: bool) -> None:
    if on:
        names.add(name)
    else:
        names.discard(name)
