"""core.data.mesh: topology."""

from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.data.mesh import Topology, topology_from_padded
from facepatch.core.errors import TopologyError


def house() -> Topology:
    """A quad with a triangle on top and a pentagon below."""
    return topology_from_padded(7, [[0, 1, 2, 3, -1], [3, 2, 4, -1, -1], [0, 5, 6, 1, 2]])


def test_padding_is_dropped() -> None:
    assert house().polygon_counts.tolist() == [4, 3, 5]
    assert house().polygon_vertices.tolist() == [0, 1, 2, 3, 3, 2, 4, 0, 5, 6, 1, 2]


def test_polygons_are_fanned_in_their_own_direction() -> None:
    assert house().triangles.tolist() == [
        [0, 1, 2], [0, 2, 3],
        [3, 2, 4],
        [0, 5, 6], [0, 6, 1], [0, 1, 2],
    ]  # fmt: skip


def test_triangles_know_their_polygon_and_corners() -> None:
    mesh = house()
    assert mesh.triangle_polygon.tolist() == [0, 0, 1, 2, 2, 2]
    assert np.array_equal(mesh.polygon_vertices[mesh.triangle_corners], mesh.triangles)


def test_a_mesh_of_triangles_is_its_own_triangulation() -> None:
    faces = np.array([[0, 1, 2], [2, 1, 3]], np.int32)
    assert np.array_equal(topology_from_padded(4, faces).triangles, faces)


def test_no_polygons_give_no_triangles() -> None:
    mesh = Topology(3, np.zeros(0, np.int32), np.zeros(0, np.int32))
    assert mesh.triangles.shape == (0, 3)


def test_equal_topology_has_equal_id() -> None:
    assert house().topology_id == house().topology_id


@pytest.mark.parametrize(
    "other",
    [
        topology_from_padded(8, [[0, 1, 2, 3, -1], [3, 2, 4, -1, -1], [0, 5, 6, 1, 2]]),
        topology_from_padded(7, [[0, 1, 2, 3, -1], [3, 4, 2, -1, -1], [0, 5, 6, 1, 2]]),
        topology_from_padded(7, [[0, 1, 2, -1, -1], [3, 3, 2, 4, -1], [0, 5, 6, 1, 2]]),
    ],
    ids=["one vertex more", "another order", "the same corners in other polygons"],
)
def test_other_topology_has_another_id(other: Topology) -> None:
    assert other.topology_id != house().topology_id


def test_a_polygon_of_two_corners_is_refused() -> None:
    with pytest.raises(TopologyError, match="polygon 1 has 2 corners"):
        topology_from_padded(4, [[0, 1, 2], [2, 3, -1]])


@pytest.mark.parametrize("index", [4, -2])
def test_an_index_outside_the_vertices_is_refused(index: int) -> None:
    counts, corners = np.array([3], np.int32), np.array([0, 1, index], np.int32)
    with pytest.raises(TopologyError, match=f"index {index} lies outside the 4 vertices"):
        Topology(4, counts, corners)


def test_counts_that_do_not_sum_up_are_refused() -> None:
    with pytest.raises(TopologyError, match="sum to 3, but there are 4 corners"):
        Topology(4, np.array([3], np.int32), np.array([0, 1, 2, 3], np.int32))
