"""Characters from glTF: morph targets become shapes, seams are welded, bodies are cut down to their heads."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.data.character import Part
from facepatch.core.errors import FormatError, InputError
from facepatch.readers.assemble import Source, SourceMesh
from facepatch.readers.gltf_file import GltfFile, Json, well_formed
from facepatch.readers.gltf_scene import Materials, mesh_nodes, world_from_mesh
from facepatch.readers.head_region import HeadBox, belongs_to_head, head_box, reaches_out
from facepatch.readers.weld import welded

log = logging.getLogger(__name__)

_TRIANGLES, _STRIP, _FAN = 4, 5, 6


@dataclass(eq=False)
class _Instance:
    """A mesh in the scene as the file has it: split at seams, in world space."""

    name: str
    vertices: Any
    triangles: Any
    shapes: dict[str, Any]
    triangle_part: Any
    parts: list[Part]
    uv: Any
    color: Any
    group: Any
    """(V,) welded vertex of each."""
    first: Any
    """(N,) a vertex of each welded one."""


def gltf_source(path: Path) -> Source:
    """The head of a `.glb` or `.gltf`, in metres.

    Vertices that the file split at seams are one again where position and all morph offsets agree (within a mesh);
    `Source.weld` tells for each vertex of the scene's meshes, in the order of the file, which row it became, or -1
    where it was left out. Skinned meshes are read in their bind pose. Which meshes stay: `head_region`.
    Raises FormatError on a damaged file, InputError on one without a mesh.
    """
    file = GltfFile(path)
    with well_formed(path):
        materials = Materials(file)
        nodes = mesh_nodes(file)
        instances = [found for node in nodes if (found := _instance(file, node, materials))]
        if not instances:
            raise InputError(f"{path}: shows no mesh with triangles. Export the character's meshes with it.")
        kept, weld = _kept(path, instances)
        return Source(path.stem, kept, 1.0, materials.textures, weld)


def target_names(mesh: Json) -> list[str]:
    """Names of a mesh's morph targets; `target_007` where the file has none."""
    primitives = mesh["primitives"]
    count = max(len(primitive.get("targets", [])) for primitive in primitives)
    told = (mesh.get("extras") or {}).get("targetNames") or (primitives[0].get("extras") or {}).get(
        "targetNames"
    )
    names = [str(name) for name in told or []][:count]
    return names + [f"target_{index:03d}" for index in range(len(names), count)]


def _instance(file: GltfFile, node: int, materials: Materials) -> _Instance | None:
    stored = file.items("nodes")[node]
    mesh = file.items("meshes")[stored["mesh"]]
    name = str(stored.get("name") or mesh.get("name") or f"mesh_{stored['mesh']}")
    names = target_names(mesh)
    points: list[Any] = []
    offsets: list[Any] = []
    triangles: list[Any] = []
    numbers: list[Any] = []
    uvs: list[Any] = []
    colors: list[Any] = []
    parts: list[Part] = []
    start = 0
    alone = len(mesh["primitives"]) == 1
    for primitive in mesh["primitives"]:
        material = primitive.get("material")
        if primitive.get("mode", _TRIANGLES) not in (_TRIANGLES, _STRIP, _FAN):
            continue
        if materials.see_through(material):
            log.info("%s: left out a see-through shell of '%s'.", file.path, name)
            continue
        position = np.asarray(file.accessor(primitive["attributes"]["POSITION"]), dtype=np.float64)
        own = _triangles(file, primitive, len(position))
        points.append(position)
        offsets.append(_offsets(file, primitive, len(names), len(position)))
        triangles.append(own + start)
        numbers.append(np.full(len(own), len(parts), dtype=np.int32))
        parts.append(materials.part(name, material, alone=alone))
        uvs.append(_uv(file, primitive, materials, len(position)))
        colors.append(_color(file, primitive, parts[-1], len(position)))
        start += len(position)
    if not points:
        return None
    joined, moved = np.concatenate(points), np.concatenate(offsets, axis=1)
    first, group = welded(joined, moved)
    place = world_from_mesh(file, node)
    faces = np.concatenate(triangles)
    if np.linalg.det(place[:3, :3]) < 0.0:
        faces = faces[:, ::-1]
    return _Instance(
        name=name,
        vertices=joined @ place[:3, :3].T + place[:3, 3],
        triangles=faces,
        shapes={shape: moved[index] @ place[:3, :3].T for index, shape in enumerate(names)},
        triangle_part=np.concatenate(numbers),
        parts=parts,
        uv=np.concatenate(uvs),
        color=np.concatenate(colors),
        group=group,
        first=first,
    )


def _triangles(file: GltfFile, primitive: Json, vertex_count: int) -> Any:
    mode = primitive.get("mode", _TRIANGLES)
    if "indices" in primitive:
        run = np.asarray(file.accessor(primitive["indices"]), dtype=np.int64)
    else:
        run = np.arange(vertex_count, dtype=np.int64)
    if run.size and int(run.max()) >= vertex_count:
        raise FormatError(
            f"{file.path}: a triangle is at vertex {int(run.max())} of {vertex_count}. Export it again."
        )
    if mode == _TRIANGLES:
        return run[: run.size // 3 * 3].reshape(-1, 3)
    if mode == _FAN:
        return np.stack([np.full(run.size - 2, run[0]), run[1:-1], run[2:]], axis=1)
    faces = np.stack([run[:-2], run[1:-1], run[2:]], axis=1)
    faces[1::2] = faces[1::2, [1, 0, 2]]
    return faces


def _offsets(file: GltfFile, primitive: Json, shape_count: int, vertex_count: int) -> Any:
    out = np.zeros((shape_count, vertex_count, 3), dtype=np.float64)
    for index, target in enumerate(primitive.get("targets", [])):
        if "POSITION" in target:
            out[index] = file.accessor(target["POSITION"])
    return out


def _uv(file: GltfFile, primitive: Json, materials: Materials, vertex_count: int) -> Any:
    """(V, 2) with (0, 0) at the bottom left; glTF counts from the top."""
    name = f"TEXCOORD_{materials.uv_set(primitive.get('material'))}"
    if name not in primitive["attributes"]:
        return np.zeros((vertex_count, 2))
    uv = np.asarray(file.accessor(primitive["attributes"][name]), dtype=np.float64)
    turn = materials.uv_transform(primitive.get("material"))
    uv = uv @ turn[:2, :2].T + turn[:2, 2]
    return np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1)


def _color(file: GltfFile, primitive: Json, part: Part, vertex_count: int) -> Any:
    """(V, 3) uint8 sRGB. Colours beside a texture are often masks of a shader, and left out."""
    if "COLOR_0" not in primitive["attributes"] or part.texture >= 0:
        return np.full((vertex_count, 3), 255, dtype=np.uint8)
    linear = np.clip(
        np.asarray(file.accessor(primitive["attributes"]["COLOR_0"]), dtype=np.float64)[:, :3], 0, 1
    )
    return np.rint(255.0 * linear ** (1 / 2.2)).astype(np.uint8)


def _kept(path: Path, instances: Sequence[_Instance]) -> tuple[tuple[SourceMesh, ...], Any]:
    """The meshes of the head, and the weld map over all vertices of `instances`."""
    moving = [instance for instance in instances if instance.shapes]
    box = None
    if moving:
        vertices = np.concatenate([instance.vertices for instance in moving])
        box = head_box(vertices, np.concatenate([_movement(instance) for instance in moving]))
    kept: list[SourceMesh] = []
    weld: list[Any] = []
    left_out: list[str] = []
    row = 0
    for instance in instances:
        keep = _kept_triangles(instance, box)
        if not keep.any():
            left_out.append(instance.name)
            weld.append(np.full(len(instance.vertices), -1, dtype=np.int32))
            continue
        mesh, rows = _source_mesh(instance, keep)
        if not keep.all():
            left_out.append(f"{int((~keep).sum())} triangles of {instance.name}")
        kept.append(mesh)
        weld.append(np.where(rows >= 0, rows + row, -1).astype(np.int32))
        row += len(mesh.vertices)
    if left_out:
        log.info(
            "%s: kept the head (%s); left out %s.", path, ", ".join(m.name for m in kept), ", ".join(left_out)
        )
    return tuple(kept), np.concatenate(weld)


def _movement(instance: _Instance) -> Any:
    most = np.zeros(len(instance.vertices))
    for offsets in instance.shapes.values():
        np.maximum(most, np.linalg.norm(offsets, axis=1), out=most)
    return most


def _kept_triangles(instance: _Instance, box: HeadBox | None) -> Any:
    every = np.ones(len(instance.triangles), dtype=bool)
    if box is None:
        return every
    if instance.shapes and not reaches_out(box, instance.vertices):
        return every
    if instance.shapes:
        return box.inside(instance.vertices)[instance.triangles].all(axis=1)
    return every if belongs_to_head(box, instance.name, instance.vertices) else ~every


def _source_mesh(instance: _Instance, keep: Any) -> tuple[SourceMesh, Any]:
    """The welded mesh of the kept triangles, and the row of each source vertex (-1: left out)."""
    triangles = instance.triangles[keep]
    used = np.ones(len(instance.first), dtype=bool)
    if not keep.all():
        used[:] = False
        used[instance.group[triangles]] = True
    new = np.where(used, np.cumsum(used) - 1, -1)
    rows = new[instance.group]
    source = instance.first[used]
    mesh = SourceMesh(
        name=instance.name,
        vertices=instance.vertices[source],
        counts=np.full(len(triangles), 3, dtype=np.int32),
        corners=rows[triangles].reshape(-1),
        shapes={name: offsets[source] for name, offsets in instance.shapes.items()},
        parts=tuple(instance.parts),
        polygon_part=instance.triangle_part[keep],
        corner_uv=instance.uv[triangles].reshape(-1, 2),
        vertex_color=None if (instance.color == 255).all() else instance.color[source],
    )
    return mesh, rows
