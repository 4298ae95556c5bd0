"""Rigs from files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.character import write_character
from facepatch.core.data.rig import RigControl, rig_from_character, write_rig
from facepatch.core.errors import ConfigError, FormatError, InputError, UnknownNameError, VersionError
from facepatch.core.schema import from_dict
from facepatch.readers.rig import read_rig_source
from facepatch.synthetic.face import make_character


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rigs")
    write_character(place / "hero.npz", make_character(name="hero", detail="low"))
    return place


def described(folder: Path, **changes: Any) -> Path:
    content: dict[str, Any] = {
        "record": "facepatch.rig_description",
        "version": 1,
        "character": "hero.npz",
        "controls": [{"name": "jaw.ty", "minimum": -1.0, "maximum": 0.0}, {"name": "smile"}],
        "shapes": {
            "jawOpen": [{"control": "jaw.ty", "knots": [[-1, 1], [0, 0]]}],
            "mouthSmileLeft": [{"control": "smile"}],
            "mouthSmileRight": [{"control": "smile"}, {"control": "jaw.ty", "knots": [[-1, 0.5], [0, 1]]}],
        },
    }
    content.update(changes)
    path = folder / "rig.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_description_joins_controls_and_shapes(folder: Path) -> None:
    source = read_rig_source(described(folder))
    rig = source.rig
    assert source.character is not None
    assert source.character.name == "hero"
    assert [control.name for control in rig.controls[:2]] == ["jaw.ty", "smile"]
    assert len(rig.controls) == 2 + len(rig.shapes) - 3
    values = np.zeros((1, len(rig.controls)))
    values[0, :2] = -0.5, 0.8
    weights = dict(zip([shape.name for shape in rig.shapes], rig.weights(values)[0], strict=True))
    assert weights["jawOpen"] == pytest.approx(0.5)
    assert weights["mouthSmileLeft"] == pytest.approx(0.8)
    assert weights["mouthSmileRight"] == pytest.approx(0.6)
    assert sum(weights.values()) == pytest.approx(1.9)


def test_a_character_and_a_record_are_rigs_too(folder: Path) -> None:
    source = read_rig_source(folder / "hero.npz")
    assert source.character is not None
    write_rig(folder / "record.npz", rig_from_character(source.character))
    again = read_rig_source(folder / "record.npz")
    assert again.character is None
    assert again.rig.controls == source.rig.controls


def test_the_description_in_the_documents_is_one(folder: Path, root: Path) -> None:
    text = (root / "docs" / "data.md").read_text(encoding="utf-8")
    shown = next(
        block for block in text.split("```") if "facepatch.rig_description" in block and "{" in block
    )
    path = folder / "shown.json"
    path.write_text(shown.removeprefix("json"), encoding="utf-8")
    rig = read_rig_source(path).rig
    assert [control.name for control in rig.controls[:3]] == [
        "jaw_ctrl.ty",
        "smile_ctrl_L.ty",
        "smile_ctrl_R.ty",
    ]
    keys = json.loads(shown.removeprefix("json"))["controls"][0]
    assert list(keys) == [field.name for field in dataclasses.fields(RigControl)]
    assert from_dict(RigControl, {"name": keys["name"]}) == RigControl(
        **{**keys, "minimum": 0.0, "maximum": 1.0}
    )


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"record": "x"}, FormatError, "is no rig description"),
        ({"version": 2}, VersionError, "version 2"),
        ({"character": 3}, FormatError, "'character' must be the path"),
        ({"character": "missing.npz"}, InputError, "no such file"),
        ({"shapes": {"jawOpn": [{"control": "smile"}]}}, UnknownNameError, "Nearest: jawOpen"),
        ({"shapes": {"jawOpen": [{"control": "smle"}]}}, UnknownNameError, "Nearest: smile"),
        ({"shapes": {"jawOpen": {"control": "smile"}}}, FormatError, "lists of tables"),
        ({"shapes": {"jawOpen": [{"control": "smile", "knots": [1, 2]}]}}, FormatError, "pairs of numbers"),
        (
            {"shapes": {"jawOpen": [{"control": "smile", "knots": [[1, 0], [0, 1]]}]}},
            ConfigError,
            "ascending",
        ),
        ({"controls": [{"name": "smile", "maximum": -1.0}]}, ConfigError, "no range"),
        ({"controls": [{"name": "smile", "max": 1.0}]}, ConfigError, "Did you mean 'maximum'"),
    ],
)
def test_a_description_that_is_wrong_says_where(
    folder: Path, changes: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        read_rig_source(described(folder, **changes))


def test_a_description_that_is_no_json(folder: Path) -> None:
    path = folder / "broken.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(FormatError, match="is no JSON"):
        read_rig_source(path)
    with pytest.raises(InputError, match="no such file"):
        read_rig_source(folder / "none.json")
