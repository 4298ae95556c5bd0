"""A face drawn with all landmarks: what is picked, what is proposed, what the next click is for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Optional

from facepatch.core.data.landmarks import ELEMENTS, LANDMARK_NAMES
from facepatch.core.face_regions import REGIONS, landmark_title
from facepatch_maya.ui.qt import QtCore, QtGui, QtWidgets, Signal, position
from facepatch_maya.ui.style import current_theme, em, mixed

Point = tuple[float, float]


def _ring(names: Iterable[str], center: Point, radii: Point, start: float, turn: float) -> dict[str, Point]:
    names = tuple(names)
    return {
        name: (
            center[0] + radii[0] * math.cos(start + turn * 2 * math.pi * i / len(names)),
            center[1] - radii[1] * math.sin(start + turn * 2 * math.pi * i / len(names)),
        )
        for i, name in enumerate(names)
    }


def _lips(names: tuple[str, ...], radii: Point) -> dict[str, Point]:
    # From the character's right corner over the upper lip: clockwise, as one sees it.
    return _ring(names, (0.0, 0.50), radii, math.pi, -1.0)


def _places() -> dict[str, Point]:
    """Landmark -> place in a face of -1..1, y down; the character's left is on the right, as when facing it."""
    places: dict[str, Point] = {}
    for side, sign in (("r", -1.0), ("l", 1.0)):
        # Outer corner, over the upper lid, to the inner corner.
        start = 0.0 if sign > 0 else math.pi
        places |= _ring(ELEMENTS[f"eye_{side}"], (sign * 0.42, -0.19), (0.24, 0.16), start, sign)
        for i, name in enumerate(ELEMENTS[f"brow_{side}"]):
            t = i / 4
            places[name] = (sign * (0.74 - 0.56 * t), -0.50 - 0.10 * math.sin(math.pi * (0.18 + 0.62 * t)))
    places |= _lips(ELEMENTS["lips_outer"], (0.42, 0.19))
    places |= _lips(ELEMENTS["lips_inner"], (0.28, 0.075))
    for name, y in zip(ELEMENTS["nose_bridge"], (-0.26, -0.14, -0.02, 0.10)):
        places[name] = (0.0, y)
    for i, name in enumerate(ELEMENTS["nose_base"]):
        places[name] = (-0.19 + 0.095 * i, 0.165 + 0.035 * math.sin(math.pi * i / 4))
    places["chin"] = (0.0, 0.88)
    return places


PLACES = _places()
_REGION_OF = {name: region.name for region in REGIONS for name in region.landmarks}


class FaceMap(QtWidgets.QWidget):
    """`chosen(landmark)` is emitted when a dot is clicked, or reached by the arrow keys."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("face_map")
        self.setMouseTracking(True)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Map of the landmarks")
        self._picked: frozenset[str] = frozenset()
        self._proposed: frozenset[str] = frozenset()
        self._current = ""
        self._region = ""
        self._over = ""

    def show_state(
        self, picked: Mapping[str, int], proposed: Mapping[str, int], *, current: str, region: str
    ) -> None:
        """Draw this."""
        state = (frozenset(picked), frozenset(proposed), current, region)
        if state != (self._picked, self._proposed, self._current, self._region):
            self._picked, self._proposed, self._current, self._region = state
            self.update()

    def sizeHint(self) -> QtCore.QSize:
        """As tall as eighteen lines of text."""
        return QtCore.QSize(em(self, 14), em(self, 15.5))

    def minimumSizeHint(self) -> QtCore.QSize:
        """Smaller, the dots could not be clicked."""
        return QtCore.QSize(em(self, 11), em(self, 15.5))

    # ------------------------------------------------------------------------------------------- geometry

    def place(self, landmark: str) -> QtCore.QPointF:
        """Where the landmark is drawn, in the widget."""
        unit, x, y = self._frame()
        return QtCore.QPointF(x + PLACES[landmark][0] * unit, y + PLACES[landmark][1] * unit)

    def at(self, point: QtCore.QPointF) -> str:
        """The landmark under `point`, "" where there is none near."""
        reach = em(self, 0.6)
        near = min(PLACES, key=lambda name: _distance(self.place(name), point))
        return near if _distance(self.place(near), point) <= reach else ""

    def _frame(self) -> tuple[float, float, float]:
        unit = min(self.width() / 2.0, self.height() / 1.98)
        return unit, self.width() / 2, self.height() / 2 - 0.065 * unit

    # --------------------------------------------------------------------------------------------- events

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        """Choose the dot."""
        name = self.at(position(event))
        if name:
            self.chosen.emit(name)

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        """Name the dot."""
        name = self.at(position(event))
        if name != self._over:
            self._over = name
            self.setToolTip(landmark_title(name).capitalize() if name else "")
            self.setCursor(
                QtCore.Qt.CursorShape.PointingHandCursor if name else QtCore.Qt.CursorShape.ArrowCursor
            )
            self.update()

    def leaveEvent(self, event: QtCore.QEvent) -> None:
        """No dot is named."""
        self._over = ""
        self.update()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Left and right go through the landmarks in their order."""
        keys = QtCore.Qt.Key
        key = event.key()
        if key not in (keys.Key_Right, keys.Key_Down, keys.Key_Left, keys.Key_Up):
            super().keyPressEvent(event)
            return
        step = 1 if key in (keys.Key_Right, keys.Key_Down) else -1
        at = LANDMARK_NAMES.index(self._current) if self._current else -1
        self.chosen.emit(LANDMARK_NAMES[(at + step) % len(LANDMARK_NAMES)])

    # -------------------------------------------------------------------------------------------- drawing

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """The head, the lines of the elements, the dots."""
        theme = current_theme()
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        unit, x, y = self._frame()
        card = QtGui.QColor(theme.card)
        line = max(1.0, unit * 0.011)
        painter.setPen(QtGui.QPen(QtGui.QColor(theme.line), line * 1.3))
        painter.setBrush(QtGui.QColor(mixed(card, QtGui.QColor(theme.text), 0.035)))
        painter.drawPath(_head(unit, x, y))
        for element, names in ELEMENTS.items():
            active = _REGION_OF[names[0]] == self._region
            color = theme.accent if active else mixed(QtGui.QColor(theme.faint), card, 0.35)
            painter.setPen(QtGui.QPen(QtGui.QColor(color), line * (1.4 if active else 1.0)))
            painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
            points = [self.place(name) for name in names]
            painter.drawPath(_smooth(points, closed=element.startswith(("eye", "lips"))))
        for name in LANDMARK_NAMES:
            self._dot(painter, name, unit)
        self._sides(painter, theme.faint)
        painter.end()

    def _dot(self, painter: QtGui.QPainter, name: str, unit: float) -> None:
        theme = current_theme()
        active = _REGION_OF[name] == self._region
        radius = unit * (0.032 if active else 0.022)
        color = QtGui.QColor(
            theme.good if name in self._picked else theme.warn if name in self._proposed else theme.faint
        )
        filled = name in self._picked
        painter.setPen(QtGui.QPen(color, max(1.2, unit * 0.010)))
        painter.setBrush(color if filled else QtGui.QColor(theme.card))
        painter.drawEllipse(self.place(name), radius, radius)
        if name in (self._current, self._over):
            painter.setPen(
                QtGui.QPen(QtGui.QColor(theme.bad if name == self._current else theme.text), unit * 0.012)
            )
            painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
            painter.drawEllipse(self.place(name), radius * 2.1, radius * 2.1)

    def _sides(self, painter: QtGui.QPainter, color: str) -> None:
        """Whose left is left is the oldest mistake of all."""
        painter.setPen(QtGui.QColor(color))
        flags = QtCore.Qt.AlignmentFlag
        box = QtCore.QRectF(self.rect()).adjusted(0, 0, 0, -1)
        painter.drawText(box, int(flags.AlignLeft | flags.AlignBottom), "its\nright")
        painter.drawText(box, int(flags.AlignRight | flags.AlignBottom), "its\nleft")


def _head(unit: float, x: float, y: float) -> QtGui.QPainterPath:
    def at(u: float, v: float) -> QtCore.QPointF:
        return QtCore.QPointF(x + u * unit, y + v * unit)

    path = QtGui.QPainterPath(at(0.0, -0.90))
    path.cubicTo(at(0.62, -0.90), at(0.95, -0.60), at(0.95, -0.15))
    path.cubicTo(at(0.95, 0.45), at(0.56, 1.03), at(0.0, 1.03))
    path.cubicTo(at(-0.56, 1.03), at(-0.95, 0.45), at(-0.95, -0.15))
    path.cubicTo(at(-0.95, -0.60), at(-0.62, -0.90), at(0.0, -0.90))
    return path


def _smooth(points: list[QtCore.QPointF], *, closed: bool) -> QtGui.QPainterPath:
    """A Catmull-Rom curve through `points`."""
    count = len(points)
    path = QtGui.QPainterPath(points[0])

    def at(i: int) -> QtCore.QPointF:
        return points[i % count] if closed else points[max(0, min(count - 1, i))]

    for i in range(count if closed else count - 1):
        before, one, two, after = at(i - 1), at(i), at(i + 1), at(i + 2)
        path.cubicTo(one + (two - before) * (1 / 6), two - (after - one) * (1 / 6), two)
    return path


def _distance(one: QtCore.QPointF, other: QtCore.QPointF) -> float:
    return math.hypot(one.x() - other.x(), one.y() - other.y())


def region_of(landmark: str) -> Optional[str]:
    """The region whose landmark this is."""
    return _REGION_OF.get(landmark)
