"""Phong pictures of the face by Maya's own viewport, for people and for training. In batch, the backend draws.

Each picture is checked before it counts: an occluded window gives grey, Escape fewer pictures, a small screen small
ones. How far these pictures are from those of the backend's own renderer is in docs/maya_playblast.md.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from maya import cmds

from facepatch.core.axes import Float64
from facepatch.core.capture import axes_from_scene
from facepatch.core.errors import HostError, InputError, JobCancelledError, UnsupportedError
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.core.records import storage_error
from facepatch_maya.read_scene import read_motion, scene_info
from facepatch_maya.stage import Stage, stage

NAME = "frame"
"""Pictures are called frame.0001.png."""
BLOCK = 25
"""Pictures of one playblast; progress and cancelling in between."""
CHANGED = 8
"""Levels by which a pixel has to differ from the background to be part of the face."""
LEAST = 0.005
"""Share of the picture that the face has to cover."""


def playblast(
    meshes: Sequence[str],
    frames: Sequence[float],
    out: Path,
    *,
    size: int = 512,
    facing: str = "",
    on_progress: OnProgress = silent,
) -> tuple[Path, ...]:
    """One PNG of `size` x `size` pixels per frame in folder `out`, named and numbered by the frame: frame.1001.png.

    Shown are `meshes` alone, from the front and all frames framed alike. facing: axis of the scene along which the
    face looks; "" for +z, in a Z-up scene for -y. The scene and the preferences are as before, also on an error or
    Escape, and `out` holds all pictures or none. Raises UnsupportedError in batch mode, InputError for frames that
    are no whole numbers from 0 on, JobCancelledError on Escape, HostError where Maya gives empty or wrong pictures.
    """
    _check(meshes, frames)
    numbers = sorted({int(frame) for frame in frames})
    up = scene_info().up_axis
    axes = axes_from_scene(facing or ("+z" if up == "y" else "-y"), up).T
    low, high = _box(meshes, numbers, axes)
    work = out / f".playblast.{os.getpid()}"
    try:
        try:
            work.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(out, error) from error
        with stage(meshes, low, high, axes, size=size) as ready:
            blast = _Blast(ready, work, size)
            blast.warm_up(numbers[0])
            pictures: list[Path] = []
            on_progress(Progress("playblast", 0, len(numbers)))
            for start in range(0, len(numbers), BLOCK):
                pictures += blast.pictures(numbers[start : start + BLOCK])
                on_progress(Progress("playblast", len(pictures), len(numbers)))
        return tuple(
            picture.replace(out / f"{NAME}.{number:04d}.png") for picture, number in zip(pictures, numbers)
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)


class _Blast:
    """Calls of Maya's playblast on one stage, with their results checked."""

    def __init__(self, ready: Stage, work: Path, size: int) -> None:
        self._stage = ready
        self._work = work
        self._size = size
        self._off_screen = True
        self._count = 0

    def warm_up(self, frame: int) -> None:
        """A picture that is thrown away: the first may miss settings of the viewport. On screen where off it is empty.

        Raises HostError where both ways give nothing but background.
        """
        # A playblast that is the first thing to set the time sets it to 1 when it is undone.
        cmds.currentTime(cmds.currentTime(query=True))
        # Maya has crashed without this question.
        cmds.sequenceManager(query=True, writableSequencer=True)
        if self._shows_something(frame):
            return
        self._off_screen = False
        cmds.showWindow(self._stage.window)
        if not self._shows_something(frame):
            raise HostError(
                "playblast: Maya draws nothing but background, off screen and on. Bring Maya's window to the front, "
                "and look whether the viewport shows the meshes; or let the backend render the captured vertices."
            )

    def pictures(self, frames: Sequence[int]) -> list[Path]:
        """The pictures of `frames`, in that order, each checked."""
        found = self._play(frames)
        for frame, picture in zip(frames, found):
            if self._is_empty(picture):
                raise HostError(
                    f"playblast: the picture of frame {frame} shows nothing but background. Is the mesh there at that "
                    "frame? Nothing was written."
                )
        return found

    def _shows_something(self, frame: int) -> bool:
        self._play([frame])
        return not self._is_empty(self._play([frame])[0])

    def _play(self, frames: Sequence[int]) -> list[Path]:
        self._count += 1
        stem = self._work / f"block{self._count:05d}"
        try:
            cmds.playblast(
                format="image",
                compression="png",
                filename=stem.as_posix(),
                frame=[float(frame) for frame in frames],
                widthHeight=(self._size, self._size),
                percent=100,
                quality=100,
                viewer=False,
                offScreen=self._off_screen,
                showOrnaments=False,
                forceOverwrite=True,
                framePadding=4,
                clearCache=True,
                editorPanelName=self._stage.panel,
                throwOnError=True,
            )
        except RuntimeError as error:
            raise HostError(
                f"playblast: Maya refuses at frames {frames[0]} to {frames[-1]} ({error}). Nothing was written."
            ) from error
        # In the order of their numbers, which count from 0 or from the first frame, as the version of Maya likes.
        found = sorted(self._work.glob(f"{stem.name}.*.png"), key=_number)
        if len(found) < len(frames):
            raise JobCancelledError(
                f"The playblast was stopped after {len(found)} of {len(frames)} frames from {frames[0]} on. "
                "Nothing was written."
            )
        return found

    def _is_empty(self, picture: Path) -> bool:
        """Whether it shows nothing but the background, which its corner has. Raises HostError for another size."""
        shown = pixels(picture).astype(np.int16)
        height, width, _ = shown.shape
        if (width, height) != (self._size, self._size):
            raise HostError(
                f"playblast: Maya made pictures of {width} x {height} pixels instead of {self._size} x {self._size}. "
                "Ask for smaller ones, or use a larger screen."
            )
        share = (np.abs(shown - shown[0, 0]).max(axis=2) > CHANGED).mean()
        return bool(share < LEAST)


def _check(meshes: Sequence[str], frames: Sequence[float]) -> None:
    if cmds.about(batch=True):
        raise UnsupportedError(
            "playblast: Maya has no window in batch mode, so it cannot draw. Capture the vertices instead; the "
            "backend renders them with its own Phong renderer: facepatch_maya.steps.capture_character, then train."
        )
    if not meshes or not len(frames):
        raise InputError(
            "playblast: no meshes or no frames were given. Choose the meshes of the head and a range."
        )
    odd = next((frame for frame in frames if frame != int(frame) or frame < 0), None)
    if odd is not None:
        raise InputError(
            f"playblast: frame {odd:g} cannot be the number of a picture. Give whole frames from 0 on."
        )


def _box(meshes: Sequence[str], frames: Sequence[int], axes: Float64) -> tuple[Float64, Float64]:
    """(3,), (3,) the corners, in head axes, of the box that holds all meshes at all frames."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for moment in read_motion(meshes, frames):
        for points in moment.points:
            turned = points @ axes
            low, high = np.minimum(low, turned.min(axis=0)), np.maximum(high, turned.max(axis=0))
    return low, high


def _number(picture: Path) -> int:
    return int(picture.name.split(".")[-2])


def pixels(picture: Path) -> Any:
    """(H, W, 3) uint8. Raises HostError for what is no picture."""
    # Qt is there wherever a playblast is.
    from facepatch_maya.ui.qt import QtGui

    image = QtGui.QImage(str(picture)).convertToFormat(QtGui.QImage.Format.Format_RGB888)
    if image.isNull():
        raise HostError(f"playblast: {picture.name} is no picture. Is the disk full?")
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()
