"""Attributes as places for keys: which curve they have, and why some shall be left alone.

An attribute takes keys where nothing drives it but time: it has no input, an animation curve of its own, or animation
layers above one. Whatever else drives it (a constraint, an expression, another control) was meant by somebody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Union

from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.host import LeftAlone

NUMBERS = ("double", "float", "doubleLinear", "floatLinear", "doubleAngle", "floatAngle")
"""Types of attributes that change smoothly."""
STEPS = ("bool", "enum", "long", "short", "byte")
"""Types of attributes that jump."""

_CURVES = ("animCurveTL", "animCurveTA", "animCurveTU")


@dataclass(frozen=True, eq=False)
class Channel:
    """An attribute that takes keys."""

    name: str
    """As the caller wrote it."""
    path: str
    """With the whole path of its node: no other has this name."""
    plug: om.MPlug
    kind: str
    """Its type, one of NUMBERS and STEPS."""


def find_attribute(name: str) -> Union[Channel, LeftAlone]:
    """The attribute `name` ("node.attribute") as one that can be set, whatever drives it, or the reason why not."""
    path = _path(name)
    if isinstance(path, LeftAlone):
        return path
    plug = om.MSelectionList().add(path).getPlug(0)
    kind = str(cmds.getAttr(path, type=True))
    reason = _not_a_number(plug, kind) or _locked(plug)
    return LeftAlone(name, f"{name} {reason}") if reason else Channel(name, path, plug, kind)


def find_channel(name: str, *, layer: str = "") -> Union[Channel, LeftAlone]:
    """The attribute `name` as a place for keys, or the reason to leave it alone.

    layer: the keys are meant for this animation layer, so that a referenced curve may stay below it.
    """
    found = find_attribute(name)
    if isinstance(found, LeftAlone):
        return found
    ground = base_plug(found.plug)
    reason = _driven(ground)
    if not reason and layer in ("", base_layer()):
        reason = not_replaceable(ground)
    return LeftAlone(name, f"{name} {reason}") if reason else found


def own_curve(plug: om.MPlug) -> Optional[om.MObject]:
    """The animation curve over time that drives `plug`; None where there is none."""
    source = plug.source()
    if source.isNull or _type(source) not in _CURVES:
        return None
    return source.node()


def base_layer() -> str:
    """The layer that holds what lies below all animation layers; "" where the scene has no layers."""
    found = cmds.animLayer(query=True, root=True)
    return str(found or "")


def base_plug(plug: om.MPlug) -> om.MPlug:
    """Where the keys below all animation layers of `plug` belong: `plug` itself where it has no layers."""
    source = plug.source()
    while _is_blend(source):
        node = om.MFnDependencyNode(source.node())
        output = source.partialName(useLongNames=True)
        # outputX of a rotation's blend comes from inputAX, output of all others from inputA.
        plug = node.findPlug(output.replace("output", "inputA", 1), False)
        source = plug.source()
    return plug


def layer_plug(channel: Channel, layer: str) -> Optional[om.MPlug]:
    """Where the keys of `channel` on `layer` belong; None where the layer does not hold it."""
    if layer in ("", base_layer()):
        return base_plug(channel.plug)
    found = cmds.animLayer(layer, query=True, layeredPlug=channel.path)
    # A list in some versions of Maya.
    name = (found[0] if found else "") if isinstance(found, (list, tuple)) else found
    return om.MSelectionList().add(str(name)).getPlug(0) if name else None


def _path(name: str) -> Union[str, LeftAlone]:
    node, dot, attribute = name.partition(".")
    if not dot or not attribute:
        return LeftAlone(name, f"{name} is no attribute. Write node.attribute.")
    nodes = cmds.ls(node, long=True) or []
    if not nodes:
        elsewhere = cmds.ls(node.rpartition("|")[2].rpartition(":")[2], recursive=True) or []
        hint = f" There is {elsewhere[0]}: give the namespace." if elsewhere else ""
        return LeftAlone(name, f"{name} is missing: the scene has no node '{node}'.{hint}")
    if len(nodes) > 1:
        return LeftAlone(
            name, f"{name} is not clear: {nodes[0]} and {nodes[1]} have that name. Give the path."
        )
    path = f"{nodes[0]}.{attribute}"
    if not cmds.objExists(path):
        return LeftAlone(name, f"{name} is missing: {node} has no attribute '{attribute}'.")
    return path


def _not_a_number(plug: om.MPlug, kind: str) -> str:
    if plug.isArray or plug.isCompound:
        return "holds several values. Name one of them, such as translateX or weight[0]."
    if kind not in NUMBERS + STEPS:
        return f"cannot be keyed: its type is {kind}."
    return ""


def _locked(plug: om.MPlug) -> str:
    node = om.MFnDependencyNode(plug.node())
    where = " in its referenced file" if node.isFromReferencedFile else ""
    if node.isLocked:
        return f"belongs to a node that is locked{where}. Unlock it to have it keyed."
    while True:
        if plug.isLocked:
            return f"is locked{where}. Unlock it to have it keyed."
        if not plug.isChild:
            return ""
        plug = plug.parent()


def _driven(plug: om.MPlug) -> str:
    source = plug.source()
    if source.isNull and plug.isChild:
        source = plug.parent().source()
    if source.isNull or own_curve(plug) is not None:
        return ""
    return f"is driven by {source.name()} ({_type(source)}). Key what drives it, or break the connection."


def not_replaceable(plug: om.MPlug) -> str:
    """Why the keys of the curve at `plug` cannot be replaced; "" where they can, or where there is none."""
    curve = own_curve(plug)
    if curve is None:
        return ""
    node = om.MFnDependencyNode(curve)
    if node.isFromReferencedFile:
        return (
            f"has its keys in a referenced file ({node.name()}), where they cannot be replaced. "
            "Name an animation layer to key it on."
        )
    if node.isLocked:
        return f"has a curve that is locked ({node.name()}). Unlock it to have its keys replaced."
    driven = [target.name() for target in plug.source().destinations() if target != plug]
    if driven:
        return f"shares its curve {node.name()} with {driven[0]}, which would change as well."
    return ""


def _is_blend(source: om.MPlug) -> bool:
    return not source.isNull and _type(source).startswith("animBlend")


def _type(source: om.MPlug) -> str:
    return om.MFnDependencyNode(source.node()).typeName
