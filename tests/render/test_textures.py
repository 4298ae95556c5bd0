import numpy as np
import pytest

from facepatch.core.errors import ShapeError
from facepatch.render.textures import byte_to_linear, linear_to_srgb, srgb_to_linear, stacked_levels


def test_srgb_and_linear_undo_each_other():
    values = np.linspace(0.0, 1.0, 101)
    assert np.allclose(linear_to_srgb(srgb_to_linear(values)), values)
    assert byte_to_linear()[188] == pytest.approx(0.5, abs=0.005)


def test_levels_halve_down_to_one_texel_and_keep_the_mean_light():
    image = np.zeros((4, 8, 3), dtype=np.uint8)
    image[:, ::2] = 255
    texels, table = stacked_levels([image], largest=1024)
    assert table[0].tolist() == [[0, 4, 8], [32, 2, 4], [40, 1, 2], [42, 1, 1]]
    assert (texels[32:] == 188).all()


def test_an_odd_size_repeats_its_last_texel():
    image = np.array([[[0] * 3, [0] * 3, [255] * 3]], dtype=np.uint8)
    texels, table = stacked_levels([image], largest=1024)
    assert table[0, 1].tolist() == [3, 1, 2]
    assert texels[3:5, 0].tolist() == [0, 255]


def test_a_large_texture_starts_at_a_level_that_fits():
    _, table = stacked_levels([np.zeros((64, 32, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)], largest=16)
    assert table[0, 0].tolist() == [0, 16, 8]
    assert table[1, 0, 1:].tolist() == [4, 4]


def test_no_texture_is_no_texels():
    texels, table = stacked_levels([], largest=16)
    assert texels.shape == (0, 3)
    assert table.shape[0] == 0


def test_a_texture_that_is_no_picture_is_refused():
    with pytest.raises(ShapeError, match=r"texture 1: needs \(H, W, 3\)"):
        stacked_levels([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8)], largest=16)
