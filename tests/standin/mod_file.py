"""Reads .mod files as Maya does, from Autodesk's description and the observations in MHendricks/maya-module-examples.

- A line that begins with "+ " opens an entry: conditions (MAYAVERSION:, PLATFORM:, LOCALE:), name, version, path.
- The lines below belong to it up to a blank line or a comment; whatever follows is ignored up to the next "+ ".
- `NAME=v` sets a variable, `NAME+=v` appends; with a colon before the `=`, v is relative to the module's path.
- `folder: path` (with the blank) moves a standard folder, `[r]` takes those below as well.
- Appending to a variable that is not set leaves a separator at the start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

FOLDERS = {
    "plug-ins": ("MAYA_PLUG_IN_PATH",),
    "scripts": ("MAYA_SCRIPT_PATH", "PYTHONPATH"),
    "icons": ("XBMLANGPATH",),
    "presets": ("MAYA_PRESET_PATH",),
}
_VARIABLE = re.compile(r"(\w+)\s*(\+?)(:?)=\s*(.*)")
_FOLDER = re.compile(r"(\[r\]\s+)?([\w-]+):\s+(.+)")


@dataclass
class Module:
    """One entry that applies."""

    name: str
    version: str
    path: PurePosixPath
    folders: dict[str, PurePosixPath] = field(default_factory=dict)
    variables: list[tuple[str, bool, str]] = field(default_factory=list)
    """Name, whether it appends, value."""


@dataclass
class ModFile:
    """What Maya takes from one file."""

    modules: list[Module]
    ignored: list[str]
    """Lines that look as if they meant something and have no effect."""


def read_mod(path: Path, *, maya: str = "2025", platform: str = "linux", locale: str = "en_US") -> ModFile:
    """Read one file as Maya `maya` on `platform` does."""
    here = {"MAYAVERSION": maya, "PLATFORM": platform, "LOCALE": locale}
    found = ModFile([], [])
    current: Module | None = None
    closed = True
    for line in path.read_text(encoding="utf-8").replace("\\", "/").splitlines():
        if line.startswith("+ "):
            current, closed = _entry(line, path.parent, here), False
        elif not line.strip() or line.lstrip().startswith(("#", "//")):
            closed = True
        elif closed or (current is not None and not _take(line.strip(), current)):
            found.ignored.append(line)
        if current is not None and current not in found.modules:
            found.modules.append(current)
    return found


def environment(module: Module, before: dict[str, str], *, platform: str = "linux") -> dict[str, str]:
    """The variables `before`, as they are when Maya has loaded `module`."""
    separator = ";" if platform == "win64" else ":"
    after = dict(before)
    for folder, names in FOLDERS.items():
        value = str(module.folders.get(folder, module.path / folder))
        for name in names:
            picture = f"{value}/%B" if name == "XBMLANGPATH" and platform == "linux" else value
            after[name] = f"{after[name]}{separator}{picture}" if after.get(name) else picture
    for name, appends, value in module.variables:
        after[name] = f"{after.get(name, '')}{separator}{value}" if appends else value
    return after


def _entry(line: str, folder: Path, here: dict[str, str]) -> Module | None:
    words = line[2:].split()
    while words and words[0].partition(":")[0] in here:
        key, _, wanted = words.pop(0).partition(":")
        if here[key] != wanted:
            return None
    name, version, *rest = words
    return Module(name, version, _inside(PurePosixPath(folder.as_posix()), " ".join(rest)))


def _take(line: str, module: Module) -> bool:
    variable = _VARIABLE.fullmatch(line)
    if variable:
        name, plus, colon, value = variable.groups()
        module.variables.append((name, bool(plus), str(_inside(module.path, value)) if colon else value))
        return True
    folder = _FOLDER.fullmatch(line)
    if folder and folder.group(2) in FOLDERS:
        module.folders[folder.group(2)] = _inside(module.path, folder.group(3))
        return True
    return False


def _inside(path: PurePosixPath, value: str) -> PurePosixPath:
    absolute = value.startswith("/") or re.match(r"[A-Za-z]:/", value)
    return PurePosixPath(value) if absolute else path / value
