"""The tool in Maya: a dock that comes back with the workspace, fed by what happens in the scene."""

from __future__ import annotations

from typing import Any, Optional

from maya import OpenMayaUI as omui1
from maya import cmds, utils

from facepatch.core.errors import UnsupportedError
from facepatch_maya import menu
from facepatch_maya.backend import Backend
from facepatch_maya.host import MayaHost
from facepatch_maya.picking import Viewport
from facepatch_maya.scene_events import SceneEvents
from facepatch_maya.session import Session
from facepatch_maya.session_node import SceneStore
from facepatch_maya.ui.qt import QtWidgets, wrapped
from facepatch_maya.ui.tool import PANELS, Tool
from facepatch_maya.user_events import UserEvents

CONTROL = "facepatchWorkspaceControl"
LABEL = "Facepatch"
RESTORE = "import facepatch_maya; facepatch_maya.restore()"
PANEL_OPTION = "facepatchPanel"
WIDTH, MINIMUM_WIDTH = 480, 400


class Ears:
    """What the tool hears of Maya. No widget, so that it can end after the widgets are gone."""

    def __init__(self, session: Session, viewport: Viewport) -> None:
        self._session = session
        self._scene = SceneEvents(
            {
                "kBeforeNew": session.leave,
                "kBeforeOpen": session.leave,
                "kBeforeSave": session.keep,
                "kAfterNew": self._opened,
                "kAfterOpen": self._opened,
                "kAfterSave": session.saved,
                "kMayaExiting": self.close,
            }
        )
        self._user = UserEvents(
            {"Undo": session.undone, "Redo": session.undone, "timeChanged": viewport.follow}
        )
        self._listening = False

    def open(self) -> None:
        """Listen from now on."""
        self._listening = True
        self._scene.open()
        self._user.open()

    def close(self) -> None:
        """The tool is gone: nothing of it stays in the scene. As often as it is called."""
        if self._listening:
            self._listening = False
            self._scene.close()
            self._user.close()
            self._session.close()

    def _opened(self) -> None:
        # Maya is not done with the scene before it is idle.
        utils.executeDeferred(self._take_up)

    def _take_up(self) -> None:
        if self._listening:
            self._session.open()


class DockedTool(Tool):
    """The tool as Maya has it."""

    def __init__(self, panel: str) -> None:
        host = MayaHost()
        viewport = Viewport(host)
        session = Session(host, Backend(), view=viewport, store=SceneStore())
        self.ears = Ears(session, viewport)
        entries = (("Help", menu.open_help), ("Check this Maya…", menu.run_selfcheck), ("About", menu.about))
        super().__init__(session, entries=entries, panel=panel)
        ears = self.ears
        self.destroyed.connect(lambda *_: ears.close())
        ears.open()
        session.look_for_service()

    def show_panel(self, name: str) -> None:
        """Show a panel, also the next time that the tool is opened."""
        super().show_panel(name)
        cmds.optionVar(stringValue=(PANEL_OPTION, name))

    def closing(self) -> None:
        """The tool is closed by us rather than by Maya."""
        super().closing()
        self.ears.close()


def show(panel: str = "") -> Tool:
    """Open the tool, or bring it to the front. panel: which panel to show; "" as it was left.

    Raises UnsupportedError where Maya gives it no place.
    """
    tool = current()
    if tool is None and cmds.workspaceControl(CONTROL, exists=True):
        # A dock without its content, left by a start at which the module was missing.
        cmds.deleteUI(CONTROL)
    if cmds.workspaceControl(CONTROL, exists=True):
        cmds.workspaceControl(CONTROL, edit=True, restore=True)
    else:
        cmds.workspaceControl(
            CONTROL,
            label=LABEL,
            uiScript=RESTORE,
            retain=False,
            floating=True,
            loadImmediately=True,
            initialWidth=WIDTH,
            minimumWidth=MINIMUM_WIDTH,
        )
    tool = current() or restore()
    if panel:
        tool.show_panel(panel)
    return tool


def restore() -> Tool:
    """Fill the dock: what Maya runs when it makes it, at the start too."""
    tool = current()
    if tool is not None:
        return tool
    dock = _dock()
    if dock is None:
        raise UnsupportedError(
            f"Maya gave the tool no place: there is no workspaceControl {CONTROL}. Reset the workspace "
            "(Windows > Workspaces > Reset) and open the tool again."
        )
    kept = str(cmds.optionVar(query=PANEL_OPTION) or "") if cmds.optionVar(exists=PANEL_OPTION) else ""
    tool = DockedTool(kept if kept in [name for name, *_ in PANELS] else "")
    layout = dock.layout() or QtWidgets.QVBoxLayout(dock)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(tool)
    return tool


def current() -> Optional[Tool]:
    """The tool, where it is open."""
    dock = _dock()
    found = dock.findChild(QtWidgets.QWidget, "facepatch") if dock is not None else None
    return found if isinstance(found, Tool) else None


def close() -> None:
    """Close the dock. Jobs go on."""
    tool = current()
    if tool is not None:
        tool.closing()
    if cmds.workspaceControl(CONTROL, exists=True):
        cmds.deleteUI(CONTROL)


def _dock() -> Any:
    """Maya's widget for the workspaceControl; None where there is none."""
    address = omui1.MQtUtil.findControl(CONTROL)
    return wrapped(int(address), QtWidgets.QWidget) if address else None
