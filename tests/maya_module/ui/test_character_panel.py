from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from facepatch.core.data.landmarks import ELEMENTS, LANDMARK_NAMES
from facepatch.core.errors import NoFaceError


@pytest.fixture
def picked(stage: Any, opened: Any) -> Any:
    """A tool on a face without landmarks."""
    stage.choose_face()
    return opened(stage.session, "character")


def finish_proposal(stage: Any, user: Any, **options: Any) -> None:
    from tool_stage import write_proposals

    job = stage.backend.jobs[0]
    path = write_proposals(stage.folder / "landmarks.json", **options)
    stage.backend.finish(job, landmarks=str(path), doubts=["chin: found by its place only."])
    user.settle()


def test_with_nothing_chosen_the_panel_says_what_to_do_and_offers_only_that(stage: Any, opened: Any):
    user = opened(stage.session)
    assert user.tool.current == "character"
    assert "Select the face mesh" in user.status()
    assert user.primary().text() == "&Add selected"
    assert not user.find("pick").isEnabled()
    assert not user.find("mirror").isEnabled()


def test_adding_without_a_selection_is_a_sentence_in_the_panel_and_no_dialog(stage: Any, opened: Any):
    user = opened(stage.session)
    user.click(user.primary())
    assert "No mesh is selected. Click the face" in user.status()
    assert user.find("status").property("tone") == "bad"
    assert user.widgets.QApplication.activeModalWidget() is None


def test_the_first_mesh_carries_the_landmarks_and_a_double_click_makes_it_another(stage: Any, opened: Any):
    user = opened(stage.session)
    stage.view.meshes = ("|hero|eye_l", "|hero|face")
    user.click("add_selected")
    meshes = user.find("meshes")
    assert [meshes.item(i).text() for i in range(2)] == ["eye_l   · landmarks", "face"]
    user.click_row(meshes, 1, double=True)
    assert stage.session.character.face == "|hero|face"
    assert meshes.item(0).text() == "face   · landmarks"


def test_clicks_in_the_viewport_fill_the_landmarks_in_their_order(stage: Any, picked: Any):
    picked.click("pick")
    assert stage.view.picking
    assert "outer (1 of 8)" in picked.status()
    for vertex in (7, 8, 9):
        stage.view.click(vertex)
    picked.settle()
    tree = picked.find("landmarks")
    assert [tree.topLevelItem(i).text(1) for i in range(4)] == ["7", "8", "9", "–"]
    assert tree.currentItem() is tree.topLevelItem(3)
    assert stage.host.load_landmarks("|hero|face") == dict(zip(ELEMENTS["eye_l"], (7, 8, 9)))
    assert stage.view.markers == {"eye_l_outer": 7, "eye_l_upper_outer": 8, "eye_l_upper_mid": 9}


def test_picking_ends_by_itself_after_the_last_landmark_of_the_region(stage: Any, picked: Any):
    picked.click("pick")
    stage.view.click(*range(20, 28))
    picked.settle()
    assert not stage.view.picking
    assert not picked.find("pick").isChecked()
    assert picked.find("regions").topLevelItem(0).text(1) == "8/8"


def test_escape_ends_picking_and_backspace_takes_the_last_pick_back(stage: Any, picked: Any):
    keys = picked.core.Qt.Key
    picked.click("pick")
    stage.view.click(7, 8)
    picked.find("landmarks").setFocus()
    picked.key("landmarks", keys.Key_Backspace)
    assert stage.session.character.landmarks == {"eye_l_outer": 7}
    assert stage.session.character.current == "eye_l_upper_outer"
    picked.key("landmarks", keys.Key_Escape)
    assert not stage.view.picking


def test_one_landmark_is_picked_anew_by_clicking_its_row_first(stage: Any, picked: Any):
    stage.pick_all()
    picked.settle()
    picked.click_row("landmarks", 2)
    picked.click("pick")
    stage.view.click(5)
    assert stage.session.character.landmarks["eye_l_upper_mid"] == 5


def test_delete_takes_the_marked_landmarks_away_and_only_those(stage: Any, picked: Any):
    stage.pick_all()
    picked.settle()
    picked.click_row("landmarks", 1)
    picked.key("landmarks", picked.core.Qt.Key.Key_Delete)
    assert set(LANDMARK_NAMES) - set(stage.session.character.landmarks) == {"eye_l_upper_outer"}


def test_mirroring_the_left_eye_fills_the_right_one(stage: Any, picked: Any):
    from tool_stage import landmark_vertices

    vertices = landmark_vertices()
    picked.click("pick")
    stage.view.click(*(vertices[name] for name in ELEMENTS["eye_l"]))
    picked.click("mirror")
    assert {n: v for n, v in stage.session.character.landmarks.items() if n.startswith("eye_r")} == {
        name: vertices[name] for name in ELEMENTS["eye_r"]
    }
    assert "8 points mirrored" in picked.status()


def test_regions_are_ticked_by_their_boxes_and_shown_by_their_names(stage: Any, picked: Any):
    picked.click_row("regions", 3, check=True)
    assert "brow_l" in stage.session.character.ticked
    picked.click_row("regions", 2)
    assert stage.session.character.region == "mouth"
    assert picked.find("landmarks").topLevelItemCount() == 20


def test_regions_without_points_of_their_own_say_so(stage: Any, picked: Any):
    picked.click_row("regions", 8)
    assert picked.find("landmarks").topLevelItemCount() == 0
    assert not picked.find("pick").isEnabled()
    assert "needs no points of its own" in picked.tool.panels["character"].hint.text()


def test_a_dot_of_the_face_chooses_its_landmark_and_region(stage: Any, picked: Any):
    face = picked.find("face_map")
    picked.click(face, face.place("nose_bridge_top").toPoint())
    assert (stage.session.character.region, stage.session.character.current) == ("nose", "nose_bridge_top")
    face.setFocus()
    picked.key(face, picked.core.Qt.Key.Key_Right)
    assert stage.session.character.current == "nose_bridge_high"


def test_proposals_are_asked_for_after_a_capture_shown_hollow_and_accepted_together(stage: Any, picked: Any):
    stage.session.character.place("chin", 5)
    picked.settle()
    picked.click(picked.primary())
    verb, arguments = stage.backend.submitted[0]
    assert verb == "character"
    assert json.loads(Path(arguments["picks"]).read_text())["landmarks"] == {"chin": 5}
    assert stage.session.motion.capture is not None
    assert picked.primary().text() == "&Cancel"
    finish_proposal(stage, picked)
    assert picked.primary().text() == "A&ccept 55"
    assert "chin: found by its place only." in picked.status()
    assert picked.find("landmarks").topLevelItem(0).text(1).endswith("?")
    assert "chin" not in stage.view.proposed
    assert len(stage.view.proposed) == 55
    picked.click(picked.primary())
    assert len(stage.host.load_landmarks("|hero|face")) == 56
    assert stage.session.character.landmarks["chin"] == 5
    assert picked.primary().text() == "&Continue to Motion"


def test_proposals_can_be_dismissed(stage: Any, picked: Any):
    picked.click(picked.primary())
    finish_proposal(stage, picked)
    picked.click("secondary")
    assert stage.session.character.proposals == {}
    assert stage.session.character.landmarks == {}


def test_a_failed_proposal_is_the_sentence_of_the_service(stage: Any, picked: Any):
    picked.click(picked.primary())
    stage.backend.fail(
        stage.backend.jobs[0], NoFaceError("hero: no lids that move. Capture blinks, or pick the eyes.")
    )
    picked.settle()
    assert picked.status() == "hero: no lids that move. Capture blinks, or pick the eyes."
    assert picked.primary().text() == "Propo&se landmarks"


def test_proposing_is_cancelled_by_the_same_button(stage: Any, picked: Any):
    picked.click(picked.primary())
    picked.click(picked.primary())
    assert stage.backend.jobs[0].state == "cancelled"
    assert picked.primary().text() == "Propo&se landmarks"


def test_picks_are_saved_and_loaded_again(stage: Any, picked: Any, tmp_path: Path):
    stage.pick_all()
    page = stage.session.character
    kept = dict(page.landmarks)
    page.save(tmp_path / "hero.json")
    page.remove(LANDMARK_NAMES)
    page.load(tmp_path / "hero.json")
    picked.settle()
    assert page.landmarks == kept == stage.host.load_landmarks("|hero|face")
    assert "56 landmarks loaded from hero.json" in picked.status()


def test_picks_of_another_mesh_are_refused_in_the_panel(stage: Any, picked: Any, tmp_path: Path):
    stage.pick_all()
    stage.session.character.save(tmp_path / "hero.json")
    content = json.loads((tmp_path / "hero.json").read_text())
    (tmp_path / "hero.json").write_text(json.dumps({**content, "vertex_count": 9999}))
    stage.session.character.load(tmp_path / "hero.json")
    picked.settle()
    assert "was made for a mesh with 9999 vertices, but |hero|face has 1681" in picked.status()


def test_landmarks_come_back_with_the_scene_also_after_the_mesh_was_renamed(stage: Any, opened: Any):
    stage.choose_face()
    stage.pick_all()
    stage.session.keep()
    stage.host.rename("|hero|face", "|hero|head_geo")
    session = stage.reopen()
    user = opened(session, "character")
    assert session.character.face == "|hero|head_geo"
    assert len(session.character.landmarks) == 56
    assert user.primary().text() == "&Continue to Motion"


def test_a_mesh_that_was_cut_says_that_its_landmarks_no_longer_fit(stage: Any, opened: Any):
    from facepatch.core.data.mesh import Topology
    from tool_stage import face_points, grid_topology

    stage.choose_face()
    stage.pick_all()
    stage.session.keep()
    whole = grid_topology()
    cut = Topology(whole.vertex_count, whole.polygon_counts[:-1], whole.polygon_vertices[:-4])
    stage.host.replace_mesh("|hero|face", face_points(), cut)
    user = opened(stage.reopen(), "character")
    assert "Pick them again" in user.status()


def test_undo_in_the_scene_is_seen_in_the_tool(stage: Any, picked: Any):
    stage.session.character.place("chin", 5)
    stage.session.character.place("chin", 6)
    stage.host.undo()
    stage.session.undone()
    picked.settle()
    assert stage.session.character.landmarks == {"chin": 5}


def test_markers_are_hidden_with_their_box_and_when_the_tool_closes(stage: Any, picked: Any):
    stage.pick_all()
    assert len(stage.view.markers) == 56
    picked.click("markers")
    assert stage.view.markers == {}
    picked.click("markers")
    assert len(stage.view.markers) == 56
    picked.tool.closing()
    assert stage.view.markers == {}


def test_a_double_click_frames_the_landmark(stage: Any, picked: Any):
    stage.pick_all()
    picked.settle()
    picked.click_row("landmarks", 4, double=True)
    assert stage.view.framed == ("|hero|face", stage.session.character.landmarks["eye_l_inner"])


def test_a_vertex_of_another_mesh_is_refused(stage: Any, picked: Any):
    stage.session.character.place("chin", 100000)
    picked.settle()
    assert "Vertex 100000 lies outside" in picked.status()


def test_proposals_for_another_character_are_refused(stage: Any, picked: Any):
    picked.click(picked.primary())
    finish_proposal(stage, picked, extra=4)
    assert "was made for a mesh with 1685 vertices" in picked.status()
    assert stage.session.character.proposals == {}


def test_what_was_asked_for_another_scene_is_not_offered_to_this_one(stage: Any, picked: Any):
    picked.click(picked.primary())
    stage.session.leave()
    stage.store.values = {}
    stage.session.open()
    finish_proposal(stage, picked)
    assert stage.session.character.proposals == {}
