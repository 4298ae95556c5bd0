from __future__ import annotations

import re

import numpy as np
import pytest

from facepatch.core.errors import ShapeError
from facepatch.report.charts import (
    WIDTH,
    Line,
    Span,
    bar,
    busiest,
    line_chart,
    normalised,
    quality_chart,
    training_chart,
)
from facepatch.report.data import Curve


def heights(svg: str) -> np.ndarray:
    path = re.search(r'<path[^>]* d="M([^"]*)"', svg)
    assert path
    return np.array([float(point.split()[1]) for point in path[1].split(" L" if " L" in path[1] else "L")])


def test_a_curve_runs_from_zero_to_one():
    values = normalised(np.linspace(-50, 150, 1001))
    assert (values[10], values[-11]) == pytest.approx((0, 1))


def test_one_outlier_does_not_flatten_a_curve():
    values = np.sin(np.linspace(0, 20, 500))
    values[7] = 1000
    assert np.ptp(np.delete(normalised(values), 7)) > 0.9


def test_a_constant_curve_lies_in_the_middle():
    assert np.array_equal(normalised(np.full(10, 3.0)), np.full(10, 0.5))


def test_a_short_blink_in_an_hour_is_still_a_spike():
    values = np.ones(86_400)
    values[43_210:43_213] = 0.0
    svg = line_chart([Line("performer", "performer", values)], label="eye", height=100, limits=(0, 1))
    assert len(heights(svg)) <= 2 * WIDTH
    assert heights(svg).max() == pytest.approx(100)
    assert (heights(svg) > 50).sum() <= 4


def test_a_short_curve_keeps_every_frame():
    svg = line_chart(
        [Line("a", "performer", np.array([0.0, 1.0, 0.5]))], label="x", height=100, limits=(0, 1)
    )
    assert heights(svg) == pytest.approx([100, 0, 50])


def test_frame_numbers_and_spans_are_drawn():
    line = Line("a", "performer", np.zeros(101))
    svg = line_chart([line], label='say "x"', first=1001, spans=[Span(50, 101, "held-out")])
    assert re.findall(r"frame (\d+)", svg) == ["1001", "1051", "1101"]
    assert 'class="held-out" x="500.0"' in svg
    assert "say &quot;x&quot;" in svg
    assert "frame 1001" not in line_chart([line], label="x", first=1001, numbers=False)


def test_no_values_make_an_empty_chart():
    assert line_chart([Line("a", "performer", np.zeros(0))], label="x").startswith("<svg")


def test_the_liveliest_frames_are_found():
    values = np.zeros(1000)
    values[700:720] = np.arange(20) % 2
    first, stop = busiest(values, 100)
    assert stop - first == 100
    assert first <= 700
    assert stop >= 719


def test_the_liveliest_frames_lie_in_the_part_asked_for():
    values = np.zeros(1000)
    values[100:120] = np.arange(20) % 2
    assert busiest(values, 100, 800)[0] >= 800
    assert busiest(values, 300, 800) == (700, 1000)
    assert busiest(values[:50], 100) == (0, 50)


@pytest.mark.parametrize(
    ("value", "style", "width"),
    [(0.97, "bar good", 194.0), (0.5, "bar bad", 100.0), (-0.4, "bar bad", 0.0), (None, "bar bad", 0.0)],
)
def test_a_bar_is_as_long_as_its_value(value, style, width):
    assert f'class="{style}" width="{width:.1f}"' in bar(value, wanted=0.95, label="r")


def test_training_curves_leave_out_what_is_not_finite():
    svg = training_chart(np.arange(4), np.array([1.0, np.nan, 0.1, 0.01]), name="loss")
    assert len(heights(svg)) == 3
    assert "no finite value" in training_chart(np.arange(2), np.array([np.nan, np.inf]), name="loss")


def test_a_long_training_keeps_its_last_value():
    values = np.linspace(1, 2, 100_000)
    assert len(heights(training_chart(np.arange(100_000), values, name="loss"))) < 1200
    assert "to 2 in 99999 iterations" in training_chart(np.arange(100_000), values, name="loss")


def test_a_training_curve_needs_a_value_for_each_iteration():
    with pytest.raises(ShapeError, match=r"\(3,\) iterations for \(2,\) values"):
        Curve(np.arange(3), np.arange(2))


def test_a_quality_is_drawn_from_0_to_1_with_the_best_check_marked():
    svg = quality_chart(np.array([100, 200, 400]), np.array([0.0, 1.0, 0.5]), best=200, name="reenactment")
    assert heights(svg) == pytest.approx([110, 0, 55])
    assert svg.count('class="check"') == 3
    assert 'class="mark" x1="280.0"' in svg
    assert "1.00 at 200" in svg
    assert "400 iterations" in svg


def test_one_check_is_a_chart_too():
    svg = quality_chart(np.array([12]), np.array([0.25]), best=12, name="weights")
    assert "0.25 at 12" in svg
