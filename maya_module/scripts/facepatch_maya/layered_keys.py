"""Solved curves on an animation layer, such that what is keyed below it before and after the take stays what it was.

An overriding layer holds its first and last value over everything outside its keys. An additive one adds nothing where
its curves are zero. So a layer that is made for controls that are keyed around the take is additive, and its curves
go to zero in the frames right beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from maya import cmds

from facepatch.core.axes import Float64
from facepatch.core.host import Curve, LeftAlone
from facepatch.core.thin import thinned
from facepatch_maya import kept_keys
from facepatch_maya.anim_layers import has_layer, values_without
from facepatch_maya.channels import Channel, base_layer, find_channel, layer_plug, own_curve


@dataclass(frozen=True)
class Layered:
    """Curves as the writer of keys takes them."""

    curves: dict[str, Curve]
    override: bool
    """How the layer is made where it is not there."""
    covered: tuple[LeftAlone, ...] = ()
    """Attributes whose keys around the take lie under the layer."""


def layered(curves: Mapping[str, Curve], slack: Mapping[str, float], layer: str) -> Layered:
    """`curves` for `layer`. slack: attribute -> what its curve may be off by, in the units of the curve."""
    if not layer or layer == base_layer():
        return Layered(dict(curves), True)
    channels = {name: find_channel(name, layer=layer) for name in curves}
    below = {
        name: kept_keys.times_below(channel)
        for name, channel in channels.items()
        if not isinstance(channel, LeftAlone)
    }
    outside = [name for name, times in below.items() if times and not _inside(times, curves[name])]
    known = has_layer(layer)
    override = bool(cmds.animLayer(layer, query=True, override=True)) if known else not outside
    if override:
        return Layered(dict(curves), True, tuple(_covered(name, layer) for name in outside))
    out = dict(curves)
    for name, times in below.items():
        channel = channels[name]
        if times and not isinstance(channel, LeftAlone):
            out[name] = _added(curves[name], channel, layer if known else "", slack[name])
    return Layered(out, False)


def _added(curve: Curve, channel: Channel, layer: str, slack: float) -> Curve:
    """`curve` with the keys that it takes to have its values on top of one that moves below."""
    first, last = float(curve.frames[0]), float(curve.frames[-1])
    frames = np.union1d(np.arange(np.ceil(first), last), curve.frames)
    values: Float64 = np.interp(frames, curve.frames, curve.values)
    difference = values - values_without(layer, channel, frames)
    kept = np.isin(frames, thinned(Curve(frames, difference), slack).frames)
    own = _times_on(channel, layer)
    ends = [first - 1.0] if not any(time < first for time in own) else []
    ends += [last + 1.0] if not any(time > last for time in own) else []
    # With the values from below, what the layer adds there is nothing.
    at = np.concatenate([frames[kept], ends])
    there = np.concatenate([values[kept], values_without(layer, channel, np.asarray(ends, np.float64))])
    order = np.argsort(at)
    return Curve(at[order], there[order])


def _times_on(channel: Channel, layer: str) -> list[float]:
    """Where the layer has keys of the attribute."""
    home = layer_plug(channel, layer) if layer else None
    curve = None if home is None else own_curve(home)
    return [] if curve is None else kept_keys.times_of(curve)


def _inside(times: list[float], curve: Curve) -> bool:
    return all(curve.frames[0] <= time <= curve.frames[-1] for time in times)


def _covered(name: str, layer: str) -> LeftAlone:
    return LeftAlone(
        name,
        f"{name} has keys before or after the take, and the overriding layer {layer} holds its own first and last "
        "value over them. Name another layer, or key the weight of this one.",
    )
