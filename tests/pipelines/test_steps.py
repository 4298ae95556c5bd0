"""pipelines.steps: each stage as a job of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from facepatch.core.data.character import read_character_record, write_character
from facepatch.core.data.clip import Clip, read_clip, write_clip
from facepatch.core.data.landmarks import read_landmark_track
from facepatch.core.errors import TopologyError
from facepatch.core.progress import Progress
from facepatch.core.schema import to_dict
from facepatch.landmarks.picks import read_picks
from facepatch.pipelines import steps
from facepatch.readers import read_character
from facepatch.render.video import open_film


def picture(path: Path) -> np.ndarray:
    image = cv2.imread(str(path))
    assert image is not None
    assert image.std() > 5
    return image


def test_a_character_is_shown_with_its_landmarks_and_shapes(tiny: SimpleNamespace, tmp_path: Path) -> None:
    told = steps.character(tiny.hero, tiny.hero_picks, tmp_path)
    assert told.coverage is None
    assert not (tmp_path / "coverage.json").exists()
    found = read_character_record(tmp_path / "character.npz")
    wanted = read_picks(tiny.hero_picks, found)
    given = read_picks(tmp_path / "landmarks.json", found)
    np.testing.assert_array_equal(given.triangle, wanted.triangle)
    picture(tmp_path / "landmarks.png")
    rows = -(-(len(found.shape_names) + 1) // 8)
    height, width = picture(tmp_path / "shapes.png").shape[:2]
    assert width >= 8 * steps.TILE
    assert height >= rows * steps.TILE


def test_the_motion_of_a_character_is_measured_and_what_it_never_does_is_said(
    tiny: SimpleNamespace, tmp_path: Path
) -> None:
    reports: list[Progress] = []
    told = steps.character(
        tiny.hero, tiny.hero_picks, tmp_path, motions=[tiny.motion], on_progress=reports.append
    )
    assert told.coverage is not None
    assert json.loads((tmp_path / "coverage.json").read_text()) == to_dict(told.coverage)
    mouth = told.coverage.features["mouth_open"]
    assert mouth.high > mouth.rest + 0.05
    assert (reports[0].done, reports[-1].done, reports[-1].total) == (0, 3, 3)
    still = tmp_path / "still.npz"
    with np.load(tiny.motion) as motion:
        np.savez(still, names=motion["names"], weights=0 * motion["weights"], rate=motion["rate"])
    silent = steps.character(tiny.hero, tiny.hero_picks, tmp_path / "still", motions=[still])
    assert silent.coverage is not None
    assert any("never moves mouth_open" in sentence for sentence in silent.coverage.warnings)


@pytest.mark.usefixtures("landmarks_beside")
def test_landmarks_are_written_as_they_are_used_and_drawn(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path
) -> None:
    film = tiny.write_film(tmp_path / "lost.mp4", lost=slice(8, 12))
    warnings = steps.landmarks(replace(tiny_run.job, take=film), tiny_run.settings, tmp_path / "OUT")
    track = read_landmark_track(tmp_path / "OUT" / "landmarks.npz")
    true = np.load(tiny.beside(film))[:, 0]
    np.testing.assert_allclose(track.points[track.found], true[track.found], atol=0.5)
    assert any("8-11" in sentence for sentence in warnings)
    picture(tmp_path / "OUT" / "landmarks.png")


@pytest.mark.usefixtures("landmarks_beside")
def test_patches_are_shown_side_by_side(tiny_run: SimpleNamespace, tmp_path: Path) -> None:
    sentences = steps.patches(tiny_run.job, tiny_run.settings, tmp_path)
    assert sentences
    assert picture(tmp_path / "patches.png").shape == (10 * 32, 6 * 32, 3)


@pytest.mark.usefixtures("landmarks_beside")
def test_training_alone_gives_the_models_of_a_whole_run(tiny_run: SimpleNamespace, tmp_path: Path) -> None:
    steps.train(tiny_run.job, tiny_run.settings, tmp_path)
    assert not (tmp_path / "clip.npz").exists()
    for name in ("reenactment", "weights"):
        made, wanted = (out / "models" / name / "weights.safetensors" for out in (tmp_path, tiny_run.out))
        assert made.read_bytes() == wanted.read_bytes()
    assert (tmp_path / "settings.toml").read_text() == (tiny_run.out / "settings.toml").read_text()


def test_a_clip_is_rendered_on_its_character(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path
) -> None:
    steps.render(tiny_run.out / "clip.npz", tiny.hero, tmp_path, size=64)
    film = open_film(tmp_path / "character.mp4")
    assert film.size == (64, 64)
    assert film.rate == (24, 1)
    images = [frame.image.astype(int) for frame in film.frames()]
    assert len(images) == 30
    assert images[0].std() > 10


def test_the_head_turns_with_the_clip_unless_it_is_told_to_keep_still(
    tiny: SimpleNamespace, tmp_path: Path
) -> None:
    hero = read_character_record(tiny.hero)
    pose = np.tile(np.eye(4), (2, 1, 1))
    pose[1, :3, :3] = cv2.Rodrigues(np.array([0.0, 0.6, 0.0]))[0]
    weights = np.zeros((2, len(hero.shape_names)), np.float32)
    write_clip(tmp_path / "clip.npz", Clip(hero.shape_names, weights, (24, 1), head_pose=pose))
    moved = []
    for turning in (True, False):
        steps.render(tmp_path / "clip.npz", tiny.hero, tmp_path, size=64, with_head_pose=turning)
        first, second = (frame.image.astype(int) for frame in open_film(tmp_path / "character.mp4").frames())
        moved.append(np.abs(first - second).mean())
    assert moved[0] > 2
    assert moved[1] < 0.2


def test_a_clip_is_exported_from_the_frame_asked_for(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path
) -> None:
    steps.export(tiny_run.out / "clip.npz", tiny.hero, tmp_path, start_frame=1001)
    assert len(read_character(tmp_path / "character.ma").neutral) == len(
        read_character_record(tiny.hero).neutral
    )
    assert (tmp_path / "weights.csv").read_text().splitlines()[1].startswith("1001,")
    assert (tmp_path / "character.usdc").stat().st_size > 1000
    assert read_clip(tiny_run.out / "clip.npz").start_frame == 0


@pytest.mark.parametrize("job", [steps.render, steps.export])
def test_a_clip_of_another_head_is_refused(job, tiny_run: SimpleNamespace, tmp_path: Path) -> None:
    from facepatch.synthetic.face import make_character

    write_character(tmp_path / "other.npz", with_one_more(make_character(name="other", detail="low")))
    with pytest.raises(
        TopologyError, match=r"clip\.npz: is a clip of a head with \d+ vertices, other has \d+"
    ):
        job(tiny_run.out / "clip.npz", tmp_path / "other.npz", tmp_path / "OUT")
    assert not (tmp_path / "OUT").exists()


def with_one_more(character):
    """`character` with one vertex more, which no polygon uses."""
    from facepatch.core.data.mesh import Topology

    more = np.concatenate([character.neutral, character.neutral[:1]])
    deltas = np.concatenate([character.deltas, character.deltas[:, :1]], axis=1)
    topology = Topology(len(more), character.topology.polygon_counts, character.topology.polygon_vertices)
    return replace(character, neutral=more, deltas=deltas, topology=topology, meshes=())
