"""A record: a JSON header plus named arrays. The same pair is the file on disk and the message on the wire.

On disk one `.npz` without pickle; the header is the array `header` (UTF-8 bytes). Writing is temporary file,
flush, fsync, rename, so a record is either whole or absent.
"""

from __future__ import annotations

import errno
import io
import json
import os
import zipfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from facepatch.core.errors import FormatError, InputError, StorageError, VersionError

Arrays = dict[str, NDArray[Any]]
Upgrade = Callable[[dict[str, Any], Arrays], None]


class Record(NamedTuple):
    """`header["record"]` names the kind, `header["version"]` its version."""

    header: dict[str, Any]
    arrays: Arrays


@contextmanager
def atomic_write(path: Path) -> Generator[IO[bytes], None, None]:
    """Open a file that takes the place of `path` only when the block ends well.

    Raises StorageError where the folder cannot be written or the disk is full; `path` is then as before.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        if temporary.exists():
            temporary.unlink()


def storage_error(path: Path, error: OSError) -> StorageError:
    """The sentence for an operating system's refusal to write `path`."""
    if error.errno == errno.ENOSPC:
        return StorageError(
            f"{path}: the disk is full. Free some space and run the same command again: it goes on."
        )
    return StorageError(f"{path}: cannot be written ({error.strerror or error}). Choose another --out.")


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_write(path) as stream:
        stream.write(text.encode("utf-8"))


def write_record(path: Path, record: Record) -> None:
    """Write `record` as one `.npz`, atomically."""
    header = np.frombuffer(json.dumps(record.header).encode("utf-8"), dtype=np.uint8)
    buffer = io.BytesIO()
    arrays: dict[str, Any] = dict(record.arrays)
    np.savez(buffer, header=header, **arrays)
    with atomic_write(path) as stream:
        stream.write(buffer.getbuffer())


def record_kind(path: Path) -> str:
    """What the record at `path` holds; "" where it is no record. Raises InputError where there is no file."""
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            header: Any = json.loads(bytes(stored["header"]).decode("utf-8"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return ""
    return str(header.get("record", "")) if isinstance(header, dict) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def read_record(
    path: Path, kind: str, version: int, upgrades: Optional[Mapping[int, Upgrade]] = None
) -> Record:
    """Read a record of `kind`, brought to `version` by `upgrades` (from version -> function).

    Raises FormatError for a file that is no such record and VersionError for one that is newer.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays: Arrays = {name: stored[name] for name in stored.files}
        header: dict[str, Any] = json.loads(bytes(arrays.pop("header")).decode("utf-8"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path}: is no whole facepatch record ({error}). Make it again.") from error
    if header.get("record") != kind:
        raise FormatError(f"{path}: holds '{header.get('record')}', but '{kind}' is needed.")
    found = int(header.get("version", 0))
    if found > version:
        raise VersionError(
            f"{path}: is version {found} of {kind}; this facepatch reads up to {version}. Update facepatch."
        )
    for step in range(found, version):
        if upgrades is None or step not in upgrades:
            raise VersionError(f"{path}: is version {found} of {kind}, too old to upgrade. Make it again.")
        upgrades[step](header, arrays)
        header["version"] = step + 1
    return Record(header, arrays)
