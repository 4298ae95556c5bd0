"""Variants of one choice, compared on pairs with a known answer: the loop that the ablations share.

Everything but the choice is the same: pair, frames, seeds, calibration, and what the training costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from facepatch.core.progress import OnProgress, silent
from facepatch.evaluation.diverged import Diverged
from facepatch.evaluation.methods import CALIBRATED, COLUMNS, Method, method, retarget_settings
from facepatch.evaluation.motions import MATCHED, with_motion
from facepatch.evaluation.networks import BUDGETS, Budget, Size
from facepatch.evaluation.page import Part, Picture, Table, write_page
from facepatch.evaluation.pair_means import Unit, error_text, mean_text, values_of
from facepatch.evaluation.pair_page import FRAMES, setting_of
from facepatch.evaluation.pair_pictures import pair_sheet
from facepatch.evaluation.pairs import (
    OWN_RENDERS,
    PROJECTION,
    Pair,
    PairJob,
    measure,
    measure_paces,
    open_pair,
    remove,
)
from facepatch.evaluation.results import Results
from facepatch.pipelines.settings import RunSettings
from facepatch.pipelines.store import Store

Base = Literal["product", "paper"]
"""Whose settings the variants have: facepatch's own, or the paper's."""
SHOWN_BOUNDS = {OWN_RENDERS: "own renders", PROJECTION: "PCA"}
SHOWN_REGIONS = ("lids", "lips", "brows")


@dataclass(frozen=True)
class Variant:
    """One way of doing it."""

    name: str
    method: Callable[[RunSettings], Method]
    """From the settings of the base, which hold the seed."""
    motion: str = MATCHED
    """What the target is trained on (`evaluation.motions`)."""


@dataclass(frozen=True)
class Ablation:
    """An experiment."""

    name: str
    """Of the sub-command and of the folder of its results."""
    title: str
    about: str
    variants: tuple[Variant, ...]
    """The first is what the others are measured by."""
    equal_time: bool = True
    """All variants get the seconds that the first needs for the iterations of its settings; otherwise each has the
    iterations of its settings, where they cost the same anyway."""
    unit: Unit = "fraction_of_mean_expression"
    """What the tables show."""


@dataclass(frozen=True)
class Trials:
    """How often and how long."""

    size: Size = "preview"
    seeds: int = 3
    bases: tuple[Base, ...] = ("product",)
    seconds: float | None = None
    """Of training, for every variant alike; None: what the experiment says."""
    values: Mapping[str, Any] | None = None
    """Settings put over the preset."""
    keep: bool = False
    """Leave patches and networks of finished results on disk."""


def ablate(
    ablation: Ablation, jobs: Sequence[PairJob], trials: Trials, out: Path, *, on_progress: OnProgress = silent
) -> list[dict[str, Any]]:  # fmt: skip
    """Train and judge every variant on every pair with every seed; a call that was stopped goes on.

    Kept as `pairs.measure` says, with base and variant for the method, and shown on the page `out/NAME.html`. Returns
    all results of the experiment that lie in `out`.
    """
    results, store = Results(out, ablation.name), Store(out)
    pairs = [open_pair(job, store) for job in jobs]
    for pair in pairs:  # what a character cannot do is refused before the first training
        for variant in ablation.variants:
            with_motion(variant.motion, pair.target, seed=0)
    diverged = Diverged()
    for seed in range(trials.seeds):
        for pair in pairs:
            for base in trials.bases:
                settings = method(base, size=trials.size, seed=seed, values=trials.values).settings
                _variants(ablation, pair, settings, trials, base, results, store, diverged, on_progress)
            parts = _parts(ablation, results.folder, results.every())
            write_page(out / f"{ablation.name}.html", ablation.title, parts, about=ablation.about)
    diverged.tell()
    return results.every()


def _variants(
    ablation: Ablation, pair: Pair, settings: RunSettings, trials: Trials, base: Base, results: Results, store: Store,
    diverged: Diverged, on_progress: OnProgress,
) -> None:  # fmt: skip
    """All variants on one pair with one seed."""
    leftovers: set[Path] = set()  # variants share data, and some of them networks
    budget = Budget(seconds=trials.seconds)
    if ablation.equal_time:
        every = [named(variant, settings, base) for variant in ablation.variants]
        paces = measure_paces(every, pair, store, leftovers=leftovers, on_progress=on_progress)
        if trials.seconds is None:
            budget = Budget(seconds=every[0].seconds(paces[0]))
    for variant in ablation.variants:
        target = with_motion(variant.motion, pair.target, seed=settings.seed)
        with diverged.passed_over(f"{pair.name}, {base} {variant.name}, seed {settings.seed}"):
            measure(
                replace(pair, target=target), named(variant, settings, base), results, store=store,
                retarget=retarget_settings(trials.size, trials.values), size=trials.size, budget=budget,
                about={"base": base, "variant": variant.name}, leftovers=leftovers, on_progress=on_progress,
            )  # fmt: skip
    if not trials.keep:
        remove(leftovers)


def named(variant: Variant, settings: RunSettings, base: Base) -> Method:
    """The variant's method, with a name that tells the base too."""
    return replace(variant.method(settings), name=f"{base} {variant.name}")


def ablation_tables(ablation: Ablation, found: Sequence[Mapping[str, Any]]) -> list[Table]:
    """A table per base and budget: per variant the mean over the pairs and the spread over the seeds."""
    unit = "mm" if ablation.unit == "mean_mm" else "fractions of the mean-expression error"
    groups = dict.fromkeys(map(group, found))
    heads = (*COLUMNS, *SHOWN_REGIONS, *SHOWN_BOUNDS.values())
    return [
        Table(
            f"{base}, {BUDGETS[budget]}, {setting}: {unit}; lids, lips and brows calibrated",
            ("variant", "#pairs", "#seeds", *(f"#{head}" for head in heads), "#training s"),
            tuple(
                _row(
                    variant.name,
                    [
                        one
                        for one in found
                        if (*group(one), one["variant"]) == (base, budget, setting, variant.name)
                    ],
                    ablation.unit,
                )
                for variant in ablation.variants
            ),
        )
        for base, budget, setting in groups
    ]


def group(result: Mapping[str, Any]) -> tuple[str, str, str]:
    """Base, budget and setting of a result: what the variants of a table share."""
    return str(result["base"]), str(result["budget"]), setting_of(result)


def _row(name: str, found: Sequence[Mapping[str, Any]], unit: Unit) -> tuple[str, ...]:
    counts = (str(len({one[what] for one in found})) for what in ("pair", "seed"))
    cells = [error_text(found, row, unit=unit) for row in COLUMNS]
    cells += [error_text(found, CALIBRATED, unit=unit, region=region) for region in SHOWN_REGIONS]
    cells += [error_text(found, row, unit=unit) for row in SHOWN_BOUNDS]
    return name, *counts, *cells, mean_text(values_of(found, lambda one: float(one["seconds"])), ".0f")


def _parts(ablation: Ablation, folder: Path, found: Sequence[Mapping[str, Any]]) -> list[Part]:
    pictures: list[Picture] = []
    for setting in dict.fromkeys((str(one["pair"]), setting_of(one)) for one in found):
        mine = [one for one in found if (one["pair"], setting_of(one)) == setting]
        first = [one for one in mine if (one["seed"], one["budget"]) == (mine[0]["seed"], mine[0]["budget"])]
        some = [one for variant in ablation.variants for one in first if one["variant"] == variant.name]
        caption = f"{', '.join(setting)}, seed {some[0]['seed']}, calibrated"
        if (folder / some[0]["known"]).is_file():
            pictures.append(Picture(caption, pair_sheet(folder, some, FRAMES)))
    return [
        Part("Errors", items=tuple(ablation_tables(ablation, found))),
        Part("Pictures", "Where the truth goes furthest in each way.", tuple(pictures)),
    ]
