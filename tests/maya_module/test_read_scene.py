from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import (
    LockedError,
    NodeNotFoundError,
    ShapeError,
    TopologyError,
    UnsupportedError,
)
from small_meshes import grid


def add_grid(maya: Any, name: str = "head", **settings: Any) -> str:
    points, counts, corners = grid()
    return str(maya.add_mesh(name, points, counts, corners, **settings))


def rising(frame: float) -> Any:
    """Object space: the sheet rises a centimetre a frame, and its first vertex runs ahead."""
    points = grid()[0].copy()
    points[:, 1] += np.float32(frame)
    points[0, 2] += np.float32(0.25 * frame * frame)
    return points


# ---------------------------------------------------------------------------------------------------- scene


def test_the_scene(maya: Any, tmp_path: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_scene import scene_info

    cmds.currentUnit(time="ntsc", linear="m")
    cmds.playbackOptions(minTime=5, maxTime=40)
    cmds.currentTime(8.0)
    info = scene_info()
    assert (info.path, info.start_frame, info.end_frame, info.current_frame) == ("", 5.0, 40.0, 8.0)
    assert (info.rate, info.up_axis, info.centimetres_per_unit) == ((30, 1), "y", 100.0)
    cmds.file(rename=(tmp_path / "shot.ma").as_posix())
    assert scene_info().path == (tmp_path / "shot.ma").as_posix()


@pytest.mark.parametrize(
    ("unit", "rate"),
    [
        ("film", (24, 1)),
        ("pal", (25, 1)),
        ("ntscf", (60, 1)),
        ("23.976fps", (24000, 1001)),
        ("29.97fps", (30000, 1001)),
        ("29.97df", (30000, 1001)),
        ("47.952fps", (48000, 1001)),
        ("59.94fps", (60000, 1001)),
        ("100fps", (100, 1)),
        ("6000fps", (6000, 1)),
        ("min", (1, 60)),
    ],
)
def test_rates_of_time_units(maya: Any, unit: str, rate: tuple[int, int]) -> None:
    from facepatch_maya.read_scene import rate_of_unit

    assert rate_of_unit(unit) == rate


def test_an_unknown_time_unit_is_refused(maya: Any) -> None:
    from facepatch_maya.read_scene import rate_of_unit

    with pytest.raises(UnsupportedError, match="time unit 'fortnight' is no frame rate"):
        rate_of_unit("fortnight")


def test_cameras_are_without_mayas_side_views(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_scene import cameras

    mine = cmds.camera(name="witness")[0]
    assert set(cameras()) == {"|persp", f"|{mine}"}


# --------------------------------------------------------------------------------------------------- meshes


def test_meshes_are_named_by_the_long_path_of_the_transform(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_scene import meshes

    cmds.group(add_grid(maya), name="rig")
    add_grid(maya, "teeth")
    assert set(meshes()) == {"|rig|head", "|teeth"}


def test_meshes_that_only_deformers_see_are_left_out(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_scene import meshes

    head = add_grid(maya)
    cmds.blendShape(head, name="rig", origin="local")
    assert len(cmds.ls(type="mesh")) == 2
    assert meshes() == (head,)


def test_a_mesh(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_scene import read_mesh

    head = add_grid(maya)
    cmds.setAttr(f"{head}.translateX", 3.0)
    cmds.setAttr(f"{head}.rotateZ", 90.0)
    points, counts, corners = grid()
    mesh = read_mesh("head")
    assert mesh.name == head
    assert mesh.uuid == cmds.ls(head, uuid=True)[0]
    np.testing.assert_array_equal(mesh.points, points)
    np.testing.assert_array_equal(mesh.topology.polygon_counts, counts)
    np.testing.assert_array_equal(mesh.topology.polygon_vertices, corners)
    wanted = [[0, -1, 0, 3], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(mesh.object_to_world, wanted, atol=1e-12)


def test_centimetres_whatever_the_unit_of_the_scene(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_scene import read_mesh

    head = add_grid(maya)
    cmds.setAttr(f"{head}.translateX", 3.0)
    before = read_mesh(head)
    cmds.currentUnit(linear="m")
    after = read_mesh(head)
    np.testing.assert_array_equal(after.points, before.points)
    np.testing.assert_array_equal(after.object_to_world, before.object_to_world)


def test_a_mesh_by_its_shape(maya: Any) -> None:
    from facepatch_maya.read_scene import read_mesh

    head = add_grid(maya)
    assert read_mesh(f"{head}|headShape").name == head


def test_an_unknown_mesh_names_its_neighbours(maya: Any) -> None:
    from facepatch_maya.read_scene import read_mesh

    add_grid(maya)
    with pytest.raises(NodeNotFoundError, match=r"there is no 'heda'. Nearest: head"):
        read_mesh("heda")


def test_a_name_that_two_have_is_refused(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_scene import read_mesh

    cmds.group(add_grid(maya), name="a")
    cmds.group(add_grid(maya), name="b")
    with pytest.raises(UnsupportedError, match=r"there are 2 of that name: \|a\|head, \|b\|head"):
        read_mesh("head")


def test_what_is_no_mesh_is_refused(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_scene import read_mesh

    cmds.createNode("transform", name="empty")
    with pytest.raises(UnsupportedError, match="empty: is no mesh"):
        read_mesh("empty")
    with pytest.raises(UnsupportedError, match=r"is no mesh|has no place"):
        read_mesh("time1")


def test_slow_and_fast_reading_agree(maya: Any) -> None:
    from facepatch_maya import scene_names
    from facepatch_maya.mesh_points import MeshPoints

    reader = MeshPoints(scene_names.mesh_shape(add_grid(maya)))
    assert reader._direct
    np.testing.assert_array_equal(reader._from_memory(), reader._plain())


def test_points_in_memory_that_are_others_are_not_used(
    maya: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from facepatch_maya import scene_names
    from facepatch_maya.mesh_points import MeshPoints

    monkeypatch.setattr(MeshPoints, "_from_memory", lambda self: np.zeros((12, 3), dtype=np.float32))
    reader = MeshPoints(scene_names.mesh_shape(add_grid(maya)))
    np.testing.assert_array_equal(reader.object_space(), grid()[0])
    assert "reading them the slow way" in caplog.text


# --------------------------------------------------------------------------------------------------- motion


def test_motion_is_in_world_space(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_scene import read_motion

    head = add_grid(maya, animate=rising)
    cmds.setAttr(f"{head}.translateX", 3.0)
    cmds.setAttr(f"{head}.scaleZ", 2.0)
    frames = [1.0, 4.0, 2.5]
    for wanted, frame in zip(frames, read_motion([head], frames)):
        assert frame.frame == wanted
        assert frame.head_to_world is None
        np.testing.assert_allclose(frame.points[0], rising(wanted) * [1, 1, 2] + [3, 0, 0], atol=1e-5)


def test_frames_are_own_copies(maya: Any) -> None:
    from facepatch_maya.read_scene import read_motion

    head = add_grid(maya, animate=rising)
    first, second = [frame.points[0] for frame in read_motion([head], [1.0, 2.0])]
    assert not np.array_equal(first, second)


def test_the_head_node_is_read_with_the_meshes(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_scene import read_motion

    head = add_grid(maya)
    cmds.createNode("transform", name="skull")
    for frame in (1, 10):
        cmds.setKeyframe("skull", attribute="translateX", time=frame, value=float(frame))
    seen = [frame.head_to_world for frame in read_motion([head], [1.0, 10.0], head="skull")]
    assert [matrix[0, 3] for matrix in seen] == [1.0, 10.0]


def test_one_pass_over_time(maya: Any) -> None:
    from facepatch_maya.read_scene import read_motion

    two = [add_grid(maya, animate=rising), add_grid(maya, "teeth", animate=rising)]
    list(read_motion(two, [1.0, 2.0, 3.0]))
    times = [call.args for call in maya.calls if call.name == "currentTime" and call.args]
    assert times[:3] == [(1.0,), (2.0,), (3.0,)]
    assert len(times) == 4, "three frames, and back"


def test_the_scene_is_as_before(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_scene import read_motion

    head = add_grid(maya, animate=rising)
    cmds.currentTime(17.0)
    cmds.evaluationManager(mode="parallel")
    cmds.setAttr(f"{head}.translateX", 3.0)

    def state() -> Any:
        return (
            cmds.currentTime(query=True),
            cmds.evaluationManager(query=True, mode=True),
            cmds.undoInfo(query=True, state=True),
            cmds.undoInfo(query=True, undoName=True),
            bool(cmds.file(query=True, modified=True)),
        )

    before = state()
    list(read_motion([head], [1.0, 2.0]))
    assert state() == before
    frames = read_motion([head], [1.0, 2.0])
    next(frames)
    frames.close()
    assert state() == before
    with pytest.raises(ValueError, match="disk full"):
        for _ in read_motion([head], [1.0, 2.0]):
            raise ValueError("disk full")
    assert state() == before
    assert [call.kwargs["suspend"] for call in maya.calls if call.name == "refresh"][-1] is False


def test_a_mesh_that_grows_is_refused(maya: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from maya import cmds

    from facepatch_maya.mesh_points import MeshPoints
    from facepatch_maya.read_scene import read_motion

    head = add_grid(maya)
    plain = MeshPoints._from_memory

    def grown(self: Any) -> Any:
        points = plain(self)
        return np.concatenate([points, points]) if cmds.currentTime(query=True) == 2.0 else points

    monkeypatch.setattr(MeshPoints, "_from_memory", grown)
    cmds.currentTime(1.0)
    with pytest.raises(TopologyError, match="has 24 vertices now and had 12 before"):
        list(read_motion([head], [1.0, 2.0]))
    assert cmds.currentTime(query=True) == 1.0


def test_unknown_names_are_refused_before_the_first_frame(maya: Any) -> None:
    from facepatch_maya.read_scene import read_motion

    head = add_grid(maya)
    with pytest.raises(NodeNotFoundError, match="skul"):
        read_motion([head], [1.0], head="skul")
    with pytest.raises(NodeNotFoundError, match="haed"):
        read_motion(["haed"], [1.0])
    with pytest.raises(ShapeError, match="not finite"):
        read_motion([head], [1.0, float("nan")])


# ------------------------------------------------------------------------------------------------ selection


def test_vertices_come_in_the_order_of_selection(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_scene import selected_vertices

    head = add_grid(maya)
    cmds.selectPref(trackSelectionOrder=True)
    cmds.select(f"{head}.vtx[7]", replace=True)
    cmds.select(f"{head}.vtx[2]", add=True)
    cmds.select(f"{head}.f[1]", add=True)
    cmds.select(f"{head}.vtx[4]", add=True)
    assert selected_vertices() == ((head, 7), (head, 2), (head, 4))


def test_nothing_selected(maya: Any) -> None:
    from facepatch_maya.read_scene import selected_vertices

    assert selected_vertices() == ()


# ---------------------------------------------------------------------------------------------- blendShapes


def test_targets_of_a_mesh(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_blendshapes import read_blendshapes

    head = add_grid(maya)
    smile = grid()[0].copy()
    smile[3] += [0.0, 1.0, 0.0]
    smile[8] += [0.0, 0.0, -2.0]
    points, counts, corners = grid()
    target = maya.add_mesh("smile", smile, counts, corners)
    node = cmds.blendShape(target, head, name="rig", origin="local")[0]
    cmds.setAttr(f"{node}.smile", 0.25)
    found = read_blendshapes(head)
    assert (found.node, found.names) == ("rig", ("smile",))
    np.testing.assert_allclose(found.deltas[0], smile - points, atol=1e-6)
    np.testing.assert_allclose(found.weights, [0.25])
    cmds.delete(target)
    np.testing.assert_allclose(read_blendshapes(head).deltas[0], smile - points, atol=1e-6)


def test_a_mesh_without_targets(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.read_blendshapes import read_blendshapes

    head = add_grid(maya)
    found = read_blendshapes(head)
    assert (found.node, found.names, found.deltas.shape) == ("", (), (0, 12, 3))
    cmds.blendShape(head, name="rig", origin="local")
    found = read_blendshapes(head)
    assert (found.node, found.names, found.deltas.shape) == ("rig", (), (0, 12, 3))


def test_what_is_built_is_read_back(maya: Any) -> None:
    from builder_checks import build, targets
    from facepatch_maya.read_blendshapes import read_blendshapes

    shape = targets()
    built = build([add_grid(maya)], [shape])
    found = read_blendshapes(built.meshes[0])
    assert (found.node, found.names) == (built.nodes[0], shape.names)
    np.testing.assert_allclose(found.deltas, shape.deltas, atol=2e-6)


# ------------------------------------------------------------------------------------------------- controls


@pytest.fixture
def rig(maya: Any) -> str:
    """A mesh below a control with attributes of each kind."""
    from maya import cmds

    head = add_grid(maya)
    control = cmds.group(head, name="jaw")
    cmds.addAttr(
        control,
        longName="open",
        attributeType="double",
        minValue=0.0,
        maxValue=10.0,
        defaultValue=2.0,
        keyable=True,
    )
    cmds.addAttr(control, longName="twist", attributeType="doubleAngle", keyable=True)
    cmds.addAttr(control, longName="space", attributeType="enum", enumName="head:world", keyable=True)
    cmds.addAttr(control, longName="notes", dataType="string")
    cmds.connectAttr(f"{control}.open", f"{control}.translateY")
    return str(control)


def test_controls_are_in_internal_units(rig: str) -> None:
    from maya import cmds

    from facepatch_maya.rig_controls import read_controls

    cmds.currentUnit(linear="m")
    cmds.setAttr(f"{rig}.translateX", 0.5)
    cmds.setAttr(f"{rig}.rotateX", 180.0)
    length, angle, opening, visible, space = read_controls(
        [f"{rig}.{name}" for name in ("translateX", "rotateX", "open", "visibility", "space")]
    )
    assert (length.kind, length.value, length.default) == ("length", 50.0, 0.0)
    assert (angle.kind, angle.value) == ("angle", pytest.approx(np.pi))
    assert (opening.kind, opening.value, opening.default) == ("scalar", 2.0, 2.0)
    assert (opening.minimum, opening.maximum, angle.minimum) == (0.0, 10.0, None)
    assert (visible.kind, visible.value) == ("bool", 1.0)
    assert (space.kind, space.value, space.minimum, space.maximum) == ("enum", 0.0, 0.0, 1.0)


def test_a_node_gives_all_that_can_be_keyed(rig: str) -> None:
    from facepatch_maya.rig_controls import read_controls

    names = [control.name for control in read_controls([rig])]
    assert {f"{rig}.translateX", f"{rig}.rotateZ", f"{rig}.open", f"{rig}.space"} <= set(names)
    assert f"{rig}.notes" not in names


def test_locked_driven_and_keyed_controls(rig: str) -> None:
    from maya import cmds

    from facepatch_maya.rig_controls import read_controls

    cmds.setAttr(f"{rig}.rotateX", lock=True)
    cmds.setKeyframe(rig, attribute="rotateY", time=1, value=10.0)
    locked, driven, keyed = read_controls([f"{rig}.{name}" for name in ("rotateX", "translateY", "rotateY")])
    assert (locked.locked, locked.connected) == (True, False)
    assert (driven.locked, driven.connected) == (False, True)
    assert (keyed.locked, keyed.connected) == (False, False)


def test_what_is_no_control_is_refused(rig: str) -> None:
    from facepatch_maya.rig_controls import read_controls

    with pytest.raises(NodeNotFoundError, match=r"'jaw.opne'. Nearest: jaw.open"):
        read_controls(["jaw.opne"])
    with pytest.raises(NodeNotFoundError, match="'jwa'"):
        read_controls(["jwa.open"])
    with pytest.raises(UnsupportedError, match="not one number"):
        read_controls(["jaw.translate"])
    with pytest.raises(UnsupportedError, match="not one number"):
        read_controls(["jaw.notes"])


def test_samples_of_the_rig(rig: str) -> None:
    from maya import cmds

    from facepatch_maya.rig_controls import sample

    cmds.setKeyframe(rig, attribute="rotateZ", time=1, value=10.0)
    before = [cmds.getAttr(f"{rig}.{name}") for name in ("open", "rotateZ")]
    answers = sample([f"{rig}.open", f"{rig}.rotateZ"], [[0.0, 0.0], [4.0, 0.0], [0.0, np.pi / 2]], ["head"])
    points = grid()[0]
    np.testing.assert_allclose(answers[0], points, atol=1e-5)
    np.testing.assert_allclose(answers[1], points + np.float32([0, 4, 0]), atol=1e-5)
    np.testing.assert_allclose(answers[2], points[:, [1, 0, 2]] * [-1, 1, 1], atol=1e-5)
    assert [cmds.getAttr(f"{rig}.{name}") for name in ("open", "rotateZ")] == before
    assert cmds.keyframe(f"{rig}.rotateZ", query=True, keyframeCount=True) == 1


def test_sampling_gives_the_rig_back_on_an_error(rig: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from maya import cmds

    from facepatch_maya.mesh_points import MeshPoints
    from facepatch_maya.rig_controls import sample

    cmds.setKeyframe(rig, attribute="rotateZ", time=1, value=10.0)

    def broken(self: Any) -> Any:
        raise ValueError("stop")

    monkeypatch.setattr(MeshPoints, "world_space", broken)
    with pytest.raises(ValueError, match="stop"):
        sample([f"{rig}.open", f"{rig}.rotateZ"], [[5.0, 1.0]], ["head"])
    assert cmds.getAttr(f"{rig}.open") == 2.0
    assert cmds.getAttr(f"{rig}.rotateZ") == pytest.approx(10.0)


def test_sampling_leaves_the_undo_queue_alone(rig: str) -> None:
    from maya import cmds

    from facepatch_maya.rig_controls import sample

    name = cmds.undoInfo(query=True, undoName=True)
    sample([f"{rig}.open"], [[5.0]], ["head"])
    assert cmds.undoInfo(query=True, undoName=True) == name


def test_controls_that_cannot_be_set_are_refused(rig: str) -> None:
    from maya import cmds

    from facepatch_maya.rig_controls import sample

    cmds.setAttr(f"{rig}.rotateX", lock=True)
    with pytest.raises(LockedError, match=r"jaw.rotateX: is locked"):
        sample([f"{rig}.rotateX"], [[1.0]], ["head"])
    with pytest.raises(LockedError, match=r"jaw.translateY: is driven by jaw.open"):
        sample([f"{rig}.translateY"], [[1.0]], ["head"])
    with pytest.raises(ShapeError, match="2 columns for 1 controls"):
        sample([f"{rig}.open"], [[1.0, 2.0]], ["head"])
