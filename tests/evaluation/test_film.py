"""evaluation.film: the last third judges, results are kept, tables say what they are of."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import DivergedError, InputError
from facepatch.evaluation import film
from facepatch.evaluation.film import FilmJob, evaluate_films, judge_clip
from facepatch.evaluation.film_pictures import face_crop, telling_frames
from facepatch.evaluation.film_table import averages, film_tables
from facepatch.evaluation.methods import CHANNELS, COLUMNS
from facepatch.metrics.face_measures import MEASURES, measures_from_curves
from facepatch.pipelines.models import Models, load_models
from facepatch.pipelines.outputs import mesh_measures
from facepatch.pipelines.retarget import finish_clip, read_calibration
from facepatch.pipelines.run import make_performance
from facepatch.pipelines.settings import read_preset, read_settings
from facepatch.pipelines.store import Store


def tiny_values(tiny: SimpleNamespace) -> dict[str, Any]:
    """The tiny preset as settings over a larger one."""
    return read_preset(str(tiny.preset))


@pytest.fixture(scope="module")
def judged(tiny: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    out = tmp_path_factory.mktemp("films")
    job = FilmJob((tiny.film,), (tiny.hero,), motion=(tiny.motion,), picks={tiny.hero.stem: tiny.hero_picks})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("facepatch.pipelines.performance.detect_landmarks", tiny.detect_beside)
        found = evaluate_films(job, out, values=tiny_values(tiny))
        again = evaluate_films(job, out, values=tiny_values(tiny))
    return SimpleNamespace(out=out, found=found, again=again, job=job)


def test_the_last_third_judges_and_every_measure_is_there(judged: SimpleNamespace) -> None:
    (one,) = judged.found
    assert (one["take_frames"], one["frames"]) == (30, 10)
    assert set(one["columns"]) == set(COLUMNS)
    for column in one["columns"].values():
        assert {"mouth_open", "brow", "blinks_l", "blinks_r", "lips", "jitter"} <= set(column)
        assert -1 <= column["mouth_open"]["r"] <= 1
    assert one["iterations"] == {"reenactment": 12, "weights": 12}


def test_what_was_judged_is_kept(judged: SimpleNamespace) -> None:
    assert judged.again == judged.found
    (path,) = (judged.out / "results" / "film").glob("*.json")
    assert path.name == "take--hero--product--settings--preview--seed0.json"
    assert json.loads(path.read_text())["columns"] == judged.found[0]["columns"]
    assert path.with_suffix(".png").is_file()
    assert not list((judged.out / "stages").glob("patches-*")), "large stages are gone"
    assert "take -&gt; hero" in (judged.out / "film.html").read_text()


@pytest.fixture(scope="module")
def models(tiny_run: SimpleNamespace) -> Models:
    return load_models(tiny_run.out / "models")


def test_a_run_that_saw_the_whole_take_is_refused(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facepatch.pipelines.performance.detect_landmarks", tiny.detect_beside)
    job = FilmJob((tiny.film,), (), trained=tiny_run.out)
    with pytest.raises(InputError, match="was trained on the whole take, so nothing is left to judge by"):
        evaluate_films(job, tmp_path)


def test_a_run_that_left_a_part_is_judged_on_it_under_its_own_name(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facepatch.pipelines.performance.detect_landmarks", tiny.detect_beside)
    monkeypatch.setattr("facepatch.evaluation.methods.Method.train", None)
    run = tmp_path / "shots" / "first"
    shutil.copytree(tiny_run.out / "models", run / "models")
    settings = run / "models" / "settings.toml"
    text = settings.read_text()
    assert "train_share = 1.0" in text
    settings.write_text(text.replace("train_share = 1.0", "train_share = 0.8"))
    (one,) = evaluate_films(FilmJob((tiny.film,), (), trained=run), tmp_path / "OUT", keep=False)
    assert (one["method"], one["character"], one["frames"]) == ("run shots/first", "hero", 6)
    assert set(one["columns"]) == set(COLUMNS)
    (table,) = film_tables([one])
    assert table.caption.startswith("run shots/first, with channels.")
    assert (tmp_path / "OUT" / "results" / "film" / one["sheet"]).is_file()


def test_a_character_whose_lids_meet_at_neutral_is_refused_before_training(
    tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facepatch.pipelines.performance.detect_landmarks", None)
    gaps = SimpleNamespace(at=lambda row: {"eye_open_l": 0.2, "eye_open_r": -0.01})
    monkeypatch.setattr("facepatch.evaluation.film.face_measures", lambda points: gaps)
    job = FilmJob((tiny.film,), (tiny.hero,), motion=(tiny.motion,), picks={tiny.hero.stem: tiny.hero_picks})
    with pytest.raises(InputError, match=r"hero: .* gaps of 0\.200 \(left\) and -0\.010 \(right\)"):
        evaluate_films(job, tmp_path, values=tiny_values(tiny))


def test_a_training_that_diverges_does_not_keep_the_others(
    tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facepatch.pipelines.performance.detect_landmarks", tiny.detect_beside)
    whole = film.train_on_film

    def train(job: Any, performance: Any, made: Any, *given: Any, **named: Any) -> Any:
        if made.settings.seed == 0:
            raise DivergedError("the loss is not a finite number.")
        return whole(job, performance, made, *given, **named)

    monkeypatch.setattr(film, "train_on_film", train)
    job = FilmJob((tiny.film,), (tiny.hero,), motion=(tiny.motion,), picks={tiny.hero.stem: tiny.hero_picks})
    with pytest.raises(
        DivergedError, match=r"1 of the trainings diverged.*\ntake on hero, product, seed 0: the loss"
    ):
        evaluate_films(job, tmp_path, seeds=(0, 1), values=tiny_values(tiny))
    (kept,) = (tmp_path / "results" / "film").glob("*.json")
    assert kept.stem.endswith("seed1")


def test_a_film_that_ends_without_a_face_is_refused_before_training(
    tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*given: Any, **named: Any) -> Any:
        track = tiny.detect_beside(*given, **named)
        return replace(track, found=track.found & (np.arange(len(track.found)) < 20))

    monkeypatch.setattr("facepatch.pipelines.performance.detect_landmarks", gone)
    monkeypatch.setattr("facepatch.evaluation.methods.Method.train", None)
    job = FilmJob((tiny.film,), (tiny.hero,), motion=(tiny.motion,), picks={tiny.hero.stem: tiny.hero_picks})
    with pytest.raises(InputError, match="no face was found in its last third, frames 20 to 29"):
        evaluate_films(job, tmp_path, values=tiny_values(tiny))


def test_a_character_that_cannot_be_read_is_refused_before_any_film_is_tracked(
    tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facepatch.pipelines.performance.detect_landmarks", None)
    broken = tmp_path / "broken.npz"
    broken.write_bytes(tiny.hero.read_bytes()[:100])
    job = FilmJob((tiny.film,), (tiny.hero, broken), motion=(tiny.motion,))
    with pytest.raises(InputError, match=r"broken\.npz: cannot be read"):
        evaluate_films(job, tmp_path / "OUT", values=tiny_values(tiny))


def test_two_films_of_one_name_are_refused(tmp_path: Path) -> None:
    job = FilmJob((tmp_path / "day1" / "take.mp4", tmp_path / "day2" / "take.mp4"), ())
    with pytest.raises(InputError, match="results of one name, 'take'"):
        evaluate_films(job, tmp_path / "OUT")


def test_measures_are_those_of_the_frames_that_judge(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, models: Models, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("facepatch.pipelines.performance.detect_landmarks", tiny.detect_beside)
    settings = read_settings(str(tiny.preset))
    performance = make_performance(tiny_run.job, settings, Store(tmp_path))
    raw = np.random.default_rng(0).standard_normal((30, models.pca.component_count)).astype(np.float32)
    calibration = read_calibration(tiny_run.out / "models" / "calibration.json")
    clip = finish_clip(raw, performance.take, calibration, models=models, settings=settings.retarget)
    part = judge_clip(clip, models, performance, rows=np.arange(20, 30))
    measured = mesh_measures(clip, models)[1]
    wanted = np.corrcoef(performance.take.measures.mouth_open[20:], measured.mouth_open[20:])[0, 1]
    assert part["mouth_open"]["r"] == pytest.approx(wanted, abs=1e-5)
    whole = judge_clip(clip, models, performance, rows=np.arange(30))
    assert whole["mouth_open"]["r"] != part["mouth_open"]["r"]


def test_the_pictures_show_the_extremes() -> None:
    curves = {name: np.linspace(0.1, 0.3, 20) for name in MEASURES}
    curves["mouth_open"] = np.where(np.arange(20) == 12, 0.0, np.linspace(0.6, 0.3, 20))
    curves["mouth_width"] = np.full(20, 1.0)
    picked = telling_frames(measures_from_curves(curves, 1.0), np.arange(20))
    assert picked["mouth open"] == 0
    assert picked["lips touch"] == 12
    assert picked["eyes shut"] == 0
    assert picked["brows up"] == 19


def test_a_crop_holds_the_face() -> None:
    image = np.zeros((100, 120, 3), np.uint8)
    image[40:60, 50:70] = 255
    crop = face_crop(image, np.array([[50.0, 40.0], [70.0, 60.0]]))
    assert crop.shape == (220, 220, 3)
    inside = crop[50:170, 50:170].mean()
    assert inside > 200
    assert crop[:20].max() == 0


def result(
    performer: str, character: str, seed: int, r: float, *, frames: int = 500, moves: float = 0.3
) -> dict:
    eye = {"blinks": 4, "closed": r, "open_error": 0.05}
    measure = {"r": r, "range": moves}
    clip = {
        **dict.fromkeys(("mouth_open", "mouth_width", "eye_open_l", "eye_open_r", "brow"), measure),
        "blinks_l": eye,
        "blinks_r": {"blinks": 0, "closed": None, "open_error": 0.07},
        "lips": {"meet": r, "closures_met": None, "meet_wrongly": 0.0},
        "jitter": {"percent": 0.1},
    }
    return {
        "performer": performer, "character": character, "method": "product", "seed": seed,
        "take_frames": frames, "frames": frames // 3, "columns": {CHANNELS: clip},
    }  # fmt: skip


def test_performers_count_alike_however_many_seeds_they_have() -> None:
    results = [
        result("a", "x", 0, 0.9), result("a", "x", 1, 0.7), result("a", "y", 0, 0.6), result("b", "x", 0, 0.5),
        result("short", "x", 0, 0.0, frames=400),
    ]  # fmt: skip
    found = averages(results)
    assert found["mouth open r"] == pytest.approx(((0.8 + 0.6) / 2 + 0.5) / 2)
    assert found["blinks"] == pytest.approx(((0.8 + 0.6) / 2 + 0.5) / 2)
    assert found["open error"] == pytest.approx(0.06)
    assert found["closures"] is None


def test_each_of_several_characters_has_a_mean_of_its_own() -> None:
    (alone,) = film_tables([result("a", "x", 0, 0.9)])
    assert [row[0] for row in alone.rows] == ["a -> x", "mean of performers over 400 frames", "to reach"]
    films = [result("a", "x", 0, 0.9), result("a", "y", 0, 0.6), result("b", "x", 0, 0.5)]
    (table,) = film_tables(films)
    means = {row[0].removeprefix("mean of performers over 400 frames"): row[3] for row in table.rows[3:-1]}
    assert means == {", x": "0.700", ", y": "0.600", "": "0.625"}


def test_other_sizes_and_budgets_have_tables_of_their_own() -> None:
    trained = [
        {**result("a", "x", seed, r), "size": size, "budget": budget}
        for seed, r, size, budget in (
            (0, 0.9, "preview", "settings"), (1, 0.7, "preview", "settings"), (0, 0.5, "preview", "frames"),
            (0, 0.3, "paper", "settings"),
        )
    ]  # fmt: skip
    tables = film_tables(trained)
    assert [(table.caption.split(", with")[0], table.rows[0][3]) for table in tables] == [
        ("product, iterations of the settings, size preview", "0.800 ±0.100"),
        ("product, equal frames, size preview", "0.500"),
        ("product, iterations of the settings, size paper", "0.300"),
    ]


def test_a_measure_that_hardly_moves_says_nothing() -> None:
    found = averages([result("a", "x", 0, 0.9), result("b", "x", 0, 0.1, moves=0.01)])
    assert found["mouth open r"] == pytest.approx(0.9)
    (table,) = film_tables([result("b", "x", 0, 0.1, moves=0.01)])
    assert table.rows[0][:4] == ("b -> x", "166", "1", "–")
    assert "to reach" in table.text()
