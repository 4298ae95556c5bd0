from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facepatch.core.errors import FormatError, InputError, ShapeError
from facepatch.readers.character import read_character

Text = Callable[..., str]


def saved(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scene.ma"
    path.write_text(text)
    return path


def test_a_deformed_mesh_is_read_from_its_original(scene_text: Text, head: Any, tmp_path: Path) -> None:
    character = read_character(saved(tmp_path, scene_text()))
    assert character.shape_names == head.names
    assert np.allclose(character.neutral, head.vertices, atol=1e-5)
    assert np.allclose(character.deltas, head.deltas, atol=1e-6)
    assert np.array_equal(character.topology.polygon_vertices, head.polys.reshape(-1))
    assert [mesh.name for mesh in character.meshes] == ["Head"]


def test_points_are_in_the_scenes_unit_and_targets_in_centimetres(
    scene_text: Text, head: Any, tmp_path: Path
) -> None:
    character = read_character(saved(tmp_path, scene_text(unit="meter", metres=1.0)))
    assert np.allclose(character.neutral, head.vertices, atol=1e-4)
    assert np.allclose(character.deltas, head.deltas, atol=1e-6)
    assert character.unit_in_metres == 1.0


def test_transforms_above_the_mesh_are_applied(scene_text: Text, head: Any, tmp_path: Path) -> None:
    text = scene_text().replace(
        'createNode transform -n "Head";',
        'createNode transform -n "Top";\n\tsetAttr ".t" -type "double3" 1 2 3 ;\n\tsetAttr ".ry" 90;\n'
        'createNode transform -n "Head" -p "Top";\n\tsetAttr ".s" -type "double3" 2 2 2 ;',
    )
    character = read_character(saved(tmp_path, text))
    wanted = head.vertices[:, [2, 1, 0]] * (2, 2, -2) + (1, 2, 3)
    assert np.allclose(character.neutral, wanted, atol=1e-4)
    assert np.allclose(character.deltas, head.deltas[:, :, [2, 1, 0]] * (2, 2, -2), atol=1e-5)


def test_frozen_transforms_in_the_history_are_applied(scene_text: Text, head: Any, tmp_path: Path) -> None:
    frozen = (
        'createNode transformGeometry -n "tg";\n'
        '\tsetAttr ".txf" -type "matrix" 2 0 0 0 0 2 0 0 0 0 2 0 0 5 0 1;\n'
        'connectAttr "tg.og" "HeadShape.i";\nconnectAttr "bs.og[0]" "tg.ig";'
    )
    text = scene_text(extra=frozen).replace('connectAttr "bs.og[0]" "HeadShape.i";', "")
    character = read_character(saved(tmp_path, text))
    assert np.allclose(character.neutral, head.vertices * 2 + (0, 5, 0), atol=1e-4)
    assert np.allclose(character.deltas, head.deltas * 2, atol=1e-5)


def test_tweaks_move_points_and_targets_may_still_be_connected(
    scene_text: Text, head: Any, tmp_path: Path
) -> None:
    target = scene_text().split('createNode mesh -n "HeadShapeOrig"')[1].split("createNode blendShape")[0]
    extra = (
        'createNode transform -n "Smile";\ncreateNode mesh -n "SmileShape"'
        + target.replace('"Head"', '"Smile"', 1)
    ).replace('".io" yes', '".io" no') + (
        '\tsetAttr ".pt[4:5]" -type "float3" 0 1 0 0 0 2 ;\n'
        'connectAttr "SmileShape.w" "bs.it[0].itg[3].iti[6000].igt";'
    )
    text = scene_text(extra=extra).replace(
        '"eyeBlink_R","weight[2]"', '"eyeBlink_R","weight[2]","smile","weight[3]"'
    )
    character = read_character(saved(tmp_path, text))
    assert [mesh.name for mesh in character.meshes] == ["Head"]
    smile = character.deltas[character.shape_names.index("smile")]
    assert np.allclose(smile[[4, 5]], [[0, 1, 0], [0, 0, 2]], atol=1e-5)
    assert np.abs(smile).sum() == pytest.approx(3.0, abs=1e-4)


def test_hidden_meshes_and_history_that_is_not_read(
    scene_text: Text, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    extra = (
        'createNode polySmoothFace -n "smooth";\nconnectAttr "smooth.out" "HeadShape.i";\n'
        'connectAttr "bs.og[0]" "smooth.ip";'
    )
    text = scene_text(extra=extra).replace('connectAttr "bs.og[0]" "HeadShape.i";', "")
    with caplog.at_level(logging.WARNING):
        assert len(read_character(saved(tmp_path, text)).shape_names) == 3
    assert "without what smooth (polySmoothFace) does to it" in caplog.text
    hidden = scene_text().replace(
        'createNode transform -n "Head";', 'createNode transform -n "Head";\n\tsetAttr ".v" no;'
    )
    with pytest.raises(InputError, match="has no visible polygon mesh"):
        read_character(saved(tmp_path, hidden))


def test_a_texture_beside_the_scene_is_found(scene_text: Text, tmp_path: Path) -> None:
    (tmp_path / "sourceimages").mkdir()
    cv2.imwrite(str(tmp_path / "sourceimages" / "skin.png"), np.full((2, 2, 3), (0, 0, 255), np.uint8))
    extra = (
        'createNode file -n "f";\n\tsetAttr ".ftn" -type "string" "C:\\\\work\\\\skin.png";\n'
        'createNode lambert -n "mat";\ncreateNode shadingEngine -n "sg";\n'
        'connectAttr "f.oc" "mat.c";\nconnectAttr "mat.oc" "sg.ss";\nconnectAttr "HeadShape.iog" "sg.dsm" -na;'
    )
    character = read_character(saved(tmp_path, scene_text(extra=extra)))
    assert character.parts[0].texture == 0
    assert character.textures[0][0, 0].tolist() == [255, 0, 0]


def test_values_that_are_not_finite_are_named(scene_text: Text, tmp_path: Path) -> None:
    text = scene_text().replace('".vt[0:24]" -8', '".vt[0:24]" nan', 1)
    with pytest.raises(ShapeError, match=r"mesh 'Head': 1 of 25 vertices are not finite numbers: 0"):
        read_character(saved(tmp_path, text))


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('".vt[0:24]"', '".vt[0:23]"', "75 numbers where 72 belong"),
        ("f 4 0 1", "f 4 0 999", "a face is at edge 999"),
        ('"vtx[18]"', '"vtx[99]"', "moves vertex 99 of a mesh of 25"),
        ('"pointArray" 1 ', '"pointArray" 2 ', "2 points announced, 1 given"),
        ("f 4 0 1", "f 4 0 one", "cannot be read at 'f'"),
    ],
)
def test_damaged_meshes_are_refused(scene_text: Text, tmp_path: Path, old: str, new: str, match: str) -> None:
    text = scene_text()
    assert old in text
    with pytest.raises(FormatError, match=match):
        read_character(saved(tmp_path, text.replace(old, new, 1)))


@pytest.mark.assets
def test_the_real_scene_agrees_with_its_npz(assets: Path) -> None:
    read = read_character(assets / "rig-maya-facecap-example" / "Example.ma")
    wanted = read_character(assets / "rig-maya-facecap-example" / "maya_facecap_facescan.npz")
    assert np.abs(read.neutral[:1220] - wanted.neutral).max() < 1e-5
    rows = [read.shape_names.index(name) for name in wanted.shape_names]
    assert np.abs(read.deltas[rows, :1220] - wanted.deltas).max() < 1e-5
    size = wanted.topology.polygon_vertices.size
    assert np.array_equal(read.topology.polygon_vertices[:size], wanted.topology.polygon_vertices)
    assert [(part.name, part.kind) for part in read.parts] == [
        ("FaceScan", "skin"), ("EyeLeft", "eye"), ("EyeRight", "eye"),
    ]  # fmt: skip
    assert np.allclose(read.neutral[1220:1702].mean(axis=0), (2.8, 2.5, 2.0), atol=0.5)
