"""How far the captured motion goes: one bar per thing that a face does."""

from __future__ import annotations

from collections.abc import Sequence

from facepatch.core.motion_range import MotionRange
from facepatch_maya.ui.qt import QtCore, QtGui, QtWidgets
from facepatch_maya.ui.style import current_theme, em

_WORDS = {"good": "covered", "little": "little", "none": "missing", "unknown": "not picked"}


class RangeBars(QtWidgets.QWidget):
    """Title, bar and verdict of each range; the sentence is its tool tip."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("range_bars")
        self.ranges: tuple[MotionRange, ...] = ()
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)

    def show_ranges(self, ranges: Sequence[MotionRange]) -> None:
        """Draw these."""
        self.ranges = tuple(ranges)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QtCore.QSize:
        """A line and a half per bar."""
        return QtCore.QSize(em(self, 16), round(em(self, 1.45) * max(1, len(self.ranges))))

    minimumSizeHint = sizeHint  # noqa: N815

    def event(self, event: QtCore.QEvent) -> bool:
        """The tool tip of the bar under the pointer."""
        if event.type() == QtCore.QEvent.Type.ToolTip and self.ranges:
            row = int(event.pos().y() / em(self, 1.45))  # type: ignore[attr-defined]
            self.setToolTip(self.ranges[min(row, len(self.ranges) - 1)].sentence)
        return super().event(event)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw all bars."""
        theme = current_theme()
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        flags = QtCore.Qt.AlignmentFlag
        metrics, height = self.fontMetrics(), em(self, 1.45)
        title = em(self, 0.8) + max((metrics.horizontalAdvance(one.title) for one in self.ranges), default=0)
        verdict = em(self, 0.8) + max(metrics.horizontalAdvance(word) for word in _WORDS.values())
        colors = {"good": theme.good, "little": theme.warn, "none": theme.bad, "unknown": theme.faint}
        for row, one in enumerate(self.ranges):
            box = QtCore.QRectF(0, row * height, self.width(), height)
            painter.setPen(QtGui.QColor(theme.text))
            painter.drawText(box, int(flags.AlignLeft | flags.AlignVCenter), one.title)
            bar = QtCore.QRectF(title, box.center().y() - em(self, 0.19), 0, em(self, 0.38))
            bar.setRight(self.width() - verdict)
            painter.setPen(QtCore.Qt.PenStyle.NoPen)
            painter.setBrush(QtGui.QColor(theme.field))
            painter.drawRoundedRect(bar, bar.height() / 2, bar.height() / 2)
            filled = QtCore.QRectF(bar)
            filled.setWidth(max(bar.height(), bar.width() * one.amount))
            if one.verdict != "unknown":
                painter.setBrush(QtGui.QColor(colors[one.verdict]))
                painter.drawRoundedRect(filled, bar.height() / 2, bar.height() / 2)
            painter.setPen(QtGui.QColor(colors[one.verdict]))
            painter.drawText(box, int(flags.AlignRight | flags.AlignVCenter), _WORDS[one.verdict])
        painter.end()
