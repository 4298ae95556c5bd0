"""What every scene format is given: meshes at rest, signed sparse targets, weights and head pose over frames.

vertices[t] = head_pose[t] (base + weights[t] @ deltas), in centimetres. For a clip of PCA weights the base is
the mean of the PCA and the targets its components; for a clip of blendshape weights the neutral and the
shapes.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from facepatch.core.axes import Float32, Float64, Int32
from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.clip import Clip
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import ExportError, TopologyError, UnknownNameError
from facepatch.export.names import NameTable

log = logging.getLogger(__name__)

TOLERANCE = 1e-6
"""cm. A vertex that a target moves by less, at the target's largest weight, is left out of it."""

RESERVED = (
    "head_pose",
    "skeleton",
    "animation",
    "materials",
    "persp",
    "top",
    "front",
    "side",
    "time1",
    "lambert1",
)
"""Names that the scene formats need themselves."""


@dataclass(frozen=True, eq=False)
class Target:
    """What one shape does to one mesh."""

    indices: Int32
    """(moved,) ascending vertex numbers of the mesh; at least one, the first vertex by zero where none
    moves."""
    offsets: Float32
    """(moved, 3) cm at weight 1"""


@dataclass(frozen=True, eq=False)
class ScenePart:
    """The polygons of one mesh that share a material."""

    material: int
    """Index into `Scene.materials`."""
    polygons: Int32
    """Ascending polygon numbers of the mesh."""


@dataclass(frozen=True, eq=False)
class SceneMesh:
    """One mesh of the scene."""

    name: str
    points: Float32
    """(V, 3) cm, of the base."""
    polygon_counts: Int32
    polygon_vertices: Int32
    uv: Float32 | None
    """(U, 2) distinct texture coordinates, None without."""
    uv_indices: Int32
    """(corners,) row of `uv` of each polygon corner; empty without."""
    targets: tuple[Target, ...]
    parts: tuple[ScenePart, ...]


@dataclass(frozen=True)
class Material:
    """A flat colour."""

    name: str
    color: tuple[float, float, float]
    """Linear light, 0..1, Rec. 709 primaries."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A character with its animation, ready for a file format."""

    name: str
    target_names: tuple[str, ...]
    """(K,) legal and unique."""
    weights: Float32
    """(T, K)"""
    head_pose: Float64 | None
    """(T, 4, 4) head -> world on column vectors, rigid; None where the clip has none."""
    meshes: tuple[SceneMesh, ...]
    materials: tuple[Material, ...]


def build_scene(clip: Clip, *, character: Character) -> Scene:
    """`clip` played by `character`.

    Raises TopologyError where the clip's PCA is of another mesh, UnknownNameError for a weight that the
    character has no shape for, and ExportError for a clip without frames or weights or with a head pose that
    is not rigid.
    """
    if clip.frame_count == 0 or not clip.names:
        raise ExportError(
            f"{clip.name or 'clip'}: has {clip.frame_count} frames of {len(clip.names)} weights, so there is "
            "nothing to export. Retarget a take first."
        )
    names = NameTable(RESERVED)
    scene_name = names.claim(character.name)
    base, deltas, weights, raw_names = _space(clip, character)
    reach = np.maximum(1.0, np.abs(weights).max(axis=0))
    if clip.pca is not None:
        reach = np.maximum(reach, 3 * np.sqrt(clip.pca.variance))
    spans = character.meshes or (
        MeshSpan(character.name, 0, len(character.neutral), 0, character.topology.polygon_counts.size),
    )
    target_names = NameTable()
    return Scene(
        name=scene_name,
        target_names=tuple(target_names.claim(name) for name in raw_names),
        weights=weights,
        head_pose=None if clip.head_pose is None else _rigid(clip.head_pose),
        meshes=tuple(_mesh(span, names, base, deltas, reach, character) for span in spans),
        materials=_materials(character, names),
    )


def _space(clip: Clip, character: Character) -> tuple[Float32, Float32, Float32, tuple[str, ...]]:
    """Base (V, 3), deltas (K, V, 3), weights (T, K) and names."""
    vertex_count = len(character.neutral)
    if clip.pca is not None:
        if clip.pca.mean.size != 3 * vertex_count:
            raise TopologyError(
                f"{clip.name or 'clip'}: its PCA has {clip.pca.mean.size // 3} vertices, but {character.name} "
                f"has {vertex_count}. Export it with the character that it was retargeted to."
            )
        if clip.pca.component_count != len(clip.names):
            raise TopologyError(
                f"{clip.name or 'clip'}: {len(clip.names)} weights for {clip.pca.component_count} PCA "
                "components. The clip is damaged: retarget again."
            )
        return (
            clip.pca.mean.reshape(-1, 3),
            clip.pca.basis.reshape(-1, vertex_count, 3),
            clip.weights,
            clip.names,
        )
    index = {name: row for row, name in enumerate(character.shape_names)}
    weights = np.zeros((clip.frame_count, len(index)), np.float32)
    for column, name in enumerate(clip.names):
        if name not in index:
            raise UnknownNameError(
                f"{character.name}: shape",
                name,
                index,
                "Export the clip with the character whose shapes it names.",
            )
        weights[:, index[name]] = clip.weights[:, column]
    return character.neutral, character.deltas, weights, character.shape_names


def _mesh(
    span: MeshSpan, names: NameTable, base: Float32, deltas: Float32, reach: Float64, character: Character
) -> SceneMesh:
    """The piece of the scene that `span` is."""
    topology = character.topology
    rows = slice(span.vertex_start, span.vertex_stop)
    first_corner = np.concatenate([[0], np.cumsum(topology.polygon_counts)])
    corners = slice(int(first_corner[span.polygon_start]), int(first_corner[span.polygon_stop]))
    counts = topology.polygon_counts[span.polygon_start : span.polygon_stop]
    vertices = topology.polygon_vertices[corners] - span.vertex_start
    size = span.vertex_stop - span.vertex_start
    if vertices.size and (vertices.min() < 0 or vertices.max() >= size):
        raise TopologyError(
            f"{character.name}: polygons of the mesh '{span.name}' use vertices of another mesh. "
            "Read the character again."
        )
    corner_keep, polygon_keep, new_counts = _whole_polygons(Topology(size, counts, vertices), span.name)
    uv, uv_indices = None, np.empty(0, np.int32)
    if character.corner_uv is not None:
        uv, inverse = np.unique(character.corner_uv[corners][corner_keep], axis=0, return_inverse=True)
        uv_indices = inverse.reshape(-1).astype(np.int32)
    part = character.polygon_part[span.polygon_start : span.polygon_stop][polygon_keep]
    return SceneMesh(
        name=names.claim(span.name),
        points=np.ascontiguousarray(base[rows]),
        polygon_counts=new_counts,
        polygon_vertices=np.ascontiguousarray(vertices[corner_keep]),
        uv=uv,
        uv_indices=uv_indices,
        targets=tuple(_target(delta[rows], float(most)) for delta, most in zip(deltas, reach)),
        parts=tuple(
            ScenePart(int(index), np.flatnonzero(part == index).astype(np.int32))
            for index in np.unique(part)
            if 0 <= index < len(character.parts)
        ),
    )


def _whole_polygons(topology: Topology, name: str) -> tuple[Int32, Int32, Int32]:
    """Corners to keep, polygons to keep and their counts.

    A corner that repeats its neighbour goes; a polygon that then has fewer than three corners or still meets
    a vertex twice goes too, because Maya refuses a mesh with such a face. Vertices stay as they are.
    """
    corners, counts = topology.polygon_vertices, topology.polygon_counts
    polygon = np.repeat(np.arange(counts.size), counts)
    starts = np.cumsum(counts) - counts
    following = np.arange(corners.size) + 1
    following[starts + counts - 1] = starts
    keep = corners != corners[following] if corners.size else np.empty(0, bool)
    pair = polygon[keep].astype(np.int64) * max(1, topology.vertex_count) + corners[keep]
    distinct = np.bincount(np.unique(pair) // max(1, topology.vertex_count), minlength=counts.size)
    left = np.bincount(polygon[keep], minlength=counts.size)
    whole = (left >= 3) & (distinct == left)
    if not whole.all():
        log.warning("%s: %d degenerate polygons left out of the export", name, int((~whole).sum()))
    corner_keep = np.flatnonzero(keep & whole[polygon]).astype(np.int32)
    return corner_keep, np.flatnonzero(whole).astype(np.int32), left[whole].astype(np.int32)


def _target(delta: Float32, reach: float) -> Target:
    """The vertices that `delta` (V, 3) moves when its weight goes as far as `reach`."""
    indices = np.flatnonzero(np.abs(delta).max(axis=1) * reach > TOLERANCE).astype(np.int32)
    if indices.size == 0:
        return Target(np.zeros(1, np.int32), np.zeros((1, 3), np.float32))
    return Target(indices, np.ascontiguousarray(delta[indices]))


def _rigid(pose: Float64) -> Float64:
    """`pose` with each 3 x 3 block replaced by its nearest rotation (polar decomposition)."""
    left, scale, right = np.linalg.svd(pose[:, :3, :3])
    bad = np.flatnonzero((np.abs(scale - 1).max(axis=1) > 0.01) | (np.linalg.det(pose[:, :3, :3]) < 0))
    if bad.size:
        raise ExportError(
            f"head_pose: {bad.size} frames are no rigid motion, the first is frame {int(bad[0])} with scales "
            f"{np.round(scale[bad[0]], 3).tolist()}. A head pose must only turn and move: retarget again."
        )
    out = pose.copy()
    out[:, :3, :3] = left @ right
    return out


def _materials(character: Character, names: NameTable) -> tuple[Material, ...]:
    """One flat colour per part; the mean colour of the texture where the part has one."""
    out: list[Material] = []
    for part in character.parts:
        color = np.asarray(part.color, np.float64)
        if 0 <= part.texture < len(character.textures):
            color = color * character.textures[part.texture].reshape(-1, 3).mean(axis=0) / 255
        red, green, blue = (float(value) for value in linear(color))
        out.append(Material(names.claim(f"{_part_name(part)}_mat"), (red, green, blue)))
    return tuple(out)


def _part_name(part: Part) -> str:
    return part.name or part.kind


def linear(srgb: Float64) -> Float64:
    """sRGB 0..1 -> linear light (IEC 61966-2-1)."""
    value = np.clip(srgb, 0, 1)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
