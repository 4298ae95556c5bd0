"""core.data.landmarks: names, tracks, and points on surfaces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facepatch.core.data.landmarks import (
    ELEMENTS,
    LANDMARK_NAMES,
    RIGID,
    LandmarkTrack,
    SurfaceLandmarks,
    landmark_indices,
    read_landmark_track,
    write_landmark_track,
)
from facepatch.core.errors import ShapeError, UnknownNameError

COUNT = len(LANDMARK_NAMES)


def track(frames: int = 3) -> LandmarkTrack:
    rng = np.random.default_rng(3)
    return LandmarkTrack(
        points=rng.uniform(0, 480, (frames, COUNT, 2)),
        confidence=np.ones((frames, COUNT), np.float32),
        found=np.arange(frames) != 1,
        image_size=(640, 480),
        rate=(25, 1),
        times=np.arange(frames) / 25,
        head_pose=np.tile(np.eye(4), (frames, 1, 1)),
        detector="mediapipe 0.10.21",
        warnings=("one frame without a face.",),
    )


def test_names_are_unique_and_as_many_as_the_docs_say() -> None:
    assert len(set(LANDMARK_NAMES)) == COUNT == 56


def test_the_sides_mirror_each_other() -> None:
    right = {name for name in LANDMARK_NAMES if name.startswith(("eye_r_", "brow_r_"))}
    assert {name.replace("_r_", "_l_", 1) for name in right} <= set(LANDMARK_NAMES)


def test_rigid_points_are_landmarks() -> None:
    assert set(RIGID) <= set(LANDMARK_NAMES)


def test_an_element_stands_for_its_points() -> None:
    rows = landmark_indices("chin", "eye_l")
    assert [LANDMARK_NAMES[row] for row in rows] == ["chin", *ELEMENTS["eye_l"]]


def test_an_unknown_landmark_gives_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"there is no 'eye_left'\. Nearest:"):
        landmark_indices("eye_left")


def test_a_track_survives_the_disk(tmp_path: Path) -> None:
    write_landmark_track(tmp_path / "track.npz", track())
    back = read_landmark_track(tmp_path / "track.npz")
    for name in ("image_size", "rate", "detector", "warnings"):
        assert getattr(back, name) == getattr(track(), name)
    for name in ("points", "confidence", "found", "times", "head_pose"):
        assert np.array_equal(getattr(back, name), getattr(track(), name)), name


def test_a_track_without_depth_has_no_head_pose(tmp_path: Path) -> None:
    write_landmark_track(tmp_path / "track.npz", replace(track(), head_pose=None))
    assert read_landmark_track(tmp_path / "track.npz").head_pose is None


def test_a_confidence_per_point_is_needed() -> None:
    with pytest.raises(ShapeError, match=r"confidence: axis L is 5, but landmarks says 56"):
        replace(track(), confidence=np.ones((3, 5)))


def test_a_time_per_frame_is_needed() -> None:
    with pytest.raises(ShapeError, match="times: axis T is 2, but landmarks says 3"):
        replace(track(), times=np.zeros(2))


def surface() -> SurfaceLandmarks:
    return SurfaceLandmarks(
        triangle=np.tile([0, 1, 2], (COUNT, 1)),
        barycentric=np.tile([0.5, 0.25, 0.25], (COUNT, 1)),
        topology_id="abc",
    )


def test_surface_landmarks_follow_the_expression() -> None:
    vertices = np.array([[[0, 0, 0], [4, 0, 0], [0, 4, 0]], [[0, 0, 8], [4, 0, 0], [0, 4, 0]]], np.float32)
    points = surface().positions(vertices)
    assert points.shape == (2, COUNT, 3)
    assert points[0, 0].tolist() == [1, 1, 0]
    assert points[1, 0].tolist() == [1, 1, 4]


def test_surface_landmarks_are_complete_or_refused() -> None:
    with pytest.raises(ShapeError, match="surface landmarks: 55 given, 56 needed"):
        replace(surface(), triangle=np.zeros((55, 3)), barycentric=np.zeros((55, 3)))
