"""What is shown while no face is seen: the last pose, then neutral, and back again. Only the past is known."""

from __future__ import annotations

from facepatch.core.axes import Float64
from facepatch.core.data.clip import EASED, HELD, NO_FACE
from facepatch.geometry.smoothstep import smoothstep


class Gap:
    """Holds the last pose for `hold_s`, eases it to `rest` over `ease_s`, and from there to the returned face.

    The way back takes as long as the face was away, `ease_s` at most, so that a single lost frame is hardly seen.
    Easing is the smoothstep 3 t^2 - 2 t^3. `retarget.bridge_gaps` knows the future and bridges short gaps instead.
    """

    def __init__(self, rest: Float64, *, hold_s: float, ease_s: float) -> None:
        self._rest, self._hold_s, self._ease_s = rest, hold_s, max(ease_s, 1e-6)
        self._shown = self._from = rest
        self._shown_s = 0.0
        self._ever_seen = self._missing = False
        self._gone_s = 0.0
        """Where the gap begins: the last frame with a face."""
        self._back_s: float | None = None
        """Where the way back begins."""
        self._back_takes = 0.0

    @property
    def long(self) -> bool:
        """Whether the face has been away for longer than the pose is held, so that the past says nothing any more."""
        return self._missing and self._shown_s - self._gone_s > self._hold_s

    def without(self, time_s: float) -> tuple[Float64, int]:
        """What is shown at `time_s`, where no face is seen, and its flags."""
        if not self._missing:
            self._missing, self._from = True, self._shown
            self._gone_s = self._shown_s if self._ever_seen else time_s
            self._back_s = None
        gone_s = time_s - self._gone_s - self._hold_s
        away = float(smoothstep(gone_s / self._ease_s)) if self._ever_seen else 1.0
        self._shown, self._shown_s = self._from + (self._rest - self._from) * away, time_s
        return self._shown, NO_FACE | (HELD if away == 0.0 else EASED)

    def seen(self, pose: Float64, time_s: float) -> tuple[Float64, int]:
        """What is shown at `time_s`, where the face says `pose`, and its flags."""
        if self._missing:
            self._missing, self._from = False, self._shown
            self._back_s, self._back_takes = self._shown_s, min(self._ease_s, time_s - self._gone_s)
        flags = 0
        if self._back_s is not None:
            share = float(smoothstep((time_s - self._back_s) / max(self._back_takes, 1e-6)))
            if share < 1.0:
                pose, flags = self._from + (pose - self._from) * share, EASED
            else:
                self._back_s = None
        self._shown, self._shown_s, self._ever_seen = pose, time_s, True
        return pose, flags
