"""The connection file: where the user's service is, and the secret that its requests carry.

The service writes it when it starts (mode 0600), clients read it. It lies in the user's own folder, under the name of
the machine, since homes are often shared between machines. FACEPATCH_CONNECTION names another place.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional, cast

from facepatch.core.errors import ConfigError, ForbiddenError, FormatError, StorageError, UnavailableError
from facepatch.core.schema import from_dict, to_dict

KIND = "facepatch.connection"
VERSION = 1
VARIABLE = "FACEPATCH_CONNECTION"

START = "Start it: facepatch serve"


@dataclass(frozen=True)
class Connection:
    """What a client must know to talk to a service."""

    address: str
    """As ZeroMQ has it: tcp://127.0.0.1:5555."""
    token: str = field(repr=False)
    pid: int = 0
    """The process of the service."""
    server_key: str = ""
    """The service's public CURVE key (Z85); "" on the loopback."""
    client_key_file: str = ""
    """File with the client's own CURVE keys (`.key_secret`); "" on the loopback."""


def connection_path() -> Path:
    """Where the connection file of this user on this machine is."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return folder / "facepatch" / f"connection-{socket.gethostname()}.json"


def read_connection(path: Optional[Path] = None) -> Connection:
    """Read a connection file, by default that of this user.

    Raises UnavailableError where there is none, ForbiddenError where others may read it, and FormatError where it is
    damaged.
    """
    path = path or connection_path()
    try:
        with path.open("rb") as stream:
            _check_private(path, os.fstat(stream.fileno()))
            values = json.loads(stream.read(65536).decode("utf-8"))
    except FileNotFoundError:
        raise UnavailableError(f"No service of yours is running: {path} is not there. {START}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(
            f"{path}: is no connection file ({error}). Start the service again: facepatch serve"
        ) from error
    if not isinstance(values, dict) or cast("dict[str, Any]", values).get("record") != KIND:
        raise FormatError(f"{path}: is no connection file. Start the service again: facepatch serve")
    known = {
        name: value
        for name, value in cast("dict[str, Any]", values).items()
        if name in Connection.__dataclass_fields__
    }
    try:
        return from_dict(Connection, known, "connection")
    except ConfigError as error:
        raise FormatError(f"{path}: {error}. Start the service again: facepatch serve") from error


def _check_private(path: Path, status: os.stat_result) -> None:
    # Windows has no such mode; there the user's own folder is private.
    if os.name == "posix" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ForbiddenError(f"{path}: other users may read this secret. Run: chmod 600 '{path}'")


def write_connection(connection: Connection, path: Optional[Path] = None) -> Path:
    """Write the connection file, atomically and readable by this user alone, and say where it is.

    Raises StorageError where the folder cannot be written.
    """
    path = path or connection_path()
    values = {"record": KIND, "version": VERSION, **to_dict(connection)}
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The mode comes with the file: there is no moment in which others could read it.
        number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            json.dump(values, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be written ({error.strerror or error}). Name another place in {VARIABLE}."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return path


def remove_connection(connection: Connection, path: Optional[Path] = None) -> None:
    """Remove the connection file, unless another service has put its own there meanwhile."""
    path = path or connection_path()
    try:
        if read_connection(path) == connection:
            path.unlink()
    except (UnavailableError, ForbiddenError, FormatError, OSError):
        # Whatever lies there now is not ours.
        return
