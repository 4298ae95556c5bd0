"""pipelines.live_job: what a listener gets from a stream, from its first word to its last."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from facepatch.core.data.character import read_character_record, write_character
from facepatch.core.data.clip import HELD, NO_FACE
from facepatch.core.data.rig import Driver, Rig, RigControl, RigShape, rig_from_character, write_rig
from facepatch.core.errors import CheckpointError, ConfigError, InputError, JobCancelledError, TopologyError
from facepatch.core.progress import Progress, silent
from facepatch.core.protocol import PARTIAL, Message, read_partial
from facepatch.core.protocol.messages import Frame, StreamStart
from facepatch.core.rig_samples import SAMPLES
from facepatch.landmarks.detector import DetectedFace, LandmarkSettings
from facepatch.pipelines.live_job import run_stream
from facepatch.pipelines.models import load_models
from facepatch.pipelines.solve_measures import region_weights, skin_regions
from facepatch.solver.live import LiveSolve
from facepatch.solver.reduce import pca_target, reduce
from facepatch.solver.settings import SolveSettings
from facepatch.synthetic.face import make_character


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


# ------------------------------------------------------------------------------------------ controls of a rig


@pytest.fixture
def rig(tiny: SimpleNamespace, tmp_path: Path) -> SimpleNamespace:
    """The character's shapes, the first of them on a control of 30 degrees."""
    plain = rig_from_character(read_character_record(tiny.hero))
    first = RigControl("jaw_ctrl.rx", maximum=30.0, unit="degrees")
    turned = RigShape(plain.shapes[0].name, (Driver(0, ((0.0, 0.0), (30.0, 1.0))),))
    # The first one's mirror would be missed.
    others = (replace(control, mirror="") for control in plain.controls[1:])
    found = replace(plain, controls=(first, *others), shapes=(turned, *plain.shapes[1:]))
    write_rig(tmp_path / "rig.npz", found)
    return SimpleNamespace(path=tmp_path / "rig.npz", rig=found)


@pytest.mark.parametrize("follow", [0.05, 1.0])
def test_the_controls_of_a_stream_are_the_live_solve_of_its_weights(
    arguments: dict[str, Any], tiny: SimpleNamespace, rig: SimpleNamespace, tmp_path: Path, follow: float
) -> None:
    film = tiny.write_film(tmp_path / "lost.mp4", lost=slice(10, 20))
    asked = {
        **arguments, "source": str(film), "rig": str(rig.path), "settings": {"threads": 1, "rig": {"follow": follow}}
    }  # fmt: skip
    (start, *frames), result = streamed(asked, tiny, film=film)
    assert start.controls == tuple(control.name for control in rig.rig.controls)
    assert start.units == ("degrees", *[""] * (len(start.controls) - 1))
    solve = live_solve(rig.rig, Path(start.models), follow)
    for frame in frames:
        assert frame.controls.dtype == np.float32
        np.testing.assert_array_equal(frame.controls, solve.push(frame.weights).astype(np.float32))
    told = np.array([frame.controls for frame in frames])
    assert np.ptp(told, axis=0).max() > 0.05
    assert (told >= rig.rig.limits[:, 0]).all()
    assert (told <= rig.rig.limits[:, 1]).all()
    assert result["stages_ms"]["rig"] > 0


def live_solve(rig: Rig, models: Path, follow: float) -> LiveSolve:
    """As `facepatch solve` would set it up."""
    loaded = load_models(models)
    regions = skin_regions(loaded.landmarks, rig.neutral)
    target = pca_target(loaded.pca, np.zeros((1, loaded.pca.component_count)), rig)
    weights = region_weights(regions, len(rig.neutral), SolveSettings().lips_and_lids)
    return LiveSolve(rig, reduce(rig, target, vertex_weights=weights), follow=follow)


def test_while_no_face_is_seen_the_controls_rest_with_the_weights(
    arguments: dict[str, Any], tiny: SimpleNamespace, rig: SimpleNamespace, tmp_path: Path
) -> None:
    film = tiny.write_film(tmp_path / "lost.mp4", lost=slice(10, 17))
    (_, *frames), _ = streamed({**arguments, "source": str(film), "rig": str(rig.path)}, tiny, film=film)
    held = [frame for frame in frames if frame.flags & HELD]
    assert len(held) >= 5
    spans = rig.rig.limits[:, 1]
    assert all(np.array_equal(frame.weights, held[0].weights) for frame in held)
    assert max(np.abs((a.controls - held[-1].controls) / spans).max() for a in held[2:]) < 0.02


def test_without_a_rig_there_are_no_controls(arguments: dict[str, Any], tiny: SimpleNamespace) -> None:
    (start, *frames), result = streamed(arguments, tiny)
    assert (start.controls, start.units) == ((), ())
    assert all(frame.controls is None for frame in frames)
    assert "rig" not in result["stages_ms"]


def bad_rig(kind: str, rig: Rig, folder: Path) -> Path:
    path = folder / "bad.npz"
    if kind == "another mesh":
        write_character(path, make_character(name="other", detail="full"))
    elif kind == "another place":
        write_rig(path, replace(rig, neutral=rig.neutral + np.float32([0, 150, 0])))
    elif kind == "locked":
        write_rig(path, replace(rig, controls=tuple(replace(one, locked=True) for one in rig.controls)))
    elif kind == "bare":
        write_rig(path, replace(rig, shapes=(), deltas=rig.deltas[:0]))
    elif kind == "sampled":
        path = folder / "samples"
        path.mkdir()
        (path / SAMPLES).write_bytes(b"")
    elif kind == "torn":
        path.write_bytes(b"PK")
    return path


@pytest.mark.parametrize(
    ("kind", "error", "match"),
    [
        ("absent", InputError, "no such file"),
        ("another mesh", TopologyError, "but the PCA has 398. Give the rig of the character"),
        ("another place", InputError, "at rest its vertices lie 150"),
        ("locked", InputError, "none of its .* controls may move"),
        ("bare", InputError, "has no shapes that its controls could drive"),
        ("sampled", InputError, "cannot be solved live. Solve a recorded clip with facepatch solve"),
        ("torn", InputError, "bad.npz"),
    ],
)
def test_a_rig_that_does_not_fit_is_refused_before_the_source_is_opened(
    arguments: dict[str, Any],
    rig: SimpleNamespace,
    tmp_path: Path,
    kind: str,
    error: type[Exception],
    match: str,
) -> None:
    told: list[str] = []
    asked = {**arguments, "source": "/nowhere.mp4", "rig": str(bad_rig(kind, rig.rig, tmp_path))}
    with pytest.raises(error, match=match):
        run_stream(asked, lambda kind, body, arrays: told.append(kind))
    assert told == []


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"sorce": "x"}, ConfigError, "unknown key 'sorce'.*source"),
        ({"fps": "fast"}, ConfigError, "is no frame rate"),
        ({"fps": "0"}, ConfigError, "is no frame rate"),
        ({"rate": "soon"}, ConfigError, "neither own nor max"),
        ({"settings": {"wieghts": {}}}, ConfigError, "unknown key 'wieghts'"),
        ({"settings": {"weights": {"cutoff": -1.0}}}, ConfigError, "one-euro filter"),
        ({"settings": {"rig": {"follow": -1.0}}}, ConfigError, "live.rig.follow: -1 must be"),
        ({"settings": {"rig": {"lips_and_lids": 0.5}}}, ConfigError, "live.rig.lips_and_lids: 0.5 must be"),
        ({"rig": 7}, ConfigError, "stream.rig"),
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
