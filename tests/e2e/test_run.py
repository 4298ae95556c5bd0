"""One command from a film to everything that the issue promises, and a second take without training."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pxr import Usd, UsdGeom, UsdSkel

from facepatch.core.data.clip import read_clip
from facepatch.core.progress import Progress
from facepatch.pipelines.run import retarget, run
from facepatch.pipelines.settings import read_settings
from facepatch.readers import read_character
from facepatch.render.video import open_film

COMPUTED = {
    "landmarks", "pca", "performer patches", "character renders", "reenactment", "weights", "retarget",
}  # fmt: skip
"""Stages whose results are kept."""


def times_of(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()
    }


def test_the_clip_is_the_record_of_the_run(tiny_run: SimpleNamespace) -> None:
    clip = read_clip(tiny_run.out / "clip.npz")
    np.testing.assert_array_equal(clip.weights, tiny_run.clip.weights)
    assert clip.frame_count == 30
    assert clip.rate == (24, 1)
    assert clip.start_frame == 0
    assert clip.pca is not None
    assert clip.weights.shape == (30, clip.pca.component_count)
    assert clip.weights.std(0).max() > 0
    assert clip.flags is not None
    assert clip.valid is not None
    assert clip.valid.all()


def test_the_table_has_a_row_per_frame_and_the_clips_weights(tiny_run: SimpleNamespace) -> None:
    with (tiny_run.out / "weights.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(row["frame"]) for row in rows] == list(range(30))
    table = np.array([[float(row[name]) for name in tiny_run.clip.names] for row in rows], np.float32)
    np.testing.assert_array_equal(table, tiny_run.clip.weights)


def test_the_maya_scene_is_the_character_with_the_clips_shapes(tiny_run: SimpleNamespace) -> None:
    hero = read_character(tiny_run.job.character)
    scene = read_character(tiny_run.out / "character.ma")
    assert len(scene.neutral) == len(hero.neutral)
    assert len(scene.shape_names) == len(tiny_run.clip.names)
    text = (tiny_run.out / "character.ma").read_text()
    assert text.startswith("//Maya ASCII")
    assert text.count("createNode animCurve") >= len(tiny_run.clip.names)


def test_the_usd_scene_moves_for_as_long_as_the_take(tiny_run: SimpleNamespace) -> None:
    stage = Usd.Stage.Open(str(tiny_run.out / "character.usdc"))
    assert stage.GetFramesPerSecond() == 24
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (0, 29)
    meshes = [prim for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)]
    hero = read_character(tiny_run.job.character)
    assert sum(len(UsdGeom.Mesh(prim).GetPointsAttr().Get()) for prim in meshes) == len(hero.neutral)
    (animation,) = [UsdSkel.Animation(prim) for prim in stage.Traverse() if prim.IsA(UsdSkel.Animation)]
    assert len(animation.GetBlendShapeWeightsAttr().GetTimeSamples()) == 30


def test_the_film_side_by_side_has_every_frame(tiny_run: SimpleNamespace) -> None:
    film = open_film(tiny_run.out / "side_by_side.mp4")
    images = [frame.image for frame in film.frames()]
    assert film.rate == (24, 1)
    assert len(images) == 30
    assert min(image.std() for image in images) > 10


def test_the_report_stands_alone_and_says_the_same_as_its_numbers(tiny_run: SimpleNamespace) -> None:
    page = (tiny_run.out / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", page)
    assert page.count("data:image/") > 6
    numbers = json.loads((tiny_run.out / "report.json").read_text(encoding="utf-8"))
    assert numbers["title"] in page
    assert numbers["frame_count"] == 30
    assert [row["measure"] for row in numbers["agreement"]] == [
        "mouth opening", "mouth width", "left eye opening", "right eye opening", "brow height",
    ]  # fmt: skip
    assert len(numbers["coverage"]) == 5
    assert "reenactment: loss" in numbers["training"]
    assert {"character", "landmarks", "training", "retarget"} <= set(numbers["timings"])
    assert numbers["settings"]["patches"]["size"] == 32
    assert "facepatch" in numbers["versions"]


def test_nothing_is_said_twice_in_the_report(tiny_run: SimpleNamespace) -> None:
    warnings = json.loads((tiny_run.out / "report.json").read_text(encoding="utf-8"))["warnings"]
    assert warnings
    assert len({sentence[:40] for sentence in warnings}) == len(warnings)


def test_the_written_settings_give_the_same_settings_back(tiny_run: SimpleNamespace) -> None:
    for place in ("settings.toml", "models/settings.toml"):
        assert read_settings(str(tiny_run.out / place)) == tiny_run.settings


@pytest.mark.usefixtures("landmarks_beside")
def test_the_same_command_again_computes_nothing(tiny_run: SimpleNamespace, tmp_path: Path) -> None:
    out = Path(shutil.copytree(tiny_run.out, tmp_path / "OUT"))
    before = times_of(out / "stages")
    told: list[Progress] = []
    clip = run(replace(tiny_run.job, side_by_side=False), tiny_run.settings, out, on_progress=told.append)
    assert not COMPUTED & {report.stage for report in told}
    assert times_of(out / "stages") == before
    np.testing.assert_array_equal(clip.weights, tiny_run.clip.weights)


@pytest.mark.usefixtures("landmarks_beside")
def test_a_setting_of_retargeting_only_changes_retargeting(tiny_run: SimpleNamespace, tmp_path: Path) -> None:
    out = Path(shutil.copytree(tiny_run.out, tmp_path / "OUT"))
    settings = replace(tiny_run.settings, retarget=replace(tiny_run.settings.retarget, calibration="mean"))
    told: list[Progress] = []
    clip = run(replace(tiny_run.job, side_by_side=False), settings, out, on_progress=told.append)
    assert not COMPUTED & {report.stage for report in told}
    assert np.abs(clip.weights - tiny_run.clip.weights).max() > 1e-3
    assert read_settings(str(out / "settings.toml")) == settings


@pytest.mark.usefixtures("landmarks_beside")
def test_another_take_needs_the_models_and_nothing_else(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path
) -> None:
    shutil.copytree(tiny_run.out / "models", tmp_path / "OUT" / "models")
    told: list[Progress] = []
    job = replace(tiny_run.job, take=tiny.take2, character=tmp_path / "gone.npz", side_by_side=False)
    clip = retarget(tmp_path / "OUT", job, tmp_path / "OUT2", on_progress=told.append)
    assert {"landmarks", "retarget"} <= {report.stage for report in told}
    assert not {"reenactment", "weights", "pca", "character renders"} & {report.stage for report in told}
    assert [path.name for path in (tmp_path / "OUT").iterdir()] == ["models"]
    np.testing.assert_array_equal(read_clip(tmp_path / "OUT2" / "clip.npz").weights, clip.weights)
    assert np.abs(clip.weights - tiny_run.clip.weights).max() > 1e-3
    written = {path.name for path in (tmp_path / "OUT2").iterdir()}
    assert {
        "weights.csv",
        "character.ma",
        "character.usdc",
        "report.html",
        "report.json",
        "settings.toml",
    } <= written


@pytest.mark.usefixtures("landmarks_beside")
def test_the_take_that_was_trained_on_is_retargeted_to_the_same_clip(
    tiny_run: SimpleNamespace, tmp_path: Path
) -> None:
    job = replace(tiny_run.job, side_by_side=False)
    clip = retarget(tiny_run.out, job, tmp_path / "OUT2")
    np.testing.assert_array_equal(clip.weights, tiny_run.clip.weights)
    np.testing.assert_array_equal(clip.flags, tiny_run.clip.flags)
