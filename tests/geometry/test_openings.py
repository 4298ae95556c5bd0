import numpy as np
import pytest

from facepatch.core.data.mesh import Topology, topology_from_padded
from facepatch.core.errors import ShapeError
from facepatch.geometry.openings import boundary_edges, boundary_loops, components, loop_length, rings


def grid(rows, columns, holes=()):
    """rows x columns square polygons in the plane z = 0, facing +Z, without those in `holes`."""
    wide = columns + 1
    polygons = [
        [r * wide + c, r * wide + c + 1, (r + 1) * wide + c + 1, (r + 1) * wide + c]
        for r in range(rows)
        for c in range(columns)
        if (r, c) not in holes
    ]
    y, x = np.mgrid[0 : rows + 1, 0:wide]
    points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1).astype(np.float32)
    return topology_from_padded(points.shape[0], polygons), points


def as_cycle(loop):
    start = int(np.argmin(loop))
    return np.roll(loop, -start).tolist()


def test_a_sheet_has_one_loop_around_it_in_the_direction_of_its_polygons():
    topology, _ = grid(1, 2)
    (loop,) = boundary_loops(topology)
    assert as_cycle(loop) == [0, 1, 2, 5, 4, 3]


def test_a_hole_has_a_loop_of_its_own_that_runs_the_other_way():
    topology, _ = grid(3, 3, holes=[(1, 1)])
    outer, hole = boundary_loops(topology)
    assert len(outer) == 12
    assert as_cycle(hole) == [5, 9, 10, 6]


def test_two_holes_that_touch_at_a_vertex_are_two_loops():
    topology, _ = grid(4, 4, holes=[(1, 1), (2, 2)])
    loops = boundary_loops(topology)
    assert sorted(len(loop) for loop in loops) == [4, 4, 16]
    assert sorted(set(loops[1].tolist()) & set(loops[2].tolist())) == [12]


def test_a_closed_surface_has_no_loop():
    tetrahedron = topology_from_padded(4, [[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])
    assert boundary_loops(tetrahedron) == []
    assert boundary_edges(tetrahedron).shape == (0, 2)


def test_an_edge_between_flipped_polygons_is_no_boundary():
    topology = topology_from_padded(4, [[0, 1, 2], [0, 3, 2][::-1]])
    flipped = topology_from_padded(4, [[0, 1, 2], [0, 3, 2]])
    assert len(boundary_edges(topology)) == len(boundary_edges(flipped)) == 4


def test_the_length_of_a_loop_closes_it():
    topology, points = grid(1, 2)
    assert loop_length(boundary_loops(topology)[0], points) == pytest.approx(6.0)


def test_rings_grow_by_one_edge_each():
    topology, _ = grid(1, 3)
    first, second, third = rings(topology, np.array([0]), count=2)
    assert first.tolist() == [0]
    assert second.tolist() == [1, 4]
    assert third.tolist() == [2, 5]


def test_a_negative_number_of_rings_is_refused():
    with pytest.raises(ShapeError, match="count is -1"):
        rings(grid(1, 1)[0], np.array([0]), count=-1)


def test_pieces_are_numbered_in_the_order_of_their_lowest_vertex():
    topology = topology_from_padded(7, [[4, 5, 6], [0, 2, 1]])
    assert components(topology).tolist() == [0, 0, 0, 1, 2, 2, 2]


def test_a_mesh_without_polygons_has_no_loops():
    empty = Topology(3, np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32))
    assert boundary_loops(empty) == []
    assert components(empty).tolist() == [0, 1, 2]
