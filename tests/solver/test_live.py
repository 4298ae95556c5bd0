"""The causal solve."""

from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.errors import InputError
from facepatch.solver.live import LiveSolve
from facepatch.solver.reduce import pca_target, reduce
from facepatch.solver.settings import SolveSettings
from known_rigs import Known, residual_rms


def live(of: Known, follow: float = 0.01) -> LiveSolve:
    reduced = reduce(of.rig, pca_target(of.pca, of.weights, of.rig))
    return LiveSolve(of.rig, reduced, settings=SolveSettings(sparsity=0.02), follow=follow)


def test_frame_by_frame_it_is_nearly_as_near_as_over_the_whole_take(corrective: Known) -> None:
    solver = live(corrective)
    controls = np.array([solver.push(row) for row in corrective.weights])
    assert residual_rms(corrective, controls).mean() < 0.15
    assert np.abs(controls - corrective.controls).mean() < 0.03
    assert controls.min() >= 0.0
    assert controls.max() <= 1.0


def test_plain_blendshape_rigs_are_solved_as_well(linear: Known) -> None:
    solver = live(linear)
    controls = np.array([solver.push(row) for row in linear.weights])
    assert np.abs(controls - linear.controls).mean() < 0.02
    assert residual_rms(linear, controls).mean() < 0.1
    assert controls.min() >= 0.0
    assert controls.max() <= 1.0


def test_it_looks_back_only(corrective: Known) -> None:
    first, second = live(corrective), live(corrective)
    early = [first.push(row) for row in corrective.weights[:20]]
    changed = corrective.weights.copy()
    changed[20:] *= 3
    again = [second.push(row) for row in changed[:20]]
    np.testing.assert_array_equal(early, again)


def test_following_the_frame_before_steadies_noise(corrective: Known) -> None:
    rng = np.random.default_rng(0)
    noisy = (
        corrective.weights + rng.normal(size=corrective.weights.shape) * corrective.weights.std(axis=0) * 0.1
    )

    def bend(follow: float) -> float:
        solver = live(corrective, follow)
        return float((np.diff([solver.push(row) for row in noisy], 2, axis=0) ** 2).mean())

    assert bend(3.0) < 0.6 * bend(0.0)


def test_weights_of_another_space_are_refused(corrective: Known) -> None:
    with pytest.raises(InputError, match="finite numbers are needed"):
        live(corrective).push(np.zeros(3))
    with pytest.raises(InputError, match="finite numbers are needed"):
        live(corrective).push(corrective.weights[0] * np.nan)
