"""Keys.

Set, cut, asked about, moved. Times in frames and values in units of the user interface, as the commands have
them.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Iterable, List, Optional, Tuple

import numpy as np

from fakemaya.active import Gap
from fakemaya.commands.settings import settings
from fakemaya.commands.time import to_ticks
from fakemaya.curves import Keys
from fakemaya.naming import Component, things
from fakemaya.node import Node, Plug
from fakemaya.strict import command

IN_TANGENTS = [
    "auto",
    "clamped",
    "fast",
    "flat",
    "linear",
    "plateau",
    "slow",
    "spline",
    "stepnext",
    "fixed",
    "step",
    "autoease",
    "automix",
    "autocustom",
]
CURVES = {"doubleLinear": "animCurveTL", "doubleAngle": "animCurveTA", "time": "animCurveTT"}
STEPPED = ("bool", "enum")


def curve_type(plug: Plug) -> str:
    """Return the type of the curve that a plug gets."""
    return CURVES.get(plug.attr.kind, "animCurveTU")


def curve_of(scene: Any, plug: Plug) -> Optional[Node]:
    """Return the animCurve that drives exactly this plug."""
    source = scene.source(plug)
    while source is not None and source.node.type.name == "unitConversion":
        source = scene.source(scene.plug(source.node.path + ".input"))
    return source.node if source is not None and source.node.isa("animCurve") else None


def change_keys(scene: Any, node: Node, change: Callable[[Keys], Any]) -> Any:
    """Change a curve's keys as one recorded action; returns what `change` returns."""
    before = node.keys.copy()
    after = before.copy()
    result = change(after)

    def put(keys: Keys) -> None:
        node.keys = keys.copy()
        scene.dirty()

    scene.record(lambda: put(after), lambda: put(before))
    return result


def make_curve(scene: Any, plug: Plug) -> Node:
    """Make and connect the curve of a plug, named as Maya names it (recorded)."""
    kind = curve_type(plug)
    leaf = (
        scene.plug_name(plug)
        .split(".", 1)[1]
        .replace(".", "_")
        .replace("[", "_")
        .replace("]", "_")
        .rstrip("_")
    )
    node = scene.create(kind, f"{plug.node.name}_{leaf}")
    scene.connect(Plug(node, node.find("output")), plug)
    return node


# ----------------------------------------------------------------------------------------------------
# choosing


def chosen_plugs(maya: Any, names: Iterable[Any], attribute: Any) -> List[Plug]:
    """Return the plugs that a command acts on.

    Named plugs, or `attribute` of the named or selected nodes, or all their keyable ones.
    """
    scene = maya.scene
    wanted = [attribute] if isinstance(attribute, str) else list(attribute or [])
    found: List[Plug] = []
    targets: List[Any] = []
    for name in flattened(names):
        here = things(scene, name)
        if not here:
            raise ValueError(f"No object matches name: {name}")
        targets += here
    for target in targets or list(scene.selection):
        if isinstance(target, Plug):
            found += leaves(target)
        elif isinstance(target, Component):
            raise Gap("Keys on components are not in the stand-in.")
        elif wanted:
            found += [plug for each in wanted for plug in attribute_of(scene, target, each)]
        else:
            found += keyable(scene, target)
    return found


def attribute_of(scene: Any, node: Node, name: str) -> List[Plug]:
    """Return the plugs of an attribute of a node, [] where it has none."""
    try:
        return leaves(scene.plug(f"{node.path}.{name}"))
    except ValueError:
        return []


def leaves(plug: Plug) -> List[Plug]:
    """Return a plug's own numbers: itself, or those of a compound or array."""
    return [each for each in plug.walk() if not each.is_array and not each.attr.compound]


def keyable(scene: Any, node: Node) -> List[Plug]:
    """Return the keyable plugs of a node."""
    found = []
    for root in node.roots():
        for plug in leaves(Plug(node, root)):
            if node.keyable.get(plug.key, plug.attr.keyable) and not scene.is_locked(plug):
                found.append(plug)
    return found


def flattened(names: Iterable[Any]) -> List[str]:
    """Return names given as words and lists of words as one list."""
    found: List[str] = []
    for name in names:
        found += list(name) if isinstance(name, (list, tuple)) else [name]
    return found


def chosen_curves(maya: Any, names: Iterable[Any], attribute: Any) -> List[Tuple[Node, str]]:
    """Return the curves that a command acts on, each with the kind of its values.

    AnimCurves can be named themselves.
    """
    scene = maya.scene
    found = []
    others = []
    for name in flattened(names):
        nodes = [each for each in things(scene, name) if isinstance(each, Node) and each.isa("animCurve")]
        found += nodes
        others += [] if nodes else [name]
    if others or not found:
        for plug in chosen_plugs(maya, others, attribute):
            found += curves_below(scene, plug)
    return [(node, node.find("output").kind) for node in dict.fromkeys(found)]


def curves_below(scene: Any, plug: Plug) -> List[Node]:
    """Return the curve of a plug; under animation layers that of the layer that keys go to."""
    from fakemaya.commands.layers import key_home

    curve = curve_of(scene, key_home(scene, plug, ""))
    return [curve] if curve is not None else []


def within(maya: Any, keys: Keys, time: Any, index: Any) -> Any:
    """Return a mask (N,) of the keys that a time range and an index range choose.

    All where neither is given.
    """
    mask = np.zeros(len(keys), bool) if time is not None or index is not None else np.ones(len(keys), bool)
    for first, last in ranges(maya, time):
        mask |= (keys.ticks >= first) & (keys.ticks <= last)
    for each in index if isinstance(index, list) else [index] if index is not None else []:
        first, last = (int(part) for part in (each if isinstance(each, (list, tuple)) else (each, each)))
        mask[first : last + 1] = True
    return mask


def ranges(maya: Any, time: Any) -> List[Tuple[float, float]]:
    """Return time ranges in ticks from `(a, b)`, `(a,)`, `a`, "a:b", ":" or a list of them."""
    if time is None:
        return []
    if isinstance(time, list) and not (
        len(time) == 2 and all(isinstance(each, (int, float)) for each in time)
    ):
        return [each for part in time for each in ranges(maya, part)]
    if isinstance(time, str):
        first, colon, last = time.partition(":")
        low = to_ticks(maya, float(first)) if first else -np.inf
        return [(low, to_ticks(maya, float(last)) if last else np.inf if colon else low)]
    pair = tuple(time) if isinstance(time, (list, tuple)) else (time,)
    return [(to_ticks(maya, pair[0]), to_ticks(maya, pair[-1]))]


# ----------------------------------------------------------------------------------------------------
# commands


@command("setKeyframe")
def set_keyframe(
    maya: Any,
    *args: Any,
    attribute: Any = None,
    time: Any = None,
    value: Any = None,
    inTangentType: str = "",
    outTangentType: str = "",
    animLayer: str = "",
    breakdown: bool = False,
    respectKeyable: bool = True,
    insert: bool = False,
    noResolve: bool = False,
    dirtyDG: bool = True,
) -> int:
    from fakemaya.commands.layers import key_home

    scene = maya.scene
    if insert or breakdown:
        raise Gap("setKeyframe: insert and breakdown are not in the stand-in.")
    for tangent in (inTangentType, outTangentType):
        if (tangent and tangent not in IN_TANGENTS) or inTangentType == "step":
            raise RuntimeError(f"setKeyframe: invalid tangent type '{tangent}'.")
    count = 0
    for plug in chosen_plugs(maya, args, attribute):
        home = key_home(scene, plug, animLayer)
        if scene.is_locked(plug) or (scene.driver(home) is not None and curve_of(scene, home) is None):
            continue
        number = scene.get(plug) if value is None else scene.from_ui(plug.attr.kind, value)
        curve = curve_of(scene, home) or make_curve(scene, home)
        default_in, default_out = tangents(maya, plug)
        at = (
            [to_ticks(maya, each) for each in (time if isinstance(time, (list, tuple)) else [time])]
            if time is not None
            else [scene.time]
        )
        into, out = inTangentType or default_in, outTangentType or default_out
        change_keys(
            scene, curve, partial(Keys.add, ticks=at, values=number, tangent_in=into, tangent_out=out)
        )
        count += 1
    return count


def tangents(maya: Any, plug: Plug) -> Tuple[str, str]:
    """Return the tangent types that new keys get."""
    if plug.attr.kind in STEPPED:
        return "linear", "step"
    held = maya.state.setdefault("default_tangents", {"in": "auto", "out": "auto"})
    return held["in"], held["out"]


def autokey(maya: Any, plug: Plug) -> None:
    """Add a key where autokey is on and the plug is animated, as Maya does after setAttr."""
    curve = curve_of(maya.scene, plug)
    if settings(maya)["autokey"] and curve is not None:
        value = plug.node.values.get(plug.key, plug.attr.default)
        change_keys(maya.scene, curve, lambda keys: keys.add(maya.scene.time, value, *tangents(maya, plug)))


@command("cutKey")
def cut_key(
    maya: Any,
    *args: Any,
    attribute: Any = None,
    time: Any = None,
    index: Any = None,
    clear: bool = False,
    option: str = "keys",
    includeUpperBound: bool = True,
) -> int:
    if not clear:
        raise Gap("cutKey: only clear=True is in the stand-in (the clipboard is not).")
    scene, count = maya.scene, 0
    for curve, _ in chosen_curves(maya, args, attribute):
        gone = within(maya, curve.keys, time, index)
        if gone.any():
            count += change_keys(scene, curve, lambda keys, gone=gone: keys.remove(gone))
        if gone.size and gone.all():
            scene.delete(curve)  # a curve that has lost its last key goes too
    return count


@command("keyframe")
def keyframe(
    maya: Any,
    *args: Any,
    query: bool = False,
    edit: bool = False,
    attribute: Any = None,
    time: Any = None,
    index: Any = None,
    keyframeCount: bool = False,
    timeChange: Any = None,
    valueChange: Any = None,
    name: bool = False,
    eval: bool = False,
    absolute: bool = False,
    relative: bool = False,
    indexValue: bool = False,
    selected: bool = False,
    option: str = "over",
) -> Any:
    scene = maya.scene
    curves = chosen_curves(maya, args, attribute)
    if edit:
        return sum(
            move_keys(
                maya, curve, kind, within(maya, curve.keys, time, index), timeChange, valueChange, relative
            )
            for curve, kind in curves
        )
    if not query:
        raise Gap("keyframe without query or edit selects keys; the stand-in has no selected keys.")
    if keyframeCount:
        return sum(int(within(maya, curve.keys, time, index).sum()) for curve, _ in curves)
    if name:
        return [scene.short(curve) for curve, _ in curves] or None
    if selected:
        return None
    answer: List[float] = []
    for curve, kind in curves:
        if eval:
            at = [pair[0] for pair in ranges(maya, time)] or [scene.time]
            answer += [scene.to_ui(kind, curve.keys.at(each)) for each in at]
            continue
        mask = within(maya, curve.keys, time, index)
        for k in np.flatnonzero(mask):
            answer += [int(k)] if indexValue else []
            answer += [float(curve.keys.ticks[k] / scene.ticks_per_frame)] if timeChange else []
            answer += [float(scene.to_ui(kind, curve.keys.values[k]))] if valueChange else []
            if not (indexValue or timeChange or valueChange):
                answer.append(float(curve.keys.ticks[k] / scene.ticks_per_frame))
    return answer or None


def move_keys(maya: Any, curve: Node, kind: str, mask: Any, time: Any, value: Any, relative: bool) -> int:
    """Move chosen keys in time or value; returns how many."""
    scene = maya.scene

    def change(keys: Keys) -> int:
        if value is not None:
            number = scene.from_ui(kind, value)
            keys.values[mask] = keys.values[mask] + number if relative else number
        if time is not None:
            ticks = to_ticks(maya, time)
            keys.ticks[mask] = keys.ticks[mask] + ticks if relative else ticks
            if (np.diff(keys.ticks) <= 0).any():
                raise RuntimeError("keyframe: the move would put keys on or past their neighbours.")
        return int(mask.sum())

    return change_keys(scene, curve, change)


@command("keyTangent")
def key_tangent(
    maya: Any,
    *args: Any,
    query: bool = False,
    edit: bool = False,
    attribute: Any = None,
    time: Any = None,
    index: Any = None,
    inTangentType: Any = None,
    outTangentType: Any = None,
    weightedTangents: Any = None,
    g: bool = False,
) -> Any:
    held = maya.state.setdefault("default_tangents", {"in": "auto", "out": "auto"})
    if g:
        if query:
            return [held["in" if inTangentType else "out"]]
        held.update({"in": inTangentType or held["in"], "out": outTangentType or held["out"]})
        return None
    answer: List[Any] = []
    for curve, _ in chosen_curves(maya, args, attribute):
        if query and weightedTangents:
            answer.append(curve.keys.weighted)
        for k in np.flatnonzero(within(maya, curve.keys, time, index)):
            if query:
                answer += [curve.keys.tangents_in[k]] if inTangentType else []
                answer += [curve.keys.tangents_out[k]] if outTangentType else []
                continue

            def change(keys: Keys, k: int = int(k)) -> None:
                keys.tangents_in[k] = inTangentType or keys.tangents_in[k]
                keys.tangents_out[k] = outTangentType or keys.tangents_out[k]

            change_keys(maya.scene, curve, change)
        if not query and weightedTangents is not None:
            change_keys(maya.scene, curve, lambda keys: setattr(keys, "weighted", bool(weightedTangents)))
    return (answer or None) if query else None


@command("findKeyframe")
def find_keyframe(
    maya: Any,
    *args: Any,
    attribute: Any = None,
    time: Any = None,
    which: str = "next",
    curve: bool = False,
    timeSlider: bool = False,
) -> Any:
    found = chosen_curves(maya, args, attribute)
    if curve:
        return [maya.scene.short(node) for node, _ in found] or None
    ticks = np.unique(np.concatenate([node.keys.ticks for node, _ in found] or [np.zeros(0, np.int64)]))
    now = ranges(maya, time)[0][0] if time is not None else maya.scene.time
    if not len(ticks):
        return maya.scene.frame
    chosen = {
        "first": ticks[:1],
        "last": ticks[-1:],
        "next": ticks[ticks > now][:1],
        "previous": ticks[ticks < now][-1:],
    }[which]
    wrapped = chosen if len(chosen) else ticks[:1] if which == "next" else ticks[-1:]
    return float(wrapped[0] / maya.scene.ticks_per_frame)


@command("setInfinity")
def set_infinity(
    maya: Any,
    *args: Any,
    attribute: Any = None,
    preInfinite: Any = None,
    postInfinite: Any = None,
    query: bool = False,
    edit: bool = False,
) -> Any:
    for curve, _ in chosen_curves(maya, args, attribute):
        if query:
            return [curve.keys.pre_infinity if preInfinite else curve.keys.post_infinity]

        def change(keys: Keys) -> None:
            keys.pre_infinity = preInfinite or keys.pre_infinity
            keys.post_infinity = postInfinite or keys.post_infinity

        change_keys(maya.scene, curve, change)
    return None
