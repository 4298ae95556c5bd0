"""A live session: a stream of the service onto the scene, and what is recorded of it into keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Optional

import numpy as np

from facepatch.core.errors import FacepatchError, InputError
from facepatch.core.host import Applied
from facepatch.core.protocol import messages
from facepatch_maya.backend import Backend
from facepatch_maya.job_view import JobView
from facepatch_maya.live import LiveTarget, Recorder
from facepatch_maya.stream import LiveStream
from facepatch_maya.targets import Target, find_target


class LiveSession:
    """Begins at once and follows until `stop`, or until the source ends.

    arguments: of the verb `stream`. on_change: called when `sentence`, `error` or `running` change.
    """

    def __init__(
        self,
        backend: Backend,
        arguments: Mapping[str, Any],
        target: Target,
        *,
        on_change: Optional[Callable[[], None]] = None,
    ) -> None:
        self._backend = backend
        self._goal = target
        self._on_change = on_change or (lambda: None)
        self._target: Optional[LiveTarget] = None
        self._recorder: Optional[Recorder] = None
        self._start_frame = 0.0
        self._columns: Any = None
        self._mapping: dict[str, tuple[str, ...]] = {}
        self._stream: Optional[LiveStream] = None
        self.running = True
        self.recording = False
        self.error = ""
        """Why it ended, "" where it runs or ended in good order."""
        self.sentence = "Waiting for the first frame."
        self.view: JobView = backend.submit("stream", arguments, label=f"live {arguments.get('source', '')}")
        self.view.follow(self._job_changed)
        self._job_changed(self.view)

    @property
    def shown(self) -> int:
        """Frames that the character has followed."""
        return self._stream.shown if self._stream else 0

    @property
    def recorded(self) -> int:
        """Frames that are recorded so far."""
        return len(self._recorder) if self._recorder else 0

    @property
    def left_alone(self) -> tuple[Any, ...]:
        """Attributes that do not follow, with reasons."""
        return self._target.left_alone if self._target else ()

    def poll(self) -> None:
        """Take in what has come, where no event loop does it. Never waits."""
        self._backend.poll()
        if self._stream is not None:
            self._stream.poll()

    def record(self, start_frame: float) -> None:
        """Keep what comes from now on; `write` makes keys of it from `start_frame` on. Drops what was recorded before.

        Raises InputError where nothing streams yet.
        """
        if self._stream is None or self._stream.about is None:
            raise InputError("Nothing has come yet, so nothing can be recorded. Wait for the first frame.")
        self._recorder = Recorder(self._stream.about.names)
        self._start_frame, self.recording = float(start_frame), True
        self._changed()

    def record_from_start(self, start_frame: float) -> None:
        """As `record`, from the first frame on that comes."""
        if self._stream is not None and self._stream.about is not None:
            self.record(start_frame)
        else:
            self._start_frame, self.recording = float(start_frame), True

    def write(self, *, layer: str = "", tolerance: float = 0.0) -> Applied:
        """Make keys of what was recorded, without gaps, as one undo step; the character goes on following.

        Raises InputError where nothing was recorded.
        """
        self.recording = False
        if self._recorder is None or self._stream is None or self._stream.about is None:
            raise InputError("Nothing was recorded. Press record while the character follows.")
        following = self._target is not None and self._target.running
        if self._target is not None:
            self._target.restore()
        try:
            return self._recorder.write(
                self._mapping,
                rate=self._stream.about.rate,
                start_frame=self._start_frame,
                layer=layer,
                tolerance=tolerance,
            )
        finally:
            if following and self.running and self._target is not None:
                self._target.start()
            self._changed()

    def stop(self) -> None:
        """End the session: the service stops streaming, the scene is as before. What was recorded can be written."""
        if not self.running:
            return
        if self._stream is not None:
            self._stream.stop()
        else:
            self._backend.cancel(self.view)
            self._ended("")

    # ------------------------------------------------------------------------------------------- what comes

    def _job_changed(self, view: JobView) -> None:
        request, client = view.request, self._backend.client
        if self._stream is None and self.running and request is not None and client is not None:
            self._stream = LiveStream(
                client, request, self._show, on_every=self._take, on_start=self._begin, on_end=self._ended
            )
            self._stream.start()
        if view.ended and self.running and self._stream is None:
            self._ended(view.error)
        elif self.running and view.message:
            self.sentence = view.message
            self._changed()

    def _begin(self, about: messages.StreamStart) -> None:
        """The stream says what its numbers mean. An error here ends the session, whoever polled."""
        try:
            self._aim(about)
        except FacepatchError as error:
            self._ended(str(error))
            if self._stream is not None:
                self._stream.stop()

    def _aim(self, about: messages.StreamStart) -> None:
        self._mapping = find_target(self._goal, about.names)
        pairs = [
            (column, one) for column, name in enumerate(about.names) for one in self._mapping.get(name, ())
        ]
        self._columns = np.array([column for column, _ in pairs], np.intp)
        # The service may have begun anew; the character is followed from where it stood at first.
        if self._target is not None:
            self._target.restore()
        if self.recording and self._recorder is None:
            self._recorder = Recorder(about.names)
        self._target = LiveTarget([attribute for _, attribute in pairs])
        self._target.start()
        self.sentence = f"Live: {about.source}."
        self._changed()

    def _take(self, frame: messages.Frame) -> None:
        if self.recording and self._recorder is not None:
            self._recorder.take(frame)

    def _show(self, frame: messages.Frame) -> None:
        if self._target is None or not self._target.running:
            return
        self._target.apply(frame.weights[self._columns])
        recorded = f", {self.recorded} recorded" if self.recording else ""
        face = "" if not frame.flags & 1 else " No face is seen."
        self.sentence = f"Live: frame {frame.frame}, {frame.age_ms:.0f} ms old{recorded}.{face}"
        self._changed()

    def _ended(self, sentence: str) -> None:
        if not self.running:
            return
        self.running = False
        self.error = sentence
        self.sentence = sentence or "The live session has ended."
        try:
            if self._target is not None:
                self._target.restore()
        except FacepatchError as error:
            self.error = self.sentence = str(error)
        self._changed()

    def _changed(self) -> None:
        self._on_change()
