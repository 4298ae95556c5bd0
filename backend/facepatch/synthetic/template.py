"""The average head that every generated face starts from.

`head.npz` holds the left half of a small head: 1,400 vertices picked, never moved, from the 26,719 of ICT-FaceKit
light (University of Southern California, MIT licence, see ICT_FACEKIT_LICENSE in this folder), made symmetric, with
its expressions under ARKit's names and a blink that closes. `tools/derive_synthetic_head.py` made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, cast

import numpy as np

from facepatch.core.axes import Axes, Float32, Int32
from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.errors import ConfigError
from facepatch.core.records import Record, read_record

Detail = Literal["full", "low"]

DETAILS: tuple[Detail, ...] = ("full", "low")
_MIRROR = np.array([-1.0, 1.0, 1.0], dtype=np.float32)
_BOTH_SIDES_IN_ONE = ("browInnerUp", "cheekPuff")
_SIDEWAYS = {"jawSide": "jaw", "mouthSide": "mouth"}


@dataclass(frozen=True, eq=False)
class Template:
    """The average head, both halves."""

    vertices: Float32
    """(V, 3) cm"""
    triangles: Int32
    """(F, 3)"""
    triangle_part: Int32
    """(F,) index into `part_names`."""
    part_names: tuple[str, ...]
    shape_names: tuple[str, ...]
    deltas: Float32
    """(K, V, 3) cm"""
    occlusion: Float32
    """(V,) share of the surroundings that light reaches, 0..1."""
    landmark_vertices: Int32
    """(L,) vertex of each of LANDMARK_NAMES."""
    upper_lids: tuple[Int32, Int32]
    """Vertices along the upper lid margin from the outer to the inner corner; left, right."""
    eye_centers: Float32
    """(2, 3) left, right"""
    eye_radius: float


def load_template(detail: Detail = "full") -> Template:
    """The average head at one of two levels: about 2,900 vertices, or about 370 for unit tests.

    Raises ConfigError for another level.
    """
    if detail not in DETAILS:
        raise ConfigError(f"detail: '{detail}' is not one of {', '.join(DETAILS)}.")
    with resources.as_file(resources.files("facepatch.synthetic") / "head.npz") as path:
        stored = read_record(path, "facepatch.template", 1)
    return _mirrored(_level(stored, detail))


def _level(stored: Record, detail: Detail) -> Record:
    """The half at one level, unused vertices dropped; its header's vertex numbers are the new ones."""
    header, arrays = dict(stored.header), dict(stored.arrays)
    prefix = "" if detail == "full" else "coarse_"
    triangles = arrays[f"{prefix}triangles"].astype(np.int32)
    used = np.unique(triangles)
    row = np.full(len(arrays["vertices"]), -1, dtype=np.int32)
    row[used] = np.arange(len(used))
    deltas = arrays["deltas"][:, used] * arrays["delta_scale"][:, None, None]
    part = arrays["triangle_part" if detail == "full" else "coarse_part"].astype(np.int32)
    header["landmarks"] = {name: int(row[vertex]) for name, vertex in header["landmarks"].items()}
    header["upper_lid"] = [int(row[vertex]) for vertex in header["upper_lid"] if row[vertex] >= 0]
    return Record(
        header,
        {
            "vertices": arrays["vertices"][used],
            "triangles": row[triangles],
            "part": part,
            "deltas": deltas.astype(np.float32),
            "occlusion": arrays["occlusion"][used].astype(np.float32) / 255.0,
        },
    )


def _mirrored(half: Record) -> Template:
    header, arrays = half
    vertices = cast(Float32, arrays["vertices"])
    count = len(vertices)
    twin = np.arange(count, dtype=np.int32)
    off_middle = np.flatnonzero(vertices[:, 0] > 0.0)
    twin[off_middle] = count + np.arange(len(off_middle), dtype=np.int32)
    whole = np.concatenate([vertices, vertices[off_middle] * _MIRROR])
    triangles = np.concatenate([arrays["triangles"], twin[arrays["triangles"]][:, ::-1]])
    shapes = _shapes(header["shapes"], arrays["deltas"], off_middle)
    marks = dict(header["landmarks"])
    marks |= {_other_side(name): int(twin[vertex]) for name, vertex in marks.items()}
    lid = np.asarray(header["upper_lid"], dtype=np.int32)
    center = np.asarray(header["eye_center"], dtype=np.float32)
    return Template(
        vertices=Axes()("template", whole, "V 3"),
        triangles=np.ascontiguousarray(triangles, dtype=np.int32),
        triangle_part=np.concatenate([arrays["part"], arrays["part"]]),
        part_names=tuple(header["parts"]),
        shape_names=tuple(shapes),
        deltas=np.stack(list(shapes.values())),
        occlusion=np.concatenate([arrays["occlusion"], arrays["occlusion"][off_middle]]),
        landmark_vertices=np.array([marks[name] for name in LANDMARK_NAMES], dtype=np.int32),
        upper_lids=(lid, twin[lid]),
        eye_centers=np.stack([center, center * _MIRROR]),
        eye_radius=float(header["eye_radius"]),
    )


def _shapes(rows: list[list[str]], deltas: Float32, off_middle: Any) -> dict[str, Float32]:
    """ARKit name -> (V, 3). A stored row says how a shape of the left side moves the left half ("own") or how one
    of the right side does ("other"); a shape that is alike on both sides has one row ("both")."""
    stored = {(name, side): delta for (name, side), delta in zip(rows, deltas)}
    nothing = np.zeros_like(deltas[0])
    found: dict[str, Float32] = {}
    for name in dict.fromkeys(name for name, _ in rows):
        if (name, "both") in stored:
            both = stored[name, "both"]
            found[name] = np.concatenate([both, both[off_middle] * _MIRROR])
            continue
        own, other = stored.get((name, "own"), nothing), stored.get((name, "other"), nothing)
        left = np.concatenate([own, other[off_middle] * _MIRROR])
        right = np.concatenate([other, own[off_middle] * _MIRROR])
        base = _SIDEWAYS.get(name, name)
        if name in _BOTH_SIDES_IN_ONE:
            found[name] = np.add(left, right, dtype=np.float32)
        else:
            found[f"{base}Left"], found[f"{base}Right"] = left, right
    return dict(sorted(found.items()))


def _other_side(name: str) -> str:
    """The landmark's name on the other side; itself on the middle line."""
    swap = {"l": "r", "r": "l"}
    words = name.split("_")
    return "_".join(swap.get(word, _swapped_number(word)) for word in words)


def _swapped_number(word: str) -> str:
    if len(word) == 2 and word[0] in "lr" and word[1].isdigit():
        return {"l": "r", "r": "l"}[word[0]] + word[1]
    return word
