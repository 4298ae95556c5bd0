"""pipelines.settings: defaults < preset < the caller's values, and back to TOML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from facepatch.core.errors import ConfigError, UnknownNameError
from facepatch.landmarks.detector import LandmarkSettings
from facepatch.patches.regions import FIVE, PatchSettings
from facepatch.pipelines.settings import (
    RunSettings,
    preset_names,
    read_preset,
    read_settings,
    seeded,
    toml_text,
)


def written(folder: Path, text: str | bytes) -> str:
    path = folder / "mine.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_the_presets_of_the_help_come_along() -> None:
    assert {"demo", "full", "paper", "preview"} <= set(preset_names())


@pytest.mark.parametrize("name", preset_names())
def test_the_written_settings_of_every_preset_give_the_same_settings_back(name: str, tmp_path: Path) -> None:
    settings = read_settings(name, {"seed": 3})
    assert read_settings(written(tmp_path, toml_text(settings))) == settings


def test_names_paths_and_regions_survive_writing(tmp_path: Path) -> None:
    settings = replace(
        RunSettings(),
        landmarks=LandmarkSettings(detector="onnx", model='C:\\models\\the "best" é.onnx'),
        patches=PatchSettings(regions=FIVE, align_sigma=1e-7, ratio_limits=(0.5, 2.0)),
    )
    assert read_settings(written(tmp_path, toml_text(settings))) == settings


def test_the_callers_values_beat_the_preset_which_beats_the_defaults(tmp_path: Path) -> None:
    mine = written(tmp_path, "supersample = 1\n[reenactment.loop]\niterations = 7\nbatch = 3\n")
    settings = read_settings(mine, {"reenactment": {"loop": {"batch": 5}}})
    assert (settings.supersample, settings.reenactment.loop.iterations, settings.reenactment.loop.batch) == (
        1,
        7,
        5,
    )
    assert settings.weights == RunSettings().weights


def test_one_seed_reaches_every_part() -> None:
    settings = seeded(RunSettings(), 11)
    parts = (settings, settings.pca, settings.selection, settings.reenactment.loop, settings.weights.loop)
    assert [part.seed for part in parts] == [11] * 5
    assert read_settings("preview", {"seed": 11}).weights.loop.seed == 11


def test_the_preset_of_the_paper_has_nothing_that_the_paper_has_not() -> None:
    paper = read_settings("paper")
    assert paper.retarget.calibration == "none"
    assert paper.retarget.lids.strength == paper.retarget.smoothing == 0.0
    assert paper.reenactment.mask_weight == paper.weights.gap_weight == paper.weights.vertex_weight == 0.0
    assert not paper.reenactment.grey_input


def test_a_preset_holds_only_what_differs() -> None:
    assert read_preset("full")["weights"]["loop"] == {
        "iterations": 12000,
        "learning_rate": 3e-4,
        "checkpoint_every": 500,
        "check_every": 500,
    }
    with pytest.raises(UnknownNameError, match=r"there is no 'preveiw'\. Nearest: preview"):
        read_preset("preveiw")


def test_an_unknown_preset_is_a_wrong_setting_with_the_nearest_names() -> None:
    with pytest.raises(
        ConfigError, match=r"preset: there is no 'preveiw'\. Nearest: preview.*path of a \.toml file"
    ):
        read_settings("preveiw")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("supersampel = 1", r"mine\.toml: unknown key 'supersampel'\. Did you mean 'supersample'\?"),
        (
            "[weights.loop]\niteratoins = 1",
            r"weights\.loop: unknown key 'iteratoins'\. Did you mean 'iterations'",
        ),
        ("supersample = 1.5", r"supersample: needs int, got 1\.5"),
        ("supersample = 9", r"supersample: 9 lies outside 1\.\.4"),
        ("validation_share = 0.6", r"validation_share: 0\.6 lies outside 0\.\.0\.5"),
        ("train_share = 0.0", r"train_share: 0\.0 lies outside 0\.05\.\.1"),
        ("patches = 3", r"patches: needs a table of settings, got 3"),
        ("[patches]\nsize = 40", r"patches\.size: 40 is not a multiple of 16"),
        ("[retarget]\ncalibration = 'median'", r"calibration: 'median' is not one of neutral, mean, none"),
        (
            "[patches]\nregions = [{name = 'lip', elements = ['lip_outer']}]",
            r"landmark: there is no 'lip_outer'\. Nearest: lips_outer",
        ),
        ("supersample: 1", r"mine\.toml: is no TOML"),
        (b"name = '\xff'", r"mine\.toml: is no TOML"),
    ],
)
def test_settings_that_do_not_fit_are_refused(text: str | bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_settings(written(tmp_path, text))


def test_a_preset_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"gone\.toml: cannot be read \(No such file.*Give the path of a TOML file"
    ):
        read_settings(str(tmp_path / "gone.toml"))
