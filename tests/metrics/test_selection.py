from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.errors import ConfigError, InputError
from facepatch.metrics import (
    FaceMeasures,
    SelectionSettings,
    farthest_points,
    matched_selection,
    measures_from_curves,
)


def acted(frames: int, *, seed: int, talk: float, blink: float, rest: float = 0.0) -> FaceMeasures:
    """Independent features: `talk` tells how wide the mouth opens on most frames, `blink` the share of shut frames,
    `rest` the share of frames at rest in everything."""
    rng = np.random.default_rng(seed)
    still = rng.random(frames) < rest

    def feature(at: float, span: float, power: float) -> np.ndarray:
        return np.where(still, at, at + span * rng.random(frames) ** power) + 0.0005 * rng.normal(size=frames)

    shut = (rng.random(frames) < blink) & ~still
    eye = np.where(shut, 0.01, 0.13) + 0.003 * rng.normal(size=frames)
    curves = {
        "mouth_open": feature(0.0, 0.4, 1 / talk),
        "mouth_width": feature(0.8, 0.3, 2.0),
        "eye_open_l": eye,
        "eye_open_r": eye + 0.001 * rng.normal(size=frames),
        "brow": feature(0.3, 0.1, 1.5),
    }
    return measures_from_curves({**curves, "brow_l": curves["brow"], "brow_r": curves["brow"]}, 60.0)


PERFORMER = acted(3000, seed=0, talk=0.3, blink=0.03, rest=0.6)
CHARACTER = acted(2500, seed=1, talk=1.5, blink=0.2)
SETTINGS = SelectionSettings(count=900)


def test_the_farthest_points_of_a_line_by_hand():
    line = np.array([[0.0], [1.0], [2.0], [3.0], [10.0]])
    chosen = farthest_points(line, 3, seed=0).tolist()
    start = chosen[0]
    far = int(np.abs(line[:, 0] - line[start, 0]).argmax())
    assert chosen[1] == far
    third = max(range(5), key=lambda k: min(abs(line[k, 0] - line[start, 0]), abs(line[k, 0] - line[far, 0])))
    assert chosen[2] == third


def test_copies_are_not_chosen_twice():
    points = np.repeat(np.eye(3), 5, axis=0)
    assert len(farthest_points(points, 10)) == 3
    assert len(farthest_points(np.ones((7, 2)), 4)) == 1


def test_drawn_frames_have_the_same_mix_in_both_domains():
    found = matched_selection(PERFORMER, CHARACTER, SETTINGS)
    assert found.overlap_before["mouth_open"] < 0.6
    assert min(found.overlap_after.values()) > 0.9
    for choice in (found.performer, found.character):
        assert len(choice.frames) <= 900
        assert (np.diff(choice.frames) > 0).all()
        assert choice.probability.sum() == pytest.approx(1)
        assert (choice.probability > 0).all()
        assert choice.probability.max() * len(choice.frames) <= 10.5


def test_shut_eyes_are_drawn_more_and_neutral_frames_less_often_than_they_come():
    found = matched_selection(PERFORMER, CHARACTER, SETTINGS)
    shut = PERFORMER.eye_open_l[found.performer.frames] < 0.05
    assert found.performer.closed_share == pytest.approx(found.performer.probability[shut].sum())
    for choice in (found.performer, found.character):
        assert 0.08 - 1e-3 <= choice.closed_share <= 0.16
        assert choice.neutral_share <= 0.05 + 1e-3


def test_neutral_is_the_rest_that_is_given():
    everywhere = {"mouth_open": 5.0, "mouth_width": 5.0, "eye_open_l": 5.0, "eye_open_r": 5.0, "brow": 5.0}
    found = matched_selection(PERFORMER, CHARACTER, SETTINGS, character_rest=everywhere)
    assert found.character.neutral_share == 0.0


def test_the_same_seed_gives_the_same_selection():
    first = matched_selection(PERFORMER, CHARACTER, SETTINGS)
    again = matched_selection(PERFORMER, CHARACTER, SETTINGS)
    np.testing.assert_array_equal(first.performer.frames, again.performer.frames)
    np.testing.assert_array_equal(first.character.probability, again.character.probability)
    other = matched_selection(PERFORMER, CHARACTER, SelectionSettings(count=900, seed=7))
    assert not np.array_equal(first.performer.frames, other.performer.frames)


def test_only_valid_frames_are_chosen():
    valid = np.arange(2500) % 2 == 0
    found = matched_selection(PERFORMER, CHARACTER, SETTINGS, character_valid=valid)
    assert (found.character.frames % 2 == 0).all()


def test_a_performer_with_hardly_a_blink_is_told_and_not_drawn_over_and_over():
    performer = acted(2000, seed=5, talk=1.0, blink=0.002)
    found = matched_selection(performer, CHARACTER, SETTINGS)
    assert any("shuts an eye in only" in line for line in found.sentences)
    assert found.performer.probability.max() * len(found.performer.frames) <= 11
    assert found.performer.closed_share < 0.08


def test_a_region_that_never_moves_is_told_and_the_others_are_matched():
    curves = {**CHARACTER.curves(), "brow": np.full(2500, 0.3)}
    found = matched_selection(PERFORMER, measures_from_curves(curves, 6.0), SETTINGS)
    assert "The character never moves brow, so its mix cannot be matched." in found.sentences
    assert found.overlap_after["mouth_open"] > 0.9


def test_a_face_at_rest_throughout_still_gives_frames():
    curves = {name: np.full(40, 0.2) + 1e-5 * np.arange(40) for name in PERFORMER.curves()}
    found = matched_selection(measures_from_curves(curves, 6.0), CHARACTER, SETTINGS)
    assert len(found.performer.frames) > 0


def test_what_cannot_be_selected_from_is_refused():
    with pytest.raises(InputError, match="The character has no valid frame"):
        matched_selection(PERFORMER, CHARACTER, character_valid=np.zeros(2500, bool))
    with pytest.raises(ConfigError, match="count 0"):
        SelectionSettings(count=0)
    with pytest.raises(ConfigError, match=r"shares of neutral 0\.05 and closed frames 0\.3 to 0\.15"):
        SelectionSettings(closed_least=0.3)
