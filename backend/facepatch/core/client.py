"""The client of the service: submit a job, follow it, find it again.

Everything happens in the thread that calls: `poll` takes what has come and calls the callbacks, `wait` polls until the
end. A host with a user interface calls `poll()` from a timer and never waits.

    with Client.connect() as client:
        request = client.submit("run", {"take": "/shots/take.mp4", ...})
        result = request.wait(on_partial=lambda message: ...)

While requests are open, the client pings. When the service falls silent, turns out to have been started again, or the
connection broke, the client greets it anew, watches its jobs again and sends again what was never answered, under the
same ids, so that nothing is done twice (docs/protocol.md, "Reliability").
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

from facepatch.core.connection import START, Connection, connection_path, read_connection
from facepatch.core.errors import (
    FacepatchError,
    ForbiddenError,
    ProtocolError,
    ProtocolVersionError,
    ServiceError,
    TimedOutError,
    UnavailableError,
)
from facepatch.core.lifeline import PING, REST, SEARCH, Lifeline
from facepatch.core.protocol import messages as wire
from facepatch.core.protocol.codec import decode, encode
from facepatch.core.protocol.message import ERROR, RESULT, Message, new_id
from facepatch.core.request import TIMEOUT_S, Request
from facepatch.core.transport import Frames, SocketTransport, Transport

log = logging.getLogger(__name__)

_SLICE_S = 0.25
_BATCH = 1000
_PATIENCE = 3
"""Greetings that a service may refuse: while it starts, its connection file may still be the old one."""

Reopen = Callable[[], tuple[Transport, str]]


class Client:
    """Talks to one service over `transport`. Use it from one thread.

    clock: seconds that never go back. name: for the service's log.
    reopen: gives a new transport and its token where the service was lost; without it the old transport is kept.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        token: str,
        clock: Callable[[], float] = time.monotonic,
        name: str = "facepatch.core.client",
        reopen: Optional[Reopen] = None,
    ) -> None:
        self._transport = transport
        self._token = token
        self._clock = clock
        self._name = name
        self._reopen = reopen
        self._open: dict[str, Request] = {}
        self._lifeline = Lifeline(clock, transport.connections)
        self._ping_id = self._greeting_id = ""
        self._refusals = 0
        self._server = ""
        self._closed = False
        self.welcome: Optional[wire.Welcome] = None
        """What the service said of itself; None before `hello`."""

    @classmethod
    def connect(
        cls,
        connection: Optional[Connection] = None,
        timeout_s: float = 5.0,
        *,
        path: Optional[Path] = None,
        name: str = "facepatch.core.client",
    ) -> Client:
        """A client of the service that `connection` names, by default that of the connection file at `path`.

        Raises UnavailableError where there is none or it does not answer within `timeout_s`, ForbiddenError where it
        refuses the token, ProtocolVersionError where it speaks another version.
        """

        address = (connection or read_connection(path)).address
        client = cls.open(connection, path=path, name=name)
        try:
            client.hello(timeout_s)
        except TimedOutError:
            client.close()
            told = "" if connection else f" {path or connection_path()} may be left from one that was killed."
            raise UnavailableError(f"{address}: no service answers.{told} {START}") from None
        except BaseException:
            client.close()
            raise
        return client

    @classmethod
    def open(
        cls,
        connection: Optional[Connection] = None,
        *,
        path: Optional[Path] = None,
        name: str = "facepatch.core.client",
    ) -> Client:
        """As `connect`, without greeting the service: for a host that must not wait. Call `greet`, then `poll`."""

        def reopen() -> tuple[Transport, str]:
            now = connection or read_connection(path)
            socket = SocketTransport(
                now.address, server_key=now.server_key, client_key_file=now.client_key_file
            )
            return socket, now.token

        transport, token = reopen()
        return cls(transport, token=token, name=name, reopen=reopen)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Never waits. Jobs go on without us; requests that are open end with a ServiceError."""
        self._closed = True
        self._fail_all(ServiceError("This client was closed. Its jobs go on: connect again and watch them."))
        self._transport.close()

    @property
    def descriptor(self) -> Optional[int]:
        """What a host's event loop may listen on (ZMQ_FD), None where there is none. Changes with the transport.

        It is edge-triggered: after it was ready, and after every send, call `poll` until it returns 0.
        """
        return None if self._closed else self._transport.descriptor

    @property
    def lost(self) -> bool:
        """Whether the service is silent. While it is polled, the client goes on looking for it."""
        return self._lifeline.lost

    # ------------------------------------------------------------------------------------------ requests

    def hello(self, timeout_s: float = TIMEOUT_S) -> wire.Welcome:
        """Greet the service: versions, devices, what it can do."""
        return self._welcome(self._finish(self.greet(), timeout_s))

    def greet(self) -> Request:
        """`hello` without waiting: `welcome` is there once the request is done."""
        return self.send(wire.Hello(self._name).to_message())

    def ping(
        self, arrays: Optional[Mapping[str, Any]] = None, timeout_s: float = TIMEOUT_S
    ) -> dict[str, Any]:
        """Send `arrays` there and back."""
        return self._finish(self.send(Message(wire.Ping.TYPE, arrays=dict(arrays or {}))), timeout_s).arrays

    def submit(
        self, verb: str, arguments: Mapping[str, Any], *, priority: int = 0, label: str = ""
    ) -> Request:
        """Make a job: a verb of JOB_VERBS with the arguments of docs/protocol.md. Does not wait."""
        return self.send(wire.Submit(verb, dict(arguments), priority, label).to_message())

    def watch(self, job: str) -> Request:
        """Follow a job: a snapshot, then partials, then its result or error. Does not wait."""
        return self.send(wire.Watch(job).to_message())

    def unwatch(self, job: str, timeout_s: float = TIMEOUT_S) -> None:
        """Follow a job no longer; it goes on. Requests that followed it end with a ServiceError."""
        self._call(wire.Unwatch(job), timeout_s)
        for request in [found for found in self._open.values() if found.follows and found.job == job]:
            del self._open[request.id]
            request.fail(ServiceError(f"{job}: is no longer watched here. Watch it again."))

    def jobs(
        self, *, states: Iterable[str] = (), limit: int = 0, timeout_s: float = TIMEOUT_S
    ) -> wire.JobList:
        """The jobs of the service, the newest first."""
        return wire.JobList.from_message(self._call(wire.Jobs(tuple(states), limit), timeout_s))

    def cancel(self, job: str, timeout_s: float = TIMEOUT_S) -> str:
        """Stop a job and give its state; one that has ended already stays as it is."""
        return wire.JobState.from_message(self._call(wire.Cancel(job), timeout_s)).state

    def remove(self, job: str, timeout_s: float = TIMEOUT_S) -> None:
        """Have the service forget a job that has ended. Its files stay."""
        self._call(wire.Remove(job), timeout_s)

    def previews(self, job: str, timeout_s: float = TIMEOUT_S) -> tuple[wire.Picture, ...]:
        """The last preview pictures of a job, the newest last."""
        return wire.PreviewList.from_message(self._call(wire.Previews(job), timeout_s)).pictures

    def send(self, message: Message) -> Request:
        """Send any request; the token is added. Does not wait."""
        if self._closed:
            raise ServiceError(f"{message.type}: this client is closed. Connect a new one.")
        request = Request(self, message)
        self._send(message)
        self._open[message.id] = request
        return request

    def _call(self, request: wire.Request, timeout_s: float) -> Message:
        return self._finish(self.send(request.to_message()), timeout_s)

    def _finish(self, request: Request, timeout_s: float) -> Message:
        try:
            return request.wait(timeout_s)
        finally:
            self._open.pop(request.id, None)

    def _send(self, message: Message) -> None:
        if not self._transport.send(encode(replace(message, token=self._token))):
            # As if it were lost on the way; the heartbeat finds out.
            log.warning("%s: dropped, since too much waits to be sent already", message.type)

    # ------------------------------------------------------------------------------------------- polling

    def poll(self, timeout_s: float = 0.0) -> int:
        """Handle what has come, waiting at most `timeout_s` for the first. Returns how many replies there were.

        Also keeps the connection alive: call it a few times a second while requests are open.
        """
        end = self._clock() + timeout_s
        left = timeout_s
        while True:
            handled = self._drain(max(0.0, min(left, _SLICE_S)))
            self._tend()
            left = end - self._clock()
            if handled or left <= 0:
                return handled

    def poll_until(self, ready: Callable[[], bool], what: str, timeout_s: Optional[float]) -> None:
        """Poll until `ready`. Raises TimedOutError after `timeout_s`, naming `what`."""
        end = None if timeout_s is None else self._clock() + timeout_s
        while not ready():
            left = _SLICE_S if end is None else min(_SLICE_S, end - self._clock())
            if left <= 0:
                raise TimedOutError(f"{what}: no answer within {timeout_s:g} s. Try again later.")
            self.poll(left)

    def _drain(self, timeout_s: float) -> int:
        handled = 0
        for index in range(_BATCH):
            # A callback may have closed us.
            frames = None if self._closed else self._transport.receive(0.0 if index else timeout_s)
            if frames is None:
                break
            handled += self._take(frames)
        return handled

    def _take(self, frames: Frames) -> bool:
        """Hand a reply to the request that it answers; whether there is one."""
        try:
            message = decode(frames)
        except ProtocolVersionError as error:
            self._fail_all(error)
            return True
        except ProtocolError as error:
            log.warning("dropped a message that cannot be read: %s", error)
            return False
        self._lifeline.hear()
        if message.reply_to and message.reply_to in (self._ping_id, self._greeting_id):
            try:
                self._take_heartbeat(message)
            except ProtocolError as error:
                log.warning("the service answered a heartbeat with nonsense: %s", error)
            return False
        request = self._open.get(message.reply_to) if message.is_reply else None
        if request is None:
            if message.type == ERROR and not message.reply_to:
                log.warning("the service could not read a message of ours: %s", wire.read_error(message))
            return False
        if _forbids(message) and self._adopt_new_token():
            self._greet()
            return False
        if message.ends:
            del self._open[request.id]
        if message.type == RESULT and request.message.type == wire.Hello.TYPE:
            self._welcome(message)
        request.take(message)
        return True

    def _fail_all(self, error: FacepatchError) -> None:
        requests = list(self._open.values())
        self._open.clear()
        for request in requests:
            request.fail(error)

    # --------------------------------------------------------------------------------------- reliability

    def _tend(self) -> None:
        if self._closed:
            return
        due = self._lifeline.due(open_requests=bool(self._open), connections=self._transport.connections)
        if due == REST:
            return
        if due == PING:
            ping = wire.Ping().to_message()
            self._ping_id = ping.id
            self._send(ping)
            return
        if due == SEARCH:
            log.info("looking for the service")
            found = self._reopened()
            if found:
                self._adopt(*found)
        self._greet()

    def _greet(self) -> None:
        """Say hello; `_take_heartbeat` gets the answer. A hello that is sent again keeps its id."""
        hello = wire.Hello(self._name).to_message(request_id=self._greeting_id or new_id())
        self._greeting_id = hello.id
        self._lifeline.greet()
        self._send(hello)

    def _take_heartbeat(self, message: Message) -> None:
        error = wire.read_error(message) if message.type == ERROR else None
        if message.reply_to == self._ping_id:
            self._ping_id = ""
            self._lifeline.ping_answered()
            # Another token or another id: it was started again, faster than silence could tell.
            if error or wire.Pong.from_message(message).server not in ("", self._server):
                self._adopt_new_token()
                self._greet()
        elif error is None:
            self._greeting_id = ""
            self._welcome(message)
            self._follow_again()
        else:
            self._refusals += 1
            if self._refusals >= _PATIENCE or self._reopen is None:
                self._fail_all(error)

    def _welcome(self, message: Message) -> wire.Welcome:
        welcome = wire.Welcome.from_message(message)
        self.welcome, self._server, self._refusals = welcome, welcome.server, 0
        self._lifeline.greeting_answered()
        return welcome

    def _follow_again(self) -> None:
        """Send every open request again, under its id: watched where its job is known, as it was where not."""
        for request in list(self._open.values()):
            if request.follows and request.job:
                self._send(wire.Watch(request.job).to_message(request_id=request.id))
            else:
                self._send(request.message)

    def _reopened(self) -> Optional[tuple[Transport, str]]:
        try:
            return self._reopen() if self._reopen else None
        except FacepatchError as error:
            log.info("no service to be found yet: %s", error)
            return None

    def _adopt(self, transport: Transport, token: str) -> None:
        self._transport.close()
        self._transport, self._token = transport, token
        self._lifeline.renew(transport.connections)

    def _adopt_new_token(self) -> bool:
        """Read the connection file again; whether the service has another token since."""
        found = self._reopened()
        if found is None or found[1] == self._token:
            if found:
                found[0].close()
            return False
        self._adopt(*found)
        return True


def _forbids(message: Message) -> bool:
    return message.type == ERROR and message.body.get("code") == ForbiddenError.code
