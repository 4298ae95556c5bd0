"""pipelines.one_euro: what it calms, what it lets through, how far it is behind."""

from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.errors import ConfigError
from facepatch.pipelines.one_euro import OneEuro, OneEuroSettings


def filtered(values: np.ndarray, settings: OneEuroSettings, *, rate: float = 60.0) -> np.ndarray:
    one = OneEuro(settings)
    return np.array([one(row, index / rate) for index, row in enumerate(values)])


def test_two_steps_are_those_of_the_formula() -> None:
    settings = OneEuroSettings(cutoff=2.0, beta=3.0, speed_cutoff=1.0)
    out = filtered(np.array([[[0.0]], [[1.0]]]), settings, rate=10.0)
    share = 0.1 / (0.1 + 1 / (2 * np.pi * 1.0))
    speed = share * (1.0 - 0.0) / 0.1
    cutoff = 2.0 + 3.0 * speed
    assert out[0, 0, 0] == 0.0
    assert out[1, 0, 0] == pytest.approx(0.1 / (0.1 + 1 / (2 * np.pi * cutoff)))


def test_what_stands_still_trembles_less() -> None:
    noise = np.random.default_rng(0).normal(0, 0.001, (300, 1, 2))
    out = filtered(noise, OneEuroSettings(1.0, 1.0))
    assert out[50:].std() < 0.4 * noise[50:].std()


def test_steady_motion_is_behind_by_the_stated_delay() -> None:
    rate, speed = 60.0, 0.5
    settings = OneEuroSettings(2.0, 10.0)
    ramp = (speed * np.arange(600) / rate)[:, None, None]
    behind_s = (ramp[-1, 0, 0] - filtered(ramp, settings, rate=rate)[-1, 0, 0]) / speed
    assert behind_s == pytest.approx(settings.delay_s(speed), rel=0.02)
    assert settings.delay_s(speed) < settings.delay_s(0.0)


def test_rows_are_filtered_each_on_its_own() -> None:
    values = np.zeros((50, 2, 1))
    values[:, 0, 0] = np.sin(np.arange(50))
    both = filtered(values, OneEuroSettings(1.0, 5.0))
    alone = filtered(values[:, :1], OneEuroSettings(1.0, 5.0))
    np.testing.assert_array_equal(both[:, :1], alone)
    assert (both[:, 1] == 0).all()


def test_a_cutoff_of_zero_changes_nothing() -> None:
    values = np.random.default_rng(1).normal(size=(20, 3, 2))
    np.testing.assert_array_equal(filtered(values, OneEuroSettings(0.0, 1.0)), values)


def test_after_a_reset_the_next_value_passes() -> None:
    one = OneEuro(OneEuroSettings(0.1, 0.0))
    one(np.zeros((1, 1)), 0.0)
    one.reset()
    assert one(np.ones((1, 1)), 0.1)[0, 0] == 1.0


@pytest.mark.parametrize(
    "values", [(-1.0, 0.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, 0.0), (float("nan"), 1.0, 1.0)]
)
def test_frequencies_out_of_range_are_refused(values: tuple[float, float, float]) -> None:
    with pytest.raises(ConfigError, match="one-euro filter"):
        OneEuroSettings(*values)
