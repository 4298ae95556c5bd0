from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from facepatch.core.errors import CheckpointError


@pytest.fixture
def user(stage: Any, opened: Any) -> Any:
    """Two jobs: one runs, one has failed."""
    stage.failed = stage.backend.submit("train", {"out": "/work/anna"}, label="hero: anna")
    stage.backend.fail(
        stage.failed, CheckpointError("/work/anna: was made with other settings. Choose another folder.")
    )
    stage.running = stage.backend.submit("retarget", {"out": "/work/shot010"}, label="shot010_anna")
    stage.backend.report(stage.running, stage="landmarks", done=25, total=100, unit="frames", left_s=300.0)
    return opened(stage.session, "jobs")


def test_the_newest_job_comes_first_with_share_and_time(user: Any):
    tree = user.find("jobs")
    assert [tree.topLevelItem(0).text(i) for i in range(3)] == ["Retarget", "shot010_anna", "25 %, 5 min"]
    assert [tree.topLevelItem(1).text(i) for i in range(3)] == ["Training", "hero: anna", "failed"]
    assert "One job runs" in user.status()


def test_a_failed_job_says_why_when_it_is_marked(stage: Any, user: Any):
    user.click_row("jobs", 1)
    assert user.status() == "/work/anna: was made with other settings. Choose another folder."
    assert user.primary().text() == "&Remove"
    user.click(user.primary())
    assert [job.label for job in stage.backend.jobs] == ["shot010_anna"]


def test_a_running_job_is_followed_and_stopped(stage: Any, user: Any):
    user.click_row("jobs", 0)
    assert stage.backend.watched == [stage.running.job]
    assert "Following the performer's face, 25 of 100 frames" in user.tool.panels["jobs"].text.text()
    user.click(user.primary())
    assert stage.running.state == "cancelled"
    assert "goes on at its checkpoint" in user.tool.panels["jobs"].text.text()


def test_progress_is_drawn_as_it_comes(stage: Any, user: Any):
    stage.backend.report(stage.running, done=75, left_s=60.0)
    user.settle()
    assert user.find("jobs").topLevelItem(0).text(2) == "75 %, 60 s"


def test_without_a_service_the_panel_starts_one(tmp_path: Path, opened: Any):
    from tool_stage import Stage

    stage = Stage(tmp_path, state="away")
    user = opened(stage.session, "jobs")
    assert user.status() == "No service runs here."
    user.click(user.primary())
    assert stage.backend.state == "here"
    assert "nothing to do" in user.status()


def test_a_lost_service_is_seen_in_every_panel(stage: Any, user: Any):
    stage.backend.lose()
    user.settle()
    user.panel("character")
    assert "It is looked for" in user.find("service").text()


def test_delete_removes_only_what_has_ended(stage: Any, user: Any):
    user.click_row("jobs", 0)
    user.find("jobs").setFocus()
    user.key("jobs", user.core.Qt.Key.Key_Delete)
    assert len(stage.backend.jobs) == 2
