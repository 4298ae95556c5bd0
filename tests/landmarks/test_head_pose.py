from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facepatch.core.data.landmarks import LandmarkTrack
from facepatch.core.errors import ConfigError, InputError, ShapeError
from facepatch.landmarks.head_pose import (
    EYES,
    FOCAL,
    RIGID_SHAPE,
    HeadPoseSettings,
    camera_pose,
    film_head_pose,
    head_pose,
    similarity,
)

SIZE = (640, 480)


def turns(frames: int = 48) -> Rotation:
    """Yaw, pitch and roll of a head that looks about, from a frame that is not frontal."""
    time = np.arange(frames) / 24
    angles = [25 * np.sin(2 * time) + 8, 15 * np.cos(3 * time), 10 * np.sin(1.5 * time)]
    return Rotation.from_euler("yxz", np.stack(angles, axis=1), degrees=True)


def seen(rotation: Rotation, place: np.ndarray, *, perspective: bool) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (T, 10, 2) and depths (T, 10) of the mean face at `place` (T, 3) cm of the camera."""
    focal = FOCAL * max(SIZE)
    solid = np.einsum("tij,rj->tri", rotation.as_matrix(), RIGID_SHAPE - EYES)
    points = solid + place[:, None]
    distance = -points[..., 2:] if perspective else -place[:, None, 2:]
    pixels = points[..., :2] * focal / distance * (1, -1) + np.array(SIZE) / 2
    return pixels, solid[..., 2] * focal / -place[:, None, 2]


@pytest.fixture
def places() -> np.ndarray:
    time = np.arange(48) / 24
    return np.stack([3 * np.sin(time), 2 * np.cos(time), -60 + 5 * time], axis=1)


def test_the_pose_of_points_with_depth_is_found(places: np.ndarray) -> None:
    pixels, depth = seen(turns(), places, perspective=False)
    found = np.ones(48, bool)
    pose = film_head_pose(pixels.astype(np.float32), found, depth=depth.astype(np.float32), image_size=SIZE)
    np.testing.assert_allclose(pose[:, :3, :3], turns().as_matrix(), atol=1e-4)
    np.testing.assert_allclose(pose[:, :3, 3], places, atol=1e-3)
    np.testing.assert_array_equal(pose[:, 3], np.tile([0, 0, 0, 1], (48, 1)))


def test_the_pose_of_points_without_depth_is_found(places: np.ndarray) -> None:
    pixels, _ = seen(turns(), places, perspective=True)
    pose = film_head_pose(pixels.astype(np.float32), np.ones(48, bool), depth=None, image_size=SIZE)
    off = (Rotation.from_matrix(pose[:, :3, :3]) * turns().inv()).magnitude()
    assert np.degrees(off).max() < 0.5
    np.testing.assert_allclose(pose[:, :3, 3], places, atol=0.3)


def test_another_face_shape_does_not_turn_the_head(places: np.ndarray) -> None:
    pixels, depth = seen(turns(), places, perspective=False)
    middle = pixels.mean(axis=1, keepdims=True)
    wide = (pixels - middle) * 1.15 + middle  # everything but the depth
    pose = film_head_pose(
        wide.astype(np.float32), np.ones(48, bool), depth=depth.astype(np.float32), image_size=SIZE
    )
    off = (Rotation.from_matrix(pose[:, :3, :3]) * turns().inv()).magnitude()
    assert np.degrees(off).max() < 5


def test_frames_without_a_face_take_the_last_pose(places: np.ndarray) -> None:
    pixels, depth = seen(turns(), places, perspective=False)
    found = np.ones(48, bool)
    found[:2] = found[20:25] = False
    pose = film_head_pose(pixels.astype(np.float32), found, depth=depth.astype(np.float32), image_size=SIZE)
    np.testing.assert_array_equal(pose[20:25], np.tile(pose[19], (5, 1, 1)))
    np.testing.assert_array_equal(pose[:2], np.tile(pose[2], (2, 1, 1)))


def test_similarity_of_a_turned_and_scaled_shape() -> None:
    rotation = Rotation.from_rotvec([[0.2, -0.5, 0.3]])
    points = 7 * rotation.apply(RIGID_SHAPE) + (3, 4, 5)
    R, s, t = similarity(RIGID_SHAPE, points[None])
    np.testing.assert_allclose(R, rotation.as_matrix(), atol=1e-12)
    assert s[0] == pytest.approx(7)
    np.testing.assert_allclose(t[0], (3, 4, 5), atol=1e-9)


@pytest.fixture
def posed(made: SimpleNamespace, places: np.ndarray) -> LandmarkTrack:
    pose = np.tile(np.eye(4), (48, 1, 1))
    pose[:, :3, :3], pose[:, :3, 3] = turns().as_matrix(), places
    return replace(made.track_of(np.tile(made.FACE, (48, 1, 1))), head_pose=pose)


def test_the_pose_is_relative_to_the_neutral_frame(posed: LandmarkTrack, places: np.ndarray) -> None:
    pose = head_pose(camera_pose(posed, HeadPoseSettings(smoothing_s=0)), posed.found, neutral_frame=30)
    np.testing.assert_allclose(pose[30], np.eye(4), atol=1e-6)
    turned = (turns()[7] * turns()[30].inv()).as_matrix()
    np.testing.assert_allclose(pose[7, :3, :3], turned, atol=1e-6)
    np.testing.assert_allclose(pose[7, :3, 3], places[7] - places[30], atol=1e-4)


def test_without_a_neutral_frame_the_mean_pose_is_neutral(posed: LandmarkTrack) -> None:
    pose = head_pose(camera_pose(posed), posed.found)
    assert np.degrees(Rotation.from_matrix(pose[:, :3, :3]).mean().magnitude()) < 0.1
    np.testing.assert_allclose(np.median(pose[:, :3, 3], axis=0), 0, atol=1e-9)


def test_the_pose_is_steadied(posed: LandmarkTrack) -> None:
    shaken = Rotation.from_rotvec(np.random.default_rng(0).normal(0, 0.02, (48, 3))) * turns()
    assert posed.head_pose is not None
    pose = posed.head_pose.copy()
    pose[:, :3, :3] = shaken.as_matrix()
    shaky = replace(posed, head_pose=pose)
    clean = head_pose(camera_pose(posed, HeadPoseSettings(smoothing_s=0)), posed.found, neutral_frame=0)
    relative = lambda settings: head_pose(camera_pose(shaky, settings), posed.found, neutral_frame=0)  # noqa: E731

    def jitter(pose: np.ndarray) -> float:
        return float(np.abs(np.diff(pose[:, :3, :3] - clean[:, :3, :3], 2, axis=0)).mean())

    assert jitter(relative(HeadPoseSettings())) < 0.3 * jitter(relative(HeadPoseSettings(smoothing_s=0)))


def test_gaps_are_bridged_on_the_short_way_round(posed: LandmarkTrack) -> None:
    found = np.ones(48, bool)
    found[10:14] = False
    assert posed.head_pose is not None
    pose = posed.head_pose.copy()
    pose[10:14] = pose[9]
    bridged = head_pose(camera_pose(replace(posed, head_pose=pose, found=found)), found, neutral_frame=0)
    whole = head_pose(camera_pose(posed), posed.found, neutral_frame=0)
    off = Rotation.from_matrix(bridged[:, :3, :3]) * Rotation.from_matrix(whole[:, :3, :3]).inv()
    assert np.degrees(off.magnitude()).max() < 2


def test_what_cannot_give_a_pose_is_refused(posed: LandmarkTrack) -> None:
    with pytest.raises(ShapeError, match="these landmarks carry none"):
        camera_pose(replace(posed, head_pose=None))
    with pytest.raises(InputError, match="the neutral frame 99 has no face"):
        head_pose(camera_pose(posed), posed.found, neutral_frame=99)
    with pytest.raises(ConfigError, match=r"head_pose\.smoothing_s: is 11"):
        HeadPoseSettings(smoothing_s=11)
