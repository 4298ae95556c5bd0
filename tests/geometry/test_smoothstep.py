"""geometry.smoothstep: a soft step."""

from __future__ import annotations

import numpy as np
import pytest

from facepatch.geometry.smoothstep import smoothstep


def test_it_is_flat_outside_and_half_in_the_middle() -> None:
    values = np.array([-3.0, 2.0, 3.0, 4.0, 9.0])
    np.testing.assert_allclose(smoothstep(values, 2.0, 4.0), [0, 0, 0.5, 1, 1])
    assert smoothstep(0.25) == pytest.approx(0.15625)


def test_it_is_level_at_both_ends() -> None:
    assert smoothstep(1e-4) < 1e-7
    assert 1 - smoothstep(1 - 1e-4) < 1e-7
