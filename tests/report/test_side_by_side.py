from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.errors import ConfigError, ShapeError
from facepatch.report.side_by_side import BACKGROUND, compose_frame, frame_size


def flat(color: tuple[int, int, int], height: int = 128, width: int = 128) -> np.ndarray:
    return np.full((height, width, 3), color, np.uint8)


RED, GREEN, BLUE, WHITE = (200, 0, 0), (0, 200, 0), (0, 0, 200), (255, 255, 255)


def compose(count: int, height: int = 360, **more) -> np.ndarray:
    return compose_frame(
        more.pop("performer", flat(RED, 480, 640)),
        [flat(GREEN)] * count,
        reenacted=[flat(BLUE)] * count,
        character=flat(WHITE, 512, 512),
        height=height,
        **more,
    )


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 9])
@pytest.mark.parametrize("height", [64, 241, 360])
def test_the_size_is_even_and_foretold(count, height):
    image = compose(count, height)
    assert image.shape[1::-1] == frame_size(count, height=height)
    assert image.shape[0] % 2 == 0
    assert image.shape[1] % 2 == 0


def test_columns_stand_in_order():
    image = compose(3)
    row = image[image.shape[0] // 2 + 4]
    found = [color for color in (RED, GREEN, BLUE, WHITE) if (row == color).all(axis=1).any()]
    places = [int(np.flatnonzero((row == color).all(axis=1))[0]) for color in found]
    assert found == [RED, GREEN, BLUE, WHITE]
    assert places == sorted(places)


@pytest.mark.parametrize("count", [1, 3, 5])
def test_every_patch_is_seen_whole(count):
    image = compose(count)
    side = {1: 178, 3: 117, 5: 117}[count]
    assert int((image == GREEN).all(axis=2).sum()) == count * side * side


def test_the_performer_is_fitted_without_distortion():
    area = (compose(3) == RED).all(axis=2)
    rows, columns = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
    assert (len(columns), len(rows)) == (360, 270)


def test_a_tall_film_is_fitted_too():
    area = (compose(3, performer=flat(RED, 640, 360)) == RED).all(axis=2)
    assert area.any(axis=1).sum() == 360


def test_labels_are_written_and_can_be_replaced():
    plain = compose(3, labels=("", "", "", ""))
    named = compose(3)
    top = frame_size(3)[1] - 360
    assert (plain[: top - 1] == BACKGROUND).all()
    assert (named[:top] != plain[:top]).any()
    assert np.array_equal(named[top:], plain[top:])


def test_unequal_patches_are_refused():
    with pytest.raises(ConfigError, match="2 patches but 1 reenacted"):
        compose_frame(flat(RED), [flat(GREEN)] * 2, reenacted=[flat(BLUE)], character=flat(WHITE))


def test_a_tiny_height_is_refused():
    with pytest.raises(ConfigError, match="height of 32 pixels"):
        compose(3, 32)


def test_missing_labels_are_refused():
    with pytest.raises(ConfigError, match="2 labels for 4 columns"):
        compose(3, labels=("a", "b"))


def test_a_grey_picture_is_refused():
    with pytest.raises(ShapeError, match="performer 0: needs 3 axes"):
        compose(3, performer=np.zeros((10, 10), np.uint8))
