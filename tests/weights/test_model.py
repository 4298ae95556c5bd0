from dataclasses import replace

import pytest
import torch
from torch import nn

from facepatch.core.errors import ConfigError
from facepatch.core.schema import from_dict
from facepatch.pipelines.settings import read_settings
from facepatch.weights.config import WeightSettings
from facepatch.weights.model import WeightModel, initialise

TINY = WeightSettings(channels=(8, 16, 16), hidden=())


def model_of(settings=TINY, seed=0, patches=2, size=32, components=5):
    model = WeightModel(settings, patches=patches, size=size, components=components)
    initialise(model, torch.Generator().manual_seed(seed))
    return model


def patches(seed=0, batch=4, count=2, size=32):
    return torch.rand((batch, count, 3, size, size), generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.parametrize(("count", "size", "components"), [(1, 32, 1), (3, 48, 20), (5, 64, 40)])
def test_any_number_of_patches_gives_a_row_of_weights_per_frame(count, size, components):
    model = model_of(patches=count, size=size, components=components)
    assert model(patches(count=count, size=size)).shape == (4, components)


def test_every_patch_of_a_frame_is_seen():
    model, images = model_of().eval(), patches()
    for index in range(2):
        changed = images.clone()
        changed[:, index, :, 8:24, 8:24] = 0.0
        assert (model(changed) - model(images)).abs().max() > 1e-3


def test_the_output_is_multiplied_by_its_scale():
    model = model_of().eval()
    before = model(patches())
    model.scale.fill_(2.5)
    assert torch.allclose(model(patches()), 2.5 * before)
    assert "scale" in model.state_dict()
    assert "scale" not in dict(model.named_parameters())


def test_training_starts_near_the_mean_shape():
    assert model_of().eval()(patches()).abs().mean() < 0.3


def test_the_generator_decides_the_first_weights():
    first, again, other = (model_of(seed=seed).eval()(patches()) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_group_normalisation_looks_at_one_frame_alone():
    model, images = model_of().train(), patches()
    assert torch.allclose(model(images)[:1], model(images[:1]), atol=1e-5)


def test_batch_normalisation_looks_at_the_batch_and_then_at_what_it_remembers():
    model, images = model_of(replace(TINY, normalisation="batch")).train(), patches()
    assert not torch.allclose(model(images)[:1], model(torch.cat([images[:1], patches(1)]))[:1], atol=1e-3)
    model.eval()
    assert torch.allclose(model(images)[:1], model(images[:1]), atol=1e-5)


def test_starting_over_forgets_the_statistics_of_batch_normalisation():
    model = model_of(replace(TINY, normalisation="batch")).train()
    fresh = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model(patches())
    assert not torch.equal(model.down[3].running_mean, fresh["down.3.running_mean"])
    initialise(model, torch.Generator().manual_seed(0))
    assert all(torch.equal(tensor, fresh[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize(("kind", "layer"), [("batch", nn.BatchNorm2d), ("group", nn.GroupNorm)])
def test_all_convolutions_but_the_first_are_normalised(kind, layer):
    model = model_of(replace(TINY, normalisation=kind))
    assert sum(isinstance(module, layer) for module in model.down) == 2
    assert not isinstance(model.down[1], layer)


def test_a_wrong_normalisation_is_refused():
    with pytest.raises(ConfigError, match=r"weights.normalisation: 'layer' is not one of group, batch"):
        from_dict(WeightSettings, {"normalisation": "layer"}, "weights")


@pytest.mark.parametrize("size", [32, 48])
def test_more_halvings_than_the_patch_has_are_refused(size):
    with pytest.raises(
        ConfigError, match=f"weights.channels: 6 halvings leave nothing of patches of {size} pixels"
    ):
        model_of(WeightSettings(), size=size)


def test_the_paper_preset_has_the_papers_code_of_2048_numbers():
    settings = read_settings("paper")
    with torch.device("meta"):
        model = WeightModel(settings.weights, patches=3, size=settings.patches.size, components=20)
    widths = [
        (layer.in_features, layer.out_features) for layer in model.dense if isinstance(layer, nn.Linear)
    ]
    assert widths == [(2048, 1024), (1024, 512), (512, 256), (256, 128), (128, 20)]
    assert model.down[0].in_channels == 9
