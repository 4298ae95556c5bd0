"""Worker processes: started, spoken to without waiting, killed, and seen to die."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

END = b""


def devices(wanted: tuple[str, ...] = (), workers: int = 1) -> tuple[str, ...]:
    """One entry for each worker: what was asked for, else every GPU that nvidia-smi lists, else the processor."""
    found = wanted or tuple(f"cuda:{index}" for index in range(gpu_count())) or ("cpu",)
    return tuple(entry for device in found for entry in [device] * (workers if device == "cpu" else 1))


def gpu_count() -> int:
    """NVIDIA GPUs, without loading torch."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return 0
    try:
        told = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in told.splitlines())


@dataclass(eq=False)
class Process:
    """A worker's process, and the thread that writes to it: a pipe that is full must not stop the server."""

    popen: subprocess.Popen[bytes]
    commands: queue.SimpleQueue[bytes]
    dead_at: float | None = None


class ProcessCrew:
    """Workers as processes of `python -m facepatch.service.worker`.

    address: where they connect to; verbs: the table they work by. A worker's name is also the secret that it proves
    itself with.
    """

    def __init__(self, wanted: tuple[str, ...], *, address: str, verbs: str) -> None:
        self.devices = wanted
        self._address, self._verbs = address, verbs
        self._processes: dict[str, Process] = {}

    def start(self, device: str) -> str:
        """Start a worker for `device`; returns its name. Raises OSError."""
        name = secrets.token_hex(16)
        # Ctrl-C in the server's terminal is the server's; it asks for a checkpoint first.
        flags = subprocess.CREATE_NEW_PROCESS_GROUP if sys.platform == "win32" else 0
        popen = subprocess.Popen(
            [sys.executable, "-m", "facepatch.service.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=environment(device, self.devices.count(device), os.environ),
            start_new_session=sys.platform != "win32",
            creationflags=flags,
        )
        process = self._processes[name] = Process(popen, queue.SimpleQueue())
        first = {"address": self._address, "identity": name, "verbs": self._verbs, "device": device}
        process.commands.put(line_of(first))
        threading.Thread(target=_write, args=(process,), name="to worker", daemon=True).start()
        return name

    def send(self, name: str, command: Mapping[str, Any]) -> None:
        """Hand a command to a worker. One to a worker that is dying is lost, as its job is noticed to be."""
        process = self._processes.get(name)
        if process is not None:
            process.commands.put(line_of(command))

    def kill(self, name: str) -> None:
        """End a worker at once."""
        process = self._processes.get(name)
        if process is not None and process.popen.poll() is None:
            process.popen.kill()

    def pids(self) -> dict[str, int]:
        """Process ids by name."""
        return {name: process.popen.pid for name, process in self._processes.items()}

    def dead(self, now: float, grace_s: float) -> list[tuple[str, str]]:
        """Workers that have ended, with how. Each is told once, `grace_s` later: its last words may be on the way."""
        found: list[tuple[str, str]] = []
        for name, process in list(self._processes.items()):
            code = process.popen.poll()
            if code is None:
                continue
            if process.dead_at is None:
                process.dead_at = now
            if now - process.dead_at >= grace_s:
                self._release(name)
                found.append((name, ending(code)))
        return found

    def close(self) -> None:
        """Kill who still lives, and wait for it."""
        for name, process in list(self._processes.items()):
            if process.popen.poll() is None:
                process.popen.kill()
            process.popen.wait()
            self._release(name)

    def _release(self, name: str) -> None:
        self._processes.pop(name).commands.put(END)


def _write(process: Process) -> None:
    pipe = process.popen.stdin
    assert pipe is not None
    try:
        while (line := process.commands.get()) != END:
            pipe.write(line)
            pipe.flush()
    except (OSError, ValueError):
        pass  # It is dead; the server sees that by itself.
    finally:
        with contextlib.suppress(OSError):
            pipe.close()


def line_of(command: Mapping[str, Any]) -> bytes:
    """JSON, one line."""
    return json.dumps(command).encode() + b"\n"


def environment(device: str, sharing: int, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a worker: its GPU or none, and its share of the cores."""
    kind, _, index = device.partition(":")
    made = {**given, "GOMP_SPINCOUNT": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
    if kind == "cuda":
        visible = [item for item in given.get("CUDA_VISIBLE_DEVICES", "").split(",") if item]
        number = int(index or 0)
        made["CUDA_VISIBLE_DEVICES"] = visible[number] if number < len(visible) else str(number)
    else:
        made["CUDA_VISIBLE_DEVICES"] = "-1"
    if sharing > 1:
        made["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // sharing))
    return made


def ending(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"it ended with code {code}"
    try:
        return f"it was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was killed by signal {-code}"
