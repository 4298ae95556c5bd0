"""landmarks.frontal: a head that turns and nods without expression shows none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facepatch.core.axes import Float64
from facepatch.core.data.landmarks import LANDMARK_NAMES, RIGID, landmark_indices
from facepatch.landmarks.frontal import DEPTH, LARGEST, NEAREST, frontal_points, swing_limited
from facepatch.landmarks.head_pose import RIGID_SHAPE
from facepatch.metrics.face_measures import MEASURES, face_measures
from facepatch.synthetic.face import PERFORMER_STYLE, make_character, synthetic_landmarks
from facepatch.synthetic.performance import make_performance
from facepatch.synthetic.performer import head_motion, true_landmarks


def solid() -> Float64:
    """(L, 3) cm of the generated head, 6.3 cm from eye to eye, with its own depths."""
    character = make_character(detail="low")
    points = synthetic_landmarks(character).positions(character.neutral[None])[0].astype(np.float64)
    eyes = points[landmark_indices("eye_l")].mean(axis=0) - points[landmark_indices("eye_r")].mean(axis=0)
    return points * 6.3 / np.linalg.norm(eyes)


def face() -> Float64:
    """(L, 3) cm: x and y of the generated head, depth of the mean face; the rigid points are wholly the mean face's."""
    points = solid()
    points[:, 2] = DEPTH
    points[landmark_indices(*RIGID)] = RIGID_SHAPE
    return points


FAR = 1e12


def filmed(points: Float64, turns: Float64, *, away: float = FAR) -> Float64:
    """(T, L, 2) pixels from `away` cm: 20 pixels to the centimetre, somewhere in the picture."""
    placed = (points - RIGID_SHAPE.mean(axis=0)) @ turns.transpose(0, 2, 1)
    shown = 20.0 * placed[:, :, :2] / (1.0 - placed[:, :, 2:] / away)
    return shown * (1.0, -1.0) + (320.0, 240.0)


def pose_of(turns: Float64, *, away: float = FAR) -> Float64:
    """(T, 4, 4) head -> camera."""
    pose = np.tile(np.eye(4), (len(turns), 1, 1))
    pose[:, :3, :3], pose[:, 2, 3] = turns, -away
    return pose


POSES = np.array(
    [(0, 0, 0), (20, 0, 0), (-30, 0, 0), (45, 0, 0), (0, -25, 0), (0, 20, 0), (25, 15, 10), (-20, -20, 40)]
)


def turns_of(poses: Float64) -> Float64:
    return Rotation.from_euler("yxz", poses, degrees=True).as_matrix()


def test_the_mean_face_keeps_its_measures_whichever_way_it_looks() -> None:
    points, turns = face(), turns_of(POSES)
    flat = frontal_points(filmed(points, turns), pose_of(turns))
    for name, curve in face_measures(flat).curves().items():
        np.testing.assert_allclose(curve, curve[0], atol=1e-5, err_msg=name)
    straight = face_measures(filmed(points, turns[:1]))
    assert face_measures(flat).at(0) == pytest.approx(straight.at(0), abs=1e-5)


@pytest.mark.parametrize("away", [NEAREST, 60.0, 200.0])
def test_a_near_camera_measures_the_same_whichever_way_the_face_looks(away: float) -> None:
    turns = turns_of(POSES)
    shown = filmed(face(), turns, away=away)
    apart = np.ptp(face_measures(frontal_points(shown, pose_of(turns))).curves()["brow_l"])
    assert apart > 2.0 / away  # one brow is higher than the other where the distance is not known
    flat = frontal_points(shown, pose_of(turns, away=away))
    np.testing.assert_allclose(flat[0], shown[0], atol=1e-6)  # a face that looks into the camera stays
    for name, curve in face_measures(flat).curves().items():
        np.testing.assert_allclose(curve, curve[0], atol=2e-4, err_msg=name)


def test_no_camera_is_taken_to_be_nearer_than_the_nearest() -> None:
    turns = turns_of(POSES)
    shown = filmed(face(), turns, away=60.0)
    nearest, nearer = (frontal_points(shown, pose_of(turns, away=away)) for away in (NEAREST, 5.0))
    np.testing.assert_array_equal(nearer, nearest)


@pytest.mark.parametrize("name", ["mouth_width", "brow_l", "brow_r"])
def test_another_face_loses_most_of_what_the_turn_does_to_it(name: str) -> None:
    turns = turns_of(POSES)
    before = filmed(solid(), turns)
    moved, left = (
        np.abs(curve - curve[0]).max()
        for curve in (
            face_measures(points).curves()[name]
            for points in (before, frontal_points(before, pose_of(turns)))
        )
    )
    assert left < 0.5 * moved


def test_an_expression_on_a_turned_head_is_that_of_the_frontal_one() -> None:
    points, turns = face(), turns_of(POSES)
    points[landmark_indices("lips_outer_corner_l", "lips_outer_corner_r"), 0] *= 1.2
    points[landmark_indices("brow_l", "brow_r"), 1] += 0.5
    smiling = face_measures(
        np.concatenate([filmed(face(), turns[:1]), frontal_points(filmed(points, turns), pose_of(turns))])
    )
    assert set(smiling.curves()) == set(MEASURES)
    for name in ("mouth_width", "brow_l", "brow_r"):
        curve = smiling.curves()[name]
        np.testing.assert_allclose(curve[1:], curve[1], atol=1e-5)
        assert curve[1] > curve[0] + 0.05


def test_pixels_and_roll_stay_those_of_the_frame() -> None:
    turns = turns_of(np.array([(0, 0, 25)]))
    shown = filmed(face(), turns)
    np.testing.assert_allclose(frontal_points(shown, pose_of(turns)), shown, atol=1e-6)
    assert shown.shape == (1, len(LANDMARK_NAMES), 2)


def test_profiles_are_treated_as_the_largest_turn() -> None:
    turns = turns_of(np.array([(85, 0, 0), (0, 80, 30), (30, 0, 0)]))
    limited = swing_limited(turns)
    angles = np.arccos(limited[:, 2, 2])
    np.testing.assert_allclose(angles, [LARGEST, LARGEST, np.deg2rad(30)], atol=1e-9)
    np.testing.assert_allclose(
        limited @ limited.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (3, 3, 3)), atol=1e-9
    )
    assert np.isfinite(frontal_points(filmed(face(), turns), pose_of(turns))).all()


def test_a_performer_who_turns_measures_as_he_would_with_his_head_still() -> None:
    performer = make_character(PERFORMER_STYLE, name="performer", detail="low")
    clip = make_performance(performer, seconds=4.0, rate=(30, 1), seed=0)
    pose = head_motion(clip.frame_count, 30.0, np.random.default_rng(1))
    truth = face_measures(true_landmarks(performer, clip))
    turned = true_landmarks(performer, replace(clip, head_pose=pose)).astype(np.float64)
    before, after = face_measures(turned), face_measures(frontal_points(turned, pose_of(pose[:, :3, :3])))
    for name in ("mouth_width", "brow_l", "brow_r", "eye_open_l", "eye_open_r"):
        wrong, left = (np.std(one.curves()[name] - truth.curves()[name]) for one in (before, after))
        assert left < 0.5 * wrong, name
