from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.errors import InputError, ShapeError
from facepatch.metrics import jitter, still_frames


def test_frames_are_still_where_the_points_keep_their_place():
    rng = np.random.default_rng(0)
    points = np.zeros((120, 20, 2)) + 0.001 * rng.normal(size=(120, 20, 2))
    points[60:90, :, 1] += np.linspace(0, 1, 30)[:, None]
    points[90:, :, 1] += 1
    still = still_frames(points)
    assert still[:50].all()
    assert not still[62:88].any()
    assert still[105:].all()


def test_frames_beside_one_without_a_face_are_not_still():
    valid = np.ones(50, bool)
    valid[20] = False
    still = still_frames(np.zeros((50, 5, 2)), valid=valid)
    assert not still[16:25].any()
    assert still[:16].all()
    assert still[25:].all()


def test_trembling_is_a_share_of_the_faces_height():
    points = np.zeros((100, 56, 3))
    points[:, 7, 1] = 0.05 * (-1.0) ** np.arange(100)
    found = jitter(points, np.ones(100, bool), face_height=10.0, rate_fps=24.0)
    # An alternating motion is all above the Gaussian: 0.05 cm of 10 cm is 0.5 %, of one landmark in 56.
    assert found.worst_percent == pytest.approx(0.5, rel=0.02)
    assert found.percent == pytest.approx(0.5 / np.sqrt(56), rel=0.02)
    assert found.worst == LANDMARK_NAMES[7]
    assert found.frames == 100


def test_slow_motion_is_no_trembling():
    points = np.zeros((240, 56, 3)) + np.sin(2 * np.pi * 0.2 * np.arange(240) / 24)[:, None, None]
    found = jitter(points, np.ones(240, bool), face_height=10.0, rate_fps=24.0)
    assert found.percent is not None
    assert found.percent < 0.15


def test_only_long_still_runs_count_and_nothing_leaks_into_them():
    points = np.zeros((60, 56, 3))
    points[30:] = 5.0  # a jump where the performer moves
    still = np.ones(60, bool)
    still[28:32] = False
    still[:8] = False
    still[4] = True
    found = jitter(points, still, face_height=10.0, rate_fps=24.0)
    assert found.frames == 48
    assert found.percent == pytest.approx(0.0, abs=1e-9)
    never = jitter(points, np.zeros(60, bool), face_height=10.0, rate_fps=24.0)
    assert (never.frames, never.percent, never.worst) == (0, None, "")


def test_a_face_without_height_is_refused():
    with pytest.raises(InputError, match="a face height of 0"):
        jitter(np.zeros((9, 56, 3)), np.ones(9, bool), face_height=0.0, rate_fps=24.0)
    with pytest.raises(ShapeError):
        jitter(np.zeros((9, 56, 3)), np.ones(8, bool), face_height=1.0, rate_fps=24.0)
