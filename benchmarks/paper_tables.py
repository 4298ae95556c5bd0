"""Our tables beside the paper's, from the results of `facepatch evaluate`.

    python benchmarks/paper_tables.py [OUT ...] [--into docs/results/paper_tables.md]

OUT is the --out of one or more experiments (its `results/` is read). Prints the tables in Markdown; what was not run
says so. With --into the results join those of earlier calls, kept beside the page as `paper_tables.jsonl` (one line
each, in place of an earlier one of the same pair, captures, method, budget, size and seed), and the tables between
`<!-- table NAME -->` and `<!-- end -->` of the page are made of all of them. Seeds of other settings or code than the
newest are left out. Tables of which no result is kept stay as they are. The paper's figures are those of Choi et al.
2025, Tables 2 and 3; of the other experiments it shows pictures.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from facepatch.core.records import write_text
from facepatch.evaluation.film_table import film_tables, light_tables
from facepatch.evaluation.methods import CALIBRATED, CHANNELS, COLUMNS, RAW
from facepatch.evaluation.networks import BUDGETS
from facepatch.evaluation.page import Table, mean_and_spread, mean_of
from facepatch.evaluation.pair_means import Unit, error_of, error_text, pair_ratio, values_of
from facepatch.evaluation.pairs import NEUTRAL, OWN_RENDERS, PROJECTION
from facepatch.evaluation.published import TABLE_2, TABLE_3
from facepatch.evaluation.results import of_one_setting, place

Result = dict[str, Any]
Kept = dict[tuple[str, ...], Result]
"""What tells a result from others (`results.PLACE`, and the seed) -> result."""
Rows = list[list[str]]
NOT_RUN = "not run"
PAPER_NAMES = {
    "kim2021": "Kim et al. 2021",
    "moser2021": "Moser et al. 2021",
    "paper": "local patches, the paper's",
}
OURS = {**PAPER_NAMES, "product": "local patches, facepatch's own"}
COMPARED = ("frames", "time")
"""Budgets of the comparison of methods."""
SHOWN_BOUNDS = (OWN_RENDERS, PROJECTION)
over_pairs = partial(error_text, nothing=NOT_RUN)
"""Mean over the pairs of an error, spread over the seeds."""


def main() -> int:
    """Print the tables, or put them into the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, nargs="*", help="folders of evaluations")
    parser.add_argument("--into", type=Path, help="page whose tables are replaced")
    parser.add_argument("--size", default="preview", help="of the networks: preview (default) or paper")
    arguments = parser.parse_args()
    found = results(arguments.out)
    if arguments.into is None:
        for name, table in tables(found, arguments.size):
            sys.stdout.write(f"{name}\n\n{table}\n\n")
    else:
        fill(arguments.into, found, arguments.size)
    return 0


def fill(page: Path, found: Kept, size: str) -> None:
    """Add results to what is kept beside `page`, and make its tables of all of them."""
    beside = page.with_suffix(".jsonl")
    found = identified(of_one_setting({**kept(beside), **found}.values()))
    text = page.read_text(encoding="utf-8")
    for name, table in tables(found, size):
        if of_size(found, TABLES[name][0], size):
            text = replaced(text, name, table)
    write_text(beside, "".join(f"{json.dumps(found[key])}\n" for key in sorted(found)))
    write_text(page, text)


def tables(found: Kept, size: str) -> Iterator[tuple[str, str]]:
    """Name and Markdown of every table, of networks of one size; `cyclic` trains none, and has those of its run."""
    for name, (experiment, make) in TABLES.items():
        yield name, make(of_size(found, experiment, size))


def of_size(found: Kept, experiment: str, size: str) -> list[Result]:
    """The results of an experiment, in order; a pair under other captures is another pair."""
    every = [found[key] for key in sorted(found) if key[0] == experiment]
    some = [one for one in every if one.get("size", size) == size]
    if len({one.get("captures") for one in some}) == 1:
        return some
    return [
        {**one, "pair": f"{one['pair']}, {one['captures']}"} if "captures" in one else one for one in some
    ]


def replaced(page: str, name: str, table: str) -> str:
    """`page` with another table of this name. Raises ValueError where it has no place for it."""
    place = re.compile(rf"(<!-- table {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not place.search(page):
        raise ValueError(f"the page has no place for '{name}': <!-- table {name} --> ... <!-- end -->")
    return place.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", page)


def results(folders: Sequence[Path]) -> Kept:
    """Every result of the evaluations in `folders`."""
    paths = [path for folder in folders for path in sorted((folder / "results").glob("*/*.json"))]
    found = identified(shortened(json.loads(path.read_text(encoding="utf-8"))) for path in paths)
    return identified(of_one_setting(found.values()))


def kept(path: Path) -> Kept:
    """The results of earlier calls; none where there is no such file."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return identified(map(json.loads, lines))


def identified(found: Iterable[Result]) -> Kept:
    """Results by what tells them apart; of those that are alike the newest, and where none says when, the last."""
    ordered = sorted(found, key=lambda one: str(one.get("when", "")))
    return {(*place(one), str(one.get("seed", ""))): one for one in ordered}


def shortened(value: Any) -> Any:
    """`value` with every number at five digits: more than seeds agree on."""
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def markdown(head: Sequence[str], rows: Rows) -> str:
    """A table; columns whose head starts with # are set to the right."""
    return Table("", tuple(head), tuple(map(tuple, rows))).markdown()


def over_seeds(values: Iterable[float | None], form: str = ".3f") -> str:
    """Mean, and half the range where there are several."""
    return mean_and_spread(values, form, nothing=NOT_RUN)


def groups(found: list[Result], *keys: str) -> dict[tuple[str, ...], list[Result]]:
    """Results of all seeds together, by the values of `keys`, in the order in which they come."""
    grouped: dict[tuple[str, ...], list[Result]] = {}
    for result in found:
        grouped.setdefault(tuple(str(result.get(key, "")) for key in keys), []).append(result)
    return grouped


def ratio(chosen: list[Result], reference: list[Result], unit: Unit = "fraction_of_mean_expression") -> str:
    """Calibrated error of `chosen` over that of `reference`, over the pairs and seeds that both have."""
    sides = [values_of(side, error_of(CALIBRATED, unit=unit)) for side in (chosen, reference)]
    found = pair_ratio(*sides)
    return NOT_RUN if found is None else f"{found:.2f}"


def table_3(found: list[Result]) -> str:
    """The order of the methods, the paper's and ours: each error over that of the paper's own method."""
    head = ["method", "#paper: Mery to Malcolm", "#Malcolm to Mery", "#of its own"]
    for budget in COMPARED:
        head += [f"#ours, {BUDGETS[budget]}: pairs", "#calibrated", "#of the paper's method", "#raw"]
    rows: Rows = []
    for method, name in OURS.items():
        theirs = TABLE_3.get(method)
        row = [name, "", "", ""]
        if theirs is not None:
            first, second = (theirs[i] / TABLE_3["paper"][i] for i in (0, 1))
            row = [name, f"{theirs[0]:.4f}", f"{theirs[1]:.4f}", f"{first:.2f}, {second:.2f}"]
        for budget in COMPARED:
            own, papers = (
                [r for r in found if (r["method"], r["budget"]) == (name, budget)]
                for name in (method, "paper")
            )
            row += [str(len(groups(own, "pair")))]
            row += [over_pairs(own, CALIBRATED), ratio(own, papers), over_pairs(own, RAW)]
        rows.append(row)
    return markdown(head, rows)


def pair_ratios(found: list[Result]) -> str:
    """Pair by pair at equal time: calibrated errors over each other, of the seeds that both have; all pairs last."""
    timed = [r for r in found if r["budget"] == "time"]
    head = [
        "pair",
        "#facepatch's own over the paper's",
        "#the paper's over Kim's",
        "#the paper's over Moser's",
    ]
    rows: Rows = []
    for pair, group in [*((pair, mine) for (pair,), mine in groups(timed, "pair").items()), ("all", timed)]:
        product, paper, kim, moser = (
            [r for r in group if r["method"] == name] for name in ("product", "paper", "kim2021", "moser2021")
        )
        rows.append([pair, ratio(product, paper), ratio(paper, kim), ratio(paper, moser)])
    return markdown(head, [*rows, ["to reach", "<= 0.85", "<= 0.96", "<= 0.53"]])


def pair_rows(found: list[Result]) -> str:
    """Pair by pair and method by method: all, lids and lips, with the bounds of the method."""
    head = ["pair", "method", "budget", "#seeds", "#mm", "#% IOD"]
    more = (*COLUMNS, "lids", "lips", "own renders", "PCA", "neutral", "starts")
    head += [f"#{name}" for name in more]
    rows: Rows = []
    for (pair, method, budget), group in groups(found, "pair", "method", "budget").items():
        fractions = [over_seeds(map(error_of(row), group)) for row in (*COLUMNS, *SHOWN_BOUNDS, NEUTRAL)]
        regions = [over_seeds(map(error_of(CALIBRATED, region=region), group)) for region in ("lids", "lips")]
        sizes = [
            over_seeds(map(error_of(CALIBRATED, unit=unit), group))
            for unit in ("mean_mm", "mean_percent_iod")
        ]
        rows.append(
            [pair, OURS.get(method, method), BUDGETS.get(budget, budget), str(len(group)), *sizes,
             *fractions[:3], *regions, *fractions[3:], started(group)]
        )  # fmt: skip
    return markdown(head, rows or [[NOT_RUN, *[""] * (len(head) - 1)]])


def started(group: list[Result]) -> str:
    """How many starts the training of each seed took, and whether something was never learned all the same."""
    return ", ".join(f"{r['starts']}{' *' if r['doubts'] else ''}" for r in group)


def variants(found: list[Result], names: Sequence[str], first: str) -> str:
    """An ablation: per base and variant the mean over the pairs, and as a ratio to the variant `first`."""
    head = [
        "base",
        "variant",
        "budget",
        "#pairs",
        "#seeds",
        "#calibrated",
        f"#of {first}",
        "#raw",
        "#with channels",
    ]
    head += ["#lids", "#lips", "#brows", "#own renders", "#PCA"]
    rows: Rows = []
    for (base, budget), group in (groups(found, "base", "budget") or {("", ""): []}).items():
        reference = [r for r in group if r.get("variant") == first]
        for name in names:
            chosen = [r for r in group if r.get("variant") == name]
            counts = [str(len(groups(chosen, key))) for key in ("pair", "seed")]
            cells = [over_pairs(chosen, row) for row in (RAW, CHANNELS)]
            cells += [over_pairs(chosen, CALIBRATED, region=r) for r in ("lids", "lips", "brows")]
            cells += [over_pairs(chosen, bound) for bound in SHOWN_BOUNDS]
            rows.append(
                [
                    base,
                    name,
                    BUDGETS.get(budget, budget),
                    *counts,
                    over_pairs(chosen, CALIBRATED),
                    ratio(chosen, reference),
                    *cells,
                ]
            )
    return markdown(head, rows)


def table_patches(found: list[Result]) -> str:
    """4.7, Fig. 15."""
    return variants(found, ("local", "global", "local and global"), "local")


def table_input(found: list[Result]) -> str:
    """3.4, Fig. 5."""
    return variants(found, ("image", "latent"), "image")


def table_regions(found: list[Result]) -> str:
    """Table 1: Piers has five."""
    return variants(found, ("three", "five"), "three")


def table_motion(found: list[Result]) -> str:
    """In mm, since each motion has its own mean expression."""
    head = [
        "base",
        "the character's training motion",
        "#pairs",
        "#seeds",
        "#calibrated mm",
        "#of matched",
        "#raw mm",
    ]
    head += ["#mm with channels", "#own renders mm", "#PCA mm"]
    rows: Rows = []
    for (base,), group in (groups(found, "base") or {("",): []}).items():
        reference = [r for r in group if r.get("variant") == "matched"]
        for name in ("matched", "generated", "random"):
            chosen = [r for r in group if r.get("variant") == name]
            sizes = {row: over_pairs(chosen, row, unit="mean_mm") for row in (*COLUMNS, *SHOWN_BOUNDS)}
            counts = [str(len(groups(chosen, key))) for key in ("pair", "seed")]
            cells = [sizes[row] for row in (RAW, CHANNELS, *SHOWN_BOUNDS)]
            times = ratio(chosen, reference, "mean_mm")
            rows.append([base, name, *counts, sizes[CALIBRATED], times, *cells])
    return markdown(head, rows)


def table_cyclic(found: list[Result]) -> str:
    """4.4, Fig. 12."""
    head = [
        "take",
        "character",
        "#seeds",
        "#frames",
        "#drift mm",
        "#of the expression",
        "#constant part removed",
    ]
    head += ["#first component: of its spread", "#second", "#third", "#patches: SSIM rebuilt", "#SSIM back"]
    rows: Rows = []
    for (take, character), group in groups(found, "take", "character").items():
        whole = [result["drift"]["raw"]["cycle"] for result in group]
        cells = [
            over_seeds(w["vertices"]["all"]["mean_mm"] for w in whole),
            over_seeds(w["vertices"]["all"]["fraction_of_mean_expression"] for w in whole),
            over_seeds(w["without the constant part"]["all"]["fraction_of_mean_expression"] for w in whole),
        ]
        for index in range(3):
            some = [w["components"][index]["drift_of_spread"] for w in whole if index < len(w["components"])]
            cells.append(over_seeds(some, ".2f"))
        for name in ("rebuilt from the performer", "back from the character, raw"):
            cells.append(over_seeds(r["patches"][name]["ssim"] for r in group))
        rows.append([take, character, str(len(group)), str(group[0]["frames"]), *cells])
    return markdown(head, rows or [[NOT_RUN, *[""] * (len(head) - 1)]])


def table_2(found: list[Result]) -> str:
    """Training and inference of all methods, of the newest run alone: times of different days do not compare. The
    paper's and ours were measured on other machines."""
    newest = max((str(r.get("run", "")) for r in found), default="")
    found = [r for r in found if str(r.get("run", "")) == newest]
    head = ["method", "#paper: training, minutes", "#of its own", "#inference, ms", "#of its own"]
    head += ["#ours: training, minutes", "#of the paper's method", "#inference, ms", "#of the paper's method"]
    ours = {
        key: mean_of([r[key] for r in found if r["method"] == "paper"])
        for key in ("train_seconds", "inference_ms")
    }
    rows: Rows = []
    for method, name in OURS.items():
        row = [name, "", "", "", ""]
        if method in TABLE_2:
            pairs = zip(TABLE_2[method], TABLE_2["paper"], strict=True)
            row = [name, *(text for value, own in pairs for text in (f"{value:g}", f"{value / own:.2f}"))]
        for key, factor, form in (("train_seconds", 60, ".1f"), ("inference_ms", 1, ".2f")):
            values = [r[key] / factor for r in found if r["method"] == method]
            mean, reference = mean_of(values), ours[key]
            times = f"{factor * mean / reference:.2f}" if mean is not None and reference else NOT_RUN
            row += [over_seeds(values, form), times]
        rows.append(row)
    return markdown(head, rows)


def ready(make: Callable[[list[Result]], Iterable[Table]]) -> Callable[[list[Result]], str]:
    """Tables that the experiment makes itself for its page."""

    def together(found: list[Result]) -> str:
        return (
            "\n\n".join(f"{t.caption}\n\n{t.markdown()}" for t in make(found))
            if found
            else NOT_RUN.capitalize() + "."
        )

    return together


TABLES: dict[str, tuple[str, Callable[[list[Result]], str]]] = {
    "pairs": ("pairs", table_3),
    "pairs in ratios": ("pairs", pair_ratios),
    "pairs in detail": ("pairs", pair_rows),
    "time": ("time", table_2),
    "film": ("film", ready(film_tables)),
    "film, networks alone": ("film", ready(lambda found: film_tables(found, CALIBRATED))),
    "light": ("light", ready(light_tables)),
    "cyclic": ("cyclic", table_cyclic),
    "patches": ("patches", table_patches),
    "input": ("input", table_input),
    "regions": ("regions", table_regions),
    "motion": ("motion", table_motion),
}
"""Name in the page -> experiment and how its results become a table."""


if __name__ == "__main__":
    sys.exit(main())
