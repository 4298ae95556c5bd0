"""The whole tool as one widget: five panels, the service, shortcuts. Knows the session, not Maya."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from facepatch_maya.backend import AWAY, CONNECTING, HERE, LOST, STARTING
from facepatch_maya.session import Session
from facepatch_maya.session.status import DONE, RUNNING
from facepatch_maya.ui.character_panel import CharacterPanel
from facepatch_maya.ui.jobs_panel import JobsPanel
from facepatch_maya.ui.motion_panel import MotionPanel
from facepatch_maya.ui.navigation import Navigation
from facepatch_maya.ui.panel import Panel
from facepatch_maya.ui.parts import Dot, button, column, label, row
from facepatch_maya.ui.qt import QAction, QShortcut, QtCore, QtGui, QtWidgets
from facepatch_maya.ui.shot_panel import ShotPanel
from facepatch_maya.ui.style import current_theme, em, style_sheet
from facepatch_maya.ui.train_panel import TrainPanel

POLL_MS = 60
KEEP_MS = 2000
PANELS: tuple[tuple[str, str, str, Callable[[Session], Panel]], ...] = (
    ("character", "Character", "Choose the meshes and pick the landmarks", CharacterPanel),
    ("motion", "Motion", "Capture what the face can do", MotionPanel),
    ("train", "Train", "Learn a performer", TrainPanel),
    ("shot", "Shot", "Put a take onto the character", ShotPanel),
    ("jobs", "Jobs", "What the service does", JobsPanel),
)
"""Name, title, tool tip, and what makes it."""

Entry = tuple[str, Callable[[], Any]]


class Tool(QtWidgets.QWidget):
    """Panels are made when they are first shown. entries: the menu behind the three dots, help first (also on F1)."""

    def __init__(self, session: Session, *, entries: tuple[Entry, ...] = (), panel: str = "") -> None:
        super().__init__()
        self.setObjectName("facepatch")
        self.setWindowTitle("Facepatch")
        # A plain QWidget draws the background of a style sheet only when it is told to.
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_StyledBackground, True)
        self.session = session
        self.current = ""
        self.panels: dict[str, Panel] = {}
        self._dirty: set[str] = set()
        self.setStyleSheet(style_sheet(current_theme(), em(self)))
        self.navigation = Navigation([(name, title, tip) for name, title, tip, _ in PANELS])
        self.navigation.chosen.connect(self.show_panel)
        # Takes the first focus, so that no button looks pressed; Tab goes on to the first of them.
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.ClickFocus)
        self.stack = QtWidgets.QStackedWidget()
        header = QtWidgets.QFrame()
        header.setObjectName("header")
        header.setLayout(column(self._make_service(entries), self.navigation, spacing=0))
        self.setLayout(column(header, self.stack, stretch=1, spacing=0))
        self._shortcuts()
        if entries:
            self._shortcut("F1", lambda: self._choose(*entries[0]))
        self._remove = session.listeners.add(self._hear)
        self._timer = self._every(POLL_MS, session.poll)
        self._keeper = self._every(KEEP_MS, session.keep)
        self._redraw = QtCore.QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.timeout.connect(self._refresh_dirty)
        session.motion.breathe = self._breathe
        self._show_service()
        self.show_panel(panel or self._first())
        self.setFocus()

    def sizeHint(self) -> QtCore.QSize:
        """A dock of its own beside the viewport."""
        return QtCore.QSize(em(self, 30), em(self, 54))

    def minimumSizeHint(self) -> QtCore.QSize:
        """Narrower, the face would be too small to click."""
        return QtCore.QSize(em(self, 25), em(self, 24))

    # --------------------------------------------------------------------------------------------- panels

    def show_panel(self, name: str) -> None:
        """Show a panel; it is made where it is not there yet."""
        if name not in self.panels:
            make = next(make for known, _, _, make in PANELS if known == name)
            panel = make(self.session)
            panel.asked_for.connect(self.show_panel)
            self.panels[name] = panel
            self.stack.addWidget(panel)
        self.current = name
        self.stack.setCurrentWidget(self.panels[name])
        self.panels[name].page.enter()
        self.panels[name].refresh()
        self._show_tabs()

    def _first(self) -> str:
        """Where work is to be done."""
        session = self.session
        order = ("character", session.character), ("motion", session.motion), ("train", session.train)
        return next((name for name, page in order if page.status.kind != DONE), "shot")

    def _hear(self, what: str) -> None:
        """Something changed. Many changes at once are drawn once."""
        self._dirty.add(what)
        if self.session.motion.status.kind == RUNNING:
            # Captures keep the event loop; `_breathe` lets this be drawn.
            self._refresh_dirty()
        elif not self._redraw.isActive():
            self._redraw.start(0)

    def _refresh_dirty(self) -> None:
        dirty, self._dirty = self._dirty, set()
        if "service" in dirty:
            self._show_service()
        for name, panel in self.panels.items():
            # Nothing else may be done to a scene that is being read.
            panel.setEnabled(self.session.reader in ("", name))
        if self.current in self.panels:
            self.panels[self.current].refresh()
        self._show_tabs()

    def _show_tabs(self) -> None:
        session = self.session
        pages = (session.character, session.motion, session.train, session.shot, session.jobs)
        self.navigation.show_state(self.current, {page.name: page.status for page in pages})

    # -------------------------------------------------------------------------------------------- service

    def _make_service(self, entries: tuple[Entry, ...]) -> QtWidgets.QLayout:
        self.service_dot = Dot()
        self.service = label("", "quiet")
        self.service.setObjectName("service")
        self.service.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        self.start = button(
            "Start",
            self.session.start_service,
            "Starts the service, which does the computing beside Maya. It goes on when Maya is closed.",
            role="link",
            name="start_service",
        )
        self.more = QtWidgets.QToolButton()
        self.more.setObjectName("more")
        self.more.setText("⋯")
        self.more.setProperty("role", "link")
        self.more.setToolTip("Help, the self-check and more")
        self.more.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QtWidgets.QMenu(self.more)
        for text, call in entries:
            action = QAction(text, menu)
            action.triggered.connect(lambda *_, text=text, call=call: self._choose(text, call))
            menu.addAction(action)
        self.more.setMenu(menu)
        self.more.setVisible(bool(entries))
        made = row(self.service_dot, self.service, self.start, self.more, stretch=1, spacing=0.4)
        made.setContentsMargins(em(self, 0.8), em(self, 0.45), em(self, 0.5), em(self, 0.1))
        return made

    def _choose(self, text: str, call: Callable[[], Any]) -> None:
        """A line of the menu; what goes wrong is said in the panel that is shown."""
        with self.panels[self.current].page.reporting(text):
            call()

    def _show_service(self) -> None:
        backend, theme = self.session.backend, current_theme()
        colors = {HERE: theme.good, LOST: theme.bad, STARTING: theme.warn, CONNECTING: theme.warn}
        self.service_dot.paint_as(colors.get(backend.state, theme.faint), hollow=backend.state != HERE)
        text = self.session.start_failure or backend.sentence
        idle = backend.state == AWAY and not self.session.start_failure
        self.service.setText("No service yet. It starts with the first job." if idle else text)
        self.service.setToolTip(text)
        self.start.setVisible(backend.state == AWAY)

    # ------------------------------------------------------------------------------------------ shortcuts

    def _shortcuts(self) -> None:
        for index, (name, _, _, _) in enumerate(PANELS):
            self._shortcut(f"Ctrl+{index + 1}", lambda name=name: self.show_panel(name))
        self._shortcut("Ctrl+Return", lambda: self.panels[self.current].run_primary())
        self._shortcut("Ctrl+Enter", lambda: self.panels[self.current].run_primary())

    def _shortcut(self, keys: str, call: Callable[[], Any]) -> None:
        made = QShortcut(QtGui.QKeySequence(keys), self)
        # Only with the focus in the tool: Maya's own shortcuts stay Maya's.
        made.setContext(QtCore.Qt.ShortcutContext.WidgetWithChildrenShortcut)
        made.activated.connect(call)

    # --------------------------------------------------------------------------------------------- timers

    def _every(self, ms: int, call: Callable[[], Any]) -> QtCore.QTimer:
        timer = QtCore.QTimer(self)
        timer.setInterval(ms)
        timer.timeout.connect(call)
        timer.start()
        return timer

    def _breathe(self) -> None:
        """Between two frames of a capture: draw, and hear clicks."""
        QtWidgets.QApplication.processEvents()

    def closing(self) -> None:
        """The tool goes away: nothing of it stays in the viewport. Jobs go on."""
        for timer in (self._timer, self._keeper, self._redraw):
            timer.stop()
        self._remove()
        self.session.motion.cancel()
        if self.session.rig.reading:
            self.session.rig.cancel()
        self.session.close()

    def changeEvent(self, event: QtCore.QEvent) -> None:
        """Another palette or font of the application: colours and measures follow."""
        kinds = QtCore.QEvent.Type
        if event.type() in (kinds.ApplicationPaletteChange, kinds.ApplicationFontChange):
            self.setStyleSheet(style_sheet(current_theme(), em(self)))
        super().changeEvent(event)
