"""The trained models of one performer and one character, and all that is needed to use them on another take."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from facepatch import __version__
from facepatch.core.axes import Float32, UInt8
from facepatch.core.data.character import Character, read_character_record
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.data.pca import Pca, read_pca
from facepatch.core.errors import CheckpointError, ConfigError, FormatError, VersionError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.records import atomic_write, storage_error
from facepatch.core.schema import from_dict, to_dict
from facepatch.landmarks.picks import read_picks
from facepatch.patches.plan import PatchPlan, read_plan
from facepatch.pipelines.prepare import TrainingData
from facepatch.pipelines.quality import FILM, MOTION, FilmJudge, about
from facepatch.pipelines.settings import RunSettings
from facepatch.pipelines.store import Stage, Store
from facepatch.pipelines.subject import Subject
from facepatch.reenactment.config import ReenactmentSettings
from facepatch.reenactment.model import ReenactmentModel
from facepatch.reenactment.train import ReenactmentTraining
from facepatch.training.checkpoint import load_into, read_model, write_model
from facepatch.training.data import PatchSet
from facepatch.training.loop import Trainee, TrainingHistory, train, write_history
from facepatch.training.precision import device_for, on_device
from facepatch.training.settings import LoopSettings
from facepatch.weights.config import WeightSettings
from facepatch.weights.model import WeightModel
from facepatch.weights.readouts import readouts
from facepatch.weights.train import WeightTraining

FILES = ("character.npz", "landmarks.json", "pca.npz", "plan.json")
NETWORKS = ("weights", "reenactment")
"""In the order in which they are trained."""


def train_models(
    data: TrainingData, subject: Subject, pca: Pca, *, settings: RunSettings, store: Store,
    on_progress: OnProgress = silent,
) -> dict[str, Stage]:  # fmt: skip
    """Train WEM, then RM, each from its last checkpoint where there is one. Returns their stages.

    WEM knows nothing of the performer; once it is finished it tells what RM's patches are worth (`pipelines.quality`).
    Each stage holds `weights.safetensors`, `model.json`, `history.json`, and for RM `previews/`.
    """
    stages = {
        "weights": _train_weights(data, subject, pca, settings=settings, store=store, on_progress=on_progress)
    }
    stages["reenactment"] = _train_reenactment(
        data, subject, pca, settings=settings, store=store, weights=stages["weights"], on_progress=on_progress
    )
    return stages


def own_patches(data: TrainingData, device: torch.device) -> PatchSet:
    """What weights are learned from: the character's patches, each as likely, but those that judge never."""
    learned = data.character_learned
    return PatchSet(data.character, device, probability=None if learned.all() else learned.astype(np.float32))


def both_faces(data: TrainingData, device: torch.device) -> tuple[PatchSet, PatchSet]:
    """What reenactment is learned from: the performer's patches and the character's."""
    character = np.ascontiguousarray(data.character[data.character_rows])
    return (
        PatchSet(data.performer, device, probability=data.performer_probability),
        PatchSet(character, device, probability=data.character_probability),
    )


def _train_weights(
    data: TrainingData, subject: Subject, pca: Pca, *, settings: RunSettings, store: Store, on_progress: OnProgress
) -> Stage:  # fmt: skip
    device = device_for()
    inputs = {"data": data.stage.key, "settings": to_dict(settings.weights), "device": device.type}
    stage = store.stage("weights", inputs)
    if stage.done:
        return stage
    trainee = WeightTraining(
        settings.weights,
        own_patches(data, device),
        data.weights,
        readouts=readouts(pca, subject.landmarks),
        judging=data.validation.motion_rows,
    )
    described = {
        "patches": int(data.character.shape[1]),
        "size": int(data.character.shape[2]),
        "components": pca.component_count,
        "settings": to_dict(settings.weights),
    }
    train_network(
        trainee, settings.weights.loop, stage, described=described, judged=about(data.validation, MOTION),
        on_progress=on_progress,
    )  # fmt: skip
    return stage


def _train_reenactment(
    data: TrainingData, subject: Subject, pca: Pca, *, settings: RunSettings, store: Store, weights: Stage,
    on_progress: OnProgress,
) -> Stage:  # fmt: skip
    device, validation = device_for(), data.validation
    judged = bool(len(validation.rows))
    inputs = {
        "data": data.stage.key,
        "settings": to_dict(settings.reenactment),
        "judge": weights.key if judged else "",
        "device": device.type,
    }
    stage = store.stage("reenactment", inputs)
    if stage.done:
        return stage
    performer, character = both_faces(data, device)
    regions = data.plan.settings.names
    trainee = ReenactmentTraining(
        settings.reenactment,
        performer,
        character,
        regions=regions,
        masks=(data.performer_mask, data.character_mask),
        partners=(data.partner_rows, data.partner_weight),
        validation=PatchSet(validation.patches, device) if judged else None,
        judge=FilmJudge(
            validation, _read_weights(weights.folder, device)[0], pca=pca, landmarks=subject.landmarks
        )
        if judged
        else None,
    )
    described = {"regions": list(regions), "size": performer.size, "settings": to_dict(settings.reenactment)}
    train_network(
        trainee, settings.reenactment.loop, stage, described=described, judged=about(validation, FILM),
        on_progress=on_progress,
    )  # fmt: skip
    return stage


def train_network(
    trainee: Trainee, loop: LoopSettings, stage: Stage, *, described: dict[str, Any], judged: str = "",
    on_progress: OnProgress,
) -> TrainingHistory:  # fmt: skip
    """Train one network into its stage: `weights.safetensors`, `model.json` (with `described`) and `history.json`.

    judged: what is to be said beside the verdict, of the frames that judge.
    """
    history = train(trainee, loop, folder=stage.folder, fingerprint=stage.key, on_progress=on_progress)
    if history.verdict and judged:
        history = replace(history, verdict=f"{history.verdict} {judged}")
    write_history(stage.folder / "history.json", history)
    tensors = trainee.module.state_dict()
    best = {"iteration": history.best_iteration, "quality": history.best} if history.best else {}
    write_model(stage.folder, tensors, {"facepatch": __version__, "data": stage.key, **described, **best})
    stage.finish(
        seconds=history.seconds,
        attempt=history.attempt,
        iterations=history.iterations[-1] if history.iterations else 0,
        doubt=history.doubt,
        verdict=history.verdict,
    )
    (stage.folder / "checkpoint.safetensors").unlink(missing_ok=True)
    return history


def bundle(
    folder: Path, *, data: TrainingData, character: Stage, pca: Stage, networks: dict[str, Stage]
) -> None:
    """Copy what a trained model consists of into `folder`; settings and calibration are added by the caller."""
    sources = {
        "character.npz": character.folder,
        "landmarks.json": character.folder,
        "pca.npz": pca.folder,
        "plan.json": data.stage.folder,
    }
    for name, source in sources.items():
        _copy(source / name, folder / name)
    for network, stage in networks.items():
        for name in ("weights.safetensors", "model.json"):
            _copy(stage.folder / name, folder / network / name)


def take_the_place_of(old: Path, new: Path) -> None:
    """Put the folder `new` where `old` is, as one step as far as the system allows."""
    gone = old.with_name(f".{old.name}.old")
    try:
        shutil.rmtree(gone, ignore_errors=True)
        if old.exists():
            old.rename(gone)
        new.rename(old)
        shutil.rmtree(gone, ignore_errors=True)
    except OSError as error:
        raise storage_error(old, error) from error


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as stream, atomic_write(target) as out:
        shutil.copyfileobj(stream, out)


@dataclass(frozen=True, eq=False)
class Models:
    """A bundle, loaded."""

    folder: Path
    character: Character
    landmarks: SurfaceLandmarks
    pca: Pca
    plan: PatchPlan
    reenactment: ReenactmentModel
    weights: WeightModel
    key: str
    """Hash of the networks."""

    def predict(self, patches: UInt8) -> tuple[UInt8, Float32]:
        """Performer patches (B, P, H, W, 3) -> the character's patches, the same shape, and PCA weights (B, M)."""
        with torch.no_grad():
            device = self.weights.scale.device
            images = torch.from_numpy(patches).to(device).permute(0, 1, 4, 2, 3).float() / 255
            reenacted = self.reenactment.reenact(images)
            weights = self.weights(reenacted)
            shown = (reenacted.permute(0, 1, 3, 4, 2) * 255).round().clamp(0, 255).byte()
        return shown.cpu().numpy(), weights.cpu().numpy()

    def read(self, patches: UInt8) -> Float32:
        """The character's own patches (B, P, H, W, 3) -> PCA weights (B, M), without reenactment."""
        with torch.no_grad():
            images = (
                torch.from_numpy(patches).to(self.weights.scale.device).permute(0, 1, 4, 2, 3).float() / 255
            )
            return self.weights(images).cpu().numpy()


def load_models(folder: Path) -> Models:
    """Load a bundle. Raises CheckpointError where it is missing, damaged, or of another facepatch."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise CheckpointError(
            f"{folder}: holds no trained models ({', '.join(missing)} missing). Run: facepatch run"
        )
    try:
        return _load(folder)
    except (ConfigError, FormatError, VersionError, KeyError) as error:
        raise CheckpointError(
            f"{folder}: was written by another facepatch ({error}). Train again, or use that facepatch."
        ) from error


def _load(folder: Path) -> Models:
    character = read_character_record(folder / "character.npz")
    device = device_for()
    tensors, about = read_model(folder / "reenactment")
    settings = from_dict(ReenactmentSettings, about["settings"], "reenactment")
    reenactment = ReenactmentModel(settings, regions=tuple(about["regions"]), size=int(about["size"]))
    load_into(reenactment, tensors, "", folder / "reenactment")
    weights, weights_hash = _read_weights(folder / "weights", device)
    return Models(
        folder=folder,
        character=character,
        landmarks=read_picks(folder / "landmarks.json", character),
        pca=read_pca(folder / "pca.npz"),
        plan=read_plan(folder / "plan.json"),
        reenactment=on_device(reenactment, device).eval(),
        weights=weights,
        key=f"{about['weights_sha256'][:16]}+{weights_hash[:16]}",
    )


def _read_weights(folder: Path, device: torch.device) -> tuple[WeightModel, str]:
    """The weight estimation that `write_model` wrote into `folder`, ready for use, and its hash."""
    tensors, described = read_model(folder)
    network = WeightModel(
        from_dict(WeightSettings, described["settings"], "weights"),
        patches=int(described["patches"]),
        size=int(described["size"]),
        components=int(described["components"]),
    )
    load_into(network, tensors, "", folder)
    return on_device(network, device).eval(), described["weights_sha256"]


def training_curves(stages: dict[str, Stage]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and history of each network."""
    for name, stage in stages.items():
        yield name, json.loads((stage.folder / "history.json").read_text(encoding="utf-8"))
