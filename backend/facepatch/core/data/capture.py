"""A captured character: a folder with `character.npz`, `motion.npy` and `capture.json` (docs/data.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from facepatch.core.data.character import Character, read_character_record
from facepatch.core.errors import ConfigError, FormatError, InputError, VersionError
from facepatch.core.host import Control
from facepatch.core.records import write_text
from facepatch.core.schema import from_dict, to_dict

KIND = "facepatch.capture"
VERSION = 1
CAPTURE_NAME = "capture.json"
CHARACTER_NAME = "character.npz"
MOTION_NAME = "motion.npy"


@dataclass(frozen=True)
class CapturedMesh:
    """One mesh of the scene: rows vertex_start ... vertex_stop - 1 of the captured character."""

    name: str
    uuid: str
    vertex_start: int
    vertex_stop: int
    topology_id: str
    object_to_head: tuple[tuple[float, ...], ...]
    """(4, 4) at the neutral frame, cm"""


@dataclass(frozen=True)
class Capture:
    """A captured character. Its arrays stay on disk until they are asked for."""

    folder: Path
    host: str
    """Name of the host that it was captured in."""
    scene: str
    """Path of the scene."""
    meshes: tuple[CapturedMesh, ...]
    topology_id: str
    """Of all meshes together."""
    frames: tuple[float, ...]
    """(T,) frames of the scene, as captured."""
    rate: tuple[int, int]
    """Frames per second of the motion: the scene's, divided by the step between captured frames."""
    neutral_frame: float
    """Frame of the scene at which the face is at rest."""
    head: str
    """Node whose motion was taken out, "" for none."""
    facing: str
    """Axis of the scene along which the face looks at the neutral frame."""
    up_axis: Literal["y", "z"]
    """Of the scene."""
    cameras: tuple[str, ...]
    """Of the scene."""
    controls: tuple[Control, ...]
    """Rig controls that were asked for, as they stood when the capture began."""

    @property
    def character_path(self) -> Path:
        """The `facepatch.character` record."""
        return self.folder / CHARACTER_NAME

    @property
    def motion_path(self) -> Path:
        """(T, V, 3) float32 cm, head space."""
        return self.folder / MOTION_NAME

    def character(self) -> Character:
        """Read the character."""
        return read_character_record(self.character_path)


def read_capture(folder: Path) -> Capture:
    """The capture in `folder`.

    Raises InputError where there is none, FormatError and VersionError where it cannot be read.
    """
    path = folder / CAPTURE_NAME
    if not path.is_file():
        raise InputError(f"{path}: no such file. Choose a folder that a capture was written to.")
    try:
        content: dict[str, Any] = dict(json.loads(path.read_text(encoding="utf-8")))
        kind, version = content.pop("record", None), int(content.pop("version", 0))
    except (ValueError, TypeError) as error:
        raise FormatError(f"{path}: is no capture ({error}). Capture the character again.") from error
    if kind != KIND:
        raise FormatError(f"{path}: holds '{kind}', but '{KIND}' is needed. Choose another folder.")
    if version > VERSION:
        raise VersionError(
            f"{path}: is version {version} of {KIND}; this facepatch reads up to {VERSION}. Update facepatch."
        )
    try:
        found = from_dict(Capture, {**content, "folder": folder}, str(path))
    except ConfigError as error:
        raise FormatError(f"{error} Capture the character again.") from error
    for part in (found.character_path, found.motion_path):
        if not part.is_file():
            raise InputError(f"{part}: is missing from the capture. Capture the character again.")
    return found


def write_capture_note(capture: Capture) -> None:
    """Write `capture.json`, which says that the folder holds a capture."""
    content = {"record": KIND, "version": VERSION, **to_dict(capture)}
    del content["folder"]
    write_text(capture.folder / CAPTURE_NAME, json.dumps(content, indent=1) + "\n")
