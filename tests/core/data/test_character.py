"""core.data.character: a head, its shapes, its record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facepatch.core.data.character import (
    Character,
    MeshSpan,
    Part,
    read_character_record,
    write_character,
)
from facepatch.core.data.mesh import topology_from_padded
from facepatch.core.errors import FormatError, ShapeError, TopologyError
from facepatch.core.records import Record, write_record


def face() -> Character:
    """Two quads side by side and two shapes; every optional field set."""
    topology = topology_from_padded(6, [[0, 1, 4, 3], [1, 2, 5, 4]])
    neutral = [[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [1, 1, 0], [2, 1, 0]]
    deltas = np.zeros((2, 6, 3), np.float32)
    deltas[0, 4] = [0, 1, 0]
    deltas[1, :3] = [0, -1, 0]
    return Character(
        name="tile",
        neutral=np.array(neutral, np.float32),
        topology=topology,
        shape_names=("browInnerUp", "jawOpen"),
        deltas=deltas,
        meshes=(MeshSpan("skin", 0, 6, 0, 2),),
        parts=(Part("skin", "skin"), Part("iris", "eye", (0.1, 0.2, 0.3), texture=0)),
        polygon_part=np.array([0, 1], np.int32),
        unit_in_metres=1.0,
        corner_uv=np.linspace(0, 1, 16, dtype=np.float32).reshape(8, 2),
        vertex_color=np.arange(18, dtype=np.uint8).reshape(6, 3),
        textures=(np.arange(12, dtype=np.uint8).reshape(2, 2, 3),),
        weld=np.array([0, 1, 2, 3, 4, 5, 5], np.int32),
    )


def test_zero_weights_are_the_neutral_head() -> None:
    assert face().vertices(np.zeros((1, 2)))[0].tolist() == face().neutral.tolist()


def test_shapes_add_up() -> None:
    vertices = face().vertices([[0.5, 1.0]])[0]
    assert vertices[4].tolist() == [1, 1.5, 0]
    assert vertices[0].tolist() == [0, -1, 0]


def test_a_rig_without_shapes_keeps_its_neutral() -> None:
    rig = replace(face(), shape_names=(), deltas=np.zeros((0, 6, 3), np.float32))
    assert rig.vertices(np.zeros((2, 0))).shape == (2, 6, 3)


def test_a_character_survives_the_disk(tmp_path: Path) -> None:
    write_character(tmp_path / "tile.npz", face())
    back = read_character_record(tmp_path / "tile.npz")
    for name in ("name", "shape_names", "meshes", "parts", "unit_in_metres"):
        assert getattr(back, name) == getattr(face(), name)
    for name in ("neutral", "deltas", "polygon_part", "corner_uv", "vertex_color", "weld"):
        assert np.array_equal(getattr(back, name), getattr(face(), name)), name
    assert np.array_equal(back.textures[0], face().textures[0])
    assert back.topology.topology_id == face().topology.topology_id


def test_optional_fields_may_be_absent(tmp_path: Path) -> None:
    bare = replace(face(), corner_uv=None, vertex_color=None, textures=(), weld=None)
    write_character(tmp_path / "tile.npz", bare)
    back = read_character_record(tmp_path / "tile.npz")
    assert (back.corner_uv, back.vertex_color, back.textures, back.weld) == (None, None, (), None)


def test_another_record_is_refused(tmp_path: Path) -> None:
    write_record(tmp_path / "a.npz", Record({"record": "facepatch.clip", "version": 1}, {}))
    with pytest.raises(FormatError, match=r"holds 'facepatch\.clip'"):
        read_character_record(tmp_path / "a.npz")


def test_deltas_of_another_mesh_are_refused() -> None:
    with pytest.raises(ShapeError, match="tile: deltas: axis V is 5, but tile: vertices says 6"):
        replace(face(), deltas=np.zeros((2, 5, 3), np.float32))


def test_a_topology_of_another_mesh_is_refused() -> None:
    with pytest.raises(TopologyError, match="topology is over 7 vertices, but there are 6"):
        replace(face(), topology=topology_from_padded(7, [[0, 1, 4, 3], [1, 2, 5, 4]]))


def test_a_name_per_shape_is_needed() -> None:
    with pytest.raises(TopologyError, match="1 shape names for 2 shapes"):
        replace(face(), shape_names=("jawOpen",))


def test_a_part_per_polygon_is_needed() -> None:
    with pytest.raises(TopologyError, match="3 part numbers for 2 polygons"):
        replace(face(), polygon_part=np.zeros(3, np.int32))


def test_vertices_with_nan_are_refused() -> None:
    broken = face().neutral.copy()
    broken[3, 1] = np.nan
    with pytest.raises(
        ShapeError, match=r"tile: vertices: 1 values are not finite, the first at index \(3, 1\)"
    ):
        replace(face(), neutral=broken)


def test_weights_must_be_a_table() -> None:
    with pytest.raises(ShapeError, match="tile: weights: needs 2 axes"):
        face().vertices([0.5, 1.0])


def test_a_weight_per_shape_is_needed() -> None:
    with pytest.raises(ShapeError, match="tile: 3 weights per frame for 2 shapes"):
        face().vertices(np.zeros((4, 3)))
