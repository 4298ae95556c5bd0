"""The host builds blendShapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from facepatch.core.errors import TopologyError
from facepatch.core.host import BuiltBlendShape, Curve, Host, MeshShapes
from facepatch.core.host_contract.checks import Checks, require, require_error, require_near
from facepatch.core.host_contract.scene import (
    CUBE_POINTS,
    FACE_PLACE,
    NOW,
    HostFixture,
    cube_shapes,
    face_shapes,
    head_place,
)

checks = Checks()


def _pose(host: Host, built: BuiltBlendShape, weights: Sequence[float]) -> None:
    """Stand the built shapes at `weights` at the current frame, by keys, since every host has those."""
    frame = np.array([host.scene().current_frame])
    curves = {name: Curve(frame, np.array([w])) for name, w in zip(built.weights, weights)}
    applied = host.write_curves(curves)
    require(applied.left_alone == (), f"weights were left alone: {applied.left_alone}.")


def _require_shape(host: Host, built: BuiltBlendShape, index: int, shapes: MeshShapes, weights: Any) -> None:
    wanted = shapes.base + np.tensordot(np.asarray(weights, np.float64), shapes.deltas, axes=1)
    require_near(f"{built.meshes[index]} at {weights}", host.read_mesh(built.meshes[index]).points, wanted)


_POSES = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, -2.5), (-1.25, 3.5, 0.5))
"""PCA weights are signed and not bounded."""


@checks.add()
def _shapes_are_built_on_a_duplicate(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host, shapes = fixture.host, cube_shapes(3)
    built = host.build_blendshape([names.jaw], [shapes])
    require(built.aliases == shapes.names, f"the weights are called {built.aliases}.")
    require(len(built.weights) == 3 and len(built.nodes) == 1, f"{built}")
    require(built.meshes[0] != names.jaw and built.meshes[0] in host.meshes(), "there is no duplicate.")
    for weights in _POSES:
        _pose(host, built, weights)
        _require_shape(host, built, 0, shapes, weights)
    require_near("the original", host.read_mesh(names.jaw).points, CUBE_POINTS)
    found = host.read_blendshapes(built.meshes[0])
    require_near(
        "deltas read back", found.deltas[[found.names.index(n) for n in shapes.names]], shapes.deltas
    )


@checks.add()
def _shapes_are_built_on_the_mesh_itself(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host, shapes = fixture.host, cube_shapes(3)
    built = host.build_blendshape([names.jaw], [shapes], duplicate=False)
    require(built.meshes == (names.jaw,), f"they were built on {built.meshes}.")
    for weights in _POSES:
        _pose(host, built, weights)
        _require_shape(host, built, 0, shapes, weights)


@checks.add()
def _meshes_of_a_head_share_their_weights(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    shapes = (face_shapes(3), cube_shapes(3))
    built = host.build_blendshape([names.face, names.jaw], shapes)
    require(len(built.nodes) == 2 and len(set(built.nodes)) == 2, f"the nodes are {built.nodes}.")
    for weights in _POSES:
        _pose(host, built, weights)
        for index in range(2):
            _require_shape(host, built, index, shapes[index], weights)


@checks.add()
def _duplicates_stand_where_the_original_stood(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    built = host.build_blendshape([names.face], [face_shapes(1)])
    require_near(
        "object_to_world of the duplicate",
        host.read_mesh(built.meshes[0]).object_to_world,
        head_place(NOW) @ FACE_PLACE,
    )


@checks.add()
def _built_twice_is_two(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host, shapes = fixture.host, cube_shapes(2)
    first = host.build_blendshape([names.jaw], [shapes])
    second = host.build_blendshape([names.jaw], [shapes])
    require(not set(first.nodes) & set(second.nodes), f"both are called {first.nodes}.")
    _pose(host, second, (1.0, 0.5))
    _require_shape(host, first, 0, shapes, (0.0, 0.0))
    _require_shape(host, second, 0, shapes, (1.0, 0.5))


@checks.add()
def _shapes_of_another_mesh_are_refused(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host = fixture.host
    before = host.meshes()
    require_error(TopologyError, lambda: host.build_blendshape([names.face], [cube_shapes(2)]), "20", "8")
    require_error(TopologyError, lambda: host.build_blendshape([names.face, names.jaw], [cube_shapes(2)]))
    require(host.meshes() == before, "something was made all the same.")


@checks.add("undo")
def _building_is_one_step_of_undo(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host, shapes = fixture.host, (face_shapes(3), cube_shapes(3))
    before = host.meshes()
    built = host.build_blendshape([names.face, names.jaw], shapes)
    host.undo()
    require(sorted(host.meshes()) == sorted(before), f"after undo there are {host.meshes()}.")
    require(not any(fixture.is_there(node) for node in built.nodes), "a node stays after undo.")
    host.redo()
    require(all(fixture.is_there(node) for node in built.nodes), "a node is missing after redo.")
    weights = (0.5, -1.0, 2.0)
    _pose(host, built, weights)
    for index in range(2):
        _require_shape(host, built, index, shapes[index], weights)


@checks.add("undo")
def _building_on_the_mesh_itself_is_one_step_of_undo(fixture: HostFixture) -> None:
    names = fixture.new_scene()
    host, shapes = fixture.host, cube_shapes(3)
    built = host.build_blendshape([names.jaw], [shapes], duplicate=False)
    host.undo()
    require_near("the mesh after undo", host.read_mesh(names.jaw).points, CUBE_POINTS)
    host.redo()
    _pose(host, built, (0.5, -1.0, 2.0))
    _require_shape(host, built, 0, shapes, (0.5, -1.0, 2.0))
