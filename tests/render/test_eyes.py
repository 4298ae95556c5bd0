import numpy as np
import pytest

from facepatch.core.data.mesh import topology_from_padded
from facepatch.render.eyes import (
    eye_openings,
    eyeball_behind,
    eyeball_cap,
    find_eyeballs,
    fit_sphere,
    gaze_direction,
    iris_uv,
)


def test_a_sphere_is_found_from_a_part_of_it(sphere):
    points, _ = sphere(12, 16, centre=(1.0, 2.0, 3.0), radius=1.5)
    centre, radius = fit_sphere(points[points[:, 2] > 3.0].astype(np.float64))
    assert np.allclose(centre, [1, 2, 3], atol=1e-5)
    assert radius == pytest.approx(1.5, abs=1e-5)


def two_eyes(sphere, **options):
    left, faces = sphere(12, 16, centre=(3.0, 0.0, 0.0), **options)
    right, more = sphere(12, 16, centre=(-3.0, 0.0, 0.0), **options)
    return np.concatenate([left, right]), np.concatenate([faces, more + len(left)])


def test_two_eyes_in_one_part_are_two_eyeballs(sphere):
    points, faces = two_eyes(sphere)
    eyes = find_eyeballs(points, topology_from_padded(len(points), faces), [])
    assert sorted(round(float(eye.centre[0]), 3) for eye in eyes) == [-3.0, 3.0]
    assert all(np.allclose(eye.forward, [0, 0, 1]) for eye in eyes)


def test_a_shell_around_an_eyeball_belongs_to_it(sphere):
    inner, faces = sphere(12, 16)
    outer, more = sphere(12, 16, radius=1.05)
    points = np.concatenate([inner, outer])
    topology = topology_from_padded(len(points), np.concatenate([faces, more + len(inner)]))
    (eye,) = find_eyeballs(points, topology, [])
    assert sorted(eye.vertices.tolist()) == list(range(len(points)))


def test_a_flat_disc_gets_the_sphere_of_its_outline():
    angle = np.arange(16) * 2 * np.pi / 16
    points = np.concatenate([[[0, 0, 2]], np.stack([np.cos(angle), np.sin(angle), 0 * angle + 2], 1)])
    faces = [[0, 1 + i, 1 + (i + 1) % 16] for i in range(16)]
    (eye,) = find_eyeballs(points.astype(np.float32), topology_from_padded(17, faces), [])
    assert eye.radius == pytest.approx(1.0)
    assert np.allclose(eye.centre, [0, 0, 1])


def test_gaze_is_ahead_unless_the_lids_open_far_to_the_side():
    centre = np.zeros(3)
    near_front = np.array([np.sin(0.1), 0.0, np.cos(0.1)])
    to_the_side = np.array([np.sin(1.0), 0.0, np.cos(1.0)])
    assert np.allclose(gaze_direction(centre, 1.0, [near_front]), [0, 0, 1])
    turned = gaze_direction(centre, 1.0, [to_the_side])
    assert np.arccos(turned[2]) == pytest.approx(1.0 - np.radians(10.0))
    assert np.allclose(gaze_direction(centre, 1.0, [to_the_side * 9.0]), [0, 0, 1])


def test_the_iris_lies_around_the_gaze_and_the_top_of_the_eye_is_up_in_its_picture(sphere):
    points, faces = sphere(12, 16)
    (eye,) = find_eyeballs(points, topology_from_padded(len(points), faces), [])
    uv = iris_uv(eye, np.array([[0, 0, 1.0], [0, 0.5, 0.866], [0.5, 0, 0.866], [0, 0, -1.0]]))
    assert np.allclose(uv[0], 0.5)
    assert np.allclose(uv[1], [0.5, 0.25], atol=1e-3)
    assert np.allclose(uv[2], [0.75, 0.5], atol=1e-3)
    assert np.linalg.norm(uv[3] - 0.5) == pytest.approx(0.49)


def test_an_added_eyeball_stays_behind_the_lids_of_every_shape():
    angle = np.arange(24) * 2 * np.pi / 24
    rim = np.stack([np.cos(angle), 0.5 * np.sin(angle), 0 * angle], axis=1).astype(np.float32)
    inward = np.zeros((1, 24, 3), dtype=np.float32)
    inward[0, :, 2] = -0.2
    loop = np.arange(24, dtype=np.int32)
    still = eyeball_behind(loop, rim, np.zeros((0, 24, 3), np.float32), loop)
    moved = eyeball_behind(loop, rim, inward, loop)
    assert still.radius == pytest.approx(0.84)
    assert moved.centre[2] == pytest.approx(still.centre[2] - 0.2, abs=0.01)
    points, triangles = eyeball_cap(still)
    assert np.allclose(np.linalg.norm(points - still.centre, axis=1), still.radius)
    corners = points[triangles]
    outward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.einsum("fx,fx->f", outward, corners.mean(axis=1) - still.centre) > 0).all()


def test_a_mesh_without_a_mirrored_pair_of_holes_has_no_eye_openings():
    points = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    assert eye_openings(topology_from_padded(4, [[0, 1, 2, 3]]), points) == []
