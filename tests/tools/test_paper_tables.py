"""benchmarks/paper_tables.py: results become the tables of docs/results/paper_tables.md."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "results" / "paper_tables.md"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("paper_tables", ROOT / "benchmarks" / "paper_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def result(fraction: float, **values: Any) -> dict[str, Any]:
    """A result of a pair whose calibrated error is `fraction`, raw twice that."""

    def regions(value: float) -> dict[str, Any]:
        error = {"mean_mm": 2 * value, "mean_percent_iod": value, "fraction_of_mean_expression": value}
        return dict.fromkeys(("all", "lids", "lips", "brows"), error)

    rows = {
        "raw": regions(2 * fraction),
        "calibrated": regions(fraction),
        "with channels": regions(0.9 * fraction),
    }
    about = {"pair": "a -> b", "budget": "time", "seed": 0, "size": "preview", "starts": 1, "doubts": []}
    return {**about, "rows": rows, **values}


def keep(out: Path, experiment: str, *found: dict[str, Any]) -> None:
    folder = out / "results" / experiment
    folder.mkdir(parents=True)
    for number, one in enumerate(found):
        (folder / f"{number}.json").write_text(json.dumps({"experiment": experiment, **one}))


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_the_page_has_a_place_for_every_table_and_a_table_for_every_place(tool: ModuleType) -> None:
    assert set(re.findall(r"<!-- table (.+?) -->", PAGE.read_text(encoding="utf-8"))) == set(tool.TABLES)


def test_what_was_not_run_says_so(tool: ModuleType, tmp_path: Path) -> None:
    for name, table in tool.tables(tool.results([tmp_path]), "preview"):
        assert tool.NOT_RUN in table.lower(), name
        assert len({line.count("|") for line in table.splitlines()}) == 1, name


def test_errors_stand_beside_the_papers_and_as_ratios(tool: ModuleType, tmp_path: Path) -> None:
    keep(tmp_path, "pairs", result(0.4, method="paper"), result(0.8, method="moser2021"))
    rows = {line[0]: line for line in cells(dict(tool.tables(tool.results([tmp_path]), "preview"))["pairs"])}
    assert rows["Moser et al. 2021"][1:4] == ["2.6543", "6.3122", "1.88, 5.96"]
    # Equal time: calibrated, over the paper's method, raw.
    assert rows["Moser et al. 2021"][8:] == ["1", "0.800", "2.00", "1.600"]
    assert rows["local patches, the paper's"][8:] == ["1", "0.400", "1.00", "0.800"]
    assert rows["Kim et al. 2021"][8:] == ["0", *["not run"] * 3]
    assert rows["Moser et al. 2021"][4:6] == ["0", "not run"]  # equal iterations


def test_pairs_weigh_the_same_and_seeds_give_the_spread(tool: ModuleType, tmp_path: Path) -> None:
    keep(
        tmp_path, "pairs",
        result(0.2, method="paper"), result(0.4, method="paper", pair="b -> a"),
        result(0.3, method="paper", seed=1), result(0.5, method="paper", pair="b -> a", seed=1),
    )  # fmt: skip
    table = dict(tool.tables(tool.results([tmp_path]), "preview"))["pairs"]
    # Seeds: .3 and .4.
    assert "| 0.350 ±0.050 |" in table
    detail = cells(dict(tool.tables(tool.results([tmp_path]), "preview"))["pairs in detail"])
    assert [line[0] for line in detail[2:]] == ["a -> b", "b -> a"]
    assert detail[2][3] == "2"
    assert detail[2][-1] == "1, 1"


def test_ratios_are_over_what_both_sides_have(tool: ModuleType, tmp_path: Path) -> None:
    keep(
        tmp_path, "pairs",
        result(0.2, method="paper"), result(0.9, method="paper", pair="b -> a"), result(0.1, method="product"),
        result(0.7, method="product", size="paper"),
    )  # fmt: skip
    rows = {line[0]: line for line in cells(dict(tool.tables(tool.results([tmp_path]), "preview"))["pairs"])}
    assert rows["local patches, facepatch's own"][8:11] == ["1", "0.100", "0.50"]


def test_captures_are_told_apart_and_a_mean_is_of_one_setting(tool: ModuleType, tmp_path: Path) -> None:
    new = {"setting": "s", "when": "2026-02-02"}
    keep(
        tmp_path, "pairs",
        result(0.2, method="paper", captures="a"), result(0.4, method="paper", captures="b"),
        result(0.9, method="product", captures="a", seed=0),
        result(0.1, method="product", captures="a", seed=1, **new),
        result(0.3, method="product", captures="a", seed=2, **new),
    )  # fmt: skip
    detail = cells(dict(tool.tables(tool.results([tmp_path]), "preview"))["pairs in detail"])[2:]
    assert [line[0] for line in detail] == ["a -> b, a", "a -> b, a", "a -> b, b"]
    assert [line[3] for line in detail] == ["1", "2", "1"]
    assert detail[1][7] == "0.200 ±0.100"


def test_times_are_those_of_the_newest_run(tool: ModuleType, tmp_path: Path) -> None:
    one = {"pair": "a -> b", "size": "preview", "train_seconds": 60.0, "inference_ms": 2.0}
    keep(tmp_path, "time", {**one, "method": "paper", "run": "1"}, {**one, "method": "product", "run": "2"})
    rows = {line[0]: line for line in cells(dict(tool.tables(tool.results([tmp_path]), "preview"))["time"])}
    assert rows["local patches, facepatch's own"][5:] == ["1.0", "not run", "2.00", "not run"]
    assert rows["local patches, the paper's"][5:] == ["not run"] * 4


def test_a_page_without_a_place_for_a_table_changes_nothing(tool: ModuleType, tmp_path: Path) -> None:
    keep(tmp_path, "pairs", result(0.4, method="paper"))
    page = tmp_path / "page.md"
    page.write_text("# Nothing\n")
    with pytest.raises(ValueError, match="the page has no place for 'pairs'"):
        tool.fill(page, tool.results([tmp_path]), "preview")
    assert not page.with_suffix(".jsonl").exists()
    assert page.read_text() == "# Nothing\n"


def test_pairs_have_the_ratios_that_are_to_be_reached(tool: ModuleType, tmp_path: Path) -> None:
    keep(
        tmp_path, "pairs",
        result(0.4, method="paper"), result(0.6, method="paper", seed=1), result(0.8, method="kim2021"),
        result(0.2, method="paper", pair="b -> a"), result(0.1, method="product", pair="b -> a"),
        result(0.9, method="product", budget="frames"),
    )  # fmt: skip
    lines = cells(dict(tool.tables(tool.results([tmp_path]), "preview"))["pairs in ratios"])
    assert lines[2:] == [
        ["a -> b", "not run", "0.50", "not run"],  # of the seed that both have
        ["b -> a", "0.50", "not run", "not run"],
        ["all", "0.50", "0.50", "not run"],
        ["to reach", "<= 0.85", "<= 0.96", "<= 0.53"],
    ]


def test_what_was_never_learned_and_started_over_is_marked(tool: ModuleType, tmp_path: Path) -> None:
    keep(tmp_path, "pairs", result(0.4, method="kim2021", starts=3, doubts=["Nothing but the mean image."]))
    assert cells(dict(tool.tables(tool.results([tmp_path]), "preview"))["pairs in detail"])[2][-1] == "3 *"


def test_an_ablation_has_a_row_per_variant_and_base(tool: ModuleType, tmp_path: Path) -> None:
    keep(
        tmp_path, "patches",
        *(result(value, base=base, variant=variant)
          for base in ("paper", "product") for variant, value in (("local", 0.3), ("global", 0.6))),
    )  # fmt: skip
    rows = cells(dict(tool.tables(tool.results([tmp_path]), "preview"))["patches"])[2:]
    assert [line[:2] for line in rows] == [
        [base, variant]
        for base in ("paper", "product")
        for variant in ("local", "global", "local and global")
    ]
    assert rows[1][5:7] == ["0.600", "2.00"]
    assert rows[2][5:7] == ["not run", "not run"]


def test_motions_are_compared_in_millimetres(tool: ModuleType, tmp_path: Path) -> None:
    keep(
        tmp_path,
        "motion",
        *(result(v, base="product", variant=k) for k, v in (("matched", 0.2), ("random", 0.5))),
    )
    rows = cells(dict(tool.tables(tool.results([tmp_path]), "preview"))["motion"])[2:]
    assert rows[0][4:6] == ["0.400", "1.00"]
    assert rows[2][4:6] == ["1.000", "2.50"]
    assert rows[1][4:6] == ["not run", "not run"]


def test_only_the_tables_of_the_page_are_replaced(tool: ModuleType) -> None:
    page = "before\n<!-- table a -->\nold\nrows\n<!-- end -->\nafter\n<!-- table b -->\nstays\n<!-- end -->\n"
    assert tool.replaced(page, "a", "| new |") == page.replace("old\nrows\n", "\n| new |\n\n")


def test_a_page_without_the_place_is_refused(tool: ModuleType) -> None:
    with pytest.raises(ValueError, match="no place for 'a'"):
        tool.replaced("<!-- table b -->\n<!-- end -->", "a", "| new |")


def test_results_of_earlier_calls_stay_and_newer_ones_take_their_place(
    tool: ModuleType, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text("".join(f"<!-- table {name} -->\nold\n<!-- end -->\n" for name in tool.TABLES))
    first, second = tmp_path / "first", tmp_path / "second"
    keep(first, "pairs", result(0.2, method="paper"), result(0.123456789, method="product"))
    keep(second, "pairs", result(0.4, method="paper"))
    tool.fill(page, tool.results([first]), "preview")
    tool.fill(page, tool.results([second]), "preview")
    rows = {line[1]: line for line in cells(page.read_text()) if line[0] == "a -> b"}
    assert rows["local patches, the paper's"][7] == "0.400"
    assert rows["local patches, facepatch's own"][7] == "0.123"
    assert '"calibrated": {"all": {"mean_mm": 0.24691,' in (tmp_path / "page.jsonl").read_text()
    # Nothing of the other experiments is kept, so what the page says of them stays.
    assert page.read_text().count("\nold\n") == sum(made[0] != "pairs" for made in tool.TABLES.values())
