"""Where the meshes of a glTF scene stand, and what they look like."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from facepatch.core.axes import Float64, UInt8
from facepatch.core.data.character import Part
from facepatch.core.errors import FormatError
from facepatch.core.part_names import default_part, part_kind
from facepatch.readers.gltf_file import GltfFile, Json

log = logging.getLogger(__name__)


def mesh_nodes(file: GltfFile) -> list[int]:
    """The nodes of the scene that show a mesh, in the order of the file."""
    nodes, scenes = file.items("nodes"), file.items("scenes")
    if scenes:
        waiting = list(scenes[file.json.get("scene", 0)].get("nodes", []))
    else:
        waiting = [index for index in range(len(nodes)) if index not in file.parents]
    seen: set[int] = set()
    while waiting:
        index = waiting.pop()
        if index in seen:
            continue
        seen.add(index)
        waiting.extend(nodes[index].get("children", []))
    return [index for index in sorted(seen) if "mesh" in nodes[index]]


def world_from_mesh(file: GltfFile, node: int) -> Float64:
    """(4, 4) on column vectors. For a skinned mesh: its bind pose, placed by the skeleton's first joint.

    glTF 2.0, 3.7.3.3: the node of a skinned mesh does not move it, its joints do: joint's world x inverse bind.
    In the bind pose that product is the same for all joints, so one is enough; a file whose skeleton is posed
    gives the undeformed head.
    """
    skin_index = file.items("nodes")[node].get("skin")
    if skin_index is None:
        return world_from_node(file, node)
    skin = file.items("skins")[skin_index]
    joint_world = world_from_node(file, skin["joints"][0])
    if "inverseBindMatrices" not in skin:
        return joint_world
    inverse = np.asarray(file.accessor(skin["inverseBindMatrices"])[0], dtype=np.float64).reshape(4, 4).T
    return joint_world @ inverse


def world_from_node(file: GltfFile, node: int) -> Float64:
    """(4, 4) product of the node's and its parents' transforms."""
    out = _local(file.items("nodes")[node])
    seen = {node}
    while node in file.parents:
        node = file.parents[node]
        if node in seen:
            raise FormatError(f"{file.path}: its nodes are their own parents. Export it again.")
        seen.add(node)
        out = _local(file.items("nodes")[node]) @ out
    return out


def _local(node: Json) -> Float64:
    if "matrix" in node:
        return np.asarray(node["matrix"], dtype=np.float64).reshape(4, 4).T
    x, y, z, w = (float(value) for value in node.get("rotation", (0.0, 0.0, 0.0, 1.0)))
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    out = np.eye(4)
    out[:3, :3] = rotation * np.asarray(node.get("scale", (1.0, 1.0, 1.0)), dtype=np.float64)
    out[:3, 3] = node.get("translation", (0.0, 0.0, 0.0))
    return out


class Materials:
    """Parts of a file, and its base-colour textures, each decoded once and only where a part uses it."""

    def __init__(self, file: GltfFile) -> None:
        self._file = file
        self._textures: list[UInt8] = []
        self._numbers: dict[int, int] = {}

    @property
    def textures(self) -> tuple[UInt8, ...]:
        """Those of the parts made so far, in the order of `Part.texture`."""
        return tuple(self._textures)

    def see_through(self, material: int | None) -> bool:
        """Whether a material lets most light pass (a cornea or tear shell that would hide the eye)."""
        if material is None:
            return False
        stored = self._file.items("materials")[material]
        return stored.get("alphaMode") == "BLEND" and _base_color(stored)[3] < 0.5

    def part(self, mesh_name: str, material: int | None, *, alone: bool) -> Part:
        """The part of a primitive. `alone`: it is the only one of its mesh, whose name then is enough."""
        stored = {} if material is None else self._file.items("materials")[material]
        material_name = str(stored.get("name", f"material_{material}"))
        name = mesh_name if alone else f"{mesh_name}/{material_name}"
        kinds = (mesh_name, material_name) if alone else (material_name, mesh_name)
        kind = next((k for k in map(part_kind, kinds) if k != "skin"), "skin")
        part = default_part(name) if kind == "skin" else default_part(kind)
        part = replace(part, name=name, kind=kind)
        texture = self._texture(stored)
        factor = _base_color(stored)[:3]
        if texture >= 0 or min(factor) < 0.999:
            part = replace(part, color=_srgb(factor), texture=texture)
        return part

    def uv_transform(self, material: int | None) -> Float64:
        """(3, 3) KHR_texture_transform of the base-colour texture, on column vectors (u, v, 1)."""
        stored = {} if material is None else self._file.items("materials")[material]
        told = (_base_texture(stored) or {}).get("extensions", {}).get("KHR_texture_transform", {})
        angle = float(told.get("rotation", 0.0))
        turn = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
        move = np.eye(3)
        move[:2, 2] = told.get("offset", (0.0, 0.0))
        return move @ turn @ np.diag([*told.get("scale", (1.0, 1.0)), 1.0])

    def uv_set(self, material: int | None) -> int:
        """Which TEXCOORD the base-colour texture uses."""
        stored = {} if material is None else self._file.items("materials")[material]
        return int((_base_texture(stored) or {}).get("texCoord", 0))

    def _texture(self, stored: Json) -> int:
        told = _base_texture(stored)
        if told is None:
            return -1
        texture = self._file.items("textures")[told["index"]]
        webp = texture.get("extensions", {}).get("EXT_texture_webp", {})
        image = webp.get("source", texture.get("source"))
        if image is None:
            log.warning(
                "%s: a texture of '%s' is of a kind that is not read.", self._file.path, stored.get("name")
            )
            return -1
        if image not in self._numbers:
            pixels = cv2.imdecode(np.frombuffer(self._file.image(image), dtype=np.uint8), cv2.IMREAD_COLOR)
            if pixels is None:
                log.warning(
                    "%s: image %d cannot be decoded; its parts show plain colour.", self._file.path, image
                )
                return -1
            self._numbers[image] = len(self._textures)
            self._textures.append(np.ascontiguousarray(pixels[:, :, ::-1], dtype=np.uint8))
        return self._numbers[image]


def _base_texture(stored: Json) -> Json | None:
    glossy = stored.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness", {})
    return stored.get("pbrMetallicRoughness", {}).get("baseColorTexture", glossy.get("diffuseTexture"))


def _base_color(stored: Json) -> Sequence[float]:
    glossy = stored.get("extensions", {}).get("KHR_materials_pbrSpecularGlossiness", {})
    factor = stored.get("pbrMetallicRoughness", {}).get("baseColorFactor", glossy.get("diffuseFactor"))
    return (1.0, 1.0, 1.0, 1.0) if factor is None else [float(value) for value in factor]


def _srgb(linear: Any) -> tuple[float, float, float]:
    values = np.clip(np.asarray(linear, dtype=np.float64), 0.0, 1.0)
    out = np.where(values <= 0.0031308, 12.92 * values, 1.055 * values ** (1 / 2.4) - 0.055)
    return (round(float(out[0]), 6), round(float(out[1]), 6), round(float(out[2]), 6))
