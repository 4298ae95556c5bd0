"""Names that Maya and USD both accept: letters, digits and underscores, not starting with a digit."""

from __future__ import annotations

import re
from collections.abc import Iterable


class NameTable:
    """Hands out names that are legal and used once, as close to the wish as can be."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def claim(self, wish: str) -> str:
        """`wish` with each illegal character replaced by `_`, numbered where it is already taken.

        Names that differ only in upper and lower case count as equal: some file systems and importers do too.
        """
        legal = re.sub(r"[^A-Za-z0-9_]", "_", wish) or "unnamed"
        if legal[0].isdigit():
            legal = f"_{legal}"
        name, number = legal, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{legal}_{number}"
        self._taken.add(name.lower())
        return name
