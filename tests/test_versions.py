"""One version of the package, one place for the versions of its libraries."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import facepatch
from facepatch.cli.doctor import LIBRARIES

LISTS = ("requirements.txt", "requirements-dev.txt")


def pins(root: Path, name: str) -> list[Requirement]:
    lines = (root / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_the_changelog_begins_with_this_version(root: Path) -> None:
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    (newest, *_) = re.findall(r"^## (\S+)", text, re.MULTILINE)
    assert newest == facepatch.__version__


def test_the_installed_package_has_this_version() -> None:
    assert importlib.metadata.version("facepatch") == facepatch.__version__


@pytest.mark.parametrize("name", LISTS)
def test_every_library_is_pinned_exactly(root: Path, name: str) -> None:
    for pin in pins(root, name):
        assert [specifier.operator for specifier in pin.specifier] == ["=="], pin


def test_no_library_is_pinned_twice(root: Path) -> None:
    names = [pin.name.lower() for name in LISTS for pin in pins(root, name)]
    assert len(set(names)) == len(names)


def test_the_environment_is_what_the_lists_say(root: Path) -> None:
    strange = {}
    for pin in (pin for name in LISTS for pin in pins(root, name)):
        if pin.marker is None or pin.marker.evaluate():
            found = importlib.metadata.version(pin.name)
            if not pin.specifier.contains(found, prereleases=True):
                strange[pin.name] = (found, str(pin.specifier))
    assert strange == {}


def test_the_doctor_looks_at_libraries_that_are_pinned(root: Path) -> None:
    assert set(LIBRARIES) <= {pin.name for pin in pins(root, "requirements.txt")}
