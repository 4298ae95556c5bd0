"""A rig from a file: a record, or a character whose shapes are its controls."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from facepatch.core.data.character import Character
from facepatch.core.data.rig import KIND, Rig, read_rig, rig_from_character
from facepatch.core.records import record_kind
from facepatch.readers.character import read_character


@dataclass(frozen=True, eq=False)
class RigSource:
    """A rig and, where the file has one, the character that it looks like."""

    rig: Rig
    character: Character | None = None


def read_rig_source(path: Path) -> RigSource:
    """The rig in `path`. Raises the errors of `read_character`, and InputError for a character without shapes."""
    if path.suffix.lower() == ".npz" and record_kind(path) == KIND:
        return RigSource(read_rig(path))
    character = read_character(path)
    return RigSource(rig_from_character(character), character)
