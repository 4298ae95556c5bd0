"""Ways for frames between a client and the service: a ZeroMQ socket, or a function in the same process."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Optional, Protocol, cast

from facepatch.core.errors import ConfigError, UnavailableError
from facepatch.core.protocol import limits

HEARTBEAT_MS = 2000
"""ZMTP's own heartbeat: an open connection without life in it is closed and made anew."""
SILENCE_MS = 6000

Frames = Sequence[Any]


class Transport(Protocol):
    """Carries the frames of whole messages, in order."""

    @property
    def connections(self) -> int:
        """How often a connection was made so far. When it grows, messages may have been lost before."""
        ...

    @property
    def descriptor(self) -> Optional[int]:
        """What an event loop may listen on for replies, None where there is none."""
        ...

    def send(self, frames: Frames) -> bool:
        """Hand `frames` over without waiting. False where the queue to the service is full."""
        ...

    def receive(self, timeout_s: float) -> Optional[Frames]:
        """The frames of the next message; None where none came within `timeout_s`."""
        ...

    def close(self) -> None:
        """Never waits: what is not sent yet is dropped. May be called twice."""
        ...


class SocketTransport:
    """A ZeroMQ DEALER. Not thread-safe, like every ZeroMQ socket.

    server_key, client_key_file: CURVE, for every address that is not on this machine; `client_key_file` is one that
    `zmq.auth` wrote, with the secret key in it. Raises ConfigError on an address that would send the token in the
    clear, and UnavailableError where ZeroMQ cannot take the address.
    """

    def __init__(self, address: str, *, server_key: str = "", client_key_file: str = "") -> None:
        if not server_key and not is_local(address):
            raise ConfigError(
                f"{address}: is not on this machine, and there is no server key. Use the connection file that "
                "`facepatch serve --keys` writes."
            )
        # Imported here, since most of core works without it.
        import zmq

        self._again = zmq.Again
        self._seen = 0
        self._context = zmq.Context()
        # pyzmq's own types are not whole.
        self._socket: Any = self._context.socket(zmq.DEALER)
        for option, value in (
            (zmq.LINGER, 0),
            (zmq.ROUTING_ID, os.urandom(16).hex().encode("ascii")),
            (zmq.HEARTBEAT_IVL, HEARTBEAT_MS),
            (zmq.HEARTBEAT_TIMEOUT, SILENCE_MS),
            (zmq.HEARTBEAT_TTL, SILENCE_MS),
            (zmq.RECONNECT_IVL, 100),
            (zmq.RECONNECT_IVL_MAX, 2000),
            (zmq.MAXMSGSIZE, limits.ARRAY_BYTES),
        ):
            self._socket.setsockopt(option, value)
        try:
            if server_key:
                self._use_keys(server_key, client_key_file)
            self._monitor = self._socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
            self._socket.connect(address)
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise UnavailableError(f"{address}: cannot be connected to ({error}).") from error

    def _use_keys(self, server_key: str, client_key_file: str) -> None:
        from zmq import auth

        try:
            public, secret = cast(Any, auth).load_certificate(Path(client_key_file))
        except (OSError, ValueError) as error:
            self._context.destroy(linger=0)
            raise ConfigError(f"{client_key_file}: is no file with CURVE keys ({error}).") from error
        if secret is None:
            self._context.destroy(linger=0)
            raise ConfigError(f"{client_key_file}: has no secret key. Use the file that ends in .key_secret.")
        self._socket.curve_serverkey = server_key.encode("ascii")
        self._socket.curve_publickey, self._socket.curve_secretkey = public, secret

    @property
    def connections(self) -> int:
        """How often a connection was made so far."""
        while not self._context.closed and self._monitor.poll(0):
            self._monitor.recv_multipart()
            self._seen += 1
        return self._seen

    @property
    def descriptor(self) -> Optional[int]:
        """ZMQ_FD: edge-triggered, and only for readiness; never read from it."""
        import zmq

        return None if self._context.closed else int(self._socket.getsockopt(zmq.FD))

    def send(self, frames: Frames) -> bool:
        """Hand `frames` over without waiting; large ones are not copied, so leave them as they are."""
        import zmq

        try:
            self._socket.send_multipart(frames, flags=zmq.NOBLOCK, copy=False)
        except self._again:
            return False
        return True

    def receive(self, timeout_s: float) -> Optional[Frames]:
        """The frames of the next message, not copied; None where none came within `timeout_s`."""
        if not self._socket.poll(max(0, round(timeout_s * 1000))):
            return None
        return self._socket.recv_multipart(copy=False)

    def close(self) -> None:
        """Never waits: what is not sent yet is dropped."""
        if not self._context.closed:
            self._socket.disable_monitor()
            self._context.destroy(linger=0)


def is_local(address: str) -> bool:
    """Whether what is sent to `address` stays on this machine."""
    scheme, _, place = address.partition("://")
    if scheme in ("ipc", "inproc"):
        return True
    host = place.rpartition(":")[0].strip("[]")
    return scheme == "tcp" and (host in ("localhost", "::1") or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    parts = host.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(part.isdigit() for part in parts)


class DirectTransport:
    """Joins a client to a function that answers: no socket, no thread. For tests, and for a service in this process.

    answer: gets the frames of one message, gives those of any number of replies.
    idle: called with the time to wait where nothing has come.
    """

    def __init__(
        self,
        answer: Callable[[Frames], Iterable[Frames]],
        *,
        idle: Callable[[float], None] = lambda timeout_s: None,
    ) -> None:
        self._answer = answer
        self._idle = idle
        self._inbox: deque[Frames] = deque()
        self.connections = 1
        """Raise it to play a connection that broke and was made anew."""
        self.descriptor = None

    def push(self, frames: Frames) -> None:
        """Something that the service sends of its own accord."""
        self._inbox.append(frames)

    def send(self, frames: Frames) -> bool:
        """Have `frames` answered; the replies wait to be received."""
        self._inbox.extend(self._answer(frames))
        return True

    def receive(self, timeout_s: float) -> Optional[Frames]:
        """The frames of the next message."""
        if not self._inbox:
            self._idle(timeout_s)
        return self._inbox.popleft() if self._inbox else None

    def close(self) -> None:
        """Forget what has not been received."""
        self._inbox.clear()
