"""What is keyed on rig controls already: before and after a take, and on controls that a solve shall hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.axes import Float64
from facepatch.core.errors import InputError
from facepatch.core.host import LeftAlone
from facepatch_maya import rig_controls
from facepatch_maya.anim_layers import values_without
from facepatch_maya.channels import Channel, base_plug, find_attribute, own_curve

NEAR = 2
"""Values on each side that a solve is joined to."""

Boundary = dict[str, list[float]]
"""Control -> one or two values in its own unit, in the order of time."""


def keyed_around(controls: Mapping[str, str], frames: Float64) -> tuple[Boundary, Boundary]:
    """Values right before and right after scene `frames` (T,), for controls that have keys out there.

    controls: name -> attribute of the scene. The values are a take's frame apart. Controls without keys on a side are
    left out there: nothing waits for them. So are attributes that the scene does not have.
    """
    step = float(frames[1] - frames[0]) if len(frames) > 1 else 1.0
    first, last = float(frames[0]), float(frames[-1])
    before: Boundary = {}
    after: Boundary = {}
    for name, attribute in controls.items():
        found = find_attribute(attribute)
        if isinstance(found, LeftAlone):
            continue
        # On layers and below them: which keys the command means there depends on what the user has selected.
        times = {*(cmds.keyframe(attribute, query=True, timeChange=True) or []), *times_below(found)}
        if any(time < first for time in times):
            before[name] = values_at(attribute, [first - step * back for back in range(NEAR, 0, -1)])
        if any(time > last for time in times):
            after[name] = values_at(attribute, [last + step * ahead for ahead in range(1, NEAR + 1)])
    return before, after


def values_at(name: str, frames: Sequence[float]) -> list[float]:
    """(T,) what the attribute is at scene `frames`, in degrees, cm or plain numbers. Raises InputError."""
    found = find_attribute(name)
    if isinstance(found, LeftAlone):
        raise InputError(f"{found.reason} It cannot be held.")
    values = values_without("", found, np.asarray(frames, np.float64))
    return (values / internal_unit(name)).tolist()


def internal_unit(name: str) -> float:
    """What one degree, cm or plain number of the attribute is in Maya's own unit."""
    return math.pi / 180.0 if rig_controls.control_kind(name) == "angle" else 1.0


def unit_or_one(name: str) -> float:
    """As `internal_unit`; 1 for an attribute that is not there or no number, which the writer of keys reports."""
    found = find_attribute(name)
    return 1.0 if isinstance(found, LeftAlone) else internal_unit(name)


def stands_at(name: str, value: float, frames: Float64) -> bool:
    """Whether the attribute has `value`, in its own unit, at all of scene `frames`, or takes no value at all."""
    if isinstance(find_attribute(name), LeftAlone):
        return False
    seen = np.asarray(values_at(name, frames.tolist() if has_keys(name) else [float(frames[0])]))
    return bool(np.abs(seen - value).max() <= 1e-6 * max(1.0, abs(value)))


def has_keys(name: str) -> bool:
    """Whether the attribute is animated."""
    found = find_attribute(name)
    below = [] if isinstance(found, LeftAlone) else times_below(found)
    return bool(below or cmds.keyframe(name, query=True, keyframeCount=True))


def times_below(channel: Channel) -> list[float]:
    """Scene frames with keys of the attribute below all animation layers."""
    curve = own_curve(base_plug(channel.plug))
    return [] if curve is None else times_of(curve)


def times_of(curve: Any) -> list[float]:
    """Scene frames with keys of an animation curve."""
    name = om.MFnDependencyNode(curve).name()
    return [float(time) for time in cmds.keyframe(name, query=True, timeChange=True) or []]
