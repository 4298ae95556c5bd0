from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from facepatch.core.data.clip import Clip
from facepatch.core.errors import InputError, NodeNotFoundError
from facepatch.core.pose import as_poses, rotations_from_euler

FRAMES = np.arange(1.0, 6.0)


@pytest.fixture
def cmds(maya: Any) -> Any:
    from maya import cmds

    cmds.currentUnit(time="film", linear="cm", angle="deg")
    return cmds


@pytest.fixture
def rig(cmds: Any) -> Any:
    from facepatch_maya import head_and_gaze

    return head_and_gaze


def poses(
    *, nod: float = 20.0, turn: float = -15.0, move: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> Any:
    """(5, 4, 4) growing from the neutral pose; nod and turn in degrees at the last frame."""
    share = np.linspace(0, 1, 5)
    angles = np.radians(np.stack([share * nod, share * turn, 0 * share], axis=1))
    found = as_poses(rotations_from_euler(angles))
    found[:, :3, 3] = share[:, None] * np.array(move)
    return found


def world(cmds: Any, node: str, frame: float) -> np.ndarray:
    """(4, 4) on column vectors at a frame, cm."""
    from maya.api import OpenMaya as om

    cmds.currentTime(float(frame))
    matrix = om.MSelectionList().add(node).getDagPath(0).inclusiveMatrix()
    return np.array(list(matrix)).reshape(4, 4).T


def turned(cmds: Any, node: str, frame: float, rest: np.ndarray) -> np.ndarray:
    """(3, 3) how the node is turned in the world against its rest."""
    now = world(cmds, node, frame)[:3, :3]
    return now @ np.linalg.inv(rest[:3, :3])


ORDER_OF = {"xyz": 0, "yzx": 1, "zxy": 2, "xzy": 3, "yxz": 4, "zyx": 5}


@pytest.mark.parametrize("order", ORDER_OF)
def test_the_head_turns_as_the_performers_did_under_any_parent(cmds: Any, rig: Any, order: str) -> None:
    body = cmds.createNode("transform", name="body")
    cmds.setAttr(f"{body}.rotate", 10.0, -40.0, 25.0, type="double3")
    cmds.setAttr(f"{body}.scale", 2.0, 2.0, 2.0, type="double3")
    head = cmds.createNode("transform", name="head", parent=body)
    cmds.setAttr(f"{head}.rotateOrder", ORDER_OF[order])
    rest = world(cmds, head, 1)
    wanted = poses()
    applied = rig.write_head(wanted, rig.HeadControl("head"), frames=FRAMES)
    assert applied.attributes == ("head.rotateX", "head.rotateY", "head.rotateZ")
    for frame, pose in zip(FRAMES, wanted):
        np.testing.assert_allclose(turned(cmds, head, frame, rest), pose[:3, :3], atol=1e-6)


def test_a_joint_keeps_its_orient_and_its_bone(cmds: Any, rig: Any) -> None:
    neck = cmds.createNode("joint", name="neck")
    head = cmds.createNode("joint", name="head", parent=neck)
    cmds.setAttr(f"{neck}.jointOrient", 0.0, 0.0, 80.0, type="double3")
    cmds.setAttr(f"{head}.jointOrient", 15.0, -5.0, 30.0, type="double3")
    cmds.setAttr(f"{head}.translate", 12.0, 0.0, 0.0, type="double3")
    rest = world(cmds, head, 1)
    wanted = poses(move=(0.0, 0.0, 3.0))
    rig.write_head(wanted, rig.HeadControl("head", translate=True), frames=FRAMES)
    for frame, pose in zip(FRAMES, wanted):
        np.testing.assert_allclose(turned(cmds, head, frame, rest), pose[:3, :3], atol=1e-6)
        place = world(cmds, head, frame)[:3, 3]
        np.testing.assert_allclose(place, rest[:3, 3] + pose[:3, 3], atol=1e-5)


def test_a_pose_that_is_kept_is_where_the_motion_starts(cmds: Any, rig: Any) -> None:
    head = cmds.createNode("joint", name="head")
    cmds.setAttr(f"{head}.rotate", 0.0, 30.0, 90.0, type="double3")
    rest = world(cmds, head, 1)
    rig.write_head(poses(), rig.HeadControl("head"), frames=FRAMES, neutral=rig.Neutral(keep_pose=True))
    np.testing.assert_allclose(world(cmds, head, 1), rest, atol=1e-6)
    np.testing.assert_allclose(turned(cmds, head, 5, rest), poses()[4, :3, :3], atol=1e-6)


def test_keying_a_kept_pose_again_would_add_up_and_is_refused(cmds: Any, rig: Any) -> None:
    cmds.createNode("joint", name="head")
    neutral = rig.Neutral(frame=3.0, keep_pose=True)
    rig.write_head(poses(), rig.HeadControl("head"), frames=FRAMES, neutral=neutral)
    with pytest.raises(InputError, match="head: its pose at frame 3 is to be kept"):
        rig.write_head(poses(), rig.HeadControl("head"), frames=FRAMES, neutral=neutral)


def test_from_zero_keying_again_gives_the_same(cmds: Any, rig: Any) -> None:
    cmds.createNode("transform", name="head")
    for _ in range(2):
        rig.write_head(poses(nod=20.0, turn=0.0), rig.HeadControl("head"), frames=FRAMES)
    assert cmds.getAttr("head.rotateX", time=5) == pytest.approx(20.0)


def test_an_offset_is_added_along_the_heads_own_axes(cmds: Any, rig: Any) -> None:
    head = cmds.createNode("transform", name="head")
    rig.write_head(poses(nod=0, turn=90.0), rig.HeadControl("head", offset=(10.0, 0.0, 0.0)), frames=FRAMES)
    nod = rotations_from_euler(np.radians([[10.0, 0.0, 0.0]]))[0]
    turn = rotations_from_euler(np.radians([[0.0, 90.0, 0.0]]))[0]
    np.testing.assert_allclose(world(cmds, head, 1)[:3, :3], nod, atol=1e-6)
    np.testing.assert_allclose(world(cmds, head, 5)[:3, :3], turn @ nod, atol=1e-6)


@pytest.mark.parametrize(
    ("up", "facing", "axis", "sign"), [("y", "+x", 2, -1), ("z", "", 0, 1), ("z", "+x", 1, 1)]
)
def test_a_nod_is_a_nod_whichever_way_the_character_looks(
    cmds: Any, rig: Any, up: str, facing: str, axis: int, sign: int
) -> None:
    cmds.upAxis(axis=up)
    head = cmds.createNode("transform", name="head")
    rig.write_head(
        poses(nod=20.0, turn=0.0), rig.HeadControl("head"), frames=FRAMES, neutral=rig.Neutral(facing=facing)
    )
    wanted = np.zeros((1, 3))
    wanted[0, axis] = np.radians(20.0 * sign)
    np.testing.assert_allclose(world(cmds, head, 5)[:3, :3], rotations_from_euler(wanted)[0], atol=1e-6)


def test_a_head_may_look_where_the_performer_looked_whatever_the_body_does(cmds: Any, rig: Any) -> None:
    body = cmds.createNode("transform", name="body")
    cmds.setKeyframe(body, attribute="rotateX", time=[1], value=0)
    cmds.setKeyframe(body, attribute="rotateX", time=[5], value=60)
    head = cmds.createNode("transform", name="head", parent=body)
    cmds.currentTime(1)
    wanted = poses()
    rig.write_head(wanted, rig.HeadControl("head"), frames=FRAMES, neutral=rig.Neutral(follows_parent=False))
    for frame, pose in zip(FRAMES, wanted):
        np.testing.assert_allclose(world(cmds, head, frame)[:3, :3], pose[:3, :3], atol=1e-6)
    cmds.currentTime(1)
    rig.write_head(wanted, rig.HeadControl("head"), frames=FRAMES)
    body_turn = world(cmds, body, 5)[:3, :3]
    np.testing.assert_allclose(world(cmds, head, 5)[:3, :3], body_turn @ wanted[4, :3, :3], atol=1e-6)


def test_in_a_scene_in_metres_the_head_moves_by_centimetres(cmds: Any, rig: Any) -> None:
    cmds.currentUnit(linear="m")
    head = cmds.createNode("transform", name="head")
    rig.write_head(
        poses(nod=0, turn=0, move=(0, 10.0, 0)), rig.HeadControl("head", translate=True), frames=FRAMES
    )
    np.testing.assert_allclose(world(cmds, head, 5)[:3, 3], [0, 10.0, 0], atol=1e-5)
    assert cmds.getAttr("head.translateY", time=5) == pytest.approx(0.1)


def test_about_the_eyes_the_neck_swings(cmds: Any, rig: Any) -> None:
    head = cmds.createNode("transform", name="head")
    eyes = cmds.createNode("transform", name="eyes")
    cmds.setAttr(f"{eyes}.translate", 0.0, 10.0, 0.0, type="double3")
    control = rig.HeadControl("head", translate=True, centre="eyes")
    rig.write_head(poses(nod=90.0, turn=0.0), control, frames=FRAMES)
    # The pivot lies 10 below the eyes; after a nod of 90 degrees it lies 10 behind them.
    np.testing.assert_allclose(world(cmds, head, 5)[:3, 3], [0.0, 10.0, -10.0], atol=1e-5)


def test_scene_and_time_stay_as_they_were(cmds: Any, rig: Any) -> None:
    from fakemaya.active import active
    from fakemaya.commands.settings import snapshot

    cmds.createNode("transform", name="head")
    cmds.currentTime(4)
    cmds.playbackOptions(query=True, minTime=True)
    before = snapshot(active())
    rig.write_head(
        poses(), rig.HeadControl("head"), frames=FRAMES, neutral=rig.Neutral(frame=9, follows_parent=False)
    )
    assert cmds.currentTime(query=True) == 4
    assert snapshot(active()) == before


def test_a_take_is_placed_in_time(cmds: Any, rig: Any) -> None:
    cmds.createNode("transform", name="head")
    clip = Clip(("pc_000",), np.zeros((5, 1), np.float32), (48, 1), head_pose=poses(nod=20.0, turn=0.0))
    rig.write_clip_head(clip, rig.HeadControl("head"), start_frame=101)
    assert cmds.keyframe("head.rotateX", query=True, timeChange=True) == [101, 102, 103]
    assert cmds.getAttr("head.rotateX", time=103) == pytest.approx(20.0)


def test_a_take_without_head_pose_is_refused(rig: Any) -> None:
    clip = Clip(("pc_000",), np.zeros((5, 1), np.float32), (48, 1), name="shot")
    with pytest.raises(InputError, match="shot: has no head pose"):
        rig.write_clip_head(clip, rig.HeadControl("head"), start_frame=101)


def test_a_control_that_is_not_there_is_refused(rig: Any) -> None:
    with pytest.raises(NodeNotFoundError, match="head_ctl"):
        rig.write_head(poses(), rig.HeadControl("head_ctl"), frames=FRAMES)


# ----------------------------------------------------------------------------------------------------------- gaze


def looks(cmds: Any, left: float, right: float) -> Any:
    """(5, 2, 3, 3) both eyes turning to the side, degrees at the last frame."""
    share = np.linspace(0, 1, 5)
    sides = [
        rotations_from_euler(np.radians(np.stack([0 * share, share * angle, 0 * share], axis=1)))
        for angle in (left, right)
    ]
    return np.stack(sides, axis=1)


@pytest.fixture
def eyes(cmds: Any) -> tuple[str, str]:
    """Eye controls at x = +3 and -3, 50 high, under a head that is turned and moved."""
    head = cmds.createNode("transform", name="head")
    names = []
    for name, x in (("eye_l", 3.0), ("eye_r", -3.0)):
        names.append(cmds.createNode("transform", name=name, parent=head))
        cmds.setAttr(f"{name}.translate", x, 50.0, 0.0, type="double3")
    return names[0], names[1]


def test_eye_controls_turn_as_the_eyes_did(cmds: Any, rig: Any, eyes: Any) -> None:
    turns = looks(cmds, 10.0, 25.0)
    applied = rig.write_gaze(turns, rig.GazeControls(eyes=eyes), frames=FRAMES)
    assert len(applied.attributes) == 6
    assert cmds.getAttr("eye_l.rotateY", time=5) == pytest.approx(10.0)
    assert cmds.getAttr("eye_r.rotateY", time=5) == pytest.approx(25.0)


def test_one_aim_target_goes_where_both_eyes_look_in_the_mean(cmds: Any, rig: Any, eyes: Any) -> None:
    aim = cmds.createNode("transform", name="aim")
    cmds.setAttr(f"{aim}.translate", 0.0, 50.0, 40.0, type="double3")
    controls = rig.GazeControls(aim=("aim",), centres=eyes)
    rig.write_gaze(looks(cmds, 20.0, 40.0), controls, frames=FRAMES, neutral=rig.Neutral(keep_pose=True))
    place = world(cmds, aim, 5)[:3, 3]
    angle = np.radians(30.0)
    np.testing.assert_allclose(place, [40 * np.sin(angle), 50.0, 40 * np.cos(angle)], atol=1e-5)
    np.testing.assert_allclose(world(cmds, aim, 1)[:3, 3], [0, 50, 40], atol=1e-5)


def test_two_aim_targets_go_with_their_eyes(cmds: Any, rig: Any, eyes: Any) -> None:
    for name, x in (("aim_l", 3.0), ("aim_r", -3.0)):
        cmds.createNode("transform", name=name)
        cmds.setAttr(f"{name}.translate", x, 50.0, 10.0, type="double3")
    controls = rig.GazeControls(aim=("aim_l", "aim_r"), centres=eyes)
    rig.write_gaze(looks(cmds, 90.0, 0.0), controls, frames=FRAMES, neutral=rig.Neutral(keep_pose=True))
    np.testing.assert_allclose(world(cmds, "aim_l", 5)[:3, 3], [13.0, 50.0, 0.0], atol=1e-5)
    np.testing.assert_allclose(world(cmds, "aim_r", 5)[:3, 3], [-3.0, 50.0, 10.0], atol=1e-5)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"eyes": ("eye_l",)}, "1 eye controls and 0 aim targets"),
        ({}, "0 eye controls and 0 aim targets"),
        ({"aim": ("eye_l",)}, "needs the centres of both eyes, but 0"),
    ],
)
def test_a_wrong_number_of_gaze_controls_is_refused(
    cmds: Any, rig: Any, eyes: Any, given: Any, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        rig.write_gaze(looks(cmds, 1, 1), rig.GazeControls(**given), frames=FRAMES)
