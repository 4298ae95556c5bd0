"""The tool in Maya: docked, on MayaHost, with the viewport's clicks and the scene's events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


class Docked:
    """The tool in the dock of a stand-in Maya with a moving face."""

    def __init__(self, maya: Any, user: Any, window: Any) -> None:
        self.maya = maya
        self.user = user
        self.window = window

    @property
    def session(self) -> Any:
        return self.user.tool.session


def add_face(maya: Any) -> str:
    from tool_stage import face_points, grid_topology, moving_face

    deform, topology = moving_face(), grid_topology()
    return maya.add_mesh(
        "face", face_points(), topology.polygon_counts.tolist(), topology.polygon_vertices.tolist(),
        animate=lambda frame: deform(frame, {}),
    )  # fmt: skip


@pytest.fixture
def docked(maya: Any, application: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Docked]:
    from tool_user import User

    monkeypatch.setenv("FACEPATCH_CONNECTION", str(tmp_path / "none.json"))
    from maya import cmds

    from facepatch_maya.ui import main_window

    add_face(maya)
    cmds.playbackOptions(minTime=1, maxTime=40)
    cmds.file(rename=str(tmp_path / "hero.ma"))
    tool = main_window.show("character")
    yield Docked(maya, User(tool), main_window)
    main_window.close()
    application.processEvents()


def pick_all(docked: Docked) -> None:
    from facepatch.core.vertex_picks import VertexPicks
    from tool_stage import SIDE, landmark_vertices

    vertices = landmark_vertices()
    docked.session.character.offer(VertexPicks(vertices, SIDE * SIDE))
    docked.session.character.accept()


def choose(docked: Docked) -> None:
    from maya import cmds

    cmds.select("face", replace=True)
    docked.user.click("add_selected")


def test_it_is_shown_once_in_a_dock_that_restores_it(docked: Docked):
    from maya import cmds

    tool = docked.user.tool
    assert docked.window.show() is tool
    assert docked.window.restore() is tool
    assert cmds.workspaceControl(docked.window.CONTROL, exists=True)


def test_after_a_restart_mayas_own_layout_brings_it_back(docked: Docked):
    from fakemaya.commands.workspace import restart

    choose(docked)
    docked.window.show("motion")
    docked.session.keep()
    docked.user.tool.closing()
    restart(docked.maya)
    docked.maya.idle()
    again = docked.window.current()
    assert again is not None
    assert again is not docked.user.tool
    assert again.current == "motion"
    assert again.session.character.meshes == ["|face"]


def test_the_panel_is_remembered(docked: Docked):
    docked.window.show("jobs")
    docked.window.close()
    assert docked.window.show().current == "jobs"


def test_clicks_in_the_viewport_become_landmarks_kept_in_the_scene(docked: Docked):
    from maya import cmds

    from facepatch_maya.host import MayaHost

    choose(docked)
    docked.user.click("pick")
    for vertex in (7, 8, 9):
        cmds.select(f"face.vtx[{vertex}]", replace=True)
        docked.maya.idle()
    docked.user.settle()
    kept = MayaHost().load_landmarks("|face")
    assert kept == {"eye_l_outer": 7, "eye_l_upper_outer": 8, "eye_l_upper_mid": 9}
    assert docked.user.find("landmarks").topLevelItem(2).text(1) == "9"
    assert cmds.objExists("fp_eye_l_upper_mid")
    docked.user.click(docked.user.primary())
    assert cmds.selectMode(query=True, object=True)


def test_undo_in_maya_takes_a_pick_back_in_the_tool(docked: Docked):
    from maya import cmds

    choose(docked)
    docked.session.character.place("chin", 5)
    docked.session.character.place("chin", 6)
    cmds.undo()
    docked.maya.idle()
    assert docked.session.character.landmarks == {"chin": 5}


def test_a_capture_of_mayas_scene_is_measured(docked: Docked):
    choose(docked)
    pick_all(docked)
    docked.user.panel("motion")
    docked.user.click(docked.user.primary())
    assert "40 frames of 1 mesh captured" in docked.user.status()
    assert {one.verdict for one in docked.session.motion.ranges} <= {"good", "little"}


def test_another_scene_empties_the_tool_and_the_first_one_fills_it_again(docked: Docked, tmp_path: Path):
    from maya import cmds

    choose(docked)
    pick_all(docked)
    cmds.file(save=True, type="mayaAscii")
    cmds.file(new=True, force=True)
    docked.maya.idle()
    docked.user.settle()
    assert docked.session.character.meshes == []
    cmds.file(str(tmp_path / "hero.ma"), open=True, force=True)
    docked.maya.idle()
    docked.user.settle()
    assert docked.session.character.meshes == ["|face"]
    assert len(docked.session.character.landmarks) == 56
    assert cmds.objExists("fp_chin")


def test_closing_the_dock_takes_markers_and_callbacks_away(docked: Docked):
    from maya import cmds

    choose(docked)
    pick_all(docked)
    assert docked.maya.callbacks
    docked.window.close()
    assert not cmds.objExists("facepatch_markers")
    assert not docked.maya.callbacks
    assert docked.window.current() is None


def test_choices_are_no_step_of_undo(docked: Docked):
    from maya import cmds

    choose(docked)
    before = cmds.undoInfo(query=True, undoName=True)
    docked.session.character.tick("brow_l", True)
    docked.session.keep()
    assert cmds.undoInfo(query=True, undoName=True) == before
    assert cmds.objExists("facepatch_session")


def test_without_a_service_the_header_says_that_it_starts_with_the_first_job(docked: Docked):
    docked.session.poll()
    docked.user.settle()
    assert docked.user.find("service").text() in (
        "No service yet. It starts with the first job.",
        "Looking for the service.",
    )


def test_the_menu_offers_help_and_the_self_check(docked: Docked):
    menu = docked.user.find("more").menu()
    assert [action.text() for action in menu.actions()] == ["Help", "Check this Maya…", "About"]


@pytest.fixture
def shot(docked: Docked, tmp_path: Path) -> Docked:
    """A captured character, the space of its motion as a training leaves it, and a retargeted take."""
    from facepatch.core.data.pca import write_pca
    from tool_stage import SIDE, small_pca, write_take

    choose(docked)
    docked.session.motion.set_range(1, 6, 1)
    assert docked.session.motion.run(), docked.session.motion.status.text
    (tmp_path / "anna" / "models").mkdir(parents=True)
    write_pca(tmp_path / "anna" / "models" / "pca.npz", small_pca(SIDE * SIDE))
    docked.session.shot.set(trained=str(tmp_path / "anna"), start_frame=11.0)
    docked.session.shot.clip = write_take(tmp_path / "take", frames=12, rate=(24, 1))
    docked.window.show("shot")
    return docked


def test_baking_builds_and_keys_on_mayas_own_nodes_and_one_undo_takes_all_back(shot: Docked):
    from maya import cmds

    before = set(cmds.ls(long=True))
    shot.user.click("secondary")
    assert "72 keys on 6 attributes" in shot.user.status()
    built = shot.session.shot.built
    assert cmds.keyframe(built.weights[0], query=True, timeChange=True) == [float(f) for f in range(11, 23)]
    cmds.undo()
    assert set(cmds.ls(long=True)) == before
    shot.user.click("secondary")
    assert "72 keys on 6 attributes" in shot.user.status()


def test_a_locked_weight_is_left_alone_and_listed(shot: Docked):
    from maya import cmds

    shot.user.panel("shot")
    shot.session.shot.build()
    weight = shot.session.shot.built.weights[2]
    cmds.setAttr(weight, lock=True)
    shot.user.settle()
    shot.user.click("secondary")
    assert "60 keys on 5 attributes" in shot.user.status()
    assert "lock" in shot.user.find("left_alone").topLevelItem(0).text(0)


def test_a_blendshape_that_was_deleted_is_built_again(shot: Docked):
    from maya import cmds

    shot.session.shot.build()
    cmds.delete(shot.session.shot.built.nodes[0])
    shot.session.shot.bake()
    assert cmds.objExists(shot.session.shot.built.weights[0])
