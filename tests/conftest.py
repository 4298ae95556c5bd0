"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time, however busy the machine is.
settings.register_profile("facepatch", derandomize=True, deadline=None)
settings.load_profile("facepatch")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder of real performers, characters and captures; tests that use it carry the marker `assets`."""
    folder = Path(os.environ.get("FACEPATCH_ASSETS") or ROOT.parent / "shared" / "assets")
    if folder.is_dir():
        return folder
    message = f"{folder}: no test assets here. Set FACEPATCH_ASSETS to the folder that holds them."
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{message} With CI=true they must be there.")
    pytest.skip(message)
