"""A take's frames on the scene's time line: at their exact places, or resampled on whole frames.

Frame t of a take at `rate` stands in a scene at `scene_rate` at start_frame + offset + t * scene_rate / rate. Values
between two frames are linear; nothing is written before the first frame or after the last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from facepatch.core.axes import Axes, Float64
from facepatch.core.errors import ConfigError, ShapeError
from facepatch.core.pose import nearest_rotations

_CLOSE = 1e-6
"""Frames. A place that is nearer than this to a whole frame stands on it."""


@dataclass(frozen=True, eq=False)
class Timing:
    """Where a take lies in a scene."""

    rate: tuple[int, int]
    """Frames per second of the take."""
    scene_rate: tuple[int, int]
    """Frames per second of the scene."""
    start_frame: float = 1.0
    """Scene frame of the take's first frame."""
    offset: float = 0.0
    """Scene frames to add, for a take that lies early or late."""
    times: Optional[Float64] = None
    """(T,) seconds of each frame, for a take whose rate varies; then `rate` is not used."""

    def __post_init__(self) -> None:
        for name, rate in (("rate", self.rate), ("scene_rate", self.scene_rate)):
            if min(rate) <= 0:
                raise ConfigError(f"{name}: {rate[0]}/{rate[1]} is no frame rate. Give 24, 25 or 24000/1001.")
        if self.times is not None:
            times = Axes()("times", self.times, "T", np.float64)
            if (np.diff(times) <= 0.0).any():
                row = int(np.flatnonzero(np.diff(times) <= 0.0)[0])
                raise ShapeError(
                    f"times: frame {row + 1} is at {times[row + 1]:g} s, frame {row} at {times[row]:g} s. "
                    "Give times that rise."
                )
            object.__setattr__(self, "times", times)

    def scene_frames(self, count: int) -> Float64:
        """(T,) the exact place of each of `count` frames in the scene, fractional where the rates differ."""
        top, bottom = self.scene_rate
        if self.times is None:
            # One division of whole numbers: no error grows along the take.
            moved = np.arange(count, dtype=np.float64) * (top * self.rate[1]) / (bottom * self.rate[0])
        elif len(self.times) != count:
            raise ShapeError(f"times: has {len(self.times)} frames, the values have {count}.")
        else:
            moved = (self.times - self.times[0]) * top / bottom
        return self.start_frame + self.offset + moved


def retimed(values: Any, timing: Timing, *, whole_frames: bool = True) -> tuple[Float64, Float64]:
    """Values (T, K) of a take -> scene frames (F,) and values (F, K) there.

    whole_frames: on the whole scene frames between the first and the last, linear between the take's; otherwise the
    take's own values at their exact, fractional places. A take between two whole frames has no whole frame.
    """
    known = Axes()("values", values, "T _", np.float64)
    frames = timing.scene_frames(len(known))
    if not whole_frames:
        return frames, known
    wanted, before, share = _between(frames)
    return wanted, _blend(known, before, share)


def retimed_poses(poses: Any, timing: Timing, *, whole_frames: bool = True) -> tuple[Float64, Float64]:
    """As `retimed` for poses (T, 4, 4): places are linear, rotations stay rotations.

    A rotation between two frames is the one nearest to their mean, weighted by time.
    """
    known = Axes()("poses", poses, "T 4 4", np.float64)
    frames = timing.scene_frames(len(known))
    if not whole_frames:
        return frames, known
    wanted, before, share = _between(frames)
    found = _blend(known.reshape(len(known), 16), before, share).reshape(-1, 4, 4)
    if len(found):
        found[:, :3, :3] = nearest_rotations(found[:, :3, :3])
    return wanted, found


def _between(frames: Float64) -> tuple[Float64, Any, Float64]:
    """Whole frames inside `frames`; for each the row before it, and its share of the way to the next row."""
    if not len(frames):
        return frames, np.zeros(0, np.int64), frames
    first, end = math.ceil(float(frames[0]) - _CLOSE), math.floor(float(frames[-1]) + _CLOSE)
    wanted = np.arange(first, end + 1, dtype=np.float64)
    last = max(len(frames) - 2, 0)
    before: Any = np.clip(np.searchsorted(frames, wanted, side="right") - 1, 0, last)
    if len(frames) == 1:
        return wanted, before, np.zeros(len(wanted))
    share = np.asarray((wanted - frames[before]) / (frames[before + 1] - frames[before]), np.float64)
    share[share < _CLOSE] = 0.0
    share[share > 1.0 - _CLOSE] = 1.0
    return wanted, before, share


def _blend(values: Float64, before: Any, share: Float64) -> Float64:
    after = np.minimum(before + 1, len(values) - 1)
    found: Float64 = values[before] * (1.0 - share)[:, None] + values[after] * share[:, None]
    return found
