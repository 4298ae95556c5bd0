from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.data.landmarks import LANDMARK_NAMES, landmark_indices
from facepatch.core.errors import InputError, ShapeError, UnknownNameError
from facepatch.metrics import MEASURES, align_face, face_measures, measures_from_curves

EYE_X = {"outer": 1.5, "upper_outer": 1.25, "upper_mid": 1.0, "upper_inner": 0.75, "inner": 0.5}
LID = 0.15
MOUTH = 0.1


def face(
    *, lid_l: float = LID, lid_r: float = LID, mouth: float = MOUTH, width: float = 1.2, brow: float = 0.6
):
    """(1, L, 2) a drawn face, y up: eye centres at x = -1 (right) and 1, so the inter-ocular distance is 2."""
    place = dict.fromkeys(LANDMARK_NAMES, (0.0, 0.0))
    for side, sign, lid in (("r", -1, lid_r), ("l", 1, lid_l)):
        for name, x in EYE_X.items():
            place[f"eye_{side}_{name}"] = (sign * x, lid if name.startswith("upper") else 0.0)
            if name.startswith("upper"):
                place[f"eye_{side}_{name.replace('upper', 'lower')}"] = (sign * x, -lid)
        for k, name in enumerate(("outer", "mid_outer", "mid", "mid_inner", "inner")):
            place[f"brow_{side}_{name}"] = (sign * (1.6 - 0.25 * k), brow)
        place[f"lips_outer_corner_{side}"] = (sign * width / 2, -2.0)
        place[f"lips_inner_upper_{side}"] = (sign * 0.2, -2.0 + mouth)
        place[f"lips_inner_lower_{side}"] = (sign * 0.2, -2.0 - mouth)
        place[f"nose_base_{side}"] = (sign * 0.3, -1.2)
    place["lips_inner_upper_mid"], place["lips_inner_lower_mid"] = (0.0, -2.0 + mouth), (0.0, -2.0 - mouth)
    for name, y in (("bridge_top", 0.0), ("bridge_high", -0.3), ("bridge_low", -0.6), ("base_mid", -1.25)):
        place[f"nose_{name}"] = (0.0, y)
    return np.array([[place[name] for name in LANDMARK_NAMES]])


def take(**values: list[float]) -> np.ndarray:
    length = len(next(iter(values.values())))
    return np.concatenate([face(**{k: v[t] for k, v in values.items()}) for t in range(length)])


def test_a_drawn_face_has_the_measures_worked_out_by_hand():
    measures = face_measures(face(), y_down=False)
    # In inter-ocular distances of 2: the lids are 2 * 0.15 apart, the lips 2 * 0.1, the corners 1.2.
    wanted = {
        "mouth_open": 0.1,
        "mouth_width": 0.6,
        "eye_open_l": 0.15,
        "eye_open_r": 0.15,
        "brow_l": 0.3,
        "brow_r": 0.3,
        "brow": 0.3,
    }
    assert measures.at(0) == pytest.approx(wanted, abs=1e-6)
    assert measures.inter_ocular == pytest.approx(2.0)
    assert tuple(measures.curves()) == MEASURES


def test_each_measure_follows_its_own_part_of_the_face():
    points = take(
        mouth=[0.1, 0.4, 0.1, 0.1, 0.1],
        width=[1.2, 1.2, 1.6, 1.2, 1.2],
        lid_l=[0.15, 0.15, 0.15, 0.0, 0.15],
        brow=[0.6, 0.6, 0.6, 0.6, 0.9],
    )
    measures = face_measures(points, y_down=False)
    np.testing.assert_allclose(measures.mouth_open, [0.1, 0.4, 0.1, 0.1, 0.1], atol=1e-6)
    np.testing.assert_allclose(measures.mouth_width, [0.6, 0.6, 0.8, 0.6, 0.6], atol=1e-6)
    np.testing.assert_allclose(measures.eye_open_l, [0.15, 0.15, 0.15, 0.0, 0.15], atol=1e-6)
    np.testing.assert_allclose(measures.eye_open_r, [0.15] * 5, atol=1e-6)
    np.testing.assert_allclose(measures.brow, [0.3, 0.3, 0.3, 0.3, 0.45], atol=1e-6)


def test_lids_that_overlap_have_a_negative_gap():
    assert face_measures(face(lid_l=-0.02), y_down=False).eye_open_l[0] == pytest.approx(-0.02, abs=1e-6)


def test_roll_size_and_place_of_the_head_change_nothing():
    still = take(mouth=[0.1, 0.3, 0.2], lid_r=[0.15, 0.0, 0.1])
    turned = still.copy()
    for t, (angle, scale, shift) in enumerate([(0.0, 1.0, 0.0), (0.4, 1.7, 30.0), (-0.3, 0.6, -9.0)]):
        c, s = np.cos(angle), np.sin(angle)
        turned[t] = scale * still[t] @ np.array([[c, s], [-s, c]]) + shift
    first, second = face_measures(still, y_down=False), face_measures(turned, y_down=False)
    for name in MEASURES:
        np.testing.assert_allclose(second.curves()[name], first.curves()[name], atol=1e-6)
    assert second.inter_ocular == pytest.approx(2.0)


def test_image_and_mesh_landmarks_give_the_same_measures():
    points = take(mouth=[0.1, 0.3], lid_l=[0.15, 0.05])
    image = points * np.array([50.0, -50.0]) + 200.0
    mesh = np.concatenate([points, np.random.default_rng(0).normal(size=(2, len(LANDMARK_NAMES), 1))], axis=2)
    first, second = face_measures(image), face_measures(mesh)
    for name in MEASURES:
        np.testing.assert_allclose(first.curves()[name], second.curves()[name], atol=1e-5)
    assert first.inter_ocular == pytest.approx(100.0)


def test_turning_the_head_aside_hardly_opens_the_mouth():
    yaw = np.deg2rad(20)
    points = np.repeat(face(), 21, axis=0)
    points[0, :, 0] *= np.cos(yaw)
    measures = face_measures(points, y_down=False)
    # By the frame's own eye distance this would be 1 / cos(20 deg) = +6.4 %.
    assert abs(measures.mouth_open[0] / measures.mouth_open[1] - 1) < 0.045


def test_a_blink_that_drags_the_outer_corners_down_leaves_the_brow_where_it_is():
    points = np.repeat(face(), 30, axis=0)
    points[12][landmark_indices("eye_l_outer", "eye_r_outer"), 1] -= 0.1
    brow = face_measures(points, y_down=False).brow
    assert abs(brow[12] - brow[0]) < 0.005


def test_frames_without_a_face_do_not_shape_the_reference():
    points = take(mouth=[0.1, 0.3, 0.2])
    wild = np.concatenate([points, np.random.default_rng(0).normal(size=(40, len(LANDMARK_NAMES), 2))])
    valid = np.arange(43) < 3
    measures = face_measures(wild, y_down=False, valid=valid)
    np.testing.assert_allclose(measures.mouth_open[:3], [0.1, 0.3, 0.2], atol=1e-6)
    assert measures.frame_count == 43


def test_aligned_points_are_level_with_unit_eye_distance():
    aligned = align_face(face() * [40, -40] + 300)
    eyes = [
        aligned.points[0, landmark_indices(f"eye_{s}_outer", f"eye_{s}_inner")].mean(axis=0) for s in "lr"
    ]
    np.testing.assert_allclose(eyes[0] - eyes[1], [1.0, 0.0], atol=1e-9)


def test_selected_frames_keep_their_values():
    measures = face_measures(take(mouth=[0.1, 0.3, 0.2]), y_down=False)
    np.testing.assert_allclose(measures.select(np.array([2, 0])).mouth_open, [0.2, 0.1], atol=1e-6)
    again = measures_from_curves(measures.curves(), measures.inter_ocular)
    np.testing.assert_array_equal(again.brow, measures.brow)


def test_points_that_are_no_face_are_refused():
    with pytest.raises(ShapeError, match="should be 56"):
        face_measures(np.zeros((2, 68, 2)))
    broken = np.repeat(face(), 3, axis=0)
    broken[1, 4] = np.nan
    with pytest.raises(ShapeError, match="not finite"):
        face_measures(broken)
    flat = np.repeat(face(), 3, axis=0)
    flat[2] = 1.0
    with pytest.raises(ShapeError, match="1 frames, the first 2, lie all in one place"):
        face_measures(flat)
    with pytest.raises(InputError, match="none of the 3 frames has a face"):
        face_measures(np.repeat(face(), 3, axis=0), valid=np.zeros(3, bool))
    with pytest.raises(UnknownNameError):
        landmark_indices("eyebrow")
