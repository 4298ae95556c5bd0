import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view

from facepatch.training.losses import reenactment_loss, ssim


def ssim_by_numpy(first, second):
    """Wang et al. 2004 as it stands there: an 11 x 11 Gaussian window of sigma 1.5 at every place where it fits."""
    offsets = np.arange(11) - 5
    window = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    c1, c2 = 0.01**2, 0.03**2
    values = []
    for x, y in zip(
        first.reshape(-1, *first.shape[-2:]), second.reshape(-1, *second.shape[-2:]), strict=True
    ):
        a, b = sliding_window_view(x, (11, 11)), sliding_window_view(y, (11, 11))
        mu_a, mu_b = (a * window).sum((-1, -2)), (b * window).sum((-1, -2))
        var_a = (window * (a - mu_a[..., None, None]) ** 2).sum((-1, -2))
        var_b = (window * (b - mu_b[..., None, None]) ** 2).sum((-1, -2))
        both = (window * (a - mu_a[..., None, None]) * (b - mu_b[..., None, None])).sum((-1, -2))
        top = (2 * mu_a * mu_b + c1) * (2 * both + c2)
        values.append((top / ((mu_a**2 + mu_b**2 + c1) * (var_a + var_b + c2))).mean())
    return np.array(values).reshape(len(first), -1).mean(1)


def flat(value, batch=1, size=16):
    return torch.full((batch, 3, size, size), value)


def noise(seed, batch=2, height=24, width=20):
    return torch.rand((batch, 3, height, width), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.7, 1.0])
def test_ssim_is_that_of_the_paper_worked_out_plainly(share):
    first = noise(0)
    second = (1 - share) * first + share * noise(1)
    wanted = ssim_by_numpy(first.double().numpy(), second.double().numpy())
    assert np.allclose(ssim(first, second), wanted, atol=2e-5)


def test_every_image_of_a_batch_has_its_own_similarity():
    first = noise(0)
    second = torch.stack([first[0], noise(1)[1]])
    values = ssim(first, second)
    assert values.shape == (2,)
    assert values[0] == pytest.approx(1.0, abs=1e-5)
    assert values[1] < 0.2


def test_an_image_is_wholly_similar_to_itself():
    assert np.allclose(ssim(noise(3), noise(3)), 1.0, atol=1e-5)


def test_flat_images_differ_by_their_light_alone():
    wanted = (2 * 0.2 * 0.5 + 1e-4) / (0.2**2 + 0.5**2 + 1e-4)
    assert float(ssim(flat(0.2), flat(0.5))) == pytest.approx(wanted, abs=1e-4)


def test_blur_costs_similarity_that_brightness_does_not():
    image = noise(5, height=32, width=32)
    blurred = torch.nn.functional.avg_pool2d(image, 3, 1, 1)
    assert float(ssim(image, image * 0.9).mean()) > 0.9
    assert float(ssim(image, blurred).mean()) < 0.6


def test_the_reenactment_loss_by_hand():
    # |0.2 - 0.5| = 0.3 everywhere; the similarity is that of two flat images.
    light = (2 * 0.2 * 0.5 + 1e-4) / (0.2**2 + 0.5**2 + 1e-4)
    loss = reenactment_loss(flat(0.2), flat(0.5), l1_weight=10.0, ssim_weight=1.0)
    assert float(loss) == pytest.approx(10 * 0.3 + (1 - light), abs=1e-4)


@pytest.mark.parametrize(("l1_weight", "ssim_weight"), [(1.0, 0.0), (0.0, 1.0), (2.0, 3.0)])
def test_each_term_has_its_weight(l1_weight, ssim_weight):
    light = (2 * 0.2 * 0.5 + 1e-4) / (0.2**2 + 0.5**2 + 1e-4)
    loss = reenactment_loss(flat(0.2), flat(0.5), l1_weight=l1_weight, ssim_weight=ssim_weight)
    assert float(loss) == pytest.approx(l1_weight * 0.3 + ssim_weight * (1 - light), abs=1e-4)


def test_a_mask_makes_mistakes_under_it_count_more():
    mask = torch.zeros(2, 1, 16, 16)
    mask[:, :, :4] = 3.0  # a quarter of the picture
    rebuilt, patch = flat(0.2, batch=2), flat(0.5, batch=2)
    plain = reenactment_loss(rebuilt, patch, l1_weight=10.0, ssim_weight=1.0)
    masked = reenactment_loss(rebuilt, patch, l1_weight=10.0, ssim_weight=1.0, mask=mask)
    assert float(masked - plain) == pytest.approx(0.25 * 3.0 * 0.3, abs=1e-5)
    patch[:, :, :4] = 0.2  # no mistake under the mask: it costs nothing
    plain = reenactment_loss(rebuilt, patch, l1_weight=10.0, ssim_weight=1.0)
    masked = reenactment_loss(rebuilt, patch, l1_weight=10.0, ssim_weight=1.0, mask=mask)
    assert float(masked - plain) == pytest.approx(0.0, abs=1e-6)


def test_the_loss_is_a_mean_over_the_batch():
    values = [
        float(
            reenactment_loss(flat(0.2, batch=count), flat(0.5, batch=count), l1_weight=10.0, ssim_weight=1.0)
        )
        for count in (1, 4)
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_the_loss_pulls_towards_the_patch():
    patch = noise(0)
    rebuilt = noise(1).requires_grad_()
    start = reenactment_loss(rebuilt, patch, l1_weight=10.0, ssim_weight=1.0)
    start.backward()
    stepped = rebuilt.detach() - 5.0 * rebuilt.grad
    assert reenactment_loss(stepped, patch, l1_weight=10.0, ssim_weight=1.0) < start
    assert rebuilt.grad.isfinite().all()
