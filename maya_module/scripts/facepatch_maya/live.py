"""A character that follows a live stream: its weights are set as frames come, and a recorder turns frames into keys.

Nothing of it reaches the undo queue, and the scene is as before at the end: values, connections, autokey, cached
playback. What is saved or exported meanwhile is the scene without the live session.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Optional

from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.axes import Axes
from facepatch.core.errors import HostError
from facepatch.core.host import Applied, LeftAlone
from facepatch.core.protocol.messages import Frame
from facepatch.core.recording import Recorded, Recording
from facepatch_maya.channels import Channel, find_attribute
from facepatch_maya.scene_events import SceneEvents
from facepatch_maya.scene_state import autokey_off, cached_playback_off, undo_off
from facepatch_maya.write_keys import write_clip

log = logging.getLogger(__name__)

REDRAW_S = 1 / 30
"""Viewports are asked to redraw at most this often."""


@dataclass(frozen=True, eq=False)
class _Taken:
    """An attribute that the live session has taken over."""

    name: str
    plug: Any
    node: Any
    """MObjectHandle: says whether the node is still there."""
    breaking: Any
    """MDGModifier that took away what drove it; None where nothing did."""
    value: float


def _taken(channel: Channel) -> _Taken:
    source = channel.plug.source()
    breaking = None
    if not source.isNull:
        breaking = om.MDGModifier()
        breaking.disconnect(source, channel.plug)
    return _Taken(
        channel.name, channel.plug, om.MObjectHandle(channel.plug.node()), breaking, channel.plug.asDouble()
    )


class LiveTarget:
    """Attributes that are set as frames come. `start`, any number of `apply`, `restore`.

    weights: attributes ("node.pc_000") in the order of the values.
    clock: seconds that never go back.
    """

    def __init__(self, weights: Sequence[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._names = tuple(weights)
        self._clock = clock
        self._taken: list[Optional[_Taken]] = []
        self._kept = ExitStack()
        self._values: Optional[Any] = None
        self._drawn = -1.0
        self._events = SceneEvents(
            {
                "kBeforeNew": self.restore,
                "kBeforeOpen": self.restore,
                "kMayaExiting": self.restore,
                "kBeforeSave": self._step_aside,
                "kAfterSave": self._step_back,
                "kBeforeExport": self._step_aside,
                "kAfterExport": self._step_back,
            }
        )
        self.running = False
        """Whether the attributes are taken over."""
        self.left_alone: tuple[LeftAlone, ...] = ()
        """Attributes that do not follow, with reasons."""

    def __enter__(self) -> LiveTarget:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.restore()

    def start(self) -> None:
        """Take the attributes over: what drives them is disconnected and remembered.

        Attributes that are missing or locked are left alone. Raises HostError where none is left.
        """
        if self.running:
            return
        found = [find_attribute(name) for name in self._names]
        self.left_alone = tuple(one for one in found if isinstance(one, LeftAlone))
        if len(self.left_alone) == len(found):
            reason = self.left_alone[0].reason if found else "No attributes were given."
            raise HostError(f"Live preview: there is nothing to move. {reason}")
        self._taken = [None if isinstance(one, LeftAlone) else _taken(one) for one in found]
        self.running = True
        try:
            self._kept.enter_context(autokey_off())
            self._kept.enter_context(cached_playback_off())
            self._take_over()
            self._events.open()
        except BaseException:
            self.restore()
            raise

    def apply(self, values: Any) -> None:
        """Set the attributes. values: (M,). Raises HostError where their node is gone, after a `restore`."""
        if not self.running:
            raise HostError("Live preview: it is not running. Start it again.")
        check = Axes()
        numbers = check("live values", values, "M")
        if len(numbers) != len(self._names):
            raise HostError(
                f"Live preview: {len(numbers)} values came for {len(self._names)} attributes. "
                "Use the character that the models were trained for."
            )
        gone = next((one.name for one in self._taken if one is not None and not one.node.isValid()), "")
        if gone:
            self.restore()
            raise HostError(f"Live preview: {gone} was deleted, so the preview has ended. Start it again.")
        self._values = numbers
        self._set(numbers)
        self._redraw()

    def restore(self) -> None:
        """Give the attributes back: values and connections as before. May be called at any time, also twice."""
        if not self.running:
            return
        self.running = False
        try:
            self._events.close()
            self._give_back()
        finally:
            self._kept.close()
            self._taken.clear()
            self._values = None

    def _take_over(self) -> None:
        with undo_off():
            for one in self._taken:
                if one is not None and one.breaking is not None:
                    one.breaking.doIt()

    def _give_back(self) -> None:
        with undo_off():
            for one in self._taken:
                # A plug that somebody connected meanwhile is theirs.
                if one is None or not one.node.isValid() or not one.plug.source().isNull:
                    continue
                if one.breaking is None:
                    one.plug.setDouble(one.value)
                    continue
                try:
                    # Undone rather than connected anew: it brings back nodes that went with their last connection.
                    one.breaking.undoIt()
                except RuntimeError as error:
                    log.warning("%s could not be connected again: %s", one.name, error)

    def _step_aside(self) -> None:
        self._give_back()

    def _step_back(self) -> None:
        self._take_over()
        if self._values is not None:
            self._set(self._values)

    def _set(self, numbers: Any) -> None:
        for one, value in zip(self._taken, numbers.tolist()):
            if one is not None:
                one.plug.setDouble(value)

    def _redraw(self) -> None:
        now = self._clock()
        if now - self._drawn < REDRAW_S or cmds.about(batch=True):
            return
        self._drawn = now
        cmds.refresh(currentView=True)


class Recorder:
    """Keeps the frames of a stream by their number in the source, to be written as keys without gaps.

    names: of the weights, as the stream's start gives them.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._recording = Recording(tuple(names))

    def __len__(self) -> int:
        return len(self._recording)

    def take(self, frame: Frame) -> None:
        """Keep a frame: every one that came, not only those that were shown."""
        self._recording.add(
            frame.frame, frame.weights, time_s=frame.time_s, head_pose=frame.head_pose, flags=frame.flags
        )

    def clear(self) -> None:
        """Start anew."""
        self._recording.clear()

    def recorded(self, rate: tuple[int, int]) -> Recorded:
        """The frames as a clip without gaps. rate: of the source, (0, 1) where nobody knows it."""
        return self._recording.recorded(rate, name="live")

    def write(
        self,
        mapping: Mapping[str, Sequence[str]],
        *,
        rate: tuple[int, int],
        start_frame: float,
        layer: str = "",
        tolerance: float = 0.0,
    ) -> Applied:
        """Write what was recorded as keys, as `write_keys.write_clip` does; restore the LiveTarget before.

        Frames that were never received lie on a straight line between their neighbours, and are listed.
        Raises InputError where nothing was recorded.
        """
        recorded = self.recorded(rate)
        applied = write_clip(
            recorded.clip, mapping, start_frame=start_frame, layer=layer, tolerance=tolerance
        )
        if not recorded.missing:
            return applied
        filled = LeftAlone("recording", _missing_sentence(recorded))
        return Applied(applied.keys, applied.attributes, (*applied.left_alone, filled))


def _missing_sentence(recorded: Recorded) -> str:
    shown = ", ".join(str(frame) for frame in recorded.missing[:8])
    more = ", ..." if len(recorded.missing) > 8 else ""
    return (
        f"{len(recorded.missing)} of {recorded.clip.frame_count} frames of the source were not received "
        f"({shown}{more}); they are keyed on a straight line between their neighbours."
    )
