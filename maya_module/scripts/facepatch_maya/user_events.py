"""What the user does in Maya (selecting, undoing, moving in time), for as long as somebody needs to hear of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from maya.api import OpenMaya as om


class UserEvents:
    """Calls functions at events of MEventMessage, from `open` until `close`.

    functions: name of an event ("SelectionChanged", "Undo", "Redo", "timeChanged") -> function without arguments.
    """

    def __init__(self, functions: Mapping[str, Callable[[], None]]) -> None:
        self._functions = dict(functions)
        self._ids: list[Any] = []

    def open(self) -> None:
        """Listen from now on."""
        if not self._ids:
            for name, function in self._functions.items():
                self._ids.append(om.MEventMessage.addEventCallback(name, lambda *_, call=function: call()))

    def close(self) -> None:
        """Listen no longer. May be called from inside one of the functions."""
        ids, self._ids = self._ids, []
        for one in ids:
            om.MMessage.removeCallback(one)
