"""A solve that the rig itself finishes, in NumPy."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.rig import RigControl
from facepatch.core.errors import FormatError, ShapeError, TopologyError
from facepatch.core.records import Record, write_record
from facepatch.core.rig_refine import RefineSettings, refine_on_rig
from facepatch.core.rig_start import RigStart, finish_on_rig, read_rig_start, write_rig_start

CONTROLS = (RigControl("jaw", -10, 30, 0, "degrees"), RigControl("smile"), RigControl("dead", 2.0, 2.0, 2.0))
VERTICES = 20
FRAMES = 12


def rig(values: np.ndarray) -> np.ndarray:
    """A bent rig: (S, 3) -> (S, V, 3) cm."""
    place = np.random.default_rng(3).normal(size=(VERTICES, 3))
    jaw, smile = np.radians(values[:, :1, None]), values[:, 1:2, None]
    turned = place * np.cos(jaw) + np.roll(place, 1, axis=1) * np.sin(jaw)
    return turned + smile * (1 + jaw) * np.flip(place, axis=0) * 0.3


TRUTH = np.stack([np.linspace(-5, 25, FRAMES), np.linspace(0.1, 0.9, FRAMES), np.full(FRAMES, 2.0)], axis=1)


def start(**changes: Any) -> RigStart:
    neutral = rig(np.array([[0.0, 0.0, 2.0]]))[0].astype(np.float32)
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(3 * VERTICES, 3 * VERTICES)))[0]
    made = RigStart(
        controls=CONTROLS,
        values=np.clip(TRUTH + np.array([4.0, -0.1, 0.0]), [-10, 0, 2], [30, 1, 2]),
        free=np.array([True, True, False]),
        cost=np.ones(3),
        blend=np.ones(3),
        before=np.empty((0, 3)),
        after=np.empty((0, 3)),
        neutral=neutral,
        scale=np.full(VERTICES, 10 / np.sqrt(VERTICES), np.float32),
        basis=basis.astype(np.float32),
        targets=np.zeros((FRAMES, 3 * VERTICES)),
        sparsity=1e-4,
        smoothness=0.0,
    )
    made = dataclasses.replace(made, targets=made.project(rig(TRUTH)))
    return dataclasses.replace(made, **changes)


def test_the_rig_itself_brings_the_values_home() -> None:
    told = []
    values, found = finish_on_rig(start(), rig, on_progress=told.append)
    np.testing.assert_allclose(values, TRUTH, atol=0.05)
    assert found.error_mm.max() < 0.05
    assert (told[-1].done, told[-1].total) == (FRAMES, FRAMES)


def test_what_may_not_move_stays_as_it_starts() -> None:
    held = start(free=np.array([True, False, False]))
    values, _ = finish_on_rig(held, rig)
    np.testing.assert_allclose(values[:, 1], held.values[:, 1], atol=1e-12)
    assert np.abs(values[:, 0] - held.values[:, 0]).max() > 0.5


def test_a_blend_of_half_goes_half_the_way_from_the_default() -> None:
    values, _ = finish_on_rig(start(blend=np.array([0.5, 1.0, 1.0])), rig)
    np.testing.assert_allclose(values, TRUTH * [0.5, 1, 1], atol=0.05)


def test_cost_and_keys_beside_the_range_pull() -> None:
    plain, _ = finish_on_rig(start(), rig)
    costly, _ = finish_on_rig(start(sparsity=3.0, cost=np.array([0.0, 50.0, 0.0])), rig)
    assert costly[:, 1].mean() < plain[:, 1].mean() - 0.02
    keyed = np.array([[30.0, 0.0, 2.0], [30.0, 0.0, 2.0]])
    joined, _ = finish_on_rig(start(before=keyed, smoothness=3.0), rig)
    free, _ = finish_on_rig(start(smoothness=3.0), rig)
    assert joined[0, 0] > free[0, 0] + 0.2
    assert joined.shape == TRUTH.shape


def test_a_record_comes_back_whole(tmp_path: Path) -> None:
    made = start()
    write_rig_start(tmp_path / "rig_start.npz", made)
    again = read_rig_start(tmp_path / "rig_start.npz")
    assert again.controls == made.controls
    np.testing.assert_array_equal(finish_on_rig(again, rig)[0], finish_on_rig(made, rig)[0])
    write_record(tmp_path / "other.npz", Record({"record": "facepatch.clip", "version": 1}, {}))
    with pytest.raises(FormatError, match=r"holds 'facepatch\.clip'"):
        read_rig_start(tmp_path / "other.npz")


def test_meshes_of_another_rig_and_parts_that_differ_are_refused() -> None:
    with pytest.raises(TopologyError, match="gives 19 vertices, but 20 were sampled"):
        finish_on_rig(start(), lambda values: rig(values)[:, 1:])
    with pytest.raises(ShapeError, match="do not belong together"):
        start(controls=CONTROLS[:2])


def test_settings_may_be_others_than_those_of_the_solve() -> None:
    few = RefineSettings(steps=1, jacobian_frames=1000, sparsity=0.0, smoothness=0.0)
    _, quick = finish_on_rig(start(), rig, settings=few)
    _, whole = finish_on_rig(start(), rig)
    assert quick.evaluations < whole.evaluations


def test_shares_beside_the_range_need_one_for_each_control() -> None:
    with pytest.raises(ShapeError, match="before"):
        refine_on_rig(
            lambda rows: rows, np.zeros((2, 3)), start=np.zeros((2, 3)), rest=np.zeros(3), free=np.ones(3, bool),
            before=np.zeros((1, 2)),
        )  # fmt: skip
