"""evaluation.speed: all methods in one run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from facepatch.evaluation import speed
from facepatch.evaluation.pair import PairJob
from facepatch.evaluation.speed import TimeTrial, evaluate_time, time_table

VALUES: dict[str, Any] = {
    "supersample": 1, "validation_share": 0.0, "recombined": 0.0, "patches": {"size": 32}, "selection": {"count": 12},
    "pca": {"max_components": 4, "region_error": 1.0},
    "reenactment": {"encoder_channels": 4, "latent": 8, "decoder_channels": 2, "residual_blocks": 0,
                    "loop": {"iterations": 100, "batch": 2}},
    "weights": {"channels": [4, 8], "hidden": [8], "loop": {"iterations": 50, "batch": 2}},
}  # fmt: skip


def test_times_of_two_methods(tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "ROUNDS", 1)
    monkeypatch.setattr(speed, "CALLS", 3)
    job = PairJob(
        tiny.double, tiny.hero, (tiny.motion,), source_picks=tiny.double_picks, target_picks=tiny.hero_picks
    )
    found = evaluate_time(job, TimeTrial(methods=("paper", "moser2021"), values=VALUES), tmp_path)
    paper, moser = found
    assert [one["method"] for one in found] == ["paper", "moser2021"]
    assert set(paper["seconds_per_iteration"]) == {"reenactment", "weights"}
    assert set(moser["seconds_per_iteration"]) == {"reenactment"}
    each = paper["seconds_per_iteration"]
    assert paper["train_seconds"] == pytest.approx(100 * each["reenactment"] + 50 * each["weights"])
    assert all(one["inference_ms"] > 0 for one in found)
    assert len(list((tmp_path / "results" / "time").glob("*.json"))) == 2
    assert "6.31" in (tmp_path / "time.html").read_text()
    assert time_table(found).rows[0][0] == "paper"
    left = {path.name.split("-")[0] for path in (tmp_path / "stages").iterdir()}
    assert left <= {"character", "pca"}
    assert paper["run"] == moser["run"]


def test_what_other_experiments_have_kept_stays(
    tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(*given: Any) -> tuple[list[dict[str, Any]], set[Path]]:
        own = tmp_path / "stages" / "reenactment-own"
        own.mkdir()
        return [], {own, others}

    monkeypatch.setattr(speed, "_measured", measured)
    job = PairJob(
        tiny.double, tiny.hero, (tiny.motion,), source_picks=tiny.double_picks, target_picks=tiny.hero_picks
    )
    others = tmp_path / "stages" / "reenactment-of-another-experiment"
    others.mkdir(parents=True)
    evaluate_time(job, TimeTrial(methods=("paper",), values=VALUES), tmp_path)
    assert others.is_dir()
    assert not (tmp_path / "stages" / "reenactment-own").exists()
