from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from facepatch.core.errors import TopologyError, VideoError
from facepatch.core.host import LeftAlone


@pytest.fixture
def user(stage: Any, opened: Any) -> Any:
    """A captured character, trained networks and a take."""
    stage.choose_face()
    stage.capture()
    stage.session.shot.set(trained=str(stage.trained()))
    user = opened(stage.session, "shot")
    user.type("take", str(stage.film("shot010.mp4")))
    return user


def retarget(stage: Any, user: Any, **options: Any) -> None:
    from tool_stage import write_take

    user.click(user.primary())
    job = stage.session.shot.job
    write_take(Path(job.out), **options)
    stage.backend.finish(job, out=job.out)
    user.settle()


def test_without_trained_networks_the_panel_leads_back_to_training(stage: Any, opened: Any):
    user = opened(stage.session, "shot")
    assert "Train a performer first" in user.status()
    user.click(user.primary())
    assert user.tool.current == "train"


def test_one_button_retargets_builds_and_bakes(stage: Any, user: Any):
    user.type("start_frame", "101")
    retarget(stage, user)
    assert stage.steps.baked[0]["start_frame"] == 101.0
    assert "288 keys on 6 attributes" in user.status()
    keys = stage.host.keys("facepatch.pc_000")
    assert (keys.frames[0], keys.frames[-1], len(keys.frames)) == (101.0, 148.0, 48)


def test_one_undo_takes_keys_and_blendshape_back(stage: Any, user: Any):
    before = stage.host.meshes()
    retarget(stage, user)
    assert len(stage.host.meshes()) == len(before) + 1
    stage.host.undo()
    assert stage.host.meshes() == before


def test_after_undo_the_next_bake_builds_again(stage: Any, user: Any):
    retarget(stage, user)
    stage.host.undo()
    user.click("secondary")
    assert "288 keys" in user.status()
    assert len(stage.host.meshes()) == 4


def test_the_choices_reach_the_keys(stage: Any, user: Any):
    user.type("layer", "takes")
    user.type("tolerance", "0.01")
    user.click("whole_frames")
    retarget(stage, user)
    options = stage.steps.baked[0]
    assert (options["layer"], options["tolerance"], options["whole_frames"]) == ("takes", 0.01, False)


def test_what_was_left_alone_is_listed_with_reasons(stage: Any, user: Any):
    stage.steps.left_alone = (LeftAlone("jaw.rotateX", "It is locked. Unlock it and bake again."),)
    retarget(stage, user)
    tree = user.find("left_alone")
    assert tree.isVisible()
    assert tree.topLevelItem(0).text(0) == "jaw.rotateX: It is locked. Unlock it and bake again."
    assert "1 left alone" in user.status()


def test_another_rate_than_the_scenes_is_told(stage: Any, user: Any):
    retarget(stage, user, rate=(30000, 1001))
    said = user.tool.panels["shot"].rates.text()
    assert "29.97 fps" in said
    assert "in a scene of 24 fps: resampled onto its whole frames" in said


def test_a_failed_take_is_the_sentence_of_the_service(stage: Any, user: Any):
    user.click(user.primary())
    stage.backend.fail(
        stage.session.shot.job, VideoError("shot010.mp4: cannot be decoded. Convert it to H.264.")
    )
    user.settle()
    assert user.status() == "shot010.mp4: cannot be decoded. Convert it to H.264."
    assert user.primary().text() == "Retarget and &bake"


def test_a_take_that_is_gone_is_refused_before_the_service_is_asked(stage: Any, user: Any):
    user.type("take", "/nowhere/shot.mp4")
    user.click(user.primary())
    assert "/nowhere/shot.mp4: no such file" in user.status()
    assert stage.backend.submitted == []


def test_a_mesh_that_was_changed_since_the_capture_is_refused_and_nothing_is_keyed(
    stage: Any, user: Any, monkeypatch: pytest.MonkeyPatch
):
    def changed(*_: object, **__: object) -> None:
        raise TopologyError("face: has 12 vertices, the capture has 1681. Capture it again.")

    monkeypatch.setattr(stage.steps, "build", changed)
    retarget(stage, user)
    assert user.status() == "face: has 12 vertices, the capture has 1681. Capture it again."
    assert stage.steps.baked == []


def test_retargeting_is_cancelled_by_the_same_button(stage: Any, user: Any):
    user.click(user.primary())
    user.click(user.primary())
    assert stage.backend.jobs[0].state == "cancelled"
    assert "was stopped" in user.status()


def test_live_follows_shows_its_age_and_ends_with_escape(stage: Any, user: Any):
    user.click("live")
    live = stage.steps.live_session
    assert user.find("live").isChecked()
    assert user.primary().text() == "&Stop live"
    live.show(12)
    user.settle()
    assert "Live: frame 12, 12 ms old" in user.status()
    user.key(user.tool.panels["shot"], user.core.Qt.Key.Key_Escape)
    assert not live.running
    assert not user.find("live").isChecked()


def test_what_is_recorded_becomes_keys_at_the_start_frame(stage: Any, user: Any):
    user.type("start_frame", "51")
    assert not user.find("record").isEnabled()
    user.click("live")
    user.click("record")
    live = stage.steps.live_session
    live.show(30)
    user.settle()
    assert live.started_at == 51.0
    assert user.find("record").text() == "Stop and &key"
    assert "30 frames recorded" in user.tool.panels["shot"].said.text()
    user.click("record")
    assert "180 keys on 6 attributes" in user.status()
    assert live.running


def test_stopping_live_while_it_records_keeps_the_recording(stage: Any, user: Any):
    user.click("live")
    user.click("record")
    stage.steps.live_session.show(10)
    user.click(user.primary())
    assert stage.session.shot.applied.keys == 60


def test_a_camera_that_fails_ends_the_live_preview_with_its_sentence(stage: Any, user: Any):
    user.click("live")
    stage.steps.live_session.end("camera:0: there is no camera. Plug one in, or give a film as source.")
    user.settle()
    assert "there is no camera" in user.status()
    assert not user.find("live").isChecked()


def test_the_head_control_is_the_selected_node(stage: Any, user: Any):
    stage.view.nodes = ("|hero|head",)
    user.click("use_shot_head")
    retarget(stage, user)
    assert stage.steps.baked[0]["head"] == "|hero|head"


def test_the_start_is_where_the_scene_stands(stage: Any, user: Any):
    user.type("start_frame", "77")
    user.click("start_here")
    assert stage.session.shot.start_frame == 1.0


def test_closing_the_tool_ends_the_live_preview(stage: Any, user: Any):
    user.click("live")
    user.tool.closing()
    assert not stage.steps.live_session.running


def test_the_choices_of_the_shot_come_back_with_the_scene(stage: Any, user: Any, opened: Any):
    user.type("layer", "takes")
    stage.session.keep()
    again = opened(stage.reopen(), "shot")
    assert again.find("layer").text() == "takes"
    assert again.find("take").text().endswith("shot010.mp4")


def test_the_gaze_goes_to_the_two_selected_controls(stage: Any, user: Any):
    stage.view.nodes = ("|hero|eye_l_ctrl",)
    user.click("use_shot_eyes")
    assert "1 of the two nodes that are needed are selected" in user.status()
    stage.view.nodes = ("|hero|eye_l_ctrl", "|hero|eye_r_ctrl")
    user.click("use_shot_eyes")
    assert user.find("shot_eyes").text() == "|hero|eye_l_ctrl, |hero|eye_r_ctrl"
    retarget(stage, user)
    baked = stage.steps.baked[0]
    assert baked["gaze"].eyes == ("|hero|eye_l_ctrl", "|hero|eye_r_ctrl")
    assert baked["character"] == stage.folder / "trained" / "anna"


def test_the_eyes_can_be_typed_and_taken_away_again(stage: Any, user: Any):
    user.type("shot_eyes", "eye_l, eye_r")
    assert stage.session.shot.eyes == ["eye_l", "eye_r"]
    user.type("shot_eyes", "")
    retarget(stage, user)
    assert stage.steps.baked[0]["gaze"] is None
