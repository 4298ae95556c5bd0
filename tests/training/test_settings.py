"""training.settings: what is out of range is refused before anything is done with it."""

from __future__ import annotations

import pytest

from facepatch.core.errors import ConfigError
from facepatch.pipelines.settings import read_settings
from facepatch.training.settings import AugmentSettings, LoopSettings


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"iterations": 0}, "loop.iterations: 0 must be a finite number of at least 1"),
        ({"batch": -2}, "loop.batch: -2"),
        ({"checkpoint_every": 0}, "loop.checkpoint_every: 0"),
        ({"warmup": -1}, "loop.warmup: -1 must be a finite number of at least 0"),
        ({"learning_rate": 0.0}, "loop.learning_rate: 0 must be above 0"),
        ({"learning_rate": float("nan")}, "loop.learning_rate: nan"),
        ({"ema": 1.0}, "loop.ema: 1 lies outside 0..1"),
    ],
)
def test_a_training_that_could_not_be_is_refused(values, said):
    with pytest.raises(ConfigError, match=said):
        LoopSettings(**values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"color": 0.0}, "augment.color: 0 must be a finite number of at least 1"),
        ({"blur": -0.1}, "augment.blur: -0.1"),
        ({"noise": float("inf")}, "augment.noise: inf"),
        ({"scale": 1.0}, "augment.scale: 1 must be under 1"),
    ],
)
def test_an_augmentation_that_could_not_be_is_refused(values, said):
    with pytest.raises(ConfigError, match=said):
        AugmentSettings(**values)


def test_more_halvings_than_a_patch_has_are_refused_with_the_settings():
    with pytest.raises(
        ConfigError, match=r"weights.channels: 7 halvings leave nothing of patches of 64 pixels"
    ):
        read_settings("preview", {"weights": {"channels": [8] * 7}})
