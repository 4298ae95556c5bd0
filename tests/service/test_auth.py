"""service.auth: keys are made once, kept private, and refused where they are damaged. See also test_server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from facepatch.core.errors import ConfigError, StorageError
from facepatch.service.auth import make_keys


def test_keys_are_made_once_and_only_the_user_reads_the_secret_ones(tmp_path: Path) -> None:
    first = make_keys(tmp_path / "keys")
    again = make_keys(tmp_path / "keys")
    assert (first.public, first.secret) == (again.public, again.secret)
    assert [path.name for path in first.clients.iterdir()] == ["client.key"]
    assert "secret" not in (first.clients / "client.key").read_text().lower().split("public-key")[1]
    if os.name == "posix":
        for path in (tmp_path / "keys", tmp_path / "keys" / "server.key_secret", first.client_key_file):
            assert path.stat().st_mode & 0o077 == 0


def test_a_list_of_clients_that_was_emptied_stays_empty(tmp_path: Path) -> None:
    keys = make_keys(tmp_path)
    (keys.clients / "client.key").unlink()
    assert list(make_keys(tmp_path).clients.iterdir()) == []


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    make_keys(tmp_path)
    public = (tmp_path / "server.key").read_bytes()
    (tmp_path / "server.key_secret").write_bytes(public)
    with pytest.raises(ConfigError, match="has no secret key"):
        make_keys(tmp_path)
    (tmp_path / "server.key_secret").write_text("nothing")
    with pytest.raises(ConfigError, match="is no key file"):
        make_keys(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Choose another --keys"):
        make_keys(tmp_path / "file" / "keys")
