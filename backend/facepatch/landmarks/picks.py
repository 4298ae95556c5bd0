"""The picks file: landmarks of a character as vertex numbers, in JSON that people and the Maya tool write.

    {"record": "facepatch.picks", "version": 1, "character": "hero", "vertex_count": 4773,
     "topology_id": "0f3a...", "note": "...",
     "landmarks": {"chin": 812, "eye_l_outer": {"triangle": [4, 9, 7], "barycentric": [0.2, 0.5, 0.3]}}}

`topology_id` may be left out. Names that are left out are taken from the proposal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepatch.core.axes import Int32
from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import LANDMARK_NAMES, SurfaceLandmarks
from facepatch.core.errors import FormatError, InputError, TopologyError, UnknownNameError, VersionError
from facepatch.core.records import write_text
from facepatch.landmarks.front_view import SurfacePoints
from facepatch.landmarks.surface import complete_landmarks

KIND = "facepatch.picks"
VERSION = 1

_NOTE = (
    "A landmark is a vertex number (counted from 0 in the mesh's own order), or three vertices with weights that "
    "sum to 1. Sides are the character's own. There are no lengths in this file, so no unit."
)


def read_picks(
    path: Path,
    character: Character,
    *,
    sample_shapes: NDArray[np.floating] | None = None,
    ask_detector: bool = True,
) -> SurfaceLandmarks:
    """Landmarks of `character` from a picks file; names that it leaves out are proposed.

    Vertex numbers count the character's vertices or, where `vertex_count` says so, those of the file that it came
    from, before coincident vertices were welded. `sample_shapes` and `ask_detector` are those of propose_landmarks.
    Raises FormatError or VersionError for a file that is no picks file of this version, TopologyError where it was
    made for another mesh, UnknownNameError for an unknown landmark, and InputError where a landmark is neither given
    nor found.
    """
    content = _content(path)
    rows = _rows(path, content, character)
    given: dict[str, SurfacePoints] = {}
    for name, value in content["landmarks"].items():
        if name not in LANDMARK_NAMES:
            raise UnknownNameError(f"{path}: landmarks", name, LANDMARK_NAMES)
        given[name] = _point(f"{path}: {name}", value, rows, character)
    return complete_landmarks(character, given, sample_shapes=sample_shapes, ask_detector=ask_detector)


def write_picks(path: Path, landmarks: SurfaceLandmarks, character: Character) -> None:
    """Write all landmarks, on `character`'s own vertex numbers.

    Raises TopologyError where `landmarks` were made for another mesh.
    """
    if landmarks.topology_id != character.topology.topology_id:
        raise TopologyError(
            f"{path}: these landmarks belong to topology {landmarks.topology_id}, but {character.name} has "
            f"{character.topology.topology_id}. Propose or pick them on {character.name} itself."
        )
    entries: dict[str, Any] = {}
    for name, triangle, weights in zip(
        LANDMARK_NAMES, landmarks.triangle, landmarks.barycentric, strict=True
    ):
        if weights.max() > 0.9999:
            entries[name] = int(triangle[weights.argmax()])
        else:
            rounded = [round(float(w), 6) for w in weights]
            entries[name] = {"triangle": [int(v) for v in triangle], "barycentric": rounded}
    content = {
        "record": KIND,
        "version": VERSION,
        "character": character.name,
        "vertex_count": character.topology.vertex_count,
        "topology_id": character.topology.topology_id,
        "note": _NOTE,
    }
    head = json.dumps(content, indent=1)[:-2]
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items())
    write_text(path, f'{head},\n "landmarks": {{\n{lines}\n }}\n}}\n')


def _content(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FormatError(
            f"{path}: is no JSON ({error}). Write it with facepatch landmarks --picks."
        ) from error
    if not isinstance(content, dict) or content.get("record") != KIND:
        raise FormatError(f"{path}: is no picks file: its 'record' must be '{KIND}'.")
    version = content.get("version")
    if not isinstance(version, int) or version < 1:
        raise FormatError(f"{path}: 'version' must be a whole number, got {version!r}.")
    if version > VERSION:
        raise VersionError(
            f"{path}: is version {version} of {KIND}; this facepatch reads {VERSION}. Update it."
        )
    if not isinstance(content.get("landmarks"), dict):
        raise FormatError(f"{path}: 'landmarks' must be a table of landmark names.")
    return content


def _rows(path: Path, content: Mapping[str, Any], character: Character) -> Int32:
    """Row of `character` for every vertex number that the file may use."""
    count, own = content.get("vertex_count"), character.topology.vertex_count
    if count == own:
        known = content.get("topology_id", character.topology.topology_id)
        if known != character.topology.topology_id:
            raise TopologyError(
                f"{path}: was made for a mesh with {own} vertices in another order (topology {known}, "
                f"{character.name} has {character.topology.topology_id}). Pick again on {character.name}."
            )
        return np.arange(own, dtype=np.int32)
    if character.weld is not None and count == len(character.weld):
        return character.weld
    welded = "" if character.weld is None else f" ({len(character.weld)} before welding)"
    raise TopologyError(
        f"{path}: was made for a mesh with {count} vertices, but {character.name} has {own}{welded}. "
        f"Pick again on {character.name}."
    )


def _point(where: str, value: Any, rows: Int32, character: Character) -> SurfacePoints:
    if isinstance(value, Mapping) and set(value) == {"triangle", "barycentric"}:
        vertices, weights = value["triangle"], value["barycentric"]
        if not (
            isinstance(vertices, list) and isinstance(weights, list) and len(vertices) == len(weights) == 3
        ):
            raise FormatError(
                f"{where}: 'triangle' and 'barycentric' need three numbers each, got {value!r}."
            )
        if not all(isinstance(w, (int, float)) and not isinstance(w, bool) for w in weights):
            raise FormatError(f"{where}: 'barycentric' needs numbers, got {weights!r}.")
        corners = [_row(where, vertex, rows) for vertex in vertices]
        if min(weights) < -1e-3 or not abs(sum(weights) - 1) < 1e-3:
            raise InputError(f"{where}: weights {weights} must lie in 0..1 and sum to 1.")
        return SurfacePoints(np.asarray([corners], dtype=np.int32), np.asarray([weights], dtype=np.float64))
    row = _row(where, value, rows)
    corner = (character.topology.triangles == row).argmax()
    triangle = character.topology.triangles[corner // 3]
    if row not in triangle:
        raise InputError(f"{where}: vertex {value} belongs to no polygon. Pick one on the skin.")
    return SurfacePoints(triangle[None], (triangle == row).astype(np.float64)[None])


def _row(where: str, vertex: Any, rows: Int32) -> int:
    if not isinstance(vertex, int) or isinstance(vertex, bool):
        raise FormatError(
            f"{where}: needs a vertex number, or a table with 'triangle' and 'barycentric', got {vertex!r}."
        )
    if not 0 <= vertex < len(rows):
        raise InputError(
            f"{where}: vertex {vertex} lies outside the mesh, which has vertices 0 to {len(rows) - 1}."
        )
    return int(rows[vertex])
