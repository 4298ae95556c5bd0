"""metrics.lips: which frames count as lips that touch, and whether the character's meet there."""

from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.errors import InputError, ShapeError
from facepatch.metrics import lip_agreement, lip_states
from facepatch.metrics.face_measures import MEASURES, FaceMeasures, measures_from_curves


def mouth(gap: np.ndarray, width: float = 1.0) -> FaceMeasures:
    """A face of which only the mouth says something."""
    curves = {name: np.full(len(gap), 0.3, np.float32) for name in MEASURES}
    curves |= {"mouth_open": np.float32(gap), "mouth_width": np.full(len(gap), width, np.float32)}
    return measures_from_curves(curves, 1.0)


TALKING = np.array([0.0, 0.0, 0.2, 0.08, 0.01, 0.2, 0.0, 0.0] * 5)
"""(40,) three short closures in eight frames, the first and last of neighbours run together."""


def test_lips_touch_at_the_own_smallest_gap_whatever_the_detector_leaves_there() -> None:
    for left in (0.0, 0.02, -0.02):
        states = lip_states(mouth(TALKING + max(left, 0.0) - 0.01 * (left < 0) * (TALKING == 0)))
        np.testing.assert_array_equal(states.touch, TALKING <= 0.01)
        assert states.ever_touch


def test_gaps_count_in_the_widths_of_the_mouth() -> None:
    wide = lip_states(mouth(TALKING, width=2.0))
    np.testing.assert_allclose(wide.gap, TALKING / 2, atol=1e-6)
    np.testing.assert_array_equal(wide.parted, TALKING > 0.15)


def test_a_mouth_that_always_gapes_never_touches() -> None:
    states = lip_states(mouth(TALKING + 0.1))
    assert not states.ever_touch
    assert not states.touch.any()
    found = lip_agreement(mouth(TALKING + 0.1), mouth(TALKING))
    assert found.meet is None
    assert found.closures_met is None
    assert "never touch" in found.note


def test_a_known_neutral_says_where_lips_touch_that_press_through_each_other() -> None:
    pressed = np.where(TALKING == 0, -0.08, TALKING)
    pressed[4] = 0.012
    assert lip_states(mouth(pressed), rest_gap=0.005).shut_gap == pytest.approx(0.005)
    # A neutral with its mouth open is no contact.
    assert lip_states(mouth(pressed), rest_gap=0.2).shut_gap == 0.0


def test_frames_without_a_face_neither_touch_nor_are_parted() -> None:
    valid = np.arange(40) >= 8
    states = lip_states(mouth(TALKING), valid=valid)
    assert not states.touch[:8].any()
    assert not states.parted[:8].any()
    with pytest.raises(InputError, match="none of the 40 frames is valid"):
        lip_states(mouth(TALKING), valid=np.zeros(40, bool))


def test_a_mouth_without_width_never_touches() -> None:
    assert not lip_states(mouth(TALKING, width=0.0)).touch.any()


def test_a_copy_meets_always_and_never_wrongly() -> None:
    found = lip_agreement(mouth(TALKING), mouth(TALKING))
    assert (found.meet, found.closures_met, found.meet_wrongly, found.overlap) == (1.0, 1.0, 0.0, 0.0)
    assert found.touch_frames == 25
    assert found.parted_frames == 15


def test_lips_that_stay_apart_meet_nowhere_and_lips_that_stay_shut_meet_wrongly() -> None:
    apart = lip_agreement(mouth(TALKING), mouth(np.full(40, 0.031)))
    assert (apart.meet, apart.closures_met, apart.meet_wrongly) == (0.0, 0.0, 0.0)
    shut = lip_agreement(mouth(TALKING), mouth(np.full(40, 0.029)))
    assert (shut.meet, shut.closures_met, shut.meet_wrongly) == (1.0, 1.0, 1.0)


def test_the_characters_gap_counts_in_its_own_widths() -> None:
    assert lip_agreement(mouth(TALKING), mouth(np.full(40, 0.05), width=2.0)).meet == 1.0


def test_lips_through_each_other_are_told() -> None:
    assert lip_agreement(mouth(TALKING), mouth(np.where(TALKING <= 0.01, -0.04, TALKING))).overlap == 1.0


def test_a_closure_counts_once_and_only_when_it_is_short() -> None:
    gap = np.full(60, 0.2)
    gap[5:8] = gap[20] = 0.0
    gap[30:50] = 0.0
    character = gap.copy()
    character[[5, 7]] = 0.2
    character[20] = 0.2
    found = lip_agreement(mouth(gap), mouth(character))
    assert found.closures == 2
    assert found.closures_met == 0.5
    assert lip_agreement(mouth(gap), mouth(character), rate_fps=120.0).closures == 3


def test_states_of_a_whole_take_judge_a_part_of_it() -> None:
    whole = lip_states(mouth(np.concatenate([TALKING, np.full(8, 0.03)])))
    part = whole._replace(gap=whole.gap[40:], touch=whole.touch[40:], parted=whole.parted[40:])
    rest = mouth(np.full(8, 0.03))
    assert lip_agreement(rest, rest, states=part).touch_frames == 0
    assert lip_agreement(rest, rest).touch_frames == 8  # alone, its smallest gap would be its contact


def test_faces_of_different_lengths_are_refused() -> None:
    with pytest.raises(ShapeError):
        lip_agreement(mouth(TALKING), mouth(TALKING[:-1]))


def test_whether_lips_ever_touch_is_no_cliff() -> None:
    trust = [lip_states(mouth(TALKING + left)).trust for left in np.arange(0.0, 0.06, 0.001)]
    assert trust[0] == trust[20] == 1.0
    assert trust[40] == pytest.approx(0.0, abs=1e-9)
    assert trust[-1] == 0.0
    assert np.abs(np.diff(trust)).max() < 0.1
