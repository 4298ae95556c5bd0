"""The published rivals as `methods.Networks`: trained on the same data, calibrated and judged by the same code."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from facepatch.baselines import kim2021, moser2021
from facepatch.core.axes import Float32, UInt8
from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.data.pca import Pca
from facepatch.core.progress import OnProgress
from facepatch.core.schema import to_dict
from facepatch.evaluation.networks import Lesson, Size
from facepatch.patches.plan import PatchPlan
from facepatch.pipelines.models import both_faces, own_patches, train_network
from facepatch.pipelines.prepare import TrainingData
from facepatch.pipelines.retarget import FaceModels
from facepatch.pipelines.settings import RunSettings
from facepatch.pipelines.store import Stage, Store
from facepatch.training.precision import device_for
from facepatch.training.settings import LoopSettings

KIM_RATES: dict[Size, tuple[float, float]] = {"paper": (1e-4, 3e-4), "preview": (2e-3, 2e-3)}
"""Learning rates of ReenactNet and BPNet. At `preview` no method would get anywhere in a thousand iterations with its
paper's rate, so every method's is raised."""
KIM_NARROW: dict[str, Any] = {
    "channels": (8, 16, 32, 64, 128, 256),
    "code": 256,
    "attention_in": 32,
    "attention_out": 64,
}
"""ReenactNet at `preview`, where our networks are narrower than published, too. BPNet is small and stays whole."""


class RivalNetworks(Protocol):
    """A trained rival."""

    def predict(self, patches: UInt8) -> tuple[UInt8, Float32]:
        """As `FaceModels.predict`."""
        ...

    def read(self, patches: UInt8) -> Float32:
        """As `FaceModels.read`."""
        ...


@dataclass(frozen=True, eq=False)
class RivalModels:
    """A rival's networks with the character that they know."""

    character: Character
    landmarks: SurfaceLandmarks
    pca: Pca
    plan: PatchPlan
    key: str
    networks: RivalNetworks

    def predict(self, patches: UInt8) -> tuple[UInt8, Float32]:
        """Performer patches (B, 1, H, H, 3) -> what the method shows on its way, and PCA weights (B, M)."""
        return self.networks.predict(patches)

    def read(self, patches: UInt8) -> Float32:
        """The character's own patches -> PCA weights."""
        return self.networks.read(patches)


@dataclass(frozen=True)
class KimNetworks:
    """Kim et al. 2021."""

    size: Size = "preview"

    def settings(self, settings: RunSettings) -> kim2021.KimSettings:
        """Kim's networks with the comparison's iterations, batches and augmentation."""
        first, second = KIM_RATES[self.size]
        return kim2021.KimSettings(
            **(KIM_NARROW if self.size == "preview" else {}),
            augment=settings.reenactment.augment,
            read_augment=settings.weights.augment,
            reenactment=replace(settings.reenactment.loop, learning_rate=first),
            weights=replace(settings.weights.loop, learning_rate=second),
        )

    def loops(self, settings: RunSettings) -> dict[str, LoopSettings]:
        """ReenactNet and BPNet."""
        kim = self.settings(settings)
        return {"reenactment": kim.reenactment, "weights": kim.weights}

    def train(
        self, lesson: Lesson, loops: Mapping[str, LoopSettings], *, store: Store, on_progress: OnProgress
    ) -> dict[str, Stage]:
        """Both networks."""
        settings = replace(
            self.settings(lesson.settings), reenactment=loops["reenactment"], weights=loops["weights"]
        )
        data = lesson.data
        about = {"size": int(data.character.shape[2]), "settings": to_dict(settings)}
        stages: dict[str, Stage] = {}
        own = {name: value for name, value in about["settings"].items() if name != "weights"}
        stages["reenactment"] = stage = store.stage("kim2021-reenactment", _inputs(data, own))
        if not stage.done:
            trainee = kim2021.ReenactNetTraining(settings, *both_faces(data, device_for()))
            train_network(trainee, settings.reenactment, stage, described=about, on_progress=on_progress)
        own = {name: value for name, value in about["settings"].items() if name != "reenactment"}
        stages["weights"] = stage = store.stage("kim2021-weights", _inputs(data, own))
        if not stage.done:
            trainee = kim2021.BpNetTraining(settings, own_patches(data, device_for()), data.weights)
            described = {**about, "components": lesson.pca.component_count}
            train_network(trainee, settings.weights, stage, described=described, on_progress=on_progress)
        return stages

    def load(self, lesson: Lesson, stages: Mapping[str, Stage], *, store: Store) -> FaceModels:
        """The trained networks."""
        folders = (stages["reenactment"].folder, stages["weights"].folder)
        return _models(lesson, stages, kim2021.load(*folders, device_for()))


@dataclass(frozen=True)
class MoserNetworks:
    """Moser et al. 2021."""

    regression: moser2021.RegressionSettings = moser2021.RegressionSettings()

    def loops(self, settings: RunSettings) -> dict[str, LoopSettings]:
        """The autoencoder; the regression has no iterations."""
        return {"reenactment": settings.reenactment.loop}

    def train(
        self, lesson: Lesson, loops: Mapping[str, LoopSettings], *, store: Store, on_progress: OnProgress
    ) -> dict[str, Stage]:
        """The autoencoder, then the regression."""
        settings = moser2021.autoencoder_settings(
            replace(lesson.settings.reenactment, loop=loops["reenactment"])
        )
        about: dict[str, Any] = {
            "size": int(lesson.data.character.shape[2]),
            "settings": to_dict(settings),
        }
        first = store.stage("moser2021-autoencoder", _inputs(lesson.data, about["settings"]))
        if not first.done:
            trainee = moser2021.autoencoder_training(settings, *both_faces(lesson.data, device_for()))
            train_network(trainee, settings.loop, first, described=about, on_progress=on_progress)
        second = store.stage(
            "moser2021-regression", {"autoencoder": first.key, "settings": to_dict(self.regression)}
        )
        if not second.done:
            began = time.monotonic()
            coder = moser2021.Moser2021(moser2021.load_autoencoder(first.folder, device_for()), None)
            # The motion itself, in order: what is recombined from it has no neighbours, and would blur the blocks.
            rows = np.flatnonzero(lesson.data.character_learned[: lesson.data.motion_frames])
            fitted = moser2021.fit_regression(
                coder.codes(lesson.data.character[rows]), lesson.data.weights[rows], self.regression
            )
            moser2021.write_regression(second.folder / "regression.npz", fitted)
            second.finish(seconds=time.monotonic() - began, iterations=0, penalty=fitted.penalty)
        return {"reenactment": first, "regression": second}

    def load(self, lesson: Lesson, stages: Mapping[str, Stage], *, store: Store) -> FaceModels:
        """Encoder and map."""
        autoencoder = moser2021.load_autoencoder(stages["reenactment"].folder, device_for())
        fitted = moser2021.read_regression(stages["regression"].folder / "regression.npz")
        return _models(lesson, stages, moser2021.Moser2021(autoencoder, fitted))


def _inputs(data: TrainingData, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"data": data.stage.key, "settings": dict(settings), "device": device_for().type}


def _models(lesson: Lesson, stages: Mapping[str, Stage], networks: RivalNetworks) -> RivalModels:
    subject = lesson.subject
    key = "+".join(stage.key for stage in stages.values())
    return RivalModels(subject.character, subject.landmarks, lesson.pca, lesson.data.plan, key, networks)
