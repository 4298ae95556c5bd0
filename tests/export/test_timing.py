from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from facepatch.core.data.clip import Clip
from facepatch.export.timing import key_frames, key_seconds, maya_unit, timecodes


def clip(frames: int, rate: tuple[int, int], **more) -> Clip:
    return Clip(("a",), np.zeros((frames, 1), np.float32), rate, **more)


def test_a_constant_film_has_whole_frames_over_ten_hours():
    frames = key_frames(clip(10 * 3600 * 24, (24000, 1001), start_frame=1001))
    assert np.array_equal(frames, np.arange(1001, 1001 + 864000))


def test_times_rounded_to_milliseconds_count_as_constant():
    times = np.round(np.arange(100) * 1001 / 60000, 3)
    assert np.array_equal(key_frames(clip(100, (60000, 1001), times=times)), np.arange(100))


def test_a_variable_rate_keeps_its_own_times():
    times = np.array([2.0, 2.04, 2.14, 2.16])
    take = clip(4, (25, 1), times=times, start_frame=10)
    assert key_seconds(take) == pytest.approx([0, 0.04, 0.14, 0.16])
    assert key_frames(take) == pytest.approx([10, 11, 13.5, 14])


@pytest.mark.parametrize(
    ("rate", "unit", "name"),
    [
        ((48000, 2002), Fraction(24000, 1001), "23.976fps"),
        ((25, 2), Fraction(25), "pal"),
        ((15000, 1001), Fraction(30000, 1001), "29.97fps"),
        ((120000, 1001), Fraction(120), "120fps"),
        ((1499, 60), Fraction(25), "pal"),
    ],
)
def test_the_nearest_unit_of_maya(rate, unit, name):
    assert maya_unit(rate) == (unit, name)


def test_keys_in_another_unit_keep_their_seconds():
    take = clip(13, (120000, 1001), start_frame=100)
    frames = key_frames(take, Fraction(120))
    assert frames[0] == 100
    assert (frames - 100) / 120 == pytest.approx(key_seconds(take))


@pytest.mark.parametrize(
    ("rate", "first", "step", "wanted"),
    [
        ((25, 1), "00:00:59:24", 1, "00:01:00:00"),
        ((24000, 1001), "23:59:59:23", 1, "00:00:00:00"),
        ((30000, 1001), "00:00:59;29", 1, "00:01:00;02"),
        ((30000, 1001), "00:09:59;29", 1, "00:10:00;00"),
        ((30000, 1001), "00:00:59:29", 1, "00:01:00:00"),
        ((60000, 1001), "00:00:59;59", 1, "00:01:00;04"),
        ((30000, 1001), "00:00:00;00", 17982, "00:10:00;00"),
    ],
)
def test_timecode_counts_on_with_drop_frames(rate, first, step, wanted):
    codes = timecodes(clip(step + 1, rate, timecode=first))
    assert (codes[0], codes[-1]) == (first, wanted)


@pytest.mark.parametrize("text", ["10:11:12:45.330", "sometime", "10:61:12:02"])
def test_a_timecode_that_cannot_be_counted_is_kept_as_received(text):
    assert timecodes(clip(3, (30, 1), timecode=text)) == [text, "", ""]
