from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from facepatch.core.data.landmarks import landmark_indices
from facepatch.core.errors import ConfigError, NoFaceError
from facepatch.landmarks.steady import Steadier, SteadySettings, steady

CHIN = int(landmark_indices("chin")[0])
LID = int(landmark_indices("eye_r_upper_mid")[0])


def moving_face(made: SimpleNamespace, frames: int = 96) -> np.ndarray:
    """(T, 56, 2) px: a face that sways, nods its size and tilts."""
    time = np.arange(frames) / 24
    angle = 0.2 * np.sin(2 * np.pi * 0.5 * time)
    scale = 8 + np.sin(2 * np.pi * 0.3 * time)
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], axis=1).reshape(-1, 2, 2)
    place = np.stack([300 + 60 * np.sin(2 * np.pi * 0.4 * time), 240 + 20 * time], axis=1)
    return np.einsum("tij,lj->tli", turn, made.FACE) * scale[:, None, None] + place[:, None]


def test_noise_gets_less_and_motion_stays(made: SimpleNamespace) -> None:
    clean = moving_face(made)
    noisy = clean + np.random.default_rng(0).normal(0, 0.4, clean.shape)
    smooth = steady(made.track_of(noisy)).points
    error = lambda points: np.sqrt(((points - clean)[4:-4] ** 2).mean())  # noqa: E731
    assert error(smooth) < 0.75 * error(noisy)
    assert error(steady(made.track_of(clean)).points) < 0.1


def test_a_blink_stays_closed(made: SimpleNamespace) -> None:
    points = moving_face(made)
    gap = np.zeros(len(points))
    gap[38:44] = (0.2, 0.8, 1.0, 0.7, 0.4, 0.1)
    points[:, LID, 1] += 8 * gap
    moved = steady(made.track_of(points)).points[:, LID, 1] - moving_face(made)[:, LID, 1]
    assert moved.max() > 0.85 * 8
    assert int(moved.argmax()) == 40


def test_a_point_that_jumps_away_for_a_frame_is_brought_back(made: SimpleNamespace) -> None:
    points = moving_face(made)
    points[50, CHIN] += (60, -40)
    for strength in (1.0, 0.0):
        smooth = steady(made.track_of(points), SteadySettings(strength=strength)).points
        np.testing.assert_allclose(smooth[50, CHIN], moving_face(made)[50, CHIN], atol=1.5)
    left = steady(made.track_of(points), SteadySettings(strength=0, outlier_cm=0)).points
    np.testing.assert_allclose(left[50, CHIN], points[50, CHIN], atol=1e-3)


def test_a_whole_face_that_jumps_away_for_a_frame_is_brought_back(made: SimpleNamespace) -> None:
    points = moving_face(made)
    points[50] = points[50] * 0.6 + (200, 10)
    points[50, landmark_indices("lips_outer", "eye_l", "brow_r")] += 40
    smooth = steady(made.track_of(points), SteadySettings(strength=0)).points
    np.testing.assert_allclose(smooth[49:52], moving_face(made)[49:52], atol=8.0)


def test_strength_zero_leaves_good_points_alone(made: SimpleNamespace) -> None:
    points = moving_face(made) + np.random.default_rng(0).normal(0, 0.4, (96, 56, 2))
    np.testing.assert_allclose(
        steady(made.track_of(points), SteadySettings(strength=0)).points, points, atol=1e-3
    )


def test_short_gaps_are_bridged_and_long_ones_hold(made: SimpleNamespace) -> None:
    points = np.tile(made.FACE * 8 + (300, 240), (120, 1, 1))
    points[60:] += (12, 0)
    found = np.ones(120, bool)
    found[:3] = found[50:60] = found[80:110] = False
    points[~found] = 0
    track = made.track_of(points, found=found)
    smooth = steady(track)
    x = smooth.points[:, CHIN, 0] - points[10, CHIN, 0]
    np.testing.assert_allclose(x[:50], 0, atol=1e-3)
    np.testing.assert_allclose(x[50:60], 12 * np.arange(1, 11) / 11, atol=1e-2)
    np.testing.assert_allclose(x[60:], 12, atol=1e-3)
    assert (smooth.found == found).all()
    assert (smooth.confidence == track.confidence).all()


@pytest.mark.parametrize("sizes", [(2, 5), (7, 1, 30), (200,)])
def test_block_by_block_gives_the_same_bits_as_at_once(made: SimpleNamespace, sizes: tuple[int, ...]) -> None:
    generator = np.random.default_rng(3)
    points = moving_face(made, 150) + generator.normal(0, 0.5, (150, 56, 2))
    points[generator.integers(0, 150, 20), generator.integers(0, 56, 20)] += 80
    found = generator.random(150) > 0.2
    found[:5] = found[100:140] = False
    track = made.track_of(points, found=found)
    steadier = Steadier(SteadySettings(), rate=(24, 1))
    parts: list[np.ndarray] = []
    start = turn = 0
    while start < 150:
        rows = slice(start, start + sizes[turn % len(sizes)])
        parts.append(steadier.push(track.points[rows], track.found[rows], track.times[rows]))
        start, turn = rows.stop, turn + 1
    parts.append(steadier.finish())
    np.testing.assert_array_equal(np.concatenate(parts), steady(track).points)


def test_the_stream_is_behind_by_a_window_only(made: SimpleNamespace) -> None:
    points = moving_face(made)
    steadier = Steadier(SteadySettings(), rate=(24, 1))
    given = steadier.push(points.astype(np.float32), np.ones(96, bool), np.arange(96) / 24)
    assert 96 - len(given) <= 6


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"steady\.strength: is -1, but must lie between 0 and 10"):
        SteadySettings(strength=-1)


def test_a_track_without_a_face_is_refused(made: SimpleNamespace) -> None:
    points = moving_face(made)
    with pytest.raises(NoFaceError, match="no frame has a face"):
        steady(made.track_of(points, found=np.zeros(96, bool)))
