import numpy as np
import pytest
import torch

from facepatch.core.errors import ShapeError
from facepatch.training.data import PatchSet

CPU = torch.device("cpu")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def numbered(count=5, patches=2, size=4):
    """Frames whose pixels are 10 * frame + patch in red, 100 in green, 200 in blue."""
    images = np.empty((count, patches, size, size, 3), np.uint8)
    images[..., 0] = 10 * np.arange(count)[:, None, None, None] + np.arange(patches)[None, :, None, None]
    images[..., 1:] = (100, 200)
    return images


def test_rows_come_out_as_floats_with_channels_first():
    patches = PatchSet(numbered(), CPU)
    batch = patches.take(torch.tensor([3, 0]))
    assert batch.shape == (2, 2, 3, 4, 4)
    assert batch.dtype == torch.float32
    assert torch.allclose(batch[0, 1, :, 2, 2] * 255, torch.tensor([31.0, 100.0, 200.0]))
    assert torch.allclose(batch[1, 0, :, 0, 3] * 255, torch.tensor([0.0, 100.0, 200.0]))
    assert (len(patches), patches.size) == (5, 4)


def test_white_is_one_and_black_is_zero():
    images = np.zeros((1, 1, 4, 4, 3), np.uint8)
    images[:, :, :2] = 255
    batch = PatchSet(images, CPU).take(torch.tensor([0]))
    assert set(batch.unique().tolist()) == {0.0, 1.0}


def test_frames_are_drawn_by_their_probability():
    weights = np.array([1.0, 0.0, 4.0, 2.0, 3.0], np.float32)
    rows = PatchSet(numbered(), CPU, probability=weights).rows(20_000, generator())
    share = np.bincount(rows.numpy(), minlength=5) / 20_000
    assert share[1] == 0.0
    assert np.allclose(share, weights / 10, atol=0.015)


def test_without_probabilities_all_frames_are_alike():
    rows = PatchSet(numbered(), CPU).rows(20_000, generator())
    assert np.allclose(np.bincount(rows.numpy(), minlength=5) / 20_000, 0.2, atol=0.015)


def test_a_frame_of_no_probability_is_never_drawn(monkeypatch):
    patches = PatchSet(numbered(), CPU, probability=np.array([0, 1, 0, 3, 0], np.float32))
    assert set(patches.rows(2000, generator()).tolist()) == {1, 3}
    # Nor at the ends of what can be drawn, 0 and almost 1.
    for draw in (0.0, 0.25, 1 - 2**-53):
        monkeypatch.setattr(
            torch, "rand", lambda *_, draw=draw, **__: torch.full((4,), draw, dtype=torch.float64)
        )
        assert set(patches.rows(4, generator()).tolist()) <= {1, 3}


@pytest.mark.parametrize("probability", [None, np.array([1, 2, 3, 4, 5], np.float32)])
def test_the_generator_decides_what_is_drawn(probability):
    patches = PatchSet(numbered(), CPU, probability=probability)
    assert torch.equal(patches.draw(50, generator(1)), patches.draw(50, generator(1)))
    assert not torch.equal(patches.draw(50, generator(1)), patches.draw(50, generator(2)))


def test_the_shown_frames_are_spread_from_first_to_last_and_always_the_same():
    shown = PatchSet(numbered(9), CPU).spread(3)[:, 0, 0, 0, 0] * 255
    assert torch.allclose(shown, torch.tensor([0.0, 40.0, 80.0]))
    assert len(PatchSet(numbered(2), CPU).spread(8)) == 2


def test_the_mean_is_over_the_frames_as_they_are_drawn():
    weights = np.array([0, 0, 1, 1, 2], np.float32)
    plain = PatchSet(numbered(), CPU).mean()
    weighted = PatchSet(numbered(), CPU, probability=weights).mean()
    assert plain.shape == weighted.shape == (2, 3, 4, 4)
    assert torch.allclose(255 * plain[:, 0, 0, 0], torch.tensor([20.0, 21.0]))
    assert torch.allclose(255 * weighted[:, 0, 0, 0], torch.tensor([32.5, 33.5]), atol=0.1)


def test_images_without_three_colours_are_refused():
    with pytest.raises(ShapeError, match="patches: an axis should be 3 but is 4"):
        PatchSet(np.zeros((2, 1, 8, 8, 4), np.uint8), CPU)


def test_images_without_a_region_axis_are_refused():
    with pytest.raises(ShapeError, match="patches: needs 5 axes"):
        PatchSet(np.zeros((2, 8, 8, 3), np.uint8), CPU)


def test_images_that_are_not_square_are_refused():
    with pytest.raises(ShapeError, match="patches: axis H is 8"):
        PatchSet(np.zeros((2, 1, 6, 8, 3), np.uint8), CPU)


def test_images_of_floats_are_refused_since_they_would_be_taken_for_black():
    with pytest.raises(ShapeError, match="patches: are float32, but bytes"):
        PatchSet(np.ones((2, 1, 8, 8, 3), np.float32), CPU)


def test_a_probability_for_other_frames_is_refused():
    with pytest.raises(ShapeError, match="probability: 4 values for 5 frames"):
        PatchSet(numbered(), CPU, probability=np.ones(4, np.float32))


def test_probabilities_that_are_not_finite_are_refused():
    with pytest.raises(ShapeError, match="probability: 1 values are not finite"):
        PatchSet(numbered(), CPU, probability=np.array([1, np.nan, 1, 1, 1], np.float32))
