"""service.store and service.board: what is on disk, and what a full or damaged disk does."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from facepatch.core.errors import ConfigError, FormatError, StorageError, VersionError
from facepatch.service.job import CURVE_POINTS, Curve, Job
from facepatch.service.store import NAME, Store


def a_job(number: int = 1, **values: object) -> Job:
    job = Job(f"{number:032x}", "run", {"take": "a.mp4"}, number)
    for name, value in values.items():
        setattr(job, name, value)
    return job


def test_a_job_is_the_same_after_a_restart(tmp_path: Path) -> None:
    job = a_job(state="failed", error={"code": "input", "message": "no"}, label="é", attempts=2)
    job.take_progress({"stage": "train", "done": 3, "total": 9, "values": {"loss": 0.5}})
    job.take_progress({"stage": "export", "done": 1, "total": 1})
    store = Store(tmp_path)
    store.save([job], [job])
    store.keep_fact("token", "secret")
    store.close()
    store = Store(tmp_path)
    assert store.jobs() == [job]
    assert list(store.jobs()[0].stages) == ["train", "export"]
    assert (store.fact("token"), store.fact("none")) == ("secret", "")
    store.remove([job.id])
    assert store.jobs() == []
    store.close()


def test_a_disk_that_fills_up_leaves_what_was_kept_whole(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save([a_job()])
    store._database.execute("PRAGMA max_page_count=8")
    with pytest.raises(StorageError, match=r"the disk is full. Free some space"):
        store.save([a_job(2, label="x" * 100_000)])
    assert [job.number for job in store.jobs()] == [1]
    store._database.execute("PRAGMA max_page_count=10000")
    store.save([a_job(2)])
    assert len(store.jobs()) == 2
    store.close()


def test_a_folder_is_one_server_s_until_it_closes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(ConfigError, match="another server is using this state folder"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(FormatError, match=r"is damaged .* Move it away"):
        Store(tmp_path)
    assert (tmp_path / NAME).read_bytes().startswith(b"not a database")


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    Store(tmp_path).close()
    database = sqlite3.connect(tmp_path / NAME)
    database.execute("PRAGMA user_version=9")
    database.close()
    with pytest.raises(VersionError, match="is version 9; this facepatch reads up to 1"):
        Store(tmp_path)


def test_a_record_that_cannot_be_read_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(tmp_path)
    store.save([a_job(1), a_job(2)])
    store._database.execute("UPDATE jobs SET record = '{\"colour\": 1}' WHERE number = 1")
    assert [job.number for job in store.jobs()] == [2]
    assert "a job is left out" in caplog.text
    store.close()


def test_a_state_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Choose another --state"):
        Store(tmp_path / "file" / "state")


def test_a_curve_has_a_bounded_number_of_points_over_its_whole_length() -> None:
    curve = Curve()
    for at in range(100_000):
        curve.add(at, float(at))
    assert 200 < len(curve.points) <= CURVE_POINTS
    assert curve.points[0] == (0, 0.0)
    assert curve.points[-1][0] > 99_000


def test_a_stage_that_is_taken_up_again_replaces_the_points_after_its_checkpoint() -> None:
    curve = Curve()
    for at in (1, 2, 3, 4, 3, 4, 5):
        curve.add(at, float(at))
    assert [at for at, _ in curve.points] == [1, 2, 3, 4, 5]
