"""evaluation.page: results that are kept, and tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from facepatch.core.errors import FormatError
from facepatch.evaluation.page import Part, Picture, Results, Table, machine, mean_and_spread, write_page


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
