from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from facepatch.core.errors import InputError
from facepatch.core.shape_names import ARKIT_NAMES, CONVENTIONS, arkit_links, arkit_name, match_names


def test_there_are_fifty_two_names() -> None:
    assert len(ARKIT_NAMES) == 52 == len(set(ARKIT_NAMES))
    assert list(ARKIT_NAMES) == sorted(ARKIT_NAMES)


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("eyeBlinkLeft", "eyeBlinkLeft"), ("EyeBlinkRight", "eyeBlinkRight"), ("eyeBlink_L", "eyeBlinkLeft"),
        ("blendShape1.mouthSmile_R", "mouthSmileRight"), ("L_EyeBlink", "eyeBlinkLeft"),
        ("ns:Face_jaw_open", "jawOpen"), ("browInnerUp_L", "browInnerUp"), ("JAWOPEN", "jawOpen"),
        ("mouthLeft", "mouthLeft"), ("jaw_R", "jawRight"), ("cheekPuff_R", "cheekPuff"),
        ("mouthSmile", None), ("viseme_aa", None), ("MouthOpen_h", None), ("", None),
    ],
)  # fmt: skip
def test_spellings(spelled: str, name: str) -> None:
    assert arkit_name(spelled) == name


def test_the_same_name_wins_over_any_table() -> None:
    match = match_names(["smile", "jawOpen"], ["jawOpen", "smile"])
    assert match.matched == (("smile", "smile", 1.0), ("jawOpen", "jawOpen", 1.0))
    assert match.convention == "names"


def test_one_column_drives_both_halves_of_a_split_shape() -> None:
    match = match_names(["browInnerUp"], ["browInnerUp_L", "browInnerUp_R"])
    weights = np.array([[0.5]], np.float32) @ match.matrix(
        ["browInnerUp"], ["browInnerUp_L", "browInnerUp_R"]
    )
    assert weights.tolist() == [[0.5, 0.5]]


def test_what_has_no_partner_is_listed() -> None:
    match = match_names(["jawOpen", "tongueOut"], ["jaw_open", "earWiggle"])
    assert match.columns_without_shape == ("tongueOut",)
    assert match.shapes_without_column == ("earWiggle",)
    assert "Without a shape: tongueOut." in match.sentence()
    assert "nothing drives: earWiggle." in match.sentence()


def test_words_and_action_units_help_where_nothing_else_does() -> None:
    match = arkit_links(["smile_L", "AU45", "mouth_open", "tail"])
    assert match.convention == "telling words"
    assert set(match.matched) == {
        ("mouthSmileLeft", "smile_L", 1.0),
        ("eyeBlinkLeft", "AU45", 1.0), ("eyeBlinkRight", "AU45", 1.0),
        ("jawOpen", "mouth_open", 1.0),
    }  # fmt: skip
    assert match.shapes_without_column == ("tail",)


def test_tables_name_only_arkit_shapes() -> None:
    for table in CONVENTIONS.values():
        assert set(table) <= set(ARKIT_NAMES)


def test_nothing_in_common_is_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match=r"none of its 1 columns \(wheel\) .*a range of motion is generated"):
        match_names(["wheel"], ["target_000", "target_001"])


@pytest.mark.assets
def test_the_tables_agree_with_the_real_characters(assets: Path) -> None:
    known = json.loads((assets / "tables-correspondence" / "arkit_alias_per_character.json").read_text())
    for path, entry in known.items():
        with np.load(assets / path) as stored:
            names = [str(name) for name in stored["names"]]
        match = arkit_links(names)
        for arkit, shapes in entry["map"].items():
            assert sorted(shape for column, shape, _ in match.matched if column == arkit) == sorted(shapes)
        assert len({column for column, _, _ in match.matched}) >= (51 if entry["map"] else 16)
