from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import builder_checks
from builder_checks import build, head, points_of, set_weights, stands_as, targets
from facepatch.core.errors import LockedError, NodeNotFoundError, TopologyError, UnsupportedError
from facepatch.core.host import MeshShapes
from small_meshes import grid, shapes


@pytest.mark.parametrize("check", builder_checks.CHECKS, ids=lambda check: check.__name__)
def test_built_blendshape(maya: Any, check: Callable[[Any], None]) -> None:
    check(maya)


def test_a_build_is_one_undo_step(maya: Any) -> None:
    from maya import cmds

    mesh = head(maya)
    cmds.setAttr(f"{mesh}.translateX", 4.0)
    build([mesh, head(maya, "teeth")], [targets(), targets()])
    cmds.undo()
    assert cmds.ls(type="blendShape") == []
    assert cmds.getAttr(f"{mesh}.translateX") == 4.0


def test_no_mesh_is_made_per_target(maya: Any) -> None:
    from maya import cmds

    mesh = head(maya)
    before = set(cmds.ls(type="mesh", noIntermediate=True))
    build([mesh], [targets(20)])
    assert len(set(cmds.ls(type="mesh", noIntermediate=True)) - before) == 1


def test_api_calls_grow_with_targets_and_not_with_vertices(maya: Any) -> None:
    def calls(columns: int, count: int) -> int:
        mesh, shape = head(maya, columns=columns), targets(count, columns=columns)
        before = len(maya.calls) + sum(maya.counts.values())
        build([mesh], [shape])
        return len(maya.calls) + sum(maya.counts.values()) - before

    calls(4, 5)  # loads the plug-in
    few, many = calls(4, 5), calls(200, 5)
    assert many == few


def test_sixty_targets(maya: Any) -> None:
    mesh, shape = head(maya), targets(60)
    built = build([mesh], [shape])
    values = np.random.default_rng(3).normal(size=60)
    set_weights(built, values)
    stands_as(built, [shape], values)


def test_a_mesh_of_the_scene_at_the_base_already_gets_no_mean(maya: Any) -> None:
    from maya import cmds

    mesh, shape = head(maya), targets(lift=0.0)
    built = build([mesh], [shape], duplicate=False)
    assert cmds.getAttr(f"{built.nodes[0]}.weight", multiIndices=True) == [0, 1, 2]
    stands_as(built, [shape], [0.0, 0.0, 0.0])


def test_the_mean_is_not_among_the_weights(maya: Any) -> None:
    from maya import cmds

    built = build([head(maya)], [targets()], duplicate=False)
    assert built.aliases == ("pc_000", "pc_001", "pc_002")
    assert cmds.getAttr(f"{built.nodes[0]}.pc_mean") == 1.0


def test_the_rigs_own_blendshape_still_works_behind(maya: Any) -> None:
    from maya import cmds

    from facepatch_maya.build_blendshape import build_blendshape

    mesh = head(maya)
    smile = shapes(grid()[0], 1, seed=9)
    build_blendshape([mesh], [MeshShapes(smile.base, smile.deltas, ("smile",))], name="rig", duplicate=False)
    shape = targets()
    built = build([mesh], [shape], duplicate=False)
    set_weights(built, [1.0, -1.0, 0.5])
    cmds.setAttr("rig.smile", 0.5)
    wanted = (
        shape.base + np.tensordot(np.float32([1.0, -1.0, 0.5]), shape.deltas, axes=1) + 0.5 * smile.deltas[0]
    )
    np.testing.assert_allclose(points_of(mesh), wanted, atol=1e-4)


def test_a_second_build_on_the_same_mesh_is_refused(maya: Any) -> None:
    mesh = head(maya)
    build([mesh], [targets()], duplicate=False)
    with pytest.raises(
        UnsupportedError, match="already has such shapes in facepatch, and the two would add up"
    ):
        build([mesh], [targets()], duplicate=False)


def test_two_builds_on_duplicates_do_not_meet(maya: Any) -> None:
    mesh, shape = head(maya), targets()
    first, second = build([mesh], [shape]), build([mesh], [shape])
    assert set(first.nodes).isdisjoint(second.nodes)
    assert set(first.meshes).isdisjoint(second.meshes)
    set_weights(second, [1.0, 1.0, 1.0])
    stands_as(first, [shape], [0.0, 0.0, 0.0])
    stands_as(second, [shape], [1.0, 1.0, 1.0])


def test_a_name_that_is_taken_gets_a_number(maya: Any) -> None:
    from maya import cmds

    cmds.createNode("transform", name="facepatch")
    shape = targets()
    built = build([head(maya)], [shape])
    assert built.nodes[0] != "facepatch"
    set_weights(built, [0.0, -2.0, 0.0])
    stands_as(built, [shape], [0.0, -2.0, 0.0])


def test_a_mesh_in_a_namespace(maya: Any) -> None:
    from maya import cmds

    mesh, shape = head(maya), targets()
    cmds.namespace(add="rig")
    name = cmds.rename(mesh, "rig:head")
    built = build([cmds.ls(name, long=True)[0]], [shape])
    set_weights(built, [-1.0, 0.0, 2.0])
    stands_as(built, [shape], [-1.0, 0.0, 2.0])
    assert ":" not in built.nodes[0]


def test_a_referenced_mesh(maya: Any, tmp_path: Any) -> None:
    from maya import cmds

    head(maya)
    cmds.file(rename=(tmp_path / "head.ma").as_posix())
    cmds.file(save=True, type="mayaAscii")
    cmds.file(new=True, force=True)
    cmds.file((tmp_path / "head.ma").as_posix(), reference=True, namespace="hero")
    mesh = cmds.ls("hero:head", long=True)[0]
    shape = targets()
    for duplicate in (True, False):
        built = build([mesh], [shape], duplicate=duplicate)
        set_weights(built, [-1.0, 0.0, 2.0])
        stands_as(built, [shape], [-1.0, 0.0, 2.0])


def test_other_vertices_are_refused(maya: Any) -> None:
    mesh = head(maya)
    with pytest.raises(TopologyError, match="has 12 vertices, but its shapes have 9"):
        build([mesh], [targets(columns=3)])


def test_a_locked_mesh_is_refused(maya: Any) -> None:
    from maya import cmds

    mesh = head(maya)
    cmds.lockNode(mesh, lock=True)
    with pytest.raises(LockedError, match=r"is locked \(lockNode\)"):
        build([mesh], [targets()], duplicate=False)


def test_shapes_of_different_names_are_refused(maya: Any) -> None:
    other = targets(columns=3)
    other = MeshShapes(other.base, other.deltas, ("a", "b", "c"))
    with pytest.raises(TopologyError, match="other names than those of the first mesh"):
        build([head(maya), head(maya, "teeth", columns=3)], [targets(), other])


def test_one_set_of_shapes_for_each_mesh(maya: Any) -> None:
    with pytest.raises(TopologyError, match="1 sets of shapes for 2 meshes"):
        build([head(maya), head(maya, "teeth")], [targets()])


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("pc 0", "pc_1", "pc_2"), "pc 0: are not names"),
        (("pc_0", "pc_0", "pc_2"), "pc_0: are there twice"),
        (("pc_0", "pc_mean", "pc_2"), "pc_mean: are there twice"),
        (("pc_0", "envelope", "pc_2"), "envelope: are attributes of every blendShape"),
    ],
)
def test_names_that_cannot_be_aliases_are_refused(maya: Any, names: tuple[str, ...], sentence: str) -> None:
    shape = targets()
    with pytest.raises(UnsupportedError, match=sentence):
        build([head(maya)], [MeshShapes(shape.base, shape.deltas, names)])


def test_a_node_name_that_maya_does_not_take_is_refused(maya: Any) -> None:
    with pytest.raises(UnsupportedError, match="is no name that Maya takes"):
        build([head(maya)], [targets()], name='x"; delete head; "')


def test_an_unknown_mesh_is_refused_with_its_neighbours(maya: Any) -> None:
    head(maya)
    with pytest.raises(NodeNotFoundError, match="haed"):
        build(["haed"], [targets()])


def test_a_history_that_adds_vertices_is_refused_on_the_mesh_itself(
    maya: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from maya import cmds

    from facepatch_maya.blendshape_targets import BlendShapeTargets

    mesh = head(maya)
    # As if a smooth node stood between the front of the chain and the mesh.
    monkeypatch.setattr(BlendShapeTargets, "rest", lambda self: grid(3)[0])
    with pytest.raises(TopologyError, match="history begins with 9 vertices and ends with 12"):
        build([mesh], [targets()], duplicate=False)
    assert cmds.ls(type="blendShape") == []
