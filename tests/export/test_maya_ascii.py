from __future__ import annotations

import re

import numpy as np
import pytest

from facepatch.core.data.character import Part
from facepatch.core.data.clip import Clip
from facepatch.core.errors import ExportError, StorageError, TopologyError, UnknownNameError
from facepatch.export.maya_ascii import write_maya_ascii
from facepatch.readers.character import read_character


def world(scene, character, time: float) -> np.ndarray:
    """All meshes' vertices in the order of the character."""
    shapes = [name for name, kind in scene.types.items() if kind == "mesh" and not name.endswith("Orig")]
    assert len(shapes) == len(character.meshes)
    return np.concatenate([scene.world(shape, time) for shape in shapes])


def test_every_frame_evaluates_to_the_clip(tmp_path, character, pca_clip, truth, read_maya):
    write_maya_ascii(pca_clip, tmp_path / "c.ma", character=character)
    scene = read_maya(tmp_path / "c.ma")
    wanted = truth(pca_clip, character)
    for t in range(pca_clip.frame_count):
        assert np.abs(world(scene, character, 1001 + t) - wanted[t]).max() < 1e-4


def test_without_negative_weights_the_check_would_notice(tmp_path, character, pca_clip, truth, read_maya):
    write_maya_ascii(pca_clip, tmp_path / "c.ma", character=character)
    text = (tmp_path / "c.ma").read_text()
    (tmp_path / "off.ma").write_text(text.replace('\tsetAttr ".sn" yes;\n', ""))
    off = world(read_maya(tmp_path / "off.ma"), character, 1001)
    assert np.abs(off - truth(pca_clip, character)[0]).max() > 0.1


def test_halfway_between_two_frames_the_curves_are_linear(tmp_path, character, pca_clip, changed, read_maya):
    write_maya_ascii(changed(pca_clip, head_pose=None), tmp_path / "c.ma", character=character)
    wanted = pca_clip.pca.vertices(pca_clip.weights).astype(np.float64)
    middle = world(read_maya(tmp_path / "c.ma"), character, 1004.5)
    assert np.abs(middle - (wanted[3] + wanted[4]) / 2).max() < 1e-4


def test_blendshape_weights_play_on_the_neutral(tmp_path, character, shape_clip, truth, read_maya):
    write_maya_ascii(shape_clip, tmp_path / "c.ma", character=character)
    scene = read_maya(tmp_path / "c.ma")
    wanted = truth(shape_clip, character)
    for t in range(5):
        assert np.abs(world(scene, character, t) - wanted[t]).max() < 1e-4


def test_polygons_come_back_in_their_vertex_order(tmp_path, character, pca_clip, read_maya):
    write_maya_ascii(pca_clip, tmp_path / "c.ma", character=character)
    found = read_maya(tmp_path / "c.ma").polygons("headShapeOrig")
    ends = np.cumsum(character.topology.polygon_counts)[: len(found)]
    wanted = [list(p) for p in np.split(character.topology.polygon_vertices, ends)[: len(found)]]
    assert [[int(v) for v in polygon] for polygon in wanted] == found


def test_uv_of_each_corner_come_back(tmp_path, character, pca_clip, read_maya):
    write_maya_ascii(pca_clip, tmp_path / "c.ma", character=character)
    scene = read_maya(tmp_path / "c.ma")
    uv = scene.array("headShapeOrig", ".uvst[0].uvsp", 2)
    text = (tmp_path / "c.ma").read_text()
    indices = [int(i) for line in re.findall(r"mu 0 \d+ ([\d ]+)", text) for i in line.split()]
    corners = character.topology.polygon_counts[: character.meshes[0].polygon_stop].sum()
    assert np.allclose(uv[indices[:corners]], character.corner_uv[:corners], atol=1e-6)


def test_targets_are_sparse_and_compressed_to_ranges(tmp_path, character, shape_clip, read_maya):
    write_maya_ascii(shape_clip, tmp_path / "c.ma", character=character)
    scene = read_maya(tmp_path / "c.ma")
    tokens = scene.attributes["head_blendShape"]
    assert tokens[".it[0].itg[0].iti[6000].ict"][2:] == ["1", "vtx[3:8]"]
    assert tokens[".it[0].itg[1].iti[6000].ict"][2:] == ["3", "vtx[0]", "vtx[4]", "vtx[19]"]
    assert tokens[".it[0].itg[2].iti[6000].ict"][2:] == ["1", "vtx[0]"]


def test_a_vertex_that_moves_too_little_is_left_out(tmp_path, character, shape_clip, changed, read_maya):
    deltas = character.deltas.copy()
    deltas[0, 12] = 9e-7
    deltas[0, 14] = 2e-6
    write_maya_ascii(shape_clip, tmp_path / "c.ma", character=changed(character, deltas=deltas))
    tokens = read_maya(tmp_path / "c.ma").attributes["head_blendShape"]
    assert tokens[".it[0].itg[0].iti[6000].ict"][2:] == ["2", "vtx[3:8]", "vtx[14]"]


def test_targets_answer_to_their_names(tmp_path, character, shape_clip, read_maya):
    """`origin` is an attribute of the node itself, so the alias takes a number."""
    write_maya_ascii(shape_clip, tmp_path / "c.ma", character=character)
    aliases = read_maya(tmp_path / "c.ma").attributes["head_blendShape"][".aal"][2:]
    assert aliases == ["jawOpen", "weight[0]", "eye_blink_L", "weight[1]", "origin_2", "weight[2]"]


def test_one_curve_drives_the_same_weight_of_every_mesh(tmp_path, character, pca_clip, read_maya):
    write_maya_ascii(pca_clip, tmp_path / "c.ma", character=character)
    scene = read_maya(tmp_path / "c.ma")
    curves = [name for name, kind in scene.types.items() if kind == "animCurveTU"]
    assert len(curves) == 2
    for k, curve in enumerate(curves):
        driven = [target for source, target in scene.connections if source == f"{curve}.o"]
        assert driven == [f"head_blendShape.w[{k}]", f"eye_L_blendShape.w[{k}]"]


def test_every_face_has_one_material(tmp_path, character, pca_clip, read_maya):
    write_maya_ascii(pca_clip, tmp_path / "c.ma", character=character)
    scene = read_maya(tmp_path / "c.ma")
    faces: list[int] = []
    for name, kind in scene.types.items():
        if kind == "groupParts":
            for first, last in re.findall(r"f\[(\d+)(?::(\d+))?\]", " ".join(scene.attributes[name][".ic"])):
                faces += range(int(first), int(last or first) + 1)
    assert sorted(faces) == list(range(character.meshes[0].polygon_stop))
    members = [target for source, target in scene.connections if source.startswith("headShape.iog.og")]
    assert members == ["skin_matSG.dsm", "lips_matSG.dsm"]
    assert ("eye_LShape.iog", "eye_matSG.dsm") in scene.connections
    assert ("skin_mat.oc", "skin_matSG.ss") in scene.connections


def test_a_character_without_parts_gets_the_default_material(
    tmp_path, character, pca_clip, changed, read_maya
):
    plain = changed(character, parts=())
    write_maya_ascii(pca_clip, tmp_path / "c.ma", character=plain)
    assert ("headShape.iog", ":initialShadingGroup.dsm") in read_maya(tmp_path / "c.ma").connections


@pytest.mark.parametrize(
    ("rate", "unit"),
    [
        ((24, 1), "film"),
        ((25, 1), "pal"),
        ((30, 1), "ntsc"),
        ((60, 1), "ntscf"),
        ((24000, 1001), "23.976fps"),
        ((30000, 1001), "29.97fps"),
        ((60000, 1001), "59.94fps"),
        ((50, 2), "pal"),
    ],
)
def test_the_time_unit_is_the_clips(tmp_path, character, pca_clip, changed, read_maya, rate, unit):
    write_maya_ascii(changed(pca_clip, rate=rate), tmp_path / "c.ma", character=character)
    scene = read_maya(tmp_path / "c.ma")
    assert scene.units == {"-l": "centimeter", "-a": "degree", "-t": unit}
    keys = scene.array("Test_Head_pc_000", ".ktv", 2)[:, 0]
    assert keys.tolist() == list(range(1001, 1013))


def test_a_rate_that_maya_lacks_keeps_its_real_time(tmp_path, character, pca_clip, changed, read_maya):
    write_maya_ascii(changed(pca_clip, rate=(25, 2)), tmp_path / "c.ma", character=character)
    scene = read_maya(tmp_path / "c.ma")
    assert scene.units["-t"] == "pal"
    assert scene.array("Test_Head_pc_000", ".ktv", 2)[:4, 0].tolist() == [1001, 1003, 1005, 1007]


def test_the_scene_starts_and_ends_with_the_clip(tmp_path, character, pca_clip, read_maya):
    write_maya_ascii(pca_clip, tmp_path / "c.ma", character=character)
    scene = read_maya(tmp_path / "c.ma")
    playback = scene.attributes["sceneConfigurationScriptNode"][".b"]
    assert playback[-1].strip() == "playbackOptions -min 1001 -max 1012 -ast 1001 -aet 1012"
    assert scene.attributes[":time1"][".o"] == ["1001"]


def test_names_that_maya_refuses_are_made_legal(tmp_path, character, pca_clip, changed, read_maya):
    names = ("1 weird-name", "1_weird_name")
    spans = (changed(character.meshes[0], name="front"), changed(character.meshes[1], name="frontShape"))
    odd = changed(character, name="Kopf ü", meshes=spans)
    write_maya_ascii(changed(pca_clip, names=names), tmp_path / "c.ma", character=odd)
    scene = read_maya(tmp_path / "c.ma")
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) for name in scene.types)
    aliases = scene.attributes["front_2_blendShape"][".aal"]
    assert aliases[2::2] == ["_1_weird_name", "_1_weird_name_2"]


def test_degenerate_polygons_are_left_out_and_vertices_kept(
    tmp_path, character, pca_clip, changed, read_maya, caplog
):
    corners = character.topology.polygon_vertices.copy()
    corners[1] = corners[0]  # the first quad becomes a triangle
    corners[4:8] = [1, 2, 1, 2]  # the second meets its vertices twice
    broken = changed(character, topology=changed(character.topology, polygon_vertices=corners))
    write_maya_ascii(pca_clip, tmp_path / "c.ma", character=broken)
    scene = read_maya(tmp_path / "c.ma")
    polygons = scene.polygons("headShapeOrig")
    assert len(polygons) == character.meshes[0].polygon_stop - 1
    assert len(polygons[0]) == 3
    assert len(scene.array("headShapeOrig", ".vt", 3)) == 20
    assert "1 degenerate polygons left out" in caplog.text


def test_writing_twice_gives_the_same_bytes(tmp_path, character, pca_clip):
    for folder in ("a", "b"):
        write_maya_ascii(pca_clip, tmp_path / folder / "c.ma", character=character)
    assert (tmp_path / "a" / "c.ma").read_bytes() == (tmp_path / "b" / "c.ma").read_bytes()


def test_a_clip_of_another_mesh_is_refused(tmp_path, character, pca_clip, changed):
    pca = changed(pca_clip.pca, mean=pca_clip.pca.mean[:9], basis=pca_clip.pca.basis[:, :9])
    with pytest.raises(TopologyError, match="PCA has 3 vertices, but Test Head has 29"):
        write_maya_ascii(changed(pca_clip, pca=pca), tmp_path / "c.ma", character=character)
    assert not (tmp_path / "c.ma").exists()


def test_a_weight_without_a_shape_is_refused(tmp_path, character, shape_clip, changed):
    clip = changed(shape_clip, names=("origin", "jawOpne", "eye blink.L"))
    with pytest.raises(UnknownNameError, match=r"no 'jawOpne'\. Nearest: jawOpen"):
        write_maya_ascii(clip, tmp_path / "c.ma", character=character)


def test_a_clip_without_frames_is_refused(tmp_path, character, pca_clip, changed):
    clip = changed(pca_clip, weights=np.empty((0, 2), np.float32), head_pose=None)
    with pytest.raises(ExportError, match="0 frames of 2 weights"):
        write_maya_ascii(clip, tmp_path / "c.ma", character=character)


def test_a_head_pose_that_scales_is_refused(tmp_path, character, pca_clip, changed):
    pose = pca_clip.head_pose.copy()
    pose[5, :3, :3] *= 1.2
    with pytest.raises(ExportError, match="no rigid motion, the first is frame 5"):
        write_maya_ascii(changed(pca_clip, head_pose=pose), tmp_path / "c.ma", character=character)


def test_a_mesh_that_uses_vertices_of_another_is_refused(tmp_path, character, pca_clip, changed):
    spans = (changed(character.meshes[0], vertex_stop=10), character.meshes[1])
    with pytest.raises(TopologyError, match="'head' use vertices of another mesh"):
        write_maya_ascii(pca_clip, tmp_path / "c.ma", character=changed(character, meshes=spans))


def test_an_unwritable_place_is_a_sentence_and_leaves_nothing(tmp_path, character, pca_clip):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        write_maya_ascii(pca_clip, tmp_path / "file" / "c.ma", character=character)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_part_without_polygons_does_no_harm(tmp_path, character, pca_clip, changed, read_maya):
    more = changed(character, parts=(*character.parts, Part("lash", "lash")))
    write_maya_ascii(pca_clip, tmp_path / "c.ma", character=more)
    assert read_maya(tmp_path / "c.ma").types["lash_matSG"] == "shadingEngine"


def test_our_own_reader_reads_it_back(tmp_path, character, shape_clip, changed):
    big = changed(character, neutral=character.neutral * 10)
    write_maya_ascii(shape_clip, tmp_path / "c.ma", character=big)
    back = read_character(tmp_path / "c.ma")
    assert np.abs(back.neutral - big.neutral).max() < 1e-4
    assert back.topology.topology_id == big.topology.topology_id
    assert np.abs(back.deltas - big.deltas).max() < 1e-4
    assert [span.name for span in back.meshes] == ["head", "eye_L"]


@pytest.mark.assets
def test_a_real_character_survives_the_way_through_maya(tmp_path, assets, changed):
    character = read_character(assets / "char-makehuman-stylised" / "mh_bigeyes.npz")
    weights = np.eye(len(character.shape_names), dtype=np.float32)
    write_maya_ascii(Clip(character.shape_names, weights, (24, 1)), tmp_path / "c.ma", character=character)
    back = read_character(tmp_path / "c.ma")
    assert back.topology.topology_id == character.topology.topology_id
    assert np.abs(back.neutral - character.neutral).max() < 1e-4
    found = [back.shape_names.index(name) for name in character.shape_names]
    assert np.abs(back.deltas[found] - character.deltas).max() < 1e-4
