from __future__ import annotations

import json

import numpy as np
import pytest

from facepatch.core.errors import InputError, ShapeError
from facepatch.core.schema import to_dict
from facepatch.metrics import (
    MEASURES,
    FaceMeasures,
    agreement,
    blink_agreement,
    blink_events,
    eye_states,
    measures_from_curves,
    pearson,
    runs,
)


def wave(frames: int = 200, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.convolve(rng.normal(size=frames + 4), np.ones(5) / 5, "valid")


def measures(frames: int = 200, **curves: np.ndarray) -> FaceMeasures:
    all_curves = {name: wave(frames, seed) for seed, name in enumerate(MEASURES)}
    for side in ("l", "r"):
        all_curves[f"eye_open_{side}"] = blinking(frames, shut=0.01)
    return measures_from_curves({**all_curves, **curves}, 60.0)


def blinking(frames: int = 200, *, shut: float = 0.02, opened: float = 0.12, every: int = 40) -> np.ndarray:
    gap = np.full(frames, opened)
    for start in range(10, frames - 4, every):
        gap[start : start + 4] = shut
    return gap


def test_pearson_of_four_points_by_hand():
    # Deviations (-1.5, -.5, .5, 1.5) and (-1, 1, -1, 1): 2 / sqrt(5 * 4).
    assert pearson([1, 2, 3, 4], [0, 2, 0, 2]) == pytest.approx(2 / np.sqrt(20))
    assert pearson([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)


def test_a_curve_that_never_moves_correlates_with_nothing():
    assert pearson(np.ones(5), np.arange(5)) == 0.0
    found = agreement(measures(), measures(mouth_open=np.full(200, 0.3)))
    assert found.measures["mouth_open"].r == 0.0
    assert "character's mouth_open never changes" in found.measures["mouth_open"].note


def test_gain_and_offset_do_not_matter_but_ranges_are_given():
    performer = measures()
    character = measures(mouth_open=2 * performer.mouth_open + 5)
    found = agreement(performer, character).measures["mouth_open"]
    assert found.r == pytest.approx(1.0)
    assert found.character_range == pytest.approx(2 * found.performer_range, rel=1e-5)


def test_frames_that_are_not_valid_do_not_count():
    performer = measures()
    spoilt = performer.mouth_open.copy()
    spoilt[50:80] = 99
    valid = np.ones(200, bool)
    valid[50:80] = False
    character = measures(mouth_open=spoilt)
    assert agreement(performer, character).measures["mouth_open"].r < 0.5
    found = agreement(performer, character, valid=valid).measures["mouth_open"]
    assert found.r == pytest.approx(1.0)
    assert found.frames == 170


def test_shut_and_open_are_told_on_the_eyes_own_scale():
    gap = blinking(400, shut=0.03, opened=0.13)
    gap[[5, 6]] = [0.05, 0.11]
    states = eye_states(gap)
    assert states.shut_gap == pytest.approx(0.03)
    assert states.open_gap == pytest.approx(0.13)
    np.testing.assert_allclose(states.openness[[5, 6, 10, 0]], [0.2, 0.8, 0.0, 1.0], atol=1e-5)
    np.testing.assert_array_equal(states.shut, gap == 0.03)
    np.testing.assert_array_equal(states.open, gap == 0.13)


def test_one_blink_in_a_short_take_is_found_and_one_bad_frame_is_none():
    gap = np.full(300, 0.12)
    gap[100:104] = 0.01
    assert eye_states(gap).shut.sum() == 4
    gap[101:104] = 0.12
    assert not eye_states(gap).ever_shut


def test_an_eye_that_only_squints_is_never_shut():
    states = eye_states(blinking(shut=0.08))
    assert not states.ever_shut
    assert not states.shut.any()
    found = blink_agreement(blinking(shut=0.08), blinking(), character_open=0.12)
    assert found.closed_recall is None
    assert "never shuts: its smallest gap is 67 % of its open gap" in found.note


def test_lids_that_overlap_are_shut():
    gap = blinking(shut=-0.05, opened=0.16)
    gap[5] = 0.02
    assert eye_states(gap).shut_gap == 0.0
    assert eye_states(gap).shut[5]


def test_closed_recall_and_open_fidelity_by_hand():
    performer = np.full(100, 0.12)
    performer[20:30] = 0.02
    character = np.full(100, 0.30)
    character[20:26] = 0.01
    character[26:30] = 0.10
    character[60:80] = 0.36
    found = blink_agreement(performer, character, character_open=0.30)
    assert (found.closed_frames, found.open_frames) == (10, 90)
    # 6 of 10 shut frames are under 15 % of 0.30; 20 of 90 open ones are off by 20 %.
    assert found.closed_recall == pytest.approx(0.6)
    assert found.open_within_10 == pytest.approx(70 / 90)
    assert found.open_error == pytest.approx(0.0, abs=1e-6)


def test_a_perfect_copy_is_perfect():
    performer = measures()
    found = agreement(performer, performer)
    assert all(m.r == pytest.approx(1.0) for m in found.measures.values())
    assert found.blinks["l"].closed_recall == 1.0
    assert found.blinks["l"].open_within_10 == 1.0


def test_the_neutrals_gap_is_what_open_means_where_it_is_given():
    performer = measures()
    found = agreement(performer, performer, character_open={"l": 0.2, "r": 0.12})
    assert found.blinks["l"].open_error == pytest.approx(0.4)
    assert found.blinks["r"].open_error == pytest.approx(0.0, abs=1e-6)


def test_the_result_is_json():
    found = agreement(measures(), measures(mouth_open=np.zeros(200), eye_open_l=np.full(200, 0.1)))
    assert json.loads(json.dumps(to_dict(found), allow_nan=False))["blinks"]["l"]["closed_frames"] == 20


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ShapeError, match="character mouth_open: axis T is 100"):
        agreement(measures(200), measures(100))
    with pytest.raises(InputError, match="none of the 200 frames"):
        agreement(measures(), measures(), valid=np.zeros(200, bool))
    with pytest.raises(InputError, match=r"lid gap of -0\.1"):
        blink_agreement(blinking(), blinking(), character_open=-0.1)


def test_a_blink_counts_once_however_long_it_is():
    performer = np.full(100, 0.12)
    performer[10:13] = performer[40:60] = performer[80:83] = 0.01
    performer[50] = 0.12  # one frame in the middle of a long blink
    character = np.full(100, 0.30)
    character[11] = 0.04  # in one frame of the blink: shut
    character[40:60] = 0.05
    character[83] = 0.0  # one frame late
    found = blink_events(performer, character, character_open=0.30)
    assert found.blinks == 3
    assert found.closed == pytest.approx(2 / 3)
    assert found.median_gap == pytest.approx(0.04 / 0.30)
    assert blink_events(performer, character, character_open=0.30, slack=0).closed == pytest.approx(1 / 3)


def test_without_blinks_there_is_no_share_of_them():
    found = blink_events(np.full(50, 0.12), np.full(50, 0.3), character_open=0.3)
    assert (found.blinks, found.closed, found.median_gap) == (0, None, None)
    with pytest.raises(InputError, match="cannot have a lid gap of 0"):
        blink_events(blinking(), blinking(), character_open=0.0)


def test_states_of_a_whole_take_judge_a_part_of_it():
    whole = blinking(200)
    states = eye_states(whole)
    part = states._replace(openness=states.openness[:9], shut=states.shut[:9], open=states.open[:9])
    narrow = np.full(9, 0.12)
    assert blink_agreement(narrow, narrow, character_open=0.12, states=part).closed_frames == 0
    assert blink_events(narrow, narrow, character_open=0.12, states=part).blinks == 0


def test_runs_are_bridged():
    mask = np.array([1, 1, 0, 1, 0, 0, 1], bool)
    assert runs(mask) == [(0, 2), (3, 4), (6, 7)]
    assert runs(mask, bridge=1) == [(0, 4), (6, 7)]
    assert runs(np.zeros(3, bool)) == []
