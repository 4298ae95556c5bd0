"""workspaceControl.

Docks that run their uiScript when they are made and when Maya restores its layout, with real Qt widgets
inside.
"""

from __future__ import annotations

from typing import Any, Dict, Optional

from fakemaya.active import Gap
from fakemaya.commands.deferred import run_script
from fakemaya.commands.elements import MAIN_WINDOW, Element, answer, close_element, tree
from fakemaya.strict import command


@command("workspaceControl")
def workspace_control(maya: Any, *args: Any, **flags: Any) -> Any:
    elements = tree(maya)
    if flags.pop("exists", False):
        return bool(args) and elements.find(args[0], ("workspaceControl",)) is not None
    if flags.pop("query", False):
        element = elements.need(args[0], ("workspaceControl",))
        return answer(
            element,
            flags,
            {
                "visible": element.flags.get("shown", False),
                "floating": element.flags.get("floating", False),
                "collapse": False,
            },
        )
    if flags.pop("edit", False):
        return edit_control(maya, elements.need(args[0], ("workspaceControl",)), flags)
    if not args:
        raise RuntimeError("workspaceControl: needs a name.")
    return make_control(maya, args[0], flags)


def make_control(maya: Any, name: str, flags: Dict[str, Any]) -> str:
    """Make a dock.

    Its uiScript runs at once with loadImmediately, else when the dock is first shown; a floating or docked
    new one is shown at once.
    """
    elements = tree(maya)
    element = elements.add("workspaceControl", name, None, dict(flags))
    widget = new_widget()
    if widget is not None:
        widget.setObjectName(name)
        widget.setWindowTitle(flags.get("label", name))
        maya.state.setdefault("widgets", {})[element.path] = widget
    load_content(maya, element)
    show(maya, element, bool(flags.get("visible", True)))
    return element.name


def edit_control(maya: Any, element: Element, flags: Dict[str, Any]) -> str:
    """Change, close, show or hide a dock."""
    if flags.pop("close", False):
        if element.flags.get("retain", True):
            show(maya, element, False)
        else:
            close_element(maya, element)
        return element.name
    if flags.pop("restore", False) or flags.pop("r", False):
        show(maya, element, True)
    if "visible" in flags:
        show(maya, element, flags.pop("visible"))
    element.flags.update(flags)
    if "uiScript" in flags:
        element.flags["loaded"] = False
        load_content(maya, element)
    return element.name


def load_content(maya: Any, element: Element) -> None:
    """Run the uiScript with the dock as the current parent, once."""
    script = element.flags.get("uiScript")
    if not script or element.flags.get("loaded"):
        return
    element.flags["loaded"] = True
    elements = tree(maya)
    before, elements.parent = elements.parent, element
    try:
        run_script(maya, script)
    finally:
        elements.parent = before if before in elements.everything() else None


def show(maya: Any, element: Element, visible: bool) -> None:
    """Show or hide a dock and its widget; visibleChangeCommand runs on a change."""
    changed = element.flags.get("shown") != visible
    element.flags["shown"] = visible
    widget = maya.state.get("widgets", {}).get(element.path)
    if widget is not None:
        widget.setVisible(visible)
    if changed and element.flags.get("visibleChangeCommand"):
        run_script(maya, element.flags["visibleChangeCommand"])


def restart(maya: Any) -> None:
    """Do what closing and starting Maya does to docks.

    All widgets and elements go, and the docks of the saved layout come back by their uiScript alone.
    """
    saved = [
        (
            each.name,
            {
                key: value
                for key, value in each.flags.items()
                if key in ("label", "uiScript", "floating", "retain", "loadImmediately", "closeCommand")
            },
        )
        for each in tree(maya).roots
        if each.type == "workspaceControl"
    ]
    for element in list(tree(maya).roots):
        element.flags.pop("closeCommand", None)
        close_element(maya, element)
    for widget in maya.state.pop("widgets", {}).values():
        widget.deleteLater()
    for key in ("elements", "jobs", "deferred", "menu", "__main__", "standard_panels", "isolated", "focus"):
        maya.state.pop(key, None)
    for name, flags in saved:
        if isinstance(flags.get("uiScript", ""), str):
            make_control(maya, name, flags)


@command("workspaceControlState")
def workspace_control_state(maya: Any, *args: Any, remove: bool = False, exists: bool = False) -> Any:
    known = maya.state.setdefault("control_states", set())
    if exists:
        return args[0] in known or tree(maya).find(args[0], ("workspaceControl",)) is not None
    if remove:
        known.discard(args[0])
    return None


def qt_widgets() -> Any:
    """Return QtWidgets of whichever PySide there is, None without one."""
    try:
        from PySide6 import QtWidgets
    except ImportError:
        try:
            from PySide2 import QtWidgets
        except ImportError:
            return None
    return QtWidgets


def new_widget() -> Optional[Any]:
    """Return an empty QWidget with a layout, as Maya's docks hold one.

    None where Qt is absent or not running.
    """
    widgets = qt_widgets()
    if widgets is None or widgets.QApplication.instance() is None:
        return None
    widget = widgets.QWidget()
    layout = widgets.QVBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    return widget


def main_window(maya: Any) -> Any:
    """Return Maya's main window, a QMainWindow named MayaWindow; None in batch.

    Raises:
        Gap: Maya with a user interface always has one, but no QApplication runs here.
    """
    if maya.batch:
        return None
    widgets = qt_widgets()
    if widgets is None or widgets.QApplication.instance() is None:
        raise Gap(
            "Maya's main window needs a running QApplication: make one in the test before the tool asks for the window."
        )
    held = maya.state.setdefault("widgets", {})
    if MAIN_WINDOW not in held:
        held[MAIN_WINDOW] = widgets.QMainWindow()
        held[MAIN_WINDOW].setObjectName(MAIN_WINDOW)
    return held[MAIN_WINDOW]
