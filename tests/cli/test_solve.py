"""The flags of `facepatch solve`."""

from __future__ import annotations

import pytest

from facepatch.cli.solve import parse_pairs
from facepatch.core.errors import InputError


def test_pairs_on_the_command_line() -> None:
    assert parse_pairs(("a.b=0.5", "c=-1"), "--hold") == {"a.b": 0.5, "c": -1.0}
    for text in ("jaw", "jaw=wide", "=1", "jaw=nan"):
        with pytest.raises(InputError, match="CONTROL=NUMBER"):
            parse_pairs((text,), "--hold")
