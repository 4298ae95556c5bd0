"""Curves of a training, drawn as they grow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from facepatch_maya.ui.qt import QtCore, QtGui, QtWidgets
from facepatch_maya.ui.style import current_theme, em, mixed

Points = Sequence[tuple[float, float]]


class CurvePlot(QtWidgets.QWidget):
    """Lines over iterations; the scale is logarithmic where the values span more than a factor of eight."""

    def __init__(self, *, name: str = "curve_plot", lines: float = 9.5, top: float = 0.0) -> None:
        """lines: height in lines of text. top: the scale ends at 0 and here; 0 lets the values decide."""
        super().__init__()
        self._lines, self._top = lines, top
        self.setObjectName(name)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self._curves: dict[str, list[tuple[float, float]]] = {}
        self._empty = ""

    def show_curves(self, curves: Mapping[str, Points], *, empty: str = "") -> None:
        """Draw these. empty: what to say where there is nothing to draw."""
        self._curves = {
            name: [(float(x), float(y)) for x, y in points if math.isfinite(y)]
            for name, points in curves.items()
        }
        self._curves = {name: points for name, points in self._curves.items() if points}
        self._empty = empty
        self.update()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the curves that are drawn."""
        return tuple(self._curves)

    def sizeHint(self) -> QtCore.QSize:
        """As high as was asked for."""
        return QtCore.QSize(em(self, 18), em(self, self._lines))

    minimumSizeHint = sizeHint  # noqa: N815

    def colors(self) -> list[str]:
        """One colour per curve, told apart by lightness too."""
        theme = current_theme()
        return [
            theme.accent,
            theme.warn,
            theme.good,
            mixed(QtGui.QColor(theme.text), QtGui.QColor(theme.accent), 0.2),
        ]

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Grid, lines, legend."""
        theme = current_theme()
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setPen(QtGui.QPen(QtGui.QColor(theme.line), 1))
        painter.setBrush(QtGui.QColor(theme.field))
        outer = QtCore.QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(outer, em(self, 0.25), em(self, 0.25))
        if not self._curves:
            painter.setPen(QtGui.QColor(theme.faint))
            flags = QtCore.Qt.AlignmentFlag.AlignCenter | QtCore.Qt.TextFlag.TextWordWrap
            painter.drawText(outer.adjusted(8, 8, -8, -8), int(flags), self._empty)
            painter.end()
            return
        metrics = self.fontMetrics()
        wide = max(metrics.horizontalAdvance(text) for text in ("0.0000", "1.2e-03"))
        box = outer.adjusted(wide + em(self, 0.6), em(self, 2.2), -em(self, 0.6), -em(self, 1.35))
        self._axes(painter, box)
        for index, points in enumerate(self._curves.values()):
            self._line(painter, box, points, self.colors()[index % 4])
        self._legend(painter, outer)
        painter.end()

    # ------------------------------------------------------------------------------------------- drawing

    def _limits(self) -> tuple[float, float, float, float, bool]:
        xs = [x for points in self._curves.values() for x, _ in points]
        ys = [y for points in self._curves.values() for _, y in points]
        if self._top:
            return min(0.0, *xs), max(*xs, 1.0), 0.0, self._top, False
        low, high = min(ys), max(ys)
        log = low > 0 and high > 8 * low
        if not log:
            low, high = min(0.0, low), high if high > low else low + 1.0
        elif high <= low:
            high = low * 2
        return min(xs), max(max(xs), min(xs) + 1), low, high, log

    def _to_pixels(self, box: QtCore.QRectF, x: float, y: float) -> QtCore.QPointF:
        left, right, low, high, log = self._limits()
        up = (math.log(y / low) / math.log(high / low)) if log else (y - low) / (high - low)
        return QtCore.QPointF(
            box.left() + (x - left) / (right - left) * box.width(), box.bottom() - up * box.height()
        )

    def _axes(self, painter: QtGui.QPainter, box: QtCore.QRectF) -> None:
        theme = current_theme()
        left, right, low, high, log = self._limits()
        flags = QtCore.Qt.AlignmentFlag
        middle = math.sqrt(low * high) if log else (low + high) / 2
        for value in (low, middle, high):
            y = self._to_pixels(box, left, value).y()
            painter.setPen(QtGui.QPen(QtGui.QColor(theme.line), 1, QtCore.Qt.PenStyle.DotLine))
            painter.drawLine(QtCore.QPointF(box.left(), y), QtCore.QPointF(box.right(), y))
            painter.setPen(QtGui.QColor(theme.faint))
            word = QtCore.QRectF(0, y - em(self, 0.6), box.left() - em(self, 0.35), em(self, 1.2))
            painter.drawText(word, int(flags.AlignRight | flags.AlignVCenter), f"{value:.2g}")
        below = QtCore.QRectF(box.left(), box.bottom() + 2, box.width(), em(self, 1.2))
        painter.drawText(below, int(flags.AlignLeft | flags.AlignVCenter), f"{left:g}")
        painter.drawText(below, int(flags.AlignRight | flags.AlignVCenter), f"{right:g} iterations")

    def _line(self, painter: QtGui.QPainter, box: QtCore.QRectF, points: Points, color: str) -> None:
        step = max(1, len(points) // max(2, int(box.width())))
        chosen = [*points[::step], points[-1]]
        path = QtGui.QPainterPath(self._to_pixels(box, *chosen[0]))
        for x, y in chosen[1:]:
            path.lineTo(self._to_pixels(box, x, y))
        painter.setPen(QtGui.QPen(QtGui.QColor(color), max(1.4, em(self, 0.1))))
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        painter.setBrush(QtGui.QColor(color))
        painter.drawEllipse(self._to_pixels(box, *chosen[-1]), em(self, 0.14), em(self, 0.14))

    def _legend(self, painter: QtGui.QPainter, outer: QtCore.QRectF) -> None:
        theme = current_theme()
        words = [f"{name} {points[-1][1]:.3g}" for name, points in self._curves.items()]
        metrics = self.fontMetrics()
        if sum(metrics.horizontalAdvance(word) + em(self, 1.4) for word in words) > outer.width():
            words = list(self._curves)
        x, y = outer.left() + em(self, 0.6), outer.top() + em(self, 0.8)
        for index, word in enumerate(words):
            painter.setPen(QtCore.Qt.PenStyle.NoPen)
            painter.setBrush(QtGui.QColor(self.colors()[index % 4]))
            painter.drawEllipse(QtCore.QPointF(x + em(self, 0.2), y), em(self, 0.2), em(self, 0.2))
            painter.setPen(QtGui.QColor(theme.quiet))
            painter.drawText(QtCore.QPointF(x + em(self, 0.6), y + metrics.ascent() * 0.36), word)
            x += em(self, 1.4) + metrics.horizontalAdvance(word)
