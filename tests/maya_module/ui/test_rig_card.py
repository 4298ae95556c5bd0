from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from facepatch.core.errors import SolveError
from facepatch.core.host import LeftAlone


@pytest.fixture
def user(stage: Any, opened: Any) -> Any:
    """A captured character and a retargeted take."""
    from tool_stage import write_take

    stage.choose_face()
    stage.capture()
    stage.session.shot.set(trained=str(stage.trained()), take=str(stage.film("shot010.mp4")))
    stage.session.shot.clip = write_take(stage.folder / "shots" / "shot010")
    stage.session.shot.changed()
    user = opened(stage.session, "shot")
    user.table = user.find("rig_controls")
    user.said = lambda: user.find("rig_status").text()
    return user


def solve(stage: Any, user: Any) -> Any:
    user.click("solve_rig")
    job = stage.session.rig.job
    stage.backend.finish(job, out=job.out)
    user.settle()
    return job


def tick(user: Any, row: int, column: int) -> None:
    """Click the box of a cell."""
    table = user.table
    index = table.model().index(row, column)
    option = user.widgets.QStyleOptionViewItem()
    option.initFrom(table)
    option.rect = table.visualRect(index)
    option.features = user.widgets.QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
    element = user.widgets.QStyle.SubElement.SE_ItemViewItemCheckIndicator
    user._mouse(table.viewport(), table.style().subElementRect(element, option, table).center())
    user.settle()


def test_before_a_capture_the_card_says_what_comes_first(stage: Any, opened: Any):
    user = opened(stage.session, "shot")
    assert "Capture the character first" in user.find("rig_status").text()
    assert not user.find("solve_rig").isEnabled()


def test_reading_the_rig_fills_the_table_and_says_what_is_left_out(stage: Any, user: Any):
    user.click("read_rig")
    assert user.table.topLevelItemCount() == 10
    assert user.table.topLevelItem(0).text(0) == "jaw_ctrl.translateY"
    assert "is locked" in user.table.topLevelItem(8).toolTip(0)
    assert "8 controls may be used. Each drives blendShapes." in user.said()


def test_without_a_selection_there_is_a_sentence(stage: Any, user: Any):
    stage.view.nodes = ()
    user.click("use_selected_controls")
    assert "Nothing is selected. Select the controls of the rig" in user.said()


def test_selected_controls_are_sampled(stage: Any, user: Any):
    stage.view.nodes = ("|hero|jaw_ctrl",)
    user.click("use_selected_controls")
    assert "The rig was sampled" in user.said()


def test_use_hold_and_cost_reach_the_solve(stage: Any, user: Any):
    user.click("read_rig")
    tick(user, 1, 2)
    tick(user, 5, 1)
    user.table.topLevelItem(2).setText(3, "3")
    user.settle()
    job = solve(stage, user)
    options = stage.steps.solve_options
    assert options["hold"] == {"jaw_ctrl.rotateX": None}
    assert options["unused"] == ["brow_ctrl_R.translateY"]
    assert options["cost"] == {"smile_ctrl_L.translateY": 3.0}
    assert Path(job.out) == stage.folder / "shots" / "shot010" / "controls"


def test_the_residual_is_said_and_the_worst_frames_lead_there(stage: Any, user: Any):
    user.click("read_rig")
    solve(stage, user)
    assert "0.21 mm mean distance" in user.said()
    links = [
        b
        for b in user.find("rig_status").parent().findChildren(user.widgets.QPushButton)
        if b.text() == "1043"
    ]
    user.click(links[0])
    assert stage.host.scene().current_frame == 1043.0


def test_baking_uses_the_choices_above_and_lists_what_was_left_alone(stage: Any, user: Any):
    user.click("read_rig")
    user.type("start_frame", "101")
    user.type("layer", "takes")
    tick(user, 0, 2)
    solve(stage, user)
    stage.steps.left_alone = (LeftAlone("jaw_ctrl.translateY", "jaw_ctrl.translateY was held."),)
    user.click("bake_rig")
    options = stage.steps.baked[-1]
    assert (options["start_frame"], options["layer"], options["keep"]) == (
        101.0,
        "takes",
        ["jaw_ctrl.translateY"],
    )
    assert "322 keys on 7 attributes" in user.said()
    assert user.find("left_alone").topLevelItem(0).text(0).startswith("jaw_ctrl.translateY: ")


def test_a_sampled_rig_is_refined_before_it_is_said_to_be_solved(stage: Any, user: Any):
    stage.view.nodes = ("|hero|jaw_ctrl",)
    user.click("use_selected_controls")
    solve(stage, user)
    assert stage.steps.refined
    assert user.find("bake_rig").isEnabled()


def test_a_failed_solve_is_the_sentence_of_the_service(stage: Any, user: Any):
    user.click("read_rig")
    user.click("solve_rig")
    stage.backend.fail(stage.session.rig.job, SolveError("The rig does not respond."))
    user.settle()
    assert user.said() == "The rig does not respond."
    assert not user.find("bake_rig").isEnabled()


def test_a_solve_can_be_cancelled(stage: Any, user: Any):
    user.click("read_rig")
    user.click("solve_rig")
    assert user.find("solve_rig").text() == "Cancel"
    user.click("solve_rig")
    assert "The solve was stopped" in user.said()


def test_nothing_to_solve_for_is_refused(stage: Any, user: Any):
    user.click("read_rig")
    for name in stage.session.rig.controls:
        stage.session.rig.use(name, False)
    user.click("solve_rig")
    assert "No control is left to solve for" in user.said()


def test_the_choices_are_kept_with_the_scene(stage: Any, user: Any, opened: Any):
    user.click("read_rig")
    tick(user, 1, 2)
    stage.session.rig.take("mouth", 0.5)
    stage.session.keep()
    again = stage.reopen()
    assert again.rig.held == {"jaw_ctrl.rotateX"}
    assert again.rig.blend == {"mouth": 0.5}
    assert again.rig.controls[0] == "jaw_ctrl.translateY"


def test_another_take_forgets_what_was_solved(stage: Any, user: Any):
    from tool_stage import write_take

    user.click("read_rig")
    solve(stage, user)
    stage.session.shot.clip = write_take(stage.folder / "shots" / "shot020")
    stage.session.shot.set(tolerance=0.01)
    user.settle()
    assert not user.find("bake_rig").isEnabled()
    assert "shot020" in user.said()


def test_while_the_rig_is_asked_nothing_else_is_done_to_the_scene(stage: Any, user: Any):
    session, seen, written_then = stage.session, [], []
    ask = stage.steps.read_rig

    def read_rig(*words: Any, on_progress: Any, **options: Any) -> Any:
        def look(progress: Any) -> None:
            on_progress(progress)
            user.settle()
            session.keep()
            written_then.append(stage.store.writes)
            seen.append((session.busy, user.find("start_frame").isEnabled(), user.find("primary").text()))

        return ask(*words, on_progress=look, **options)

    stage.steps.read_rig = read_rig
    # A take is done in the meantime: its bake has to wait.
    session.shot.run()
    job = session.shot.job
    stage.view.nodes = ("|hero|jaw_ctrl",)
    written = stage.store.writes
    from tool_stage import write_take

    write_take(Path(job.out))
    stage.backend.finish(job, out=job.out)
    user.click("use_selected_controls")
    assert seen
    assert set(seen[:-1]) == {(True, False, "&Cancel")}
    assert written_then == [written] * len(seen)
    assert not session.busy
    user.settle()
    assert user.find("start_frame").isEnabled()


def test_escape_stops_the_sampling_and_the_scene_is_left_alone(stage: Any, user: Any):
    ask = stage.steps.read_rig

    def read_rig(*words: Any, on_progress: Any, **options: Any) -> Any:
        user.key(user.tool.panels["shot"], user.core.Qt.Key.Key_Escape)
        return ask(*words, on_progress=on_progress, **options)

    stage.steps.read_rig = read_rig
    stage.view.nodes = ("|hero|jaw_ctrl",)
    user.click("use_selected_controls")
    assert "Reading the rig was stopped. Nothing was changed." in user.said()
    assert stage.session.rig.rig is None
    assert not stage.session.busy


def test_another_start_than_that_of_the_solve_is_said(stage: Any, user: Any):
    user.click("read_rig")
    tick(user, 0, 2)
    solve(stage, user)
    user.click("bake_rig")
    assert "solve again" not in user.said()
    user.type("start_frame", "101")
    # What the solve held is not written, whatever is ticked now.
    tick(user, 0, 2)
    user.click("bake_rig")
    assert "They were solved to start at 1: solve again" in user.said()
    assert stage.steps.baked[-1]["keep"] == ["jaw_ctrl.translateY"]


def test_a_face_that_the_live_preview_moves_is_not_asked(stage: Any, user: Any):
    user.click("read_rig")
    stage.session.shot.start_live()
    for name in ("read_rig", "solve_rig"):
        user.click(name)
        assert "The live preview moves the face now. Stop it first" in user.said()
    assert stage.session.rig.job is None
    stage.session.shot.stop_live()
    solve(stage, user)
    assert user.find("bake_rig").isEnabled()


def test_a_live_preview_ends_before_the_rig_is_asked_after_a_solve(stage: Any, user: Any):
    stage.view.nodes = ("|hero|jaw_ctrl",)
    user.click("use_selected_controls")
    user.click("solve_rig")
    job = stage.session.rig.job
    stage.session.shot.start_live()
    stage.backend.finish(job, out=job.out)
    user.settle()
    assert stage.steps.refined
    assert stage.session.shot.live is None


def test_a_cost_is_a_number_above_zero(stage: Any, user: Any):
    user.click("read_rig")
    delegate = user.table.itemDelegateForColumn(3)
    option = user.widgets.QStyleOptionViewItem()
    box = delegate.createEditor(user.table.viewport(), option, user.table.model().index(2, 3))
    box.setValue(0.0)
    assert box.value() == 0.01
    assert delegate.createEditor(user.table.viewport(), option, user.table.model().index(2, 0)) is None
    # The grey rows have no cost.
    assert delegate.createEditor(user.table.viewport(), option, user.table.model().index(9, 3)) is None
