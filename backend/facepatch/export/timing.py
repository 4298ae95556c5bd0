"""When the keys of a clip lie: frames, seconds, Maya's time units and SMPTE timecode."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.clip import Clip

ON_THE_GRID = 0.1
"""Frames. A film whose frames all lie nearer than this to its nominal rate is taken as constant: containers
round times to milliseconds."""

MAYA_UNITS: dict[Fraction, str] = {
    Fraction(15): "game",
    Fraction(24): "film",
    Fraction(25): "pal",
    Fraction(30): "ntsc",
    Fraction(48): "show",
    Fraction(50): "palf",
    Fraction(60): "ntscf",
    Fraction(24000, 1001): "23.976fps",
    Fraction(30000, 1001): "29.97fps",
    Fraction(48000, 1001): "47.952fps",
    Fraction(60000, 1001): "59.94fps",
} | {
    Fraction(n): f"{n}fps"
    for n in (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 40, 75, 80, 90, 100, 120, 125, 150, 200, 240)
}
"""Frames per second -> the name of Maya's time unit (Maya 2022 and later)."""

_MOST_FRAMES_PER_KEY = 5
_TIMECODE = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;])(\d{2})")


def key_seconds(clip: Clip) -> Float64:
    """(T,) seconds of each frame after the first.

    The film's own times where they leave the grid of the nominal rate (a variable frame rate), else the grid.
    """
    grid = np.arange(clip.frame_count, dtype=np.float64) * clip.rate[1] / clip.rate[0]
    if clip.times is None or clip.frame_count == 0:
        return grid
    seconds = clip.times - clip.times[0]
    off = np.abs(seconds - grid).max() * clip.rate[0] / clip.rate[1]
    return grid if off < ON_THE_GRID else seconds


def key_frames(clip: Clip, unit: Fraction | None = None) -> Float64:
    """(T,) the frame numbers at which the keys lie, counted in `unit` frames per second (default the clip's
    rate).

    The first key lies at `start_frame` whatever the unit; the others follow in real time.
    """
    rate = unit or Fraction(*clip.rate)
    frames = clip.start_frame + key_seconds(clip) * float(rate)
    whole = np.round(frames)
    return np.where(np.abs(frames - whole) < 1e-6, whole, frames)


def maya_unit(rate: tuple[int, int]) -> tuple[Fraction, str]:
    """The Maya time unit for `rate`: its frames per second and its name.

    A rate that Maya does not have (12.5) takes a unit in which the keys fall on every n-th whole frame (25, n
    up to 5), else the nearest unit; keys keep their real time either way.
    """
    wanted = Fraction(*rate)
    if wanted in MAYA_UNITS:
        return wanted, MAYA_UNITS[wanted]
    whole = [
        unit
        for unit in MAYA_UNITS
        if (unit / wanted).denominator == 1 and unit / wanted <= _MOST_FRAMES_PER_KEY
    ]
    unit = min(whole) if whole else min(MAYA_UNITS, key=lambda known: abs(known - wanted))
    return unit, MAYA_UNITS[unit]


def timecodes(clip: Clip) -> list[str]:
    """(T,) timecode of each frame, counted on from the clip's, drop-frame where it is written with `;`.

    Where the text is no SMPTE timecode of the clip's rate (phones write frame 59 at 30 frames a second), only
    the first frame has it, as received.
    """
    match = _TIMECODE.match(clip.timecode.strip())
    base = round(Fraction(*clip.rate))
    as_received = [clip.timecode] + [""] * (clip.frame_count - 1)
    if not match or base < 1:
        return as_received[: clip.frame_count]
    hours, minutes, seconds, frames = (int(match[i]) for i in (1, 2, 3, 5))
    if frames >= base or minutes > 59 or seconds > 59:
        return as_received[: clip.frame_count]
    drop = _dropped_per_minute(clip.rate) if match[4] == ";" else 0
    total_minutes = hours * 60 + minutes
    first = (total_minutes * 60 + seconds) * base + frames - drop * (total_minutes - total_minutes // 10)
    steps = np.round(key_seconds(clip) * clip.rate[0] / clip.rate[1]).astype(np.int64)
    return [_timecode(first + int(step), base, drop) for step in steps]


def _dropped_per_minute(rate: tuple[int, int]) -> int:
    """Frame numbers left out at the start of each minute but the tenth: 2 at 29.97, 4 at 59.94."""
    return {Fraction(30000, 1001): 2, Fraction(60000, 1001): 4}.get(Fraction(*rate), 0)


def _timecode(count: int, base: int, drop: int) -> str:
    """Timecode of frame `count` since 00:00:00:00."""
    if drop:
        ten_minutes = 600 * base - 9 * drop
        minute = 60 * base - drop
        tens, rest = divmod(count, ten_minutes)
        count += drop * (9 * tens + max(0, (rest - drop) // minute))
    seconds, frames = divmod(count, base)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours % 24:02d}:{minutes:02d}:{seconds:02d}{';' if drop else ':'}{frames:02d}"
