"""Characters and motion from Wavefront OBJ: a folder of shapes, a folder of numbered frames, or one file."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facepatch.core.axes import Float64, UInt8
from facepatch.core.data.character import Part
from facepatch.core.errors import FormatError, InputError, TopologyError
from facepatch.core.part_names import default_part, part_kind
from facepatch.readers.assemble import Source, SourceMesh

log = logging.getLogger(__name__)

NEUTRAL_WORDS = ("neutral", "base", "rest", "basis", "default")
"""One file of a folder of shapes has one of these words in its name."""
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NUMBERED = re.compile(r"^(.*?)(\d+)$")


@dataclass(eq=False)
class ObjMesh:
    """One OBJ file."""

    path: Path
    vertices: Float64
    faces: tuple[str, ...]
    """The texts after `f`."""
    groups: tuple[tuple[str, str], ...]
    """(group, material) of each face."""
    uv: Float64
    """(n, 2)"""
    material_files: tuple[str, ...]
    vertex_color: UInt8 | None


def obj_files(folder: Path) -> list[Path]:
    """The OBJ files of a folder, sorted by name, numbers by value. Raises InputError where there are none."""
    found = [path for path in folder.iterdir() if path.suffix.lower() == ".obj" and path.is_file()]
    if not found:
        raise InputError(
            f"{folder}: holds no .obj file. Put the neutral and the shapes into it, one .obj each."
        )
    return sorted(found, key=_by_number)


def obj_source(path: Path) -> Source:
    """A character from one OBJ (no shapes), a folder of shapes, or a folder of numbered frames (no shapes).

    In a folder of shapes the neutral is the file with one of NEUTRAL_WORDS in its name; the others are shapes,
    named as their files. Raises FormatError on a damaged file, InputError where no neutral is found,
    TopologyError where a shape has another topology.
    """
    if path.is_file():
        return _source(path.stem, read_obj(path), {})
    files = obj_files(path)
    if is_frames(files):
        return _source(path.name, read_obj(files[0]), {})
    neutral_file = _neutral_file(path, files)
    neutral = read_obj(neutral_file)
    shapes: dict[str, Any] = {}
    for file in files:
        if file != neutral_file:
            shapes[file.stem] = same_topology(read_obj(file), neutral).vertices - neutral.vertices
    return _source(path.name, neutral, shapes)


def is_frames(files: Sequence[Path]) -> bool:
    """Whether the files are numbered frames: one common stem and a number each, at least two of them."""
    found = [_NUMBERED.match(file.stem) for file in files]
    return len(files) > 1 and all(found) and len({match.group(1) for match in found if match}) == 1


def same_topology(mesh: ObjMesh, neutral: ObjMesh) -> ObjMesh:
    """`mesh`, or TopologyError where its vertices or faces are not those of `neutral`."""
    if len(mesh.vertices) != len(neutral.vertices):
        raise TopologyError(
            f"{mesh.path}: has {len(mesh.vertices)} vertices, {neutral.path.name} has {len(neutral.vertices)}. "
            "Export all shapes from the same mesh, with vertex order kept."
        )
    if mesh.faces != neutral.faces:
        own, wanted = face_arrays(mesh), face_arrays(neutral)
        if not all(np.array_equal(a, b) for a, b in zip(own[:2], wanted[:2], strict=True)):
            raise TopologyError(
                f"{mesh.path}: its {len(mesh.faces)} faces are not the {len(neutral.faces)} of {neutral.path.name}. "
                "Export all shapes from the same mesh, with vertex order kept."
            )
    return mesh


def read_obj(path: Path) -> ObjMesh:
    """Read one OBJ: v, vt, f, g, o, usemtl, mtllib. Raises FormatError where it holds no mesh or is damaged."""
    points: list[str] = []
    uv: list[list[str]] = []
    faces: list[str] = []
    groups: list[tuple[str, str]] = []
    libraries: list[str] = []
    group, material = "", ""
    text = path.read_bytes().decode("utf-8", errors="replace").replace("\\\n", " ").replace("\\\r\n", " ")
    for line in text.splitlines():
        kind, _, rest = line.strip().partition(" ")
        if kind == "v":
            points.append(rest)
        elif kind == "vt":
            uv.append(rest.split()[:2])
        elif kind == "f":
            faces.append(" ".join(rest.split()))
            groups.append((group, material))
        elif kind in ("g", "o"):
            group = rest.strip()
        elif kind == "usemtl":
            material = rest.strip()
        elif kind == "mtllib":
            libraries.append(rest.strip())
    if not points or not faces:
        raise FormatError(
            f"{path}: has {len(points)} vertices and {len(faces)} faces. Export the head as polygons."
        )
    try:
        rows = [row.split() for row in points]
        width = 6 if all(len(row) >= 6 for row in rows) else 3
        values = np.array([row[:width] for row in rows], dtype=np.float64)
        texture = np.array(uv, dtype=np.float64).reshape(-1, 2)
    except ValueError as error:
        raise FormatError(
            f"{path}: a vertex is no row of numbers ({error}). Export the file again."
        ) from error
    color = np.rint(255 * np.clip(values[:, 3:], 0, 1)).astype(np.uint8) if width == 6 else None
    return ObjMesh(path, values[:, :3], tuple(faces), tuple(groups), texture, tuple(libraries), color)


def face_arrays(mesh: ObjMesh) -> tuple[Any, Any, Any]:
    """(counts, corners, uv rows) of the faces; uv rows are -1 where a corner has none."""
    counts: list[int] = []
    corners: list[int] = []
    uv_rows: list[int] = []
    try:
        for face in mesh.faces:
            words = face.split(" ")
            counts.append(len(words))
            for word in words:
                first, _, rest = word.partition("/")
                corner = int(first)
                corners.append(corner - 1 if corner > 0 else len(mesh.vertices) + corner)
                texture = rest.partition("/")[0]
                row = int(texture) if texture else 0
                uv_rows.append(row - 1 if row >= 0 else len(mesh.uv) + row)
    except ValueError as error:
        raise FormatError(
            f"{mesh.path}: a face is no row of indices ({error}). Export the file again."
        ) from error
    if min(counts) < 3:
        bad = int(np.argmin(counts))
        raise FormatError(f"{mesh.path}: face {bad} has {counts[bad]} corners. Export polygons only.")
    return np.array(counts, dtype=np.int32), np.array(corners), np.array(uv_rows)


def _source(name: str, mesh: ObjMesh, shapes: dict[str, Any]) -> Source:
    counts, corners, uv_rows = face_arrays(mesh)
    parts, polygon_part, textures = _parts(name, mesh)
    whole = len(mesh.uv) > 0 and int(uv_rows.min()) >= 0 and int(uv_rows.max()) < len(mesh.uv)
    source = SourceMesh(
        name=name,
        vertices=mesh.vertices,
        counts=counts,
        corners=corners,
        shapes=shapes,
        parts=parts,
        polygon_part=polygon_part,
        corner_uv=mesh.uv[uv_rows] if whole else None,
        vertex_color=mesh.vertex_color,
    )
    return Source(name, (source,), None, textures)


def _neutral_file(folder: Path, files: Sequence[Path]) -> Path:
    found = [file for file in files if {w.lower() for w in _WORDS.findall(file.stem)} & set(NEUTRAL_WORDS)]
    if len(found) == 1:
        return found[0]
    if len(files) == 1:
        return files[0]
    what = f"several ({', '.join(file.name for file in found)})" if found else f"none of {len(files)}"
    raise InputError(
        f"{folder}: which .obj is the neutral face? By its name it is {what}. "
        f"Put one of the words {', '.join(NEUTRAL_WORDS)} into the name of exactly one file."
    )


def _by_number(path: Path) -> tuple[str, int, str]:
    found = _NUMBERED.match(path.stem)
    return (found.group(1), int(found.group(2)), path.name) if found else (path.stem, -1, path.name)


def _parts(name: str, mesh: ObjMesh) -> tuple[tuple[Part, ...], Any, tuple[UInt8, ...]]:
    """A part per material; per group where the file has no materials."""
    by_material = any(material for _, material in mesh.groups)
    keys = [material if by_material else group for group, material in mesh.groups]
    numbers: dict[str, int] = {}
    polygon_part = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int32)
    told = _materials(mesh) if by_material else {}
    parts: list[Part] = []
    textures: list[UInt8] = []
    for key, number in numbers.items():
        group = mesh.groups[int(np.argmax(polygon_part == number))][0]
        part = default_part(key or name)
        if part.kind == "skin" and part_kind(group) != "skin":
            part = replace(default_part(group), name=key or name)
        color, picture = told.get(key, (None, None))
        if picture is not None:
            part = replace(part, color=(1.0, 1.0, 1.0), texture=len(textures))
            textures.append(picture)
        elif color is not None:
            part = replace(part, color=color)
        parts.append(part)
    return tuple(parts), polygon_part, tuple(textures)


def _materials(mesh: ObjMesh) -> dict[str, tuple[tuple[float, float, float] | None, UInt8 | None]]:
    """Material -> (colour Kd, picture map_Kd) of the file's libraries, where they can be read."""
    out: dict[str, tuple[tuple[float, float, float] | None, UInt8 | None]] = {}
    for library in mesh.material_files:
        path = mesh.path.parent / library
        if not path.is_file():
            log.info(
                "%s: the material file %s is not there; its parts show plain colour.", mesh.path, library
            )
            continue
        name = ""
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            kind, _, rest = line.strip().partition(" ")
            words = rest.split()
            if kind == "newmtl":
                name = rest.strip()
                out[name] = (None, None)
            elif kind == "Kd" and name and len(words) == 3:
                out[name] = ((float(words[0]), float(words[1]), float(words[2])), out[name][1])
            elif kind == "map_Kd" and name and words:
                out[name] = (out[name][0], _picture(path.parent / rest.strip()))
    return out


def _picture(path: Path) -> UInt8 | None:
    if not path.is_file():
        log.info("%s: the texture is not there; its parts show plain colour.", path)
        return None
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), dtype=np.uint8), cv2.IMREAD_COLOR)
    return None if pixels is None else np.ascontiguousarray(pixels[:, :, ::-1], dtype=np.uint8)
