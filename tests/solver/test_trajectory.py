"""The solve finds what was there, within limits, and does what it is asked."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import piqp
import pytest

from facepatch.core.data.rig import Driver, Rig, RigControl, RigShape
from facepatch.core.errors import ConfigError, InputError, UnknownNameError
from facepatch.core.progress import Progress
from facepatch.solver.reduce import Reduced, pca_target, reduce
from facepatch.solver.settings import SolveSettings
from facepatch.solver.trajectory import Solution, Wishes, solve
from known_rigs import Known, known, residual_rms, with_targets

EXACT = SolveSettings(sparsity=0.0, smoothness=0.0, slack=0.0, sweeps=400, tolerance=0.0, drop_below=0.0)
FAITHFUL = SolveSettings(sparsity=0.02, smoothness=0.05, slack=0.0)


def reduced_of(of: Known) -> Reduced:
    return reduce(of.rig, pca_target(of.pca, of.weights, of.rig))


def solved(of: Known, settings: SolveSettings = FAITHFUL, **more: object) -> Solution:
    return solve(of.rig, reduced_of(of), weights=of.weights, settings=settings, **more)  # type: ignore[arg-type]


def test_controls_of_a_linear_rig_come_back(linear: Known) -> None:
    found = solved(linear, EXACT)
    assert np.abs(found.controls - linear.controls).mean() < 0.002
    assert found.error_mm.max() < 0.01


def test_controls_of_a_rig_with_correctives_come_back(corrective: Known) -> None:
    found = solved(corrective)
    assert np.abs(found.controls - corrective.controls).mean() < 0.02


def test_correctives_halve_the_error_of_a_solve_without_them(corrective: Known) -> None:
    plain = [s for s, shape in enumerate(corrective.rig.shapes) if len(shape.drivers) == 1]
    bare = dataclasses.replace(
        corrective.rig,
        shapes=tuple(corrective.rig.shapes[s] for s in plain),
        deltas=corrective.rig.deltas[plain],
    )
    without = solve(
        bare, reduce(bare, pca_target(corrective.pca, corrective.weights, bare)), weights=corrective.weights,
        settings=EXACT,
    )  # fmt: skip
    assert solved(corrective).error_mm.mean() < 0.5 * residual_rms(corrective, without.controls).mean()


def test_the_reported_error_is_that_of_the_meshes(corrective: Known) -> None:
    found = solved(corrective)
    np.testing.assert_allclose(found.error_mm, residual_rms(corrective, found.controls), rtol=1e-2, atol=2e-3)


@pytest.mark.parametrize("smoothness", [0.0, 3.0])
def test_the_optimum_of_a_linear_rig_is_that_of_a_reference_solver(linear: Known, smoothness: float) -> None:
    frames, count = 20, len(linear.rig.controls)
    reduced = reduced_of(linear)
    # Targets that no controls reach, so that many bounds are active.
    weights = linear.weights[:frames] * 2.5
    settings = dataclasses.replace(EXACT, sparsity=0.5, smoothness=smoothness, sweeps=3000)
    found = solve(linear.rig, reduced, weights=weights, settings=settings)
    quadratic, slope = dense_problem(reduced, weights, settings, count)
    reference = piqp.DenseSolver()
    reference.settings.eps_abs = reference.settings.eps_rel = 1e-10
    size = frames * count
    reference.setup(2 * quadratic, slope, None, None, None, None, None, np.zeros(size), np.ones(size))
    reference.solve()
    best = reference.result.x

    def objective(x: np.ndarray) -> float:
        return float(x @ quadratic @ x + slope @ x)

    x = found.controls.reshape(-1)
    assert objective(x) <= objective(best) + 1e-6 * abs(objective(best))
    # KKT: no slope inside, none that points back in at a bound.
    gradient = 2 * quadratic @ x + slope
    back = np.where(
        x <= 1e-9, np.minimum(gradient, 0), np.where(x >= 1 - 1e-9, np.maximum(gradient, 0), gradient)
    )
    assert np.abs(back).max() < 1e-3 * np.abs(slope).max()


def dense_problem(
    reduced: Reduced, weights: np.ndarray, settings: SolveSettings, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """x^T quadratic x + slope^T x over all frames, of a rig whose shapes are its controls."""
    frames = len(weights)
    second = np.diff(np.eye(frames), 2, axis=0)
    gram = reduced.shapes @ reduced.shapes.T
    quadratic = np.kron(np.eye(frames), gram) + settings.smoothness * np.kron(
        second.T @ second, np.eye(count)
    )
    slope = -2 * (reduced.targets(weights) @ reduced.shapes.T).reshape(-1) + settings.sparsity / count
    return quadratic, slope


def test_no_limit_is_crossed_and_defaults_off_zero_are_kept() -> None:
    base = known(correctives=0, seed=5)
    controls = tuple(
        RigControl(c.name, minimum=-3.0, maximum=5.0, default=1.0, unit="degrees") for c in base.rig.controls
    )
    shapes = tuple(
        RigShape(s.name, (Driver(i, ((-3.0, -1.0), (1.0, 0.0), (5.0, 1.0))),))
        for i, s in enumerate(base.rig.shapes)
    )
    rig = dataclasses.replace(base.rig, controls=controls, shapes=shapes)
    truth = 1.0 + 4.0 * base.controls * np.where(np.arange(12) % 2, 1.0, -1.0)
    of = with_targets(rig, truth)
    found = solved(of, dataclasses.replace(EXACT, sparsity=1e-4))
    assert np.abs(found.controls - truth).mean() < 0.02 * 8
    assert found.controls.min() >= -3.0
    assert found.controls.max() <= 5.0
    further = solve(rig, reduced_of(of), weights=of.weights * 9, settings=FAITHFUL)
    assert further.controls.min() >= -3.0
    assert further.controls.max() <= 5.0


def test_in_betweens_come_back() -> None:
    base = known(correctives=0, seed=8, shapes=6)
    # Control 0 shows shape 0 half way and shape 1 at the end.
    controls = base.rig.controls[:5]
    drivers = [
        (Driver(0, ((0.0, 0.0), (0.5, 1.0), (1.0, 0.0))),),
        (Driver(0, ((0.5, 0.0), (1.0, 1.0))),),
        *((Driver(c),) for c in range(1, 5)),
    ]
    shapes = tuple(RigShape(f"s{i}", d) for i, d in enumerate(drivers))
    rig = dataclasses.replace(base.rig, controls=controls, shapes=shapes)
    truth = base.controls[:, :5]
    found = solved(with_targets(rig, truth), dataclasses.replace(FAITHFUL, sparsity=1e-3, sweeps=60))
    assert np.abs(found.controls - truth).mean() < 0.02


def test_smoothness_lowers_the_error_of_noisy_targets() -> None:
    of = known(seed=2, noise=0.05)
    rough = solved(of, dataclasses.replace(FAITHFUL, smoothness=0.0))
    smooth = solved(of, dataclasses.replace(FAITHFUL, smoothness=1.0))
    truth = of.controls

    def bend(x: np.ndarray) -> float:
        return float((np.diff(x, 2, axis=0) ** 2).mean())

    assert bend(smooth.controls) < 0.4 * bend(rough.controls)
    assert np.abs(smooth.controls - truth).mean() < np.abs(rough.controls - truth).mean()


def test_sparsity_lowers_the_number_of_controls_in_use() -> None:
    of = known(seed=2, noise=0.05)
    dense = solved(of, dataclasses.replace(FAITHFUL, sparsity=0.0))
    sparse = solved(of, dataclasses.replace(FAITHFUL, sparsity=0.5))
    assert (sparse.controls > 0.01).sum() < 0.95 * (dense.controls > 0.01).sum()


def test_a_control_that_hardly_moves_gets_no_curve(linear: Known) -> None:
    controls = linear.controls.copy()
    controls[:, 4] = 0.0
    found = solved(with_targets(linear.rig, controls), dataclasses.replace(FAITHFUL, sparsity=0.05))
    assert not found.used[4]
    assert (found.controls[:, 4] == 0.0).all()
    assert found.used[:4].all()


def test_long_takes_in_pieces_are_as_good_as_in_one() -> None:
    of = known(seed=6, frames=300)
    whole = solved(of, dataclasses.replace(FAITHFUL, chunk_frames=1024))
    pieces = solved(of, dataclasses.replace(FAITHFUL, chunk_frames=80, overlap_frames=20))
    assert np.abs(whole.controls - pieces.controls).max() < 0.05
    assert pieces.error_mm.mean() < 1.05 * whole.error_mm.mean()


def test_the_same_call_gives_the_same_bits(corrective: Known) -> None:
    np.testing.assert_array_equal(solved(corrective).controls, solved(corrective).controls)


def test_a_held_control_stays_and_the_rest_makes_up_for_it(corrective: Known) -> None:
    first = solved(corrective)
    held = np.full(60, 0.4)
    again = solved(corrective, start=first.controls, wishes=Wishes(held={"c2": held}))
    np.testing.assert_allclose(again.controls[:, 2], 0.4)
    naive = first.controls.copy()
    naive[:, 2] = 0.4
    assert again.error_mm.mean() < residual_rms(corrective, naive).mean()


def test_unused_and_locked_controls_stay_at_their_default(linear: Known) -> None:
    controls = tuple(dataclasses.replace(c, locked=c.name == "c3") for c in linear.rig.controls)
    of = dataclasses.replace(linear, rig=dataclasses.replace(linear.rig, controls=controls))
    found = solved(of, wishes=Wishes(unused=frozenset({"c1"})))
    assert (found.controls[:, [1, 3]] == 0.0).all()


def test_a_costly_control_is_used_less() -> None:
    base = known(correctives=0, seed=3)
    twin = base.rig.deltas.copy()
    twin[1] = twin[0] * 1.001
    of = with_targets(dataclasses.replace(base.rig, deltas=twin), base.controls)
    settings = dataclasses.replace(FAITHFUL, sparsity=0.2)
    cheap = solved(of, settings, wishes=Wishes(cost={"c1": 20.0}))
    assert cheap.controls[:, 1].sum() < 0.2 * cheap.controls[:, 0].sum()


def test_exclusive_controls_are_never_used_together() -> None:
    of = known(seed=4, noise=0.2, correctives=0)
    controls = list(of.rig.controls)
    controls[0] = dataclasses.replace(controls[0], exclusive="c1")
    rig = dataclasses.replace(of.rig, controls=tuple(controls))
    before, after = solved(of), solved(dataclasses.replace(of, rig=rig))
    both = (before.controls[:, 0] > 1e-6) & (before.controls[:, 1] > 1e-6)
    assert both.any()
    assert not ((after.controls[:, 0] > 1e-6) & (after.controls[:, 1] > 1e-6)).any()


def test_smoothness_and_sparsity_give_way_to_a_clip_without_noise(corrective: Known) -> None:
    asked = SolveSettings(sparsity=0.3, smoothness=3.0)
    found = solved(corrective, asked)
    firm = solved(corrective, dataclasses.replace(asked, slack=0.0))
    assert found.settings.smoothness < 0.05 * asked.smoothness
    share = found.settings.sparsity / asked.sparsity
    assert found.settings.smoothness / asked.smoothness == pytest.approx(share)
    assert found.error_mm.mean() < 0.2 * firm.error_mm.mean()
    assert firm.settings == dataclasses.replace(asked, slack=0.0)


def test_a_noisy_clip_is_solved_smoothly_and_within_the_slack() -> None:
    of = known(seed=2, noise=0.05, frames=90)
    found = solved(of, SolveSettings(slack=0.1))
    bare = solved(of, SolveSettings(sparsity=0.0, smoothness=0.0))
    clean = solved(known(seed=2, frames=90), SolveSettings(slack=0.1))
    assert found.settings.smoothness > 1.5 * clean.settings.smoothness
    assert found.error_mm.mean() < 1.15 * bare.error_mm.mean()
    looser = solved(of, SolveSettings(slack=1.0))
    assert looser.settings.smoothness > found.settings.smoothness


def test_settings_of_a_solve_go_on_with_it(corrective: Known) -> None:
    first = solved(corrective, SolveSettings())
    again = solved(corrective, first.settings, start=first.controls)
    assert again.settings == first.settings
    np.testing.assert_allclose(again.controls, first.controls, atol=0.01)


def test_a_control_that_moves_much_of_the_mesh_a_little_keeps_its_curve(linear: Known) -> None:
    deltas, controls = linear.rig.deltas.copy(), linear.controls.copy()
    deltas[4] *= 200.0
    controls[:, 4] *= 0.005
    of = with_targets(dataclasses.replace(linear.rig, deltas=deltas), controls)
    found = solved(of, SolveSettings())
    assert found.controls[:, 4].max() < 0.01
    assert found.used[4]


def test_curves_of_strong_controls_join_keys_without_a_jump(linear: Known) -> None:
    before, after = np.full((2, 12), 0.8), np.full((2, 12), np.nan)
    after[:, 3] = 0.6
    free = solved(linear, SolveSettings())
    joined = solved(linear, SolveSettings(), wishes=Wishes(before=before, after=after))
    run = np.concatenate([before[-1:], joined.controls])
    steps = np.abs(np.diff(run, axis=0)).max(axis=0)
    usual = np.abs(np.diff(free.controls, axis=0)).max(axis=0)
    assert (steps < usual + 0.15).all()
    assert abs(joined.controls[-1, 3] - 0.6) < usual[3] + 0.05
    np.testing.assert_allclose(joined.controls[20:40], free.controls[20:40], atol=0.02)
    others = [c for c in range(12) if c != 3]
    np.testing.assert_allclose(joined.controls[-6:, others], free.controls[-6:, others], atol=0.02)


def test_a_take_that_goes_on_as_it_was_keyed_is_not_bent(linear: Known) -> None:
    whole = solved(linear, SolveSettings()).controls
    wishes = Wishes(before=whole[18:20], after=whole[40:42])
    part = solve(linear.rig, reduced_of(linear), weights=linear.weights[20:40], wishes=wishes)
    np.testing.assert_allclose(part.controls, whole[20:40], atol=0.03)


def test_curves_join_what_is_keyed_before_and_after(linear: Known) -> None:
    settings = dataclasses.replace(FAITHFUL, smoothness=50.0)
    keyed = np.full((2, 12), 0.8)
    free = solved(linear, settings)
    joined = solved(linear, settings, wishes=Wishes(before=keyed, after=keyed))
    for frame in (0, -1):
        assert np.abs(joined.controls[frame] - 0.8).mean() < np.abs(free.controls[frame] - 0.8).mean() - 0.05


def test_a_control_without_keys_beside_the_range_goes_on_as_at_its_edge(linear: Known) -> None:
    settings = dataclasses.replace(FAITHFUL, smoothness=50.0)
    keyed = np.full((2, 12), np.nan)
    keyed[:, 0] = 0.8
    free, joined = solved(linear, settings), solved(linear, settings, wishes=Wishes(before=keyed))
    away = np.abs(joined.controls[0] - free.controls[0])
    assert abs(joined.controls[0, 0] - 0.8) < abs(free.controls[0, 0] - 0.8) - 0.05
    assert away[1:].max() < 0.1


@pytest.mark.parametrize("values", [[0.1, 0.2], "wide", [[0.1]], {}])
def test_values_that_hold_no_curve_are_refused(linear: Known, values: Any) -> None:
    with pytest.raises(InputError, match="is held by"):
        solved(linear, wishes=Wishes(held={"c3": values}))


def test_controls_that_do_nothing_rest() -> None:
    base = known(correctives=0, seed=3)
    deltas = base.rig.deltas.copy()
    deltas[5] = 0.0
    rig = dataclasses.replace(base.rig, deltas=deltas)
    found = solved(with_targets(rig, base.controls))
    assert (found.controls[:, 5] == 0.0).all()


def test_a_control_with_equal_limits_rests(linear: Known) -> None:
    controls = list(linear.rig.controls)
    controls[0] = RigControl("c0", minimum=0.0, maximum=0.0)
    rig = dataclasses.replace(linear.rig, controls=tuple(controls))
    found = solve(rig, reduce(rig, pca_target(linear.pca, linear.weights, rig)), weights=linear.weights)
    assert (found.controls[:, 0] == 0.0).all()


def test_collinear_controls_give_a_sound_result() -> None:
    base = known(correctives=0, seed=3)
    deltas = base.rig.deltas.copy()
    deltas[1] = deltas[0]
    of = with_targets(dataclasses.replace(base.rig, deltas=deltas), base.controls)
    found = solved(of)
    assert np.isfinite(found.controls).all()
    assert found.error_mm.mean() < 0.1


def test_more_controls_than_frames_is_no_problem(corrective: Known) -> None:
    found = solve(corrective.rig, reduced_of(corrective), weights=corrective.weights[:3], settings=FAITHFUL)
    assert found.controls.shape == (3, 12)
    assert found.error_mm.mean() < 1.0


@pytest.mark.parametrize(
    ("name", "value"),
    [("smoothness", float("nan")), ("sparsity", float("inf")), ("slack", -0.1), ("lips_and_lids", 0.5)],
)
def test_settings_that_are_no_weights_are_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"solve\.{name}: "):
        SolveSettings(**{name: value})  # type: ignore[arg-type]


def test_a_clip_without_frames_is_refused(corrective: Known) -> None:
    with pytest.raises(InputError, match="no frames"):
        solve(corrective.rig, reduced_of(corrective), weights=corrective.weights[:0])


def test_wishes_about_strangers_name_the_nearest_control(corrective: Known) -> None:
    with pytest.raises(UnknownNameError, match="Nearest: c1"):
        solved(corrective, wishes=Wishes(held={"c1x": 0.0}))
    with pytest.raises(InputError, match="no numbers"):
        solved(corrective, wishes=Wishes(held={"c1": np.nan}))
    with pytest.raises(InputError, match="negative"):
        solved(corrective, wishes=Wishes(cost={"c1": -1.0}))


def test_a_solve_says_how_far_it_is_and_can_be_stopped(corrective: Known) -> None:
    class StopError(Exception):
        pass

    def stop(progress: Progress) -> None:
        assert progress.total == 60
        raise StopError

    with pytest.raises(StopError):
        solved(corrective, on_progress=stop)


def test_shapes_without_drivers_are_refused(linear: Known) -> None:
    rig = linear.rig
    with pytest.raises(ValueError, match="at least one"):
        Rig(rig.name, rig.controls, rig.neutral, rig.topology, (RigShape("x", ()),), rig.deltas[:1])
