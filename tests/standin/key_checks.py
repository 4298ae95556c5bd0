"""What written keys must be, as functions of a Maya: run on the key writer, and on its mutants."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.errors import HostError
from facepatch.core.host import Applied, Curve


def curve(first: float, *values: float, step: float = 1.0) -> Curve:
    """Keys from frame `first` on."""
    return Curve(first + step * np.arange(len(values)), np.asarray(values, np.float64))


def write(curves: dict[str, Curve], **options: Any) -> Applied:
    """The function under test."""
    from facepatch_maya.write_keys import write_curves

    return write_curves(curves, **options)


def control() -> Any:
    """Maya's commands, in a scene with a transform `ctrl` that has scalars `a`, `b` and an enum `mode`."""
    from maya import cmds

    cmds.currentUnit(time="film", linear="cm", angle="deg")
    cmds.undoInfo(state=True)
    cmds.createNode("transform", name="ctrl")
    for name in "ab":
        cmds.addAttr("ctrl", longName=name, attributeType="double", keyable=True)
    cmds.addAttr("ctrl", longName="mode", attributeType="enum", enumName="x:y:z", keyable=True)
    return cmds


def keys(cmds: Any, attribute: str) -> dict[float, float]:
    """Frame -> value."""
    frames = cmds.keyframe(attribute, query=True, timeChange=True) or []
    values = cmds.keyframe(attribute, query=True, valueChange=True) or []
    return {round(frame, 4): round(value, 6) for frame, value in zip(frames, values)}


def old_keys(cmds: Any, attribute: str, *frames: float) -> None:
    """Keys of the user's; the value is the frame."""
    for frame in frames:
        cmds.setKeyframe("ctrl", attribute=attribute, time=[frame], value=frame)


def near(cmds: Any, attribute: str, frame: float, value: float) -> None:
    """The attribute has the value at the frame."""
    found = cmds.getAttr(attribute, time=frame)
    assert abs(found - value) < 1e-5, f"{attribute} is {found} at {frame}, not {value}"


def keys_outside_the_range_stay(maya: Any) -> None:
    """Those inside go, each curve in its own range."""
    cmds = control()
    old_keys(cmds, "a", 1, 4.5, 5, 9)
    old_keys(cmds, "b", 1, 5, 9)
    write({"ctrl.a": curve(4, 50, 60, step=2), "ctrl.b": curve(8, 70, 80, step=2)})
    assert keys(cmds, "ctrl.a") == {1: 1, 4: 50, 6: 60, 9: 9}
    assert keys(cmds, "ctrl.b") == {1: 1, 5: 5, 8: 70, 10: 80}


def keys_are_linear_and_enums_jump(maya: Any) -> None:
    """Between two keys."""
    cmds = control()
    write({"ctrl.a": curve(1, 0, 4), "ctrl.mode": curve(1, 0, 2)})
    near(cmds, "ctrl.a", 1.25, 1.0)
    near(cmds, "ctrl.mode", 1.9, 0)


def values_are_internal_and_frames_the_scenes(maya: Any) -> None:
    """Radians and centimetres, in a scene that shows degrees and metres."""
    cmds = control()
    cmds.currentUnit(linear="m")
    write({"ctrl.rotateY": curve(11, np.pi / 2, np.pi), "ctrl.translateX": curve(11, 150.0, 300.0)})
    near(cmds, "ctrl.rotateY", 11, 90.0)
    near(cmds, "ctrl.translateX", 12, 3.0)


def infinities_stay(maya: Any) -> None:
    """Also where every key is replaced."""
    cmds = control()
    old_keys(cmds, "a", 2, 3)
    cmds.setInfinity("ctrl.a", preInfinite="cycleRelative", postInfinite="cycle")
    write({"ctrl.a": curve(1, 5, 6, 7)})
    before = cmds.setInfinity("ctrl.a", query=True, preInfinite=True)
    after = cmds.setInfinity("ctrl.a", query=True, postInfinite=True)
    assert (before, after) == (["cycleRelative"], ["cycle"]), f"infinities are {before} and {after}"


def undo_and_redo_are_true(maya: Any) -> None:
    """One step for all channels, with and without curves before."""
    cmds = control()
    old_keys(cmds, "b", 3, 30)
    old_keys(cmds, "mode", 2)
    write({"ctrl.a": curve(1, 1, 2), "ctrl.b": curve(1, 1, 2, 3, 4), "ctrl.mode": curve(1, 1, 2, 1)})
    for _ in range(2):
        cmds.undo()
        found = [keys(cmds, f"ctrl.{name}") for name in ("a", "b", "mode")]
        assert found == [{}, {3: 3, 30: 30}, {2: 2}], f"after undo: {found}"
        cmds.redo()
        found = [keys(cmds, f"ctrl.{name}") for name in ("a", "b", "mode")]
        wanted = [{1: 1, 2: 2}, {1: 1, 2: 2, 3: 3, 4: 4, 30: 30}, {1: 1, 2: 2, 3: 1}]
        assert found == wanted, f"after redo: {found}"


def failing_write_leaves_the_scene_as_it_was(maya: Any) -> None:
    """Where Maya refuses the second curve."""
    from maya.api import OpenMayaAnim as oma

    cmds = control()
    old_keys(cmds, "b", 2)
    add, calls = oma.MFnAnimCurve.addKeys, []

    def second_fails(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise HostError("stop here")
        return add(*arguments)

    oma.MFnAnimCurve.addKeys = second_fails
    try:
        write({"ctrl.a": curve(1, 1, 2), "ctrl.b": curve(1, 1, 2, 3)})
    except HostError:
        pass
    finally:
        oma.MFnAnimCurve.addKeys = add
    assert keys(cmds, "ctrl.a") == {}, "the first curve stays"
    assert keys(cmds, "ctrl.b") == {2: 2}, "the old key is gone"


def additive_layers_give_the_values(maya: Any) -> None:
    """Over keys below, twice, for a scalar and an angle; the layer is not muted afterwards."""
    cmds = control()
    for name, unit in (("a", 1.0), ("rotateX", 180 / np.pi)):
        for frame, value in ((1, 10.0), (3, 20.0)):
            cmds.setKeyframe(
                "ctrl",
                attribute=name,
                time=[frame],
                value=value,
                inTangentType="linear",
                outTangentType="linear",
            )
        for _ in range(2):
            write({f"ctrl.{name}": curve(1, 1, 2, 3)}, layer="plus", override=False)
            assert not cmds.animLayer("plus", query=True, mute=True), "the layer is mute"
            for frame in (1, 2, 3):
                near(cmds, f"ctrl.{name}", frame, frame * unit)
        cmds.animLayer("plus", edit=True, mute=True)
        near(cmds, f"ctrl.{name}", 2, 15.0)
        cmds.animLayer("plus", edit=True, mute=False)


def new_layers_override(maya: Any) -> None:
    """And undo takes them away."""
    cmds = control()
    cmds.setAttr("ctrl.a", 7.0)
    write({"ctrl.a": curve(1, 1, 2)}, layer="face")
    near(cmds, "ctrl.a", 2, 2.0)
    assert cmds.animLayer("face", query=True, override=True), "the layer adds"
    cmds.undo()
    assert not cmds.objExists("face"), "the layer stays after undo"
    near(cmds, "ctrl.a", 2, 7.0)
    cmds.redo()
    near(cmds, "ctrl.a", 2, 2.0)


def without_a_layer_keys_go_below(maya: Any) -> None:
    """Below all layers, where the attribute has some."""
    cmds = control()
    write({"ctrl.a": curve(1, 1, 2)}, layer="face")
    write({"ctrl.a": curve(1, 70, 80)})
    near(cmds, "ctrl.a", 1, 1.0)
    cmds.animLayer("face", edit=True, mute=True)
    near(cmds, "ctrl.a", 2, 80.0)


def what_is_not_ours_is_left_alone(maya: Any) -> None:
    """Locked by its parent, driven, shared, another name of the same; in a referenced file."""
    cmds = control()
    cmds.createNode("transform", name="driver")
    cmds.connectAttr("driver.translateX", "ctrl.b")
    cmds.setAttr("ctrl.rotate", lock=True)
    old_keys(cmds, "a", 1)
    shared = cmds.listConnections("ctrl.a", source=True, destination=False)[0]
    cmds.connectAttr(f"{shared}.output", "ctrl.translateZ")
    new = curve(1, 5, 6)
    names = ["ctrl.b", "ctrl.rotateX", "ctrl.a", "ctrl.translateY", "ctrl.ty"]
    applied = write(dict.fromkeys(names, new))
    assert applied.attributes == ("ctrl.translateY",), f"written were {applied.attributes}"
    assert cmds.isConnected("driver.translateX", "ctrl.b"), "the connection is gone"


def keys_of_a_reference_stay(maya: Any) -> None:
    """A rig with keys in its own file."""
    cmds = control()
    old_keys(cmds, "a", 1)
    with tempfile.TemporaryDirectory() as folder:
        path = (Path(folder) / "rig.ma").as_posix()
        cmds.file(rename=path)
        cmds.file(save=True, type="mayaAscii")
        cmds.file(new=True, force=True)
        cmds.file(path, reference=True, namespace="rig")
        applied = write({"rig:ctrl.a": curve(1, 5, 6)})
        assert applied.keys == 0, "keys of the referenced file were replaced"
        assert keys(cmds, "rig:ctrl.a") == {1: 1}
