"""tools/maya_twins.py: which Python, made once, and an honest end."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def twins(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module; it makes environments in an empty folder and runs nothing."""
    spec = importlib.util.spec_from_file_location("maya_twins", root / "tools" / "maya_twins.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "maya_twins", module)
    spec.loader.exec_module(module)
    monkeypatch.setenv("FACEPATCH_TWINS", str(tmp_path / "twins"))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(module, "describe", lambda python: "a Python")
    monkeypatch.setattr(module, "run_tests", lambda python, arguments: 0)
    return module


def only(monkeypatch: pytest.MonkeyPatch, twins: ModuleType, *versions: str) -> None:
    """Only these Pythons are on this machine."""
    here = Path(sys.executable)
    monkeypatch.setattr(twins, "make", lambda twin, folder: here if twin.python in versions else None)


def test_a_twin_without_its_python_is_left_out_and_named(
    twins: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    only(monkeypatch, twins, "3.9", "3.11")
    assert twins.main([]) == 0
    said = capsys.readouterr().out
    assert "maya2024: left out: no Python 3.10 here" in said
    assert "maya2023: ok" in said


def test_with_ci_at_least_three_must_be_run(twins: ModuleType, monkeypatch: pytest.MonkeyPatch):
    only(monkeypatch, twins, "3.9", "3.11")
    monkeypatch.setenv("CI", "true")
    assert twins.main([]) == 1
    only(monkeypatch, twins, "3.9", "3.11", "3.13")
    assert twins.main([]) == 0


def test_one_red_twin_fails_the_whole(twins: ModuleType, monkeypatch: pytest.MonkeyPatch):
    only(monkeypatch, twins, "3.9", "3.10", "3.11", "3.13")
    codes = iter((0, 0, 1, 0))
    monkeypatch.setattr(twins, "run_tests", lambda python, arguments: next(codes))
    assert twins.main([]) == 1


def test_no_python_at_all_is_a_failure(twins: ModuleType, monkeypatch: pytest.MonkeyPatch):
    only(monkeypatch, twins)
    assert twins.main([]) == 1


def test_an_environment_is_made_once_and_again_when_its_packages_change(
    twins: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    commands: list[list[str]] = []

    def run(command: list[str], **options: Any) -> None:
        commands.append(command)
        if "venv" in command:
            python = Path(command[-1]) / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
            python.parent.mkdir(parents=True, exist_ok=True)
            python.write_text("")

    monkeypatch.setattr(twins.subprocess, "run", run)
    monkeypatch.setattr(twins, "find_python", lambda version: Path("/usr/bin/python3.9"))
    twin = twins.Twin("maya2023", "3.9", ("PySide2==5.15.2.1",))
    assert twins.make(twin, tmp_path) is not None
    assert twins.make(twin, tmp_path) is not None
    assert [command[2] for command in commands] == ["venv", "pip"]
    twins.make(twins.Twin("maya2023", "3.9", ("PySide2==5.15.2.1", "numpy==1.26.4")), tmp_path)
    assert len(commands) == 4


def test_an_interpreter_of_another_version_is_not_taken(twins: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        twins, "candidates", lambda version: iter([Path("/nowhere/python"), Path(sys.executable)])
    )
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert twins.find_python(own) == Path(sys.executable)
    assert twins.find_python("3.7") is None


def test_the_pins_are_those_of_maya(twins: ModuleType):
    pins = {twin.name: (twin.python, twin.packages[0]) for twin in twins.TWINS}
    assert pins == {
        "maya2023": ("3.9", "PySide2==5.15.2.1"),
        "maya2024": ("3.10", "PySide2==5.15.2.1"),
        "maya2025": ("3.11", "PySide6-Essentials==6.5.3"),
        "maya2027": ("3.13", "PySide6-Essentials==6.8.3"),
    }
