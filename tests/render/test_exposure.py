import numpy as np

from facepatch.geometry.normals import vertex_normals
from facepatch.render.exposure import in_sight, lid_margin, vertex_exposure
from facepatch.render.eyes import Eyeball


def test_the_front_of_a_ball_is_in_sight_and_what_lies_inside_is_not(sphere):
    outer, faces = sphere(16, 24, radius=2.0)
    inner, more = sphere(8, 12)
    points = np.concatenate([outer, inner])
    triangles = np.concatenate([faces, more + len(outer)])
    seen = in_sight(points, triangles)
    centre = points[triangles].mean(axis=1)
    outside = np.arange(len(triangles)) < len(faces)
    assert seen[outside & (centre[:, 2] > 0.3)].all()
    assert not seen[outside & (centre[:, 2] < -0.8)].any()
    assert not seen[~outside].any()


def test_a_ball_sees_the_whole_sky_and_a_ball_inside_it_sees_nothing(sphere):
    outer, faces = sphere(16, 24, radius=2.0)
    inner, more = sphere(8, 12)
    points = np.concatenate([outer, inner])
    triangles = np.concatenate([faces, more + len(outer)])
    exposure = vertex_exposure(points, vertex_normals(points, triangles), triangles)
    assert exposure[: len(outer)].mean() > 0.9
    assert exposure[len(outer) :].max() < 0.05


def wall_and_ball(sphere):
    angle = np.arange(32) * 2 * np.pi / 32
    wall = np.concatenate(
        [np.stack([r * np.cos(angle), r * np.sin(angle), 0 * angle + 0.7], 1) for r in (0.8, 1.2)]
    )
    here, after = np.arange(32), (np.arange(32) + 1) % 32
    ring = np.concatenate(
        [np.stack([here, 32 + here, 32 + after], 1), np.stack([here, 32 + after, after], 1)]
    )
    ball, faces = sphere(16, 24)
    triangles = np.concatenate([ring, faces + len(wall)]).astype(np.int32)
    eye = Eyeball(np.zeros(3), 1.0, np.array([0.0, 0.0, 1.0]), np.arange(64, 64 + len(ball), dtype=np.int32))
    return np.concatenate([wall, ball]).astype(np.float32), triangles, len(ring), eye


def test_the_rim_of_the_lids_is_the_row_next_to_the_eyeball(sphere):
    points, triangles, count, eye = wall_and_ball(sphere)
    skin = np.arange(len(triangles)) < count
    assert lid_margin(points, triangles, skin, eye, ~skin).tolist() == list(range(32))


def test_an_eyeball_out_of_sight_has_no_rim(sphere):
    points, triangles, count, eye = wall_and_ball(sphere)
    skin = np.arange(len(triangles)) < count
    assert lid_margin(points, triangles[:count], skin[:count], eye, ~skin[:count]).size == 0
