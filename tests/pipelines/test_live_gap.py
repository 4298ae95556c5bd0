"""pipelines.live_gap: held, eased to neutral, eased back; nothing jumps."""

from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.data.clip import EASED, HELD, NO_FACE
from facepatch.pipelines.live_gap import Gap

REST = np.array([0.0, 1.0])
POSE = np.array([2.0, 3.0])
RATE = 20.0


def play(seen: list[bool], *, hold_s: float = 0.3, ease_s: float = 0.5) -> tuple[np.ndarray, list[int]]:
    gap = Gap(REST, hold_s=hold_s, ease_s=ease_s)
    rows = [gap.seen(POSE, i / RATE) if face else gap.without(i / RATE) for i, face in enumerate(seen)]
    return np.array([pose for pose, _ in rows]), [flags for _, flags in rows]


def test_a_lost_face_is_held_then_eased_to_neutral() -> None:
    shown, flags = play([True] * 5 + [False] * 25)
    assert (shown[:11] == POSE).all()
    assert flags[:5] == [0] * 5
    assert flags[5:11] == [NO_FACE | HELD] * 6
    assert flags[11] == NO_FACE | EASED
    assert (np.diff(shown[10:21, 0]) < 0).all()
    np.testing.assert_allclose(shown[21:], np.tile(REST, (9, 1)))


def test_the_way_back_is_eased_and_ends_at_the_face() -> None:
    shown, flags = play([True] * 2 + [False] * 30 + [True] * 15)
    back = shown[32:]
    assert flags[32] == EASED
    assert (np.diff(back[:10, 0]) > 0).all()
    assert flags[-1] == 0
    np.testing.assert_array_equal(back[-1], POSE)


@pytest.mark.parametrize("lost", [1, 3, 8, 30])
def test_nothing_jumps(lost: int) -> None:
    shown, _ = play([True] * 3 + [False] * lost + [True] * 20)
    whole = np.abs(POSE - REST).max()
    # The steepest step of a smoothstep over 0.5 s at 20 frames/s.
    assert np.abs(np.diff(shown, axis=0)).max() <= 1.5 * whole / (0.5 * RATE) + 1e-9


def test_a_single_lost_frame_is_over_at_once() -> None:
    _, flags = play([True] * 3 + [False] + [True] * 3)
    assert flags == [0, 0, 0, NO_FACE | HELD, EASED, 0, 0]


def test_before_the_first_face_neutral_is_shown() -> None:
    shown, flags = play([False] * 4 + [True] * 12)
    assert (shown[:4] == REST).all()
    assert flags[:4] == [NO_FACE | EASED] * 4
    assert shown[4, 0] < POSE[0]
    np.testing.assert_array_equal(shown[-1], POSE)


def test_a_face_in_the_first_frame_is_shown_at_once() -> None:
    shown, flags = play([True, True])
    assert (shown == POSE).all()
    assert flags == [0, 0]


def test_a_gap_is_long_once_the_pose_is_no_longer_held() -> None:
    gap = Gap(REST, hold_s=0.3, ease_s=0.5)
    gap.seen(POSE, 0.0)
    gap.without(0.25)
    assert not gap.long
    gap.without(0.35)
    assert gap.long
    gap.seen(POSE, 0.4)
    assert not gap.long
