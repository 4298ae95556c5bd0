"""service.previews: the last pictures, within a bounded share of the disk."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from facepatch.service.previews import Previews, read_picture


def picture(value: int = 0, size: int = 10) -> np.ndarray:
    return np.full((size, size, 3), value, np.uint8)


def test_the_last_of_each_job_are_kept(tmp_path: Path) -> None:
    previews = Previews(tmp_path, per_job=3, limit=10**6)
    for iteration in range(5):
        for job in ("a", "b"):
            previews.add(job, picture(iteration), iteration=iteration, stage="re/enact.ment")
    assert [preview.iteration for preview in previews.of("a")] == [2, 3, 4]
    assert len(list(tmp_path.rglob("*.npy"))) == 6
    again = Previews(tmp_path, per_job=3, limit=10**6)
    assert [(preview.iteration, preview.stage) for preview in again.of("b")][-1] == (4, "re/enact.ment")
    found = read_picture(again.of("b")[-1])
    assert found is not None
    assert found[0, 0, 0] == 4


def test_all_together_stay_within_the_limit_and_the_oldest_go_first(tmp_path: Path) -> None:
    previews = Previews(tmp_path, per_job=50, limit=2000)
    for iteration in range(20):
        previews.add(f"job{iteration % 2}", picture(), iteration=iteration, stage="train")
        assert sum(path.stat().st_size for path in tmp_path.rglob("*.npy")) == previews.size <= 2000
    assert [preview.iteration for preview in previews.of("job1")][-1] == 19


def test_a_smaller_limit_holds_from_the_next_start(tmp_path: Path) -> None:
    previews = Previews(tmp_path, per_job=50, limit=10**6)
    for iteration in range(20):
        previews.add("job", picture(), iteration=iteration, stage="train")
    assert Previews(tmp_path, per_job=50, limit=1000).size <= 1000


def test_files_of_something_else_and_of_jobs_that_are_gone_are_removed(tmp_path: Path) -> None:
    previews = Previews(tmp_path, per_job=5, limit=10**6)
    previews.add("gone", picture(), iteration=1, stage="train")
    (tmp_path / "gone" / "0000000001.part").write_text("half")
    previews = Previews(tmp_path, per_job=5, limit=10**6)
    previews.keep_only({"kept"})
    assert not list(tmp_path.rglob("*.*"))


def test_a_full_disk_costs_the_preview_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("numpy.save", full)
    previews = Previews(tmp_path, per_job=5, limit=10**6)
    previews.add("job", picture(), iteration=1, stage="train")
    assert previews.of("job") == []
    assert not list(tmp_path.rglob("*.npy"))
    assert "the disk is full" in caplog.text


def test_a_damaged_picture_is_no_picture(tmp_path: Path) -> None:
    previews = Previews(tmp_path, per_job=5, limit=10**6)
    previews.add("job", picture(), iteration=1, stage="train")
    (preview,) = previews.of("job")
    preview.path.write_bytes(preview.path.read_bytes()[:50])
    assert read_picture(preview) is None
