"""A note: a dataclass as JSON in the folder that it speaks of, for people and programs to read.

A note is a record without arrays. It is written last, so that a folder that was left half-written has none.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from facepatch.core.errors import ConfigError, FormatError, InputError, VersionError
from facepatch.core.records import write_text
from facepatch.core.schema import from_dict, to_dict

Noted = TypeVar("Noted")


def write_note(path: Path, value: Any, kind: str, version: int) -> None:
    """Write `value`, a dataclass with a field `folder`: the folder of `path`, which is left out."""
    content = {"record": kind, "version": version, **to_dict(value)}
    del content["folder"]
    write_text(path, json.dumps(content, indent=1) + "\n")


def read_note(cls: type[Noted], path: Path, kind: str, version: int, *, missing: str, again: str) -> Noted:
    """The dataclass `cls` from the note at `path`.

    missing, again: what to do where there is none, and where it is damaged, as sentences.
    Raises InputError, FormatError, and VersionError for a newer one.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file. {missing}")
    try:
        content: dict[str, Any] = dict(json.loads(path.read_text(encoding="utf-8")))
        kept, found = content.pop("record", None), int(content.pop("version", 0))
    except (ValueError, TypeError) as error:
        raise FormatError(f"{path}: is no {kind} ({error}). {again}") from error
    if kept != kind:
        raise FormatError(f"{path}: holds '{kept}', but '{kind}' is needed. Choose another folder.")
    if found > version:
        raise VersionError(
            f"{path}: is version {found} of {kind}; this facepatch reads up to {version}. Update facepatch."
        )
    try:
        return from_dict(cls, {**content, "folder": path.parent}, str(path))
    except ConfigError as error:
        raise FormatError(f"{error} {again}") from error
