"""A character: its neutral head, its shapes, its meshes and materials."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Optional

import numpy as np

from facepatch.core.axes import Axes, Float32, Int32, UInt8
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import ShapeError, TopologyError
from facepatch.core.records import Record, read_record, write_record

PartKind = Literal["skin", "eye", "teeth", "tongue", "mouth", "lash", "brow", "hair", "other"]
"""`mouth` is the inside of the mouth; `eye` the eyeball."""

KIND = "facepatch.character"
VERSION = 1


@dataclass(frozen=True)
class Part:
    """A group of polygons that share a material."""

    name: str
    kind: PartKind
    color: tuple[float, float, float] = (0.8, 0.62, 0.53)
    """sRGB, 0..1. Multiplies the texture where there is one."""
    texture: int = -1
    """Index into Character.textures, -1 for none."""


@dataclass(frozen=True)
class MeshSpan:
    """One mesh of the scene: contiguous vertices and polygons of the character, stop exclusive."""

    name: str
    vertex_start: int
    vertex_stop: int
    polygon_start: int
    polygon_stop: int


@dataclass(frozen=True, eq=False)
class Character:
    """A head at rest, in centimetres, right-handed, Y up, looking along +Z, its left at +X.

    All meshes of the head lie one after the other in one vertex array: `shape = neutral + weights @ deltas`.
    `deltas` has K = 0 for a rig that is known only by its vertex animation.
    """

    name: str
    neutral: Float32
    """(V, 3)"""
    topology: Topology
    shape_names: tuple[str, ...]
    deltas: Float32
    """(K, V, 3)"""
    meshes: tuple[MeshSpan, ...]
    parts: tuple[Part, ...]
    polygon_part: Int32
    """(Q,) index into `parts`."""
    unit_in_metres: float = 0.01
    """Unit of the file that the character came from; `neutral` itself is in centimetres."""
    corner_uv: Optional[Float32] = None
    """(polygon corners, 2), (0, 0) the bottom-left of the texture."""
    vertex_color: Optional[UInt8] = None
    """(V, 3) sRGB."""
    textures: tuple[UInt8, ...] = ()
    """Each (H, W, 3) sRGB, first row at the top."""
    weld: Optional[Int32] = None
    """(source vertices,) row of `neutral` that each vertex of the source file became."""

    def __post_init__(self) -> None:
        check = Axes()
        neutral = check(f"{self.name}: vertices", self.neutral, "V 3")
        deltas = check(f"{self.name}: deltas", self.deltas, "K V 3")
        part = check(f"{self.name}: polygon_part", self.polygon_part, "Q", np.int32)
        if self.topology.vertex_count != len(neutral):
            raise TopologyError(
                f"{self.name}: topology is over {self.topology.vertex_count} vertices, but there are {len(neutral)}."
            )
        if len(self.shape_names) != len(deltas):
            raise TopologyError(f"{self.name}: {len(self.shape_names)} shape names for {len(deltas)} shapes.")
        if part.size != self.topology.polygon_counts.size:
            raise TopologyError(
                f"{self.name}: {part.size} part numbers for {self.topology.polygon_counts.size} polygons."
            )
        object.__setattr__(self, "neutral", neutral)
        object.__setattr__(self, "deltas", deltas)
        object.__setattr__(self, "polygon_part", part)

    def vertices(self, weights: Any) -> Float32:
        """(T, K) weights -> (T, V, 3) vertices."""
        values = Axes()(f"{self.name}: weights", weights, "T _")
        if values.shape[1] != len(self.deltas):
            raise ShapeError(
                f"{self.name}: {values.shape[1]} weights per frame for {len(self.deltas)} shapes."
            )
        flat = self.deltas.reshape(len(self.deltas), self.neutral.size)
        shapes: Float32 = values @ flat
        return shapes.reshape(len(values), -1, 3) + self.neutral


def character_record(character: Character) -> Record:
    """`character` as a header and arrays."""
    arrays: dict[str, Any] = {
        "neutral": character.neutral,
        "deltas": character.deltas,
        "polygon_counts": character.topology.polygon_counts,
        "polygon_vertices": character.topology.polygon_vertices,
        "polygon_part": character.polygon_part,
    }
    for name in ("corner_uv", "vertex_color", "weld"):
        value = getattr(character, name)
        if value is not None:
            arrays[name] = value
    for index, texture in enumerate(character.textures):
        arrays[f"texture_{index}"] = texture
    header: dict[str, Any] = {
        "record": KIND,
        "version": VERSION,
        "name": character.name,
        "unit_in_metres": character.unit_in_metres,
        "shape_names": list(character.shape_names),
        "meshes": [
            [m.name, m.vertex_start, m.vertex_stop, m.polygon_start, m.polygon_stop] for m in character.meshes
        ],
        "parts": [[p.name, p.kind, list(p.color), p.texture] for p in character.parts],
        "textures": len(character.textures),
    }
    return Record(header, arrays)


def character_from_record(record: Record) -> Character:
    """The inverse of `character_record`."""
    header, arrays = record
    topology = Topology(len(arrays["neutral"]), arrays["polygon_counts"], arrays["polygon_vertices"])
    return Character(
        name=header["name"],
        neutral=arrays["neutral"],
        topology=topology,
        shape_names=tuple(header["shape_names"]),
        deltas=arrays["deltas"],
        meshes=tuple(MeshSpan(*span) for span in header["meshes"]),
        parts=tuple(
            Part(name, kind, tuple(color), texture) for name, kind, color, texture in header["parts"]
        ),
        polygon_part=arrays["polygon_part"],
        unit_in_metres=header["unit_in_metres"],
        corner_uv=arrays.get("corner_uv"),
        vertex_color=arrays.get("vertex_color"),
        textures=tuple(arrays[f"texture_{i}"] for i in range(header["textures"])),
        weld=arrays.get("weld"),
    )


def write_character(path: Path, character: Character) -> None:
    """Write a `facepatch.character` record."""
    write_record(path, character_record(character))


def read_character_record(path: Path) -> Character:
    """Read a `facepatch.character` record."""
    return character_from_record(read_record(path, KIND, VERSION))
