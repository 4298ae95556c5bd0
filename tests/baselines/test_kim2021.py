"""baselines.kim2021: ReenactNet and BPNet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator

from facepatch.baselines.kim2021 import (
    Attention,
    BpNetTraining,
    KimSettings,
    ReenactNet,
    ReenactNetTraining,
    as_read,
    bp_net,
    initialise,
    load,
    plane_sizes,
)
from facepatch.core.schema import to_dict
from facepatch.training.checkpoint import write_model
from facepatch.training.data import PatchSet
from facepatch.training.loop import train
from facepatch.training.settings import AugmentSettings, LoopSettings

CPU = torch.device("cpu")
STILL = AugmentSettings(rotation_deg=0, shift=0, scale=0, color=1, hue=0)
LOOP = LoopSettings(
    iterations=6, batch=4, learning_rate=2e-3, schedule="constant", warmup=0, ema=0.0, checkpoint_every=3,
    precision="float32",
)  # fmt: skip
SMALL = KimSettings(
    channels=(4, 8, 8, 16), code=16, attention_in=8, attention_out=8, read_channels=(4, 8, 8, 8), read_hidden=(16,),
    augment=STILL, read_augment=STILL, reenactment=LOOP, weights=LOOP,
)  # fmt: skip


def images(count: int, *, size: int = 24, seed: int = 0) -> np.ndarray:
    """A bright bar whose height tells the frame."""
    rng = np.random.default_rng(seed)
    found = rng.integers(30, 50, (count, 1, size, size, 3)).astype(np.uint8)
    for index in range(count):
        found[index, 0, : 2 + index * (size - 4) // count] = 200
    return found


def test_the_published_sizes() -> None:
    net = ReenactNet(KimSettings(), 128)
    assert net.encoder.to_code.in_features == 8192
    assert net.encoder.to_code.out_features == 512
    reader = bp_net(KimSettings(), components=20)
    first = reader.dense[0]
    assert isinstance(first, torch.nn.Linear)
    assert first.in_features == 2048  # the number that Choi et al. report


@pytest.mark.parametrize("size", [24, 28, 32])
def test_any_side_goes_in_and_comes_out(size: int) -> None:
    net = ReenactNet(SMALL, size)
    pictures = torch.rand(2, 3, size, size)
    with torch.no_grad():
        outputs = (*net(pictures, pictures), net.reenact(pictures))
    for rebuilt in outputs:
        assert rebuilt.shape == pictures.shape
        assert float(rebuilt.min()) >= 0
        assert float(rebuilt.max()) <= 1


def test_sides_of_planes() -> None:
    assert plane_sizes(112, 5) == [112, 56, 28, 14, 7, 4]


def test_attention_starts_as_nothing_and_then_sees_far() -> None:
    torch.manual_seed(0)
    layer = Attention(8)
    x = torch.randn(1, 8, 6, 6)
    torch.testing.assert_close(layer(x), x)
    with torch.no_grad():
        layer.gain.fill_(1.0)
        changed = x.clone()
        changed[..., 5, 5] += 1.0
        difference = (layer(changed) - layer(x)).abs().amax(1)[0]
    assert float(difference[0, 0]) > 0


def test_initial_weights_keep_the_size_of_what_flows_through() -> None:
    net = ReenactNet(replace(SMALL, channels=(16, 32, 64, 64)), 32)
    initialise(net, Generator().manual_seed(0))
    with torch.no_grad():
        code = net.encoder(torch.rand(16, 3, 32, 32))
        first = net.character.up[0](code)
    assert 0.3 < float(first.std()) < 3.0
    for layer in net.modules():
        if isinstance(layer, Attention):
            assert float(layer.gain) == 0.0


def test_training_lowers_the_loss_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    pictures = PatchSet(images(12), CPU), PatchSet(images(12, seed=1), CPU)
    long = replace(SMALL, reenactment=replace(LOOP, iterations=30))
    trainee = ReenactNetTraining(long, *pictures)
    history = train(trainee, long.reenactment, folder=tmp_path / "a", fingerprint="x")
    assert history.values[-1][0] < history.values[0][0]
    whole = ReenactNetTraining(SMALL, *pictures)
    train(whole, LOOP, folder=tmp_path / "b", fingerprint="y")
    for count in (3, 6):
        parts = ReenactNetTraining(SMALL, *pictures)
        train(parts, replace(LOOP, iterations=count), folder=tmp_path / "c", fingerprint="z")
    for name, tensor in whole.module.state_dict().items():
        torch.testing.assert_close(parts.module.state_dict()[name], tensor, rtol=0, atol=0)


def test_a_decoder_on_the_mean_image_is_told() -> None:
    trainee = ReenactNetTraining(SMALL, PatchSet(images(12), CPU), PatchSet(images(12, seed=1), CPU))
    trainee.initialise(Generator().manual_seed(0))
    with torch.no_grad():
        trainee.module.character.to_image.weight.zero_()
    assert "the mean image of character" in trainee.doubt()
    assert trainee.module.training


def test_judging_leaves_the_running_statistics_alone(tmp_path: Path) -> None:
    trainee = ReenactNetTraining(SMALL, PatchSet(images(12), CPU), PatchSet(images(12, seed=1), CPU))
    before = {name: tensor.clone() for name, tensor in trainee.module.state_dict().items()}
    assert trainee.preview(tmp_path / "now.png")
    trainee.doubt()
    for name, tensor in trainee.module.state_dict().items():
        torch.testing.assert_close(tensor, before[name])
    assert (tmp_path / "now.png").is_file()


def test_bp_net_learns_what_the_pictures_show(tmp_path: Path) -> None:
    weights = np.linspace(-3, 3, 24, dtype=np.float32)[:, None] * np.array([[1.0, -0.5]], np.float32)
    settings = replace(SMALL, weights=replace(LOOP, iterations=150, batch=12))
    trainee = BpNetTraining(settings, PatchSet(images(24), CPU), weights)
    train(trainee, settings.weights, folder=tmp_path, fingerprint="x")
    with torch.no_grad():
        read = trainee.module.eval()(as_read(trainee.pictures.spread(24))).numpy()
    assert np.abs(read - weights).mean() < 0.4 * np.abs(weights).mean()


def test_trained_networks_are_loaded_and_used(tmp_path: Path) -> None:
    pictures = images(8)
    first = ReenactNetTraining(SMALL, PatchSet(pictures, CPU), PatchSet(images(8, seed=1), CPU))
    second = BpNetTraining(SMALL, PatchSet(pictures, CPU), np.ones((8, 3), np.float32))
    about = {"size": 24, "settings": to_dict(SMALL), "components": 3}
    write_model(tmp_path / "a", first.module.state_dict(), about)
    write_model(tmp_path / "b", second.module.state_dict(), about)
    trained = load(tmp_path / "a", tmp_path / "b", CPU)
    shown, weights = trained.predict(pictures)
    assert shown.shape == pictures.shape
    assert shown.dtype == np.uint8
    assert weights.shape == (8, 3)
    alone = trained.predict(pictures[2:3])[1]
    np.testing.assert_allclose(alone, weights[2:3], atol=1e-4)  # no frame depends on the others of its batch
    assert trained.read(pictures).shape == (8, 3)
