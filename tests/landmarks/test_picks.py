"""Picks files: what users and the Maya tool write."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import LANDMARK_NAMES, SurfaceLandmarks
from facepatch.core.errors import FormatError, InputError, TopologyError, UnknownNameError, VersionError
from facepatch.landmarks.picks import read_picks, write_picks
from facepatch.synthetic.face import make_character, synthetic_landmarks


@pytest.fixture(scope="module")
def face() -> Character:
    return make_character(detail="low")


@pytest.fixture(scope="module")
def marks(face: Character) -> SurfaceLandmarks:
    return synthetic_landmarks(face)


def content(face: Character, **changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "record": "facepatch.picks", "version": 1, "character": face.name,
        "vertex_count": face.topology.vertex_count, "landmarks": dict.fromkeys(LANDMARK_NAMES, 0),
    }  # fmt: skip
    return whole | changes


def written(path: Path, data: dict[str, Any]) -> Path:
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_what_is_written_is_read_back(tmp_path: Path, face: Character, marks: SurfaceLandmarks) -> None:
    file = tmp_path / "face.picks.json"
    between = marks.barycentric.copy()
    between[5] = (0.5, 0.25, 0.25)
    marks = replace(marks, barycentric=between)
    write_picks(file, marks, face)
    assert read_picks(file, face).positions(face.neutral[None]) == pytest.approx(
        marks.positions(face.neutral[None])
    )


def test_a_point_on_a_vertex_is_written_as_its_number(
    tmp_path: Path, face: Character, marks: SurfaceLandmarks
) -> None:
    file = tmp_path / "face.picks.json"
    write_picks(file, marks, face)
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert stored["landmarks"]["chin"] == int(marks.triangle[-1, marks.barycentric[-1].argmax()])
    assert stored["vertex_count"] == face.topology.vertex_count
    assert stored["topology_id"] == face.topology.topology_id


def test_names_that_are_left_out_are_proposed(
    tmp_path: Path, face: Character, marks: SurfaceLandmarks
) -> None:
    vertex = int(marks.triangle[0, 0])
    file = written(tmp_path / "some.json", content(face, landmarks={"chin": vertex}))
    landmarks = read_picks(file, face, ask_detector=False)
    at = landmarks.positions(face.neutral[None])[0]
    assert at[LANDMARK_NAMES.index("chin")] == pytest.approx(face.neutral[vertex])
    true = marks.positions(face.neutral[None])[0]
    eye = LANDMARK_NAMES.index("eye_l_upper_mid")
    assert at[eye] == pytest.approx(true[eye], abs=0.3)


def test_vertex_numbers_of_the_unwelded_file_are_understood(tmp_path: Path, face: Character) -> None:
    source = np.arange(face.topology.vertex_count + 3, dtype=np.int32) - 3
    source[:3] = (7, 8, 9)
    welded = replace(face, weld=source)
    picks = content(face, vertex_count=len(source), landmarks=dict.fromkeys(LANDMARK_NAMES, 0) | {"chin": 13})
    at = read_picks(written(tmp_path / "source.json", picks), welded).positions(face.neutral[None])[0]
    assert at[0] == pytest.approx(face.neutral[7])
    assert at[LANDMARK_NAMES.index("chin")] == pytest.approx(face.neutral[10])


def test_an_unknown_landmark_is_refused_with_the_nearest_name(tmp_path: Path, face: Character) -> None:
    file = written(tmp_path / "picks.json", content(face, landmarks={"eye_left_outer": 3}))
    with pytest.raises(UnknownNameError, match=r"no 'eye_left_outer'\. Nearest: eye_l_outer"):
        read_picks(file, face)


def test_picks_of_another_mesh_are_refused(tmp_path: Path, face: Character, marks: SurfaceLandmarks) -> None:
    other = written(tmp_path / "count.json", content(face, vertex_count=9))
    with pytest.raises(
        TopologyError, match=r"made for a mesh with 9 vertices, but performer has \d+\. Pick again"
    ):
        read_picks(other, face)
    reordered = written(tmp_path / "order.json", content(face, topology_id="feed"))
    with pytest.raises(TopologyError, match="in another order"):
        read_picks(reordered, face)
    with pytest.raises(TopologyError, match="belong to topology feed"):
        write_picks(tmp_path / "out.json", replace(marks, topology_id="feed"), face)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (100_000, "chin: vertex 100000 lies outside the mesh, which has vertices 0 to"),
        (-1, "chin: vertex -1 lies outside"),
        (1.5, "chin: needs a vertex number"),
        (True, "chin: needs a vertex number"),
        ({"triangle": [0, 1], "barycentric": [0.5, 0.5]}, "need three numbers each"),
        ({"triangle": [0, 1, 2], "barycentric": ["a", 0.5, 0.5]}, "'barycentric' needs numbers"),
        ({"triangle": [0, 1, 2], "barycentric": [0.5, 0.5, 0.5]}, "must lie in 0..1 and sum to 1"),
        ({"triangle": [0, 1, 100_000], "barycentric": [1, 0, 0]}, "vertex 100000 lies outside"),
    ],
)
def test_a_landmark_that_is_no_place_on_the_mesh_is_refused(
    tmp_path: Path, face: Character, value: Any, sentence: str
) -> None:
    file = written(tmp_path / "picks.json", content(face, landmarks={"chin": value}))
    with pytest.raises(InputError, match=sentence):
        read_picks(file, face)


def test_a_vertex_without_a_polygon_is_refused(tmp_path: Path, face: Character) -> None:
    count = face.topology.vertex_count + 1
    loose = replace(
        face, neutral=np.append(face.neutral, [[0, 0, 0]], axis=0), topology=replace(face.topology, vertex_count=count),
        deltas=np.append(face.deltas, np.zeros((len(face.deltas), 1, 3)), axis=1),
    )  # fmt: skip
    file = written(tmp_path / "picks.json", content(loose, landmarks={"chin": count - 1}))
    with pytest.raises(InputError, match="belongs to no polygon"):
        read_picks(file, loose)


def test_files_that_are_no_picks_are_refused(tmp_path: Path, face: Character) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_picks(tmp_path / "absent.json", face)
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(FormatError, match="is no JSON"):
        read_picks(broken, face)
    with pytest.raises(FormatError, match=r"its 'record' must be 'facepatch\.picks'"):
        read_picks(written(tmp_path / "a.json", content(face, record="facepatch.clip")), face)
    with pytest.raises(FormatError, match="'version' must be a whole number, got None"):
        read_picks(written(tmp_path / "b.json", content(face, version=None)), face)
    with pytest.raises(VersionError, match=r"is version 2 of facepatch.picks; this facepatch reads 1"):
        read_picks(written(tmp_path / "c.json", content(face, version=2)), face)
    with pytest.raises(FormatError, match="'landmarks' must be a table"):
        read_picks(written(tmp_path / "d.json", content(face, landmarks=[])), face)
