"""Pictures as they happen: a film or a folder played at its own rate, a network stream, a camera.

A thread reads and decodes; whoever computes takes the newest picture, and what came in between is dropped and counted
(`newest`). Or nothing is dropped and the reader waits (`all`).

Clocks. `time_s` is the source's own time, ascending from about 0: what filters need. `captured_s` and `decoded_s` are
time.time() of this machine, to be compared with clocks of other processes on it; `decoded_at` is time.monotonic(), to
take durations from. A film's picture counts as captured, and as decoded, when it is due.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from urllib.parse import urlsplit

import av
import av.error

from facepatch.core.axes import UInt8
from facepatch.core.errors import ConfigError, InputError, VideoError
from facepatch.render.camera_input import camera_input
from facepatch.render.film_decode import Upright
from facepatch.render.video import Film, open_film

log = logging.getLogger(__name__)

Policy = Literal["newest", "all"]
SCHEMES = ("http", "https", "rtsp", "rtsps", "rtmp", "rtp", "srt", "udp")
"""What a URL may begin with; others (file:, concat:, data:) would reach past the checks of paths."""
PROTOCOLS = "http,https,httpproxy,tcp,tls,udp,rtp,rtsp,rtmp,srt,crypto"
WAIT_S = 10.0
"""A network source that says nothing for so long has broken off."""
AHEAD = 4
"""Pictures that wait where nothing is dropped."""
IDLE_S = 0.1


@dataclass(frozen=True, eq=False)
class LiveImage:
    """One picture and its times; see the module."""

    index: int
    """Counts every picture of the source, dropped ones too."""
    time_s: float
    captured_s: float
    decoded_s: float
    decoded_at: float
    image: UInt8
    """(H, W, 3) RGB"""


@dataclass(frozen=True)
class SourceSettings:
    """How a source is played."""

    rate: str = "own"
    """own: as fast as it happens, the newest picture wins; max: as fast as it can be used, nothing is dropped."""
    fps: tuple[int, int] | None = None
    """Frames per second: a folder of images needs it, a film takes it instead of its own, a camera is asked for it."""
    loop: bool = False
    """A film or folder begins again at its end."""

    def __post_init__(self) -> None:
        if self.rate not in ("own", "max"):
            raise ConfigError(f"rate: '{self.rate}' is neither own nor max.")


class LiveSource:
    """A source that plays. Use it as a context; `frames` may be called once."""

    def __init__(
        self, name: str, reader: Callable[[Handover], Iterator[LiveImage]], *, policy: Policy,
        fps: tuple[int, int] | None,
    ) -> None:  # fmt: skip
        """reader: yields the pictures in their time; asks the handover whether to go on, and waits by it."""
        self.name, self.policy, self.fps = name, policy, fps
        self._reader = reader
        self._handover = Handover(1 if policy == "newest" else AHEAD, drop=policy == "newest")
        self._thread = threading.Thread(target=self._read, name="facepatch-live", daemon=True)

    @property
    def dropped(self) -> int:
        """Pictures that were never taken because newer ones came."""
        return self._handover.dropped

    def frames(self, *, idle: Callable[[], None] = lambda: None) -> Iterator[LiveImage]:
        """The pictures, until the source ends. `idle` is called ten times a second while none comes; it may raise.

        Raises what the reader raised: VideoError where the source broke off.
        """
        self._thread.start()
        while True:
            item = self._handover.take(IDLE_S)
            if item is None:
                if self._handover.ended:
                    return
                idle()
            else:
                yield item

    def close(self) -> None:
        """Stop reading."""
        self._handover.stop()
        if self._thread.is_alive():
            self._thread.join(timeout=WAIT_S)

    def __enter__(self) -> LiveSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        try:
            for image in self._reader(self._handover):
                if not self._handover.put(image):
                    break
            self._handover.end(None)
        except BaseException as error:  # noqa: BLE001 - whoever takes the pictures raises it
            self._handover.end(error)


class Handover:
    """A few pictures between the thread that reads and the one that computes."""

    def __init__(self, room: int, *, drop: bool) -> None:
        """drop: a full handover loses its oldest picture; otherwise whoever puts one waits."""
        self.dropped = 0
        self._room, self._drop = room, drop
        self._waiting: deque[LiveImage] = deque()
        self._changed = threading.Condition()
        self._stopped = self._ended = False
        self._error: BaseException | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing waits and nothing will come."""
        return self._ended and not self._waiting

    @property
    def stopped(self) -> bool:
        """Whether nobody takes pictures any more."""
        return self._stopped

    def put(self, image: LiveImage) -> bool:
        """Hand over. False where nobody takes pictures any more."""
        with self._changed:
            if self._drop:
                while len(self._waiting) >= self._room:
                    self._waiting.popleft()
                    self.dropped += 1
            else:
                self._changed.wait_for(lambda: self._stopped or len(self._waiting) < self._room)
            if self._stopped:
                return False
            self._waiting.append(image)
            self._changed.notify_all()
            return True

    def take(self, timeout_s: float) -> LiveImage | None:
        """The next picture; None where none came in time, or none will come. Raises what `end` was given."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._ended, timeout_s)
            if self._waiting:
                image = self._waiting.popleft()
                self._changed.notify_all()
                return image
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            return None

    def wait_until(self, instant: float) -> bool:
        """Wait until time.monotonic() is `instant`. False where nobody takes pictures any more."""
        with self._changed:
            while not self._stopped and (left := instant - time.monotonic()) > 0:
                self._changed.wait(left)
        return not self._stopped

    def end(self, error: BaseException | None) -> None:
        """Nothing more will come, because of `error` if there is one."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def stop(self) -> None:
        """Nobody takes pictures any more."""
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            self._changed.notify_all()


def open_source(source: str, settings: SourceSettings = SourceSettings()) -> LiveSource:
    """A film's path, a folder of numbered images, a URL, or a camera as "camera:0" or "camera:NAME".

    Raises InputError or VideoError where there is nothing or nothing that can be played, ConfigError where the
    settings do not fit the source.
    """
    policy: Policy = "newest" if settings.rate == "own" else "all"
    if source.startswith("camera:"):
        return _open_camera(source, settings)
    if is_url(source):
        return _open_url(source, settings, policy)
    film = open_film(Path(source), rate=settings.fps)
    return LiveSource(
        film.path.name, lambda handover: _film(film, settings, handover), policy=policy, fps=film.rate
    )


def is_url(source: str) -> bool:
    """Whether a source is a URL rather than a path; a drive letter is none."""
    return len(urlsplit(source).scheme) > 1 and ":" in source


def _film(film: Film, settings: SourceSettings, handover: Handover) -> Iterator[LiveImage]:
    paced = settings.rate == "own"
    step = film.rate[1] / film.rate[0]
    index, offset, end = 0, 0.0, 0.0
    start, wall = time.monotonic(), time.time()
    while True:
        for frame in film.frames():
            at = offset + frame.time
            now = time.monotonic()
            if paced:
                if not handover.wait_until(start + at):
                    return
                # Due then; by the clock of this pass, which nobody sets.
                now = start + at if time.monotonic() - (start + at) < step else time.monotonic()
            yield LiveImage(index, at, wall + (now - start), wall + (now - start), now, frame.image)
            index, end = index + 1, at + step
        if not settings.loop or handover.stopped:
            return
        offset = end


def _open_url(url: str, settings: SourceSettings, policy: Policy) -> LiveSource:
    scheme = urlsplit(url).scheme.lower()
    if scheme not in SCHEMES:
        raise InputError(
            f"{url}: '{scheme}' is not one of {', '.join(SCHEMES)}. Give a path for what is a file."
        )
    if settings.loop:
        raise ConfigError(f"{_shown(url)}: only a film or a folder of images can begin again.")
    options = {"protocol_whitelist": PROTOCOLS}
    if scheme.startswith("rtsp"):
        # Over UDP a lost packet is a torn picture.
        options |= {"rtsp_transport": "tcp", "fflags": "nobuffer"}
    container = _opened(_shown(url), url, None, options)
    # What has an end was not made for this moment: it is played at its own rate.
    paced = settings.rate == "own" and bool(container.duration and container.duration > 0)
    return _stream(_shown(url), container, policy=policy, paced=paced)


def _open_camera(source: str, settings: SourceSettings) -> LiveSource:
    if settings.rate != "own" or settings.loop:
        raise ConfigError(f"{source}: a camera plays at its own rate, once; rate max and loop are for films.")
    rate = "" if settings.fps is None else f"{settings.fps[0]}/{settings.fps[1]}"
    found = camera_input(source.removeprefix("camera:"), platform=sys.platform, rate=rate)
    container = _opened(source, found.file, found.format, found.options)
    return _stream(source, container, policy="newest", paced=False)


def _opened(name: str, file: str, kind: str | None, options: dict[str, str]) -> Any:
    try:
        return av.open(
            file, format=kind, options=options, timeout=(WAIT_S, WAIT_S), metadata_errors="replace"
        )
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        advice = (
            "Check that it is plugged in, that no other program uses it, and that this one may."
            if kind
            else "Check the address, and that its sender is on."
        )
        raise VideoError(f"{name}: cannot be opened ({reason}). {advice}") from error


def _stream(name: str, container: Any, *, policy: Policy, paced: bool) -> LiveSource:
    if not container.streams.video:
        container.close()
        raise VideoError(f"{name}: sends no pictures. Give a source that does.")
    stream = container.streams.video[0]
    # Threads that each decode a picture of their own keep pictures back; slices of one picture do not.
    stream.thread_type = "SLICE"
    rate = stream.guessed_rate or stream.average_rate
    fps = (rate.numerator, rate.denominator) if rate else None

    def read(handover: Handover) -> Iterator[LiveImage]:
        with container:
            yield from _pictures(name, container, stream, handover=handover, paced=paced)

    return LiveSource(name, read, policy=policy, fps=fps)


def _pictures(
    name: str, container: Any, stream: Any, *, handover: Handover, paced: bool
) -> Iterator[LiveImage]:
    upright: Upright | None = None
    start, wall = time.monotonic(), time.time()
    first_pts: float | None = None
    last, index, damaged = -1.0, 0, 0
    packets = container.demux(stream)
    while not handover.stopped:
        try:
            packet = next(packets, None)
            arrived = time.monotonic()
            frames = stream.decode(packet)
        except av.error.EOFError:
            break
        except av.error.InvalidDataError as error:
            damaged += 1
            log.log(logging.WARNING if damaged == 1 else logging.DEBUG, "%s: a damaged piece is skipped (%s).",
                    name, error.strerror)  # fmt: skip
            continue
        except (av.error.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise VideoError(
                f"{name}: broke off after {index} frames ({reason}). Start again when it is back."
            ) from error
        for frame in frames:
            upright = upright or Upright(frame, stream.sample_aspect_ratio)
            pts = float(arrived - start if frame.time is None else frame.time)
            first_pts = pts if first_pts is None else first_pts
            at = pts - first_pts
            # Stamps that jump (a sender started again) go on from the last one.
            if not last < at < last + WAIT_S:
                at = last + 1e-3 if last >= 0 else 0.0
                first_pts = pts - at
            last = at
            image = upright(frame)
            if paced and not handover.wait_until(start + at):
                return
            now = time.monotonic()
            captured = now if paced else arrived
            yield LiveImage(index, at, wall + (captured - start), wall + (now - start), now, image)
            index += 1
        if packet is None:
            break
    if index == 0 and not handover.stopped:
        raise VideoError(f"{name}: ended without a single picture. Check that its sender is on.")


def _shown(url: str) -> str:
    """A URL without the password in it."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return parts._replace(netloc=f"{parts.username}:***@{parts.netloc.rpartition('@')[2]}").geturl()
