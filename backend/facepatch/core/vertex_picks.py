"""Picks files (docs/data.md) as a host reads and writes them: landmark name -> vertex number, nothing else needed.

The backend's own `landmarks.picks` knows the character and keeps landmarks that lie between vertices; here such a
landmark becomes the nearest vertex of its triangle, since people pick vertices.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.errors import FormatError, InputError, TopologyError, UnknownNameError, VersionError
from facepatch.core.records import write_text

KIND = "facepatch.picks"
VERSION = 1


@dataclass(frozen=True)
class VertexPicks:
    """Landmarks of one mesh, or of a character whose meshes lie one after the other."""

    landmarks: dict[str, int]
    vertex_count: int
    topology_id: str = ""
    """"" where the file does not say it."""
    character: str = ""
    between: tuple[str, ...] = field(default=())
    """Landmarks that lay between vertices and were moved to the nearest."""

    def on_span(self, start: int, count: int) -> VertexPicks:
        """Those on the vertices start ... start + count - 1, counted from `start`: the picks of one mesh."""
        inside = {n: v - start for n, v in self.landmarks.items() if start <= v < start + count}
        return VertexPicks(
            inside, count, character=self.character, between=tuple(n for n in self.between if n in inside)
        )


def write_vertex_picks(path: Path, picks: VertexPicks, *, note: str = "") -> None:
    """Write a picks file, landmarks in their usual order."""
    _check("picks", picks.landmarks, picks.vertex_count)
    content: dict[str, Any] = {
        "record": KIND,
        "version": VERSION,
        "character": picks.character,
        "vertex_count": picks.vertex_count,
        "note": note,
    }
    if picks.topology_id:
        content["topology_id"] = picks.topology_id
    content["landmarks"] = {n: int(picks.landmarks[n]) for n in LANDMARK_NAMES if n in picks.landmarks}
    write_text(path, json.dumps(content, indent=1) + "\n")


def read_vertex_picks(path: Path) -> VertexPicks:
    """Read a picks file.

    Raises InputError where there is none or a vertex lies outside, FormatError where it is no picks file, VersionError
    where it is newer, UnknownNameError for a landmark that nobody knows.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file. Choose a picks file (.json) that facepatch has written.")
    try:
        read: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(f"{path}: is no JSON ({error}). Choose a picks file.") from error
    content: dict[str, Any] = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    version, count, given = (content.get(key) for key in ("version", "vertex_count", "landmarks"))
    if content.get("record") != KIND:
        raise FormatError(f"{path}: is no picks file: its 'record' must be '{KIND}'. Choose another file.")
    if not isinstance(version, int) or not isinstance(count, int) or not isinstance(given, dict):
        raise FormatError(f"{path}: needs 'version', 'vertex_count' and 'landmarks'. Save the picks again.")
    if version > VERSION:
        raise VersionError(
            f"{path}: is version {version} of {KIND}; this facepatch reads {VERSION}. Update it."
        )
    landmarks: dict[str, int] = {}
    between: list[str] = []
    for name, value in cast("dict[str, Any]", given).items():
        landmarks[name], exact = _vertex(f"{path}: {name}", value)
        between += [] if exact else [name]
    _check(str(path), landmarks, count)
    return VertexPicks(
        landmarks,
        count,
        str(content.get("topology_id", "")),
        str(content.get("character", "")),
        tuple(between),
    )


def check_picks_fit(
    path: Path, picks: VertexPicks, *, mesh: str, vertex_count: int, topology_id: str
) -> None:
    """Raises TopologyError where `picks` were made for another mesh than the one of these numbers."""
    if picks.vertex_count != vertex_count:
        raise TopologyError(
            f"{path.name}: was made for a mesh with {picks.vertex_count} vertices, but {mesh} has {vertex_count}. "
            "Choose the mesh that the file was made for, or pick again."
        )
    if picks.topology_id not in ("", topology_id):
        raise TopologyError(
            f"{path.name}: was made for a mesh whose vertices are numbered in another order than those of {mesh}. "
            "Choose the mesh that the file was made for, or pick again."
        )


def _check(where: str, landmarks: Mapping[str, int], count: int) -> None:
    for name, vertex in landmarks.items():
        if name not in LANDMARK_NAMES:
            raise UnknownNameError(f"{where}: landmarks", name, LANDMARK_NAMES)
        if not 0 <= vertex < count:
            raise InputError(
                f"{where}: {name} is vertex {vertex}, but the mesh has vertices 0 to {count - 1}. Pick it again."
            )


def _vertex(where: str, value: Any) -> tuple[int, bool]:
    """The vertex of a landmark, and whether it lies exactly there."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value, True
    try:
        table = cast("dict[str, list[Any]]", value)
        corners = [int(vertex) for vertex in table["triangle"]]
        weights = [float(weight) for weight in table["barycentric"]]
        heaviest = weights.index(max(weights))
        return corners[heaviest], weights[heaviest] > 0.9999
    except (TypeError, KeyError, ValueError, IndexError) as error:
        raise FormatError(
            f"{where}: needs a vertex number, or a triangle with barycentric weights, got {value!r}. Pick it again."
        ) from error
