"""pipelines.outputs: exports, the film side by side, and the numbers of the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.clip import EASED, HELD, NO_FACE, Clip
from facepatch.core.errors import StorageError
from facepatch.metrics.face_measures import MEASURES, FaceMeasures
from facepatch.pipelines import outputs
from facepatch.pipelines.models import Models, load_models
from facepatch.pipelines.outputs import (
    character_pictures,
    draw_overlay,
    in_step,
    mesh_measures,
    report_data,
    take_rows,
    telling_frames,
    versions,
    write_exports,
    write_side_by_side,
)
from facepatch.pipelines.performance import FilmPerformance
from facepatch.pipelines.run import make_performance
from facepatch.pipelines.store import Store
from facepatch.render.video import open_film


@pytest.fixture(scope="module")
def models(tiny_run: SimpleNamespace) -> Models:
    return load_models(tiny_run.out / "models")


@pytest.fixture
def performance(tiny_run: SimpleNamespace) -> FilmPerformance:
    # The landmarks are kept in the finished run, so that nothing is detected here.
    found = make_performance(tiny_run.job, tiny_run.settings, Store(tiny_run.out))
    assert isinstance(found, FilmPerformance)
    return found


@pytest.fixture
def slowing(performance: FilmPerformance) -> FilmPerformance:
    """The same take as if it were filmed with 24 frames a second for half of it, and 12 from there on."""
    times = np.concatenate([np.arange(15) / 24, 15 / 24 + np.arange(15) / 12])
    performance.take = replace(performance.take, times=times, rate=(24, 1))
    return performance


def resampled(performance: FilmPerformance, clip: Clip) -> Clip:
    """`clip` with the latest of its frames at each instant of the constant rate."""
    count = round(performance.take.times[-1] * 24) + 1
    rows = np.searchsorted(performance.take.times, np.arange(count) / 24 + 1e-6, side="right") - 1
    return replace(
        clip,
        weights=clip.weights[rows],
        flags=np.zeros(count, np.uint8),
        times=None,
        valid=None,
        head_pose=None,
    )


def data_of(performance: FilmPerformance, clip: Clip, models: Models, **options: Any) -> Any:
    given: dict[str, Any] = {
        "settings": {},
        "timings": {},
        "held_out_start": None,
        "coverage": None,
        "curves": {},
        "out": Path("nowhere"),
    }
    return report_data(performance, clip, models, **{**given, "warnings": (), **options})


def test_an_exact_copy_of_the_performer_agrees_with_him_whatever_the_rate_of_his_film(
    slowing: FilmPerformance, tiny_run: SimpleNamespace, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = resampled(slowing, tiny_run.clip)
    assert clip.frame_count > 40
    rows = take_rows(clip, slowing.take)
    copied = slowing.take.measures.select(rows)
    points, _, at_rest = mesh_measures(clip, models)
    monkeypatch.setattr(outputs, "mesh_measures", lambda clip, models: (points, copied, at_rest))
    data = data_of(slowing, clip, models, held_out_start=20)
    assert [row.r_train for row in data.agreement] == pytest.approx([1.0] * 5)
    assert [row.r_held_out for row in data.agreement] == pytest.approx([1.0] * 5)
    assert data.agreement[0].n_train == int((rows < 20).sum())
    assert data.agreement[0].n_train + data.agreement[0].n_held_out == clip.frame_count
    assert len(data.agreement[0].performer) == len(data.agreement[0].character) == clip.frame_count


def test_the_frames_of_a_take_that_a_clip_shows_are_the_nearest_in_time(
    slowing: FilmPerformance, tiny_run: SimpleNamespace, models: Models
) -> None:
    rows = take_rows(tiny_run.clip, slowing.take)
    at = np.arange(len(rows)) / 24
    nearest = np.abs(slowing.take.times[None] - at[:, None]).argmin(1)
    away = np.abs(slowing.take.times[rows] - at)
    np.testing.assert_allclose(away, np.abs(slowing.take.times[nearest] - at), atol=1e-9)


def test_frames_in_step_are_repeated_and_left_out_as_asked() -> None:
    assert list(in_step(iter("abcdef"), np.array([0, 0, 1, 4, 4, 5]))) == list("aabeef")
    assert list(in_step(iter("abc"), np.array([1, 2, 3, 4]))) == list("bc")


def test_the_film_side_by_side_keeps_step_with_the_take_whatever_its_rate(
    slowing: FilmPerformance, tiny_run: SimpleNamespace, models: Models, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    clip = resampled(slowing, tiny_run.clip)
    shown: list[tuple[np.ndarray, np.ndarray]] = []

    def composed(image: np.ndarray, patches: np.ndarray, **parts: Any) -> np.ndarray:
        shown.append((image, patches))
        return np.zeros((16, 16, 3), np.uint8)

    monkeypatch.setattr(outputs, "compose_frame", composed)
    write_side_by_side(tmp_path / "film.mp4", slowing, clip, models)
    assert open_film(tmp_path / "film.mp4").frame_count == len(shown) == clip.frame_count
    frames = [frame.image for frame in slowing.film.frames()]
    rows = take_rows(clip, slowing.take)
    assert np.bincount(rows).max() == 2
    for (image, _), row in zip(shown, rows, strict=True):
        np.testing.assert_array_equal(image, frames[row])
    for (_, first), (_, second), step in zip(shown, shown[1:], np.diff(rows)):
        assert np.array_equal(first, second) == (step == 0)


def test_the_character_is_drawn_in_every_frame(tiny_run: SimpleNamespace, models: Models) -> None:
    clip = replace(tiny_run.clip, flags=None, valid=None, times=None, head_pose=None)
    images = list(character_pictures(clip, models, size=64))
    assert len(images) == clip.frame_count
    assert {image.shape for image in images} == {(64, 64, 3)}
    assert all(image.std() > 10 for image in images)


def test_the_measures_of_a_clip_are_those_of_its_mesh(tiny_run: SimpleNamespace, models: Models) -> None:
    points, measures, at_rest = mesh_measures(tiny_run.clip, models)
    assert points.shape == (tiny_run.clip.frame_count, 56, 3)
    open_gaps = {side: at_rest[f"eye_open_{side}"] for side in ("l", "r")}
    assert measures.frame_count == tiny_run.clip.frame_count
    assert min(open_gaps.values()) > 0.02
    neutral = replace(
        tiny_run.clip, weights=np.repeat(models.pca.weights(models.character.neutral[None]), 30, 0)
    )
    still = mesh_measures(neutral, models)[1]
    np.testing.assert_allclose(still.eye_open_l, open_gaps["l"], rtol=0.05)


def test_the_report_lists_frames_without_a_face(
    performance: FilmPerformance, tiny_run: SimpleNamespace, models: Models
) -> None:
    flags = np.zeros(30, np.uint8)
    flags[4:6], flags[6], flags[20] = NO_FACE | HELD, NO_FACE | EASED, HELD
    data = data_of(performance, replace(tiny_run.clip, flags=flags), models, warnings=("Mind the gap.",))
    assert data.no_face == (4, 5, 6)
    assert data.held == (4, 5, 20)
    assert data.eased == (6,)
    assert data.warnings[0] == "Mind the gap."
    assert data.title == "take on hero"
    assert len(data.patches) == len(data.film_strip) * 3


def still(frames: int) -> FaceMeasures:
    return FaceMeasures(**{name: np.zeros(frames, np.float32) for name in MEASURES}, inter_ocular=1.0)


def test_telling_frames_show_the_extremes_and_have_a_face() -> None:
    measures = replace(
        still(50), mouth_open=np.arange(50, dtype=np.float32), eye_open_l=np.arange(50, 0, -1.0)
    )
    found = np.ones(50, bool)
    found[45:] = False
    rows = telling_frames(measures, found)
    assert (np.diff(rows) > 0).all()
    assert found[rows].all()
    assert rows.max() >= 43
    assert telling_frames(measures, np.zeros(50, bool)).size == 0
    assert telling_frames(still(1), np.ones(1, bool)).tolist() == [0]


def test_the_overlay_is_large_enough_to_see_and_marks_what_it_says() -> None:
    image = np.zeros((60, 80, 3), np.uint8)
    same = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    to_patch = np.array([[[1.0, 0, -20], [0, 1.0, -10]]])
    out = draw_overlay(image, np.array([[40.0, 30.0]]), to_patch, same, 32)
    assert out.shape == (480, 640, 3)
    assert (out[240, 320] == (255, 190, 40)).all()
    assert out[80 + 100, 160 - 2 : 160 + 3, 1].max() > 100
    assert not out[20:60, 20:120].any()
    assert not image.any()


def test_the_exports_are_whole_or_absent(
    tiny_run: SimpleNamespace, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_exports(tiny_run.clip, models, tmp_path)
    names = {"clip.npz", "weights.csv", "character.ma", "character.usdc"}
    assert {path.name for path in tmp_path.iterdir()} == names
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(descriptor: int) -> Iterator[None]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="the disk is full"):
        write_exports(tiny_run.clip, models, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_versions_name_what_decides_the_numbers() -> None:
    found = versions()
    assert {"facepatch", "torch", "numpy", "mediapipe"} <= found.keys()
    assert all(text[0].isdigit() for text in found.values())
