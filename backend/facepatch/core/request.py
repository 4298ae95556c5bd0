"""One request of a client, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional, Protocol

from facepatch.core.errors import FacepatchError, ServiceError
from facepatch.core.protocol import messages as wire
from facepatch.core.protocol.message import ERROR, PARTIAL, Message

TIMEOUT_S = 10.0
"""What a call waits that is answered at once."""

OnPartial = Callable[[Message], None]


class Poller(Protocol):
    """What a request needs of its client."""

    def poll_until(self, ready: Callable[[], bool], what: str, timeout_s: Optional[float]) -> None:
        """Handle what comes until `ready`. Raises TimedOutError after `timeout_s`, naming `what`."""
        ...


class Request:
    """Made by the client; `take` and `fail` are the client's to call."""

    def __init__(self, client: Poller, message: Message) -> None:
        self._client = client
        self.message = message
        """As it was sent first."""
        self.job = str(message.body.get("job", ""))
        """Id of the job; "" until the service has named it."""
        self.state = ""
        """State of the job that is followed, as far as it is known."""
        self._result: Optional[Message] = None
        self._error: Optional[FacepatchError] = None
        self._callbacks: list[OnPartial] = []

    @property
    def id(self) -> str:
        """Id of the request."""
        return self.message.id

    @property
    def follows(self) -> bool:
        """Whether this follows a job: a submission or a watch."""
        return self.message.type in (*wire.JOB_VERBS, wire.Watch.TYPE)

    @property
    def done(self) -> bool:
        """Whether the result or an error has come."""
        return self._result is not None or self._error is not None

    def on_partial(self, callback: OnPartial) -> None:
        """Have `callback` called with every partial from now on, inside `poll`."""
        self._callbacks.append(callback)

    def result(self) -> Message:
        """The result. Raises the error that came instead, and ServiceError where neither has come yet."""
        if self._error is not None:
            raise self._error
        if self._result is None:
            raise ServiceError(f"{self._what}: has no result yet. Call wait() first.")
        return self._result

    def wait(self, timeout_s: Optional[float] = None, on_partial: Optional[OnPartial] = None) -> Message:
        """Poll until the end and give the result. on_partial: called meanwhile, beside the other callbacks.

        Raises the error that came instead, and TimedOutError after `timeout_s`; the request stays open then.
        """
        if on_partial is not None:
            self._callbacks.append(on_partial)
        try:
            self._client.poll_until(lambda: self.done, self._what, timeout_s)
        finally:
            if on_partial is not None:
                self._callbacks.remove(on_partial)
        return self.result()

    def wait_for_job(self, timeout_s: Optional[float] = TIMEOUT_S) -> str:
        """Poll until the service has named the job, and give its id. Raises as `wait` does."""
        self._client.poll_until(lambda: bool(self.job) or self.done, self._what, timeout_s)
        return self.job or str(self.result().body.get("job", ""))

    def take(self, message: Message) -> None:
        """A reply has come. Calls the callbacks; what they raise comes out of `poll`."""
        if message.type == ERROR:
            self.fail(wire.read_error(message))
        elif message.type == PARTIAL:
            self.job = str(message.body.get("job") or self.job)
            self.state = str(message.body.get("state") or self.state)
            for callback in list(self._callbacks):
                callback(message)
        else:
            self._result = message
            self.state = wire.DONE if self.follows else ""

    def fail(self, error: FacepatchError) -> None:
        """Nothing more will come."""
        self._error = error
        if self.follows:
            self.state = wire.CANCELLED if error.code == "cancelled" else wire.FAILED

    @property
    def _what(self) -> str:
        return f"{self.message.type} {self.job}".strip()
