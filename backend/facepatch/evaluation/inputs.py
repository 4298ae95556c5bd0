"""What the weight estimation reads: the reenacted patches, or the codes behind them (the paper's 3.4, Fig. 5).

Both variants share one reenactment network, to the bit: what differs is the network that ends in PCA weights, and it
gets the same seconds in both. `latent` reads E(performer) as it is; nothing is decoded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from facepatch.core.axes import Float32, UInt8
from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.data.pca import Pca
from facepatch.core.progress import OnProgress, silent
from facepatch.core.schema import from_dict, to_dict
from facepatch.evaluation.ablation import Ablation, Trials, Variant, ablate
from facepatch.evaluation.methods import Method
from facepatch.evaluation.networks import Budget, Lesson, scaled
from facepatch.evaluation.pairs import PairJob
from facepatch.patches.plan import PatchPlan
from facepatch.pipelines.models import own_patches, train_models, train_network
from facepatch.pipelines.retarget import FaceModels
from facepatch.pipelines.settings import RunSettings
from facepatch.pipelines.store import Stage, Store
from facepatch.reenactment.config import ReenactmentSettings
from facepatch.reenactment.model import ReenactmentModel
from facepatch.training.checkpoint import load_into, read_model
from facepatch.training.precision import device_for, on_device
from facepatch.training.settings import LoopSettings
from facepatch.weights.config import WeightSettings
from facepatch.weights.from_codes import CodeModel, CodeTraining
from facepatch.weights.readouts import readouts

IMAGE, LATENT = "image", "latent"


@dataclass(frozen=True)
class CodeNetworks:
    """The reenactment of `PatchNetworks`, and weights from its codes."""

    def loops(self, settings: RunSettings) -> dict[str, LoopSettings]:
        """RM and WEM as of the variant that reads images, and the network that reads codes."""
        return {
            "reenactment": settings.reenactment.loop,
            "weights": settings.weights.loop,
            "codes": settings.weights.loop,
        }

    def train(
        self, lesson: Lesson, loops: Mapping[str, LoopSettings], *, store: Store, on_progress: OnProgress
    ) -> dict[str, Stage]:
        """RM as the variant that reads images trains it, or finds it kept from there; then the codes.

        That variant's weight estimation comes along, since RM's best state may be chosen by it; it is not used and does
        not count.
        """
        settings = replace(
            lesson.settings,
            reenactment=replace(lesson.settings.reenactment, loop=loops["reenactment"]),
            weights=replace(lesson.settings.weights, loop=loops["weights"]),
        )
        stages = train_models(
            lesson.data, lesson.subject, lesson.pca, settings=settings, store=store, on_progress=on_progress
        )
        return {
            "reenactment": stages["reenactment"],
            "codes": _train_codes(
                lesson, stages["reenactment"], loops["codes"], store=store, on_progress=on_progress
            ),
        }

    def load(self, lesson: Lesson, stages: Mapping[str, Stage], *, store: Store) -> FaceModels:
        """The trained networks, ready to use."""
        device = device_for()
        tensors, about = read_model(stages["codes"].folder)
        module = CodeModel(
            from_dict(WeightSettings, about["settings"], "weights"),
            codes=int(about["codes"]),
            components=int(about["components"]),
        )
        load_into(module, tensors, "", stages["codes"].folder)
        return CodeModels(
            character=lesson.subject.character,
            landmarks=lesson.subject.landmarks,
            pca=lesson.pca,
            plan=lesson.data.plan,
            key=f"{stages['reenactment'].key}+{about['weights_sha256'][:16]}",
            reenactment=load_reenactment(stages["reenactment"]),
            codes=module.to(device).eval(),
        )


def _train_codes(
    lesson: Lesson, reenactment: Stage, loop: LoopSettings, *, store: Store, on_progress: OnProgress
) -> Stage:
    settings = replace(lesson.settings.weights, loop=loop)
    inputs = {
        "data": lesson.data.stage.key,
        "reenactment": reenactment.key,
        "settings": to_dict(settings),
        "device": device_for().type,
    }
    stage = store.stage("codes", inputs)
    if not stage.done:
        trainee = CodeTraining(
            settings,
            own_patches(lesson.data, device_for()),
            lesson.data.weights,
            readouts=readouts(lesson.pca, lesson.subject.landmarks),
            encode=partial(codes_of, load_reenactment(reenactment)),
            judging=lesson.data.validation.motion_rows,
        )
        described = {
            "codes": len(trainee.module.mean),
            "components": lesson.pca.component_count,
            "settings": to_dict(settings),
        }
        train_network(trainee, loop, stage, described=described, on_progress=on_progress)
    return stage


def load_reenactment(stage: Stage) -> ReenactmentModel:
    """The reenactment networks of a finished stage."""
    tensors, about = read_model(stage.folder)
    settings = from_dict(ReenactmentSettings, about["settings"], "reenactment")
    module = ReenactmentModel(settings, regions=tuple(about["regions"]), size=int(about["size"]))
    load_into(module, tensors, "", stage.folder)
    return on_device(module, device_for()).eval()


def codes_of(networks: ReenactmentModel, patches: Tensor) -> Tensor:
    """(B, P, 3, H, W) patches in 0..1 of either domain -> (B, P * D), code after code in the order of the regions."""
    return networks.codes(patches).flatten(1)


@dataclass(frozen=True, eq=False)
class CodeModels:
    """A `FaceModels` whose weights come from codes."""

    character: Character
    landmarks: SurfaceLandmarks
    pca: Pca
    plan: PatchPlan
    key: str
    reenactment: ReenactmentModel
    codes: CodeModel

    @torch.no_grad()
    def predict(self, patches: UInt8) -> tuple[UInt8, Float32]:
        """Performer patches (B, P, H, W, 3) -> the reenacted patches, which nothing reads, and weights (B, M)."""
        images = self._images(patches)
        shown = self.reenactment.reenact(images).permute(0, 1, 3, 4, 2)
        return (shown * 255).round().clamp(0, 255).byte().cpu().numpy(), self._weights(images)

    @torch.no_grad()
    def read(self, patches: UInt8) -> Float32:
        """The character's own patches (B, P, H, W, 3) -> weights (B, M), by their codes."""
        return self._weights(self._images(patches))

    def _weights(self, images: Tensor) -> Float32:
        return self.codes(codes_of(self.reenactment, images)).cpu().numpy()

    def _images(self, patches: UInt8) -> Tensor:
        images = torch.from_numpy(np.ascontiguousarray(patches)).to(self.codes.scale.device)
        return images.permute(0, 1, 4, 2, 3).float() / 255


@dataclass(frozen=True)
class LatentMethod(Method):
    """Weights from codes, at the cost of the weights from images."""

    def within(self, budget: Budget, lesson: Lesson, *, store: Store) -> dict[str, LoopSettings]:
        """RM as in the variant that reads images; the codes get the seconds of its weight estimation."""
        image = Method(IMAGE, self.settings)
        loops = image.within(budget, lesson, store=store)
        seconds = loops["weights"].iterations * image.pace(lesson, store=store)["weights"]
        count = seconds / self.pace(lesson, store=store)["codes"]
        return {**loops, "codes": scaled(loops["weights"], count / loops["weights"].iterations)}


INPUTS = Ablation(
    "input",
    "Latent or image input of the weight estimation",
    "One reenactment network serves both. The network behind it reads the reenacted patches or the codes, and gets the "
    "same seconds of training in both; the seconds of the table count the reenactment too.",
    (
        Variant(IMAGE, lambda settings: Method(IMAGE, settings)),
        Variant(LATENT, lambda settings: LatentMethod(LATENT, settings, CodeNetworks())),
    ),
    equal_time=False,
)


def evaluate_inputs(
    jobs: Sequence[PairJob], trials: Trials, out: Path, *, on_progress: OnProgress = silent
) -> list[dict[str, Any]]:
    """Images and codes on every pair: `ablation.ablate`."""
    return ablate(INPUTS, jobs, trials, out, on_progress=on_progress)
