"""The stand-in's time, keys, animation layers and bulk curves behave as Maya's do."""

from __future__ import annotations

import numpy as np
import pytest

import fakemaya


@pytest.fixture
def maya():
    with fakemaya.install() as installed:
        yield installed


@pytest.fixture
def cmds(maya):
    from maya import cmds

    cmds.createNode("transform", name="a")
    cmds.undoInfo(state=False)
    cmds.undoInfo(state=True)
    return cmds


def at(cmds, plug, *frames):
    return [cmds.getAttr(plug, time=frame) for frame in frames]


# ------------------------------------------------------------------------------------------------------- time


def test_time_moves_what_is_animated_and_can_be_undone(cmds):
    cmds.setKeyframe(
        "a", attribute="translateX", time=[1, 11], value=0, inTangentType="linear", outTangentType="linear"
    )
    cmds.setKeyframe("a.tx", time=11, value=5, inTangentType="linear", outTangentType="linear")
    before = cmds.currentTime(q=True)
    cmds.currentTime(6)
    assert cmds.getAttr("a.tx") == pytest.approx(2.5)
    cmds.undo()
    assert cmds.currentTime(q=True) == before != 6.0


def test_a_new_rate_keeps_seconds_unless_told_otherwise(cmds):
    cmds.setKeyframe("a.tx", time=24, value=1)
    cmds.currentUnit(time="ntsc")
    assert cmds.keyframe("a.tx", q=True, timeChange=True) == [30.0]
    cmds.currentUnit(time="film", updateAnimation=False)
    assert cmds.keyframe("a.tx", q=True, timeChange=True) == [30.0]
    with pytest.raises(RuntimeError, match="Invalid time unit"):
        cmds.currentUnit(time="24")


def test_the_playback_range_is_kept(cmds):
    cmds.playbackOptions(minTime=10, maxTime=50)
    assert [
        cmds.playbackOptions(q=True, **{name: True}) for name in ("minTime", "maxTime", "animationEndTime")
    ] == [10.0, 50.0, 200.0]


# ------------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("attribute", "kind", "value"),
    [
        ("translateX", "animCurveTL", 2.0),
        ("rotateY", "animCurveTA", 90.0),
        ("scaleZ", "animCurveTU", 3.0),
        ("visibility", "animCurveTU", 0.0),
    ],
)
def test_a_key_makes_the_curve_of_the_attributes_unit(cmds, attribute, kind, value):
    assert cmds.setKeyframe("a", attribute=attribute, time=1, value=value) == 1
    curve = cmds.keyframe(f"a.{attribute}", q=True, name=True)[0]
    assert (curve, cmds.nodeType(curve)) == (f"a_{attribute}", kind)
    assert cmds.keyframe(f"a.{attribute}", q=True, valueChange=True) == [pytest.approx(value)]


def test_keys_follow_the_user_interfaces_units(cmds):
    cmds.currentUnit(linear="m")
    cmds.setKeyframe("a.tx", time=1, value=2.0)
    cmds.currentUnit(linear="cm")
    assert cmds.getAttr("a.tx", time=1) == 200.0


def test_without_a_value_the_present_one_is_keyed(cmds):
    cmds.setAttr("a.tx", 7.0)
    cmds.setKeyframe("a.tx")
    assert cmds.keyframe("a.tx", q=True, valueChange=True) == [7.0]


def test_one_setkeyframe_is_one_step_of_undo(cmds):
    cmds.setKeyframe("a", attribute=["tx", "ty"], time=[1, 2], value=1)
    assert cmds.keyframe("a", q=True, keyframeCount=True) == 4
    cmds.undo()
    assert cmds.ls(type="animCurve") == []
    cmds.redo()
    assert cmds.keyframe("a", q=True, keyframeCount=True) == 4


def test_a_locked_or_driven_attribute_gets_no_key(cmds):
    cmds.setAttr("a.tx", lock=True)
    cmds.createNode("transform", name="b")
    cmds.connectAttr("b.ty", "a.ty")
    assert cmds.setKeyframe("a", attribute=["tx", "ty", "tz"], time=1, value=1) == 1


def test_cutting_takes_only_the_range_and_the_last_key_takes_the_curve(cmds):
    cmds.setKeyframe("a.tx", time=[1, 2, 3, 4, 5], value=1)
    assert cmds.cutKey("a.tx", time=(2, 4), clear=True) == 3
    assert cmds.keyframe("a.tx", q=True, timeChange=True) == [1.0, 5.0]
    assert cmds.cutKey("a_translateX", time="1:1", clear=True) == 1
    assert cmds.cutKey("a", attribute="tx", clear=True) == 1
    assert cmds.ls(type="animCurve") == []
    cmds.undo()
    assert cmds.keyframe("a.tx", q=True, timeChange=True) == [5.0]


def test_stepped_and_linear_tangents_are_exact(cmds):
    cmds.setKeyframe("a.tx", time=0, value=0, inTangentType="linear", outTangentType="step")
    cmds.setKeyframe("a.tx", time=10, value=10, inTangentType="linear", outTangentType="linear")
    cmds.setKeyframe("a.tx", time=20, value=30, inTangentType="linear", outTangentType="linear")
    assert at(cmds, "a.tx", 5, 10, 15, 25) == [0.0, 10.0, 20.0, 30.0]
    with pytest.raises(RuntimeError, match="invalid tangent"):
        cmds.setKeyframe("a.tx", time=1, value=1, outTangentType="cubic")


def test_keys_are_found_moved_and_asked_about(cmds):
    cmds.setKeyframe("a.tx", time=[1, 5, 9], value=2)
    assert cmds.findKeyframe("a.tx", which="next", time=1) == 5.0
    assert cmds.findKeyframe("a.tx", which="last") == 9.0
    cmds.keyframe("a.tx", e=True, time=(5, 5), timeChange=1, valueChange=3, relative=True)
    assert cmds.keyframe("a.tx", q=True, timeChange=True, valueChange=True) == [1.0, 2.0, 6.0, 5.0, 9.0, 2.0]
    assert cmds.keyTangent("a.tx", q=True, time=(1, 1), inTangentType=True) == ["auto"]
    with pytest.raises(RuntimeError, match="neighbours"):
        cmds.keyframe("a.tx", e=True, time=(6, 6), timeChange=9)


def test_autokey_adds_keys_to_what_is_animated_only(cmds):
    cmds.setKeyframe("a.tx", time=1, value=0)
    cmds.autoKeyframe(state=True)
    cmds.currentTime(10)
    cmds.setAttr("a.tx", 4.0)
    cmds.setAttr("a.ty", 4.0)
    assert cmds.keyframe("a.tx", q=True, timeChange=True) == [1.0, 10.0]
    assert cmds.keyframe("a.ty", q=True, keyframeCount=True) == 0


# ----------------------------------------------------------------------------------------------------- layers


def test_without_layers_there_is_no_root(cmds):
    assert cmds.animLayer(q=True, root=True) is None
    assert cmds.animLayer("L", q=True, exists=True) is False
    cmds.animLayer("L")
    assert cmds.animLayer(q=True, root=True) == "BaseAnimation"
    assert cmds.animLayer("L", q=True, exists=True) is True


def test_an_additive_layer_adds_and_an_overriding_one_replaces(cmds):
    cmds.setKeyframe("a.tx", time=1, value=10, inTangentType="linear", outTangentType="linear")
    cmds.animLayer("add", attribute="a.tx")
    cmds.setKeyframe("a.tx", time=1, value=2, animLayer="add")
    assert cmds.getAttr("a.tx", time=1) == 12.0
    cmds.animLayer("over", override=True, attribute="a.tx")
    cmds.setKeyframe("a.tx", time=1, value=5, animLayer="over")
    assert cmds.getAttr("a.tx", time=1) == 5.0
    cmds.animLayer("over", e=True, weight=0.5)
    assert cmds.getAttr("a.tx", time=1) == pytest.approx(8.5)
    cmds.animLayer("over", e=True, mute=True)
    assert cmds.getAttr("a.tx", time=1) == 12.0
    cmds.animLayer("add", e=True, solo=True)
    assert cmds.getAttr("a.tx", time=1) == 12.0


def test_a_layer_without_keys_changes_nothing(cmds):
    cmds.setAttr("a.tx", 7.0)
    cmds.animLayer("over", override=True, attribute="a.tx")
    assert cmds.getAttr("a.tx") == 7.0
    cmds.animLayer("add", attribute="a.tx")
    assert cmds.getAttr("a.tx") == 7.0


def test_keys_of_a_layer_have_their_own_place(cmds):
    cmds.setKeyframe("a.tx", time=1, value=10)
    cmds.animLayer("L", attribute=["a.tx", "a.rx", "a.ry"])
    below, above = (cmds.animLayer(name, q=True, layeredPlug="a.tx") for name in ("BaseAnimation", "L"))
    assert below.endswith("inputA")
    assert above.endswith("inputB")
    assert cmds.animLayer("L", q=True, layeredPlug="a.rx").endswith("inputBX")
    assert cmds.animLayer("L", q=True, layeredPlug="a.ry").endswith("inputBY")
    assert cmds.animLayer("L", q=True, layeredPlug="a.ty") == ""
    assert cmds.animLayer("L", q=True, attribute=True) == ["a.translateX", "a.rotateX", "a.rotateY"]
    assert cmds.animLayer(["a.tx"], q=True, affectedLayers=True) == ["L", "BaseAnimation"]
    cmds.setKeyframe("a.tx", time=1, value=3)
    assert cmds.getAttr(below, time=1) == 3.0
    with pytest.raises(RuntimeError, match="not in the animation layer"):
        cmds.setKeyframe("a.ty", time=1, value=3, animLayer="L")


def test_a_rotation_on_a_layer_moves_every_axis_by_itself(cmds):
    cmds.setAttr("a.ry", 30.0)
    cmds.animLayer("L", attribute=["a.rx", "a.ry"])
    cmds.setKeyframe("a.rx", time=1, value=20.0, animLayer="L")
    assert [cmds.getAttr(f"a.r{axis}") for axis in "xyz"] == [pytest.approx(20.0), pytest.approx(30.0), 0.0]


def test_a_layer_goes_with_one_undo(cmds):
    cmds.setKeyframe("a.tx", time=1, value=10)
    cmds.animLayer("L", attribute="a.tx")
    cmds.undo()
    assert cmds.animLayer(q=True, root=True) is None
    assert cmds.getAttr("a.tx") == 10.0
    assert cmds.ls(type="animBlendNodeBase") == []


# ------------------------------------------------------------------------------------------------
# OpenMayaAnim


@pytest.fixture
def api(cmds):
    from maya.api import OpenMaya as om
    from maya.api import OpenMayaAnim as oma

    return om, oma


def plug_of(om, name):
    return om.MSelectionList().add(name).getPlug(0)


def times(om, *frames):
    return om.MTimeArray([om.MTime(float(frame), om.MTime.uiUnit()) for frame in frames])


def test_bulk_keys_are_one_counted_call_and_can_be_taken_back(maya, cmds, api):
    om, oma = api
    modifier, change = om.MDGModifier(), oma.MAnimCurveChange()
    curve = oma.MFnAnimCurve()
    curve.create(plug_of(om, "a.tx"), oma.MFnAnimCurve.kAnimCurveUnknown, modifier)
    curve.addKeys(
        times(om, *range(100)), om.MDoubleArray([float(frame) for frame in range(100)]), 2, 2, True, change
    )
    assert maya.counts["MFnAnimCurve.addKeys"] == 1
    assert [call.name for call in maya.calls if call.name.startswith("MFnAnimCurve")] == [
        "MFnAnimCurve.create",
        "MFnAnimCurve.addKeys",
    ]
    assert at(cmds, "a.tx", 10.5) == [10.5]
    change.undoIt()
    modifier.undoIt()
    assert cmds.ls(type="animCurve") == []
    modifier.doIt()
    change.redoIt()
    assert cmds.keyframe("a.tx", q=True, keyframeCount=True) == 100


def test_a_change_of_a_curve_that_was_there_is_taken_back_alone(cmds, api):
    om, oma = api
    cmds.setKeyframe("a.tx", time=[1, 9], value=2)
    change = oma.MAnimCurveChange()
    curve = oma.MFnAnimCurve(plug_of(om, "a.tx"))
    curve.addKeys(times(om, 4, 9), om.MDoubleArray([5.0, 6.0]), 2, 2, True, change)
    curve.setPreInfinityType(curve.kCycle, change)
    change.undoIt()
    assert cmds.keyframe("a.tx", q=True, timeChange=True, valueChange=True) == [1.0, 2.0, 9.0, 2.0]
    assert curve.preInfinityType == curve.kConstant
    change.redoIt()
    assert cmds.keyframe("a.tx", q=True, timeChange=True, valueChange=True) == [1.0, 2.0, 4.0, 5.0, 9.0, 6.0]
    assert curve.preInfinityType == curve.kCycle


def test_the_api_leaves_the_undo_queue_alone(cmds, api):
    om, oma = api
    cmds.setAttr("a.ty", 1.0)
    curve = oma.MFnAnimCurve()
    curve.create(plug_of(om, "a.tx"))
    curve.addKeys(times(om, 1, 2), om.MDoubleArray([1.0, 2.0]))
    cmds.undo()
    assert cmds.getAttr("a.ty") == 0.0
    assert cmds.keyframe("a.tx", q=True, keyframeCount=True) == 2


def test_without_keeping_all_old_keys_go(cmds, api):
    om, oma = api
    cmds.setKeyframe("a.tx", time=[0, 5, 6, 20], value=9)
    curve = oma.MFnAnimCurve(plug_of(om, "a.tx"))
    curve.addKeys(times(om, 4, 8), om.MDoubleArray([1.0, 2.0]), 2, 2, False)
    assert cmds.keyframe("a.tx", q=True, timeChange=True) == [4.0, 8.0]
    curve.addKeys(times(om, 2, 10), om.MDoubleArray([1.0, 2.0]), 2, 2, True)
    assert curve.numKeys == 4
    assert (curve.input(0).value, curve.value(0), curve.inTangentType(0)) == (2.0, 1.0, 2)
    assert curve.find(times(om, 8)[0]) == 2
    assert curve.find(times(om, 7)[0]) is None


def test_values_of_the_api_are_internal_units(cmds, api):
    om, oma = api
    curve = oma.MFnAnimCurve()
    curve.create(plug_of(om, "a.rx"))
    curve.addKeys(times(om, 1), om.MDoubleArray([np.pi / 2]))
    assert cmds.getAttr("a.rx", time=1) == pytest.approx(90.0)
    assert curve.animCurveType == oma.MFnAnimCurve.kAnimCurveTA


def test_what_takes_no_curve_is_refused(cmds, api):
    om, oma = api
    with pytest.raises(RuntimeError, match="kFailure"):
        oma.MFnAnimCurve(plug_of(om, "a.tx"))
    cmds.setAttr("a.ty", lock=True)
    with pytest.raises(RuntimeError, match="kFailure"):
        oma.MFnAnimCurve().create(plug_of(om, "a.ty"))
    curve = oma.MFnAnimCurve()
    curve.create(plug_of(om, "a.tx"))
    with pytest.raises(RuntimeError, match="kInvalidParameter"):
        curve.addKeys(times(om, 1, 2), om.MDoubleArray([1.0]))
    with pytest.raises(TypeError, match="MTimeArray"):
        curve.addKeys([1.0], [1.0])


def test_the_time_slider_by_the_api(cmds, api):
    om, oma = api
    cmds.playbackOptions(minTime=3, maxTime=9)
    oma.MAnimControl.setCurrentTime(om.MTime(5, om.MTime.uiUnit()))
    assert (cmds.currentTime(q=True), oma.MAnimControl.minTime().value, oma.MAnimControl.maxTime().value) == (
        5.0,
        3.0,
        9.0,
    )
    cmds.autoKeyframe(state=True)
    assert oma.MAnimControl.autoKeyMode() is True
    cmds.setKeyframe("a.tx")
    assert oma.MAnimUtil.isAnimated(plug_of(om, "a.tx"), False)
    assert not oma.MAnimUtil.isAnimated(plug_of(om, "a.ty"), False)
