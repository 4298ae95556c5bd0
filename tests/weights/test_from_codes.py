"""weights.from_codes: the network that reads codes, and its training beside that which reads patches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from facepatch.training.augment import augment
from facepatch.training.data import PatchSet
from facepatch.training.loop import iteration_generator, train
from facepatch.training.settings import AugmentSettings, LoopSettings
from facepatch.weights.config import WeightSettings
from facepatch.weights.from_codes import HIDDEN, CodeModel, CodeTraining
from facepatch.weights.readouts import Readouts
from facepatch.weights.train import weight_loss

CPU = torch.device("cpu")
STILL = AugmentSettings(rotation_deg=0, shift=0, scale=0, color=1.0, hue=0.0)
LOOP = LoopSettings(
    iterations=150, batch=8, learning_rate=3e-3, schedule="constant", warmup=10, ema=0.0, precision="float32"
)
TINY = WeightSettings(hidden=(16,), augment=STILL, loop=LOOP, vertex_weight=0.5, gap_weight=0.25)


def mean_colors(patches: Tensor) -> Tensor:
    """An encoder that knows nothing but the mean colour: (B, P, 3, H, W) -> (B, 3P)."""
    return 100 * patches.mean((3, 4)).flatten(1)


def training_of(settings: WeightSettings = TINY, count: int = 8) -> CodeTraining:
    """Frames of one colour per patch; the weights are linear in the colours."""
    rng = np.random.default_rng(1)
    colors = rng.integers(0, 255, (count, 2, 3))
    images = np.broadcast_to(colors[:, :, None, None], (count, 2, 32, 32, 3)).astype(np.uint8)
    weights = (colors.reshape(count, 6)[:, :4] / 40 - 3).astype(np.float32)
    shown = Readouts(
        rng.normal(0, 1, (4, 10)).astype(np.float32), rng.normal(0, 1, (4, 9)).astype(np.float32)
    )
    return CodeTraining(
        settings, PatchSet(np.ascontiguousarray(images), CPU), weights, readouts=shown, encode=mean_colors
    )


def test_weights_are_learned_from_codes(tmp_path: Path) -> None:
    trainee = training_of()
    history = train(trainee, LOOP, folder=tmp_path, fingerprint="codes")
    with torch.no_grad():
        predicted = trainee.module.eval()(mean_colors(trainee.patches.take(torch.arange(8))))
    assert float((predicted - trainee.targets).abs().mean()) < 0.3 * float(trainee.targets.abs().mean())
    assert history.values[-1][0] < history.values[0][0]


def test_codes_that_say_nothing_teach_nothing(tmp_path: Path) -> None:
    trainee = training_of()
    trainee.encode = lambda patches: torch.zeros(len(patches), 6)
    train(trainee, LOOP, folder=tmp_path, fingerprint="codes")
    with torch.no_grad():
        predicted = trainee.module.eval()(torch.zeros(8, 6))
    assert float((predicted - trainee.targets).abs().mean()) > 0.3 * float(trainee.targets.abs().mean())


def test_codes_enter_standardised() -> None:
    trainee = training_of()
    trainee.initialise(torch.Generator().manual_seed(0))
    codes = mean_colors(trainee.patches.take(torch.arange(8)))
    entered = (codes - trainee.module.mean) / trainee.module.deviation
    assert entered.mean(0).abs().max() < 1e-4
    torch.testing.assert_close(entered.std(0), torch.ones(6))


def test_the_loss_is_that_of_the_variant_that_reads_patches() -> None:
    trainee = training_of(replace(TINY, augment=AugmentSettings()))
    trainee.initialise(torch.Generator().manual_seed(0))
    losses = trainee.loss(0, iteration_generator(0, 0, 3, CPU))
    generator = iteration_generator(0, 0, 3, CPU)
    rows = trainee.patches.rows(8, generator)
    seen = augment(trainee.patches.take(rows), trainee.settings.augment, generator)
    error = trainee.module(mean_colors(seen)) - trainee.targets[rows]
    by_hand = weight_loss(error, trainee.settings, points=trainee.points, gaps=trainee.gaps)
    torch.testing.assert_close(losses["loss"], by_hand["loss"] / trainee.module.scale)
    torch.testing.assert_close(losses["gaps"], by_hand["gaps"])


def test_the_terms_of_the_loss_by_hand() -> None:
    error = torch.tensor([[1.0, -3.0]])
    points, gaps = torch.tensor([[2.0], [0.0]]), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    found = weight_loss(error, TINY, points=points, gaps=gaps)
    assert (float(found["weights"]), float(found["points"]), float(found["gaps"])) == (2.0, 2.0, 2.0)
    assert float(found["loss"]) == pytest.approx(2.0 + 0.5 * 2.0 + 0.25 * 2.0)


def test_the_encoder_learns_nothing() -> None:
    trainee = training_of()
    factor = torch.ones((), requires_grad=True)
    trainee.encode = lambda patches: factor * mean_colors(patches)
    trainee.initialise(torch.Generator().manual_seed(0))
    trainee.loss(0, iteration_generator(0, 0, 0, CPU))["loss"].backward()
    assert factor.grad is None
    assert all(parameter.grad is not None for parameter in trainee.module.parameters())


def test_frames_that_judge_tell_the_quality() -> None:
    trainee = training_of()
    assert trainee.quality() == {}
    judged = CodeTraining(
        TINY, trainee.patches, trainee.targets.numpy(), encode=mean_colors, judging=np.arange(8),
        readouts=Readouts(trainee.points.numpy(), trainee.gaps.numpy()),
    )  # fmt: skip
    judged.initialise(torch.Generator().manual_seed(0))
    before = judged.quality()["quality"]
    colors = judged.patches.take(torch.arange(8)).mean((3, 4)).flatten(1)
    knows = torch.linalg.lstsq(torch.cat([colors, torch.ones(8, 1)], 1), judged.targets).solution
    judged.module = lambda codes: torch.cat([codes / 100, torch.ones(len(codes), 1)], 1) @ knows  # pyright: ignore[reportAttributeAccessIssue]
    assert judged.quality()["quality"] > max(0.99, before)


@pytest.mark.parametrize(("hidden", "expected"), [((), HIDDEN), ((7,), (7,))])
def test_the_papers_layers_stand_in_where_the_settings_have_none(
    hidden: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    module = CodeModel(WeightSettings(hidden=hidden), codes=5, components=2)
    widths = [layer.out_features for layer in module.dense if isinstance(layer, torch.nn.Linear)]
    assert tuple(widths) == expected
    assert module(torch.zeros(3, 5)).shape == (3, 2)
