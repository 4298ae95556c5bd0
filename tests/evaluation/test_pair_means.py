"""Means over pairs and seeds of which some are missing."""

from __future__ import annotations

import pytest

from facepatch.evaluation.pair_means import (
    error_of,
    error_text,
    mean_text,
    pair_mean,
    pair_ratio,
    seed_spread,
    values_of,
)

RAGGED = {("a", 0): 0.2, ("a", 1): 0.4, ("a", 2): 0.6, ("b", 0): 0.8, ("b", 1): 0.9}


def test_every_pair_weighs_the_same_however_many_seeds_it_has() -> None:
    assert pair_mean(RAGGED) == pytest.approx((0.4 + 0.85) / 2)


def test_the_spread_is_over_the_seeds_that_every_pair_has() -> None:
    assert seed_spread(RAGGED) == pytest.approx((0.65 - 0.5) / 2)
    assert seed_spread({("a", 0): 0.2, ("a", 1): 0.4, ("b", 0): 0.8}) is None


def test_a_ratio_is_over_what_both_have() -> None:
    assert pair_ratio({("a", 0): 0.1, ("a", 7): 9.0}, RAGGED) == pytest.approx(0.5)
    assert pair_ratio({("a", 0): 0.1, ("a", 1): 0.3, ("b", 0): 0.8}, RAGGED) == pytest.approx(1.0 / 1.1)
    assert pair_ratio({("c", 0): 0.1}, RAGGED) is None


def test_text_says_where_there_is_nothing() -> None:
    assert mean_text(RAGGED) == "0.625 ±0.075"
    assert mean_text({("a", 0): 0.25}, ".2f") == "0.25"
    assert (mean_text({}), mean_text({}, nothing="not run")) == ("–", "not run")


def test_what_is_not_there_is_left_out() -> None:
    results = [{"pair": "a", "seed": 0, "x": 0.5}, {"pair": "b", "seed": 0, "x": None}]
    assert values_of(results, lambda one: one["x"]) == {("a", 0): 0.5}


def test_an_error_that_a_result_does_not_have_is_left_out() -> None:
    lips = {"lips": {"fraction_of_mean_expression": 0.5, "mean_mm": 2.0}}
    results = [{"pair": "a", "seed": 0, "rows": {"raw": lips}}, {"pair": "b", "seed": 0, "rows": {}}]
    assert [error_of("raw", region="lips")(one) for one in results] == [0.5, None]
    assert error_text(results, "raw", region="lips", unit="mean_mm") == "2.000"
    assert error_text(results, "raw", nothing="not run") == "not run"
