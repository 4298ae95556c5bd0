"""The row of panels at the top: where one is, and how each panel stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from facepatch_maya.session.status import DONE, EMPTY, FAILED, READY, RUNNING, Status
from facepatch_maya.ui.qt import QtCore, QtGui, QtWidgets, Signal
from facepatch_maya.ui.style import current_theme, em


class Tab(QtWidgets.QAbstractButton):
    """A name, a line below it where it is the one that is shown, and a dot for its state."""

    def __init__(self, name: str, title: str, tip: str) -> None:
        super().__init__()
        self.setObjectName(f"tab_{name}")
        self.setText(title)
        self.setToolTip(tip)
        self.setCheckable(True)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        self.setCursor(QtCore.Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.status = Status()
        self._by_key = False

    def focusInEvent(self, event: QtGui.QFocusEvent) -> None:
        """A ring shows those who use the keyboard where they are; for others it is noise."""
        reasons = QtCore.Qt.FocusReason
        self._by_key = event.reason() in (reasons.TabFocusReason, reasons.BacktabFocusReason)
        super().focusInEvent(event)

    def show_status(self, status: Status) -> None:
        """Show how the panel stands."""
        self.status = status
        self.setAccessibleDescription(status.text)
        self.update()

    def sizeHint(self) -> QtCore.QSize:
        """Text, dot and room."""
        return QtCore.QSize(self.fontMetrics().horizontalAdvance(self.text()) + em(self, 1.6), em(self, 2.3))

    minimumSizeHint = sizeHint  # noqa: N815

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw it."""
        theme = current_theme()
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        box = QtCore.QRectF(self.rect())
        if self.underMouse() and not self.isChecked():
            painter.fillRect(box, QtGui.QColor(theme.hover))
        width = self.fontMetrics().horizontalAdvance(self.text())
        room = em(self, 0.85)
        left = (box.width() - width - room) / 2
        self._mark(painter, QtCore.QPointF(left + em(self, 0.22), box.center().y()))
        painter.setPen(QtGui.QColor(theme.text if self.isChecked() else theme.quiet))
        words = QtCore.QRectF(left + room, 0, width + 4, box.height())
        painter.drawText(words, int(QtCore.Qt.AlignmentFlag.AlignVCenter), self.text())
        if self.isChecked():
            line = max(2, em(self, 0.15))
            painter.fillRect(
                QtCore.QRectF(0, box.height() - line, box.width(), line), QtGui.QColor(theme.accent)
            )
        if self.hasFocus() and self._by_key:
            painter.setPen(QtGui.QPen(QtGui.QColor(theme.accent), 1))
            painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(2.5, 2.5, -2.5, -3.5), 3, 3)
        painter.end()

    def _mark(self, painter: QtGui.QPainter, center: QtCore.QPointF) -> None:
        """Nothing yet: a ring. Can go on: a ring of colour. Running: half full. Done: a tick. Failed: a cross."""
        theme, r = current_theme(), em(self, 0.22)
        color = QtGui.QColor(theme.of(self.status.kind))
        painter.setPen(QtGui.QPen(color, max(1.4, r * 0.42)))
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        x, y = center.x(), center.y()
        kind = self.status.kind
        if kind == DONE:
            painter.drawPolyline(
                QtGui.QPolygonF(
                    [QtCore.QPointF(x + u * r, y + v * r) for u, v in ((-1, 0), (-0.2, 0.8), (1.1, -0.8))]
                )
            )
        elif kind == FAILED:
            painter.drawLine(
                QtCore.QPointF(x - r * 0.8, y - r * 0.8), QtCore.QPointF(x + r * 0.8, y + r * 0.8)
            )
            painter.drawLine(
                QtCore.QPointF(x - r * 0.8, y + r * 0.8), QtCore.QPointF(x + r * 0.8, y - r * 0.8)
            )
        else:
            painter.drawEllipse(center, r, r)
            if kind == RUNNING:
                painter.setBrush(color)
                painter.drawPie(QtCore.QRectF(x - r, y - r, 2 * r, 2 * r), 90 * 16, -180 * 16)
        assert kind in (EMPTY, READY, RUNNING, DONE, FAILED)


class Navigation(QtWidgets.QWidget):
    """`chosen(name)` is emitted when a tab is pressed."""

    chosen = Signal(str)

    def __init__(self, tabs: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._group = QtWidgets.QButtonGroup(self)
        self.tabs: dict[str, Tab] = {}
        for index, (name, title, tip) in enumerate(tabs):
            tab = Tab(name, title, f"{tip} (Ctrl+{index + 1})")
            tab.clicked.connect(lambda *_, name=name: self.chosen.emit(name))
            self._group.addButton(tab)
            layout.addWidget(tab)
            self.tabs[name] = tab

    def show_state(self, current: str, states: Mapping[str, Status]) -> None:
        """Mark the panel that is shown, and how each stands."""
        self.tabs[current].setChecked(True)
        for name, status in states.items():
            self.tabs[name].show_status(status)
