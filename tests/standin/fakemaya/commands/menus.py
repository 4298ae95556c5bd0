"""Menus, menu items and shelves, and what happens when a user presses one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

from fakemaya.commands.deferred import run_script
from fakemaya.commands.elements import LAYOUTS, SHELVES, Element, answer, tree
from fakemaya.strict import command


@command("menu")
def menu(maya: Any, *args: Any, **flags: Any) -> Any:
    elements = tree(maya)
    if flags.pop("exists", False):
        return bool(args) and elements.find(args[0], ("menu",)) is not None
    if flags.get("query") or flags.get("edit"):
        element = elements.need(args[0], ("menu",))
        items = [each.name for each in element.children]
        if flags.pop("query", False):
            return answer(element, flags, {"itemArray": items or None, "numberOfItems": len(items)})
        flags.pop("edit")
        if flags.pop("deleteAllItems", False):
            element.children.clear()
        element.flags.update(flags)
        return element.path
    given = flags.pop("parent", "")
    parent = elements.need(given) if given else elements.parent
    if parent is None or parent.type not in [*LAYOUTS, "window", "workspaceControl"]:
        raise RuntimeError("menu: needs a window or a menu bar layout as parent.")
    element = elements.add("menu", args[0] if args else "", parent, flags)
    maya.state["menu"] = element
    return element.path


@command("menuItem")
def menu_item(maya: Any, *args: Any, **flags: Any) -> Any:
    elements = tree(maya)
    if flags.pop("exists", False):
        return bool(args) and elements.find(args[0], ("menuItem",)) is not None
    if flags.get("query") or flags.get("edit"):
        element = elements.need(args[0], ("menuItem",))
        if flags.pop("query", False):
            return answer(
                element,
                flags,
                {
                    "checkBox": bool(element.flags.get("checkBox", False)),
                    "isCheckBox": "checkBox" in element.flags,
                },
            )
        flags.pop("edit")
        element.flags.update(flags)
        return element.path
    given = flags.pop("parent", "")
    parent = elements.need(given, ("menu", "menuItem")) if given else maya.state.get("menu")
    if parent is None or parent not in elements.everything():
        raise RuntimeError("menuItem: no menu to put it in. Make a menu first, or pass parent=.")
    if parent.type == "menuItem" and not parent.flags.get("subMenu"):
        raise RuntimeError(f"menuItem: '{parent.name}' is no submenu.")
    element = elements.add("menuItem", args[0] if args else "", parent, {**flags, "language": language(maya)})
    if flags.get("subMenu"):
        maya.state["menu"] = element
    return element.path


@command("shelfButton")
def shelf_button(maya: Any, *args: Any, **flags: Any) -> Any:
    elements = tree(maya)
    if flags.pop("exists", False):
        return bool(args) and elements.find(args[0], ("shelfButton",)) is not None
    if flags.get("query") or flags.get("edit"):
        element = elements.need(args[0], ("shelfButton",))
        if flags.pop("query", False):
            return answer(element, flags, {})
        flags.pop("edit")
        element.flags.update(flags)
        return element.path
    given = flags.pop("parent", "")
    parent = elements.need(given) if given else elements.parent
    if parent is None or parent.type != "shelfLayout":
        raise RuntimeError("shelfButton: the parent must be a shelf.")
    source = flags.get("sourceType", language(maya))
    if source not in ("mel", "python"):
        raise RuntimeError(f'shelfButton: sourceType is \'{source}\'; it is "mel" or "python".')
    element = elements.add("shelfButton", args[0] if args else "", parent, {**flags, "sourceType": source})
    return element.path


def language(maya: Any) -> str:
    """Return the language that is running.

    Scripts of elements are taken in the language of the call that made them.
    """
    return maya.state.get("language", "python")


def press(maya: Any, name: str) -> Any:
    """Do what a click on a menu item or shelf button does; `name` is its name, or the label that it shows."""
    elements = tree(maya)
    found = elements.find(name) or next(
        (
            each
            for each in elements.everything()
            if name in (each.flags.get("label"), each.flags.get("annotation"))
        ),
        None,
    )
    if found is None:
        raise RuntimeError(f"There is no '{name}' to press.")
    script = found.flags.get("command", "")
    if isinstance(script, str) and script_language(found) == "mel":
        from fakemaya import mel

        return mel.run(maya, script)
    return run_script(maya, script, *([False] if callable(script) else []))


def script_language(element: Element) -> str:
    """Return the language of an element's `command` text."""
    return element.flags.get("sourceType") or element.flags.get("language", "python")


def load_shelf(maya: Any, file: Path) -> Dict[str, Any]:
    """Do what Maya does at start with a `shelf_NAME.mel` of MAYA_SHELF_PATH: source it, make the shelf NAME,
    and call its procedure inside. Returns button label -> flags.

    Raises:
        RuntimeError: the file has no procedure of its own name.
    """
    from fakemaya import mel

    name = file.stem[len("shelf_") :]
    mel.source(maya, file)
    if file.stem not in mel.procedures(maya):
        raise RuntimeError(f"{file} has no procedure {file.stem}.")
    elements = tree(maya)
    shelf = elements.add("shelfLayout", name, elements.need(SHELVES), {})
    before, elements.parent = elements.parent, shelf
    try:
        mel.run(maya, f"{file.stem}()")
    finally:
        elements.parent = before
    return {each.flags.get("label", each.name): each.flags for each in shelf.children}
