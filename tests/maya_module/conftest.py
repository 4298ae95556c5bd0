"""A Maya for each test: the stand-in of tests/standin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import fakemaya


@pytest.fixture
def maya() -> Iterator[Any]:
    """A new scene in an interactive Maya. Import `maya` and `facepatch_maya` inside the test."""
    with fakemaya.install(version=2025) as installed:
        yield installed


@pytest.fixture
def host(maya: Any) -> Any:
    """MayaHost of that Maya."""
    from facepatch_maya.host import MayaHost

    return MayaHost()
