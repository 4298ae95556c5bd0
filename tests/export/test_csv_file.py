from __future__ import annotations

import csv
import errno

import numpy as np
import pytest

from facepatch.core import records
from facepatch.core.data.clip import CLOSED_LEFT, EASED, HELD, NO_FACE, Clip
from facepatch.core.errors import ExportError, StorageError
from facepatch.export.csv_file import write_csv


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_weights_come_back_to_the_bit(tmp_path, pca_clip):
    write_csv(pca_clip, tmp_path / "w.csv")
    rows = rows_of(tmp_path / "w.csv")
    back = np.array([[row["pc_000"], row["pc_001"]] for row in rows]).astype(np.float32)
    assert np.array_equal(back, pca_clip.weights)


def test_frames_count_from_the_start_and_times_follow_the_rate(tmp_path, pca_clip):
    write_csv(pca_clip, tmp_path / "w.csv")
    rows = rows_of(tmp_path / "w.csv")
    assert [row["frame"] for row in rows] == [str(1001 + t) for t in range(12)]
    assert float(rows[11]["time_s"]) == pytest.approx(11 * 1001 / 24000, abs=1e-6)


def test_flags_are_words(tmp_path, pca_clip, changed):
    flags = np.zeros(12, np.uint8)
    flags[2], flags[3] = NO_FACE | HELD, EASED | CLOSED_LEFT
    write_csv(changed(pca_clip, flags=flags), tmp_path / "w.csv")
    rows = rows_of(tmp_path / "w.csv")
    assert [row["flags"] for row in rows[:4]] == ["", "", "no_face+held", "eased+closed_left"]
    assert [row["valid"] for row in rows[:4]] == ["1", "1", "0", "1"]


def test_the_clips_own_validity_wins(tmp_path, pca_clip, changed):
    valid = np.ones(12, bool)
    valid[5] = False
    write_csv(changed(pca_clip, valid=valid), tmp_path / "w.csv")
    assert [row["valid"] for row in rows_of(tmp_path / "w.csv")].index("0") == 5


def test_the_head_pose_is_in_centimetres_and_degrees(tmp_path, pca_clip, changed):
    pose = np.tile(np.eye(4), (12, 1, 1))
    pose[4, :3, 3] = 1, 2, 3
    pose[4, :3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    write_csv(changed(pca_clip, head_pose=pose), tmp_path / "w.csv")
    row = rows_of(tmp_path / "w.csv")[4]
    columns = [f"head_t{axis}_cm" for axis in "xyz"] + [f"head_r{axis}_deg" for axis in "xyz"]
    assert [float(row[column]) for column in columns] == pytest.approx([1, 2, 3, 0, 0, 90])


def test_timecode_has_a_column_only_where_the_clip_has_one(tmp_path, pca_clip, changed):
    write_csv(pca_clip, tmp_path / "a.csv")
    write_csv(changed(pca_clip, timecode="10:00:00:22"), tmp_path / "b.csv")
    assert "timecode" not in rows_of(tmp_path / "a.csv")[0]
    assert [row["timecode"] for row in rows_of(tmp_path / "b.csv")[:3]] == [
        "10:00:00:22",
        "10:00:00:23",
        "10:00:01:00",
    ]


def test_film_times_are_kept(tmp_path, pca_clip, changed):
    times = 5 + np.cumsum(np.linspace(0.03, 0.06, 12))
    write_csv(changed(pca_clip, times=times), tmp_path / "w.csv")
    assert [float(row["time_s"]) for row in rows_of(tmp_path / "w.csv")] == pytest.approx(
        times.tolist(), abs=1e-6
    )


def test_a_long_clip_is_whole(tmp_path):
    weights = np.random.default_rng(0).normal(size=(1500, 3)).astype(np.float32)
    write_csv(Clip(("a", "b", "c"), weights, (25, 1)), tmp_path / "w.csv")
    back = np.array([[row[name] for name in "abc"] for row in rows_of(tmp_path / "w.csv")]).astype(np.float32)
    assert np.array_equal(back, weights)


def test_a_name_with_a_comma_stays_one_column(tmp_path, pca_clip, changed):
    write_csv(changed(pca_clip, names=("a,b", 'c"d')), tmp_path / "w.csv")
    assert list(rows_of(tmp_path / "w.csv")[0])[4:6] == ["a,b", 'c"d']


def test_colliding_names_are_refused(tmp_path, pca_clip, changed):
    with pytest.raises(ExportError, match="two columns would be called frame"):
        write_csv(changed(pca_clip, names=("frame", "pc_001")), tmp_path / "w.csv")


def test_a_full_disk_is_a_sentence_and_the_old_file_stays(tmp_path, pca_clip, monkeypatch):
    (tmp_path / "w.csv").write_text("before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(records.os, "fsync", full)
    with pytest.raises(StorageError, match="the disk is full"):
        write_csv(pca_clip, tmp_path / "w.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["w.csv"]
    assert (tmp_path / "w.csv").read_text() == "before"
