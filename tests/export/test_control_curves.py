"""Curves of controls, read back by what other programs read them with."""

# USD ships no type stubs:
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pxr import Usd

from facepatch.core.data.clip import Clip
from facepatch.core.data.control_curves import ControlCurve
from facepatch.core.errors import ExportError
from facepatch.export.control_curves import (
    held_rows,
    split_name,
    write_anim,
    write_controls_ma,
    write_controls_usd,
)

CLIP = Clip(("a",), np.zeros((11, 1), np.float32), (24, 1), start_frame=1001)
CURVES = (
    ControlCurve("face:jaw_ctrl.rotateX", "degrees", np.array([0.0, 4.0, 10.0]), np.array([0.0, 12.5, 3.0])),
    ControlCurve("smile_l", "", np.array([2.0]), np.array([0.4])),
)


def anim_keys(path: Path) -> dict[str, list[tuple[float, float]]]:
    """node.attribute -> (time, value) of each key; refuses what the format does not have."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("animVersion 1.1;")
    found = {}
    for head, body in re.findall(r"anim (\S+ \S+ \S+) \d+ \d+ \d+;\s*animData \{(.*?)\n\}", text, re.DOTALL):
        full, leaf, node = head.split()
        assert full.rpartition(".")[2] == leaf
        rows = re.search(r"keys \{\n(.*?)\n  \}", body, re.DOTALL)
        assert rows is not None
        keys = [line.split() for line in rows[1].splitlines()]
        assert all(key[2:] == ["linear", "linear", "1", "1", "0;"] for key in keys)
        found[f"{node}.{leaf}"] = [(float(key[0]), float(key[1])) for key in keys]
    return found


def test_anim_holds_every_key_at_its_frame(tmp_path: Path) -> None:
    write_anim(CURVES, tmp_path / "c.anim", clip=CLIP)
    assert anim_keys(tmp_path / "c.anim") == {
        "jaw_ctrl.rotateX": [(1001, 0), (1005, 12.5), (1011, 3)],
        "facepatch_controls.smile_l": [(1003, 0.4)],
    }
    text = (tmp_path / "c.anim").read_text(encoding="utf-8")
    assert "timeUnit film;" in text
    assert "angularUnit deg;" in text
    assert "startTime 1001;\nendTime 1011;" in text
    assert text.index("output angular;") < text.index("output unitless;")


def test_ma_has_an_attribute_and_a_curve_for_each_control(tmp_path: Path) -> None:
    write_controls_ma(CURVES, tmp_path / "c.ma", clip=CLIP)
    text = (tmp_path / "c.ma").read_text(encoding="utf-8")
    assert 'createNode network -n "facepatch_controls";' in text
    assert text.count("createNode animCurve") == 2
    assert re.search(r'addAttr .*-ln "(\w+)" -nn "face:jaw_ctrl.rotateX" -at "doubleAngle";', text)
    curve = re.search(r'createNode animCurveTA -n "(\w+)";.*?"\.ktv\[0:2\]"  ([^;]*);', text, re.DOTALL)
    assert curve is not None
    assert curve[2].split() == ["1001", "0", "1005", "12.5", "1011", "3"]
    assert re.search(rf'connectAttr "{curve[1]}\.o" "facepatch_controls\.\w+";', text)


def test_usd_holds_the_same_samples(tmp_path: Path) -> None:
    write_controls_usd(CURVES, tmp_path / "c.usda", clip=CLIP)
    stage = Usd.Stage.Open(str(tmp_path / "c.usda"))
    prim = stage.GetDefaultPrim()
    attributes = {a.GetDisplayName(): a for a in prim.GetAttributes() if a.GetName().startswith("controls:")}
    jaw = attributes["face:jaw_ctrl.rotateX"]
    assert jaw.GetTimeSamples() == [1001, 1005, 1011]
    assert jaw.Get(1003) == pytest.approx(6.25)
    assert jaw.GetCustomDataByKey("unit") == "degrees"
    assert attributes["smile_l"].IsCustom()


def test_nothing_to_write_is_refused(tmp_path: Path) -> None:
    for write in (write_anim, write_controls_ma, write_controls_usd):
        with pytest.raises(ExportError, match="no control left its default"):
            write((), tmp_path / "c", clip=CLIP)


@pytest.mark.parametrize(
    ("control", "place"),
    [
        ("jaw.ty", ("jaw", "ty")),
        ("|rig|ns:jaw.ty", ("jaw", "ty")),
        ("smile", ("facepatch_controls", "smile")),
    ],
)
def test_names_of_controls(control: str, place: tuple[str, str]) -> None:
    assert split_name(control) == place


def test_between_keys_a_curve_is_straight_and_level_outside() -> None:
    np.testing.assert_allclose(held_rows(CURVES[0], 12)[[0, 2, 4, 7, 10, 11]], [0, 6.25, 12.5, 7.75, 3, 3])
