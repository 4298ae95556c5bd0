"""Which Python each Maya has, and which compiled packages it needs: the one place for these facts."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from facepatch.core.errors import UnknownNameError

MAYAS: Mapping[str, tuple[int, int]] = {
    "2023": (3, 9),
    "2024": (3, 10),
    "2025": (3, 11),
    "2026": (3, 11),
    "2027": (3, 13),
}
"""Maya -> its Python (Autodesk/maya-usd, doc/build.md)."""

PLATFORMS = ("linux", "mac", "win64")
"""The names that Maya's own .mod files have for them."""

PYZMQ = "pyzmq>=26,<28"
NUMPY = "numpy<2"
"""Up to Maya 2026: its PySide was compiled for NumPy 1 and complains about NumPy 2."""
NUMPY_2 = "numpy>=2.1,<3"
"""From Python 3.13 on, for which there is no NumPy 1."""

_OF_MACHINE = {
    "linux": ("manylinux_x86_64",),
    "win64": ("win_amd64",),
    "mac": ("macosx_arm64", "macosx_x86_64"),
}
_FOR_PIP = {
    "manylinux_x86_64": ("manylinux2014_x86_64", "manylinux_2_17_x86_64"),
    "win_amd64": ("win_amd64",),
    "macosx_arm64": ("macosx_11_0_arm64", "macosx_14_0_arm64"),
    "macosx_x86_64": ("macosx_10_15_x86_64", "macosx_14_0_x86_64"),
}
_SINCE_2024 = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_26_x86_64")
"""Maya 2023 still runs on CentOS 7; later ones ask for a system with glibc 2.28."""
_FIRST_ARM_PYTHON = (3, 10)
"""Maya runs natively on Apple's own processors since 2024."""


@dataclass(frozen=True)
class Tag:
    """One folder of compiled packages: a Python on a kind of machine."""

    python: tuple[int, int]
    machine: str
    """manylinux_x86_64, win_amd64, macosx_arm64 or macosx_x86_64."""

    @property
    def name(self) -> str:
        """Such as cp311-win_amd64, the folder's name."""
        return f"cp{self.python[0]}{self.python[1]}-{self.machine}"

    @property
    def requirements(self) -> tuple[str, str]:
        """What pip is asked for."""
        return (PYZMQ, NUMPY if self.python < (3, 12) else NUMPY_2)

    @property
    def pip_platforms(self) -> tuple[str, ...]:
        """The platform names of the wheels that run there."""
        later = _SINCE_2024 if self.machine.startswith("manylinux") and self.python >= (3, 10) else ()
        return (*later, *_FOR_PIP[self.machine])

    @property
    def mayas(self) -> tuple[str, ...]:
        """The Mayas that use it."""
        return tuple(maya for maya, python in MAYAS.items() if python == self.python)


def tags(mayas: Iterable[str], platforms: Iterable[str]) -> tuple[Tag, ...]:
    """One tag per Python and machine that `mayas` on `platforms` have. Raises UnknownNameError."""
    found: dict[str, Tag] = {}
    for maya in mayas:
        if maya not in MAYAS:
            raise UnknownNameError("Maya", maya, MAYAS, "facepatch runs in these.")
        for name in platforms:
            if name not in _OF_MACHINE:
                raise UnknownNameError("platform", name, PLATFORMS)
            for machine in _OF_MACHINE[name]:
                tag = Tag(MAYAS[maya], machine)
                if machine != "macosx_arm64" or tag.python >= _FIRST_ARM_PYTHON:
                    found[tag.name] = tag
    return tuple(sorted(found.values(), key=lambda tag: (tag.python, tag.machine)))


def tag_of(name: str) -> Tag:
    """The tag whose name is `name`."""
    python, machine = name[2:].split("-")
    return Tag((int(python[0]), int(python[1:])), machine)


def this_platform() -> str:
    """Maya's name for the system that this runs on."""
    return {"win32": "win64", "darwin": "mac"}.get(sys.platform, "linux")


def this_tag() -> Tag:
    """The tag of the interpreter that asks."""
    arm = platform.machine().lower() in ("arm64", "aarch64")
    machine = {"win64": "win_amd64", "mac": "macosx_arm64" if arm else "macosx_x86_64"}.get(this_platform())
    return Tag((sys.version_info[0], sys.version_info[1]), machine or "manylinux_x86_64")


def find_mayas(folders: Optional[Sequence[Path]] = None) -> tuple[str, ...]:
    """The Mayas that are installed below `folders`, by default in Autodesk's own place; only those that are known."""
    if folders is None:
        folders = [Path(os.environ.get("PROGRAMFILES") or "C:/Program Files", "Autodesk"),
                   Path("/usr/autodesk"), Path("/Applications/Autodesk")]  # fmt: skip
    names = {path.name.lower() for folder in folders if folder.is_dir() for path in folder.iterdir()}
    return tuple(maya for maya in MAYAS if f"maya{maya}" in names)


def modules_folder(environment: Optional[Mapping[str, str]] = None, home: Optional[Path] = None) -> Path:
    """Where every Maya of this user looks for modules."""
    variables = os.environ if environment is None else environment
    given = variables.get("MAYA_APP_DIR", "")
    if given:
        return Path(given).expanduser() / "modules"
    home = home or Path.home()
    if this_platform() == "mac":
        return home / "Library" / "Preferences" / "Autodesk" / "maya" / "modules"
    if this_platform() == "linux":
        return home / "maya" / "modules"
    clouded = variables.get("OneDrive", "")
    documents = (
        Path(clouded, "Documents") if clouded and Path(clouded, "Documents", "maya").is_dir() else None
    )
    return (documents or home / "Documents") / "maya" / "modules"
