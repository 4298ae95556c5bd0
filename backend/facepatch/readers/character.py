"""A character from whatever a studio has: by suffix and content of the path."""

from __future__ import annotations

import os
from pathlib import Path

from facepatch.core.data.character import Character, read_character_record
from facepatch.core.errors import FormatError, InputError
from facepatch.readers.assemble import Source, build_character
from facepatch.readers.gltf import gltf_source
from facepatch.readers.maya import maya_source
from facepatch.readers.npz import npz_source, read_arrays
from facepatch.readers.obj import obj_source

READABLE = ".npz, .glb, .gltf, .vrm, .ma, .obj or a folder of .obj"


def read_character(path: str | os.PathLike[str], *, unit_in_metres: float | None = None) -> Character:
    """Read a character: centimetres, Y up, facing +Z, its left at +X.

    path: a `facepatch.character` record or blendshape npz, a `.glb`, `.gltf` or `.vrm` with morph targets, a Maya ASCII
    scene `.ma`, an `.obj`, or a folder of `.obj` shapes or numbered frames. `unit_in_metres` overrules the unit
    that the file states or that its size suggests (a record is in centimetres already).
    Raises InputError and its kin (FormatError, ShapeError, TopologyError) with a sentence about the file.
    """
    path = Path(path)
    if unit_in_metres is not None and not unit_in_metres > 0.0:
        raise InputError(
            f"unit_in_metres: is {unit_in_metres}, but a unit must be longer than 0. Use 0.01 for cm."
        )
    if not path.exists():
        raise InputError(f"{path}: no such file or folder. A character is {READABLE}.")
    if path.suffix.lower() == ".npz" and path.is_file() and "header" in read_arrays(path):
        return read_character_record(path)
    return build_character(_source(path), unit_in_metres=unit_in_metres)


def _source(path: Path) -> Source:
    suffix = path.suffix.lower()
    if path.is_dir() or suffix == ".obj":
        return obj_source(path)
    if suffix == ".npz":
        return npz_source(path, read_arrays(path))
    if suffix in (".glb", ".gltf", ".vrm"):
        return gltf_source(path)
    if suffix == ".ma":
        return maya_source(path)
    advice = {
        ".mb": "In Maya: Save As, type Maya ASCII.",
        ".fbx": "Import it in Maya or Blender and export .glb or Maya ASCII.",
        ".blend": "In Blender: File, Export, glTF 2.0 with shape keys.",
        ".usd": "Export .glb from the same scene.",
    }.get(suffix, f"Give {READABLE}.")
    raise FormatError(
        f"{path}: a {suffix or 'file without suffix'} is no character that can be read. {advice}"
    )
