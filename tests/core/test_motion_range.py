from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.errors import InputError
from facepatch.core.motion_range import motion_ranges

ROWS = {name: index for index, name in enumerate(LANDMARK_NAMES)}


def neutral() -> np.ndarray:
    points = np.zeros((len(ROWS), 3))
    for name, row in ROWS.items():
        side = 3.0 if "_l_" in name else -3.0 if "_r_" in name else 0.0
        points[row] = (side, {"eye": 2.0, "bro": 4.0, "lip": -4.0}.get(name[:3], 0.0), 0.0)
        if "upper" in name:
            points[row, 1] += 0.5
        if "lower" in name:
            points[row, 1] -= 0.5
    points[ROWS["lips_outer_corner_r"], 0], points[ROWS["lips_outer_corner_l"], 0] = -2.0, 2.0
    return points


def moved(**shifts: float) -> np.ndarray:
    """Ten frames at rest and ten in which all landmarks that begin with a name have moved up."""
    frames = np.repeat(neutral()[None], 20, axis=0)
    for start, shift in shifts.items():
        for name, row in ROWS.items():
            if name.startswith(start):
                frames[10:, row, 1] += shift
    return frames


def verdicts(motion: np.ndarray, rows: dict[str, int] = ROWS) -> dict[str, str]:
    return {one.name: one.verdict for one in motion_ranges(rows, neutral(), motion)}


def test_a_face_that_never_moves_is_told_so_with_what_to_do():
    still = motion_ranges(ROWS, neutral(), moved())
    assert {one.verdict for one in still} == {"none"}
    assert all("Add a motion" in one.sentence for one in still)


def test_lids_that_touch_are_good_and_lids_that_only_narrow_are_not():
    shut = verdicts(moved(eye_l_upper=-1.0, eye_r_upper=-0.6))
    assert (shut["eye_l"], shut["eye_r"]) == ("good", "little")


def test_a_mouth_that_opens_by_a_tenth_of_the_eye_distance_is_good_and_by_a_thirtieth_is_little():
    assert verdicts(moved(lips_inner_lower=-0.6))["mouth_open"] == "good"
    assert verdicts(moved(lips_inner_lower=-0.2))["mouth_open"] == "little"


def test_a_brow_is_measured_against_its_own_eye():
    found = verdicts(moved(brow_l=1.0))
    assert (found["brow_l"], found["brow_r"]) == ("good", "none")


def test_what_is_not_picked_is_unknown_and_says_so():
    rows = {name: row for name, row in ROWS.items() if not name.startswith("brow_r")}
    found = {one.name: one for one in motion_ranges(rows, neutral(), moved())}
    assert found["brow_r"].verdict == "unknown"
    assert "before its landmarks are picked" in found["brow_r"].sentence


def test_without_the_corners_of_the_eyes_there_is_no_scale():
    with pytest.raises(InputError, match="corners of both eyes are not picked"):
        motion_ranges({"chin": 0}, neutral(), moved())


def test_long_motions_are_read_in_part():
    class Counting:
        read = 0

        def __init__(self, frames: np.ndarray) -> None:
            self.frames = frames

        def __len__(self) -> int:
            return len(self.frames)

        def __getitem__(self, rows: slice) -> np.ndarray:
            chosen = self.frames[rows]
            Counting.read += len(chosen)
            return chosen

    motion_ranges(ROWS, neutral(), Counting(np.tile(moved(), (10, 1, 1))), frames=50)
    assert Counting.read == 50
