"""evaluation.page: results that are kept, and tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facepatch.evaluation.page import Part, Picture, Table, mean_and_spread, write_page


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
