"""Qt as Maya has it: PySide6 from 2025 on, PySide2 before. Nothing is patched, and nothing but this file chooses.

Enums are written with their class (`QtCore.Qt.Orientation.Horizontal`), which both understand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from PySide6 import QtCore, QtGui, QtWidgets
    from PySide6.QtGui import QAction, QShortcut
    from shiboken6 import isValid, wrapInstance

    BINDING = "PySide6"
else:
    try:
        from PySide6 import QtCore, QtGui, QtWidgets
        from PySide6.QtGui import QAction, QShortcut
        from shiboken6 import isValid, wrapInstance

        BINDING = "PySide6"
    except ImportError:
        from PySide2 import QtCore, QtGui, QtWidgets
        from PySide2.QtWidgets import QAction, QShortcut
        from shiboken2 import isValid, wrapInstance

        BINDING = "PySide2"

__all__ = [
    "BINDING",
    "QAction",
    "QShortcut",
    "QtCore",
    "QtGui",
    "QtWidgets",
    "Signal",
    "execute",
    "is_alive",
    "position",
    "wrapped",
]

Signal: Any = QtCore.Signal


def execute(thing: Any, *arguments: Any) -> Any:
    """`exec` of a menu, dialog or event loop; called `exec_` in PySide2."""
    return (getattr(thing, "exec", None) or thing.exec_)(*arguments)


def is_alive(thing: Optional[Any]) -> bool:
    """Whether the C++ side of a widget is still there."""
    return thing is not None and bool(isValid(thing))


def wrapped(address: int, kind: Any) -> Any:
    """The Python side of the Qt object at `address`."""
    return wrapInstance(address, kind)


def position(event: Any) -> Any:
    """Where a mouse event happened, in the widget: QPointF."""
    return event.position() if hasattr(event, "position") else event.localPos()
