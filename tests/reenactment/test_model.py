from dataclasses import replace

import pytest
import torch

from facepatch.reenactment.config import ReenactmentSettings
from facepatch.reenactment.model import ReenactmentModel, initialise, standardised_grey, start_from

TINY = ReenactmentSettings(encoder_channels=4, latent=8, decoder_channels=2, residual_blocks=1)
REGIONS = ("eye", "mouth")


def model_of(settings=TINY, seed=0, size=32, regions=REGIONS):
    model = ReenactmentModel(settings, regions=regions, size=size)
    initialise(model, torch.Generator().manual_seed(seed))
    return model.eval()


def patches(seed=0, batch=3, regions=2, size=32):
    return torch.rand((batch, regions, 3, size, size), generator=torch.Generator().manual_seed(seed))


def spoiled(module):
    """Other weights in place."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3)


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


@pytest.mark.parametrize(("size", "regions"), [(32, ("face",)), (48, REGIONS), (64, ("a", "b", "c"))])
def test_patches_of_any_regions_and_size_come_back_as_images_of_both_domains(size, regions):
    model = model_of(size=size, regions=regions)
    first, second = patches(1, 3, len(regions), size), patches(2, 2, len(regions), size)
    rebuilt, own, reenacted = model(first, second)
    assert rebuilt.shape == reenacted.shape == model.reenact(first).shape == first.shape
    assert own.shape == second.shape
    for images in (rebuilt, own, reenacted):
        assert images.min() >= 0
        assert images.max() <= 1


def test_the_code_is_as_long_as_set_and_the_shared_part_ends_at_an_eighth_of_the_patch():
    encoder = model_of().encoders["mouth"]
    assert encoder.code(patches()[:, 1]).shape == (3, 8)
    assert encoder(patches()[:, 1]).shape == (3, 8, 4, 4)


def test_reenacting_is_the_characters_decoder_on_the_shared_code_of_the_performers_patch():
    model, performer = model_of(), patches()
    reenacted = model.reenact(performer)
    for index, region in enumerate(REGIONS):
        by_hand = model.character[region](model.encoders[region](performer[:, index]))
        assert torch.allclose(reenacted[:, index], by_hand, atol=1e-6)


def test_training_reenacts_as_using_does():
    model, performer = model_of(), patches(1)
    assert torch.allclose(model(performer, patches(2))[2], model.reenact(performer), atol=1e-6)


def test_the_character_is_rebuilt_by_what_reenacts():
    model, images = model_of(), patches()
    assert torch.allclose(model(patches(5), images)[1], model.reenact(images), atol=1e-6)
    assert not torch.allclose(model(images, patches(5))[0], model.reenact(images), atol=1e-3)


@pytest.mark.parametrize(
    ("part", "kept"),
    [
        ("performer", [False, True, True]),
        ("character", [True, False, False]),
        ("encoders", [False, False, False]),
    ],
)
def test_one_encoder_serves_both_and_each_has_its_own_decoder(part, kept):
    """Rebuilt performer, rebuilt character, reenacted performer: which stay when a part gets other weights."""
    model, performer, character = model_of(), patches(1), patches(2)
    before = model(performer, character)
    spoiled(getattr(model, part))
    after = model(performer, character)
    assert [torch.equal(a, b) for a, b in zip(before, after, strict=True)] == kept


def test_regions_do_not_see_each_other():
    model, performer = model_of(), patches()
    other = performer.clone()
    other[:, 0] = 0.5
    before, after = model.reenact(performer), model.reenact(other)
    assert torch.equal(before[:, 1], after[:, 1])
    assert not torch.equal(before[:, 0], after[:, 0])


def test_frames_of_a_batch_do_not_see_each_other():
    model, performer = model_of(), patches()
    assert torch.allclose(model.reenact(performer)[:1], model.reenact(performer[:1]), atol=1e-5)


def test_a_grey_input_has_no_mean_and_no_contrast_of_its_own():
    grey = standardised_grey(patches()[:, 0])
    assert grey.shape == (3, 1, 32, 32)
    assert torch.allclose(grey.mean((2, 3)), torch.zeros(3, 1), atol=1e-5)
    assert torch.allclose(grey.std((2, 3)), torch.ones(3, 1), atol=0.02)


def test_a_patch_without_contrast_stays_quiet():
    flat = torch.full((1, 3, 32, 32), 0.4) + 0.001 * patches(batch=1)[:, 0]
    assert standardised_grey(flat).abs().max() < 0.1


def codes(settings, images):
    return torch.stack([model_of(settings).encoders["eye"].code(image[:, 0]) for image in images])


def lights_and_skins():
    """A patch; brighter and with more contrast; darker and flatter; two tints that leave its grey as it is."""
    image = 0.25 + 0.35 * patches()[:, :, :1].expand(-1, -1, 3, -1, -1)
    tint = torch.tensor([0.12, -0.05, -0.07])[None, None, :, None, None]
    return [image, 1.4 * image + 0.05, 0.8 * image, image + tint, image + tint[:, :, [2, 0, 1]]]


def test_light_contrast_and_tint_do_not_reach_the_code_of_a_grey_input():
    first, *others = codes(TINY, lights_and_skins())
    for other in others:
        assert torch.allclose(other, first, atol=0.05 * float(first.std()))


def test_they_do_reach_the_code_of_a_colour_input():
    first, *others = codes(replace(TINY, grey_input=False), lights_and_skins())
    for other in others:
        assert (other - first).abs().max() > 0.05 * float(first.std())


def test_another_expression_does_reach_the_code_of_a_grey_input():
    first, other = codes(TINY, [patches(0), patches(1)])
    assert (other - first).abs().mean() > 0.3 * float(first.std())


def test_the_first_weights_are_he_normal_and_come_from_the_generator():
    settings = replace(TINY, encoder_channels=16, latent=32)
    first, again, other = (model_of(settings, seed) for seed in (0, 0, 1))
    kernel = first.encoders["eye"].down[1][0].weight
    assert float(kernel.std()) == pytest.approx((2 / (16 * 25)) ** 0.5, rel=0.05)
    assert all(float(p.abs().max()) == 0 for name, p in first.named_parameters() if name.endswith("bias"))
    assert torch.equal(kernel, again.encoders["eye"].down[1][0].weight)
    assert not torch.equal(kernel, other.encoders["eye"].down[1][0].weight)


@pytest.mark.parametrize("blocks", [0, 2])
def test_the_decoder_has_as_many_residual_blocks_as_set(blocks):
    model = model_of(replace(TINY, residual_blocks=blocks))
    assert len(model.performer["eye"].up) == 3 * (1 + blocks)


def test_decoders_that_start_from_a_mean_patch_begin_near_it():
    model = model_of()
    means = 0.2 + 0.6 * patches(batch=1)[0]
    plain = (model.reenact(patches(1)) - means).abs().mean()
    start_from(model.character, means)
    assert (model.reenact(patches(1)) - means).abs().mean() < 0.5 * plain
    with torch.no_grad():
        for decoder in model.character.values():
            decoder.to_image.weight.zero_()
    assert torch.allclose(model.reenact(patches(1)), means.expand(3, -1, -1, -1, -1), atol=1e-5)


def test_a_mean_patch_of_black_and_white_can_still_be_left():
    model = model_of()
    means = torch.zeros(2, 3, 32, 32)
    means[1] = 1.0
    start_from(model.character, means)
    assert all(decoder.start.isfinite().all() for decoder in model.character.values())
    assert "character.eye.start" in model.state_dict()
