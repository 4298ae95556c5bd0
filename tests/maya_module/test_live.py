from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import HostError, InputError, ShapeError
from facepatch.core.protocol.messages import Frame

NAMES = ("pc_000", "pc_001", "pc_002")


@pytest.fixture
def cmds(maya: Any) -> Any:
    from maya import cmds

    cmds.currentUnit(time="film")
    node = cmds.createNode("transform", name="face")
    for name in NAMES:
        cmds.addAttr(node, longName=name, attributeType="double", keyable=True)
    # pc_000 is keyed, pc_001 is driven by a rig, pc_002 stands by itself.
    cmds.setKeyframe(node, attribute="pc_000", time=[1], value=0.25)
    driver = cmds.createNode("transform", name="driver")
    cmds.setAttr(f"{driver}.translateX", 0.5)
    cmds.connectAttr(f"{driver}.translateX", "face.pc_001")
    cmds.setAttr("face.pc_002", 0.75)
    cmds.flushUndo()
    return cmds


@pytest.fixture
def target(cmds: Any) -> Any:
    from facepatch_maya.live import LiveTarget

    return LiveTarget([f"face.{name}" for name in NAMES])


def values(cmds: Any) -> list[float]:
    return [round(cmds.getAttr(f"face.{name}"), 6) for name in NAMES]


def wiring(cmds: Any) -> list[Any]:
    return [
        cmds.listConnections(f"face.{name}", source=True, destination=False, plugs=True) for name in NAMES
    ]


def test_weights_follow_and_everything_is_given_back(cmds: Any, target: Any) -> None:
    before, wires = values(cmds), wiring(cmds)
    target.start()
    target.apply([1.0, 2.0, 3.0])
    assert values(cmds) == [1, 2, 3]
    target.apply([4.0, 5.0, 6.0])
    assert values(cmds) == [4, 5, 6]
    target.restore()
    assert (values(cmds), wiring(cmds)) == (before, wires)
    target.restore()


def test_nothing_reaches_the_undo_queue(cmds: Any, target: Any) -> None:
    cmds.setAttr("driver.translateY", 9.0)
    with target:
        for number in range(50):
            target.apply([number, number, number])
        cmds.undo()
        assert cmds.getAttr("driver.translateY") == 0.0
        assert values(cmds) == [49, 49, 49]
    assert cmds.undoInfo(query=True, undoQueueEmpty=True)


def test_autokey_and_cached_playback_are_off_meanwhile(cmds: Any, target: Any) -> None:
    cmds.autoKeyframe(state=True)
    cmds.evaluator(name="cache", enable=True)
    with target:
        assert not cmds.autoKeyframe(query=True, state=True)
        assert not cmds.evaluator(name="cache", query=True, enable=True)
        target.apply([1.0, 2.0, 3.0])
    assert cmds.autoKeyframe(query=True, state=True)
    assert cmds.evaluator(name="cache", query=True, enable=True)
    assert cmds.keyframe("face.pc_000", query=True, keyframeCount=True) == 1


def test_a_change_of_time_does_not_take_the_weights_back(cmds: Any, target: Any) -> None:
    with target:
        target.apply([1.0, 2.0, 3.0])
        cmds.currentTime(7)
        assert values(cmds) == [1, 2, 3]


def test_what_is_missing_or_locked_is_left_alone_and_the_rest_follows(cmds: Any) -> None:
    from facepatch_maya.live import LiveTarget

    cmds.setAttr("face.pc_002", lock=True)
    target = LiveTarget(["face.pc_000", "face.nose", "face.pc_002"])
    with target:
        target.apply([1.0, 2.0, 3.0])
        assert cmds.getAttr("face.pc_000") == 1.0
        assert cmds.getAttr("face.pc_002") == 0.75
    reasons = [one.reason for one in target.left_alone]
    assert "no attribute 'nose'" in reasons[0]
    assert "is locked" in reasons[1]


def test_where_nothing_can_follow_it_does_not_start(cmds: Any) -> None:
    from facepatch_maya.live import LiveTarget

    with pytest.raises(HostError, match=r"nothing to move\. face.nose is missing"):
        LiveTarget(["face.nose"]).start()
    with pytest.raises(HostError, match="No attributes were given"):
        LiveTarget([]).start()


def test_values_of_another_number_are_refused(cmds: Any, target: Any) -> None:
    with target:
        with pytest.raises(HostError, match="2 values came for 3 attributes"):
            target.apply([1.0, 2.0])
        with pytest.raises(ShapeError, match="not finite"):
            target.apply([1.0, 2.0, np.nan])


def test_before_the_start_and_after_the_end_nothing_is_set(cmds: Any, target: Any) -> None:
    with pytest.raises(HostError, match="is not running"):
        target.apply([1.0, 2.0, 3.0])


def test_a_node_that_is_deleted_ends_it_with_a_sentence(cmds: Any, target: Any) -> None:
    cmds.autoKeyframe(state=True)
    target.start()
    cmds.delete("face")
    with pytest.raises(HostError, match=r"face.pc_000 was deleted"):
        target.apply([1.0, 2.0, 3.0])
    assert not target.running
    assert cmds.autoKeyframe(query=True, state=True)


def test_a_driver_that_is_deleted_meanwhile_does_not_keep_the_rest_from_being_restored(
    cmds: Any, target: Any
) -> None:
    with target:
        target.apply([1.0, 2.0, 3.0])
        cmds.delete("driver")
    assert values(cmds)[0] == 0.25
    assert values(cmds)[2] == 0.75


def test_what_is_saved_meanwhile_is_the_scene_without_the_preview(
    cmds: Any, target: Any, tmp_path: Any
) -> None:
    path = (tmp_path / "scene.ma").as_posix()
    with target:
        target.apply([1.0, 2.0, 3.0])
        cmds.file(rename=path)
        cmds.file(save=True, type="mayaAscii")
        assert values(cmds) == [1, 2, 3]
    cmds.file(path, open=True, force=True)
    assert values(cmds) == [0.25, 0.5, 0.75]


@pytest.mark.parametrize("change", ["new", "open"])
def test_another_scene_ends_it(cmds: Any, target: Any, tmp_path: Any, change: str) -> None:
    path = (tmp_path / "other.ma").as_posix()
    cmds.file(rename=path)
    cmds.file(save=True, type="mayaAscii")
    cmds.autoKeyframe(state=True)
    target.start()
    if change == "new":
        cmds.file(new=True, force=True)
    else:
        cmds.file(path, open=True, force=True)
    assert not target.running
    assert cmds.autoKeyframe(query=True, state=True)


def test_viewports_are_redrawn_thirty_times_a_second_at_most(maya: Any, cmds: Any) -> None:
    from facepatch_maya.live import LiveTarget

    now = [0.0]
    target = LiveTarget(["face.pc_002"], clock=lambda: now[0])
    before = maya.counts["redraw"]
    with target:
        for tick in range(120):
            now[0] = tick / 120
            target.apply([tick])
    assert 25 <= maya.counts["redraw"] - before <= 31


# -------------------------------------------------------------------------------------------------------- recorder


def frame(number: int, value: float) -> Frame:
    return Frame(number, number, np.full(3, value, np.float32), np.eye(4), time_s=number / 24)


def test_what_was_seen_becomes_keys_without_gaps(cmds: Any) -> None:
    from facepatch_maya.live import Recorder

    recorder = Recorder(NAMES)
    for number in (40, 41, 44):
        recorder.take(frame(number, float(number)))
    cmds.undoInfo(state=True)
    applied = recorder.write({"pc_002": ["face.pc_002"]}, rate=(24, 1), start_frame=101)
    assert applied.keys == 5
    assert cmds.keyframe("face.pc_002", query=True, timeChange=True) == [101, 102, 103, 104, 105]
    assert cmds.keyframe("face.pc_002", query=True, valueChange=True) == pytest.approx([40, 41, 42, 43, 44])
    said = applied.left_alone[-1]
    assert said.name == "recording"
    assert said.reason.startswith("2 of 5 frames of the source were not received (42, 43);")


def test_a_recording_at_another_rate_is_placed_at_its_speed(cmds: Any) -> None:
    from facepatch_maya.live import Recorder

    recorder = Recorder(NAMES)
    for number in range(9):
        recorder.take(frame(number, float(number)))
    recorder.write({"pc_002": ["face.pc_002"]}, rate=(48, 1), start_frame=1)
    assert cmds.keyframe("face.pc_002", query=True, valueChange=True) == pytest.approx([0, 2, 4, 6, 8])


def test_nothing_recorded_is_refused(cmds: Any) -> None:
    from facepatch_maya.live import Recorder

    with pytest.raises(InputError, match="The recording is empty"):
        Recorder(NAMES).write({}, rate=(24, 1), start_frame=1)
