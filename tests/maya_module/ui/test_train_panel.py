from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import UnavailableError, WorkerDiedError


@pytest.fixture
def user(stage: Any, opened: Any) -> Any:
    """A captured character and one film."""
    stage.choose_face()
    stage.pick_all()
    stage.capture()
    stage.session.train.add([stage.film("anna.mp4")])
    return opened(stage.session, "train")


def learn(
    stage: Any, points: int = 60, *, stage_name: str = "reenactment", at: int = 600, level: float = 1.0
) -> Any:
    job = stage.session.train.job
    job.curves[stage_name, "loss"] = [(10.0 * i, level * (1 + 9 / (i + 1))) for i in range(points)]
    stage.backend.report(
        job,
        stage=stage_name,
        done=at,
        total=4000,
        unit="iterations",
        rate=20.0,
        left_s=170.0,
        values={"loss": level},
    )
    return job


def test_without_a_capture_the_panel_leads_back_to_it(stage: Any, opened: Any):
    stage.choose_face()
    stage.session.train.add([stage.film()])
    user = opened(stage.session, "train")
    assert "Capture the character's motion" in user.status()
    user.click(user.primary())
    assert user.tool.current == "motion"


def test_films_are_dropped_on_the_list(stage: Any, opened: Any):
    user = opened(stage.session, "train")
    user.drop("performers", stage.film("anna.mp4"), stage.film("bea.mov"))
    tree = user.find("performers")
    assert [tree.topLevelItem(i).text(0) for i in range(tree.topLevelItemCount())] == ["anna.mp4", "bea.mov"]
    assert stage.session.train.shown.take.name == "bea.mov"


def test_what_is_no_film_is_refused_with_what_would_be(stage: Any, opened: Any):
    user = opened(stage.session, "train")
    user.drop("performers", stage.film("notes.txt"))
    assert "notes.txt: is no film" in user.status()
    assert ".mp4" in user.status()


def test_training_hands_everything_to_the_service(stage: Any, user: Any):
    stage.session.character.tick("brow_l", True)
    user.click("preset_full")
    user.click(user.primary())
    verb, job = stage.backend.submitted[-1]
    assert verb == "train"
    assert job["preset"] == "full"
    assert job["take"].endswith("anna.mp4")
    regions = [region["name"] for region in job["settings"]["patches"]["regions"]]
    assert regions == ["eye_l", "eye_r", "mouth", "brow_l"]
    assert len(json.loads(Path(job["picks"]).read_text())["landmarks"]) == 56


def test_while_it_learns_losses_pictures_time_and_quality_are_shown(stage: Any, user: Any):
    user.click(user.primary())
    job = learn(stage)
    for iteration in (100, 200):
        picture = np.full((40, 120, 3), iteration % 255, np.uint8)
        stage.backend.report(job, picture=picture, picture_stage="reenactment", picture_iteration=iteration)
        user.settle()
    panel = user.tool.panels["train"]
    assert user.find("curve_plot").names == ("loss",)
    assert user.find("picture_strip").count == 2
    assert panel.left.text() == "about 3 min left"
    assert "600 of 4 000 iterations" in panel.stage.text()
    assert "still falls" in panel.tiles[0][2].text()
    assert user.status() == "Learning to see the performer as the character."
    assert panel.progress.value() == 600
    assert not user.find("preset_full").isEnabled()


def judge(stage: Any, qualities: Any, *, stage_name: str = "reenactment", message: str = "") -> Any:
    """Checks every 100 iterations, and the newest report after them."""
    job = learn(stage, stage_name=stage_name)
    parts = {"mouth opening": 0.97, "left eye": 0.88, "swap": 0.5}
    for name, values in {"quality": qualities, **{f"quality: {p}": [v] for p, v in parts.items()}}.items():
        job.curves[stage_name, name] = [(100.0 * (i + 1), value) for i, value in enumerate(values)]
    values = {"quality": qualities[-1], "loss": 1.0, **{f"quality: {p}": v for p, v in parts.items()}}
    stage.backend.report(
        job, stage=stage_name, done=100 * len(qualities), total=4000, unit="iterations", values=values,
        message=message,
    )  # fmt: skip
    return job


def test_the_quality_so_far_is_shown_with_its_curve_and_parts(stage: Any, user: Any):
    user.click(user.primary())
    judge(stage, [0.2, 0.6, 0.93])
    user.settle()
    panel = user.tool.panels["train"]
    title, value, said = panel.tiles[0]
    assert (title.text(), value.text()) == ("Quality so far", "0.93")
    wanted = "How far the character follows the performer, 1 at best: mouth opening 0.97, left eye 0.88."
    assert said.text() == wanted
    assert panel.quality_plot.isVisible()
    assert panel.quality_plot.names == ("quality",)
    assert user.find("curve_plot").names == ("loss",)  # the quality has a scale of its own
    assert panel.tiles[1][0].text() == "Picture error"
    assert "still falls" not in panel.tiles[1][2].text()  # one verdict, not two
    assert not panel.verdict.isVisible()


def test_when_more_training_no_longer_helps_the_panel_says_so(stage: Any, user: Any):
    user.click(user.primary())
    job = judge(stage, [0.9] * 6, message="More training no longer helps.")
    user.settle()
    panel = user.tool.panels["train"]
    assert panel.verdict.isVisible()
    assert panel.verdict.text() == "More training no longer helps."
    stage.backend.report(job, stage="export", done=0, total=1, values={}, message="")
    user.settle()
    assert not panel.verdict.isVisible()
    assert panel.tiles[0][1].text() == "0.90"  # what it came to stays


def test_the_quality_of_the_first_networks_gives_way_to_that_of_the_second(stage: Any, user: Any):
    user.click(user.primary())
    judge(stage, [0.5, 0.8], stage_name="weights")
    user.settle()
    panel = user.tool.panels["train"]
    assert panel.tiles[0][1].text() == "0.80"
    assert "renders of the character" in panel.tiles[0][2].text()
    assert panel.tiles[1][0].text() == "Weight error"
    judge(stage, [0.3])
    user.settle()
    assert panel.tiles[0][1].text() == "0.30"
    assert "follows the performer" in panel.tiles[0][2].text()
    assert panel.tiles[1][0].text() == "Picture error"


def test_a_training_that_nothing_judges_shows_its_errors(stage: Any, user: Any):
    user.click(user.primary())
    learn(stage)
    user.settle()
    panel = user.tool.panels["train"]
    assert not panel.quality_plot.isVisible()
    assert panel.tiles[0][0].text() == "Picture error"


def test_pausing_stops_the_job_and_resuming_gives_the_same_one_again(stage: Any, user: Any):
    user.click(user.primary())
    learn(stage)
    user.settle()
    assert user.primary().text() == "&Pause"
    user.click(user.primary())
    assert stage.backend.jobs[0].state == "cancelled"
    assert user.primary().text() == "&Resume"
    assert "Paused at 600 of 4000 iterations" in user.status()
    user.click(user.primary())
    first, second = (arguments for _, arguments in stage.backend.submitted)
    assert first == second


def test_a_failed_training_says_why_and_offers_to_train_again(stage: Any, user: Any):
    user.click(user.primary())
    job = learn(stage)
    stage.backend.fail(
        job, WorkerDiedError("The worker died three times (signal 9). Choose a smaller preset.")
    )
    user.settle()
    assert user.status() == "The worker died three times (signal 9). Choose a smaller preset."
    assert user.find("performers").topLevelItem(0).text(1) == "failed"
    assert user.primary().text() == "&Train again"
    assert user.primary().isEnabled()


def test_a_finished_training_leads_to_the_shot(stage: Any, user: Any):
    user.click(user.primary())
    (stage.session.train.shown.out / "models").mkdir(parents=True)
    stage.backend.finish(stage.session.train.job, out=str(stage.session.train.shown.out))
    user.settle()
    assert "anna is trained" in user.status()
    user.click(user.primary())
    assert user.tool.current == "shot"
    assert user.find("trained").currentText() == "anna"


def test_without_a_service_one_is_started_by_the_training(tmp_path: Path, opened: Any):
    from tool_stage import Stage

    stage = Stage(tmp_path, state="away")
    stage.choose_face()
    stage.capture()
    stage.session.train.add([stage.film()])
    user = opened(stage.session, "train")
    user.click(user.primary())
    assert stage.backend.state == "here"
    assert len(stage.backend.submitted) == 1
    assert stage.backend.roots == (stage.session.folder, stage.folder)


def test_a_service_that_cannot_be_started_is_a_sentence_in_this_panel(tmp_path: Path, opened: Any):
    from tool_stage import Stage

    stage = Stage(tmp_path, state="away")
    stage.choose_face()
    stage.capture()
    stage.session.train.add([stage.film()])
    user = opened(stage.session, "train")
    stage.backend.refusal = UnavailableError(
        "The command facepatch is not known to Maya. Run `facepatch maya install`."
    )
    user.click(user.primary())
    assert "Run `facepatch maya install`" in user.status()
    assert user.primary().isEnabled()


def test_a_training_that_went_on_while_maya_was_closed_is_found_again(stage: Any, user: Any, opened: Any):
    user.click(user.primary())
    learn(stage)
    stage.session.keep()
    again = opened(stage.reopen(), "train")
    assert stage.backend.watched == [stage.backend.jobs[0].job]
    assert again.primary().text() == "&Pause"
    assert again.find("curve_plot").names == ("loss",)


def test_each_performer_has_a_training_and_a_folder_of_its_own(stage: Any, user: Any, tmp_path: Path):
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other" / "anna.mp4"
    twin.write_bytes(b"film")
    user.drop("performers", twin)
    outs = [performer.out.name for performer in stage.session.train.performers]
    assert outs == ["anna", "anna_2"]
    user.click_row("performers", 0)
    assert stage.session.train.at == 0


def test_a_performer_in_training_is_not_taken_off_the_list(stage: Any, user: Any):
    user.click(user.primary())
    learn(stage)
    user.settle()
    user.click("remove_film")
    assert len(stage.session.train.performers) == 1
    assert "Pause the training before" in user.status()


def test_without_a_ticked_region_there_is_nothing_to_learn(stage: Any, user: Any):
    for region in ("eye_l", "eye_r", "mouth"):
        stage.session.character.tick(region, False)
    user.click(user.primary())
    assert "No region is ticked" in user.status()
    assert stage.backend.submitted == []


def test_a_film_that_is_gone_is_refused(stage: Any, opened: Any, tmp_path: Path):
    user = opened(stage.session, "train")
    user.drop("performers", tmp_path / "gone.mp4")
    assert "no such file" in user.status()
