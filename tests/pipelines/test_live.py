"""pipelines.live: frame by frame what the whole take gives, from the past alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from facepatch.core.data.clip import EASED, HELD, NO_FACE
from facepatch.core.errors import InputError, ShapeError
from facepatch.core.schema import merged
from facepatch.landmarks.detector import DetectedFace
from facepatch.patches.align import align_performer
from facepatch.patches.extract import cut_patches
from facepatch.pipelines.live import STAGES, LiveFrame, LiveRetarget
from facepatch.pipelines.models import Models, load_models
from facepatch.pipelines.retarget import finish_clip, neutral_weights, read_calibration, without_channels
from facepatch.pipelines.settings import LiveSettings
from facepatch.render.video import open_film

OFF = {name: {"cutoff": 0.0} for name in ("head", "points", "weights", "head_pose")}


class Beside:
    """Landmarks of the film's frames, in order; None where the face is lost."""

    name = "beside"

    def __init__(self, points: np.ndarray, lost: set[int]) -> None:
        self._rows, self._lost, self.closed = iter(enumerate(points)), lost, False

    def detect(self, image: np.ndarray, time: float) -> list[DetectedFace]:
        index, points = next(self._rows)
        if index in self._lost:
            return []
        points = points.astype(np.float32)
        return [DetectedFace(points, np.ones(len(points), np.float32), (*points.min(0), *points.max(0)))]

    def close(self) -> None:
        self.closed = True


@pytest.fixture(scope="module")
def trained(tiny: SimpleNamespace, tiny_run: SimpleNamespace) -> SimpleNamespace:
    """Models, calibration, pictures and landmarks of the tiny take."""
    folder = tiny_run.out / "models"
    film = open_film(tiny.film)
    return SimpleNamespace(
        models=load_models(folder),
        calibration=read_calibration(folder / "calibration.json"),
        frames=[(frame.image, frame.time) for frame in film.frames()],
        points=np.load(tiny.beside(tiny.film))[:, 0],
        rate=24.0,
    )


@pytest.fixture
def live(trained: SimpleNamespace) -> Iterator[LiveRetarget]:
    with make_live(trained, LiveSettings()) as made:
        yield made


def make_live(trained: SimpleNamespace, settings: LiveSettings, lost: set[int] | None = None) -> LiveRetarget:
    detector = Beside(trained.points, lost or set())
    return LiveRetarget(trained.models, trained.calibration, settings, detector=detector)


def play(live: LiveRetarget, trained: SimpleNamespace) -> list[LiveFrame]:
    return [live.push(image, time) for image, time in trained.frames]


def offline_raw(models: Models, trained: SimpleNamespace) -> np.ndarray:
    """The networks' weights of the whole take at once, nothing smoothed."""
    found = np.ones(len(trained.points), bool)
    aligned = align_performer(
        trained.points.astype(np.float32), found, neutral=models.plan.performer_neutral, sigma=0.0
    )
    maps = models.plan.frame_to_patch(aligned)
    size = models.plan.settings.size
    patches = np.stack(
        [cut_patches(image, maps[i], size=size) for i, (image, _) in enumerate(trained.frames)]
    )
    return models.predict(patches)[1]


def test_without_filters_a_frame_is_that_of_the_take(trained: SimpleNamespace) -> None:
    settings = merged(LiveSettings(), OFF)
    with make_live(trained, settings) as live:
        raw = np.array([frame.raw for frame in play(live, trained)])
    whole = offline_raw(trained.models, trained)
    scale = np.abs(whole).max()
    # A pixel that falls on the other side of a rounding is all that may differ.
    np.testing.assert_allclose(raw, whole, atol=1e-3 * scale)


def test_the_channels_act_as_they_do_on_the_take(trained: SimpleNamespace, tiny_run: SimpleNamespace) -> None:
    from facepatch.core.data.landmarks import LandmarkTrack
    from facepatch.pipelines.performance import FilmPerformance

    settings = merged(LiveSettings(), OFF)
    with make_live(trained, settings) as live:
        frames = play(live, trained)
    count = len(trained.points)
    track = LandmarkTrack(
        points=trained.points.astype(np.float32), confidence=np.ones((count, 56), np.float32),
        found=np.ones(count, bool), times=np.array([time for _, time in trained.frames]), rate=(24, 1),
        image_size=(96, 96), detector="beside",
    )  # fmt: skip
    film = SimpleNamespace(path=tiny_run.job.take)
    take = FilmPerformance(film, track, key="x").take  # type: ignore[arg-type]
    whole = settings.retarget
    offline = replace(
        whole,
        smoothing=0.0,
        brows=replace(whole.brows, smoothing=0.0),
        mouth=replace(whole.mouth, smoothing=0.0),
    )
    raw = np.array([frame.raw for frame in frames])
    options = {"models": trained.models, "settings": offline}
    clip = finish_clip(raw, take, trained.calibration, **options)
    bare = finish_clip(
        raw, take, trained.calibration, models=trained.models, settings=without_channels(offline)
    )
    weights = np.array([frame.weights for frame in frames])
    moved = np.abs(clip.weights - bare.weights).max()
    assert moved > 0
    # The units differ by a little: the neutral instead of the median of the take.
    assert np.abs(weights - clip.weights).max() < 0.15 * moved
    assert np.corrcoef((weights - bare.weights).ravel(), (clip.weights - bare.weights).ravel())[0, 1] > 0.99


def test_the_filters_calm_a_face_that_is_still(trained: SimpleNamespace) -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.05, (30, *trained.points[0].shape))
    frames = [(trained.frames[0][0], time) for _, time in trained.frames]
    still = SimpleNamespace(**{**vars(trained), "points": trained.points[0] + noise, "frames": frames})
    tremble = []
    for settings in (LiveSettings(), merged(LiveSettings(), OFF)):
        with make_live(still, settings) as live:
            weights = np.array([frame.weights for frame in play(live, still)])
        assert np.isfinite(weights).all()
        tremble.append(np.abs(np.diff(weights, 2, axis=0)).mean())
    assert tremble[0] < 0.5 * tremble[1]


def test_a_lost_face_is_flagged_held_and_eased(trained: SimpleNamespace) -> None:
    lost = set(range(5, 30))
    settings = merged(LiveSettings(), {"retarget": {"hold_s": 0.2, "ease_s": 0.3}})
    with make_live(trained, settings, lost) as live:
        frames = play(live, trained)
    flags = [frame.flags for frame in frames]
    assert not any(flag & NO_FACE for flag in flags[:5])
    assert flags[5] == NO_FACE | HELD
    np.testing.assert_array_equal(frames[5].weights, frames[4].weights)
    assert frames[5].raw is None
    assert flags[20] == NO_FACE | EASED
    np.testing.assert_allclose(frames[29].weights, neutral_weights(trained.models), atol=1e-5)
    np.testing.assert_allclose(frames[29].head_pose, np.eye(4), atol=1e-9)


def test_a_face_that_returns_is_eased_in(trained: SimpleNamespace) -> None:
    with make_live(trained, LiveSettings(), set(range(5, 9))) as live:
        frames = play(live, trained)
    assert frames[9].flags & EASED
    assert not frames[9].flags & NO_FACE
    assert not frames[-1].flags & EASED


def test_the_head_pose_starts_at_neutral(live: LiveRetarget, trained: SimpleNamespace) -> None:
    frames = play(live, trained)
    np.testing.assert_allclose(frames[0].head_pose, np.eye(4), atol=1e-9)
    turns = np.array([frame.head_pose[:3, :3] for frame in frames])
    np.testing.assert_allclose(
        turns @ np.swapaxes(turns, 1, 2), np.tile(np.eye(3), (len(turns), 1, 1)), atol=1e-9
    )


def test_every_frame_tells_where_its_time_went(live: LiveRetarget, trained: SimpleNamespace) -> None:
    live.warm_up()
    frame = live.push(*trained.frames[0])
    assert tuple(frame.stage_s) == STAGES
    assert frame.stage_s["networks"] > 0
    assert live.delay_s == pytest.approx(1 / (2 * np.pi * (2.0 + 120 * 0.09)))


def test_time_that_stands_still_is_refused(live: LiveRetarget, trained: SimpleNamespace) -> None:
    live.push(trained.frames[0][0], 1.0)
    with pytest.raises(InputError, match="Times must ascend"):
        live.push(trained.frames[1][0], 1.0)


def test_a_picture_of_another_kind_is_refused(live: LiveRetarget) -> None:
    with pytest.raises(ShapeError, match="image"):
        live.push(np.zeros((8, 8), np.uint8), 0.0)


def test_closing_closes_the_detector(trained: SimpleNamespace) -> None:
    detector = Beside(trained.points, set())
    with LiveRetarget(trained.models, trained.calibration, LiveSettings(), detector=detector):
        assert not detector.closed
    assert detector.closed
