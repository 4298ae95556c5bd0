"""evaluation.ablation and the experiments that are its variants: patches, regions, input, motion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import InputError
from facepatch.evaluation import ablation as module
from facepatch.evaluation.ablation import Ablation, Trials, ablate, ablation_tables, named
from facepatch.evaluation.inputs import INPUTS, CodeModels, CodeNetworks, LatentMethod, evaluate_inputs
from facepatch.evaluation.methods import COLUMNS, Fitted, Method
from facepatch.evaluation.motion import STATISTICS
from facepatch.evaluation.motions import MOTIONS
from facepatch.evaluation.networks import Budget
from facepatch.evaluation.pair import Pair, PairJob, open_pair
from facepatch.evaluation.patches import PATCHES
from facepatch.evaluation.regions import REGIONS
from facepatch.patches.regions import FIVE, THREE, WHOLE
from facepatch.pipelines.settings import RunSettings, read_settings
from facepatch.pipelines.store import Store
from facepatch.synthetic.face import make_character
from facepatch.synthetic.performance import make_performance


@pytest.fixture(scope="module")
def job(tiny: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> PairJob:
    motion = tmp_path_factory.mktemp("captures") / "capture.npz"
    clip = make_performance(make_character(detail="low"), seconds=3.0, rate=(15, 1), seed=4)
    np.savez(motion, names=np.array(clip.names), weights=clip.weights, rate=np.array(clip.rate))
    return PairJob(
        tiny.double, tiny.hero, (motion,), source_picks=tiny.double_picks, target_picks=tiny.hero_picks
    )


@pytest.fixture
def tiny_methods(tiny: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every base has the tiny settings."""

    def method(name: str, *, size: str, seed: int, values: Any) -> Method:
        rarely = {"loop": {"checkpoint_every": 1000, "check_every": 1000}}
        quick = {"seed": seed, "validation_share": 0.0, "reenactment": rarely, "weights": rarely}
        return Method(name, read_settings(str(tiny.preset), {**(values or {}), **quick}))

    monkeypatch.setattr(module, "method", method)
    monkeypatch.setattr("facepatch.evaluation.networks.WARM_UP", 1)
    monkeypatch.setattr("facepatch.evaluation.networks.MEASURED", 2)


@pytest.fixture
def settings(tiny: SimpleNamespace) -> RunSettings:
    return read_settings(str(tiny.preset))


def regions_of(ablation: Ablation, settings: RunSettings) -> dict[str, tuple[str, ...]]:
    return {v.name: v.method(settings).settings.patches.names for v in ablation.variants}


def test_the_variants_of_patches_are_local_global_and_both(settings: RunSettings) -> None:
    three, whole = tuple(r.name for r in THREE), tuple(r.name for r in WHOLE)
    assert regions_of(PATCHES, settings) == {
        "local": three,
        "global": whole,
        "local and global": three + whole,
    }
    made = {v.name: v.method(settings).settings.patches for v in PATCHES.variants}
    pixels = {name: len(p.regions) * p.size**2 for name, p in made.items()}
    assert pixels["global"] == pytest.approx(pixels["local"], rel=0.35)  # sizes are multiples of 16
    assert made["local and global"].size == made["local"].size


def test_the_variants_of_regions_are_three_and_five(settings: RunSettings) -> None:
    assert regions_of(REGIONS, settings) == {
        "three": tuple(r.name for r in THREE), "five": tuple(r.name for r in FIVE)
    }  # fmt: skip


def test_only_the_motion_differs_between_the_variants_of_motion(settings: RunSettings) -> None:
    assert tuple(v.motion for v in STATISTICS.variants) == MOTIONS
    assert len({repr(v.method(settings)) for v in STATISTICS.variants}) == 1


def test_the_name_of_a_method_tells_base_and_variant(settings: RunSettings) -> None:
    assert named(PATCHES.variants[1], settings, "paper").name == "paper global"
    assert isinstance(named(INPUTS.variants[1], settings, "paper"), LatentMethod)


@pytest.mark.usefixtures("tiny_methods")
def test_every_variant_is_judged_at_equal_time_and_a_stopped_experiment_goes_on(
    job: PairJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = Trials(seeds=1)
    found = ablate(REGIONS, [job], trials, tmp_path)
    assert [(one["base"], one["variant"]) for one in found] == [("product", "five"), ("product", "three")]
    (seconds,) = {one["budget_seconds"] for one in found}
    assert seconds > 0
    for one in found:
        assert set(COLUMNS) < set(one["rows"])
        assert "brows" in one["rows"]["raw"]
        assert one["budget"] == "time"
    assert (
        len(list((tmp_path / "results" / "regions").glob("*--product_five--time--preview--*--seed0.json")))
        == 1
    )
    assert (tmp_path / "regions.html").read_text().count("data:image") == 1
    assert not list((tmp_path / "stages").glob("patches-*")), "large stages are gone"

    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("trained again")

    monkeypatch.setattr(Method, "train", refuse)
    assert ablate(REGIONS, [job], trials, tmp_path) == found


@pytest.mark.usefixtures("tiny_methods")
def test_what_a_stopped_experiment_left_is_removed_when_it_goes_on(
    job: PairJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = Method.train
    stop = iter((False, True))

    def once(*given: Any, **named: Any) -> Any:
        if next(stop):
            raise KeyboardInterrupt
        return train(*given, **named)

    monkeypatch.setattr(Method, "train", once)
    with pytest.raises(KeyboardInterrupt):
        ablate(REGIONS, [job], Trials(seeds=1), tmp_path)
    assert list((tmp_path / "stages").glob("patches-*"))
    monkeypatch.setattr(Method, "train", train)
    assert len(ablate(REGIONS, [job], Trials(seeds=1), tmp_path)) == 2
    assert not list((tmp_path / "stages").glob("patches-*"))


@pytest.mark.usefixtures("tiny_methods")
def test_the_other_motions_train_the_target_alone(job: PairJob, tmp_path: Path) -> None:
    found = {
        one["variant"]: one for one in ablate(STATISTICS, [job], Trials(seeds=1, bases=("paper",)), tmp_path)
    }
    assert set(found) == set(MOTIONS)
    assert {(one["base"], one["budget"]) for one in found.values()} == {("paper", "settings")}
    truths = {one["rows"]["bound: PCA projection"]["all"]["mean_mm"] for one in found.values()}
    assert len(truths) == 3, "each has its own space of shapes"
    assert {one["frames"] for one in found.values()} == {9}


@pytest.mark.usefixtures("tiny_methods")
def test_a_character_that_cannot_be_moved_so_is_refused_before_the_first_training(
    job: PairJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_shapes(job: PairJob, store: Store) -> Pair:
        pair = open_pair(job, store)
        neutral = pair.target.character.neutral
        bare = replace(
            pair.target.character, shape_names=(), deltas=np.zeros((0, *neutral.shape), np.float32)
        )
        return replace(pair, target=replace(pair.target, character=bare))

    def train(*_: object, **__: object) -> Fitted:
        raise AssertionError("trained")

    monkeypatch.setattr(module, "open_pair", without_shapes)
    monkeypatch.setattr(Method, "train", train)
    with pytest.raises(InputError, match="no blendshapes"):
        ablate(STATISTICS, [job], Trials(seeds=1), tmp_path)


@pytest.mark.usefixtures("tiny_methods")
def test_images_and_codes_share_one_reenactment(job: PairJob, tmp_path: Path) -> None:
    found = {one["variant"]: one for one in evaluate_inputs([job], Trials(seeds=1, keep=True), tmp_path)}
    # They are left on disk, as asked.
    assert len(list((tmp_path / "stages").glob("reenactment-*"))) == 1
    assert set(found["image"]["iterations"]) == {"weights", "reenactment"}
    assert set(found["latent"]["iterations"]) == {"reenactment", "codes"}
    assert found["latent"]["iterations"]["codes"] >= 1
    raw = [one["rows"]["raw"]["all"]["mean_mm"] for one in found.values()]
    assert raw[0] != raw[1]


def test_codes_cost_as_much_as_images(job: PairJob, settings: RunSettings, tmp_path: Path) -> None:
    store = Store(tmp_path)
    pair = open_pair(job, store)
    made = LatentMethod("latent", settings, CodeNetworks())
    lesson = made.lesson(pair.performance(settings), pair.target, pair.stage, store=store)
    pace = made.pace(lesson, store=store)
    image = Method("image", settings).pace(lesson, store=store)
    frames = {"reenactment": 24 * settings.reenactment.loop.batch}
    loops = made.within(Budget(frames=frames), lesson, store=store)
    assert loops["reenactment"].iterations == 24
    spent = loops["codes"].iterations * pace["codes"]
    assert spent == pytest.approx(loops["weights"].iterations * image["weights"], abs=pace["codes"])
    stages = made.networks.train(lesson, loops, store=store, on_progress=lambda report: None)
    models = made.networks.load(lesson, stages, store=store)
    assert isinstance(models, CodeModels)
    shown, weights = models.predict(np.asarray(lesson.data.performer[:3]))
    assert shown.shape == lesson.data.performer[:3].shape
    np.testing.assert_allclose(weights, models.read(np.asarray(lesson.data.performer[:3])), rtol=1e-5)


def result(variant: str, seed: int, pair: str, value: float) -> dict[str, Any]:
    errors = {
        region: {"fraction_of_mean_expression": value, "mean_mm": 3 * value}
        for region in ("all", "lids", "lips", "brows")
    }
    rows = dict.fromkeys((*COLUMNS, "bound: own renders", "bound: PCA projection"), errors)
    return {"base": "product", "budget": "time", "variant": variant, "seed": seed, "pair": pair, "seconds": 7.0,
            "rows": rows, "captures": "a, judged on b", "size": "preview"}  # fmt: skip


def test_the_table_is_a_mean_over_pairs_in_which_every_pair_weighs_the_same() -> None:
    found = [
        result("local", seed, pair, v) for seed, pair, v in ((0, "a", 0.1), (0, "b", 0.3), (1, "a", 0.4))
    ]
    (table,) = ablation_tables(PATCHES, found)
    first = dict(zip(table.columns, table.rows[0], strict=True))
    assert (first["variant"], first["#pairs"], first["#seeds"]) == ("local", "2", "2")
    assert first["#calibrated"] == "0.275"
    assert first["#training s"] == "7"
    assert [row[0] for row in table.rows] == ["local", "global", "local and global"]
    (table,) = ablation_tables(replace(PATCHES, unit="mean_mm"), found)
    assert table.rows[0][table.columns.index("#raw")] == "0.825"


def test_a_variant_without_results_has_dashes() -> None:
    (table,) = ablation_tables(PATCHES, [result("local", 0, "a", 0.1)])
    assert table.rows[1][3:] == ("\u2013",) * len(table.rows[1][3:])
