"""A small checkout, and an index of tiny wheels that pip itself reads: nothing here needs a network."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from facepatch.core.deploy import wheels as deploy_wheels
from facepatch.core.deploy.install import InstallSettings
from facepatch.core.deploy.mayas import Tag
from facepatch.core.errors import UnavailableError
from wheel_index import write_checkout, write_index


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the tiny wheels; pip looks nowhere else."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    return write_index(tmp_path / "index")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Version 1.0."""
    return write_checkout(tmp_path / "one", "1.0", {"maya_module/scripts/old.py": "only in 1.0\n"})


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Version 2.0: a file less, a file more, one changed."""
    return write_checkout(tmp_path / "two", "2.0", {"maya_module/scripts/new.py": "only in 2.0\n"})


Answers = dict[object, Any]


@pytest.fixture(scope="session")
def answers() -> Answers:
    """What pip answered already, by what it was asked: each run takes half a second."""
    return {}


@pytest.fixture
def settings(
    tmp_path: Path, index: Path, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., InstallSettings]:
    """Settings for Maya 2025 on Linux into a folder that is not there yet. pip is asked each question once."""
    ask = deploy_wheels.fetch_wheels

    def remember(tag: Tag, folder: Path, *, python: Sequence[str], wheels: Any = None) -> list[Path]:
        assert wheels is not None
        question = (tag, tag.requirements, *sorted(path.name for path in wheels.iterdir()))
        if question not in answers:
            try:
                answers[question] = {
                    p.name: p.read_bytes() for p in ask(tag, folder, python=python, wheels=wheels)
                }
            except UnavailableError as error:
                answers[question] = str(error)
        answer = answers[question]
        if isinstance(answer, str):
            raise UnavailableError(answer)
        for name, content in answer.items():
            (folder / name).write_bytes(content)
        return sorted(folder.iterdir())

    monkeypatch.setattr(deploy_wheels, "fetch_wheels", remember)

    def make(source: Path, **changes: object) -> InstallSettings:
        values = {
            "dest": tmp_path / "maya" / "modules",
            "mayas": ("2025",),
            "platforms": ("linux",),
            "command": ("/opt/facepatch", "here"),
            "wheels": index,
            **changes,
        }
        return InstallSettings(source=source, **values)

    return make
