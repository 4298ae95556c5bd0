"""core.axes: shapes by axis letter."""

from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.axes import Axes
from facepatch.core.errors import ShapeError


def test_lists_become_contiguous_float32() -> None:
    array = Axes()("vertices", [[0, 1, 2], [3, 4, 5]], "V 3")
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    assert array.shape == (2, 3)


def test_an_array_that_fits_is_not_copied() -> None:
    array = np.zeros((4, 3), np.float32)
    assert Axes()("vertices", array, "V 3") is array


def test_a_letter_binds_several_arrays() -> None:
    check = Axes()
    check("neutral", np.zeros((8, 3)), "V 3")
    with pytest.raises(ShapeError, match=r"deltas: axis V is 9, but neutral says 8; got shape \(51, 9, 3\)"):
        check("deltas", np.zeros((51, 9, 3)), "K V 3")


def test_a_fresh_check_knows_no_letters() -> None:
    Axes()("a", np.zeros((8, 3)), "V 3")
    assert Axes()("b", np.zeros((9, 3)), "V 3").shape == (9, 3)


def test_an_underscore_takes_any_size() -> None:
    check = Axes()
    check("a", np.zeros(2), "_")
    assert check("b", np.zeros(5), "_").shape == (5,)


def test_a_wrong_rank_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"weights: needs 2 axes \(T K\), got shape \(5,\)"):
        Axes()("weights", np.zeros(5), "T K")


def test_a_scalar_is_refused_where_an_axis_is_needed() -> None:
    with pytest.raises(ShapeError, match=r"needs 1 axes \(T\), got shape \(\)"):
        Axes()("weights", 1.0, "T")


def test_a_wrong_fixed_size_is_refused() -> None:
    with pytest.raises(ShapeError, match="an axis should be 3 but is 2"):
        Axes()("vertices", np.zeros((4, 2)), "V 3")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused_with_their_place(bad: float) -> None:
    values = np.zeros((4, 3))
    values[2, 1] = bad
    with pytest.raises(ShapeError, match=r"1 values are not finite, the first at index \(2, 1\)"):
        Axes()("vertices", values, "V 3")


def test_text_is_refused() -> None:
    with pytest.raises(ShapeError, match="names: cannot be read as an array of float32"):
        Axes()("names", ["a", "b"], "K")


def test_rows_of_unequal_length_are_refused() -> None:
    with pytest.raises(ShapeError, match="cannot be read as an array"):
        Axes()("polygons", [[0, 1, 2], [3, 4]], "Q 3")


def test_integers_and_flags_keep_their_type() -> None:
    check = Axes()
    assert check("triangles", [[0, 1, 2]], "F 3", np.int32).dtype == np.int32
    assert check("found", [True, False], "T", np.bool_).dtype == np.bool_
