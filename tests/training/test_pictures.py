import cv2
import numpy as np
import pytest
import torch

from facepatch.training.pictures import to_image, write_picture


def test_a_tensor_becomes_a_picture_of_bytes():
    image = torch.tensor([1.0, 0.5, 0.0])[:, None, None].expand(3, 2, 4)
    assert (to_image(image) == (255, 128, 0)).all()
    assert to_image(image).shape == (2, 4, 3)


def test_what_lies_outside_black_and_white_is_held_there():
    assert (to_image(torch.tensor([1.7, -0.2, 0.0])[:, None, None]) == (255, 0, 0)).all()


@pytest.mark.parametrize("name", ["red.png", "red.jpg"])
def test_pictures_keep_their_colours_on_disk(tmp_path, name):
    path = tmp_path / "new" / name
    write_picture(path, np.full((16, 16, 3), (200, 60, 30), np.uint8))
    assert np.abs(cv2.imread(str(path))[..., ::-1].astype(int) - (200, 60, 30)).max() <= 4
