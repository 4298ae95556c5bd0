from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from facepatch.export.rotation import unwrapped_euler


def test_the_angles_give_back_the_rotation():
    matrices = Rotation.from_quat(np.random.default_rng(1).normal(size=(200, 4))).as_matrix()
    angles = unwrapped_euler(matrices)
    assert np.allclose(Rotation.from_euler("xyz", angles).as_matrix(), matrices, atol=1e-7)


def test_a_turn_past_half_a_circle_has_no_jump():
    matrices = Rotation.from_rotvec(np.linspace(0, 4 * np.pi, 100)[:, None] * [0, 0, 1]).as_matrix()
    angles = unwrapped_euler(matrices)
    assert np.allclose(angles[:, 2], np.linspace(0, 4 * np.pi, 100), atol=1e-6)


def test_a_right_angle_about_y_is_still_that_rotation():
    matrix = Rotation.from_euler("xyz", [0.3, np.pi / 2, 0]).as_matrix()[None]
    angles = unwrapped_euler(matrix)
    assert np.allclose(Rotation.from_euler("xyz", angles).as_matrix(), matrix, atol=1e-6)
