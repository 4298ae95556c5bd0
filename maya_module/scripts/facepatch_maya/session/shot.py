"""The state behind the Shot panel: a take onto the character, as keys or live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

from facepatch.core.data.clip import read_clip
from facepatch.core.errors import InputError, NodeNotFoundError
from facepatch.core.host import Applied, BuiltBlendShape, Host
from facepatch_maya.backend import AWAY, Backend
from facepatch_maya.job_view import JobView
from facepatch_maya.session.motion import MotionPage
from facepatch_maya.session.pick_view import PickView
from facepatch_maya.session.status import DONE, EMPTY, FAILED, NO_BAR, READY, RUNNING, Listeners, Page
from facepatch_maya.session.training import TrainPage, doing


class ShotPage(Page):
    """Which take goes where, from which frame on, and how it is keyed."""

    name = "shot"

    def __init__(
        self,
        listeners: Listeners,
        host: Host,
        view: PickView,
        backend: Backend,
        steps: Any,
        motion: MotionPage,
        training: TrainPage,
        folder: Callable[[], Path],
    ) -> None:
        super().__init__(listeners)
        self._host = host
        self._view = view
        self._backend = backend
        self._steps = steps
        self._motion = motion
        self._training = training
        self._folder = folder
        self.trained = ""
        """Folder of the performer's networks."""
        self.take = ""
        self.start_frame = 1.0
        self.layer = ""
        self.head = ""
        """A joint or control that gets the head's motion; "": none."""
        self.eyes: list[str] = []
        """Controls that are turned with the gaze, the character's left and right; none: the eyes keep their keys."""
        self.tolerance = 0.0
        """Curve thinning: the error that is allowed, in weights; 0 keys every frame."""
        self.whole_frames = True
        self.duplicate = True
        """Build on a duplicate, not on the captured meshes themselves."""
        self.built: Optional[BuiltBlendShape] = None
        self.job: Optional[JobView] = None
        self.clip: Optional[Path] = None
        self.applied: Optional[Applied] = None
        self.live: Optional[Any] = None
        """The live session while it runs: steps.live."""
        self.source = "camera:0"
        self._seen = -1

    # ---------------------------------------------------------------------------------------------- choices

    @property
    def choices(self) -> tuple[Path, ...]:
        """Folders with trained networks."""
        found = [performer.out for performer in self._training.performers if performer.is_trained]
        return tuple(dict.fromkeys([*found, *([Path(self.trained)] if self.trained else [])]))

    def set(self, **choices: Any) -> None:
        """Change what the panel offers, by the names of the attributes above."""
        for name, value in choices.items():
            setattr(self, name, value)
        self.invite()

    def forget(self) -> None:
        """Another scene: nothing is built, retargeted or keyed in it yet."""
        self.built = self.job = self.clip = self.applied = None

    def start_here(self) -> None:
        """The take starts at the scene's current frame."""
        with self.reporting("Reading the time slider"):
            self.set(start_frame=float(self._host.scene().current_frame))

    def use_selected_head(self) -> None:
        """The selected node gets the head's motion."""
        with self.reporting("Choosing the head"):
            nodes = self._view.selected_nodes()
            if not nodes:
                raise InputError(
                    "No node is selected. Click the head joint or head control in the viewport, then press it again."
                )
            self.set(head=nodes[0])

    def use_selected_eyes(self) -> None:
        """The two selected controls turn with the gaze: first its left one, then its right one."""
        with self.reporting("Choosing the eyes"):
            nodes = self._view.selected_nodes()
            if len(nodes) != 2:
                raise InputError(
                    f"{len(nodes)} of the two nodes that are needed are selected. Click the control of the "
                    "character's left eye, Shift-click that of its right eye, and press it again."
                )
            self.set(eyes=list(nodes))

    @property
    def rates(self) -> str:
        """The take's rate against the scene's, in words; "" before the take is retargeted."""
        if self.clip is None or not self.clip.is_file():
            return ""
        clip, scene = read_clip(self.clip), self._host.scene()
        take, here = (rate[0] / rate[1] for rate in (clip.rate, scene.rate))
        said = f"{clip.frame_count} frames at {take:.6g} fps, {clip.frame_count / take:.2f} s"
        if abs(take - here) < 1e-6:
            return f"{said}: the scene's own rate."
        how = "resampled onto its whole frames" if self.whole_frames else "keyed between its frames"
        return f"{said}, in a scene of {here:.6g} fps: {how}, as long as it was filmed."

    # ----------------------------------------------------------------------------------------- build and key

    def build(self) -> None:
        """Make the blendShape that the weights drive."""
        with self.reporting("Building the blendShape"):
            built = self._build()
            self.say(
                DONE, f"{len(built.weights)} targets built on {', '.join(built.nodes)}. Ctrl+Z takes it back."
            )

    def run(self) -> None:
        """Retarget the take in the service; its keys are written when it is done."""
        with self.reporting("Retargeting"):
            models = self._models()
            if not self.take:
                raise InputError("No take is chosen. Choose the film that the character is to follow.")
            if not Path(self.take).exists():
                raise InputError(f"{self.take}: no such file. Choose the take again.")
            self._want_service()
            name = f"{Path(self.take).stem}_{models.name}"
            self.applied = None
            self.job = self._steps.begin_retarget(
                self._backend, models, Path(self.take), out=self._folder() / "shots" / name, label=name
            )
            self._seen = -1
            self.say(RUNNING, "Handing the take over to the service.")

    def cancel(self) -> None:
        """Stop retargeting; what was finished is kept for the next time."""
        if self.job is not None and not self.job.ended:
            with self.reporting("Cancelling"):
                self._backend.cancel(self.job)

    def bake(self) -> None:
        """Write the clip as keys, in one step that Ctrl+Z takes back."""
        with self.reporting("Baking"):
            if self.clip is None:
                raise InputError("There is no retargeted take yet. Retarget it first.")
            with self._host.undo_step("facepatch: bake"):
                applied: Applied = self._steps.bake(
                    self.clip,
                    self._built(),
                    start_frame=self.start_frame,
                    layer=self.layer,
                    head=self.head,
                    gaze=self._steps.GazeControls(eyes=tuple(self.eyes)) if self.eyes else None,
                    character=self._models() if self.eyes else None,
                    tolerance=self.tolerance,
                    whole_frames=self.whole_frames,
                )
            self.applied = applied
            self.say(DONE, applied_words(applied))

    def _build(self) -> BuiltBlendShape:
        built: BuiltBlendShape = self._steps.build(
            self._models(), self._motion.folder, duplicate=self.duplicate
        )
        self.built = built
        return built

    def _built(self) -> BuiltBlendShape:
        """What was built, built anew where undo or the user has taken it away."""
        built = self.built
        if built is None or not set(built.meshes) <= set(self._host.meshes()):
            return self._build()
        try:
            self._host.controls(built.weights[:1])
        except NodeNotFoundError:
            return self._build()
        return built

    # ------------------------------------------------------------------------------------------------- live

    def start_live(self) -> None:
        """Let the character follow `source` now, without keys."""
        with self.reporting("Live preview"):
            if self.live is not None:
                return
            models = self._models()
            built = self._built()
            self._want_service()
            self.live = self._steps.live(
                self._backend, models, self.source, built, on_change=self._live_changed
            )
            self._live_changed()

    def stop_live(self) -> None:
        """End the live preview; weights and connections are as before. What was being recorded becomes keys."""
        live = self.live
        if live is None:
            return
        with self.reporting("Live preview"):
            if live.recording:
                self.record(False)
            self.live = None
            live.stop()
            self.invite()

    @property
    def recording(self) -> bool:
        """Whether what is seen is kept."""
        return self.live is not None and bool(self.live.recording)

    @property
    def recorded(self) -> int:
        """Frames that were kept so far."""
        return 0 if self.live is None else int(self.live.recorded)

    def record(self, on: bool) -> None:
        """Keep what is seen; at the end it becomes keys without gaps."""
        with self.reporting("Recording"):
            if self.live is None:
                raise InputError(
                    "Nothing is live, so there is nothing to record. Start the live preview first."
                )
            if on:
                self.live.record(self.start_frame)
                self.changed()
            else:
                applied: Applied = self.live.write(layer=self.layer, tolerance=self.tolerance)
                self.applied = applied
                self.say(DONE, applied_words(applied))

    def _live_changed(self) -> None:
        live = self.live
        if live is None:
            return
        if live.running:
            self.say(RUNNING, live.sentence, 0, NO_BAR)
            return
        self.live = None
        if live.error:
            self.say(FAILED, live.error)
        else:
            self.say(READY, "The source has ended. The character is as before.")

    # ------------------------------------------------------------------------------------------------ words

    def refresh(self) -> None:
        """Something came from the service."""
        job = self.job
        if job is None or job.changes == self._seen:
            return None
        self._seen = job.changes
        if not job.ended:
            return self.invite()
        self.job = None
        if job.state == "cancelled":
            return self.say(READY, "Retargeting was stopped. The same take goes on where it was.")
        clip = Path(job.out) / "clip.npz"
        if job.state == "failed" or not clip.is_file():
            return self.say(
                FAILED, job.error or f"{clip}: was not written. Look at the job in the Jobs panel."
            )
        self.clip = clip
        return self.bake()

    def invite(self) -> None:
        """Say what can be done now."""
        if self.live is not None:
            return self.changed()
        if self.job is not None:
            return self.say(RUNNING, doing(self.job), self.job.done, self.job.total)
        if not self.choices:
            return self.say(EMPTY, "Train a performer first, or choose a folder with trained networks.")
        if not self.take:
            return self.say(EMPTY, "Choose the take that the character is to follow.")
        return self.say(
            READY, f"Ready to retarget {Path(self.take).name} from frame {self.start_frame:g} on."
        )

    def _want_service(self) -> None:
        if self._backend.state == AWAY:
            take = [Path(self.take).parent] if self.take else []
            self._backend.start([*self._training.roots, self._models().parent, *take])

    def _models(self) -> Path:
        if not self.trained and self.choices:
            self.trained = str(self.choices[0])
        if not self.trained:
            raise InputError(
                "No trained networks are chosen. Train a performer first, or choose their folder."
            )
        return Path(self.trained)


def applied_words(applied: Applied) -> str:
    """What was keyed, and how much was left alone."""
    said = f"{applied.keys} keys on {len(applied.attributes)} attributes. Ctrl+Z takes them back."
    count = len(applied.left_alone)
    return f"{said} {count} left alone; the list below says why." if count else said
