"""Rig controls as a solve takes them: their limits, and which of them have to stay as they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Optional

import numpy as np
from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.axes import Float64
from facepatch.core.data.rig import RigControl, mirror_of, side_of
from facepatch.core.errors import FacepatchError, InputError
from facepatch.core.host import Control, LeftAlone
from facepatch.core.rig_samples import rig_control
from facepatch_maya import rig_controls, scene_names
from facepatch_maya.channels import STEPS, find_channel
from facepatch_maya.read_blendshapes import target_names

_CHANNELS = {"translate": "Trans", "rotate": "Rot", "scale": "Scale"}


def find_controls(
    names: Sequence[str], *, layer: str = ""
) -> tuple[tuple[RigControl, ...], tuple[LeftAlone, ...]]:
    """The attributes `names` ("node.attribute", "node" for its keyable ones, or a set) that a solve may change.

    The rest is listed, each with its reason: locked, driven by something else, a referenced curve, no number, no range.
    layer: the animation layer that will get the keys. Raises InputError where nothing is named.
    """
    if not names:
        raise InputError(
            "No rig control is named. Select the controls that the animator uses, or name them: jaw_ctrl.translateY"
        )
    free: list[Control] = []
    left_out: list[LeftAlone] = []
    for name in _members(names):
        try:
            found = rig_controls.read_controls([name])
        except FacepatchError as error:
            left_out.append(LeftAlone(name, str(error)))
            continue
        for control in found:
            reason = why_not(control.name, layer=layer)
            if reason is not None:
                left_out.append(reason)
                continue
            own = limited(replace(control, name=control_name(scene_names.plug(control.name))))
            still = no_range(own)
            if still is not None:
                left_out.append(still)
            elif own.name not in [one.name for one in free]:
                free.append(own)
    return with_sides([rig_control(control) for control in free]), tuple(left_out)


def control_name(plug: Any) -> str:
    """As an animator reads it: the alias of a weight, the path of a DAG node where its name is not the only one."""
    node = plug.node()
    owner = (
        om.MFnDagNode(node).partialPathName()
        if node.hasFn(om.MFn.kDagNode)
        else om.MFnDependencyNode(node).name()
    )
    return f"{owner}.{plug.partialName(useLongNames=True, useAlias=True)}"


def internal_units(controls: Sequence[RigControl]) -> Float64:
    """(C,) factors from the controls' own units to cm, radians and plain numbers."""
    return np.array([math.pi / 180.0 if control.unit == "degrees" else 1.0 for control in controls])


def why_not(name: str, *, layer: str = "") -> Optional[LeftAlone]:
    """Why no keys can be written on `name`; None where they can, on a control that changes smoothly."""
    found = find_channel(name, layer=layer)
    if isinstance(found, LeftAlone):
        return found
    if found.kind in STEPS:
        return LeftAlone(name, f"{name} is a switch, not a value that changes smoothly. Set it by hand.")
    return None


def no_range(control: Control) -> Optional[LeftAlone]:
    """That a control with equal limits cannot move; None where it can."""
    if control.minimum is None or control.maximum is None or control.minimum < control.maximum:
        return None
    limit = control.minimum * 180.0 / math.pi if control.kind == "angle" else control.minimum
    return LeftAlone(
        control.name, f"The limits of {control.name} are equal ({limit:g}), so it stays as it is."
    )


def _members(names: Sequence[str]) -> list[str]:
    """`names` with the members of sets, and the weights of blendShapes, in the place of these nodes."""
    out: list[str] = []
    for name in names:
        is_set = "." not in name and cmds.ls(name, type="objectSet")
        out.extend((cmds.sets(name, query=True) or []) if is_set else [name])
    found: list[str] = []
    for name in out:
        shapes = "." not in name and cmds.ls(name, type="blendShape")
        found.extend([f"{name}.{weight}" for weight in target_names(name).values()] if shapes else [name])
    return list(dict.fromkeys(found))


def limited(control: Control) -> Control:
    """A host's control with the limits that its transform has, where the attribute itself has none.

    The weight of a shape runs from 0 to 1.
    """
    plug = scene_names.plug(control.name)
    if plug.node().hasFn(om.MFn.kBlendShape) and plug.isElement:
        return replace(control, minimum=0.0, maximum=1.0)
    minimum = transform_limit(plug, "min") if control.minimum is None else control.minimum
    maximum = transform_limit(plug, "max") if control.maximum is None else control.maximum
    return replace(control, minimum=minimum, maximum=maximum)


def transform_limit(plug: Any, end: str) -> Optional[float]:
    """The limit that the transform of `plug` sets to it, in cm, radians or plain numbers; None where there is none.

    end: "min" or "max".
    """
    node = om.MFnDependencyNode(plug.node())
    attribute = str(plug.partialName(useLongNames=True))
    kind = _CHANNELS.get(attribute[:-1])
    if kind is None or attribute[-1] not in "XYZ" or not plug.node().hasFn(om.MFn.kTransform):
        return None
    name = f"{end}{kind}{attribute[-1]}Limit"
    if not node.findPlug(f"{name}Enable", False).asBool():
        return None
    limit = node.findPlug(name, False)
    return rig_controls.read_value(limit, {"Trans": "length", "Rot": "angle"}.get(kind, "scalar"))  # type: ignore[arg-type]


def with_sides(controls: Sequence[RigControl]) -> tuple[RigControl, ...]:
    """`controls` with the sides and mirrors that their names tell."""
    names = tuple(control.name for control in controls)
    return tuple(
        replace(control, side=side_of(control.name), mirror=mirror_of(control.name, names))
        for control in controls
    )
