"""The tables and the page of the pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from facepatch.evaluation.methods import CALIBRATED, CHANNELS, COLUMNS, METHODS
from facepatch.evaluation.networks import BUDGETS
from facepatch.evaluation.page import Part, Picture, Table, mean_and_spread, write_page
from facepatch.evaluation.pair_means import Values, error_of, mean_text, pair_ratio, values_of
from facepatch.evaluation.pair_pictures import pair_sheet
from facepatch.evaluation.pairs import EXPERIMENT, NEUTRAL, OWN_RENDERS, PROJECTION
from facepatch.evaluation.published import ratios_of_table_3
from facepatch.evaluation.results import Results

FRAMES = ("mouth open", "wide", "narrow", "eyes shut", "one eye", "brows up", "brows down")
ABOUT = (
    "The source character plays a capture and is retargeted as if it were a performer; the target character under the "
    "same capture is the answer. Errors are distances of vertices, averaged over vertices and frames of a capture that "
    "was not trained on; as a fraction, 1 is holding the mean expression of the training motion. raw: what the "
    "networks give. calibrated: without the offset between the two faces at rest, and without a part of it far from "
    "rest, measured on training frames. with channels: smoothing and the channels on top. Both the same way for every "
    "method. Bounds: what the PCA leaves, the weights read from the target's own renders, and a face that never leaves "
    "its neutral. Mean and half the range of seeds."
)

Result = Mapping[str, Any]


def write_pairs(out: Path) -> list[Table]:
    """Write `pairs.html` from every result that lies in `out`, also those of earlier calls; returns its tables."""
    kept = Results(out, EXPERIMENT)
    results = in_order(kept.every())
    tables = pair_tables(results)
    pictures = [
        Picture(
            f"{one['pair']}, {setting_of(one)}, seed {one['seed']}, {BUDGETS[one['budget']]}; all calibrated",
            pair_sheet(kept.folder, some, FRAMES),
        )
        for some in _first_of_each(results)
        if (kept.folder / (one := some[0])["known"]).is_file()
    ]
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


def _first_of_each(results: Sequence[Result]) -> list[list[Result]]:
    """For every pair under the same captures, each method's result of the first seed and budget that there is."""
    found: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda one: (one["seed"], list(BUDGETS).index(one["budget"]))):
        mine = found.setdefault(str(result["known"]) + setting_of(result), [])
        if not mine or (mine[0]["seed"], mine[0]["budget"]) == (result["seed"], result["budget"]):
            mine.append(result)
    return [in_order(mine) for mine in found.values()]


def setting_of(result: Result) -> str:
    """The captures that train and judge, and the size of the networks: only results of one setting compare."""
    return f"{result['captures']}, size {result['size']}"


def pair_tables(results: Sequence[Result]) -> list[Table]:
    """Per setting and budget a table of all pairs, and one of the methods over all pairs."""
    found: list[Table] = []
    for setting in dict.fromkeys(map(setting_of, results)):
        for budget, title in BUDGETS.items():
            mine = [one for one in results if (setting_of(one), one["budget"]) == (setting, budget)]
            if mine:
                found.append(_summary(mine, f"{title}, {setting}"))
                found.append(_details(mine, f"{title}, {setting}"))
    return found


def _summary(results: Sequence[Result], title: str) -> Table:
    """Mean over pairs, spread over seeds; how each stands to the faithful setting where both were run."""
    reference = values_of([one for one in results if one["method"] == "paper"], error_of(CALIBRATED))
    lines: list[tuple[str, ...]] = []
    for name in _names(results, "method"):
        mine = [one for one in results if one["method"] == name]
        errors = {column: values_of(mine, error_of(column)) for column in COLUMNS}
        own, best = errors[CALIBRATED], errors[CHANNELS]
        lines.append(
            (
                name,
                str(len(_names(mine, "pair"))),
                *(mean_text(values) for values in errors.values()),
                *(_ratio(*sides) for sides in ((own, reference), (best, reference), (reference, own))),
                ratios_of_table_3(name),
                mean_text(values_of(mine, lambda one: float(one["seconds"])), ".0f"),
            )
        )
    columns = (
        "method", "#pairs", *(f"#{column}" for column in COLUMNS), "#calibrated / paper's", "#with channels / paper's",
        "#paper's / calibrated", "#the same in the publication", "#training s",
    )  # fmt: skip
    caption = (
        f"Methods, {title}: fraction of the mean-expression error, mean of the pairs that each was run on"
    )
    return Table(caption, columns, tuple(lines))


def _details(results: Sequence[Result], title: str) -> Table:
    lines: list[tuple[str, ...]] = []
    for pair in _names(results, "pair"):
        for name in _names(results, "method"):
            mine = [result for result in results if result["pair"] == pair and result["method"] == name]
            if not mine:
                continue
            cells = [
                ("{:.3f}", error_of(CALIBRATED, unit="mean_mm")),
                ("{:.2f}", error_of(CALIBRATED, unit="mean_percent_iod")),
                *(("{:.3f}", error_of(column)) for column in COLUMNS),
                *(("{:.3f}", error_of(CALIBRATED, region=region)) for region in ("lids", "lips")),
                *(("{:.3f}", error_of(bound)) for bound in (PROJECTION, OWN_RENDERS, NEUTRAL)),
                ("{:.0f}", lambda result: result["seconds"]),
            ]
            shown = (
                mean_and_spread((read(result) for result in mine), form.strip("{:}")) for form, read in cells
            )
            lines.append((pair, name, *shown))
    columns = (
        "pair", "method", "#mm", "#% IOD", *(f"#{column}" for column in COLUMNS), "#lids", "#lips", "#PCA",
        "#own renders", "#neutral", "#training s",
    )  # fmt: skip
    return Table(
        f"Pairs, {title}: mm, % IOD, lids and lips calibrated; the others fractions of the mean-expression error",
        columns,
        tuple(lines),
    )


def _ratio(chosen: Values, reference: Values) -> str:
    found = pair_ratio(chosen, reference)
    return "–" if found is None else f"{found:.2f}"


def _names(results: Sequence[Result], key: str) -> list[str]:
    return list(dict.fromkeys(str(result[key]) for result in results))
