"""getAttr, setAttr, addAttr, deleteAttr, attributeQuery, listAttr, aliasAttr."""

from __future__ import annotations

import re
from typing import Any, Optional

from fakemaya.commands.values import shown, taken
from fakemaya.node import Plug
from fakemaya.scene import Scene
from fakemaya.schema import NUMBERS, Attr
from fakemaya.strict import command

_RANGE = re.compile(r"^(.*)\[(\d+):(\d+)\]$")


def plugs_of(scene: Scene, text: str) -> list[Plug]:
    """The plugs of an argument: one, or those of "w[0:9]"."""
    found = _RANGE.match(text)
    if found and not re.search(r"\.(vtx|f|e|map)$", found.group(1)):
        array = scene.plug(f"{found.group(1)}[{found.group(2)}]")
        return [
            array.element(i) if array.is_element else array
            for i in range(int(found.group(2)), int(found.group(3)) + 1)
        ]
    return [scene.plug(text)]


@command("getAttr")
def get_attr(
    maya: Any,
    *args: str,
    time: Any = None,
    lock: bool = False,
    keyable: bool = False,
    channelBox: bool = False,
    settable: bool = False,
    type: bool = False,
    size: bool = False,
    multiIndices: bool = False,
    asString: bool = False,
    silent: bool = False,
    caching: bool = False,
) -> Any:
    scene = maya.scene
    if not args:
        chosen = [t for t in scene.selection if isinstance(t, Plug)]
        if not chosen:
            raise RuntimeError("No attribute was specified.")
        plugs = chosen[:1]
    else:
        plugs = plugs_of(scene, args[0])
    plug = plugs[0]
    if plug.is_array and plug.attr.kind == "matrix" and not plug.attr.writable:
        # worldMatrix means worldMatrix[0].
        plugs = [plug.element(0)]
        plug = plugs[0]
    if lock:
        return scene.is_locked(plug)
    if keyable:
        return plug.node.keyable.get(plug.key, plug.attr.keyable)
    if channelBox:
        return plug.node.channel_box.get(plug.key, False)
    if settable:
        return not scene.is_locked(plug) and (scene.driver(plug) is None or is_keyed(scene, plug))
    if type:
        return plug.attr.kind
    if size:
        return len(plug.elements()) if plug.attr.array else 1
    if multiIndices:
        return plug.node.elements(plug.attr, plug.indices[: plug.attr.index_count - 1]) or None
    if caching:
        return False
    with scene.at(_ticks(scene, time)):
        if len(plugs) > 1:
            return [shown(scene, each, scene.get(each)) for each in plugs]
        value = scene.get(plug)
        if asString and plug.attr.kind == "enum":
            return enum_names(plug.attr).get(int(value), "")
        return shown(scene, plug, value)


def _ticks(scene: Scene, time: Any) -> Optional[int]:
    return scene.context_ticks if time is None else round(float(time) * scene.ticks_per_frame)


def is_keyed(scene: Scene, plug: Plug) -> bool:
    """Whether an animCurve of time drives the plug directly: setAttr is let through then, until time changes."""
    source = scene.driver(plug)
    return source is not None and source.node.type.name in (
        "animCurveTL",
        "animCurveTA",
        "animCurveTU",
        "animCurveTT",
    )


def check_settable(scene: Scene, plug: Plug) -> None:
    """RuntimeError in Maya's words where a value cannot be set."""
    name = scene.plug_name(plug, path=False)
    if not plug.attr.writable:
        raise RuntimeError(f"setAttr: The attribute '{name}' is not writable and cannot be modified.")
    below = list(plug.walk())
    if any(scene.is_locked(p) for p in below) or any(
        scene.driver(p) is not None and not is_keyed(scene, p) for p in below
    ):
        raise RuntimeError(f"setAttr: The attribute '{name}' is locked or connected and cannot be modified.")


@command("setAttr")
def set_attr(
    maya: Any,
    *args: Any,
    type: Optional[str] = None,
    lock: Optional[bool] = None,
    keyable: Optional[bool] = None,
    channelBox: Optional[bool] = None,
    clamp: bool = False,
    size: Optional[int] = None,
    caching: Optional[bool] = None,
    alteredValue: bool = False,
    capacityHint: int = 0,
    edit: bool = False,
) -> None:
    scene = maya.scene
    if not args or not isinstance(args[0], str):
        raise TypeError("setAttr: needs the attribute's name first.")
    try:
        plugs = plugs_of(scene, args[0])
    except ValueError as error:
        raise RuntimeError(f"setAttr: {error}") from None
    values = args[1:]
    if lock is not None and not lock:
        _set_lock(scene, plugs[0], False)
    if values:
        if len(plugs) > 1:
            if len(values) != len(plugs):
                raise RuntimeError(
                    f"setAttr: {args[0]} has {len(plugs)} elements, {len(values)} values were given."
                )
            pairs = [(p, (v,)) for p, v in zip(plugs, values)]
        else:
            pairs = [(plugs[0], values)]
        for plug, _ in pairs:
            check_settable(scene, plug)
        for plug, given in pairs:
            _store(maya, plug, given, type, clamp)
    elif lock is None and keyable is None and channelBox is None and size is None and caching is None:
        raise RuntimeError("setAttr: No value was specified.")
    for plug in plugs:
        if keyable is not None:
            _flag(scene, plug, plug.node.keyable, keyable)
        if channelBox is not None:
            _flag(scene, plug, plug.node.channel_box, channelBox)
    if lock:
        _set_lock(scene, plugs[0], True)


def _store(maya: Any, plug: Plug, given: tuple[Any, ...], word: Optional[str], clamp: bool) -> None:
    scene, attr = maya.scene, plug.attr
    value = taken(scene, plug, given, word)
    if attr.kind in NUMBERS:
        low, high = attr.minimum, attr.maximum
        if attr.kind == "enum" and enum_names(attr) and int(value) not in enum_names(attr):
            raise RuntimeError(
                f"setAttr: Cannot set the attribute '{scene.plug_name(plug)}' to {value}: it has no such field."
            )
        if (low is not None and value < low) or (high is not None and value > high):
            if not clamp:
                word, bound = ("minimum", low) if low is not None and value < low else ("maximum", high)
                raise RuntimeError(
                    f"setAttr: Cannot set the attribute '{scene.plug_name(plug)}' past its {word} value of {bound}."
                )
            value = min(max(value, low if low is not None else value), high if high is not None else value)
    scene.assign(plug, value)
    from fakemaya.commands import keys

    for each in plug.children or [plug]:
        if each.attr.kind in NUMBERS:
            keys.autokey(maya, each)


def _set_lock(scene: Scene, plug: Plug, locked: bool) -> None:
    if plug.node.locked:
        raise RuntimeError(
            f"setAttr: The node '{scene.short(plug.node)}' is locked; its attributes cannot be locked or unlocked."
        )
    if not locked and plug.node.referenced and plug.key in plug.node.memo.get("locked_in_file", ()):
        raise RuntimeError(
            f"setAttr: '{scene.plug_name(plug)}' is locked in the referenced file and cannot be unlocked here."
        )
    scene.lock(plug, locked)


def _flag(scene: Scene, plug: Plug, kept: dict[Any, bool], value: bool) -> None:
    had, old = plug.key in kept, kept.get(plug.key)

    def undo() -> None:
        if had:
            kept[plug.key] = bool(old)
        else:
            kept.pop(plug.key, None)

    scene.record(lambda: kept.__setitem__(plug.key, bool(value)), undo)


def enum_names(attr: Attr) -> dict[int, str]:
    """Value -> field; fields may carry their own numbers ("a", "b=5", "c")."""
    out: dict[int, str] = {}
    at = 0
    for text in attr.fields:
        name, equals, number = text.partition("=")
        at = int(number) if equals else at
        out[at] = name
        at += 1
    return out
