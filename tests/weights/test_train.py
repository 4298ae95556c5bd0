from dataclasses import replace

import numpy as np
import pytest
import torch

from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.pipelines.settings import read_settings
from facepatch.training.augment import augment
from facepatch.training.data import PatchSet
from facepatch.training.loop import Training, iteration_generator, train
from facepatch.training.settings import AugmentSettings, LoopSettings
from facepatch.weights.config import WeightSettings
from facepatch.weights.readouts import Readouts
from facepatch.weights.train import WeightTraining

CPU = torch.device("cpu")
STILL = AugmentSettings(rotation_deg=0, shift=0, scale=0, color=1.0, hue=0.0)
LOOP = LoopSettings(
    iterations=120, batch=6, learning_rate=3e-3, schedule="constant", warmup=10, ema=0.0, precision="float32"
)
TINY = WeightSettings(channels=(8, 16, 16), augment=STILL, loop=LOOP)


def readouts_of(components, seed=0):
    rng = np.random.default_rng(seed)
    return Readouts(
        rng.normal(0, 0.3, (components, 2 * len(LANDMARK_NAMES))).astype(np.float32),
        rng.normal(0, 0.3, (components, 9)).astype(np.float32),
    )


def training_of(settings=TINY, count=6, size=32, patches=2, components=4):
    """Mouths whose opening and place are what the weights say."""
    rng = np.random.default_rng(1)
    weights = rng.normal(0, 1, (count, components)).astype(np.float32)
    y, x = (np.mgrid[:size, :size] + 0.5) / size - 0.5
    images = np.empty((count, patches, size, size, 3), np.uint8)
    for frame, row in enumerate(weights):
        for patch in range(patches):
            tall, along = 0.2 + 0.05 * row[patch], 0.1 * row[(patch + 2) % components]
            mouth = ((x - along) / 0.3) ** 2 + (y / max(tall, 0.03)) ** 2 < 1
            images[frame, patch] = np.where(mouth[..., None], (60, 20, 30), (120, 190, 120))
    return WeightTraining(settings, PatchSet(images, CPU), weights, readouts=readouts_of(components))


def test_one_batch_is_learned_by_heart(tmp_path):
    trainee = training_of()
    trainee.initialise(torch.Generator().manual_seed(0))
    first = float(trainee.loss(0, iteration_generator(0, 0, 0, CPU))["loss"].detach())
    history = train(trainee, LOOP, folder=tmp_path, fingerprint="overfit")
    assert history.values[-1][0] < 0.4 * first
    with torch.no_grad():
        predicted = trainee.module.eval()(trainee.patches.take(torch.arange(6)))
    assert float((predicted - trainee.targets).abs().mean()) < 0.3 * float(trainee.targets.abs().mean())


def test_the_output_is_scaled_to_the_data():
    trainee = training_of()
    trainee.targets *= 7
    trainee.initialise(torch.Generator().manual_seed(0))
    assert float(trainee.module.scale) == pytest.approx(float(trainee.targets.std()), rel=1e-4)


@pytest.mark.parametrize(("vertex_weight", "gap_weight"), [(0.0, 0.0), (1.0, 2.0), (0.5, 0.0)])
def test_the_loss_by_hand(vertex_weight, gap_weight):
    settings = replace(TINY, vertex_weight=vertex_weight, gap_weight=gap_weight, augment=AugmentSettings())
    trainee = training_of(settings)
    trainee.initialise(torch.Generator().manual_seed(0))
    losses = trainee.loss(0, iteration_generator(0, 0, 5, CPU))

    generator = iteration_generator(0, 0, 5, CPU)
    rows = trainee.patches.rows(6, generator)
    with torch.no_grad():
        predicted = trainee.module(augment(trainee.patches.take(rows), settings.augment, generator)).numpy()
    error = predicted - trainee.targets[rows].numpy()
    found = readouts_of(4)
    by_hand = {
        "weights": np.abs(error).mean(),
        "points": np.abs(error @ found.points).mean(),
        "gaps": np.abs(error @ found.gaps).mean(),
    }
    for name, value in by_hand.items():
        assert float(losses[name].detach()) == pytest.approx(value, rel=1e-4)
    total = by_hand["weights"] + vertex_weight * by_hand["points"] + gap_weight * by_hand["gaps"]
    assert float(losses["loss"].detach()) == pytest.approx(total / float(trainee.module.scale), rel=1e-4)


def test_weights_of_another_unit_are_learned_alike():
    # A character in other units has other weights; the loss that Adam sees is the same.
    losses = []
    for unit in (1.0, 100.0):
        trainee = training_of()
        trainee.targets *= unit
        trainee.initialise(torch.Generator().manual_seed(0))
        losses.append(float(trainee.loss(0, iteration_generator(0, 0, 0, CPU))["loss"].detach()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_images_and_weights_stay_together():
    # A network that knew the answers would have no loss, whatever rows are drawn.
    class Oracle(torch.nn.Module):
        def __init__(self, patches, targets):
            super().__init__()
            self.patches, self.targets = patches.flatten(1), targets
            self.register_buffer("scale", torch.ones(()))

        def forward(self, images):
            distance = torch.cdist(images.flatten(1), self.patches)
            return self.targets[distance.argmin(1)]

    trainee = training_of()
    trainee.module = Oracle(trainee.patches.take(torch.arange(6)), trainee.targets)
    assert float(trainee.loss(0, iteration_generator(0, 0, 0, CPU))["loss"]) == 0.0
    trainee.targets = trainee.targets.roll(1, 0)
    assert float(trainee.loss(0, iteration_generator(0, 0, 0, CPU))["loss"]) > 0.5


def test_supervised_training_is_never_objected_to(tmp_path):
    trainee = training_of()
    assert trainee.check(1) == ""
    assert trainee.doubt() == ""
    assert not trainee.preview(tmp_path / "000001.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("preset", ["full", "paper"])
def test_the_presets_train_at_full_size(preset, tmp_path):
    settings = read_settings(preset)
    loop = replace(settings.weights.loop, batch=2, iterations=1, precision="float32")
    trainee = training_of(
        replace(settings.weights, loop=loop), count=2, size=settings.patches.size, patches=3, components=20
    )
    training = Training(trainee, loop, tmp_path, preset)
    before = trainee.module.down[0].weight.detach().clone()
    values = training.step()
    assert np.isfinite(list(values.values())).all()
    assert not torch.equal(before, trainee.module.down[0].weight.detach())


def test_the_quality_is_what_is_left_of_the_error_of_the_mean_expression():
    trainee = training_of(count=40)
    trainee.judging = torch.arange(30, 40)
    wanted, mean = trainee.targets[30:], trainee.targets.mean(0)

    class Answers(torch.nn.Module):
        share = 0.0

        def forward(self, patches):
            return wanted + self.share * (mean - wanted)

    trainee.module = answers = Answers()
    names = ["quality", "quality: shape", "quality: lids", "quality: lips"]
    for share, quality in ((0.0, 1.0), (0.25, 0.75), (1.0, 0.0), (2.0, 0.0)):
        answers.share = share
        assert trainee.quality() == pytest.approx(dict.fromkeys(names, quality), abs=1e-5)


def test_lids_and_lips_are_judged_apart():
    trainee = training_of(count=40)
    trainee.judging = torch.arange(30, 40)
    trainee.gaps[:, :] = 0
    trainee.gaps[0, :6], trainee.gaps[1, 6:] = 1.0, 1.0  # the first component shuts lids, the second lips
    wanted = trainee.targets[30:].clone()
    wanted[:, 0] = trainee.targets[:, 0].mean()

    class Blind(torch.nn.Module):
        def forward(self, patches):
            return wanted

    trainee.module = Blind()
    found = trainee.quality()
    assert found["quality: lids"] == pytest.approx(0.0, abs=1e-5)
    assert found["quality: lips"] == pytest.approx(1.0, abs=1e-5)
    assert 0 < found["quality: shape"] < 1


def test_without_renders_that_judge_there_is_no_quality():
    assert training_of().quality() == {}
