"""The verbs of the main job, from the command line to the files that they name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facepatch.cli.job import parse_settings
from facepatch.cli.main import main
from facepatch.core.data.clip import read_clip
from facepatch.core.errors import ConfigError
from facepatch.render.video import open_film

pytestmark = pytest.mark.usefixtures("landmarks_beside")


@pytest.fixture
def job(tiny: SimpleNamespace) -> list[str]:
    """The flags of a whole job on the tiny take and character."""
    return [
        str(tiny.film), "--character", str(tiny.hero), "--motion", str(tiny.motion), "--picks", str(tiny.hero_picks),
        "--preset", str(tiny.preset),
    ]  # fmt: skip


def done(capsys: pytest.CaptureFixture[str], words: Sequence[str | Path]) -> dict[str, str]:
    """Run a verb that must succeed. Returns the files that it names, with what it says of them."""
    assert main([str(word) for word in words]) == 0
    first, *lines = capsys.readouterr().out.split("Done. Open:")[1].splitlines()
    assert not first
    named = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines}
    assert all(Path(name).exists() for name in named)
    return {Path(name).name: text for name, text in named.items()}


def events(capsys: pytest.CaptureFixture[str], words: Sequence[str | Path]) -> list[dict[str, Any]]:
    """Run a verb with --json. Returns what it prints."""
    assert main([*(str(word) for word in words), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_train_then_run_trains_once(
    job: list[str], tiny_run: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(done(capsys, ["train", *job, "--out", tmp_path])) == {"models"}
    told = events(capsys, ["run", *job, "--out", tmp_path])
    stages = {event.get("stage") for event in told}
    assert not {"reenactment", "weights", "landmarks", "character renders"} & stages
    assert {"export", "side by side", "report"} <= stages
    result = told[-1]
    assert result["event"] == "result"
    assert result["out"] == str(tmp_path)
    assert [Path(name).name for name in result["files"]] == [
        "report.html", "clip.npz", "weights.csv", "character.ma", "character.usdc", "side_by_side.mp4", "report.json",
        "settings.toml",
    ]  # fmt: skip
    np.testing.assert_array_equal(read_clip(tmp_path / "clip.npz").weights, tiny_run.clip.weights)


def test_run_with_a_character_as_the_performer_and_settings_of_ones_own(
    tiny: SimpleNamespace, job: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = done(
        capsys,
        ["run", tiny.double, *job[1:], "--take-motion", tiny.motion, "--take-picks", tiny.double_picks, "--no-film",
         "--seed", "4", "--set", "reenactment.loop.iterations=2", "weights.loop.iterations=2",
         "retarget.calibration=mean", "--out", tmp_path],
    )  # fmt: skip
    assert "side_by_side.mp4" not in named
    assert not (tmp_path / "side_by_side.mp4").exists()
    written = json.loads((tmp_path / "report.json").read_text())["settings"]
    assert written["seed"] == written["weights"]["loop"]["seed"] == 4
    assert written["reenactment"]["loop"]["iterations"] == 2
    assert written["retarget"]["calibration"] == "mean"
    clip = read_clip(tmp_path / "clip.npz")
    assert (clip.name, clip.frame_count, clip.rate, clip.head_pose) == ("double", 30, (15, 1), None)


def test_retarget_another_take(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = events(
        capsys,
        ["retarget", tiny_run.out, tiny.take2, "--out", tmp_path, "--set", "smoothing=0.0", "lids.strength=0.5",
         "--no-film"],
    )  # fmt: skip
    assert {event.get("stage") for event in told} >= {"landmarks", "retarget", "report"}
    assert not {event.get("stage") for event in told} & {"reenactment", "weights"}
    settings = json.loads((tmp_path / "report.json").read_text())["settings"]["retarget"]
    assert (settings["smoothing"], settings["lids"]["strength"]) == (0.0, 0.5)
    assert read_clip(tmp_path / "clip.npz").name == "take2"


def test_retarget_what_a_character_plays(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["retarget", tiny_run.out, tiny.double, "--out", tmp_path, "--no-film"]
    assert main([str(word) for word in words]) == 1
    assert "Give its motion with --take-motion" in capsys.readouterr().err
    done(capsys, [*words, "--take-motion", tiny.motion, "--take-picks", tiny.double_picks])
    clip = read_clip(tmp_path / "clip.npz")
    assert (clip.name, clip.frame_count, clip.rate) == ("double", 30, (15, 1))


def test_a_given_rate_is_the_rate_of_the_clip(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done(
        capsys, ["retarget", tiny_run.out, tiny.film, "--out", tmp_path, "--rate", "24000/1001", "--no-film"]
    )
    assert read_clip(tmp_path / "clip.npz").rate == (24000, 1001)


def test_character_and_landmarks(
    tiny: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = done(capsys, ["character", tiny.hero, "--picks", tiny.hero_picks, "--out", tmp_path / "a"])
    assert set(named) == {"landmarks.png", "landmarks.json", "shapes.png", "character.npz"}
    assert "--picks" in named["landmarks.png"]
    named = done(capsys, ["landmarks", tiny.film, "--preset", tiny.preset, "--out", tmp_path / "b"])
    assert set(named) == {"landmarks.png", "landmarks.npz"}


def test_patches_says_what_the_coverage_says(
    job: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["patches", *job, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "patches.png" in printed.out
    assert "Performer and character mix their expressions differently" in printed.err


def test_render_and_export(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = ["--character", tiny.hero, "--out", tmp_path]
    named = done(capsys, ["render", tiny_run.out / "clip.npz", *clip, "--size", "48", "--no-head-pose"])
    assert set(named) == {"character.mp4"}
    assert open_film(tmp_path / "character.mp4").size == (48, 48)
    named = done(capsys, ["export", tiny_run.out / "clip.npz", *clip, "--start-frame", "101"])
    assert set(named) == {"character.ma", "character.usdc", "weights.csv"}
    assert (tmp_path / "weights.csv").read_text().splitlines()[1].startswith("101,")


EVALUATE_TINY = [
    "--set", "supersample=1", "recombined=0.0", "patches.size=32", "selection.count=12", "pca.max_components=4",
    "reenactment.encoder_channels=4", "reenactment.latent=8", "reenactment.decoder_channels=2",
    "weights.channels=[4,8]", "weights.hidden=[8]",
]  # fmt: skip


def test_evaluate_prints_the_table_and_its_numbers(
    tiny: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "evaluate", "pairs", "--pair", tiny.double, tiny.hero, "--motion", tiny.motion, "--one-way", "--seeds", "1",
        "--picks", tiny.double_picks, tiny.hero_picks, "--methods", "paper", "--budget", "frames",
        "--iterations", "1", "--out", tmp_path, *EVALUATE_TINY,
    ]  # fmt: skip
    told = events(capsys, words)
    (found,) = next(event for event in told if event.get("experiment") == "pairs")["results"]
    assert found["method"] == "paper"
    assert found["rows"]["bound: mean expression"]["all"]["fraction_of_mean_expression"] == pytest.approx(1.0)
    assert set(done(capsys, words)) == {"pairs.html", "pairs"}


@pytest.mark.parametrize("experiment", ["time", "film"])
def test_evaluate_takes_picks_by_the_name_of_their_character(
    experiment: str, tiny: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"time": ["--pair", tiny.double, tiny.double], "film": [tiny.film, "--characters", tiny.double]}
    words = ["evaluate", experiment, *given[experiment], "--motion", tiny.motion, "--out", tmp_path]
    code = main([str(word) for word in [*words, "--picks", tiny.hero_picks]])
    assert code == 1
    assert "no character is called hero" in capsys.readouterr().err


def test_evaluate_knows_the_methods_that_there_are() -> None:
    from typing import get_args

    from facepatch.cli import evaluate
    from facepatch.evaluation import methods

    assert get_args(evaluate.MethodName) == methods.METHODS
    assert evaluate.ALL == methods.COMPARED


@pytest.mark.parametrize(
    "words", ["pairs --seconds 0", "pairs --iterations -5", "patches --seconds -0.5", "pairs --seeds 0"]
)
def test_evaluate_refuses_trainings_without_length(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment, flag, value = words.split()
    rest = ["--pair", "a.npz", "b.npz", "--motion", "c.csv", "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as refusal:
        main(["evaluate", experiment, *rest, flag, value])
    assert refusal.value.code == 2
    assert f"{flag}: {value} is no" in capsys.readouterr().err


def test_what_a_trained_run_decides_cannot_be_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "evaluate",
        "film",
        "a.mp4",
        "--trained",
        tmp_path,
        "--out",
        tmp_path,
        "--size",
        "paper",
        "--keep",
    ]
    assert main([str(word) for word in words]) == 2
    assert "film: --size, --keep: of trainings, and --trained trains none." in capsys.readouterr().err


def test_both_directions_of_every_pair_unless_one_is_asked_for(tiny: SimpleNamespace, tmp_path: Path) -> None:
    from facepatch.cli import evaluate

    both = evaluate.Pairs(
        pair=((tiny.double, tiny.hero), (tiny.hero, tiny.double)), motion=(tiny.motion,), out=tmp_path
    )
    names = [job.name for job in both.jobs()]
    assert names == ["double -> hero", "hero -> double", "hero -> double", "double -> hero"]
    assert [job.name for job in replace(both, one_way=True).jobs()] == ["double -> hero", "hero -> double"]


def test_demo_makes_its_own_film_and_character_once(
    tiny: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the small head, a short film and the tiny settings in place of its own."""
    from facepatch.pipelines import demo
    from facepatch.pipelines.settings import read_settings
    from facepatch.synthetic.face import make_character

    made: list[Path] = []

    def film(path: Path, *, seconds: float, seed: int, **options: Any) -> None:
        made.append(path)
        for source, target in ((tiny.film, path), (tiny.beside(tiny.film), tiny.beside(path))):
            shutil.copy(source, target)

    monkeypatch.setattr(demo, "write_performer_film", film)
    monkeypatch.setattr(
        demo, "make_character", lambda style, name: make_character(style, name=name, detail="low")
    )
    monkeypatch.setattr(demo, "read_settings", lambda preset, values: read_settings(str(tiny.preset), values))
    motion = np.load(tiny.motion)

    def generated(character: Any, *, seed: int) -> Any:
        from facepatch.core.data.clip import Clip

        return Clip(character.shape_names, motion["weights"], (15, 1))

    monkeypatch.setattr("facepatch.blendshapes.motion_script.generated_motion", generated)
    words = ["demo", "--out", tmp_path, "--seconds", "2", "--seed", "3"]
    named = done(capsys, words)
    assert list(named)[:2] == ["side_by_side.mp4", "report.html"]
    assert "performer.mp4" in named
    assert json.loads((tmp_path / "report.json").read_text())["settings"]["seed"] == 3
    done(capsys, words)
    assert made == [tmp_path / "performer.mp4"]


def test_settings_on_the_command_line_are_toml_values_and_bare_words_are_text() -> None:
    pairs = ("a.b=1", "a.c.d=1e-3", "e=true", "f=left", "g=[1, 2]", 'h="x y"', "i=100,200")
    assert parse_settings(pairs) == {
        "a": {"b": 1, "c": {"d": 1e-3}}, "e": True, "f": "left", "g": [1, 2], "h": "x y", "i": "100,200",
    }  # fmt: skip


def test_settings_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"--set: 'smoothing' lacks its value\. Write --set smoothing=VALUE"
    ):
        parse_settings(["smoothing"])
    with pytest.raises(
        ConfigError, match=r"--set: 'a\.b' goes into 'a', which another --set made a single value"
    ):
        parse_settings(["a=1", "a.b=2"])
