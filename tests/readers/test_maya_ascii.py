from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facepatch.core.errors import FacepatchError, FormatError, InputError
from facepatch.readers.maya import maya_source
from facepatch.readers.maya_ascii import read_maya_ascii, to_numbers

HEADER = "//Maya ASCII 2020 scene\n"


def scene(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scene.ma"
    path.write_text(HEADER + text)
    return path


def test_nodes_attributes_and_connections(tmp_path: Path) -> None:
    read = read_maya_ascii(
        scene(
            tmp_path,
            'currentUnit -l inch -a radian -t film;\ncreateNode transform -s -n "a";\n\tsetAttr -k off -l on ".v" no;\n'
            '\tsetAttr -s 2 ".w[0:1]"  1 2.5;\n// a "comment;\ncreateNode mesh -n "b" -p "|a";\n'
            '\tsetAttr ".x" -type "string" "say \\"hi\\"; // no";\nselect -ne :lambert1;\n'
            '\tsetAttr ".c" -type "float3" 1 0 0 ;\n'
            'connectAttr "a.t" ":b.u" -na;\nfile -rdi 1 -ns "x" -rfn "xRN" "other.ma";\n',
        )
    )
    assert read.unit_in_metres == 0.0254
    assert read.radians
    assert read.references == 1
    assert read.nodes["a"].numbers(".w[0:1]").tolist() == [1.0, 2.5]
    assert not read.nodes["a"].flag(".v", True)
    assert read.nodes["b"].parent == "|a"
    assert read.nodes["b"].text(".x") == 'say \\"hi\\"; // no'
    assert read.nodes["lambert1"].numbers(".c").tolist() == [1, 0, 0]
    assert read.inputs["b"] == [("u", "a.t")]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('createNode mesh -n "a"', "is cut off inside 'createNode mesh"),
        ('createNode mesh -n "a;\n', "a quote is never closed"),
        ("currentUnit -l parsec;", "unit 'parsec' is unknown"),
    ],
)
def test_damaged_scenes_are_refused(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        read_maya_ascii(scene(tmp_path, text))


def test_files_that_are_no_scene_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scene.ma"
    path.write_bytes(b"FOR4\x00\x00\x00\x00Maya binary")
    with pytest.raises(FormatError, match=r"is no Maya ASCII scene.*Save As, type Maya ASCII"):
        read_maya_ascii(path)
    with pytest.raises(InputError, match="no such file"):
        read_maya_ascii(tmp_path / "none.ma")


def test_words_that_are_no_numbers_are_refused() -> None:
    assert np.isnan(to_numbers(["1", "-1.#IND"], "x")[1])
    with pytest.raises(FormatError, match="'two' stands where a number should"):
        to_numbers(["1", "two"], "x")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, 5000),
    value=st.text(alphabet='";[]{} 01.-nfvx\n', max_size=5),
    size=st.integers(0, 8000),
)
def test_damaged_scenes_give_a_sentence_and_nothing_else(
    tmp_path: Path, scene_text: Callable[..., str], place: int, value: str, size: int
) -> None:
    text = scene_text()
    place = len(HEADER) + place % (len(text) - len(HEADER))
    path = tmp_path / "scene.ma"
    path.write_text((text[:place] + value + text[place + len(value) :])[: size if size > 4000 else len(text)])
    try:
        maya_source(path)
    except FacepatchError as error:
        said = str(error)
        assert "scene.ma" in said
