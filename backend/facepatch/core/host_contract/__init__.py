"""What every host must do, as checks that run anywhere: in a test and inside a real Maya, without a test framework.

A host's test gives a `HostFixture`, which opens the same small scene (`scene`) in that host. Each check opens a new
one, and raises AssertionError with a sentence where the host does something else than `core.host` says.
"""

from __future__ import annotations

from facepatch.core.host_contract import building, keys, reading, rig
from facepatch.core.host_contract.checks import Check
from facepatch.core.host_contract.scene import ContractScene, HostFixture

CHECKS: tuple[Check, ...] = (*reading.checks, *rig.checks, *building.checks, *keys.checks)
"""All of them."""

__all__ = ["CHECKS", "Check", "ContractScene", "HostFixture"]
