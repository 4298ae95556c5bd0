"""Characters from Maya ASCII scenes, without Maya.

Units, as Maya writes them: mesh points and translations are in the scene's linear unit (`currentUnit -l`), while
blendShape point arrays are always in centimetres.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facepatch.core.axes import Float64, UInt8
from facepatch.core.data.character import Part
from facepatch.core.errors import FormatError, InputError
from facepatch.core.part_names import default_part
from facepatch.readers.assemble import Source, SourceMesh
from facepatch.readers.head_region import belongs_to_head, head_box
from facepatch.readers.maya_ascii import MayaNode, MayaScene, read_maya_ascii
from facepatch.readers.maya_mesh import MayaMesh, has_mesh_data, mesh_data, target_meshes, target_offsets
from facepatch.readers.maya_place import world_from_shape

log = logging.getLogger(__name__)

_GEOMETRY_INPUT = re.compile(r"^(i|ip|ig|inMesh|ip\[\d+\](\.ig)?|inputPolymesh)$")
_PASSED = {"blendShape", "tweak", "groupParts", "skinCluster", "transformGeometry", "deleteComponent"}


@dataclass(eq=False)
class _History:
    """What feeds a visible mesh."""

    origin: MayaNode
    after: Float64
    """(4, 4) on column vectors: what transformGeometry nodes do to the original's points."""
    blends: list[tuple[MayaNode, int, Float64]]
    """blendShape nodes, the number of this geometry in each, and what transformGeometry nodes do after it; the last
    deformer first."""
    unread: list[str]


def maya_source(path: Path) -> Source:
    """The head of a `.ma`: visible meshes with their blendShape targets, in the scene's linear unit.

    A mesh that is deformed is read from its undeformed original. Which meshes stay: `head_region` (no mesh is cut).
    Raises FormatError on a damaged scene, InputError on one without a visible mesh.
    """
    scene = read_maya_ascii(path)
    if scene.references:
        log.warning("%s: %d referenced files are not read. Import them in Maya.", path, scene.references)
    textures: dict[Path, UInt8] = {}
    meshes: list[SourceMesh] = []
    targets = target_meshes(scene)
    for shape in _visible_shapes(scene):
        history = _history(scene, shape)
        if shape.name in targets or history is None:
            continue
        try:
            meshes.append(_source_mesh(path, scene, shape, history, textures))
        except FormatError as error:
            raise FormatError(f"{path}: {error}") from error
    if not meshes:
        raise InputError(
            f"{path}: has no visible polygon mesh. Show the head's mesh in Maya, and save the scene with its history."
        )
    return Source(path.stem, _head_meshes(path, meshes), scene.unit_in_metres, tuple(textures.values()))


def _visible_shapes(scene: MayaScene) -> list[MayaNode]:
    shapes: list[MayaNode] = []
    for node in scene.nodes.values():
        if node.kind != "mesh" or node.flag(".io", False):
            continue
        owner: MayaNode | None = node
        seen: set[str] = set()
        while owner is not None and owner.name not in seen and owner.flag(".v", True):
            seen.add(owner.name)
            owner = scene.nodes.get((owner.parent or "").split("|")[-1])
        if owner is None:
            shapes.append(node)
    return shapes


def _history(scene: MayaScene, shape: MayaNode) -> _History | None:
    """Walk up from a shape's input to the mesh that stores points."""
    blends: list[tuple[MayaNode, int, Float64]] = []
    unread: list[str] = []
    after: Float64 = np.eye(4)
    node, seen = shape, {shape.name}
    while True:
        link = next((s for a, s in scene.inputs.get(node.name, []) if _GEOMETRY_INPUT.match(a)), None)
        if link is None:
            break
        name, _, output = link.partition(".")
        if name not in scene.nodes or name in seen:
            break
        node = scene.nodes[name]
        seen.add(name)
        if node.kind == "blendShape":
            number = re.search(r"\[(\d+)\]", output)
            blends.append((node, int(number.group(1)) if number else 0, after))
        elif node.kind == "transformGeometry" and len(node.attributes.get(".txf", [])) == 16:
            matrix = node.numbers(".txf").reshape(4, 4).T.copy()
            matrix[:3, 3] /= (
                scene.unit_in_metres * 100.0
            )  # stored in centimetres, whatever the scene's unit is
            after = after @ matrix
        elif node.kind != "mesh" and node.kind not in _PASSED:
            unread.append(f"{node.name} ({node.kind})")
    return _History(node, after, blends, unread) if has_mesh_data(node) else None


def _source_mesh(
    path: Path, scene: MayaScene, shape: MayaNode, history: _History, textures: dict[Path, UInt8]
) -> SourceMesh:
    data = mesh_data(history.origin)
    if history.unread:
        log.warning(
            "%s: '%s' is read without what %s does to it. Delete the history in Maya where that matters.",
            path,
            shape.name,
            ", ".join(history.unread),
        )
    world = world_from_shape(scene, shape)
    place = world @ history.after
    cm = scene.unit_in_metres * 100.0
    shapes: dict[str, Any] = {}
    for blend, geometry, after in reversed(history.blends):
        turn = (world @ after)[:3, :3]
        for name, offsets in target_offsets(scene, blend, geometry, data.vertices).items():
            shapes[f"{blend.name}.{name}" if name in shapes else name] = offsets / cm @ turn.T
    mirrored = bool(np.linalg.det(place[:3, :3]) < 0.0)
    return _placed(shape, data, place, shapes, _part(path, scene, shape, textures), mirrored)


def _placed(
    shape: MayaNode, data: MayaMesh, place: Float64, shapes: dict[str, Any], part: Part, mirrored: bool
) -> SourceMesh:
    name = (shape.parent or shape.name).split("|")[-1]
    corners, uv = data.corners, data.corner_uv
    if mirrored:
        ends = np.cumsum(data.counts)
        order = np.concatenate(
            [np.arange(e - 1, e - c - 1, -1) for e, c in zip(ends, data.counts, strict=True)]
        )
        corners, uv = corners[order], None if uv is None else uv[order]
    return SourceMesh(
        name=name,
        vertices=data.vertices @ place[:3, :3].T + place[:3, 3],
        counts=data.counts,
        corners=corners,
        shapes=shapes,
        parts=(part,),
        corner_uv=uv,
    )


def _head_meshes(path: Path, meshes: list[SourceMesh]) -> tuple[SourceMesh, ...]:
    moving = [mesh for mesh in meshes if mesh.shapes]
    if not moving:
        return tuple(meshes)
    movement = [
        np.max([np.linalg.norm(offsets, axis=1) for offsets in mesh.shapes.values()], axis=0)
        for mesh in moving
    ]
    box = head_box(np.concatenate([mesh.vertices for mesh in moving]), np.concatenate(movement))
    if box is None:
        return tuple(meshes)
    kept = [mesh for mesh in meshes if mesh.shapes or belongs_to_head(box, mesh.name, mesh.vertices)]
    left_out = [mesh.name for mesh in meshes if mesh not in kept]
    if left_out:
        log.info(
            "%s: kept the head (%s); left out %s.", path, ", ".join(m.name for m in kept), ", ".join(left_out)
        )
    return tuple(kept)


def _part(path: Path, scene: MayaScene, shape: MayaNode, textures: dict[Path, UInt8]) -> Part:
    """The part of a mesh: colour or texture of the one shading group of the whole shape, where there is one."""
    name = (shape.parent or shape.name).split("|")[-1]
    part = default_part(name, shape.name)
    material = _material(scene, shape)
    if material is None:
        return part
    picture = next((s for a, s in scene.inputs.get(material, []) if a in ("c", "baseColor", "bc")), None)
    node = scene.nodes.get(picture.partition(".")[0]) if picture else None
    number = _texture_number(path, node.text(".ftn"), textures) if node is not None else -1
    if number >= 0:
        return Part(name, part.kind, (1.0, 1.0, 1.0), number)
    color = scene.nodes[material].numbers(".c") if material in scene.nodes else np.zeros(0)
    if color.size == 3:
        srgb = np.clip(color, 0.0, 1.0) ** (1.0 / 2.2)
        return Part(name, part.kind, (float(srgb[0]), float(srgb[1]), float(srgb[2])))
    return part


def _material(scene: MayaScene, shape: MayaNode) -> str | None:
    for group, links in scene.inputs.items():
        if any(
            a.startswith("dsm") and re.fullmatch(rf"{re.escape(shape.name)}\.iog(\[0\])?", s)
            for a, s in links
        ):
            surface = next((source for attribute, source in links if attribute == "ss"), None)
            if surface is not None:
                return surface.partition(".")[0]
            return "lambert1" if group == "initialShadingGroup" else None
    return None


def _texture_number(path: Path, stored: str, textures: dict[Path, UInt8]) -> int:
    """Its number among `textures`; the picture is looked for at its stored place, beside the scene, and in the
    project's `sourceimages`. -1 where it is nowhere."""
    name = re.split(r"[/\\]", stored)[-1]
    if not name:
        return -1
    folders = (path.parent, path.parent / "sourceimages", path.parent.parent / "sourceimages")
    for place in (Path(stored), *(folder / name for folder in folders)):
        if place in textures:
            return list(textures).index(place)
        if place.is_file():
            pixels = cv2.imdecode(np.frombuffer(place.read_bytes(), dtype=np.uint8), cv2.IMREAD_COLOR)
            if pixels is not None:
                textures[place] = np.ascontiguousarray(pixels[:, :, ::-1], dtype=np.uint8)
                return len(textures) - 1
    log.info("%s: the texture %s is not there; its parts show plain colour.", path, stored)
    return -1
