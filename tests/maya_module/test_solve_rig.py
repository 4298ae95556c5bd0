"""The rig of a captured character, read from the scene of the stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fakesolve
import scene_rigs
from facepatch.core.data.clip import write_clip
from facepatch.core.data.rig import read_rig as read_rig_record
from facepatch.core.errors import InputError, JobCancelledError, SolveError, TopologyError
from facepatch.core.progress import Progress
from facepatch.core.scene_rig import read_scene_rig
from scene_rigs import SHAPE_CONTROLS, animated, reasons, scene_of


def test_controls_that_drive_weights_are_found_with_their_ranges(shapes: Any) -> None:
    rig = shapes.read_rig(shapes.hero)
    assert not rig.sampled
    found = {c.name: (c.minimum, c.maximum, c.unit) for c in rig.controls}
    assert set(found) == set(SHAPE_CONTROLS)
    assert found["smile_ctrl.left"] == (0.0, 10.0, "")
    assert found["jaw_ctrl.translateY"] == (-2.0, 0.0, "centimetres")
    np.testing.assert_allclose(found["lid_ctrl.rotateX"][:2], (0.0, 45.0), atol=1e-5)
    assert found["bs.smile_R"] == (0.0, 1.0, "")


def test_the_rig_does_what_the_scene_does_also_where_controls_multiply(shapes: Any) -> None:
    rig = read_rig_record(shapes.read_rig(shapes.hero).path)
    values = np.tile(rig.defaults, (len(shapes.controls), 1))
    values[:, [rig.row(name) for name in SHAPE_CONTROLS]] = shapes.controls
    np.testing.assert_allclose(rig.vertices(values), scene_rigs.shape_meshes(shapes.controls), atol=1e-5)


def test_a_pose_at_the_neutral_frame_is_taken_out(shapes: Any) -> None:
    from facepatch_maya import steps

    shapes.cmds.setAttr("smile_ctrl.left", 4.0)
    steps.capture_character([shapes.face], shapes.hero)
    rig = read_rig_record(shapes.read_rig(shapes.hero).path)
    np.testing.assert_allclose(rig.neutral, scene_rigs.sheet()[0], atol=1e-5)


def test_a_locked_control_stays_as_it_is_and_says_why(shapes: Any) -> None:
    shapes.cmds.setAttr("jaw_ctrl.translateY", -1.0)
    shapes.cmds.setAttr("jaw_ctrl.translateY", lock=True)
    from facepatch_maya import steps

    steps.capture_character([shapes.face], shapes.hero)
    rig = shapes.read_rig(shapes.hero)
    control = next(c for c in rig.controls if c.name == "jaw_ctrl.translateY")
    assert (control.locked, control.default) == (True, -1.0)
    assert "is locked" in reasons(rig)["jaw_ctrl.translateY"]
    record = read_rig_record(rig.path)
    assert "jawOpen" not in [shape.name for shape in record.shapes]
    assert "jawOpen_smile" in [shape.name for shape in record.shapes]


def test_a_control_that_something_else_drives_is_left_out_with_what_drives_it(shapes: Any) -> None:
    shapes.cmds.createNode("expression", name="wiggle")
    shapes.cmds.connectAttr("wiggle.output[0]", "smile_ctrl.left")
    rig = shapes.read_rig(shapes.hero)
    assert "wiggle.output[0] (expression)" in reasons(rig)["smile_L"]
    assert "smile_ctrl.left" not in [c.name for c in rig.controls]


def test_a_referenced_rig_takes_its_keys_on_a_layer(maya: Any, service: Any, tmp_path: Path) -> None:
    """One of its controls is keyed in the referenced file."""
    from maya import cmds

    scene_rigs.shape_rig(maya)
    cmds.setKeyframe("smile_ctrl.left", time=1, value=0.0)
    path = tmp_path / "rig.ma"
    cmds.file(rename=path.as_posix())
    cmds.file(save=True, type="mayaAscii")
    cmds.file(new=True, force=True)
    cmds.file(path.as_posix(), reference=True, namespace="hero")
    scene = scene_of(maya, tmp_path, "hero:face")
    rig = scene.read_rig(scene.hero)
    assert "keys in a referenced file" in reasons(rig)["hero:smile_ctrl.left"]
    rig = scene.read_rig(scene.hero, layer="face_controls")
    assert not rig.left_out
    controls = scene_rigs.shape_controls()
    write_clip(scene.clip, fakesolve.exact_clip(scene_rigs.shape_meshes(controls)))
    scene.steps.solve(scene.clip, rig, out=scene.out, start_frame=101)
    applied = scene.bake(scene.out, rig=rig, start_frame=101, layer="face_controls")
    assert not applied.left_alone
    names = [f"hero:{name}" for name in SHAPE_CONTROLS]
    assert np.abs(animated(scene, names, 40) - controls).max() < 1e-3
    assert cmds.getAttr("hero:smile_ctrl.left", time=1) == 0.0


def test_a_rig_that_nothing_drives_asks_for_its_controls(joints: Any) -> None:
    with pytest.raises(InputError, match="Name the rig's controls, and the rig is sampled"):
        joints.read_rig(joints.hero)


def test_other_rigs_are_sampled_and_the_scene_is_as_before(joints: Any) -> None:
    cmds = joints.cmds
    cmds.setAttr("jaw_ctrl.rotateX", 7.0)
    cmds.setKeyframe("brow.translateY", time=5, value=0.3)
    cmds.currentTime(9)
    cmds.file(modified=False)
    cmds.flushUndo()
    seen: list[str] = []
    rig = joints.read_rig(
        joints.hero,
        controls=["jaw_ctrl.rx", "jaw_ctrl.tz", "brow.ty", "jaw_ctrl.ry", "jaw.rx", "root.visibility"],
        sparse=20,
        on_progress=lambda progress: seen.append(progress.stage),
    )
    assert rig.sampled
    assert {c.name for c in rig.controls} >= set(scene_rigs.JOINT_CONTROLS)
    told = reasons(rig)
    assert "driven by jaw_ctrl.rotateX" in told["jaw.rx"]
    assert "is a switch" in told["root.visibility"]
    assert "changes none of the meshes" in told["jaw_ctrl.rotateY"]
    assert seen
    assert set(seen) == {"sample rig"}
    assert cmds.getAttr("jaw_ctrl.rotateX") == pytest.approx(7.0)
    assert cmds.getAttr("brow.translateY") == pytest.approx(0.3)
    assert cmds.currentTime(query=True) == 9
    assert not cmds.file(query=True, modified=True)
    assert cmds.undoInfo(query=True, undoQueueEmpty=True)
    assert read_scene_rig(rig.folder) == rig


def test_a_stop_leaves_the_scene_as_before_and_sampling_goes_on_there(joints: Any) -> None:
    cmds = joints.cmds
    cmds.setAttr("jaw_ctrl.rotateX", 7.0)
    cmds.currentTime(9)

    def stop(progress: Progress) -> None:
        if progress.done >= 16:
            raise JobCancelledError("Stopped.")

    with pytest.raises(JobCancelledError):
        joints.read_rig(joints.hero, controls=scene_rigs.JOINT_CONTROLS, sparse=20, on_progress=stop)
    assert cmds.getAttr("jaw_ctrl.rotateX") == pytest.approx(7.0)
    assert cmds.currentTime(query=True) == 9
    assert cmds.evaluationManager(query=True, mode=True)[0] != "off"
    first: list[int] = []
    joints.read_rig(
        joints.hero,
        controls=scene_rigs.JOINT_CONTROLS,
        sparse=20,
        on_progress=lambda progress: first.append(progress.done),
    )
    assert first[0] > 16


@pytest.mark.parametrize("what", ["read shapes", "read samples", "refine"])
@pytest.mark.parametrize("failing", [0, 1, 5])
def test_a_scene_that_fails_while_it_is_asked_is_as_before(
    what: str, failing: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = request.getfixturevalue("shapes" if what == "read shapes" else "joints")
    from facepatch_maya.mesh_points import MeshPoints
    from fakemaya.commands.settings import snapshot

    cmds, names = scene.cmds, SHAPE_CONTROLS if what == "read shapes" else scene_rigs.JOINT_CONTROLS
    calls = {
        "read shapes": lambda: scene.read_rig(scene.hero),
        "read samples": lambda: scene.read_rig(scene.hero, controls=names, sparse=20),
        "refine": lambda: scene.steps.refine(scene.out, rig),
    }
    rig = scene.read_rig(scene.hero, controls=names, sparse=20)
    if what == "refine":
        scene.steps.solve(scene.clip, rig, out=scene.out, refined=False)
    cmds.setKeyframe(names[0], time=30, value=0.1)
    cmds.setAttr(names[1], 0.0)
    cmds.currentTime(30)
    cmds.file(modified=False)
    cmds.flushUndo()

    def state() -> Any:
        values = [cmds.getAttr(name, time=time) for name in names for time in (1, 30)]
        keys = [cmds.keyframe(name, query=True, timeChange=True) for name in names]
        links = [cmds.listConnections(name, plugs=True, source=True, destination=False) for name in names]
        on = cmds.undoInfo(query=True, state=True), cmds.undoInfo(query=True, undoQueueEmpty=True)
        return snapshot(scene.maya), values, keys, links, on, cmds.file(query=True, modified=True)

    before, read, left = state(), MeshPoints.world_space, [failing]

    def world_space(self: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("(kFailure): Unexpected Internal Failure")
        return read(self)

    monkeypatch.setattr(MeshPoints, "world_space", world_space)
    with pytest.raises(RuntimeError, match="kFailure"):
        calls[what]()
    assert state() == before


def test_controls_that_move_nothing_are_refused(joints: Any) -> None:
    with pytest.raises(SolveError, match="does not respond"):
        joints.read_rig(joints.hero, controls=["jaw_ctrl.rotateY", "jaw_ctrl.scaleX"], sparse=2)
    with pytest.raises(InputError, match="Name the rig's controls"):
        joints.read_rig(joints.hero, controls=["jaw.rotateX"])


def test_a_mixed_rig_is_sampled_since_shapes_do_not_tell_all(shapes: Any) -> None:
    """A joint turns what the blendShapes have made."""
    from fakemaya.commands.geometry import insert_deformer

    cmds = shapes.cmds
    cmds.createNode("joint", name="jaw")
    cmds.createNode("skinCluster", name="skin")
    insert_deformer(shapes.maya.scene, shapes.maya.scene.node("skin"), shapes.maya.scene.node("faceShape"))
    cmds.connectAttr("jaw.worldMatrix[0]", "skin.matrix[0]")
    for vertex in range(20):
        cmds.setAttr(f"skin.weightList[{vertex}].weights[0]", 1.0)
    rig = shapes.read_rig(shapes.hero, controls=[*SHAPE_CONTROLS, "jaw.rotateX"], sparse=5)
    assert rig.sampled
    assert "by more than blendShape targets" in reasons(rig)["jaw.rotateX"]


def test_chosen_controls_alone_may_move(shapes: Any) -> None:
    rig = shapes.read_rig(shapes.hero, controls=["jaw_ctrl", "smile_ctrl.left"])
    assert {c.name for c in rig.controls if c.is_free} == {"jaw_ctrl.translateY", "smile_ctrl.left"}
    assert "jaw_ctrl.rotateX changes none of the meshes." in reasons(rig).values()


def test_controls_that_were_not_chosen_keep_their_animation(shapes: Any) -> None:
    for time, value in ((90, 0.0), (120, 30.0), (150, 0.0)):
        shapes.cmds.setKeyframe("lid_ctrl.rotateX", time=time, value=value)
    rig = shapes.read_rig(shapes.hero, controls=["jaw_ctrl", "smile_ctrl.left"])
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    applied = shapes.bake(shapes.out, rig=rig, start_frame=101)
    assert set(applied.attributes) == {"jaw_ctrl.translateY", "smile_ctrl.left"}
    assert shapes.cmds.getAttr("lid_ctrl.rotateX", time=120) == pytest.approx(30.0)


def test_a_set_stands_for_its_members(shapes: Any) -> None:
    shapes.cmds.sets("jaw_ctrl", "smile_ctrl", name="face_controls")
    rig = shapes.read_rig(shapes.hero, controls=["face_controls"])
    assert {c.name for c in rig.controls if c.is_free} == {"jaw_ctrl.translateY", "smile_ctrl.left"}


def test_driven_keys_are_measured_with_their_kinks(shapes: Any) -> None:
    from facepatch_maya import steps

    cmds = shapes.cmds
    curve = cmds.createNode("animCurveUU", name="driven")
    shapes.maya.scene.node(curve).keys.add([0, 5, 10], [0.0, 0.9, 1.0], "linear", "linear")
    cmds.disconnectAttr(cmds.listConnections("bs.smile_L", plugs=True)[0], "bs.smile_L")
    cmds.connectAttr("smile_ctrl.left", "driven.input")
    cmds.connectAttr("driven.output", "bs.smile_L")
    steps.capture_character([shapes.face], shapes.hero)
    rig = read_rig_record(shapes.read_rig(shapes.hero).path)
    shape = next(shape for shape in rig.shapes if shape.name == "smile_L")
    at, weights = zip(*shape.drivers[0].knots)
    np.testing.assert_allclose(np.interp([0, 5, 10], at, weights), [0.0, 0.9, 1.0], atol=1e-3)


def test_a_weight_that_does_not_go_below_zero_counts_so(shapes: Any) -> None:
    """Maya takes a negative weight for 0 unless the node supports negative ones."""
    from facepatch_maya import steps

    cmds = shapes.cmds
    cmds.setAttr("jaw_ctrl.maxTransYLimit", 1.0)
    steps.capture_character([shapes.face], shapes.hero)
    rig = read_rig_record(shapes.read_rig(shapes.hero).path)
    closed = np.array([[1.0 if c.name == "jaw_ctrl.translateY" else c.default for c in rig.controls]])
    assert rig.weights(closed).max() == 0.0
    cmds.setAttr("bs.supportNegativeWeights", True)
    rig = read_rig_record(shapes.read_rig(shapes.hero).path)
    assert rig.weights(closed).min() == pytest.approx(-0.5)


def test_keys_that_came_after_the_capture_do_not_make_another_rig_of_it(shapes: Any) -> None:
    """The neutral frame is no longer neutral: the rig rests where its controls are at their defaults."""
    shapes.cmds.setKeyframe("smile_ctrl.left", time=50, value=4.0)
    rig = shapes.read_rig(shapes.hero)
    assert not rig.sampled
    np.testing.assert_allclose(read_rig_record(rig.path).neutral, scene_rigs.sheet()[0], atol=1e-5)


def test_weights_of_other_meshes_get_the_curve_of_the_first(maya: Any, service: Any, tmp_path: Path) -> None:
    from maya import cmds

    places = []
    for name in ("face", "brows"):
        points, *topology = scene_rigs.sheet()
        places.append(maya.add_mesh(name, points, *topology))
        target = maya.add_mesh("smile_L", points + scene_rigs.SHAPES["smile_L"], *topology)
        cmds.blendShape(target, name, name=f"{name}_bs", origin="local")
        cmds.delete(target)
    scene = scene_of(maya, tmp_path, *places)
    rig = scene.read_rig(scene.hero)
    assert (rig.sampled, [c.name for c in rig.controls]) == (False, ["face_bs.smile_L"])
    assert rig.attributes_of("face_bs.smile_L") == ("face_bs.smile_L", "brows_bs.smile_L")
    delta = np.tile(scene_rigs.SHAPES["smile_L"], (2, 1))
    meshes = np.tile(scene_rigs.sheet()[0], (2, 1)) + np.linspace(0, 0.8, 9)[:, None, None] * delta
    write_clip(scene.clip, fakesolve.exact_clip(meshes))
    scene.steps.solve(scene.clip, rig, out=scene.out, start_frame=101)
    scene.bake(scene.out, rig=rig, start_frame=101)
    for name in ("face_bs.smile_L", "brows_bs.smile_L"):
        np.testing.assert_allclose(animated(scene, [name], 9)[:, 0], np.linspace(0, 0.8, 9), atol=1e-4)


def test_whole_numbers_are_no_controls_and_equal_limits_keep_one_still(shapes: Any) -> None:
    cmds = shapes.cmds
    cmds.addAttr("smile_ctrl", longName="level", attributeType="long", keyable=True)
    for end in ("min", "max"):
        cmds.setAttr(f"jaw_ctrl.{end}TransYLimit", 0.0)
    rig = shapes.read_rig(shapes.hero, controls=["smile_ctrl", "jaw_ctrl.translateY", "bs.smile_R"])
    assert "is a switch" in reasons(rig)["smile_ctrl.level"]
    assert {c.name for c in rig.controls if c.is_free} == {"smile_ctrl.left", "bs.smile_R"}
    assert "limits of jaw_ctrl.translateY are equal (0)" in reasons(rig)["jaw_ctrl.translateY"]
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    applied = shapes.bake(shapes.out, rig=rig, start_frame=101)
    assert set(applied.attributes) == {"smile_ctrl.left", "bs.smile_R"}


@pytest.mark.parametrize("sampled", [True, None])
def test_wherever_the_head_stands_the_rig_is_the_captured_one(joints: Any, sampled: Any) -> None:
    """As after the head got the take's motion, at the neutral frame too."""
    from facepatch_maya import steps

    cmds = joints.cmds
    cmds.parent("jaw", "brow", "root")
    steps.capture_character([joints.face], joints.hero, head="root")
    cmds.setAttr("root.translate", 3.0, -20.0, 5.0)
    cmds.setAttr("root.rotateY", 30.0)
    rig = joints.read_rig(joints.hero, controls=scene_rigs.JOINT_CONTROLS, sparse=20, sampled=sampled)
    samples = np.load(rig.folder / "samples.npy")
    np.testing.assert_allclose(samples[0], scene_rigs.sheet()[0], atol=1e-4)
    cmds.setAttr("root.rotateX", -10.0)
    joints.steps.solve(joints.clip, rig, out=joints.out, start_frame=101)
    joints.bake(joints.out, rig=rig, start_frame=101)
    gap = np.abs(animated(joints, scene_rigs.JOINT_CONTROLS, 24) - joints.controls) / [30.0, 1.5, 2.0]
    assert gap.mean(axis=0).max() < 0.02


def test_a_rig_that_rests_elsewhere_is_refused_when_it_is_read_and_refined(joints: Any) -> None:
    """The capture knows no head node."""
    cmds = joints.cmds
    cmds.parent("jaw", "brow", "root")
    rig = joints.read_rig(joints.hero, controls=scene_rigs.JOINT_CONTROLS, sparse=20)
    joints.steps.solve(joints.clip, rig, out=joints.out, refined=False)
    cmds.setAttr("root.translateY", 3.0)
    with pytest.raises(InputError, match=r"rests 3\.0 cm beside where it was captured: the head has moved"):
        joints.steps.refine(joints.out, rig)
    assert joints.steps.needs_refining(joints.out)
    with pytest.raises(InputError, match="capture the character again with the joint that carries its head"):
        joints.read_rig(joints.hero, controls=scene_rigs.JOINT_CONTROLS, sparse=20)


def test_a_mesh_that_was_changed_after_the_capture_is_refused(joints: Any) -> None:
    cmds = joints.cmds
    cmds.delete(joints.face)
    points, *topology = scene_rigs.sheet()
    joints.maya.add_mesh("face", np.concatenate([points, points[:1]]), *topology)
    with pytest.raises(TopologyError, match="82 vertices now, 81 when they were captured"):
        joints.read_rig(joints.hero, controls=scene_rigs.JOINT_CONTROLS)
