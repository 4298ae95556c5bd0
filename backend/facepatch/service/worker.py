"""A worker process: `python -m facepatch.service.worker`. It does one job after another and stays warm between them.

The server writes JSON lines to its stdin, of which the first says where to connect (so no secret is ever an argument
of a process), the others are commands: job, cancel, stop, acknowledge. When stdin ends the server is gone, and the
worker ends at once: results are written atomically, and stages go on from where they were. What the worker tells goes
through a ZeroMQ socket, as messages of the protocol. Nothing heavy is imported before a job needs it.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import zmq

from facepatch.core.errors import FacepatchError, StorageError
from facepatch.core.protocol import RESULT, Message, encode, error_message
from facepatch.core.records import storage_error
from facepatch.service.task import Task
from facepatch.service.verbs import Verb, load_verbs, load_work

log = logging.getLogger(__name__)

SERVER_GONE = 3
"""Exit code."""


class Voice:
    """The socket to the server; any thread may speak."""

    def __init__(self, address: str, identity: str) -> None:
        self._context = zmq.Context()
        self._lock = threading.Lock()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.ROUTING_ID, identity.encode())
        self._socket.setsockopt(zmq.LINGER, 1000)
        self._socket.connect(address)

    def tell(self, message: Message) -> None:
        """Send. Raises ProtocolError for what cannot be sent."""
        frames = encode(message)
        with self._lock:
            self._socket.send_multipart(frames, copy=False)

    def close(self) -> None:
        """After everything is sent."""
        with self._lock:
            self._socket.close()
        self._context.term()


class Ear(threading.Thread):
    """Reads commands from stdin: jobs wait in `jobs`, all others act at once."""

    def __init__(self, stream: BinaryIO, on_end: Callable[[], None]) -> None:
        super().__init__(name="commands", daemon=True)
        self.jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._stream, self._on_end = stream, on_end
        self._lock = threading.Lock()
        self._task: Task | None = None
        self._early: set[str] = set()

    def run(self) -> None:
        """Until the server is gone."""
        for line in self._stream:
            self._obey(json.loads(line))
        self._on_end()

    def _obey(self, command: dict[str, Any]) -> None:
        if command["command"] == "job":
            self.jobs.put(command)
            return
        with self._lock:
            if self._task is None or self._task.job != command["job"]:
                self._early.add(command["job"])
            elif command["command"] == "acknowledge":
                self._task.acknowledged(command["frames"])
            else:
                self._task.stop()

    def set_task(self, task: Task | None) -> None:
        """The job that commands are about. One that was cancelled before it began is stopped already."""
        with self._lock:
            self._task = task
            if task is not None and task.job in self._early:
                task.stop()
            self._early.clear()


def do(task: Task, verb: Verb) -> Message:
    """Do one job; the message that ends it."""
    try:
        task.check()
        result = load_work(verb)(task)
        task.flush()
        return Message(RESULT, body={"job": task.job, "result": result})
    except FacepatchError as error:
        told = error
    except MemoryError:
        told = FacepatchError("There is not enough memory for this job. Choose smaller settings.")
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        log.exception("The job failed")
        where = Path(error.filename or task.arguments.get("out") or ".")
        told = storage_error(where, error) if full else FacepatchError(f"The job failed: {error}.")
    except Exception as error:
        log.exception("The job failed where it should not")
        told = FacepatchError(
            f"facepatch failed where it should not ({type(error).__name__}: {error}). The server's log has the trace."
        )
    if isinstance(told, StorageError):
        log.warning("%s", told)
    message = error_message(told, "")
    return Message(message.type, body={**message.body, "message": str(told)[:4000], "job": task.job})


def work(first: dict[str, Any], ear: Ear) -> None:
    """Do jobs until the process ends. `first`: address, identity, verbs."""
    verbs = load_verbs(first["verbs"])
    voice = Voice(first["address"], first["identity"])
    while True:
        command = ear.jobs.get()
        task = Task(command["job"], command["arguments"], tell=voice.tell)
        ear.set_task(task)
        try:
            end = do(task, verbs[command["verb"]])
            try:
                voice.tell(end)
            except FacepatchError as error:
                voice.tell(
                    Message("error", body={"job": task.job, "code": error.code, "message": str(error)})
                )
        finally:
            ear.set_task(None)


def main() -> None:
    """The process."""
    logging.basicConfig(level=logging.WARNING, format="worker: %(message)s", stream=sys.stderr)
    # Ctrl-C is for the server, which asks for a checkpoint first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stream = sys.stdin.buffer
    line = stream.readline()
    if not line:
        return
    ear = Ear(stream, on_end=lambda: os._exit(SERVER_GONE))
    ear.start()
    work(json.loads(line), ear)


if __name__ == "__main__":
    main()
