"""What a live stream showed, as a clip without gaps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np

from facepatch.core.axes import Axes, Float32, Float64
from facepatch.core.data.clip import Clip
from facepatch.core.errors import InputError
from facepatch.core.pose import nearest_rotations


@dataclass(frozen=True, eq=False)
class Recorded:
    """A clip, and what of it was never seen."""

    clip: Clip
    """`valid` is False where the frame was not received; it lies on a straight line between its neighbours."""
    missing: tuple[int, ...]
    """The frames of the source that were not received."""
    controls: Optional[Clip] = None
    """The controls of the rig in the same frames, where the stream gave them."""


@dataclass(frozen=True, eq=False)
class _Seen:
    time_s: float
    weights: Float32
    head_pose: Optional[Float64]
    flags: int
    controls: Optional[Float32]


class Recording:
    """Frames of a stream by their number in the source, in any order. A number that comes again replaces the first.

    names: of the weights. controls: names of the rig's controls, where the stream gives their values.
    """

    def __init__(self, names: tuple[str, ...], *, controls: tuple[str, ...] = ()) -> None:
        self.names, self.controls = names, controls
        self._seen: dict[int, _Seen] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def add(
        self,
        frame: int,
        weights: Any,
        *,
        time_s: float = 0.0,
        head_pose: Optional[Any] = None,
        flags: int = 0,
        controls: Optional[Any] = None,
    ) -> None:
        """Keep a frame. weights: (K,). head_pose: (4, 4). controls: (C,), which a recording without any passes over."""
        check = Axes()
        check("names", np.empty((len(self.names), 0)), "K _")
        # Copied, since what comes from the socket may be a view into a message.
        values = np.array(check("weights", weights, "K"))
        pose = None if head_pose is None else np.array(check("head_pose", head_pose, "4 4", np.float64))
        set_to = None
        if self.controls and controls is not None:
            check("names of controls", np.empty((len(self.controls), 0)), "C _")
            set_to = np.array(check("controls", controls, "C"))
        self._seen[int(frame)] = _Seen(float(time_s), values, pose, int(flags), set_to)

    def clear(self) -> None:
        """Forget all frames."""
        self._seen.clear()

    def recorded(self, rate: tuple[int, int], *, name: str = "") -> Recorded:
        """All frames from the first to the last that was seen, on a regular grid.

        rate: of the source; with (0, 1), which says that nobody knows it, that of the frames' own times. Frames that
        were not seen lie on a straight line between their neighbours. Controls come where all frames have them.
        Raises InputError where nothing was recorded.
        """
        if not self._seen:
            raise InputError(
                "The recording is empty: no frame came while it ran. Start the stream, then record."
            )
        frames = np.array(sorted(self._seen))
        times = np.array([self._seen[int(frame)].time_s for frame in frames])
        places = (frames - frames[0]).astype(np.float64)
        if min(rate) <= 0:
            rate = _rate_of(times)
            places = (times - times[0]) * (rate[0] / rate[1])
        seen = [self._seen[int(frame)] for frame in frames]
        grid = np.arange(round(float(places[-1])) + 1, dtype=np.float64)
        left = np.clip(np.searchsorted(places, grid, side="right") - 1, 0, len(places) - 1)
        right = np.minimum(left + 1, len(places) - 1)
        gap = places[right] - places[left]
        share = np.clip((grid - places[left]) / np.where(gap > 0, gap, 1.0), 0.0, 1.0)
        valid = np.minimum(np.abs(grid - places[left]), np.abs(grid - places[right])) <= 0.5
        nearest = np.where(share > 0.5, right, left)
        poses = [one.head_pose for one in seen if one.head_pose is not None]
        clip = Clip(
            names=self.names,
            weights=_mixed([one.weights for one in seen], left, right, share),
            rate=rate,
            start_frame=int(frames[0]),
            valid=valid,
            flags=np.array([one.flags for one in seen], np.uint8)[nearest],
            head_pose=_between(np.stack(poses), left, right, share) if len(poses) == len(seen) else None,
            name=name,
        )
        missing = tuple(int(frames[0]) + int(index) for index in np.flatnonzero(~valid))
        values = [one.controls for one in seen if one.controls is not None]
        if len(values) < len(seen):
            return Recorded(clip, missing)
        controls = replace(clip, names=self.controls, weights=_mixed(values, left, right, share))
        return Recorded(clip, missing, controls)


def _rate_of(times: Float64) -> tuple[int, int]:
    """The rate of frames that came at `times`, to a thousandth of a frame per second."""
    steps = np.diff(times)
    if not steps.size or steps.min() <= 0:
        raise InputError(
            f"The recording's {len(times)} frames have no times that grow, and their rate is not known. "
            "Give the stream a rate."
        )
    return round(1000 / float(np.median(steps))), 1000


def _mixed(rows: list[Float32], left: Any, right: Any, share: Float64) -> Float32:
    """(T, K) on the way from one row to the next."""
    values = np.stack(rows)
    mixed: Float32 = values[left] + share[:, None].astype(np.float32) * (values[right] - values[left])
    return mixed


def _between(poses: Float64, left: Any, right: Any, share: Float64) -> Float64:
    """(T, 4, 4) on the way from one pose to the next."""
    mixed = poses[left] + share[:, None, None] * (poses[right] - poses[left])
    mixed[:, :3, :3] = nearest_rotations(mixed[:, :3, :3])
    return mixed
