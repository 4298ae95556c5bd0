"""The stand-in that is installed at the moment, and what it raises where it knows that it knows too little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from fakemaya import FakeMaya


class Gap(BaseException):
    """Real Maya has this and the stand-in does not. No `except Exception` of the tested code swallows it."""


class _Holder:
    maya: Optional[FakeMaya] = None


def active() -> FakeMaya:
    """The installed stand-in; RuntimeError where there is none."""
    if _Holder.maya is None:
        raise RuntimeError("No stand-in is installed. Use it inside `with fakemaya.install():`.")
    return _Holder.maya


def activate(maya: Optional[FakeMaya]) -> None:
    """Make `maya` the installed one, or none."""
    _Holder.maya = maya
