from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.errors import ConfigError, ShapeError
from facepatch.core.pose import (
    ORDERS,
    ControlRest,
    euler_from_rotations,
    head_motion,
    nearest_rotations,
    places_around,
    rotate_channels,
    rotations_from_euler,
    translate_channels,
    turns_between,
)

RANDOM = np.random.default_rng(4)


def turn(axis: str, degrees: float) -> np.ndarray:
    """(3, 3) written out by hand, apart from the code that is tested."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array(
        {
            "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
            "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
            "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
        }[axis]
    )


def at(place: tuple[float, float, float], rotation: np.ndarray, scale: float = 1.0) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation * scale, place
    return matrix


@pytest.mark.parametrize("order", ORDERS)
def test_a_rotate_order_turns_about_its_first_axis_first(order: str) -> None:
    angles = {"x": 20.0, "y": -35.0, "z": 50.0}
    expected = np.eye(3)
    for axis in order:
        expected = turn(axis, angles[axis]) @ expected
    found = rotations_from_euler(np.radians([[angles[axis] for axis in "xyz"]]), order)
    np.testing.assert_allclose(found[0], expected, atol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
def test_angles_give_back_a_path_over_whole_turns_and_past_the_pole_without_a_jump(order: str) -> None:
    t = np.linspace(0, 1, 400)
    path = np.stack([9 * t, 2 * np.sin(3 * t), -7 * t], axis=1)
    found = euler_from_rotations(rotations_from_euler(path, order), order)
    np.testing.assert_allclose(found, path, atol=1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("sign", [1, -1])
def test_at_the_pole_the_angles_still_make_the_rotation(order: str, sign: int) -> None:
    angles = np.zeros((1, 3))
    for axis, value in zip(order, (0.3, np.pi / 2, 0.9)):
        angles[0, "xyz".index(axis)] = sign * value
    rotation = rotations_from_euler(angles, order)
    found = euler_from_rotations(rotation, order, near=(0.1, 0.2, 0.3))
    np.testing.assert_allclose(rotations_from_euler(found, order), rotation, atol=1e-7)


def test_the_first_angles_are_those_nearest_to_where_the_control_stands() -> None:
    found = euler_from_rotations(np.eye(3)[None], near=(0.0, 2 * np.pi, 0.0))
    np.testing.assert_allclose(found, [[0.0, 2 * np.pi, 0.0]], atol=1e-12)


def test_an_unknown_rotate_order_is_refused() -> None:
    with pytest.raises(ConfigError, match="'xxy' is none of xyz"):
        rotations_from_euler(np.zeros((1, 3)), "xxy")


def test_the_nearest_rotation_of_a_scaled_and_sheared_one_is_a_rotation() -> None:
    bent = turn("y", 30.0) @ np.diag([1.1, 0.9, 1.2])
    found = nearest_rotations(bent[None])[0]
    np.testing.assert_allclose(found @ found.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(found, turn("y", 30.0), atol=0.05)
    assert np.linalg.det(nearest_rotations(-np.eye(3)[None])[0]) == pytest.approx(1.0)


@pytest.mark.parametrize("order", ORDERS)
def test_a_control_under_a_turned_parent_with_joint_orient_follows_the_head(order: str) -> None:
    parent = at((3.0, -2.0, 5.0), turn("z", 40.0) @ turn("x", -70.0), scale=2.5)
    orient = turn("y", 25.0) @ turn("z", 10.0)
    own = np.radians([12.0, -8.0, 30.0])
    rest = ControlRest(parent, np.zeros(3), own, np.zeros(3), order, orient)
    rotations = np.stack([turn("y", a) @ turn("x", a / 3) for a in (0.0, 20.0, 45.0)])

    angles = rotate_channels(rest, rotations)

    start = rotations_from_euler(own[None], order)[0]
    for wanted, local in zip(rotations, rotations_from_euler(angles, order)):
        before = parent[:3, :3] @ orient @ start
        np.testing.assert_allclose(parent[:3, :3] @ orient @ local, wanted @ before, atol=1e-9)
    np.testing.assert_allclose(angles[0], own, atol=1e-9)


def test_with_moving_parents_the_head_keeps_its_place_in_the_world() -> None:
    rest = ControlRest(np.eye(4), np.zeros(3), np.zeros(3), np.zeros(3))
    bodies = np.stack([at((0.0, float(a), 0.0), turn("x", a)) for a in (0.0, 15.0, 40.0)])
    wanted = np.stack([turn("y", a) for a in (0.0, 10.0, 20.0)])
    local = rotations_from_euler(rotate_channels(rest, wanted, parents=bodies))
    np.testing.assert_allclose(bodies[:, :3, :3] @ local, wanted, atol=1e-9)
    places = np.array([[0.0, 1.0, 2.0]] * 3)
    moved = translate_channels(rest, places, parents=bodies)
    found = (bodies[:, :3, :3] @ moved[:, :, None])[:, :, 0] + bodies[:, :3, 3]
    np.testing.assert_allclose(found, places, atol=1e-9)


def test_a_translation_is_in_the_parents_space_and_starts_from_the_rest() -> None:
    parent = at((10.0, 0.0, 0.0), turn("z", 90.0), scale=2.0)
    # Its pivot lies 3 beside its translation, in the parent's space: (1 + 3, 0, 0) is (10, 8, 0) in the world.
    rest = ControlRest(parent, np.array([10.0, 8.0, 0.0]), np.zeros(3), np.array([1.0, 0.0, 0.0]))
    found = translate_channels(rest, np.array([[10.0, 8.0, 0.0], [10.0, 10.0, 0.0]]))
    np.testing.assert_allclose(found, [[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]], atol=1e-12)


def test_a_nod_of_a_head_that_looks_along_x_turns_about_the_z_axis_of_the_world() -> None:
    axes = np.stack([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], axis=1)
    poses = at((0.0, 0.0, 4.0), turn("x", 30.0))[None]
    rotations, moves = head_motion(poses, axes)
    np.testing.assert_allclose(rotations[0], turn("z", -30.0), atol=1e-12)
    np.testing.assert_allclose(moves, [[4.0, 0.0, 0.0]], atol=1e-12)


def test_a_point_goes_round_a_centre() -> None:
    found = places_around((0.0, 0.0, 1.0), (0.0, 0.0, 3.0), turn("y", 90.0)[None])
    np.testing.assert_allclose(found, [[2.0, 0.0, 1.0]], atol=1e-12)


def test_the_turn_between_two_directions_is_the_shortest() -> None:
    directions = RANDOM.normal(size=(40, 3)) + np.array([0.0, 0.0, 2.0])
    found = turns_between((0.0, 0.0, 2.0), directions)
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    np.testing.assert_allclose(found @ (0.0, 0.0, 1.0), unit, atol=1e-12)
    angles = np.arccos((np.trace(found, axis1=1, axis2=2) - 1) / 2)
    np.testing.assert_allclose(angles, np.arccos(unit[:, 2]), atol=1e-6)


def test_a_gaze_straight_backwards_is_refused() -> None:
    with pytest.raises(ConfigError, match="straight backwards"):
        turns_between((0.0, 0.0, 1.0), [(0.0, 0.0, -2.0)])


def test_a_direction_without_length_is_refused() -> None:
    with pytest.raises(ConfigError, match="no length"):
        turns_between((0.0, 0.0, 1.0), [(0.0, 0.0, 0.0)])


def test_parents_of_another_number_of_frames_are_refused() -> None:
    rest = ControlRest(np.eye(4), np.zeros(3), np.zeros(3), np.zeros(3))
    with pytest.raises(ShapeError, match="axis T is 2"):
        rotate_channels(rest, np.eye(3)[None], parents=np.stack([np.eye(4)] * 2))
