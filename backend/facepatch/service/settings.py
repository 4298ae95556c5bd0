"""Settings of the server."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from facepatch.core.errors import ConfigError


def state_folder() -> Path:
    """Where the server of this user keeps its jobs, by the habit of the platform. FACEPATCH_STATE overrides."""
    given = os.environ.get("FACEPATCH_STATE")
    if given:
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "facepatch"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "facepatch"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "facepatch"


@dataclass(frozen=True)
class ServeSettings:
    """Everything that decides how a server runs."""

    state: Path = field(default_factory=state_folder)
    """Folder for jobs and previews. One server per folder; the next one goes on with what lies there."""
    roots: tuple[Path, ...] = ()
    """Folders that jobs may read and write in, with all below them. None: the home folder and the current one."""
    host: str = "127.0.0.1"
    """Address to listen on. Any but a loopback address needs keys."""
    port: int = 0
    """0: the port of the last time, or a free one."""
    keys: Path | None = None
    """Folder with the CURVE keys of the server and its clients; made where it is missing."""
    connection: Path | None = None
    """Where to write the connection file. None: where clients of this user look for it."""
    devices: tuple[str, ...] = ()
    """One worker each: cuda:0, cuda:1, cpu. None: every NVIDIA GPU that nvidia-smi lists, else the processor."""
    workers: int = 1
    """Workers on the processor, each with its share of the cores."""
    verbs: str = "facepatch.service.verbs:VERBS"
    """module:attribute of the table of verbs. Tests put quick ones in its place."""
    cancel_s: float = 0.7
    """A worker that was asked to cancel and has not ended after this is killed."""
    stop_s: float = 20.0
    """A stopping server waits this long for checkpoints."""
    attempts: int = 3
    """A job whose worker died this many times has failed."""
    max_jobs: int = 20_000
    """Jobs kept. Ended ones make room, oldest first; where none has ended, new ones are refused."""
    previews_per_job: int = 50
    """Preview pictures kept of each job."""
    preview_mb: int = 500
    """Disk for all preview pictures; the oldest go first."""
    max_message_mb: int = 256
    """The network layer refuses larger frames before it takes memory for them."""
    outbox_mb: int = 256
    """What may wait for one client. A client that leaves more unread is forgotten until it asks again."""
    stall_s: float = 10.0
    """A client that takes nothing for this long no longer holds up a stream that drops nothing."""

    def __post_init__(self) -> None:
        for name in ("workers", "attempts", "max_jobs", "previews_per_job", "max_message_mb", "outbox_mb"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: {getattr(self, name)} is less than 1.")
        for name in ("cancel_s", "stop_s", "stall_s", "preview_mb"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}: {getattr(self, name)} is negative.")
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"port: {self.port} lies outside 0..65535.")
