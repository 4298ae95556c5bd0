import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from facepatch.training.augment import augment
from facepatch.training.settings import AugmentSettings

NOTHING = AugmentSettings(rotation_deg=0, shift=0, scale=0, color=1.0, hue=0.0, independent_color=0.0)
EVERYTHING = AugmentSettings(
    rotation_deg=25,
    shift=0.2,
    scale=0.2,
    color=3.0,
    hue=0.5,
    independent_color=0.5,
    warp=0.5,
    blur=3.0,
    noise=0.3,
)
LUMA = torch.tensor([0.299, 0.587, 0.114])[None, None, :, None, None]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(batch=2, patches=3, size=32, seed=7):
    return torch.rand((batch, patches, 3, size, size), generator=generator(seed))


def same_patches(batch, patches, size=8, seed=7):
    """Frames whose patches are all the same picture of mild colours."""
    one = 0.4 + 0.2 * torch.rand((batch, 1, 3, size, size), generator=generator(seed))
    return one.expand(batch, patches, 3, size, size).contiguous()


def spots(batch, size=64):
    """Two soft spots left and right of the middle, in red and in green. (batch, 1, 3, size, size)"""
    rows = torch.arange(size) + 0.5
    image = torch.zeros(3, size, size)
    for channel, x in ((0, 0.25 * size), (1, 0.75 * size)):
        image[channel] = torch.exp(-((rows[None] - x) ** 2 + (rows[:, None] - size / 2) ** 2) / (2 * 3.0**2))
    return image.expand(batch, 1, 3, size, size).contiguous()


def centroids(images):
    """(batch, 1, 3, H, W) -> (batch, 2, 2): x, y of the red and of the green spot."""
    weight = images[:, 0, :2].double()
    places = torch.arange(images.shape[-1]) + 0.5
    total = weight.sum((2, 3))
    x, y = (weight * places).sum((2, 3)) / total, (weight * places[:, None]).sum((2, 3)) / total
    return torch.stack([x, y], -1).numpy()


def moved(settings, batch=128):
    """Angle in degrees, relative length and shift in pixels of the line between the spots, per image."""
    before, after = centroids(spots(1))[0], centroids(augment(spots(batch), settings, generator()))
    line, turned = before[1] - before[0], after[:, 1] - after[:, 0]
    angle = np.degrees(np.arctan2(turned[:, 1], turned[:, 0]))
    return angle, np.linalg.norm(turned, axis=1) / np.linalg.norm(line), after.mean(1) - before.mean(0)


def test_ranges_of_nothing_give_the_images_back():
    images = noise()
    assert torch.allclose(augment(images, NOTHING, generator()), images, atol=1e-5)


def test_the_generator_decides():
    images = noise()
    first, again, other = (augment(images, EVERYTHING, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert (first - other).abs().mean() > 0.02


def test_torchs_own_random_numbers_are_left_alone():
    before = torch.get_rng_state()
    augment(noise(), EVERYTHING, generator())
    assert torch.equal(torch.get_rng_state(), before)


def test_the_images_handed_in_are_left_alone():
    images = noise()
    kept = images.clone()
    augment(images, EVERYTHING, generator())
    assert torch.equal(images, kept)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_result_is_an_image(seed):
    out = augment(noise(4), EVERYTHING, generator(seed))
    assert out.shape == (4, 3, 3, 32, 32)
    assert out.isfinite().all()
    assert out.min() >= 0.0
    assert out.max() <= 1.0


def test_a_rotation_turns_both_ways_within_its_range_and_changes_no_size():
    angle, length, shift = moved(replace(NOTHING, rotation_deg=10.0))
    assert np.abs(angle).max() <= 10.05
    assert angle.min() < -8
    assert angle.max() > 8
    assert np.allclose(length, 1.0, atol=0.01)
    assert np.abs(shift).max() < 0.1


def test_a_rotation_keeps_right_angles_and_hands():
    # A spot in the third channel, below the middle: it must turn with the others.
    images = spots(64)
    rows = torch.arange(64) + 0.5
    images[:, 0, 2] = torch.exp(-((rows[None] - 32) ** 2 + (rows[:, None] - 48) ** 2) / (2 * 3.0**2))
    out = augment(images, replace(NOTHING, rotation_deg=20.0), generator())
    across = centroids(out)
    across = across[:, 1] - across[:, 0]
    down = centroids(out[:, :, [2, 2, 2]])[:, 0] - 32
    assert np.allclose(2 * down[:, 0], -across[:, 1], atol=0.3)
    assert np.allclose(2 * down[:, 1], across[:, 0], atol=0.3)


def test_a_shift_stays_within_its_share_of_the_patch():
    angle, length, shift = moved(replace(NOTHING, shift=0.05))
    assert np.abs(shift).max() <= 0.05 * 64 + 0.05
    assert np.abs(shift).max() > 0.04 * 64
    assert shift.min() < 0 < shift.max()
    assert np.abs(angle).max() < 0.1
    assert np.allclose(length, 1.0, atol=0.01)


def test_a_scale_stays_within_its_range():
    angle, length, _ = moved(replace(NOTHING, scale=0.05))
    assert 0.945 <= length.min() < 0.96
    assert 1.04 < length.max() <= 1.055
    assert np.abs(angle).max() < 0.1


def test_patches_of_a_frame_move_each_on_its_own():
    out = augment(same_patches(4, 2, size=32), replace(NOTHING, rotation_deg=10.0), generator())
    assert (out[:, 0] - out[:, 1]).abs().mean() > 0.01


@pytest.mark.parametrize("warp", [0.0, 0.4])
def test_the_border_repeats_and_is_never_black(warp):
    flat = torch.full((8, 2, 3, 32, 32), 0.7)
    out = augment(flat, replace(NOTHING, rotation_deg=25, shift=0.2, scale=0.2, warp=warp), generator())
    assert torch.allclose(out, flat, atol=1e-5)


def test_a_warp_bends_lines_by_a_share_of_a_cell():
    still, bent = (
        centroids(spots(1))[0],
        centroids(augment(spots(256), replace(NOTHING, warp=0.1), generator())),
    )
    deviation = (bent - still).std(0)
    # A node moves by 0.1 of a cell of 64 / 4 pixels; between nodes the noise is averaged.
    assert (deviation > 0.5).all()
    assert (deviation < 1.8).all()


def brightness_of(settings, batch=600):
    flat = torch.full((batch, 1, 3, 4, 4), 0.4)
    return augment(flat, settings, generator())[:, 0, 0, 0, 0] / 0.4


def test_darker_and_brighter_are_equally_likely_within_the_range():
    factor = brightness_of(replace(NOTHING, color=2.0))
    assert 0.5 - 1e-4 <= factor.min() < 0.55
    assert 1.85 < factor.max() <= 2 + 1e-4
    # Drawn uniformly from 0.5..2, two thirds would be brighter.
    assert float((factor > 1).float().mean()) == pytest.approx(0.5, abs=0.06)


def test_colour_is_common_to_the_patches_of_a_frame():
    out = augment(same_patches(6, 3), replace(NOTHING, color=2.0, hue=0.2), generator())
    assert torch.equal(out[:, 0], out[:, 1])
    assert torch.equal(out[:, 0], out[:, 2])
    assert (out[0] - out[1]).abs().max() > 0.02


def test_independent_colour_differs_between_the_patches_of_a_frame():
    out = augment(same_patches(6, 2), replace(NOTHING, color=2.0, independent_color=1.0), generator())
    assert ((out[:, 0] - out[:, 1]).abs().amax((1, 2, 3)) > 1e-3).all()


def test_the_share_of_independent_frames_is_as_set():
    settings = replace(NOTHING, color=2.0, independent_color=0.2)
    out = augment(same_patches(800, 2, size=4), settings, generator())
    share = ((out[:, 0] - out[:, 1]).abs().amax((1, 2, 3)) > 1e-3).float().mean()
    assert float(share) == pytest.approx(0.2, abs=0.05)


def test_a_turn_of_the_hue_keeps_the_luma_and_changes_the_colour():
    images = 0.4 + 0.2 * noise(8)
    out = augment(images, replace(NOTHING, hue=0.2), generator())
    assert torch.allclose((out * LUMA).sum(2), (images * LUMA).sum(2), atol=2e-4)
    assert ((out - images).abs().amax((1, 2, 3, 4)) > 0.01).all()


def test_a_full_turn_of_the_hue_stays_within_its_share_of_the_circle():
    # The chroma angle in the YIQ plane of one colour, before and after.
    image = torch.tensor([0.6, 0.5, 0.4])[None, None, :, None, None].expand(400, 1, 3, 4, 4).contiguous()
    out = augment(image, replace(NOTHING, hue=0.2), generator())
    i, q = torch.tensor([0.5959, -0.2746, -0.3213]), torch.tensor([0.2115, -0.5227, 0.3112])

    def angle(x):
        return torch.atan2(x[:, 0, :, 0, 0] @ q, x[:, 0, :, 0, 0] @ i)

    turn = (angle(out) - angle(image)) / (2 * math.pi)
    turn = (turn + 0.5) % 1.0 - 0.5
    assert turn.abs().max() <= 0.2 + 1e-3
    assert turn.min() < -0.17
    assert turn.max() > 0.17


def test_contrast_and_saturation_change_a_picture_whose_brightness_stays():
    images = 0.45 + 0.1 * noise(200, 1, 16)
    out = augment(images, replace(NOTHING, color=2.0), generator())
    ratio = out.std((2, 3, 4)) / images.std((2, 3, 4)) / (out.mean((2, 3, 4)) / images.mean((2, 3, 4)))
    assert ratio.min() < 0.7
    assert ratio.max() > 1.4


def test_blur_softens_and_keeps_the_mean_and_flat_areas():
    images = noise(16, 1)
    out = augment(images, replace(NOTHING, blur=3.0), generator())
    softness = out.std((2, 3, 4)) / images.std((2, 3, 4))
    assert softness.max() <= 1.0 + 1e-5
    assert softness.min() < 0.75
    assert torch.allclose(out.mean((2, 3, 4)), images.mean((2, 3, 4)), atol=0.02)
    flat = torch.full((2, 1, 3, 32, 32), 0.3)
    assert torch.allclose(augment(flat, replace(NOTHING, blur=3.0), generator()), flat, atol=1e-5)


def test_noise_has_at_most_the_deviation_that_was_set():
    flat = torch.full((64, 1, 3, 32, 32), 0.5)
    deviation = augment(flat, replace(NOTHING, noise=0.05), generator()).std((1, 2, 3, 4))
    assert deviation.max() < 0.053
    assert deviation.max() > 0.04
    assert deviation.min() < 0.01
