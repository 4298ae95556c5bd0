"""Film in and out: frames with their exact times, upright, in bounded memory.

Time. `FilmFrame.time` is the frame's own presentation time in seconds after the first frame; nothing is ever dropped
or doubled, so that a clip has one row per frame of its film. Where a film has a variable rate, `Film.rate` is its most
common rate, and `constant_rate_samples` says how rows become rows at that constant rate (linear between the two frames
around each instant).

Upright. The display matrix of phone films (quarter turns, mirrors) and pixels that are not square are applied, so that
`Film.size` and every image are as a player shows them.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import Float64, Int32, UInt8
from facepatch.core.errors import ConfigError, InputError, VideoError
from facepatch.render.film_decode import Upright, open_container, picture_warnings, raw_frames, video_stream
from facepatch.render.film_scan import film_rate, scan_film
from facepatch.render.film_writer import FilmWriter
from facepatch.render.image_folder import list_images, read_image

__all__ = ["Film", "FilmFrame", "FilmWriter", "constant_rate_samples", "open_film", "read_frames"]

log = logging.getLogger(__name__)

AHEAD_BYTES = 64 << 20
"""Decoded frames that wait for the reader take at most about this much memory."""

OnWarning = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Film:
    """A film that can be read, as `open_film` found it."""

    path: Path
    size: tuple[int, int]
    """(W, H) upright, with square pixels."""
    rate: tuple[int, int]
    """Frames per second as a fraction; the most common one where the rate varies."""
    frame_count: int
    frame_count_exact: bool
    """False where the count comes from the header or the duration, or where the film is damaged."""
    variable_rate: bool
    """Whether a frame lies more than a quarter of a frame from its place at a constant rate."""
    duration: float
    """Seconds, the last frame included."""
    rotation: int = 0
    """Clockwise degrees that the stored pictures are turned to stand upright."""
    codec: str = ""
    warnings: tuple[str, ...] = ()
    first_pts: int | None = None
    """Time stamp of frame 0 in the stream's own unit."""
    conformed: bool = False
    """Whether the caller gave the rate, so that frame times come from it and not from the file."""
    images: tuple[tuple[int, Path], ...] = field(default=(), repr=False)
    """(number, file) of each frame of a folder of images."""

    def frames(
        self, *, start: int = 0, stop: int | None = None, on_warning: OnWarning = log.warning
    ) -> Iterator[FilmFrame]:
        """See `read_frames`."""
        return read_frames(self, start=start, stop=stop, on_warning=on_warning)


@dataclass(frozen=True, eq=False)
class FilmFrame:
    """One frame of a film."""

    index: int
    time: float
    """Seconds after frame 0."""
    image: UInt8
    """(H, W, 3) RGB, upright."""


def open_film(path: Path, *, rate: tuple[int, int] | None = None) -> Film:
    """Look at a film file, or at a folder of numbered images, without reading its frames.

    `rate`: frames per second as (numerator, denominator). A folder of images needs it; for a film file it replaces the
    file's own times. Files up to SCAN_BYTES are read through once (not decoded), so that the count of frames is exact.
    Raises InputError where nothing is there, VideoError for what is no film, has no pictures, or of which not one frame
    decodes.
    """
    if rate is not None and (rate[0] <= 0 or rate[1] <= 0):
        raise ConfigError(
            f"rate: {rate[0]}/{rate[1]} is no frame rate. Give something like 24/1 or 30000/1001."
        )
    if path.is_dir():
        return _open_images(path, rate)
    if not path.is_file():
        raise InputError(f"{path}: no such film. Check the path.")
    if path.stat().st_size == 0:
        raise VideoError(f"{path}: the file is empty. Copy it again from its source.")
    film = _open_file(path)
    if rate is None:
        return film
    seconds = film.frame_count * rate[1] / rate[0]
    return replace(film, rate=rate, conformed=True, variable_rate=False, duration=seconds)


def read_frames(
    film: Film, *, start: int = 0, stop: int | None = None, on_warning: OnWarning = log.warning
) -> Iterator[FilmFrame]:
    """Yield the frames `start` to `stop` (exclusive) of `film`, each once, in the order of their times.

    A thread decodes ahead by a few frames. Frames before `start` are decoded but not converted, so any start is exact.
    What is damaged is skipped and reported in sentences to `on_warning`; VideoError where nothing decodes.
    """
    if start < 0:
        raise InputError(f"{film.path}: start is {start}; frames count from 0.")
    source = _read_images(film, start, stop) if film.images else _decode(film, start, stop)
    frame_bytes = film.size[0] * film.size[1] * 3
    for item in _ahead(source, min(16, max(2, AHEAD_BYTES // frame_bytes))):
        if isinstance(item, str):
            on_warning(item)
        else:
            yield item


def constant_rate_samples(times: Float64, rate: tuple[int, int]) -> tuple[Int32, Float64]:
    """How rows at `times` (T,) become rows at `rate`: (1 - f) rows[i] + f rows[i + 1], and rows[i] where f is 0.

    Returns i (S,) and f (S,) in 0..1 for the instants k / rate from the first time to the last. Where all times lie
    within a quarter of a frame of the constant rate, rows are taken as they are: i = 0..T-1, f = 0.
    """
    step = rate[1] / rate[0]
    places = np.arange(len(times))
    since = times - times[:1]
    if len(times) < 2 or np.abs(since - places * step).max() <= step / 4:
        return places.astype(np.int32), np.zeros(len(times))
    instants = np.minimum(np.arange(round(since[-1] / step) + 1) * step, since[-1])
    before = np.clip(np.searchsorted(since, instants, side="right") - 1, 0, len(times) - 2)
    fraction = (instants - since[before]) / (since[before + 1] - since[before])
    return before.astype(np.int32), np.clip(fraction, 0.0, 1.0)


def _open_file(path: Path) -> Film:
    with open_container(path) as container:
        stream = video_stream(container, path)
        codec = stream.codec_context.name
        first = next((frame for frame in raw_frames(container, stream) if not isinstance(frame, str)), None)
        if first is None:
            raise VideoError(
                f"{path}: not one frame of it can be decoded ({codec}). Export or copy the film again."
            )
        picture = Upright(first, stream.sample_aspect_ratio)
        warnings = picture_warnings(path.name, first)
    scan = scan_film(path)
    rate, variable = film_rate(scan)
    step = rate[1] / rate[0]
    count = len(scan.stamps) if scan.whole else max(scan.declared, round(scan.length / step))
    times = scan.times
    if scan.damage:
        warnings.append(
            f"{path.name}: the film is cut off or damaged ({scan.damage}). What can be read is used."
        )
    return Film(
        path=path, size=picture.size, rate=rate, frame_count=count,
        frame_count_exact=scan.whole and times is not None and not scan.damage, variable_rate=variable,
        duration=float(times[-1] - times[0]) + step if times is not None and scan.whole else count * step,
        rotation=picture.rotation, codec=codec, warnings=tuple(warnings), first_pts=scan.first_pts,
    )  # fmt: skip


def _decode(film: Film, start: int, stop: int | None) -> Iterator[FilmFrame | str]:
    step = film.rate[1] / film.rate[0]
    index, last, origin = 0, -step, film.first_pts
    picture: Upright | None = None
    with open_container(film.path) as container:
        stream = video_stream(container, film.path)
        tick = float(stream.time_base)
        for frame in raw_frames(container, stream):
            if isinstance(frame, str):
                yield f"{film.path.name}: {frame}."
                continue
            if stop is not None and index >= stop:
                return
            origin = frame.pts if origin is None else origin
            if film.conformed or frame.pts is None or origin is None:
                time = index * step
            else:
                time = (frame.pts - origin) * tick
            if time <= last:
                yield f"{film.path.name}: frame {index} is not later than the one before; it is put one frame after."
                time = last + step
            if index >= start:
                picture = picture or Upright(frame, stream.sample_aspect_ratio, size=film.size)
                yield FilmFrame(index, time, picture(frame))
            last, index = time, index + 1
    if index == 0:
        raise VideoError(f"{film.path}: not one frame of it can be decoded. Export or copy the film again.")


def _open_images(folder: Path, rate: tuple[int, int] | None) -> Film:
    found = list_images(folder)
    if rate is None:
        raise VideoError(f"{folder}: a folder of images does not say its frame rate. Give one, such as 24/1.")
    height, width = read_image(found.images[0][1]).shape[:2]
    return Film(
        path=folder, size=(width, height), rate=rate, frame_count=len(found.images), frame_count_exact=True,
        variable_rate=found.missing > 0, duration=(found.missing + len(found.images)) * rate[1] / rate[0],
        codec=found.images[0][1].suffix[1:].lower(), warnings=found.warnings, conformed=True, images=found.images,
    )  # fmt: skip


def _read_images(film: Film, start: int, stop: int | None) -> Iterator[FilmFrame]:
    first = film.images[0][0]
    for index, (number, file) in list(enumerate(film.images))[start:stop]:
        image = read_image(file)
        if (image.shape[1], image.shape[0]) != film.size:
            sizes = f"{image.shape[1]} x {image.shape[0]}, the first image {film.size[0]} x {film.size[1]}"
            raise VideoError(f"{file}: is {sizes}. All images of a shot must have one size.")
        yield FilmFrame(index, (number - first) * film.rate[1] / film.rate[0], image)


_END = object()


def _ahead(source: Iterator[Any], capacity: int) -> Iterator[Any]:
    """Run `source` in a thread, at most `capacity` items ahead. An error in it is raised here."""
    waiting: queue.Queue[Any] = queue.Queue(capacity)
    stopped = threading.Event()

    def put(item: Any) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in source:
                if not put(item):
                    return
            put(_END)
        except BaseException as error:  # noqa: BLE001 - the reader raises it
            put(error)

    thread = threading.Thread(target=work, name="facepatch-decode", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not _END:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
