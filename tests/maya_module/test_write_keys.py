from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.clip import Clip
from facepatch.core.errors import HostError, InputError, LockedError, UnknownNameError
from facepatch.core.host import Applied, Curve


@pytest.fixture
def cmds(maya: Any) -> Any:
    from maya import cmds

    cmds.currentUnit(time="film", linear="cm", angle="deg")
    cmds.undoInfo(state=True)
    return cmds


@pytest.fixture
def write(cmds: Any) -> Callable[..., Applied]:
    from facepatch_maya.write_keys import write_curves

    return write_curves


@pytest.fixture
def node(cmds: Any) -> str:
    """A transform with a scalar `a`, `b` and a text."""
    name = cmds.createNode("transform", name="ctrl")
    for attribute in "ab":
        cmds.addAttr(name, longName=attribute, attributeType="double", keyable=True)
    return str(name)


def curve(first: float, *values: float, step: float = 1.0) -> Curve:
    return Curve(first + step * np.arange(len(values)), np.asarray(values, np.float64))


def keys(cmds: Any, attribute: str) -> dict[float, float]:
    """Frame -> value, as Maya's own command tells them."""
    frames = cmds.keyframe(attribute, query=True, timeChange=True) or []
    values = cmds.keyframe(attribute, query=True, valueChange=True) or []
    return {round(frame, 4): round(value, 6) for frame, value in zip(frames, values)}


def at(cmds: Any, attribute: str, frame: float) -> float:
    return float(cmds.getAttr(attribute, time=frame))


def reasons(applied: Applied) -> dict[str, str]:
    return {one.name: one.reason for one in applied.left_alone}


# ----------------------------------------------------------------------------------------------- values and units


def test_keys_are_linear(cmds: Any, write: Any, node: str) -> None:
    applied = write({"ctrl.a": curve(1, 0, 4, 2)})
    assert applied == Applied(3, ("ctrl.a",), ())
    assert keys(cmds, "ctrl.a") == {1: 0, 2: 4, 3: 2}
    assert at(cmds, "ctrl.a", 1.25) == pytest.approx(1.0)
    assert set(cmds.keyTangent("ctrl.a", query=True, inTangentType=True)) == {"linear"}
    assert set(cmds.keyTangent("ctrl.a", query=True, outTangentType=True)) == {"linear"}


def test_values_are_centimetres_and_radians_whatever_the_scene_shows(
    cmds: Any, write: Any, node: str
) -> None:
    cmds.currentUnit(linear="m")
    write({"ctrl.translateX": curve(1, 150.0, 300.0), "ctrl.rotateY": curve(1, np.pi / 2, np.pi)})
    assert at(cmds, "ctrl.translateX", 1) == pytest.approx(1.5)
    assert at(cmds, "ctrl.rotateY", 1) == pytest.approx(90.0)


def test_an_enum_jumps(cmds: Any, write: Any, node: str) -> None:
    cmds.addAttr(node, longName="mode", attributeType="enum", enumName="x:y:z", keyable=True)
    write({"ctrl.mode": curve(1, 0, 2)})
    assert at(cmds, "ctrl.mode", 1.9) == 0
    assert at(cmds, "ctrl.mode", 2) == 2


def test_frames_are_those_of_the_scenes_rate(cmds: Any, write: Any, node: str) -> None:
    cmds.currentUnit(time="ntsc")
    write({"ctrl.a": curve(10.5, 1, 2)})
    assert keys(cmds, "ctrl.a") == {10.5: 1, 11.5: 2}


# --------------------------------------------------------------------------------------------------- safe ranges


def test_only_keys_inside_the_range_are_replaced(cmds: Any, write: Any, node: str) -> None:
    for frame in range(1, 12):
        cmds.setKeyframe(
            node, attribute="a", time=[frame], value=frame, inTangentType="flat", outTangentType="step"
        )
    write({"ctrl.a": curve(4, 50, 60, step=2.5)})
    assert keys(cmds, "ctrl.a") == {1: 1, 2: 2, 3: 3, 4: 50, 6.5: 60, 7: 7, 8: 8, 9: 9, 10: 10, 11: 11}
    assert cmds.keyTangent("ctrl.a", query=True, time=(3, 3), outTangentType=True) == ["step"]
    assert cmds.keyTangent("ctrl.a", query=True, time=(7, 7), inTangentType=True) == ["flat"]


def test_each_curve_has_its_own_range(cmds: Any, write: Any, node: str) -> None:
    for attribute in "ab":
        for frame in (1, 5, 9):
            cmds.setKeyframe(node, attribute=attribute, time=[frame], value=frame)
    write({"ctrl.a": curve(4, 50, 60, step=2), "ctrl.b": curve(8, 70, 80, step=2)})
    assert keys(cmds, "ctrl.a") == {1: 1, 4: 50, 6: 60, 9: 9}
    assert keys(cmds, "ctrl.b") == {1: 1, 5: 5, 8: 70, 10: 80}


def test_a_curve_that_is_replaced_whole_keeps_its_infinities(cmds: Any, write: Any, node: str) -> None:
    cmds.setKeyframe(node, attribute="a", time=[2], value=1)
    cmds.setKeyframe(node, attribute="a", time=[3], value=2)
    cmds.setInfinity("ctrl.a", preInfinite="cycleRelative", postInfinite="cycle")
    write({"ctrl.a": curve(1, 5, 6, 7, 8)})
    assert cmds.setInfinity("ctrl.a", query=True, preInfinite=True) == ["cycleRelative"]
    assert cmds.setInfinity("ctrl.a", query=True, postInfinite=True) == ["cycle"]
    assert keys(cmds, "ctrl.a") == {1: 5, 2: 6, 3: 7, 4: 8}


def test_baking_twice_is_baking_once(cmds: Any, write: Any, node: str) -> None:
    write({"ctrl.a": curve(1, *range(20))})
    write({"ctrl.a": curve(1, *range(20))})
    assert keys(cmds, "ctrl.a") == {frame + 1: frame for frame in range(20)}
    assert len(cmds.ls(type="animCurve")) == 1


# ---------------------------------------------------------------------------------------------------------- undo


def test_all_channels_are_one_step_of_undo_and_redo(cmds: Any, write: Any, node: str) -> None:
    cmds.setKeyframe(node, attribute="b", time=[3], value=9)
    cmds.setKeyframe(node, attribute="b", time=[30], value=9)
    before = keys(cmds, "ctrl.b")
    write({"ctrl.a": curve(1, 1, 2), "ctrl.b": curve(1, 1, 2, 3, 4), "ctrl.translateX": curve(1, 7, 7)})
    after = keys(cmds, "ctrl.b")
    cmds.undo()
    assert keys(cmds, "ctrl.b") == before
    assert keys(cmds, "ctrl.a") == {}
    assert keys(cmds, "ctrl.translateX") == {}
    cmds.redo()
    assert keys(cmds, "ctrl.b") == after
    assert keys(cmds, "ctrl.a") == {1: 1, 2: 2}
    cmds.undo()
    cmds.undo()
    assert keys(cmds, "ctrl.b") == {3: 9}


def test_undo_gives_back_a_curve_that_was_replaced_whole(cmds: Any, write: Any, node: str) -> None:
    cmds.setKeyframe(node, attribute="a", time=[2], value=5, inTangentType="flat", outTangentType="flat")
    write({"ctrl.a": curve(1, 1, 2, 3)})
    cmds.undo()
    assert keys(cmds, "ctrl.a") == {2: 5}
    assert cmds.keyTangent("ctrl.a", query=True, outTangentType=True) == ["flat"]
    cmds.redo()
    assert keys(cmds, "ctrl.a") == {1: 1, 2: 2, 3: 3}


def test_where_nothing_can_be_written_there_is_no_step(cmds: Any, write: Any, node: str) -> None:
    cmds.setAttr("ctrl.a", 3.0)
    applied = write({"nothing.a": curve(1, 1)})
    assert applied.keys == 0
    cmds.undo()
    assert cmds.getAttr("ctrl.a") == 0.0


def test_an_error_half_way_leaves_the_scene_as_it_was(
    cmds: Any, write: Any, node: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from maya.api import OpenMayaAnim as oma

    cmds.setKeyframe(node, attribute="b", time=[2], value=9)
    add, calls = oma.MFnAnimCurve.addKeys, []

    def fails_at_the_second(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise HostError("stop here")
        return add(*arguments)

    monkeypatch.setattr(oma.MFnAnimCurve, "addKeys", fails_at_the_second)
    with pytest.raises(HostError, match="stop here"):
        write({"ctrl.a": curve(1, 1, 2), "ctrl.b": curve(1, 1, 2, 3)}, layer="")
    assert keys(cmds, "ctrl.a") == {}
    assert keys(cmds, "ctrl.b") == {2: 9}


# ------------------------------------------------------------------------------------------------ what is left alone


def test_what_is_missing_locked_or_driven_is_left_alone_with_its_reason(
    cmds: Any, write: Any, node: str
) -> None:
    cmds.addAttr(node, longName="text", dataType="string")
    other = cmds.createNode("transform", name="driver")
    cmds.connectAttr(f"{other}.translateX", "ctrl.b")
    cmds.setAttr("ctrl.translateY", lock=True)
    cmds.setAttr("ctrl.rotate", lock=True)
    wanted = {
        "ctrl.translateY": "is locked. Unlock it",
        "ctrl.rotateX": "is locked",
        "ctrl.b": "is driven by driver.translateX (transform)",
        "ctrl.nose": "has no attribute 'nose'",
        "gone.a": "has no node 'gone'",
        "ctrl.translate": "holds several values",
        "ctrl.text": "its type is string",
        "ctrl": "is no attribute",
    }
    applied = write({**{name: curve(1, 1, 2) for name in wanted}, "ctrl.a": curve(1, 1, 2)})
    assert applied.attributes == ("ctrl.a",)
    found = reasons(applied)
    assert set(found) == set(wanted)
    for name, words in wanted.items():
        assert words in found[name]
        assert found[name].startswith(name)
        assert found[name].endswith(".")


def test_a_locked_node_is_left_alone(cmds: Any, write: Any, node: str) -> None:
    cmds.lockNode(node, lock=True)
    applied = write({"ctrl.a": curve(1, 1, 2)})
    assert "a node that is locked" in reasons(applied)["ctrl.a"]


def test_a_name_that_is_in_a_namespace_is_found_for_the_user(cmds: Any, write: Any, node: str) -> None:
    cmds.namespace(add="hero")
    cmds.createNode("transform", name="hero:brow")
    applied = write({"brow.translateX": curve(1, 1, 2)})
    assert "There is hero:brow" in reasons(applied)["brow.translateX"]


def test_two_nodes_of_one_name_are_not_guessed_at(cmds: Any, write: Any, node: str) -> None:
    for parent in ("left", "right"):
        cmds.createNode("transform", name="lid", parent=cmds.createNode("transform", name=parent))
    applied = write({"lid.translateX": curve(1, 1, 2), "left|lid.translateY": curve(1, 3, 3)})
    assert applied.attributes == ("left|lid.translateY",)
    assert "is not clear" in reasons(applied)["lid.translateX"]
    assert keys(cmds, "|left|lid.translateY") == {1: 3, 2: 3}


def test_a_set_driven_key_is_no_animation_to_replace(cmds: Any, write: Any, node: str) -> None:
    driven = cmds.createNode("animCurveUU", name="driven_key")
    cmds.connectAttr(f"{driven}.output", "ctrl.a")
    applied = write({"ctrl.a": curve(1, 1, 2)})
    assert "driven_key.output (animCurveUU)" in reasons(applied)["ctrl.a"]


def test_a_driven_parent_counts(cmds: Any, write: Any, node: str) -> None:
    other = cmds.createNode("transform", name="driver")
    cmds.connectAttr(f"{other}.translate", "ctrl.translate")
    applied = write({"ctrl.translateX": curve(1, 1, 2)})
    assert "driver.translate" in reasons(applied)["ctrl.translateX"]


def test_a_curve_that_drives_something_else_too_is_left_alone(cmds: Any, write: Any, node: str) -> None:
    cmds.setKeyframe(node, attribute="a", time=[1], value=1)
    shared = cmds.listConnections("ctrl.a", source=True, destination=False)[0]
    cmds.connectAttr(f"{shared}.output", "ctrl.b")
    applied = write({"ctrl.a": curve(1, 1, 2)})
    assert "with ctrl.b, which would change as well" in reasons(applied)["ctrl.a"]


def test_one_attribute_by_two_names_is_written_once(cmds: Any, write: Any, node: str) -> None:
    applied = write({"ctrl.translateX": curve(1, 1, 2), "ctrl.tx": curve(1, 5, 6)})
    assert applied.attributes == ("ctrl.translateX",)
    assert "is ctrl.translateX by another name" in reasons(applied)["ctrl.tx"]


def test_a_curve_without_keys_is_listed(write: Any, node: str) -> None:
    applied = write({"ctrl.a": curve(1)})
    assert reasons(applied) == {"ctrl.a": "ctrl.a has no keys to write."}


@pytest.fixture
def referenced(cmds: Any, tmp_path: Any) -> str:
    """A rig in namespace `rig` whose `ctrl.a` is keyed, and whose `ctrl.b` is locked, in the referenced file."""
    name = cmds.createNode("transform", name="ctrl")
    for attribute in "abd":
        cmds.addAttr(name, longName=attribute, attributeType="double", keyable=True)
    cmds.setKeyframe(name, attribute="a", time=[1], value=1)
    cmds.setAttr(f"{name}.b", lock=True)
    path = tmp_path / "rig.ma"
    cmds.file(rename=path.as_posix())
    cmds.file(save=True, type="mayaAscii")
    cmds.file(new=True, force=True)
    cmds.file(path.as_posix(), reference=True, namespace="rig")
    return "rig:ctrl"


def test_keys_of_a_referenced_file_stay_and_the_reason_says_so(
    cmds: Any, write: Any, referenced: str
) -> None:
    applied = write({f"{referenced}.{name}": curve(1, 5, 6) for name in "abd"})
    assert applied.attributes == ("rig:ctrl.d",)
    found = reasons(applied)
    assert "keys in a referenced file" in found["rig:ctrl.a"]
    assert "Name an animation layer" in found["rig:ctrl.a"]
    assert "is locked in its referenced file" in found["rig:ctrl.b"]
    assert keys(cmds, "rig:ctrl.a") == {1: 1}


def test_a_layer_takes_keys_over_a_referenced_curve(cmds: Any, write: Any, referenced: str) -> None:
    applied = write({"rig:ctrl.a": curve(1, 5, 6)}, layer="face")
    assert applied.attributes == ("rig:ctrl.a",)
    assert at(cmds, "rig:ctrl.a", 2) == pytest.approx(6.0)


# ---------------------------------------------------------------------------------------------------------- layers


def test_a_new_layer_overrides_and_leaves_the_keys_below(cmds: Any, write: Any, node: str) -> None:
    cmds.setKeyframe(node, attribute="a", time=[1], value=10)
    cmds.setKeyframe(node, attribute="a", time=[5], value=20)
    applied = write({"ctrl.a": curve(1, 1, 2, 3)}, layer="face")
    assert (applied.keys, applied.left_alone) == (3, ())
    assert cmds.animLayer("face", query=True, override=True)
    assert at(cmds, "ctrl.a", 2) == pytest.approx(2.0)
    cmds.animLayer("face", edit=True, mute=True)
    assert at(cmds, "ctrl.a", 1) == pytest.approx(10.0)
    assert at(cmds, "ctrl.a", 5) == pytest.approx(20.0)


@pytest.mark.parametrize("angle", [False, True])
def test_on_an_additive_layer_the_attribute_gets_the_values_too(
    cmds: Any, write: Any, node: str, angle: bool
) -> None:
    name, unit = ("rotateX", 180 / np.pi) if angle else ("a", 1.0)
    cmds.setKeyframe(
        node, attribute=name, time=[1], value=10, inTangentType="linear", outTangentType="linear"
    )
    cmds.setKeyframe(
        node, attribute=name, time=[3], value=20, inTangentType="linear", outTangentType="linear"
    )
    attribute = f"ctrl.{name}"
    for _ in range(2):  # again, with keys of its own on the layer
        write({attribute: curve(1, 1, 2, 3)}, layer="plus", override=False)
        assert not cmds.animLayer("plus", query=True, override=True)
        for frame, value in ((1, 1.0), (2, 2.0), (3, 3.0)):
            assert at(cmds, attribute, frame) == pytest.approx(value * unit)
        assert not cmds.animLayer("plus", query=True, mute=True)
    cmds.animLayer("plus", edit=True, mute=True)
    assert at(cmds, attribute, 2) == pytest.approx(15.0)


def test_a_layer_that_holds_other_attributes_takes_new_ones(cmds: Any, write: Any, node: str) -> None:
    write({"ctrl.a": curve(1, 1, 2)}, layer="face")
    write({"ctrl.b": curve(1, 3, 4), "ctrl.a": curve(2, 9, 9)}, layer="face")
    assert at(cmds, "ctrl.a", 1) == pytest.approx(1.0)
    assert at(cmds, "ctrl.a", 2) == pytest.approx(9.0)
    assert at(cmds, "ctrl.b", 2) == pytest.approx(4.0)


@pytest.mark.parametrize("layer", ["", "BaseAnimation"])
def test_without_a_layer_keys_go_below_the_layers(cmds: Any, write: Any, node: str, layer: str) -> None:
    write({"ctrl.a": curve(1, 1, 2), "ctrl.rotateZ": curve(1, 1, 2)}, layer="face")
    write({"ctrl.a": curve(1, 70, 80), "ctrl.rotateZ": curve(1, 3, 4)}, layer=layer)
    assert at(cmds, "ctrl.a", 1) == pytest.approx(1.0)
    cmds.animLayer("face", edit=True, mute=True)
    assert at(cmds, "ctrl.a", 2) == pytest.approx(80.0)
    assert at(cmds, "ctrl.rotateZ", 2) == pytest.approx(np.degrees(4.0))


def test_undo_takes_the_layer_away_and_redo_brings_it_back(cmds: Any, write: Any, node: str) -> None:
    cmds.setAttr("ctrl.a", 7.0)
    write({"ctrl.a": curve(1, 1, 2)}, layer="face")
    cmds.undo()
    assert not cmds.objExists("face")
    assert cmds.getAttr("ctrl.a") == pytest.approx(7.0)
    cmds.redo()
    assert at(cmds, "ctrl.a", 2) == pytest.approx(2.0)


def test_a_locked_layer_is_refused(cmds: Any, write: Any, node: str) -> None:
    write({"ctrl.a": curve(1, 1, 2)}, layer="face")
    cmds.animLayer("face", edit=True, lock=True)
    with pytest.raises(LockedError, match="face: the animation layer is locked"):
        write({"ctrl.a": curve(1, 5, 5)}, layer="face")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ctrl", "ctrl: is a transform of the scene"),
        ("my layer", "'my layer' cannot be the name"),
        ("1st", "'1st'"),
    ],
)
def test_a_name_that_maya_would_change_is_refused(
    cmds: Any, write: Any, node: str, name: str, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        write({"ctrl.a": curve(1, 1, 2)}, layer=name)


# ----------------------------------------------------------------------------------------------------------- takes


@pytest.fixture
def bake(cmds: Any) -> Callable[..., Applied]:
    from facepatch_maya.write_keys import write_clip

    return write_clip


def take(rate: tuple[int, int] = (48, 1), frames: int = 9) -> Clip:
    t = np.arange(frames, dtype=np.float32)
    return Clip(("pc_000", "pc_001"), np.stack([t, 10 * t], axis=1), rate, name="shot")


def test_a_take_keeps_its_speed_in_a_scene_of_another_rate(cmds: Any, bake: Any, node: str) -> None:
    bake(take(), {"pc_000": ["ctrl.a"]}, start_frame=101)
    assert keys(cmds, "ctrl.a") == {101: 0, 102: 2, 103: 4, 104: 6, 105: 8}


def test_a_take_may_be_keyed_where_its_frames_lie(cmds: Any, bake: Any, node: str) -> None:
    bake(take(frames=3), {"pc_000": ["ctrl.a"]}, start_frame=101, offset=0.25, whole_frames=False)
    assert keys(cmds, "ctrl.a") == {101.25: 0, 101.75: 1, 102.25: 2}


def test_one_column_may_drive_several_attributes_and_columns_without_any_are_listed(
    cmds: Any, bake: Any, node: str
) -> None:
    applied = bake(take(), {"pc_001": ["ctrl.a", "ctrl.b"]}, start_frame=1)
    assert applied.attributes == ("ctrl.a", "ctrl.b")
    assert keys(cmds, "ctrl.a") == keys(cmds, "ctrl.b") == {1: 0, 2: 20, 3: 40, 4: 60, 5: 80}
    assert reasons(applied) == {
        "pc_000": "pc_000 of the take drives nothing: the mapping has no attribute for it."
    }


def test_thinning_stays_within_its_tolerance(cmds: Any, bake: Any, node: str) -> None:
    t = np.arange(200)
    values = (np.sin(t / 9.0) + 0.2 * np.sin(t / 2.0)).astype(np.float32)
    clip = Clip(("pc_000",), values[:, None], (24, 1))
    applied = bake(clip, {"pc_000": ["ctrl.a"]}, start_frame=0, tolerance=0.05)
    assert applied.keys < 80
    found = np.array([at(cmds, "ctrl.a", frame) for frame in range(200)])
    assert np.abs(found - values).max() <= 0.05 + 1e-6


def test_two_columns_for_one_attribute_are_refused(bake: Any, node: str) -> None:
    with pytest.raises(InputError, match="pc_000 and pc_001 are both to drive it"):
        bake(take(), {"pc_000": ["ctrl.a"], "pc_001": ["ctrl.a"]}, start_frame=1)


def test_a_column_that_the_take_does_not_have_is_refused(bake: Any, node: str) -> None:
    with pytest.raises(UnknownNameError, match="there is no 'pc_002'"):
        bake(take(), {"pc_002": ["ctrl.a"]}, start_frame=1)


# ----------------------------------------------------------------------------------------------------------- speed


def test_a_channel_costs_one_call_however_many_frames_it_has(
    maya: Any, cmds: Any, write: Any, node: str
) -> None:
    names = [f"c{index}" for index in range(20)]
    for name in names:
        cmds.addAttr(node, longName=name, attributeType="double", keyable=True)
    curves = {f"ctrl.{name}": curve(1, *np.sin(np.arange(300.0))) for name in names}
    write(curves)
    assert maya.counts["MFnAnimCurve.addKeys"] == len(names)
    assert maya.counts["MFnAnimCurve.addKey"] == maya.counts["MFnAnimCurve.remove"] == 0
    maya.calls.clear()
    write(curves)
    assert maya.counts["MFnAnimCurve.addKeys"] == 2 * len(names)
    assert maya.counts["MFnAnimCurve.remove"] == 0
    assert not [call for call in maya.calls if call.name == "setKeyframe"]
