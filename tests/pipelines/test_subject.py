"""pipelines.subject: a character, its landmarks, its motion and the PCA of it; each made once."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facepatch.core.data.character import read_character_record, write_character
from facepatch.core.data.clip import Clip
from facepatch.core.data.landmarks import landmark_indices
from facepatch.core.errors import InputError, TopologyError
from facepatch.pca.choose import PcaSettings
from facepatch.pca.sources import ArrayFrames, character_frames
from facepatch.pipelines import subject as module
from facepatch.pipelines.store import Store
from facepatch.pipelines.subject import (
    ChainedFrames,
    Subject,
    fit_subject_pca,
    prepare_character,
    read_subject,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "OUT")


def subject_of(tiny: SimpleNamespace, store: Store, *motions: Path, seed: int = 0) -> Subject:
    character, marks, stage = prepare_character(tiny.hero, picks=tiny.hero_picks, store=store)
    return read_subject(character, marks, stage=stage, motions=motions, seed=seed)


def write_motion(
    path: Path, tiny: SimpleNamespace, *, only: str = "", rate: int = 15, frames: int = 12
) -> Path:
    with np.load(tiny.motion) as stored:
        names, weights = stored["names"], stored["weights"][:frames].copy()
    weights[:, [only not in name for name in names]] = 0.0
    np.savez(path, names=names, weights=weights, rate=np.array([rate, 1]))
    return path


def write_vertices(path: Path, vertices: np.ndarray) -> Path:
    np.savez(path, vertices=vertices.astype(np.float32), unit_in_metres=np.float64(0.01))
    return path


def test_chained_sources_are_one_after_the_other() -> None:
    rng = np.random.default_rng(0)
    parts = [rng.standard_normal((count, 5, 3)).astype(np.float32) for count in (4, 1, 7)]
    chained = ChainedFrames(tuple(ArrayFrames(part) for part in parts))
    whole = np.concatenate(parts)
    assert (chained.frame_count, chained.vertex_count) == (12, 5)
    for start in range(12):
        for stop in range(start + 1, 13):
            np.testing.assert_array_equal(chained.block(start, stop), whole[start:stop])


def test_a_character_is_read_once(
    tiny: SimpleNamespace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, marks, stage = prepare_character(tiny.hero, picks=tiny.hero_picks, store=store)
    assert {"character.npz", "landmarks.json", "landmarks.png"} <= {
        path.name for path in stage.folder.iterdir()
    }
    monkeypatch.setattr(module, "read_character", None)
    again, same_marks, same = prepare_character(tiny.hero, picks=tiny.hero_picks, store=store)
    assert same == stage
    np.testing.assert_array_equal(first.deltas, again.deltas)
    np.testing.assert_array_equal(marks.triangle, same_marks.triangle)
    np.testing.assert_allclose(marks.barycentric, same_marks.barycentric, atol=1e-5)


def test_other_picks_or_another_character_make_another_stage(
    tiny: SimpleNamespace, store: Store, tmp_path: Path
) -> None:
    _, marks, stage = prepare_character(tiny.hero, picks=tiny.hero_picks, store=store)
    content = json.loads(tiny.hero_picks.read_text())
    content["landmarks"]["chin"] = 7
    (tmp_path / "moved.json").write_text(json.dumps(content))
    _, moved, other = prepare_character(tiny.hero, picks=tmp_path / "moved.json", store=store)
    assert other.key != stage.key
    assert 7 in moved.triangle[-1]
    assert 7 not in marks.triangle[-1]
    bigger = read_character_record(tiny.hero)
    write_character(tmp_path / "hero.npz", replace(bigger, neutral=1.01 * bigger.neutral))
    assert prepare_character(tmp_path / "hero.npz", picks=tiny.hero_picks, store=store)[2].key != stage.key


def test_a_character_without_shapes_needs_picks_or_motion(
    tiny: SimpleNamespace, store: Store, tmp_path: Path
) -> None:
    hero = read_character_record(tiny.hero)
    bare = replace(hero, shape_names=(), deltas=np.zeros((0, len(hero.neutral), 3), np.float32))
    write_character(tmp_path / "bare.npz", bare)
    with pytest.raises(InputError, match=r"bare\.npz: has neither shapes nor motion.*--picks"):
        prepare_character(tmp_path / "bare.npz", picks=None, store=store)
    character, marks, stage = prepare_character(tmp_path / "bare.npz", picks=tiny.hero_picks, store=store)
    with np.load(tiny.motion) as stored:
        vertices = hero.vertices(stored["weights"])
    found = read_subject(
        character, marks, stage=stage, motions=(write_vertices(tmp_path / "m.npz", vertices),)
    )
    assert found.frames.frame_count == len(vertices)
    np.testing.assert_allclose(found.frames.block(3, 5), vertices[3:5], atol=1e-4)


def test_motions_are_chained_in_the_order_given(tiny: SimpleNamespace, store: Store, tmp_path: Path) -> None:
    jaw = write_motion(tmp_path / "jaw.npz", tiny, only="jawOpen")
    subject = subject_of(tiny, store, tiny.motion, jaw)
    assert subject.frames.frame_count == 30 + 12
    with np.load(tiny.motion) as stored:
        expected = subject.character.vertices(stored["weights"][28:30])
    np.testing.assert_allclose(subject.frames.block(28, 30), expected, atol=1e-4)
    points = subject.landmark_motion()
    assert points.shape == (42, 56, 3)
    np.testing.assert_allclose(points[28:30], subject.landmarks.positions(expected), atol=1e-4)


def test_weights_and_vertices_may_be_mixed(tiny: SimpleNamespace, store: Store, tmp_path: Path) -> None:
    hero = read_character_record(tiny.hero)
    moved = np.stack([hero.neutral, hero.neutral + hero.deltas[3]])
    subject = subject_of(tiny, store, write_vertices(tmp_path / "m.npz", moved), tiny.motion)
    assert subject.frames.frame_count == 32
    np.testing.assert_allclose(subject.frames.block(0, 2), moved, atol=1e-4)
    assert [start for start, _ in subject.blocks(10)] == [0, 10, 20, 30]


def test_the_key_is_of_the_motions_content(tiny: SimpleNamespace, store: Store, tmp_path: Path) -> None:
    copied = tmp_path / "elsewhere.npz"
    copied.write_bytes(tiny.motion.read_bytes())
    jaw = write_motion(tmp_path / "jaw.npz", tiny, only="jawOpen")
    keys = [subject_of(tiny, store, motion).key for motion in (tiny.motion, copied, jaw)]
    assert keys[0] == keys[1] != keys[2]


def test_different_rates_are_told(tiny: SimpleNamespace, store: Store, tmp_path: Path) -> None:
    faster = write_motion(tmp_path / "fast.npz", tiny, rate=60)
    assert subject_of(tiny, store, tiny.motion).warnings == ()
    (sentence,) = subject_of(tiny, store, tiny.motion, faster).warnings
    assert "different frame rates [(15, 1), (60, 1)]; each frame counts once" in sentence


def test_without_motion_one_is_generated_by_the_seed(
    tiny: SimpleNamespace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(character, *, seed: int) -> Clip:
        weights = np.random.default_rng(seed).random((5, len(character.shape_names)), np.float32)
        return Clip(character.shape_names, weights, (30, 1))

    monkeypatch.setattr("facepatch.blendshapes.motion_script.generated_motion", short)
    first, same, other = (subject_of(tiny, store, seed=seed) for seed in (1, 1, 2))
    assert first.key == same.key != other.key
    np.testing.assert_array_equal(first.frames.block(0, 5), same.frames.block(0, 5))
    assert np.abs(first.frames.block(0, 5) - other.frames.block(0, 5)).max() > 0.01


def test_a_motion_of_another_mesh_is_refused(tiny: SimpleNamespace, store: Store, tmp_path: Path) -> None:
    motion = write_vertices(tmp_path / "other.npz", np.random.default_rng(0).random((3, 77, 3)))
    with pytest.raises(TopologyError, match="77 vertices"):
        subject_of(tiny, store, motion)


def test_the_pca_is_fitted_once_and_not_from_half_a_file(
    tiny: SimpleNamespace, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = subject_of(tiny, store, tiny.motion)
    stage = store.stage("pca", {})
    (stage.folder / "pca.npz").write_bytes(b"half")
    pca = fit_subject_pca(subject, PcaSettings(max_components=6), stage=stage)
    assert pca.component_count <= 6
    block = subject.frames.block(0, 30)
    away = np.linalg.norm(pca.vertices(pca.weights(block)) - block, axis=2)
    assert away.mean() < 0.2 * np.linalg.norm(block - block.mean(0), axis=2).mean()
    monkeypatch.setattr(module, "fit_pca_with_report", None)
    again = fit_subject_pca(subject, PcaSettings(max_components=6), stage=stage)
    np.testing.assert_array_equal(again.basis, pca.basis)


def test_a_region_that_the_motion_never_moves_is_told(
    tiny: SimpleNamespace, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jaw = subject_of(tiny, store, write_motion(tmp_path / "jaw.npz", tiny, only="jawOpen", frames=30))
    with caplog.at_level(logging.WARNING, "facepatch"):
        fit_subject_pca(jaw, PcaSettings(max_components=6), stage=store.stage("pca", {"of": "jaw"}))
    assert "The motion never moves the lids; nothing can be learned" in caplog.text


def test_one_brow_that_hardly_ever_leaves_the_other_is_kept(
    tiny: SimpleNamespace, store: Store, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    character, marks, stage = prepare_character(tiny.hero, picks=tiny.hero_picks, store=store)
    names = list(character.shape_names)
    weights = np.zeros((200, len(names)), np.float32)
    weights[:, names.index("jawOpen")], both = rng.uniform(0, 1, (2, 200))
    for side, height in (("Left", both.copy()), ("Right", both)):
        height[50] = 0.5 + 0.25 * (side == "Left")
        weights[:, names.index(f"browOuterUp{side}")] = height
    np.savez(tmp_path / "brows.npz", names=names, weights=weights, rate=np.array([15, 1]))
    subject = read_subject(character, marks, stage=stage, motions=(tmp_path / "brows.npz",))
    pca = fit_subject_pca(subject, PcaSettings(), stage=store.stage("pca", {"of": "brows"}))
    frame = subject.frames.block(50, 51)
    shown = pca.vertices(pca.weights(frame))
    apart = [
        points[0, landmark_indices("brow_l"), 1].mean() - points[0, landmark_indices("brow_r"), 1].mean()
        for points in (marks.positions(frame), marks.positions(shown))
    ]
    assert apart[0] > 0.05
    assert apart[1] == pytest.approx(apart[0], rel=0.1)


def test_a_motion_that_never_moves_is_refused(tiny: SimpleNamespace, store: Store, tmp_path: Path) -> None:
    still = subject_of(tiny, store, write_motion(tmp_path / "still.npz", tiny, only="nothing"))
    with pytest.raises(
        InputError, match=r"the motion never moves the mesh.*Give a motion that opens the mouth"
    ):
        fit_subject_pca(still, PcaSettings(), stage=store.stage("pca", {"of": "still"}))


def test_frames_of_weights_alone_take_the_exact_path(tiny: SimpleNamespace, store: Store) -> None:
    subject = subject_of(tiny, store, tiny.motion)
    with np.load(tiny.motion) as stored:
        clip = Clip(tuple(str(name) for name in stored["names"]), stored["weights"], (15, 1))
    assert type(subject.frames) is type(character_frames(subject.character, clip))
