"""pipelines.performance: a film, or another character, as the performer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facepatch.core.progress import Progress
from facepatch.geometry.affine import transform
from facepatch.landmarks.detector import LandmarkSettings
from facepatch.landmarks.head_pose import HeadPoseSettings
from facepatch.landmarks.steady import SteadySettings
from facepatch.patches.makeup import MakeupSettings
from facepatch.pipelines import performance as module
from facepatch.pipelines.performance import (
    FilmPerformance,
    RenderedPerformance,
    film_performance,
    render_rows,
    tracked,
)
from facepatch.pipelines.store import Stage, Store
from facepatch.pipelines.subject import Subject, prepare_character, read_subject
from facepatch.render.camera import front_view, head_view


def filmed(
    path: Path,
    store: Store,
    *,
    rate: tuple[int, int] | None = None,
    landmarks: LandmarkSettings = LandmarkSettings(),
) -> tuple[FilmPerformance, Stage]:
    return film_performance(
        path, landmarks=landmarks, steadying=SteadySettings(), pose=HeadPoseSettings(), store=store, rate=rate
    )


@pytest.fixture
def film(tiny: SimpleNamespace, tmp_path: Path, landmarks_beside: None) -> FilmPerformance:
    return filmed(tiny.film, Store(tmp_path / "OUT"))[0]


@pytest.fixture(scope="module")
def subject(tiny: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    store = Store(tmp_path_factory.mktemp("acting"))
    character, marks, stage = prepare_character(tiny.double, picks=tiny.double_picks, store=store)
    return read_subject(character, marks, stage=stage, motions=(tiny.motion,))


@pytest.fixture(scope="module")
def acted(subject: Subject) -> RenderedPerformance:
    return RenderedPerformance(subject, makeup=MakeupSettings(), supersample=1)


@pytest.mark.usefixtures("landmarks_beside")
def test_landmarks_are_found_once_per_film_rate_and_settings(
    tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "OUT")
    first, stage = filmed(tiny.film, store)
    others = [
        filmed(tiny.take2, store),
        filmed(tiny.film, store, rate=(25, 1)),
        filmed(tiny.film, store, landmarks=LandmarkSettings(face="left")),
    ]
    assert len({stage.key, *(other.key for _, other in others)}) == 4
    assert len({first.take.key, *(other.take.key for other, _ in others)}) == 4
    monkeypatch.setattr(module, "detect_landmarks", None)
    again, kept = filmed(tiny.film, store)
    assert kept == stage
    assert again.take.key == first.take.key
    np.testing.assert_array_equal(again.take.points, first.take.points)


def test_a_film_says_its_rate_and_where_its_landmarks_are(
    film: FilmPerformance, tiny: SimpleNamespace
) -> None:
    assert film.take.name == "take"
    assert film.take.rate == (24, 1)
    np.testing.assert_allclose(film.take.times, np.arange(30) / 24, atol=1e-3)
    true = np.load(tiny.beside(tiny.film))[:, 0]
    assert np.linalg.norm(film.take.points - true, axis=2).mean() < 1.0
    assert film.take.found.all()
    assert set(film.take.rest) <= set(range(30))


@pytest.mark.parametrize("block", [1, 7, 64])
def test_patches_come_in_order_and_do_not_depend_on_the_block(
    film: FilmPerformance, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_patch = np.tile(np.array([[[0.5, 0.0, -10.0], [0.0, 0.5, -12.0]]]), (30, 2, 1, 1))
    to_patch[:, 1, 0, 2] += np.arange(30) / 3
    whole = [(rows.copy(), images.copy()) for rows, images in film.patches(to_patch, 32)]
    monkeypatch.setattr(module, "BLOCK", block)
    parts = list(film.patches(to_patch, 32))
    assert max(len(rows) for rows, _ in parts) <= block
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in parts]), np.arange(30))
    images = np.concatenate([images for _, images in parts])
    np.testing.assert_array_equal(images, np.concatenate([images for _, images in whole]))
    some = list(film.patches(to_patch, 32, rows=np.array([2, 3, 11, 29])))
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in some]), [2, 3, 11, 29])
    np.testing.assert_array_equal(np.concatenate([cut for _, cut in some]), images[[2, 3, 11, 29]])
    assert list(film.patches(to_patch, 32, rows=np.array([], int))) == []


def test_pictures_of_some_frames_are_those_frames(film: FilmPerformance) -> None:
    everything = [image for _, image, _ in film.pictures()]
    assert len(everything) == 30
    for number, image, to_pixels in film.pictures(np.array([4, 17])):
        np.testing.assert_array_equal(image, everything[number])
        np.testing.assert_array_equal(to_pixels, [[1, 0, 0], [0, 1, 0]])


def test_alignment_takes_the_sway_of_the_head_away(film: FilmPerformance) -> None:
    aligned = transform(film.align(film.take.neutral, 0.0), film.take.points)
    nose = [film.take.points[:, 46, 0], aligned[:, 46, 0]]
    unit = np.linalg.norm(film.take.neutral[0] - film.take.neutral[8])
    assert nose[0].std() > 0.08 * unit
    assert nose[1].std() < 0.02 * unit


def test_a_character_acts_in_the_same_terms_as_a_film(acted: RenderedPerformance, subject: Subject) -> None:
    take = acted.take
    assert take.frame_count == 30
    assert take.rate == (15, 1)
    assert take.found.all()
    assert take.head_pose is None
    np.testing.assert_allclose(take.times, np.arange(30) / 15)
    same = acted.align(take.neutral, 2.0)
    np.testing.assert_array_equal(transform(same, take.points), take.points)
    assert np.linalg.norm(take.points - take.neutral, axis=2).max(0).argmax() > 0


def test_the_picture_of_an_acting_character_shows_its_landmarks_where_they_are(
    acted: RenderedPerformance, subject: Subject
) -> None:
    view = head_view(subject.character, size=(480, 480))
    for number, image, to_pixels in acted.pictures(np.array([0, 9, 29])):
        assert image.shape == (480, 480, 3)
        expected = transform(view, acted.positions[number, :, :2])
        np.testing.assert_allclose(transform(to_pixels, acted.take.points[number]), expected, atol=1e-3)


def test_patches_of_an_acting_character_do_not_depend_on_which_are_asked_for(
    acted: RenderedPerformance,
) -> None:
    to_patch = np.array([[[[60.0, 0, 10], [0, 60.0, 10]]]]).repeat(30, 0)
    ((numbers, whole),) = acted.patches(to_patch, 32)
    np.testing.assert_array_equal(numbers, np.arange(30))
    assert whole.shape == (30, 1, 32, 32, 3)
    ((numbers, some),) = acted.patches(to_patch, 32, rows=np.array([1, 28]))
    np.testing.assert_array_equal(numbers, [1, 28])
    np.testing.assert_array_equal(some, whole[[1, 28]])


def test_makeup_belongs_to_the_key_and_to_the_pictures(subject: Subject) -> None:
    bare, made_up = (
        RenderedPerformance(subject, makeup=MakeupSettings(use=use), supersample=1) for use in ("off", "on")
    )
    assert bare.take.key != made_up.take.key
    pictures = [next(iter(each.pictures(np.array([0]))))[1] for each in (bare, made_up)]
    assert np.abs(pictures[0].astype(int) - pictures[1]).max() > 30


def test_scattered_frames_are_rendered_as_neighbours_are(
    acted: RenderedPerformance, subject: Subject
) -> None:
    view = front_view(subject.character.neutral, size=(48, 48)).astype(np.float64)[None]
    options = {"views": view, "size": (48, 48), "supersample": 1, "makeup": None}
    rows = np.array([0, 29])
    far = render_rows(subject, acted.look, rows, points=acted.positions[rows, :, :2], **options)
    rows = np.arange(30)
    near = render_rows(subject, acted.look, rows, points=acted.positions[rows, :, :2], **options)
    np.testing.assert_array_equal(far, near[[0, 29]])


def test_progress_counts_frames() -> None:
    told: list[Progress] = []
    blocks = [(np.arange(3), np.zeros((3, 1))), (np.arange(3, 5), np.zeros((2, 1)))]
    assert len(list(tracked(iter(blocks), "cutting", 5, told.append))) == 2  # pyright: ignore[reportArgumentType]
    assert [(report.stage, report.done, report.total) for report in told] == [
        ("cutting", 0, 5), ("cutting", 3, 5), ("cutting", 5, 5),
    ]  # fmt: skip


def test_a_lost_face_is_not_found_and_has_no_say_in_the_rest(
    tiny: SimpleNamespace, tmp_path: Path, landmarks_beside: None
) -> None:
    path = tiny.write_film(tmp_path / "lost.mp4", lost=slice(8, 12))
    take = filmed(path, Store(tmp_path / "OUT"))[0].take
    assert np.flatnonzero(~take.found).tolist() == [8, 9, 10, 11]
    assert not set(take.rest) & {8, 9, 10, 11}
    assert np.isfinite(take.points).all()
    assert "the face is not found in 4 of 30 frames: 8-11" in " ".join(take.warnings)
    assert replace(take, name="x").frame_count == 30
