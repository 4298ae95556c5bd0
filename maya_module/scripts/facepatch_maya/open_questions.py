"""What nobody could try while this was written, since no Maya was there: each question as a check with evidence.

A check leaves nothing behind but nodes; `selfcheck` opens a new scene before each. "yes" and "no" are answers to the
question as it is asked, not success and failure: nothing here relies on the better answer.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np
from maya import cmds
from maya.api import OpenMaya as om
from maya.api import OpenMayaAnim as oma

from facepatch_maya.channels import own_curve

YES, NO, NOT_RUN = "yes", "no", "not run"

_SHAPES = 100
_TIMES = 50


@dataclass(frozen=True)
class Answer:
    """What was found."""

    verdict: str
    """YES, NO or NOT_RUN."""
    evidence: str
    """Numbers, or why it was not run and what to do."""


@dataclass(frozen=True)
class Files:
    """What the user may give to be tried: results of `facepatch run`."""

    maya_ascii: Optional[Path] = None
    usd: Optional[Path] = None


@dataclass(frozen=True)
class Question:
    """One open item of the design."""

    name: str
    text: str
    ask: Callable[[Files], Answer]
    needs_window: bool = False


def _blendshape(count: int = 1) -> tuple[str, str, str]:
    """(cube, its node with `count` targets that lift it by 1, name of a vertex)"""
    cube = cmds.polyCube(constructionHistory=False)[0]
    targets = [cmds.duplicate(cube)[0] for _ in range(count)]
    for target in targets:
        cmds.xform(f"{target}.vtx[0]", relative=True, translation=(0.0, 1.0, 0.0))
    node = cmds.blendShape(*targets, cube, origin="local")[0]
    return cube, node, f"{cube}.vtx[0]"


def _height(vertex: str) -> float:
    return float(cmds.xform(vertex, query=True, worldSpace=True, translation=True)[1])


def _negative_weights(_: Files) -> Answer:
    _cube, node, vertex = _blendshape()
    rest = _height(vertex)
    cmds.setAttr(f"{node}.supportNegativeWeights", False)
    cmds.setAttr(f"{node}.weight[0]", -1.0)
    off = _height(vertex) - rest
    cmds.setAttr(f"{node}.supportNegativeWeights", True)
    on = _height(vertex) - rest
    return Answer(
        YES if abs(off) < 1e-6 else NO,
        f"at weight -1 the vertex moves by {off:g} when off, by {on:g} when on",
    )


def _numpy_scalars(_: Files) -> Answer:
    node = cmds.createNode("transform")
    said: list[str] = []
    plug = om.MSelectionList().add(f"{node}.translateX").getPlug(0)
    for what, call in (
        ("setAttr(np.float32)", lambda: cmds.setAttr(f"{node}.translateX", np.float32(1.5))),
        ("currentTime(np.float64)", lambda: cmds.currentTime(np.float64(3.0))),
        ("MPlug.setDouble(np.float64)", lambda: plug.setDouble(np.float64(1.5))),
        ("MPlug.setFloat(np.float32)", lambda: plug.setFloat(np.float32(1.5))),
    ):
        try:
            call()
        except (TypeError, RuntimeError, ValueError) as error:
            said.append(f"{what}: {error}")
    return (
        Answer(NO, "; ".join(said))
        if said
        else Answer(YES, "setAttr, currentTime and MPlug take NumPy scalars")
    )


def _context_guard(_: Files) -> Answer:
    where = [
        name
        for name, module in (("maya.api.OpenMaya", om), ("maya.api", sys.modules["maya.api"]))
        if hasattr(module, "MDGContextGuard")
    ]
    return (
        Answer(YES, f"MDGContextGuard is in {', '.join(where)}") if where else Answer(NO, "in neither module")
    )


def _setting_weights(_: Files) -> Answer:
    """How long 100 weights take, each way."""
    node = cmds.createNode("blendShape")
    for index in range(_SHAPES):
        cmds.setAttr(f"{node}.weight[{index}]", 0.0)
    weights = om.MFnDependencyNode(om.MSelectionList().add(node).getDependNode(0)).findPlug("weight", False)
    plugs = [weights.elementByLogicalIndex(index) for index in range(_SHAPES)]
    values = [0.5] * _SHAPES
    start = time.perf_counter()
    for _index in range(_TIMES):
        for plug, value in zip(plugs, values):
            plug.setDouble(value)
    by_plug = (time.perf_counter() - start) / _TIMES
    start = time.perf_counter()
    for _index in range(_TIMES):
        cmds.setAttr(f"{node}.weight[0:{_SHAPES - 1}]", *values)
    by_command = (time.perf_counter() - start) / _TIMES
    faster = YES if by_plug <= by_command else NO
    return Answer(
        faster, f"{_SHAPES} weights: MPlug {by_plug * 1000:.3f} ms, one setAttr {by_command * 1000:.3f} ms"
    )


def _bundled_numpy(_: Files) -> Answer:
    found = importlib.util.find_spec("numpy")
    place = str(found.origin) if found is not None else ""
    own = str(Path(sys.prefix)) in place
    return Answer(
        YES if own else NO,
        f"NumPy {np.__version__} from {place}; Python {sys.version.split()[0]} in {sys.prefix}",
    )


def _undo_of_api_keys(_: Files) -> Answer:
    """Whether MAnimCurveChange gives back what addKeys changed on a curve that had keys."""
    node = cmds.createNode("transform")
    cmds.setKeyframe(node, attribute="translateX", time=[1.0], value=5.0)
    cmds.setKeyframe(node, attribute="translateX", time=[20.0], value=6.0)
    plug = om.MSelectionList().add(f"{node}.translateX").getPlug(0)
    function, change = oma.MFnAnimCurve(own_curve(plug)), oma.MAnimCurveChange()
    unit = om.MTime.uiUnit()
    times = om.MTimeArray([om.MTime(frame, unit) for frame in (5.0, 6.0, 7.0)])
    linear = oma.MFnAnimCurve.kTangentLinear
    function.addKeys(times, om.MDoubleArray([1.0, 2.0, 3.0]), linear, linear, True, change)
    added = int(function.numKeys)
    change.undoIt()
    undone = int(function.numKeys)
    change.redoIt()
    again = int(function.numKeys)
    good = (added, undone, again) == (5, 2, 5)
    return Answer(YES if good else NO, f"keys: 2, {added} after addKeys, {undone} undone, {again} done again")


def _cut_curves(_: Files) -> Answer:
    """Whether a curve that loses all keys is deleted, and comes back when the modifier is undone."""
    node = cmds.createNode("transform")
    cmds.setKeyframe(node, attribute="translateX", time=[1.0], value=5.0)
    plug = om.MSelectionList().add(f"{node}.translateX").getPlug(0)
    name = om.MFnDependencyNode(own_curve(plug)).name()
    modifier = om.MDGModifier()
    modifier.commandToExecute(f'cutKey -time "1.0:1.0" -clear "{name}"')
    modifier.doIt()
    gone = own_curve(plug) is None
    modifier.undoIt()
    back = own_curve(plug) is not None
    modifier.doIt()
    again = own_curve(plug) is None
    evidence = f"gone when cut: {gone}; back when undone: {back}; gone again: {again}"
    return Answer(YES if gone and back and again else NO, evidence)


def _layer_by_modifier(_: Files) -> Answer:
    """Whether a layer that was made by a modifier comes back with its blend node when undone and done again."""
    node = cmds.createNode("transform")
    attribute = f"{node}.translateX"
    modifier = om.MDGModifier()
    modifier.commandToExecute('animLayer -override 1 "facepatch_check"')
    modifier.commandToExecute(f'animLayer -edit -attribute "{attribute}" "facepatch_check"')
    modifier.doIt()
    first = cmds.animLayer("facepatch_check", query=True, layeredPlug=attribute)
    modifier.undoIt()
    there = bool(cmds.animLayer("facepatch_check", query=True, exists=True))
    modifier.doIt()
    again = cmds.animLayer("facepatch_check", query=True, layeredPlug=attribute)
    good = bool(first) and not there and first == again
    return Answer(
        YES if good else NO,
        f"layered plug {first!r}; after undo the layer {'stays' if there else 'is gone'}; again {again!r}",
    )


def _disconnected_curve(_: Files) -> Answer:
    """Whether a curve outlives the loss of its only connection."""
    node = cmds.createNode("transform")
    cmds.setKeyframe(node, attribute="translateX", time=[1.0], value=5.0)
    plug = om.MSelectionList().add(f"{node}.translateX").getPlug(0)
    curve = om.MFnDependencyNode(own_curve(plug)).name()
    modifier = om.MDGModifier()
    modifier.disconnect(plug.source(), plug)
    modifier.doIt()
    stays = bool(cmds.objExists(curve))
    modifier.undoIt()
    back = own_curve(plug) is not None
    return Answer(
        YES if stays and back else NO,
        f"disconnected: {'there' if stays else 'deleted'}; undone: {'connected' if back else 'lost'}",
    )


def _maya_ascii_opens(files: Files) -> Answer:
    if files.maya_ascii is None:
        return Answer(NOT_RUN, "give --ma character.ma, as `facepatch run` writes it")
    cmds.file(files.maya_ascii.as_posix(), open=True, force=True)
    nodes = cmds.ls(type="blendShape") or []
    shown = {node: len(cmds.listAttr(f"{node}.weight", multi=True) or []) for node in nodes}
    return Answer(YES if nodes else NO, f"blendShapes and their weights: {shown or 'none'}")


def _usd_imports(files: Files) -> Answer:
    if files.usd is None:
        return Answer(NOT_RUN, "give --usd character.usdc, as `facepatch run` writes it")
    try:
        cmds.loadPlugin("mayaUsdPlugin", quiet=True)
    except RuntimeError as error:
        return Answer(NOT_RUN, f"the plug-in mayaUsdPlugin cannot be loaded: {error}")
    name = next((one for one in ("mayaUSDImport", "usdImport") if hasattr(cmds, one)), "")
    if not name:
        return Answer(NO, "neither mayaUSDImport nor usdImport is a command here")
    getattr(cmds, name)(file=files.usd.as_posix(), readAnimData=True)
    nodes = cmds.ls(type="blendShape") or []
    return Answer(YES if nodes else NO, f"{name} made the blendShapes {', '.join(nodes) or 'none'}")


def _selection_event(_: Files) -> Answer:
    heard: list[int] = []
    one = om.MEventMessage.addEventCallback("SelectionChanged", lambda *_args: heard.append(1))
    try:
        cmds.select(cmds.createNode("transform"), replace=True)
        cmds.select(clear=True)
    finally:
        om.MMessage.removeCallback(one)
    return Answer(
        YES if heard else NO, f"SelectionChanged came {len(heard)} times for two selections, at once"
    )


def _isolated_lights(_: Files) -> Answer:
    """Whether a scene light that is not isolated still lights the isolated meshes."""
    from facepatch_maya.picture_checks import brightness

    lit = brightness(lights="all", light=True)
    dark = brightness(lights="all", light=False)
    return Answer(
        YES if lit > dark + 5 else NO,
        f"mean grey {lit:.0f} with a light outside of the set, {dark:.0f} without",
    )


def _off_screen(_: Files) -> Answer:
    from facepatch_maya.picture_checks import covers

    behind = covers(covered=True)
    return Answer(
        YES if behind > 0.005 else NO,
        f"{100 * behind:.1f} % of an off-screen picture show the mesh, behind a window",
    )


def _notifier_in_playback(_: Files) -> Answer:
    from facepatch_maya.picture_checks import wakes_in_playback

    by_notifier, by_timer = wakes_in_playback()
    return Answer(
        YES if by_notifier else NO,
        f"during playback: {by_notifier} calls by the notifier, {by_timer} by the timer",
    )


QUESTIONS: tuple[Question, ...] = (
    Question(
        "negative-weights",
        "Are negative weights clamped while supportNegativeWeights is off?",
        _negative_weights,
    ),
    Question("numpy-scalars", "Do commands and plugs take NumPy scalars?", _numpy_scalars),
    Question(
        "isolate-lights", "Do lights outside of the isolated set still light it?", _isolated_lights, True
    ),
    Question("off-screen", "Does an off-screen playblast work behind another window?", _off_screen, True),
    Question("context-guard", "Is MDGContextGuard there, and where?", _context_guard),
    Question("set-weights", "Is MPlug as fast as one setAttr for 100 weights?", _setting_weights),
    Question("maya-ascii", "Does our .ma file open?", _maya_ascii_opens),
    Question("usd-import", "Does Maya import our USD file, and by which command?", _usd_imports),
    Question(
        "socket-notifier", "Does a socket notifier wake us during playback?", _notifier_in_playback, True
    ),
    Question("bundled-numpy", "Does this Maya come with NumPy?", _bundled_numpy),
    Question(
        "undo-api-keys", "Does MAnimCurveChange take back keys on a curve that had keys?", _undo_of_api_keys
    ),
    Question("cut-curves", "Does an emptied curve go, and come back on undo?", _cut_curves),
    Question("layer-modifier", "Does a layer made by a modifier survive undo and redo?", _layer_by_modifier),
    Question("disconnected-curve", "Does a curve outlive its last connection?", _disconnected_curve),
    Question("selection-event", "Does SelectionChanged come at once, also in batch?", _selection_event),
)
