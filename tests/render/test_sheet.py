import numpy as np
import pytest

from facepatch.core.errors import ShapeError
from facepatch.render.sheet import GAP, LABEL, contact_sheet


def picture(value, size=(20, 30)):
    return np.full((*size, 3), value, dtype=np.uint8)


def test_pictures_stand_in_rows_in_their_order():
    sheet = contact_sheet([picture(v) for v in (50, 100, 150)], columns=2)
    assert sheet.shape == (2 * (20 + GAP), 2 * (30 + GAP), 3)
    assert [sheet[5, 5, 0], sheet[5, 40, 0], sheet[30, 5, 0]] == [50, 100, 150]


def test_labels_stand_above_and_change_no_picture():
    sheet = contact_sheet(
        [picture(50), picture(60)], columns=2, labels=["jaw open", "a label far too long for it"]
    )
    assert (sheet[LABEL : LABEL + 20, :30] == 50).all()
    assert sheet[:LABEL, :30].max() > 150
    assert sheet[:LABEL, 30 + GAP :].max() > 100


def test_pictures_of_different_size_share_a_grid():
    sheet = contact_sheet([picture(50), picture(90, (40, 10))], columns=1)
    assert sheet.shape == (2 * (40 + GAP), 30 + GAP, 3)


@pytest.mark.parametrize(
    ("images", "options", "sentence"),
    [
        ([], {}, "0 images"),
        ([np.zeros((4, 4), np.uint8)], {}, r"image 0 is \(4, 4\)"),
        ([np.zeros((4, 4, 3))], {}, "float64"),
        ([np.zeros((4, 4, 3), np.uint8)], {"labels": ["a", "b"]}, "2 labels for 1 images"),
    ],
)
def test_what_is_no_list_of_pictures_is_refused(images, options, sentence):
    with pytest.raises(ShapeError, match=sentence):
        contact_sheet(images, columns=2, **options)
