"""Motion given as vertices: (T, V, 3) arrays and folders of numbered OBJ frames."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.data.character import Character
from facepatch.core.data.clip import MeshClip
from facepatch.core.data.mesh import Topology, topology_from_padded
from facepatch.core.errors import InputError, ShapeError, TopologyError
from facepatch.readers.obj import face_arrays, is_frames, obj_files, read_obj, same_topology
from facepatch.readers.rates import Rate, rate_of_value

_CHUNK_FRAMES = 256


def is_vertex_motion(arrays: Mapping[str, Any]) -> bool:
    """Whether `arrays` hold vertices over time."""
    return "vertices" in arrays and np.ndim(arrays["vertices"]) == 3


def array_motion(path: Path, arrays: Mapping[str, Any], character: Character, *, rate: Rate) -> MeshClip:
    """Vertices (T, V, 3) as motion of `character`, in centimetres.

    V is the character's, or that of its file before seams were welded (`Character.weld`). The unit is
    `unit_in_metres` where given, else the character's own. Stored polygons must be the character's.
    Float32 centimetres of the character's own vertices are taken as they are, also as a memory map.
    Raises ShapeError on values that are not finite, TopologyError on another number of vertices or other polygons.
    """
    vertices = arrays["vertices"]
    if vertices.ndim != 3 or vertices.shape[2] != 3 or not len(vertices) or vertices.dtype.kind not in "fiu":
        raise ShapeError(
            f"{path}: vertices have the shape {vertices.shape} ({vertices.dtype}); "
            "numbers of the shape (frames, vertices, 3) are needed."
        )
    _check_topology(path, arrays, character, vertices.shape[1])
    unit = float(arrays["unit_in_metres"]) if "unit_in_metres" in arrays else character.unit_in_metres
    rows = _rows(path, character, vertices.shape[1])
    scale = np.float32(unit * 100.0)
    if rows is None and abs(float(scale) - 1.0) < 1e-7 and vertices.dtype == np.float32:
        out = vertices
    else:
        out = np.empty((len(vertices), len(character.neutral), 3), dtype=np.float32)
        for start in range(0, len(vertices), _CHUNK_FRAMES):
            piece = np.asarray(vertices[start : start + _CHUNK_FRAMES], dtype=np.float32)
            out[start : start + _CHUNK_FRAMES] = (piece if rows is None else piece[:, rows]) * scale
    _check_finite(path, out)
    own = rate_of_value(arrays["rate"]) if "rate" in arrays else rate
    return MeshClip(vertices=out, rate=own, name=path.stem)


def obj_motion(folder: Path, character: Character, *, rate: Rate) -> MeshClip:
    """A folder of numbered OBJ frames as motion of `character`, in centimetres (the character's own unit).

    Raises InputError where the files are no numbered frames, TopologyError where a frame is another mesh.
    """
    files = obj_files(folder)
    if not is_frames(files):
        raise InputError(
            f"{folder}: its {len(files)} .obj files are no numbered frames (such as face.0001.obj). "
            "Shapes are a character, not a motion."
        )
    first = read_obj(files[0])
    counts, corners, _ = face_arrays(first)
    _compare(folder, Topology(len(first.vertices), counts, corners.astype(np.int32)), character)
    scale = character.unit_in_metres * 100.0
    out = np.empty((len(files), len(first.vertices), 3), dtype=np.float32)
    for index, file in enumerate(files):
        out[index] = same_topology(read_obj(file), first).vertices * scale
    _check_finite(folder, out)
    return MeshClip(vertices=out, rate=rate, name=folder.name)


def _rows(path: Path, character: Character, vertex_count: int) -> Any:
    """Source vertex of each of the character's, or None where they are the same."""
    wanted = len(character.neutral)
    if vertex_count == wanted:
        return None
    if character.weld is not None and vertex_count == len(character.weld):
        rows = np.full(wanted, -1, dtype=np.int64)
        kept = np.flatnonzero(character.weld >= 0)[::-1]
        rows[character.weld[kept]] = kept
        return rows
    before = "" if character.weld is None else f" ({len(character.weld)} before welding)"
    raise TopologyError(
        f"{path}: its mesh has {vertex_count} vertices, {character.name} has {wanted}{before}. "
        "Export the motion from the very mesh of the character, with vertex order kept."
    )


def _check_topology(path: Path, arrays: Mapping[str, Any], character: Character, vertex_count: int) -> None:
    if vertex_count != len(character.neutral):
        return
    if "polys" in arrays:
        _compare(path, topology_from_padded(vertex_count, arrays["polys"]), character)
    elif "polygon_counts" in arrays and "polygon_vertices" in arrays:
        _compare(
            path, Topology(vertex_count, arrays["polygon_counts"], arrays["polygon_vertices"]), character
        )


def _compare(path: Path, topology: Topology, character: Character) -> None:
    own = character.topology
    if topology.topology_id != own.topology_id:
        raise TopologyError(
            f"{path}: its mesh ({topology.vertex_count} vertices, {topology.polygon_counts.size} polygons) is not "
            f"that of {character.name} ({own.vertex_count} vertices, {own.polygon_counts.size} polygons). "
            "Export the motion from the very mesh of the character, with vertex order kept."
        )


def _check_finite(path: Path, vertices: Any) -> None:
    for start in range(0, len(vertices), _CHUNK_FRAMES):
        good = np.isfinite(vertices[start : start + _CHUNK_FRAMES]).all(axis=2)
        if not good.all():
            frame, vertex = (int(i) for i in np.argwhere(~good)[0])
            raise ShapeError(
                f"{path}: vertex {vertex} of frame {start + frame} is not a finite number. "
                "Repair the motion at its source."
            )
