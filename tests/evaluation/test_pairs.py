"""evaluation.pairs: one capture on two characters, every method, the bounds beside the result, going on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from facepatch.core.errors import DivergedError, InputError
from facepatch.evaluation import pairs, rivals
from facepatch.evaluation.methods import COLUMNS, Method
from facepatch.evaluation.networks import Lesson
from facepatch.evaluation.pair import Pair, PairJob, check_names, open_pair
from facepatch.evaluation.pair_page import FRAMES, pair_tables, write_pairs
from facepatch.evaluation.pair_pictures import SIDE, telling_frames
from facepatch.evaluation.pairs import BOUNDS, Comparison, evaluate_pairs
from facepatch.pca.sources import ArrayFrames, SlicedFrames
from facepatch.pipelines.store import Store
from facepatch.synthetic.face import make_character
from facepatch.synthetic.performance import make_performance

TINY: dict[str, Any] = {
    "supersample": 1,
    "validation_share": 0.0,
    "recombined": 0.0,
    "patches": {"size": 32},
    "selection": {"count": 24},
    "pca": {"max_components": 6, "region_error": 1.0},
    "reenactment": {
        "encoder_channels": 4, "latent": 16, "decoder_channels": 2, "residual_blocks": 0,
        "loop": {"iterations": 6, "batch": 4, "precision": "float32"},
    },
    "weights": {
        "channels": [8, 16, 32], "hidden": [32],
        "loop": {"iterations": 12, "batch": 8, "precision": "float32"},
    },
}  # fmt: skip
NARROW = {
    "channels": (4, 4, 8, 8, 8, 16), "code": 16, "attention_in": 8, "attention_out": 8,
    "read_channels": (4, 8, 8, 16), "read_hidden": (16,),
}  # fmt: skip


@pytest.fixture(scope="module")
def job(tiny: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> PairJob:
    motion = tmp_path_factory.mktemp("pair") / "capture.npz"
    clip = make_performance(make_character(detail="low"), seconds=5.0, rate=(15, 1), seed=4)
    np.savez(motion, names=np.array(clip.names), weights=clip.weights, rate=np.array(clip.rate))
    return PairJob(
        tiny.double, tiny.hero, (motion,), source_picks=tiny.double_picks, target_picks=tiny.hero_picks
    )


@pytest.fixture(scope="module")
def judged(job: PairJob, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    out = tmp_path_factory.mktemp("evaluated")
    comparison = Comparison(
        methods=("product", "paper", "kim2021", "moser2021"), budgets=("frames",), seeds=1, values=TINY
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rivals, "KIM_NARROW", NARROW)
        results = evaluate_pairs([job], comparison, out)
    return SimpleNamespace(out=out, results=results, comparison=comparison)


def test_every_method_is_measured_in_every_column_and_region(judged: SimpleNamespace) -> None:
    assert [one["method"] for one in judged.results] == ["product", "paper", "kim2021", "moser2021"]
    for one in judged.results:
        assert set(one["rows"]) == {*COLUMNS, *BOUNDS}
        assert (one["frames"], one["pair"], one["seed"]) == (15, "double -> hero", 0)  # the last fifth of 75
        for found in one["rows"].values():
            assert {"all", "lids", "lips", "brows"} <= set(found)
            assert all(np.isfinite(error["mean_mm"]) for error in found.values())


def test_the_bounds_are_in_their_order(judged: SimpleNamespace, job: PairJob, tmp_path: Path) -> None:
    truth = open_pair(job, Store(tmp_path)).truth
    moved = truth.frames.block(0, 15) - truth.character.neutral
    for one in judged.results:
        share = {name: found["all"]["fraction_of_mean_expression"] for name, found in one["rows"].items()}
        assert share["bound: mean expression"] == pytest.approx(1.0)
        neutral = one["rows"]["bound: neutral"]["all"]["mean_mm"]
        assert neutral == pytest.approx(10 * np.linalg.norm(moved, axis=-1).mean(), rel=0.02)
        # A perfect reading of the weights gives the PCA bound: nothing may pass below it.
        assert all(value >= share["bound: PCA projection"] for value in share.values())
    reads = next(one for one in judged.results if one["method"] == "moser2021")["rows"]
    assert reads["bound: own renders"]["all"]["fraction_of_mean_expression"] < 1.0


def test_a_result_from_before_a_bound_goes_without(judged: SimpleNamespace) -> None:
    old = json.loads(json.dumps(judged.results[0]))
    del old["rows"]["bound: neutral"]
    whole, without = (
        dict(zip(table.columns, table.rows[0], strict=True))
        for table in (pair_tables(judged.results[:1])[1], pair_tables([old])[1])
    )
    assert without == {**whole, "#neutral": "–"}
    assert float(whole["#neutral"]) > 0


def test_every_method_sees_the_same_frames_and_iterations(judged: SimpleNamespace) -> None:
    assert {one["iterations"]["reenactment"] for one in judged.results} == {6}
    assert len({one["components"] for one in judged.results}) == 1


def test_what_is_kept_is_not_made_again(
    judged: SimpleNamespace, job: PairJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rivals, "KIM_NARROW", NARROW)
    monkeypatch.setattr("facepatch.evaluation.methods.Method.train", None)
    assert evaluate_pairs([job], judged.comparison, judged.out) == judged.results
    more = replace(judged.comparison, seeds=2)
    with pytest.raises(TypeError):
        evaluate_pairs([job], more, judged.out)


def test_patches_and_networks_are_removed_unless_they_are_kept(judged: SimpleNamespace) -> None:
    left = {path.name.split("-")[0] for path in (judged.out / "stages").iterdir()}
    assert left <= {"character", "pca", "predict"}


def test_the_page_has_the_tables_and_a_picture_of_every_method(judged: SimpleNamespace) -> None:
    tables = write_pairs(judged.out)
    assert tables == pair_tables(judged.results)
    for table in tables:
        for name in ("product", "paper", "kim2021", "moser2021"):
            assert name in table.text()
    page = (judged.out / "pairs.html").read_text()
    assert page.count("<img") == 1
    assert "double -&gt; hero" in page
    for one in judged.results:
        image = cv2.imread(str(judged.out / "results" / "pairs" / one["picture"]))
        assert image is not None
        assert image.shape == (2 * SIDE, len(FRAMES) * SIDE, 3)
        assert image.std() > 10


def test_the_summary_compares_with_the_faithful_setting(judged: SimpleNamespace) -> None:
    made = [json.loads(json.dumps(one)) for one in judged.results]
    for one, value in zip(made, (0.4, 0.5, 0.8, 1.0), strict=True):
        for column in COLUMNS:
            one["rows"][column]["all"]["fraction_of_mean_expression"] = value
    rows = {row[0]: row for row in pair_tables(made)[0].rows}
    assert rows["product"][5:7] == ("0.80", "0.80")
    assert rows["kim2021"][7] == "0.62"
    assert rows["moser2021"][7] == "0.50"


def test_telling_frames_are_different_ones_where_the_truth_goes_furthest(
    job: PairJob, tmp_path: Path
) -> None:
    truth = open_pair(job, Store(tmp_path)).truth
    found = telling_frames(truth)
    assert tuple(found) == FRAMES
    assert len(set(found.values())) == len(FRAMES)
    lips = truth.landmark_motion()
    from facepatch.core.data.landmarks import landmark_indices

    upper, lower = landmark_indices("lips_inner_upper_mid", "lips_inner_lower_mid")
    assert found["mouth open"] == int((lips[:, upper, 1] - lips[:, lower, 1]).argmax())


def test_both_directions_are_jobs_of_their_own(job: PairJob) -> None:
    back = job.turned()
    assert (back.source, back.source_picks) == (job.target, job.target_picks)
    assert (job.name, back.name) == ("double -> hero", "hero -> double")
    assert back.turned() == job


def test_a_held_out_capture_is_judged_instead_of_the_last_fifth(
    job: PairJob, tiny: SimpleNamespace, tmp_path: Path
) -> None:
    pair = open_pair(replace(job, motion=(tiny.motion,), held_out=job.motion), Store(tmp_path))
    assert pair.truth.frames.frame_count == 75
    assert pair.target.frames.frame_count == 30


def test_a_capture_that_trains_does_not_judge(job: PairJob, tmp_path: Path) -> None:
    copy = tmp_path / "copy.npz"
    copy.write_bytes(job.motion[0].read_bytes())
    with pytest.raises(InputError, match=r"copy\.npz: judges and is trained on"):
        open_pair(replace(job, held_out=(copy,)), Store(tmp_path / "OUT"))


def test_a_motion_that_plays_on_one_character_only_is_refused(job: PairJob, tmp_path: Path) -> None:
    vertices = np.random.default_rng(0).random((4, 12, 3)).astype(np.float32)
    np.savez(tmp_path / "other.npz", vertices=vertices)
    with pytest.raises(InputError, match="12 vertices"):
        open_pair(replace(job, motion=(tmp_path / "other.npz",)), Store(tmp_path / "OUT"))


def test_equal_time_is_the_products_and_stays_the_same(
    job: PairJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "facepatch.evaluation.methods.seconds_per_iteration",
        lambda networks, lesson: dict.fromkeys(networks.loops(lesson.settings), 0.25),
    )
    store = Store(tmp_path)
    pair = open_pair(job, store)
    comparison = Comparison(budgets=("time",), values=TINY)
    first = pairs.budgets(comparison, pair, store, leftovers=set())
    assert [budget.seconds for budget in first] == [0.25 * (6 + 12)]
    monkeypatch.undo()
    assert pairs.budgets(comparison, pair, store, leftovers=set()) == first
    assert pairs.budgets(replace(comparison, seconds=7.0), pair, store, leftovers=set())[0].seconds == 7.0


def test_what_iterations_cost_is_measured_before_anything_is_trained(
    job: PairJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def paced(networks: Any, lesson: Lesson) -> dict[str, float]:
        done.append("pace")
        return dict.fromkeys(networks.loops(lesson.settings), 0.25)

    def measure(pair: Pair, method: Method, *given: Any, **named: Any) -> dict[str, Any]:
        done.append(method.name)
        return {}

    monkeypatch.setattr("facepatch.evaluation.methods.seconds_per_iteration", paced)
    monkeypatch.setattr(pairs, "measure", measure)
    comparison = Comparison(methods=("paper", "product"), budgets=("time",), seeds=2, values=TINY)
    evaluate_pairs([job], comparison, tmp_path)
    assert done == ["pace", "pace", *["paper", "product"] * 2]
    assert not list((tmp_path / "stages").glob("patches-*")), "what was cut for it is gone"


def test_a_training_that_diverges_does_not_keep_the_others(
    job: PairJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def measure(pair: Pair, method: Method, *given: Any, **named: Any) -> dict[str, Any]:
        if method.name == "paper":
            raise DivergedError("reenactment: the loss is not a finite number.")
        made.append(f"{method.name} {method.settings.seed}")
        return {}

    monkeypatch.setattr(pairs, "measure", measure)
    comparison = Comparison(methods=("paper", "product"), budgets=("frames",), seeds=2, values=TINY)
    with pytest.raises(DivergedError, match=r"^2 of the trainings diverged") as told:
        evaluate_pairs([job], comparison, tmp_path)
    assert made == ["product 0", "product 1"]
    assert "double -> hero, paper, equal frames, seed 1: reenactment: the loss" in str(told.value)


def test_other_captures_and_sizes_have_tables_of_their_own(judged: SimpleNamespace) -> None:
    other = [{**one, "captures": "b.csv, judged on c.csv"} for one in judged.results]
    assert len(pair_tables([*judged.results, *other])) == 2 * len(pair_tables(judged.results))


def test_characters_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="results of one name, 'head'"):
        check_names([tmp_path / "male" / "head.npz", tmp_path / "female" / "head.npz"])
    check_names([tmp_path / "head.npz", tmp_path / "head.npz"])


def test_sliced_frames_are_the_middle_of_the_whole() -> None:
    vertices = np.random.default_rng(0).random((9, 4, 3)).astype(np.float32)
    part = SlicedFrames(ArrayFrames(vertices), 3, 8)
    assert (part.frame_count, part.vertex_count) == (5, 4)
    np.testing.assert_array_equal(part.block(1, 5), vertices[4:8])
