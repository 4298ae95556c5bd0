"""A small made head, and writers of the files that it may come in."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.character import Character
from facepatch.core.shape_names import ARKIT_NAMES
from facepatch.readers.character import read_character

_KINDS = {"<f4": 5126, "<u2": 5123, "<u4": 5125, "<u1": 5121, "<i2": 5122, "<i1": 5120}
_WIDTHS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


@dataclass
class Glb:
    """Collects accessors, and writes a GLB."""

    json: dict[str, Any] = field(default_factory=lambda: {"asset": {"version": "2.0"}})
    data: bytearray = field(default_factory=bytearray)

    def add(self, name: str, item: dict[str, Any]) -> int:
        self.json.setdefault(name, []).append(item)
        return len(self.json[name]) - 1

    def view(self, content: bytes, **more: Any) -> int:
        while len(self.data) % 4:
            self.data.append(0)
        start = len(self.data)
        self.data += content
        return self.add("bufferViews", {"buffer": 0, "byteOffset": start, "byteLength": len(content), **more})

    def array(self, values: Any, kind: str = "<f4", **more: Any) -> int:
        values = np.ascontiguousarray(values, dtype=kind)
        rows = values.reshape(len(values), -1)
        return self.add(
            "accessors",
            {
                "bufferView": self.view(values.tobytes()),
                "componentType": _KINDS[kind],
                "count": len(rows),
                "type": _WIDTHS[rows.shape[1]],
                **more,
            },
        )

    def mesh(self, name: str, vertices: Any, triangles: Any, shapes: dict[str, Any], **node: Any) -> int:
        """A mesh of one primitive, and its node. Returns the node."""
        primitive: dict[str, Any] = {
            "attributes": {"POSITION": self.array(vertices), **node.pop("attributes", {})},
            "indices": self.array(np.asarray(triangles).reshape(-1), "<u4"),
        }
        if "material" in node:
            primitive["material"] = node.pop("material")
        if shapes:
            primitive["targets"] = [{"POSITION": self.array(offsets)} for offsets in shapes.values()]
        mesh = self.add(
            "meshes", {"name": name, "primitives": [primitive], "extras": {"targetNames": list(shapes)}}
        )
        return self.add("nodes", {"name": name, "mesh": mesh, **node})

    def bytes(self) -> bytes:
        while len(self.data) % 4:
            self.data.append(0)
        if self.data:
            self.json["buffers"] = [{"byteLength": len(self.data)}]
        text = json.dumps(self.json).encode()
        text += b" " * (-len(text) % 4)
        size = 12 + 8 + len(text) + 8 + len(self.data)
        head = struct.pack("<4sII", b"glTF", 2, size) + struct.pack("<II", len(text), 0x4E4F534A)
        return head + text + struct.pack("<II", len(self.data), 0x004E4942) + bytes(self.data)

    def write(self, path: Path) -> Path:
        path.write_bytes(self.bytes())
        return path


@dataclass(frozen=True)
class MadeHead:
    """A face of 5 x 5 vertices, 20 cm high and open to the back, with three shapes."""

    vertices: Any
    polys: Any
    names: tuple[str, ...]
    deltas: Any

    @property
    def triangles(self) -> Any:
        return np.concatenate([self.polys[:, [0, 1, 2]], self.polys[:, [0, 2, 3]]])

    def save(self, path: Path, **changes: Any) -> Path:
        """As blendshape npz in centimetres; a change to None leaves an array out."""
        arrays: dict[str, Any] = {
            "vertices": self.vertices,
            "polys": self.polys,
            "names": np.array(self.names),
            "deltas": self.deltas,
            "unit_in_metres": 0.01,
        }
        arrays.update(changes)
        np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
        return path


@pytest.fixture(scope="session")
def head() -> MadeHead:
    x, y = np.meshgrid(np.linspace(-8, 8, 5), np.linspace(-10, 10, 5))
    vertices = np.stack([x, y, 6 - 0.05 * x**2 - 0.03 * y**2], axis=-1).reshape(-1, 3).astype(np.float32)
    rows = np.arange(25).reshape(5, 5)
    polys = np.stack([rows[:-1, :-1], rows[:-1, 1:], rows[1:, 1:], rows[1:, :-1]], axis=-1).reshape(-1, 4)
    deltas = np.zeros((3, 25, 3), dtype=np.float32)
    deltas[0, [7, 12]] = (0, -2, 0)
    deltas[1, [18]] = (0, -1, 0.1)
    deltas[2, [16]] = (0, -1, 0.1)
    return MadeHead(vertices, polys.astype(np.int32), ("jawOpen", "eyeBlink_L", "eyeBlink_R"), deltas)


@pytest.fixture
def character(head: MadeHead, tmp_path: Path) -> Character:
    return read_character(head.save(tmp_path / "made_head.npz"))


@pytest.fixture
def glb() -> Glb:
    return Glb()


@pytest.fixture
def csv_text() -> Callable[..., str]:
    """Writes the text of a Live Link Face CSV."""

    def write(
        rows: Any, *, columns: Any = None, base: int = 60, step: float = 2.0, start: float = 36000.0
    ) -> str:
        names = list(columns or [name[0].upper() + name[1:] for name in ARKIT_NAMES])
        lines = [",".join(["Timecode", "BlendShapeCount", *names, "HeadYaw", "LeftEyeYaw"])]
        for index, row in enumerate(rows):
            at = start + index * step / base
            hours, rest = divmod(at, 3600)
            minutes, seconds = divmod(rest, 60)
            frames = (seconds % 1) * base + 1e-6
            code = f"{int(hours):02d}:{int(minutes):02d}:{int(seconds):02d}:{frames:06.3f}"
            if row is None:
                lines.append(f"{code},0")
            else:
                lines.append(",".join([code, "61", *(f"{value:.6f}" for value in row), "0.1", "-0.2"]))
        return "\n".join(lines) + "\n"

    return write


def maya_scene(head: MadeHead, *, unit: str = "centimeter", metres: float = 0.01, extra: str = "") -> str:
    """The head as Maya ASCII: a deformed shape, its original, a blendShape with stored targets."""
    scale = 0.01 / metres
    edges: dict[tuple[int, int], int] = {}
    faces: list[str] = []
    for poly in head.polys:
        words: list[str] = []
        for a, b in zip(poly, [*poly[1:], poly[0]]):
            if (b, a) in edges:
                words.append(str(-edges[(b, a)] - 1))
            else:
                words.append(str(edges.setdefault((a, b), len(edges))))
        faces.append(f"f {len(words)} {' '.join(words)}")
    points = " ".join(f"{value:.9g}" for value in head.vertices.reshape(-1) * scale)
    lines = [
        "//Maya ASCII 2022 scene",
        f"currentUnit -l {unit} -a degree -t film;",
        'createNode transform -n "Head";',
        'createNode mesh -n "HeadShape" -p "Head";',
        '\tsetAttr -k off ".v";',
        'createNode mesh -n "HeadShapeOrig" -p "Head";',
        '\tsetAttr ".io" yes;',
        f'\tsetAttr -s {len(head.vertices)} ".vt[0:{len(head.vertices) - 1}]" {points};',
        f'\tsetAttr -s {len(edges)} ".ed[0:{len(edges) - 1}]" {" ".join(f"{a} {b} 0" for a, b in edges)};',
        f'\tsetAttr -s {len(faces)} -ch {4 * len(faces)} ".fc[0:{len(faces) - 1}]" -type "polyFaces" ',
        "\n".join(faces) + ";",
        'createNode blendShape -n "bs";',
    ]
    for number, offsets in enumerate(head.deltas):
        moved = np.flatnonzero(np.abs(offsets).sum(axis=1))
        values = " ".join(f"{x:.9g} {y:.9g} {z:.9g} 1" for x, y, z in offsets[moved])
        named = " ".join(f'"vtx[{row}]"' for row in moved)
        key = f".it[0].itg[{number}].iti[6000]"
        lines.append(f'\tsetAttr "{key}.ipt" -type "pointArray" {len(moved)} {values} ;')
        lines.append(f'\tsetAttr "{key}.ict" -type "componentList" {len(moved)} {named};')
    alias = ",".join(f'"{name}","weight[{number}]"' for number, name in enumerate(head.names))
    lines.append(f'\tsetAttr ".aal" -type "attributeAlias" {{{alias}}} ;')
    lines.append(extra)
    lines.append('connectAttr "bs.og[0]" "HeadShape.i";')
    lines.append('connectAttr "HeadShapeOrig.w" "bs.ip[0].ig";')
    return "\n".join(lines) + "\n// End\n"


@pytest.fixture
def scene_text(head: MadeHead) -> Callable[..., str]:
    """Writes the head as Maya ASCII."""
    return lambda **changes: maya_scene(head, **changes)
