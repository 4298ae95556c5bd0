from __future__ import annotations

import numpy as np
import pytest

from facepatch.synthetic.style import CARTOON_STYLE, FaceStyle
from facepatch.synthetic.template import load_template
from facepatch.synthetic.warp import EYE, warp


def test_the_average_style_changes_nothing() -> None:
    points = load_template("low").vertices
    np.testing.assert_allclose(warp(points, FaceStyle()), points, atol=1e-5)


def test_the_map_is_mirror_symmetric() -> None:
    points = load_template("low").vertices
    mirror = np.array([-1.0, 1.0, 1.0], np.float32)
    np.testing.assert_allclose(
        warp(points * mirror, CARTOON_STYLE), warp(points, CARTOON_STYLE) * mirror, atol=1e-4
    )


@pytest.mark.parametrize(
    "style", [CARTOON_STYLE, FaceStyle(eye_size=2.2), FaceStyle(mouth_width=0.6, jaw_width=0.7)]
)
def test_the_map_folds_nothing_in_the_face(style: FaceStyle) -> None:
    """The Jacobian's determinant stays positive over the front of the head."""
    template = load_template("full")
    face = template.vertices[(template.vertices[:, 2] > 2.0) & (template.vertices[:, 1] > -9.0)]
    step = 1e-2
    columns = [
        (warp(face + step * axis, style) - warp(face - step * axis, style)) / (2 * step)
        for axis in np.eye(3, dtype=np.float32)
    ]
    assert np.linalg.det(np.stack(columns, axis=2).astype(np.float64)).min() > 0.02


def test_eyes_grow_about_their_centre() -> None:
    around = (EYE + np.array([[0.3, 0, 0], [-0.3, 0, 0], [0, 0.3, 0], [0, -0.3, 0]])).astype(np.float32)
    bigger = warp(around, FaceStyle(eye_size=1.5, eye_height=1.2))
    assert bigger[0, 0] - bigger[1, 0] == pytest.approx(0.6 * 1.5, rel=0.03)
    assert bigger[2, 1] - bigger[3, 1] == pytest.approx(0.6 * 1.8, rel=0.03)
