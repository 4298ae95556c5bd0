"""Checks of a character at the door: what is refused, and what is tolerated and logged."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from facepatch.core.data.character import Character
from facepatch.core.errors import InputError, ShapeError
from facepatch.core.shape_names import arkit_links

log = logging.getLogger(__name__)

UNITS = (("metre", 1.0), ("decimetre", 0.1), ("centimetre", 0.01), ("millimetre", 0.001))
"""Units that meshes are found in."""
HEAD_CM = (5.0, 500.0)
"""Height of a character that is believed: from a head that fits in a hand to a giant's body."""
TYPICAL_HEAD_CM = 25.0


@dataclass(frozen=True)
class CharacterFindings:
    """What is odd about a character and yet accepted."""

    unreferenced_vertices: int
    """Vertices that no polygon uses. Kept: the order of vertices never changes."""
    flat_triangles: int
    """Triangles without area."""
    empty_shapes: tuple[str, ...]
    """Shapes that move no vertex."""

    def sentences(self) -> tuple[str, ...]:
        """One sentence for each oddity."""
        found: list[str] = []
        if self.unreferenced_vertices:
            found.append(f"{self.unreferenced_vertices} vertices belong to no polygon; they are kept.")
        if self.flat_triangles:
            found.append(f"{self.flat_triangles} triangles have no area; they are kept and draw nothing.")
        if self.empty_shapes:
            found.append(f"{len(self.empty_shapes)} shapes move nothing: {', '.join(self.empty_shapes)}.")
        return tuple(found)


def character_findings(character: Character) -> CharacterFindings:
    """Look for unreferenced vertices, triangles without area and shapes that move nothing."""
    topology = character.topology
    used = np.zeros(topology.vertex_count, dtype=bool)
    used[topology.polygon_vertices] = True
    corners = character.neutral[topology.triangles].astype(np.float64)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    span = float(np.ptp(character.neutral, axis=0).max())
    moved = np.abs(character.deltas).max(axis=(1, 2), initial=0.0)
    return CharacterFindings(
        unreferenced_vertices=int((~used).sum()),
        flat_triangles=int((area <= 1e-12 * span * span).sum()),
        empty_shapes=tuple(
            n for n, most in zip(character.shape_names, moved, strict=True) if most <= 1e-7 * span
        ),
    )


def check_character(character: Character) -> CharacterFindings:
    """Log what is odd about `character`; refuse what cannot be used.

    Raises ShapeError on a head of no extent, InputError on a size that no head has.
    """
    height = float(np.ptp(character.neutral[:, 1])) if len(character.neutral) else 0.0
    if not HEAD_CM[0] <= height <= HEAD_CM[1]:
        raise InputError(_size_sentence(character.name, height, character.unit_in_metres))
    findings = character_findings(character)
    for sentence in findings.sentences():
        log.info("%s: %s", character.name, sentence)
    doubt = facing_doubt(character)
    if doubt:
        log.warning("%s: %s", character.name, doubt)
    return findings


def facing_doubt(character: Character) -> str:
    """A sentence where the head does not seem to stand upright, look along +Z and have its left at +X; else "".

    Told by where the shapes of brows and lids, of the mouth, and of the two sides move the mesh, and by which way
    the polygons of the face look. Needs shapes with names that tell (ARKit or a known convention).
    """
    try:
        match = arkit_links(character.shape_names)
    except InputError:
        return ""
    groups: dict[str, list[int]] = {"upper": [], "lower": [], "left": [], "right": []}
    for column, shape, _ in match.matched:
        row = character.shape_names.index(shape)
        if column.startswith(("brow", "eyeBlink")):
            groups["upper"].append(row)
        elif column.startswith(("mouthSmile", "jawOpen", "mouthLowerDown")):
            groups["lower"].append(row)
        if column.startswith(("mouthSmile", "eyeBlink")):
            groups["left" if column.endswith("Left") else "right"].append(row)
    if not all(groups.values()):
        return ""
    size = np.linalg.norm(character.deltas, axis=2).astype(np.float64)
    centre = {name: _centre(size[rows].sum(axis=0), character.neutral) for name, rows in groups.items()}
    up = _unit(centre["upper"] - centre["lower"])
    left = _unit(centre["left"] - centre["right"])
    front = _unit(_outward(character, size[groups["upper"] + groups["lower"]].sum(axis=0)))
    if up[1] < 0.5:
        return f"brows lie {_direction(up)} of the mouth instead of +Y. Export it with Y up."
    if front[2] < 0.0:
        return f"its face looks along {_direction(front)} instead of +Z, or its polygons are inside out. Turn it round."
    if left[0] < 0.0:
        return "its left shapes move the side at -X; names or axes are mirrored. Its eyes and corners will be swapped."
    return ""


def _centre(weight: Any, points: Any) -> Any:
    return weight @ points / max(float(weight.sum()), 1e-30)


def _unit(vector: Any) -> Any:
    return vector / max(float(np.linalg.norm(vector)), 1e-30)


def _direction(vector: Any) -> str:
    axis = int(np.argmax(np.abs(vector)))
    return ("-" if vector[axis] < 0 else "+") + "XYZ"[axis]


def _outward(character: Character, weight: Any) -> Any:
    """Mean normal of the triangles, weighted by area and by how much their corners move."""
    triangles = character.topology.triangles
    corners = character.neutral[triangles].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return weight[triangles].mean(axis=1) @ normals


def needs_shapes(character: Character, purpose: str) -> None:
    """Raises InputError where `character` has no shape and `purpose` needs some."""
    if not character.shape_names:
        raise InputError(
            f"{character.name}: has no blendshapes, but {purpose} needs them. Export the character with its shapes "
            "(morph targets), or give its motion as vertices: an npz with 'vertices' (frames, vertices, 3)."
        )


def finite_points(what: str, points: Any) -> Any:
    """(V, 3) float64. Raises ShapeError on another shape, and on values that are not finite, naming the vertices."""
    try:
        array = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{what}: are no numbers ({error}).") from error
    if array.ndim != 2 or array.shape[1] != 3:
        raise ShapeError(f"{what}: need the shape (vertices, 3), got {array.shape}.")
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        listed = ", ".join(str(int(row)) for row in bad[:10]) + (", ..." if bad.size > 10 else "")
        raise ShapeError(
            f"{what}: {bad.size} of {len(array)} vertices are not finite numbers: {listed}. "
            "Repair them where the mesh was made (in Maya: Mesh, Cleanup) and export again."
        )
    return array


def unit_of_head(name: str, vertices: Any, unit_in_metres: float | None) -> float:
    """The unit of `vertices`: what the file says, else the one that makes a head of believable height.

    vertices: (V, 3) float in the file's unit. Raises ShapeError where the points have no height, InputError
    where no unit makes a head of them.
    """
    height = float(np.ptp(vertices[:, 1])) if len(vertices) else 0.0
    if height <= 0.0:
        raise ShapeError(f"{name}: its {len(vertices)} vertices have no height. Is it exported with Y up?")
    if unit_in_metres is not None:
        return unit_in_metres
    fitting = [unit for _, unit in UNITS if HEAD_CM[0] <= height * unit * 100.0 <= HEAD_CM[1]]
    if not fitting:
        raise InputError(_size_sentence(name, height, None))
    unit = min(fitting, key=lambda u: abs(math.log(height * u * 100.0 / TYPICAL_HEAD_CM)))
    named = next(word for word, size in UNITS if size == unit)
    log.info("%s: has no unit; taken as %s, which makes it %.1f cm high.", name, named, height * unit * 100.0)
    return unit


def _size_sentence(name: str, height: float, unit_in_metres: float | None) -> str:
    what = (
        f"{height:.3g} cm high" if unit_in_metres else f"{height:.3g} units high, and the file names no unit"
    )
    return (
        f"{name}: is {what}; a head is {HEAD_CM[0]:.0f} to {HEAD_CM[1]:.0f} cm high. "
        "Say how long one unit of the file is: unit_in_metres = 0.01 for centimetres, 1 for metres."
    )
