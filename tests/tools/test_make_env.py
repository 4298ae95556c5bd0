"""tools/make_env.py: the right Python, the right torch, once."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import urllib.error
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def make_env(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, working in an empty folder and installing nothing."""
    spec = importlib.util.spec_from_file_location("make_env", root / "tools" / "make_env.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "stamp")
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    monkeypatch.setattr(module.platform, "system", lambda: "Linux")
    monkeypatch.setattr(module.platform, "machine", lambda: "x86_64")
    monkeypatch.delenv("FACEPATCH_TORCH_INDEX", raising=False)
    return module


@pytest.fixture
def commands(make_env: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would have been run."""
    seen: list[list[str]] = []

    def run(command: list[str], *, check: bool) -> None:
        seen.append(command)
        if "venv" in command:
            make_env.VENV.mkdir()

    monkeypatch.setattr(make_env.subprocess, "run", run)
    monkeypatch.setattr(make_env, "torch_index", list)
    return seen


def test_packages_are_installed_exactly_as_pinned_and_once(
    make_env: ModuleType, commands: list[list[str]]
) -> None:
    assert make_env.main() == 0
    venv, rest, torch, own = commands
    assert "--clear" in venv
    assert "--no-deps" in rest
    assert "numpy==1.26.4" in rest
    assert not any(word.startswith("torch==") for word in rest)
    assert "torch==2.13.0" in torch
    assert "--no-deps" not in torch
    assert "--editable" in own
    assert make_env.main() == 0
    assert len(commands) == 4


def test_a_change_of_the_lists_makes_the_environment_anew(
    make_env: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_env.main()
    monkeypatch.setattr(make_env, "fingerprint", lambda: "other")
    make_env.VENV = make_env.VENV.with_name("again")
    make_env.main()
    assert len(commands) == 8


def test_a_failure_of_pip_leaves_no_stamp(
    make_env: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def fail() -> None:
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(make_env, "install", fail)
    assert make_env.main() == 1
    assert not make_env.STAMP.exists()
    assert "pip ended with code 1" in capsys.readouterr().err


def test_a_python_without_venv_is_told_what_to_install(
    make_env: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def fail(command: list[str], *, check: bool) -> None:
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(make_env.subprocess, "run", fail)
    assert make_env.main() == 1
    assert "apt install python3-venv" in capsys.readouterr().err


@pytest.mark.parametrize("version", [(3, 10, 4), (3, 13, 0)])
def test_another_python_is_refused(
    make_env: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: Any, version: tuple[int, ...]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    assert make_env.main() == 1
    assert "facepatch needs 3.11 or 3.12" in capsys.readouterr().err


def test_a_machine_without_gpu_gets_the_cpu_build(
    make_env: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(make_env.urllib.request, "urlopen", lambda url, timeout: (tmp_path / "x").open("w"))
    assert make_env.torch_index() == ["--extra-index-url", make_env.TORCH_CPU_INDEX]


def test_without_a_way_to_the_cpu_index_pip_looks_where_it_always_does(
    make_env: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def unreachable(url: str, timeout: float) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(make_env.urllib.request, "urlopen", unreachable)
    assert make_env.torch_index() == []
    assert "cannot be reached" in capsys.readouterr().out


def test_a_gpu_or_another_system_needs_no_other_index(
    make_env: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make_env.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    assert make_env.torch_index() == []
    monkeypatch.setattr(make_env.shutil, "which", lambda name: None)
    monkeypatch.setattr(make_env.platform, "system", lambda: "Darwin")
    assert make_env.torch_index() == []


@pytest.mark.parametrize(
    ("chosen", "options"), [("https://my.index", ["--extra-index-url", "https://my.index"]), ("", [])]
)
def test_the_user_may_choose_the_index(
    make_env: ModuleType, monkeypatch: pytest.MonkeyPatch, chosen: str, options: list[str]
) -> None:
    monkeypatch.setenv("FACEPATCH_TORCH_INDEX", chosen)
    assert make_env.torch_index() == options
