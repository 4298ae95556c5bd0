"""What drives the weights of blendShapes: the controls, and what each of them makes of a weight.

From a weight the connections are followed back to attributes that an animator may key. On the way there may be
conversions of units and driven keys, which are measured, and products, which make corrective shapes. Anything else
has no name here, and the rig is sampled as a whole instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.axes import Float64
from facepatch.core.data.rig import RigControl
from facepatch.core.errors import UnsupportedError
from facepatch.core.host import ControlKind
from facepatch.core.scene_rig import Measured
from facepatch_maya import rig_controls, scene_names
from facepatch_maya.control_ranges import control_name, internal_units
from facepatch_maya.rig_controls import KEYED, freed, set_value
from facepatch_maya.scene_state import evaluation_as, kept_modified, undo_off

LINES = {"unitConversion": "input", "animCurveUL": "input", "animCurveUA": "input", "animCurveUU": "input"}
"""Types of nodes with one input and one output -> the input."""
STEPS = 32
"""Parts of a control's range in which a driver is measured."""
MOST_DEEP = 12


@dataclass(frozen=True, eq=False)
class Driving:
    """One factor of a weight: the control, and the plug that shows what it makes of it."""

    control: str
    """node.attribute"""
    shown_at: Any
    """MPlug"""


def drivings(weight: Any) -> tuple[Driving, ...]:
    """The factors of the MPlug `weight`, in the order in which they are met.

    Raises UnsupportedError, with a sentence, where something else than conversions, driven keys and products is in
    between, or one control comes twice.
    """
    found = _follow(weight, weight, 0)
    names = [one.control for one in found]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise UnsupportedError(
            f"{weight.name()} is driven by {twice} more than once. Sample the rig instead."
        )
    return tuple(found)


def _follow(plug: Any, shown_at: Any, depth: int) -> list[Driving]:
    source = plug.source()
    if source.isNull or _type(source).startswith("animCurveT") or _type(source).startswith(KEYED[1:]):
        return [Driving(control_name(plug), shown_at)]
    if depth < MOST_DEEP:
        node = om.MFnDependencyNode(source.node())
        if node.typeName in LINES:
            return _follow(node.findPlug(LINES[node.typeName], False), shown_at, depth + 1)
        factors = _factors(node, source)
        if factors:
            return [one for factor in factors for one in _follow_factor(factor, depth)]
        if om.MFnAttribute(source.attribute()).writable:
            return _follow(source, shown_at, depth + 1)
    raise UnsupportedError(
        f"{plug.name()} is driven by {source.name()} ({_type(source)}), of which facepatch cannot tell which controls "
        "it follows. Name the controls, and the rig is sampled instead."
    )


def _follow_factor(factor: Any, depth: int) -> list[Driving]:
    # A factor that nothing drives is a constant, and part of what the others show.
    return [] if factor.source().isNull else _follow(factor, factor, depth + 1)


def _factors(node: Any, source: Any) -> list[Any]:
    """The plugs that are multiplied to give `source`; [] where it is no product."""
    kind, output = node.typeName, str(source.partialName(useLongNames=True))
    if (
        kind == "multiplyDivide"
        and node.findPlug("operation", False).asInt() == 1
        and output[:-1] == "output"
    ):
        return [node.findPlug(f"{name}{output[-1]}", False) for name in ("input1", "input2")]
    if kind in ("multDoubleLinear", "multDL"):
        return [node.findPlug(name, False) for name in ("input1", "input2")]
    if kind == "combinationShape" and node.findPlug("combinationMethod", False).asInt() == 0:
        inputs = node.findPlug("inputWeight", False)
        return [inputs.elementByPhysicalIndex(row) for row in range(inputs.numElements())]
    return []


def measure(
    weight: Any, driven: Sequence[Driving], controls: Sequence[RigControl], *, negative: bool
) -> tuple[Measured, ...]:
    """What each factor does over the range of its control (controls: one for each, in the same order).

    negative: whether the blendShape takes negative weights; otherwise they count as 0.
    """
    at = [_places(control) for control in controls]
    shown = [_shown(one, control, places) for one, control, places in zip(driven, controls, at)]
    if len(driven) > 1 or driven[0].shown_at != weight:
        # A product may have constant factors: they show in the weight itself.
        far = [int(np.abs(one).argmax()) for one in shown]
        free = [(c, places[k]) for c, places, k in zip(controls, at, far) if not c.locked]
        full = float(answers([c for c, _ in free], [[value for _, value in free]], [weight])[0, 0])
        product = float(np.prod([one[k] for one, k in zip(shown, far)]))
        shown[0] = shown[0] * (full / product if abs(product) > 1e-9 else 1.0)
    return tuple(
        Measured(control.name, tuple(places), tuple((one if negative else np.maximum(one, 0.0)).tolist()))
        for control, places, one in zip(controls, at, shown)
    )


def _shown(one: Driving, control: RigControl, places: Sequence[float]) -> Float64:
    if control.locked:
        return np.full(len(places), one.shown_at.asDouble())
    return answers([control], [[value] for value in places], [one.shown_at])[:, 0]


def natural_range(control: RigControl, shown_at: Sequence[Any]) -> tuple[float, float]:
    """Where a control without limits takes the plugs that it drives from 0 to 1, with its default inside."""
    step = 0.5
    shown = answers([control], [[control.default], [control.default + step]], shown_at)
    ends = [control.default]
    for low, high in shown.T.tolist():
        slope = (high - low) / step
        if abs(slope) > 1e-9:
            ends += [control.default - low / slope, control.default + (1.0 - low) / slope]
    return (min(ends), max(ends)) if max(ends) > min(ends) else (control.minimum, control.maximum)


def answers(
    controls: Sequence[RigControl], values: Sequence[Sequence[float]], plugs: Sequence[Any]
) -> Float64:
    """(S, P) the plain numbers at `plugs` for values (S, C) of controls in their own units. The scene is as before."""
    targets = [scene_names.plug(control.name) for control in controls]
    kinds: list[ControlKind] = [rig_controls.control_kind(control.name) for control in controls]
    rows = np.asarray(values, np.float64) * internal_units(controls)
    out: Float64 = np.empty((len(rows), len(plugs)))
    with kept_modified(), evaluation_as("off"), undo_off(), freed(targets, kinds):
        for answer, row in zip(out, rows.tolist()):
            for plug, value, kind in zip(targets, row, kinds):
                set_value(plug, value, kind)
            answer[:] = [shown.asDouble() for shown in plugs]
    return out


def _places(control: RigControl) -> list[float]:
    if control.locked:
        return [control.default, control.default + 1.0]
    places = np.linspace(control.minimum, control.maximum, STEPS + 1).tolist()
    return sorted({*places, control.default})


def _type(source: Any) -> str:
    return str(om.MFnDependencyNode(source.node()).typeName)


def supports_negative(node: str) -> bool:
    """Whether the blendShape takes weights below 0."""
    return bool(cmds.getAttr(f"{node}.supportNegativeWeights"))
