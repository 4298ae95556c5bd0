"""core.transport and core.client over real sockets on the loopback."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

from facepatch.core.client import Client
from facepatch.core.connection import Connection, write_connection
from facepatch.core.errors import ConfigError, TimedOutError, UnavailableError
from facepatch.core.protocol import Message, decode, encode, messages
from facepatch.core.transport import SocketTransport, is_local

JOB = "77de68daecd823babbb58edb1c8e14d7"


class LoopbackServer:
    """A ROUTER in a thread: hello, ping, and a job that ends once `finish` is set."""

    def __init__(
        self, server: str = "first", port: int = 0, secure: Callable[[Any], None] | None = None
    ) -> None:
        self.server = server
        self.asked: list[str] = []
        self.finish = threading.Event()
        self._end = threading.Event()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.linger = 0
        if secure:
            secure(self._socket)
        self._socket.bind(f"tcp://127.0.0.1:{port or '*'}")
        self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self._watching: list[tuple[bytes, str]] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def _serve(self) -> None:
        while not self._end.is_set():
            if self._socket.poll(10):
                client, *frames = self._socket.recv_multipart(copy=False)
                request = decode(frames)
                self.asked.append(request.type)
                for reply in self._replies(client.bytes, request):
                    self._socket.send_multipart([client, *encode(reply)], copy=False)
            while self.finish.is_set() and self._watching:
                client_id, request_id = self._watching.pop()
                done = Message("result", body={"out": "/out"}, reply_to=request_id)
                self._socket.send_multipart([client_id, *encode(done)])

    def _replies(self, client: bytes, request: Message) -> list[Message]:
        if request.type == "hello":
            return [messages.Welcome((1, 0), server=self.server).to_message(request.id)]
        if request.type == "ping":
            body = {"server": self.server}
            return [Message("result", body=body, arrays=request.arrays, reply_to=request.id)]
        self._watching.append((client, request.id))
        return [messages.StateChange("running").to_message(request.id, job=JOB)]

    def stop(self) -> None:
        self._end.set()
        self._thread.join()
        self._context.destroy(linger=0)


@pytest.fixture
def start() -> Iterator[Callable[..., LoopbackServer]]:
    """Start servers that the test need not stop."""
    started: list[LoopbackServer] = []

    def run(**options: Any) -> LoopbackServer:
        started.append(LoopbackServer(**options))
        return started[-1]

    yield run
    for server in started:
        if not server._context.closed:
            server.stop()


def test_arrays_travel_there_and_back(start: Callable[..., LoopbackServer]) -> None:
    vertices = np.arange(90_000, dtype=np.float32).reshape(30_000, 3)
    with Client.connect(Connection(start().address, "secret")) as client:
        back = client.ping({"vertices": vertices, "few": np.arange(5, dtype=np.uint8)})
    assert np.array_equal(back["vertices"], vertices)
    assert back["few"].tolist() == [0, 1, 2, 3, 4]


def test_the_descriptor_is_ready_when_something_has_come(start: Callable[..., LoopbackServer]) -> None:
    with Client.connect(Connection(start().address, "secret")) as client:
        descriptor = client.descriptor
        assert descriptor is not None
        for _ in range(50):
            client.send(Message("ping"))
            if client.poll():
                # The answer was here before anybody had to wait for it.
                continue
            if select.select([descriptor], [], [], 10.0)[0] and client.poll():
                break
        else:
            pytest.fail("the descriptor never woke anybody up")
    assert client.descriptor is None


def test_a_job_is_followed_over_a_socket(start: Callable[..., LoopbackServer]) -> None:
    server = start()
    with Client.connect(Connection(server.address, "secret")) as client:
        request = client.submit("train", {})
        assert request.wait_for_job() == JOB
        server.finish.set()
        assert request.wait(10.0).body == {"out": "/out"}


def test_a_server_killed_and_started_again_at_its_address_is_found(
    start: Callable[..., LoopbackServer],
) -> None:
    first = start()
    with Client.connect(Connection(first.address, "secret")) as client:
        request = client.submit("train", {})
        request.wait_for_job()
        first.stop()
        second = start(server="second", port=first.port)
        second.finish.set()
        assert request.wait(20.0).body == {"out": "/out"}
        assert client.welcome is not None
        assert client.welcome.server == "second"
    # As soon as the connection stands again, long before silence would have told.
    assert second.asked[:2] == ["hello", "watch"]


def test_a_server_started_again_elsewhere_is_found_by_its_file(
    start: Callable[..., LoopbackServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The seconds of the heartbeat, shortened a hundredfold.
    monkeypatch.setattr("facepatch.core.lifeline.HEARTBEAT_S", 0.05)
    monkeypatch.setattr("facepatch.core.lifeline.SILENCE_S", 0.15)
    first = start()
    path = write_connection(Connection(first.address, "secret"), tmp_path / "connection.json")
    with Client.connect(path=path) as client:
        request = client.submit("train", {})
        request.wait_for_job()
        second = start(server="second")
        second.finish.set()
        first.stop()
        write_connection(Connection(second.address, "other"), path)
        assert request.wait(20.0).body == {"out": "/out"}


def test_where_nobody_answers_the_error_says_what_to_do(tmp_path: Path) -> None:
    nobody = Connection("tcp://127.0.0.1:9", "secret")
    with pytest.raises(
        UnavailableError, match=r"127\.0\.0\.1:9: no service answers\. Start it: facepatch serve"
    ):
        Client.connect(nobody, timeout_s=0.05)
    path = write_connection(nobody, tmp_path / "connection.json")
    with pytest.raises(UnavailableError, match=r"connection\.json may be left from one that was killed"):
        Client.connect(path=path, timeout_s=0.05)


def test_closing_never_waits_for_what_was_not_sent() -> None:
    client = Client(SocketTransport("tcp://127.0.0.1:9"), token="secret")
    for _ in range(20):
        client.submit("run", {"take": "x" * 100_000})
    with pytest.raises(TimedOutError):
        client.ping({"a": np.zeros(1_000_000)}, timeout_s=0.01)
    began = time.monotonic()
    client.close()
    client.close()
    assert time.monotonic() - began < 5.0


def test_a_full_queue_is_told_and_does_not_block() -> None:
    transport = SocketTransport("tcp://127.0.0.1:9")
    sent = [transport.send([b"x"]) for _ in range(1500)]
    transport.close()
    assert sent[0]
    assert not sent[-1]


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("tcp://127.0.0.1:5555", True),
        ("tcp://127.1.2.3:5555", True),
        ("tcp://localhost:5555", True),
        ("tcp://[::1]:5555", True),
        ("ipc:///tmp/socket", True),
        ("tcp://10.0.0.1:5555", False),
        ("tcp://127.evil.example:5555", False),
        ("tcp://localhost.evil.example:5555", False),
        ("tcp://*:5555", False),
        ("udp://127.0.0.1:5555", False),
        ("", False),
    ],
)
def test_what_is_local(address: str, local: bool) -> None:
    assert is_local(address) == local


def test_a_token_is_never_sent_off_the_machine_in_the_clear() -> None:
    with pytest.raises(ConfigError, match="not on this machine, and there is no server key"):
        SocketTransport("tcp://10.0.0.1:5555")


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UnavailableError, match="cannot be connected to"):
        SocketTransport("tcp://127.0.0.1:no")


class TestKeys:
    """CURVE, with a list of the clients that are let in."""

    @pytest.fixture
    def keys(self, tmp_path: Path) -> Path:
        (tmp_path / "clients").mkdir()
        for name in ("server", "client", "stranger"):
            zmq.auth.create_certificates(tmp_path, name)
        (tmp_path / "client.key").rename(tmp_path / "clients" / "client.key")
        return tmp_path

    @pytest.fixture
    def server(self, keys: Path, start: Callable[..., LoopbackServer]) -> Iterator[LoopbackServer]:
        gates: list[ThreadAuthenticator] = []

        def secure(socket: Any) -> None:
            gates.append(ThreadAuthenticator(socket.context))
            gates[0].start()
            gates[0].configure_curve(domain="*", location=keys / "clients")
            socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(
                keys / "server.key_secret"
            )
            socket.curve_server = True

        server = start(secure=secure)
        yield server
        gates[0].stop()

    def connection(self, server: LoopbackServer, keys: Path, name: str) -> Connection:
        public, _ = zmq.auth.load_certificate(keys / "server.key")
        return Connection(server.address, "secret", 0, public.decode(), str(keys / name))

    def test_a_client_with_its_key_is_let_in(self, server: LoopbackServer, keys: Path) -> None:
        with Client.connect(self.connection(server, keys, "client.key_secret")) as client:
            assert client.ping({"a": np.ones(2)})["a"].tolist() == [1.0, 1.0]

    def test_a_stranger_is_not(self, server: LoopbackServer, keys: Path) -> None:
        with pytest.raises(UnavailableError, match="no service answers"):
            Client.connect(self.connection(server, keys, "stranger.key_secret"), timeout_s=0.5)
        assert server.asked == []

    def test_a_file_without_a_secret_key_is_refused(self, server: LoopbackServer, keys: Path) -> None:
        with pytest.raises(ConfigError, match=r"ends in \.key_secret"):
            Client.connect(self.connection(server, keys, "stranger.key"))

    def test_a_file_that_is_none_is_refused(self, server: LoopbackServer, keys: Path) -> None:
        with pytest.raises(ConfigError, match="is no file with CURVE keys"):
            Client.connect(self.connection(server, keys, "absent.key_secret"))
