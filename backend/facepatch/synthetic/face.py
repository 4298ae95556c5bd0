"""Faces that the package makes by itself: a performer, a stylised character, and a small one for tests."""

from __future__ import annotations

import numpy as np

from facepatch.core.axes import Float32, Int32
from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import TopologyError
from facepatch.synthetic.paint import paint_eye, paint_hair, paint_skin, skin_uv
from facepatch.synthetic.pieces import Piece, eyeball, hair, lashes
from facepatch.synthetic.style import CARTOON_STYLE, PERFORMER_STYLE, FaceStyle, HairStyle
from facepatch.synthetic.template import Detail, Template, load_template
from facepatch.synthetic.warp import warp

__all__ = [
    "CARTOON_STYLE", "PERFORMER_STYLE", "FaceStyle", "HairStyle", "make_character", "synthetic_landmarks",
]  # fmt: skip

_SKIN, _MOUTH, _TONGUE, _TEETH, _EYE, _LASH, _HAIR = range(7)
_PART_OF_TEMPLATE = {
    "skin": _SKIN, "mouth": _MOUTH, "tongue": _TONGUE, "teeth_upper": _TEETH, "teeth_lower": _TEETH,
}  # fmt: skip
_MESHES = {"head": ("skin", "mouth"), "tongue": ("tongue",), "teeth": ("teeth_upper", "teeth_lower")}


def make_character(
    style: FaceStyle = PERFORMER_STYLE, *, name: str = "performer", detail: Detail = "full", seed: int = 0
) -> Character:
    """A head of `style` with 51 shapes under ARKit's names (all but tongueOut), textures and separate meshes.

    detail "full" has about 3,700 vertices, skin, hair, lashes, teeth, tongue and a mouth that opens; "low" has about
    500 for unit tests: no hair, no lashes, no textures. seed: of the unevenness of the skin, freckles and hair.
    Raises ConfigError for another level of detail.
    """
    template = load_template(detail)
    pieces = _template_pieces(template) + [eyeball(template, side, detail, _EYE) for side in (0, 1)]
    if detail == "full":
        pieces += [lashes(template, side, style.lash_length, _LASH) for side in (0, 1)]
        if style.hair.volume > 0.0:
            pieces.append(hair(template, style.hair, _HAIR))
    return _joined(pieces, template, style, name, detail, seed)


def synthetic_landmarks(character: Character) -> SurfaceLandmarks:
    """The 56 landmarks of a character of `make_character`: each is a vertex.

    Raises TopologyError for any other character.
    """
    for detail in ("full", "low"):
        template = load_template(detail)
        head = _template_pieces(template)[0]
        stored = character.topology.polygon_vertices[: head.triangles.size]
        if np.array_equal(stored, head.triangles.reshape(-1)):
            return _marks(template, character.topology)
    raise TopologyError(
        f"{character.name}: is no face of make_character, so its landmarks are not known. "
        "Propose or pick them as for any character."
    )


def _marks(template: Template, topology: Topology) -> SurfaceLandmarks:
    # the head is the first piece, its vertices in the template's order
    row = _rows_of(template, _MESHES["head"])
    vertices = row[template.landmark_vertices]
    triangles = topology.triangles
    first = [int(np.flatnonzero((triangles == vertex).any(axis=1))[0]) for vertex in vertices]
    corners = triangles[first]
    return SurfaceLandmarks(
        triangle=corners,
        barycentric=(corners == vertices[:, None]).astype(np.float32),
        topology_id=topology.topology_id,
    )


def _template_pieces(template: Template) -> list[Piece]:
    pieces: list[Piece] = []
    for name, parts in _MESHES.items():
        wanted = [template.part_names.index(part) for part in parts]
        mine = np.isin(template.triangle_part, wanted)
        row = _rows_of(template, parts)
        used = np.flatnonzero(row >= 0)
        triangles = template.triangles[mine]
        part = np.array([_PART_OF_TEMPLATE[part] for part in template.part_names], dtype=np.int32)
        pieces.append(
            Piece(
                name=name,
                vertices=template.vertices[used],
                triangles=row[triangles],
                part=part[template.triangle_part[mine]],
                deltas=template.deltas[:, used],
                uv=skin_uv(template.vertices, triangles),
            )
        )
    return pieces


def _rows_of(template: Template, parts: tuple[str, ...]) -> Int32:
    """(V,) row of each template vertex in the piece made of `parts`, -1 where it is not in it."""
    mine = np.isin(template.triangle_part, [template.part_names.index(part) for part in parts])
    used = np.unique(template.triangles[mine])
    row = np.full(len(template.vertices), -1, dtype=np.int32)
    row[used] = np.arange(len(used))
    return row


def _joined(
    pieces: list[Piece], template: Template, style: FaceStyle, name: str, detail: Detail, seed: int
) -> Character:
    counts = np.array([len(piece.vertices) for piece in pieces])
    faces = np.array([len(piece.triangles) for piece in pieces])
    vertex_start, face_start = np.cumsum(counts) - counts, np.cumsum(faces) - faces
    triangles = np.concatenate([piece.triangles + start for piece, start in zip(pieces, vertex_start)])
    vertices = np.concatenate([piece.vertices for piece in pieces])
    deltas = np.concatenate([piece.deltas for piece in pieces], axis=1)
    neutral, styled = _styled(vertices, deltas, template.shape_names, style)
    textured = detail == "full"
    return Character(
        name=name,
        neutral=neutral,
        topology=Topology(len(vertices), np.full(len(triangles), 3, dtype=np.int32), triangles.reshape(-1)),
        shape_names=template.shape_names,
        deltas=styled,
        meshes=tuple(
            MeshSpan(piece.name, int(v), int(v + n), int(f), int(f + m))
            for piece, v, n, f, m in zip(pieces, vertex_start, counts, face_start, faces)
        ),
        parts=_parts(style, textured),
        polygon_part=np.concatenate([piece.part for piece in pieces]),
        corner_uv=np.concatenate([piece.uv for piece in pieces]).reshape(-1, 2) if textured else None,
        textures=(
            (paint_skin(template, style, seed), paint_eye(style, seed), paint_hair(style.hair, seed))
            if textured
            else ()
        ),
    )


def _styled(
    vertices: Float32, deltas: Float32, names: tuple[str, ...], style: FaceStyle
) -> tuple[Float32, Float32]:
    """Neutral (V, 3) and deltas (K, V, 3) of the styled head.

    What the rest pose holds of eyeWide is taken back by the blink, so that lids close completely.
    """
    offset = {name: deltas[names.index(name)] for name in names}
    smile = style.smile * (offset["mouthSmileLeft"] + offset["mouthSmileRight"])
    wide = style.eye_open * (offset["eyeWideLeft"] + offset["eyeWideRight"])
    rest = vertices + smile + wide
    neutral = warp(rest, style)
    out = np.empty_like(deltas)
    for index, name in enumerate(names):
        base, start = rest, neutral
        if name == "mouthClose":  # it closes the lips of an open jaw
            base = rest + offset["jawOpen"]
            start = warp(base, style)
        # a lid that is raised at rest has less way left
        share = 1.0 - 0.8 * style.eye_open if name.startswith("eyeWide") else 1.0
        shape = base + share * deltas[index]
        if name.startswith("eyeBlink"):
            shape = shape - style.eye_open * offset[name.replace("Blink", "Wide")]
        out[index] = warp(shape, style) - start
    out[np.abs(out) < 1e-6] = 0.0
    return neutral, out


def _parts(style: FaceStyle, textured: bool) -> tuple[Part, ...]:
    white = (1.0, 1.0, 1.0)
    skin, eye, strands = (0, 1, 2) if textured else (-1, -1, -1)
    return (
        Part("skin", "skin", white if textured else style.skin, skin),
        Part("mouth", "mouth", (0.30, 0.10, 0.10)),
        Part("tongue", "tongue", (0.74, 0.36, 0.36)),
        Part("teeth", "teeth", (0.95, 0.93, 0.88)),
        Part("eye", "eye", white if textured else (0.95, 0.95, 0.94), eye),
        Part("lash", "lash", style.lashes),
        Part("hair", "hair", white if textured else style.hair.color, strands),
    )
