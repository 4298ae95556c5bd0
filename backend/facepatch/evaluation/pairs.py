"""Character to character, where the answer is known: the same capture plays on both (paper 4.3, Table 3).

The source character is rendered as the performer; what a method makes of its pictures is compared with the target
character under the same capture, vertex by vertex. Every pair, method, budget and seed is a result of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import Float32
from facepatch.core.progress import OnProgress, silent
from facepatch.core.schema import to_dict
from facepatch.evaluation.diverged import Diverged
from facepatch.evaluation.methods import (
    COMPARED,
    Budget,
    Fitted,
    Method,
    Size,
    equal_frames,
    method,
    retarget_settings,
)
from facepatch.evaluation.networks import BUDGETS
from facepatch.evaluation.pair import Pair, PairJob, open_pair
from facepatch.evaluation.pair_pictures import draw_known, draw_method
from facepatch.evaluation.results import Results
from facepatch.metrics.vertex_error import RegionError, brow_regions, face_regions, inter_ocular, vertex_error
from facepatch.pipelines.settings import RetargetSettings
from facepatch.pipelines.store import Store, key_of

EXPERIMENT = "pairs"
PROJECTION = "bound: PCA projection"
"""The nearest shapes that there are."""
OWN_RENDERS = "bound: own renders"
"""The weights read from the target's own renders."""
NEUTRAL = "bound: neutral"
"""A face that never leaves its neutral."""
MEAN_EXPRESSION = "bound: mean expression"
"""A face that holds the mean expression of the training motion."""
BOUNDS = (PROJECTION, OWN_RENDERS, NEUTRAL, MEAN_EXPRESSION)
Rows = dict[str, dict[str, RegionError]]
"""Column or bound -> region -> error."""


def judge(
    fitted: Fitted, pair: Pair, settings: RetargetSettings, *, on_progress: OnProgress = silent
) -> tuple[Rows, dict[str, Float32]]:
    """Errors of every column and bound by region ("all", "lids", "lips", "brows", and the lids of each side), and the
    weights (T, M) of every column. settings: the calibration and channels that all methods are given."""
    made = fitted.method.settings
    clips = fitted.columns(pair.performance(made), pair.judged(made), settings, on_progress=on_progress)
    truth, pca = pair.truth, fitted.pca
    vertices = truth.frames.block(0, truth.frames.frame_count)
    weights: dict[str, Float32] = {name: clip.weights for name, clip in clips.items()}
    neutral = truth.character.neutral
    still = np.zeros_like(weights["raw"])
    shapes = {
        **weights,
        PROJECTION: pca.weights(vertices),
        OWN_RENDERS: fitted.read(truth),
        NEUTRAL: still + pca.weights(neutral[None]),
        MEAN_EXPRESSION: still,
    }
    regions = {
        **face_regions(truth.landmarks, neutral),
        "brows": brow_regions(truth.landmarks, neutral)["brows"],
    }
    rows = {
        name: vertex_error(
            pca.vertices(shape),
            vertices,
            inter_ocular_cm=inter_ocular(truth.landmarks, neutral),
            mean_shape=pca.mean.reshape(-1, 3),
            regions=regions,
        )
        for name, shape in shapes.items()
    }
    return rows, weights


def measure(
    pair: Pair, made: Method, results: Results, *, store: Store, retarget: RetargetSettings,
    size: Size, leftovers: set[Path], budget: Budget = Budget(), about: Mapping[str, Any] | None = None,
    on_progress: OnProgress = silent,
) -> dict[str, Any]:  # fmt: skip
    """The result of one method on one pair: kept from before, or trained, judged and kept.

    The file is `PAIR--METHOD--BUDGET--SIZE--KEY--seedN.json`, where KEY stands for the characters and the captures that
    train and judge, and `.png` beside it. about: what else the result should say. leftovers: gets the folders of
    patches and networks, which are large, so that the caller removes them when no other method needs them (`remove`).
    """
    seed = made.settings.seed
    key = key_of({"pair": pair.key})[:8]
    names = (pair.name, made.name, budget.name, size, key, f"seed{seed}")
    inputs = {
        "pair": pair.key,
        "settings": to_dict(made.settings),
        "networks": repr(made.networks),
        "loops": {name: to_dict(loop) for name, loop in made.networks.loops(made.settings).items()},
        "budget": to_dict(budget),
        "retarget": to_dict(retarget),
        "about": dict(about or {}),
    }
    kept = results.kept(names, inputs)
    if kept is not None:
        leftovers |= {store.stages / name for name in kept["folders"]}
        return kept
    fitted = made.train(
        pair.performance(made.settings), pair.target, pair.stage, store=store, budget=budget, on_progress=on_progress
    )  # fmt: skip
    leftovers |= belongings(fitted)
    rows, weights = judge(fitted, pair, retarget, on_progress=on_progress)
    known = draw_known(
        results.path(pair.name, "known", key).with_suffix(".png"), pair.source_test, pair.truth
    )
    picture = draw_method(results.path(*names).with_suffix(".png"), pair.truth, fitted.pca, weights)
    values = {
        "pair": pair.name,
        "captures": pair.captures,
        "size": size,
        "source": pair.source.character.name,
        "target": pair.target.character.name,
        "method": made.name,
        "budget": budget.name,
        "budget_seconds": budget.seconds,
        "seed": seed,
        "seconds": fitted.seconds,
        "iterations": fitted.iterations,
        "starts": fitted.starts,
        "doubts": fitted.doubts,
        "frames": len(weights["raw"]),
        "components": fitted.pca.component_count,
        "rows": {name: {region: to_dict(error) for region, error in found.items()} for name, found in rows.items()},
        "known": known.name,
        "picture": picture.name,
        "folders": sorted(path.name for path in belongings(fitted)),
        **(about or {}),
    }  # fmt: skip
    return results.keep(names, inputs, values)


def measure_paces(
    methods: Sequence[Method],
    pair: Pair,
    store: Store,
    *,
    leftovers: set[Path],
    on_progress: OnProgress = silent,
) -> list[dict[str, float]]:
    """`Method.pace` of every method, kept or measured now, all before the first training: where the load on the machine
    changed between two of them, equal time would not be equal. leftovers: as of `measure`."""
    for made in methods:
        if not made.pace_stage(store).done:
            lesson = made.lesson(
                pair.performance(made.settings), pair.target, pair.stage, store=store, on_progress=on_progress
            )
            leftovers.add(lesson.data.stage.folder)
            made.pace(lesson, store=store)
    return [made.pace_stage(store).values for made in methods]


def belongings(fitted: Fitted) -> set[Path]:
    """The folders of a trained method in `Store.stages`: patches, networks, bundle."""
    folders = {fitted.lesson.data.stage.folder, *(stage.folder for stage in fitted.stages.values())}
    bundle = getattr(fitted.models, "folder", None)
    return folders | ({bundle} if isinstance(bundle, Path) else set())


def remove(folders: Iterable[Path]) -> None:
    """Remove folders; what is in use elsewhere stays."""
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Comparison:
    """How methods are compared."""

    methods: tuple[str, ...] = COMPARED
    size: Size = "preview"
    budgets: tuple[str, ...] = ("frames", "time")
    seeds: int = 3
    iterations: int | None = None
    """Of the first network of `paper`, under the budget "frames"; None: what its settings say."""
    seconds: float | None = None
    """Of the budget "time"; None: what the product takes with its own iterations on this machine."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Settings put over every preset."""
    keep: bool = False
    """Leave patches and networks of finished results on disk."""


def evaluate_pairs(
    jobs: Sequence[PairJob], comparison: Comparison, out: Path, *, on_pair: Callable[[], object] = lambda: None,
    on_progress: OnProgress = silent,
) -> list[dict[str, Any]]:  # fmt: skip
    """Every method on every job with every budget and seed. Goes on where an earlier call stopped; returns the results.
    Raises DivergedError at the end, where a training diverged.

    on_pair: called when all results of a pair and seed are kept (`pair_page.write_pairs` makes the page of them).
    """
    store, results = Store(out), Results(out, EXPERIMENT)
    retarget = retarget_settings(comparison.size, comparison.values)
    found: list[dict[str, Any]] = []
    diverged = Diverged()
    pairs = [open_pair(job, store) for job in jobs]  # refuses what cannot be read before the first training
    for seed in range(comparison.seeds):
        for pair in pairs:
            leftovers: set[Path] = set()
            if "time" in comparison.budgets:
                every = [
                    method(name, size=comparison.size, values=comparison.values)
                    for name in comparison.methods
                ]
                measure_paces(every, pair, store, leftovers=leftovers, on_progress=on_progress)
            for budget in budgets(comparison, pair, store, leftovers=leftovers, on_progress=on_progress):
                for name in comparison.methods:
                    made = method(name, size=comparison.size, seed=seed, values=comparison.values)
                    with diverged.passed_over(f"{pair.name}, {name}, {BUDGETS[budget.name]}, seed {seed}"):
                        found.append(
                            measure(
                                pair, made, results, store=store, retarget=retarget, size=comparison.size,
                                budget=budget, leftovers=leftovers, on_progress=on_progress,
                            )
                        )  # fmt: skip
            if not comparison.keep:
                remove(leftovers)
            on_pair()
    diverged.tell()
    return found


def budgets(
    comparison: Comparison,
    pair: Pair,
    store: Store,
    *,
    leftovers: set[Path],
    on_progress: OnProgress = silent,
) -> list[Budget]:
    """The budgets of a comparison. Seconds that are not given are the product's, measured once per folder and kept.
    leftovers: as of `measure`."""
    found: list[Budget] = []
    for name in comparison.budgets:
        if name == "frames":
            found.append(
                equal_frames(comparison.size, iterations=comparison.iterations, values=comparison.values)
            )
            continue
        seconds = comparison.seconds
        if seconds is None:
            product = method("product", size=comparison.size, values=comparison.values)
            (pace,) = measure_paces([product], pair, store, leftovers=leftovers, on_progress=on_progress)
            seconds = product.seconds(pace)
        found.append(Budget(seconds=seconds))
    return found
