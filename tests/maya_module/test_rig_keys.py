"""Solved controls as keys on the rig, on the stand-in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import fakesolve
import scene_rigs
from facepatch.core.data.clip import read_clip, write_clip
from facepatch.core.errors import InputError
from facepatch.core.scene_rig import read_scene_rig
from scene_rigs import SHAPE_CONTROLS, animated, reasons


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


def test_a_new_layer_leaves_the_keys_before_and_after_the_take_as_they_are(shapes: Any) -> None:
    cmds = shapes.cmds
    for time, value in ((50, 2.0), (120, 9.0), (200, 4.0)):
        cmds.setKeyframe("smile_ctrl.left", time=time, value=value)
    cmds.setKeyframe("lid_ctrl.rotateX", time=60, value=10.0)
    outside = [50, 77, 99, 142, 170, 220]
    before = [cmds.getAttr("smile_ctrl.left", time=frame) for frame in outside]
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    applied = shapes.bake(shapes.out, rig=rig, start_frame=101, layer="face_controls")
    assert not applied.left_alone
    assert not cmds.animLayer("face_controls", query=True, override=True)
    after = [cmds.getAttr("smile_ctrl.left", time=frame) for frame in outside]
    np.testing.assert_allclose(after, before, atol=1e-6)
    assert cmds.getAttr("lid_ctrl.rotateX", time=60) == pytest.approx(10.0)
    # The old curve moves below the new one, between its few keys too.
    assert np.abs(animated(shapes, SHAPE_CONTROLS, 40) - shapes.controls).max() < 1e-3
    cmds.undo()
    assert not cmds.animLayer("face_controls", query=True, exists=True)


def test_a_second_take_on_the_layer_leaves_the_first_one(shapes: Any) -> None:
    cmds = shapes.cmds
    cmds.setKeyframe("smile_ctrl.left", time=50, value=2.0)
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    for start in (101, 141):
        shapes.bake(shapes.out, rig=rig, start_frame=start, layer="face_controls")
    for start in (101, 141):
        assert np.abs(animated(shapes, SHAPE_CONTROLS, 40, start) - shapes.controls).max() < 1e-3
    assert cmds.getAttr("smile_ctrl.left", time=50) == pytest.approx(2.0)


def test_an_overriding_layer_over_keys_around_the_take_is_said(shapes: Any) -> None:
    cmds = shapes.cmds
    cmds.setKeyframe("smile_ctrl.left", time=50, value=2.0)
    cmds.animLayer("face_controls", override=True)
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    applied = shapes.bake(shapes.out, rig=rig, start_frame=101, layer="face_controls")
    assert set(reasons(applied)) == {"smile_ctrl.left"}
    assert "overriding layer face_controls" in reasons(applied)["smile_ctrl.left"]


def test_keys_below_a_layer_are_joined_too(shapes: Any, service: Any) -> None:
    cmds = shapes.cmds
    cmds.setKeyframe("smile_ctrl.left", time=50, value=2.0)
    cmds.animLayer("corrections")
    cmds.animLayer("corrections", edit=True, attribute="smile_ctrl.left")
    rig = shapes.read_rig(shapes.hero)
    shapes.steps.solve(shapes.clip, rig, out=shapes.out, start_frame=101)
    np.testing.assert_allclose(service.jobs("solve_rig")[0]["before"]["smile_ctrl.left"], [2.0, 2.0])


def test_a_take_without_frames_and_a_rig_that_was_not_read_are_refused(shapes: Any) -> None:
    with pytest.raises(InputError, match="the rig of this character was not read yet"):
        shapes.steps.solve(shapes.clip, shapes.hero, out=shapes.out)
    rig = shapes.read_rig(shapes.hero)
    full = read_clip(shapes.clip)
    write_clip(shapes.clip, replace(full, weights=full.weights[:0]))
    with pytest.raises(InputError, match="has no frames to solve"):
        shapes.steps.solve(shapes.clip, rig, out=shapes.out)


def test_what_is_not_solved_is_refused(shapes: Any) -> None:
    with pytest.raises(InputError, match="holds no solved controls"):
        shapes.bake(shapes.out)
    with pytest.raises(InputError, match="no such clip"):
        shapes.steps.solve(shapes.out / "clip.npz", shapes.hero, out=shapes.out)
    with pytest.raises(InputError, match="no such rig"):
        shapes.steps.solve(shapes.clip, shapes.out / "rig.npz", out=shapes.out)
    with pytest.raises(InputError, match=r"scene_rig.json: no such file"):
        read_scene_rig(shapes.out)
