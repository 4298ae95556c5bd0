from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.progress import Progress


@pytest.fixture
def user(stage: Any, opened: Any) -> Any:
    stage.choose_face()
    stage.pick_all()
    return opened(stage.session, "motion")


def test_without_a_character_nothing_can_be_captured(stage: Any, opened: Any):
    user = opened(stage.session, "motion")
    assert "Choose the meshes in the Character panel first" in user.status()
    assert not user.primary().isEnabled()


def test_the_range_is_that_of_the_time_slider_until_another_is_typed(stage: Any, user: Any):
    assert (user.find("start").value(), user.find("end").value()) == (1, 240)
    user.type("end", "60")
    user.type("step", "2")
    assert stage.session.motion.frames[-1] == 59.0
    assert user.primary().text() == "&Capture 30 frames"
    user.click("time_slider")
    assert stage.session.motion.end == 240


def test_a_range_that_ends_before_it_starts_is_said_and_not_captured(user: Any):
    user.type("end", "-5")
    assert "ends at -5, before it starts at 1" in user.status()
    assert not user.primary().isEnabled()


def test_a_capture_tells_what_the_motion_covers(stage: Any, user: Any):
    user.click(user.primary())
    assert "240 frames of 1 mesh captured. The motion covers what is learned." in user.status()
    assert {one.verdict for one in user.find("range_bars").ranges} == {"good"}
    assert user.find("moving").topLevelItem(0).text(1).startswith("moves ")
    motion = np.load(stage.session.motion.folder / "motion.npy")
    assert motion.shape == (240, 1681, 3)
    assert user.primary().text() == "&Continue to Train"


def test_a_motion_without_blinks_is_told_before_training(tmp_path: Path, opened: Any):
    from tool_stage import Stage

    stage = Stage(tmp_path, blinks=False)
    stage.choose_face()
    stage.pick_all()
    user = opened(stage.session, "motion")
    user.click(user.primary())
    assert "Left eye shuts: never" in user.status()
    assert "Add a motion with blinks" in user.status()
    verdicts = {one.name: one.verdict for one in user.find("range_bars").ranges}
    assert verdicts["eye_l"] == verdicts["eye_r"] == "none"
    assert verdicts["mouth_open"] == "good"


def test_without_landmarks_the_capture_is_kept_and_the_panel_says_what_is_missing(stage: Any, opened: Any):
    stage.choose_face()
    user = opened(stage.session, "motion")
    user.click(user.primary())
    assert stage.session.motion.capture is not None
    assert "corners of both eyes are not picked" in user.status()


def test_few_frames_are_said_to_be_few(user: Any):
    user.type("end", "40")
    user.click(user.primary())
    assert "40 frames" in user.status()
    assert "That is few" in user.status()


def test_an_unticked_mesh_stays_out(stage: Any, opened: Any):
    stage.view.meshes = ("|hero|face", "|hero|hair")
    stage.session.character.add_selected()
    user = opened(stage.session, "motion")
    user.click_row("moving", 1, check=True)
    user.click(user.primary())
    assert [mesh.name for mesh in stage.session.motion.capture.meshes] == ["|hero|face"]


def test_the_mesh_with_the_landmarks_cannot_stay_out(stage: Any, opened: Any):
    stage.view.meshes = ("|hero|face", "|hero|hair")
    stage.session.character.add_selected()
    user = opened(stage.session, "motion")
    user.click_row("moving", 0, check=True)
    user.click(user.primary())
    assert "carries the landmarks and must be captured" in user.status()


def test_a_capture_is_stopped_by_the_same_button_and_leaves_nothing(stage: Any, user: Any):
    motion = stage.session.motion
    breathe = motion.breathe

    def press_cancel() -> None:
        breathe()
        if motion.status.done > 10 and not motion._cancelled:
            assert user.primary().text() == "&Cancel"
            user.click(user.primary())

    motion.breathe = press_cancel
    user.click(user.primary())
    assert motion.capture is None
    assert "Capture was stopped" in user.status()
    assert not list(motion.folder.glob("*"))


def test_while_it_captures_the_bar_moves_and_the_choices_rest(stage: Any, user: Any):
    seen: list[tuple[int, int, bool]] = []
    panel = user.tool.panels["motion"]
    breathe = stage.session.motion.breathe

    def look() -> None:
        breathe()
        seen.append((panel.progress.value(), panel.progress.maximum(), user.find("start").isEnabled()))

    stage.session.motion.breathe = look
    user.click(user.primary())
    assert seen
    assert {total for _, total, _ in seen} == {240}
    assert not any(enabled for _, _, enabled in seen)
    assert panel.progress.isHidden()


def test_the_head_is_the_selected_node_or_a_sentence(stage: Any, user: Any):
    user.click("use_head")
    assert "No node is selected" in user.status()
    stage.view.nodes = ("|hero|head",)
    user.click("use_head")
    assert user.find("head").text() == "|hero|head"
    user.click(user.primary())
    assert stage.session.motion.capture.head == "|hero|head"


def test_a_head_that_is_not_there_is_refused_by_name(user: Any):
    user.type("head", "skull_jnt")
    user.click(user.primary())
    assert "skull_jnt" in user.status()
    assert user.find("status").property("tone") == "bad"


def test_the_neutral_frame_is_typed_or_that_at_which_the_scene_stands(stage: Any, user: Any):
    user.type("neutral", "12")
    assert stage.session.motion.neutral == 12
    user.click("use_current")
    assert stage.session.motion.neutral == 1
    user.type("neutral", "")
    assert stage.session.motion.neutral is None


def test_the_face_cannot_look_along_the_axis_that_is_up(user: Any):
    facing = user.find("facing")
    assert [facing.itemText(i) for i in range(facing.count())] == ["+ Z", "- Z", "+ X", "- X"]


def test_a_capture_of_an_earlier_session_is_found_again(stage: Any, user: Any, opened: Any):
    user.click(user.primary())
    stage.session.keep()
    again = opened(stage.reopen(), "motion")
    assert "240 frames of 1 mesh captured" in again.status()
    assert len(again.find("range_bars").ranges) == 6


def test_another_folder_is_typed_and_kept(stage: Any, user: Any, tmp_path: Path):
    user.type("folder", str(tmp_path / "elsewhere"))
    assert stage.session.motion.folder == tmp_path / "elsewhere" / "capture"
    assert stage.store.values["folder"] == str(tmp_path / "elsewhere")


def test_a_fault_of_the_host_is_a_sentence_too(stage: Any, user: Any, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("(kInvalidParameter): Object does not exist\n")

    monkeypatch.setattr(stage.host, "read_motion", broken)
    user.click(user.primary())
    assert user.status().startswith("Capture failed: (kInvalidParameter): Object does not exist.")


def test_progress_without_a_total_is_shown_as_busy(stage: Any, user: Any):
    stage.session.motion._on_progress(Progress("capture", 3, 0))
    assert user.tool.panels["motion"].progress.maximum() == 0


def test_while_it_captures_nothing_else_can_be_done_to_the_scene(stage: Any, user: Any):
    from tool_stage import write_take

    stage.session.shot.set(trained=str(stage.trained()), take=str(stage.film()))
    stage.session.shot.run()
    job = stage.session.shot.job
    write_take(Path(job.out))
    user.panel("shot")
    user.panel("motion")
    breathe = stage.session.motion.breathe
    seen: list[tuple[bool, int]] = []

    def finish_meanwhile() -> None:
        if not job.ended:
            stage.backend.finish(job, out=job.out)
        stage.session.poll()
        breathe()
        seen.append((user.tool.panels["shot"].isEnabled(), len(stage.steps.baked)))

    stage.session.motion.breathe = finish_meanwhile
    user.click(user.primary())
    assert set(seen) == {(False, 0)}
    user.settle()
    assert len(stage.steps.baked) == 1
    assert user.tool.panels["shot"].isEnabled()
