from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.errors import FormatError, InputError, TopologyError
from facepatch.readers.character import read_character


def test_a_blendshape_npz_comes_in_centimetres(head: Any, tmp_path: Path) -> None:
    path = head.save(
        tmp_path / "head.npz", vertices=head.vertices / 100, deltas=head.deltas / 100, unit_in_metres=1.0
    )
    character = read_character(path)
    assert np.allclose(character.neutral, head.vertices, atol=1e-5)
    assert np.allclose(character.deltas, head.deltas, atol=1e-5)
    assert character.shape_names == head.names
    assert character.name == "head"


def test_parts_are_kept_with_their_kinds(head: Any, tmp_path: Path) -> None:
    part = np.array([0] * 12 + [1] * 4)
    path = head.save(tmp_path / "head.npz", part=part, part_names=np.array(["face", "eye_L"]))
    character = read_character(path)
    assert [p.kind for p in character.parts] == ["skin", "eye"]
    assert character.polygon_part.tolist() == part.tolist()
    with pytest.raises(TopologyError, match="'part' has 3 entries for 16 polygons"):
        read_character(head.save(path, part=np.zeros(3, int), part_names=np.array(["face"])))
    with pytest.raises(InputError, match="'part' goes up to 1, but there are 1 part_names"):
        read_character(head.save(path, part=part, part_names=np.array(["face"])))


def test_triangles_and_counts_serve_as_topology(head: Any, tmp_path: Path) -> None:
    path = head.save(tmp_path / "head.npz", polys=None, tris=head.triangles)
    assert read_character(path).topology.polygon_counts.tolist() == [3] * 32
    path = head.save(path, polys=None, counts=np.full(16, 4), corners=head.polys.reshape(-1))
    assert read_character(path).topology.polygon_counts.tolist() == [4] * 16
    with pytest.raises(FormatError, match="has no array 'tris'"):
        read_character(head.save(path, polys=None))


def test_vertex_animation_is_a_character_without_shapes(head: Any, tmp_path: Path) -> None:
    frames = np.stack([head.vertices, head.vertices + 1])
    path = head.save(tmp_path / "frames.npz", vertices=frames, names=None, deltas=None)
    character = read_character(path)
    assert character.deltas.shape == (0, 25, 3)
    assert np.allclose(character.neutral, head.vertices)
    path = head.save(path, vertices=frames, neutral=head.vertices + 2, names=None, deltas=None)
    assert np.allclose(read_character(path).neutral, head.vertices + 2)


def test_names_that_do_not_fit_are_refused(head: Any, tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    with pytest.raises(TopologyError, match="2 names for 3 shapes"):
        read_character(head.save(path, names=np.array(["a", "b"])))
    with pytest.raises(InputError, match="given twice: a"):
        read_character(head.save(path, names=np.array(["a", "b", "a"])))


def test_files_that_are_no_npz_are_refused(head: Any, tmp_path: Path) -> None:
    path = tmp_path / "head.npz"
    path.write_bytes(b"not a zip")
    with pytest.raises(FormatError, match="cannot be read as an npz"):
        read_character(path)
    whole = head.save(tmp_path / "whole.npz").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match="cannot be read as an npz"):
        read_character(path)
    np.savez(path, vertices=np.array([{}], dtype=object))
    with pytest.raises(FormatError, match="without Python objects"):
        read_character(path)
