"""What an installation wrote, file by file with its hash, so that taking it away takes exactly that away."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from facepatch.core.errors import FormatError, VersionError

KIND = "facepatch.maya_install"
VERSION = 1
NAME = "install.json"
"""In the folder of the module."""

_PIECE = 1 << 20


@dataclass
class Manifest:
    """One installation."""

    facepatch: str
    """Version of facepatch."""
    finished: bool = False
    """False while files are being moved: then each is as `files` says, or as `before` does, or not there."""
    files: dict[str, str] = field(default_factory=dict[str, str])
    """Path below the folder of modules, with forward slashes -> SHA-256."""
    before: dict[str, list[str]] = field(default_factory=dict[str, "list[str]"])
    """The files of the installations that this one takes the place of, until it is finished."""
    packages: dict[str, dict[str, str]] = field(default_factory=dict[str, "dict[str, str]"])
    """Folder of compiled packages, such as cp311-win_amd64 -> package -> its version."""
    requirements: dict[str, str] = field(default_factory=dict[str, str])
    """Folder of compiled packages -> what was asked for."""
    folders: int = 0
    """How many folders were made for it: that of modules itself, and those above it."""

    def owns(self, name: str, digest: str) -> bool:
        """Whether the file `name` with the hash `digest` is as an installation left it."""
        return digest in self.digests(name)

    def digests(self, name: str) -> list[str]:
        """Every hash that an installation gave the file `name`."""
        new = [self.files[name]] if name in self.files else []
        return sorted({*new, *self.before.get(name, [])})

    def names(self) -> list[str]:
        """Every file that may be there, sorted."""
        return sorted({*self.files, *self.before})


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for piece in iter(lambda: stream.read(_PIECE), b""):
            digest.update(piece)
    return digest.hexdigest()


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write it whole or not at all. Raises OSError."""
    values = {"record": KIND, "version": VERSION, **asdict(manifest)}
    temporary = path.with_name(f"{path.name}.part")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(values, indent=1, sort_keys=True))
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


def read_manifest(path: Path) -> Manifest:
    """Read it. Raises FormatError where it is damaged, VersionError where a newer facepatch wrote it."""
    advice = "Remove the folder of the module and facepatch.mod beside it by hand, then install again."
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: cannot be read ({error}). {advice}") from error
    if not isinstance(values, dict) or cast("dict[str, Any]", values).get("record") != KIND:
        raise FormatError(f"{path}: is not the list of an installation. {advice}")
    found = cast("dict[str, Any]", values)
    if found.get("version") != VERSION:
        raise VersionError(
            f"{path}: has version {found.get('version')}, this facepatch knows {VERSION}. "
            "Use the facepatch that installed it, or a newer one."
        )
    try:
        manifest = Manifest(**{name: found[name] for name in Manifest.__dataclass_fields__})
    except KeyError as error:
        raise FormatError(f"{path}: {error} is missing. {advice}") from error
    strange = [
        name for name in manifest.names() if name.startswith("/") or ".." in name.split("/") or ":" in name
    ]
    if strange:
        raise FormatError(f"{path}: '{strange[0]}' lies outside of the folder. {advice}")
    return manifest
