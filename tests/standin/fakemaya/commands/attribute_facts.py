"""attributeQuery, listAttr and aliasAttr."""

from __future__ import annotations

import fnmatch
import re
from typing import Any, Optional

from fakemaya import naming
from fakemaya.node import Plug
from fakemaya.scene import Scene
from fakemaya.schema import NUMBERS, TYPES
from fakemaya.strict import command


@command("attributeQuery")
def attribute_query(
    maya: Any,
    *args: str,
    node: str = "",
    type: str = "",
    exists: bool = False,
    longName: bool = False,
    shortName: bool = False,
    niceName: bool = False,
    attributeType: bool = False,
    keyable: bool = False,
    hidden: bool = False,
    listChildren: bool = False,
    listParent: bool = False,
    listDefault: bool = False,
    listEnum: bool = False,
    minExists: bool = False,
    maxExists: bool = False,
    minimum: bool = False,
    maximum: bool = False,
    range: bool = False,
    rangeExists: bool = False,
    softMinExists: bool = False,
    softMaxExists: bool = False,
    softMin: bool = False,
    softMax: bool = False,
    softRange: bool = False,
    softRangeExists: bool = False,
    multi: bool = False,
    readable: bool = False,
    writable: bool = False,
    storable: bool = False,
    connectable: bool = False,
    message: bool = False,
    usedAsColor: bool = False,
    enum: bool = False,
    numberOfChildren: bool = False,
    channelBox: bool = False,
    indexMatters: bool = False,
) -> Any:
    scene: Scene = maya.scene
    owner = scene.node(node) if node else None
    if not args:
        raise RuntimeError("attributeQuery: needs the name of an attribute.")
    attr = owner.find(args[0]) if owner else TYPES[type].by_name.get(args[0]) if type in TYPES else None
    if attr is None and owner and args[0] in owner.aliases:
        attr = owner.find(owner.aliases[args[0]][0])
    if exists:
        return attr is not None
    if attr is None:
        raise RuntimeError(f"attributeQuery: Attribute '{args[0]}' was not found on '{node or type}'.")

    def ui(*values: Optional[float]) -> list[float]:
        return [scene.to_ui(attr.kind, v) for v in values if v is not None]

    key = (attr.name, ())
    answers = {
        "longName": lambda: attr.name,
        "shortName": lambda: attr.short,
        "attributeType": lambda: "typed" if attr.kind in ("string", "pointArray") else attr.kind,
        "niceName": lambda: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", attr.name).title(),
        "keyable": lambda: owner.keyable.get(key, attr.keyable) if owner else attr.keyable,
        "hidden": lambda: attr.hidden,
        "listChildren": lambda: [c.name for c in attr.children] or None,
        "listParent": lambda: [attr.parent.name] if attr.parent else None,
        "listDefault": lambda: (
            [scene.to_ui(c.kind, c.default) for c in (attr.children or (attr,)) if c.kind in NUMBERS] or None
        ),
        "listEnum": lambda: [":".join(attr.fields)] if attr.kind == "enum" else None,
        "minExists": lambda: attr.minimum is not None,
        "maxExists": lambda: attr.maximum is not None,
        "minimum": lambda: ui(attr.minimum),
        "maximum": lambda: ui(attr.maximum),
        "range": lambda: ui(attr.minimum, attr.maximum),
        "rangeExists": lambda: attr.minimum is not None and attr.maximum is not None,
        "softMinExists": lambda: attr.soft_minimum is not None,
        "softMaxExists": lambda: attr.soft_maximum is not None,
        "softMin": lambda: ui(attr.soft_minimum),
        "softMax": lambda: ui(attr.soft_maximum),
        "softRange": lambda: ui(attr.soft_minimum, attr.soft_maximum),
        "softRangeExists": lambda: attr.soft_minimum is not None and attr.soft_maximum is not None,
        "multi": lambda: attr.array,
        "readable": lambda: attr.readable,
        "writable": lambda: attr.writable,
        "storable": lambda: attr.storable,
        "connectable": lambda: True,
        "message": lambda: attr.kind == "message",
        "usedAsColor": lambda: attr.color,
        "enum": lambda: attr.kind == "enum",
        "numberOfChildren": lambda: [len(attr.children)],
        "channelBox": lambda: owner.channel_box.get(key, False) if owner else False,
        "indexMatters": lambda: True,
    }
    given = locals()
    asked = [flag for flag in answers if given.get(flag)]
    if len(asked) != 1:
        raise RuntimeError("attributeQuery: ask for exactly one thing.")
    return answers[asked[0]]()


@command("listAttr")
def list_attr(
    maya: Any,
    *args: str,
    keyable: bool = False,
    userDefined: bool = False,
    locked: bool = False,
    unlocked: bool = False,
    string: Any = None,
    multi: bool = False,
    scalar: bool = False,
    settable: bool = False,
    visible: bool = False,
    channelBox: bool = False,
    connectable: bool = False,
    read: bool = False,
    write: bool = False,
    shortNames: bool = False,
    array: bool = False,
    caching: bool = False,
    hasData: bool = False,
    readOnly: bool = False,
    inUse: bool = False,
    leaf: bool = False,
    output: bool = False,
) -> Any:
    scene: Scene = maya.scene
    texts = args or [naming.shortest(scene, naming.node_of(t)) for t in scene.selection]
    out: list[str] = []
    patterns = [string] if isinstance(string, str) else string
    for text in texts:
        starts = (
            [scene.plug(text)] if "." in text else [Plug(n, a) for n in [scene.node(text)] for a in n.roots()]
        )
        for start in starts:
            for plug in (
                start.walk() if multi else [Plug(start.node, a, start.indices) for a in start.attr.walk()]
            ):
                node, attr = plug.node, plug.attr
                if multi and plug.is_array and "." in text:
                    continue
                name = (
                    plug.attribute_name(long=not shortNames)
                    if multi
                    else (attr.short if shortNames else attr.name)
                )
                is_keyable = node.keyable.get(plug.key, attr.keyable) and not attr.compound
                checks = (
                    (keyable, is_keyable and attr.writable and (multi or not attr.array)),
                    (userDefined, attr.name in node.extra),
                    (locked, plug.key in node.locked_plugs),
                    (unlocked, not scene.is_locked(plug)),
                    (scalar, attr.kind in NUMBERS and not attr.array),
                    (settable, attr.writable and not scene.is_locked(plug) and scene.driver(plug) is None),
                    (visible, not attr.hidden),
                    (channelBox, node.channel_box.get(plug.key, False)),
                    (read, attr.readable),
                    (write, attr.writable),
                    (array, attr.array),
                    (leaf, not attr.compound),
                    (hasData, True),
                    (inUse, plug.key in node.values or plug.key in node.inputs),
                    (output, not attr.writable),
                    (readOnly, not attr.writable),
                )
                if all(fine for asked, fine in checks if asked) and (
                    not patterns or any(fnmatch.fnmatchcase(name, p) for p in patterns)
                ):
                    out.append(name)
    return list(dict.fromkeys(out)) or None


@command("aliasAttr")
def alias_attr(maya: Any, *args: str, remove: bool = False, query: bool = False) -> Any:
    scene: Scene = maya.scene
    if query:
        if "." in args[0]:
            plug = scene.plug(args[0])
            return plug.node.alias_of(plug.key)
        node = scene.node(args[0])
        found = [(alias, Plug(node, scene.attr_of(node, key), key[1])) for alias, key in node.aliases.items()]
        return [text for alias, plug in found for text in (alias, plug.attribute_name(alias=False))] or None
    if remove:
        for text in args:
            plug = scene.plug(text)
            set_alias(scene, plug, "")
        return None
    if len(args) % 2:
        raise RuntimeError("aliasAttr: needs pairs of a new name and an attribute.")
    for alias, text in zip(args[::2], args[1::2]):
        set_alias(scene, scene.plug(text), alias)
    return None


def set_alias(scene: Scene, plug: Plug, alias: str) -> None:
    """Give a plug an alias, or take it away (recorded); RuntimeError where the name is not legal or taken."""
    node = plug.node
    if alias and not re.fullmatch(r"[A-Za-z_]\w*", alias):
        raise RuntimeError(f"aliasAttr: '{alias}' is not a legal attribute name.")
    if alias and (node.find(alias) is not None or node.aliases.get(alias, plug.key) != plug.key):
        raise RuntimeError(
            f"aliasAttr: Cannot make the alias '{alias}': the name is in use on '{scene.short(node)}'."
        )
    old = dict(node.aliases)
    new = {a: k for a, k in old.items() if k != plug.key}
    if alias:
        new[alias] = plug.key

    def change(to: dict[str, Any]) -> None:
        node.aliases.clear()
        node.aliases.update(to)

    scene.record(lambda: change(new), lambda: change(old))
