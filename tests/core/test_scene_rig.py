from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from facepatch.core.data.character import Character, MeshSpan
from facepatch.core.data.mesh import Topology
from facepatch.core.data.rig import RigControl
from facepatch.core.errors import FormatError, InputError, VersionError
from facepatch.core.host import LeftAlone
from facepatch.core.part_names import default_part
from facepatch.core.scene_rig import (
    Measured,
    SceneRig,
    has_scene_rig,
    in_namespace,
    read_scene_rig,
    rig_of_shapes,
    write_scene_rig,
)


def rig(folder: Path) -> SceneRig:
    return SceneRig(
        folder,
        capture="/work/hero",
        sampled=False,
        controls=(RigControl("jaw.tx", -1.0, 2.0, unit="centimetres"), RigControl("smile")),
        attributes={"smile": ("bs.smile", "teeth_bs.smile")},
        left_out=(LeftAlone("lid", "lid is locked."),),
    )


def character() -> Character:
    neutral = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    deltas = np.zeros((2, 3, 3), np.float32)
    deltas[0, 0, 0], deltas[1, 1, 1] = 1.0, 2.0
    return Character(
        name="tri",
        neutral=neutral,
        topology=Topology(3, np.array([3], np.int32), np.array([0, 1, 2], np.int32)),
        shape_names=("open", "wide"),
        deltas=deltas,
        meshes=(MeshSpan("tri", 0, 3, 0, 1),),
        parts=(default_part("tri"),),
        polygon_part=np.zeros(1, np.int32),
    )


def test_a_rig_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert not has_scene_rig(tmp_path)
    write_scene_rig(rig(tmp_path))
    assert has_scene_rig(tmp_path)
    assert read_scene_rig(tmp_path) == rig(tmp_path)


def test_a_solve_takes_the_record_or_the_folder_of_the_samples(tmp_path: Path) -> None:
    assert rig(tmp_path).path == tmp_path / "rig.npz"
    assert SceneRig(tmp_path, "", True, ()).path == tmp_path


def test_one_curve_may_go_to_several_attributes(tmp_path: Path) -> None:
    assert rig(tmp_path).attributes_of("smile") == ("bs.smile", "teeth_bs.smile")
    assert rig(tmp_path).attributes_of("jaw.tx") == ("jaw.tx",)


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file\. Choose a folder that a rig was read into"):
        read_scene_rig(tmp_path)
    note = tmp_path / "scene_rig.json"
    for content, error, match in (
        ("{", FormatError, r"is no facepatch\.scene_rig"),
        (json.dumps({"record": "other", "version": 1}), FormatError, "holds 'other'"),
        (json.dumps({"record": "facepatch.scene_rig", "version": 9}), VersionError, "is version 9"),
        (
            json.dumps({"record": "facepatch.scene_rig", "version": 1, "sampled": 3}),
            FormatError,
            "Read the rig again",
        ),
    ):
        note.write_text(content, encoding="utf-8")
        with pytest.raises(error, match=match):
            read_scene_rig(tmp_path)


def test_straight_lines_need_two_knots_and_a_kink_one_more() -> None:
    at = tuple(np.linspace(-1, 1, 21).tolist())
    assert Measured("a", at, tuple(0.5 * v for v in at)).knots() == ((-1.0, -0.5), (1.0, 0.5))
    bent = Measured("a", at, tuple(max(0.0, v) for v in at)).knots()
    assert [round(v, 3) for v, _ in bent] == [-1.0, 0.0, 1.0]


def test_shapes_that_are_driven_become_the_rig_and_their_pose_at_rest_is_taken_out() -> None:
    controls = (RigControl("a", 0.0, 2.0), RigControl("b"))
    drivers = {"open": [Measured("a", (0.0, 2.0), (0.0, 1.0)), Measured("b", (0.0, 1.0), (0.0, 1.0))]}
    made = rig_of_shapes(character(), controls, drivers, at_rest={"open": np.full(3, 0.5)})
    assert [shape.name for shape in made.shapes] == ["open"]
    assert made.neutral[0, 0] == -0.5
    np.testing.assert_allclose(made.vertices([[2.0, 0.5]])[0, 0], [0.0, 0.0, 0.0])
    with pytest.raises(InputError, match="no blendShape target of it is driven"):
        rig_of_shapes(character(), controls, {})


@pytest.mark.parametrize(
    ("name", "namespace", "expected"),
    [
        ("jaw_ctrl.tx", None, "jaw_ctrl.tx"),
        ("jaw_ctrl.tx", "hero:", "hero:jaw_ctrl.tx"),
        ("old:jaw_ctrl.tx", "hero:", "hero:jaw_ctrl.tx"),
        ("old:jaw_ctrl.tx", ":", "jaw_ctrl.tx"),
        ("|old:rig|old:jaw.rx", "a:b:", "|a:b:rig|a:b:jaw.rx"),
        ("|hero|face", "x", "|x:hero|x:face"),
    ],
)
def test_names_move_to_another_namespace(name: str, namespace: str, expected: str) -> None:
    assert in_namespace(name, namespace) == expected
