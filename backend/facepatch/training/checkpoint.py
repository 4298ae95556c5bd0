"""Models and checkpoints on disk: safetensors and JSON, written atomically, never pickle."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from facepatch.core.errors import CheckpointError
from facepatch.core.records import atomic_write, write_text


class Checkpoint(NamedTuple):
    """`tensors` by name and a JSON `header`."""

    tensors: dict[str, Tensor]
    header: dict[str, Any]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write one `.safetensors` file whose metadata carries the header. Whole or absent, never half."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    data = save(tensors, metadata={"header": json.dumps(checkpoint.header)})
    with atomic_write(path) as stream:
        stream.write(data)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what `write_checkpoint` wrote. Raises CheckpointError for a file that is damaged or something else."""
    try:
        data = path.read_bytes()
        tensors = load(data)
        length = int.from_bytes(data[:8], "little")
        header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["header"])
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such checkpoint. Train first.") from error
    except (SafetensorError, ValueError, KeyError, OSError) as error:
        raise CheckpointError(
            f"{path}: is no whole checkpoint ({error}). Delete it to train again."
        ) from error
    return Checkpoint(tensors, header)


def write_model(folder: Path, tensors: dict[str, Tensor], description: dict[str, Any]) -> None:
    """Write `weights.safetensors` and `model.json` (settings, versions, data fingerprint, metrics)."""
    data = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    described = {**description, "weights_sha256": hashlib.sha256(data).hexdigest()}
    with atomic_write(folder / "weights.safetensors") as stream:
        stream.write(data)
    # Last: a model without its description does not exist.
    write_text(folder / "model.json", json.dumps(described, indent=2))


def read_model(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_model` wrote. Raises CheckpointError where a file is missing, damaged or does not belong."""
    try:
        description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        data = (folder / "weights.safetensors").read_bytes()
        tensors = load(data)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{folder}: holds no trained model ({error.filename} is missing). Train first."
        ) from error
    except (SafetensorError, ValueError, OSError) as error:
        raise CheckpointError(f"{folder}: the model is damaged ({error}). Train again.") from error
    wanted = description.get("weights_sha256") if isinstance(description, dict) else None
    if hashlib.sha256(data).hexdigest() != wanted:
        raise CheckpointError(f"{folder}: weights.safetensors does not belong to model.json. Train again.")
    return tensors, description


def load_into(module: torch.nn.Module, tensors: dict[str, Tensor], prefix: str, where: Path) -> None:
    """Put the tensors named `prefix + name` into `module`. Raises CheckpointError where one does not fit."""
    own = {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    try:
        module.load_state_dict(own)
    except RuntimeError as error:
        raise CheckpointError(
            f"{where}: the weights are of other settings ({error}). Train again."
        ) from error
