import errno
import json
import os
import zipfile

import pytest
import torch
from safetensors.torch import save
from torch import nn

from facepatch.core.errors import CheckpointError, StorageError
from facepatch.training.checkpoint import (
    Checkpoint,
    load_into,
    read_checkpoint,
    read_model,
    write_checkpoint,
    write_model,
)

HEADER = {"iteration": 7, "fingerprint": "ab#1", "names": ["loss", "größe"]}


def tensors(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        "model.weight": torch.randn(3, 4, generator=generator),
        "model.steps": torch.tensor(12),
        "history": torch.randn(5, generator=generator, dtype=torch.float64),
    }


def write(path, seed=0):
    write_checkpoint(path, Checkpoint(tensors(seed), HEADER))


def refuse_to_flush(monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path):
    path = tmp_path / "deep" / "checkpoint.safetensors"
    write(path)
    found, header = read_checkpoint(path)
    assert header == HEADER
    assert found.keys() == tensors().keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors().items())
    assert all(found[name].dtype == tensor.dtype for name, tensor in tensors().items())


def test_weights_in_channels_last_come_back_at_the_same_places(tmp_path):
    kernel = torch.randn(4, 3, 5, 5).contiguous(memory_format=torch.channels_last)
    write_checkpoint(tmp_path / "c.safetensors", Checkpoint({"kernel": kernel}, {}))
    assert torch.equal(read_checkpoint(tmp_path / "c.safetensors").tensors["kernel"], kernel)


def test_a_write_that_fails_leaves_the_last_checkpoint_whole(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.safetensors"
    write(path, seed=1)
    refuse_to_flush(monkeypatch)
    with pytest.raises(StorageError, match="the disk is full"):
        write(path, seed=2)
    assert torch.equal(read_checkpoint(path).tensors["model.weight"], tensors(1)["model.weight"])
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def damaged(path):
    data = bytearray(path.read_bytes())
    data[10] ^= 0xFF  # inside the JSON header
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        damaged,
        lambda path: path.write_bytes(path.read_bytes()[:-20]),
        lambda path: path.write_bytes(path.read_bytes()[:30]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff" * 100),
        lambda path: path.write_text("iteration,loss\n10,0.5\n" * 50),
        lambda path: path.write_bytes(save(tensors())),  # somebody else's safetensors: no header of ours
        lambda path: path.write_bytes(save(tensors(), metadata={"header": "{not json"})),
    ],
    ids=[
        "flipped bit",
        "cut short",
        "cut in the header",
        "empty",
        "noise",
        "a table",
        "no header",
        "header no JSON",
    ],
)
def test_what_is_no_whole_checkpoint_is_refused_in_a_sentence(tmp_path, damage):
    path = tmp_path / "checkpoint.safetensors"
    write(path)
    damage(path)
    with pytest.raises(
        CheckpointError, match=r"is no whole checkpoint .*Delete it to train again"
    ) as refusal:
        read_checkpoint(path)
    assert str(path) in str(refusal.value)


def test_a_checkpoint_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"no such checkpoint. Train first"):
        read_checkpoint(tmp_path / "checkpoint.safetensors")


def malicious(marker):
    """A pickle that makes the folder `marker` when it is read: os.mkdir(marker)."""
    return b"cos\nmkdir\n(V" + str(marker).encode("unicode_escape") + b"\ntR."


@pytest.mark.parametrize("packed", [False, True], ids=["pickle", "torch archive"])
def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path, packed):
    marker, path = tmp_path / "it_ran", tmp_path / "checkpoint.safetensors"
    if packed:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", malicious(marker))
    else:
        path.write_bytes(malicious(marker))
    with pytest.raises(CheckpointError, match="is no whole checkpoint"):
        read_checkpoint(path)
    folder = tmp_path / "model"
    write_model(folder, tensors(), {})
    path.replace(folder / "weights.safetensors")
    with pytest.raises(CheckpointError, match="the model is damaged"):
        read_model(folder)
    assert not marker.exists()


def test_that_pickle_is_really_malicious(tmp_path):
    import pickle  # noqa: TID251

    marker = tmp_path / "it_ran"
    pickle.loads(malicious(marker))
    assert marker.exists()


def test_a_model_comes_back_with_its_description(tmp_path):
    write_model(tmp_path, tensors(), {"data": "abc", "settings": {"latent": 8}})
    found, about = read_model(tmp_path)
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors().items())
    assert about["settings"] == {"latent": 8}
    assert len(about["weights_sha256"]) == 64


def test_the_same_weights_make_the_same_file(tmp_path):
    for name in ("a", "b"):
        write_model(tmp_path / name, tensors(), {})
    first, second = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("a", "b"))
    assert first == second


def test_weights_of_another_model_are_refused(tmp_path):
    write_model(tmp_path / "a", tensors(1), {})
    write_model(tmp_path / "b", tensors(2), {})
    (tmp_path / "b" / "weights.safetensors").replace(tmp_path / "a" / "weights.safetensors")
    with pytest.raises(
        CheckpointError, match=r"weights.safetensors does not belong to model.json. Train again"
    ):
        read_model(tmp_path / "a")


@pytest.mark.parametrize("missing", ["model.json", "weights.safetensors"])
def test_half_a_model_is_refused(tmp_path, missing):
    write_model(tmp_path, tensors(), {})
    (tmp_path / missing).unlink()
    with pytest.raises(CheckpointError, match=f"holds no trained model .*{missing} is missing"):
        read_model(tmp_path)


@pytest.mark.parametrize("text", ["{", "[1]", ""], ids=["cut", "no table", "empty"])
def test_a_damaged_description_is_refused(tmp_path, text):
    write_model(tmp_path, tensors(), {})
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(CheckpointError, match="Train again"):
        read_model(tmp_path)


def test_a_description_without_a_hash_is_refused(tmp_path):
    write_model(tmp_path, tensors(), {})
    (tmp_path / "model.json").write_text(json.dumps({"data": "abc"}))
    with pytest.raises(CheckpointError, match="does not belong"):
        read_model(tmp_path)


def test_a_model_that_cannot_be_written_leaves_the_last_one(tmp_path, monkeypatch):
    write_model(tmp_path, tensors(1), {})
    refuse_to_flush(monkeypatch)
    with pytest.raises(StorageError, match="the disk is full"):
        write_model(tmp_path, tensors(2), {})
    assert torch.equal(read_model(tmp_path)[0]["model.weight"], tensors(1)["model.weight"])


def test_tensors_go_into_the_module_by_their_prefix(tmp_path):
    module = nn.Linear(4, 3)
    wanted = {
        "ema.weight": torch.ones(3, 4),
        "ema.bias": torch.zeros(3),
        "model.weight": torch.full((3, 4), 9.0),
    }
    load_into(module, wanted, "ema.", tmp_path)
    assert torch.equal(module.weight, torch.ones(3, 4))


@pytest.mark.parametrize(
    "wrong",
    [{"weight": torch.ones(3, 5), "bias": torch.zeros(3)}, {"weight": torch.ones(3, 4)}, {}],
    ids=["other size", "one missing", "none"],
)
def test_tensors_of_other_settings_are_refused(tmp_path, wrong):
    with pytest.raises(CheckpointError, match=r"(?s)the weights are of other settings .*Train again"):
        load_into(nn.Linear(4, 3), wrong, "", tmp_path)
