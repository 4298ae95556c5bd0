"""Keys in bulk: one API call per channel, in one step of the undo queue.

Range-safe: of the keys that are there, only those from the first to the last frame of a channel's new curve are
replaced. The rest of the old curve, its infinities and whether its tangents are weighted stay. New keys are linear,
on attributes that jump (bool, enum, integers) stepped.

On an animation layer the keys are such that the attribute gets the values of the curve: on an overriding layer these
values themselves, on an additive one what they differ from everything below. A layer that does not exist is made,
overriding unless told otherwise. Without a layer, keys go below all layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maya import cmds
from maya.api import OpenMaya as om
from maya.api import OpenMayaAnim as oma

from facepatch.core.axes import Float64
from facepatch.core.data.clip import Clip
from facepatch.core.errors import InputError, UnknownNameError
from facepatch.core.host import Applied, Curve, LeftAlone
from facepatch.core.retime import Timing, retimed
from facepatch.core.thin import thinned
from facepatch_maya.anim_layers import has_layer, usable_layer, values_without
from facepatch_maya.channels import (
    STEPS,
    Channel,
    base_layer,
    find_channel,
    layer_plug,
    not_replaceable,
    own_curve,
)
from facepatch_maya.read_scene import scene_info
from facepatch_maya.undo import perform


def write_curves(curves: Mapping[str, Curve], *, layer: str = "", override: bool = True) -> Applied:
    """Write keys: attribute ("node.attribute") -> curve, values in cm, radians or plain numbers.

    layer: name of an animation layer; "" for none. override: how a layer is made that does not exist yet.
    What is missing, locked, connected or referenced is left alone and listed with its reason. One undo step, none
    where nothing could be written. Raises LockedError for a locked layer, InputError for a name that no layer can have.
    """
    operation = KeyOperation(curves, layer=layer, override=override)
    if operation.has_work:
        perform(operation)
    return operation.applied


def write_clip(
    clip: Clip,
    mapping: Mapping[str, Sequence[str]],
    *,
    start_frame: float,
    offset: float = 0.0,
    layer: str = "",
    tolerance: float = 0.0,
    whole_frames: bool = True,
    override: bool = True,
) -> Applied:
    """Write a take. mapping: column of the clip -> the attributes that get its values.

    start_frame, offset: scene frame of the take's first frame, and frames to add. The take keeps its speed: its rate
    is brought to the scene's. whole_frames: keys on whole frames, the take read in between on straight lines; False:
    a key for each frame of the take, where it lies. tolerance: thins keys as long as straight lines stay within it;
    0 keeps all. layer, override, errors, and what is left alone: as in `write_curves`; columns without an attribute
    are listed too. Raises InputError where two columns are to drive one attribute, UnknownNameError for a column that
    the clip does not have.
    """
    curves, unused = clip_curves(
        clip, mapping, start_frame=start_frame, offset=offset, tolerance=tolerance, whole_frames=whole_frames
    )
    applied = write_curves(curves, layer=layer, override=override)
    return Applied(applied.keys, applied.attributes, (*applied.left_alone, *unused))


def clip_curves(
    clip: Clip,
    mapping: Mapping[str, Sequence[str]],
    *,
    start_frame: float,
    offset: float = 0.0,
    tolerance: float = 0.0,
    whole_frames: bool = True,
) -> tuple[dict[str, Curve], tuple[LeftAlone, ...]]:
    """The curves that `write_clip` writes, and the columns of the clip that nothing takes."""
    timing = Timing(clip.rate, scene_info().rate, start_frame=start_frame, offset=offset, times=clip.times)
    frames, values = retimed(clip.weights, timing, whole_frames=whole_frames)
    curves: dict[str, Curve] = {}
    owner: dict[str, str] = {}
    for column, attributes in mapping.items():
        if column not in clip.names:
            raise UnknownNameError(clip.name or "the take", column, clip.names, "Make the mapping anew.")
        curve = thinned(Curve(frames, values[:, clip.names.index(column)]), tolerance)
        for attribute in attributes:
            if attribute in owner:
                raise InputError(
                    f"{attribute}: {owner[attribute]} and {column} are both to drive it. Map one column to it."
                )
            owner[attribute] = column
            curves[attribute] = curve
    unused = tuple(
        LeftAlone(name, f"{name} of the take drives nothing: the mapping has no attribute for it.")
        for name in clip.names
        if not mapping.get(name)
    )
    return curves, unused


class KeyOperation:
    """The writing of curves as an operation (`undo.Operation`); `applied` holds once it was done."""

    def __init__(self, curves: Mapping[str, Curve], *, layer: str = "", override: bool = True) -> None:
        self._layer = usable_layer(layer)
        self._override = override
        self._left_alone: list[LeftAlone] = []
        self._channels: list[tuple[Channel, Curve]] = []
        for name, curve in curves.items():
            found = find_channel(name, layer=layer)
            if isinstance(found, LeftAlone):
                self._left_alone.append(found)
            elif not len(curve.frames):
                self._left_alone.append(LeftAlone(name, f"{name} has no keys to write."))
            elif twin := next((one.name for one, _ in self._channels if one.plug == found.plug), ""):
                self._left_alone.append(
                    LeftAlone(name, f"{name} is {twin} by another name, which was written.")
                )
            else:
                self._channels.append((found, self._on_layer(found, curve)))
        self._before, self._created = om.MDGModifier(), om.MDGModifier()
        self._used: list[om.MDGModifier] = []
        self._changes: list[oma.MAnimCurveChange] = []
        self._written: list[tuple[str, int]] = []
        self._refused: list[LeftAlone] = []

    @property
    def has_work(self) -> bool:
        """Whether there is an attribute to key."""
        return bool(self._channels)

    @property
    def applied(self) -> Applied:
        """What was written, and what was left alone."""
        return Applied(
            keys=sum(count for _, count in self._written),
            attributes=tuple(name for name, _ in self._written),
            left_alone=(*self._left_alone, *self._refused),
        )

    def redo(self) -> None:
        """Write the keys, the first time and again."""
        if self._written:
            for modifier in self._used:
                modifier.doIt()
            for change in self._changes:
                change.redoIt()
            return
        try:
            self._write()
        except BaseException:
            self.undo()
            self._written.clear()
            raise

    def undo(self) -> None:
        """Take the keys back."""
        for change in reversed(self._changes):
            change.undoIt()
        # Only those that did something: Maya allows no undoIt before a doIt.
        for modifier in reversed(self._used):
            modifier.undoIt()

    def _write(self) -> None:
        self._before, self._created = om.MDGModifier(), om.MDGModifier()
        for one in (self._used, self._changes, self._refused):
            one.clear()
        self._put_on_layer()
        homes: list[tuple[Channel, Curve, om.MPlug]] = []
        for channel, curve in self._channels:
            home = layer_plug(channel, self._layer)
            if home is None:
                reason = f"is not taken by the animation layer {self._layer}."
            else:
                reason = not_replaceable(home)
            if reason or home is None:
                self._refused.append(LeftAlone(channel.name, f"{channel.name} {reason}"))
            else:
                homes.append((channel, curve, home))
        manners = [_Manner(home) for _, _, home in homes]
        self._cut(homes)
        times = _Times()
        for (channel, curve, home), manner in zip(homes, manners):
            self._add_keys(home, curve, times.of(curve.frames), steps=channel.kind in STEPS, manner=manner)
            self._written.append((channel.name, len(curve.frames)))

    def _put_on_layer(self) -> None:
        """Make the layer and have it hold all channels, as commands that the modifier can take back."""
        layer = self._layer
        if not layer or layer == base_layer():
            return
        known = has_layer(layer)
        if not known:
            self._before.commandToExecute(f'animLayer -override {int(self._override)} "{layer}"')
        new = [channel for channel, _ in self._channels if not (known and layer_plug(channel, layer))]
        if new:
            attributes = " ".join(f'-attribute "{channel.path}"' for channel in new)
            self._before.commandToExecute(f'animLayer -edit {attributes} "{layer}"')
        self._do(self._before)

    def _cut(self, homes: Sequence[tuple[Channel, Curve, om.MPlug]]) -> None:
        """Take the old keys out of the ranges; one command for all curves of a range."""
        ranges: dict[tuple[float, float], list[str]] = {}
        for _, curve, home in homes:
            node = own_curve(home)
            if node is not None:
                key = (float(curve.frames[0]), float(curve.frames[-1]))
                ranges.setdefault(key, []).append(om.MFnDependencyNode(node).name())
        for (first, last), names in ranges.items():
            quoted = " ".join(f'"{name}"' for name in names)
            self._before.commandToExecute(f'cutKey -time "{first!r}:{last!r}" -clear {quoted}')
        if ranges:
            self._do(self._before)

    def _do(self, modifier: om.MDGModifier) -> None:
        """Do what was added to `modifier` since the last time."""
        if modifier not in self._used:
            self._used.append(modifier)
        modifier.doIt()

    def _add_keys(
        self, home: om.MPlug, curve: Curve, times: om.MTimeArray, *, steps: bool, manner: _Manner
    ) -> None:
        # One for each curve, so that each takes back its own.
        change = oma.MAnimCurveChange()
        self._changes.append(change)
        node = own_curve(home)
        function = oma.MFnAnimCurve() if node is None else oma.MFnAnimCurve(node)
        if node is None:
            if self._created not in self._used:
                self._used.append(self._created)
            function.create(home, oma.MFnAnimCurve.kAnimCurveUnknown, self._created)
            manner.give(function, change)
        leaving = oma.MFnAnimCurve.kTangentStep if steps else oma.MFnAnimCurve.kTangentLinear
        values = om.MDoubleArray(curve.values.tolist())
        function.addKeys(times, values, oma.MFnAnimCurve.kTangentLinear, leaving, True, change)

    def _on_layer(self, channel: Channel, curve: Curve) -> Curve:
        """The values that the layer needs for the attribute to have those of `curve`."""
        layer = self._layer
        if not layer or layer == base_layer():
            return curve
        known = has_layer(layer)
        overrides = bool(cmds.animLayer(layer, query=True, override=True)) if known else self._override
        if overrides:
            return curve
        return Curve(
            curve.frames, curve.values - values_without(layer if known else "", channel, curve.frames)
        )


class _Times:
    """Arrays of MTime, made once for all channels of the same frames."""

    def __init__(self) -> None:
        self._made: dict[bytes, om.MTimeArray] = {}

    def of(self, frames: Float64) -> om.MTimeArray:
        key = frames.tobytes()
        if key not in self._made:
            unit = om.MTime.uiUnit()
            self._made[key] = om.MTimeArray([om.MTime(frame, unit) for frame in frames.tolist()])
        return self._made[key]


class _Manner:
    """What a curve does outside its keys. A curve that loses all of them is deleted, and made anew."""

    def __init__(self, home: om.MPlug) -> None:
        node = own_curve(home)
        function = None if node is None else oma.MFnAnimCurve(node)
        self._infinities = None if function is None else (function.preInfinityType, function.postInfinityType)
        self._weighted = function is not None and bool(function.isWeighted)

    def give(self, function: oma.MFnAnimCurve, change: oma.MAnimCurveChange) -> None:
        if self._infinities is None:
            return
        function.setPreInfinityType(self._infinities[0], change)
        function.setPostInfinityType(self._infinities[1], change)
        function.setIsWeighted(self._weighted, change)
