"""Compiled packages for a Maya: fetched by pip as wheels for that Maya's Python and system, and unpacked.

A Maya need not be installed on the machine that fetches, and need not run on the same system.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Optional

from facepatch.core.deploy.mayas import Tag
from facepatch.core.errors import FormatError, UnavailableError

NEEDED = ("numpy", "zmq")
"""Folders that must be there when all wheels of a tag are unpacked."""

_PATIENCE = ("--retries", "1", "--timeout", "15")
_LIMIT_S = 600.0


def pip_words(tag: Tag, wheels: Optional[Path]) -> list[str]:
    """pip's options for `tag`: only wheels, of that Python and system. wheels: a folder to take them from."""
    words = ["--no-deps", "--only-binary=:all:", "--implementation", "cp"]
    words += ["--python-version", f"{tag.python[0]}.{tag.python[1]}"]
    for name in tag.pip_platforms:
        words += ["--platform", name]
    if wheels is not None:
        words += ["--no-index", "--find-links", str(wheels)]
    return [*words, *tag.requirements]


def command_by_hand(tag: Tag, folder: Path) -> str:
    """What a user types on a machine that reaches a package index."""
    words = ["python", "-m", "pip", "install", "--target", str(folder), *pip_words(tag, None)]
    return " ".join(f'"{word}"' if set(word) & set(' <>=,"') and word[0] != "-" else word for word in words)


def fetch_wheels(
    tag: Tag, folder: Path, *, python: Sequence[str], wheels: Optional[Path] = None
) -> list[Path]:
    """Download the wheels of `tag` into `folder` with the pip of `python`.

    Raises UnavailableError with pip's own reason.
    """
    words = [*python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
             *_PATIENCE, "--dest", str(folder), *pip_words(tag, wheels)]  # fmt: skip
    # Maya has no console; on Windows a child would open one.
    flags = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIMIT_S,
            check=False,
            creationflags=flags,
        )
    except OSError as error:
        raise UnavailableError(f"{words[0]}: cannot be run ({error.strerror or error})") from error
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"pip did not end within {_LIMIT_S:.0f} seconds") from error
    if done.returncode:
        raise UnavailableError(_reason((done.stderr or done.stdout).decode("utf-8", "replace")))
    return sorted(folder.glob("*.whl"))


def unpack_wheels(wheels: Sequence[Path], folder: Path) -> dict[str, str]:
    """Unpack `wheels` into `folder` and return package -> version. Raises FormatError for a damaged or wrong one.

    Raises OSError where the disk refuses.
    """
    versions: dict[str, str] = {}
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        versions[name] = version
        try:
            with zipfile.ZipFile(wheel) as archive:
                for member in archive.infolist():
                    _unpack(archive, member, wheel, folder)
        except zipfile.BadZipFile as error:
            raise FormatError(f"{wheel.name}: cannot be unpacked ({error})") from error
    absent = [name for name in NEEDED if not (folder / name).is_dir()]
    if absent:
        raise FormatError(
            f"{', '.join(w.name for w in wheels) or 'no wheel'}: without the folder {absent[0]}"
        )
    return versions


def make_vendor(
    tag: Tag, folder: Path, *, python: Sequence[str], wheels: Optional[Path] = None
) -> dict[str, str]:
    """Fetch and unpack the packages of `tag` into the new folder `folder`; it is not there where this fails."""
    with tempfile.TemporaryDirectory(prefix="facepatch-wheels-") as fetched:
        try:
            found = fetch_wheels(tag, Path(fetched), python=python, wheels=wheels)
            return unpack_wheels(found, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, wheel: Path, folder: Path) -> None:
    parts = PurePosixPath(member.filename).parts
    if member.is_dir() or not parts:
        return
    if parts[0].endswith(".data"):
        # Files that belong beside the packages, and others (scripts, headers) that Maya has no use for.
        if len(parts) < 3 or parts[1] not in ("purelib", "platlib"):
            return
        parts = parts[2:]
    if ".." in parts or parts[0].startswith("/") or ":" in parts[0] or "\\" in member.filename:
        raise FormatError(f"{wheel.name}: '{member.filename}' lies outside of the folder")
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)


def _reason(said: str) -> str:
    """pip's last complaint in one line: warnings and advice left out."""
    if "connection broken" in said:
        # pip's last line says only that it found nothing.
        return "pip cannot reach its package index"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.partition(":")[2].strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip gave no reason"])[-1].rstrip(".")[:300]
