"""Scene messages of Maya for as long as somebody needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from maya.api import OpenMaya as om


class SceneEvents:
    """Calls functions at scene messages, from `open` until `close`.

    functions: name of a message of MSceneMessage ("kBeforeNew") -> function without arguments.
    """

    def __init__(self, functions: Mapping[str, Callable[[], None]]) -> None:
        self._functions = dict(functions)
        self._ids: list[Any] = []

    def open(self) -> None:
        """Listen from now on."""
        if self._ids:
            return
        for name, function in self._functions.items():
            message = getattr(om.MSceneMessage, name)
            # Maya hands over its client data, which nobody needs.
            self._ids.append(om.MSceneMessage.addCallback(message, lambda *_, call=function: call()))

    def close(self) -> None:
        """Listen no longer. May be called from inside one of the functions."""
        ids, self._ids = self._ids, []
        for one in ids:
            om.MMessage.removeCallback(one)
