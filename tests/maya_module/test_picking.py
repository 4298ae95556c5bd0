from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.fixture
def view(maya: Any, host: Any) -> Any:
    """A viewport on a scene with a plane of four quads, animated, under a group."""
    from maya import cmds

    from facepatch_maya.picking import Viewport

    points = np.array([[x, y, 0.0] for y in range(3) for x in range(3)], np.float32)
    corners = [corner for y in range(2) for x in range(2) for corner in (3*y+x, 3*y+x+1, 3*y+x+4, 3*y+x+3)]  # fmt: skip
    cmds.createNode("transform", name="hero")
    maya.add_mesh(
        "face", points, [4] * 4, corners, parent="hero", animate=lambda frame: points + np.float32(frame)
    )
    maya.add_mesh("hat", points, [4] * 4, corners)
    cmds.select(clear=True)
    return Viewport(host)


FACE = "|hero|face"


def place(marker: str) -> list[float]:
    from maya import cmds

    return [round(v, 4) for v in cmds.getAttr(f"{marker}.translate")[0]]


def test_groups_shapes_and_vertices_count_as_their_meshes(view: Any):
    from maya import cmds

    cmds.select("hero", "hat.vtx[3]")
    assert view.selected_meshes() == (FACE, "|hat")
    cmds.select("faceShape", replace=True)
    assert view.selected_meshes() == (FACE,)
    cmds.select(clear=True)
    assert view.selected_meshes() == ()


def test_selected_nodes_are_transforms_by_their_long_names(view: Any):
    from maya import cmds

    cmds.select("hero", replace=True)
    assert view.selected_nodes() == ("|hero",)


def test_a_mesh_is_found_by_its_uuid_after_it_was_renamed(view: Any, host: Any):
    from maya import cmds

    uuid = host.read_mesh(FACE).uuid
    cmds.rename("face", "head_geo")
    assert view.name_of(uuid) == "|hero|head_geo"
    cmds.delete("head_geo")
    assert view.name_of(uuid) == ""


def test_clicks_give_the_new_vertices_in_their_order_and_only_of_the_mesh(maya: Any, view: Any):
    from maya import cmds

    seen: list[int] = []
    view.start_picking(FACE, seen.extend)
    cmds.select(f"{FACE}.vtx[5]", replace=True)
    maya.idle()
    cmds.select(f"{FACE}.vtx[2]", add=True)
    maya.idle()
    cmds.select("hat.vtx[1]", replace=True)
    maya.idle()
    assert seen == [5, 2]


def test_the_users_selection_settings_come_back(maya: Any, view: Any):
    from maya import cmds

    def settings() -> tuple[Any, ...]:
        return (
            bool(cmds.selectPref(query=True, trackSelectionOrder=True)),
            bool(cmds.softSelect(query=True, softSelectEnabled=True)),
            bool(cmds.selectMode(query=True, object=True)),
            cmds.ls(selection=True),
        )

    cmds.softSelect(edit=True, softSelectEnabled=1)
    cmds.select("hat", replace=True)
    before = settings()
    view.start_picking(FACE, lambda vertices: None)
    assert settings()[:3] == (True, False, False)
    view.stop_picking()
    view.stop_picking()
    assert settings() == before
    cmds.select(f"{FACE}.vtx[1]", replace=True)
    maya.idle()


def test_picking_that_cannot_begin_leaves_the_settings_as_they_were(maya: Any, view: Any):
    from maya import cmds

    with pytest.raises((RuntimeError, ValueError)):
        view.start_picking("|nothing", lambda vertices: None)
    assert cmds.selectMode(query=True, object=True)


def test_markers_stand_on_their_vertices_and_follow_time(view: Any):
    from maya import cmds

    cmds.currentTime(1)
    view.show_markers(FACE, {"chin": 4}, {"nose_tip": 8}, "chin")
    assert place("fp_chin") == [2.0, 2.0, 1.0]
    assert place("fp_nose_tip") == [3.0, 3.0, 1.0]
    cmds.currentTime(3)
    view.follow()
    assert place("fp_chin") == [4.0, 4.0, 3.0]


def test_markers_come_go_and_change_colour_with_the_landmarks(view: Any):
    from maya import cmds

    from facepatch_maya.picking import CURRENT, PICKED, PROPOSED

    def color(name: str) -> tuple[float, ...]:
        return tuple(round(v, 3) for v in cmds.getAttr(f"fp_{name}Shape.overrideColorRGB")[0])

    view.show_markers(FACE, {"chin": 4}, {"nose_tip": 8}, "")
    assert (color("chin"), color("nose_tip")) == (PICKED, PROPOSED)
    view.show_markers(FACE, {"chin": 4, "nose_tip": 8}, {}, "chin")
    assert (color("chin"), color("nose_tip")) == (CURRENT, PICKED)
    view.show_markers(FACE, {"chin": 4}, {}, "")
    assert not cmds.objExists("fp_nose_tip")
    view.hide_markers()
    assert not cmds.objExists("facepatch_markers")


def test_markers_leave_no_trace_in_undo_selection_and_unsaved_changes(view: Any):
    from maya import cmds

    cmds.select("hat", replace=True)
    cmds.file(modified=False)
    queue = cmds.undoInfo(query=True, undoName=True)
    view.show_markers(FACE, {"chin": 4}, {}, "chin")
    view.hide_markers()
    view.show_markers(FACE, {"chin": 5}, {}, "chin")
    assert cmds.undoInfo(query=True, undoName=True) == queue
    assert cmds.ls(selection=True) == ["hat"]
    assert not cmds.file(query=True, modified=True)


def test_markers_that_the_user_deleted_are_made_again(view: Any):
    from maya import cmds

    view.show_markers(FACE, {"chin": 4}, {}, "")
    cmds.delete("facepatch_markers")
    view.follow()
    view.show_markers(FACE, {"chin": 4}, {}, "")
    assert cmds.objExists("fp_chin")


def test_markers_are_never_saved(maya: Any, view: Any, tmp_path: Any):
    from maya import cmds

    view.show_markers(FACE, {"chin": 4}, {}, "chin")
    cmds.file(rename=str(tmp_path / "hero.ma"))
    cmds.file(save=True, type="mayaAscii")
    view.hide_markers()
    cmds.file(str(tmp_path / "hero.ma"), open=True, force=True)
    assert cmds.objExists("face")
    assert cmds.ls("f*p*_*") == []
