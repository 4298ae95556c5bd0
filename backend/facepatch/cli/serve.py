"""`facepatch serve`: the server that other programs, and the other verbs with --service, give their work to."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from facepatch.cli.console import Common, Console


@dataclass(frozen=True, kw_only=True)
class Arguments(Common):
    """The flags of `facepatch serve`."""

    roots: tuple[Path, ...] = ()
    """Folders that jobs may read and write in, with all below. Default: the home folder and the current one."""
    host: str = "127.0.0.1"
    """Address to listen on. Any but this machine's own needs --keys."""
    port: int = 0
    """0: the port of the last time, or a free one."""
    keys: Path | None = None
    """Folder with the keys of server and clients; made where it is missing."""
    state: Path | None = None
    """Folder for jobs and previews. Default: one of this user's."""
    connection: Path | None = None
    """Where to write the connection file. Default: where clients of this user look for it."""
    devices: tuple[str, ...] = ()
    """One worker each: cuda:0 cuda:1 cpu. Default: every NVIDIA GPU, else the processor."""
    workers: int = 1
    """Workers on the processor."""
    preview_mb: int = 500
    """Disk for preview pictures."""


def run(arguments: Arguments, console: Console) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    from facepatch.service.server import Server
    from facepatch.service.settings import ServeSettings, state_folder

    settings = ServeSettings(
        state=arguments.state or state_folder(),
        roots=arguments.roots,
        host=arguments.host,
        port=arguments.port,
        keys=arguments.keys,
        connection=arguments.connection,
        devices=arguments.devices,
        workers=arguments.workers,
        preview_mb=arguments.preview_mb,
    )
    with Server(settings) as server, stopped_by_signals(server.stop):
        waiting = sum(not job.has_ended for job in server.board.jobs.values())
        facts = {
            "address": server.connection.address,
            "connection": str(server.connection_file),
            "devices": list(server.devices),
            "roots": [str(root) for root in server.roots.allowed],
            "state": str(settings.state),
            "jobs": waiting,
        }
        names = {"address": "listens on", "connection": "clients read", "devices": "works on", "roots": "may use",
                 "state": "keeps jobs in", "jobs": "goes on with"}  # fmt: skip
        lines = [f"  {names[name]:<14}{text(value)}" for name, value in facts.items()]
        console.result("\n".join(["facepatch serves. Ctrl-C stops it.", *lines]), **facts)
        server.serve()
    console.say("Stopped. What was queued or running goes on at the next start.")
    return 0


def text(value: object) -> str:
    """A fact for people."""
    if isinstance(value, int):
        return f"{value} {'job' if value == 1 else 'jobs'}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Generator[None, None, None]:
    """Ctrl-C, SIGTERM and a closed terminal call `stop` inside the block."""
    names = ["SIGINT", "SIGTERM", "SIGBREAK" if sys.platform == "win32" else "SIGHUP"]
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {name: signal.signal(getattr(signal, name), lambda *_: stop()) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
