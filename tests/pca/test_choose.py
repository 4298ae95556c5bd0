from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.errors import ConfigError
from facepatch.pca import PcaSettings, choose_components

EXPLAINED = np.array([0.0, 0.9, 0.99, 0.999, 0.9999])


def test_the_variance_decides_where_regions_are_good_early():
    choice = choose_components(EXPLAINED, {"lips": np.array([5, 0.1, 0, 0, 0])}, limit_cm=0.2, variance=0.99)
    assert choice.count == 2
    assert choice.met
    assert "99 % of the variance" in choice.reason


def test_the_worst_region_decides_where_it_needs_more():
    regions = {"lips": np.array([5, 0.1, 0, 0, 0]), "lids": np.array([1, 1, 1, 0.1, 0])}
    choice = choose_components(EXPLAINED, regions, limit_cm=0.2, variance=0.9)
    assert choice.count == 3
    assert "lids within 2.00 mm" in choice.reason


def test_an_error_that_comes_back_does_not_count_as_met():
    regions = {"lids": np.array([1, 0.1, 0.3, 0.1, 0.1])}
    assert choose_components(EXPLAINED, regions, limit_cm=0.2, variance=0.5).count == 3


def test_at_least_one_component_is_kept():
    assert choose_components(EXPLAINED, {"lids": np.zeros(5)}, limit_cm=1.0, variance=1e-12).count == 1


def test_a_limit_that_no_number_meets_keeps_all_and_says_so():
    choice = choose_components(EXPLAINED, {"lids": np.full(5, 0.7)}, limit_cm=0.2, variance=0.99999)
    assert choice.count == 4
    assert not choice.met
    assert "99.990 % of the variance" in choice.reason
    assert "7.00 mm at lids (limit 2.00 mm)" in choice.reason


@pytest.mark.parametrize(
    "wrong",
    [{"variance": 0.0}, {"variance": 1.1}, {"region_error": 0.0}, {"max_components": 0}, {"block_mb": 0}],
)
def test_settings_that_can_never_work_are_refused(wrong: dict):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        PcaSettings(**wrong)
