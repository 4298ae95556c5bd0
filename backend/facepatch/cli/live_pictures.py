"""The character of a stream as pictures: drawn in a thread, shown in a window or written to a folder."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.data.character import read_character_record
from facepatch.core.data.pca import read_pca
from facepatch.core.errors import ConfigError
from facepatch.core.protocol.messages import Frame
from facepatch.render.camera import head_view
from facepatch.render.phong import prepare_look
from facepatch.render.rasterize import render_views
from facepatch.training.pictures import write_picture

ROOM = 8
"""Frames that wait to be drawn where none may be dropped."""


class Window(Protocol):
    """Somewhere that shows pictures."""

    @property
    def open(self) -> bool:
        """False once the user has closed it."""
        ...

    def show(self, image: UInt8) -> None:
        """Show (H, W, 3) in place of what was shown."""
        ...

    def update(self) -> None:
        """Handle what the user did; from the main thread, often."""
        ...

    def close(self) -> None:
        """Take it away."""
        ...


class CharacterPictures:
    """Draws a character from its models folder, as `pipelines.steps.render` does."""

    def __init__(self, models: Path, size: int) -> None:
        character = read_character_record(models / "character.npz")
        self._pca = read_pca(models / "pca.npz")
        self._look = prepare_look(character)
        self._size = (size, size)
        self._view = head_view(character, pca=self._pca, size=self._size, margin=0.2)[None]

    def draw(self, frame: Frame) -> UInt8:
        """(H, W, 3)"""
        vertices = self._pca.vertices(np.asarray(frame.weights, np.float32)[None])
        turn = np.asarray(frame.head_pose)[None, :3, :3]
        return render_views(self._look, vertices, to_pixels=self._view, size=self._size, rotation=turn)[0, 0]


class Painter:
    """Draws frames in a thread, so that listening never waits; the newest one wins unless every one is wanted.

    draw: frame -> picture. folder: where pictures are written as frame_000012.png, by frame_seq.
    """

    def __init__(self, draw: Callable[[Frame], UInt8], *, folder: Path | None, every: bool) -> None:
        self._draw, self._folder, self._every = draw, folder, every
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._waiting: deque[Frame] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._error: Exception | None = None
        self._newest: UInt8 | None = None
        self.drawn = 0
        self._thread = threading.Thread(target=self._work, name="facepatch-paint", daemon=True)
        self._thread.start()

    def put(self, frame: Frame) -> None:
        """Have a frame drawn. Raises what drawing an earlier one raised."""
        with self._changed:
            if self._error is not None:
                raise self._error
            if self._every:
                self._changed.wait_for(lambda: len(self._waiting) < ROOM or self._error is not None)
            else:
                self._waiting.clear()
            self._waiting.append(frame)
            self._changed.notify_all()

    def picture(self) -> UInt8 | None:
        """The newest picture, once."""
        with self._changed:
            picture, self._newest = self._newest, None
            return picture

    def close(self) -> None:
        """Draw what waits, then stop. Raises what drawing raised."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            while (frame := self._next()) is not None:
                picture = self._draw(frame)
                if self._folder is not None:
                    write_picture(self._folder / f"frame_{frame.frame_seq:06d}.png", picture)
                with self._changed:
                    self._newest = picture
                    self.drawn += 1
        except Exception as error:  # noqa: BLE001 - whoever puts the next frame raises it
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _next(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._closed)
            frame = self._waiting.popleft() if self._waiting else None
            self._changed.notify_all()
            return frame


class TkWindow:
    """A window of Python's own toolkit."""

    def __init__(self, title: str, size: int) -> None:
        """Raises ConfigError where this Python has no tkinter, or there is no screen."""
        try:
            import tkinter
        except ImportError as error:
            raise ConfigError(
                "--window: this Python comes without tkinter (on Debian: apt install python3-tk). "
                "Or write pictures with --frames DIR."
            ) from error
        try:
            self._root = tkinter.Tk()
        except tkinter.TclError as error:
            raise ConfigError(
                f"--window: there is no screen to show it on ({error}). Write pictures with --frames DIR."
            ) from error
        self._make_photo = tkinter.PhotoImage
        self._root.title(title)
        self._label = tkinter.Label(self._root, width=size, height=size, borderwidth=0)
        self._label.pack()
        self._photo: object = None
        self._open = True
        self._root.protocol("WM_DELETE_WINDOW", self._closed)

    @property
    def open(self) -> bool:
        """See Window."""
        return self._open

    def show(self, image: UInt8) -> None:
        """See Window."""
        height, width = image.shape[:2]
        ppm = b"P6 %d %d 255\n" % (width, height) + np.ascontiguousarray(image).tobytes()
        photo = self._make_photo(data=ppm, format="PPM")
        self._label.configure(image=photo)
        self._photo = photo  # Tk itself keeps no reference

    def update(self) -> None:
        """See Window."""
        if self._open:
            self._root.update()

    def close(self) -> None:
        """See Window."""
        if self._open:
            self._closed()

    def _closed(self) -> None:
        self._open = False
        self._root.destroy()
