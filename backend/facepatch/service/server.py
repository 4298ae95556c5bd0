"""The one loop of the server: sockets in front and behind, worker processes, time. All decisions are the router's."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import zmq

from facepatch.core.connection import Connection, remove_connection, write_connection
from facepatch.core.errors import ConfigError, FacepatchError
from facepatch.core.protocol import decode
from facepatch.core.transport import HEARTBEAT_MS, SILENCE_MS, is_local
from facepatch.service.auth import Gate, make_keys
from facepatch.service.board import Board
from facepatch.service.crew import ProcessCrew, devices
from facepatch.service.previews import Previews
from facepatch.service.roots import Roots
from facepatch.service.router import Router
from facepatch.service.settings import ServeSettings
from facepatch.service.store import Store
from facepatch.service.verbs import load_verbs

log = logging.getLogger(__name__)

BUSY_MS, IDLE_MS, BLOCKED_MS = 20, 100, 2
BATCH = 200
"""Messages taken from one socket before the others have their turn."""
LAST_WORDS_S = 0.05
"""A dead worker's messages may still be on their way."""
REFRESH_EVERY_S = 0.5
FAREWELL_S = 1.0

Socket = zmq.Socket[bytes]


class Server:
    """A server that listens as soon as it is made. `serve` runs it until `stop`; `close` gives everything back.

    Raises ConfigError where the settings do not fit (an address without keys, a state folder in use), StorageError
    where the state cannot be kept.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self._stop = threading.Event()
        self._hurry = threading.Event()
        address = place(settings.host)
        if settings.keys is None and not is_local(f"tcp://{address}:1"):
            raise ConfigError(
                f"host: {settings.host} can be reached from other machines. Give --keys DIR, so that only clients "
                "with a key get in, or listen on 127.0.0.1."
            )
        verbs = load_verbs(settings.verbs)
        self.roots = Roots.of(
            settings.roots or (Path.home(), Path.cwd()),
            (settings.state, *([settings.keys] if settings.keys else [])),
        )
        with contextlib.ExitStack() as opened:
            store = Store(settings.state)
            opened.callback(store.close)
            context: zmq.Context[Socket] = zmq.Context()
            opened.callback(context.destroy, linger=0)
            self._open(store, context, opened, verbs)
            self._opened = opened.pop_all()

    def _open(self, store: Store, context: Any, opened: contextlib.ExitStack, verbs: Any) -> None:
        settings = self.settings
        keys = make_keys(settings.keys) if settings.keys else None
        self._gate = Gate(context, keys) if keys else None
        if self._gate:
            opened.callback(self._gate.close)
        self._front = front_socket(context, settings)
        if self._gate:
            self._gate.guard(self._front)
        port = bind(self._front, settings, kept=store.fact("port"))
        self._back = context.socket(zmq.ROUTER)
        self._back.setsockopt(zmq.LINGER, 0)
        self._back.setsockopt(zmq.RCVHWM, 0)
        behind = self._back.bind_to_random_port("tcp://127.0.0.1")
        token = store.fact("token") or secrets.token_hex(32)
        store.keep_fact("token", token)
        store.keep_fact("port", str(port))
        self._crew = ProcessCrew(
            devices(settings.devices, settings.workers),
            address=f"tcp://127.0.0.1:{behind}",
            verbs=settings.verbs,
        )
        opened.callback(self._crew.close)
        previews = Previews(
            settings.state / "previews", per_job=settings.previews_per_job, limit=settings.preview_mb * 2**20
        )
        self.board = Board(store, previews, max_jobs=settings.max_jobs)
        self.router = Router(
            settings, self.board, self._crew, verbs=verbs, roots=self.roots, token=token, clock=time.monotonic
        )
        reached = "127.0.0.1" if settings.host == "0.0.0.0" else place(settings.host)  # noqa: S104
        self.connection = Connection(
            f"tcp://{reached}:{port}",
            token,
            os.getpid(),
            keys.public.decode() if keys else "",
            str(keys.client_key_file.resolve()) if keys else "",
        )
        self.connection_file = write_connection(self.connection, settings.connection)
        opened.callback(remove_connection, self.connection, settings.connection)

    @property
    def devices(self) -> tuple[str, ...]:
        """One entry for each worker."""
        return self._crew.devices

    def workers(self) -> dict[str, int]:
        """Process ids of the workers that live now, by name."""
        return self._crew.pids()

    def stop(self) -> None:
        """Have `serve` end: from a signal, or another thread. A second time: without waiting for checkpoints."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def serve(self) -> None:
        """Answer until `stop`, then bring the workers to their checkpoints and end."""
        poller = zmq.Poller()
        poller.register(self._front, zmq.POLLIN)
        poller.register(self._back, zmq.POLLIN)
        refreshed, wait = time.monotonic(), IDLE_MS
        until: float | None = None
        while True:
            blocked = self._turn(dict(poller.poll(wait)))
            now = time.monotonic()
            if self._gate is not None and now - refreshed > REFRESH_EVERY_S:
                refreshed = now
                with contextlib.suppress(OSError):
                    self._gate.refresh()
            if self._stop.is_set() and until is None:
                until = now + self.settings.stop_s + 2.0
                self.router.stop()
            if until is not None and (self.router.stopped or now > until or self._hurry.is_set()):
                break
            busy = bool(self.router.foreman.busy) or until is not None
            wait = BLOCKED_MS if blocked else BUSY_MS if busy else IDLE_MS
        self._farewell()

    def _turn(self, ready: dict[Any, int]) -> bool:
        """Everything that is there to do now. True where a client's socket cannot take more."""
        if self._back in ready:
            for worker, frames in received(self._back):
                with guarded("a message of a worker"):
                    self.router.receive_worker(worker.decode("ascii", "replace"), decode(frames))
        if self._front in ready:
            for client, frames in received(self._front):
                with guarded("a message of a client"):
                    self.router.receive(client, frames)
        # First what others wait for, then the house.
        self._send()
        for name, reason in self._crew.dead(time.monotonic(), LAST_WORDS_S):
            self.router.worker_died(name, reason)
        with guarded("the time"):
            self.router.tick()
        return self._send()

    def _send(self) -> bool:
        blocked = False
        outbox = self.router.outbox
        for client in outbox.waiting():
            while (frames := outbox.head(client)) is not None:
                try:
                    self._front.send_multipart([client, *frames], flags=zmq.NOBLOCK, copy=False)
                except zmq.Again:
                    blocked = True
                    outbox.block(client)
                    break
                except zmq.ZMQError as error:
                    log.info("A client is gone (%s).", error)
                    self.router.client_gone(client)
                    break
                outbox.sent(client)
        self.router.acknowledge()
        return blocked

    def _farewell(self) -> None:
        self.router.foreman.kill_all()
        self.board.flush()
        until = time.monotonic() + FAREWELL_S
        while self._send() and time.monotonic() < until:
            time.sleep(BLOCKED_MS / 1000)
        # What the sockets have taken leaves before they close.
        self._front.close(linger=int(1000 * FAREWELL_S))

    def close(self) -> None:
        """Give back sockets, processes, the state folder and the connection file."""
        self._opened.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def front_socket(context: Any, settings: ServeSettings) -> Socket:
    """The socket that clients talk to, not bound yet."""
    socket: Socket = context.socket(zmq.ROUTER)
    for option, value in (
        (zmq.LINGER, 0),
        (zmq.ROUTER_MANDATORY, 1),
        (zmq.ROUTER_HANDOVER, 1),
        (zmq.MAXMSGSIZE, settings.max_message_mb * 2**20),
        (zmq.SNDHWM, 100),
        # With a limit, libzmq 4.3.5 aborts the process when a client hangs up that has sent more (`!_io_error`).
        (zmq.RCVHWM, 0),
        (zmq.HEARTBEAT_IVL, HEARTBEAT_MS),
        (zmq.HEARTBEAT_TIMEOUT, SILENCE_MS),
        (zmq.HANDSHAKE_IVL, 5000),
        (zmq.IPV6, int(":" in settings.host)),
    ):
        socket.setsockopt(option, value)
    return socket


def place(host: str) -> str:
    """A host as it stands in an address."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def bind(socket: Socket, settings: ServeSettings, *, kept: str) -> int:
    """Bind to the port of the settings, of the last time, or a free one. Returns it. Raises ConfigError."""
    ports = [str(settings.port)] if settings.port else [*([kept] if kept else []), "*"]
    for port in ports:
        address = f"tcp://{place(settings.host)}:{port}"
        try:
            socket.bind(address)
        except zmq.ZMQError as error:
            if port == ports[-1]:
                raise ConfigError(f"{address}: cannot be listened on ({error}). Choose another.") from error
            continue
        break
    return int(socket.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2])


def received(socket: Socket) -> Generator[tuple[bytes, Sequence[Any]], None, None]:
    """(sender, frames) of what has come, at most BATCH."""
    for _ in range(BATCH):
        try:
            frames = socket.recv_multipart(flags=zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return
        yield frames[0].bytes, frames[1:]


@contextlib.contextmanager
def guarded(what: str) -> Generator[None, None, None]:
    """A server outlives what one message does to it."""
    try:
        yield
    except FacepatchError as error:
        log.warning("%s: %s", what, error)
    except Exception:
        log.exception("facepatch failed where it should not, at %s; the server goes on", what)
