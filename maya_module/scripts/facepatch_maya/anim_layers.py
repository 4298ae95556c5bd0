"""Animation layers by name: whether they can take keys, and what an attribute is without one."""

from __future__ import annotations

import re

import numpy as np
from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.axes import Float64
from facepatch.core.errors import InputError, LockedError
from facepatch_maya.channels import Channel
from facepatch_maya.scene_state import undo_off

_LEGAL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(:[A-Za-z_][A-Za-z0-9_]*)*")


def has_layer(layer: str) -> bool:
    """Whether there is an animation layer of that name."""
    return bool(cmds.animLayer(layer, query=True, exists=True))


def usable_layer(layer: str) -> str:
    """`layer`, which is there and not locked, or can be made under this name; "" for none.

    Raises LockedError for a locked one, InputError for a name that Maya would change.
    """
    if not layer:
        return layer
    if not _LEGAL.fullmatch(layer):
        raise InputError(
            f"'{layer}' cannot be the name of an animation layer. Use letters, digits and underscores."
        )
    if has_layer(layer):
        if cmds.animLayer(layer, query=True, lock=True):
            raise LockedError(f"{layer}: the animation layer is locked. Unlock it, or name another.")
    elif cmds.objExists(layer):
        raise InputError(
            f"{layer}: is a {cmds.nodeType(layer)} of the scene, so no animation layer can have that name. "
            "Name another."
        )
    return layer


def values_without(layer: str, channel: Channel, frames: Float64) -> Float64:
    """(T,) values that the attribute has at `frames` without `layer` ("": as it is), in internal units."""
    if channel.plug.source().isNull:
        return np.full(len(frames), channel.plug.asDouble())
    muted = bool(cmds.animLayer(layer, query=True, mute=True)) if layer else True
    with undo_off():
        if not muted:
            cmds.animLayer(layer, edit=True, mute=True)
        try:
            values = np.array([float(cmds.getAttr(channel.path, time=frame)) for frame in frames.tolist()])
        finally:
            if not muted:
                cmds.animLayer(layer, edit=True, mute=False)
    return values * _internal_unit(channel)


def _internal_unit(channel: Channel) -> float:
    if channel.kind.endswith("Linear"):
        return om.MDistance(1.0, om.MDistance.uiUnit()).asCentimeters()
    if channel.kind.endswith("Angle"):
        return om.MAngle(1.0, om.MAngle.uiUnit()).asRadians()
    return 1.0
