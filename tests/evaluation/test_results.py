"""evaluation.results: results that are kept, and which of them stand in a table."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import FormatError
from facepatch.evaluation import results as module
from facepatch.evaluation.results import Results, machine, of_one_setting


def test_a_result_comes_back_for_the_same_inputs_only(tmp_path: Path) -> None:
    results, names = Results(tmp_path, "pairs"), ("a -> b", "paper", "frames", "seed0")
    assert results.kept(names, {"x": 1}) is None
    made = results.keep(names, {"x": 1}, {"value": np.float32(0.5), "missing": float("nan"), "row": (1, 2)})
    assert results.kept(names, {"x": 1}) == made
    assert (made["value"], made["missing"], made["row"]) == (0.5, None, [1, 2])
    assert made["machine"] == machine()
    assert results.kept(names, {"x": 2}) is None
    assert results.path(*names).name == "a_-_b--paper--frames--seed0.json"
    assert results.every() == [made]


def test_a_damaged_result_is_told_by_name(tmp_path: Path) -> None:
    results = Results(tmp_path, "pairs")
    results.keep(("a",), {}, {})
    path = results.path("a")
    path.write_text(path.read_text()[:20])
    with pytest.raises(FormatError, match=r"a\.json: is no whole result"):
        results.kept(("a",), {})
    path.write_text(json.dumps({"record": "something", "version": 1}))
    with pytest.raises(FormatError, match="is no result of an evaluation"):
        results.every()


def test_a_mean_over_seeds_is_over_results_of_one_setting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    results = Results(tmp_path, "pairs")

    def keep(seed: int, smoothing: float, pair: str = "a -> b") -> dict[str, Any]:
        inputs = {"settings": {"loop": {"rate": 1.0, "seed": seed}, "smoothing": smoothing}}
        return results.keep((pair, f"seed{seed}"), inputs, {"pair": pair, "seed": seed})

    other = keep(0, 1.0, "b -> a")
    made = [keep(seed, 1.0) for seed in range(3)]
    assert results.every() == [*made, other]
    newer = keep(1, 2.0)
    with caplog.at_level(logging.WARNING, module.__name__):
        assert results.every() == [newer, other]
    assert "2 of 4 results were made with other settings" in caplog.text
    assert results.every() == of_one_setting([newer, made[0], made[2], other])


def test_results_of_an_older_recipe_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = Results(tmp_path, "pairs")
    results.keep(("a",), {"x": 1}, {})
    monkeypatch.setattr(module, "RECIPE", module.RECIPE + 1)
    assert results.kept(("a",), {"x": 1}) is None
