"""A captured character: a folder with `character.npz`, `motion.npy` and `capture.json` (docs/data.md)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from facepatch.core.data.character import Character, read_character_record
from facepatch.core.errors import InputError
from facepatch.core.host import Control
from facepatch.core.notes import read_note, write_note

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
    head_to_space: tuple[tuple[float, ...], ...] = ()
    """(4, 4) from the head node to head space, cm: the same at every frame. () without a head node, and in captures
    of earlier versions."""

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
    found = read_note(
        Capture,
        Path(folder) / CAPTURE_NAME,
        KIND,
        VERSION,
        missing="Choose a folder that a capture was written to.",
        again="Capture the character again.",
    )
    for part in (found.character_path, found.motion_path):
        if not part.is_file():
            raise InputError(f"{part}: is missing from the capture. Capture the character again.")
    return found


def write_capture_note(capture: Capture) -> None:
    """Write `capture.json`, which says that the folder holds a capture."""
    write_note(capture.folder / CAPTURE_NAME, capture, KIND, VERSION)
