"""core.gaze: where the eyes look, read off the eyeballs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.clip import Clip
from facepatch.core.data.mesh import Topology
from facepatch.core.data.pca import Pca
from facepatch.core.errors import InputError, ShapeError
from facepatch.core.gaze import clip_gaze, eye_rows, gaze
from facepatch.core.pose import rotations_from_euler

RANDOM = np.random.default_rng(8)
BALL = RANDOM.normal(size=(9, 3))
BALL /= np.linalg.norm(BALL, axis=1, keepdims=True)
CENTRES = np.array([[3.1, 150.0, 7.0], [-2.9, 150.1, 7.0]])
ANGLES = RANDOM.uniform(-0.6, 0.6, size=(20, 2, 3))


def character(kinds: tuple[str, ...] = ("skin", "eye"), middle: float = 0.0, shapes: Any = None) -> Character:
    """A face of 6 vertices, then a right and a left eyeball in one mesh: the order in the file says nothing."""
    face = RANDOM.normal(size=(6, 3)) * 5
    balls = np.concatenate([BALL * 1.2 + CENTRES[1], BALL * 1.2 + CENTRES[0]])
    neutral = (np.concatenate([face, balls]) + np.array([middle, 0, 0])).astype(np.float32)
    corners = np.arange(24, dtype=np.int32)
    parts: Any = tuple(Part(kind, kind) for kind in kinds)  # type: ignore[arg-type]
    deltas = np.zeros((0, 24, 3), np.float32) if shapes is None else shapes
    return Character(
        name="hero",
        neutral=neutral,
        topology=Topology(24, np.full(8, 3, np.int32), corners),
        shape_names=tuple(f"s{k}" for k in range(len(deltas))),
        deltas=deltas,
        meshes=(MeshSpan("all", 0, 24, 0, 8),),
        parts=parts,
        polygon_part=np.array([0, 0, 1, 1, 1, 1, 1, 1], np.int32),
    )


def looking(hero: Character, angles: Any) -> Any:
    """(T, V, 3) with each eyeball turned about its centre; the left eye is the second half."""
    out = np.tile(hero.neutral, (len(angles), 1, 1)).astype(np.float64)
    for eye, rows in enumerate((slice(15, 24), slice(6, 15))):
        turns = rotations_from_euler(angles[:, eye])
        middle = hero.neutral[rows].mean(axis=0)
        out[:, rows] = np.einsum("tij,vj->tvi", turns, hero.neutral[rows] - middle) + middle
    return out.astype(np.float32)


@pytest.mark.parametrize("middle", [0.0, 40.0])
def test_eyeballs_are_told_apart_by_side(middle: float) -> None:
    left, right = eye_rows(character(middle=middle))
    assert left.tolist() == list(range(15, 24))
    assert right.tolist() == list(range(6, 15))


def test_rotations_of_the_eyeballs_are_found() -> None:
    hero = character()
    found = gaze(hero, looking(hero, ANGLES))
    wanted = rotations_from_euler(ANGLES.reshape(-1, 3)).reshape(20, 2, 3, 3)
    np.testing.assert_allclose(found.rotations, wanted, atol=1e-4)
    np.testing.assert_allclose(found.directions, wanted[..., 2], atol=1e-4)
    np.testing.assert_allclose(found.centres[:, 0] > 0, [True, False])


def test_looking_to_the_characters_left_is_towards_plus_x() -> None:
    hero = character()
    found = gaze(hero, looking(hero, np.tile([0.0, 0.3, 0.0], (1, 2, 1))))
    assert (found.directions[0, :, 0] > 0.2).all()


def test_an_eyeball_that_trembles_is_fitted_by_least_squares() -> None:
    hero = character()
    moved = looking(hero, ANGLES) + RANDOM.normal(size=(20, 24, 3)).astype(np.float32) * 0.005
    found = gaze(hero, moved)
    wanted = rotations_from_euler(ANGLES.reshape(-1, 3)).reshape(20, 2, 3, 3)
    np.testing.assert_allclose(found.rotations, wanted, atol=0.02)
    np.testing.assert_allclose(np.linalg.det(found.rotations), 1.0)


def test_the_gaze_of_a_pca_clip_is_that_of_its_vertices() -> None:
    hero = character()
    motion = looking(hero, ANGLES)
    flat = motion.reshape(20, -1)
    mean = flat.mean(axis=0)
    basis = np.linalg.svd(flat - mean, full_matrices=False)[2][:8]
    pca = Pca(mean, basis, np.ones(8), 8.0)
    clip = Clip(tuple(f"pc_{k:03d}" for k in range(8)), pca.weights(motion), (24, 1), pca=pca)
    wanted = gaze(hero, pca.vertices(clip.weights))
    np.testing.assert_allclose(clip_gaze(hero, clip).rotations, wanted.rotations, atol=1e-4)


def test_the_gaze_of_a_clip_of_shapes_is_that_of_its_vertices() -> None:
    plain = character()
    shapes = looking(plain, ANGLES[:3]) - plain.neutral
    hero = Character(**{**vars(plain), "deltas": shapes, "shape_names": ("a", "b", "c")})
    weights = RANDOM.uniform(0, 1, size=(5, 3)).astype(np.float32)
    clip = Clip(("a", "b", "c"), weights, (24, 1))
    np.testing.assert_allclose(
        clip_gaze(hero, clip).rotations, gaze(hero, hero.vertices(weights)).rotations, atol=1e-4
    )


def test_a_character_without_eyeballs_is_refused() -> None:
    with pytest.raises(InputError, match=r"hero: no pair of eyeballs among its parts \(skin, teeth\)"):
        eye_rows(character(("skin", "teeth")))


def test_one_eyeball_is_no_pair() -> None:
    hero = character()
    part = np.array([0, 0, 0, 0, 0, 1, 1, 1], np.int32)
    with pytest.raises(InputError, match="no pair of eyeballs"):
        eye_rows(Character(**{**vars(hero), "polygon_part": part}))


def test_motion_of_another_mesh_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"hero needs \(frames, 24, 3\)"):
        gaze(character(), np.zeros((3, 7, 3), np.float32))


def test_a_clip_of_another_character_is_refused() -> None:
    hero = character()
    pca = Pca(np.zeros(30), np.eye(30)[:1], np.ones(1), 1.0)
    with pytest.raises(InputError, match="its space has 10 vertices, hero has 24"):
        clip_gaze(hero, Clip(("pc_000",), np.zeros((2, 1)), (24, 1), pca=pca))
    with pytest.raises(InputError, match="its 1 columns are not the 0 shapes"):
        clip_gaze(hero, Clip(("jawOpen",), np.zeros((2, 1)), (24, 1)))
