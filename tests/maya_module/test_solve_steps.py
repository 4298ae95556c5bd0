"""From a clip to solved controls, with a small solver in the service's place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import scene_rigs
from facepatch.core.data.clip import read_clip
from facepatch.core.data.rig import read_rig as read_rig_record
from facepatch.core.errors import InputError, JobCancelledError
from facepatch.core.progress import Progress
from scene_rigs import SHAPE_CONTROLS, animated, reasons


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


def test_the_worst_frames_are_those_of_the_scene_whatever_its_rate(shapes: Any) -> None:
    rig = shapes.read_rig(shapes.hero)
    shapes.cmds.currentUnit(time="ntsc")
    solved = shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    # The fourth frame of 24 a second, at 30 a second.
    assert solved.worst == (101 + round(3 * 30 / 24),)


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
