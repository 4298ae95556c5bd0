"""pipelines.live_networks: packed layers give what the plain ones give."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from facepatch.pipelines import live_networks
from facepatch.pipelines.live_networks import LiveNetworks, PackedConvolution
from facepatch.pipelines.models import Models, load_models


@pytest.fixture(scope="module")
def models(tiny_run: SimpleNamespace) -> Models:
    return load_models(tiny_run.out / "models")


def patches_of(models: Models) -> np.ndarray:
    size = models.plan.settings.size
    return np.random.default_rng(0).integers(0, 256, (len(models.plan.boxes), size, size, 3), np.uint8)


def test_the_ready_networks_give_what_the_plain_ones_give(models: Models) -> None:
    patches = patches_of(models)
    plain = models.predict(patches[None])[1][0]
    np.testing.assert_allclose(LiveNetworks(models)(patches), plain, atol=1e-4 * np.abs(plain).max())


def test_the_models_themselves_stay_as_they_are(models: Models) -> None:
    ready = LiveNetworks(models)
    assert len(models.reenactment.performer) == len(models.plan.boxes)
    assert not any(isinstance(layer, PackedConvolution) for layer in models.reenactment.modules())
    if torch.backends.mkldnn.is_available():
        assert any(isinstance(layer, PackedConvolution) for layer in ready._reenactment.modules())


def test_without_the_operators_the_plain_networks_run(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(module: object, sizes: object) -> None:
        raise AttributeError("no such operator")

    monkeypatch.setattr(live_networks, "pack", missing)
    ready = LiveNetworks(models)
    assert ready._reenactment is models.reenactment
    patches = patches_of(models)
    plain = models.predict(patches[None])[1][0]
    np.testing.assert_allclose(ready(patches), plain, atol=1e-5 * np.abs(plain).max())
