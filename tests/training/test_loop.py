import json
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.errors import CheckpointError, DivergedError, JobCancelledError
from facepatch.reenactment.config import ReenactmentSettings
from facepatch.reenactment.train import ReenactmentTraining
from facepatch.training.checkpoint import read_checkpoint
from facepatch.training.data import PatchSet
from facepatch.training.loop import (
    MAX_ATTEMPTS,
    iteration_generator,
    learning_rate_factor,
    train,
    write_history,
)
from facepatch.training.settings import AugmentSettings, LoopSettings
from facepatch.weights.config import WeightSettings
from facepatch.weights.readouts import Readouts
from facepatch.weights.train import WeightTraining

CPU = torch.device("cpu")
LOOP = LoopSettings(
    iterations=40, batch=2, learning_rate=1e-2, schedule="cosine", warmup=5, weight_decay=0.01, ema=0.9,
    checkpoint_every=7, check_every=3, precision="float32",
)  # fmt: skip
STEADY = replace(LOOP, schedule="constant", warmup=0, weight_decay=0.0, ema=0.0, checkpoint_every=4)
"""With a constant slope each Adam step moves a weight by exactly the learning rate."""


class Slope:
    """One weight on an even slope: the loss is the weight itself. `events` happen once, at their iteration."""

    name = "slope"
    doubted = ""

    def __init__(self, events=None, objections=None, noise=0.0, judge=None):
        """judge: the weight -> its quality."""
        self.judge, self.judged = judge, []
        self.module = nn.Linear(1, 1, bias=False)
        self.events, self.objections, self.noise = dict(events or {}), dict(objections or {}), noise
        self.starts, self.previews, self.seen = [], [], []

    def initialise(self, generator):
        with torch.no_grad():
            self.module.weight.zero_()
        self.starts.append(float(torch.rand((), generator=generator)))

    def loss(self, iteration, generator):
        event = self.events.pop(iteration, None)
        if isinstance(event, BaseException):
            raise event
        self.seen.append((iteration, float(torch.rand((), generator=generator))))
        loss = self.module.weight.sum() * (1 + self.noise * torch.randn((), generator=generator))
        return {"loss": loss * (math.nan if event == "nan" else 1.0), "half": 0.5 * loss}

    def check(self, iteration):
        return self.objections.get((len(self.starts), iteration), "")

    def doubt(self):
        return self.doubted

    def quality(self):
        if self.judge is None:
            return {}
        assert not self.module.training
        assert not torch.is_grad_enabled()
        self.judged.append(self.weight)
        return {"quality": self.judge(self.weight), "quality: height": -self.weight}

    def preview(self, path):
        self.previews.append(path.name)
        return True

    @property
    def weight(self):
        return float(self.module.weight.detach())


def run(trainee, folder, settings=STEADY, fingerprint="data", on_progress=lambda progress: None):
    return train(trainee, settings, folder=folder, fingerprint=fingerprint, on_progress=on_progress)


def cancel_at(iteration):
    def on_progress(progress):
        if progress.done >= iteration:
            raise JobCancelledError("Stopped by the user.")

    return on_progress


def test_what_was_not_learned_is_said_and_kept(tmp_path, caplog):
    trainee = Slope()
    trainee.doubted = "It never saw a slope."
    assert run(trainee, tmp_path).doubt == "It never saw a slope."
    assert "slope: It never saw a slope." in caplog.text


# ---------------------------------------------------------------------------------------- stop and go on


def lips(count, seed, colors):
    """(count, 2, 32, 32, 3) two regions: dark mouths of different openings on skin of one colour."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:32, :32] - 15.5
    images = np.empty((count, 2, 32, 32, 3), np.uint8)
    for frame, opening in enumerate(rng.uniform(1, 10, count)):
        for region, color in enumerate(colors):
            mouth = (x / 11) ** 2 + (y / (opening + region)) ** 2 < 1
            images[frame, region] = np.where(mouth[..., None], (60, 20, 30), color)
    return images


def reenactment(settings):
    performer = PatchSet(lips(24, 0, [(220, 180, 160), (200, 160, 150)]), CPU)
    character = PatchSet(
        lips(24, 1, [(120, 190, 120), (110, 170, 130)]), CPU, probability=np.linspace(1, 2, 24)
    )
    small = ReenactmentSettings(
        encoder_channels=4,
        latent=8,
        decoder_channels=2,
        residual_blocks=1,
        augment=AugmentSettings(),
        loop=settings,
    )
    masks = (np.full((2, 32, 32), 0.5, np.float32), np.full((2, 32, 32), 0.2, np.float32))
    rng = np.random.default_rng(5)
    partners = (rng.integers(0, 24, (24, 2, 4)).astype(np.int32), rng.random((24, 2)).astype(np.float32))
    regions = ("eye", "mouth")
    return ReenactmentTraining(
        small, performer, character, regions=regions, masks=masks, partners=partners,
        validation=PatchSet(lips(5, 6, [(220, 180, 160), (200, 160, 150)]), CPU),
        # The last best checkpoint is neither the first nor the last.
        judge=lambda reenacted: {"mouth": 1 - abs(float(reenacted.mean()) - 0.52)},
    )  # fmt: skip


def weights(settings, normalisation="group"):
    rng = np.random.default_rng(3)
    small = WeightSettings(channels=(4, 8, 16), hidden=(8,), normalisation=normalisation, loop=settings)
    count = 2 * len(LANDMARK_NAMES)
    readouts = Readouts(
        rng.normal(size=(3, count)).astype(np.float32), rng.normal(size=(3, 9)).astype(np.float32)
    )
    patches = PatchSet(lips(24, 2, [(120, 190, 120), (110, 170, 130)]), CPU)
    known = rng.normal(size=(24, 3)).astype(np.float32)
    return WeightTraining(small, patches, known, readouts=readouts, judging=np.arange(18, 24))


def bits(trainee):
    return {name: tensor.clone() for name, tensor in trainee.module.state_dict().items()}


def equal(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("make", [reenactment, weights])
@pytest.mark.parametrize("draw", range(2))
def test_a_training_that_was_stopped_and_goes_on_is_bit_for_bit_one_that_was_not(make, draw, tmp_path):
    whole = make(LOOP)
    history = run(whole, tmp_path / "whole", LOOP)
    at = random.Random(draw).choice((10, 20, 30))
    with pytest.raises(JobCancelledError):
        run(make(LOOP), tmp_path / "parts", LOOP, on_progress=cancel_at(at))
    parts = make(LOOP)
    resumed = run(parts, tmp_path / "parts", LOOP)
    assert equal(bits(whole), bits(parts))
    assert resumed.iterations == history.iterations
    assert resumed.values == history.values
    assert resumed.checks == history.checks
    assert (resumed.best_iteration, resumed.verdict) == (history.best_iteration, history.verdict)
    assert not equal(bits(whole), bits(make(LOOP)))


def test_batch_normalisation_goes_on_bit_for_bit_too(tmp_path):
    whole, parts = weights(LOOP, "batch"), weights(LOOP, "batch")
    run(whole, tmp_path / "whole", LOOP)
    with pytest.raises(JobCancelledError):
        run(weights(LOOP, "batch"), tmp_path / "parts", LOOP, on_progress=cancel_at(20))
    run(parts, tmp_path / "parts", LOOP)
    assert equal(bits(whole), bits(parts))


@pytest.mark.parametrize("make", [reenactment, weights])
def test_judging_changes_nothing_of_what_is_learned(make, tmp_path):
    judged, unjudged = make(LOOP), make(LOOP)
    unjudged.quality = dict
    left = run(judged, tmp_path / "judged", LOOP)
    alone = run(unjudged, tmp_path / "unjudged", LOOP)
    assert left.values == alone.values
    assert len(left.checks) == 14
    assert alone.checks == ()
    assert (alone.best_iteration, alone.best, alone.verdict) == (0, {}, "")
    last, other = (
        read_checkpoint(tmp_path / name / "checkpoint.safetensors") for name in ("judged", "unjudged")
    )
    shared = {name for name in last.tensors if not name.startswith(("best.", "checks."))}
    assert shared == other.tensors.keys()
    assert all(torch.equal(last.tensors[name], other.tensors[name]) for name in shared)


@pytest.mark.parametrize("draw", range(4))
def test_killed_at_any_iterations_the_result_is_the_same(tmp_path, draw):
    def judge(weight):
        return 1 - abs(weight + 0.12)

    whole = Slope(noise=0.5, judge=judge)
    history = run(whole, tmp_path / "whole", LOOP)
    assert 0 < history.best_iteration < 40
    for stop in sorted(random.Random(draw).sample(range(40), draw + 1)):
        with pytest.raises(KeyboardInterrupt):
            run(Slope({stop: KeyboardInterrupt()}, noise=0.5, judge=judge), tmp_path / "parts", LOOP)
    parts = Slope(noise=0.5, judge=judge)
    resumed = run(parts, tmp_path / "parts", LOOP)
    assert parts.weight == whole.weight
    assert resumed.checks == history.checks


def test_it_goes_on_from_the_last_checkpoint_and_not_from_the_start(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(Slope({15: KeyboardInterrupt()}), tmp_path)
    trainee = Slope()
    run(trainee, tmp_path)
    assert trainee.seen[0][0] == 12


def test_a_finished_training_has_nothing_left_to_do(tmp_path):
    first, second = Slope(), Slope()
    run(first, tmp_path, LOOP)
    history = run(second, tmp_path, LOOP)
    assert second.seen == []
    assert second.weight == first.weight
    assert history.iterations == [10, 20, 30, 40]


@pytest.mark.parametrize("make", [reenactment, weights])
def test_the_seed_decides(make, tmp_path):
    short = replace(LOOP, iterations=6)
    results = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        trainee = make(replace(short, seed=seed))
        run(trainee, tmp_path / name, replace(short, seed=seed))
        results.append(bits(trainee))
    assert equal(results[0], results[1])
    assert not equal(results[0], results[2])


def test_every_iteration_seed_and_attempt_has_its_own_random_numbers():
    draws = {
        float(
            torch.rand((), generator=iteration_generator(seed, attempt, iteration, CPU), dtype=torch.float64)
        )
        for seed in range(3)
        for attempt in range(MAX_ATTEMPTS)
        for iteration in range(-1, 20)
    }
    assert len(draws) == 3 * MAX_ATTEMPTS * 21


# -------------------------------------------------------------------------------------------- refusals


def test_a_checkpoint_of_other_data_is_refused(tmp_path):
    run(Slope(), tmp_path, fingerprint="take one")
    with pytest.raises(CheckpointError, match=r"belongs to other settings or data. Delete it"):
        run(Slope(), tmp_path, fingerprint="take two")


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    run(Slope(), tmp_path)
    other = Slope()
    other.module = nn.Linear(3, 1, bias=False)
    with pytest.raises(CheckpointError, match="the weights are of other settings"):
        run(other, tmp_path)


def test_a_damaged_checkpoint_is_refused_and_not_trained_over(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(b"half of something")
    with pytest.raises(CheckpointError, match="is no whole checkpoint"):
        run(Slope(), tmp_path)
    assert path.read_bytes() == b"half of something"


# ------------------------------------------------------------------------------------------ divergence


def test_an_even_slope_is_walked_down_by_the_learning_rate(tmp_path):
    trainee = Slope()
    run(trainee, tmp_path)
    assert trainee.weight == pytest.approx(-40 * 0.01, rel=1e-4)


def test_a_loss_that_is_not_finite_goes_back_once_with_half_the_learning_rate(tmp_path):
    trainee = Slope({9: "nan"})
    history = run(trainee, tmp_path)
    # Eight steps of 0.01 to the checkpoint, then 32 of 0.005.
    assert trainee.weight == pytest.approx(-(8 * 0.01 + 32 * 0.005), rel=1e-4)
    assert history.iterations == [10, 20, 30, 40]
    assert np.isfinite(history.values).all()


def test_before_the_first_checkpoint_it_goes_back_to_the_start(tmp_path):
    trainee = Slope({2: "nan"})
    run(trainee, tmp_path)
    assert trainee.weight == pytest.approx(-40 * 0.005, rel=1e-4)
    assert len(set(trainee.starts)) == 1  # the same attempt, the same first weights


def test_a_second_time_it_ends_and_names_the_checkpoint(tmp_path):
    trainee = Slope({9: "nan", 25: "nan"})
    with pytest.raises(
        DivergedError, match=r"slope: the loss is not a finite number .*second time"
    ) as refusal:
        run(trainee, tmp_path)
    assert str(tmp_path) in str(refusal.value)
    assert "Lower the learning rate (now 0.01)" in str(refusal.value)
    kept, header = read_checkpoint(tmp_path / "checkpoint.safetensors")
    assert header["iteration"] == 24
    assert all(tensor.isfinite().all() for tensor in kept.values())


def test_the_caution_outlives_a_stop(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(Slope({9: "nan", 22: KeyboardInterrupt()}), tmp_path)
    trainee = Slope()
    run(trainee, tmp_path)
    assert trainee.weight == pytest.approx(-(8 * 0.01 + 32 * 0.005), rel=1e-4)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_start_over_may_diverge_once_itself_stopped_or_not(tmp_path, stopped):
    objections = {(2, 15): "Nothing is learned."}
    if stopped:
        with pytest.raises(KeyboardInterrupt):
            run(Slope({9: "nan", 21: KeyboardInterrupt()}, objections), tmp_path)
    trainee = Slope({30: "nan"}) if stopped else Slope({9: "nan", 30: "nan"}, objections)
    history = run(trainee, tmp_path)
    assert history.attempt == 1
    assert trainee.weight == pytest.approx(-(28 * 0.01 + 12 * 0.005), rel=1e-4)


def test_a_second_divergence_after_a_stop_ends_it_too(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(Slope({9: "nan", 22: KeyboardInterrupt()}), tmp_path)
    with pytest.raises(DivergedError, match="second time"):
        run(Slope({30: "nan"}), tmp_path)


# --------------------------------------------------------------------------------------------- plateau


def test_a_start_that_is_objected_to_is_made_again_with_other_weights(tmp_path):
    trainee = Slope(objections={(1, 5): "still flat."})
    history = run(trainee, tmp_path)
    assert history.attempt == 1
    assert len(set(trainee.starts)) == len(trainee.starts) == 2
    assert [iteration for iteration, _ in trainee.seen] == [*range(5), *range(40)]
    assert trainee.seen[0][1] != trainee.seen[5][1]  # other batches, too
    assert trainee.weight == pytest.approx(-0.4, rel=1e-4)


def test_the_third_start_goes_on_to_the_end(tmp_path, caplog):
    trainee = Slope(objections={(start, 5): "still flat." for start in range(1, 9)})
    history = run(trainee, tmp_path)
    assert len(set(trainee.starts)) == len(trainee.starts) == MAX_ATTEMPTS
    assert history.attempt == MAX_ATTEMPTS - 1
    assert [iteration for iteration, _ in trainee.seen] == [*range(5), *range(5), *range(40)]
    assert trainee.weight == pytest.approx(-0.4, rel=1e-4)
    assert "slope: still flat. This start, the last, goes on." in caplog.text


def test_starts_are_counted_over_stops(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(Slope({7: KeyboardInterrupt()}, objections={(1, 5): "flat.", (2, 5): "flat."}), tmp_path)
    # Two starts are used up. A resumed trainee is initialised once before the checkpoint is read.
    trainee = Slope(objections={(1, 9): "flat."})
    assert run(trainee, tmp_path).attempt == MAX_ATTEMPTS - 1
    assert len(trainee.starts) == 1


def test_a_restart_is_remembered_in_the_checkpoint_at_once(tmp_path):
    rarely = replace(STEADY, checkpoint_every=1000)
    with pytest.raises(KeyboardInterrupt):
        run(Slope({7: KeyboardInterrupt()}, objections={(1, 6): "flat."}), tmp_path, rarely)
    header = read_checkpoint(tmp_path / "checkpoint.safetensors").header
    assert (header["attempt"], header["iteration"]) == (1, 0)


# ------------------------------------------------------------------------------------------------- quality


JUDGED = replace(STEADY, check_every=4)


def hill(top):
    """The quality is highest, 0.9, where the weight is `top`."""
    return lambda weight: 0.9 - abs(weight - top)


def test_the_best_checkpoint_becomes_the_model(tmp_path):
    trainee = Slope(judge=hill(-0.2))
    history = run(trainee, tmp_path, JUDGED)
    assert trainee.judged == pytest.approx([-0.01 * n for n in range(4, 41, 4)], rel=1e-4)
    assert trainee.weight == pytest.approx(-0.2, rel=1e-4)
    assert history.best_iteration == 20
    assert history.best == pytest.approx({"quality": 0.9, "quality: height": 0.2}, rel=1e-4)
    assert history.check_iterations == tuple(range(4, 41, 4))
    assert (
        history.verdict
        == "Best after 20 of 40 iterations (quality .90); more training did not help after that."
    )
    # And again, where there is nothing left to do.
    again = Slope(judge=hill(-0.2))
    assert run(again, tmp_path, JUDGED) == history
    assert again.weight == trainee.weight


def test_of_equally_good_ones_the_later_is_taken(tmp_path):
    trainee = Slope(judge=lambda weight: 0.5)
    assert run(trainee, tmp_path, JUDGED).best_iteration == 40
    assert trainee.weight == pytest.approx(-0.4, rel=1e-4)


def test_the_moving_average_is_judged_and_kept(tmp_path):
    trainee = Slope(judge=hill(-1.0))
    run(trainee, tmp_path, replace(JUDGED, iterations=3, ema=0.15))
    assert trainee.judged == [trainee.weight]
    assert trainee.weight != pytest.approx(-0.03, rel=1e-2)


def test_the_last_iteration_is_checked_whatever_the_step(tmp_path):
    assert run(Slope(judge=hill(0)), tmp_path, replace(JUDGED, iterations=9)).check_iterations == (4, 8, 9)


def test_with_no_step_the_last_iteration_alone_is_checked(tmp_path):
    settings = replace(JUDGED, iterations=9, check_every=0)
    assert run(Slope(judge=hill(0)), tmp_path, settings).check_iterations == (9,)


def test_a_quality_that_is_no_number_is_left_out(tmp_path):
    trainee = Slope(judge=lambda weight: math.nan if weight < -0.1 else -weight)
    history = run(trainee, tmp_path, JUDGED)
    assert history.check_iterations == (4, 8)
    assert history.best_iteration == 8


def test_progress_carries_the_newest_quality_and_its_parts(tmp_path):
    shown = []
    run(Slope(judge=hill(-0.2)), tmp_path, JUDGED, on_progress=shown.append)
    assert "quality" not in shown[2].values
    assert shown[3].values["quality"] == shown[6].values["quality"] == pytest.approx(0.74, rel=1e-4)
    assert shown[7].values["quality: height"] == pytest.approx(0.08, rel=1e-4)
    assert {"loss", "half", "rate"} < shown[7].values.keys()


def test_when_more_training_no_longer_helps_it_is_said(tmp_path):
    shown = []
    run(Slope(judge=hill(-0.12)), tmp_path, JUDGED, on_progress=shown.append)
    said = [progress.done for progress in shown if progress.message == "More training no longer helps."]
    # The best is the third check, at 12; it takes five more to be sure.
    assert said == list(range(32, 40))
    assert shown[-1].message.startswith("Best after 12 of 40 iterations")


def test_it_ends_early_where_the_settings_say_so(tmp_path):
    shown, settings = [], replace(JUDGED, stop_after=3)
    trainee = Slope(judge=hill(-0.12))
    history = run(trainee, tmp_path, settings, on_progress=shown.append)
    assert len(trainee.seen) == 24
    assert trainee.weight == pytest.approx(-0.12, rel=1e-4)
    assert (shown[-1].done, shown[-1].total) == (24, 24)
    assert shown[-2].total == 40
    wanted = (
        "Best after 12 of 40 iterations (quality .90); stopped after 24, since more training did not help."
    )
    assert history.verdict == wanted
    again = Slope(judge=hill(-0.12))
    assert run(again, tmp_path, settings) == history
    assert again.seen == []
    assert again.weight == trainee.weight


def test_stopped_and_gone_on_it_ends_at_the_same_check(tmp_path):
    settings = replace(JUDGED, stop_after=3, checkpoint_every=7)
    history = run(Slope(judge=hill(-0.12)), tmp_path / "whole", settings)
    for stop in (9, 15, 22):
        with pytest.raises(KeyboardInterrupt):
            run(Slope({stop: KeyboardInterrupt()}, judge=hill(-0.12)), tmp_path / "parts", settings)
    resumed = run(Slope(judge=hill(-0.12)), tmp_path / "parts", settings)
    assert replace(resumed, seconds=0) == replace(history, seconds=0)


def test_another_start_forgets_what_was_judged_before(tmp_path):
    # The first start walks over the top before it is objected to; what counts is the second.
    trainee = Slope(objections={(1, 30): "flat."}, judge=hill(-0.08))
    history = run(trainee, tmp_path, JUDGED)
    assert history.check_iterations == tuple(range(4, 41, 4))
    assert history.best_iteration == 8


# ------------------------------------------------------------------------------- schedule, average, curves


def test_the_warm_up_is_a_straight_line():
    settings = LoopSettings(iterations=100, warmup=4, schedule="constant")
    assert [learning_rate_factor(settings, i) for i in (0, 1, 3, 4, 99)] == [0.25, 0.5, 1.0, 1.0, 1.0]


def test_the_cosine_by_hand():
    settings = LoopSettings(iterations=110, warmup=10, schedule="cosine")
    wanted = {
        0: 0.1,
        9: 1.0,
        10: 1.0,
        35: (1 + math.sqrt(0.5)) / 2,
        60: 0.5,
        85: (1 - math.sqrt(0.5)) / 2,
        110: 0.0,
    }
    for iteration, factor in wanted.items():
        assert learning_rate_factor(settings, iteration) == pytest.approx(factor, abs=1e-12)


def test_a_training_that_is_all_warm_up_has_a_rate_all_the_same():
    settings = LoopSettings(iterations=5, warmup=10, schedule="cosine")
    assert [learning_rate_factor(settings, i) for i in (0, 4, 20)] == pytest.approx([0.1, 0.5, 0.0])


def test_the_schedule_reaches_the_steps(tmp_path):
    trainee = Slope()
    settings = replace(STEADY, iterations=8, warmup=4)
    run(trainee, tmp_path, settings)
    assert trainee.weight == pytest.approx(-0.01 * (0.25 + 0.5 + 0.75 + 1 + 4), rel=1e-4)


def test_the_moving_average_by_hand(tmp_path):
    trainee = Slope()
    run(trainee, tmp_path, replace(STEADY, iterations=3, ema=0.15))
    # Weights -0.01, -0.02, -0.03; the decay begins at i / (i + 10) so that the first weights are soon forgotten:
    # 1/11, then 0.15 as 2/12 and 3/13 are more.
    average = 0.0
    for decay, weight in ((1 / 11, -0.01), (0.15, -0.02), (0.15, -0.03)):
        average = decay * average + (1 - decay) * weight
    assert trainee.weight == pytest.approx(average, rel=1e-4)
    assert average != pytest.approx(-0.03, rel=1e-2)


def test_without_an_average_the_last_weights_stay(tmp_path):
    trainee = Slope()
    run(trainee, tmp_path, replace(STEADY, iterations=3))
    assert trainee.weight == pytest.approx(-0.03, rel=1e-4)


def test_the_curves_have_every_tenth_iteration_and_the_last(tmp_path):
    trainee, shown = Slope(), []
    history = run(trainee, tmp_path, replace(STEADY, iterations=25), on_progress=shown.append)
    assert history.iterations == [10, 20, 25]
    assert history.names == ("loss", "half")
    # Before step n the weight is -0.01 (n - 1).
    assert np.allclose(history.values, [[-0.09, -0.045], [-0.19, -0.095], [-0.24, -0.12]], rtol=1e-4)
    assert [(p.done, p.total, p.unit) for p in shown] == [(n, 25, "iterations") for n in range(1, 26)]
    assert shown[9].values["loss"] == pytest.approx(-0.09, rel=1e-4)
    assert shown[0].values["rate"] > 0
    assert history.seconds > 0


def test_previews_are_made_with_the_checkpoints(tmp_path):
    trainee = Slope()
    run(trainee, tmp_path, replace(STEADY, iterations=10))
    assert trainee.previews == ["000004.png", "000008.png", "000010.png"]


def test_between_checkpoints_pictures_come_at_a_steady_pace_and_progress_names_them(tmp_path, monkeypatch):
    monkeypatch.setattr("facepatch.training.loop.PREVIEW_EVERY_S", 0.0)
    trainee, shown = Slope(), []
    run(trainee, tmp_path, replace(STEADY, iterations=5), on_progress=shown.append)
    assert trainee.previews == ["latest.png"] * 3 + ["000004.png", "000005.png"]
    assert [Path(p.picture) for p in shown] == [tmp_path / "previews" / name for name in trainee.previews]


def test_a_cancelled_training_has_lost_nothing(tmp_path):
    with pytest.raises(JobCancelledError):
        run(Slope(), tmp_path, replace(STEADY, checkpoint_every=1000), on_progress=cancel_at(13))
    trainee = Slope()
    run(trainee, tmp_path, replace(STEADY, checkpoint_every=1000))
    assert trainee.seen[0][0] == 13


def test_the_curves_are_written_by_name(tmp_path):
    history = run(Slope(), tmp_path, replace(STEADY, iterations=20))
    write_history(tmp_path / "history.json", history)
    described = json.loads((tmp_path / "history.json").read_text())
    assert described["iterations"] == [10, 20]
    assert described["values"].keys() == {"loss", "half"}
    assert described["values"]["loss"] == pytest.approx([-0.09, -0.19], rel=1e-4)
    assert described["attempt"] == 0
    assert described["checks"] == {"iterations": [], "values": {}}
    assert (described["best_iteration"], described["verdict"]) == (0, "")


def test_the_curve_of_the_quality_and_the_verdict_are_written_too(tmp_path):
    history = run(Slope(judge=hill(-0.2)), tmp_path, replace(JUDGED, iterations=8))
    write_history(tmp_path / "history.json", history)
    described = json.loads((tmp_path / "history.json").read_text())
    assert described["checks"]["iterations"] == [4, 8]
    assert described["checks"]["values"]["quality"] == pytest.approx([0.74, 0.78], rel=1e-4)
    assert described["best_iteration"] == 8
    assert (
        described["verdict"] == "Best at the end, after 8 iterations (quality .78); more training may help."
    )
