"""service.task and service.worker: what a worker tells, how often, and how it stops."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import JobCancelledError
from facepatch.core.progress import Progress
from facepatch.core.protocol import Message
from facepatch.service.pictures import MAX_PIXELS, read_picture
from facepatch.service.task import AHEAD, Task
from facepatch.service.verbs import Verb
from facepatch.service.worker import Ear, do
from facepatch.training.pictures import write_picture


class Watched:
    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[Message] = []
        self.task = Task("a" * 32, {}, tell=self.told.append, clock=lambda: self.now)

    def kinds(self) -> list[str]:
        return [message.body["kind"] for message in self.told]


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_progress_comes_ten_times_a_second_with_its_rate_first_and_last_always(watched: Watched) -> None:
    for done in range(1001):
        watched.now = done / 1000
        watched.task.on_progress(
            Progress("train", done, 1000, "iterations", values={"loss": 1.0, "bad": np.nan})
        )
    reports = [message.body for message in watched.told]
    assert 10 <= len(reports) <= 12
    assert (reports[0]["done"], reports[-1]["done"]) == (0, 1000)
    assert reports[5]["rate"] == pytest.approx(1000)
    assert reports[5]["left_s"] == pytest.approx((1000 - reports[5]["done"]) / 1000)
    assert reports[5]["values"] == {"loss": 1.0}


def test_the_last_of_a_stage_whose_length_is_not_known_comes_before_the_next(watched: Watched) -> None:
    for done in range(5):
        watched.task.on_progress(Progress("scan", done, 0))
    watched.task.on_progress(Progress("train", 0, 9))
    watched.task.on_progress(Progress("train", 1, 9))
    watched.task.flush()
    assert [(m.body["stage"], m.body["done"]) for m in watched.told] == [
        ("scan", 0), ("scan", 4), ("train", 0), ("train", 1),
    ]  # fmt: skip


def test_the_rate_does_not_count_what_an_earlier_attempt_did(watched: Watched) -> None:
    watched.task.on_progress(Progress("train", 900, 1000))
    watched.now = 1.0
    watched.task.on_progress(Progress("train", 910, 1000))
    assert watched.told[-1].body["rate"] == pytest.approx(10)


def test_previews_come_every_two_seconds_and_the_last_one_at_the_end(
    watched: Watched, tmp_path: Path
) -> None:
    for done in range(50):
        watched.now = done / 10
        path = tmp_path / f"{done}.png"
        write_picture(path, np.full((4, 4, 3), done, np.uint8))
        watched.task.on_progress(Progress("train", done, 100, picture=str(path)))
    assert watched.kinds().count("preview") == 3
    watched.task.flush()
    last = watched.told[-1]
    assert (last.body["kind"], last.body["iteration"]) == ("preview", 49)
    assert last.arrays["picture"][0, 0, 0] == 49


def test_a_preview_that_cannot_be_read_costs_a_line(watched: Watched, tmp_path: Path, caplog: Any) -> None:
    (tmp_path / "a.png").write_text("no picture")
    watched.task.on_progress(Progress("train", 1, 9, picture=str(tmp_path / "a.png")))
    watched.task.on_progress(Progress("train", 2, 9, picture=str(tmp_path / "none.png")))
    watched.task.flush()
    assert "preview" not in watched.kinds()
    assert "is no picture" in caplog.text


def test_a_huge_preview_is_made_smaller(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", np.zeros((2000, 3000, 3), np.uint8))
    found = read_picture(tmp_path / "a.png")
    assert found is not None
    assert 0.9 * MAX_PIXELS < found.shape[0] * found.shape[1] < 1.1 * MAX_PIXELS
    assert found.shape[1] / found.shape[0] == pytest.approx(1.5, rel=0.01)


def test_a_job_that_is_told_to_stop_stops_at_its_next_report(watched: Watched) -> None:
    watched.task.on_progress(Progress("train", 0, 9))
    watched.task.stop()
    with pytest.raises(JobCancelledError):
        watched.task.on_progress(Progress("train", 1, 9))


def test_a_stream_that_drops_nothing_stays_so_far_ahead_and_no_further(watched: Watched) -> None:
    task = watched.task
    task.emit("stream", {"policy": "all"})

    def pour() -> None:
        with pytest.raises(JobCancelledError):
            for number in range(1000):
                task.emit("frame", {"frame_seq": number}, {"weights": np.zeros(3, np.float32)})

    def frames() -> int:
        return watched.kinds().count("frame")

    thread = threading.Thread(target=pour)
    pause = threading.Event()
    thread.start()
    for acknowledged in (0, 10, 100):
        task.acknowledged(acknowledged)
        for _ in range(2000):
            if frames() == acknowledged + AHEAD:
                break
            pause.wait(0.01)
        assert frames() == acknowledged + AHEAD
    task.stop()
    thread.join(30)
    assert not thread.is_alive()
    assert frames() == 100 + AHEAD


def test_a_stream_where_the_newest_counts_never_waits(watched: Watched) -> None:
    watched.task.emit("stream", {"policy": "newest"})
    for number in range(1000):
        watched.task.emit("frame", {"frame_seq": number})
    assert watched.kinds().count("frame") == 1000


def test_commands_come_as_lines_and_the_end_of_them_is_the_end() -> None:
    lines = [
        {"command": "cancel", "job": "early"},
        {"command": "job", "job": "early", "verb": "run", "arguments": {}},
        {"command": "acknowledge", "job": "of another", "frames": 3},
    ]
    ended = threading.Event()
    ear = Ear(io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines)), ended.set)
    ear.run()
    assert ended.is_set()
    assert ear.jobs.get()["job"] == "early"
    task = Task("early", {}, tell=lambda message: None)
    ear.set_task(task)
    assert task.stopped.is_set()
    other = Task("other", {}, tell=lambda message: None)
    ear.set_task(other)
    assert not other.stopped.is_set()


def test_a_job_that_was_cancelled_before_it_began_does_nothing(watched: Watched) -> None:
    watched.task.stop()
    end = do(watched.task, Verb("no.such:thing"))
    assert end.body["code"] == "cancelled"


@pytest.mark.parametrize(
    ("verb", "arguments", "code", "sentence"),
    [
        ("full", {"out": "/OUT"}, "storage", "the disk is full"),
        ("wrong", {}, "input", "take: cannot be used"),
        ("wrong", {"bug": True}, "facepatch", "ZeroDivisionError"),
        ("nothing", {}, "config", "cannot be imported"),
    ],
)
def test_every_failure_is_a_code_and_a_sentence(
    watched: Watched, verb: str, arguments: dict[str, Any], code: str, sentence: str
) -> None:
    watched.task.arguments.update(arguments)
    end = do(watched.task, Verb(f"quick_verbs:{verb}"))
    assert (end.type, end.body["code"]) == ("error", code)
    assert sentence in end.body["message"]
