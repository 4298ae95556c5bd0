"""Rigs: what controls do to shapes, and what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from facepatch.core.data.rig import (
    Driver,
    Rig,
    RigControl,
    RigShape,
    mirror_of,
    read_rig,
    rig_from_character,
    side_of,
    write_rig,
)
from facepatch.core.errors import ConfigError, InputError, UnknownNameError
from facepatch.synthetic.face import make_character
from known_rigs import known


@pytest.fixture(scope="module")
def rig() -> Rig:
    return known().rig


def test_a_corrective_is_the_product_of_its_drivers(rig: Rig) -> None:
    controls = np.zeros((1, 12))
    first, second = (driver.control for driver in rig.shapes[12].drivers)
    controls[0, first], controls[0, second] = 0.5, 0.4
    weights = rig.weights(controls)[0]
    assert weights[12] == pytest.approx(0.2)
    assert weights[first] == pytest.approx(0.5)


def test_drivers_are_level_beyond_their_ends(rig: Rig) -> None:
    shape = RigShape("tent", (Driver(0, ((-1.0, 0.0), (0.0, 1.0), (1.0, 0.25))),))
    signed = dataclasses.replace(
        rig, controls=(RigControl("c", minimum=-3, maximum=3),), shapes=(shape,), deltas=rig.deltas[:1]
    )
    found = signed.weights(np.array([[-3.0], [-0.5], [0.0], [0.5], [3.0]]))[:, 0]
    np.testing.assert_allclose(found, [0, 0.5, 1, 0.625, 0.25])


def test_vertices_are_the_neutral_at_rest(rig: Rig) -> None:
    np.testing.assert_array_equal(rig.vertices(np.zeros((2, 12)))[1], rig.neutral)


def test_a_record_gives_back_the_rig(rig: Rig, tmp_path: Path) -> None:
    controls = (RigControl("jaw", -5, 20, 0, "degrees", exclusive="c1"), *rig.controls[1:])
    kept = dataclasses.replace(rig, controls=controls)
    write_rig(tmp_path / "rig.npz", kept)
    found = read_rig(tmp_path / "rig.npz")
    assert found.controls == kept.controls
    assert found.shapes == kept.shapes
    np.testing.assert_array_equal(found.deltas, kept.deltas)
    assert found.topology.topology_id == kept.topology.topology_id


def test_shapes_of_a_character_become_controls() -> None:
    character = make_character(name="hero", detail="low")
    rig = rig_from_character(character)
    assert [control.name for control in rig.controls] == list(character.shape_names)
    sides = {control.name: control.side for control in rig.controls}
    assert sides["eyeBlinkLeft"] == "l"
    assert {c.name: c.mirror for c in rig.controls}["eyeBlinkLeft"] == "eyeBlinkRight"
    weights = np.linspace(0, 1, len(rig.controls))[None]
    np.testing.assert_allclose(rig.vertices(weights), character.vertices(weights), atol=1e-4)


def test_a_character_without_shapes_is_refused() -> None:
    character = make_character(name="hero", detail="low")
    bare = dataclasses.replace(character, shape_names=(), deltas=character.deltas[:0])
    with pytest.raises(InputError, match="has no shapes"):
        rig_from_character(bare)


@pytest.mark.parametrize(
    ("name", "side"),
    [("smile_L", "l"), ("R_brow_ctrl", "r"), ("jawOpen", ""), ("eyeBlinkRight", "r"), ("x.L", "l")],
)
def test_sides_are_told_by_names(name: str, side: str) -> None:
    assert side_of(name) == side


def test_a_mirror_must_be_there() -> None:
    assert mirror_of("smile_L", ("smile_L", "smile_R")) == "smile_R"
    assert mirror_of("smile_L", ("smile_L",)) == ""


def test_limits_that_are_no_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="no range"):
        RigControl("c", minimum=1, maximum=0)
    with pytest.raises(ConfigError, match="no range"):
        RigControl("c", maximum=float("inf"))
    with pytest.raises(ConfigError, match="lies outside"):
        RigControl("c", default=2)


def test_knots_must_ascend() -> None:
    with pytest.raises(ConfigError, match="ascending"):
        Driver(0, ((0.0, 0.0), (0.0, 1.0)))


def test_twice_the_same_name_is_refused(rig: Rig) -> None:
    with pytest.raises(InputError, match="given twice: c1"):
        dataclasses.replace(rig, controls=(RigControl("c1"), *rig.controls[1:]))


def test_a_mirror_that_is_no_control_is_refused(rig: Rig) -> None:
    with pytest.raises(UnknownNameError, match="Nearest"):
        dataclasses.replace(rig, controls=(RigControl("c0", mirror="c99x"), *rig.controls[1:]))
