"""The state behind the Motion panel: which frames and meshes are captured, and what the face does in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Optional

import numpy as np

from facepatch.core.capture import CAPTURE_NAME, FACINGS, Capture, capture, read_capture
from facepatch.core.errors import FacepatchError, InputError, JobCancelledError
from facepatch.core.host import Host
from facepatch.core.motion_range import MotionRange, motion_ranges
from facepatch.core.progress import Progress
from facepatch.core.vertex_picks import VertexPicks, write_vertex_picks
from facepatch_maya.session.character import CharacterPage
from facepatch_maya.session.pick_view import PickView
from facepatch_maya.session.status import DONE, EMPTY, READY, RUNNING, Listeners, Page

ENOUGH_FRAMES = 200
"""Fewer frames hold too few expressions to learn from."""


class MotionPage(Page):
    """The range of motion that the character is learned from."""

    name = "motion"

    def __init__(
        self,
        listeners: Listeners,
        host: Host,
        view: PickView,
        character: CharacterPage,
        folder: Callable[[], Path],
    ) -> None:
        super().__init__(listeners)
        self._host = host
        self._view = view
        self._character = character
        self._folder = folder
        self.start, self.end, self.step = 1, 1, 1
        self.neutral: Optional[int] = None
        """The frame at which the face is at rest; None: the first."""
        self.head = ""
        """A node that moves with the skull; its motion is taken out. "": the head stands still."""
        self.facing = "+z"
        self.left_out: set[str] = set()
        """Meshes of the character that are not captured."""
        self.capture: Optional[Capture] = None
        self.ranges: tuple[MotionRange, ...] = ()
        self.moves: dict[str, float] = {}
        """Captured mesh -> the farthest that a vertex goes from rest, cm."""
        self.breathe: Callable[[], None] = _hold
        """Lets the user interface draw and hear Cancel between two frames."""
        self._cancelled = False
        self._measured: dict[str, int] = {}
        """The landmarks that `ranges` were measured by."""

    # ----------------------------------------------------------------------------------------------- choices

    @property
    def folder(self) -> Path:
        """Where the capture lies."""
        return self._folder() / "capture"

    @property
    def meshes(self) -> tuple[str, ...]:
        """The meshes that are captured, in the order of the character."""
        return tuple(mesh for mesh in self._character.meshes if mesh not in self.left_out)

    @property
    def frames(self) -> tuple[float, ...]:
        """The scene frames that are captured."""
        return tuple(float(frame) for frame in range(self.start, self.end + 1, max(1, self.step)))

    def set_range(self, start: int, end: int, step: int) -> None:
        """Capture every `step`-th frame from `start` to `end`."""
        self.start, self.end, self.step = start, end, step
        self.invite()

    @property
    def facings(self) -> tuple[str, ...]:
        """Axes along which a face can look: not along the scene's up axis."""
        up = self._host.scene().up_axis
        return tuple(
            axis for axis in ("+z", "-z", "+y", "-y", "+x", "-x") if axis[1] != up and axis in FACINGS
        )

    def use_current_as_neutral(self) -> None:
        """The face is at rest at the scene's current frame."""
        with self.reporting("Reading the time slider"):
            self.set_neutral(round(self._host.scene().current_frame))

    def set_neutral(self, frame: Optional[int]) -> None:
        """The frame at which the face is at rest; None for the first."""
        self.neutral = frame
        self.invite()

    def use_playback_range(self) -> None:
        """Take the range of the scene's time slider."""
        with self.reporting("Reading the time slider"):
            scene = self._host.scene()
            if self.facing not in self.facings:
                self.facing = self.facings[0] if scene.up_axis == "y" else "-y"
            self.set_range(round(scene.start_frame), round(scene.end_frame), self.step)

    def set_head(self, node: str) -> None:
        """Name the node that moves with the skull."""
        self.head = node
        self.invite()

    def use_selected_head(self) -> None:
        """Take the node that is selected in the viewport."""
        with self.reporting("Choosing the head"):
            nodes = self._view.selected_nodes()
            if not nodes:
                raise InputError(
                    "No node is selected. Click the head joint or head control in the viewport, then press it again."
                )
            self.set_head(nodes[0])

    def set_facing(self, axis: str) -> None:
        """Along which axis of the head the face looks."""
        self.facing = axis
        self.invite()

    def leave_out(self, mesh: str, out: bool) -> None:
        """Whether `mesh` stays out of the capture."""
        self.left_out = {*self.left_out, mesh} if out else self.left_out - {mesh}
        self.invite()

    # ----------------------------------------------------------------------------------------------- capture

    def run(self) -> bool:
        """Capture the range, then measure what the face does. Whether there is a capture now."""
        if self.status.kind == RUNNING:
            return False
        self._cancelled = False
        with self.reporting("Capture"):
            self._check()
            self._character.stop()
            total = len(self.frames)
            self.say(RUNNING, f"Reading frame 1 of {total}.", 0, total)
            self.capture = capture(
                self._host,
                self.meshes,
                self.frames,
                self.folder,
                head=self.head,
                facing=self.facing,
                neutral_frame=None if self.neutral is None else float(self.neutral),
                on_progress=self._on_progress,
            )
            self.measure()
            return True
        return False

    def cancel(self) -> None:
        """Stop capturing at the next frame; nothing is left behind."""
        self._cancelled = True

    def find(self) -> None:
        """Take the capture that an earlier session left in the folder."""
        self.capture, self.ranges, self.moves = None, (), {}
        if (self.folder / CAPTURE_NAME).is_file():
            with self.reporting("Reading the capture"):
                self.capture = read_capture(self.folder)
                self.measure()
        else:
            self.invite()

    def enter(self) -> None:
        """Landmarks may have been picked since."""
        if self.capture is not None and self._measured != self._character.landmarks:
            with self.reporting("Measuring the motion"):
                self.measure()

    def measure(self) -> None:
        """What the captured motion does with mouth, eyes and brows, as far as landmarks are picked."""
        if self.capture is None:
            return
        found, self._measured = self.capture, dict(self._character.landmarks)
        character, motion = found.character(), np.load(found.motion_path, mmap_mode="r")
        every = max(1, len(motion) // 60)
        some = np.stack([np.asarray(frame) for frame in motion[::every]])
        distance = np.linalg.norm(some - character.neutral, axis=2).max(axis=0)
        self.moves = {
            mesh.name: float(distance[mesh.vertex_start : mesh.vertex_stop].max(initial=0.0))
            for mesh in found.meshes
        }
        try:
            self.ranges = motion_ranges(self.rows(), character.neutral, motion)
            advice = [one.sentence for one in self.ranges if one.verdict in ("none", "little")]
        except FacepatchError as error:
            self.ranges, advice = (), [str(error)]
        count = len(motion)
        meshes = "1 mesh" if len(found.meshes) == 1 else f"{len(found.meshes)} meshes"
        said = f"{count} frames of {meshes} captured."
        if count < ENOUGH_FRAMES:
            advice.append(f"That is few: {ENOUGH_FRAMES} and more of varied expressions learn better.")
        self.say(DONE, f"{said} {advice[0]}" if advice else f"{said} The motion covers what is learned.")

    def rows(self) -> dict[str, int]:
        """Picked landmarks -> rows of the captured character; {} where the face mesh was left out."""
        found = self._span()
        return {} if found is None else {n: v + found for n, v in self._character.landmarks.items()}

    def write_picks(self) -> Optional[Path]:
        """The picked landmarks as the picks file that the backend reads; None where none are picked."""
        rows = self.rows()
        if self.capture is None or not rows:
            return None
        character = self.capture.character()
        path = self.folder / "picks.json"
        picks = VertexPicks(rows, len(character.neutral), character.topology.topology_id, character.name)
        write_vertex_picks(path, picks, note="Written by the tool for its jobs; pick in Maya instead.")
        return path

    def offered(self, picks: VertexPicks) -> VertexPicks:
        """Picks on the captured character as picks of the face mesh."""
        start = self._span()
        return picks.on_span(start or 0, self._character.mesh.topology.vertex_count)

    # ----------------------------------------------------------------------------------------------- helpers

    def invite(self) -> None:
        """Say what can be done now."""
        count = len(self.frames)
        if not self._character.meshes:
            self.say(EMPTY, "Choose the meshes in the Character panel first.")
        elif self.end < self.start:
            self.say(
                EMPTY, f"The range ends at {self.end}, before it starts at {self.start}. Set a later end."
            )
        elif not self.meshes:
            self.say(EMPTY, "Tick at least one mesh that is captured.")
        else:
            again = " again" if self.capture is not None else ""
            frames = "1 frame" if count == 1 else f"{count} frames"
            meshes = "1 mesh" if len(self.meshes) == 1 else f"{len(self.meshes)} meshes"
            self.say(READY, f"Ready to capture {frames} of {meshes}{again}.")

    def _check(self) -> None:
        if not self._character.meshes:
            raise InputError("No mesh is chosen yet. Add the face in the Character panel.")
        if not self.meshes or self.end < self.start:
            raise InputError(
                "There is nothing to capture: tick a mesh, and let the range end after its start."
            )
        if self._character.face in self.left_out:
            raise InputError(
                f"{self._character.face} carries the landmarks and must be captured. Tick it, or choose another "
                "mesh for the landmarks in the Character panel."
            )

    def _on_progress(self, progress: Progress) -> None:
        self.say(
            RUNNING, f"Reading frame {progress.done} of {progress.total}.", progress.done, progress.total
        )
        self.breathe()
        if self._cancelled:
            raise JobCancelledError("Capture was stopped; nothing was kept of it.")

    def _span(self) -> Optional[int]:
        """First row of the face mesh in the captured character."""
        if self.capture is None:
            return None
        return next((m.vertex_start for m in self.capture.meshes if m.name == self._character.face), None)


def _hold() -> None:
    """Nobody draws."""
