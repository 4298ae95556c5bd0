"""baselines.moser2021: the autoencoder of the whole face, and the linear map from its codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from facepatch.baselines import moser2021
from facepatch.baselines.moser2021 import (
    Moser2021,
    RegressionSettings,
    autoencoder_training,
    fit_regression,
    load_autoencoder,
    read_regression,
    write_regression,
)
from facepatch.core.errors import InputError
from facepatch.core.schema import to_dict
from facepatch.reenactment.config import ReenactmentSettings
from facepatch.training.checkpoint import write_model
from facepatch.training.data import PatchSet
from facepatch.training.loop import train
from facepatch.training.settings import LoopSettings

CPU = torch.device("cpu")
SMALL = ReenactmentSettings(
    encoder_channels=4, latent=16, decoder_channels=2, residual_blocks=0,
    loop=LoopSettings(iterations=4, batch=4, warmup=0, ema=0.0, checkpoint_every=2, precision="float32"),
)  # fmt: skip


def walk(count: int, width: int, seed: int) -> np.ndarray:
    """Codes that move slowly, as those of a film do."""
    steps = np.random.default_rng(seed).normal(size=(count, width))
    return np.cumsum(steps, 0).astype(np.float32)


def images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 1, 32, 32, 3)).astype(np.uint8)


def test_a_linear_relation_is_found_whatever_the_scale_of_the_codes() -> None:
    codes = walk(300, 6, 0) * np.array([1e-3, 1, 10, 1e3, 1, 0], np.float32)
    true = np.random.default_rng(1).normal(size=(6, 3)) / np.array([[1e-3], [1], [10], [1e3], [1], [1]])
    weights = (codes @ true + 5).astype(np.float32)
    found = fit_regression(codes, weights)
    np.testing.assert_allclose(found(codes), weights, atol=0.02 * weights.std())
    assert found.penalty == min(RegressionSettings().penalties)


def test_noise_asks_for_a_penalty_and_blocks_find_it() -> None:
    rng = np.random.default_rng(3)
    codes = walk(120, 60, 2)
    weights = (codes[:, :1] + rng.normal(size=(120, 2)) * 8).astype(np.float32)
    found = fit_regression(codes, weights)
    assert found.penalty > min(RegressionSettings().penalties)
    assert found.errors[RegressionSettings().penalties.index(found.penalty)] == min(found.errors)
    assert found.errors[0] > min(found.errors) * 1.05


def test_blocks_are_contiguous_so_that_neighbours_do_not_give_the_answer_away() -> None:
    """A code that names the frame and nothing else: neighbours would read it off, whole blocks cannot."""
    codes = np.repeat(np.eye(10, dtype=np.float32), 20, axis=0)
    weights = np.repeat(np.random.default_rng(0).normal(size=(10, 1)).astype(np.float32), 20, axis=0)
    found = fit_regression(codes, weights, RegressionSettings(penalties=(1e-4,), blocks=10))
    assert found.errors[0] > 0.5 * weights.std()


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(InputError, match="4 frames do not make 5 blocks"):
        fit_regression(np.zeros((4, 2), np.float32), np.zeros((4, 1), np.float32))


def test_a_regression_comes_back_as_it_was_written(tmp_path: Path) -> None:
    found = fit_regression(walk(60, 4, 0), walk(60, 2, 1))
    write_regression(tmp_path / "regression.npz", found)
    back = read_regression(tmp_path / "regression.npz")
    np.testing.assert_array_equal(back(walk(9, 4, 5)), found(walk(9, 4, 5)))
    assert (back.penalty, back.errors) == (found.penalty, found.errors)


def test_the_autoencoder_has_nothing_of_ours() -> None:
    trainee = autoencoder_training(SMALL, PatchSet(images(8), CPU), PatchSet(images(8, 1), CPU))
    used = trainee.settings
    assert (used.grey_input, used.mean_image, used.pair_weight, used.mask_weight) == (False, False, 0.0, 0.0)
    assert trainee.module.regions == ("face",)


def test_trained_loaded_and_read(tmp_path: Path) -> None:
    performer, character = images(12), images(20, 1)
    trainee = autoencoder_training(SMALL, PatchSet(performer, CPU), PatchSet(character, CPU))
    train(trainee, SMALL.loop, folder=tmp_path, fingerprint="x")
    about = {"size": 32, "settings": to_dict(trainee.settings)}
    write_model(tmp_path, trainee.module.state_dict(), about)
    coder = Moser2021(load_autoencoder(tmp_path, CPU), None)
    codes = coder.codes(character)
    assert codes.shape == (20, 16)
    np.testing.assert_allclose(coder.codes(character[:3]), codes[:3], atol=1e-5)
    weights = walk(20, 3, 4)
    trained = Moser2021(coder.autoencoder, fit_regression(codes, weights, RegressionSettings(blocks=4)))
    shown, predicted = trained.predict(performer)
    assert shown is performer
    assert predicted.shape == (12, 3)
    np.testing.assert_array_equal(predicted, trained.read(performer))


def test_codes_come_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    trainee = autoencoder_training(SMALL, PatchSet(images(8), CPU), PatchSet(images(8, 1), CPU))
    coder = Moser2021(trainee.module.eval(), None)
    whole = coder.codes(images(9, 3))
    monkeypatch.setattr(moser2021, "BATCH", 4)
    np.testing.assert_allclose(coder.codes(images(9, 3)), whole, atol=1e-5)
