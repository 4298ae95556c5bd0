from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.errors import ConfigError
from facepatch.synthetic.template import load_template


@pytest.mark.parametrize("detail", ["full", "low"])
def test_halves_are_welded_and_mirror_each_other(detail: str) -> None:
    template = load_template(detail)  # type: ignore[arg-type]
    mirrored = template.vertices * [-1.0, 1.0, 1.0]
    gaps = np.linalg.norm(template.vertices[:, None] - mirrored[None], axis=2).min(axis=1)
    assert gaps.max() < 1e-6
    edges = np.sort(np.concatenate([template.triangles[:, [k, (k + 1) % 3]] for k in range(3)]), axis=1)
    _, uses = np.unique(edges, axis=0, return_counts=True)
    assert uses.max() == 2


def test_left_and_right_shapes_are_mirror_images() -> None:
    template = load_template("low")
    twin = np.linalg.norm(template.vertices[:, None] - template.vertices * [-1.0, 1.0, 1.0], axis=2).argmin(
        axis=1
    )
    left = template.deltas[template.shape_names.index("mouthSmileLeft")]
    right = template.deltas[template.shape_names.index("mouthSmileRight")]
    off_middle = np.abs(template.vertices[:, 0]) > 0.0
    np.testing.assert_allclose(right[twin][off_middle] * [-1, 1, 1], left[off_middle], atol=1e-5)


def test_landmark_vertices_have_their_side() -> None:
    template = load_template("full")
    x = template.vertices[template.landmark_vertices, 0]
    for name, place in zip(LANDMARK_NAMES, x):
        if "_l_" in name or name.endswith("_l"):
            assert place > 0.0, name
        if "_r_" in name or name.endswith("_r"):
            assert place < 0.0, name


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ConfigError, match="'middle' is not one of full, low"):
        load_template("middle")  # type: ignore[arg-type]
