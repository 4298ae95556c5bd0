"""The host reads its scene."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facepatch.core.errors import HostError, NodeNotFoundError
from facepatch.core.host import Host, MotionFrame
from facepatch.core.host_contract.checks import Checks, require, require_error, require_near
from facepatch.core.host_contract.scene import (
    CONTROL_VALUE,
    CUBE_POINTS,
    END,
    FACE_PLACE,
    FACE_POLYGONS,
    NOW,
    OPEN,
    RATE,
    SMILE,
    START,
    HostFixture,
    cube_shapes,
    face_points,
    face_world,
    head_place,
)

checks = Checks()


def _frames(host: Host, meshes: Sequence[str], frames: Sequence[float], head: str = "") -> list[MotionFrame]:
    return list(host.read_motion(meshes, frames, head=head))


@checks.add()
def _scene_is_described(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    info = fixture.host.scene()
    require(
        (info.start_frame, info.end_frame) == (START, END),
        f"the range is {info.start_frame} to {info.end_frame}.",
    )
    require(info.current_frame == NOW, f"the current frame is {info.current_frame}, should be {NOW}.")
    require(info.rate == RATE, f"the rate is {info.rate}, should be {RATE}.")
    require(info.up_axis == names.up_axis, f"the up axis is {info.up_axis}.")
    require_near("centimetres_per_unit", info.centimetres_per_unit, 1.0)


@checks.add()
def _meshes_are_listed(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    found = fixture.host.meshes()
    require(sorted(found) == sorted({names.face, names.jaw}), f"the meshes are {found}.")


@checks.add()
def _unknown_mesh_is_refused_with_the_nearest(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    wrong = names.face + "_"
    for act in (fixture.host.read_mesh, fixture.host.read_blendshapes, fixture.host.load_landmarks):
        require_error(NodeNotFoundError, lambda act=act: act(wrong), wrong, names.face)


@checks.add()
def _mesh_is_read_in_object_space(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    mesh = fixture.host.read_mesh(names.face)
    require(mesh.name == names.face, f"the mesh says its name is {mesh.name}.")
    require(mesh.uuid, "the mesh has no uuid.")
    require(mesh.points.dtype == np.float32, f"points are {mesh.points.dtype}.")
    require_near("points", mesh.points, face_points(NOW))
    require_near("object_to_world", mesh.object_to_world, head_place(NOW) @ FACE_PLACE)
    corners = [int(v) for polygon in FACE_POLYGONS for v in polygon]
    require(mesh.topology.polygon_vertices.tolist() == corners, "the polygons have other corners.")
    counts = [len(polygon) for polygon in FACE_POLYGONS]
    require(mesh.topology.polygon_counts.tolist() == counts, "the polygons have other sizes.")


@checks.add()
def _units_do_not_reach_the_numbers(fixture: HostFixture) -> None:
    names = fixture.new_scene(centimetres_per_unit=100.0)
    host = fixture.host
    require_near("centimetres_per_unit", host.scene().centimetres_per_unit, 100.0)
    require_near("points in metres", host.read_mesh(names.face).points, face_points(NOW))
    frame = _frames(host, [names.face], [5.0], names.head)[0]
    require_near("motion in metres", frame.points[0], face_world(5.0))
    require_near("head in metres", frame.head_to_world, head_place(5.0))
    shapes = host.read_blendshapes(names.face)
    require_near("deltas in metres", shapes.deltas[shapes.names.index(names.target_names[0])], SMILE)
    built = host.build_blendshape([names.jaw], [cube_shapes(1)])
    require_near("shapes built in metres", host.read_mesh(built.meshes[0]).points, cube_shapes(1).base)


@checks.add()
def _motion_is_read_in_world_space(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    wanted = [1.0, 2.5, 7.0, 11.0, 4.0]
    found = _frames(fixture.host, [names.jaw, names.face], wanted, names.head)
    require([one.frame for one in found] == wanted, f"the frames are {[one.frame for one in found]}.")
    for one in found:
        require_near(f"jaw at frame {one.frame}", one.points[0], CUBE_POINTS)
        require_near(f"face at frame {one.frame}", one.points[1], face_world(one.frame))
        require_near(f"head at frame {one.frame}", one.head_to_world, head_place(one.frame))
        require_near(
            f"face to world at {one.frame}", one.object_to_world[1], head_place(one.frame) @ FACE_PLACE
        )
        require(one.points[1].dtype == np.float32, f"points are {one.points[1].dtype}.")


@checks.add()
def _motion_without_a_head_has_none(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    require(_frames(fixture.host, [names.face], [2.0])[0].head_to_world is None, "a head was given unasked.")


@checks.add()
def _frames_of_a_motion_stay_as_they_were(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    found = _frames(fixture.host, [names.face], [1.0, 9.0])
    require_near("the first frame, read after the last", found[0].points[0], face_world(1.0))


@checks.add()
def _reading_motion_leaves_the_scene_as_it_was(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    _frames(host, [names.face], [1.0, 5.0], names.head)
    require(host.scene().current_frame == NOW, "after the last frame the time is elsewhere.")
    motion = host.read_motion([names.face], [5.0, 6.0])
    next(motion)
    motion.close()
    require(host.scene().current_frame == NOW, "after stopping early the time is elsewhere.")
    motion = host.read_motion([names.face], [5.0, 6.0])
    next(motion)
    require_error(HostError, lambda: motion.throw(HostError("stop")), "stop")
    require(host.scene().current_frame == NOW, "after an error the time is elsewhere.")


@checks.add()
def _unknown_head_is_refused_before_the_first_frame(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    wrong = names.head + "_"
    require_error(
        NodeNotFoundError, lambda: next(fixture.host.read_motion([names.face], [1.0], head=wrong)), wrong
    )


@checks.add()
def _blendshapes_are_read(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    shapes = fixture.host.read_blendshapes(names.face)
    require(shapes.names == names.target_names, f"the targets are {shapes.names}.")
    require(shapes.node, "the blendShape has no name.")
    require_near("deltas", shapes.deltas, np.stack([SMILE, OPEN]))
    require_near("weights", shapes.weights, [(NOW - START) / (END - START), CONTROL_VALUE])


@checks.add()
def _mesh_without_blendshapes_has_none(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    shapes = fixture.host.read_blendshapes(names.jaw)
    require(shapes.names == () and shapes.deltas.shape == (0, 8, 3), f"the jaw has {shapes.names}.")


@checks.add()
def _cameras_are_names(fixture: HostFixture) -> None:
    fixture.new_scene()
    require(all(type(name) is str for name in fixture.host.cameras()), "a camera is no name.")
