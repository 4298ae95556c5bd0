"""A character's look: what is prepared once so that each frame is only drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from facepatch.core.axes import Float32, Int32, UInt8
from facepatch.core.data.character import Character
from facepatch.core.errors import InputError
from facepatch.geometry.openings import boundary_edges
from facepatch.render.draft import (
    Draft,
    add_eyes,
    darken_cavities,
    darken_mouth_depth,
    first_draft,
    lid_lines,
    name_loose_pieces,
    recess,
    triangle_topology,
)
from facepatch.render.exposure import in_sight
from facepatch.render.eyes import iris_texture
from facepatch.render.pieces import shared_normals
from facepatch.render.settings import KINDS, LookSettings
from facepatch.render.surface import POWERS, SHADES, Surface
from facepatch.render.textures import byte_to_linear, linear_to_srgb, srgb_to_linear, stacked_levels

__all__ = ["Look", "LookSettings", "prepare_look", "tinted"]


@dataclass(frozen=True, eq=False)
class Look:
    """A character ready to be drawn with `render_views`. Made by `prepare_look`."""

    name: str
    vertex_count: int
    """V of the frames that can be drawn with this look."""
    topology_id: str
    settings: LookSettings
    surface: Surface

    @property
    def background_byte(self) -> UInt8:
        """(3,) sRGB of an empty pixel."""
        index = (self.surface.background * np.float32(SHADES - 1) + np.float32(0.5)).astype(np.int64)
        return self.surface.to_srgb[index]


def prepare_look(character: Character, settings: LookSettings = LookSettings()) -> Look:
    """The look of `character`, for pictures that a network and a person can read.

    A part with a texture shows it, times its colour and the vertex colours. Without a texture skin, hair and
    brows keep their colour, and eyes, teeth, tongue and mouth get the settings' own; eyeballs get an iris
    that belongs to their vertices and so follows them. A head that is one piece of skin with empty eye holes
    gets eyeballs that do not turn. The rim of the lids is drawn dark, and what sees no light at rest is
    darker. Takes about a second for 20,000 vertices. Raises InputError for a character with no polygon that
    can be drawn.
    """
    draft = first_draft(character, settings)
    if len(draft.triangles) == 0:
        raise InputError(
            f"{character.name}: has no polygon that can be drawn. Check the file it was read from."
        )
    name_loose_pieces(draft, settings)
    add_eyes(draft, character, _iris(settings))
    darken_cavities(draft, settings)
    darken_mouth_depth(draft, settings)
    surface = _surface(draft, character, settings)
    return Look(
        character.name, character.topology.vertex_count, character.topology.topology_id, settings, surface
    )


def tinted(look: Look, tint: Float32) -> Look:
    """`look` with the colour of each vertex times `tint` (V, 3), in linear light; textures keep theirs."""
    surface = look.surface
    whole = np.ones((len(surface.normal_group), 3), np.float32)
    whole[: len(tint)] = tint
    color = np.ascontiguousarray(surface.corner_color * whole[surface.triangles])
    return replace(look, surface=surface._replace(corner_color=color))


def _surface(draft: Draft, character: Character, settings: LookSettings) -> Surface:
    """The draft as the kernels take it, triangles in sight at rest first."""
    line, distance = lid_lines(draft, character, settings)
    near = in_sight(draft.points, draft.triangles)
    order = np.argsort(~near, kind="stable")
    texels, levels = stacked_levels(draft.textures, largest=settings.largest_texture)
    texture, uv = draft.texture[order], draft.uv[order]
    materials, specular = _materials(settings)
    light = np.asarray(settings.light, dtype=np.float64)
    return Surface(
        triangles=np.ascontiguousarray(draft.triangles[order], dtype=np.int32),
        near_count=int(near.sum()),
        normal_group=_normal_group(draft, character),
        **_extras(draft, character),
        recess=recess(draft),
        triangle_line=np.ascontiguousarray(line[order]),
        line_distance=distance,
        line_color=np.append(srgb_to_linear(np.asarray(settings.lash)), settings.lid_line).astype(np.float32),
        corner_color=np.ascontiguousarray(draft.color[order], dtype=np.float32),
        corner_uv=np.ascontiguousarray(uv, dtype=np.float32),
        triangle_texture=np.ascontiguousarray(texture),
        triangle_material=np.ascontiguousarray(draft.kind[order]),
        texel_area=_texel_area(uv, texture, levels),
        texels=texels,
        levels=levels,
        materials=materials,
        specular=specular,
        light=(light / np.linalg.norm(light)).astype(np.float32),
        background=srgb_to_linear(np.asarray(settings.background)).astype(np.float32),
        to_linear=byte_to_linear(),
        to_srgb=np.round(linear_to_srgb(np.arange(SHADES) / (SHADES - 1.0)) * 255.0).astype(np.uint8),
    )


def _normal_group(draft: Draft, character: Character) -> Int32:
    edges = np.unique(boundary_edges(triangle_topology(draft, np.ones(len(draft.triangles), dtype=bool))))
    own = shared_normals(
        character.neutral, character.deltas, edges[edges < len(character.neutral)].astype(np.int32)
    )
    return np.concatenate([own, np.arange(len(own), len(draft.points), dtype=np.int32)])


def _extras(draft: Draft, character: Character) -> dict[str, Any]:
    """The added eyeballs: vertices relative to the mean of their anchors."""
    count = len(character.neutral)
    anchor = np.repeat(np.arange(len(draft.added), dtype=np.int32), draft.added)
    centres = [character.neutral[rows].mean(axis=0) for rows in draft.anchors]
    offset = draft.points[count:] - np.asarray(centres, dtype=np.float32).reshape(-1, 3)[anchor]
    starts = np.concatenate([[0], np.cumsum([len(rows) for rows in draft.anchors])])
    rows = np.concatenate([*draft.anchors, np.zeros(0, dtype=np.int32)])
    return {
        "extra_offset": np.ascontiguousarray(offset, dtype=np.float32),
        "extra_anchor": anchor,
        "anchor_start": starts.astype(np.int32),
        "anchor_vertices": rows.astype(np.int32),
    }


def _iris(settings: LookSettings) -> UInt8:
    return iris_texture(
        iris=settings.iris,
        sclera=settings.sclera,
        iris_angle=float(np.radians(settings.iris_degrees)),
        pupil_share=settings.pupil,
    )


def _texel_area(uv: Float32, texture: Int32, levels: Int32) -> Float32:
    """(F,) twice the area of each triangle in texels of its sharpest level; 0 without a texture."""
    area = np.zeros(len(uv), dtype=np.float32)
    has = texture >= 0
    size = levels[texture[has], 0][:, [2, 1]].astype(np.float64)
    a, b = (uv[has, 1] - uv[has, 0]) * size, (uv[has, 2] - uv[has, 0]) * size
    area[has] = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    return area


def _materials(settings: LookSettings) -> tuple[Float32, Float32]:
    """Surface.materials and Surface.specular, a row for each of KINDS."""
    rows = np.zeros((len(KINDS), 6))
    tables = np.zeros((len(KINDS), POWERS))
    cosine = np.arange(POWERS) / (POWERS - 1.0)
    share = {"skin": 1.0, "teeth": 2.0, "eye": 4.0, "tongue": 4.0}
    for row, kind in enumerate(KINDS):
        rows[row, 0], rows[row, 1] = settings.ambient, settings.diffuse
        rows[row, 2] = 0.0 if kind in ("skin", "mouth") else 1.0
        rows[row, 3:] = srgb_to_linear(np.asarray(settings.mouth))
        wet = 4.0 if kind in ("eye", "tongue") else 1.0
        tables[row] = share.get(kind, 0.0) * settings.specular * cosine ** (wet * settings.shininess)
    return rows.astype(np.float32), tables.astype(np.float32)
