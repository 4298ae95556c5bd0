"""The stand-in's scene behaves like Maya's in the ways that our code depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakemaya import Gap, vertices
from small_meshes import grid


def add_grid(maya: Any, name: str = "face", **options: Any) -> str:
    return maya.add_mesh(name, *grid(), **options)


def plain_blend(maya: Any, *, origin: str = "local", negative: bool = True) -> tuple[str, Any]:
    """A grid with a node "bs" of one empty weight; returns its path and its points."""
    from maya import cmds

    face = add_grid(maya)
    node = cmds.blendShape(face, name="bs", origin=origin)[0]
    cmds.setAttr(f"{node}.supportNegativeWeights", negative)
    return face, vertices(maya, face)


def set_target(rows: Any, components: list[str], *, index: int = 0, item: int = 6000) -> None:
    from maya import cmds

    at = f"bs.inputTarget[0].inputTargetGroup[{index}].inputTargetItem[{item}]"
    points = [(*map(float, row), 1.0) for row in rows]
    cmds.setAttr(f"{at}.inputPointsTarget", len(points), *points, type="pointArray")
    cmds.setAttr(f"{at}.inputComponentsTarget", len(components), *components, type="componentList")


# ------------------------------------------------------------------------------------------------ names


def test_names_are_as_short_as_they_can_be_unique(maya: Any) -> None:
    from maya import cmds

    for parent in ("left", "right"):
        cmds.createNode("transform", name=parent)
        cmds.createNode("transform", name="eye", parent=parent)
    assert cmds.ls("eye") == ["left|eye", "right|eye"]
    assert cmds.ls("eye", long=True) == ["|left|eye", "|right|eye"]
    assert cmds.ls("left|*") == ["left|eye"]
    with pytest.raises(ValueError, match="More than one object matches name: eye"):
        cmds.getAttr("eye.translateX")
    with pytest.raises(ValueError, match="No object matches name: nose"):
        cmds.select("nose")
    with pytest.raises(RuntimeError, match=r"No object matches name: nose\.tx"):
        cmds.setAttr("nose.tx", 1.0)


def test_taken_names_get_a_number_and_bad_letters_an_underscore(maya: Any) -> None:
    from maya import cmds

    assert cmds.createNode("transform", name="a") == "a"
    assert cmds.createNode("transform", name="a") == "a1"
    assert cmds.rename("a1", "b c.d") == "b_c_d"
    assert cmds.ls("a", uuid=True)[0] in cmds.ls("|a", uuid=True)
    cmds.rename("a", "z")
    with pytest.raises(RuntimeError, match="No object matches name: a"):
        cmds.rename("a", "q")


def test_a_namespace_must_exist_and_stars_stay_inside_it(maya: Any) -> None:
    from maya import cmds

    with pytest.raises(RuntimeError, match="'hero' does not exist"):
        cmds.createNode("transform", name="hero:head")
    cmds.namespace(addNamespace="hero")
    cmds.createNode("transform", name="hero:head")
    assert cmds.ls("head") == []
    assert cmds.ls("*head") == []
    assert cmds.ls("*:head") == ["hero:head"]
    assert cmds.ls("head", recursive=True) == ["hero:head"]
    with pytest.raises(RuntimeError, match="not empty"):
        cmds.namespace(removeNamespace="hero")
    cmds.namespace(removeNamespace="hero", mergeNamespaceWithRoot=True)
    assert cmds.objExists("head")


# ------------------------------------------------------------------------------------------------ attributes


def test_commands_speak_in_units_of_the_interface(maya: Any) -> None:
    from maya import cmds

    cmds.createNode("transform", name="a")
    cmds.setAttr("a.translate", 1.0, 2.0, 3.0)
    cmds.setAttr("a.rotateX", 90.0)
    cmds.currentUnit(linear="m")
    assert cmds.getAttr("a.translate") == [(0.01, 0.02, 0.03)]
    assert maya.scene.get(maya.scene.plug("a.rotateX")) == pytest.approx(np.pi / 2)
    assert cmds.xform("a", query=True, worldSpace=True, translation=True) == pytest.approx([0.01, 0.02, 0.03])


@pytest.mark.parametrize(
    ("plug", "values", "kind", "says"),
    [
        ("translate", ((1.0, 2.0, 3.0),), None, "data element"),
        ("translate", (1.0, 2.0), "double3", "data element"),
        ("notes", ("hello",), None, "requires the type flag"),
        ("notes", (1.0,), "string", "needs one string"),
        ("translateX", ("1",), None, "cannot be set"),
        ("translateX", (1.0, 2.0), None, "Too many"),
        ("mask", (2, [1, 2]), "Int32Array", "one list and no count"),
        ("strong", (2.0,), None, "past its maximum value of 1"),
        ("rotateOrder", (6,), None, "no such field"),
    ],
)
def test_setattr_refuses_what_maya_refuses(maya: Any, plug: str, values: Any, kind: Any, says: str) -> None:
    from maya import cmds

    cmds.createNode("transform", name="a")
    cmds.addAttr("a", longName="notes", dataType="string")
    cmds.addAttr("a", longName="mask", dataType="Int32Array")
    cmds.addAttr("a", longName="strong", attributeType="double", minValue=0.0, maxValue=1.0, keyable=True)
    with pytest.raises(RuntimeError, match=says):
        cmds.setAttr(f"a.{plug}", *values, **({"type": kind} if kind else {}))


@pytest.mark.parametrize(
    "values",
    [
        (2, 1.0, 0.0, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0),
        (2, (1.0, 0.0, 0.0), (2.0, 0.0, 0.0)),
        ((1.0, 0.0, 0.0, 1.0),),
    ],
    ids=["flat", "three numbers", "no count"],
)
def test_a_point_array_takes_a_count_and_rows_of_four(maya: Any, values: Any) -> None:
    from maya import cmds

    plain_blend(maya)
    target = "bs.inputTarget[0].inputTargetGroup[0].inputTargetItem[6000].inputPointsTarget"
    with pytest.raises(RuntimeError, match="Error reading data element number"):
        cmds.setAttr(target, *values, type="pointArray")


def test_a_locked_or_connected_plug_is_not_set(maya: Any) -> None:
    from maya import cmds

    for name in "ab":
        cmds.createNode("transform", name=name)
    cmds.connectAttr("a.translateX", "b.translateX")
    cmds.setAttr("b.translateY", lock=True)
    for plug in ("b.translateX", "b.translateY"):
        with pytest.raises(RuntimeError, match="locked or connected and cannot be modified"):
            cmds.setAttr(plug, 1.0)
    with pytest.raises(RuntimeError, match="locked or connected"):
        cmds.setAttr("b.translate", 1.0, 2.0, 3.0)
    with pytest.raises(RuntimeError, match=r"already has an incoming connection from 'a.translateX'"):
        cmds.connectAttr("a.translateY", "b.translateX")
    cmds.setAttr("a.translateX", 7.0)
    assert cmds.getAttr("b.translateX") == 7.0
    cmds.disconnectAttr("a.translateX", "b.translateX")
    assert cmds.getAttr("b.translateX") == 7.0
    cmds.setAttr("b.translateX", 8.0)


def test_a_keyed_plug_can_be_set_until_time_changes(maya: Any) -> None:
    from maya import cmds

    cmds.createNode("transform", name="a")
    for frame, value in ((1, 0.0), (11, 10.0)):
        cmds.setKeyframe(
            "a",
            attribute="translateX",
            time=frame,
            value=value,
            inTangentType="linear",
            outTangentType="linear",
        )
    cmds.currentTime(6)
    assert cmds.getAttr("a.translateX") == pytest.approx(5.0)
    cmds.setAttr("a.translateX", 99.0)
    assert cmds.getAttr("a.translateX") == 99.0
    cmds.currentTime(6)
    assert cmds.getAttr("a.translateX") == pytest.approx(5.0)
    assert cmds.getAttr("a.translateX", time=3) == pytest.approx(2.0)


def test_an_alias_is_unique_and_legal(maya: Any) -> None:
    from maya import cmds

    plain_blend(maya)
    cmds.setAttr("bs.weight[4]", 0.5)
    cmds.aliasAttr("smile", "bs.weight[4]")
    assert cmds.getAttr("bs.smile") == 0.5
    assert cmds.aliasAttr("bs", query=True) == ["smile", "weight[4]"]
    assert cmds.listAttr("bs.w", multi=True) == ["smile"]
    cmds.setAttr("bs.weight[5]", 0.0)
    for name, says in (
        ("smile", "in use"),
        ("envelope", "in use"),
        ("a b", "not a legal"),
        ("1st", "not a legal"),
    ):
        with pytest.raises(RuntimeError, match=says):
            cmds.aliasAttr(name, "bs.weight[5]")


# ------------------------------------------------------------------------------------------------ blendShape


def test_negative_weights_count_only_where_they_are_switched_on(maya: Any) -> None:
    from maya import cmds

    face, points = plain_blend(maya, negative=False)
    set_target([(0.0, 1.0, 0.0)], ["vtx[3]"])
    cmds.setAttr("bs.weight[0]", -0.5)
    np.testing.assert_array_equal(vertices(maya, face), points)
    cmds.setAttr("bs.supportNegativeWeights", True)
    assert vertices(maya, face)[3, 1] == pytest.approx(points[3, 1] - 0.5)
    cmds.setAttr("bs.envelope", 0.5)
    assert vertices(maya, face)[3, 1] == pytest.approx(points[3, 1] - 0.25)


def test_components_are_sorted_and_their_points_are_not(maya: Any) -> None:
    from maya import cmds

    face, points = plain_blend(maya)
    set_target([(7.0, 0.0, 0.0), (1.0, 0.0, 0.0)], ["vtx[9]", "vtx[2]"])
    cmds.setAttr("bs.weight[0]", 1.0)
    moved = (vertices(maya, face) - points)[:, 0]
    assert (moved[2], moved[9]) == (7.0, 1.0)
    target = "bs.inputTarget[0].inputTargetGroup[0].inputTargetItem[6000].inputComponentsTarget"
    assert cmds.getAttr(target) == ["vtx[2]", "vtx[9]"]


def test_the_default_origin_takes_deltas_as_vectors_of_the_world(maya: Any) -> None:
    from maya import cmds

    face, points = plain_blend(maya, origin="world")
    cmds.setAttr(f"{face}.rotateZ", 90.0)
    set_target([(1.0, 0.0, 0.0)], ["vtx[0]"])
    cmds.setAttr("bs.weight[0]", 1.0)
    np.testing.assert_allclose((vertices(maya, face) - points)[0], [0.0, -1.0, 0.0], atol=1e-6)
    cmds.setAttr("bs.origin", 1)
    np.testing.assert_allclose((vertices(maya, face) - points)[0], [1.0, 0.0, 0.0], atol=1e-6)


def test_an_item_is_full_at_its_own_weight_and_in_betweens_join(maya: Any) -> None:
    from maya import cmds

    face, points = plain_blend(maya)
    set_target([(1.0, 0.0, 0.0)], ["vtx[0]"], item=5500)
    set_target([(4.0, 0.0, 0.0)], ["vtx[0]"], item=6000)
    for weight, wanted in ((0.25, 0.5), (0.5, 1.0), (0.75, 2.5), (1.0, 4.0)):
        cmds.setAttr("bs.weight[0]", weight)
        assert (vertices(maya, face) - points)[0, 0] == pytest.approx(wanted)


def test_a_target_mesh_is_kept_as_deltas_when_it_is_deleted(maya: Any) -> None:
    from maya import cmds

    face = add_grid(maya)
    points, counts, corners = grid()
    points[5] += [0.0, 0.0, 2.0]
    target = maya.add_mesh("smile", points, counts, corners)
    node = cmds.blendShape(target, face, origin="local")[0]
    stored = f"{node}.inputTarget[0].inputTargetGroup[0].inputTargetItem[6000].inputPointsTarget"
    assert cmds.getAttr(stored) is None
    cmds.setAttr(f"{node}.smile", 1.0)
    before = vertices(maya, face)
    cmds.delete(target)
    assert len(cmds.getAttr(stored)) == 1
    np.testing.assert_allclose(vertices(maya, face), before, atol=1e-6)


def test_other_topologies_are_no_targets(maya: Any) -> None:
    from maya import cmds

    with pytest.raises(RuntimeError, match="No target with matching topology"):
        cmds.blendShape(cmds.polyCube()[0], add_grid(maya))
    assert cmds.ls(type="blendShape") == []


def test_blend_shapes_chain_and_front_of_chain_goes_first(maya: Any) -> None:
    from maya import cmds

    face = add_grid(maya)
    first = cmds.blendShape(face, name="first")[0]
    cmds.blendShape(face, name="last")
    cmds.blendShape(face, name="early", frontOfChain=True)
    order = [n for n in cmds.listHistory(face) if cmds.nodeType(n) == "blendShape"]
    assert order == ["last", first, "early"]
    assert cmds.listConnections("faceShape.inMesh", plugs=True) == ["last.outputGeometry[0]"]
    assert cmds.listRelatives(face, shapes=True, noIntermediate=True) == ["faceShape"]
    cmds.delete(first)
    assert [n for n in cmds.listHistory(face) if cmds.nodeType(n) == "blendShape"] == ["last", "early"]


def test_skinning_moves_what_a_joint_holds_and_the_blend_shape_goes_first(maya: Any) -> None:
    from maya import cmds

    from fakemaya.commands.geometry import insert_deformer

    face, points = plain_blend(maya)
    cmds.createNode("joint", name="jaw")
    cmds.createNode("skinCluster", name="skin")
    insert_deformer(maya.scene, maya.scene.node("skin"), maya.scene.node("faceShape"))
    cmds.connectAttr("jaw.worldMatrix[0]", "skin.matrix[0]")
    for vertex in (0, 3):
        cmds.setAttr(f"skin.weightList[{vertex}].weights[0]", 1.0)
    np.testing.assert_allclose(vertices(maya, face), points, atol=1e-6)
    cmds.setAttr("jaw.rotateZ", 90.0)
    set_target([(1.0, 0.0, 0.0)], ["vtx[3]"])
    cmds.setAttr("bs.weight[0]", 1.0)
    x, y, z = points[3] + np.array([1.0, 0.0, 0.0])
    np.testing.assert_allclose(vertices(maya, face)[3], [-y, x, z], atol=1e-5)
    np.testing.assert_allclose(vertices(maya, face)[5], points[5], atol=1e-6)


def test_a_change_of_weight_does_not_read_the_targets_again(maya: Any) -> None:
    """What makes 60 targets on 30,000 vertices quick to play."""
    from maya import cmds

    face, _ = plain_blend(maya)
    set_target([(1.0, 0.0, 0.0)], ["vtx[0]"])
    cmds.setAttr("bs.weight[0]", 1.0)
    vertices(maya, face)
    node = maya.scene.node("bs")
    dense = node.memo["targets", 0][1][2]
    cmds.setAttr("bs.weight[0]", 0.5)
    vertices(maya, face)
    assert node.memo["targets", 0][1][2] is dense
    set_target([(2.0, 0.0, 0.0)], ["vtx[0]"])
    vertices(maya, face)
    assert node.memo["targets", 0][1][2] is not dense


# ------------------------------------------------------------------------------------------------ undo


def test_each_command_is_a_step_and_a_chunk_is_one(maya: Any) -> None:
    from maya import cmds

    cmds.createNode("transform", name="a")
    cmds.undoInfo(openChunk=True, chunkName="move")
    cmds.setAttr("a.translateX", 1.0)
    cmds.setAttr("a.translateY", 2.0)
    cmds.undoInfo(closeChunk=True)
    assert cmds.undoInfo(query=True, undoName=True) == "move"
    cmds.undo()
    assert cmds.getAttr("a.translate") == [(0.0, 0.0, 0.0)]
    cmds.redo()
    assert cmds.getAttr("a.translate") == [(1.0, 2.0, 0.0)]
    cmds.undo()
    cmds.undo()
    assert not cmds.objExists("a")
    with pytest.raises(RuntimeError, match="no more commands to undo"):
        cmds.undo()


def test_a_command_that_fails_leaves_nothing(maya: Any) -> None:
    from maya import cmds

    cmds.createNode("transform", name="a")
    steps = len(maya.scene.queue.done)
    with pytest.raises(RuntimeError, match="topology"):
        cmds.blendShape(cmds.polyPlane()[0], add_grid(maya))
    assert cmds.ls(type="blendShape") == []
    assert cmds.ls("*Orig") == []
    assert len(maya.scene.queue.done) == steps + 1


def test_undo_that_is_off_records_nothing(maya: Any) -> None:
    from maya import cmds

    cmds.createNode("transform", name="a")
    cmds.undoInfo(stateWithoutFlush=False)
    cmds.setAttr("a.translateX", 1.0)
    cmds.undoInfo(stateWithoutFlush=True)
    cmds.undo()
    assert not cmds.objExists("a")
    cmds.redo()
    cmds.undoInfo(state=False)
    cmds.undoInfo(state=True)
    with pytest.raises(RuntimeError, match="no more commands"):
        cmds.undo()


def test_redo_brings_back_an_empty_blend_shape(maya: Any) -> None:
    """The API's own edits are in no queue: the reason why the builder is one MPxCommand."""
    import maya.api.OpenMaya as om
    from maya import cmds

    face, points = plain_blend(maya)
    set_target([(1.0, 0.0, 0.0)], ["vtx[0]"])
    fn = om.MFnDependencyNode(om.MSelectionList().add("bs").getDependNode(0))
    fn.findPlug("weight", False).elementByLogicalIndex(7).setFloat(1.0)
    while cmds.objExists("bs"):
        cmds.undo()
    while not cmds.undoInfo(query=True, redoQueueEmpty=True):
        cmds.redo()
    assert cmds.objExists("bs")
    assert cmds.getAttr("bs.weight", multiIndices=True) is None
    np.testing.assert_array_equal(vertices(maya, face), points)


def test_array_elements_made_by_setattr_stay_after_undo(maya: Any) -> None:
    from maya import cmds

    plain_blend(maya)
    cmds.setAttr("bs.weight[3]", 0.5)
    cmds.undo()
    assert cmds.getAttr("bs.weight", multiIndices=True) == [3]
    assert cmds.getAttr("bs.weight[3]") == 0.0


def test_deleting_is_undone_with_its_connections(maya: Any) -> None:
    from maya import cmds

    face, points = plain_blend(maya)
    set_target([(1.0, 0.0, 0.0)], ["vtx[0]"])
    cmds.setAttr("bs.weight[0]", 1.0)
    moved = vertices(maya, face)
    cmds.delete(face)
    assert cmds.ls("bs", face) == []
    cmds.undo()
    np.testing.assert_array_equal(vertices(maya, face), moved)
    cmds.delete("bs")
    np.testing.assert_array_equal(vertices(maya, face), points)


# ------------------------------------------------------------------------------------------------ transforms


@pytest.mark.parametrize("order", range(6))
def test_world_space_is_kept_by_parenting_whatever_the_rotate_order(maya: Any, order: int) -> None:
    from maya import cmds

    cmds.createNode("transform", name="up")
    cmds.setAttr("up.rotate", 10.0, -60.0, 25.0)
    cmds.setAttr("up.translate", 1.0, 2.0, 3.0)
    cmds.createNode("transform", name="a")
    cmds.setAttr("a.rotateOrder", order)
    cmds.setAttr("a.rotate", 40.0, 20.0, -70.0)
    cmds.setAttr("a.translate", -5.0, 0.5, 2.0)
    before = cmds.xform("a", query=True, worldSpace=True, matrix=True)
    cmds.parent("a", "up")
    np.testing.assert_allclose(cmds.xform("a", query=True, worldSpace=True, matrix=True), before, atol=1e-9)
    assert cmds.getAttr("a.translateX") != -5.0
    with pytest.raises(RuntimeError, match="already a child"):
        cmds.parent("a", "up")


def test_rotations_are_mayas() -> None:
    """Row vectors and xyz: x turns first. 90 degrees about x takes y to z."""
    from fakemaya import matrices

    np.testing.assert_allclose(
        [0, 1, 0] @ matrices.rotation((np.pi / 2, 0, 0))[:3, :3], [0, 0, 1], atol=1e-12
    )
    both = matrices.rotation((np.pi / 2, 0, np.pi / 2), 0)[:3, :3]
    np.testing.assert_allclose([0, 1, 0] @ both, [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose([1, 0, 0] @ both, [0, 1, 0], atol=1e-12)


def test_a_joint_orients_after_it_rotates(maya: Any) -> None:
    from maya import cmds

    cmds.select(clear=True)
    jaw = cmds.joint(name="jaw")
    cmds.setAttr(f"{jaw}.jointOrient", 0.0, 90.0, 0.0)
    cmds.setAttr(f"{jaw}.rotateX", 90.0)
    m = np.array(cmds.getAttr(f"{jaw}.worldMatrix")).reshape(4, 4)[:3, :3]
    np.testing.assert_allclose([0, 0, 1] @ m, [0, -1, 0], atol=1e-9)
    np.testing.assert_allclose([1, 0, 0] @ m, [0, 0, -1], atol=1e-9)


def test_a_mesh_follows_what_animates_it(maya: Any) -> None:
    from maya import cmds

    points = grid()[0]
    face = add_grid(maya, animate=lambda frame: points + np.array([0.0, 0.0, frame]))
    for frame in (0.0, 12.5, -3.0):
        cmds.currentTime(frame)
        np.testing.assert_allclose(vertices(maya, face)[:, 2] - points[:, 2], frame, atol=1e-6)
    box = cmds.exactWorldBoundingBox(face)
    assert box[2] == pytest.approx(points[:, 2].min() - 3.0)


# ------------------------------------------------------------------------------------------------ selection


def test_the_order_of_selection_needs_tracking(maya: Any) -> None:
    from maya import cmds

    face = add_grid(maya)
    with pytest.raises(RuntimeError, match="trackSelectionOrder"):
        cmds.ls(orderedSelection=True)
    cmds.selectPref(trackSelectionOrder=True)
    cmds.select(f"{face}.vtx[7]")
    cmds.select(f"{face}.vtx[2:3]", add=True)
    assert cmds.ls(orderedSelection=True, flatten=True) == ["face.vtx[7]", "face.vtx[2]", "face.vtx[3]"]
    assert cmds.ls(selection=True) == ["face.vtx[2:3]", "face.vtx[7]"]
    assert cmds.ls(selection=True, flatten=True, long=True)[0] == "|face|faceShape.vtx[2]"
    cmds.select(f"{face}.vtx[2]", deselect=True)
    assert cmds.filterExpand(selectionMask=31) == ["face.vtx[7]", "face.vtx[3]"]
    with pytest.raises(ValueError, match="No object matches name"):
        cmds.select(f"{face}.vtx[12]")


# ------------------------------------------------------------------------------------------------ materials


def test_a_face_is_in_one_shading_group(maya: Any) -> None:
    from maya import cmds

    face = add_grid(maya)
    group = cmds.sets(renderable=True, noSurfaceShader=True, empty=True, name="skinSG")
    with pytest.raises(RuntimeError, match="forceElement"):
        cmds.sets(face, edit=True, addElement=group)
    cmds.sets(f"{face}.f[0:1]", edit=True, forceElement=group)
    assert cmds.sets(group, query=True) == ["face.f[0:1]"]
    assert cmds.sets("initialShadingGroup", query=True) == ["face.f[2:5]"]
    cmds.sets(face, edit=True, forceElement=group)
    assert cmds.listConnections("faceShape", type="shadingEngine") == ["skinSG"]
    cmds.undo()
    assert cmds.sets(group, query=True) == ["face.f[0:1]"]


# ------------------------------------------------------------------------------------------------ files


def saved(maya: Any, path: Path) -> None:
    from maya import cmds

    face, _ = plain_blend(maya)
    set_target([(0.0, 2.0, 0.0)], ["vtx[3]"])
    cmds.setAttr("bs.weight[0]", 1.0)
    cmds.aliasAttr("smile", "bs.weight[0]")
    cmds.setKeyframe("bs", attribute="smile", time=1, value=0.0)
    cmds.setKeyframe("bs", attribute="smile", time=11, value=1.0)
    cmds.setAttr(f"{face}.translateZ", lock=True)
    cmds.group(face, name="rig")
    cmds.file(rename=path.as_posix())
    cmds.file(save=True, type="mayaAscii")


def test_a_saved_scene_opens_as_it_was(maya: Any, tmp_path: Path) -> None:
    from maya import cmds

    saved(maya, tmp_path / "a.ma")
    assert not cmds.file(query=True, modified=True)
    cmds.currentTime(11)
    before = vertices(maya, "face")
    cmds.setAttr("face.translateX", 1.0)
    with pytest.raises(RuntimeError, match="Unsaved changes"):
        cmds.file(newFile=True)
    cmds.file(newFile=True, force=True)
    assert not cmds.objExists("face")
    cmds.file((tmp_path / "a.ma").as_posix(), open=True)
    assert cmds.getAttr("face.translateX") == 0.0
    assert cmds.ls("face", long=True) == ["|rig|face"]
    assert cmds.undoInfo(query=True, undoQueueEmpty=True)
    cmds.currentTime(11)
    np.testing.assert_array_equal(vertices(maya, "face"), before)
    with pytest.raises(RuntimeError, match="File not found"):
        cmds.file((tmp_path / "b.ma").as_posix(), open=True)


def test_referenced_nodes_are_read_only_and_their_edits_are_kept(maya: Any, tmp_path: Path) -> None:
    from maya import cmds

    saved(maya, tmp_path / "rig.ma")
    cmds.file(newFile=True, force=True)
    cmds.file((tmp_path / "rig.ma").as_posix(), reference=True, namespace="hero")
    assert cmds.ls("*:face", long=True) == ["|hero:rig|hero:face"]
    assert cmds.referenceQuery("hero:face", isNodeReferenced=True)
    for refused in (
        lambda: cmds.delete("hero:face"),
        lambda: cmds.rename("hero:face", "mine"),
        lambda: cmds.parent("hero:face", world=True),
        lambda: cmds.lockNode("hero:face", lock=True),
    ):
        with pytest.raises(RuntimeError, match="referenced file"):
            refused()
    with pytest.raises(RuntimeError, match="cannot be unlocked"):
        cmds.setAttr("hero:face.translateZ", lock=False)
    cmds.setAttr("hero:face.translateX", 5.0)
    cmds.createNode("network", name="mine")
    cmds.addAttr("mine", longName="mesh", attributeType="message")
    cmds.connectAttr("hero:face.message", "mine.mesh")
    cmds.file(rename=(tmp_path / "shot.ma").as_posix())
    cmds.file(save=True)
    cmds.file((tmp_path / "shot.ma").as_posix(), open=True, force=True)
    assert cmds.getAttr("hero:face.translateX") == 5.0
    assert cmds.listConnections("mine.mesh") == ["hero:face"]
    assert cmds.file(query=True, reference=True) == [str(tmp_path / "rig.ma")]
    cmds.file((tmp_path / "rig.ma").as_posix(), removeReference=True)
    assert cmds.ls("hero:*") == []


def test_other_peoples_scene_files_are_not_opened(maya: Any, tmp_path: Path) -> None:
    from maya import cmds

    (tmp_path / "real.ma").write_text("//Maya ASCII 2025 scene\n")
    with pytest.raises(RuntimeError, match="not written by the stand-in"):
        cmds.file((tmp_path / "real.ma").as_posix(), open=True, force=True)


def test_locked_nodes_stay(maya: Any) -> None:
    from maya import cmds

    cmds.createNode("network", name="keep")
    cmds.lockNode("keep", lock=True)
    for refused in (
        lambda: cmds.delete("keep"),
        lambda: cmds.rename("keep", "gone"),
        lambda: cmds.addAttr("keep", longName="a", attributeType="double"),
    ):
        with pytest.raises(RuntimeError, match="locked"):
            refused()
    with pytest.raises(RuntimeError, match="default node"):
        cmds.delete("persp")


def test_what_is_not_modelled_is_a_gap(maya: Any) -> None:
    from maya import cmds

    plain_blend(maya)
    with pytest.raises(Gap, match="stand-in"):
        cmds.blendShape("bs", query=True, normalizationGroups=True)
