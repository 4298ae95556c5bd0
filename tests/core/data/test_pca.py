"""core.data.pca: a linear space of shapes."""

from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.data.pca import Pca
from facepatch.core.errors import ShapeError


def space(vertex_count: int = 20, components: int = 4) -> Pca:
    rng = np.random.default_rng(7)
    basis = np.linalg.qr(rng.normal(size=(3 * vertex_count, components)))[0].T
    variance = np.arange(components, 0, -1.0)
    return Pca(rng.normal(size=3 * vertex_count), basis, variance, float(variance.sum()))


def test_weights_of_a_shape_in_the_space_give_back_the_shape() -> None:
    pca = space()
    weights = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_allclose(pca.weights(pca.vertices(weights)), weights, atol=1e-5)


def test_distance_in_weights_is_distance_in_vertices() -> None:
    pca = space()
    vertices = pca.vertices(np.array([[0, 0, 0, 0], [3, 0, 0, 4]], np.float32))
    assert np.linalg.norm(vertices[1] - vertices[0]) == pytest.approx(5.0, rel=1e-5)


def test_the_mean_has_no_weights() -> None:
    pca = space()
    assert pca.vertices(np.zeros((1, 4), np.float32)).reshape(-1).tolist() == pca.mean.tolist()


def test_what_the_space_cannot_hold_is_left_out() -> None:
    pca = space()
    outside = np.random.default_rng(2).normal(size=(1, 20, 3)).astype(np.float32)
    nearest = pca.vertices(pca.weights(outside))
    residual = (outside - nearest).reshape(-1)
    np.testing.assert_allclose(pca.basis @ residual, 0, atol=1e-4)


def test_a_variance_per_component_is_needed() -> None:
    with pytest.raises(ShapeError, match="variance: axis M is 3, but basis says 4"):
        Pca(np.zeros(60), np.zeros((4, 60)), np.zeros(3), 1.0)
