"""render.live_source and camera_input: what is played, what is dropped, what is said when it cannot be."""

from __future__ import annotations

import functools
import http.server
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import av.error
import cv2
import numpy as np
import pytest

from facepatch.core.errors import ConfigError, InputError, JobCancelledError, VideoError
from facepatch.render import camera_input as cameras
from facepatch.render import live_source
from facepatch.render.camera_input import camera_input
from facepatch.render.film_writer import FilmWriter
from facepatch.render.live_source import Handover, LiveImage, SourceSettings, is_url, open_source

MAX = SourceSettings(rate="max")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 frames at 50 frames/s, each brighter than the one before."""
    path = tmp_path_factory.mktemp("live") / "film.mp4"
    with FilmWriter(path, rate=(50, 1)) as writer:
        for index in range(12):
            writer.write(np.full((32, 48, 3), 15 * index + 20, np.uint8))
    return path


def picture(index: int) -> LiveImage:
    return LiveImage(index, float(index), 0.0, 0.0, 0.0, np.zeros((1, 1, 3), np.uint8))


def played(source: str, settings: SourceSettings) -> list[LiveImage]:
    with open_source(source, settings) as live:
        return list(live.frames())


# ---------------------------------------------------------------------------------------------- handing over


def test_the_newest_picture_wins_and_the_others_are_counted() -> None:
    slot = Handover(1, drop=True)
    for index in range(5):
        assert slot.put(picture(index))
    taken = slot.take(0.0)
    assert taken is not None
    assert taken.index == 4
    assert slot.dropped == 4
    assert slot.take(0.0) is None


def test_where_nothing_is_dropped_the_reader_waits() -> None:
    slot = Handover(2, drop=False)
    reader = threading.Thread(target=lambda: [slot.put(picture(index)) for index in range(20)], daemon=True)
    reader.start()
    taken = [slot.take(5.0) for _ in range(20)]
    reader.join()
    assert [one.index for one in taken if one] == list(range(20))
    assert slot.dropped == 0


def test_a_reader_that_waits_is_let_go_when_nobody_takes() -> None:
    slot = Handover(1, drop=False)
    slot.put(picture(0))
    told: list[bool] = []
    reader = threading.Thread(target=lambda: told.append(slot.put(picture(1))), daemon=True)
    reader.start()
    slot.stop()
    reader.join(5.0)
    assert told == [False]
    assert not slot.wait_until(time.monotonic() + 60.0)


def test_what_waits_is_taken_before_the_error_is_raised() -> None:
    slot = Handover(1, drop=True)
    slot.put(picture(0))
    slot.end(VideoError("broke off"))
    assert slot.take(0.0) is not None
    with pytest.raises(VideoError, match="broke off"):
        slot.take(0.0)
    assert slot.ended


# ------------------------------------------------------------------------------------------ films and folders


def test_at_the_highest_rate_every_frame_comes_in_order(film: Path) -> None:
    frames = played(str(film), MAX)
    assert [frame.index for frame in frames] == list(range(12))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(12) / 50, atol=1e-6)
    levels = [float(frame.image.mean()) for frame in frames]
    np.testing.assert_allclose(levels, 15 * np.arange(12) + 20, atol=4)


def test_at_its_own_rate_a_film_takes_its_own_time(film: Path) -> None:
    start = time.monotonic()
    with open_source(str(film)) as live:
        frames = list(live.frames())
        dropped = live.dropped
    assert time.monotonic() - start >= 11 / 50
    assert len(frames) + dropped == 12
    assert all(early.index < late.index for early, late in itertools.pairwise(frames))
    for frame in frames:
        assert frame.decoded_at >= start + frame.time_s
        assert abs(frame.captured_s - time.time()) < 60


def test_a_listener_that_is_too_slow_misses_frames_and_sees_the_gap(film: Path) -> None:
    with open_source(str(film)) as live:
        frames = live.frames()
        first = next(frames)
        # As long as the computing takes: until something was dropped after the first, before which some may have been.
        until(lambda: live.dropped >= first.index + 3)
        second = next(frames)
        assert second.index - first.index - 1 >= 3


def test_a_film_takes_the_rate_that_is_given(film: Path) -> None:
    frames = played(str(film), SourceSettings(rate="max", fps=(100, 1)))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(12) / 100)


def test_a_film_begins_again_and_its_time_goes_on(film: Path) -> None:
    with open_source(str(film), SourceSettings(rate="max", loop=True)) as live:
        frames = list(itertools.islice(live.frames(), 30))
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(30) / 50, atol=1e-6)
    assert [frame.index for frame in frames] == list(range(30))


def test_a_folder_of_images_is_played_and_needs_a_rate(tmp_path: Path) -> None:
    for index in range(3):
        cv2.imwrite(str(tmp_path / f"shot.{index:04}.png"), np.full((8, 8, 3), 50 * index, np.uint8))
    frames = played(str(tmp_path), SourceSettings(rate="max", fps=(24, 1)))
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 50, 100]
    with pytest.raises(VideoError, match="does not say its frame rate"):
        open_source(str(tmp_path))


def test_who_waits_may_be_stopped(film: Path) -> None:
    def stop() -> None:
        raise JobCancelledError("stop")

    with open_source(str(film), SourceSettings(fps=(1, 3600))) as live:
        frames = live.frames(idle=stop)
        next(frames)
        with pytest.raises(JobCancelledError):
            next(frames)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such film"):
        open_source(str(tmp_path / "none.mp4"))
    text = tmp_path / "notes.mp4"
    text.write_text("no film")
    with pytest.raises(VideoError, match="not a film"):
        open_source(str(text))
    with pytest.raises(ConfigError, match="neither own nor max"):
        SourceSettings(rate="fast")


# ----------------------------------------------------------------------------------------------------- network


@pytest.fixture
def address(film: Path) -> Iterator[str]:
    """A web server on this machine that has the film."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nothing."""

    handler = functools.partial(Quiet, directory=str(film.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_film_behind_a_url_is_played(address: str) -> None:
    frames = played(f"{address}/film.mp4", MAX)
    assert len(frames) == 12
    assert frames[0].image.shape == (32, 48, 3)
    np.testing.assert_allclose(np.diff([frame.time_s for frame in frames]), 1 / 50, atol=1e-6)


def test_a_film_behind_a_url_plays_at_its_own_rate(address: str) -> None:
    start = time.monotonic()
    with open_source(f"{address}/film.mp4") as live:
        count = len(list(live.frames())) + live.dropped
    assert count == 12
    assert time.monotonic() - start >= 11 / 50


def test_a_url_that_gives_nothing_is_refused_in_a_sentence(address: str) -> None:
    with pytest.raises(VideoError, match=r"cannot be opened .* Check the address"):
        open_source(f"{address}/none.mp4")
    with pytest.raises(VideoError, match="cannot be opened") as told:
        open_source("http://user:secret@127.0.0.1:9/film.mp4")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "concat:/a|/b", "data:video/mp4;base64,AA", "subfile:x"]
)
def test_schemes_that_reach_past_the_paths_are_refused(url: str) -> None:
    assert is_url(url)
    with pytest.raises(InputError, match="is not one of"):
        open_source(url)


def test_a_drive_letter_is_no_url() -> None:
    assert not is_url(r"C:\takes\shot.mp4")
    assert not is_url("/takes/shot.mp4")


def test_only_what_has_an_end_can_begin_again(address: str) -> None:
    with pytest.raises(ConfigError, match="begin again"):
        open_source(f"{address}/film.mp4", SourceSettings(loop=True))


# ----------------------------------------------------------------------------------------------------- cameras


class FakeCamera:
    """What av.open gives for a camera: pictures without end, or until it is unplugged."""

    def __init__(self, frames: int, error: Exception | None = None, *, streams: int = 1) -> None:
        self._frames, self._error = frames, error
        stream = SimpleNamespace(
            guessed_rate=None,
            average_rate=None,
            sample_aspect_ratio=None,
            thread_type="",
            decode=self._decode,
        )
        self.streams = SimpleNamespace(video=[stream] * streams)
        self.duration = None
        self.closed = False

    def demux(self, stream: Any) -> Iterator[int]:
        yield from range(self._frames)
        if self._error:
            raise self._error

    def _decode(self, packet: int | None) -> list[av.VideoFrame]:
        if packet is None:
            return []
        frame = av.VideoFrame.from_ndarray(np.full((16, 16, 3), packet, np.uint8), format="rgb24")
        frame.pts = packet
        return [frame]

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> FakeCamera:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """Two cameras on Linux; what av.open is asked for is collected, and it gives the last item of the list."""
    for node, name in (("video0", "Integrated"), ("video1", "Integrated"), ("video2", "Face Cam 4K")):
        (tmp_path / "sys" / node).mkdir(parents=True)
        (tmp_path / "sys" / node / "name").write_text(f"{name}\n")
        (tmp_path / node).touch()
    monkeypatch.setattr(cameras, "VIDEO4LINUX", tmp_path / "sys")
    monkeypatch.setattr(cameras, "DEVICES", tmp_path)
    monkeypatch.setattr(live_source.sys, "platform", "linux")
    asked: list[Any] = []

    def fake_open(file: str, **options: Any) -> Any:
        given = asked.pop()
        asked.append((file, options))
        if isinstance(given, Exception):
            raise given
        return given

    monkeypatch.setattr(live_source.av, "open", fake_open)
    return asked


def test_a_camera_gives_pictures_until_it_ends(plugged: list[Any], tmp_path: Path) -> None:
    camera = FakeCamera(3)
    plugged.append(camera)
    with open_source("camera:Face", SourceSettings(fps=(60, 1))) as live:
        frames = list(live.frames())
        assert len(frames) + live.dropped == 3
    assert frames[-1].index == 2
    file, options = plugged[0]
    assert (file, options["format"]) == (str(tmp_path / "video2"), "v4l2")
    assert options["options"] == {"framerate": "60/1"}
    assert camera.closed


def test_a_camera_that_is_unplugged_says_so(plugged: list[Any]) -> None:
    plugged.append(FakeCamera(2, av.error.OSError(19, "No such device")))
    with (
        open_source("camera:0") as live,
        pytest.raises(VideoError, match=r"broke off after 2 frames \(No such dev"),
    ):
        list(live.frames())


def test_a_camera_that_is_in_use_says_so(plugged: list[Any]) -> None:
    plugged.append(av.error.OSError(16, "Device or resource busy"))
    with pytest.raises(VideoError, match=r"camera:0: cannot be opened \(Device or resource busy\)"):
        open_source("camera:0")


def test_a_device_without_pictures_is_refused(plugged: list[Any]) -> None:
    plugged.append(FakeCamera(0, streams=0))
    with pytest.raises(VideoError, match="sends no pictures"):
        open_source("camera:0")


def test_a_camera_that_never_gives_a_picture_is_refused(plugged: list[Any]) -> None:
    plugged.append(FakeCamera(0))
    with open_source("camera:0") as live, pytest.raises(VideoError, match="without a single picture"):
        list(live.frames())


def test_a_camera_that_is_not_there_is_refused_with_those_that_are(plugged: list[Any]) -> None:
    with pytest.raises(InputError, match=r"There are: 0 \(Integrated\), 1 \(Face Cam 4K\)"):
        open_source("camera:Studio")
    with pytest.raises(InputError, match=r"there is no .*video7"):
        open_source("camera:7")


def test_a_camera_plays_at_its_own_rate_only() -> None:
    with pytest.raises(ConfigError, match="at its own rate, once"):
        open_source("camera:0", MAX)


def listed(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    found = [SimpleNamespace(name=name, description=name, media_types=["video"]) for name in names]
    found.append(SimpleNamespace(name="Mic", description="Mic", media_types=["audio"]))
    monkeypatch.setattr(cameras.av, "enumerate_input_devices", lambda kind: found)


def test_windows_and_mac_open_cameras_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, "FaceTime HD", "Face Cam")
    assert camera_input("1", platform="win32").file == "video=Face Cam"
    assert camera_input("facetime", platform="win32", rate="60/1").options == {"framerate": "60/1"}
    mac = camera_input("0", platform="darwin")
    assert (mac.file, mac.format, mac.options) == ("FaceTime HD:none", "avfoundation", {"framerate": "30"})
    with pytest.raises(InputError, match=r"There are: 0 \(FaceTime HD\), 1 \(Face Cam\)\."):
        camera_input("2", platform="win32")
    with pytest.raises(InputError, match="none such"):
        camera_input("face", platform="darwin")  # two have it in their names


def test_without_any_camera_the_advice_is_to_plug_one_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(kind: str) -> Any:
        raise ValueError("unknown format")

    monkeypatch.setattr(cameras.av, "enumerate_input_devices", fail)
    with pytest.raises(InputError, match="No camera is found at all"):
        camera_input("0", platform="win32")


def until(true: Any) -> None:
    end = time.monotonic() + 10.0
    while not true():
        assert time.monotonic() < end
        threading.Event().wait(0.002)
