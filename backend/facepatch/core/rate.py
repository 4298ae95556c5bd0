"""Frame rates as people write them."""

from __future__ import annotations

from typing import Optional

from facepatch.core.errors import ConfigError


def parse_rate(text: str, where: str = "rate") -> Optional[tuple[int, int]]:
    """ "24", "24000/1001" or "" -> frames per second as a fraction, None for "". Raises ConfigError about `where`."""
    if not text:
        return None
    top, _, bottom = text.partition("/")
    try:
        rate = int(top), int(bottom or 1)
    except ValueError:
        rate = (0, 0)
    if min(rate) <= 0:
        raise ConfigError(f"{where}: '{text}' is no frame rate. Give 24, 25 or 24000/1001.")
    return rate


def frames_of(at_24: float, rate: tuple[int, int]) -> float:
    """Frames of a film at `rate` that last as long as `at_24` of one at 24/s, in which settings are given."""
    return at_24 * rate[0] / (24.0 * rate[1])
