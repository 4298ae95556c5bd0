"""The frames of a live stream, in Maya's main thread.

A socket notifier wakes us when something comes, and a timer besides: ZeroMQ's descriptor tells of changes only, and
modal dialogs and playback swallow notifications. Nothing here is called from a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

from maya import cmds

from facepatch.core.client import Client
from facepatch.core.errors import FacepatchError
from facepatch.core.protocol import Message, messages
from facepatch.core.request import Request
from facepatch_maya.scene_events import SceneEvents

TICK_MS = 30
_ROUNDS = 4
"""Times that the client is polled at once: what comes while frames are shown is newer than they are."""

OnFrame = Callable[[messages.Frame], None]
OnStart = Callable[[messages.StreamStart], None]
OnEnd = Callable[[str], None]


class LiveStream:
    """Follows the stream `request` of `client`: `on_frame` gets the newest frame, older ones are passed over.

    on_every: gets every frame that came, in order, before `on_frame`; for a recorder. on_start: what the frames mean.
    on_end: called once, with the sentence of the error or "" where the stream ended in good order or was stopped.
    Errors of facepatch in `on_frame` and `on_every` stop the stream and reach `on_end`; all others come out of `poll`
    after it was stopped.
    """

    def __init__(
        self,
        client: Client,
        request: Request,
        on_frame: OnFrame,
        *,
        on_every: Optional[OnFrame] = None,
        on_start: Optional[OnStart] = None,
        on_end: Optional[OnEnd] = None,
    ) -> None:
        self._client = client
        self._request = request
        self._on_frame = on_frame
        self._on_every = on_every
        self._on_start = on_start
        self._on_end = on_end
        self._came: list[messages.Frame] = []
        self._busy = False
        self._notifier: Any = None
        self._watched: Optional[int] = None
        self._timer: Any = None
        self._events = SceneEvents(
            {"kBeforeNew": self.stop, "kBeforeOpen": self.stop, "kMayaExiting": self.stop}
        )
        self.running = True
        self.about: Optional[messages.StreamStart] = None
        """What the frames mean; None until the stream says so."""
        self.shown = self.passed_over = 0
        """Frames that reached `on_frame`, and those that were older than the newest."""
        request.on_partial(self._take)

    def start(self) -> None:
        """Follow by Maya's event loop from now on. In batch mode there is none: call `poll` instead."""
        self._events.open()
        if cmds.about(batch=True):
            return
        from facepatch_maya.ui.qt import QtCore

        self._timer = QtCore.QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.poll)
        self._timer.start()
        self._watch()

    def poll(self) -> None:
        """Take what has come and show the newest. Never waits."""
        # A callback that opens a dialog lets the timer call us again.
        if self._busy or not self.running:
            return
        self._busy = True
        try:
            for _ in range(_ROUNDS):
                if not self._client.poll():
                    break
            self._show()
            if self.running and self._request.done:
                self._end()
        except FacepatchError as error:
            self._cancel()
            self._finish(str(error))
        except BaseException:
            self._cancel()
            self._finish("")
            raise
        finally:
            self._busy = False
        self._watch()

    def stop(self) -> None:
        """Follow no longer, and have the service end the stream, without waiting for it."""
        if self.running:
            self._cancel()
            self._finish("")

    def _cancel(self) -> None:
        if self.running and self._request.job and not self._request.done:
            self._client.send(messages.Cancel(self._request.job).to_message())

    def _take(self, message: Message) -> None:
        if not self.running:
            return
        partial = messages.read_partial(message)
        if isinstance(partial, messages.Frame):
            self._came.append(partial)
        elif isinstance(partial, messages.StreamStart):
            self.about = partial
            if self._on_start is not None:
                self._on_start(partial)

    def _show(self) -> None:
        came, self._came = self._came, []
        if not came:
            return
        if self._on_every is not None:
            for frame in came:
                self._on_every(frame)
        self.passed_over += len(came) - 1
        self.shown += 1
        self._on_frame(came[-1])

    def _end(self) -> None:
        try:
            self._request.result()
        except FacepatchError as error:
            self._finish("" if error.code == "cancelled" else str(error))
        else:
            self._finish("")

    def _finish(self, sentence: str) -> None:
        if not self.running:
            return
        self.running = False
        self._events.close()
        self._unwatch()
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._on_end is not None:
            self._on_end(sentence)

    def _watch(self) -> None:
        """Watch the client's descriptor; another one after it had to connect anew."""
        descriptor = self._client.descriptor if self.running and self._timer is not None else None
        if descriptor == self._watched:
            return
        self._unwatch()
        if descriptor is None:
            return
        from facepatch_maya.ui.qt import QtCore

        self._notifier = QtCore.QSocketNotifier(descriptor, QtCore.QSocketNotifier.Type.Read)
        # The arguments of this signal differ between versions of Qt.
        self._notifier.activated.connect(lambda *_: self.poll())
        self._watched = descriptor

    def _unwatch(self) -> None:
        # Before the socket is closed, or Qt watches a descriptor that is somebody else's by then.
        if self._notifier is not None:
            self._notifier.setEnabled(False)
        self._notifier = self._watched = None
