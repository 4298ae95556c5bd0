"""Images to film."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import av.error
import numpy as np
from av.video.reformatter import VideoReformatter

from facepatch.core.axes import UInt8
from facepatch.core.errors import ExportError, InputError, StorageError
from facepatch.core.records import atomic_write, storage_error
from facepatch.render.film_decode import BT709

log = logging.getLogger(__name__)

CODECS = ("libx264", "mpeg4")
"""In order of preference; the first that this FFmpeg has is taken."""


class FilmWriter:
    """Writes H.264 in mp4 (MPEG-4 part 2 where FFmpeg lacks H.264); the file appears when all is written.

        with FilmWriter(path, rate=(24, 1)) as film:
            film.write(image)

    Sizes are padded to even numbers by repeating the last row or column. Leaving the block by an error leaves no new
    file and keeps an older one. Raises StorageError where the disk is full or the folder cannot be written, and
    ExportError where no image was given.
    """

    def __init__(self, path: Path, *, rate: tuple[int, int], quality: int = 18) -> None:
        """`quality`: constant rate factor of x264; smaller is better, 18 has hardly any visible loss."""
        self.path = path
        self.frame_count = 0
        self._rate = Fraction(*rate)
        self._quality = quality
        self._file = ExitStack()
        self._container: Any = None
        self._stream: Any = None
        self._size = (0, 0)
        self._reformat = VideoReformatter()

    def __enter__(self) -> FilmWriter:
        file = self._file.enter_context(atomic_write(self.path))
        self._container = av.open(file, "w", format="mp4", options={"movflags": "+faststart"})
        return self

    def write(self, image: UInt8) -> None:
        """Append (H, W, 3) uint8 RGB. Raises InputError where the shape is not that of the first image."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise InputError(
                f"{self.path}: an image must be (H, W, 3) uint8, got {image.shape} {image.dtype}."
            )
        height, width = image.shape[:2]
        if self._stream is None:
            self._size = (width, height)
            self._stream = self._add_stream(width + width % 2, height + height % 2)
        elif (width, height) != self._size:
            first = f"{self._size[0]} x {self._size[1]}"
            raise InputError(
                f"{self.path}: image {self.frame_count} is {width} x {height}, the first {first}."
            )
        if width % 2 or height % 2:
            image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = self._reformat.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24"),
            format="yuv420p", dst_colorspace=BT709, dst_color_range="MPEG",
        )  # fmt: skip
        frame.pts = self.frame_count
        frame.time_base = 1 / self._rate
        self._encode(frame)
        self.frame_count += 1

    def _add_stream(self, width: int, height: int) -> Any:
        codec = next(name for name in CODECS if name in av.codecs_available)
        stream = self._container.add_stream(codec, rate=self._rate)
        # With macroblock trees x264 writes other bytes each time, even for the same frames.
        x264 = {"crf": str(self._quality), "preset": "veryfast", "x264-params": "mbtree=0"}
        stream.options = x264 if codec == "libx264" else {"qscale": "3"}
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / self._rate
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = 1
        return stream

    def _encode(self, frame: Any) -> None:
        try:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
        except OSError as error:
            raise storage_error(self.path, error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        problem: Exception | None = None
        try:
            if error is None and self._stream is None:
                raise ExportError(f"{self.path}: no image was given, so there is no film to write.")
            if error is None:
                self._encode(None)
            self._container.close()
        except OSError as refused:
            problem = storage_error(self.path, refused)
        except (ExportError, StorageError, av.error.FFmpegError) as refused:
            problem = refused
        if error is None and problem is None:
            self._file.close()
            return
        abandoned = _AbandonedError()
        try:
            self._file.__exit__(_AbandonedError, abandoned, None)
        except _AbandonedError:
            log.debug("%s: not written", self.path)
        if error is None and problem is not None:
            raise problem


class _AbandonedError(Exception):
    """Tells `atomic_write` to leave no file, whatever stopped the writer."""
