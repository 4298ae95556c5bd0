"""What all panels have in common: a page that scrolls, and below it how it stands and what to press next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Optional

from facepatch_maya.session import Session
from facepatch_maya.session.status import FAILED, NO_BAR, RUNNING, Page
from facepatch_maya.ui.parts import Dot, button, column, label, row, set_tone
from facepatch_maya.ui.qt import QtCore, QtWidgets, Signal
from facepatch_maya.ui.style import current_theme, em


@dataclass(frozen=True)
class Action:
    """A button of the footer."""

    text: str
    """With & before the letter of its Alt shortcut."""
    tip: str
    run: Callable[[], Any]
    enabled: bool = True


class Panel(QtWidgets.QWidget):
    """Subclasses fill `body` and say what the footer offers. `asked_for(name)` asks for another panel."""

    title = ""
    asked_for = Signal(str)

    def __init__(self, session: Session, page: Page) -> None:
        super().__init__()
        self.session = session
        self.page = page
        self._actions: list[Optional[Action]] = [None, None]
        inside = QtWidgets.QWidget()
        inside.setObjectName("page")
        self.body = QtWidgets.QVBoxLayout(inside)
        gap = em(self, 0.6)
        self.body.setContentsMargins(gap, gap, gap, gap)
        self.body.setSpacing(gap)
        self.scroller = QtWidgets.QScrollArea()
        self.scroller.setWidgetResizable(True)
        self.scroller.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.scroller.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroller.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        self.scroller.setWidget(inside)
        layout = column(self.scroller, self._make_footer(), stretch=0, spacing=0)
        self.setLayout(layout)

    # ------------------------------------------------------------------------------------ for subclasses

    def primary(self) -> Optional[Action]:
        """The one button that leads on."""
        return None

    def secondary(self) -> Optional[Action]:
        """The button beside it."""
        return None

    def show_state(self) -> None:
        """Make the widgets show the page's state."""

    # -------------------------------------------------------------------------------------------- footer

    def refresh(self) -> None:
        """Show the state of the page."""
        self.show_state()
        status, theme = self.page.status, current_theme()
        self.dot.paint_as(theme.of(status.kind), hollow=status.kind not in (FAILED, RUNNING, "done"))
        self.status_text.setText(status.text)
        set_tone(self.status_text, "bad" if status.kind == FAILED else "")
        self.progress.setVisible(status.kind == RUNNING and status.total != NO_BAR)
        self.progress.setRange(0, max(0, status.total))
        self.progress.setValue(status.done)
        offers = (self.primary(), self.secondary())
        for index, (made, action) in enumerate(zip((self.primary_button, self.secondary_button), offers)):
            self._actions[index] = action
            made.setVisible(action is not None)
            if action is not None:
                made.setText(action.text)
                made.setToolTip(action.tip)
                made.setEnabled(action.enabled)

    def run_primary(self) -> None:
        """Press the primary button, if it can be pressed."""
        action = self._actions[0]
        if action is not None and action.enabled:
            action.run()

    def _run_secondary(self) -> None:
        action = self._actions[1]
        if action is not None and action.enabled:
            action.run()

    def _make_footer(self) -> QtWidgets.QWidget:
        self.dot = Dot()
        self.status_text = label(wrap=True)
        self.status_text.setObjectName("status")
        self.status_text.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self.progress = QtWidgets.QProgressBar()
        self.progress.setTextVisible(False)
        self.primary_button = button("", self.run_primary, "", role="primary", name="primary")
        self.secondary_button = button("", self._run_secondary, "", name="secondary")
        footer = QtWidgets.QFrame()
        footer.setObjectName("footer")
        dot = column(self.dot, None)
        dot.setContentsMargins(0, em(self, 0.25), 0, 0)
        words = row(dot, self.status_text, stretch=1, spacing=0.45)
        layout = column(
            words, self.progress, row(None, self.secondary_button, self.primary_button), spacing=0.4
        )
        layout.setContentsMargins(em(self, 0.8), em(self, 0.5), em(self, 0.8), em(self, 0.6))
        footer.setLayout(layout)
        return footer
