"""What the user's selection mode is, and framing a view."""

from __future__ import annotations

from typing import Any, Dict

from fakemaya.active import Gap
from fakemaya.commands.settings import do
from fakemaya.naming import node_of, things
from fakemaya.strict import command

MODES = ("object", "component", "root", "leaf", "template", "hierarchical", "preset")


@command("selectMode")
def select_mode(maya: Any, *, query: bool = False, **flags: Any) -> Any:
    held = maya.state.setdefault("select_mode", "object")
    (asked,) = flags
    if asked not in MODES:
        raise Gap(f"selectMode(-{asked}) is not in the stand-in.")
    if query:
        return held == asked
    maya.state["select_mode"] = asked
    return None


@command("selectType")
def select_type(maya: Any, *, query: bool = False, **flags: Any) -> Any:
    held: Dict[str, bool] = maya.state.setdefault(
        "select_type",
        {"polymeshVertex": True, "polymeshEdge": True, "polymeshFace": True, "vertex": True, "facet": True},
    )
    if query:
        (asked,) = flags
        if asked not in held:
            raise Gap(f"selectType(-{asked}) is not in the stand-in.")
        return held[asked]
    for flag, value in flags.items():
        if flag in ("allComponents", "allObjects"):
            held.update({name: bool(value) for name in held})
        else:
            held[flag] = bool(value)
    return None


@command("hilite")
def hilite(
    maya: Any, *args: Any, replace: bool = False, toggle: bool = False, unHilite: bool = False
) -> None:
    held = maya.state.setdefault("hilited", [])
    if replace:
        held.clear()
    for name in args:
        found = things(maya.scene, name)
        if not found:
            raise ValueError(f"No object matches name: {name}")
        paths = [node_of(each).path for each in found]
        held[:] = [each for each in held if each not in paths] + ([] if unHilite else paths)


@command("viewFit", in_batch=False)
def view_fit(
    maya: Any,
    *args: Any,
    fitFactor: float = 1.0,
    animate: bool = True,
    allObjects: bool = False,
) -> None:
    names = list(args) or do(maya, "ls", selection=True) or []
    maya.state.setdefault("fitted", []).append(names)
