from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.mesh import Topology
from facepatch.core.errors import InputError, ShapeError
from facepatch.readers.character import read_character
from facepatch.readers.clean import character_findings, facing_doubt, needs_shapes, unit_of_head


def test_vertices_that_are_not_finite_are_named(head: Any, tmp_path: Path) -> None:
    broken = head.vertices.copy()
    broken[[3, 17], 1] = np.nan
    with pytest.raises(ShapeError, match=r"mesh 'head': 2 of 25 vertices are not finite numbers: 3, 17\."):
        read_character(head.save(tmp_path / "head.npz", vertices=broken))
    deltas = head.deltas.copy()
    deltas[1, 4] = np.inf
    with pytest.raises(ShapeError, match="shape 'eyeBlink_L' of mesh 'head': 1 of 25"):
        read_character(head.save(tmp_path / "head.npz", deltas=deltas))


def test_unreferenced_vertices_flat_triangles_and_empty_shapes_are_kept_and_told(
    head: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vertices = np.concatenate([head.vertices, [[0, 0, 0]]])
    polys = np.concatenate([head.polys, [[0, 0, 1, 1]]])
    deltas = np.concatenate([head.deltas, np.zeros((3, 1, 3))], axis=1)
    deltas[2] = 0
    with caplog.at_level(logging.INFO):
        path = head.save(tmp_path / "odd.npz", vertices=vertices, polys=polys, deltas=deltas)
        character = read_character(path)
    findings = character_findings(character)
    assert (findings.unreferenced_vertices, findings.flat_triangles) == (1, 2)
    assert findings.empty_shapes == ("eyeBlink_R",)
    assert len(character.neutral) == 26
    assert len(character.shape_names) == 3
    assert "1 vertices belong to no polygon" in caplog.text
    assert "move nothing: eyeBlink_R" in caplog.text


def test_a_sound_head_gives_no_sentence(character: Any) -> None:
    assert character_findings(character).sentences() == ()


def test_a_size_that_no_head_has_says_how_to_pass_the_unit(head: Any, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"is 2e\+03 cm high; a head is 5 to 500 cm high.*unit_in_metres = 0.01"
    ):
        read_character(head.save(tmp_path / "giant.npz", unit_in_metres=1.0))


@pytest.mark.parametrize(("height", "unit"), [(0.25, 1.0), (2.3, 0.1), (24.0, 0.01), (230.0, 0.001)])
def test_a_missing_unit_is_told_from_the_size(height: float, unit: float) -> None:
    assert unit_of_head("head", np.array([[0, 0, 0], [0, height, 0]]), None) == unit


def test_sizes_without_any_sense_are_refused() -> None:
    with pytest.raises(InputError, match="the file names no unit"):
        unit_of_head("head", np.array([[0, 0, 0], [0, 1e6, 0]]), None)
    with pytest.raises(ShapeError, match="have no height"):
        unit_of_head("head", np.zeros((4, 3)), 0.01)


def test_a_character_without_shapes_is_refused_where_shapes_are_needed(head: Any, tmp_path: Path) -> None:
    character = read_character(head.save(tmp_path / "still.npz", names=None, deltas=None))
    with pytest.raises(InputError, match=r"still: has no blendshapes, but the report needs them"):
        needs_shapes(character, "the report")


@pytest.fixture
def telling(head: Any, tmp_path: Path) -> Any:
    """Brows, lids, smiles and jaw, all where they belong."""
    names = (
        "jawOpen",
        "mouthSmile_L",
        "mouthSmile_R",
        "eyeBlink_L",
        "eyeBlink_R",
        "browDown_L",
        "browDown_R",
    )
    deltas = np.zeros((7, 25, 3))
    for row, vertex in enumerate((2, 8, 6, 18, 16, 23, 21)):
        deltas[row, vertex, 1] = -1
    return read_character(head.save(tmp_path / "head.npz", names=np.array(names), deltas=deltas))


def turned(character: Any, matrix: Any) -> Any:
    matrix = np.asarray(matrix, dtype=np.float32)
    return dataclasses.replace(
        character, neutral=character.neutral @ matrix.T, deltas=character.deltas @ matrix.T
    )


def test_heads_that_stand_wrong_are_told(telling: Any) -> None:
    assert facing_doubt(telling) == ""
    assert "+Z of the mouth instead of +Y" in facing_doubt(
        turned(telling, [[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    )
    assert "looks along -Z" in facing_doubt(turned(telling, np.diag([-1, 1, -1])))
    names = tuple(
        name.translate(str.maketrans("LR", "RL")) if "_" in name else name for name in telling.shape_names
    )
    assert "mirrored" in facing_doubt(dataclasses.replace(telling, shape_names=names))


def test_polygons_inside_out_are_told(telling: Any) -> None:
    corners = telling.topology.polygon_vertices.reshape(-1, 4)[:, ::-1].reshape(-1)
    flipped = Topology(25, telling.topology.polygon_counts, corners)
    assert "inside out" in facing_doubt(dataclasses.replace(telling, topology=flipped))


def test_names_that_tell_nothing_raise_no_doubt(telling: Any) -> None:
    names = tuple(f"target_{index}" for index in range(7))
    assert facing_doubt(dataclasses.replace(telling, shape_names=names)) == ""
