import numpy as np
import pytest

from facepatch.core.data.pca import Pca
from facepatch.core.errors import ShapeError
from facepatch.render.camera import box_view, front_view, head_view


def move(view, points):
    return np.asarray(points, dtype=float) @ view[:, :2].T + view[:, 2]


def test_the_front_view_centres_the_head_with_its_margin_and_y_down():
    head = np.array([[-1, 0, 3], [1, 4, 0]], dtype=np.float32)
    view = front_view(head, size=(200, 100), margin=0.1)
    assert np.allclose(
        move(view, [[0, 2], [0, 4], [0, 0], [1, 2]]), [[100, 50], [100, 10], [100, 90], [120, 50]]
    )


def test_the_front_view_holds_every_frame():
    frames = np.array([[[-1, 0, 0], [1, 1, 0]], [[-3, 0, 0], [1, 1, 0]]], dtype=np.float32)
    view = front_view(frames, size=(100, 100), margin=0.0)
    assert np.allclose(move(view, [[-3, 0.5], [1, 0.5]]), [[0, 50], [100, 50]])


FIGURE = [
    [-7, -5, 0],
    [7, 15, 0],
    [0, 14, 0],
    [-4, 0, 0],
    [4, 0, 0],
    [4, 8, 0],
    [-85, -20, 0],
    [85, -20, 0],
    [0, -150, 0],
]
MOVED = [0, 0, 0, 1.0, 2.0, 1.5, 0.1, 0.1, 0]


def figure(make_character, moved):
    """A head of 14 by 20 cm whose face is 8 by 8, on a body that hardly moves."""
    deltas = np.zeros((len(moved), len(FIGURE), 3))
    deltas[:, :, 1] = moved
    return make_character(FIGURE, [[0, 1, 2], [3, 4, 5], [6, 7, 0]], deltas=deltas)


@pytest.mark.parametrize(
    "moved", [[MOVED], [[0, 0, 0, 1.0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 2.0, 1.5, 0.1, 0.1, 0]]]
)
def test_a_head_fills_the_picture_and_its_body_is_left_out(make_character, moved):
    view = head_view(figure(make_character, moved), size=(100, 100), margin=0.0)
    # half of its 8 cm to either side of the face; above it 6 to the crown, below it 1.2
    assert np.allclose(move(view, [[-8, 6.4], [8, 6.4]]), [[0, 50], [100, 50]], atol=1e-4)


def test_a_head_alone_is_shown_whole(make_character):
    head = make_character(FIGURE[:6], [[0, 1, 2], [3, 4, 5]])
    assert np.allclose(head_view(head, size=(64, 64)), front_view(head.neutral, size=(64, 64)), atol=1e-5)


def test_without_shapes_the_head_is_what_the_components_move(make_character):
    whole = figure(make_character, np.zeros((0, len(FIGURE))))
    basis = np.zeros((2, len(FIGURE), 3))
    basis[:, :, 1] = [MOVED, [0, 0, 0, 0, 0, 0, 3.0, 0, 0]]
    pca = Pca(whole.neutral.ravel(), basis.reshape(2, -1), np.array([1.0, 1e-4]), 1.0)
    told = figure(make_character, [MOVED])
    assert np.allclose(head_view(whole, size=(64, 64), pca=pca), head_view(told, size=(64, 64)), atol=1e-5)
    assert np.allclose(head_view(whole, size=(64, 64)), front_view(whole.neutral, size=(64, 64)), atol=1e-5)


def test_a_box_fills_the_picture():
    view = box_view([1, 2, 5, 4], (64, 32))
    assert np.allclose(move(view, [[1, 4], [5, 4], [1, 2]]), [[0, 0], [64, 0], [0, 32]])


def test_a_rotated_box_is_given_by_three_corners():
    corners = [[0, 1], [1, 2], [1, 0]]
    assert np.allclose(move(box_view(corners, (10, 20)), corners), [[0, 0], [10, 0], [0, 20]], atol=1e-5)


def test_a_box_without_area_is_refused():
    with pytest.raises(ShapeError, match="has no area"):
        box_view([1, 2, 1, 4], (8, 8))


def test_a_front_view_of_nothing_is_refused():
    with pytest.raises(ShapeError, match="0 points"):
        front_view(np.zeros((0, 3)), size=(8, 8))


def test_a_front_view_with_a_margin_of_half_is_refused():
    with pytest.raises(ShapeError, match=r"margin 0\.5"):
        front_view(np.eye(3), size=(8, 8), margin=0.5)
