"""A router without sockets, and servers with real workers that do quick verbs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from facepatch.core.client import Client
from facepatch.core.protocol import Message, decode, encode, new_id
from facepatch.service.board import Board
from facepatch.service.previews import Previews
from facepatch.service.roots import Roots
from facepatch.service.router import Router
from facepatch.service.server import Server
from facepatch.service.settings import ServeSettings
from facepatch.service.store import Store
from facepatch.service.verbs import load_verbs

HERE = Path(__file__).parent
QUICK = "quick_verbs:VERBS"
TOKEN = "the token"
DEADLINE_S = 60.0


@pytest.fixture(autouse=True)
def quick_verbs(monkeypatch: pytest.MonkeyPatch) -> None:
    """`quick_verbs` imports here and in workers."""
    monkeypatch.syspath_prepend(str(HERE))
    paths = [str(HERE), str(HERE.parents[1] / "backend"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in paths if path))


@dataclass
class Hands:
    """A crew without processes."""

    devices: tuple[str, ...] = ("cpu",)
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    started: int = 0
    broken: bool = False

    def start(self, device: str) -> str:
        if self.broken:
            raise OSError("no more processes")
        self.started += 1
        return f"worker{self.started}"

    def send(self, name: str, command: dict[str, Any]) -> None:
        self.sent.append((name, command))

    def kill(self, name: str) -> None:
        self.killed.append(name)

    def commands(self, what: str) -> list[str]:
        return [command["job"] for _, command in self.sent if command["command"] == what]


class Desk:
    """A router with a clock that is set by hand, and clients that are names."""

    def __init__(self, folder: Path, *, devices: tuple[str, ...] = ("cpu",), **settings: Any) -> None:
        self.folder, self.now = folder, 100.0
        self.settings = ServeSettings(state=folder / "state", roots=(folder,), verbs=QUICK, **settings)
        self.hands = Hands(devices)
        self.open()

    def open(self) -> None:
        """Start, or start again on the same folder after `close`."""
        settings = self.settings
        self.store = Store(settings.state)
        previews = Previews(
            settings.state / "previews", per_job=settings.previews_per_job, limit=settings.preview_mb * 2**20
        )
        self.board = Board(self.store, previews, max_jobs=settings.max_jobs)
        self.router = Router(
            settings, self.board, self.hands, verbs=load_verbs(QUICK),
            roots=Roots.of(settings.roots, (settings.state,)), token=TOKEN, clock=lambda: self.now,
        )  # fmt: skip

    def close(self) -> None:
        self.store.close()

    def start_again(self) -> None:
        """As after SIGKILL: nothing is told to anybody."""
        self.close()
        self.hands = Hands(self.hands.devices)
        self.open()

    def send(self, sender: str, type_: str, /, *, token: str = TOKEN, identity: str = "", **body: Any) -> str:
        message = Message(type_, identity or new_id(), body=body, token=token)
        self.router.receive(sender.encode(), encode(message))
        return message.id

    def got(self, client: str) -> list[Message]:
        """Everything that is sent to `client` now."""
        return [decode(frames) for frames in self.router.outbox.drain(client.encode())]

    def ask(self, sender: str, type_: str, /, **body: Any) -> Message:
        """The only reply to a request."""
        self.got(sender)
        identity = self.send(sender, type_, **body)
        (reply,) = self.got(sender)
        assert reply.reply_to == identity
        return reply

    def submit(self, sender: str = "ann", /, verb: str = "run", **body: Any) -> str:
        """A job; what its client got so far is thrown away."""
        job = self.send(sender, verb, **{"arguments": {}, **body})
        assert self.got(sender)[-1].body["job"] == job
        return job

    def tick(self, seconds: float = 0.02) -> None:
        self.now += seconds
        self.router.tick()

    def worker_of(self, job: str) -> str:
        worker = self.router.foreman.worker_of(self.board.get(job))
        assert worker is not None
        return worker.name

    def tell(self, job: str, type_: str, arrays: dict[str, Any] | None = None, /, **body: Any) -> None:
        """The worker of `job` tells something."""
        message = Message(type_, body={"job": job, **body}, arrays=arrays or {})
        self.router.receive_worker(self.worker_of(job), message)

    def finish(self, job: str, **result: Any) -> None:
        self.tell(job, "result", result=result)

    def state(self, job: str) -> str:
        return self.board.get(job).state


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(**settings: Any) -> Desk:
        made.append(Desk(tmp_path / str(len(made)), **settings))
        return made[-1]

    yield make
    for item in made:
        item.close()


def until(ready: Callable[[], Any], client: Client | None = None) -> Any:
    """Wait for `ready` to be true; returns it."""
    pause = threading.Event()
    end = time.monotonic() + DEADLINE_S
    while not (found := ready()):
        assert time.monotonic() < end, "it never came"
        if client is None:
            pause.wait(0.01)
        else:
            client.poll(0.02)
    return found


class Running:
    """A server in a thread of its own, with real workers."""

    def __init__(self, settings: ServeSettings) -> None:
        self.server = Server(settings)
        self.thread = threading.Thread(target=self.server.serve)
        self.thread.start()

    def client(self) -> Client:
        return Client.connect(self.server.connection, timeout_s=DEADLINE_S)

    def stop(self) -> None:
        self.server.stop()
        self.thread.join(DEADLINE_S)
        # Sockets belong to their thread: closed under it, libzmq ends the whole test run.
        assert not self.thread.is_alive(), "the server does not end"
        self.server.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts servers; all on one state folder unless told otherwise."""
    running: list[Running] = []
    settings = ServeSettings(
        state=tmp_path / "state", roots=(tmp_path,), connection=tmp_path / "connection.json",
        devices=("cpu",), verbs=QUICK,
    )  # fmt: skip

    def start(**changes: Any) -> Running:
        running.append(Running(replace(settings, **changes)))
        return running[-1]

    yield start
    for item in running:
        item.stop()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Generator[SimpleNamespace, None, None]:
    """One server for many tests: .folder (its root), .connection, .server, .client()."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE))
        patch.setenv("PYTHONPATH", os.pathsep.join((str(HERE), str(HERE.parents[1] / "backend"))))
        settings = ServeSettings(
            state=folder / "state", roots=(folder,), connection=folder / "connection.json", devices=("cpu",),
            verbs=QUICK,
        )  # fmt: skip
        running = Running(settings)
        yield SimpleNamespace(
            folder=folder, server=running.server, connection=running.server.connection, client=running.client
        )
        running.stop()


SERVES = """
import json, sys
from pathlib import Path
from facepatch.cli.serve import stopped_by_signals
from facepatch.service.server import Server
from facepatch.service.settings import ServeSettings

folder, verbs = Path(sys.argv[1]), sys.argv[2]
settings = ServeSettings(
    state=folder / "state", roots=(folder, *map(Path, sys.argv[3:])), connection=folder / "connection.json",
    devices=("cpu",), verbs=verbs,
)
with Server(settings) as server, stopped_by_signals(server.stop):
    print("ready", flush=True)
    server.serve()
print("stopped", flush=True)
"""


class Serving:
    """A server as a process of its own, to be killed and started again on the same folder."""

    def __init__(self, folder: Path, verbs: str, roots: tuple[Path, ...]) -> None:
        self.folder = folder
        self._command = [sys.executable, "-c", SERVES, str(folder), verbs, *map(str, roots)]
        self.start()

    def start(self) -> None:
        self.popen = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self.popen.stdout is not None
        assert self.popen.stdout.readline() == "ready\n"

    def kill(self) -> None:
        self.popen.kill()
        self.popen.communicate(timeout=DEADLINE_S)

    def terminate(self) -> str:
        """SIGTERM; returns what it still printed."""
        self.popen.terminate()
        return self.popen.communicate(timeout=DEADLINE_S)[0]

    def client(self) -> Client:
        return Client.connect(path=self.folder / "connection.json", timeout_s=DEADLINE_S)


@pytest.fixture
def serve_apart(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    started: list[Serving] = []

    def start(verbs: str = QUICK, roots: tuple[Path, ...] = ()) -> Serving:
        started.append(Serving(tmp_path, verbs, roots))
        return started[-1]

    yield start
    for item in started:
        if item.popen.poll() is None:
            item.kill()


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., Any]:
    """`until`, for test modules, which cannot import this one."""
    return until


@pytest.fixture(scope="module")
def desk_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One router for many messages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE))
        made = Desk(tmp_path_factory.mktemp("desk"))
        yield made
        made.close()
