"""Colours and measures of the tool, taken from the palette that Maya gives it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from facepatch_maya.session.status import DONE, EMPTY, FAILED, READY, RUNNING
from facepatch_maya.ui.qt import QtGui, QtWidgets


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb, from dark to light in a dark Maya."""

    window: str
    card: str
    field: str
    line: str
    hover: str
    text: str
    quiet: str
    """Text that explains."""
    faint: str
    """Text that can be overlooked, drawings that are not the point."""
    accent: str
    on_accent: str
    good: str
    warn: str
    bad: str
    dark: bool

    def image(self, name: str) -> str:
        """Path of an image of ours, as style sheets want it."""
        path = Path(__file__).parent / "images" / f"{name}_{'dark' if self.dark else 'light'}.png"
        return path.as_posix()

    def of(self, status: str) -> str:
        """The colour of a status."""
        return {
            EMPTY: self.faint,
            READY: self.accent,
            RUNNING: self.accent,
            DONE: self.good,
            FAILED: self.bad,
        }[status]


def theme_of(palette: QtGui.QPalette) -> Theme:
    """The theme for `palette`; dark or light is its choice."""
    role = QtGui.QPalette.ColorRole
    window, text = palette.color(role.Window), palette.color(role.WindowText)
    dark = window.lightnessF() < 0.5
    toward = QtGui.QColor("#ffffff" if dark else "#000000")
    away = QtGui.QColor("#000000" if dark else "#ffffff")
    return Theme(
        window=window.name(),
        card=mixed(window, toward, 0.04),
        field=mixed(window, away, 0.35 if dark else 0.6),
        line=mixed(window, toward, 0.13),
        hover=mixed(window, toward, 0.10),
        text=mixed(text, toward, 0.25),
        quiet=mixed(text, window, 0.22),
        faint=mixed(text, window, 0.50),
        accent="#62aed0" if dark else "#1f6f96",
        on_accent="#10222b" if dark else "#ffffff",
        good="#79c79a" if dark else "#2c7d4f",
        warn="#e3b75c" if dark else "#8f6400",
        bad="#ec8a76" if dark else "#b3402b",
        dark=dark,
    )


def current_theme() -> Theme:
    """The theme for the application as it looks now. A widget's own palette has our style sheet in it already."""
    return theme_of(QtWidgets.QApplication.palette())


def mixed(one: QtGui.QColor, other: QtGui.QColor, share: float) -> str:
    """`one` with a share of `other`."""
    parts = zip((one.redF(), one.greenF(), one.blueF()), (other.redF(), other.greenF(), other.blueF()))
    return QtGui.QColor.fromRgbF(*(a + (b - a) * share for a, b in parts)).name()


def em(widget: QtWidgets.QWidget, count: float = 1.0) -> int:
    """`count` times the height of a line of text, in pixels of the layout: sizes follow the font and the screen."""
    return max(1, round(widget.fontMetrics().height() * count))


def style_sheet(theme: Theme, line: int) -> str:
    """The style of everything inside the tool. line: height of a line of text."""
    radius, pad = max(3, round(line * 0.25)), max(2, round(line * 0.2))
    box, views = round(line * 0.85), "#facepatch QTreeView::indicator, #facepatch QListView::indicator"
    return f"""
#facepatch, #facepatch QScrollArea, #page {{ background: {theme.window}; color: {theme.text}; border: none; }}
#facepatch QLabel {{ color: {theme.text}; background: transparent; }}
#facepatch QLabel[tone="quiet"] {{ color: {theme.quiet}; }}
#facepatch QLabel[tone="faint"] {{ color: {theme.faint}; }}
#facepatch QLabel[tone="title"] {{ font-weight: 600; }}
#facepatch QLabel[tone="good"] {{ color: {theme.good}; }}
#facepatch QLabel[tone="warn"] {{ color: {theme.warn}; }}
#facepatch QLabel[tone="bad"] {{ color: {theme.bad}; }}
#facepatch QLabel[tone="figure"] {{ font-size: {round(line * 1.15)}px; font-weight: 600; }}
#card {{ background: {theme.card}; border: 1px solid {theme.line}; border-radius: {radius + 2}px; }}
#footer, #header {{ background: {theme.card}; }}
#footer {{ border-top: 1px solid {theme.line}; }}
#header {{ border-bottom: 1px solid {theme.line}; }}

#facepatch QPushButton, #facepatch QToolButton {{
  background: {theme.hover}; color: {theme.text}; border: 1px solid {theme.line}; border-radius: {radius}px;
  padding: {pad}px {3 * pad}px; min-height: {round(line * 1.1)}px;
}}
#facepatch QPushButton:hover, #facepatch QToolButton:hover {{ border-color: {theme.faint}; }}
#facepatch QPushButton:pressed, #facepatch QToolButton:pressed {{ background: {theme.field}; }}
#facepatch QPushButton:focus, #facepatch QToolButton:focus {{ border-color: {theme.accent}; }}
#facepatch QPushButton:disabled, #facepatch QToolButton:disabled {{ color: {theme.faint}; background: {theme.card}; }}
#facepatch QPushButton:checked, #facepatch QToolButton:checked {{
  background: {theme.field}; border-color: {theme.accent}; color: {theme.accent};
}}
#facepatch QPushButton[role="primary"] {{
  background: {theme.accent}; color: {theme.on_accent}; border-color: {theme.accent}; font-weight: 600;
  padding: {pad + 1}px {5 * pad}px;
}}
#facepatch QPushButton[role="primary"]:hover {{ background: {lighter(theme.accent)}; }}
#facepatch QPushButton[role="primary"]:focus {{ border: 1px solid {theme.text}; }}
#facepatch QPushButton[role="primary"]:disabled {{
  background: {theme.hover}; color: {theme.faint}; border-color: {theme.line};
}}
#facepatch QPushButton[role="link"], #facepatch QToolButton[role="link"] {{
  background: transparent; border: 1px solid transparent; color: {theme.accent}; padding: {pad}px {pad}px;
}}
#facepatch QPushButton[role="link"]:focus, #facepatch QToolButton[role="link"]:focus {{ border-color: {theme.accent}; }}
#facepatch QPushButton[role="link"]:disabled {{ color: {theme.faint}; }}

#facepatch QLineEdit, #facepatch QSpinBox, #facepatch QDoubleSpinBox, #facepatch QComboBox {{
  background: {theme.field}; color: {theme.text}; border: 1px solid {theme.line}; border-radius: {radius}px;
  padding: {pad}px {2 * pad}px; min-height: {round(line * 1.1)}px; selection-background-color: {theme.accent};
  selection-color: {theme.on_accent};
}}
#facepatch QLineEdit:focus, #facepatch QSpinBox:focus, #facepatch QDoubleSpinBox:focus, #facepatch QComboBox:focus {{
  border-color: {theme.accent};
}}
#facepatch QLineEdit:disabled, #facepatch QSpinBox:disabled, #facepatch QComboBox:disabled,
#facepatch QDoubleSpinBox:disabled {{ color: {theme.faint}; background: {theme.card}; }}
#facepatch QListView, #facepatch QTreeView, #facepatch QTableView {{
  background: {theme.field}; color: {theme.text}; border: 1px solid {theme.line}; border-radius: {radius}px;
  outline: none; alternate-background-color: {theme.field};
}}
#facepatch QListView:focus, #facepatch QTreeView:focus, #facepatch QTableView:focus {{ border-color: {theme.accent}; }}
#facepatch QListView::item, #facepatch QTreeView::item {{ padding: {pad}px {pad}px; border: none; }}
#facepatch QListView::item:hover, #facepatch QTreeView::item:hover {{ background: {theme.card}; }}
#facepatch QListView::item:selected, #facepatch QTreeView::item:selected {{
  background: {theme.hover}; color: {theme.text};
}}
#facepatch QHeaderView::section {{
  background: {theme.field}; color: {theme.quiet}; border: none; border-bottom: 1px solid {theme.line};
  padding: {pad}px {2 * pad}px;
}}
#facepatch QProgressBar {{
  background: {theme.field}; border: none; border-radius: {max(2, radius // 2)}px; max-height: {max(4, line // 3)}px;
  min-height: {max(4, line // 3)}px; text-align: center; color: transparent;
}}
#facepatch QProgressBar::chunk {{ background: {theme.accent}; border-radius: {max(2, radius // 2)}px; }}
#facepatch QCheckBox, #facepatch QRadioButton {{ color: {theme.text}; spacing: {2 * pad}px; }}
#facepatch QCheckBox:focus, #facepatch QRadioButton:focus {{ color: {theme.accent}; }}
#facepatch QCheckBox:disabled {{ color: {theme.faint}; }}
#facepatch QCheckBox::indicator, {views} {{
  width: {box}px; height: {box}px; border: 1px solid {theme.faint}; border-radius: {max(2, radius - 1)}px;
  background: {theme.field};
}}
#facepatch QCheckBox::indicator:checked, {views.replace("::indicator", "::indicator:checked")} {{
  background: {theme.accent}; border-color: {theme.accent}; image: url("{theme.image("check")}");
}}
#facepatch QCheckBox::indicator:disabled {{ border-color: {theme.line}; }}
#facepatch QComboBox::drop-down {{ border: none; width: {round(line * 1.3)}px; }}
#facepatch QComboBox::down-arrow {{ image: url("{theme.image("down")}"); width: {box}px; height: {box}px; }}
#facepatch QComboBox QAbstractItemView {{
  background: {theme.card}; color: {theme.text}; border: 1px solid {theme.line};
}}
#facepatch QScrollBar:vertical {{ background: transparent; width: {round(line * 0.6)}px; margin: 0; }}
#facepatch QScrollBar::handle:vertical {{
  background: {theme.line}; border-radius: {round(line * 0.2)}px; min-height: {2 * line}px; margin: 1px;
}}
#facepatch QScrollBar::handle:vertical:hover {{ background: {theme.faint}; }}
#facepatch QScrollBar::add-line:vertical, #facepatch QScrollBar::sub-line:vertical {{ height: 0; }}
#facepatch QScrollBar::add-page:vertical, #facepatch QScrollBar::sub-page:vertical {{ background: transparent; }}
#facepatch QToolTip {{ color: {theme.text}; background: {theme.card}; border: 1px solid {theme.line}; }}
#facepatch QMenu {{ background: {theme.card}; color: {theme.text}; border: 1px solid {theme.line}; }}
#facepatch QMenu::item:selected {{ background: {theme.hover}; color: {theme.accent}; }}
#facepatch QMenu::item:disabled {{ color: {theme.faint}; }}
"""


def lighter(color: str) -> str:
    """A little lighter, for a button under the pointer."""
    return mixed(QtGui.QColor(color), QtGui.QColor("#ffffff"), 0.15)
