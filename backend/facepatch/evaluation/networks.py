"""The networks of a method, what they learn from, and for how long."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from facepatch.core.data.pca import Pca
from facepatch.core.progress import OnProgress, Progress
from facepatch.core.records import write_text
from facepatch.pipelines.models import bundle, load_models, train_models
from facepatch.pipelines.prepare import TrainingData
from facepatch.pipelines.retarget import FaceModels
from facepatch.pipelines.settings import RunSettings, toml_text
from facepatch.pipelines.store import Stage, Store
from facepatch.pipelines.subject import Subject
from facepatch.training.settings import LoopSettings

Size = Literal["preview", "paper"]
"""preview: small networks for two CPU cores. paper: the papers' own sizes, for a GPU."""
BUDGETS = {"frames": "equal frames", "time": "equal time", "settings": "iterations of the settings"}
"""`Budget.name` -> in words."""
WARM_UP, MEASURED = 4, 10
"""Iterations before the clock counts (first calls are slow), and those that count."""


@dataclass(frozen=True)
class Budget:
    """How long a method may train. Neither given: as long as its settings say."""

    frames: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many each network is shown, by its name: iterations times the batch."""
    seconds: float | None = None
    """Of all networks together, turned into iterations by what an iteration costs on this machine."""

    @property
    def name(self) -> str:
        """time, frames or settings."""
        if self.seconds is not None:
            return "time"
        return "frames" if self.frames else "settings"


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a method's networks learn from."""

    settings: RunSettings
    subject: Subject
    character: Stage
    """Where the character and its landmarks lie."""
    pca: Pca
    pca_stage: Stage
    data: TrainingData


class Networks(Protocol):
    """The networks of a method. Stateless and comparable: what they learned lies in stages."""

    def loops(self, settings: RunSettings) -> dict[str, LoopSettings]:
        """How each network is trained where no budget says otherwise, by the name that its progress carries."""
        ...

    def train(
        self, lesson: Lesson, loops: Mapping[str, LoopSettings], *, store: Store, on_progress: OnProgress
    ) -> dict[str, Stage]:
        """Train what is not kept in `store`. Each stage's values hold "seconds" and "iterations"."""
        ...

    def load(self, lesson: Lesson, stages: Mapping[str, Stage], *, store: Store) -> FaceModels:
        """The trained networks, ready to use."""
        ...


@dataclass(frozen=True)
class PatchNetworks:
    """Reenactment and weight estimation, as in `facepatch run`."""

    def loops(self, settings: RunSettings) -> dict[str, LoopSettings]:
        """RM and WEM."""
        return {"reenactment": settings.reenactment.loop, "weights": settings.weights.loop}

    def train(
        self, lesson: Lesson, loops: Mapping[str, LoopSettings], *, store: Store, on_progress: OnProgress
    ) -> dict[str, Stage]:
        """`pipelines.models.train_models`."""
        settings = replace(
            lesson.settings,
            reenactment=replace(lesson.settings.reenactment, loop=loops["reenactment"]),
            weights=replace(lesson.settings.weights, loop=loops["weights"]),
        )
        return train_models(
            lesson.data, lesson.subject, lesson.pca, settings=settings, store=store, on_progress=on_progress
        )

    def load(self, lesson: Lesson, stages: Mapping[str, Stage], *, store: Store) -> FaceModels:
        """The same bundle that a run leaves in its out folder, in a stage."""
        stage = store.stage("models", {name: one.key for name, one in stages.items()})
        if not stage.done:
            bundle(
                stage.folder, data=lesson.data, character=lesson.character, pca=lesson.pca_stage,
                networks=dict(stages),
            )  # fmt: skip
            write_text(stage.folder / "settings.toml", toml_text(lesson.settings))
            stage.finish()
        return load_models(stage.folder)


def scaled(loop: LoopSettings, factor: float) -> LoopSettings:
    """The same training over `factor` times the iterations; the warm-up takes a tenth of them at most."""
    count = max(1, round(factor * loop.iterations))
    return replace(loop, iterations=count, warmup=min(loop.warmup, count // 10))


def seconds_per_iteration(networks: Networks, lesson: Lesson) -> dict[str, float]:
    """Seconds per iteration of each network on this machine, from a training of a few iterations that leaves nothing
    behind."""
    count = WARM_UP + MEASURED + 1
    loops = networks.loops(lesson.settings)
    short = {
        name: replace(loop, iterations=count, warmup=0, checkpoint_every=count)
        for name, loop in loops.items()
    }
    watch = _Stopwatch()
    with tempfile.TemporaryDirectory() as folder, _no_warnings("facepatch.training.loop"):
        networks.train(lesson, short, store=Store(Path(folder)), on_progress=watch)
    return {name: watch.pace(name) for name in loops}


class _Stopwatch:
    """Reads the clock at every iteration."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}

    def __call__(self, report: Progress) -> None:
        if report.unit == "iterations":
            self.times.setdefault(report.stage, []).append(time.perf_counter())

    def pace(self, name: str) -> float:
        """Seconds of the quickest iteration: other work on the machine only ever adds to it. The last one, which writes
        the model, does not count."""
        return float(np.diff(self.times[name][WARM_UP - 1 : -1]).min())


@contextmanager
def _no_warnings(name: str) -> Iterator[None]:
    """A training of a few iterations has every reason to be doubted; nobody needs to read it."""
    logger = logging.getLogger(name)
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
