"""What a built blendShape must do, as functions of a Maya: run on the builder, and on its mutants."""

from __future__ import annotations

from typing import Any

import numpy as np

from small_meshes import grid, shapes

NEAR = 2e-5
"""Rounding of float32 points of a few centimetres, cm."""


def head(maya: Any, name: str = "head", *, columns: int = 4) -> str:
    """A mesh that is moved, turned and scaled, below a group that is moved too."""
    from maya import cmds

    points, counts, corners = grid(columns)
    mesh = maya.add_mesh(name, points, counts, corners)
    group = cmds.group(mesh, name=f"{name}_grp")
    cmds.setAttr(f"{group}.translateY", 7.0)
    transform = cmds.listRelatives(group, children=True, fullPath=True)[0]
    cmds.setAttr(f"{transform}.translateX", 3.0)
    cmds.setAttr(f"{transform}.rotateY", 40.0)
    cmds.setAttr(f"{transform}.scaleZ", 1.5)
    return str(transform)


def targets(count: int = 3, *, columns: int = 4, seed: int = 1, lift: float = 0.5) -> Any:
    """Shapes for `head`, on a base that lies above its own points."""
    points, _, _ = grid(columns)
    return shapes(points + np.float32([0.0, lift, 0.0]), count, seed=seed)


def set_weights(built: Any, values: Any) -> None:
    """Put `values` (K,) on the weights of the first node."""
    from maya import cmds

    for weight, value in zip(built.weights, values):
        cmds.setAttr(weight, float(value))


def points_of(mesh: str) -> Any:
    """(V, 3) object space, cm"""
    from facepatch_maya.read_scene import read_mesh

    return read_mesh(mesh).points


def stands_as(built: Any, all_shapes: Any, values: Any) -> None:
    """Every mesh of `built` stands at base + values @ deltas."""
    for mesh, shape in zip(built.meshes, all_shapes):
        wanted = shape.base + np.tensordot(np.asarray(values, dtype=np.float32), shape.deltas, axes=1)
        np.testing.assert_allclose(points_of(mesh), wanted, atol=NEAR)


def build(meshes: Any, all_shapes: Any, **settings: Any) -> Any:
    from facepatch_maya.build_blendshape import build_blendshape

    return build_blendshape(meshes, all_shapes, **settings)


def duplicate_stands_at_the_base(maya: Any) -> None:
    mesh, shape = head(maya), targets()
    before = points_of(mesh)
    built = build([mesh], [shape])
    stands_as(built, [shape], [0.0, 0.0, 0.0])
    assert built.meshes != (mesh,)
    np.testing.assert_array_equal(points_of(mesh), before)


def a_duplicate_needs_no_mean_target(maya: Any) -> None:
    from maya import cmds

    built = build([head(maya)], [targets()])
    assert cmds.getAttr(f"{built.nodes[0]}.weight", multiIndices=True) == [0, 1, 2]


def signed_weights_move_a_duplicate(maya: Any) -> None:
    shape = targets()
    built = build([head(maya)], [shape])
    for values in ([1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [-0.5, 2.5, -3.0]):
        set_weights(built, values)
        stands_as(built, [shape], values)


def signed_weights_move_a_mesh_of_the_scene(maya: Any) -> None:
    mesh, shape = head(maya), targets()
    built = build([mesh], [shape], duplicate=False)
    assert built.meshes == (mesh,)
    for values in ([0.0, 0.0, 0.0], [0.0, -1.0, 0.0], [-0.5, 2.5, -3.0]):
        set_weights(built, values)
        stands_as(built, [shape], values)


def duplicate_stands_where_the_mesh_stands(maya: Any) -> None:
    from facepatch_maya.read_scene import read_mesh

    mesh = head(maya)
    built = build([mesh], [targets()])
    np.testing.assert_allclose(
        read_mesh(built.meshes[0]).object_to_world, read_mesh(mesh).object_to_world, atol=1e-9
    )


def aliases_name_the_weights(maya: Any) -> None:
    from maya import cmds

    built = build([head(maya)], [targets()])
    node = built.nodes[0]
    pairs = cmds.aliasAttr(node, query=True) or []
    found = {attribute: alias for alias, attribute in zip(pairs[::2], pairs[1::2])}
    assert found == {"weight[0]": "pc_000", "weight[1]": "pc_001", "weight[2]": "pc_002"}
    assert built.weights == tuple(f"{node}.pc_{index:03d}" for index in range(3))
    assert built.aliases == ("pc_000", "pc_001", "pc_002")
    assert [cmds.getAttr(weight) for weight in built.weights] == [0.0, 0.0, 0.0]


def first_node_drives_the_others(maya: Any) -> None:
    meshes = [head(maya), head(maya, "teeth", columns=3)]
    both = [targets(), targets(columns=3, seed=5)]
    built = build(meshes, both)
    assert len(set(built.nodes)) == len(set(built.meshes)) == 2
    values = [0.5, -2.0, 1.5]
    set_weights(built, values)
    stands_as(built, both, values)


def target_without_difference_is_one_still_vertex(maya: Any) -> None:
    from maya.api import OpenMaya as om

    from facepatch.core.host import MeshShapes
    from facepatch_maya import scene_names

    shape = targets()
    deltas = shape.deltas.copy()
    deltas[1] = 0.0
    still = MeshShapes(base=shape.base, deltas=deltas, names=shape.names)
    built = build([head(maya)], [still])
    target = f"{built.nodes[0]}.inputTarget[0].inputTargetGroup[1].inputTargetItem[6000]"
    points = om.MFnPointArrayData(scene_names.plug(f"{target}.inputPointsTarget").asMObject()).array()
    assert [tuple(point)[:3] for point in points] == [(0.0, 0.0, 0.0)]
    set_weights(built, [0.0, 5.0, 0.0])
    stands_as(built, [still], [0.0, 5.0, 0.0])


def goes_before_the_deformers_of_the_rig(maya: Any) -> None:
    from maya import cmds

    mesh, shape = head(maya), targets()
    rig = cmds.blendShape(mesh, name="rig", origin="local")[0]
    built = build([mesh], [shape], duplicate=False)
    history = [node for node in cmds.listHistory(mesh) if cmds.nodeType(node) == "blendShape"]
    assert history == [rig, built.nodes[0]]


def undo_and_redo_are_true(maya: Any) -> None:
    from maya import cmds

    meshes = [head(maya), head(maya, "teeth", columns=3)]
    both = [targets(), targets(columns=3, seed=5)]
    for duplicate in (True, False):
        before = scene_as_text()
        shape_before = [points_of(mesh) for mesh in meshes]
        built = build(meshes, both, duplicate=duplicate)
        after = scene_as_text()
        for _ in range(2):
            cmds.undo()
            assert scene_as_text() == before
            for mesh, points in zip(meshes, shape_before):
                np.testing.assert_array_equal(points_of(mesh), points)
            cmds.redo()
            assert scene_as_text() == after
            set_weights(built, [0.5, -2.0, 1.5])
            stands_as(built, both, [0.5, -2.0, 1.5])
            for _ in built.weights:
                cmds.undo()
        cmds.undo()


def scene_as_text() -> str:
    """Every node with its uuid and every connection: equal text means equal scenes."""
    from maya import cmds

    lines = []
    for node in cmds.ls(long=True):
        lines.append(f"{node} {cmds.ls(node, uuid=True)[0]}")
        pairs = cmds.listConnections(node, source=True, destination=False, plugs=True, connections=True) or []
        lines += [f"  {source} > {plug}" for plug, source in zip(pairs[::2], pairs[1::2])]
    return "\n".join(sorted(lines))


def selection_stays(maya: Any) -> None:
    from maya import cmds

    mesh = head(maya)
    cmds.select(f"{mesh}.vtx[5]", f"{mesh}.vtx[2]", replace=True)
    before = cmds.ls(selection=True, flatten=True, long=True)
    build([mesh], [targets()])
    assert cmds.ls(selection=True, flatten=True, long=True) == before


def duplicate_keeps_the_materials(maya: Any) -> None:
    from maya import cmds

    mesh = head(maya)
    group = cmds.sets(renderable=True, noSurfaceShader=True, empty=True, name="skinSG")
    cmds.sets(f"{mesh}.f[0:3]", edit=True, forceElement=group)
    cmds.sets(f"{mesh}.f[4:5]", edit=True, forceElement="initialShadingGroup")
    built = build([mesh], [targets()])
    duplicate = cmds.listRelatives(built.meshes[0], shapes=True, noIntermediate=True, fullPath=True)[0]
    members = cmds.ls(cmds.sets(group, query=True), flatten=True, long=True)
    mine = [member for member in members if member.startswith(built.meshes[0])]
    assert [member.rpartition(".")[2] for member in mine] == ["f[0]", "f[1]", "f[2]", "f[3]"]
    assert duplicate


def failing_build_leaves_the_scene_as_it_was(maya: Any) -> None:
    """The second node fails half-way."""
    import pytest

    from facepatch.core.errors import HostError
    from facepatch_maya import blendshape_targets, build_blendshape

    written: list[int] = []

    class Failing(blendshape_targets.BlendShapeTargets):
        def write(self, index: int, delta: Any, **settings: Any) -> None:
            written.append(index)
            if len(written) == 6:
                raise RuntimeError("out of memory")
            super().write(index, delta, **settings)

    meshes = [head(maya), head(maya, "teeth", columns=3)]
    both = [targets(), targets(columns=3, seed=5)]
    before = scene_as_text()
    original = build_blendshape.BlendShapeTargets
    build_blendshape.BlendShapeTargets = Failing  # type: ignore[misc]
    try:
        for duplicate in (True, False):
            written.clear()
            with pytest.raises(HostError, match="Maya refuses"):
                build(meshes, both, duplicate=duplicate)
            assert scene_as_text() == before
    finally:
        build_blendshape.BlendShapeTargets = original  # type: ignore[misc]


CHECKS = (
    duplicate_stands_at_the_base,
    a_duplicate_needs_no_mean_target,
    signed_weights_move_a_duplicate,
    signed_weights_move_a_mesh_of_the_scene,
    duplicate_stands_where_the_mesh_stands,
    aliases_name_the_weights,
    first_node_drives_the_others,
    target_without_difference_is_one_still_vertex,
    goes_before_the_deformers_of_the_rig,
    undo_and_redo_are_true,
    selection_stays,
    duplicate_keeps_the_materials,
    failing_build_leaves_the_scene_as_it_was,
)
