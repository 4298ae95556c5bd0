"""addAttr and deleteAttr."""

from __future__ import annotations

import re
from typing import Any, Optional

from fakemaya import naming
from fakemaya.evaluate import default
from fakemaya.node import Node
from fakemaya.scene import Scene
from fakemaya.schema import NUMBERS, Attr
from fakemaya.strict import command

KINDS = {
    "bool": "bool",
    "long": "long",
    "short": "short",
    "byte": "byte",
    "char": "byte",
    "enum": "enum",
    "float": "float",
    "double": "double",
    "doubleAngle": "doubleAngle",
    "doubleLinear": "doubleLinear",
    "time": "time",
    "message": "message",
    "compound": "compound",
    "matrix": "matrix",
    "fltMatrix": "matrix",
    "double2": "double2",
    "double3": "double3",
    "float2": "float2",
    "float3": "float3",
    "long2": "long2",
    "long3": "long3",
    "short2": "short2",
    "short3": "short3",
}
DATA_TYPES = (
    "string",
    "stringArray",
    "doubleArray",
    "Int32Array",
    "pointArray",
    "vectorArray",
    "componentList",
    "matrix",
    "mesh",
    "nurbsCurve",
)


@command("addAttr")
def add_attr(
    maya: Any,
    *args: str,
    longName: Any = None,
    shortName: Any = None,
    niceName: Any = None,
    attributeType: Any = None,
    dataType: Any = None,
    defaultValue: Any = None,
    minValue: Any = None,
    maxValue: Any = None,
    softMinValue: Any = None,
    softMaxValue: Any = None,
    hasMinValue: Any = None,
    hasMaxValue: Any = None,
    hasSoftMinValue: Any = None,
    hasSoftMaxValue: Any = None,
    enumName: Any = None,
    keyable: bool = False,
    hidden: bool = False,
    multi: bool = False,
    readable: bool = True,
    writable: bool = True,
    storable: bool = True,
    parent: Any = None,
    numberOfChildren: int = 0,
    indexMatters: bool = True,
    disconnectBehaviour: int = 0,
    usedAsColor: bool = False,
    cachedInternally: bool = True,
    category: Any = None,
    exists: bool = False,
    query: bool = False,
    edit: bool = False,
) -> Any:
    scene: Scene = maya.scene
    if query or edit:
        return _change_attr(scene, args, locals())
    if not longName and not shortName:
        raise RuntimeError("addAttr: New attribute needs either a long (-ln) or short (-sn) attribute name.")
    if (attributeType is None) == (dataType is None):
        raise RuntimeError("addAttr: Type of new attribute required: attributeType or dataType.")
    if attributeType is not None and attributeType not in KINDS:
        raise RuntimeError(f"addAttr: Type of attribute, {attributeType}, not found.")
    if dataType is not None and dataType not in DATA_TYPES:
        raise RuntimeError(f"addAttr: Type of attribute, {dataType}, not found.")
    nodes = [scene.node(a) for a in args] or [naming.node_of(t) for t in scene.selection]
    if not nodes:
        raise RuntimeError("addAttr: No node was specified.")
    name = longName or shortName
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise RuntimeError(f"addAttr: '{name}' is not a legal attribute name.")
    kind = dataType or KINDS[attributeType]
    kind = "TdataCompound" if kind == "compound" else kind
    for node in nodes:
        if node.locked:
            raise RuntimeError(f"addAttr: The node '{scene.short(node)}' is locked.")
        if node.find(name) is not None or name in node.aliases:
            raise RuntimeError(
                f"addAttr: Object found with the attribute '{name}' already: '{scene.short(node)}'."
            )
        start = defaultValue if kind in NUMBERS else None
        attr = Attr(
            name,
            shortName or name,
            kind,
            None if kind not in NUMBERS else scene.from_ui(kind, start or 0),
            array=bool(multi),
            keyable=bool(keyable),
            minimum=_bound(scene, kind, minValue),
            maximum=_bound(scene, kind, maxValue),
            soft_minimum=_bound(scene, kind, softMinValue),
            soft_maximum=_bound(scene, kind, softMaxValue),
            fields=tuple(enumName.split(":")) if enumName else (),
            hidden=bool(hidden),
            readable=readable,
            writable=writable,
            storable=storable,
            color=usedAsColor,
            dynamic=True,
            category=category or "",
        )
        if parent:
            _add_child(scene, node, attr, parent)
        else:
            scene.add_attribute(node, attr)
    return None


def _bound(scene: Scene, kind: str, value: Any) -> Optional[float]:
    return None if value is None else scene.from_ui(kind, value)


def _add_child(scene: Scene, node: Node, attr: Attr, parent: str) -> None:
    above = node.extra.get(parent)
    if above is None:
        raise RuntimeError(f"addAttr: Parent attribute '{parent}' was not found on '{scene.short(node)}'.")
    attr.parent = above

    def do() -> None:
        above.children = (*above.children, attr)
        node.extra[attr.name] = attr

    def undo() -> None:
        above.children = above.children[:-1]
        node.extra.pop(attr.name, None)

    scene.record(do, undo)


def _change_attr(scene: Scene, args: tuple[str, ...], given: dict[str, Any]) -> Any:
    plug = scene.plug(args[0])
    attr = plug.attr
    if given["edit"]:
        if not attr.dynamic:
            raise RuntimeError(f"addAttr: '{args[0]}' is not an added attribute and cannot be edited.")
        changes = {
            "keyable": ("keyable", bool),
            "minValue": ("minimum", float),
            "maxValue": ("maximum", float),
            "softMinValue": ("soft_minimum", float),
            "softMaxValue": ("soft_maximum", float),
            "defaultValue": ("default", float),
            "hidden": ("hidden", bool),
        }
        for flag, (field, convert) in changes.items():
            if given[flag] not in (None, False):
                old, new = getattr(attr, field), convert(given[flag])
                scene.record(
                    lambda f=field, n=new: setattr(attr, f, n), lambda f=field, o=old: setattr(attr, f, o)
                )
        return None
    asked = {
        "longName": attr.name,
        "shortName": attr.short,
        "attributeType": attr.kind,
        "dataType": [attr.kind],
        "keyable": attr.keyable,
        "minValue": attr.minimum,
        "maxValue": attr.maximum,
        "hasMinValue": attr.minimum is not None,
        "hasMaxValue": attr.maximum is not None,
        "softMinValue": attr.soft_minimum,
        "softMaxValue": attr.soft_maximum,
        "hasSoftMinValue": attr.soft_minimum is not None,
        "hasSoftMaxValue": attr.soft_maximum is not None,
        "enumName": ":".join(attr.fields),
        "hidden": attr.hidden,
        "multi": attr.array,
        "usedAsColor": attr.color,
        "exists": True,
        "defaultValue": _shown_default(scene, attr),
        "niceName": attr.name,
    }
    for flag, value in asked.items():
        if given.get(flag) not in (None, False) and flag not in ("readable", "writable", "storable"):
            return value
    raise RuntimeError("addAttr: nothing was queried that the stand-in answers.")


def _shown_default(scene: Scene, attr: Attr) -> Any:
    if attr.compound:
        return [scene.to_ui(c.kind, c.default) for c in attr.children]
    return scene.to_ui(attr.kind, attr.default) if attr.kind in NUMBERS else default(attr)


@command("deleteAttr")
def delete_attr(maya: Any, *args: str, attribute: Any = None) -> None:
    scene: Scene = maya.scene
    texts = [f"{a}.{attribute}" if attribute else a for a in args]
    for text in texts:
        plug = scene.plug(text)
        node, attr = plug.node, plug.attr
        if attr.name not in node.extra:
            raise RuntimeError(f"deleteAttr: Cannot delete static attribute '{text}'.")
        if scene.is_locked(plug) or node.locked:
            raise RuntimeError(f"deleteAttr: '{text}' is locked and cannot be deleted.")
        if node.referenced and attr.name in node.memo.get("attributes_in_file", ()):
            raise RuntimeError(f"deleteAttr: Cannot delete attributes that come from a reference: '{text}'.")
        names = {each.name for each in attr.walk()}
        for destination, source in list(scene.connections(node)):
            if (destination.node is node and destination.attr.name in names) or (
                source.node is node and source.attr.name in names
            ):
                scene.disconnect(source, destination)
        values = {k: v for k, v in node.values.items() if k[0] in names}

        def do(node: Node = node, attr: Attr = attr, values: Any = values) -> None:
            for each in attr.walk():
                node.extra.pop(each.name, None)
            for key in values:
                node.values.pop(key, None)
            scene.dirty()

        def undo(node: Node = node, attr: Attr = attr, values: Any = values) -> None:
            for each in attr.walk():
                node.extra[each.name] = each
            node.values.update(values)
            scene.dirty()

        scene.record(do, undo)
