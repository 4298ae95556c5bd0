from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facepatch.core.errors import FormatError, InputError
from facepatch.readers.character import read_character


def shapes_of(head: Any, scale: float = 0.01) -> dict[str, Any]:
    return dict(zip(head.names, head.deltas * scale))


def split_at_seam(head: Any) -> tuple[Any, Any, dict[str, Any]]:
    """The head with the vertices of its middle column twice, as an exporter splits them at a UV seam."""
    middle = np.arange(25).reshape(5, 5)[:, 2]
    source = np.concatenate([np.arange(25), middle])
    twin = {int(row): 25 + index for index, row in enumerate(middle)}
    right = head.vertices[head.triangles].mean(axis=1)[:, 0] > 0
    triangles = head.triangles.copy()
    triangles[right] = np.vectorize(lambda row: twin.get(int(row), int(row)))(triangles[right])
    shapes = {name: offsets[source] / 100 for name, offsets in zip(head.names, head.deltas)}
    return head.vertices[source] / 100, triangles, shapes


def test_morph_targets_become_shapes_in_centimetres(glb: Any, head: Any, tmp_path: Path) -> None:
    glb.mesh("Head", head.vertices / 100, head.triangles, shapes_of(head))
    character = read_character(glb.write(tmp_path / "head.glb"))
    assert character.shape_names == head.names
    assert np.allclose(character.neutral, head.vertices, atol=1e-5)
    assert np.allclose(character.deltas, head.deltas, atol=1e-5)
    assert character.unit_in_metres == 1.0


def test_seams_are_welded_and_the_way_back_is_kept(glb: Any, head: Any, tmp_path: Path) -> None:
    vertices, triangles, shapes = split_at_seam(head)
    uv = np.stack([np.linspace(0, 1, 30), np.full(30, 0.25)], axis=1)
    glb.mesh("Head", vertices, triangles, shapes, attributes={"TEXCOORD_0": glb.array(uv)})
    character = read_character(glb.write(tmp_path / "head.glb"))
    assert character.neutral.shape == (25, 3)
    assert character.weld is not None
    assert character.weld.shape == (30,)
    assert np.allclose(character.neutral[character.weld], vertices * 100, atol=1e-5)
    assert character.corner_uv is not None
    assert np.allclose(character.corner_uv[:, 0], uv[np.asarray(triangles).reshape(-1), 0], atol=1e-6)
    assert np.allclose(character.corner_uv[:, 1], 0.75)


def test_touching_vertices_that_move_apart_stay_apart(glb: Any, head: Any, tmp_path: Path) -> None:
    vertices, triangles, shapes = split_at_seam(head)
    shapes["eyeBlink_L"][27] += (0.0, 0.01, 0.0)
    glb.mesh("Head", vertices, triangles, shapes)
    assert len(read_character(glb.write(tmp_path / "head.glb")).neutral) == 26


def test_the_same_place_in_another_mesh_stays_apart(glb: Any, head: Any, tmp_path: Path) -> None:
    for name in ("Head", "Teeth"):
        glb.mesh(name, head.vertices / 100, head.triangles, shapes_of(head))
    character = read_character(glb.write(tmp_path / "head.glb"))
    assert len(character.neutral) == 50
    assert character.shape_names == head.names
    assert [mesh.name for mesh in character.meshes] == ["Head", "Teeth"]
    assert [part.kind for part in character.parts] == ["skin", "teeth"]


def test_parents_and_nodes_place_the_mesh(glb: Any, head: Any, tmp_path: Path) -> None:
    turn = [0.0, np.sqrt(0.5), 0.0, np.sqrt(0.5)]  # a quarter about Y: +Z goes to +X
    child = glb.mesh("Head", head.vertices, head.triangles, shapes_of(head, 1.0), translation=[0, 5, 0])
    parent = glb.add("nodes", {"children": [child], "rotation": turn, "scale": [0.01, 0.01, 0.01]})
    glb.add("scenes", {"nodes": [parent]})
    character = read_character(glb.write(tmp_path / "head.glb"))
    wanted = (head.vertices + np.array([0, 5, 0]))[:, [2, 1, 0]] * (1, 1, -1)
    assert np.allclose(character.neutral, wanted, atol=1e-4)
    assert np.allclose(character.deltas, head.deltas[:, :, [2, 1, 0]] * (1, 1, -1), atol=1e-4)


def test_a_mirrored_node_turns_the_polygons(glb: Any, head: Any, tmp_path: Path) -> None:
    glb.mesh("Head", head.vertices / 100, head.triangles, {}, scale=[-1, 1, 1])
    character = read_character(glb.write(tmp_path / "head.glb"))
    corners = character.neutral[character.topology.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normals[:, 2] > 0).all()


def test_skinned_meshes_are_read_in_their_bind_pose(glb: Any, head: Any, tmp_path: Path) -> None:
    joint = glb.add("nodes", {"name": "Hips", "translation": [0, 1, 0]})
    bind = np.diag([0.01, 0.01, 0.01, 1.0])
    bind[1, 3] = -1.0
    glb.add("skins", {"joints": [joint], "inverseBindMatrices": glb.array(bind.T.reshape(1, 16))})
    glb.mesh("Head", head.vertices, head.triangles, shapes_of(head, 1.0), skin=0, translation=[9, 9, 9])
    character = read_character(glb.write(tmp_path / "head.glb"))
    assert np.allclose(character.neutral, head.vertices, atol=1e-3)


def test_a_body_is_left_out_and_eyes_and_hair_stay(
    glb: Any, head: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vertices = head.vertices / 100
    glb.mesh("Head", vertices, head.triangles, shapes_of(head))
    glb.mesh("EyeLeft", vertices * 0.2 + (0, 0.03, 0.03), head.triangles, {})
    glb.mesh("Hair", vertices * (1, 5, 1), head.triangles, {})
    glb.mesh("Body", vertices * 3 - (0, 0.8, 0), head.triangles, {})
    with caplog.at_level(logging.INFO):
        character = read_character(glb.write(tmp_path / "man.glb"))
    assert [mesh.name for mesh in character.meshes] == ["Head", "EyeLeft", "Hair"]
    assert "left out Body" in caplog.text
    assert character.weld is not None
    assert (character.weld[75:] == -1).all()


def test_a_body_in_one_piece_with_its_head_is_cut(glb: Any, head: Any, tmp_path: Path) -> None:
    below = head.vertices / 100 - (0, 1.5, 0)
    vertices = np.concatenate([head.vertices / 100, below])
    triangles = np.concatenate([head.triangles, head.triangles + 25])
    still = np.zeros((25, 3))
    shapes = {name: np.concatenate([offsets, still]) for name, offsets in shapes_of(head).items()}
    glb.mesh("Man", vertices, triangles, shapes)
    character = read_character(glb.write(tmp_path / "man.glb"))
    assert character.neutral.shape == (25, 3)
    assert character.weld is not None
    assert character.weld.tolist() == [*range(25), *([-1] * 25)]


def test_textures_and_colours_of_materials(glb: Any, head: Any, tmp_path: Path) -> None:
    picture = np.zeros((2, 2, 3), dtype=np.uint8)
    picture[0, 0] = (0, 0, 255)  # red in OpenCV's order
    data = cv2.imencode(".png", picture)[1].tobytes()
    glb.add("images", {"bufferView": glb.view(data), "mimeType": "image/png"})
    glb.add("textures", {"source": 0})
    glb.add("materials", {"name": "Skin", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}})
    glb.add("materials", {"name": "Eye", "pbrMetallicRoughness": {"baseColorFactor": [0.214, 0.0, 1.0, 1.0]}})
    glass = {
        "name": "Cornea",
        "alphaMode": "BLEND",
        "pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 0.1]},
    }
    glb.add("materials", glass)
    uv = glb.array(np.zeros((25, 2)))
    for index, name in enumerate(("Head", "Ball", "Shell")):
        attributes = {"TEXCOORD_0": uv}
        glb.mesh(name, head.vertices / 100, head.triangles, {}, material=index, attributes=attributes)
    character = read_character(glb.write(tmp_path / "head.glb"))
    assert [(part.name, part.kind, part.texture) for part in character.parts] == [
        ("Head", "skin", 0),
        ("Ball", "eye", -1),
    ]
    assert character.parts[1].color == pytest.approx((0.5, 0.0, 1.0), abs=0.01)
    assert character.textures[0][0, 0].tolist() == [255, 0, 0]


def test_a_file_without_meshes_is_refused(glb: Any, tmp_path: Path) -> None:
    glb.add("nodes", {"name": "Camera"})
    with pytest.raises(InputError, match="shows no mesh with triangles"):
        read_character(glb.write(tmp_path / "empty.glb"))


def test_triangles_outside_the_vertices_are_refused(glb: Any, head: Any, tmp_path: Path) -> None:
    glb.mesh("Head", head.vertices / 100, head.triangles + 5, {})
    with pytest.raises(FormatError, match="a triangle is at vertex 29 of 25"):
        read_character(glb.write(tmp_path / "head.glb"))


@pytest.mark.assets
@pytest.mark.parametrize(
    ("folder", "glb_name", "npz_name"),
    [
        ("char-readyplayerme-ccbync", "brunette-t.glb", "rpm_brunette_head.npz"),
        ("char-valid-avatars", "White_M_3_Default.glb", "valid_White_M_3.npz"),
        ("char-valid-avatars", "Asian_F_1_Default.glb", "valid_Asian_F_1.npz"),
    ],
)
def test_real_avatars_agree_with_their_npz(assets: Path, folder: str, glb_name: str, npz_name: str) -> None:
    """The npz files were decoded by gltf-transform and meshoptimizer, from the same GLBs."""
    read = read_character(assets / folder / glb_name)
    wanted = read_character(assets / folder / npz_name)
    places: dict[tuple[int, ...], list[int]] = {}
    for row, point in enumerate(np.rint(read.neutral * 200).astype(int).tolist()):
        places.setdefault(tuple(point), []).append(row)
    names = {name.replace("h_expressions.", ""): row for row, name in enumerate(read.shape_names)}
    rows = [names[name] for name in wanted.shape_names]
    offsets = read.deltas[rows]
    missed = 0
    for row in range(0, len(wanted.neutral), 7):
        spot = np.rint(wanted.neutral[row] * 200).astype(int)
        near = [r for step in np.ndindex(3, 3, 3) for r in places.get(tuple((spot + step - 1).tolist()), [])]
        gap = [
            max(
                np.abs(read.neutral[r] - wanted.neutral[row]).max(),
                np.abs(offsets[:, r] - wanted.deltas[:, row]).max(),
            )
            for r in near
        ]
        missed += not gap or min(gap) > 1e-4
    assert missed == 0
    assert read.textures
    assert {"skin", "eye", "teeth"} <= {part.kind for part in read.parts}
