"""The steps from a character to what the kernels draw: each takes a draft and fills in its part."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import KDTree

from facepatch.core.axes import Bool, Float32, Float64, Int32, UInt8
from facepatch.core.data.character import Character, Part
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import InputError
from facepatch.geometry.normals import vertex_normals
from facepatch.geometry.openings import boundary_edges, rings
from facepatch.geometry.smoothstep import smoothstep
from facepatch.render.exposure import lid_margin, vertex_exposure
from facepatch.render.eyes import (
    Eyeball,
    eye_openings,
    eyeball_behind,
    eyeball_cap,
    find_eyeballs,
    iris_uv,
)
from facepatch.render.pieces import eye_pieces, teeth_pieces
from facepatch.render.settings import KINDS, LookSettings
from facepatch.render.textures import byte_to_linear, srgb_to_linear

SKIN, EYE, TEETH, TONGUE, MOUTH, LASH = (
    KINDS.index(k) for k in ("skin", "eye", "teeth", "tongue", "mouth", "lash")
)


@dataclass
class Draft:
    """A look in the making. F triangles over V vertices of the character and E added ones."""

    points: Float32
    """(V + E, 3) at rest"""
    triangles: Int32
    """(F, 3)"""
    kind: Int32
    """(F,) index into KINDS"""
    color: Float64
    """(F, 3, 3) linear, per corner"""
    uv: Float32
    """(F, 3, 2), (0, 0) the top-left of the texture"""
    texture: Int32
    """(F,) -1 for none"""
    textures: list[UInt8]
    eyes: list[tuple[Eyeball, Bool]] = field(default_factory=list[tuple[Eyeball, Bool]])
    """Each eyeball and its triangles."""
    anchors: list[Int32] = field(default_factory=list[Int32])
    """Of each added eyeball, the vertices whose mean it follows."""
    added: list[int] = field(default_factory=list[int])
    """Of each added eyeball, the number of its vertices."""


def first_draft(character: Character, settings: LookSettings) -> Draft:
    """Triangles of all parts that are drawn, with the colours, textures and kinds that the parts state."""
    topology = character.topology
    part = character.polygon_part[topology.triangle_polygon]
    keep = _drawn_parts(character, settings)[part]
    triangles, part = topology.triangles[keep], part[keep]
    base = np.array([_base_color(p, settings) for p in character.parts])
    color = np.repeat(srgb_to_linear(base)[part][:, np.newaxis], 3, axis=1)
    if character.vertex_color is not None:
        color = color * byte_to_linear()[character.vertex_color][triangles]
    uv = np.zeros((len(triangles), 3, 2), dtype=np.float32)
    texture = np.full(len(triangles), -1, dtype=np.int32)
    if character.corner_uv is not None:
        uv = np.asarray(character.corner_uv, dtype=np.float32)[topology.triangle_corners[keep]]
        uv[..., 1] = 1.0 - uv[..., 1]
        texture = np.array([p.texture for p in character.parts], dtype=np.int32)[part]
    if texture.max(initial=-1) >= len(character.textures):
        raise InputError(
            f"{character.name}: a part uses texture {int(texture.max())}, but there are "
            f"{len(character.textures)}. Read the character again."
        )
    kind = np.array([KINDS.index(p.kind) for p in character.parts], dtype=np.int32)[part]
    return Draft(character.neutral, triangles, kind, color, uv, texture, list(character.textures))


def _drawn_parts(character: Character, settings: LookSettings) -> Bool:
    """(parts,) False for those that are clear in the original, and for lashes made of flat cards.

    Cards owe their shape to a transparent texture; drawn whole they would hide the eye. The line along the
    lids takes their place. Lashes that are solid bodies are drawn.
    """
    topology = character.topology
    drawn = [not any(word in part.name.lower() for word in settings.hidden_parts) for part in character.parts]
    for number, part in enumerate(character.parts):
        mine = character.polygon_part == number
        if drawn[number] and part.kind == "lash" and mine.any():
            corners = topology.polygon_vertices[np.repeat(mine, topology.polygon_counts)]
            piece = Topology(topology.vertex_count, topology.polygon_counts[mine], corners)
            drawn[number] = len(boundary_edges(piece)) < 0.05 * corners.size
    return np.asarray(drawn, dtype=bool)


def _base_color(part: Part, settings: LookSettings) -> tuple[float, float, float]:
    """What the part says where it is skin or has a texture; else the colour that keeps it readable."""
    if part.texture >= 0:
        return part.color
    readable = {
        "eye": settings.sclera,
        "teeth": settings.teeth,
        "tongue": settings.tongue,
        "mouth": settings.mouth,
        "lash": settings.lash,
    }
    return readable.get(part.kind, part.color)


def name_loose_pieces(draft: Draft, settings: LookSettings) -> None:
    """Where all is one kind without a texture, find eyeballs, teeth and tongue by shape and place."""
    if (draft.kind != SKIN).any() or (draft.texture >= 0).any():
        return
    topology = triangle_topology(draft, np.ones(len(draft.triangles), dtype=bool))
    eyes = eye_pieces(draft.points, topology)
    exposure = _exposure(draft)
    teeth, soft = teeth_pieces(draft.points, topology, exposure)
    for rows, kind, color in (
        (eyes, EYE, settings.sclera),
        (teeth, TEETH, settings.teeth),
        (soft, TONGUE, settings.tongue),
    ):
        mine = rows[draft.triangles[:, 0]]
        draft.kind[mine] = kind
        draft.color[mine] = srgb_to_linear(np.asarray(color))


def add_eyes(draft: Draft, character: Character, iris: UInt8) -> None:
    """Give an iris to every eyeball without a texture; put an eyeball behind empty lid openings."""
    skin = draft.kind == SKIN
    openings = eye_openings(triangle_topology(draft, skin), draft.points) if skin.any() else []
    places = [draft.points[loop].mean(axis=0).astype(np.float64) for loop in openings]
    is_eye = draft.kind == EYE
    if is_eye.any():
        found = find_eyeballs(draft.points, triangle_topology(draft, is_eye), places)
        for eye in found:
            draft.eyes.append((eye, is_eye & np.isin(draft.triangles[:, 0], eye.vertices)))
    else:
        for loop in openings:
            near = np.concatenate(rings(character.topology, loop, count=2))
            _append_eyeball(draft, eyeball_behind(loop, character.neutral, character.deltas, near), loop)
    for eye, mine in draft.eyes:
        plain = mine & (draft.texture < 0)
        if plain.any():
            draft.texture[plain] = len(draft.textures)
            draft.color[plain] = 1.0
            corners = draft.points[draft.triangles[plain]].astype(np.float64)
            draft.uv[plain] = iris_uv(eye, corners.reshape(-1, 3)).reshape(-1, 3, 2)
    draft.textures.append(iris)


def _append_eyeball(draft: Draft, eye: Eyeball, loop: Int32) -> None:
    """Add the eyeball's cap; it follows the two corners of the lids, which expressions hardly move."""
    points, triangles = eyeball_cap(eye)
    count = len(triangles)
    first = len(draft.points)
    across = draft.points[loop, 0]
    draft.anchors.append(loop[[int(across.argmin()), int(across.argmax())]])
    draft.added.append(len(points))
    draft.points = np.concatenate([draft.points, points.astype(np.float32)])
    draft.triangles = np.concatenate([draft.triangles, triangles + np.int32(first)])
    draft.kind = np.concatenate([draft.kind, np.full(count, EYE, dtype=np.int32)])
    draft.color = np.concatenate([draft.color, np.ones((count, 3, 3))])
    draft.uv = np.concatenate([draft.uv, np.zeros((count, 3, 2), dtype=np.float32)])
    draft.texture = np.concatenate([draft.texture, np.full(count, -1, dtype=np.int32)])
    draft.eyes = [(other, np.append(mine, np.zeros(count, dtype=bool))) for other, mine in draft.eyes]
    draft.eyes.append((eye, np.arange(len(draft.triangles)) >= len(draft.triangles) - count))


def darken_cavities(draft: Draft, settings: LookSettings) -> None:
    """Shade skin by how much of the sky it sees at rest, so that mouth, nostrils and the lip line read.

    Skin that is shut in altogether, as the inside of a closed mouth, takes the colour of the mouth. Around
    the eyes nothing is shaded: lids that lie folded at rest come out in a blink and must not look dark.
    """
    exposure = _exposure(draft)
    skin = draft.kind == SKIN
    away = np.ones(len(draft.points))
    for eye, _ in draft.eyes:
        distance = np.linalg.norm(draft.points - eye.centre, axis=1) / eye.radius
        away *= smoothstep(distance, 1.5, 2.1)
    shade = 1.0 - away * settings.cavity * (1.0 - smoothstep(exposure, 0.0, 0.5))
    shut = away * (1.0 - smoothstep(exposure, 0.02, 0.12)) * (settings.cavity > 0.0)
    mine = draft.triangles[skin]
    color = draft.color[skin] * shade[mine][..., np.newaxis]
    inside = np.where((draft.texture[skin] < 0)[:, np.newaxis], shut[mine], 0.0)[..., np.newaxis]
    draft.color[skin] = color * (1.0 - inside) + srgb_to_linear(np.asarray(settings.mouth)) * inside


def darken_mouth_depth(draft: Draft, settings: LookSettings) -> None:
    """Let teeth, tongue and gums fall off into the dark behind the front teeth, as no lamp reaches there."""
    mine = np.isin(draft.kind, (TEETH, TONGUE, MOUTH))
    if not mine.any() or settings.cavity <= 0.0:
        return
    corners = draft.points[draft.triangles[mine]]
    front = float(np.quantile(corners[..., 2], 0.99))
    reach = 0.3 * float(np.ptp(corners[..., 0])) + 1e-9
    depth = np.maximum(front - corners[..., 2], 0.0) / reach
    draft.color[mine] *= (0.15 + 0.85 * np.exp(-depth))[..., np.newaxis]


def recess(draft: Draft) -> Float32:
    """(V + E,) cm that eyeballs and the inside of the mouth are moved back when drawn.

    Closed lids and lips of real characters often cut a little into what they cover.
    """
    back = np.zeros(len(draft.points), dtype=np.float32)
    inside = draft.triangles[np.isin(draft.kind, (TEETH, TONGUE))]
    if inside.size:
        back[inside] = 0.05 * float(np.ptp(draft.points[inside.reshape(-1), 0]))
    for eye, mine in draft.eyes:
        back[draft.triangles[mine]] = 0.1 * eye.radius if eye.vertices.size else 0.0
    return back


def lid_lines(draft: Draft, character: Character, settings: LookSettings) -> tuple[Int32, Float32]:
    """The dark line along the rim of the lids, as lashes draw it, so that a closed eye shows as a line.

    Returns Surface's `triangle_line` and `line_distance`. Distances are the largest over all shapes: skin of
    the lids that lies folded at rest is not part of the line when it comes out.
    """
    skin = draft.kind == SKIN
    distance = np.full(len(draft.points), np.inf)
    for eye, mine in draft.eyes:
        rim = lid_margin(draft.points, draft.triangles, skin, eye, mine)
        if rim.size == 0 or settings.lid_line_width <= 0.0:
            continue
        touching = draft.triangles[skin & np.isin(draft.triangles, rim).any(axis=1)]
        reach = settings.lid_line_width * eye.radius
        apart = KDTree(draft.points[rim]).query(draft.points)[0]
        near = np.union1d(touching, np.flatnonzero(apart < 3.0 * reach))
        near = near[near < len(character.neutral)]
        stretched = _largest_distance(character, near, rim) / reach
        distance[near] = np.minimum(distance[near], stretched)
    line = np.full(len(draft.triangles), -1, dtype=np.int32)
    corners = np.minimum(distance[draft.triangles], 1e3).astype(np.float32)
    along = skin & (corners.min(axis=1) < 1.0)
    line[along] = np.arange(along.sum(), dtype=np.int32)
    return line, np.ascontiguousarray(corners[along])


def _largest_distance(character: Character, near: Int32, rim: Int32) -> Float64:
    """(near,) the largest over all shapes of the distance to the nearest vertex of the rim, cm."""
    largest = np.zeros(len(near))
    still = np.zeros((1, *character.neutral.shape), dtype=np.float32)
    for deltas in (still, character.deltas):
        for delta in deltas:
            place = character.neutral[near] + delta[near]
            largest = np.maximum(largest, KDTree(character.neutral[rim] + delta[rim]).query(place)[0])
    return largest


def triangle_topology(draft: Draft, which: Bool) -> Topology:
    """Some of the draft's triangles as a topology over all of its vertices."""
    faces = draft.triangles[which]
    return Topology(len(draft.points), np.full(len(faces), 3, dtype=np.int32), faces.reshape(-1))


def _exposure(draft: Draft) -> Float64:
    normals = vertex_normals(draft.points, draft.triangles)
    return vertex_exposure(draft.points, normals, draft.triangles)
