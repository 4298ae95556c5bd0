"""maya.api.OpenMayaAnim.

Curves written in bulk, changes that can be taken back, and the time slider's state.
"""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Tuple

import numpy as np

from fakemaya.active import Gap, active
from fakemaya.api_contract import api
from fakemaya.commands.keys import curve_of, curve_type
from fakemaya.commands.settings import settings
from fakemaya.curves import Keys
from fakemaya.node import Node, Plug
from fakemaya.openmaya.bridge import mobject, mplug, node_of, plug_of
from fakemaya.openmaya.depend import MFnDependencyNode
from fakemaya.openmaya.units import MTime

TANGENTS = {
    0: "global",
    1: "fixed",
    2: "linear",
    3: "flat",
    4: "spline",
    5: "step",
    6: "slow",
    7: "fast",
    8: "clamped",
    9: "plateau",
    10: "stepnext",
    11: "auto",
}
NUMBERS = {name: number for number, name in TANGENTS.items()}
INFINITIES = {0: "constant", 1: "linear", 3: "cycle", 4: "cycleRelative", 5: "oscillate"}
TYPES = {
    "animCurveTA": 0,
    "animCurveTL": 1,
    "animCurveTT": 2,
    "animCurveTU": 3,
    "animCurveUA": 4,
    "animCurveUL": 5,
    "animCurveUT": 6,
    "animCurveUU": 7,
}
UNKNOWN = 8


@api("maya.api.OpenMayaAnim")
class MAnimCurveChange:
    """Collects what is done to curves, so that it can be taken back and done again."""

    def __init__(self) -> None:
        self._done: List[Tuple[Node, Keys, Keys]] = []

    def undoIt(self) -> None:
        for node, before, _ in reversed(self._done):
            put_keys(node, before)

    def redoIt(self) -> None:
        for node, _, after in self._done:
            put_keys(node, after)


def put_keys(node: Node, keys: Keys) -> None:
    """Give a node a copy of keys. Not recorded, as the API does it."""
    node.keys = keys.copy()
    active().scene.dirty()


@api("maya.api.OpenMayaAnim")
class MFnAnimCurve(MFnDependencyNode):
    """An animCurve node."""

    def __init__(self, target: Any = None) -> None:
        if target is None:
            super().__init__()
            return
        if plug_of(target) is not None:
            curve = curve_of(active().scene, plug_of(target))
            if curve is None:
                raise RuntimeError(
                    "(kFailure): Unexpected Internal Failure"
                )  # no single curve drives the plug
            target = mobject(curve)
        elif not node_of(target).isa("animCurve"):
            raise ValueError("object is incompatible with MFnAnimCurve constructor")
        super().__init__(target)

    # ------------------------------------------------------------------------------------------------ making

    def create(self, target: Any, *args: Any, animCurveType: int = UNKNOWN, modifier: Any = None) -> Any:
        plug = plug_of(target)
        if plug is None:
            raise Gap("MFnAnimCurve.create: the stand-in makes curves for a plug only.")
        given = list(args)
        kind = given.pop(0) if given and isinstance(given[0], int) else animCurveType
        modifier = given.pop(0) if given else modifier
        scene = active().scene
        if scene.is_locked(plug) or scene.source(plug) is not None:
            raise RuntimeError("(kFailure): Unexpected Internal Failure")  # the plug cannot take a curve
        name = {number: each for each, number in TYPES.items()}.get(kind) or curve_type(plug)
        on, scene.queue.on = scene.queue.on, False
        try:
            leaf = plug.attribute_name().replace(".", "_").replace("[", "_").replace("]", "")
            node = scene.create(name, f"{plug.node.name}_{leaf}")
            scene.link(Plug(node, node.find("output")), plug)
        finally:
            scene.queue.on = on
        if modifier is not None:
            modifier._append_done(*remaking(scene, node, plug))
        super().setObject(mobject(node))
        return mobject(node)

    # --------------------------------------------------------------------------------------------------- keys

    @property
    def _node(self) -> Node:
        return node_of(self.object())

    def _change(self, change: Optional[MAnimCurveChange], action: Callable[[Keys], Any]) -> Any:
        before = self._node.keys.copy()
        after = before.copy()
        result = action(after)
        put_keys(self._node, after)
        if change is not None:
            change._done.append((self._node, before, after.copy()))
        return result

    def addKeys(
        self,
        times: Any,
        values: Any,
        tangentInType: int = 0,
        tangentOutType: int = 0,
        keepExistingKeys: bool = False,
        change: Any = None,
    ) -> Any:
        if type(times).__name__ != "MTimeArray" or type(values).__name__ != "MDoubleArray":
            raise TypeError("MFnAnimCurve.addKeys takes an MTimeArray and an MDoubleArray.")
        if len(times) != len(values):
            raise RuntimeError("(kInvalidParameter): times and values differ in number.")
        ticks = np.array([time._ticks for time in times], np.int64)
        into, out = tangent(tangentInType, "in"), tangent(tangentOutType, "out")

        def add(keys: Keys) -> None:
            if not keepExistingKeys:  # all of them: nothing says that only those in the range go
                keys.remove(np.ones(len(keys), bool))
            keys.add(ticks, np.array(values), into, out)

        self._change(change, add)
        return self

    def addKey(
        self, at: Any, value: float, tangentInType: int = 0, tangentOutType: int = 0, change: Any = None
    ) -> int:
        ticks = at._ticks
        self._change(
            change,
            lambda keys: keys.add(
                ticks, float(value), tangent(tangentInType, "in"), tangent(tangentOutType, "out")
            ),
        )
        return int(np.searchsorted(self._node.keys.ticks, ticks))

    def remove(self, index: int, change: Any = None) -> Any:
        def gone(keys: Keys) -> None:
            keys.remove(np.arange(len(keys)) == checked(keys, index))

        self._change(change, gone)
        return self

    def find(self, at: Any) -> Optional[int]:
        found = np.flatnonzero(self._node.keys.ticks == at._ticks)
        return int(found[0]) if len(found) else None

    def findClosest(self, at: Any) -> int:
        return int(np.argmin(np.abs(self._node.keys.ticks - at._ticks)))

    def evaluate(self, at: Any) -> float:
        return float(self._node.keys.at(at._ticks))

    @property
    def numKeys(self) -> int:
        return len(self._node.keys)

    def input(self, index: int) -> Any:
        return MTime._from_ticks(int(self._node.keys.ticks[checked(self._node.keys, index)]))

    def value(self, index: int) -> float:
        return float(self._node.keys.values[checked(self._node.keys, index)])

    def setValue(self, index: int, value: float, change: Any = None) -> Any:
        def store(keys: Keys) -> None:
            keys.values[checked(keys, index)] = float(value)

        self._change(change, store)
        return self

    def inTangentType(self, index: int) -> int:
        return NUMBERS[self._node.keys.tangents_in[checked(self._node.keys, index)]]

    def outTangentType(self, index: int) -> int:
        return NUMBERS[self._node.keys.tangents_out[checked(self._node.keys, index)]]

    def setInTangentType(self, index: int, tangentType: int, change: Any = None) -> Any:
        self._change(
            change,
            lambda keys: keys.tangents_in.__setitem__(checked(keys, index), tangent(tangentType, "in")),
        )
        return self

    def setOutTangentType(self, index: int, tangentType: int, change: Any = None) -> Any:
        self._change(
            change,
            lambda keys: keys.tangents_out.__setitem__(checked(keys, index), tangent(tangentType, "out")),
        )
        return self

    # ----------------------------------------------------------------------------------------------- the
    # whole

    @property
    def animCurveType(self) -> int:
        return TYPES[self._node.type.name]

    @property
    def isTimeInput(self) -> bool:
        return self._node.type.name.startswith("animCurveT")

    @property
    def isUnitlessInput(self) -> bool:
        return not self.isTimeInput

    @property
    def isStatic(self) -> bool:
        return bool(len(self._node.keys) == 0 or np.ptp(self._node.keys.values) == 0)

    @property
    def isWeighted(self) -> bool:
        return self._node.keys.weighted

    def setIsWeighted(self, isWeighted: bool, change: Any = None) -> Any:
        self._change(change, lambda keys: setattr(keys, "weighted", bool(isWeighted)))
        return self

    @property
    def preInfinityType(self) -> int:
        return {name: number for number, name in INFINITIES.items()}[self._node.keys.pre_infinity]

    @property
    def postInfinityType(self) -> int:
        return {name: number for number, name in INFINITIES.items()}[self._node.keys.post_infinity]

    def setPreInfinityType(self, infinityType: int, change: Any = None) -> Any:
        self._change(change, lambda keys: setattr(keys, "pre_infinity", INFINITIES[infinityType]))
        return self

    def setPostInfinityType(self, infinityType: int, change: Any = None) -> Any:
        self._change(change, lambda keys: setattr(keys, "post_infinity", INFINITIES[infinityType]))
        return self


def remaking(scene: Any, node: Node, plug: Plug) -> Tuple[Callable[[], None], Callable[[], None]]:
    """Return what makes a removed curve again, and what removes it, without a record: for a modifier."""
    output = Plug(node, node.find("output"))

    def do() -> None:
        scene.insert(node)
        scene.link(output, plug)

    def undo() -> None:
        scene.unlink_all(node)
        scene.remove(node)

    return do, undo


def tangent(number: int, side: str) -> str:
    """Return the name of a tangent type; kTangentGlobal is what the user has set."""
    if number not in TANGENTS:
        raise Gap(f"The tangent type {number} is not in the stand-in.")
    return (
        active().state.get("default_tangents", {"in": "auto", "out": "auto"})[side]
        if number == 0
        else TANGENTS[number]
    )


def checked(keys: Keys, index: int) -> int:
    """Return an index, refused where there is no such key."""
    if not 0 <= index < len(keys):
        raise IndexError("index out of range")
    return index


@api("maya.api.OpenMayaAnim")
class MAnimControl:
    """The time slider."""

    @staticmethod
    def currentTime() -> Any:
        return MTime._from_ticks(active().scene.time)

    @staticmethod
    def setCurrentTime(time: Any) -> None:
        active().scene.go_to(time._ticks)

    @staticmethod
    def minTime() -> Any:
        return frames("min")

    @staticmethod
    def maxTime() -> Any:
        return frames("max")

    @staticmethod
    def animationStartTime() -> Any:
        return frames("animation_min")

    @staticmethod
    def animationEndTime() -> Any:
        return frames("animation_max")

    @staticmethod
    def autoKeyMode() -> bool:
        return settings(active())["autokey"]

    @staticmethod
    def setAutoKeyMode(mode: bool) -> None:
        settings(active())["autokey"] = bool(mode)

    @staticmethod
    def isPlaying() -> bool:
        return active().state.get("playing", False)

    @staticmethod
    def isScrubbing() -> bool:
        return False

    @staticmethod
    def stop() -> None:
        active().state["playing"] = False


def frames(name: str) -> Any:
    """Return an end of the playback or animation range as a time."""
    scene = active().scene
    return MTime._from_ticks(round(scene.playback[name] * scene.ticks_per_frame))


@api("maya.api.OpenMayaAnim")
class MAnimUtil:
    """Which plugs are animated."""

    @staticmethod
    def findAnimation(plug: Any) -> List[Any]:
        curve = curve_of(active().scene, plug_of(plug))
        return [mobject(curve)] if curve is not None else []

    @staticmethod
    def isAnimated(thing: Any, checkParent: bool = False) -> bool:
        plug = plug_of(thing)
        scene = active().scene
        if plug is not None:
            return curve_of(scene, plug) is not None
        node = node_of(thing)
        return any(
            curve_of(scene, Plug(node, scene.attr_of(node, key), key[1])) is not None for key in node.inputs
        )

    @staticmethod
    def findAnimatedPlugs(thing: Any, checkParent: bool = False) -> List[Any]:
        node, scene = node_of(thing), active().scene
        plugs = [Plug(node, scene.attr_of(node, key), key[1]) for key in node.inputs]
        return [mplug(plug) for plug in plugs if curve_of(scene, plug) is not None]
