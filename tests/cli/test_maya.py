"""cli.maya: the verb, on a checkout and an index of tiny wheels."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from facepatch.cli import main as cli
from facepatch.cli import maya
from facepatch.core.deploy.mayas import this_platform
from wheel_index import write_checkout, write_index


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The flags of an installation for Maya 2025 on Linux that needs no network."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    source = write_checkout(tmp_path / "source", "1.0", {})
    index = write_index(tmp_path / "index")
    words = ["maya", "install", "--maya", "2025", "--platforms", "linux", "--dest", str(tmp_path / "shared")]
    return [*words, "--source", str(source), "--wheels", str(index), "--command", "/opt/facepatch"]


def test_install_and_uninstall(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert f"facepatch 1.0 is installed in {tmp_path / 'shared' / 'facepatch'}" in said
    assert "numpy 1.26.4, pyzmq 27.0.0 fetched." in said
    assert cli.main(["maya", "uninstall", "--dest", str(tmp_path / "shared")]) == 0
    assert "facepatch is taken out of" in capsys.readouterr().out
    assert not (tmp_path / "shared").exists()


def test_missing_packages_are_a_failure_that_says_what_to_do(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (tmp_path / "index").iterdir():
        path.unlink()
    assert cli.main(words) == 1
    said = capsys.readouterr().out
    assert "pyzmq and numpy are missing" in said
    assert "python -m pip install --target" in said
    assert (tmp_path / "shared" / "facepatch.mod").is_file()


def test_with_json_everything_is_in_the_result(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*words, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["progress", "progress", "result"]
    assert events[-1]["version"] == "1.0"
    assert events[-1]["vendors"][0]["packages"] == {"numpy": "1.26.4", "pyzmq": "27.0.0"}
    assert events[-1]["command"] == ["/opt/facepatch"]


def test_nothing_installed_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["maya", "uninstall", "--dest", str(tmp_path)]) == 2
    assert (
        "facepatch is not installed there. Name the folder of its .mod with --dest."
        in capsys.readouterr().err
    )


def test_an_unknown_maya_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    words[words.index("2025")] = "2019"
    assert cli.main(words) == 1
    assert "Maya: there is no '2019'. Nearest:" in capsys.readouterr().err


def test_without_a_command_the_module_starts_this_facepatch(words: list[str], tmp_path: Path) -> None:
    assert cli.main(words[: words.index("--command")]) == 0
    written = json.loads((tmp_path / "shared" / "facepatch" / "facepatch.json").read_text())
    assert written == {"commands": {this_platform(): list(maya.own_command())}}


def test_the_command_of_an_environment_is_its_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maya.sys, "executable", str(tmp_path / "python"))
    assert maya.own_command() == (str(tmp_path / "python"), "-m", "facepatch.cli.main")
    script = tmp_path / ("facepatch.exe" if os.name == "nt" else "facepatch")
    script.write_text("")
    script.chmod(0o755)
    assert maya.own_command() == (str(script),)
