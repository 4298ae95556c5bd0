# USD ships no type stubs:
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pxr import Gf, Usd, UsdGeom, UsdShade, UsdSkel

from facepatch.core.errors import ExportError, StorageError, TopologyError
from facepatch.export.usd import write_usd


def meshes(stage: Usd.Stage) -> list[UsdGeom.Mesh]:
    return [UsdGeom.Mesh(prim) for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)]


def world(mesh: UsdGeom.Mesh, time: float) -> np.ndarray:
    matrix = np.array(UsdGeom.Xformable(mesh).ComputeLocalToWorldTransform(time)).T
    points = np.array(mesh.GetPointsAttr().Get(time), dtype=np.float64)
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def baked(path: Path) -> Usd.Stage:
    """The stage with the deformation of every frame written into the points by USD itself."""
    stage = Usd.Stage.Open(str(path))
    root = UsdSkel.Root(stage.GetDefaultPrim())
    assert UsdSkel.BakeSkinning(root, Gf.Interval(stage.GetStartTimeCode(), stage.GetEndTimeCode()))
    return stage


def test_usd_itself_deforms_every_frame_to_the_clip(tmp_path, character, pca_clip, truth):
    write_usd(pca_clip, tmp_path / "c.usdc", character=character)
    stage, wanted = baked(tmp_path / "c.usdc"), truth(pca_clip, character)
    for t in range(pca_clip.frame_count):
        found = np.concatenate([world(mesh, 1001 + t) for mesh in meshes(stage)])
        assert np.abs(found - wanted[t]).max() < 1e-3


def test_blendshape_weights_play_on_the_neutral(tmp_path, character, shape_clip, truth):
    write_usd(shape_clip, tmp_path / "c.usdc", character=character)
    stage, wanted = baked(tmp_path / "c.usdc"), truth(shape_clip, character)
    for t in range(5):
        found = np.concatenate([world(mesh, t) for mesh in meshes(stage)])
        assert np.abs(found - wanted[t]).max() < 1e-3


def test_units_axes_and_time_are_stated(tmp_path, character, pca_clip):
    write_usd(pca_clip, tmp_path / "c.usdc", character=character)
    stage = Usd.Stage.Open(str(tmp_path / "c.usdc"))
    assert UsdGeom.GetStageMetersPerUnit(stage) == pytest.approx(0.01)
    assert UsdGeom.GetStageUpAxis(stage) == "Y"
    assert stage.GetTimeCodesPerSecond() == pytest.approx(24000 / 1001, rel=1e-12)
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode()) == (1001, 1012)
    assert stage.GetRootLayer().customLayerData["facepatch"]["rate"] == "24000/1001"
    assert stage.GetDefaultPrim().GetName() == "Test_Head"


def test_targets_are_sorted_and_in_the_order_of_the_animation(tmp_path, character, shape_clip):
    """Maya's importer attaches curves by position, and Autodesk fixed unsorted indices only in 2026."""
    write_usd(shape_clip, tmp_path / "c.usdc", character=character)
    stage = Usd.Stage.Open(str(tmp_path / "c.usdc"))
    animation = UsdSkel.Animation(stage.GetPrimAtPath("/Test_Head/skeleton/animation"))
    names = list(animation.GetBlendShapesAttr().Get())
    assert names == ["jawOpen", "eye_blink_L", "origin"]
    for mesh in meshes(stage):
        binding = UsdSkel.BindingAPI(mesh.GetPrim())
        assert list(binding.GetBlendShapesAttr().Get()) == names
        for path, name in zip(binding.GetBlendShapeTargetsRel().GetTargets(), names):
            shape = UsdSkel.BlendShape(stage.GetPrimAtPath(path))
            indices = list(shape.GetPointIndicesAttr().Get())
            assert path.name == name
            assert indices == sorted(set(indices))
            assert len(indices) == len(shape.GetOffsetsAttr().Get()) > 0


def test_every_frame_has_a_sample_of_weights(tmp_path, character, pca_clip):
    write_usd(pca_clip, tmp_path / "c.usdc", character=character)
    stage = Usd.Stage.Open(str(tmp_path / "c.usdc"))
    weights = UsdSkel.Animation(
        stage.GetPrimAtPath("/Test_Head/skeleton/animation")
    ).GetBlendShapeWeightsAttr()
    assert weights.GetTimeSamples() == list(range(1001, 1013))
    assert np.array_equal(np.array(weights.Get(1004), np.float32), pca_clip.weights[3])


def test_uv_and_materials_follow_the_parts(tmp_path, character, pca_clip):
    write_usd(pca_clip, tmp_path / "c.usdc", character=character)
    stage = Usd.Stage.Open(str(tmp_path / "c.usdc"))
    head, eye = meshes(stage)
    uv = UsdGeom.PrimvarsAPI(head).GetPrimvar("st")
    corners = len(head.GetFaceVertexIndicesAttr().Get())
    assert np.allclose(uv.ComputeFlattened(), character.corner_uv[:corners])
    subsets = UsdShade.MaterialBindingAPI(head.GetPrim()).GetMaterialBindSubsets()
    faces = sorted(face for subset in subsets for face in subset.GetIndicesAttr().Get())
    assert faces == list(range(character.meshes[0].polygon_stop))
    bound = UsdShade.MaterialBindingAPI(eye.GetPrim()).ComputeBoundMaterial()[0]
    assert bound.GetPath().name == "eye_mat"
    color = UsdGeom.Mesh(eye).GetDisplayColorAttr().Get()
    assert np.allclose(color, [(1, 1, 1)])


def test_vertex_colours_are_kept(tmp_path, character, pca_clip, changed):
    colors = np.full((len(character.neutral), 3), 255, np.uint8)
    colors[20:] = 0
    write_usd(pca_clip, tmp_path / "c.usdc", character=changed(character, vertex_color=colors))
    stage = Usd.Stage.Open(str(tmp_path / "c.usdc"))
    head, eye = meshes(stage)
    assert np.allclose(head.GetDisplayColorAttr().Get(), np.ones((20, 3)))
    assert np.allclose(eye.GetDisplayColorAttr().Get(), 0)


def test_a_textured_part_takes_the_mean_colour_of_its_texture(tmp_path, character, pca_clip, changed):
    texture = np.zeros((4, 4, 3), np.uint8)
    texture[..., 0] = 255
    parts = (*character.parts[:2], changed(character.parts[2], texture=0))
    write_usd(pca_clip, tmp_path / "c.usdc", character=changed(character, parts=parts, textures=(texture,)))
    stage = Usd.Stage.Open(str(tmp_path / "c.usdc"))
    eye = meshes(stage)[1]
    assert np.allclose(eye.GetDisplayColorAttr().Get(), [(1, 0, 0)])


def test_another_suffix_is_refused(tmp_path, character, pca_clip):
    with pytest.raises(ExportError, match=r"end in .usdc"):
        write_usd(pca_clip, tmp_path / "c.usda", character=character)


def test_a_clip_of_another_mesh_is_refused_and_the_old_file_stays(tmp_path, character, pca_clip, changed):
    (tmp_path / "c.usdc").write_bytes(b"before")
    pca = changed(pca_clip.pca, mean=pca_clip.pca.mean[:9], basis=pca_clip.pca.basis[:, :9])
    with pytest.raises(TopologyError, match="PCA has 3 vertices"):
        write_usd(changed(pca_clip, pca=pca), tmp_path / "c.usdc", character=character)
    assert (tmp_path / "c.usdc").read_bytes() == b"before"


def test_an_unwritable_place_is_a_sentence_and_leaves_nothing(tmp_path, character, pca_clip):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        write_usd(pca_clip, tmp_path / "file" / "c.usdc", character=character)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_nothing_but_the_file_is_left_in_a_new_folder(tmp_path, character, pca_clip):
    write_usd(pca_clip, tmp_path / "new" / "c.usdc", character=character)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["c.usdc"]
