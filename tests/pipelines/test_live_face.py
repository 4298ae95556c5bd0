"""pipelines.live_face: one frame gives what the same frame gives in a take."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facepatch.core.data.landmarks import RIGID, landmark_indices
from facepatch.landmarks.detector import DetectedFace
from facepatch.landmarks.frontal import frontal_points
from facepatch.landmarks.head_pose import EYES, RIGID_SHAPE, film_head_pose
from facepatch.metrics.face_measures import MEASURES, align_face, measures_of
from facepatch.patches.align import align_performer, rest_shape
from facepatch.pipelines.live_face import Alignment, FaceChoice, HeadPose, Measures, own_pose, pose_matrix
from facepatch.pipelines.one_euro import OneEuroSettings
from facepatch.synthetic.face import make_character, synthetic_landmarks
from facepatch.synthetic.performance import make_performance

OFF = OneEuroSettings(0.0, 0.0)
FOUND = np.ones(24, bool)


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    """(24, L, 2) px of a face that talks, tilts and comes nearer."""
    face = make_character(detail="low")
    clip = make_performance(face, seconds=2.0, rate=(12, 1), seed=3)
    plane = synthetic_landmarks(face).positions(face.vertices(clip.weights[:24]))[..., :2] * (1.0, -1.0)
    angle = 0.15 * np.sin(0.3 * np.arange(24))
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], 1).reshape(-1, 2, 2)
    grown = 10.0 * (1 + 0.01 * np.arange(24))[:, None, None]
    return (grown * (plane @ np.swapaxes(turn, 1, 2)) + (320.0, 240.0)).astype(np.float32)


def test_the_alignment_of_a_frame_is_that_of_the_take(points: np.ndarray) -> None:
    neutral = rest_shape(points.astype(np.float64), FOUND)
    whole = align_performer(points, FOUND, neutral=neutral, sigma=0.0)
    live = Alignment(neutral, OFF)
    rows = [live.push(row.astype(np.float64), index / 24) for index, row in enumerate(points)]
    np.testing.assert_allclose(rows, whole, atol=1e-9)


def test_the_measures_of_a_frame_are_those_of_the_take(points: np.ndarray) -> None:
    neutral = rest_shape(points.astype(np.float64), FOUND)
    reference = align_face(neutral[None]).reference
    turns = Rotation.from_euler("yx", np.linspace((0, 0), (30, 10), len(points)), degrees=True).as_matrix()
    pose = np.tile(np.eye(4), (len(points), 1, 1))
    pose[:, :3, :3], pose[:, 2, 3] = turns, -50.0
    flat = frontal_points(points.astype(np.float64), pose)
    whole = measures_of(align_face(flat, reference=reference))
    live = Measures(reference, OFF)
    rows = [live.push(row.astype(np.float64), pose[i], i / 24) for i, row in enumerate(points)]
    for name in MEASURES:
        told = np.array([row.at(0)[name] for row in rows])
        np.testing.assert_allclose(told, whole.curves()[name], atol=1e-6)


def test_smoothing_makes_measures_calmer(points: np.ndarray) -> None:
    neutral = rest_shape(points.astype(np.float64), FOUND)
    rng = np.random.default_rng(0)
    reference = align_face(neutral[None]).reference
    calm, raw = Measures(reference, OneEuroSettings(1.0, 1.0)), Measures(reference, OFF)
    still = points[0] + rng.normal(0, 0.5, (200, *points[0].shape))
    lids = np.array(
        [
            [one.push(row, np.eye(4), i / 60).eye_open_l[0] for one in (calm, raw)]
            for i, row in enumerate(still)
        ]
    )
    assert lids[20:, 0].std() < 0.5 * lids[20:, 1].std()


def face_at(x: float, size: float = 100.0) -> DetectedFace:
    points = np.full((56, 2), x, np.float32)
    return DetectedFace(points, np.ones(56, np.float32), (x, 0.0, x + size, size))


def test_the_chosen_face_is_kept_beside_a_larger_one() -> None:
    choice = FaceChoice("largest")
    first, other = face_at(0.0), face_at(500.0, 140.0)
    assert choice.choose([first], 0.0) is first
    assert choice.choose([other, first], 0.1) is first
    assert choice.choose([other], 0.2) is None


def test_nobody_is_chosen_before_there_is_somebody() -> None:
    choice = FaceChoice("largest")
    face = face_at(0.0)
    assert choice.choose([], 0.0) is None
    assert choice.choose([face], 0.1) is face


def test_a_face_that_returns_elsewhere_is_chosen_again() -> None:
    choice = FaceChoice("largest")
    choice.choose([face_at(0.0)], 0.0)
    nearer = face_at(900.0, 300.0)
    assert choice.choose([nearer], 1.0) is None
    assert choice.choose([nearer], 3.1) is nearer


def solid_face(turn_deg: float, size: tuple[int, int] = (640, 480)) -> DetectedFace:
    """The mean face, turned to its left, 10 px per cm."""
    turn = Rotation.from_euler("y", turn_deg, degrees=True).as_matrix()
    solid = 10.0 * (RIGID_SHAPE - EYES) @ turn.T
    points, depth = np.zeros((56, 2), np.float32), np.zeros(56, np.float32)
    rows = landmark_indices(*RIGID)
    points[rows] = solid[:, :2] * (1.0, -1.0) + np.array(size) / 2
    depth[rows] = solid[:, 2]
    return DetectedFace(points, np.ones(56, np.float32), (0, 0, 1, 1), depth)


def test_the_head_pose_of_a_frame_is_that_of_the_film() -> None:
    face = solid_face(20.0)
    rows = landmark_indices(*RIGID)
    assert face.depth is not None
    options = {"depth": face.depth[None, rows], "image_size": (640, 480)}
    film = film_head_pose(face.points[None, rows], np.ones(1, bool), **options)
    np.testing.assert_allclose(own_pose(face, (640, 480)), film[0], atol=1e-4)


def test_the_head_turns_away_from_its_first_second() -> None:
    live = HeadPose(OFF, neutral_s=1.0)
    for index in range(31):
        still = live.push(solid_face(5.0), image_size=(640, 480), time_s=index / 30)
    np.testing.assert_allclose(still, 0, atol=1e-5)
    turned = live.push(solid_face(25.0), image_size=(640, 480), time_s=1.1)
    np.testing.assert_allclose(np.degrees(turned[:3]), [0, 20, 0], atol=0.01)
    later = live.push(solid_face(5.0), image_size=(640, 480), time_s=60.0)
    np.testing.assert_allclose(later, 0, atol=1e-5)
    wanted = Rotation.from_euler("y", 20, degrees=True).as_matrix()
    np.testing.assert_allclose(pose_matrix(turned)[:3, :3], wanted, atol=1e-3)


def test_a_detector_without_depth_gives_a_pose_all_the_same() -> None:
    face = solid_face(15.0)
    flat = DetectedFace(face.points, face.confidence, face.box, None)
    turn = Rotation.from_matrix(own_pose(flat, (640, 480))[:3, :3]).as_rotvec(degrees=True)
    np.testing.assert_allclose(turn, [0, 15, 0], atol=4)
