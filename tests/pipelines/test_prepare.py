"""pipelines.prepare: which frames are learned from, and their patches on disk."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facepatch.core.data.pca import Pca
from facepatch.core.errors import JobCancelledError, StorageError
from facepatch.core.progress import Progress, silent
from facepatch.core.schema import to_dict
from facepatch.metrics.face_measures import MEASURES, measures_from_curves
from facepatch.pca.sources import ArrayFrames
from facepatch.pipelines import prepare as module
from facepatch.pipelines.performance import Performance, RenderedPerformance
from facepatch.pipelines.prepare import TrainingData, prepare_training, region_features, train_rows
from facepatch.pipelines.quality import held_out
from facepatch.pipelines.run import Job, make_pca, make_performance, make_subject
from facepatch.pipelines.settings import RunSettings
from facepatch.pipelines.store import Store
from facepatch.pipelines.subject import Subject, character_measures


class Made(SimpleNamespace):
    """A performance with lost frames, and a character in motion."""

    performance: Performance
    subject: Subject
    pca: Pca
    settings: RunSettings

    def prepared(self, out: Path, on_progress=silent, **settings) -> TrainingData:
        return prepare_training(
            self.performance, self.subject, self.pca, settings=replace(self.settings, **settings),
            store=Store(out), on_progress=on_progress,
        )  # fmt: skip


@pytest.fixture(scope="module")
def made(tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("prepare")
    film = tiny.write_film(folder / "lost.mp4", lost=slice(5, 9))
    job = Job(take=film, character=tiny.hero, motion=(tiny.motion,), picks=tiny.hero_picks)
    store = Store(folder / "OUT")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("facepatch.pipelines.performance.detect_landmarks", tiny.detect_beside)
        performance = make_performance(job, tiny_run.settings, store)
    subject, _ = make_subject(job, tiny_run.settings, store)
    pca, _ = make_pca(subject, tiny_run.settings, store)
    return Made(performance=performance, subject=subject, pca=pca, settings=tiny_run.settings)


def test_only_the_first_share_with_a_face_is_learned_from(made: Made) -> None:
    seen = [row for row in range(30) if not 5 <= row < 9]
    assert train_rows(made.performance, 1.0).tolist() == seen
    assert train_rows(made.performance, 0.5).tolist() == [row for row in seen if row < 15]
    assert train_rows(made.performance, 0.05).tolist() == [0, 1]


def test_the_patches_are_of_training_frames_and_the_weights_are_of_the_motion(
    made: Made, tmp_path: Path
) -> None:
    data = made.prepared(tmp_path, train_share=0.8)
    assert data.performer.shape == (len(data.performer_rows), 3, 32, 32, 3)
    assert set(data.performer_rows) <= set(train_rows(made.performance, 0.8).tolist())
    assert data.motion_frames == 30
    assert data.character.shape == (60, 3, 32, 32, 3)
    assert data.character_rows.max() < 30
    assert data.performer.std() > 10
    assert data.character.std() > 10
    assert data.performer_probability.sum() == pytest.approx(1.0, abs=1e-5)
    assert data.character_probability.sum() == pytest.approx(1.0, abs=1e-5)
    assert len(data.character_probability) == len(data.character_rows) <= made.settings.selection.count
    motion = made.pca.weights(made.subject.frames.block(0, 30))
    np.testing.assert_allclose(data.weights[:30], motion, atol=1e-4)
    assert np.abs(data.weights[30:, None] - motion[None]).max(-1).min() > 0.01  # expressions of their own
    for mask in (data.performer_mask, data.character_mask):
        assert mask.shape == (3, 32, 32)
        assert mask.max() > 0.5


def test_weights_of_another_space_are_not_taken_for_these(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.prepared(tmp_path)
    before = set((tmp_path / "stages").iterdir())
    made.prepared(tmp_path)
    assert set((tmp_path / "stages").iterdir()) == before
    monkeypatch.setattr("facepatch.pipelines.subject.BROW_REACH", 0.3)
    made.prepared(tmp_path)
    assert set((tmp_path / "stages").iterdir()) > before


def test_without_recombined_expressions_there_is_the_motion_alone(made: Made, tmp_path: Path) -> None:
    data = made.prepared(tmp_path, recombined=0.0)
    assert len(data.character) == len(data.weights) == data.motion_frames == 30


def test_a_rig_without_shapes_has_nothing_to_recombine(made: Made, tmp_path: Path) -> None:
    baked = ArrayFrames(made.subject.frames.block(0, 30))
    data = Made(**{**vars(made), "subject": replace(made.subject, frames=baked)}).prepared(tmp_path)
    assert len(data.character) == data.motion_frames == 30


def test_the_cut_patches_are_those_of_their_frames(made: Made, tmp_path: Path) -> None:
    data = made.prepared(tmp_path)
    to_patch = data.plan.frame_to_patch(
        made.performance.align(made.performance.take.neutral, made.settings.patches.align_sigma)
    )
    ((_, cut),) = made.performance.patches(to_patch, 32)
    np.testing.assert_array_equal(data.performer, cut[data.performer_rows])


def test_frames_that_judge_are_not_learned_from(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facepatch.pipelines.quality.ENOUGH", 20)
    monkeypatch.setattr("facepatch.pipelines.quality.LEAST", 4)
    monkeypatch.setattr("facepatch.pipelines.quality.PIECES", 1)
    data = made.prepared(tmp_path, validation_share=0.2)
    rows, judges = train_rows(made.performance, 1.0), data.validation
    assert judges.rows.tolist() == rows[held_out(len(rows), 0.2)].tolist()
    assert 4 <= len(judges.rows) <= 6
    assert judges.held_out.tolist() == [True, True]
    assert not set(data.performer_rows) & set(judges.rows.tolist())
    assert judges.motion_rows.tolist() == list(range(12, 18))
    assert np.flatnonzero(~data.character_learned).tolist() == list(range(12, 18))
    assert not set(data.character_rows) & set(range(12, 18))
    assert len(data.character) == len(data.weights) == 60
    # The patches of both kinds are those of their frames, though they are cut in one pass.
    to_patch = data.plan.frame_to_patch(
        made.performance.align(made.performance.take.neutral, made.settings.patches.align_sigma)
    )
    ((_, cut),) = made.performance.patches(to_patch, 32)
    np.testing.assert_array_equal(data.performer, cut[data.performer_rows])
    np.testing.assert_array_equal(judges.patches, cut[judges.rows])
    measures = made.performance.take.measures
    np.testing.assert_array_equal(judges.curves[:, 0], measures.mouth_open[judges.rows])
    low, high = np.quantile(measures.mouth_open[rows], [0.005, 0.995])
    assert judges.ranges[0, 0] == pytest.approx(high - low, rel=1e-4)


def test_expressions_are_recombined_from_frames_that_may_be_learned_from(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facepatch.pipelines.quality.ENOUGH", 20)
    monkeypatch.setattr("facepatch.pipelines.quality.LEAST", 4)
    monkeypatch.setattr("facepatch.pipelines.quality.PIECES", 1)
    seen: list[int] = []
    original = module.recombined
    monkeypatch.setattr(
        module,
        "recombined",
        lambda frames, count, *, seed: seen.append(frames.frame_count) or original(frames, count, seed=seed),
    )
    made.prepared(tmp_path, validation_share=0.2)
    assert seen == [24]


def test_of_few_frames_all_are_learned_from_and_judge(made: Made, tmp_path: Path) -> None:
    data = made.prepared(tmp_path)
    assert data.validation.held_out.tolist() == [False, False]
    assert data.validation.rows.tolist() == train_rows(made.performance, 1.0).tolist()
    assert data.validation.motion_rows.tolist() == list(range(30))
    assert data.character_learned.all()


def test_without_a_share_nothing_judges(made: Made, tmp_path: Path) -> None:
    data = made.prepared(tmp_path, validation_share=0.0)
    assert data.validation.patches.shape == (0, 3, 32, 32, 3)
    assert len(data.validation.rows) == len(data.validation.motion_rows) == 0
    assert data.character_learned.all()


def test_the_coverage_is_written_for_people_and_programs(made: Made, tmp_path: Path) -> None:
    data = made.prepared(tmp_path)
    written = json.loads((data.stage.folder / "coverage.json").read_text())
    names = {"mouth_open", "mouth_width", "eye_open_l", "eye_open_r", "brow"}
    assert set(written["coverage"]["features"]) == set(written["overlap_as_drawn"]) == names
    assert written["coverage"] == to_dict(data.coverage)
    assert set(data.coverage.warnings) <= set(data.sentences)
    assert len(set(data.sentences)) == len(data.sentences)


def test_a_habit_of_an_acting_character_is_not_taken_for_its_neutral(made: Made, tmp_path: Path) -> None:
    motion = made.subject.frames.block(0, 30)
    open_eyes = character_measures(made.subject, made.subject.landmark_motion())[0].eye_open_l
    half_shut = int(np.abs(open_eyes - (open_eyes.min() + open_eyes.max()) / 2).argmin())
    # Most of the time the lids are half shut; the character on the other side does just the same.
    habit = ArrayFrames(np.concatenate([motion, np.repeat(motion[half_shut : half_shut + 1], 60, 0)]))
    subject = replace(made.subject, frames=habit, key="habit")
    acted = RenderedPerformance(subject, makeup=made.settings.makeup, supersample=1)
    data = Made(**{**vars(made), "performance": acted, "subject": subject}).prepared(tmp_path)
    gap = acted.take.measures.eye_open_l
    left = [region.name for region in made.settings.patches.regions].index("eye_l")
    nearest = data.character_rows[data.partner_rows[:, left, 0]]
    apart = np.abs(gap[nearest] - gap[data.performer_rows])
    assert np.ptp(gap) > 0.05
    assert apart.max() < 0.1 * np.ptp(gap)


def test_a_mouth_rests_where_it_mostly_is_and_lids_at_the_neutral() -> None:
    habit = np.concatenate([np.full(40, 0.7), np.linspace(0.5, 1.0, 20)])
    measures = measures_from_curves(dict.fromkeys(MEASURES, habit), 1.0)
    features = region_features(measures, dict.fromkeys(MEASURES, 0.9))
    for name in ("mouth_open", "mouth_width"):
        np.testing.assert_allclose(features[name][:40], 0.5, atol=0.01)
    for name in ("eye_open_l", "eye_open_r", "brow_l", "brow_r"):
        assert features[name][:40].max() < 0.35
        assert features[name][np.abs(habit - 0.9).argmin()] == pytest.approx(0.5, abs=0.1)


def test_what_was_prepared_is_kept_until_something_changes(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made.prepared(tmp_path)
    monkeypatch.setattr(module, "_prepare", None)
    again = made.prepared(tmp_path)
    assert again.stage == first.stage
    np.testing.assert_array_equal(again.character, first.character)
    for changed in (
        {"train_share": 0.7},
        {"supersample": 2},
        {"validation_share": 0.2},
        {"patches": replace(made.settings.patches, margin=0.3)},
    ):
        with pytest.raises(TypeError, match="not callable"):
            made.prepared(tmp_path, **changed)


def test_a_preparation_that_was_stopped_is_done_again_and_gives_the_same(made: Made, tmp_path: Path) -> None:
    whole = made.prepared(tmp_path / "whole")

    def stop(progress: Progress) -> None:
        if progress.stage == "character renders" and progress.done:
            raise JobCancelledError("Stopped.")

    with pytest.raises(JobCancelledError):
        made.prepared(tmp_path / "stopped", on_progress=stop)
    assert not list((tmp_path / "stopped").rglob("done.json"))
    again = made.prepared(tmp_path / "stopped")
    np.testing.assert_array_equal(again.performer, whole.performer)
    np.testing.assert_array_equal(again.character, whole.character)
    np.testing.assert_array_equal(again.weights, whole.weights)


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot reserve room on a disk")
def test_a_disk_without_room_for_the_patches_is_told_before_they_are_made(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StorageError, match=r"performer\.npy: the disk is full\. Free some space"):
        made.prepared(tmp_path)
    assert not list(tmp_path.rglob("*.npy"))
    assert not list(tmp_path.rglob("done.json"))


def test_measures_at_rest_are_in_the_unit_of_the_motion(made: Made) -> None:
    measures, at_rest = character_measures(made.subject, made.subject.landmark_motion())
    assert measures.frame_count == 30
    still = np.repeat(made.subject.landmarks.positions(made.subject.character.neutral[None]), 30, 0)
    same, _ = character_measures(made.subject, still)
    assert same.at(0)["mouth_width"] == pytest.approx(at_rest["mouth_width"], rel=0.05)
    assert measures.mouth_open.max() > at_rest["mouth_open"] + 0.05
