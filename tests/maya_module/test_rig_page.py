"""The state behind the card "Rig controls", in the stand-in's scene, with a small solver for the service."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pytest

from scene_rigs import JOINT_CONTROLS, SHAPE_CONTROLS, animated


def session_on(scene: Any) -> Any:
    """A session on the captured character, with a retargeted take."""
    from facepatch_maya.backend import Backend
    from facepatch_maya.host import MayaHost
    from facepatch_maya.picking import Viewport
    from facepatch_maya.session import Session
    from facepatch_maya.session_node import SceneStore

    shutil.copytree(scene.hero, scene.hero.parent / "work" / "capture")
    session = Session(MayaHost(), Backend(), view=Viewport(MayaHost()), store=SceneStore())
    session.backend.connect()
    session.choose_folder(scene.hero.parent / "work")
    session.shot.set(start_frame=101.0, layer="face_controls")
    (scene.hero.parent / "take").mkdir()
    shutil.copyfile(scene.clip, scene.hero.parent / "take" / "clip.npz")
    session.shot.clip = scene.hero.parent / "take" / "clip.npz"
    session.shot.changed()
    return session


def solve(session: Any) -> None:
    session.rig.run()
    assert session.rig.job is not None, session.rig.status.text
    for _ in range(1000):
        session.poll()
        if session.rig.job is None:
            return
    raise AssertionError(f"{session.backend.state}: {session.rig.status.text} {session.rig.job}")


def test_a_rig_of_shapes_from_the_card_to_the_layer(shapes: Any) -> None:
    session, cmds = session_on(shapes), shapes.cmds
    session.rig.read()
    assert session.rig.status.text == "4 controls may be used. Each drives blendShapes. Ready to solve."
    solve(session)
    assert "The rig makes this clip" in session.rig.status.text
    session.rig.bake()
    assert "on 4 attributes" in session.rig.status.text
    assert np.abs(animated(shapes, SHAPE_CONTROLS, 40) - shapes.controls).max() < 1e-3
    assert cmds.animLayer("face_controls", query=True, exists=True)
    # Animate one by hand, hold it, solve again.
    cmds.setKeyframe("smile_ctrl.left", time=101, value=5.0)
    cmds.setKeyframe("smile_ctrl.left", time=120, value=5.0)
    held = animated(shapes, ["smile_ctrl.left"], 40)
    session.rig.hold("smile_ctrl.left", True)
    solve(session)
    session.rig.bake()
    assert "1 left alone" in session.rig.status.text
    np.testing.assert_allclose(animated(shapes, ["smile_ctrl.left"], 40), held)
    session.close()


def test_a_sampled_rig_from_the_selection_to_the_keys(joints: Any) -> None:
    session, cmds = session_on(joints), joints.cmds
    cmds.select("jaw_ctrl", "brow")
    session.rig.read(selected=True)
    assert "The rig was sampled" in session.rig.status.text
    assert set(session.rig.controls) >= set(JOINT_CONTROLS)
    solve(session)
    assert "On the rig itself" in session.rig.status.text
    session.rig.bake()
    gap = np.abs(animated(joints, JOINT_CONTROLS, 24) - joints.controls) / [30.0, 1.5, 2.0]
    assert gap.mean(axis=0).max() < 0.02
    session.close()


@pytest.mark.parametrize("selected", ["face_controls_set", "bs"])
def test_a_set_or_a_blendshape_stands_for_its_controls(shapes: Any, selected: str) -> None:
    session, cmds = session_on(shapes), shapes.cmds
    cmds.sets("smile_ctrl.left", "bs.smile_R", name="face_controls_set")
    cmds.select(selected, noExpand=True)
    session.rig.read(selected=True)
    wanted = {"face_controls_set": {"smile_ctrl.left", "bs.smile_R"}, "bs": {"bs.smile_R"}}
    assert set(session.rig.controls) == wanted[selected]
    session.close()
