"""Small building blocks of the panels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Optional

from facepatch_maya.ui.qt import QtCore, QtGui, QtWidgets
from facepatch_maya.ui.style import current_theme, em

Widget = QtWidgets.QWidget
Click = Callable[[], Any]


def label(text: str = "", tone: str = "", *, wrap: bool = False) -> QtWidgets.QLabel:
    """A line of text. tone: quiet, faint, title, good, warn, bad or figure."""
    made = QtWidgets.QLabel(text)
    made.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if wrap:
        made.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Minimum)
    set_tone(made, tone)
    return made


def set_tone(widget: Widget, tone: str) -> None:
    """Give a label another tone."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def button(text: str, click: Click, tip: str, *, role: str = "", name: str = "") -> QtWidgets.QPushButton:
    """A button. text: with & before the letter of its Alt shortcut. role: primary, link or none."""
    made = QtWidgets.QPushButton(text)
    made.setToolTip(tip)
    made.setProperty("role", role)
    made.setObjectName(name)
    made.setAutoDefault(False)
    # Links are text: they need no click target that is wider than they are.
    made.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Fixed)
    made.clicked.connect(lambda *_: click())
    return made


def row(*items: Any, stretch: int = -1, spacing: float = 0.5) -> QtWidgets.QHBoxLayout:
    """Widgets and layouts beside each other. stretch: which of them takes what is left; None is a gap that does."""
    made = QtWidgets.QHBoxLayout()
    _fill(made, items, stretch, spacing)
    return made


def column(*items: Any, stretch: int = -1, spacing: float = 0.5) -> QtWidgets.QVBoxLayout:
    """Widgets and layouts below each other."""
    made = QtWidgets.QVBoxLayout()
    _fill(made, items, stretch, spacing)
    return made


def _fill(layout: QtWidgets.QBoxLayout, items: Sequence[Any], stretch: int, spacing: float) -> None:
    layout.setContentsMargins(0, 0, 0, 0)
    line = QtGui.QFontMetrics(QtWidgets.QApplication.font()).height()
    layout.setSpacing(round(line * spacing))
    for index, item in enumerate(items):
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, QtWidgets.QLayout):
            layout.addLayout(item, int(index == stretch))
        else:
            layout.addWidget(item, int(index == stretch))


class EmptyHint(QtWidgets.QLabel):
    """Text in the middle of a list for as long as nothing is in it."""

    def __init__(self, view: QtWidgets.QAbstractItemView, text: str) -> None:
        super().__init__(text, view.viewport())
        self._view = view
        self.setWordWrap(True)
        self.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        set_tone(self, "faint")
        layout = QtWidgets.QVBoxLayout(view.viewport())
        layout.addWidget(self)
        model = view.model()
        for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset):
            signal.connect(self.tend)
        self.tend()

    def tend(self, *_: Any) -> None:
        """Rows came or went."""
        self.setVisible(self._view.model().rowCount() == 0)


def counted(count: int, word: str) -> str:
    """1 frame, 2 frames, 1 mesh, 2 meshes."""
    if count == 1:
        return f"1 {word}"
    return f"{count} {word}{'es' if word.endswith(('s', 'sh', 'ch')) else 's'}"


class Card(QtWidgets.QFrame):
    """A titled group of widgets."""

    def __init__(self, title: str, hint: str = "", *, aside: Optional[Widget] = None) -> None:
        super().__init__()
        self.setObjectName("card")
        self.title = label(title, "title")
        self.title.setToolTip(hint)
        self._body = QtWidgets.QVBoxLayout(self)
        gap = em(self, 0.65)
        self._body.setContentsMargins(gap, gap, gap, gap)
        self._body.setSpacing(em(self, 0.45))
        self._body.addLayout(row(self.title, None, *([aside] if aside else [])))

    def add(self, item: Any, stretch: int = 0) -> Any:
        """Add a widget or layout below; returns it."""
        if isinstance(item, QtWidgets.QLayout):
            self._body.addLayout(item, stretch)
        else:
            self._body.addWidget(item, stretch)
        return item


class Fold(QtWidgets.QWidget):
    """Choices that are rarely needed, behind one click."""

    def __init__(self, title: str, content: Widget, *, tip: str = "") -> None:
        super().__init__()
        self.head = QtWidgets.QToolButton()
        self.head.setText(title)
        self.head.setToolTip(tip)
        self.head.setCheckable(True)
        self.head.setProperty("role", "link")
        self.head.setToolButtonStyle(QtCore.Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setArrowType(QtCore.Qt.ArrowType.RightArrow)
        self.content = content
        content.setVisible(False)
        layout = column(row(self.head, None), content, spacing=0.3)
        self.setLayout(layout)
        self.head.toggled.connect(self._toggle)

    def _toggle(self, is_open: bool) -> None:
        self.content.setVisible(is_open)
        arrow = QtCore.Qt.ArrowType
        self.head.setArrowType(arrow.DownArrow if is_open else arrow.RightArrow)


class Form(QtWidgets.QFormLayout):
    """Labels beside their fields; the label's mnemonic leads to the field."""

    def __init__(self) -> None:
        super().__init__()
        self.setContentsMargins(0, 0, 0, 0)
        line = QtGui.QFontMetrics(QtWidgets.QApplication.font()).height()
        self.setHorizontalSpacing(round(line * 0.7))
        self.setVerticalSpacing(round(line * 0.4))
        self.setFieldGrowthPolicy(QtWidgets.QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)

    def field(self, text: str, item: Any, tip: str = "", *, buddy: Optional[Widget] = None) -> Any:
        """Add a field; returns it."""
        word = QtWidgets.QLabel(text)
        word.setProperty("tone", "quiet")
        # Measured with kerning, but drawn without it where a letter is underlined.
        word.setMinimumWidth(word.sizeHint().width() + em(word, 0.3))
        word.setToolTip(tip)
        self.addRow(word, item)
        target = buddy or (item if isinstance(item, QtWidgets.QWidget) else None)
        if target is not None:
            word.setBuddy(target)
            if tip:
                target.setToolTip(tip)
        return item


class PathField(QtWidgets.QWidget):
    """A path that is typed, browsed for or dropped. `chosen` is called with it."""

    def __init__(
        self, chosen: Callable[[str], Any], *, name: str, hint: str, folder: bool, kinds: str = ""
    ) -> None:
        super().__init__()
        self._chosen = chosen
        self._folder = folder
        self._kinds = kinds
        self.edit = QtWidgets.QLineEdit()
        self.edit.setObjectName(name)
        self.edit.setPlaceholderText(hint)
        self.edit.editingFinished.connect(self._finish)
        self.browse_button = button(
            "Browse…", self.browse, "Choose it in a file dialog. Dropping it here works as well."
        )
        self.setLayout(row(self.edit, self.browse_button, stretch=0, spacing=0.35))
        self.setFocusProxy(self.edit)
        self.setAcceptDrops(True)
        self._last = ""

    def show_path(self, path: str) -> None:
        """Show `path`, unless the user is typing."""
        self._last = path
        if not self.edit.hasFocus() and self.edit.text() != path:
            self.edit.setText(path)
            self.edit.setToolTip(path or self.edit.placeholderText())

    def browse(self) -> None:
        """Ask for a file or folder. The user's own click, so a dialog is no surprise."""
        start = self.edit.text() or QtCore.QDir.homePath()
        if self._folder:
            path = QtWidgets.QFileDialog.getExistingDirectory(self, "Choose a folder", start)
        else:
            path, _ = QtWidgets.QFileDialog.getOpenFileName(self, "Choose a file", start, self._kinds)
        if path:
            self._take(path)

    def _finish(self) -> None:
        if self.edit.text().strip() != self._last:
            self._take(self.edit.text().strip())

    def _take(self, path: str) -> None:
        self._last = path
        self.edit.setText(path)
        self._chosen(path)

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:
        """Take files from the desktop."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QtGui.QDropEvent) -> None:
        """A file was dropped."""
        self._take(dropped_paths(event.mimeData())[0])


def dropped_paths(mime: QtCore.QMimeData) -> list[str]:
    """Local files of a drag."""
    return [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]


class Dot(QtWidgets.QWidget):
    """A coloured dot; hollow for what is only proposed or not there yet."""

    def __init__(self) -> None:
        super().__init__()
        self._color, self._hollow = "", True
        side = em(self, 0.62)
        self.setFixedSize(side, side)

    def paint_as(self, color: str, *, hollow: bool = False) -> None:
        """Show `color`."""
        self._color, self._hollow = color, hollow
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw it."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        color = QtGui.QColor(self._color or current_theme().faint)
        painter.setPen(QtGui.QPen(color, max(1.0, self.width() * 0.16)))
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush if self._hollow else color)
        inset = self.width() * 0.14
        painter.drawEllipse(QtCore.QRectF(self.rect()).adjusted(inset, inset, -inset, -inset))
        painter.end()
