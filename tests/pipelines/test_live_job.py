"""pipelines.live_job: what a listener gets from a stream, from its first word to its last."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from facepatch.core.data.clip import NO_FACE
from facepatch.core.errors import CheckpointError, ConfigError, InputError, JobCancelledError
from facepatch.core.progress import Progress, silent
from facepatch.core.protocol import PARTIAL, Message, read_partial
from facepatch.core.protocol.messages import Frame, StreamStart
from facepatch.landmarks.detector import DetectedFace, LandmarkSettings
from facepatch.pipelines.live_job import run_stream


class Landmarks:
    """Those beside the tiny film, again and again."""

    name = "beside"

    def __init__(self, points: np.ndarray) -> None:
        self._points, self._index = points.astype(np.float32), 0

    def detect(self, image: np.ndarray, time: float) -> list[DetectedFace]:
        points = self._points[self._index % len(self._points)]
        self._index += 1
        if not np.isfinite(points).all():
            return []
        return [DetectedFace(points, np.ones(len(points), np.float32), (*points.min(0), *points.max(0)))]

    def close(self) -> None:
        """Holds nothing."""


@pytest.fixture(autouse=True)
def threads() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def arguments(tiny: SimpleNamespace, tiny_run: SimpleNamespace) -> dict[str, Any]:
    return {"source": str(tiny.film), "models": str(tiny_run.out), "rate": "max", "settings": {"threads": 1}}


def streamed(
    arguments: dict[str, Any], tiny: SimpleNamespace, *, on_progress: Any = silent, film: Path | None = None
) -> tuple[list[Any], dict[str, Any]]:
    """What was sent, as a client reads it, and the result."""
    told: list[Any] = []
    points = np.load(tiny.beside(film or tiny.film))[:, 0]

    def emit(kind: str, body: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        told.append(read_partial(Message(PARTIAL, body={"kind": kind, "job": "j", **body}, arrays=arrays)))

    def detector(settings: LandmarkSettings) -> Landmarks:
        return Landmarks(points)

    return told, run_stream(arguments, emit, on_progress, detector=detector)


def test_at_the_highest_rate_every_frame_is_sent_in_order(
    arguments: dict[str, Any], tiny: SimpleNamespace
) -> None:
    before = time.time()
    (start, *frames), result = streamed(arguments, tiny)
    assert isinstance(start, StreamStart)
    assert start.policy == "all"
    assert start.rate == (24, 1)
    assert 10 < start.delay_ms < 20
    assert Path(start.models).name == "models"
    assert all(isinstance(frame, Frame) for frame in frames)
    assert [frame.frame_seq for frame in frames] == [frame.frame for frame in frames] == list(range(30))
    for frame in frames:
        assert frame.weights.shape == (len(start.names),)
        assert frame.weights.dtype == np.float32
        assert frame.head_pose.shape == (4, 4)
        assert before <= frame.captured_s <= frame.decoded_s <= frame.sent_s <= time.time() + 1
        assert frame.age_ms > 0
        assert frame.dropped == 0
    assert (result["frames"], result["dropped"], result["without_face"]) == (30, 0, 0)
    assert result["latency_ms"]["median"] > 0
    assert "networks" in result["stages_ms"]
    assert "ended after 30 frames" in result["ended"]


def test_at_its_own_rate_what_is_dropped_is_counted_and_seen(
    arguments: dict[str, Any], tiny: SimpleNamespace
) -> None:
    # Far faster than anything can be computed.
    (start, *frames), result = streamed({**arguments, "rate": "own", "fps": "100000"}, tiny)
    assert start.policy == "newest"
    assert result["dropped"] > 0
    assert result["frames"] + result["dropped"] == 30
    assert [frame.frame_seq for frame in frames] == list(range(result["frames"]))
    assert frames[-1].frame == 29
    assert all(frame.frame <= frame.frame_seq + frame.dropped for frame in frames)


def test_frames_without_a_face_say_so(
    arguments: dict[str, Any], tiny: SimpleNamespace, tmp_path: Path
) -> None:
    film = tiny.write_film(tmp_path / "lost.mp4", lost=slice(10, 20))
    (_, *frames), result = streamed({**arguments, "source": str(film)}, tiny, film=film)
    assert [bool(frame.flags & NO_FACE) for frame in frames] == [10 <= index < 20 for index in range(30)]
    assert result["without_face"] == 10


def test_a_stream_is_stopped_by_its_progress(arguments: dict[str, Any], tiny: SimpleNamespace) -> None:
    told: list[Progress] = []

    def stop(progress: Progress) -> None:
        told.append(progress)
        raise JobCancelledError("stop")

    with pytest.raises(JobCancelledError):
        streamed({**arguments, "loop": True}, tiny, on_progress=stop)
    assert told[0].stage == "stream"


def test_a_stream_goes_on_in_a_loop_until_its_listener_has_enough(
    arguments: dict[str, Any], tiny: SimpleNamespace
) -> None:
    seqs: list[int] = []

    def emit(kind: str, body: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        if kind == "frame":
            seqs.append(body["frame_seq"])
            if len(seqs) == 70:
                raise JobCancelledError("enough")

    points = np.load(tiny.beside(tiny.film))[:, 0]
    with pytest.raises(JobCancelledError):
        run_stream({**arguments, "loop": True}, emit, detector=lambda settings: Landmarks(points))
    assert seqs == list(range(70))


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"sorce": "x"}, ConfigError, "unknown key 'sorce'.*source"),
        ({"fps": "fast"}, ConfigError, "is no frame rate"),
        ({"fps": "0"}, ConfigError, "is no frame rate"),
        ({"rate": "soon"}, ConfigError, "neither own nor max"),
        ({"settings": {"wieghts": {}}}, ConfigError, "unknown key 'wieghts'"),
        ({"settings": {"weights": {"cutoff": -1.0}}}, ConfigError, "one-euro filter"),
        ({"models": "/nowhere"}, CheckpointError, "no trained models"),
        ({"source": "/nowhere.mp4"}, InputError, "no such film"),
    ],
)
def test_what_does_not_fit_is_refused(
    arguments: dict[str, Any],
    tiny: SimpleNamespace,
    change: dict[str, Any],
    error: type[Exception],
    match: str,
) -> None:
    with pytest.raises(error, match=match):
        streamed({**arguments, **change}, tiny)
