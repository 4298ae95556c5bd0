from __future__ import annotations

import numpy as np

from facepatch.readers.head_region import belongs_to_head, head_box, reaches_out

FACE = np.array([[x, y, 5.0] for x in (-5, 5) for y in (0, 10)])


def test_the_box_is_told_by_what_moves() -> None:
    points = np.concatenate([FACE, [[0.0, -100.0, 0.0]]])
    box = head_box(points, np.array([1, 1, 1, 1, 0.01]))
    assert box is not None
    assert box.face_height == 10.0
    assert box.inside(points).tolist() == [True] * 4 + [False]
    assert reaches_out(box, points)
    assert not reaches_out(box, FACE)


def test_nothing_moves_so_there_is_no_box() -> None:
    assert head_box(FACE, np.zeros(4)) is None


def test_a_name_decides_only_for_what_is_mostly_outside() -> None:
    box = head_box(FACE, np.ones(4))
    assert box is not None
    strand = np.array([[0.0, y, 0.0] for y in np.linspace(-25, 20, 20)])
    assert belongs_to_head(box, "LongHair", strand)
    assert not belongs_to_head(box, "Scarf", strand)
    assert not belongs_to_head(box, "LongHair", strand - (0, 40, 0))
    assert belongs_to_head(box, "anything", FACE * 0.5)
