"""The tree of user-interface elements.

Windows, layouts, controls, panels, menus. Made, edited, queried and deleted as Maya does it; what they show
is kept, nothing is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from fakemaya.commands.deferred import run_script
from fakemaya.strict import command

LAYOUTS = [
    "paneLayout",
    "columnLayout",
    "rowLayout",
    "formLayout",
    "frameLayout",
    "tabLayout",
    "shelfTabLayout",
    "shelfLayout",
]
CONTROLS = [
    "button",
    "text",
    "shelfButton",
    "separator",
    "checkBox",
    "optionMenu",
    "textField",
    "textScrollList",
    "iconTextButton",
    "floatField",
]
MAIN_WINDOW = "MayaWindow"
SHELVES = "ShelfLayout"
"""Maya's own tab layout of shelves; its name is in the MEL variable $gShelfTopLevel."""


@dataclass(eq=False)
class Element:
    """One element: its type, short name, parent, and the flags as they were set."""

    type: str
    name: str
    parent: Optional[Element]
    flags: Dict[str, Any] = field(default_factory=dict)
    children: List[Element] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The full name: all names from the window down, joined by "|"."""
        return f"{self.parent.path}|{self.name}" if self.parent else self.name


class ElementTree:
    """All elements of one session, and the parent that the next one gets."""

    def __init__(self) -> None:
        self.roots: List[Element] = []
        self.counts: Dict[str, int] = {}
        self.parent: Optional[Element] = None
        main = self.add("window", MAIN_WINDOW, None, {})
        self.add("shelfTabLayout", SHELVES, main, {})
        self.parent = None

    def everything(self) -> List[Element]:
        """Every element, parents before children."""
        found: List[Element] = []
        waiting = list(self.roots)
        while waiting:
            element = waiting.pop(0)
            found.append(element)
            waiting = element.children + waiting
        return found

    def find(self, name: str, kinds: Any = ()) -> Optional[Element]:
        """The element of a short or full name, None where there is none."""
        for element in self.everything():
            if (name in (element.name, element.path) or element.path.endswith("|" + name)) and (
                not kinds or element.type in kinds
            ):
                return element
        return None

    def need(self, name: str, kinds: Any = ()) -> Element:
        """The element of a name.

        Raises:
            RuntimeError: there is none.
        """
        element = self.find(name, kinds)
        if element is None:
            raise RuntimeError(f"Object '{name}' not found.")
        return element

    def add(self, kind: str, name: str, parent: Optional[Element], flags: Dict[str, Any]) -> Element:
        """Make an element; an empty name becomes the type with a number.

        Raises:
            RuntimeError: a sibling, or for windows and panels anything of that type, has the name.
        """
        if not name:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            name = f"{kind}{self.counts[kind]}"
        elif any(each.name == name for each in (parent.children if parent else self.roots)):
            raise RuntimeError(f"Object's name '{name}' is not unique.")
        element = Element(kind, name, parent, flags)
        (parent.children if parent else self.roots).append(element)
        return element

    def remove(self, element: Element) -> None:
        """Remove an element and all below it."""
        (element.parent.children if element.parent else self.roots).remove(element)
        if self.parent is not None and self.parent not in self.everything():
            self.parent = None


def tree(maya: Any) -> ElementTree:
    """Return the session's elements."""
    return maya.state.setdefault("elements", ElementTree())


def make(
    maya: Any,
    kind: str,
    args: Any,
    flags: Dict[str, Any],
    *,
    parent_kinds: Any = (*LAYOUTS, "window", "workspaceControl"),
) -> Element:
    """Make an element below the flag `parent` or the current parent."""
    elements = tree(maya)
    given = flags.pop("parent", "")
    parent = elements.need(given) if given else elements.parent
    if parent is None and kind != "window":
        raise RuntimeError(f"{kind}: no parent. Make a window first, or pass parent=.")
    if parent is not None and parent.type not in parent_kinds:
        raise RuntimeError(f"{kind}: '{parent.name}' is a {parent.type} and holds no {kind}.")
    return elements.add(kind, args[0] if args else "", parent, flags)


def answer(element: Element, flags: Dict[str, Any], computed: Dict[str, Any]) -> Any:
    """Return what a query of one flag returns: computed, as it was set, or an empty value."""
    asked = [name for name in flags if name not in ("query", "edit")]
    if len(asked) != 1:
        raise RuntimeError(f"{element.type}: query one flag at a time, not {asked}.")
    name = asked[0]
    if name in computed:
        return computed[name]
    if name in ("childArray", "numberOfChildren"):
        return [child.name for child in element.children] if name == "childArray" else len(element.children)
    if name == "parent":
        return element.parent.path if element.parent else ""
    if name == "fullPathName":
        return element.path
    return element.flags.get(
        name, {"visible": True, "manage": True, "enable": True, "width": 100, "height": 100}.get(name, "")
    )


def element_command(kind: str, *, opens: bool) -> None:
    """Register the command of a type of element; `opens`: new elements become the current parent."""

    @command(kind)
    def run(maya: Any, *args: Any, **flags: Any) -> Any:
        elements = tree(maya)
        if flags.pop("exists", False):
            return bool(args) and elements.find(args[0], (kind,)) is not None
        if flags.get("query") or flags.get("edit"):
            element = elements.need(args[0], (kind,))
            if flags.pop("query", False):
                return answer(element, flags, {})
            flags.pop("edit")
            element.flags.update(flags)
            return element.path
        element = make(maya, kind, args, flags)
        if opens:
            elements.parent = element
        return element.path


for _kind in LAYOUTS:
    element_command(_kind, opens=True)
for _kind in CONTROLS:
    element_command(_kind, opens=False)


@command("window")
def window(maya: Any, *args: Any, **flags: Any) -> Any:
    elements = tree(maya)
    if flags.pop("exists", False):
        return elements.find(args[0], ("window",)) is not None
    if flags.get("query") or flags.get("edit"):
        element = elements.need(args[0], ("window",))
        if flags.pop("query", False):
            return answer(
                element,
                flags,
                {
                    "visible": element.flags.get("visible", element.flags.get("shown", False)),
                    "menuArray": [each.name for each in element.children if each.type == "menu"],
                },
            )
        flags.pop("edit")
        element.flags.update(flags)
        return element.name
    element = elements.add("window", args[0] if args else "", None, flags)
    elements.parent = element
    return element.name


@command("showWindow")
def show_window(maya: Any, *args: Any) -> None:
    element = tree(maya).need(args[0], ("window",)) if args else tree(maya).roots[-1]
    element.flags["visible"] = True


@command("setParent")
def set_parent(
    maya: Any,
    *args: Any,
    query: bool = False,
    menu: bool = False,
    topLevel: bool = False,
    upLevel: bool = False,
) -> Any:
    elements = tree(maya)
    if query:
        return elements.parent.path if elements.parent else ""
    if upLevel or (args and args[0] == ".."):
        elements.parent = elements.parent.parent if elements.parent else None
    elif args:
        elements.parent = elements.need(args[0])
    return elements.parent.path if elements.parent else ""


@command("deleteUI")
def delete_ui(
    maya: Any,
    *args: Any,
    window: bool = False,
    panel: bool = False,
    control: bool = False,
    layout: bool = False,
    menu: bool = False,
    menuItem: bool = False,
    editor: bool = False,
) -> None:
    for given in args:
        for name in given if isinstance(given, (list, tuple)) else [given]:
            element = tree(maya).need(name)
            if (
                (menu and element.type != "menu")
                or (panel and element.type not in ("modelPanel", "scriptedPanel"))
                or (window and element.type != "window")
                or (menuItem and element.type != "menuItem")
            ):
                raise RuntimeError(f"Object '{name}' is a {element.type}.")
            close_element(maya, element)


def close_element(maya: Any, element: Element) -> None:
    """Delete an element with what hangs on it: its Qt widget, its scriptJobs, its closeCommand."""
    for each in [element, *below(element)]:
        for number, job in list(maya.state.get("jobs", {}).items()):
            if job["parent"] in (each.name, each.path):
                maya.state["jobs"].pop(number)
        widget = maya.state.get("widgets", {}).pop(each.path, None)
        if widget is not None:
            widget.close()
            widget.deleteLater()
        if each.type in ("modelPanel", "modelEditor"):
            maya.state.get("isolated", {}).pop(each.name, None)
    script = element.flags.get("closeCommand")
    tree(maya).remove(element)
    if script:
        run_script(maya, script)


def below(element: Element) -> List[Element]:
    """Return every element below one."""
    found: List[Element] = []
    for child in element.children:
        found += [child, *below(child)]
    return found


@command("lsUI")
def ls_ui(
    maya: Any,
    *args: Any,
    windows: bool = False,
    panels: bool = False,
    menus: bool = False,
    menuItems: bool = False,
    controls: bool = False,
    controlLayouts: bool = False,
    editors: bool = False,
    long: bool = False,
    type: Any = None,
) -> Any:
    wanted = []
    for flag, kinds in (
        (windows, ["window"]),
        (panels, ["modelPanel"]),
        (menus, ["menu"]),
        (menuItems, ["menuItem"]),
        (controls, [*CONTROLS, "workspaceControl"]),
        (controlLayouts, LAYOUTS),
        (editors, ["modelEditor", "modelPanel"]),
    ):
        wanted += kinds if flag else []
    wanted += ([type] if isinstance(type, str) else list(type)) if type else []
    return [
        each.path if long else each.name for each in tree(maya).everything() if each.type in wanted
    ] or None


def exists_command(name: str, kinds: Any) -> None:
    """Register `control` or `layout`: they ask about elements of many types."""

    @command(name)
    def run(maya: Any, *args: Any, **flags: Any) -> Any:
        if flags.pop("exists", False):
            return tree(maya).find(args[0], kinds) is not None
        element = tree(maya).need(args[0], kinds)
        if flags.pop("query", False):
            return answer(element, flags, {})
        if not flags.pop("edit", False):
            raise RuntimeError(f"{name}: makes nothing; use edit or query.")
        element.flags.update(flags)
        return element.path


exists_command("control", [*CONTROLS, "workspaceControl", "modelPanel", "menu", "menuItem"])
exists_command("layout", LAYOUTS)
