"""Take an installation of the Maya module away: what it wrote and nobody changed, and nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from facepatch.core.deploy.manifest import NAME, Manifest, digest_of, read_manifest
from facepatch.core.deploy.mayas import modules_folder
from facepatch.core.errors import ConfigError, StorageError


@dataclass(frozen=True)
class Removed:
    """What was taken away, and what was not."""

    dest: Path
    files: int
    changed: tuple[str, ...]
    """Files of the installation that someone changed since; kept."""
    strangers: tuple[str, ...]
    """What lies in the folder of the module and was not written by the installation; kept."""

    def sentences(self) -> list[str]:
        """What to tell the user, one line each."""
        lines = [f"facepatch is taken out of {self.dest}: {self.files} files."]
        lines += [f"{name} was changed since the installation and is kept." for name in self.changed]
        lines += [f"{name} was not written by the installation and is kept." for name in self.strangers]
        return lines


def uninstall(dest: Optional[Path] = None) -> Removed:
    """Take away the installation in the folder of modules `dest`, by default that of this user.

    Raises ConfigError where there is none, StorageError where a file cannot be removed; the same call goes on then.
    """
    folder = Path(os.path.abspath((dest or modules_folder()).expanduser()))  # noqa: PTH100  keeps links
    module, staging = folder / "facepatch", folder / ".facepatch.part"
    left_over = staging.is_dir()
    shutil.rmtree(staging, ignore_errors=True)
    if not (module / NAME).is_file():
        if left_over:
            return Removed(folder, 0, (), ())
        raise ConfigError(
            f"{folder}: facepatch is not installed there. Name the folder of its .mod with --dest."
        )
    manifest = read_manifest(module / NAME)
    changed: list[str] = []
    count = 0
    try:
        # The .mod first: Maya must not find half a module.
        for name in sorted(manifest.names(), key=lambda name: (name != "facepatch.mod", name)):
            there = (folder / name).is_file()
            if remove_file(folder, name, manifest):
                count += there
            else:
                changed.append(name)
        (module / NAME).unlink()
        clear_folders(module, folder, manifest.folders)
    except OSError as error:
        raise StorageError(
            f"{error.filename}: cannot be removed ({error.strerror}). Close every Maya that uses it and run the same "
            "command again: it goes on."
        ) from error
    return Removed(folder, count, tuple(changed), _strangers(module, folder, changed))


def remove_file(folder: Path, name: str, manifest: Manifest) -> bool:
    """Remove the file `name` below `folder`, with what Python compiled from it. False where it was changed."""
    path = folder / name
    if path.is_file():
        if not manifest.owns(name, digest_of(path)):
            return False
        path.unlink()
    if path.suffix == ".py":
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink()
    return True


def clear_folders(module: Path, dest: Path, made: int) -> None:
    """Remove the empty folders of the module, and the `made` folders that the installation made for it."""
    below = [path for path in module.rglob("*") if path.is_dir()] if module.is_dir() else []
    folders = [*sorted(below, key=lambda path: -len(path.parts)), module, *(dest, *dest.parents)[:made]]
    for folder in folders:
        # A folder that is not empty holds something of somebody's.
        with contextlib.suppress(OSError):
            folder.rmdir()


def _strangers(module: Path, folder: Path, changed: list[str]) -> tuple[str, ...]:
    if not module.is_dir():
        return ()
    names = {path.relative_to(folder).as_posix() for path in module.rglob("*") if path.is_file()}
    found = sorted(names - set(changed))
    return (*found[:10], f"{len(found) - 10} more files in {module}") if len(found) > 10 else tuple(found)
