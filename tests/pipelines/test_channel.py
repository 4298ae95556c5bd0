"""pipelines.channel: single measures moved and nothing with them; smoothing without lag."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facepatch.core.data.landmarks import landmark_indices
from facepatch.core.data.pca import Pca
from facepatch.pipelines.channel import (
    NEAR,
    SCATTER,
    limited,
    nudge_matrix,
    reach_of_rest,
    restfulness,
    side_changes,
    smooth,
)

STILL = ("chin",)


def found_but(frames: int, *lost: slice) -> np.ndarray:
    found = np.ones(frames, bool)
    for part in lost:
        found[part] = False
    return found


# Nudging


@pytest.fixture
def pca() -> Pca:
    """Three weights of one vertex; of the first there is the most."""
    return Pca(np.zeros(3, np.float32), np.eye(3, dtype=np.float32), np.array([4.0, 1.0, 0.25]), 5.25)


@pytest.fixture
def basis() -> np.ndarray:
    """(M, L, 3): the chin moves with the first weight only."""
    basis = np.zeros((3, 56, 3), np.float32)
    basis[0, landmark_indices(*STILL), 1] = 1.0
    return basis


def test_without_doubt_every_measure_is_met(pca: Pca, basis: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    rows, missing = rng.standard_normal((2, 3)), rng.standard_normal((5, 2))
    change = missing @ nudge_matrix(rows, pca=pca, basis=basis, still=STILL, doubt=0.0, inter_ocular_cm=6.0).T
    np.testing.assert_allclose(change @ rows.T, missing, atol=1e-5)


@pytest.mark.parametrize("doubt", [0.25, 1.0, 3.0])
def test_with_doubt_one_measure_goes_a_share_of_its_way(doubt: float, pca: Pca, basis: np.ndarray) -> None:
    rows, missing = np.array([[1.0, 2.0, 0.5]]), np.array([[0.6], [-0.2]])
    change = (
        missing @ nudge_matrix(rows, pca=pca, basis=basis, still=STILL, doubt=doubt, inter_ocular_cm=6.0).T
    )
    np.testing.assert_allclose(change @ rows.T, missing / (1 + doubt), atol=1e-6)


def test_what_no_component_parts_is_not_forced(pca: Pca, basis: np.ndarray) -> None:
    rows = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1e-4]])  # all but one measure
    asked = (
        np.array([[0.3, 0.3], [0.0, 0.3]])
        @ nudge_matrix(rows, pca=pca, basis=basis, still=STILL, doubt=0.0, inter_ocular_cm=6.0).T
    )
    change = limited(asked, pca)
    np.testing.assert_array_equal(change[0], asked[0])
    assert np.linalg.norm(asked[1]) > 100
    assert np.linalg.norm(change[1]) == pytest.approx(1.5 * np.sqrt(5.25))


def test_what_is_to_keep_still_is_left_to_weights_that_do_not_move_it(pca: Pca, basis: np.ndarray) -> None:
    rows = np.array([[1.0, 1.0, 0.0]])
    held = nudge_matrix(rows, pca=pca, basis=basis, still=STILL, doubt=0.0, inter_ocular_cm=6.0)[:, 0]
    np.testing.assert_allclose(held, [0.0, 1.0, 0.0], atol=0.1)
    # Where nothing is to keep still, the weight that moves most in life moves most.
    free = nudge_matrix(rows, pca=pca, basis=1e-4 * basis[::-1], still=STILL, doubt=0.0, inter_ocular_cm=6.0)[
        :, 0
    ]
    assert free[0] > free[1]


def test_the_likelier_of_two_weights_is_taken(pca: Pca, basis: np.ndarray) -> None:
    rows = np.array([[0.0, 1.0, 1.0]])
    options = {"basis": basis, "still": STILL, "doubt": 0.0, "inter_ocular_cm": 6.0}
    change = nudge_matrix(rows, pca=pca, **options)[:, 0]
    np.testing.assert_allclose(change, [0.0, 0.8, 0.2], atol=1e-4)  # as their variances, 1 to 0.25
    equal = replace(pca, variance=np.array([4.0, 1.0, 1.0]))
    change = nudge_matrix(rows, pca=equal, **options)[:, 0]
    np.testing.assert_allclose(change, [0.0, 0.5, 0.5], atol=1e-4)


@pytest.mark.parametrize("tiny", [0.0, 1e-17, 1e-3])
def test_a_measure_that_the_motion_leaves_alone_is_left_alone(
    tiny: float, pca: Pca, basis: np.ndarray
) -> None:
    rows = np.array([[0.0, tiny, 0.0], [0.0, 1.0, 1.0]])
    change = nudge_matrix(rows, pca=pca, basis=basis, still=STILL, doubt=0.0, inter_ocular_cm=6.0)
    np.testing.assert_array_equal(change[:, 0], 0.0)
    np.testing.assert_allclose(rows[1] @ change[:, 1], 1.0, atol=1e-6)


def test_a_character_of_which_only_the_measured_moves_is_moved(pca: Pca, basis: np.ndarray) -> None:
    rows = np.array([[0.0, 1.0, 0.5]])
    options = {"basis": 0.0 * basis, "still": STILL, "doubt": 0.0, "inter_ocular_cm": 6.0}
    change = nudge_matrix(rows, pca=pca, **options)
    np.testing.assert_allclose(rows @ change, [[1.0]], atol=1e-6)
    np.testing.assert_array_equal(nudge_matrix(0.0 * rows, pca=pca, **options), np.zeros((3, 1)))


# Rest


def test_rest_reaches_as_far_as_a_share_of_the_expressions(pca: Pca) -> None:
    weights = 20.0 * np.random.default_rng(0).standard_normal((500, 3)).astype(np.float32)
    away = np.linalg.norm(weights - weights.mean(axis=0), axis=1).mean()
    still = np.zeros((40, 3), np.float32)
    assert reach_of_rest(weights, still, pca) == pytest.approx(NEAR * away, rel=1e-5)


@pytest.mark.parametrize("count", [2, 48, 400])
def test_a_take_that_only_rests_and_trembles_is_at_rest(count: int, pca: Pca) -> None:
    rng = np.random.default_rng(1)
    weights = (0.05 * rng.standard_normal((count, 3))).astype(np.float32)
    reach = reach_of_rest(weights, weights, pca)
    assert np.median(restfulness(weights, np.median(weights, axis=0), reach)) > 0.75
    assert reach >= SCATTER * 0.05


# Smoothing


def test_smoothing_is_a_gaussian_over_the_frames_with_a_face() -> None:
    weights = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
    found = found_but(40, slice(12, 19), slice(33, 34))
    smoothed = smooth(weights, found, 2.0)
    for t in (10, 20, 22, 30):  # the reach of 4 sigma stays inside the take
        near = np.array([row for row in np.flatnonzero(found) if abs(row - t) <= 8])
        share = np.exp(-0.5 * ((near - t) / 2.0) ** 2)
        np.testing.assert_allclose(smoothed[t], share @ weights[near] / share.sum(), atol=1e-5)


def test_smoothing_never_mixes_in_lost_frames_and_leaves_them() -> None:
    weights = np.ones((30, 2), np.float32)
    found = found_but(30, slice(10, 15), slice(0, 1))
    weights[~found] = 1e6
    smoothed = smooth(weights, found, 1.5)
    np.testing.assert_allclose(smoothed[found], 1.0, rtol=1e-6)
    assert (smoothed[~found] == 1e6).all()


def test_smoothing_has_no_lag() -> None:
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((50, 2)).astype(np.float32)
    found = found_but(50, slice(20, 24))
    there = smooth(weights, found, 1.7)
    back = smooth(weights[::-1].copy(), found[::-1].copy(), 1.7)[::-1]
    np.testing.assert_allclose(there, back, atol=1e-6)
    blink = np.zeros((21, 1), np.float32)
    blink[10] = 1.0
    response = smooth(blink, np.ones(21, bool), 1.0)[:, 0]
    assert response.argmax() == 10
    np.testing.assert_allclose(response, response[::-1], atol=1e-7)


LEFT_RIGHT = np.array([[1.0, 0.5, 0.0], [1.0, -0.5, 0.0]])
"""Measures of two sides: the first weight moves both, the second one apart from the other."""


def sides(rows: np.ndarray, pca: Pca, *moving: int) -> tuple[np.ndarray, float]:
    """What a unit missing on either side changes of both, where the weights `moving` move the chin."""
    basis = np.zeros((3, 56, 3), np.float32)
    for weight in moving:
        basis[weight, landmark_indices(*STILL), 1] = 1.0
    change, tied = side_changes(rows, pca=pca, basis=basis, still=STILL, inter_ocular_cm=6.0)
    return rows @ change, tied


def test_either_side_moves_alone_however_seldom_the_motion_parts_them(pca: Pca) -> None:
    hardly = replace(pca, variance=np.array([4.0, 1e-6, 0.25]))
    moved, tied = sides(LEFT_RIGHT, hardly, 2)
    np.testing.assert_allclose(moved, np.eye(2), atol=1e-6)
    assert tied == 0.0


def test_sides_that_part_only_with_the_rest_of_the_face_move_together(pca: Pca) -> None:
    moved, tied = sides(LEFT_RIGHT, pca, 1)
    np.testing.assert_allclose(moved, np.full((2, 2), 0.5), atol=1e-6)
    assert tied == 1.0


def test_sides_that_move_together_unevenly_are_met_all_the_same(pca: Pca) -> None:
    moved, tied = sides(np.array([[1.4, 0.5, 0.0], [0.6, -0.5, 0.0]]), pca, 2)
    np.testing.assert_allclose(moved, np.eye(2), atol=1e-6)
    assert tied == 0.0


@pytest.mark.parametrize("hardly", [0.0, 1e-4, 0.01])
def test_a_side_that_cannot_move_asks_nothing_of_the_other(hardly: float, pca: Pca) -> None:
    moved, tied = sides(np.array([[1.0, 0.0, 0.0], [0.0, hardly, 0.0]]), pca, 2)
    np.testing.assert_allclose(moved, [[1.0, 0.0], [0.0, 0.0]], atol=0.03)
    assert tied == 1.0


def test_a_side_that_always_goes_half_as_far_is_met_halfway(pca: Pca) -> None:
    moved, _ = sides(np.array([[1.0, 0.0, 0.0], [0.5, 0.0, 0.0]]), pca, 2)
    np.testing.assert_allclose(
        moved @ [1.0, 1.0], [1.2, 0.6], atol=1e-6
    )  # the least squares of what is missing


@pytest.mark.parametrize("apart", [0.0, 1e-9, 0.1])
def test_sides_that_hardly_part_however_far_the_face_goes_move_together(apart: float, pca: Pca) -> None:
    moved, tied = sides(np.array([[1.0, apart, 0.0], [1.0, -apart, 0.0]]), pca, 2)
    np.testing.assert_allclose(moved, np.full((2, 2), 0.5), atol=1e-6)
    assert tied == 1.0


def test_sides_that_cannot_move_are_left_alone(pca: Pca) -> None:
    moved, tied = sides(np.zeros((2, 3)), pca, 2)
    np.testing.assert_array_equal(moved, np.zeros((2, 2)))
    assert tied == 1.0
