from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.errors import TopologyError
from facepatch.export.scene import build_scene, linear


def test_small_deltas_count_where_their_weight_is_large(character, pca_clip, changed):
    """A component moves by weight times delta, and the weights of a PCA are many centimetres."""
    basis = pca_clip.pca.basis.copy()
    basis[0, 0], basis[1, 0] = 5e-7, 1e-9
    basis[:, 1:3] = 0
    scene = build_scene(changed(pca_clip, pca=changed(pca_clip.pca, basis=basis)), character=character)
    assert scene.meshes[0].targets[0].indices[0] == 0
    assert scene.meshes[0].targets[1].indices[0] == 1


def test_a_character_without_meshes_is_one_mesh(character, pca_clip, changed):
    scene = build_scene(pca_clip, character=changed(character, meshes=()))
    assert [(mesh.name, len(mesh.points)) for mesh in scene.meshes] == [("Test_Head_2", 29)]


def test_shapes_that_the_clip_does_not_name_stay_at_zero(character, shape_clip, changed):
    clip = changed(shape_clip, names=("jawOpen",), weights=shape_clip.weights[:, :1])
    scene = build_scene(clip, character=character)
    assert scene.target_names == ("jawOpen", "eye_blink_L", "origin")
    assert np.array_equal(scene.weights[:, 0], shape_clip.weights[:, 0])
    assert not scene.weights[:, 1:].any()


def test_more_weights_than_components_are_refused(character, pca_clip, changed):
    pca = changed(pca_clip.pca, basis=pca_clip.pca.basis[:1], variance=pca_clip.pca.variance[:1])
    with pytest.raises(TopologyError, match="2 weights for 1 PCA components"):
        build_scene(changed(pca_clip, pca=pca), character=character)


def test_linear_light_of_srgb():
    assert linear(np.array([0.0, 0.04, 0.5, 1.0])) == pytest.approx([0, 0.0030960, 0.2140411, 1], abs=1e-6)
