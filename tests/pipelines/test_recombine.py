"""pipelines.recombine: expressions made of the shapes of different frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facepatch.pca.sources import BlendshapeFrames
from facepatch.pipelines.recombine import recombined


@pytest.fixture
def motion() -> BlendshapeFrames:
    """Two shapes that always come together, one that is driven below zero, one that never moves."""
    rng = np.random.default_rng(1)
    together, signed = rng.uniform(0, 0.8, 200), rng.uniform(-0.3, 0.5, 200)
    weights = np.stack([together, together, signed, np.zeros(200)], 1).astype(np.float32)
    return BlendshapeFrames(
        np.zeros((5, 3), np.float32), rng.normal(size=(4, 5, 3)).astype(np.float32), weights
    )


def test_shapes_that_the_motion_keeps_together_are_drawn_apart(motion: BlendshapeFrames) -> None:
    first, second = recombined(motion, 500, seed=0).weights[:, :2].T
    assert np.abs(first - second).mean() > 0.1
    assert (
        0.05 < np.corrcoef(first, second)[0, 1] < 0.9
    )  # apart, but not chaos: most shapes share their origin


def test_no_shape_leaves_the_range_that_it_has_in_the_motion(motion: BlendshapeFrames) -> None:
    mixed = recombined(motion, 500, seed=0)
    assert mixed.frame_count == 500
    assert (mixed.weights >= motion.weights.min(0)).all()
    assert (mixed.weights <= motion.weights.max(0)).all()
    assert (mixed.weights[:, 2] < 0).any()
    assert not mixed.weights[:, 3].any()


def test_half_of_the_frames_are_weakened_down_to_rest(motion: BlendshapeFrames) -> None:
    strong = replace(motion, weights=np.full_like(motion.weights, 0.8))
    strong.weights[0] = 0.0
    weights = recombined(strong, 2000, seed=0).weights.max(1)
    assert 0.05 < (weights < 0.1).mean() < 0.1
    assert 0.2 < (weights < 0.4).mean() < 0.3


def test_the_seed_decides(motion: BlendshapeFrames) -> None:
    first, again, other = (recombined(motion, 20, seed=seed).weights for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.05
