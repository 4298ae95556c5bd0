"""core.thin: fewer keys within a stated error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facepatch.core.errors import ConfigError
from facepatch.core.host import Curve
from facepatch.core.thin import thinned


def curve(values: object, step: float = 1.0) -> Curve:
    found = np.asarray(values, np.float64)
    return Curve(1.0 + step * np.arange(len(found)), found)


def error(thin: Curve, whole: Curve) -> float:
    return float(np.abs(np.interp(whole.frames, thin.frames, thin.values) - whole.values).max())


def test_a_straight_line_needs_two_keys() -> None:
    found = thinned(curve(np.linspace(-3.0, 7.0, 500)), 1e-6)
    np.testing.assert_allclose(found.frames, [1.0, 500.0])


def test_a_corner_keeps_its_key() -> None:
    found = thinned(curve([0.0, 1.0, 2.0, 3.0, 2.0, 1.0, 0.0]), 0.01)
    np.testing.assert_array_equal(found.frames, [1.0, 4.0, 7.0])


def test_a_corner_past_the_first_window_is_found() -> None:
    values = np.concatenate([np.zeros(300), np.linspace(0.0, 1.0, 300)])
    found = thinned(curve(values), 1e-3)
    assert len(found.frames) == 3
    assert abs(found.frames[1] - 300.0) <= 1.0


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.floats(-100, 100), min_size=1, max_size=200),
    st.floats(1e-6, 50.0),
    st.sampled_from([1.0, 0.4, 1001 / 24000]),
)
def test_the_bound_holds_and_keys_are_as_they_were(
    values: list[float], tolerance: float, step: float
) -> None:
    whole = curve(values, step)
    found = thinned(whole, tolerance)
    assert error(found, whole) <= tolerance
    kept = np.searchsorted(whole.frames, found.frames)
    np.testing.assert_array_equal(whole.values[kept], found.values)
    assert (found.frames[0], found.frames[-1]) == (whole.frames[0], whole.frames[-1])


def test_noise_under_the_tolerance_is_thinned_far() -> None:
    random = np.random.default_rng(3)
    whole = curve(np.sin(np.arange(2000) / 40.0) + random.normal(size=2000) * 0.002)
    found = thinned(whole, 0.02)
    assert error(found, whole) <= 0.02
    assert len(found.frames) < 200


def test_a_greater_tolerance_never_keeps_more_on_a_smooth_curve() -> None:
    whole = curve(np.sin(np.arange(400) / 15.0))
    counts = [len(thinned(whole, tolerance).frames) for tolerance in (1e-4, 1e-3, 1e-2, 1e-1)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_a_tolerance_of_zero_keeps_every_key() -> None:
    whole = curve([0.0, 0.0, 0.0])
    assert thinned(whole, 0.0) is whole


@pytest.mark.parametrize("tolerance", [-0.1, float("nan")])
def test_a_tolerance_below_zero_is_refused(tolerance: float) -> None:
    with pytest.raises(ConfigError, match="tolerance: is"):
        thinned(curve([0.0, 1.0]), tolerance)
