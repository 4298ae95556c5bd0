from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facepatch.core.errors import FormatError, InputError, TopologyError
from facepatch.readers.character import read_character


def write_obj(
    path: Path, vertices: Any, polys: Any, *, before: str = "", between: dict[int, str] | None = None
) -> Path:
    lines = [before, *(f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in vertices)]
    for index, poly in enumerate(polys):
        lines.append((between or {}).get(index, ""))
        lines.append("f " + " ".join(str(int(row) + 1) for row in poly))
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def folder(head: Any, tmp_path: Path) -> Path:
    out = tmp_path / "shapes"
    out.mkdir()
    write_obj(out / "Bob_Neutral.obj", head.vertices, head.polys)
    for name, offsets in zip(head.names, head.deltas):
        write_obj(out / f"{name}.obj", head.vertices + offsets, head.polys)
    return out


def test_a_folder_of_shapes_is_a_character(folder: Path, head: Any) -> None:
    character = read_character(folder)
    assert character.shape_names == tuple(sorted(head.names, key=str))
    order = [head.names.index(name) for name in character.shape_names]
    assert np.allclose(character.deltas, head.deltas[order], atol=1e-5)
    assert character.topology.polygon_counts.tolist() == [4] * 16


def test_a_shape_of_another_mesh_is_refused(folder: Path, head: Any) -> None:
    write_obj(folder / "smile.obj", head.vertices[:-1], head.polys[:-1])
    with pytest.raises(TopologyError, match=r"smile.obj: has 24 vertices, Bob_Neutral.obj has 25"):
        read_character(folder)
    write_obj(folder / "smile.obj", head.vertices, head.polys[::-1])
    with pytest.raises(TopologyError, match=r"its 16 faces are not the 16 of Bob_Neutral\.obj"):
        read_character(folder)


def test_a_folder_says_which_file_is_the_neutral(folder: Path) -> None:
    (folder / "Bob_Neutral.obj").rename(folder / "Bob.obj")
    with pytest.raises(InputError, match=r"which .obj is the neutral face\? By its name it is none of 4"):
        read_character(folder)
    (folder / "Bob.obj").rename(folder / "base.obj")
    (folder / "jawOpen.obj").rename(folder / "rest.obj")
    with pytest.raises(InputError, match=r"several \(base.obj, rest.obj\)"):
        read_character(folder)
    with pytest.raises(InputError, match=r"holds no \.obj file"):
        read_character(folder.parent / "shapes" / "..")


def test_numbered_frames_are_a_character_without_shapes(tmp_path: Path, head: Any) -> None:
    for number in (10, 9, 2):
        write_obj(tmp_path / f"face.{number}.obj", head.vertices + np.array([0, number, 0]), head.polys)
    character = read_character(tmp_path)
    assert character.shape_names == ()
    assert np.allclose(character.neutral, head.vertices + np.array([0, 2, 0]), atol=1e-5)


def test_polygons_negative_indices_uvs_and_line_ends(tmp_path: Path) -> None:
    text = (
        "v 0 0 0\r\nv 10 0 0\nv 12 8 0\nv 5 14 0\nv -2 8 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt .5 1\nvt 0 1\n"
        "f -5/1 -4/2/1 \\\n-3/3 -2/4 -1/5\nf 1//1 2//1 3//1\n"
    )
    (tmp_path / "ngon.obj").write_text(text)
    character = read_character(tmp_path / "ngon.obj")
    assert character.topology.polygon_counts.tolist() == [5, 3]
    assert character.topology.polygon_vertices.tolist() == [0, 1, 2, 3, 4, 0, 1, 2]
    assert character.corner_uv is None  # the second face has none


def test_materials_become_parts(tmp_path: Path, head: Any) -> None:
    cv2.imwrite(str(tmp_path / "skin.png"), np.full((2, 2, 3), (0, 0, 255), np.uint8))
    (tmp_path / "head.mtl").write_text(
        "newmtl Skin\nKd 1 1 1\nmap_Kd skin.png\nnewmtl M2\nKd 0.5 0.25 0.125\n"
    )
    between = {0: "usemtl Skin", 8: "g eye_left\nusemtl M2"}
    path = write_obj(tmp_path / "h.obj", head.vertices, head.polys, before="mtllib head.mtl", between=between)
    character = read_character(path)
    assert [(p.name, p.kind, p.texture) for p in character.parts] == [("Skin", "skin", 0), ("M2", "eye", -1)]
    assert character.parts[1].color == (0.5, 0.25, 0.125)
    assert character.textures[0][0, 0].tolist() == [255, 0, 0]
    assert character.polygon_part.tolist() == [0] * 8 + [1] * 8


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "has 0 vertices and 0 faces"),
        ("v 0 0\nv 1 1 1\nv 2 2 2\nf 1 2 3", "a vertex is no row of numbers"),
        ("v 0 0 0\nv 1 1 1\nv 2 2 2\nf 1 2 x", "a face is no row of indices"),
        ("v 0 0 0\nv 1 1 1\nv 2 2 2\nf 1 2", "face 0 has 2 corners"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "h.obj").write_text(text)
    with pytest.raises(FormatError, match=match):
        read_character(tmp_path / "h.obj")


def test_faces_outside_the_vertices_are_refused(tmp_path: Path) -> None:
    (tmp_path / "h.obj").write_text("v 0 0 0\nv 9 9 9\nv 0 20 2\nf 1 2 7")
    with pytest.raises(TopologyError, match="a polygon at vertex 6, but only 3 vertices"):
        read_character(tmp_path / "h.obj")
