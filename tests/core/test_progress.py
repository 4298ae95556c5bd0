"""core.progress: reports of long work."""

from __future__ import annotations

import pytest

from facepatch.core.errors import JobCancelledError
from facepatch.core.progress import Progress, silent, track


def test_items_pass_through_in_order() -> None:
    assert list(track(range(5), "count", total=5)) == [0, 1, 2, 3, 4]


def test_the_first_report_is_zero_and_the_last_the_total() -> None:
    seen: list[Progress] = []
    list(track(range(7), "count", total=7, on_progress=seen.append, unit="items"))
    assert (seen[0].done, seen[0].total, seen[0].unit) == (0, 7, "items")
    assert (seen[-1].done, seen[-1].total) == (7, 7)


def test_an_unknown_total_is_the_count_at_the_end() -> None:
    seen: list[Progress] = []
    list(track(iter(range(3)), "count", total=0, on_progress=seen.append))
    assert (seen[-1].done, seen[-1].total) == (3, 3)


def test_no_items_are_reported_too() -> None:
    seen: list[Progress] = []
    assert list(track([], "count", total=0, on_progress=seen.append)) == []
    assert seen[-1].done == 0


def test_reports_are_few() -> None:
    seen: list[Progress] = []
    list(track(range(100_000), "count", total=100_000, on_progress=seen.append))
    assert len(seen) < 1000


def test_a_callback_can_stop_the_work() -> None:
    def stop(progress: Progress) -> None:
        if progress.done:
            raise JobCancelledError("Stopped.")

    worked: list[int] = []
    with pytest.raises(JobCancelledError, match="Stopped"):
        worked.extend(track(range(10), "count", total=10, on_progress=stop))
    assert len(worked) < 10


def test_silence_is_a_callback() -> None:
    silent(Progress("count", 1, 2))
