import numpy as np
import pytest

from facepatch.core.errors import ShapeError, TopologyError
from facepatch.geometry.normals import vertex_normals

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=np.float32)
HALVES = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)


def test_a_flat_square_counter_clockwise_from_the_front_faces_the_front():
    assert np.allclose(vertex_normals(SQUARE, HALVES), [0.0, 0.0, 1.0])


def test_normals_are_weighted_by_area():
    # A roof: a triangle of area 1 facing +Z and one of area 2 facing +X share the edge (0, 1).
    points = np.array([[0, 0, 0], [0, 2, 0], [-1, 0, 0], [0, 0, -2]], dtype=np.float32)
    triangles = np.array([[0, 1, 2], [0, 3, 1]], dtype=np.int32)
    expected = np.array([2.0, 0.0, 1.0]) / np.sqrt(5.0)
    assert np.allclose(vertex_normals(points, triangles)[0], expected, atol=1e-6)


def test_many_frames_give_what_each_alone_gives():
    frames = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(np.float32)
    alone = np.stack([vertex_normals(frame, HALVES) for frame in frames])
    assert np.array_equal(vertex_normals(frames, HALVES), alone)


def test_a_vertex_without_a_triangle_faces_the_camera():
    points = np.concatenate([SQUARE, [[5, 5, 5]]]).astype(np.float32)
    assert np.array_equal(vertex_normals(points, HALVES)[4], [0.0, 0.0, 1.0])


def test_triangles_of_another_mesh_are_refused():
    with pytest.raises(TopologyError, match="vertices 0 to 9, but there are 4"):
        vertex_normals(SQUARE, np.array([[0, 1, 9]], dtype=np.int32))


def test_vertices_that_are_not_finite_are_refused():
    broken = SQUARE.copy()
    broken[2, 1] = np.nan
    with pytest.raises(ShapeError, match="not finite"):
        vertex_normals(broken, HALVES)
