"""evaluation.pair: one capture on two characters, and the bounds beside the result."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from facepatch.core.errors import InputError
from facepatch.evaluation.pair import ROWS, PairJob, evaluate_pair, table
from facepatch.pca.sources import ArrayFrames, SlicedFrames
from facepatch.pipelines.settings import RunSettings, read_settings
from facepatch.synthetic.face import make_character
from facepatch.synthetic.performance import make_performance


@pytest.fixture(scope="module")
def settings(tiny: SimpleNamespace) -> RunSettings:
    tiny_settings = read_settings(str(tiny.preset))
    weights = replace(
        tiny_settings.weights, channels=(8, 16, 32), hidden=(32,),
        loop=replace(tiny_settings.weights.loop, iterations=150, batch=16, learning_rate=5e-3, checkpoint_every=150),
    )  # fmt: skip
    return replace(tiny_settings, weights=weights)


@pytest.fixture(scope="module")
def job(tiny: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> PairJob:
    motion = tmp_path_factory.mktemp("pair") / "capture.npz"
    clip = make_performance(make_character(detail="low"), seconds=5.0, rate=(15, 1), seed=4)
    np.savez(motion, names=np.array(clip.names), weights=clip.weights, rate=np.array(clip.rate))
    return PairJob(
        tiny.double, tiny.hero, (motion,), source_picks=tiny.double_picks, target_picks=tiny.hero_picks
    )


@pytest.fixture(scope="module")
def judged(job: PairJob, settings: RunSettings, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    out = tmp_path_factory.mktemp("evaluated")
    return SimpleNamespace(out=out, errors=evaluate_pair(job, settings, out))


def fraction(judged: SimpleNamespace, row: str, region: str = "all") -> float:
    return judged.errors[row][region].fraction_of_mean_expression


def test_every_row_is_measured_in_every_region(judged: SimpleNamespace) -> None:
    assert tuple(judged.errors) == ROWS
    for row in ROWS:
        assert {"all", "lids", "lips"} <= set(judged.errors[row])
        for error in judged.errors[row].values():
            assert np.isfinite(error.mean_mm)
            assert error.p95_mm >= error.mean_mm * 0.5


def test_the_bounds_are_in_their_order(judged: SimpleNamespace) -> None:
    pca, own, mean = (fraction(judged, row) for row in ROWS[3:])
    assert pca < own < mean
    assert mean == pytest.approx(1.0)
    # A perfect reading of the weights gives the PCA bound: nothing retargeted may pass below it.
    for row in ROWS[:3]:
        assert fraction(judged, row) >= pca


def test_the_numbers_are_written_with_what_they_are_of(
    judged: SimpleNamespace, job: PairJob, settings: RunSettings
) -> None:
    written = json.loads((judged.out / "pair.json").read_text())
    assert (written["source"], written["target"], written["motion"]) == (
        "double.npz",
        "hero.npz",
        ["capture.npz"],
    )
    assert written["frames"] == 15  # the last fifth of 75
    assert set(written["errors"]) == set(ROWS)
    assert written["errors"][ROWS[0]]["all"]["mean_mm"] == judged.errors[ROWS[0]]["all"].mean_mm
    assert read_settings(str(judged.out / "settings.toml")) == settings
    image = cv2.imread(str(judged.out / "pair.png"))
    assert image is not None
    assert image.std() > 10


def test_the_table_has_a_line_per_row(judged: SimpleNamespace) -> None:
    lines = table(judged.errors).splitlines()
    assert [line.split("  ")[0].strip() for line in lines[1:]] == list(ROWS)
    assert "1.000" in lines[-1]


def test_a_held_out_capture_is_judged_instead_of_the_last_fifth(
    job: PairJob, tiny: SimpleNamespace, settings: RunSettings, judged: SimpleNamespace, tmp_path: Path
) -> None:
    quick = replace(
        settings, weights=replace(settings.weights, loop=replace(settings.weights.loop, iterations=1))
    )
    evaluate_pair(replace(job, motion=(tiny.motion,), held_out=job.motion), quick, tmp_path)
    written = json.loads((tmp_path / "pair.json").read_text())
    assert written["held_out"] == ["capture.npz"]
    assert written["frames"] == 75


def test_a_motion_that_plays_on_one_character_only_is_refused(
    job: PairJob, settings: RunSettings, tmp_path: Path
) -> None:
    vertices = np.random.default_rng(0).random((4, 12, 3)).astype(np.float32)
    np.savez(tmp_path / "other.npz", vertices=vertices)
    with pytest.raises(InputError, match="12 vertices"):
        evaluate_pair(replace(job, motion=(tmp_path / "other.npz",)), settings, tmp_path / "OUT")


def test_sliced_frames_are_the_middle_of_the_whole() -> None:
    vertices = np.random.default_rng(0).random((9, 4, 3)).astype(np.float32)
    part = SlicedFrames(ArrayFrames(vertices), 3, 8)
    assert (part.frame_count, part.vertex_count) == (5, 4)
    np.testing.assert_array_equal(part.block(1, 5), vertices[4:8])
