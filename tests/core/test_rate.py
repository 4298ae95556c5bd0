"""core.rate: frame rates as people write them."""

from __future__ import annotations

import pytest

from facepatch.core.errors import ConfigError
from facepatch.core.rate import parse_rate


@pytest.mark.parametrize(
    ("text", "rate"), [("", None), ("24", (24, 1)), ("24000/1001", (24000, 1001)), ("25/1", (25, 1))]
)
def test_rates_are_read_as_fractions(text: str, rate: tuple[int, int] | None) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["23.976", "fast", "0", "24/0", "-24"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=rf"--rate: '{text}' is no frame rate\. Give 24, 25 or 24000/1001"):
        parse_rate(text, "--rate")
