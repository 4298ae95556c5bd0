"""Install the Maya module: DEST/facepatch.mod, and DEST/facepatch with the module, facepatch.core and packages.

Everything is made ready in a folder of its own first, then moved file by file. The .mod goes first when an older
installation is taken away and comes last when the new one is whole, so Maya never finds half of one; the list of files
(`manifest`) is written before the first move, so an installation that was cut short is finished by the next.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from facepatch.core.deploy.manifest import NAME, Manifest, digest_of, read_manifest, write_manifest
from facepatch.core.deploy.mayas import MAYAS, Tag, find_mayas, modules_folder, tag_of, tags, this_platform
from facepatch.core.deploy.uninstall import clear_folders, remove_file
from facepatch.core.deploy.wheels import command_by_hand, make_vendor
from facepatch.core.errors import ConfigError, FacepatchError, StorageError
from facepatch.core.progress import OnProgress, Progress, silent

MODULE = "facepatch"
"""The folder of the module, beside its .mod."""
MOD = "facepatch.mod"
COMMAND_NAME = f"{MODULE}/facepatch.json"
"""Tells the module how to start the service; the user may change it."""
STAGING = ".facepatch.part"

_LEFT_OUT = {"__pycache__", ".pytest_cache", ".DS_Store"}
_FOR_THE_SOURCES = ("README.md", "install.py")
"""Of no use in an installation."""


@dataclass(frozen=True)
class InstallSettings:
    """What to install, and where."""

    source: Path
    """The checkout: the folder with `maya_module` and `backend`."""
    dest: Optional[Path] = None
    """The folder of modules. Default: that of this user, which every Maya of this user reads."""
    mayas: tuple[str, ...] = ()
    """Mayas to fetch packages for. Default: those on this machine; all that are known where there are none, or where
    `dest` is given."""
    platforms: tuple[str, ...] = ()
    """linux, mac, win64. Default: this one."""
    command: tuple[str, ...] = ()
    """How the module starts the service; empty where it is not known."""
    python: tuple[str, ...] = field(default_factory=lambda: (sys.executable,))
    """The interpreter whose pip fetches."""
    wheels: Optional[Path] = None
    """Folder of wheels to take in place of a package index."""


@dataclass(frozen=True)
class Vendor:
    """The compiled packages of one Python and machine, as they are now."""

    tag: Tag
    state: str
    """fetched, kept (they were there already) or missing."""
    packages: dict[str, str]
    reason: str = ""
    """Why they are missing."""
    by_hand: str = ""
    """The command that puts them there."""


@dataclass(frozen=True)
class Installed:
    """What an installation did."""

    mod: Path
    module: Path
    version: str
    replaced: str
    """The version that was there before, "" where there was none."""
    resumed: bool
    """Whether an installation that had been cut short was finished."""
    files: int
    size: int
    """Bytes on disk."""
    vendors: tuple[Vendor, ...]
    yours: tuple[str, ...]
    """Files that someone had changed: kept, under another name where the new one needed the place."""
    command: tuple[str, ...]

    def sentences(self) -> list[str]:
        """What to tell the user, one line each."""
        before = f", in place of {self.replaced}" if self.replaced else ""
        lines = [f"facepatch {self.version} is installed in {self.module}{before}: {self.files} files, "
                 f"{self.size / 1e6:.0f} MB. Maya finds it by {self.mod}."]  # fmt: skip
        if self.resumed:
            lines.append("An installation that had been cut short was finished.")
        for vendor in self.vendors:
            mayas = f"Maya {' and '.join(vendor.tag.mayas)}, {vendor.tag.machine}"
            if vendor.reason:
                lines.append(f"{mayas}: pyzmq and numpy are missing ({vendor.reason}).")
            else:
                named = ", ".join(f"{name} {version}" for name, version in sorted(vendor.packages.items()))
                lines.append(f"{mayas}: {named} {vendor.state}.")
        missing = [vendor.by_hand for vendor in self.vendors if vendor.reason]
        if missing:
            lines.append(
                "Everything else is in place. Install again where a package index can be reached, give a folder of "
                "wheels with --wheels, or run this there:"
            )
            lines += missing
        lines += [f"{name} had been changed and is kept." for name in self.yours]
        if self.command:
            lines.append(f"Maya starts the service by: {' '.join(self.command)}")
        else:
            lines.append(
                f"No command for the service is known. Set FACEPATCH_COMMAND, or write it into "
                f"{self.mod.parent / COMMAND_NAME}."
            )
        return [*lines, "Start Maya, again if it runs: the menu Facepatch and the shelf facepatch are there."]


def install(settings: InstallSettings, *, on_progress: OnProgress = silent) -> Installed:
    """Install, or take the place of an older installation. Packages that cannot be fetched are reported, not raised.

    Raises ConfigError where the source is no checkout or something else is in the place, UnknownNameError for an
    unknown Maya or platform, StorageError where the folder cannot be written.
    """
    version = version_of(settings.source)
    dest = Path(os.path.abspath((settings.dest or modules_folder()).expanduser()))  # noqa: PTH100  keeps links
    asked = tags(settings.mayas or _usual_mayas(settings), settings.platforms or (this_platform(),))
    staging = dest / STAGING
    with _refusals(dest):
        old = _look_at_place(dest)
        made = _make_folders(dest)
        try:
            shutil.rmtree(staging, ignore_errors=True)
            command = _stage(settings, staging, version, dest)
            vendors, kept = _stage_vendors(settings, asked, staging, dest, old, on_progress)
            if old is not None and COMMAND_NAME in old.files and not settings.command:
                kept[COMMAND_NAME] = old.files[COMMAND_NAME]
            files = {name: digest_of(staging / name) for name in _names_below(staging)}
            manifest = _manifest(version, {**files, **kept}, vendors, old, made)
            yours = _move(staging, dest, manifest)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            # Where nothing was moved yet, nothing is left of it.
            clear_folders(dest / MODULE, dest, made)
    size = sum((dest / name).stat().st_size for name in manifest.files if (dest / name).is_file())
    return Installed(
        mod=dest / MOD,
        module=dest / MODULE,
        version=version,
        replaced=old.facepatch if old and old.finished else "",
        resumed=old is not None and not old.finished,
        files=len(manifest.files),
        size=size,
        vendors=vendors,
        yours=yours,
        command=command,
    )


def version_of(source: Path) -> str:
    """The version of the checkout `source`. Raises ConfigError where it is none."""
    path = source / "backend" / "facepatch" / "__init__.py"
    if not path.is_file() or not (source / "maya_module" / "scripts").is_dir():
        raise ConfigError(
            f"{source}: there is no maya_module and no backend. Name the folder of facepatch's sources with --source."
        )
    found = re.search(r'^__version__ = "([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ConfigError(f"{path}: does not say its version. Get the sources again.")
    return found.group(1)


def mod_text(version: str) -> str:
    """The .mod of an installation. No MAYAVERSION: a Maya that is newer than this file still loads the module."""
    lines = (f"+ facepatch {version} {MODULE}", "PYTHONPATH+:=python", "MAYA_SHELF_PATH+:=shelves")
    return "".join(f"{line}\n" for line in lines)


def _usual_mayas(settings: InstallSettings) -> tuple[str, ...]:
    found = () if settings.dest else find_mayas()
    return found or tuple(MAYAS)


def _look_at_place(dest: Path) -> Optional[Manifest]:
    """The installation that is there. Raises ConfigError where something else is."""
    module = dest / MODULE
    if (module / NAME).is_file():
        return read_manifest(module / NAME)
    strange = next((path for path in (dest / MOD, module) if path.exists()), None)
    if strange is not None and not (strange.is_dir() and not any(strange.iterdir())):
        raise ConfigError(
            f"{strange}: is there, and no installation wrote it. Move it away, or choose another folder with --dest."
        )
    return None


def _make_folders(dest: Path) -> int:
    """Make the folder of modules. Returns how many folders that took."""
    absent = [folder for folder in (dest, *dest.parents) if not folder.exists()]
    dest.mkdir(parents=True, exist_ok=True)
    return len(absent)


def _stage(settings: InstallSettings, staging: Path, version: str, dest: Path) -> tuple[str, ...]:
    """Put everything but the compiled packages into `staging`, laid out as in the folder of modules."""
    source, module = settings.source, staging / MODULE
    _copy(source / "maya_module", module)
    for name in _FOR_THE_SOURCES:
        (module / name).unlink(missing_ok=True)
    package = source / "backend" / "facepatch"
    _copy(package / "core", module / "python" / "facepatch" / "core")
    shutil.copyfile(package / "__init__.py", module / "python" / "facepatch" / "__init__.py")
    for name in ("LICENSE", "NOTICE"):
        if (source / name).is_file():
            shutil.copyfile(source / name, module / name)
    guide = source / "docs"
    for path in (guide / "maya.md", *sorted((guide / "images").glob("maya_*.png"))):
        if path.is_file():
            target = module / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    (staging / MOD).write_text(mod_text(version), encoding="utf-8")
    commands = read_commands(dest / COMMAND_NAME)
    if settings.command:
        # Those of other systems stay: they may use the same folder.
        commands[this_platform()] = settings.command
        text = json.dumps({"commands": commands}, indent=1, sort_keys=True)
        (staging / COMMAND_NAME).write_text(f"{text}\n", encoding="utf-8")
    return commands.get(this_platform(), ())


def _copy(source: Path, target: Path) -> None:
    """Copy the files below `source`, but not their permissions: those of a new file fit the place."""
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if path.is_file() and not _LEFT_OUT & set(inside.parts):
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / inside)


def read_commands(path: Path) -> dict[str, tuple[str, ...]]:
    """Platform -> the words that start the service; {} where there is no such file, or it is damaged."""
    try:
        commands: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))["commands"]
        return {str(name): tuple(str(word) for word in words) for name, words in commands.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _stage_vendors(
    settings: InstallSettings, asked: tuple[Tag, ...], staging: Path, dest: Path, old: Optional[Manifest],
    on_progress: OnProgress,
) -> tuple[tuple[Vendor, ...], dict[str, str]]:  # fmt: skip
    """Fetch what is not there. Returns the state of every tag, and the files that stay as they are."""
    names = {tag.name for tag in asked}
    wanted = [*asked, *(tag_of(name) for name in (old.packages if old else {}) if name not in names)]
    vendors: list[Vendor] = []
    kept: dict[str, str] = {}
    for number, tag in enumerate(wanted):
        on_progress(Progress("packages", number, len(wanted), "Pythons", message=tag.name))
        there = _files_of(tag, dest, old)
        if there and old is not None:
            kept.update(there)
            vendors.append(Vendor(tag, "kept", old.packages[tag.name]))
            continue
        folder = staging / MODULE / "vendor" / tag.name
        try:
            packages = make_vendor(tag, folder, python=settings.python, wheels=settings.wheels)
            vendors.append(Vendor(tag, "fetched", packages))
        except FacepatchError as error:
            by_hand = command_by_hand(tag, dest / MODULE / "vendor" / tag.name)
            vendors.append(Vendor(tag, "missing", {}, reason=str(error), by_hand=by_hand))
    on_progress(Progress("packages", len(wanted), len(wanted), "Pythons"))
    return tuple(vendors), kept


def _files_of(tag: Tag, dest: Path, old: Optional[Manifest]) -> dict[str, str]:
    """The files of `tag` where an earlier installation has just these, whole; else none."""
    if old is None or old.requirements.get(tag.name) != " ".join(tag.requirements):
        return {}
    start = f"{MODULE}/vendor/{tag.name}/"
    files = {name: digest for name, digest in old.files.items() if name.startswith(start)}
    whole = all(
        (dest / name).is_file() and digest_of(dest / name) == digest for name, digest in files.items()
    )
    return files if whole else {}


def _manifest(
    version: str, files: dict[str, str], vendors: tuple[Vendor, ...], old: Optional[Manifest], made: int
) -> Manifest:
    there = [vendor for vendor in vendors if vendor.packages]
    return Manifest(
        facepatch=version,
        files=files,
        before={name: old.digests(name) for name in old.names()} if old else {},
        packages={vendor.tag.name: vendor.packages for vendor in there},
        requirements={vendor.tag.name: " ".join(vendor.tag.requirements) for vendor in there},
        folders=max(made, old.folders if old else 0),
    )


def _move(staging: Path, dest: Path, manifest: Manifest) -> tuple[str, ...]:
    """Bring the files to their places. Returns those that the user had changed."""
    list_path = dest / MODULE / NAME
    list_path.parent.mkdir(exist_ok=True)
    write_manifest(list_path, manifest)
    yours: list[str] = []
    # Maya must not find the module before it is whole.
    if not remove_file(dest, MOD, manifest):
        yours.append(_set_aside(dest / MOD).name)
    for name in sorted(set(manifest.before) - set(manifest.files)):
        if not remove_file(dest, name, manifest):
            yours.append(name)
    for name in sorted(set(_names_below(staging)) - {MOD}):
        target = dest / name
        if target.is_file():
            digest = digest_of(target)
            if digest == manifest.files[name]:
                continue  # Windows does not let a file go that a Maya has loaded; it need not.
            if not manifest.owns(name, digest):
                if name == COMMAND_NAME:
                    yours.append(name)
                    continue
                yours.append(_set_aside(target).relative_to(dest).as_posix())
        target.parent.mkdir(parents=True, exist_ok=True)
        (staging / name).replace(target)
    manifest.finished, manifest.before = True, {}
    write_manifest(list_path, manifest)
    (staging / MOD).replace(dest / MOD)
    return tuple(yours)


def _set_aside(path: Path) -> Path:
    """Rename a file of the user's to a name that is free."""
    names = (path.with_name(f"{path.name}.yours{number or ''}") for number in range(1000))
    free = next(name for name in names if not name.exists())
    path.replace(free)
    return free


def _names_below(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix()


@contextmanager
def _refusals(dest: Path) -> Generator[None, None, None]:
    """The system's refusals as sentences."""
    try:
        yield
    except PermissionError as error:
        raise StorageError(
            f"{error.filename or dest}: may not be written. Close every Maya that uses this module, or choose a folder "
            "of yours with --dest; then run the same command again: it goes on."
        ) from error
    except OSError as error:
        raise StorageError(
            f"{error.filename or dest}: cannot be written ({error.strerror or error}). Mend that and run the same "
            "command again: it goes on."
        ) from error
