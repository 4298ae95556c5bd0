from __future__ import annotations

import json
from pathlib import Path

import pytest

from facepatch.core.errors import FormatError, InputError, TopologyError, UnknownNameError, VersionError
from facepatch.core.vertex_picks import VertexPicks, check_picks_fit, read_vertex_picks, write_vertex_picks

PICKS = VertexPicks({"chin": 3, "eye_l_outer": 7}, 12, "0f3a", "hero")


def changed(path: Path, **values: object) -> Path:
    content = json.loads(path.read_text())
    content.update(values)
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "picks.json"
    write_vertex_picks(path, PICKS, note="by hand")
    return path


def test_what_is_written_is_read_again(written: Path):
    assert read_vertex_picks(written) == PICKS


def test_the_backend_reads_what_is_written(tmp_path: Path):
    from facepatch.landmarks.picks import read_picks
    from facepatch.synthetic.face import make_character, synthetic_landmarks

    head = make_character(detail="low")
    own = synthetic_landmarks(head)
    from facepatch.core.data.landmarks import LANDMARK_NAMES

    vertices = {n: int(t[b.argmax()]) for n, t, b in zip(LANDMARK_NAMES, own.triangle, own.barycentric)}
    write_vertex_picks(
        tmp_path / "p.json", VertexPicks(vertices, len(head.neutral), head.topology.topology_id)
    )
    read = read_picks(tmp_path / "p.json", head, ask_detector=False)
    assert [int(t[b.argmax()]) for t, b in zip(read.triangle, read.barycentric)] == list(vertices.values())


def test_a_landmark_between_vertices_goes_to_the_nearest_and_is_named(written: Path):
    between = {"chin": {"triangle": [4, 5, 6], "barycentric": [0.2, 0.7, 0.1]}}
    picks = read_vertex_picks(changed(written, landmarks=between))
    assert picks.landmarks == {"chin": 5}
    assert picks.between == ("chin",)


def test_the_picks_of_one_mesh_are_counted_from_its_own_first_vertex():
    assert PICKS.on_span(5, 6).landmarks == {"eye_l_outer": 2}


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"record": "something"}, FormatError, "is no picks file"),
        ({"version": 2}, VersionError, "is version 2"),
        ({"vertex_count": "many"}, FormatError, "needs 'version'"),
        ({"landmarks": {"ear": 1}}, UnknownNameError, "no 'ear'"),
        ({"landmarks": {"chin": 12}}, InputError, "chin is vertex 12, but the mesh has vertices 0 to 11"),
        ({"landmarks": {"chin": "three"}}, FormatError, "needs a vertex number"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(written: Path, values: dict, error: type, message: str):
    with pytest.raises(error, match=message):
        read_vertex_picks(changed(written, **values))


def test_a_file_that_is_not_there_and_one_that_is_no_json_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        read_vertex_picks(tmp_path / "none.json")
    (tmp_path / "text.json").write_text("hello")
    with pytest.raises(FormatError, match="is no JSON"):
        read_vertex_picks(tmp_path / "text.json")


def test_picks_of_another_mesh_are_refused():
    check_picks_fit(Path("p.json"), PICKS, mesh="face", vertex_count=12, topology_id="0f3a")
    with pytest.raises(TopologyError, match="12 vertices, but face has 13"):
        check_picks_fit(Path("p.json"), PICKS, mesh="face", vertex_count=13, topology_id="0f3a")
    with pytest.raises(TopologyError, match="another order"):
        check_picks_fit(Path("p.json"), PICKS, mesh="face", vertex_count=12, topology_id="ffff")


def test_a_vertex_outside_is_not_written(tmp_path: Path):
    with pytest.raises(InputError, match="vertices 0 to 4"):
        write_vertex_picks(tmp_path / "p.json", VertexPicks({"chin": 9}, 5))
