"""evaluation.page and .splits: results that are kept, tables, and what trains and judges."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from facepatch.core.errors import FormatError, InputError
from facepatch.evaluation.page import Part, Picture, Results, Table, machine, mean_and_spread, write_page
from facepatch.evaluation.splits import contiguous, thirds, train_validation_test


def test_a_result_comes_back_for_the_same_inputs_only(tmp_path: Path) -> None:
    results, names = Results(tmp_path, "pairs"), ("a -> b", "paper", "iterations", "seed0")
    assert results.kept(names, {"x": 1}) is None
    made = results.keep(names, {"x": 1}, {"value": np.float32(0.5), "missing": float("nan"), "row": (1, 2)})
    assert results.kept(names, {"x": 1}) == made
    assert (made["value"], made["missing"], made["row"]) == (0.5, None, [1, 2])
    assert made["machine"] == machine()
    assert results.kept(names, {"x": 2}) is None
    assert results.path(*names).name == "a_-_b--paper--iterations--seed0.json"
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


def test_a_table_as_text_markdown_and_page(tmp_path: Path) -> None:
    table = Table("Errors <mm>", ("method", "#error"), (("ours", "1.5"), ("theirs & others", "10.25")))
    assert table.text().splitlines() == [
        "Errors <mm>", "method           error", "ours               1.5", "theirs & others  10.25",
    ]  # fmt: skip
    assert table.markdown().splitlines() == [
        "| method | error |", "| --- | --: |", "| ours | 1.5 |", "| theirs & others | 10.25 |",
    ]  # fmt: skip
    picture = Picture("a face", np.full((20, 30, 3), 128, np.uint8))
    write_page(tmp_path / "p.html", "Title & all", [Part("Part", "About.", (table, picture))], about="Why.")
    page = (tmp_path / "p.html").read_text()
    for text in (
        "Title &amp; all",
        "Errors &lt;mm&gt;",
        "theirs &amp; others",
        'src="data:image/jpeg',
        "Why.",
    ):
        assert text in page
    assert "http://" not in page
    assert "https://" not in page


def test_mean_and_spread_of_seeds() -> None:
    assert mean_and_spread([0.5]) == "0.500"
    assert mean_and_spread([0.4, 0.6, None]) == "0.500 ±0.100"
    assert mean_and_spread([None]) == "–"


def test_parts_are_contiguous_and_apart() -> None:
    first, second = contiguous(10, (0.6, 0.4))
    assert (list(first), list(second)) == ([0, 1, 2, 3, 4, 5], [6, 7, 8, 9])
    first, second = contiguous(10, (0.6, 0.4), gap=2)
    assert list(second) == [8, 9]


def test_each_third_judges_once_and_never_what_it_trained_on() -> None:
    splits = thirds(31)
    tested = np.sort(np.concatenate([split.test for split in splits]))
    assert list(tested) == list(range(31))
    for split in splits:
        for rows in (split.train, split.validation, split.test):
            assert (np.diff(rows) == 1).all()
        together = np.concatenate([split.train, split.validation, split.test])
        assert len(np.unique(together)) == 31


def test_train_comes_first_and_test_last() -> None:
    split = train_validation_test(100, validation=0.1, test=0.3)
    assert (split.train[-1], split.validation[0], split.validation[-1], split.test[0]) == (59, 60, 69, 70)


def test_wrong_shares_and_empty_parts_are_refused() -> None:
    with pytest.raises(InputError, match=r"make 1\.1 together"):
        contiguous(10, (0.6, 0.5))
    with pytest.raises(InputError, match="leave a part empty"):
        contiguous(3, (0.9, 0.1))
