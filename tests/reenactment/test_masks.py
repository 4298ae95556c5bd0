import numpy as np
import pytest

from facepatch.reenactment.masks import feature_mask


def test_a_landmark_weighs_most_where_it_is_and_fades_with_distance():
    mask = feature_mask(np.array([[[8.5, 20.5]]], np.float32), 32, width=0.1)
    assert mask.shape == (1, 32, 32)
    assert mask.dtype == np.float32
    assert np.unravel_index(mask[0].argmax(), (32, 32)) == (20, 8)  # row is y, column is x
    assert mask[0, 20, 8] == pytest.approx(1.0)
    assert mask[0, 2, 30] < 1e-6
    beside = feature_mask(np.array([[[8.5 + 3.2, 20.5]]], np.float32), 32, width=0.1)
    assert beside[0, 20, 8] == pytest.approx(np.exp(-0.5), abs=1e-5)  # one standard deviation, 3.2 px, away


def test_the_nearest_landmark_counts_and_none_adds_to_another():
    points = np.array([[[8.5, 8.5], [8.5, 8.5], [20.5, 8.5]]], np.float32)
    mask = feature_mask(points, 32)[0]
    assert mask.max() == pytest.approx(1.0)
    assert mask[8, 20] == pytest.approx(1.0)


def test_the_mask_is_the_mean_over_the_take():
    points = np.array([[[8.5, 8.5]], [[24.5, 24.5]]], np.float32)
    mask = feature_mask(points, 32)[0]
    assert mask[8, 8] == pytest.approx(0.5, abs=1e-4)
    assert mask[24, 24] == pytest.approx(0.5, abs=1e-4)


def test_a_long_take_is_sampled_evenly():
    # Half of 4,000 frames here, half there.
    points = np.full((4000, 1, 2), 8.5, np.float32)
    points[2000:] = 24.5
    mask = feature_mask(points, 32)[0]
    assert mask[8, 8] == pytest.approx(0.5, abs=0.02)
    assert mask[24, 24] == pytest.approx(0.5, abs=0.02)


def test_landmarks_outside_the_patch_leave_it_dark():
    assert feature_mask(np.array([[[-40.0, 70.0]]], np.float32), 32).max() < 1e-6
