"""core.records: whole or absent, and readable for years."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepatch.core.errors import FormatError, InputError, StorageError, VersionError
from facepatch.core.records import Arrays, Record, atomic_write, read_record, write_record, write_text

KIND = "facepatch.test"


def record(version: int = 1, **header: Any) -> Record:
    arrays: Arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([True, False])}
    return Record({"record": KIND, "version": version, **header}, arrays)


def test_a_record_survives_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.npz"
    write_record(path, record(name="Zoë", rate=[24000, 1001]))
    header, arrays = read_record(path, KIND, 1)
    assert header == {"record": KIND, "version": 1, "name": "Zoë", "rate": [24000, 1001]}
    assert arrays["a"].dtype == np.float32
    assert arrays["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert arrays["b"].tolist() == [True, False]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(extra=JSON)
def test_any_header_comes_back(extra: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("record") / "a.npz"
    write_record(path, record(extra=extra))
    assert read_record(path, KIND, 1).header["extra"] == json.loads(json.dumps(extra))


def test_nothing_but_the_record_stays_in_the_folder(tmp_path: Path) -> None:
    write_record(tmp_path / "a.npz", record())
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.npz: no such file"):
        read_record(tmp_path / "gone.npz", KIND, 1)


@pytest.mark.parametrize("kept", [0, 1, 60, 300])
def test_a_truncated_file_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a.npz"
    write_record(path, record())
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FormatError, match=r"a\.npz: is no whole facepatch record"):
        read_record(path, KIND, 1)


def test_another_npz_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", weights=np.zeros(3))
    with pytest.raises(FormatError, match="is no whole facepatch record"):
        read_record(tmp_path / "a.npz", KIND, 1)


def test_a_pickle_inside_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", header=np.array([{"record": KIND}], dtype=object))
    with pytest.raises(FormatError, match="allow_pickle=False"):
        read_record(tmp_path / "a.npz", KIND, 1)


def test_a_record_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_record(tmp_path / "a.npz", record())
    with pytest.raises(FormatError, match=r"holds 'facepatch\.test', but 'facepatch\.clip' is needed"):
        read_record(tmp_path / "a.npz", "facepatch.clip", 1)


def test_a_newer_record_asks_for_an_update(tmp_path: Path) -> None:
    write_record(tmp_path / "a.npz", record(version=7))
    with pytest.raises(VersionError, match=r"is version 7 of facepatch\.test; this facepatch reads up to 2"):
        read_record(tmp_path / "a.npz", KIND, 2)


def first_to_second(header: dict[str, Any], arrays: Arrays) -> None:
    header["fps"] = header.pop("rate")


def second_to_third(header: dict[str, Any], arrays: Arrays) -> None:
    arrays["doubled"] = arrays["a"] * header["fps"]


def test_old_records_are_upgraded_step_by_step(tmp_path: Path) -> None:
    write_record(tmp_path / "a.npz", record(version=1, rate=2))
    header, arrays = read_record(tmp_path / "a.npz", KIND, 3, {1: first_to_second, 2: second_to_third})
    assert header == {"record": KIND, "version": 3, "fps": 2}
    assert arrays["doubled"].tolist() == [[0, 2, 4], [6, 8, 10]]


def test_upgrades_start_where_the_record_is(tmp_path: Path) -> None:
    write_record(tmp_path / "a.npz", record(version=2, fps=3))
    assert read_record(tmp_path / "a.npz", KIND, 3, {2: second_to_third}).header["version"] == 3


def test_a_record_too_old_to_upgrade_says_so(tmp_path: Path) -> None:
    write_record(tmp_path / "a.npz", record(version=1))
    with pytest.raises(VersionError, match=r"is version 1 of facepatch\.test, too old to upgrade"):
        read_record(tmp_path / "a.npz", KIND, 3, {2: second_to_third})


def full_disk(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_the_earlier_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    write_record(path, record(name="earlier"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(StorageError, match=r"a\.npz: the disk is full\. Free some space"):
            write_record(path, record(name="later"))
    assert read_record(path, KIND, 1).header["name"] == "earlier"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_device_that_is_full_is_told_from_one_that_is_not() -> None:
    with pytest.raises(OSError, match="No space left") as caught, Path("/dev/full").open("wb", 0) as stream:
        stream.write(b"x")
    assert caught.value.errno == errno.ENOSPC


def test_a_folder_that_is_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("not a folder")
    with pytest.raises(StorageError, match=r"cannot be written \(.*\)\. Choose another --out"):
        write_record(tmp_path / "out" / "a.npz", record())


def test_an_error_of_the_caller_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyError), atomic_write(tmp_path / "a.bin") as stream:
        stream.write(b"half")
        raise KeyError("caller")
    assert list(tmp_path.iterdir()) == []


def test_text_is_utf8_with_plain_newlines(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "é\n")
    assert (tmp_path / "a.txt").read_bytes() == "é\n".encode()
