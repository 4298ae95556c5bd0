"""Animators' attributes: what they are, and what the rig answers when they move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Optional, Union

import numpy as np
from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.axes import Axes, Float32, Float64
from facepatch.core.errors import LockedError, ShapeError, UnsupportedError
from facepatch.core.host import Control, ControlKind
from facepatch_maya import scene_names
from facepatch_maya.mesh_points import MeshPoints
from facepatch_maya.scene_state import evaluation_as, kept_modified, undo_off, viewport_paused

KINDS: dict[str, ControlKind] = {
    "double": "scalar",
    "float": "scalar",
    "long": "scalar",
    "short": "scalar",
    "byte": "scalar",
    "doubleAngle": "angle",
    "floatAngle": "angle",
    "doubleLinear": "length",
    "floatLinear": "length",
    "bool": "bool",
    "enum": "enum",
}
"""Maya's attribute types that hold one number."""

KEYED = ("animCurve", "animBlendNode")
"""Beginnings of node types that hold keys, or add up those of animation layers."""


def read_controls(names: Sequence[str]) -> tuple[Control, ...]:
    """The attributes `names`: "node.attribute", or "node" for its keyable attributes of one number each."""
    return tuple(_control(name) for name in _attribute_names(names))


def _attribute_names(names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        if "." in name:
            found.append(name)
            continue
        scene_names.node(name)
        keyable = [f"{name}.{attribute}" for attribute in cmds.listAttr(name, keyable=True) or []]
        found.extend(attribute for attribute in keyable if cmds.getAttr(attribute, type=True) in KINDS)
    return found


def _control(name: str) -> Control:
    plug = scene_names.plug(name)
    kind = control_kind(name)
    default, minimum, maximum = _range(plug, kind)
    return Control(
        name=name,
        value=read_value(plug, kind),
        default=default,
        minimum=minimum,
        maximum=maximum,
        locked=bool(plug.isLocked),
        connected=bool(driver_of(plug)),
        kind=kind,
    )


def control_kind(name: str) -> ControlKind:
    """What the attribute `name` measures. Raises UnsupportedError where it is not one number."""
    kind = cmds.getAttr(name, type=True)
    if kind not in KINDS:
        raise UnsupportedError(
            f"{name}: is a {kind}, not one number. Name one of its parts, or another attribute."
        )
    return KINDS[kind]


def driver_of(plug: Any) -> str:
    """The attribute, other than its own keys, that drives `plug`; "" where there is none."""
    source = plug.source()
    if source.isNull:
        return ""
    kind: str = om.MFnDependencyNode(source.node()).typeName
    return "" if kind.startswith(KEYED) else str(source.name())


def read_value(plug: Any, kind: ControlKind) -> float:
    """In cm, radians or plain numbers."""
    if kind == "angle":
        return float(plug.asMAngle().asRadians())
    if kind == "length":
        return float(plug.asMDistance().asCentimeters())
    if kind == "bool":
        return float(plug.asBool())
    return float(plug.asInt() if kind == "enum" else plug.asDouble())


def set_value(plug: Any, value: float, kind: ControlKind) -> None:
    """The inverse of `read_value`. Not in the undo queue."""
    if kind == "angle":
        plug.setMAngle(om.MAngle(value, om.MAngle.kRadians))
    elif kind == "length":
        plug.setMDistance(om.MDistance(value, om.MDistance.kCentimeters))
    elif kind == "bool":
        plug.setBool(value >= 0.5)
    elif kind == "enum":
        plug.setInt(round(value))
    else:
        plug.setDouble(value)


def _range(plug: Any, kind: ControlKind) -> tuple[float, Optional[float], Optional[float]]:
    """Default, minimum and maximum, in cm, radians or plain numbers."""
    attribute = plug.attribute()
    if kind == "enum":
        fn = om.MFnEnumAttribute(attribute)
        return float(fn.default), float(fn.getMin()), float(fn.getMax())
    if kind in ("angle", "length"):
        fn = om.MFnUnitAttribute(attribute)
    else:
        fn = om.MFnNumericAttribute(attribute)
    return (
        _internal(fn.default),
        _internal(fn.getMin()) if fn.hasMin() else None,
        _internal(fn.getMax()) if fn.hasMax() else None,
    )


def _internal(value: Any) -> float:
    """A limit of an attribute as it comes from the API: a number, an MAngle or an MDistance."""
    if isinstance(value, om.MAngle):
        return float(value.asRadians())
    if isinstance(value, om.MDistance):
        return float(value.asCentimeters())
    return float(value)


def sample(
    controls: Sequence[str], values: Union[Float64, Sequence[Sequence[float]]], meshes: Sequence[str]
) -> Float32:
    """The rig's answer to control values (S, C): (S, V, 3) world space, cm, all meshes one after the other.

    Keys are unplugged meanwhile. Raises LockedError for a control that is locked or driven by something else.
    """
    rows = Axes()("values", values, "S C", np.float64)
    if rows.shape[1] != len(controls):
        raise ShapeError(f"values: {rows.shape[1]} columns for {len(controls)} controls.")
    plugs = [_settable(name) for name in controls]
    kinds: list[ControlKind] = [control_kind(name) for name in controls]
    shapes = [scene_names.mesh_shape(name) for name in meshes]
    with ExitStack() as state:
        for borrowed in (kept_modified(), viewport_paused(), evaluation_as("off"), undo_off()):
            state.enter_context(borrowed)
        state.enter_context(freed(plugs, kinds))
        readers = [MeshPoints(shape) for shape in shapes]
        answers = np.empty((len(rows), sum(reader.vertex_count for reader in readers), 3), dtype=np.float32)
        for answer, row in zip(answers, rows.tolist()):
            for plug, value, kind in zip(plugs, row, kinds):
                set_value(plug, value, kind)
            answer[:] = np.concatenate([reader.world_space() for reader in readers])
    return answers


def _settable(name: str) -> Any:
    plug = scene_names.plug(name)
    if plug.isLocked:
        raise LockedError(f"{name}: is locked. Unlock it, or leave it out.")
    driver = driver_of(plug)
    if driver:
        raise LockedError(f"{name}: is driven by {driver}. Name that control instead, or leave this one out.")
    return plug


@contextmanager
def freed(plugs: Sequence[Any], kinds: Sequence[ControlKind]) -> Iterator[None]:
    """`plugs` can be set: their keys are unplugged, and plugged in again with the values of before.

    Not in the undo queue.
    """
    before = [read_value(plug, kind) for plug, kind in zip(plugs, kinds)]
    keys = om.MDGModifier()
    for plug in plugs:
        source = plug.source()
        if not source.isNull:
            keys.disconnect(source, plug)
    keys.doIt()
    try:
        yield
    finally:
        for plug, value, kind in zip(plugs, before, kinds):
            set_value(plug, value, kind)
        keys.undoIt()
