from __future__ import annotations

import json

import numpy as np
import pytest

from facepatch.core.errors import InputError, ShapeError
from facepatch.core.schema import to_dict
from facepatch.metrics import FaceMeasures, coverage, measures_from_curves
from facepatch.metrics.coverage import most_common, motion_coverage, normalised


def acted(
    frames: int = 1000, *, speech: float = 0.1, blinks: float = 0.05, brows: float = 0.05, **fixed: np.ndarray
):
    """A face at rest that does each thing in a share of the frames, one after the other, ramping up and down."""

    def bump(start: int, share: float) -> np.ndarray:
        curve, length = np.zeros(frames), int(share * frames)
        curve[start : start + length] = np.sin(np.pi * (np.arange(length) + 0.5) / max(length, 1))
        return curve

    shut = np.zeros(frames)
    shut[600 : 600 + int(blinks * frames)] = 1
    tremble = 0.001 * np.random.default_rng(0).normal(size=frames)
    curves = {
        "mouth_open": 0.01 + 0.4 * bump(50, speech) + tremble,
        "mouth_width": 0.8 + 0.2 * bump(100 + int(speech * frames), 0.1) + tremble,
        "eye_open_l": 0.12 * (1 - shut) + tremble,
        "eye_open_r": 0.12 * (1 - shut) + tremble,
        "brow_l": 0.3 + tremble,
        "brow_r": 0.3 + tremble,
        "brow": 0.3 + 0.1 * bump(750, brows) + tremble,
    }
    return measures_from_curves({**curves, **fixed}, 60.0)


def scaled(measures: FaceMeasures, factor: float) -> FaceMeasures:
    return measures_from_curves({name: factor * curve for name, curve in measures.curves().items()}, 6.0)


def test_rest_and_range_are_put_at_fixed_places():
    # Rest at 2 most of the time, down to 1 and up to 6.
    curve = np.concatenate([np.full(90, 2.0), np.full(5, 1.0), np.full(5, 6.0), [4.0]])
    values = normalised(curve)
    np.testing.assert_allclose(values[[0, 92, 97, 100]], [0.5, 0.1, 1.0, 0.75])
    # The lower side is 1, less than a quarter of the range of 5: it is taken as 1.25, so 1 lies at 0.5 - 0.5 / 1.25.
    np.testing.assert_allclose(normalised(curve, rest=1.0)[[0, 92, 97]], [0.6, 0.5, 1.0])


def test_a_curve_that_only_trembles_is_at_rest():
    np.testing.assert_array_equal(normalised(np.linspace(0.5, 0.515, 50)), np.full(50, 0.5))


def test_the_most_common_value_is_found_between_two_tails():
    rng = np.random.default_rng(0)
    curve = np.concatenate([rng.uniform(0, 10, 500), rng.normal(3, 0.05, 600)])
    assert most_common(curve) == pytest.approx(3, abs=0.05)


def test_the_same_face_of_another_size_is_covered():
    report = coverage(acted(), scaled(acted(), 1.7))
    assert all(f.overlap > 0.95 for f in report.features.values())
    assert report.performer_covered > 0.99
    assert report.warnings == ()
    assert report.sentences == ("The performer and the character's motion use every feature alike.",)


def test_a_feature_done_three_times_as_often_is_said():
    report = coverage(acted(speech=0.1), acted(speech=0.3))
    wanted = (
        "The character's motion opens the mouth 2.9 times as often as the performer "
        "(20.0 % against 6.8 % of the frames)."
    )
    assert wanted in report.sentences
    feature = report.features["mouth_open"]
    # A sine is over half of its height in two thirds of its length.
    assert feature.performer_active == pytest.approx(0.067, abs=0.01)
    assert feature.character_active == pytest.approx(0.2, abs=0.01)
    # 20 % of the frames are in other bins.
    assert feature.overlap == pytest.approx(0.8, abs=0.04)


def test_mixes_that_differ_are_warned_of_with_their_overlap():
    report = coverage(acted(speech=0.1), acted(speech=0.4))
    assert report.features["mouth_open"].overlap < 0.8
    assert len(report.warnings) == 1
    assert "mouth_open 0.7" in report.warnings[0]
    assert "matched selection" in report.warnings[0]
    assert report.sentences[0] == report.warnings[0]


def test_motion_that_never_moves_a_region_is_warned_of():
    still = np.random.default_rng(1).normal(0.3, 0.001, 1000)
    report = coverage(acted(), acted(brow=still))
    assert any(line.startswith("The character's motion never moves brow") for line in report.warnings)
    assert any("raise the brows" in line for line in report.warnings)
    assert report.features["brow"].character_active == 0.0


def test_a_performer_who_never_blinks_is_warned_of():
    squint = 0.12 - 0.04 * (np.arange(1000) < 50)
    report = coverage(acted(eye_open_l=squint), acted())
    assert any(
        "The performer never shuts the left eye" in line and "67 %" in line for line in report.warnings
    )
    assert not any("right eye" in line for line in report.warnings)


def test_expressions_that_the_character_never_combines_are_not_covered():
    both = acted()
    opened = both.mouth_open.copy()
    opened[600:650] = 0.4
    report = coverage(acted(mouth_open=opened), acted())
    # 5 % of the frames: shut eyes with the mouth open here, with the mouth shut there.
    assert report.performer_covered == pytest.approx(0.95, abs=0.01)
    assert report.character_covered == pytest.approx(0.95, abs=0.01)


def test_frames_without_a_face_are_left_out():
    spoilt = acted().mouth_open.copy()
    spoilt[900:] = 50
    valid = np.arange(1000) < 900
    report = coverage(acted(mouth_open=spoilt), acted(), performer_valid=valid)
    assert report.features["mouth_open"].performer_range[1] < 0.5


def test_histograms_sum_to_one_and_the_report_is_json():
    report = coverage(acted(), acted(1500, speech=0.2))
    for feature in report.features.values():
        assert sum(feature.performer_histogram) == pytest.approx(1)
        assert sum(feature.character_histogram) == pytest.approx(1)
    assert json.loads(json.dumps(to_dict(report), allow_nan=False))["features"]["brow"]["overlap"] > 0


def test_sides_without_a_frame_and_masks_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="The performer has no valid frame among 1000"):
        coverage(acted(), acted(), performer_valid=np.zeros(1000, bool))
    with pytest.raises(ShapeError, match="character valid: axis T is 10"):
        coverage(acted(), acted(), character_valid=np.ones(10, bool))


def test_a_motion_alone_has_its_ranges_and_says_what_it_never_does():
    found = motion_coverage(acted(brows=0.0, blinks=0.0))
    assert found.frames == 1000
    mouth = found.features["mouth_open"]
    assert mouth.rest == pytest.approx(0.01, abs=0.005)
    assert mouth.high == pytest.approx(0.41, abs=0.01)
    assert mouth.active == pytest.approx(0.067, abs=0.01)
    assert [sentence.split(" (")[0] for sentence in found.warnings] == [
        "The character's motion never moves eye_open_l",
        "The character's motion never moves eye_open_r",
        "The character's motion never moves brow",
    ]
    assert json.loads(json.dumps(to_dict(found)))["features"]["brow"]["active"] == 0.0


def test_a_motion_that_does_everything_has_nothing_to_warn_of_and_rest_can_be_given():
    found = motion_coverage(acted(), rest=dict.fromkeys(acted().curves(), 0.2))
    assert found.warnings == ()
    assert found.features["mouth_open"].rest == 0.2
    assert found.features["eye_open_l"].active == pytest.approx(0.05, abs=0.01)


def test_a_motion_without_frames_is_refused():
    with pytest.raises(InputError, match="motion has no valid frame"):
        motion_coverage(acted().select(np.zeros(1000, bool)))
