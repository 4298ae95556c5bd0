"""One training that diverges does not keep an evaluation from all the others."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from facepatch.core.errors import DivergedError

log = logging.getLogger(__name__)


class Diverged:
    """What diverged while the rest went on."""

    def __init__(self) -> None:
        self.found: list[str] = []

    @contextmanager
    def passed_over(self, what: str) -> Iterator[None]:
        """Goes on after the body where its training diverges. what: method, seed and so on, for the sentence."""
        try:
            yield
        except DivergedError as error:
            self.found.append(f"{what}: {error}")
            log.warning("%s. The others go on.", self.found[-1].rstrip("."))

    def tell(self) -> None:
        """Raises DivergedError with all that diverged."""
        if self.found:
            raise DivergedError(
                f"{len(self.found)} of the trainings diverged; the results of all others are kept.\n"
                + "\n".join(self.found)
            )
