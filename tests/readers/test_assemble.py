from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from facepatch.core.data.character import Part
from facepatch.core.errors import TopologyError
from facepatch.readers.assemble import Source, SourceMesh, build_character


def mesh(head: Any, name: str, shapes: dict[str, Any], **more: Any) -> SourceMesh:
    return SourceMesh(
        name=name, vertices=head.vertices, counts=np.full(16, 4), corners=head.polys.reshape(-1), shapes=shapes,
        **{"parts": (Part(name, "skin"),), **more},
    )  # fmt: skip


def test_shapes_of_equal_name_are_one_shape(head: Any) -> None:
    meshes = (
        mesh(head, "a", {"jawOpen": head.deltas[0]}),
        mesh(head, "b", {"jawOpen": head.deltas[1], "x": head.deltas[2]}),
    )
    character = build_character(Source("two", meshes, 0.01))
    assert character.shape_names == ("jawOpen", "x")
    assert np.allclose(character.deltas[0], np.concatenate([head.deltas[0], head.deltas[1]]))
    assert not character.deltas[1, :25].any()
    assert [(m.vertex_start, m.vertex_stop, m.polygon_start, m.polygon_stop) for m in character.meshes] == [
        (0, 25, 0, 16), (25, 50, 16, 32),
    ]  # fmt: skip
    assert character.topology.polygon_vertices.max() == 49


def test_textures_that_nothing_shows_are_dropped(head: Any) -> None:
    pictures = tuple(np.full((1, 1, 3), value, np.uint8) for value in (10, 20, 30))
    parts = (Part("unused", "skin", texture=0), Part("used", "skin", texture=2))
    number = np.ones(16, int)
    source = Source("t", (mesh(head, "a", {}, parts=parts, polygon_part=number),), 0.01, pictures)
    character = build_character(source)
    assert [part.name for part in character.parts] == ["used"]
    assert character.parts[0].texture == 0
    assert len(character.textures) == 1
    assert character.textures[0][0, 0, 0] == 30


def test_meshes_without_uv_or_colour_get_neutral_ones(head: Any) -> None:
    uv = np.full((64, 2), 0.5)
    red = np.tile(np.array([255, 0, 0], np.uint8), (25, 1))
    character = build_character(
        Source("t", (mesh(head, "a", {}, corner_uv=uv, vertex_color=red), mesh(head, "b", {})), 0.01)
    )
    assert character.corner_uv is not None
    assert character.corner_uv[[0, 64]].tolist() == [[0.5, 0.5], [0, 0]]
    assert character.vertex_color is not None
    assert character.vertex_color[25].tolist() == [255, 255, 255]


def test_what_does_not_fit_is_refused(head: Any) -> None:
    with pytest.raises(TopologyError, match="holds no mesh"):
        build_character(Source("none", (), 0.01))
    with pytest.raises(TopologyError, match="shape 'x' has 3 vertices, mesh 'a' has 25"):
        build_character(Source("t", (mesh(head, "a", {"x": np.zeros((3, 3))}),), 0.01))
