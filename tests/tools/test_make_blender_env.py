"""tools/make_blender_env.py: an environment of its own for Blender, once."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def tool(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, working in an empty folder."""
    spec = importlib.util.spec_from_file_location("make_blender_env", root / "tools" / "make_blender_env.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path)
    monkeypatch.setattr(module, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    return module


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would have been run."""
    seen: list[list[str]] = []

    def run(command: list[str], *, check: bool) -> None:
        seen.append(command)

    monkeypatch.setattr(subprocess, "run", run)
    return seen


def test_it_is_made_once(tool: ModuleType, commands: list[list[str]]) -> None:
    assert tool.main() == 0
    assert [("venv" in command, "install" in command) for command in commands] == [
        (True, False),
        (False, True),
    ]
    assert tool.main() == 0
    assert len(commands) == 2


def test_it_is_made_again_when_the_list_changes(tool: ModuleType, commands: list[list[str]]) -> None:
    tool.main()
    tool.STAMP.write_text("bpy==4.2.0\n")
    tool.main()
    assert len(commands) == 4


def test_another_python_is_refused(
    tool: ModuleType,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    assert tool.main() == 1
    assert "This is Python 3.12; Blender's module needs 3.11" in capsys.readouterr().err
    assert not commands


def test_where_pip_fails_it_says_what_to_do_and_is_not_taken_for_ready(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(command: list[str], *, check: bool) -> None:
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", fail)
    assert tool.main() == 1
    assert "download.blender.org/pypi" in capsys.readouterr().err
    assert not tool.STAMP.exists()
