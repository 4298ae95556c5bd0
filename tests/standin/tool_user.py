"""A user of the tool: mouse, keyboard, files dragged from the desktop."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class User:
    """Hands on the tool."""

    def __init__(self, tool: Any) -> None:
        from facepatch_maya.ui.qt import QtCore, QtWidgets

        self.tool = tool
        self.core = QtCore
        self.widgets = QtWidgets

    def find(self, name: str) -> Any:
        """The widget of that object name in the panel that is shown, or else in the tool."""
        panel = self.tool.panels[self.tool.current]
        for parent in (panel, self.tool):
            found = list(parent.findChildren(self.widgets.QWidget, name))
            if found:
                return found[0]
        raise AssertionError(f"no widget '{name}'")

    def click(self, widget: Any, point: Any = None) -> None:
        """Press the left button on a widget (or its object name)."""
        self.settle()
        widget = self.find(widget) if isinstance(widget, str) else widget
        assert widget.isEnabled(), f"{widget.objectName()} is disabled"
        where = point if point is not None else widget.rect().center()
        if isinstance(widget, self.widgets.QCheckBox):
            # Only the box and its words can be clicked, not the room beside them.
            where.setX(8)
        self._mouse(widget, where)
        self.settle()

    def click_row(self, view: Any, row: int, *, check: bool = False, double: bool = False) -> None:
        """Press on a row of a list or tree; on its check box where `check`."""
        view = self.find(view) if isinstance(view, str) else view
        item = view.topLevelItem(row) if hasattr(view, "topLevelItem") else view.item(row)
        box = view.visualItemRect(item)
        point = box.center()
        if check:
            option = self.widgets.QStyleOptionViewItem()
            option.initFrom(view)
            option.rect = box
            option.features = self.widgets.QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
            element = self.widgets.QStyle.SubElement.SE_ItemViewItemCheckIndicator
            point = view.style().subElementRect(element, option, view).center()
        self._mouse(view.viewport(), point, double=double)
        self.settle()

    def type(self, widget: Any, text: str, *, enter: bool = True) -> None:
        """Replace what a field holds."""
        from facepatch_maya.ui.qt import QtGui

        widget = self.find(widget) if isinstance(widget, str) else widget
        widget.setFocus(self.core.Qt.FocusReason.TabFocusReason)
        target = widget.lineEdit() if hasattr(widget, "lineEdit") and widget.lineEdit() else widget
        target.selectAll()
        keys = self.core.Qt.Key
        self._key(target, keys.Key_Delete, "", QtGui)
        for letter in text:
            self._key(target, 0, letter, QtGui)
        if enter:
            self._key(target, keys.Key_Return, "\r", QtGui)
            target.clearFocus()
            widget.clearFocus()
        self.settle()

    def key(self, widget: Any, key: Any, modifiers: Any = None) -> None:
        """Press a key."""
        from facepatch_maya.ui.qt import QtGui

        widget = self.find(widget) if isinstance(widget, str) else widget
        self._key(widget, key, "", QtGui, modifiers)
        self.settle()

    def drop(self, widget: Any, *paths: Path) -> None:
        """Drag files from the desktop onto a widget."""
        from facepatch_maya.ui.qt import QtCore, QtGui

        widget = self.find(widget) if isinstance(widget, str) else widget
        target = widget.viewport() if hasattr(widget, "viewport") else widget
        mime = QtCore.QMimeData()
        mime.setUrls([QtCore.QUrl.fromLocalFile(str(path)) for path in paths])
        buttons, none = QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier
        copy, point = QtCore.Qt.DropAction.CopyAction, target.rect().center()
        enter = QtGui.QDragEnterEvent(point, copy, mime, buttons, none)
        self.widgets.QApplication.sendEvent(target, enter)
        assert enter.isAccepted(), "the drag was refused"
        drop = QtGui.QDropEvent(QtCore.QPointF(point), copy, mime, buttons, none)
        self.widgets.QApplication.sendEvent(target, drop)
        self.settle()

    def settle(self) -> None:
        """Let the tool take everything in."""
        self.tool.session.poll()
        for _ in range(3):
            self.widgets.QApplication.processEvents()

    def panel(self, name: str) -> Any:
        """Go to a panel by its tab."""
        self.click(f"tab_{name}")
        return self.tool.panels[name]

    def primary(self) -> Any:
        """The primary button of the panel that is shown."""
        return self.tool.panels[self.tool.current].primary_button

    def status(self) -> str:
        """The sentence at the foot of the panel that is shown."""
        return str(self.tool.panels[self.tool.current].status_text.text())

    def _mouse(self, widget: Any, point: Any, *, double: bool = False) -> None:
        from facepatch_maya.ui.qt import BINDING

        test = __import__(f"{BINDING}.QtTest", fromlist=["QTest"]).QTest
        left, none = self.core.Qt.MouseButton.LeftButton, self.core.Qt.KeyboardModifier.NoModifier
        test.mouseClick(widget, left, none, point)
        if double:
            test.mouseDClick(widget, left, none, point)

    def _key(self, widget: Any, key: Any, text: str, gui: Any, modifiers: Any = None) -> None:
        from facepatch_maya.ui.qt import BINDING

        test = __import__(f"{BINDING}.QtTest", fromlist=["QTest"]).QTest
        none = self.core.Qt.KeyboardModifier.NoModifier
        if text and not key:
            test.keyClicks(widget, text)
        else:
            test.keyClick(widget, key, modifiers if modifiers is not None else none)
