import numpy as np
import pytest

from facepatch.geometry.affine import inverse, transform
from facepatch.patches.extract import cut_patches

SIZE = 64


def view_of(scale_x, scale_y, degrees, centre):
    """(2, 3) frame pixels -> patch pixels that bring `centre` of the frame to the middle of the patch."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    linear = np.diag([scale_x, scale_y]) @ np.array([[cos, -sin], [sin, cos]])
    return np.concatenate([linear, (SIZE / 2 - linear @ np.asarray(centre))[:, None]], 1)


def painted(shape, place, sigma):
    """A bright spot on black, integrated over pixels so that its centroid is `place`; (0, 0) is the outer corner."""
    rows, columns = np.arange(shape[0]) + 0.5, np.arange(shape[1]) + 0.5
    spot = np.exp(-((rows[:, None] - place[1]) ** 2 + (columns[None] - place[0]) ** 2) / (2 * sigma**2))
    return np.repeat((spot * 250).round().astype(np.uint8)[..., None], 3, 2)


def centroid(patch):
    weight = patch[..., 0].astype(np.float64)
    rows, columns = np.arange(len(patch)) + 0.5, np.arange(len(patch)) + 0.5
    return np.array([(weight * columns[None]).sum(), (weight * rows[:, None]).sum()]) / weight.sum()


@pytest.mark.parametrize(
    ("scale_x", "scale_y", "degrees"),
    [
        (1.0, 1.0, 0.0),
        (4.0, 4.0, 0.0),  # a small face, enlarged
        (3.1, 2.3, 25.0),
        (0.5, 0.5, 0.0),
        (0.29, 0.33, -12.0),
        (0.11, 0.11, 0.0),  # a close-up in 4K: nine times smaller
        (0.07, 0.09, 40.0),
    ],
)
def test_a_painted_landmark_lands_where_the_transform_says(scale_x, scale_y, degrees):
    shrink = 1 / min(scale_x, scale_y)
    shape = (700, 900) if shrink > 2 else (160, 200)
    place = np.array([0.43 * shape[1] + 0.3, 0.57 * shape[0] + 0.2])
    view = view_of(scale_x, scale_y, degrees, place + np.array([2.4, -2.4]) * shrink)
    image = painted(shape, place, sigma=max(1.5, 1.8 * shrink))
    patch = cut_patches(image, view[None], size=SIZE)[0]
    wanted = transform(view, place[None])[0]
    assert np.linalg.norm(wanted - SIZE / 2) > 2
    assert np.abs(centroid(patch) - wanted).max() < 0.1  # half a pixel is what a wrong pixel centre costs


def test_an_identity_cut_is_the_frame_itself():
    image = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    still = np.array([[[1.0, 0, 0], [0, 1.0, 0]]])
    assert np.array_equal(cut_patches(image, still, size=SIZE)[0], image)


def test_all_patches_of_a_frame_come_in_order_and_into_the_array_given():
    image = np.zeros((100, 100, 3), np.uint8)
    image[:, :50] = (255, 0, 0)
    image[:, 50:] = (0, 0, 255)
    views = np.stack([view_of(2, 2, 0, (20, 50)), view_of(2, 2, 0, (80, 50))])
    out = np.empty((2, SIZE, SIZE, 3), np.uint8)
    assert cut_patches(image, views, size=SIZE, out=out) is out
    assert (out[0] == (255, 0, 0)).all()
    assert (out[1] == (0, 0, 255)).all()


@pytest.mark.parametrize("scale", [1.0, 0.2, 3.0])
def test_outside_the_frame_its_border_repeats(scale):
    image = np.full((200, 200, 3), 90, np.uint8)
    image[:, -30:] = 200
    patch = cut_patches(image, view_of(scale, scale, 0, (200, 100))[None], size=SIZE)[0]
    assert (patch[:, SIZE // 2 + 1 :] == 200).all()
    assert patch.min() >= 90  # no black anywhere


def test_fine_detail_is_averaged_and_does_not_alias():
    stripes = np.zeros((800, 800, 3), np.uint8)
    stripes[:, ::2] = 255
    patch = cut_patches(stripes, view_of(1 / 7.3, 1 / 7.3, 0, (400, 400))[None], size=SIZE)[0]
    assert np.abs(patch.astype(int) - 127).max() <= 25
    # The plain twin that does not average: it sees whole stripes.
    back = inverse(view_of(1 / 7.3, 1 / 7.3, 0, (400, 400)))
    places = transform(back, np.stack(np.meshgrid(np.arange(SIZE) + 0.5, [32.5]), -1).reshape(-1, 2))
    assert np.ptp(stripes[places[:, 1].astype(int), places[:, 0].astype(int), 0]) == 255
