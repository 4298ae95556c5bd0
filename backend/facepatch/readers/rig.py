"""A rig from a file: a description, a record, or a character whose shapes are its controls.

A description says in JSON what a character's file does not: which controls there are, and how they drive the shapes.

    {"record": "facepatch.rig_description", "version": 1, "character": "hero.glb",
     "controls": [{"name": "jaw_ctrl.ty", "minimum": -1, "maximum": 1}, {"name": "smile_ctrl_L.ty", "side": "l"}],
     "shapes": {"jawOpen": [{"control": "jaw_ctrl.ty", "knots": [[-1, 1], [0, 0]]}],
                "jawOpen_smileLeft": [{"control": "jaw_ctrl.ty", "knots": [[-1, 1], [0, 0]]},
                                      {"control": "smile_ctrl_L.ty"}]}}

A folder of rig samples (`core.rig_samples`) stands for a rig of which nothing but its answers is known.

The weight of a shape is the product of its drivers. `character` is looked for beside the description. A shape that is
not named becomes a control of its own.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facepatch.core.data.character import Character
from facepatch.core.data.rig import (
    KIND,
    LINEAR,
    Driver,
    Rig,
    RigControl,
    RigShape,
    mirror_of,
    read_rig,
    rig_from_character,
    side_of,
)
from facepatch.core.errors import FormatError, InputError, UnknownNameError, VersionError
from facepatch.core.records import record_kind
from facepatch.core.rig_samples import SAMPLES, RigSamples, read_rig_samples
from facepatch.core.schema import from_dict
from facepatch.readers.character import read_character

log = logging.getLogger(__name__)

DESCRIPTION = "facepatch.rig_description"
VERSION = 1


@dataclass(frozen=True, eq=False)
class RigSource:
    """A rig and, where the file has one, the character that it looks like."""

    rig: Rig
    character: Character | None = None


def read_rig_source(path: Path) -> RigSource:
    """The rig in `path`: a description (.json), a `facepatch.rig` record, or a character.

    Raises the errors of `read_character`, InputError for a character without shapes, FormatError for JSON that is no
    description, UnknownNameError for a shape or control that is not there, ConfigError for limits that are no range.
    """
    if path.suffix.lower() == ".json":
        return _described(path)
    if path.suffix.lower() == ".npz" and record_kind(path) == KIND:
        return RigSource(read_rig(path))
    character = read_character(path)
    return RigSource(rig_from_character(character), character)


@dataclass(frozen=True, eq=False)
class SampledSource:
    """A rig that is only known by its answers."""

    folder: Path
    samples: RigSamples


def read_sampled_source(path: Path) -> SampledSource:
    """The samples in the folder `path`. Raises InputError where the sampling was not finished, FormatError for files
    that are no samples."""
    folder = path.parent if path.name == SAMPLES else path
    if not (folder / SAMPLES).is_file():
        raise InputError(
            f"{folder}: the rig was not sampled to the end. Sample it again into the same folder: it goes on."
        )
    return SampledSource(folder, read_rig_samples(folder))


def _described(path: Path) -> RigSource:
    content = _content(path)
    character = read_character(path.parent / content["character"])
    if not character.shape_names:
        raise InputError(f"{path}: its character {character.name} has no shapes that controls could drive.")
    controls = [from_dict(RigControl, row, f"{path.name}: controls") for row in content["controls"]]
    names = [control.name for control in controls]
    shapes: dict[str, RigShape] = {}
    for name, drivers in content["shapes"].items():
        if name not in character.shape_names:
            raise UnknownNameError(f"{path}: shape", name, character.shape_names)
        shapes[name] = RigShape(name, tuple(_driver(path, name, row, names) for row in drivers))
    own = [name for name in character.shape_names if name not in shapes]
    if own:
        log.info("%s: %d shapes are controls of their own: %s", path.name, len(own), ", ".join(own[:8]))
    for name in own:
        shapes[name] = RigShape(name, (Driver(len(controls)),))
        controls.append(RigControl(name, side=side_of(name), mirror=mirror_of(name, tuple(own))))
    ordered = tuple(shapes[name] for name in character.shape_names)
    rig = Rig(
        character.name, tuple(controls), character.neutral, character.topology, ordered, character.deltas
    )
    return RigSource(rig, character)


def _content(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FormatError(f"{path}: is no JSON ({error}).") from error
    if not isinstance(content, dict) or content.get("record") != DESCRIPTION:
        raise FormatError(f"{path}: is no rig description: its 'record' must be '{DESCRIPTION}'.")
    if content.get("version") != VERSION:
        raise VersionError(
            f"{path}: is version {content.get('version')!r} of {DESCRIPTION}; this facepatch reads {VERSION}."
        )
    for key, kind, what in (
        ("character", str, "the path of a character"),
        ("controls", list, "a list"),
        ("shapes", dict, "a table of shape names"),
    ):
        if not isinstance(content.get(key), kind):
            raise FormatError(f"{path}: '{key}' must be {what}, got {content.get(key)!r}.")
    for key in ("controls", "shapes"):
        rows = content[key].values() if key == "shapes" else [content[key]]
        if not all(isinstance(row, list) and all(isinstance(entry, dict) for entry in row) for row in rows):
            raise FormatError(f"{path}: '{key}' must hold lists of tables. docs/data.md has an example.")
    return content


def _driver(path: Path, shape: str, row: dict[str, Any], names: list[str]) -> Driver:
    control = row.get("control")
    if control not in names:
        raise UnknownNameError(f"{path}: shape {shape}: control", str(control), names)
    knots = row.get("knots", LINEAR)
    pairs = isinstance(knots, (list, tuple)) and all(
        isinstance(knot, (list, tuple)) and len(knot) == 2 and all(type(v) in (int, float) for v in knot)
        for knot in knots
    )
    if not pairs:
        raise FormatError(f"{path}: shape {shape}: 'knots' must be pairs of numbers, got {knots!r}.")
    return Driver(names.index(control), tuple((float(at), float(weight)) for at, weight in knots))
