"""Training and inference time of all methods, in one run on one machine (paper 4.1, Table 2)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.evaluation.methods import COMPARED, Budget, Fitted, Method, Size, method
from facepatch.evaluation.page import Part, Table, mean_and_spread, write_page
from facepatch.evaluation.pairs import Pair, PairJob, belongings, open_pair, remove
from facepatch.evaluation.published import TABLE_2
from facepatch.evaluation.results import Results
from facepatch.pipelines.store import Store

EXPERIMENT = "time"
ROUNDS, CALLS = 5, 20
"""Rounds over all methods, so that other work on the machine meets them alike; calls of each in a round."""
BATCH = 64
ABOUT = (
    "Training: seconds of the quickest of ten iterations, times the iterations of the settings. Inference: patches to "
    "weights of one frame, as in a live take, and per frame in batches of 64; median of the calls, which go round the "
    "methods. Finding landmarks and cutting patches cost the same for all and are not in it."
)


@dataclass(frozen=True)
class TimeTrial:
    """What is timed."""

    methods: tuple[str, ...] = COMPARED
    size: Size = "preview"
    values: Mapping[str, Any] = field(default_factory=dict)
    """Settings put over every preset."""


def evaluate_time(
    job: PairJob, trial: TimeTrial, out: Path, *, on_progress: OnProgress = silent
) -> list[dict[str, Any]]:
    """Time every method on the data of one pair; writes `results/time` and `time.html`.

    Measured anew at every call, all methods together: times of different days do not belong into one table.
    """
    store, results = Store(out), Results(out, EXPERIMENT)
    pair = open_pair(job, store)
    before = set(store.stages.iterdir())  # what other experiments have kept stays
    made = [method(name, size=trial.size, values=trial.values) for name in trial.methods]
    found, folders = _measured(pair, made, trial, store, on_progress)
    remove(folders - before)
    run = datetime.now(UTC).isoformat(timespec="seconds")
    found = [
        results.keep((pair.name, one["method"], trial.size), {"method": one["method"]}, {**one, "run": run})
        for one in found
    ]
    write_page(
        out / "time.html", "Time of training and inference",
        [Part("All methods in one run", items=(time_table(found),))], about=ABOUT,
    )  # fmt: skip
    return found


def _measured(
    pair: Pair, made: Sequence[Method], trial: TimeTrial, store: Store, on_progress: OnProgress
) -> tuple[list[dict[str, Any]], set[Path]]:
    """What is told of each method, and the folders that hold its patches and networks."""
    ready: list[tuple[Fitted, UInt8]] = []
    folders: set[Path] = set()
    paces: list[dict[str, float]] = []
    for one in made:
        performance = pair.performance(one.settings)
        lesson = one.lesson(performance, pair.target, pair.stage, store=store, on_progress=on_progress)
        paces.append(one.measured_pace(lesson))
        once = Budget(frames=dict.fromkeys(one.networks.loops(one.settings), 1))
        fitted = one.train(performance, pair.target, pair.stage, store=store, budget=once,
                           on_progress=on_progress)  # fmt: skip
        ready.append((fitted, np.ascontiguousarray(fitted.lesson.data.performer[:BATCH])))
        folders |= belongings(fitted)
    single = _inference(ready, 1, on_progress)
    many = _inference(ready, BATCH, on_progress)
    found: list[dict[str, Any]] = []
    for index, one in enumerate(made):
        loops = one.networks.loops(one.settings)
        values = {
            "method": one.name,
            "pair": pair.name,
            "size": trial.size,
            "seed": one.settings.seed,
            "train_seconds": sum(loops[name].iterations * paces[index][name] for name in loops),
            "seconds_per_iteration": paces[index],
            "iterations": {name: loop.iterations for name, loop in loops.items()},
            "batches": {name: loop.batch for name, loop in loops.items()},
            "inference_ms": single[index],
            "inference_ms_in_batches": many[index],
            "patches": list(ready[index][1].shape[1:3]),
        }
        found.append(values)
    return found, folders


def _inference(ready: Sequence[tuple[Fitted, UInt8]], batch: int, on_progress: OnProgress) -> list[float]:
    """Median milliseconds per frame of each method."""
    times: list[list[float]] = [[] for _ in ready]
    calls = CALLS if batch == 1 else max(2, CALLS // 10)
    for turn in range(ROUNDS):
        for index, (fitted, patches) in enumerate(ready):
            for call in range(calls + 2):
                images = patches[:batch] if batch > 1 else patches[[call % len(patches)]]
                began = time.perf_counter()
                fitted.models.predict(images)
                # The first two of a round warm up what the other methods have cooled down.
                if call > 1:
                    times[index].append((time.perf_counter() - began) * 1000 / len(images))
        on_progress(Progress(f"inference, {batch} at a time", turn + 1, ROUNDS, "rounds"))
    return [float(np.median(each)) for each in times]


def time_table(results: Sequence[Mapping[str, Any]]) -> Table:
    """Ours beside the paper's."""
    rows = tuple(
        (
            str(one["method"]),
            " + ".join(f"{value * 1000:.0f}" for value in one["seconds_per_iteration"].values()),
            " + ".join(str(value) for value in one["iterations"].values()),
            mean_and_spread([one["train_seconds"] / 60], ".1f"),
            f"{one['inference_ms']:.2f}",
            f"{one['inference_ms_in_batches']:.2f}",
            *(format(value, "g") if value else "–" for value in TABLE_2.get(one["method"], (0.0, 0.0))),
        )
        for one in results
    )
    columns = (
        "method", "#ms per iteration", "#iterations", "#training min", "#ms per frame", "#in batches", "#paper: min",
        "#paper: ms",
    )  # fmt: skip
    return Table("Training and inference, paper's Table 2 beside ours", columns, rows)
