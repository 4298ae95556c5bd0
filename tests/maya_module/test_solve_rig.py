"""From a scene's rig to a solve and back onto its controls, on the stand-in."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fakeservice
import fakesolve
import scene_rigs
from facepatch.core.client import Client
from facepatch.core.data.clip import read_clip, write_clip
from facepatch.core.data.rig import read_rig as read_rig_record
from facepatch.core.errors import InputError, JobCancelledError, SolveError
from facepatch.core.progress import Progress
from facepatch.core.scene_rig import read_scene_rig

SHAPE_CONTROLS = ("smile_ctrl.left", "jaw_ctrl.translateY", "lid_ctrl.rotateX", "bs.smile_R")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> fakeservice.Service:
    made = fakeservice.Service()
    made.capabilities = (*fakeservice.VERBS, "solve_rig")
    made.work.update(solve_rig=fakesolve.solve_rig)
    monkeypatch.setattr(Client, "open", made.open)
    monkeypatch.setenv("FACEPATCH_COMMAND", str(tmp_path / "no facepatch here"))
    return made


def scene_of(maya: Any, tmp_path: Path, face: str) -> Any:
    from maya import cmds

    from facepatch_maya import bake_controls, rig_controls, solve_rig, solve_steps, steps

    cmds.currentUnit(time="film")
    cmds.playbackOptions(minTime=1, maxTime=3)
    steps.capture_character([face], tmp_path / "hero")
    cmds.file(modified=False)
    return SimpleNamespace(
        maya=maya, cmds=cmds, face=face, hero=tmp_path / "hero", out=tmp_path / "out", clip=tmp_path / "clip.npz",
        read_rig=solve_rig.read_rig, steps=solve_steps, bake=bake_controls.bake_controls, rig_controls=rig_controls,
    )  # fmt: skip


@pytest.fixture
def shapes(maya: Any, service: Any, tmp_path: Path) -> Any:
    """The rig of blendShapes, captured, and a clip of what it can do."""
    scene = scene_of(maya, tmp_path, scene_rigs.shape_rig(maya))
    scene.controls = scene_rigs.shape_controls()
    write_clip(scene.clip, fakesolve.exact_clip(scene_rigs.shape_meshes(scene.controls)))
    return scene


@pytest.fixture
def joints(maya: Any, service: Any, tmp_path: Path) -> Any:
    """The rig of joints, captured, and a clip of what it can do."""
    scene = scene_of(maya, tmp_path, scene_rigs.joint_rig(maya))
    scene.controls = scene_rigs.joint_controls()
    values = scene.controls * [np.pi / 180, 1, 1]
    points = scene.rig_controls.sample(scene_rigs.JOINT_CONTROLS, values, [scene.face])
    write_clip(scene.clip, fakesolve.exact_clip(points))
    return scene


def animated(scene: Any, names: Any, frames: int, start: int = 101) -> Any:
    """(T, C) what the attributes are, in the units that a user sees."""
    return np.array([[scene.cmds.getAttr(name, time=start + row) for name in names] for row in range(frames)])


def reasons(rig_or_applied: Any) -> dict[str, str]:
    left = getattr(rig_or_applied, "left_out", None) or getattr(rig_or_applied, "left_alone", ())
    return {one.name: one.reason for one in left}


# ------------------------------------------------------------------------------------------------ reading


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


# ------------------------------------------------------------------------------------------------ round trips


def test_controls_to_meshes_to_a_clip_and_back(shapes: Any) -> None:
    rig = shapes.read_rig(shapes.hero)
    solved = shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    applied = shapes.bake(shapes.out, rig=rig, start_frame=101)
    assert set(applied.attributes) == set(SHAPE_CONTROLS)
    assert not applied.left_alone
    spans = np.array([10.0, 2.0, 45.0, 1.0])
    gap = np.abs(animated(shapes, SHAPE_CONTROLS, 40) - shapes.controls) / spans
    assert gap.mean(axis=0).max() < 1e-3
    assert solved.worst == (104,)
    assert solved.page.is_file()


def test_a_sampled_rig_is_refined_on_the_rig_itself(joints: Any) -> None:
    cmds = joints.cmds
    rig = joints.read_rig(joints.hero, controls=scene_rigs.JOINT_CONTROLS, sparse=20)
    cmds.currentTime(5)
    cmds.flushUndo()
    solved = joints.steps.solve(joints.clip, rig, out=joints.out, start_frame=101)
    assert "On the rig itself" in solved.sentences[-1]
    assert cmds.currentTime(query=True) == 5
    assert cmds.undoInfo(query=True, undoQueueEmpty=True)
    joints.bake(joints.out, rig=rig, start_frame=101)
    gap = np.abs(animated(joints, scene_rigs.JOINT_CONTROLS, 24) - joints.controls) / [30.0, 1.5, 2.0]
    assert gap.mean(axis=0).max() < 0.02


def test_a_stop_of_the_refining_writes_nothing_and_it_can_go_on(joints: Any) -> None:
    rig = joints.read_rig(joints.hero, controls=scene_rigs.JOINT_CONTROLS, sparse=20)
    joints.steps.solve(joints.clip, rig, out=joints.out, refined=False)

    def stop(progress: Progress) -> None:
        raise JobCancelledError("Stopped.")

    with pytest.raises(JobCancelledError):
        joints.steps.refine(joints.out, rig, on_progress=stop)
    assert joints.steps.needs_refining(joints.out)
    assert joints.cmds.getAttr("jaw_ctrl.rotateX") == 0.0
    joints.steps.refine(joints.out, rig)
    assert not joints.steps.needs_refining(joints.out)


def test_a_rig_of_shapes_has_nothing_to_refine(shapes: Any) -> None:
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out)
    assert not shapes.steps.needs_refining(shapes.out)
    with pytest.raises(InputError, match="nothing to refine"):
        shapes.steps.refine(shapes.out, rig)


def test_the_real_solver_gives_the_controls_back(shapes: Any, service: Any) -> None:
    """Controls -> meshes -> PCA -> controls, under 0.02 of each range where the rig is injective."""
    pytest.importorskip("numba")
    from facepatch.solver.reduce import reduce, target_of
    from facepatch.solver.settings import SolveSettings
    from facepatch.solver.trajectory import solve as solve_trajectory

    rig, clip = read_rig_record(shapes.read_rig(shapes.hero).path), read_clip(shapes.clip)
    settings = SolveSettings(smoothness=0.01, sparsity=0.01)
    reduced = reduce(rig, target_of(clip, rig))
    found = solve_trajectory(rig, reduced, weights=clip.weights, settings=settings)
    columns = [rig.row(name) for name in SHAPE_CONTROLS]
    gap = np.abs(found.controls[:, columns] - shapes.controls) / [10.0, 2.0, 45.0, 1.0]
    assert gap.mean(axis=0).max() < 0.02


# ------------------------------------------------------------------------------------------- what is asked for


def test_what_is_keyed_around_the_take_travels_with_the_job(shapes: Any, service: Any) -> None:
    cmds = shapes.cmds
    for time, value in ((90, 0.0), (100, 8.0), (200, 2.0)):
        cmds.setKeyframe(
            "smile_ctrl.left", time=time, value=value, inTangentType="linear", outTangentType="linear"
        )
    cmds.setKeyframe("lid_ctrl.rotateX", time=120, value=10.0)
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    job = service.jobs("solve_rig")[0]
    np.testing.assert_allclose(job["before"]["smile_ctrl.left"], [7.2, 8.0])
    np.testing.assert_allclose(job["after"]["smile_ctrl.left"], [8 - 6 * 0.41, 8 - 6 * 0.42])
    assert set(job["before"]) == set(job["after"]) == {"smile_ctrl.left"}
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101, join=False)
    assert (service.jobs("solve_rig")[1]["before"], service.jobs("solve_rig")[1]["after"]) == ({}, {})


def test_the_boundary_is_in_degrees_and_centimetres_whatever_the_scene_shows(
    shapes: Any, service: Any
) -> None:
    cmds = shapes.cmds
    cmds.currentUnit(angle="rad", linear="m")
    cmds.setKeyframe("lid_ctrl.rotateX", time=50, value=0.5)
    cmds.setKeyframe("jaw_ctrl.translateY", time=50, value=-0.01)
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    before = service.jobs("solve_rig")[0]["before"]
    np.testing.assert_allclose(before["lid_ctrl.rotateX"], np.degrees([0.5, 0.5]))
    np.testing.assert_allclose(before["jaw_ctrl.translateY"], [-1.0, -1.0])


def test_a_held_control_keeps_its_animation_and_the_rest_is_solved(shapes: Any, service: Any) -> None:
    cmds = shapes.cmds
    cmds.setKeyframe("smile_ctrl.left", time=101, value=2.0, outTangentType="linear", inTangentType="linear")
    cmds.setKeyframe("smile_ctrl.left", time=140, value=2.0, outTangentType="linear", inTangentType="linear")
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(
        shapes.clip, rig, out=shapes.out, start_frame=101, hold={"smile_ctrl.left": None, "bs.smile_R": 0.25}
    )
    held = service.jobs("solve_rig")[0]["held"]
    assert held["bs.smile_R"] == 0.25
    np.testing.assert_allclose(held["smile_ctrl.left"], np.full(40, 2.0))
    applied = shapes.bake(shapes.out, rig=rig, start_frame=101, keep=["smile_ctrl.left"])
    assert "smile_ctrl.left" not in applied.attributes
    assert "was held" in reasons(applied)["smile_ctrl.left"]
    np.testing.assert_allclose(animated(shapes, ["smile_ctrl.left"], 40), 2.0)
    np.testing.assert_allclose(animated(shapes, ["bs.smile_R"], 40), 0.25, atol=1e-6)


def test_a_control_that_cannot_be_held_says_so(shapes: Any) -> None:
    rig = shapes.read_rig(shapes.hero)
    with pytest.raises(InputError, match=r"no node 'nose_ctrl'.* cannot be held"):
        shapes.steps.solve(shapes.clip, rig, out=shapes.out, hold={"nose_ctrl.tx": None})


# ------------------------------------------------------------------------------------------------ baking


def test_the_bake_is_one_step_of_undo_and_touches_only_the_take(shapes: Any) -> None:
    cmds = shapes.cmds
    cmds.setKeyframe("smile_ctrl.left", time=50, value=3.0)
    cmds.setKeyframe("smile_ctrl.left", time=120, value=9.0)
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101, join=False)
    cmds.flushUndo()
    shapes.bake(shapes.out, rig=rig, start_frame=101)
    assert cmds.getAttr("smile_ctrl.left", time=50) == pytest.approx(3.0)
    assert cmds.getAttr("smile_ctrl.left", time=120) != pytest.approx(9.0)
    cmds.undo()
    assert cmds.undoInfo(query=True, undoQueueEmpty=True)
    assert cmds.keyframe("smile_ctrl.left", query=True, timeChange=True) == [50.0, 120.0]
    assert not cmds.keyframe("jaw_ctrl.translateY", query=True, keyframeCount=True)


def test_a_control_that_stays_at_its_default_gets_no_curve_unless_it_stands_elsewhere(shapes: Any) -> None:
    values = shapes.controls.copy()
    values[:, 2:] = 0.0
    write_clip(shapes.clip, fakesolve.exact_clip(scene_rigs.shape_meshes(values)))
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    shapes.cmds.setAttr("bs.smile_R", 0.4)
    applied = shapes.bake(shapes.out, rig=rig, start_frame=101)
    assert "lid_ctrl.rotateX" not in applied.attributes
    assert shapes.cmds.keyframe("bs.smile_R", query=True, timeChange=True) == [101.0, 140.0]
    assert shapes.cmds.getAttr("bs.smile_R", time=120) == 0.0


def test_keys_of_the_file_are_found_again_and_not_one_more(shapes: Any) -> None:
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    path = shapes.out / "controls.npz"
    clip = read_clip(path)
    knots, at = [0, 9, 22, 39], [0.0, 8.0, 3.0, 10.0]
    clip.weights[:, clip.names.index("smile_ctrl.left")] = np.interp(np.arange(40), knots, at)
    write_clip(path, clip)
    shapes.bake(shapes.out, rig=rig, start_frame=101)
    assert shapes.cmds.keyframe("smile_ctrl.left", query=True, timeChange=True) == [
        101.0,
        110.0,
        123.0,
        140.0,
    ]


def test_another_rate_is_resampled_within_the_tolerance(shapes: Any) -> None:
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    shapes.cmds.currentUnit(time="ntscf")
    shapes.bake(shapes.out, rig=rig, start_frame=101, key_tolerance=0.01)
    times = shapes.cmds.keyframe("smile_ctrl.left", query=True, timeChange=True)
    assert (times[0], times[-1]) == (101.0, 198.0)
    assert len(times) < 60
    frames = 101 + np.arange(40) * 2.5
    seen = [shapes.cmds.getAttr("smile_ctrl.left", time=frame) for frame in frames[:-1:2].tolist()]
    np.testing.assert_allclose(seen, shapes.controls[:-1:2, 0], atol=0.11)


def test_a_rig_in_another_namespace_and_what_is_missing_there(shapes: Any) -> None:
    cmds = shapes.cmds
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    cmds.namespace(add="hero")
    for name in ("smile_ctrl", "jaw_ctrl", "lid_ctrl"):
        cmds.rename(name, f"hero:{name}")
    applied = shapes.bake(shapes.out, rig=rig, start_frame=101, namespace="hero:")
    assert "hero:smile_ctrl.left" in applied.attributes
    assert "is missing" in reasons(applied)["hero:bs.smile_R"]


def test_keys_go_onto_a_layer(shapes: Any) -> None:
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    shapes.bake(shapes.out, rig=rig, start_frame=101, layer="face_controls")
    assert shapes.cmds.animLayer("face_controls", query=True, exists=True)
    gap = np.abs(animated(shapes, SHAPE_CONTROLS[:2], 40) - shapes.controls[:, :2])
    assert gap.max() < 1e-3


def test_what_is_not_solved_is_refused(shapes: Any) -> None:
    with pytest.raises(InputError, match="holds no solved controls"):
        shapes.bake(shapes.out)
    with pytest.raises(InputError, match="no such clip"):
        shapes.steps.solve(shapes.out / "clip.npz", shapes.hero, out=shapes.out)
    with pytest.raises(InputError, match="no such rig"):
        shapes.steps.solve(shapes.clip, shapes.out / "rig.npz", out=shapes.out)
    with pytest.raises(InputError, match=r"scene_rig.json: no such file"):
        read_scene_rig(shapes.out)


# ------------------------------------------------------------------------------------------------ the command


@pytest.fixture
def plugin(shapes: Any) -> Any:
    shapes.cmds.loadPlugin(
        str(Path(__file__).parents[2] / "maya_module" / "plug-ins" / "facepatch_plugin.py")
    )
    shapes.told = lambda kind: "\n".join(text for of, text in shapes.maya.state["messages"] if of == kind)
    return shapes


def test_the_command_reads_the_rig_solves_and_bakes_in_one_step_of_undo(plugin: Any) -> None:
    cmds = plugin.cmds
    cmds.flushUndo()
    keyed = cmds.facepatchSolve(
        str(plugin.clip), rigPath=str(plugin.hero), outFolder=str(plugin.out), startFrame=101
    )
    assert set(keyed) == set(SHAPE_CONTROLS)
    assert np.abs(animated(plugin, SHAPE_CONTROLS, 40) - plugin.controls).max() < 1e-3
    assert "The rig makes this clip" in plugin.told("info")
    cmds.undo()
    assert cmds.undoInfo(query=True, undoQueueEmpty=True)
    assert not cmds.keyframe(SHAPE_CONTROLS[0], query=True, keyframeCount=True)
    cmds.redo()
    assert cmds.keyframe(SHAPE_CONTROLS[0], query=True, keyframeCount=True)


def test_the_command_answers_about_rig_and_solve(plugin: Any) -> None:
    cmds = plugin.cmds
    cmds.setAttr("lid_ctrl.rotateX", lock=True)
    out = cmds.facepatchSolve(
        str(plugin.clip), rigPath=str(plugin.hero), outFolder=str(plugin.out), startFrame=101, bake=False
    )
    assert out == [str(plugin.out)]
    assert "lid_ctrl.rotateX is locked" in plugin.told("warning")
    assert set(cmds.facepatchSolve(str(plugin.hero), query=True, controls=True)) == set(SHAPE_CONTROLS) - {
        "lid_ctrl.rotateX"
    }
    assert "is locked" in cmds.facepatchSolve(str(plugin.hero), query=True, leftOut=True)[0]
    assert cmds.facepatchSolve(str(plugin.out), query=True, worstFrames=True) == [104.0]
    assert cmds.facepatchSolve(str(plugin.out), query=True, sentences=True)
    keyed = cmds.facepatchSolve(str(plugin.out), rigPath=str(plugin.hero), startFrame=101)
    assert "smile_ctrl.left" in keyed


def test_the_flags_of_the_command_reach_the_job(plugin: Any, service: Any) -> None:
    plugin.cmds.facepatchSolve(
        str(plugin.clip),
        rigPath=str(plugin.hero),
        outFolder=str(plugin.out),
        control=["jaw_ctrl", "smile_ctrl.left", "bs.smile_R"],
        hold=["smile_ctrl.left", "bs.smile_R=0.5"],
        cost=["jaw_ctrl.translateY=4"],
        blend=["mouth=0.5"],
        keyTolerance=0.02,
        startFrame=7,
        settings='{"sparsity": 1.0}',
    )
    job = service.jobs("solve_rig")[0]
    assert job["held"]["bs.smile_R"] == 0.5
    assert len(job["held"]["smile_ctrl.left"]) == 40
    assert job["cost"] == {"jaw_ctrl.translateY": 4.0}
    assert (job["blend"], job["key_tolerance"], job["start_frame"]) == ({"mouth": 0.5}, 0.02, 7)
    assert job["settings"] == {"sparsity": 1.0}
    assert not plugin.cmds.keyframe("smile_ctrl.left", query=True, keyframeCount=True)


def test_the_command_refuses_with_sentences(plugin: Any) -> None:
    cmds = plugin.cmds
    for match, flags in (
        ("-rigPath is missing", {"outFolder": str(plugin.out)}),
        ("-outFolder is missing", {"rigPath": str(plugin.hero)}),
        ("is no NAME=NUMBER", {"rigPath": str(plugin.hero), "outFolder": str(plugin.out), "cost": ["jaw"]}),
    ):
        with pytest.raises(RuntimeError):
            cmds.facepatchSolve(str(plugin.clip), **flags)
        assert match in plugin.told("error")


def test_mel_has_a_procedure_for_it(plugin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from maya import mel

    monkeypatch.setenv("MAYA_SCRIPT_PATH", str(Path(__file__).parents[2] / "maya_module" / "scripts"))
    clip, hero, out = (path.as_posix() for path in (plugin.clip, plugin.hero, plugin.out))
    keyed = mel.eval(f'source facepatch; facepatchSolveClip("{clip}", "{hero}", "{out}", 101)')
    assert set(keyed) == set(SHAPE_CONTROLS)
