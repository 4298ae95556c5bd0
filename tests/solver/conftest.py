"""Rigs with known answers."""

from __future__ import annotations

import pytest

from known_rigs import Known, known


@pytest.fixture(scope="session")
def corrective() -> Known:
    return known()


@pytest.fixture(scope="session")
def linear() -> Known:
    return known(correctives=0, seed=3)
