"""What is compared: every method under one interface, trained on the same frames with the same budget.

A method is settings (data, patches, sizes) and networks (`Networks`). All are trained, calibrated and judged by the
same code; what differs is in the settings and in the networks alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from facepatch.core.axes import Float32
from facepatch.core.data.clip import Clip
from facepatch.core.data.pca import Pca
from facepatch.core.errors import ConfigError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.schema import to_dict
from facepatch.evaluation.networks import (
    Budget,
    Lesson,
    Networks,
    PatchNetworks,
    Size,
    scaled,
    seconds_per_iteration,
)
from facepatch.evaluation.results import machine, without_seed
from facepatch.evaluation.rivals import KimNetworks, MoserNetworks
from facepatch.patches.makeup import wears_makeup
from facepatch.patches.regions import WHOLE
from facepatch.pipelines.performance import BLOCK, Performance, Take, render_rows
from facepatch.pipelines.prepare import prepare_training, train_rows
from facepatch.pipelines.retarget import (
    Calibration,
    FaceModels,
    calibrate,
    finish_clip,
    predict,
    without_channels,
)
from facepatch.pipelines.run import make_pca
from facepatch.pipelines.settings import RetargetSettings, RunSettings, read_settings
from facepatch.pipelines.store import Stage, Store
from facepatch.pipelines.subject import Subject
from facepatch.render.phong import prepare_look
from facepatch.training.precision import device_for
from facepatch.training.settings import LoopSettings

RAW, CALIBRATED, CHANNELS = "raw", "calibrated", "with channels"
COLUMNS = (RAW, CALIBRATED, CHANNELS)
"""What is judged of every method: as its networks give it; calibrated; and with smoothing and the channels on top."""
PRESETS: dict[Size, dict[str, str]] = {
    "preview": {"product": "preview", "paper": "paper_preview"},
    "paper": {"product": "full", "paper": "paper"},
}


@dataclass(frozen=True)
class Method:
    """One way of retargeting."""

    name: str
    settings: RunSettings
    """With the patches: WHOLE for methods that see the face as one."""
    networks: Networks = field(default_factory=PatchNetworks)

    def lesson(
        self, performance: Performance, subject: Subject, stage: Stage, *, store: Store,
        on_progress: OnProgress = silent,
    ) -> Lesson:  # fmt: skip
        """The training data: cut, rendered and kept in `store`. stage: of the character (`prepare_character`)."""
        pca, pca_stage = make_pca(subject, self.settings, store, on_progress=on_progress)
        data = prepare_training(
            performance, subject, pca, settings=self.settings, store=store, on_progress=on_progress
        )
        return Lesson(self.settings, subject, stage, pca, pca_stage, data)

    def train(
        self, performance: Performance, subject: Subject, stage: Stage, *, store: Store,
        budget: Budget = Budget(), on_progress: OnProgress = silent,
    ) -> Fitted:  # fmt: skip
        """Train within `budget`, going on from what is kept in `store`."""
        lesson = self.lesson(performance, subject, stage, store=store, on_progress=on_progress)
        loops = self.within(budget, lesson, store=store)
        stages = self.networks.train(lesson, loops, store=store, on_progress=on_progress)
        models = self.networks.load(lesson, stages, store=store)
        return Fitted(self, lesson, models, stages, store)

    def within(self, budget: Budget, lesson: Lesson, *, store: Store) -> dict[str, LoopSettings]:
        """The trainings' settings that keep to `budget`."""
        loops = self.networks.loops(self.settings)
        if budget.seconds is not None:
            factor = budget.seconds / self.seconds(self.pace(lesson, store=store))
            return {name: scaled(loop, factor) for name, loop in loops.items()}
        frames = budget.frames
        return {
            name: scaled(loop, frames[name] / (loop.iterations * loop.batch)) if name in frames else loop
            for name, loop in loops.items()
        }

    def seconds(self, pace: Mapping[str, float]) -> float:
        """What the training costs at a `pace` with the iterations of the settings."""
        return sum(loop.iterations * pace[name] for name, loop in self.networks.loops(self.settings).items())

    def pace(self, lesson: Lesson, *, store: Store) -> dict[str, float]:
        """Seconds per iteration of each network, measured once for all data and seeds, and kept: a budget in seconds is
        the same number of iterations on every pair, and when an evaluation goes on later."""
        stage = self.pace_stage(store)
        if not stage.done:
            stage.finish(**self.measured_pace(lesson))
        return stage.values

    def pace_stage(self, store: Store) -> Stage:
        """Where `pace` is kept."""
        return store.stage("pace", self.cost())

    def cost(self) -> dict[str, Any]:
        """What the seconds of an iteration depend on."""
        described = {
            "device": device_for().type,
            "machine": machine(),
            "networks": repr(self.networks),
            "loops": {name: to_dict(loop) for name, loop in self.networks.loops(self.settings).items()},
            **{name: to_dict(getattr(self.settings, name)) for name in ("patches", "reenactment", "weights")},
        }
        return without_seed(described)

    def measured_pace(self, lesson: Lesson) -> dict[str, float]:
        """`pace`, measured now."""
        return seconds_per_iteration(self.networks, lesson)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained method, ready to be judged."""

    method: Method
    lesson: Lesson
    models: FaceModels
    stages: Mapping[str, Stage]
    store: Store

    @property
    def pca(self) -> Pca:
        """The space of the weights."""
        return self.models.pca

    @property
    def seconds(self) -> float:
        """Time spent in training, with quality checks and failed starts, all networks together."""
        return sum(float(stage.values["seconds"]) for stage in self.stages.values())

    @property
    def iterations(self) -> dict[str, int]:
        """Of each network."""
        return {name: int(stage.values["iterations"]) for name, stage in self.stages.items()}

    @property
    def starts(self) -> int:
        """Of the network that had to start over most often; what that cost is beyond the budget."""
        return max(int(stage.values.get("attempt", 0)) for stage in self.stages.values()) + 1

    @property
    def doubts(self) -> tuple[str, ...]:
        """What the networks did not learn, in sentences."""
        found = (str(stage.values.get("doubt", "")) for stage in self.stages.values())
        return tuple(doubt for doubt in found if doubt)

    def predict(self, performance: Performance, *, on_progress: OnProgress = silent) -> Float32:
        """(T, M) raw weights of every frame."""
        return predict(performance, self.models, store=self.store, on_progress=on_progress)

    def read(self, subject: Subject) -> Float32:
        """(T, M) what the method reads from the character's own renders: the best that reenactment could give."""
        return own_renders(subject, self.models, self.method.settings)

    def calibration(
        self, performance: Performance, settings: RetargetSettings, *, on_progress: OnProgress = silent
    ) -> Calibration:
        """Measured on the training frames of the performance that was trained on."""
        return calibrate(
            self.predict(performance, on_progress=on_progress),
            performance.take,
            train_rows(performance, self.method.settings.train_share),
            models=self.models,
            character_mean=self.lesson.data.weights[: self.lesson.data.motion_frames].mean(0),
            settings=settings,
        )

    def columns(
        self, trained_on: Performance, judged: Performance, settings: RetargetSettings, *,
        on_progress: OnProgress = silent,
    ) -> dict[str, Clip]:  # fmt: skip
        """The clips of `judged`, by `COLUMNS`; `settings` are the same for all methods."""
        raw = self.predict(judged, on_progress=on_progress)
        found = self.calibration(trained_on, settings, on_progress=on_progress)
        return columns(raw, judged.take, found, models=self.models, settings=settings)


def columns(
    raw: Float32, take: Take, calibration: Calibration, *, models: FaceModels, settings: RetargetSettings
) -> dict[str, Clip]:
    """The clips of a take by `COLUMNS`. raw: (T, M) weights from the networks. calibrated: the offset between the
    domains is taken out at rest, and a part of it far from rest (`pipelines.retarget.calibrated`)."""
    nothing = replace(calibration, offset=tuple([0.0] * raw.shape[1]), reach=0.0)
    bare = replace(without_channels(settings), smoothing=0.0)
    each = zip(COLUMNS, (nothing, calibration, calibration), (bare, bare, settings), strict=True)
    return {name: finish_clip(raw, take, c, models=models, settings=s) for name, c, s in each}


def own_renders(subject: Subject, models: FaceModels, settings: RunSettings) -> Float32:
    """(T, M) what `models` read from the character's own pictures."""
    look = prepare_look(subject.character)
    makeup = settings.makeup if wears_makeup(subject.character, settings.makeup) else None
    points = subject.landmark_motion()[..., :2]
    size = models.plan.settings.size
    out: list[Float32] = []
    for start in range(0, subject.frames.frame_count, BLOCK):
        rows = np.arange(start, min(start + BLOCK, subject.frames.frame_count))
        images = render_rows(subject, look, rows, views=models.plan.views, size=(size, size),
                             supersample=settings.supersample, points=points[rows], makeup=makeup)  # fmt: skip
        out.append(models.read(images))
    return np.concatenate(out)


def whole_face(settings: RunSettings) -> RunSettings:
    """One patch with as many pixels as all the local ones, so that an iteration costs about the same."""
    pixels = len(settings.patches.regions) * settings.patches.size**2
    size = 16 * round(pixels**0.5 / 16)
    return replace(settings, patches=replace(settings.patches, regions=WHOLE, size=size))


RIVALS: dict[str, Callable[[Size], Networks]] = {
    "kim2021": KimNetworks,
    "moser2021": lambda size: MoserNetworks(),
}
"""Name -> networks on the whole face."""
COMPARED = ("product", "paper", *RIVALS)
"""What stands in the comparison where nothing else is said."""
METHODS = (*COMPARED, "whole face")


def method(
    name: str, *, size: Size = "preview", seed: int = 0, values: Mapping[str, Any] | None = None
) -> Method:
    """A method by its name.

    product: what `facepatch run` does. paper: the local patches as published. kim2021, moser2021: the rivals, on the
    whole face, with the data of `paper`. whole face: the product with one patch. values: settings put over the presets.
    Raises ConfigError for another name.
    """
    if name not in METHODS:
        raise ConfigError(f"method: '{name}' is none of {', '.join(METHODS)}.")
    ours = name in ("product", "whole face")
    settings = read_settings(PRESETS[size]["product" if ours else "paper"], {**(values or {}), "seed": seed})
    if name in ("product", "paper"):
        return Method(name, settings)
    if name == "whole face":
        return Method(name, whole_face(settings))
    return Method(name, whole_face(settings), RIVALS[name](size))


def equal_frames(
    size: Size = "preview", *, iterations: int | None = None, values: Mapping[str, Any] | None = None
) -> Budget:
    """As many frames for every network as those of `paper` see, whose first network trains for `iterations` (None: as
    many as its settings say). values: as of `method`."""
    loops = PatchNetworks().loops(method("paper", size=size, values=values).settings)
    factor = 1.0 if iterations is None else iterations / loops["reenactment"].iterations
    return Budget(frames={name: round(factor * loop.iterations) * loop.batch for name, loop in loops.items()})


def retarget_settings(size: Size = "preview", values: Mapping[str, Any] | None = None) -> RetargetSettings:
    """Calibration, smoothing and channels of the product, which every method is given alike. values: as of `method`."""
    return read_settings(PRESETS[size]["product"], dict(values or {})).retarget
