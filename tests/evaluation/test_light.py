"""evaluation.light: what another light costs, with and without colour augmentation, and a second take."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import VideoError
from facepatch.evaluation.film_table import cost, light_tables
from facepatch.evaluation.light import AUGMENTED, PLAIN, LightJob, evaluate_light, relit_films, without_color
from facepatch.evaluation.methods import CALIBRATED, CHANNELS, COLUMNS, method
from facepatch.evaluation.relight import LIGHTS, FaceShape, Light
from facepatch.pipelines.run import make_performance
from facepatch.pipelines.settings import read_preset
from facepatch.render.video import open_film

DARK = Light("dark", stops=-2.0)


def flat_shape(film: Any, *, start: int = 0) -> FaceShape:
    """The synthetic performer is no face to MediaPipe: a disc in the middle of the picture."""
    count = sum(1 for _ in open_film(film.path).frames()) - start
    angle = np.linspace(0, 40 * np.pi, 478)
    radius = np.sqrt(np.linspace(0.01, 1, 478))
    points = 48 + 30 * np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    normals = np.stack([radius * np.cos(angle), -radius * np.sin(angle), np.ones(478)], 1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    tile = (count, 1, 1)
    return FaceShape(
        np.tile(points.astype(np.float32), tile),
        np.tile(normals.astype(np.float32), tile),
        np.ones(count, bool),
    )


def detect_anywhere(tiny: SimpleNamespace) -> Any:
    """Landmarks of relit films are those of the frames that were relit."""

    def detect(film: Any, settings: Any, **options: Any) -> Any:
        if tiny.beside(film.path).is_file():
            return tiny.detect_beside(film, settings, **options)
        np.save(tiny.beside(film.path), np.load(tiny.beside(tiny.film))[20:])
        return tiny.detect_beside(film, settings, **options)

    return detect


@pytest.fixture(scope="module")
def judged(tiny: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    out = tmp_path_factory.mktemp("light")
    job = LightJob(tiny.film, tiny.hero, motion=(tiny.motion,), picks=tiny.hero_picks, second_take=tiny.take2)
    options: Any = {"lights": (LIGHTS[0], DARK), "values": read_preset(str(tiny.preset))}
    made: list[tuple[Path, Any, Any]] = []

    def make(job: Any, *given: Any, reference: Any = None, **named: Any) -> Any:
        performance = make_performance(job, *given, reference=reference, **named)
        made.append((job.take, reference, performance.take.reference))
        return performance

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("facepatch.pipelines.performance.detect_landmarks", detect_anywhere(tiny))
        patch.setattr("facepatch.evaluation.light.face_shape", flat_shape)
        patch.setattr("facepatch.evaluation.light.make_performance", make)
        found = evaluate_light(job, out, **options)
        again = evaluate_light(job, out, **options)
    return SimpleNamespace(out=out, found=found, again=again, made=made)


def test_every_light_and_the_second_take_are_judged_with_and_without_augmentation(
    judged: SimpleNamespace,
) -> None:
    assert [one["colour"] for one in judged.found] == [AUGMENTED, PLAIN]
    for one in judged.found:
        assert list(one["lights"]) == list(one["landmarks"]) == ["as filmed", "dark"]
        assert one["landmarks"]["as filmed"]["mouth_open"]["r"] == pytest.approx(1.0)
        assert one["frames"] == 10
        assert set(one["second_take"]) == set(COLUMNS)
        assert one["second_take_name"] == "take2"


def test_every_later_film_is_measured_over_the_shape_that_was_trained_with(
    tiny: SimpleNamespace, judged: SimpleNamespace
) -> None:
    trained, *later = judged.made[:4]
    assert (trained[0], trained[1]) == (tiny.film, None)
    assert [path.stem.split("-")[0] for path, _, _ in later] == ["take", "take", "take2"]
    for _, given, used in later:
        np.testing.assert_array_equal(given, trained[2])
        np.testing.assert_array_equal(used, trained[2])


def test_it_goes_on_where_it_stopped(judged: SimpleNamespace) -> None:
    assert judged.again == judged.found
    names = sorted(path.name for path in (judged.out / "results" / "light").glob("*.json"))
    assert len(names) == 2
    assert names[0].startswith("take--hero--product--with_colour_augmentation--settings--preview--seed0")
    assert json.loads((judged.out / "results" / "light" / names[0]).read_text())["lights"]
    page = (judged.out / "light.html").read_text()
    assert "as filmed" in page
    assert "take2, with colour augmentation: film, character" in page


def test_a_second_take_that_cannot_be_read_is_refused_before_anything_is_relit(
    tiny: SimpleNamespace, tmp_path: Path
) -> None:
    text = tmp_path / "day2.mp4"
    text.write_text("no film")
    job = LightJob(tiny.film, tiny.hero, motion=(tiny.motion,), picks=tiny.hero_picks, second_take=text)
    with pytest.raises(VideoError, match=r"day2\.mp4: is not a film"):
        evaluate_light(job, tmp_path / "OUT", values=read_preset(str(tiny.preset)))
    assert not (tmp_path / "OUT" / "relit").exists()


def test_relit_films_hold_the_last_third(
    tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facepatch.evaluation.light.face_shape", flat_shape)
    films = relit_films(tiny.film, tmp_path, (LIGHTS[0], DARK))
    frames = {name: [f.image.astype(float) for f in open_film(path).frames()] for name, path in films.items()}
    assert {len(one) for one in frames.values()} == {10}
    assert frames["dark"][0].mean() < 0.65 * frames["as filmed"][0].mean()
    original = [f.image for f in open_film(tiny.film).frames()][20]
    assert np.abs(frames["as filmed"][0] - original).mean() < 3
    before = films["dark"].stat().st_mtime_ns
    assert relit_films(tiny.film, tmp_path, (LIGHTS[0], DARK)) == films
    assert films["dark"].stat().st_mtime_ns == before


def test_without_colour_only_the_colours_are_not_changed() -> None:
    made = method("product")
    plain = without_color(made)
    for part in ("reenactment", "weights"):
        before, after = getattr(made.settings, part), getattr(plain.settings, part)
        assert (after.augment.color, after.augment.hue) == (1.0, 0.0)
        assert after.augment.rotation_deg == before.augment.rotation_deg
        assert after.loop == before.loop


def clip(r: float) -> dict[str, Any]:
    eye = {"blinks": 0, "closed": None, "open_error": None}
    measures = ("mouth_open", "mouth_width", "eye_open_l", "eye_open_r", "brow")
    return {**{name: {"r": r, "range": 0.3} for name in measures}, "blinks_l": eye, "blinks_r": eye}


def test_cost_is_what_is_lost_against_the_film_as_filmed() -> None:
    def result(colour: str, seed: int, relit: float) -> dict[str, Any]:
        columns = lambda r: {CALIBRATED: clip(r), CHANNELS: clip(r)}  # noqa: E731
        return {
            "performer": "a", "character": "x", "method": "product", "colour": colour, "seed": seed,
            "size": "preview", "budget": "settings",
            "lights": {"as filmed": columns(0.9), "left": columns(relit), "dark": columns(0.8)},
            "landmarks": {"as filmed": clip(1.0), "left": clip(0.95), "dark": clip(0.85)},
            "second_take": None, "second_take_name": None,
        }  # fmt: skip

    calibrated, product = light_tables([result(AUGMENTED, 0, 0.88), result(AUGMENTED, 1, 0.84)])
    rows = {row[0].split(": ")[1]: row for row in product.rows}
    assert rows["as filmed"][1:4] == ("0.900 ±0.000", "0.000 ±0.000", "1.000 ±0.000")
    assert rows["left"][1:4] == ("0.860 ±0.020", "0.040 ±0.020", "0.950 ±0.000")
    assert rows["mean of the relit"][2:4] == ("0.070 ±0.010", "0.900 ±0.000")
    before = {key: value for key, value in result(AUGMENTED, 0, 0.88).items() if key != "landmarks"}
    assert light_tables([before])[1].rows[0][3] == "–"
    assert "calibrated" in calibrated.caption


def test_cost_is_over_the_measures_that_move_in_both() -> None:
    still = {**clip(0.9), "mouth_open": {"r": 0.1, "range": 0.0}}
    assert cost(still, {**clip(0.8), "mouth_open": {"r": 0.0, "range": 0.3}}) == pytest.approx(0.1)
    assert cost(clip(0.9), clip(0.9)) == 0.0
