"""examples/listener.py, run as it is, against a server that is played from docs/protocol.md."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

from facepatch.core.connection import Connection, write_connection
from facepatch.core.errors import UnknownJobError
from facepatch.core.protocol import Message, decode, encode, error_message, messages

JOB = "77de68daecd823babbb58edb1c8e14d7"


class PlayedServer:
    """A ROUTER that has one running job, or none, and tells two partials of it."""

    def __init__(self, context: zmq.Context[Any], jobs: int) -> None:
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.address = f"tcp://127.0.0.1:{self.socket.bind_to_random_port('tcp://127.0.0.1')}"
        self.jobs = jobs
        self.asked: list[str] = []
        self.thread = threading.Thread(target=self.serve)

    def serve(self) -> None:
        while self.socket.poll(20_000):
            client, *frames = self.socket.recv_multipart()
            request = decode(frames)
            if request.type == "end":
                return
            self.asked.append(request.type)
            assert request.token == "secret"
            for reply in self.replies(request):
                self.socket.send_multipart([client, *encode(reply)])

    def replies(self, request: Message) -> Iterator[Message]:
        asked = messages.read_request(request)
        if isinstance(asked, messages.Hello):
            yield messages.Welcome((1, 0), server="1").to_message(request.id)
        elif isinstance(asked, messages.Jobs):
            rows = tuple(messages.JobRecord(JOB, state="running") for _ in range(self.jobs))
            yield messages.JobList(rows, len(rows)).to_message(request.id)
        elif isinstance(asked, messages.Watch) and asked.job == JOB:
            yield messages.ProgressReport("train", 3, 10).to_message(request.id, job=JOB)
            weights = np.array([0.25, 0.5], np.float32)
            yield messages.Frame(7, 6, weights, np.eye(4)).to_message(request.id, seq=1, job=JOB)
            yield Message("result", body={"frames": 1}, reply_to=request.id)
        else:
            yield error_message(UnknownJobError("There is no such job."), request.id)


@pytest.fixture
def listen(root: Path, tmp_path: Path) -> Iterator[Any]:
    """Play a server and run the example against it: (jobs of the server, arguments) -> (process, what was asked)."""
    context = zmq.Context()
    played: list[PlayedServer] = []

    def run(jobs: int, *arguments: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
        server = PlayedServer(context, jobs)
        played.append(server)
        path = write_connection(Connection(server.address, "secret"), tmp_path / "connection.json")
        server.thread.start()
        command = [sys.executable, str(root / "examples" / "listener.py"), str(path), *arguments]
        # Away from the checkout, so that it cannot import facepatch by accident.
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        return done, server.asked

    yield run
    for server in played:
        with context.socket(zmq.DEALER) as last:
            last.connect(server.address)
            last.send_multipart(encode(Message("end")))
            server.thread.join()
    context.destroy(linger=0)


def test_the_listener_follows_the_newest_job_that_runs(listen: Any) -> None:
    done, asked = listen(1)
    assert done.returncode == 0, done.stderr
    assert asked == ["hello", "jobs", "watch"]
    assert "'kind': 'progress'" in done.stdout
    assert "'frame_seq': 6" in done.stdout
    assert "weights (2,) [0.25 0.5 ]" in done.stdout
    assert done.stdout.splitlines()[-1] == "result {'frames': 1}"


def test_the_listener_follows_the_job_that_it_is_given(listen: Any) -> None:
    done, asked = listen(0, JOB)
    assert done.returncode == 0, done.stderr
    assert asked == ["hello", "watch"]


def test_the_listener_ends_where_no_job_runs(listen: Any) -> None:
    done, asked = listen(0)
    assert (done.returncode, asked) == (1, ["hello", "jobs"])


def test_the_listener_tells_the_error_of_a_job_that_is_not_there(listen: Any) -> None:
    done, _ = listen(0, "x")
    assert done.returncode == 1
    assert "'code': 'service.job'" in done.stdout


def test_the_listener_needs_nothing_of_ours_and_is_short(root: Path) -> None:
    text = (root / "examples" / "listener.py").read_text(encoding="utf-8")
    assert "import facepatch" not in text
    assert "from facepatch" not in text
    code = [line for line in text.split('"""')[2].splitlines() if line.strip()]
    assert len(code) < 60
    assert json.dumps("FACEPATCH/1") in text
