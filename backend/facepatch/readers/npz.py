"""Characters from npz: blendshape sets and vertex animation."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.data.character import Part
from facepatch.core.data.mesh import Topology, topology_from_padded
from facepatch.core.errors import FormatError, InputError, TopologyError
from facepatch.core.part_names import default_part
from facepatch.readers.assemble import Source, SourceMesh

Arrays = dict[str, Any]


def read_arrays(path: Path) -> Arrays:
    """All arrays of an npz, without pickle.

    Raises InputError where there is no file, FormatError where it is not a whole npz of plain arrays.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise FormatError(
            f"{path}: cannot be read as an npz of plain arrays ({error}). "
            "Write it again with numpy.savez, without Python objects in it."
        ) from error


def npz_source(path: Path, arrays: Arrays) -> Source:
    """A character from `arrays`.

    vertices (V, 3) neutral with names (K,) and deltas (K, V, 3), or vertices (T, V, 3) without shapes, whose
    neutral is `neutral` (V, 3) or else frame 0. Topology: polys (Q, longest) padded with -1, or tris (F, 3), or
    polygon_counts and polygon_vertices (also: counts and corners). Optional: unit_in_metres, part (Q,) with
    part_names, corner_uv (corners, 2).
    """
    vertices = _needed(path, arrays, "vertices")
    if vertices.ndim == 3:
        neutral = np.asarray(arrays["neutral"] if "neutral" in arrays else vertices[0])
        shapes: dict[str, Any] = {}
    else:
        neutral = vertices
        shapes = _shapes(path, arrays)
    topology = _topology(path, arrays, len(neutral))
    parts, polygon_part = _parts(path, arrays, topology.polygon_counts.size)
    mesh = SourceMesh(
        name=path.stem,
        vertices=neutral,
        counts=topology.polygon_counts,
        corners=topology.polygon_vertices,
        shapes=shapes,
        parts=parts,
        polygon_part=polygon_part,
        corner_uv=arrays.get("corner_uv"),
    )
    unit = float(arrays["unit_in_metres"]) if "unit_in_metres" in arrays else None
    return Source(path.stem, (mesh,), unit)


def _needed(path: Path, arrays: Arrays, name: str) -> Any:
    if name not in arrays:
        raise FormatError(
            f"{path}: has no array '{name}'. It holds: {', '.join(sorted(arrays)) or 'nothing'}. "
            "A character needs vertices, polys (or tris), names and deltas."
        )
    return arrays[name]


def _shapes(path: Path, arrays: Arrays) -> dict[str, Any]:
    if "deltas" not in arrays:
        return {}
    deltas = arrays["deltas"]
    names = [str(name) for name in arrays.get("names", [f"shape_{i:03d}" for i in range(len(deltas))])]
    if len(names) != len(deltas):
        raise TopologyError(f"{path}: {len(names)} names for {len(deltas)} shapes in 'deltas'.")
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InputError(
            f"{path}: shape names must differ; given twice: {', '.join(twice)}. Rename one of each."
        )
    return dict(zip(names, deltas, strict=True))


def _topology(path: Path, arrays: Arrays, vertex_count: int) -> Topology:
    try:
        if "polys" in arrays:
            return topology_from_padded(vertex_count, arrays["polys"])
        for counts, corners in (("polygon_counts", "polygon_vertices"), ("counts", "corners")):
            if counts in arrays and corners in arrays:
                return Topology(vertex_count, arrays[counts], arrays[corners])
        return topology_from_padded(vertex_count, _needed(path, arrays, "tris"))
    except TopologyError as error:
        raise TopologyError(f"{path}: {error}") from error


def _parts(path: Path, arrays: Arrays, polygon_count: int) -> tuple[tuple[Part, ...], Any]:
    if "part" not in arrays or "part_names" not in arrays:
        return (default_part(path.stem),), None
    numbers = np.asarray(arrays["part"]).astype(np.int64).reshape(-1)
    names = [str(name) for name in arrays["part_names"]]
    if numbers.size != polygon_count:
        raise TopologyError(f"{path}: 'part' has {numbers.size} entries for {polygon_count} polygons.")
    if numbers.size and (numbers.min() < 0 or numbers.max() >= len(names)):
        raise InputError(
            f"{path}: 'part' goes up to {int(numbers.max())}, but there are {len(names)} part_names."
        )
    return tuple(default_part(name) for name in names), numbers
