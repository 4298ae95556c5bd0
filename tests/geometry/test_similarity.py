import numpy as np
import pytest

from facepatch.core.errors import ShapeError
from facepatch.geometry.similarity import fit_similarity


def rotation(axis, angle):
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def cloud(count=12, size=3, seed=1):
    return np.random.default_rng(seed).normal(size=(count, size))


def test_a_known_similarity_is_found_again():
    source, turn, shift = cloud(), rotation([1, 2, 3], 0.7), np.array([4.0, -1.0, 2.0])
    found = fit_similarity(source, 2.5 * source @ turn.T + shift)
    assert np.allclose(found.rotation, turn)
    assert np.allclose(found.scale, 2.5)
    assert np.allclose(found.translation, shift)


def test_umeyamas_own_example():
    # Umeyama 1991, numerical example: three points and their mirror image.
    source = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    target = np.array([[0.0, 0.0], [-1.0, 0.0], [0.0, 2.0]])
    found = fit_similarity(source, target)
    assert np.allclose(found.rotation, [[0.832, 0.555], [-0.555, 0.832]], atol=5e-4)
    assert np.allclose(found.scale, 0.721, atol=5e-4)
    assert np.allclose(found.translation, [-0.8, 0.4], atol=5e-4)


def test_a_mirror_image_still_gets_a_rotation():
    source = cloud()
    found = fit_similarity(source, source * [-1, 1, 1])
    assert np.linalg.det(found.rotation) == pytest.approx(1.0)


def test_flat_points_in_space_are_fitted():
    source = cloud() * [1, 1, 0]
    turn = rotation([0, 1, 1], 1.2)
    assert np.allclose(fit_similarity(source, source @ turn.T).rotation, turn)


def test_frames_are_fitted_one_by_one():
    source = cloud(size=2)
    targets = np.stack([source * 2.0, source + np.array([1.0, 3.0])])
    found = fit_similarity(source, targets)
    assert found.rotation.shape == (2, 2, 2)
    assert np.allclose(found.scale, [2.0, 1.0])
    assert np.allclose(found.apply(source), targets)


def test_the_inverse_undoes():
    source = cloud()
    found = fit_similarity(source, 0.5 * source @ rotation([0, 0, 1], 0.3).T + 1.0)
    assert np.allclose(found.inverse().apply(found.apply(source)), source)
    assert np.allclose(found.affine[:, :3] @ source[0] + found.affine[:, 3], found.apply(source)[0])


def test_the_rigid_fit_keeps_the_size():
    source = cloud()
    assert fit_similarity(source, 3.0 * source, with_scale=False).scale == 1.0


def test_a_point_without_weight_changes_nothing():
    source = cloud()
    target = 2.0 * source + 1.0
    target[3] += 100.0
    weights = np.ones(len(source))
    weights[3] = 0.0
    found = fit_similarity(source, target, weights=weights)
    assert np.allclose(found.scale, 2.0)
    assert not np.allclose(fit_similarity(source, target).scale, 2.0)


def test_points_that_coincide_are_refused():
    with pytest.raises(ShapeError, match="coincide"):
        fit_similarity(np.ones((4, 3)), cloud(4))


def test_sets_of_different_size_are_refused():
    with pytest.raises(ShapeError, match="axis L is 5"):
        fit_similarity(cloud(4), cloud(5))


def test_points_that_are_not_finite_are_refused():
    broken = cloud(4)
    broken[0, 0] = np.inf
    with pytest.raises(ShapeError, match="not finite"):
        fit_similarity(broken, cloud(4))


def test_points_of_four_coordinates_are_refused():
    with pytest.raises(ShapeError, match="2 or 3 coordinates"):
        fit_similarity(cloud(6, 4), cloud(6, 4))


def test_negative_weights_are_refused():
    with pytest.raises(ShapeError, match="weights"):
        fit_similarity(cloud(4), cloud(4), weights=[1, 1, -1, 1])
