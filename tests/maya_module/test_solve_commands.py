"""The command facepatchSolve, and the procedure of MEL for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scene_rigs
from scene_rigs import SHAPE_CONTROLS, animated


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


def test_a_rig_that_was_read_for_the_same_controls_is_not_read_again(plugin: Any) -> None:
    def ask(*controls: str, **more: Any) -> int:
        plugin.cmds.facepatchSolve(
            str(plugin.clip), rigPath=str(plugin.hero), outFolder=str(plugin.out), bake=False,
            control=list(controls), **more,
        )  # fmt: skip
        return (plugin.hero / "rig" / "scene_rig.json").stat().st_mtime_ns

    first = ask("jaw_ctrl", "bs.smile_R")
    assert ask("bs.smile_R", "jaw_ctrl.translateY") == first
    other = ask("jaw_ctrl")
    assert other != first
    assert ask("jaw_ctrl", readAgain=True) != other


def test_mel_has_a_procedure_for_it(plugin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from maya import mel

    monkeypatch.setenv("MAYA_SCRIPT_PATH", str(Path(__file__).parents[2] / "maya_module" / "scripts"))
    clip, hero, out = (path.as_posix() for path in (plugin.clip, plugin.hero, plugin.out))
    keyed = mel.eval(f'source facepatch; facepatchSolveClip("{clip}", "{hero}", "{out}", 101)')
    assert set(keyed) == set(SHAPE_CONTROLS)


def test_a_solve_that_nobody_waited_for_is_refined_when_it_is_baked(joints: Any) -> None:
    cmds = joints.cmds
    cmds.loadPlugin(str(Path(__file__).parents[2] / "maya_module" / "plug-ins" / "facepatch_plugin.py"))
    told: Any = lambda: "\n".join(text for _, text in joints.maya.state["messages"])  # noqa: E731
    rig = joints.read_rig(joints.hero, controls=scene_rigs.JOINT_CONTROLS, sparse=20)
    joints.steps.solve(joints.clip, rig, out=joints.out, start_frame=101, refined=False)
    cmds.facepatchSolve(str(joints.out), startFrame=101, bake=False)
    assert "is of a stand-in. Name -rigPath" in told()
    keyed = cmds.facepatchSolve(str(joints.out), rigPath=str(joints.hero), startFrame=101)
    assert set(keyed) == set(scene_rigs.JOINT_CONTROLS)
    assert "On the rig itself" in told()
    gap = np.abs(animated(joints, scene_rigs.JOINT_CONTROLS, 24) - joints.controls) / [30.0, 1.5, 2.0]
    assert gap.mean(axis=0).max() < 0.02
