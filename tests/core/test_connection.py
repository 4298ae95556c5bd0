"""core.connection: the file is private, whole or absent, and says what to do where it is not right."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from facepatch.core.connection import (
    VARIABLE,
    Connection,
    connection_path,
    read_connection,
    remove_connection,
    write_connection,
)
from facepatch.core.errors import ForbiddenError, FormatError, StorageError, UnavailableError

CONNECTION = Connection("tcp://127.0.0.1:5555", "secret", 4711, "key", "/keys/client.key_secret")

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no file modes")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "connection.json"


def put(path: Path, text: str) -> Path:
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_what_was_written_is_read(path: Path) -> None:
    assert write_connection(CONNECTION, path) == path
    assert read_connection(path) == CONNECTION
    assert [found.name for found in path.parent.iterdir()] == ["connection.json"]


def test_the_variable_names_the_place(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(path))
    assert connection_path() == path
    assert write_connection(CONNECTION) == path
    assert read_connection() == CONNECTION
    remove_connection(CONNECTION)
    assert not path.exists()


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_place_is_the_users_own_and_of_this_machine(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    found = connection_path()
    assert tmp_path in found.parents
    assert found.parent.name == "facepatch"
    assert found.name.startswith("connection-")


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(Connection("tcp://127.0.0.1:5555", "secret"))


@posix
def test_only_this_user_may_read_it(path: Path) -> None:
    old = os.umask(0)
    try:
        write_connection(CONNECTION, path)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_can_read_is_refused(path: Path, mode: int) -> None:
    write_connection(CONNECTION, path).chmod(mode)
    with pytest.raises(ForbiddenError, match="chmod 600"):
        read_connection(path)


def test_where_there_is_none_the_error_says_how_to_start_it(path: Path) -> None:
    with pytest.raises(UnavailableError, match="Start it: facepatch serve"):
        read_connection(path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "[" * 100_000, '{"record": "facepatch.clip"}', '{"record": "facepatch.connection"}',
     '{"record": "facepatch.connection", "address": 3, "token": "x"}', "\ud800"],
    ids=["empty", "torn", "a list", "deep", "another record", "no address", "address of a number", "no UTF-8"],
)  # fmt: skip
def test_a_damaged_file_is_refused(path: Path, text: str) -> None:
    put(path, "").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(FormatError, match="Start the service again"):
        read_connection(path)


def test_what_a_newer_service_writes_beside_it_is_ignored(path: Path) -> None:
    write_connection(CONNECTION, path)
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**values, "colour": "red", "version": 2}), encoding="utf-8")
    assert read_connection(path) == CONNECTION


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, not a folder")
    with pytest.raises(StorageError, match=VARIABLE):
        write_connection(CONNECTION, tmp_path / "state" / "connection.json")


def test_the_file_of_another_service_is_left_alone(path: Path) -> None:
    other = Connection("tcp://127.0.0.1:6666", "other")
    write_connection(other, path)
    remove_connection(CONNECTION, path)
    assert read_connection(path) == other
    remove_connection(other, path)
    remove_connection(other, path)
    assert not path.exists()
