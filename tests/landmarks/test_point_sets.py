from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from facepatch.core.data.landmarks import LANDMARK_NAMES, landmark_indices
from facepatch.core.errors import ConfigError
from facepatch.landmarks.point_sets import POINT_SETS, check_point_count, to_our_landmarks


def mirrored(name: str) -> str:
    parts = name.split("_")
    swap = {"r": "l", "l": "r", "r2": "l2", "l2": "r2", "r3": "l3", "l3": "r3"}
    return "_".join(swap.get(part, part) for part in parts)


@pytest.mark.parametrize("count", sorted(POINT_SETS))
def test_each_of_our_names_is_a_mean_of_points(count: int) -> None:
    assert len(POINT_SETS[count]) == len(LANDMARK_NAMES)
    ours, confidence = to_our_landmarks(np.full((count, 2), 3.0, np.float32), np.full(count, 0.7, np.float32))
    np.testing.assert_allclose(ours, 3.0, rtol=1e-5)
    np.testing.assert_allclose(confidence, 0.7)


@pytest.mark.parametrize(
    ("count", "pairs"),
    [
        (68, [*zip(range(17), range(16, -1, -1)), *zip(range(17, 27), range(26, 16, -1)), (27, 27), (28, 28), (29, 29),
              (30, 30), *zip(range(31, 36), range(35, 30, -1)), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47),
              (41, 46), *zip(range(48, 55), range(54, 47, -1)), (55, 59), (56, 58), (57, 57), (60, 64), (61, 63),
              (62, 62), (65, 67), (66, 66)]),
        (98, [*zip(range(33), range(32, -1, -1)), *zip(range(33, 38), range(46, 41, -1)), (38, 50), (39, 49), (40, 48),
              (41, 47), (51, 51), (52, 52), (53, 53), (54, 54), *zip(range(55, 60), range(59, 54, -1)),
              *zip(range(60, 65), range(72, 67, -1)), (65, 75), (66, 74), (67, 73),
              *zip(range(76, 83), range(82, 75, -1)), (83, 87), (84, 86), (85, 85),
              *zip(range(88, 93), range(92, 87, -1)), (93, 95), (94, 94), (96, 97)]),
    ],
)  # fmt: skip
def test_a_mirrored_face_has_mirrored_landmarks(count: int, pairs: list[tuple[int, int]]) -> None:
    points = np.random.default_rng(0).normal(0, 1, (count, 2)).astype(np.float32)
    other = points.copy()
    for a, b in pairs:
        other[a], other[b] = points[b] * (-1, 1), points[a] * (-1, 1)
    ours, _ = to_our_landmarks(points, np.ones(count, np.float32))
    theirs, _ = to_our_landmarks(other, np.ones(count, np.float32))
    for name in LANDMARK_NAMES:
        a, b = landmark_indices(name)[0], landmark_indices(mirrored(name))[0]
        np.testing.assert_allclose(theirs[b], ours[a] * (-1, 1), rtol=1e-5, atol=1e-6)


def test_lid_points_between_ibug_points_lie_on_the_arc() -> None:
    points = np.zeros((68, 2), np.float32)
    points[36:40] = [(0, 0), (1, 2), (2, 2), (3, 0)]  # a parabola: y = x (3 - x)
    ours, _ = to_our_landmarks(points, np.ones(68, np.float32))
    for name, x in (("outer", 0.75), ("mid", 1.5), ("inner", 2.25)):
        np.testing.assert_allclose(
            ours[landmark_indices(f"eye_r_upper_{name}")[0]], (x, x * (3 - x)), rtol=1e-5
        )


def test_a_point_is_as_sure_as_its_least_sure_part() -> None:
    confidence = np.ones(68, np.float32)
    confidence[37] = 0.2
    _, ours = to_our_landmarks(np.zeros((68, 2), np.float32), confidence)
    assert ours[landmark_indices("eye_r_upper_mid")[0]] == pytest.approx(0.2)
    assert ours[landmark_indices("eye_l_upper_mid")[0]] == 1


def test_other_point_sets_are_refused() -> None:
    with pytest.raises(ConfigError, match="a landmark network with 106 points: only 68"):
        check_point_count(106)


@pytest.mark.assets
def test_on_a_real_head_each_name_is_where_it_says(assets: Path) -> None:
    head = np.load(assets / "char-ict-facekit" / "ict_facekit_expressions.npz")["vertices"]
    table = json.loads((assets / "tables-correspondence" / "ict_vertex_indices.json").read_text())
    rows = next(value for value in table.values() if isinstance(value, list) and len(value) == 68)
    ours, _ = to_our_landmarks(head[rows][:, :2].astype(np.float32), np.ones(68, np.float32))
    at = {name: ours[row] for row, name in enumerate(LANDMARK_NAMES)}
    for side, sign in (("l", 1), ("r", -1)):
        assert sign * at[f"eye_{side}_outer"][0] > sign * at[f"eye_{side}_inner"][0] > 0
        assert at[f"eye_{side}_upper_mid"][1] > at[f"eye_{side}_lower_mid"][1]
        assert sign * at[f"brow_{side}_outer"][0] > sign * at[f"brow_{side}_inner"][0]
        assert sign * at[f"lips_outer_corner_{side}"][0] > sign * at[f"lips_inner_corner_{side}"][0] > 0
        assert sign * at[f"lips_outer_upper_{side}3"][0] > sign * at[f"lips_outer_upper_{side}2"][0] > 0
        assert sign * at[f"nose_base_{side}"][0] > 0
    heights = [at[name][1] for name in (
        "brow_r_mid", "eye_r_upper_mid", "nose_bridge_low", "nose_tip", "nose_base_mid", "lips_outer_upper_mid",
        "lips_inner_upper_mid", "lips_inner_lower_mid", "lips_outer_lower_mid", "chin",
    )]  # fmt: skip
    assert heights == sorted(heights, reverse=True)
