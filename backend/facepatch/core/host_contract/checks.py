"""A check, and how it says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from facepatch.core.errors import FacepatchError
from facepatch.core.host import Capability, Host
from facepatch.core.host_contract.scene import HostFixture


@dataclass(frozen=True)
class Check:
    """One thing that every host must do."""

    name: str
    needs: frozenset[Capability]
    """The check does not apply to a host without these."""
    run: Callable[[HostFixture], None]

    def applies(self, host: Host) -> bool:
        """Whether `host` has what the check needs."""
        return self.needs <= host.capabilities


class Checks(list[Check]):
    """The checks of one module."""

    def add(
        self, *needs: Capability
    ) -> Callable[[Callable[[HostFixture], None]], Callable[[HostFixture], None]]:
        """Decorates a check: it is called as its function."""

        def keep(function: Callable[[HostFixture], None]) -> Callable[[HostFixture], None]:
            self.append(Check(function.__name__.strip("_"), frozenset(needs), function))
            return function

        return keep


def require(holds: Any, sentence: str) -> None:
    """Raises AssertionError with `sentence`, also where Python runs without assert."""
    if not holds:
        raise AssertionError(sentence)


def require_near(what: str, found: Any, wanted: Any, tolerance: float = 2e-5) -> None:
    """Raises AssertionError where the two differ by more than `tolerance` times the largest wanted value (or 1)."""
    a, b = np.asarray(found, np.float64), np.asarray(wanted, np.float64)
    require(a.shape == b.shape, f"{what}: has the shape {a.shape}, should have {b.shape}.")
    if not a.size:
        return
    error, allowed = float(np.abs(a - b).max()), tolerance * max(1.0, float(np.abs(b).max()))
    require(error <= allowed, f"{what}: is off by {error:.3g}, allowed are {allowed:.3g}.")


def require_error(kind: type[FacepatchError], act: Callable[[], Any], *words: str) -> str:
    """Runs `act`, which must raise `kind` with all `words` in its sentence; gives the sentence."""
    try:
        act()
    except kind as error:
        sentence = str(error)
        missing = [word for word in words if word not in sentence]
        require(not missing, f"the error says '{sentence}', which lacks {missing}.")
        return sentence
    raise AssertionError(f"nothing was raised; {kind.__name__} should have been.")
