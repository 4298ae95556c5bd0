"""What a panel is doing, as data: one status per panel, and listeners that hear of changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from facepatch.core.errors import FacepatchError, JobCancelledError

log = logging.getLogger(__name__)

EMPTY, READY, RUNNING, DONE, FAILED = "empty", "ready", "running", "done", "failed"
"""Nothing chosen yet; something can be done; it is being done; it is done; it went wrong."""
NO_BAR = -1


@dataclass(frozen=True)
class Status:
    """One sentence for the user and, where something runs, how far it is."""

    kind: str = EMPTY
    text: str = ""
    """A sentence. Of a failure: what happened, with which values, what to do next."""
    done: int = 0
    total: int = 0
    """0 where it is not known, NO_BAR where there is no end to wait for."""


Listener = Callable[[str], None]


class Listeners:
    """Functions that are called with the name of what changed."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def add(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` from now on; the returned function takes it out again."""
        self._listeners.append(listener)

        def remove() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return remove

    def tell(self, what: str) -> None:
        """`what` changed."""
        for listener in list(self._listeners):
            listener(what)


class Page:
    """The state behind one panel. Subclasses say which: `name`."""

    name = ""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners
        self.status = Status()

    def changed(self) -> None:
        """Tell the panels."""
        self._listeners.tell(self.name)

    def say(self, kind: str, text: str, done: int = 0, total: int = 0) -> None:
        """Set the status and tell the panels."""
        self.status = Status(kind, text, done, total)
        self.changed()

    def enter(self) -> None:
        """Its panel comes to the front: look again at what may have changed elsewhere."""

    @contextmanager
    def reporting(self, what: str) -> Iterator[None]:
        """Turn an error in the block into the page's status; nothing leaves the block but a fault of our own.

        what: names the action in front of an error that is not one of facepatch's own sentences.
        """
        try:
            yield
        except JobCancelledError:
            self.say(READY, f"{what} was stopped. Nothing was changed.")
        except FacepatchError as error:
            log.info("%s: %s", what, error)
            self.say(FAILED, str(error))
        except (OSError, RuntimeError, ValueError) as error:
            # What the host itself throws: RuntimeError in Maya. The log has the traceback.
            log.exception("%s", what)
            self.say(
                FAILED,
                f"{what} failed: {str(error).strip().rstrip('.')}. The Script Editor has the details; "
                "if they do not help, attach them to an issue.",
            )
