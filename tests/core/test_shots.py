"""core.shots: lists of shots as people write them, and what came of each."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from facepatch.core.errors import FormatError, InputError, StorageError
from facepatch.core.shots import (
    DONE,
    FAILED,
    Shot,
    ShotResult,
    append_result,
    read_results,
    read_shots,
    results_path,
)

HEADING = "name,scene,take,models,target,start_frame,layer,save_as"
ROW = "010,010/anim.ma,010/take.mp4,hero/OUT,hero:facepatch,1001.5,face,010/anim_face.ma"


def listed(folder: Path, *lines: str, name: str = "shots.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def test_a_row_is_a_shot_with_paths_from_the_folder_of_the_list(tmp_path: Path) -> None:
    (shot,) = read_shots(listed(tmp_path, HEADING, ROW))
    assert shot == Shot(
        name="010", scene=tmp_path / "010/anim.ma", take=tmp_path / "010/take.mp4", models=tmp_path / "hero/OUT",
        target="hero:facepatch", save_as=tmp_path / "010/anim_face.ma", out=tmp_path / "010/anim_face_retarget",
        start_frame=1001.5, layer="face", line=2,
    )  # fmt: skip


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-8"), (",", "utf-8-sig")])
def test_spreadsheets_write_it_as_they_do(tmp_path: Path, delimiter: str, encoding: str) -> None:
    lines = [line.replace(",", delimiter) for line in (HEADING, "", ROW, delimiter * 7)]
    (shot,) = read_shots(listed(tmp_path, *lines, encoding=encoding))
    assert (shot.name, shot.line) == ("010", 3)


def test_json_lines_say_the_same(tmp_path: Path) -> None:
    row = {
        "scene": str(tmp_path / "a.ma"), "take": "t.mp4", "models": "m", "target": "map.json", "save_as": "b.ma",
        "start_frame": 24, "name": 10, "tolerance": 0.01, "out": "r",
    }  # fmt: skip
    (shot,) = read_shots(listed(tmp_path, "", json.dumps(row), name="shots.jsonl"))
    assert (shot.name, shot.start_frame, shot.tolerance, shot.line) == ("10", 24.0, 0.01, 2)
    assert shot.target == str(tmp_path / "map.json")
    assert shot.out == tmp_path / "r"


def test_what_may_be_left_out_has_a_default(tmp_path: Path) -> None:
    (shot,) = read_shots(listed(tmp_path, "scene,take,models,target,save_as", "a.ma,t.mp4,m,hero:,b.ma"))
    assert (shot.name, shot.start_frame, shot.layer, shot.tolerance) == ("b", None, "", 0.0)


@pytest.mark.parametrize(
    ("lines", "match"),
    [
        ([HEADING], "has no shots"),
        ([], "has no shots"),
        ([HEADING, ROW.replace("010/take.mp4", "")], r"line 2, column take: is empty"),
        ([HEADING, ROW.replace("1001.5", "soon")], r"line 2, column start_frame: 'soon' is no number"),
        ([HEADING, ROW.replace("1001.5", "nan")], r"'nan' is no number"),
        ([HEADING + ",tolerance", ROW + ",-1"], r"column tolerance: -1 is negative"),
        ([HEADING, ROW + ",more"], r"line 2: has 9 cells, but the heading has 8 columns"),
        ([HEADING.replace("take", "tak"), ROW], r"line 1: there is no column 'tak'. Did you mean 'take'"),
        ([HEADING.replace("take", "qqqqqq"), ROW], r"there is no column 'qqqqqq'. Known: scene, take"),
        ([HEADING.replace("layer", "scene"), ROW], r"the column 'scene' stands twice"),
        (["scene,take,models", "a,b,c"], r"line 1: lacks target, save_as"),
        ([HEADING, ROW.replace("anim_face", "anim")], r"column save_as: is the scene itself"),
        ([HEADING, ROW, ROW], r"line 3, column save_as: .* is written by line 2 too"),
    ],
)
def test_a_list_that_cannot_be_used_names_line_and_column(
    tmp_path: Path, lines: list[str], match: str
) -> None:
    with pytest.raises(InputError, match=match):
        read_shots(listed(tmp_path, *lines))


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("shots.jsonl", "{", "line 1: is no JSON"),
        ("shots.jsonl", "[1]", "line 1: needs one JSON object"),
        ("shots.txt", "", "is a .csv or .jsonl file"),
        ("shots.csv", f'{HEADING}\n"a"b,c', "line 2: is no CSV"),
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, name: str, text: str, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        read_shots(listed(tmp_path, text, name=name))


def test_a_row_of_json_with_wrong_types_is_refused(tmp_path: Path) -> None:
    row = {"scene": 1, "take": "t", "models": "m", "target": "x", "save_as": "b"}
    with pytest.raises(InputError, match="column scene: needs a text, got 1"):
        read_shots(listed(tmp_path, json.dumps(row), name="s.jsonl"))
    with pytest.raises(InputError, match="column start_frame: True is no number"):
        read_shots(listed(tmp_path, json.dumps({**row, "scene": "a", "start_frame": True}), name="s.jsonl"))


def test_a_list_that_is_missing_or_of_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such list"):
        read_shots(tmp_path / "none.csv")
    with pytest.raises(FormatError, match="is not UTF-8"):
        read_shots(listed(tmp_path, HEADING, ROW.replace("face", "Fläche"), encoding="latin-1"))


def test_the_last_result_of_a_shot_counts_and_a_line_that_was_cut_off_does_not(tmp_path: Path) -> None:
    (shot,) = read_shots(listed(tmp_path, HEADING, ROW))
    path = results_path(tmp_path / "shots.csv")
    assert path.name == "shots.results.jsonl"
    assert read_results(path) == {}
    append_result(path, ShotResult(shot.key, "010", FAILED, code="input", error="take: is gone."))
    with path.open("a", encoding="utf-8") as stream:
        stream.write('{"key": "cut o')
    done = ShotResult(shot.key, "010", DONE, save_as="x.ma", keys=12, left_alone=["a.b: is locked."])
    append_result(path, done)
    assert read_results(path) == {shot.key: done}
    assert len(path.read_text(encoding="utf-8").splitlines()) == 3


def test_a_changed_row_has_another_key_and_its_place_in_the_list_does_not_matter(tmp_path: Path) -> None:
    (shot,) = read_shots(listed(tmp_path, HEADING, ROW))
    assert replace(shot, line=9).key == shot.key
    assert replace(shot, layer="other").key != shot.key


def test_results_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot be written"):
        append_result(tmp_path / "file" / "results.jsonl", ShotResult("a", "a", DONE))
