"""maya.OpenMayaUI.MQtUtil.

The bridge from names of user-interface elements to Qt widgets. It exists in API 1 only.
"""

from __future__ import annotations

from typing import Any, Optional

from fakemaya.active import active
from fakemaya.api_contract import api
from fakemaya.commands.elements import MAIN_WINDOW, tree
from fakemaya.commands.workspace import main_window, new_widget


class Pointer:
    """What SWIG returns for a C++ pointer: a thing that int() turns into the address."""

    def __init__(self, address: int) -> None:
        self._address = address

    def __int__(self) -> int:
        return self._address

    def __index__(self) -> int:
        return self._address


def pointer(widget: Any) -> Optional[Pointer]:
    """Return the address of a widget."""
    if widget is None:
        return None
    if type(widget).__module__.startswith("PySide6"):
        from shiboken6 import getCppPointer
    else:
        from shiboken2 import getCppPointer
    return Pointer(int(getCppPointer(widget)[0]))


@api("maya.OpenMayaUI")
class MQtUtil:
    @staticmethod
    def mainWindow() -> Optional[Pointer]:
        return pointer(main_window(active()))

    @staticmethod
    def findControl(name: str, *parent: Any) -> Optional[Pointer]:
        maya = active()
        if name == MAIN_WINDOW:
            return pointer(main_window(maya))
        element = tree(maya).find(name)
        if element is None:
            return None
        held = maya.state.setdefault("widgets", {})
        if element.path not in held:
            made = new_widget()
            if made is None:
                return None
            made.setObjectName(element.name)
            held[element.path] = made
        return pointer(held[element.path])

    @staticmethod
    def findLayout(name: str, *parent: Any) -> Optional[Pointer]:
        return MQtUtil.findControl(name)

    @staticmethod
    def findWindow(name: str) -> Optional[Pointer]:
        return MQtUtil.findControl(name) if tree(active()).find(name, ("window",)) else None

    @staticmethod
    def getCurrentParent() -> Optional[Pointer]:
        parent = tree(active()).parent
        return MQtUtil.findControl(parent.path) if parent else None

    @staticmethod
    def fullName(address: Any) -> str:
        for path, widget in active().state.get("widgets", {}).items():
            found = pointer(widget)
            if found is not None and int(found) == int(address):
                return path
        return ""

    @staticmethod
    def dpiScale(value: float) -> float:
        return float(value)
