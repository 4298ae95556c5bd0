"""core.headless: the host without a program. What every host must do is in test_host_contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.clip import Clip
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import (
    HostError,
    LockedError,
    NodeNotFoundError,
    ShapeError,
    TopologyError,
    UnsupportedError,
)
from facepatch.core.headless import HeadlessHost
from facepatch.core.headless_scene import HeadlessBlendShape, HeadlessMesh
from facepatch.core.host import Control, Curve, MeshShapes

RANDOM = np.random.default_rng(2)
POINTS = RANDOM.normal(size=(4, 3)).astype(np.float32)
QUAD = Topology(4, np.array([4], np.int32), np.array([0, 1, 2, 3], np.int32))
ONE = MeshShapes(POINTS + 1, np.ones((1, 4, 3), np.float32), ("pc_000",))
KEYS = Curve(np.array([1.0, 2.0]), np.array([0.0, 4.0]))


def control(name: str, **kinds: Any) -> Control:
    return Control(
        name, 0.0, 0.0, None, None, kinds.get("locked", False), kinds.get("connected", False), "scalar"
    )


def host() -> HeadlessHost:
    return HeadlessHost(
        [HeadlessMesh("face", POINTS, QUAD)],
        controls=(
            control("rig.jaw"),
            control("rig.fixed", locked=True),
            control("rig.driven", connected=True),
        ),
    )


def two_quads() -> Character:
    return Character(
        name="hero",
        neutral=RANDOM.normal(size=(8, 3)).astype(np.float32),
        topology=Topology(8, np.array([3, 3, 4], np.int32), np.int32([0, 1, 2, 0, 2, 3, 4, 5, 6, 7])),
        shape_names=("jawOpen", "smile"),
        deltas=RANDOM.normal(size=(2, 8, 3)).astype(np.float32),
        meshes=(MeshSpan("head", 0, 4, 0, 2), MeshSpan("teeth", 4, 8, 2, 3)),
        parts=(Part("head", "skin"), Part("teeth", "teeth")),
        polygon_part=np.array([0, 0, 1], np.int32),
    )


def test_a_character_with_its_clip_becomes_a_scene_that_moves() -> None:
    hero = two_quads()
    weights = RANDOM.uniform(-1, 1, size=(3, 2)).astype(np.float32)
    scene = HeadlessHost.of_character(hero, Clip(hero.shape_names, weights, (30, 1), start_frame=101))
    info = scene.scene()
    assert (info.start_frame, info.end_frame, info.rate) == (101.0, 103.0, (30, 1))
    found = [np.concatenate(f.points) for f in scene.read_motion(["head", "teeth"], [101, 102, 103])]
    np.testing.assert_allclose(np.stack(found), hero.vertices(weights), atol=1e-5)
    assert scene.read_mesh("head").topology.polygon_counts.tolist() == [3, 3]
    assert scene.read_mesh("teeth").topology.polygon_vertices.tolist() == [0, 1, 2, 3]
    with pytest.raises(HostError, match="nothing to undo"):
        scene.undo()


def test_a_character_without_shapes_is_a_scene_that_stands_still() -> None:
    hero = two_quads()
    still = Character(**{**vars(hero), "deltas": hero.deltas[:0], "shape_names": ()})
    scene = HeadlessHost.of_character(still)
    assert scene.read_blendshapes("teeth").names == ()
    np.testing.assert_array_equal(scene.read_mesh("teeth").points, hero.neutral[4:])


def test_steps_inside_a_step_are_undone_with_it() -> None:
    scene = host()
    with scene.undo_step("all"):
        scene.write_curves({"rig.jaw": KEYS})
        scene.build_blendshape(["face"], [ONE])
    scene.undo()
    assert scene.meshes() == ("face",)
    assert not len(scene.keys("rig.jaw").frames)
    with pytest.raises(HostError, match="nothing to undo"):
        scene.undo()
    scene.redo()
    assert len(scene.meshes()) == 2
    with pytest.raises(HostError, match="nothing to redo"):
        scene.redo()


def test_a_new_step_forgets_what_was_undone() -> None:
    scene = host()
    scene.write_curves({"rig.jaw": KEYS})
    scene.undo()
    scene.set_value("rig.jaw", 3.0)
    with pytest.raises(HostError, match="nothing to redo"):
        scene.redo()


def test_an_error_in_an_inner_step_leaves_the_outer_one_alone() -> None:
    scene = host()
    with scene.undo_step("outer"):
        scene.write_curves({"rig.jaw": KEYS})
        with pytest.raises(TopologyError), scene.undo_step("inner"):
            scene.build_blendshape(["face"], [ONE])
            scene.build_blendshape(["face"], [])
    assert len(scene.keys("rig.jaw").frames) == 2
    assert scene.meshes() == ("face",)


def test_controls_move_a_mesh_by_a_function() -> None:
    def deform(frame: float, controls: Any) -> Any:
        return POINTS + np.float32(controls["rig.jaw"] * frame)

    scene = HeadlessHost([HeadlessMesh("face", POINTS, QUAD, deform=deform)], controls=(control("rig.jaw"),))
    scene.go_to(2.0)
    scene.set_value("rig.jaw", 3.0)
    np.testing.assert_allclose(scene.read_mesh("face").points, POINTS + 6.0, rtol=1e-6)
    found = scene.sample(["rig.jaw"], np.array([[0.0], [1.0]]), ["face"])
    np.testing.assert_allclose(found[1] - found[0], 2.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "sentence"), [("rig.fixed", "It is locked"), ("rig.driven", "Something in the scene drives it")]
)
def test_what_cannot_be_set_says_why(name: str, sentence: str) -> None:
    with pytest.raises(LockedError, match=f"{name}: {sentence}"):
        host().set_value(name, 1.0)
    with pytest.raises(LockedError, match=f"{name}: {sentence}"):
        host().sample([name], np.zeros((1, 1)), ["face"])
    left = host().write_curves({name: KEYS}).left_alone
    assert left[0].reason.startswith(sentence)


def test_a_keyed_value_is_not_set() -> None:
    scene = host()
    scene.write_curves({"rig.jaw": KEYS})
    with pytest.raises(LockedError, match=r"rig\.jaw: has keys"):
        scene.set_value("rig.jaw", 1.0)


@pytest.mark.parametrize(
    "act",
    [
        lambda scene: scene.read_mesh("fcae"),
        lambda scene: scene.select([("fcae", 1)]),
        lambda scene: scene.set_value("rig.jwa", 1.0),
        lambda scene: scene.sample(["rig.jwa"], np.zeros((1, 1)), ["face"]),
        lambda scene: scene.connect({"rig.jaw": "rig.jwa"}),
        lambda scene: scene.keys("rig.jwa"),
    ],
)
def test_unknown_names_give_the_nearest(act: Any) -> None:
    with pytest.raises(NodeNotFoundError, match=r"Nearest: (face|rig\.jaw)"):
        act(host())


def test_what_it_cannot_do_it_says(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="no animation layers, so none named 'facepatch'"):
        host().write_curves({"rig.jaw": KEYS}, layer="facepatch")
    with pytest.raises(UnsupportedError, match="renders nothing"):
        host().render(["face"], [1.0], tmp_path)


def test_landmarks_outside_the_mesh_are_refused() -> None:
    with pytest.raises(TopologyError, match="landmark chin is vertex 4, but there are 4"):
        host().save_landmarks("face", {"chin": 4})


def test_a_scene_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(HostError, match="two meshes have this name"):
        HeadlessHost([HeadlessMesh("face", POINTS, QUAD), HeadlessMesh("face", POINTS, QUAD)])
    with pytest.raises(TopologyError, match="face: has 4 vertices, but its shapes have 3"):
        HeadlessHost([HeadlessMesh("face", POINTS[:3], QUAD)])
    with pytest.raises(NodeNotFoundError, match="there is no 'head'"):
        HeadlessHost([HeadlessMesh("face", POINTS, QUAD, parent="head")])
    with pytest.raises(ShapeError, match="deltas"):
        HeadlessHost(
            [HeadlessMesh("face", POINTS, QUAD)],
            blendshapes=(HeadlessBlendShape("n", "face", ("a",), np.zeros((1, 3, 3), np.float32)),),
        )
