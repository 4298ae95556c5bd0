import numpy as np
import pytest

from facepatch.core.errors import ShapeError
from facepatch.reenactment.pairing import NEIGHBOURS, find_partners


def test_a_frame_finds_the_frames_that_measure_the_same():
    theirs = np.linspace(0, 1, 41)[:, None]
    partners = find_partners(np.array([[0.25], [0.8]]), theirs)
    assert partners.rows.shape == (2, NEIGHBOURS)
    assert np.abs(theirs[partners.rows[:, 0], 0] - [0.25, 0.8]).max() < 0.02
    assert partners.weight.min() > 0.9


def test_a_frame_without_its_like_counts_next_to_nothing():
    partners = find_partners(np.array([[0.0, 0.0], [0.9, 0.9]]), np.full((10, 2), 0.9))
    assert partners.weight[0] < 1e-3
    assert partners.weight[1] == pytest.approx(1.0)


def test_fewer_frames_than_neighbours_repeat():
    partners = find_partners(np.zeros((3, 1)), np.zeros((2, 1)))
    assert partners.rows.shape == (3, NEIGHBOURS)
    assert set(partners.rows.ravel()) <= {0, 1}


def test_measures_of_unlike_number_are_refused():
    with pytest.raises(ShapeError, match="axis R is 1"):
        find_partners(np.zeros((3, 2)), np.zeros((3, 1)))
