"""From the meshes of a file to a Character: one vertex array, shapes joined by name, centimetres."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from facepatch.core.axes import Float32, Int32, UInt8
from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import TopologyError
from facepatch.readers.clean import check_character, finite_points, unit_of_head

log = logging.getLogger(__name__)


@dataclass(eq=False)
class SourceMesh:
    """One mesh of a file, in the file's unit, Y up, facing +Z."""

    name: str
    vertices: Any
    """(V, 3)"""
    counts: Any
    """(Q,)"""
    corners: Any
    """(sum of counts,)"""
    shapes: dict[str, Any] = field(default_factory=dict[str, Any])
    """Name -> (V, 3) offsets."""
    parts: tuple[Part, ...] = ()
    """Textures count from 0 over all meshes of the file."""
    polygon_part: Any = None
    """(Q,) index into `parts`; None: all are part 0."""
    corner_uv: Any = None
    """(corners, 2) or None."""
    vertex_color: Any = None
    """(V, 3) uint8 or None."""


@dataclass(frozen=True, eq=False)
class Source:
    """All that a file says about a character."""

    name: str
    meshes: tuple[SourceMesh, ...]
    unit_in_metres: float | None
    """None where the format has no unit: it is guessed from the size."""
    textures: tuple[UInt8, ...] = ()
    weld: Int32 | None = None


def build_character(source: Source, *, unit_in_metres: float | None = None) -> Character:
    """Join the meshes of `source` into one Character in centimetres. Textures that no part uses are dropped.

    Shapes of equal name on several meshes are one shape. `unit_in_metres` overrules the file.
    Raises ShapeError on values that are not finite, TopologyError on arrays that disagree, InputError on a size
    that no head has.
    """
    meshes = source.meshes
    if not meshes:
        raise TopologyError(f"{source.name}: holds no mesh with polygons. Export the head as polygons.")
    vertices = [
        finite_points(f"{source.name}: vertices of mesh '{mesh.name}'", mesh.vertices) for mesh in meshes
    ]
    starts = np.concatenate([[0], np.cumsum([len(points) for points in vertices])])
    unit = unit_in_metres or unit_of_head(source.name, np.concatenate(vertices), source.unit_in_metres)
    scale = unit * 100.0
    neutral = (np.concatenate(vertices) * scale).astype(np.float32)
    names, deltas = _joined_shapes(source, starts, scale)
    parts, polygon_part = _joined_parts(meshes)
    parts, textures = _used_textures(parts, source.textures)
    topology = _joined_topology(source.name, meshes, starts)
    character = Character(
        name=source.name,
        neutral=neutral,
        topology=topology,
        shape_names=names,
        deltas=deltas,
        meshes=_spans(meshes, starts),
        parts=parts,
        polygon_part=polygon_part,
        unit_in_metres=unit,
        corner_uv=_joined_uv(meshes),
        vertex_color=_joined_color(meshes),
        textures=textures,
        weld=source.weld,
    )
    check_character(character)
    return character


def _joined_shapes(source: Source, starts: Any, scale: float) -> tuple[tuple[str, ...], Float32]:
    rows: dict[str, int] = {}
    for mesh in source.meshes:
        for name in mesh.shapes:
            rows.setdefault(name, len(rows))
    deltas = np.zeros((len(rows), int(starts[-1]), 3), dtype=np.float32)
    for mesh, start in zip(source.meshes, starts, strict=False):
        stop = start + len(mesh.vertices)
        for name, offsets in mesh.shapes.items():
            offsets = finite_points(f"{source.name}: shape '{name}' of mesh '{mesh.name}'", offsets)
            if len(offsets) != len(mesh.vertices):
                raise TopologyError(
                    f"{source.name}: shape '{name}' has {len(offsets)} vertices, mesh '{mesh.name}' has "
                    f"{len(mesh.vertices)}. Export the shapes from the same mesh."
                )
            deltas[rows[name], start:stop] = offsets * scale
    return tuple(rows), deltas


def _joined_topology(name: str, meshes: Sequence[SourceMesh], starts: Any) -> Topology:
    corners = [np.asarray(mesh.corners, dtype=np.int64) for mesh in meshes]
    for mesh, own in zip(meshes, corners, strict=True):
        if own.size and (own.min() < 0 or own.max() >= len(mesh.vertices)):
            bad = int(own.min()) if own.min() < 0 else int(own.max())
            raise TopologyError(
                f"{name}: mesh '{mesh.name}' has a polygon at vertex {bad}, but only {len(mesh.vertices)} "
                "vertices. The file is damaged: export it again."
            )
    shifted = [own + start for own, start in zip(corners, starts, strict=False)]
    counts = np.concatenate([np.asarray(mesh.counts, dtype=np.int32) for mesh in meshes])
    return Topology(int(starts[-1]), counts, np.concatenate(shifted).astype(np.int32))


def _joined_parts(meshes: Sequence[SourceMesh]) -> tuple[tuple[Part, ...], Int32]:
    parts: dict[Part, int] = {}
    numbers: list[Int32] = []
    for mesh in meshes:
        local = (
            np.zeros(len(mesh.counts), np.int64)
            if mesh.polygon_part is None
            else np.asarray(mesh.polygon_part)
        )
        own = np.zeros(len(mesh.parts), dtype=np.int32)
        for index in np.unique(local):
            own[index] = parts.setdefault(mesh.parts[index], len(parts))
        numbers.append(own[local])
    return tuple(parts), np.concatenate(numbers)


def _used_textures(
    parts: tuple[Part, ...], textures: tuple[UInt8, ...]
) -> tuple[tuple[Part, ...], tuple[UInt8, ...]]:
    used = sorted({part.texture for part in parts if part.texture >= 0})
    number = {old: new for new, old in enumerate(used)}
    renumbered = tuple(replace(part, texture=number.get(part.texture, -1)) for part in parts)
    return renumbered, tuple(textures[old] for old in used)


def _joined_uv(meshes: Sequence[SourceMesh]) -> Float32 | None:
    if all(mesh.corner_uv is None for mesh in meshes):
        return None
    rows = [np.zeros((len(m.corners), 2)) if m.corner_uv is None else np.asarray(m.corner_uv) for m in meshes]
    return np.concatenate(rows).astype(np.float32)


def _joined_color(meshes: Sequence[SourceMesh]) -> UInt8 | None:
    if all(mesh.vertex_color is None for mesh in meshes):
        return None
    rows = [
        np.full((len(m.vertices), 3), 255, np.uint8) if m.vertex_color is None else m.vertex_color
        for m in meshes
    ]
    return np.concatenate(rows).astype(np.uint8)


def _spans(meshes: Sequence[SourceMesh], starts: Any) -> tuple[MeshSpan, ...]:
    polygons = np.concatenate([[0], np.cumsum([len(mesh.counts) for mesh in meshes])])
    return tuple(
        MeshSpan(mesh.name, int(starts[i]), int(starts[i + 1]), int(polygons[i]), int(polygons[i + 1]))
        for i, mesh in enumerate(meshes)
    )
