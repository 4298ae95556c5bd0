from __future__ import annotations

import pytest

from facepatch.core.trend import trend


def curve(*values: float) -> list[tuple[float, float]]:
    return [(10.0 * i, value) for i, value in enumerate(values)]


def test_a_curve_that_falls_is_said_to_fall_by_how_much():
    found = trend(curve(*[2.0] * 16, *[1.0] * 4))
    assert found.now == 1.0
    assert found.change == pytest.approx(-0.5)
    assert "still falls: by 50 %" in found.sentence


def test_a_flat_curve_has_settled_and_a_rising_one_is_watched():
    assert "has settled" in trend(curve(*[1.0] * 40)).sentence
    assert "rose by 100 %" in trend(curve(*[1.0] * 32, *[2.0] * 8)).sentence


def test_few_points_tell_nothing():
    assert trend(curve(3.0, 2.0)).sentence == "Too early to tell."
    assert trend([]).now == 0.0
