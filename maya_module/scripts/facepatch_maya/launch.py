"""Find the command that starts the service, and start it apart from Maya: no shell, no console, no terminal.

The command comes from FACEPATCH_COMMAND, else from what install wrote down, else from the checkout that the module lies
in, else from PATH.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from facepatch.core.connection import connection_path
from facepatch.core.errors import ConfigError, StorageError, UnavailableError
from facepatch_maya.bootstrap import settings_command

VARIABLE = "FACEPATCH_COMMAND"
ROOTS_VARIABLE = "FACEPATCH_ROOTS"
"""Folders that jobs may use beside the home folder, separated as in PATH."""

_MAYAS_OWN = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONEXECUTABLE",
    "__PYVENV_LAUNCHER__",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "DYLD_LIBRARY_PATH",
    "DYLD_FRAMEWORK_PATH",
    "QT_PLUGIN_PATH",
)
"""They lead another Python to Maya's libraries, where it crashes."""

_LOG_TAIL = 2000


def find_command(
    environment: Optional[Mapping[str, str]] = None, *, module: Optional[Path] = None
) -> list[str]:
    """The words that run `facepatch`. Raises UnavailableError where it is not installed anywhere that is known."""
    variables = os.environ if environment is None else environment
    given = variables.get(VARIABLE, "")
    if given:
        return _words(given)
    command = list(settings_command(module))
    if command:
        return command
    found = shutil.which("facepatch", path=variables.get("PATH"))
    if found:
        return [found]
    raise UnavailableError(
        "The command facepatch is not known to Maya. Run `facepatch maya install` where facepatch is installed, or set "
        f"{VARIABLE} to its path before Maya starts."
    )


def known_roots(environment: Optional[Mapping[str, str]] = None) -> list[Path]:
    """The folders that a service started from Maya may use: the home folder, and those of FACEPATCH_ROOTS."""
    variables = os.environ if environment is None else environment
    named = variables.get(ROOTS_VARIABLE, "").split(os.pathsep)
    return [Path.home(), *(Path(name) for name in named if name)]


def _words(given: str) -> list[str]:
    # A path with blanks in it is one word.
    if Path(given).is_file():
        return [given]
    try:
        words = shlex.split(given, posix=os.name == "posix")
    except ValueError as error:
        raise ConfigError(f"{VARIABLE}: {given!r} is no command ({error}).") from error
    return [word.strip('"') for word in words]


def clean_environment(environment: Optional[Mapping[str, str]] = None) -> dict[str, str]:
    """The variables without those by which Maya finds its own Python and Qt."""
    variables = os.environ if environment is None else environment
    return {name: value for name, value in variables.items() if name not in _MAYAS_OWN}


def log_path() -> Path:
    """Where a service that was started from Maya says what it does."""
    return connection_path().with_suffix(".log")


class StartedService:
    """The process of a service, which goes on when nobody holds this any more."""

    def __init__(self, process: subprocess.Popen[Any]) -> None:
        self._process = process

    def __del__(self) -> None:
        # Python warns of a child that nobody waits for; this one is meant to outlive us.
        if self._process.poll() is None:
            self._process.returncode = 0

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def poll(self) -> Optional[int]:
        """Its exit code, None while it runs."""
        return self._process.poll()

    def wait(self, timeout_s: float) -> int:
        """Its exit code, once it has ended."""
        return self._process.wait(timeout_s)


def start_service(
    command: Sequence[str], *, roots: Sequence[Path] = (), environment: Optional[Mapping[str, str]] = None
) -> StartedService:
    """Run `facepatch serve` for the folders `roots`; it goes on when Maya ends. What it says goes to `log_path()`.

    roots: empty for the service's own default, the home folder. Raises UnavailableError where the command cannot be
    run, StorageError where the log cannot be written.
    """
    words = [*command, "serve"]
    if roots:
        words += ["--roots", *(str(root) for root in roots)]
    path = log_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stream = path.open("wb")
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error}).") from error
    apart: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        # Hidden, not detached: its workers would open a console window each.
        apart = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    with stream:
        try:
            return StartedService(
                subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    cwd=str(Path.home()),
                    env=clean_environment(environment),
                    **apart,
                )
            )
        except OSError as error:
            raise UnavailableError(
                f"{words[0]}: cannot be run ({error.strerror or error}). Set {VARIABLE} to the command facepatch."
            ) from error


def last_words(path: Optional[Path] = None) -> str:
    """The last line of the service's log, "" where there is none."""
    try:
        text = (path or log_path()).read_bytes()[-_LOG_TAIL:].decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
