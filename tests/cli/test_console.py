"""cli.console: what a person or a program sees."""

from __future__ import annotations

import io
import json
import math
import sys
from typing import Any

import pytest
from rich.console import Console as RichConsole

from facepatch.cli.console import (
    BarConsole,
    Common,
    JsonConsole,
    LineConsole,
    Pace,
    clock_text,
    facts,
    open_console,
)
from facepatch.core.progress import Progress


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def work(done: int, total: int = 100, stage: str = "patches", **more: Any) -> Progress:
    return Progress(stage, done, total, **more)


def test_rate_and_time_left_follow_the_clock() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.update(work(0), 1.0)
    clock.now += 4
    pace.update(work(20), 1.0)
    assert pace.rate == pytest.approx(5.0)
    assert pace.left_s == pytest.approx(16.0)


def test_work_of_an_earlier_run_is_not_speed() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.update(work(80), 1.0)
    clock.now += 2
    pace.update(work(90), 1.0)
    assert pace.rate == pytest.approx(5.0)


def test_a_stage_that_begins_again_is_timed_again() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.update(work(90), 1.0)
    clock.now += 50
    assert pace.update(work(0), 1.0)
    clock.now += 1
    pace.update(work(10), 1.0)
    assert pace.rate == pytest.approx(10.0)


def test_an_unknown_total_has_a_rate_but_no_time_left() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.update(work(0, 0), 1.0)
    clock.now += 1
    pace.update(work(10, 0), 1.0)
    assert pace.rate == pytest.approx(10.0)
    assert math.isinf(pace.left_s)
    assert facts(work(10, 0), pace) == "10 frames, 10/s"


def test_facts_say_all_that_is_known() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.update(work(0), 1.0)
    clock.now += 10
    report = work(40, message="mouth", values={"loss": 0.01234567})
    pace.update(report, 1.0)
    assert facts(report, pace) == "40/100 frames, 4/s, 0:15 left, loss 0.01235, mouth"


JUDGED = {"quality": 0.931, "quality: mouth opening": 0.97, "quality: brow": 0.8, "loss": 0.0123, "rate": 2.0}


def test_of_a_training_the_quality_so_far_comes_first_with_its_parts() -> None:
    pace = Pace(Clock())
    report = work(0, values=JUDGED, message="More training no longer helps.")
    assert facts(report, pace) == (
        "0/100 frames, quality so far 0.93 (mouth opening 0.97, brow 0.80), loss 0.0123, "
        "More training no longer helps."
    )
    assert facts(work(0, values={"quality": 0.5}), pace) == "0/100 frames, quality so far 0.50"


def test_beside_a_bar_there_is_room_for_the_quality_alone() -> None:
    pace = Pace(Clock())
    assert facts(work(0, values=JUDGED), pace, brief=True) == "0/100 frames, quality 0.93"
    assert facts(work(0, values={"loss": 0.5}), pace, brief=True) == "0/100 frames, loss 0.5"


def test_what_came_of_a_training_is_said_once_above_the_bars() -> None:
    err = io.StringIO()
    console = BarConsole(io.StringIO(), RichConsole(file=err, force_terminal=True, width=100), Clock())
    said = "Best after 80 of 100 iterations (quality .93); more training did not help after that."
    for done, message in ((99, ""), (100, said), (100, said)):
        console.progress(work(done, stage="reenactment", message=message, values=JUDGED))
    console.close()
    assert err.getvalue().count(f"reenactment: {said}") == 1
    assert "quality 0.93" in err.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00"), (4, "0:04"), (59.7, "1:00"), (750, "12:30"), (3723, "1:02:03")]
)
def test_times_read_like_a_clock(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


def test_lines_come_at_the_beginning_every_few_seconds_and_once_at_the_end() -> None:
    clock, err = Clock(), io.StringIO()
    console = LineConsole(io.StringIO(), err, clock)
    for done in (0, 10, 20, 30, 100, 100):
        console.progress(work(done))
        clock.now += 2
    assert err.getvalue().splitlines() == [
        "patches: 0/100 frames",
        "patches: 30/100 frames, 5/s, 0:14 left",
        "patches: 100/100 frames, 12.5/s",
    ]


def test_stages_that_take_turns_keep_their_own_pace() -> None:
    clock, err = Clock(), io.StringIO()
    console = LineConsole(io.StringIO(), err, clock)
    for done in range(0, 50, 10):
        console.progress(work(done, stage="decode"))
        console.progress(work(done, stage="train"))
        clock.now += 1
    assert [line.split(":")[0] for line in err.getvalue().splitlines()] == ["decode", "train"]


def test_results_go_to_stdout_and_remarks_to_stderr() -> None:
    out, err = io.StringIO(), io.StringIO()
    console = LineConsole(out, err)
    console.say("Slow disk.")
    console.result("Wrote clip.npz.", path="clip.npz")
    console.error("input", "Bad film.")
    console.close()
    assert out.getvalue() == "Wrote clip.npz.\n"
    assert err.getvalue() == "Slow disk.\nfacepatch: Bad film.\n"


def test_json_is_one_object_per_line_twice_a_second_at_most() -> None:
    clock, out = Clock(), io.StringIO()
    console = JsonConsole(out, io.StringIO(), clock)
    for done in range(0, 100, 10):
        console.progress(work(done))
        clock.now += 0.125
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [event["done"] for event in events] == [0, 40, 80]
    assert events[0]["left_s"] is None
    assert events[1]["rate"] == pytest.approx(80)


def test_json_never_holds_nan() -> None:
    out = io.StringIO()
    JsonConsole(out, io.StringIO()).result("Done.", errors=[float("nan"), 1.0], worst={"mm": math.inf})

    def refuse(word: str) -> None:
        raise AssertionError(word)

    assert json.loads(out.getvalue(), parse_constant=refuse) == {
        "event": "result",
        "message": "Done.",
        "errors": [None, 1.0],
        "worst": {"mm": None},
    }


def test_json_errors_are_on_stderr_too() -> None:
    out, err = io.StringIO(), io.StringIO()
    JsonConsole(out, err).error("input.video", "No film.")
    assert json.loads(out.getvalue())["code"] == "input.video"
    assert err.getvalue() == "facepatch: No film.\n"


def test_bars_show_stage_count_and_time_left() -> None:
    clock, out, screen = Clock(), io.StringIO(), io.StringIO()
    terminal = RichConsole(file=screen, force_terminal=True, width=120, color_system=None)
    console = BarConsole(out, terminal, clock)
    console.progress(work(0))
    clock.now += 10
    console.progress(work(40))
    console.say("[not markup] 12 frames have no face.")
    console.progress(work(100))
    console.result("Wrote clip.npz.")
    shown = screen.getvalue()
    assert "patches" in shown
    assert "100/100 frames, 10/s" in shown
    assert "[not markup] 12 frames have no face." in shown
    assert out.getvalue() == "Wrote clip.npz.\n"


def test_bars_can_begin_again_after_a_result() -> None:
    screen = io.StringIO()
    console = BarConsole(io.StringIO(), RichConsole(file=screen, force_terminal=True, width=100))
    console.progress(work(1))
    console.result("First.")
    console.progress(work(2, stage="train"))
    console.error("model", "It diverged.")
    assert "train" in screen.getvalue()
    assert "It diverged." in screen.getvalue()


def test_the_console_fits_the_flags_and_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(open_console(Common(json=True)), JsonConsole)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    assert isinstance(open_console(Common()), LineConsole)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert isinstance(open_console(Common()), BarConsole)
