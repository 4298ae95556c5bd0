"""Rigs that are asked, not known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from facepatch.core.errors import InputError, SolveError, TopologyError, UnknownNameError
from facepatch.core.rig_refine import RefineSettings, box_newton, refine_on_rig
from facepatch.core.rig_samples import RigSamples, sample_plan
from facepatch.solver.black_box import sampled_space, solve_black_box, solve_on_samples
from facepatch.solver.reduce import Target
from facepatch.solver.stand_in import StandInSettings, learn_stand_in, start_with
from facepatch.solver.trajectory import Wishes
from joint_rigs import JointRig, joint_performance, joint_rig

QUICK = StandInSettings(hidden=64, iterations=400)
FINE = RefineSettings(sparsity=0.001, smoothness=0.0, steps=6)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def rig() -> JointRig:
    return joint_rig()


@pytest.fixture(scope="module")
def samples(rig: JointRig) -> RigSamples:
    plan = sample_plan(rig.controls, sparse=120)
    return RigSamples(rig.controls, plan, rig(plan), idle=("broken.tx",))


@pytest.fixture(scope="module")
def truth(rig: JointRig) -> np.ndarray:
    return joint_performance(rig)


@pytest.fixture(scope="module")
def target(rig: JointRig, truth: np.ndarray) -> Target:
    flat = rig(truth).reshape(len(truth), -1).astype(np.float64)
    mean = flat.mean(axis=0)
    _, values, rows = np.linalg.svd(flat - mean, full_matrices=False)
    basis = rows[values > 1e-5 * values[0]]
    return Target(mean, basis, (flat - mean) @ basis.T)


def test_controls_of_joints_and_expressions_come_back(
    rig: JointRig, samples: RigSamples, target: Target, truth: np.ndarray
) -> None:
    values, found = solve_black_box(rig, samples, target, refine=FINE, stand_in=QUICK)
    span = np.array([c.maximum - c.minimum for c in rig.controls])
    error = np.abs(values - truth) / span
    # Gaze and lid do the same to this mesh, so only the first five are to be told apart.
    assert error[:, :5].mean() < 0.005
    assert np.percentile(found.error_mm, 95) < 0.2
    assert (values >= [c.minimum for c in rig.controls]).all()
    assert (values <= [c.maximum for c in rig.controls]).all()


def test_the_rig_itself_mends_what_the_stand_in_gets_wrong(
    rig: JointRig, samples: RigSamples, target: Target
) -> None:
    _, found = solve_black_box(rig, samples, target, refine=FINE, stand_in=QUICK)
    rough = dataclasses.replace(FINE, steps=1, jacobian_frames=1000)
    _, start = solve_black_box(rig, samples, target, refine=rough, stand_in=QUICK)
    assert found.error_mm.mean() < 0.5 * start.error_mm.mean()


def test_few_shapes_of_the_rig_are_computed(rig: JointRig, samples: RigSamples, target: Target) -> None:
    _, found = solve_black_box(rig, samples, target, stand_in=QUICK)
    everywhere = len(target.weights) * RefineSettings().steps * len(rig.controls)
    assert found.evaluations < 0.4 * everywhere


def test_a_control_that_the_rig_ignores_rests(rig: JointRig, samples: RigSamples, target: Target) -> None:
    values, _ = solve_black_box(rig, samples, target, stand_in=QUICK)
    assert (values[:, -1] == 0.0).all()


def test_meshes_of_another_rig_are_refused(samples: RigSamples) -> None:
    with pytest.raises(TopologyError, match="sampled with 400 vertices, but the clip has 10"):
        sampled_space(samples, Target(np.zeros(30), np.zeros((1, 30)), np.zeros((1, 1))))


def test_the_stand_in_says_what_the_rig_does(samples: RigSamples, target: Target) -> None:
    space = sampled_space(samples, target)
    reduced = space.project(samples.vertices)
    low = np.array([c.minimum for c in samples.controls])
    span = np.array([c.maximum - c.minimum for c in samples.controls])
    shares = (samples.values - low) / span
    train = np.arange(len(shares)) % 5 != 4
    train[0] = True
    model = learn_stand_in(shares[train], reduced[train], settings=QUICK)
    with torch.no_grad():
        said = model(torch.as_tensor(shares[~train], dtype=torch.float32)).numpy()
    wrong = np.linalg.norm(said - reduced[~train], axis=1).mean()
    assert wrong < 0.25 * np.linalg.norm(reduced[~train], axis=1).mean()
    start = start_with(model, reduced[~train], free=np.ones(8, bool), sparsity=0.0, settings=QUICK)
    assert start.min() >= 0
    assert start.max() <= 1


def test_the_jacobian_is_that_of_the_stand_in(samples: RigSamples) -> None:
    rng = np.random.default_rng(1)
    shares = np.concatenate([np.zeros((1, 8)), rng.uniform(size=(40, 8))])
    model = learn_stand_in(
        shares, rng.normal(size=(41, 5)), settings=StandInSettings(hidden=16, iterations=20)
    )
    row = torch.as_tensor(shares[7], dtype=torch.float32)
    with torch.enable_grad():
        wanted = torch.autograd.functional.jacobian(lambda u: model(u[None])[0], row)
    np.testing.assert_allclose(model.jacobian(row[None])[0].detach(), wanted, atol=1e-4)


def test_curves_on_samples_alone_are_smooth_and_join_what_is_keyed(
    samples: RigSamples, target: Target, truth: np.ndarray
) -> None:
    rng = np.random.default_rng(0)
    spread = target.weights.std(axis=0)
    noisy = dataclasses.replace(
        target, weights=target.weights + 0.01 * spread * rng.normal(size=target.weights.shape)
    )
    keyed = np.full((2, 8), np.nan)
    keyed[:, 2] = 1.5
    found = solve_on_samples(samples, noisy, stand_in=QUICK, wishes=Wishes(before=keyed)).start
    free = solve_on_samples(samples, noisy, stand_in=QUICK).start

    def roughness(values: np.ndarray) -> float:
        return float((np.diff(found.shares(values), 2, axis=0) ** 2).sum(axis=1).mean())

    assert roughness(free.values) < 2.0 * roughness(truth)
    assert found.values[0, 2] > free.values[0, 2] + 0.05
    assert np.isfinite(found.before).all()


@pytest.mark.parametrize(
    ("wishes", "kind", "words"),
    [
        (Wishes(unused=frozenset(["smile"])), UnknownNameError, "Nearest: smile"),
        (Wishes(cost={"smile.l": -1.0}), InputError, "cost factor -1"),
        (Wishes(held={"smile.l": [0.0, 1.0]}), InputError, "held by 2 values, but the clip has 60 frames"),
        (Wishes(held={"smile.l": float("nan")}), InputError, "no numbers"),
    ],
)
def test_wishes_that_name_nothing_or_hold_no_numbers_are_refused_before_anything_is_learned(
    samples: RigSamples, target: Target, wishes: Wishes, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        solve_on_samples(samples, target, wishes=wishes)


def test_no_frame_ends_farther_away_than_it_began() -> None:
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(3, 6))

    def evaluate(rows: np.ndarray) -> np.ndarray:
        return np.sin(3 * rows) @ matrix

    targets = rng.normal(size=(10, 6))
    start = rng.uniform(size=(10, 3))
    before = np.linalg.norm(targets - evaluate(start), axis=1)
    settings = RefineSettings(sparsity=0.0, smoothness=0.0)
    found = refine_on_rig(
        evaluate, targets, start=start, rest=np.zeros(3), free=np.ones(3, bool), settings=settings
    )
    assert (found.error_mm <= before + 1e-12).all()
    assert found.error_mm.mean() < 0.9 * before.mean()


def test_a_rig_that_gives_no_numbers_is_refused_with_its_values() -> None:
    with pytest.raises(SolveError, match=r"no numbers at the shares \[0.5, 0.5\]"):
        refine_on_rig(
            lambda rows: np.full((len(rows), 2), np.nan), np.zeros((1, 2)), start=np.full((1, 2), 0.5),
            rest=np.zeros(2), free=np.ones(2, bool),
        )  # fmt: skip


def test_box_newton_finds_the_bounded_minimum() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        half = rng.normal(size=(6, 4))
        hessian, pull = half.T @ half + 0.01 * np.eye(4), rng.normal(size=4) * 3
        x = box_newton(hessian, pull, np.full(4, -0.3), np.full(4, 0.4))
        slope = hessian @ x - pull
        assert (np.abs(slope[(x > -0.3) & (x < 0.4)]) < 1e-6).all()
        assert (slope[x <= -0.3] > -1e-6).all()
        assert (slope[x >= 0.4] < 1e-6).all()
