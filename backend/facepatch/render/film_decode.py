"""Films at the level of PyAV: opening, decoding past damage, turning pictures upright."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

from facepatch.core.axes import UInt8
from facepatch.core.errors import VideoError

BT709, BT601, BT2020 = 1, 5, 9
"""Numbers of colour spaces, the same in AVColorSpace and for the converter."""
_TOLD_SPACES = (BT709, BT601, 6, 7, BT2020)
PQ, HLG = 16, 18


def open_container(path: Path) -> Any:
    """A PyAV container. Raises VideoError where FFmpeg cannot read the file."""
    try:
        return av.open(str(path), metadata_errors="replace")
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(
            f"{path}: is not a film that FFmpeg can read ({error.strerror or error}). If it is cut off at its end, "
            "export or copy it again; otherwise convert it to mp4 (H.264)."
        ) from error


def video_stream(container: Any, path: Path) -> Any:
    """The first stream of moving pictures; cover art is none. Raises VideoError where there is no such stream."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    kinds = ", ".join(sorted({stream.type for stream in container.streams}))
    if not kinds:
        raise VideoError(
            f"{path}: holds nothing that can be played. If it is cut off at its end, export or copy it again."
        )
    raise VideoError(f"{path}: has no pictures, only {kinds}. Give the file that holds the film itself.")


def raw_frames(container: Any, stream: Any) -> Iterator[Any]:
    """Decoded frames in order of their times, and a sentence for whatever is damaged on the way."""
    stream.thread_type = "AUTO"
    packets = container.demux(stream)
    seen = 0
    packet: Any = None
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError) as error:
            yield f"reading stops after {seen} frames ({error.strerror or error})"
            packet = None
        try:
            for frame in stream.decode(packet):
                if frame.is_corrupt:
                    yield f"frame {seen} is damaged"
                seen += 1
                yield frame
        except av.error.EOFError:
            return
        except av.error.FFmpegError as error:
            yield f"a damaged piece near frame {seen} is skipped ({error.strerror})"
        if packet is None:
            return


def picture_warnings(name: str, frame: Any) -> list[str]:
    """Sentences about pictures that can be read but will not look as they should."""
    warnings: list[str] = []
    if frame.interlaced_frame:
        warnings.append(f"{name}: is interlaced; moving lids and lips get combs. De-interlace it first.")
    if int(frame.color_trc) in (PQ, HLG):
        warnings.append(f"{name}: is HDR and read without tone mapping. A standard-range copy looks better.")
    return warnings


class Upright:
    """Turns decoded frames into upright RGB images of square pixels, all of one size."""

    def __init__(self, frame: Any, aspect: Fraction | None, *, size: tuple[int, int] | None = None) -> None:
        """`frame` and pixel `aspect` (width over height) decide the size, unless `size` (W, H) upright is given."""
        self._transpose, self._flip_x, self._flip_y = _display_matrix(frame)
        wide = float(aspect) if aspect and 0.2 < aspect < 5 and abs(aspect - 1) > 0.005 else 1.0
        stored = (max(1, round(frame.width * wide)), frame.height)
        self.size = size or ((stored[1], stored[0]) if self._transpose else stored)
        self._stored = (self.size[1], self.size[0]) if self._transpose else self.size
        self._reformat = VideoReformatter()

    @property
    def rotation(self) -> int:
        """Clockwise degrees; mirrors are not told."""
        if self._transpose:
            return 90 if self._flip_x else 270
        return 180 if self._flip_x and self._flip_y else 0

    def __call__(self, frame: Any) -> UInt8:
        """(H, W, 3) RGB."""
        space = int(frame.colorspace)
        if space not in _TOLD_SPACES:  # players guess by the size, too
            space = BT709 if frame.height >= 720 or frame.width >= 1280 else BT601
        width, height = self._stored
        rgb = self._reformat.reformat(frame, width=width, height=height, format="rgb24", src_colorspace=space)
        image = rgb.to_ndarray()
        if self._transpose:
            image = cv2.transpose(image)
        if self._flip_x or self._flip_y:
            image = cv2.flip(image, -1 if self._flip_x and self._flip_y else int(self._flip_x))
        return np.ascontiguousarray(image, dtype=np.uint8)


def _display_matrix(frame: Any) -> tuple[bool, bool, bool]:
    """(rows and columns change places, then left and right, then top and bottom) of the stored picture."""
    try:
        data = frame.side_data["DISPLAYMATRIX"]
    except KeyError:
        return False, False, False
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(data), dtype=np.int32)[:5])
    if abs(b) > abs(a):
        return True, c < 0, b < 0
    return False, a < 0, d < 0
