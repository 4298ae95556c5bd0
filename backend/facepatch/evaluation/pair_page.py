"""The tables and the page of the pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from facepatch.evaluation.methods import METHODS
from facepatch.evaluation.page import Part, Picture, Results, Table, mean_and_spread, write_page
from facepatch.evaluation.pair_means import Values, mean_text, pair_ratio, values_of
from facepatch.evaluation.pair_pictures import known_path, pair_sheet
from facepatch.evaluation.pairs import COLUMNS, EXPERIMENT

BUDGETS = {"iterations": "equal iterations", "time": "equal time"}
PAPER = {"kim2021": "0.96 / 0.94", "moser2021": "0.53 / 0.17"}
"""Error of the local patches over the rival's in the paper's Table 3, in its two directions."""
FRAMES = ("mouth open", "wide", "narrow", "eyes shut", "one eye", "brows up", "brows down")
ABOUT = (
    "The source character plays a capture and is retargeted as if it were a performer; the target character under the "
    "same capture is the answer. Errors are distances of vertices, averaged over vertices and frames of a capture that "
    "was not trained on; as a fraction, 1 is holding the mean expression of the training motion. raw: what the "
    "networks give. calibrated: without the constant offset between the two faces, measured on training frames, the "
    "same way for every method. product: with smoothing and the channels on top, again for every method. "
    "Bounds: what the PCA leaves, and the weights read from the target's own renders. Mean and half the range of seeds."
)

Result = Mapping[str, Any]


def write_pairs(out: Path) -> list[Table]:
    """Write `pairs.html` from every result that lies in `out`, also those of earlier calls; returns its tables."""
    kept = Results(out, EXPERIMENT)
    results = in_order(kept.every())
    tables = pair_tables(results)
    pictures = [
        Picture(
            f"{pair}, seed {some[0]['seed']}, {BUDGETS[some[0]['budget']]}; all calibrated",
            pair_sheet(kept, some, FRAMES),
        )
        for pair in _names(results, "pair")
        if (some := _first(results, pair)) and known_path(kept.folder, pair).is_file()
    ]  # fmt: skip
    parts = [Part(table.caption, items=(table,)) for table in tables]
    parts.append(Part("Pictures", "Where the truth goes furthest in each way.", tuple(pictures)))
    write_page(out / "pairs.html", "Character to character", parts, about=ABOUT)
    return tables


def in_order(results: Sequence[Result]) -> list[Result]:
    """By pair, method (ours first), budget and seed."""
    ranks = {name: rank for rank, name in enumerate(METHODS)}
    return sorted(
        results,
        key=lambda one: (one["pair"], ranks.get(one["method"], len(ranks)), one["budget"], one["seed"]),
    )


def _first(results: Sequence[Result], pair: str) -> list[Result]:
    """Every method's result of the first seed and budget that the pair has."""
    mine = [result for result in results if result["pair"] == pair]
    best = min((result["seed"], list(BUDGETS).index(result["budget"])) for result in mine)
    return [result for result in mine if (result["seed"], list(BUDGETS).index(result["budget"])) == best]


def pair_tables(results: Sequence[Result]) -> list[Table]:
    """Per budget a table of all pairs, and one of the methods over all pairs."""
    found: list[Table] = []
    for budget, title in BUDGETS.items():
        mine = [result for result in results if result["budget"] == budget]
        if not mine:
            continue
        found.append(_summary(mine, title))
        found.append(_details(mine, title))
    return found


def _summary(results: Sequence[Result], title: str) -> Table:
    """Mean over pairs, spread over seeds; how each stands to the faithful setting where both were run."""
    reference = values_of([one for one in results if one["method"] == "paper"], fraction("calibrated"))
    lines: list[tuple[str, ...]] = []
    for name in _names(results, "method"):
        mine = [one for one in results if one["method"] == name]
        errors = {column: values_of(mine, fraction(column)) for column in COLUMNS}
        own, best = errors["calibrated"], errors["product"]
        lines.append(
            (
                name,
                *(mean_text(values) for values in errors.values()),
                *(_ratio(*sides) for sides in ((own, reference), (best, reference), (reference, own))),
                PAPER.get(name, "–"),
                mean_text(values_of(mine, lambda one: float(one["seconds"])), ".0f"),
            )
        )
    columns = (
        "method", "#raw", "#calibrated", "#product", "#calibrated / paper's", "#product / paper's",
        "#paper's / calibrated", "#the same in the publication", "#training s",
    )  # fmt: skip
    pairs = len(_names(results, "pair"))
    caption = f"Methods, {title}: fraction of the mean-expression error, mean of {pairs} directions"
    return Table(caption, columns, tuple(lines))


def _details(results: Sequence[Result], title: str) -> Table:
    lines: list[tuple[str, ...]] = []
    for pair in _names(results, "pair"):
        for name in _names(results, "method"):
            mine = [result for result in results if result["pair"] == pair and result["method"] == name]
            if not mine:
                continue
            cells = [
                ("{:.3f}", lambda result: result["rows"]["calibrated"]["all"]["mean_mm"]),
                ("{:.2f}", lambda result: result["rows"]["calibrated"]["all"]["mean_percent_iod"]),
                *(("{:.3f}", fraction(column)) for column in COLUMNS),
                *(("{:.3f}", fraction("calibrated", region)) for region in ("lids", "lips")),
                *(("{:.3f}", fraction(f"bound: {row}")) for row in ("PCA projection", "own renders")),
                ("{:.0f}", lambda result: result["seconds"]),
            ]
            shown = (
                mean_and_spread((read(result) for result in mine), form.strip("{:}")) for form, read in cells
            )
            lines.append((pair, name, *shown))
    columns = (
        "pair", "method", "#mm", "#% IOD", "#raw", "#calibrated", "#product", "#lids", "#lips", "#PCA", "#own renders",
        "#training s",
    )  # fmt: skip
    return Table(
        f"Pairs, {title}: mm, % IOD, lids and lips calibrated; the others fractions of the mean-expression error",
        columns,
        tuple(lines),
    )


def fraction(row: str, region: str = "all") -> Callable[[Result], float | None]:
    """Reads the fraction of the mean-expression error of a row and region from a result."""
    return lambda result: result["rows"][row][region]["fraction_of_mean_expression"]


def _ratio(chosen: Values, reference: Values) -> str:
    found = pair_ratio(chosen, reference)
    return "–" if found is None else f"{found:.2f}"


def _names(results: Sequence[Result], key: str) -> list[str]:
    return list(dict.fromkeys(str(result[key]) for result in results))
