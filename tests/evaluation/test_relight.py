"""evaluation.relight: light adds up in linear values, old shading is measured, new shading is Lambert's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facepatch.core.errors import NoFaceError
from facepatch.evaluation.relight import (
    LIGHTS,
    FaceShape,
    Light,
    black_body,
    encoded,
    face_shape,
    linear,
    measured_light,
    mesh_triangles,
    normal_map,
    relight_film,
    relit,
    shading_ratio,
)
from facepatch.geometry.normals import vertex_normals
from facepatch.render.video import FilmWriter, open_film

SIZE = 96


def dome(count: int = 478) -> np.ndarray:
    """(478, 3) points of a half ball that faces the camera, y up, in pixels around the origin."""
    golden = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    radius = 0.95 * np.sqrt((np.arange(count) + 0.5) / count)
    flat = np.stack([radius * np.cos(golden), radius * np.sin(golden)], axis=1)
    return (36 * np.concatenate([flat, np.sqrt(1 - radius**2)[:, None]], axis=1)).astype(np.float32)


def ball_film(
    path: Path, light: np.ndarray, *, frames: int = 6, albedo: float = 0.35
) -> tuple[Path, FaceShape]:
    """A ball lit by a + b . n, and where its points are."""
    solid = dome()
    points = np.stack([solid[:, 0] + SIZE / 2, SIZE / 2 - solid[:, 1]], axis=1)
    normals = vertex_normals(solid, mesh_triangles(solid[None]))
    sides, face = normal_map(points, normals, np.zeros((SIZE, SIZE, 3), np.uint8))
    shade = np.where(face, light[0] + sides @ light[1:], 0.2)
    image = encoded(albedo * np.repeat(shade[..., None], 3, axis=2))
    with FilmWriter(path, rate=(24, 1), quality=4) as film:
        for _ in range(frames):
            film.write(image)
    shape = FaceShape(
        np.repeat(points[None], frames, 0), np.repeat(normals[None], frames, 0), np.ones(frames, bool)
    )
    return path, shape


def test_bytes_and_linear_values_are_each_others_inverse() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    np.testing.assert_array_equal(encoded(linear(every)), every)
    # Half the light is 188, not 128.
    assert encoded(np.array(0.5)) == 188
    assert encoded(np.array(3.0)) == 255


def test_normals_of_a_ball_point_away_from_its_middle() -> None:
    solid = dome()
    normals = vertex_normals(solid, mesh_triangles(solid[None]))
    inner = np.linalg.norm(solid[:, :2], axis=1) < 28
    cosine = (normals * solid / 36).sum(axis=1)
    assert cosine[inner].min() > 0.98
    points = np.stack([solid[:, 0] + 48, 48 - solid[:, 1]], axis=1)
    filled, face = normal_map(points, normals, np.zeros((SIZE, SIZE, 3), np.uint8))
    assert filled[48, 70, 0] > 0.4  # to the right of the picture
    assert filled[25, 48, 1] > 0.4  # up
    assert not face[2, 2]


def test_the_light_that_was_there_is_found(tmp_path: Path) -> None:
    true = np.array([0.5, 0.3, 0.1, 0.3])
    path, shape = ball_film(tmp_path / "ball.mp4", true)
    found = measured_light(open_film(path), shape)
    np.testing.assert_allclose(found / found[0], true / true[0], atol=0.08)


def test_a_light_that_cannot_be_is_brought_to_one_that_can(tmp_path: Path) -> None:
    path, shape = ball_film(tmp_path / "ball.mp4", np.array([0.02, 0.0, 0.0, 0.9]))
    found = measured_light(open_film(path), shape)
    assert np.linalg.norm(found[1:]) <= 2.001 * found[0]


def test_relighting_a_ball_gives_the_ball_in_that_light(tmp_path: Path) -> None:
    path, shape = ball_film(tmp_path / "ball.mp4", np.array([0.5, 0.3, 0.1, 0.3]))
    light = Light("right", direction=(1.0, 0.0, 1.0), key=0.6)
    image = next(open_film(path).frames()).image
    normals, face = normal_map(shape.points[0], shape.normals[0], image)
    ratio = shading_ratio(normals, face, measured_light(open_film(path), shape), light, feather=4.0)
    lit = linear(relit(image, ratio, light))[..., 1]
    want = 0.4 + 0.6 * np.maximum(normals @ (np.array([1.0, 0.0, 1.0]) / np.sqrt(2)), 0)
    inner = face & (np.hypot(*(np.indices((SIZE, SIZE)) + 0.5 - 48)) < 30)
    assert np.corrcoef(lit[inner], want[inner])[0, 1] > 0.98
    assert np.corrcoef(linear(image)[..., 1][inner], want[inner])[0, 1] < 0.95
    # The mean of the factor is 1: how bright the whole gets is the exposure's affair.
    assert np.log(ratio[face]).mean() == pytest.approx(0.0, abs=1e-4)
    assert ratio[0, 0] == pytest.approx(1.0, abs=0.01)


def test_exposure_is_light_and_clips() -> None:
    grey = np.full((2, 2, 3), 120, np.uint8)
    twice = relit(grey, None, Light("one stop", stops=1.0))
    np.testing.assert_allclose(linear(twice), 2 * linear(grey), atol=0.01)
    assert (relit(grey, None, Light("three stops", stops=3.0)) == 255).all()


def test_colour_temperature_is_that_of_a_black_body() -> None:
    np.testing.assert_allclose(black_body(5500.0), 1.0, atol=1e-9)
    for kelvin in (2000.0, 2900.0, 8000.0):
        warm = kelvin < 5500
        gains = black_body(kelvin)
        assert (gains[0] > 1 > gains[2]) == warm
        assert gains @ np.array([0.2126, 0.7152, 0.0722]) == pytest.approx(1.0)
    # CIE 1931: a black body of 2856 K is illuminant A, whose linear sRGB is 1 : .39 : .08 of its red, D65 white.
    ratio = black_body(2856.0) / black_body(6504.0)
    np.testing.assert_allclose(ratio[1:] / ratio[0], [0.43, 0.11], atol=0.06)


def test_the_control_is_the_film_and_nothing_else(tmp_path: Path) -> None:
    path, shape = ball_film(tmp_path / "ball.mp4", np.array([0.5, 0.3, 0.1, 0.3]))
    film = open_film(path)
    for index, light in enumerate((LIGHTS[0], LIGHTS[1])):
        relight_film(
            film, tmp_path / f"{index}.mp4", light, shape=shape, old=np.array([0.5, 0.3, 0.1, 0.3]), start=2
        )
    same, lit = ([f.image.astype(int) for f in open_film(tmp_path / f"{i}.mp4").frames()] for i in (0, 1))
    assert len(same) == len(lit) == 4
    before = next(film.frames()).image.astype(int)
    assert np.abs(same[0] - before).mean() < 1.5
    assert lit[0][48, 20].mean() > before[48, 20].mean() + 10  # the left gets brighter
    assert lit[0][48, 76].mean() < before[48, 76].mean() - 10


def test_a_face_that_is_lost_keeps_its_shading(tmp_path: Path) -> None:
    path, shape = ball_film(tmp_path / "ball.mp4", np.array([0.5, 0.3, 0.1, 0.3]))
    nowhere = replace(shape, points=np.full_like(shape.points, -500.0) + shape.points * 1e-3)
    relight_film(
        open_film(path), tmp_path / "out.mp4", LIGHTS[1], shape=nowhere, old=np.array([1.0, 0, 0, 0])
    )
    after, before = (
        [f.image.astype(int) for f in open_film(p).frames()] for p in (tmp_path / "out.mp4", path)
    )
    assert len(after) == len(before) == 6
    kelvin = np.mean([frame.mean((0, 1)) for frame in after], 0) / np.mean(
        [frame.mean((0, 1)) for frame in before], 0
    )
    for one, other in zip(after, before, strict=True):
        assert np.abs(one - other * kelvin).mean() < 2, "one colour over all, no shading"


def test_a_film_without_a_face_cannot_be_relit(tmp_path: Path, tiny: SimpleNamespace) -> None:
    with FilmWriter(tmp_path / "grey.mp4", rate=(24, 1)) as film:
        for _ in range(3):
            film.write(np.full((64, 64, 3), 100, np.uint8))
    with pytest.raises(NoFaceError, match="MediaPipe finds no face in it"):
        face_shape(open_film(tmp_path / "grey.mp4"))


@pytest.mark.assets
def test_a_real_face_looks_at_the_camera(assets: Path, tmp_path: Path) -> None:
    whole = open_film(assets / "perf-fgnet-talking-face" / "franck.mp4")
    with FilmWriter(tmp_path / "part.mp4", rate=(24, 1)) as film:
        for frame in whole.frames(stop=4):
            film.write(frame.image)
    shape = face_shape(open_film(tmp_path / "part.mp4"))
    assert shape.found.all()
    assert shape.normals.shape == (4, 478, 3)
    assert (shape.normals[..., 2] > 0).mean() > 0.9
    nose, cheek_l, cheek_r = 4, 454, 234
    assert shape.normals[0, nose, 2] > 0.7
    assert shape.normals[0, cheek_l, 0] > 0.3
    assert shape.normals[0, cheek_r, 0] < -0.3
