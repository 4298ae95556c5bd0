from __future__ import annotations

import numpy as np
import pytest

from facepatch.landmarks.heat_maps import crop_square, face_square, from_square, read_heat_maps


def test_gaussian_peaks_are_read_between_cells() -> None:
    generator = np.random.default_rng(0)
    places = generator.uniform(0.05, 0.95, (30, 2))
    y, x = np.mgrid[:48, :64] + 0.5
    maps = np.stack([np.exp(-((x - px * 64) ** 2 + (y - py * 48) ** 2) / (2 * 1.5**2)) for px, py in places])
    found, height = read_heat_maps((0.9 * maps).astype(np.float32))
    np.testing.assert_allclose(found, places, atol=1e-3)
    assert (height > 0.7).all()
    assert (height <= 0.9).all()


def test_flat_and_bordering_maps_give_a_cell_and_no_confidence() -> None:
    maps = np.zeros((2, 8, 8), np.float32)
    maps[1, 0, 7] = 1.0
    found, height = read_heat_maps(maps)
    assert height.tolist() == [0.0, 1.0]
    np.testing.assert_allclose(found, [[1 / 16, 1 / 16], [15 / 16, 1 / 16]])


@pytest.mark.parametrize("size", [64, 128, 200])
def test_a_place_in_the_crop_is_the_same_place_in_the_frame(size: int) -> None:
    y, x = np.mgrid[:240, :320] + 0.5
    image = np.repeat(np.exp(-((x - 171.3) ** 2 + (y - 92.6) ** 2) / 18)[:, :, None] * 255, 3, axis=2).astype(
        np.uint8
    )
    square = face_square((120.0, 40.0, 220.0, 160.0), 1.25)
    assert square == (95.0, 25.0, 150.0)
    crop = crop_square(image, square, size)[:, :, 0].astype(np.float64)
    y, x = np.mgrid[:size, :size] + 0.5
    place = np.array([[(crop * x).sum(), (crop * y).sum()]]) / crop.sum() / size
    np.testing.assert_allclose(from_square(place.astype(np.float32), square), [[171.3, 92.6]], atol=0.25)


def test_a_square_that_reaches_beyond_the_image_is_black_there() -> None:
    crop = crop_square(np.full((50, 50, 3), 200, np.uint8), (-25.0, -25.0, 50.0), 50)
    assert not crop[:24].any()
    assert (crop[26:, 26:] == 200).all()
