"""core.retime: a take's frames on the scene's time line."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import ConfigError, ShapeError
from facepatch.core.pose import euler_from_rotations, rotations_from_euler
from facepatch.core.retime import Timing, retimed, retimed_poses


def ramp(count: int) -> Any:
    return np.stack([np.arange(count, dtype=float), -2.0 * np.arange(count)], axis=1)


@pytest.mark.parametrize("whole", [True, False])
def test_at_the_same_rate_frames_stay_and_values_are_untouched(whole: bool) -> None:
    values = np.random.default_rng(1).normal(size=(5, 3))
    frames, found = retimed(values, Timing((24000, 1001), (24000, 1001), 101.0), whole_frames=whole)
    np.testing.assert_array_equal(frames, [101, 102, 103, 104, 105])
    np.testing.assert_array_equal(found, values)


def test_half_the_rate_takes_every_second_frame() -> None:
    frames, found = retimed(ramp(7), Timing((48, 1), (24, 1)))
    np.testing.assert_array_equal(frames, [1, 2, 3, 4])
    np.testing.assert_array_equal(found[:, 0], [0, 2, 4, 6])


def test_twice_the_rate_lies_between() -> None:
    frames, found = retimed(ramp(3), Timing((24, 1), (48, 1)))
    np.testing.assert_array_equal(frames, [1, 2, 3, 4, 5])
    np.testing.assert_allclose(found[:, 1], [0, -1, -2, -3, -4])


def test_an_offset_between_frames_gives_whole_frames_inside_the_take() -> None:
    frames, found = retimed(ramp(4), Timing((24, 1), (24, 1), 10.0, offset=-0.25))
    np.testing.assert_array_equal(frames, [10, 11, 12])
    np.testing.assert_allclose(found[:, 0], [0.25, 1.25, 2.25])


def test_exact_places_are_fractions_without_drift() -> None:
    """Two hours of 59.94 in a scene of 23.976: the last frame is where the fractions say, to the last bit or two."""
    count = 431_569
    timing = Timing((60000, 1001), (24000, 1001), 1001.0)
    frames, _ = retimed(np.zeros((count, 1)), timing, whole_frames=False)
    exact = 1001 + (count - 1) * Fraction(24000, 1001) / Fraction(60000, 1001)
    assert abs(frames[-1] - float(exact)) < 1e-9
    assert frames[5] == 1003.0


def test_a_take_whose_rate_varies_stands_by_its_times() -> None:
    timing = Timing((30, 1), (10, 1), times=np.array([5.0, 5.1, 5.4, 5.5]))
    frames, found = retimed(np.array([[0.0], [1.0], [7.0], [8.0]]), timing)
    np.testing.assert_array_equal(frames, [1, 2, 3, 4, 5, 6])
    np.testing.assert_allclose(found[:, 0], [0, 1, 3, 5, 7, 8], atol=1e-9)


@pytest.mark.parametrize(("count", "frames"), [(0, []), (1, [1.0])])
def test_short_takes(count: int, frames: list[float]) -> None:
    found, values = retimed(ramp(count), Timing((24, 1), (25, 1)))
    assert (found.tolist(), values.shape) == (frames, (count, 2))


def test_a_take_between_two_whole_frames_has_none() -> None:
    frames, values = retimed(ramp(2), Timing((100, 1), (24, 1), 1.5))
    assert (len(frames), values.shape) == (0, (0, 2))


def test_rotations_stay_rotations_and_turn_over_180_degrees_without_a_jump() -> None:
    angles = np.linspace(0.0, 9.0, 31)
    poses = np.tile(np.eye(4), (31, 1, 1))
    poses[:, :3, :3] = rotations_from_euler(np.stack([0 * angles, angles, 0 * angles], axis=1))
    poses[:, 0, 3] = angles
    frames, found = retimed_poses(poses, Timing((30, 1), (24, 1), 0.0))
    assert len(frames) == 25
    turns = found[:, :3, :3]
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), np.tile(np.eye(3), (25, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turns), 1.0)
    wanted = frames / 24 * 9.0
    np.testing.assert_allclose(found[:, 0, 3], wanted, atol=1e-9)
    about_y = euler_from_rotations(turns, "zxy")[:, 1]
    np.testing.assert_allclose(about_y, wanted, atol=2e-3)


def test_poses_at_their_exact_places_are_untouched() -> None:
    poses = np.tile(np.eye(4), (3, 1, 1)) * 1.0
    frames, found = retimed_poses(poses, Timing((24, 1), (25, 1)), whole_frames=False)
    np.testing.assert_allclose(frames, [1, 1 + 25 / 24, 1 + 50 / 24])
    np.testing.assert_array_equal(found, poses)


@pytest.mark.parametrize("name", ["rate", "scene_rate"])
def test_a_rate_that_is_none_is_refused(name: str) -> None:
    rates: Any = {"rate": (24, 1), "scene_rate": (24, 1), name: (0, 1)}
    with pytest.raises(ConfigError, match=f"{name}: 0/1 is no frame rate"):
        Timing(**rates)


def test_times_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"frame 2 is at 0\.1 s, frame 1 at 0\.1 s"):
        Timing((24, 1), (24, 1), times=np.array([0.0, 0.1, 0.1]))
    with pytest.raises(ShapeError, match="has 2 frames, the values have 3"):
        retimed(ramp(3), Timing((24, 1), (24, 1), times=np.array([0.0, 0.1])))


def test_values_that_are_no_table_are_refused() -> None:
    with pytest.raises(ShapeError, match="values: needs 2 axes"):
        retimed(np.zeros(3), Timing((24, 1), (24, 1)))
