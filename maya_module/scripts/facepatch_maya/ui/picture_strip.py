"""Preview pictures of a training: the newest large, the ones before it small."""

from __future__ import annotations

from typing import Any

from facepatch_maya.ui.qt import QtCore, QtGui, QtWidgets, position
from facepatch_maya.ui.style import current_theme, em

KEPT = 6
LARGE = 9.0
"""Lines of text that the large picture is high."""


class PictureStrip(QtWidgets.QWidget):
    """Clicking a small picture shows it large; clicking the large one goes back to the newest."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("picture_strip")
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Rows: the performer; the networks' copy of the performer; the same expression on the character; the "
            "character; its copy. The third row is what matters: it shall do what the first does. Drag, or turn the "
            "wheel, to see more; click a small picture to look back."
        )
        self._pan = 0.0
        """How far the large picture is shifted, in its own shown pixels."""
        self._from: float = 0.0
        self._pictures: list[tuple[object, QtGui.QImage, str]] = []
        self._at = -1
        self._empty = ""

    @property
    def count(self) -> int:
        """How many pictures are kept."""
        return len(self._pictures)

    def show_empty(self, text: str) -> None:
        """What to say where there is no picture yet."""
        self._empty = text
        self.update()

    def clear(self) -> None:
        """Another training: no pictures."""
        self._pictures.clear()
        self._at = -1
        self.updateGeometry()
        self.update()

    def add(self, key: object, pixels: Any, caption: str) -> None:
        """The newest picture, (H, W, 3) uint8. Nothing happens where `key` was added already."""
        if any(key == known for known, _, _ in self._pictures):
            return
        self._pictures = [*self._pictures, (key, to_image(pixels), caption)][-KEPT:]
        self._at = -1
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QtCore.QSize:
        """Large enough to recognise a face; what is wider than we are is panned."""
        if not self._pictures:
            return QtCore.QSize(em(self, 16), em(self, 3))
        return QtCore.QSize(em(self, 16), em(self, LARGE + 1.4) + self._room_below())

    def minimumSizeHint(self) -> QtCore.QSize:
        """As `sizeHint`."""
        return self.sizeHint()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        """Look at another picture, or begin to pan."""
        small = [i for i, box in enumerate(self._boxes()) if box.contains(event.pos())]
        self._from = position(event).x()
        if small or event.pos().y() > em(self, LARGE + 1.4):
            self._at = small[0] if small else -1
            self.update()

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        """Pan."""
        here = position(event).x()
        self._shift(here - self._from)
        self._from = here

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        """Pan, where there is anything to pan; the page scrolls otherwise."""
        delta = event.angleDelta()
        if not delta.x() and not event.modifiers() & QtCore.Qt.KeyboardModifier.ShiftModifier:
            event.ignore()
            return
        self._shift((delta.x() or delta.y()) / 2)

    def _shift(self, by: float) -> None:
        self._pan = max(0.0, self._pan - by)
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw them."""
        theme = current_theme()
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        if not self._pictures:
            painter.setPen(QtGui.QColor(theme.faint))
            flags = QtCore.Qt.AlignmentFlag.AlignCenter | QtCore.Qt.TextFlag.TextWordWrap
            painter.drawText(QtCore.QRectF(self.rect()), int(flags), self._empty)
            painter.end()
            return
        shown = self._pictures[self._at]
        bottom = em(self, LARGE)
        wide = bottom * shown[1].width() / max(1, shown[1].height())
        self._pan = min(self._pan, max(0.0, wide - self.width()))
        left = (self.width() - wide) / 2 if wide < self.width() else -self._pan
        painter.drawImage(QtCore.QRectF(left, 0, wide, bottom), shown[1])
        painter.setPen(QtGui.QColor(theme.quiet))
        words = QtCore.QRectF(0, bottom, self.width(), em(self, 1.3))
        painter.drawText(words, int(QtCore.Qt.AlignmentFlag.AlignCenter), shown[2])
        for index, box in enumerate(self._boxes()):
            painter.drawImage(QtCore.QRectF(box), self._pictures[index][1])
            chosen = index == (self._at if self._at >= 0 else self.count - 1)
            painter.setPen(
                QtGui.QPen(QtGui.QColor(theme.accent if chosen else theme.line), 2 if chosen else 1)
            )
            painter.drawRect(box)
        painter.end()

    def _room_below(self) -> int:
        return self._small() + em(self, 0.4) if self.count > 1 else 0

    def _small(self) -> int:
        """Height of the small pictures."""
        return em(self, 2.6)

    def _boxes(self) -> list[QtCore.QRect]:
        if self.count < 2:
            return []
        gap, height = em(self, 0.35), self._small()
        boxes: list[QtCore.QRect] = []
        x = 1
        for _, image, _ in self._pictures:
            width = round(height * image.width() / max(1, image.height()))
            width = min(width, (self.width() - gap * KEPT) // KEPT)
            boxes.append(QtCore.QRect(x, self.height() - height - 2, width, height))
            x += width + gap
        return boxes


def to_image(pixels: Any) -> QtGui.QImage:
    """(H, W, 3) uint8 RGB as an image that owns its memory."""
    height, width = int(pixels.shape[0]), int(pixels.shape[1])
    data = pixels.tobytes()
    return QtGui.QImage(data, width, height, 3 * width, QtGui.QImage.Format.Format_RGB888).copy()
