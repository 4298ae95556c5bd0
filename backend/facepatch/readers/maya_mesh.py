"""Meshes and blendShape targets out of the attributes of Maya nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.errors import FormatError
from facepatch.readers.maya_ascii import MayaNode, MayaScene, to_numbers

_RANGE = re.compile(r"\[(\d+)(?::(\d+))?\]$")
_COMPONENT = re.compile(r"\[(\*|\d+)(?::(\d+))?\]$")
_TARGET = re.compile(r"^\.it\[(\d+)\]\.itg\[(\d+)\]\.iti\[(\d+)\]\.(ipt|ict)$")
_GROUP = re.compile(r"^it\[(\d+)\]\.itg\[(\d+)\]\.iti\[(\d+)\]\.igt$")
_FULL = 6000
"""The item that stands for weight 1; others are in-betweens (5000 + 1000 * weight)."""


@dataclass(eq=False)
class MayaMesh:
    """A mesh node's own data, in the scene's unit."""

    vertices: Float64
    counts: Any
    corners: Any
    corner_uv: Any
    """(corners, 2) or None"""


def has_mesh_data(node: MayaNode) -> bool:
    """Whether the node stores points and faces itself."""
    return node.kind == "mesh" and any(key.startswith(".fc[") for key in node.attributes)


def mesh_data(node: MayaNode) -> MayaMesh:
    """Points (.vt plus tweaks .pt), faces (.fc through the edges .ed) and the first UV set.

    An edge number e >= 0 in a face starts at the edge's first vertex; a negative one is edge -e-1 walked backwards.
    Raises FormatError where the parts do not fit together.
    """
    vertices = _listed(node, ".vt", 3)
    tweaks = _listed(node, ".pt", 3, len(vertices))
    vertices[: len(tweaks)] += tweaks[: len(vertices)]
    edges = _listed(node, ".ed", 3)[:, :2].astype(np.int64)
    uv = _listed(node, ".uvst[0].uvsp", 2)
    counts: list[int] = []
    corners: list[Any] = []
    uv_corners: list[Any] = []
    for words in _runs(node, ".fc"):
        for kind, numbers in _face_words(node, words):
            if kind == "f":
                counts.append(len(numbers))
                corners.append(_face_corners(node, numbers, edges))
                uv_corners.append(np.zeros(len(numbers), dtype=np.int64))
            elif kind == "mu" and numbers[0] == 0 and len(numbers) - 1 == counts[-1]:
                uv_corners[-1] = numbers[1:]
    rows = np.concatenate(corners) if corners else np.zeros(0, dtype=np.int64)
    if rows.size and rows.max() >= len(vertices):
        raise FormatError(
            f"{node.name}: an edge is at vertex {int(rows.max())} of {len(vertices)}. Save the scene again."
        )
    uv_rows = np.concatenate(uv_corners) if uv_corners else np.zeros(0, dtype=np.int64)
    whole = len(uv) > 0 and (not uv_rows.size or int(uv_rows.max()) < len(uv))
    return MayaMesh(vertices, np.array(counts, dtype=np.int32), rows, uv[uv_rows] if whole else None)


def target_offsets(scene: MayaScene, blend: MayaNode, geometry: int, base: Float64) -> dict[str, Float64]:
    """Target name -> (V, 3) offsets **in centimetres** at weight 1, of geometry number `geometry`.

    Stored offsets (.ipt with their components .ict) are in centimetres whatever the scene's unit is; the points of
    a target mesh that is still connected (.igt) are in the scene's unit. In-betweens are left out.
    base: (V, 3) in the scene's unit.
    """
    names = target_names(blend)
    out: dict[str, Float64] = {}
    for number in _target_numbers(scene, blend, geometry, names):
        offsets = np.zeros_like(base)
        key = f".it[{geometry}].itg[{number}].iti[{_FULL}]"
        mesh = _connected_target(scene, blend, geometry, number)
        if f"{key}.ipt" in blend.attributes:
            rows, values = _stored_target(blend, key, len(base))
            offsets[rows] = values
        elif mesh is not None:
            shape = mesh_data(mesh).vertices
            if len(shape) != len(base):
                raise FormatError(
                    f"{blend.name}: target '{mesh.name}' has {len(shape)} vertices, its base {len(base)}. "
                    "Delete that target in Maya or rebuild it."
                )
            offsets = (shape - base) * scene.unit_in_metres * 100.0
        out[names.get(number, f"{blend.name}.w[{number}]")] = offsets
    return out


def target_names(blend: MayaNode) -> dict[int, str]:
    """Weight number -> alias."""
    words = [word for word in blend.attributes.get(".aal", []) if word not in "{},()"]
    pairs = zip(words[::2], words[1::2], strict=False)
    return {int(found.group(1)): name for name, to in pairs if (found := re.search(r"\[(\d+)\]$", to))}


def target_meshes(scene: MayaScene) -> set[str]:
    """Names of mesh nodes that only serve as blendShape targets."""
    found: set[str] = set()
    for node, links in scene.inputs.items():
        if node in scene.nodes and scene.nodes[node].kind == "blendShape":
            found.update(source.partition(".")[0] for attribute, source in links if _GROUP.match(attribute))
    return found


def _target_numbers(scene: MayaScene, blend: MayaNode, geometry: int, names: dict[int, str]) -> list[int]:
    numbers = set(names)
    for key in blend.attributes:
        found = _TARGET.match(key)
        if found and int(found.group(1)) == geometry and int(found.group(3)) == _FULL:
            numbers.add(int(found.group(2)))
    for attribute, _ in scene.inputs.get(blend.name, []):
        found = _GROUP.match(attribute)
        if found and int(found.group(1)) == geometry:
            numbers.add(int(found.group(2)))
    return sorted(numbers)


def _connected_target(scene: MayaScene, blend: MayaNode, geometry: int, number: int) -> MayaNode | None:
    wanted = (str(geometry), str(number), str(_FULL))
    for attribute, source in scene.inputs.get(blend.name, []):
        found = _GROUP.match(attribute)
        node = scene.nodes.get(source.partition(".")[0])
        if found and found.groups() == wanted and node is not None and has_mesh_data(node):
            return node
    return None


def _stored_target(blend: MayaNode, key: str, vertex_count: int) -> tuple[Any, Float64]:
    numbers = blend.numbers(f"{key}.ipt")
    count = int(numbers[0]) if numbers.size else 0
    words = blend.attributes.get(f"{key}.ict", ["0"])[1:]
    rows = _component_rows(blend, words, vertex_count)
    if numbers.size != 1 + 4 * count or len(rows) != count:
        raise FormatError(
            f"{blend.name}{key}: {count} points announced, {(numbers.size - 1) // 4} given, {len(rows)} vertices "
            "named. Save the scene again."
        )
    if rows.size and int(rows.max()) >= vertex_count:
        raise FormatError(
            f"{blend.name}{key}: moves vertex {int(rows.max())} of a mesh of {vertex_count}. "
            "Rebuild the target in Maya."
        )
    return rows, numbers[1:].reshape(-1, 4)[:, :3]


def _component_rows(blend: MayaNode, words: list[str], vertex_count: int) -> Any:
    rows: list[Any] = []
    for word in words:
        found = _COMPONENT.search(word)
        if found is None:
            raise FormatError(f"{blend.name}: '{word}' is no list of vertices. Save the scene again.")
        if found.group(1) == "*":
            rows.append(np.arange(vertex_count))
        else:
            first = int(found.group(1))
            rows.append(np.arange(first, int(found.group(2) or first) + 1))
    return np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)


def _runs(node: MayaNode, attribute: str) -> list[list[str]]:
    """The values of `attribute[a:b]`, in the order of their indices."""
    found: list[tuple[int, list[str]]] = []
    for key, words in node.attributes.items():
        if key.startswith(attribute + "["):
            span = _RANGE.fullmatch(key[len(attribute) :])
            if span:
                found.append((int(span.group(1)), words))
    return [words for _, words in sorted(found, key=lambda item: item[0])]


def _listed(node: MayaNode, attribute: str, width: int, count: int = 0) -> Float64:
    """(n, width) rows of `attribute[a:b]`, each at its own index; `count` is the least n."""
    pieces: list[tuple[int, Float64]] = []
    for key, words in node.attributes.items():
        if not key.startswith(attribute + "["):
            continue
        span = _RANGE.fullmatch(key[len(attribute) :])
        if span is None:
            continue
        values = to_numbers(words, node.name + key)
        first = int(span.group(1))
        wanted = int(span.group(2) or first) - first + 1
        if values.size != wanted * width:
            raise FormatError(
                f"{node.name}{key}: {values.size} numbers where {wanted * width} belong. Save the scene again."
            )
        pieces.append((first, values.reshape(-1, width)))
    total = max([count, *(first + len(rows) for first, rows in pieces)])
    out = np.zeros((total, width))
    for first, rows in pieces:
        out[first : first + len(rows)] = rows
    return out


def _face_words(node: MayaNode, words: list[str]) -> Any:
    """(kind, numbers) of a polyFaces list: f (edges), h (a hole's edges), mu (UV set, then ids), others skipped."""
    place = 0
    while place < len(words):
        kind = words[place]
        try:
            if kind in ("mu", "mc"):
                count = int(words[place + 2])
                numbers = [int(words[place + 1]), *map(int, words[place + 3 : place + 3 + count])]
                place += 3 + count
            else:
                count = int(words[place + 1])
                numbers = [int(word) for word in words[place + 2 : place + 2 + count]]
                place += 2 + count
        except (ValueError, IndexError) as error:
            raise FormatError(f"{node.name}.fc: cannot be read at '{kind}'. Save the scene again.") from error
        yield kind, np.array(numbers, dtype=np.int64)


def _face_corners(node: MayaNode, numbers: Any, edges: Any) -> Any:
    backwards = numbers < 0
    rows = np.where(backwards, -numbers - 1, numbers)
    if rows.size and int(rows.max()) >= len(edges):
        raise FormatError(
            f"{node.name}.fc: a face is at edge {int(rows.max())} of {len(edges)}. Save the scene again."
        )
    return edges[rows, backwards.astype(np.int64)]
