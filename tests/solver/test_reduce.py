"""The few dimensions lose nothing."""

from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.data.clip import Clip
from facepatch.core.errors import InputError, TopologyError
from facepatch.solver.reduce import pca_target, reduce, target_of
from known_rigs import Known, residual_rms


def test_the_distance_of_meshes_is_the_distance_in_the_few_dimensions(corrective: Known) -> None:
    reduced = reduce(corrective.rig, pca_target(corrective.pca, corrective.weights, corrective.rig))
    rng = np.random.default_rng(1)
    controls = rng.uniform(0, 1, corrective.controls.shape)
    weights = corrective.rig.weights(controls)
    inside = np.sqrt(((reduced.targets(corrective.weights) - weights @ reduced.shapes) ** 2).sum(axis=1))
    np.testing.assert_allclose(inside, residual_rms(corrective, controls), rtol=1e-4)


def test_weights_of_vertices_count_as_often_as_they_say(corrective: Known) -> None:
    target = pca_target(corrective.pca, corrective.weights, corrective.rig)
    count = len(corrective.rig.neutral)
    twice = np.ones(count)
    twice[: count // 2] = 0.0
    reduced = reduce(corrective.rig, target, vertex_weights=twice)
    controls = np.full(corrective.controls.shape, 0.5)
    left = corrective.rig.vertices(controls) - corrective.pca.vertices(corrective.weights)
    wanted = 10 * np.sqrt((left[:, count // 2 :].astype(np.float64) ** 2).sum(axis=2).mean(axis=1))
    weights = corrective.rig.weights(controls)
    inside = np.sqrt(((reduced.targets(corrective.weights) - weights @ reduced.shapes) ** 2).sum(axis=1))
    np.testing.assert_allclose(inside, wanted, rtol=1e-4)


def test_negative_vertex_weights_are_refused(corrective: Known) -> None:
    target = pca_target(corrective.pca, corrective.weights, corrective.rig)
    with pytest.raises(InputError, match="none negative"):
        reduce(corrective.rig, target, vertex_weights=-np.ones(len(corrective.rig.neutral)))


def test_a_clip_of_another_mesh_is_refused(corrective: Known) -> None:
    pca = corrective.pca
    other = type(pca)(pca.mean[:30], pca.basis[:, :30], pca.variance, pca.total_variance)
    clip = Clip(tuple(f"pc_{m:03d}" for m in range(len(pca.basis))), corrective.weights, (24, 1), pca=other)
    with pytest.raises(TopologyError, match="the PCA has 10"):
        target_of(clip, corrective.rig)


def test_a_clip_of_the_rigs_own_shapes_needs_no_pca(linear: Known) -> None:
    names = tuple(shape.name for shape in linear.rig.shapes[:4])
    clip = Clip(names, linear.controls[:, :4].astype(np.float32), (24, 1))
    target = target_of(clip, linear.rig)
    np.testing.assert_allclose(target.mean + target.weights @ target.basis,
                               linear.rig.vertices(np.pad(linear.controls[:, :4], ((0, 0), (0, 8)))).reshape(60, -1),
                               atol=1e-5)  # fmt: skip


def test_a_clip_that_names_strange_shapes_is_refused(linear: Known) -> None:
    clip = Clip(("jawOpen",), linear.controls[:, :1].astype(np.float32), (24, 1))
    with pytest.raises(InputError, match="no shapes named jawOpen"):
        target_of(clip, linear.rig)
