from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.errors import ShapeError
from facepatch.readers.rates import rate_of_times, rate_of_value


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        (24, (24, 1)),
        (23.976, (24000, 1001)),
        (29.97, (30000, 1001)),
        ((24000, 1001), (24000, 1001)),
        (12.5, (25, 2)),
    ],
)
def test_stored_rates_become_fractions(value: object, rate: tuple[int, int]) -> None:
    assert rate_of_value(value) == rate


@pytest.mark.parametrize("value", [0, -24, float("nan"), (1, 2, 3)])
def test_rates_that_are_none_are_refused(value: object) -> None:
    with pytest.raises(ShapeError, match="frames per second"):
        rate_of_value(value)


@pytest.mark.parametrize("rate", [(24, 1), (25, 1), (30, 1), (60, 1), (30000, 1001)])
def test_sparse_keys_still_tell_their_rate(rate: tuple[int, int]) -> None:
    frames = np.array([0, 7, 10, 31, 41])
    assert rate_of_times(frames * rate[1] / rate[0]) == rate


def test_one_key_has_the_usual_rate() -> None:
    assert rate_of_times([1.0]) == (30, 1)
