from __future__ import annotations

import numpy as np

from facepatch.readers.weld import welded


def test_equal_rows_become_one_in_the_order_of_the_file() -> None:
    points = np.array([[1, 0, 0], [0, 0, 0], [1, 0, 0], [0, 2, 0]], dtype=np.float32)
    first, group = welded(points, np.zeros((2, 4, 3)))
    assert first.tolist() == [0, 1, 3]
    assert group.tolist() == [0, 1, 0, 2]


def test_minus_zero_is_zero() -> None:
    points = np.array([[0.0, 0, 0], [-0.0, 0, 0]], dtype=np.float32)
    assert welded(points, np.zeros((0, 2, 3)))[0].tolist() == [0]


def test_rows_that_differ_in_one_shape_stay_apart() -> None:
    deltas = np.zeros((3, 2, 3))
    deltas[2, 1, 1] = 1e-6
    assert len(welded(np.zeros((2, 3)), deltas)[0]) == 2
