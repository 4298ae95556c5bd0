from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from facepatch.core.errors import NoFaceError
from facepatch.landmarks.smoothing import GapFiller, local_quadratic


def uneven_times(count: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(0).uniform(0.02, 0.06, count))


def test_a_quadratic_in_time_is_left_as_it_is() -> None:
    times = uneven_times(40)
    values = (3 + 5 * times - 2 * times**2)[:, None, None]
    smooth = local_quadratic(values, np.ones((40, 1), bool), times, sigma=0.05, half=4)
    np.testing.assert_allclose(smooth[4:-4], values[4:-4], atol=2e-3)


def test_noise_gets_less_and_nothing_is_delayed() -> None:
    times = np.arange(400) / 24
    clean = np.sin(2 * np.pi * 0.8 * times)
    noisy = clean + np.random.default_rng(1).normal(0, 0.05, 400)
    smooth = local_quadratic(noisy[:, None, None], np.ones((400, 1), bool), times, sigma=0.06, half=4)[
        :, 0, 0
    ]
    assert np.std(smooth - clean) < 0.75 * np.std(noisy - clean)
    lags = [np.dot(smooth[20:-20], clean[20 + lag : 380 + lag]) for lag in range(-3, 4)]
    assert int(np.argmax(lags)) == 3


def test_values_without_weight_come_from_their_neighbours() -> None:
    times = np.arange(20) / 24
    values = (times * 10)[:, None, None].copy()
    values[9] = 500
    weights = np.ones((20, 1), bool)
    weights[9] = False
    smooth = local_quadratic(values, weights, times, sigma=0.04, half=3)
    assert smooth[9, 0, 0] == pytest.approx(times[9] * 10, abs=1e-2)


def test_a_frame_alone_keeps_its_value() -> None:
    times = np.arange(5.0)
    weights = np.array([[False], [False], [True], [False], [False]])
    values = np.full((5, 1, 2), 7.0)
    np.testing.assert_allclose(local_quadratic(values, weights, times, sigma=0.04, half=2), values, rtol=1e-5)


def fill(found: list[bool], values: Sequence[float], longest: int, cuts: tuple[int, ...] = ()) -> list[float]:
    filler = GapFiller(longest)
    rows = np.array(values)[:, None, None]
    parts = [
        filler.push(part, seen) for part, seen in zip(np.split(rows, cuts), np.split(np.array(found), cuts))
    ]
    return np.concatenate([*parts, filler.finish()])[:, 0, 0].tolist()


@pytest.mark.parametrize("cuts", [(), (1,), (3, 4, 5), (2, 6)])
def test_gaps_are_bridged_held_or_begin_with_the_first_face(cuts: tuple[int, ...]) -> None:
    found = [False, False, True, False, True, False, False, False, True, False]
    values = [0, 0, 2, 0, 4, 0, 0, 0, 8, 0]
    assert fill(found, values, 3, cuts) == [2, 2, 2, 3, 4, 5, 6, 7, 8, 8]
    assert fill(found, values, 2, cuts) == [2, 2, 2, 3, 4, 4, 4, 4, 8, 8]


def test_a_film_without_a_face_cannot_be_filled() -> None:
    with pytest.raises(NoFaceError, match="no frame has a face") as caught:
        fill([False, False], [0, 0], 2)
    assert caught.value.frames == (0, 1)
