"""The picture for confirmation: landmarks are drawn where they are, and doubts are listed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.errors import ShapeError, TopologyError
from facepatch.landmarks.surface_picture import draw_landmarks
from facepatch.synthetic.face import make_character, synthetic_landmarks


@pytest.fixture(scope="module")
def face() -> Character:
    return make_character(detail="low")


@pytest.fixture(scope="module")
def marks(face: Character) -> SurfaceLandmarks:
    return synthetic_landmarks(face)


def reddish(image: np.ndarray) -> np.ndarray:
    """(P, 2) column and row of pixels in the colour of eye_r."""
    rows, columns = np.nonzero((image == (255, 80, 80)).all(axis=2))
    return np.stack([columns, rows], axis=1)


def test_the_right_eye_is_drawn_at_the_left_and_enlarged_beside_it(
    face: Character, marks: SurfaceLandmarks
) -> None:
    image = draw_landmarks(face, marks, size=400)
    assert image.dtype == np.uint8
    assert image.shape[1] == 800
    dots = reddish(image[:400])
    whole = dots[dots[:, 0] < 400]
    zoom = dots[(dots[:, 0] >= 400) & (dots[:, 1] < 200)]
    assert whole[:, 0].max() < 200
    assert zoom[:, 0].max() < 600
    assert np.ptp(zoom[:, 0]) > 2 * np.ptp(whole[:, 0])


def test_doubts_are_listed_below(face: Character, marks: SurfaceLandmarks) -> None:
    plain = draw_landmarks(face, marks, size=256)
    doubted = draw_landmarks(face, replace(marks, doubts=("The right eye may be hidden.",)), size=256)
    assert len(doubted) > len(plain)
    assert (doubted[: len(plain) - 16] == plain[: len(plain) - 16]).all()


def test_landmarks_of_another_mesh_are_refused(face: Character, marks: SurfaceLandmarks) -> None:
    with pytest.raises(TopologyError, match="belong to topology feed"):
        draw_landmarks(face, replace(marks, topology_id="feed"))


def test_a_picture_too_small_to_read_is_refused(face: Character, marks: SurfaceLandmarks) -> None:
    with pytest.raises(ShapeError, match="size is 100; it must be 256"):
        draw_landmarks(face, marks, size=100)
