from __future__ import annotations

import importlib

import numpy as np
import pytest

from facepatch.core.data.landmarks import LANDMARK_NAMES, SurfaceLandmarks, landmark_indices
from facepatch.core.errors import InputError, ShapeError, TopologyError
from facepatch.metrics import brow_regions, face_height, face_regions, inter_ocular, vertex_error
from facepatch.synthetic.face import make_character, synthetic_landmarks

IOD = 6.0


def drawn_head() -> tuple[np.ndarray, SurfaceLandmarks]:
    """A flat head of 0.25 cm squares; every landmark is the vertex next to where a face has it."""
    place = dict.fromkeys(LANDMARK_NAMES, (0.0, -1.0))
    for side, sign in (("r", -1), ("l", 1)):
        for name, x in (
            ("outer", 4.0),
            ("upper_outer", 3.5),
            ("upper_mid", 3.0),
            ("upper_inner", 2.5),
            ("inner", 2.0),
        ):
            place[f"eye_{side}_{name}"] = (sign * x, 0.5 if name.startswith("upper") else 0.0)
            if name.startswith("upper"):
                place[f"eye_{side}_{name.replace('upper', 'lower')}"] = (sign * x, -0.5)
        for ring in ("outer", "inner"):
            place[f"lips_{ring}_corner_{side}"] = (sign * 2.5, -6.0)
        for end, y in (("upper", 0.5), ("lower", -0.5)):
            for step, x in (("2", 0.75), ("3", 1.5)):
                place[f"lips_outer_{end}_{side}{step}"] = (sign * x, -6 + y)
            place[f"lips_inner_{end}_{side}"] = (sign * 1.0, -6 + y / 2)
            place[f"lips_inner_{end}_mid"], place[f"lips_outer_{end}_mid"] = (0.0, -6 + y / 2), (0.0, -6 + y)
    place["nose_bridge_top"], place["chin"] = (0.0, 1.0), (0.0, -10.0)
    x, y = np.meshgrid(np.arange(-8, 8.1, 0.25), np.arange(-12, 8.1, 0.25))
    neutral = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1).astype(np.float32)
    rows = [int(np.linalg.norm(neutral[:, :2] - place[name], axis=1).argmin()) for name in LANDMARK_NAMES]
    corner = np.repeat([[1.0, 0.0, 0.0]], len(rows), axis=0)
    return neutral, SurfaceLandmarks(np.repeat(np.array(rows)[:, None], 3, axis=1), corner, "drawn")


def test_errors_by_hand():
    truth = np.zeros((2, 3, 3), np.float32)
    truth[:, :, 1] = [[1, 1, 1], [-1, -1, -1]]
    predicted = truth.copy()
    predicted[0, 0, 0] += 0.3
    predicted[1, 2] += [0, 0.3, 0.4]
    found = vertex_error(
        predicted,
        truth,
        inter_ocular_cm=IOD,
        mean_shape=np.zeros((3, 3)),
        regions={"lips": np.array([2]), "lids": np.array([1])},
    )
    # All: (0.3 + 0.5) / 6 cm. Lips: 0 and 0.5. Holding the mean is wrong by 1 cm everywhere.
    assert found["all"].mean_mm == pytest.approx(10 * 0.8 / 6)
    assert found["all"].p95_mm == pytest.approx(5.0)
    assert found["all"].mean_percent_iod == pytest.approx(100 * 0.8 / 6 / IOD)
    assert found["all"].mean_expression_mm == pytest.approx(10.0)
    assert found["all"].fraction_of_mean_expression == pytest.approx(0.8 / 6)
    assert found["lips"].mean_mm == pytest.approx(2.5)
    assert found["lips"].p95_percent_iod == pytest.approx(100 * 0.5 / IOD)
    assert found["lids"].mean_mm == 0.0
    assert found["lids"].vertices == 1


def test_the_95th_percentile_leaves_out_the_worst_twentieth():
    truth = np.zeros((100, 1, 3), np.float32)
    predicted = truth.copy()
    predicted[:, 0, 0] = np.arange(1, 101) / 100
    found = vertex_error(predicted, truth, inter_ocular_cm=IOD, mean_shape=np.ones((1, 3)))
    assert found["all"].p95_mm == pytest.approx(9.5)


def test_weights_count_a_vertex_that_many_times():
    truth = np.zeros((50, 2, 3), np.float32)
    predicted = truth.copy()
    predicted[:, 0, 0], predicted[:, 1, 0] = 0.1, 0.4
    mean = np.zeros((2, 3))
    found = vertex_error(
        predicted,
        truth,
        inter_ocular_cm=IOD,
        mean_shape=mean,
        regions={"even": np.array([1.0, 1.0]), "first": np.array([19.5, 0.5]), "third": np.array([3.0, 1.0])},
    )
    assert found["even"].mean_mm == pytest.approx(2.5)
    assert found["third"].mean_mm == pytest.approx((3 * 1 + 4) / 4)
    assert found["third"].p95_mm == pytest.approx(4.0)
    assert found["first"].p95_mm == pytest.approx(1.0)


def test_a_truth_that_never_moves_has_no_fraction():
    still = np.ones((4, 2, 3), np.float32)
    found = vertex_error(still + 0.1, still, inter_ocular_cm=IOD, mean_shape=still[0])
    assert found["all"].fraction_of_mean_expression is None


def test_holding_the_mean_expression_is_a_fraction_of_one():
    truth = np.random.default_rng(0).normal(size=(20, 5, 3)).astype(np.float32)
    mean = truth.mean(axis=0)
    held = np.repeat(mean[None], 20, axis=0)
    found = vertex_error(held, truth, inter_ocular_cm=IOD, mean_shape=mean, regions={"lips": [1, 2]})
    assert found["lips"].fraction_of_mean_expression == pytest.approx(1.0, rel=1e-5)


def test_blocks_and_memory_maps_do_not_change_the_result(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(30, 4, 3)).astype(np.float32)
    predicted = truth + rng.normal(size=truth.shape).astype(np.float32)
    np.save(tmp_path / "truth.npy", truth)
    stored = np.load(tmp_path / "truth.npy", mmap_mode="r")
    whole = vertex_error(predicted, truth, inter_ocular_cm=IOD, mean_shape=truth[0])
    module = importlib.import_module("facepatch.metrics.vertex_error")
    monkeypatch.setattr(module, "_BLOCK", 7 * 48)
    blocks = vertex_error(predicted, stored, inter_ocular_cm=IOD, mean_shape=truth[0])
    assert blocks["all"].mean_mm == pytest.approx(whole["all"].mean_mm)
    assert blocks["all"].mean_expression_mm == pytest.approx(whole["all"].mean_expression_mm)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"predicted": np.zeros((2, 4, 3))},
            TopologyError,
            "predicted is \\(2, 4, 3\\), truth is \\(2, 3, 3\\)",
        ),
        ({"predicted": np.full((2, 3, 3), np.nan)}, ShapeError, "predicted: 18 values are not finite"),
        ({"inter_ocular_cm": 0.0}, InputError, "distance 0 cm"),
        ({"mean_shape": np.zeros((4, 3))}, ShapeError, "mean_shape: axis V is 4"),
        ({"regions": {"lips": np.array([3])}}, ShapeError, "region lips: needs vertex indices within 0..2"),
        ({"regions": {"lips": np.array([1.0, 1.0])}}, ShapeError, "region lips: needs 3 weights"),
        ({"regions": {"lips": np.array([1.0, -1.0, 1.0])}}, ShapeError, "none below 0"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict, error: type, message: str):
    arguments = {
        "predicted": np.zeros((2, 3, 3)),
        "truth": np.zeros((2, 3, 3)),
        "inter_ocular_cm": IOD,
        "mean_shape": np.zeros((3, 3)),
        **changes,
    }
    with pytest.raises(error, match=message):
        vertex_error(arguments.pop("predicted"), arguments.pop("truth"), **arguments)


def test_regions_lie_around_their_landmarks():
    neutral, landmarks = drawn_head()
    assert inter_ocular(landmarks, neutral) == pytest.approx(6.0, abs=1e-4)
    assert face_height(landmarks, neutral) == pytest.approx(11.0, abs=1e-4)
    regions = face_regions(landmarks, neutral)
    assert set(regions) == {"lids_l", "lids_r", "lids", "lips"}
    assert (neutral[regions["lids_l"], 0] > 0).all()
    assert (neutral[regions["lids_r"], 0] < 0).all()
    assert len(regions["lids"]) == len(regions["lids_l"]) + len(regions["lids_r"])
    # Mouth corners at (-2.5, -6) and (2.5, -6): nothing of the lips is farther than 20 % of 5 cm above or below it.
    lips = neutral[regions["lips"]]
    assert np.abs(lips[:, 1] + 6).max() <= 0.5 + 0.2 * 5 + 1e-6
    assert {int(v) for v in landmarks.triangle[LANDMARK_NAMES.index("lips_inner_upper_mid")]} & set(
        regions["lips"].tolist()
    )


def test_brow_regions_lie_above_the_eyes_each_on_its_side():
    head = make_character(detail="low")
    landmarks = synthetic_landmarks(head)
    regions = brow_regions(landmarks, head.neutral)
    eyes = landmarks.positions(head.neutral[None])[0][landmark_indices("eye_l", "eye_r")]
    assert regions["brows"].size == regions["brow_l"].size + regions["brow_r"].size > 0
    assert regions["brows"].size < len(head.neutral) / 4
    assert (head.neutral[regions["brow_l"], 0] > 0).all()
    assert (head.neutral[regions["brow_r"], 0] < 0).all()
    assert head.neutral[regions["brows"], 1].mean() > eyes[:, 1].max()
    assert brow_regions(landmarks, head.neutral, reach=0.01)["brows"].size < regions["brows"].size


def test_regions_keep_to_the_vertices_that_are_offered():
    neutral, landmarks = drawn_head()
    half = np.flatnonzero(neutral[:, 1] > -6)
    assert set(face_regions(landmarks, neutral, among=half)["lips"]) <= set(half)
    far = np.flatnonzero(neutral[:, 1] < -8)
    with pytest.raises(InputError, match="region lids_l: no vertex lies within"):
        face_regions(landmarks, neutral, among=far)


def test_landmarks_are_a_triangle_each():
    with pytest.raises(ShapeError, match="56 needed"):
        SurfaceLandmarks(np.zeros((3, 3), np.int32), np.zeros((3, 3), np.float32), "x")
