"""The one training loop: schedule, moving average, watch for divergence, quality, checkpoints, exact resume.

Every random number of iteration i comes from a generator seeded by (seed, attempt, i), so a run that was stopped
and goes on draws what it would have drawn. Checks of the quality draw none; their curve and the best networks so far
are part of the checkpoint.
"""

from __future__ import annotations

import json
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Generator, Tensor, nn

from facepatch.core.errors import CheckpointError, DivergedError, JobCancelledError
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.training.checkpoint import Checkpoint, load_into, read_checkpoint, write_checkpoint
from facepatch.training.checks import Checks
from facepatch.training.settings import LoopSettings
from facepatch.training.verdict import SETTLED

log = logging.getLogger(__name__)


class Trainee(Protocol):
    """What the loop trains."""

    name: str

    @property
    def module(self) -> nn.Module:
        """The networks."""
        ...

    def initialise(self, generator: Generator) -> None:
        """Draw the starting weights."""
        ...

    def loss(self, iteration: int, generator: Generator) -> dict[str, Tensor]:
        """The loss of one batch under "loss", and anything else worth a curve."""
        ...

    def check(self, iteration: int) -> str:
        """A sentence when training cannot succeed any more and should start over, else ""."""
        ...

    def doubt(self) -> str:
        """A sentence about what the finished networks did not learn, else ""."""
        ...

    def quality(self) -> dict[str, float]:
        """How good the networks are on frames that judge: "quality", 0..1, and its parts under "quality: NAME".

        Nothing where no frames judge. Called without gradients and in evaluation; draws no random numbers.
        """
        ...

    def preview(self, path: Path) -> bool:
        """Write a picture of the present state. False where there is nothing to show."""
        ...


@dataclass(frozen=True)
class TrainingHistory:
    """Curves of a finished training."""

    names: tuple[str, ...]
    iterations: list[int]
    values: list[list[float]]
    """One row per entry of `iterations`, in the order of `names`."""
    seconds: float
    """Time spent in iterations and in checks of the quality, over all sessions and starts."""
    attempt: int
    """0 unless training had to start over."""
    doubt: str = ""
    """What was not learned."""
    check_names: tuple[str, ...] = ()
    check_iterations: tuple[int, ...] = ()
    checks: tuple[tuple[float, ...], ...] = ()
    """One row per entry of `check_iterations`, in the order of `check_names`."""
    best_iteration: int = 0
    """Whose networks became the model; 0 where nothing judged and the last did."""
    verdict: str = ""
    """What came of it, in a sentence; "" where nothing judged."""

    @property
    def best(self) -> dict[str, float]:
        """The quality of the model and its parts; empty where nothing judged."""
        if not self.checks:
            return {}
        return dict(
            zip(self.check_names, self.checks[self.check_iterations.index(self.best_iteration)], strict=True)
        )


MAX_ATTEMPTS = 3
PREVIEW_EVERY_S = 5.0
"""Between two pictures of the present state; those of checkpoints are kept, the others overwrite each other."""


def iteration_generator(seed: int, attempt: int, iteration: int, device: torch.device) -> Generator:
    """The source of every random number of one iteration."""
    generator = Generator(device=device)
    generator.manual_seed(((seed * 8191 + attempt) * 1_000_003 + iteration) % (2**63 - 1))
    return generator


def learning_rate_factor(settings: LoopSettings, iteration: int) -> float:
    """Linear warm-up, then constant or half a cosine to zero."""
    if iteration < settings.warmup:
        return (iteration + 1) / settings.warmup
    if settings.schedule == "constant":
        return 1.0
    done = (iteration - settings.warmup) / max(1, settings.iterations - settings.warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


class Training:
    """The state of one training, from its start or from the checkpoint in `folder`."""

    def __init__(
        self, trainee: Trainee, settings: LoopSettings, folder: Path, fingerprint: str, *, attempt: int = 0
    ) -> None:
        self.trainee, self.settings, self.folder, self.fingerprint = trainee, settings, folder, fingerprint
        self.device = next(trainee.module.parameters()).device
        self.path = folder / "checkpoint.safetensors"
        self.seconds = 0.0
        self.attempt = attempt - 1
        self.start_over()
        if self.path.exists():
            self._resume()

    def start_over(self) -> None:
        """Fresh weights from the next attempt's random numbers."""
        self.attempt += 1
        self.iteration = 0
        self.caution = 1.0
        self.names: tuple[str, ...] = ()
        self.iterations: list[int] = []
        self.values: list[list[float]] = []
        self.checks = Checks()
        self.trainee.initialise(
            iteration_generator(self.settings.seed, self.attempt, -1, torch.device("cpu"))
        )
        self.ema = {
            name: tensor.detach().clone() for name, tensor in self.trainee.module.state_dict().items()
        }
        self.optimizer = torch.optim.AdamW(
            self.trainee.module.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
            fused=True,
        )

    def step(self) -> dict[str, float]:
        """One iteration. Returns the values for the curves."""
        settings = self.settings
        generator = iteration_generator(settings.seed, self.attempt, self.iteration, self.device)
        for group in self.optimizer.param_groups:
            group["lr"] = (
                settings.learning_rate * self.caution * learning_rate_factor(settings, self.iteration)
            )
        losses = self.trainee.loss(self.iteration, generator)
        self.optimizer.zero_grad(set_to_none=True)
        losses["loss"].backward()
        self.optimizer.step()
        self.iteration += 1
        if settings.ema > 0.0:
            decay = min(settings.ema, self.iteration / (self.iteration + 10.0))
            with torch.no_grad():
                for name, tensor in self.trainee.module.state_dict().items():
                    if tensor.is_floating_point():
                        self.ema[name].lerp_(tensor, 1.0 - decay)
                    else:  # a counter, such as batch normalisation's, has no average
                        self.ema[name].copy_(tensor)
        return {name: float(value.detach()) for name, value in losses.items()}

    @property
    def averaged(self) -> dict[str, Tensor]:
        """What would become the model now: the moving average where there is one."""
        return self.ema if self.settings.ema > 0.0 else self.trainee.module.state_dict()

    @torch.no_grad()
    def check_quality(self) -> None:
        """Judge what would become the model now. The networks are left as they were, to the bit."""
        module = self.trainee.module
        live = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        judged = {name: tensor.clone() for name, tensor in self.averaged.items()}
        training = module.training
        module.load_state_dict(judged)
        module.eval()
        self.checks.add(self.iteration, self.trainee.quality(), judged)
        module.train(training)
        module.load_state_dict(live)

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do."""
        return self.iteration >= self.settings.iterations or self.checks.gave_up(self.settings.stop_after)

    def due(self, every: int) -> bool:
        """Whether this iteration is one of each `every`, or the last; 0: only the last."""
        return self.iteration == self.settings.iterations or (every > 0 and self.iteration % every == 0)

    def save(self) -> None:
        """Write the checkpoint."""
        tensors = {f"model.{name}": t for name, t in self.trainee.module.state_dict().items()}
        tensors |= {f"ema.{name}": t for name, t in self.ema.items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{name}": value for name, value in state.items()}
        if self.values:
            tensors["history.values"] = torch.tensor(self.values, dtype=torch.float64)
            tensors["history.iterations"] = torch.tensor(self.iterations)
        tensors |= self.checks.tensors()
        header = {
            "fingerprint": self.fingerprint,
            "iteration": self.iteration,
            "attempt": self.attempt,
            "seconds": self.seconds,
            "caution": self.caution,
            "names": list(self.names),
            "check_names": list(self.checks.names),
        }
        write_checkpoint(self.path, Checkpoint(tensors, header))

    def _resume(self) -> None:
        tensors, header = read_checkpoint(self.path)
        if header["fingerprint"] != self.fingerprint:
            raise CheckpointError(
                f"{self.path}: belongs to other settings or data. Delete it to train from the start."
            )
        load_into(self.trainee.module, tensors, "model.", self.path)
        self.ema = {name[4:]: t.to(self.device) for name, t in tensors.items() if name.startswith("ema.")}
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("adam."):
                _, index, key = name.split(".", 2)
                state.setdefault(int(index), {})[key] = value
        saved = self.optimizer.state_dict()
        self.optimizer.load_state_dict({"state": state, "param_groups": saved["param_groups"]})
        # A checkpoint is contiguous, the networks are channels-last, and fused Adam pairs by place in memory.
        for parameter, moments in self.optimizer.state.items():
            for key, value in moments.items():
                if value.shape == parameter.shape:
                    moments[key] = torch.empty_like(parameter).copy_(value)
        self.iteration, self.attempt = int(header["iteration"]), int(header["attempt"])
        self.seconds, self.names = float(header["seconds"]), tuple(header["names"])
        self.caution = float(header["caution"])
        if "history.values" in tensors:
            self.values = tensors["history.values"].tolist()
            self.iterations = [int(i) for i in tensors["history.iterations"].tolist()]
        self.checks = Checks.from_tensors(tensors, header["check_names"], self.device)
        log.info("%s goes on from iteration %d", self.trainee.name, self.iteration)


def train(
    trainee: Trainee,
    settings: LoopSettings,
    *,
    folder: Path,
    fingerprint: str,
    on_progress: OnProgress = silent,
) -> TrainingHistory:
    """Train `trainee` for `settings.iterations`, going on from the checkpoint in `folder` where there is one.

    At the end the module holds the best of the checked networks, or where nothing judges (`Trainee.quality`) the last
    moving average. `fingerprint` says which settings and data the checkpoint belongs to. Where `trainee.check` objects,
    training starts over, twice at most: the third start goes on to the end, where `Trainee.doubt` says what is wrong.
    Raises DivergedError when the loss leaves the finite numbers for the second time in one start; whatever stops the
    training, the last checkpoint is kept.
    Progress comes after every iteration, with the newest quality; a training that is cancelled there writes its
    checkpoint first.
    """
    training = Training(trainee, settings, folder, fingerprint)
    begun, begun_at = time.monotonic(), training.iteration
    shown_at = begun
    while not training.ended:
        before = time.monotonic()
        values = training.step()
        training.seconds += time.monotonic() - before
        if not math.isfinite(values["loss"]):
            training = _roll_back(trainee, settings, training)
            continue
        objection = trainee.check(training.iteration)
        if objection and _starts_over(training, objection):
            continue
        iteration = training.iteration
        if training.due(settings.check_every):
            before = time.monotonic()
            training.check_quality()
            training.seconds += time.monotonic() - before
        if training.due(10) or training.ended:
            training.names = tuple(values)
            training.iterations.append(iteration)
            training.values.append(list(values.values()))
        picture = ""
        now = time.monotonic()
        kept = training.due(settings.checkpoint_every) or training.ended
        if kept:
            training.save()
        if kept or now - shown_at > PREVIEW_EVERY_S:
            shown_at = now
            path = folder / "previews" / (f"{iteration:06d}.png" if kept else "latest.png")
            picture = str(path) if trainee.preview(path) else ""
        rate = (iteration - begun_at) / max(1e-9, now - begun)
        try:
            on_progress(_report(training, values, rate=rate, picture=picture))
        except JobCancelledError:
            training.save()
            raise
    return _finish(training)


def _report(training: Training, values: dict[str, float], *, rate: float, picture: str) -> Progress:
    """The newest quality, losses and the rate; a training that ends early has done all that it will."""
    checks, planned = training.checks, training.settings.iterations
    ended = training.ended
    return Progress(
        training.trainee.name,
        training.iteration,
        training.iteration if ended else planned,
        "iterations",
        message=checks.verdict(planned) if ended else SETTLED if checks.settled else "",
        values={**checks.newest, **values, "rate": rate},
        picture=picture,
    )


def _finish(training: Training) -> TrainingHistory:
    """Leave the best networks in the module, and tell what came of it."""
    trainee, checks = training.trainee, training.checks
    trainee.module.load_state_dict(checks.best or training.averaged)
    doubt, said = trainee.doubt(), checks.verdict(training.settings.iterations)
    if doubt:
        log.warning("%s: %s", trainee.name, doubt)
    return TrainingHistory(
        training.names, training.iterations, training.values, training.seconds, training.attempt, doubt,
        checks.names, tuple(checks.iterations), tuple(tuple(row) for row in checks.rows),
        checks.best_iteration, said,
    )  # fmt: skip


def _roll_back(trainee: Trainee, settings: LoopSettings, training: Training) -> Training:
    at = training.iteration
    if training.caution < 1.0:
        raise DivergedError(
            f"{trainee.name}: the loss is not a finite number at iteration {at}, for the second time. The last good "
            f"checkpoint is kept in {training.folder}. Lower the learning rate (now {settings.learning_rate:g})."
        )
    seconds, attempt = training.seconds, training.attempt
    training = Training(trainee, settings, training.folder, training.fingerprint, attempt=attempt)
    training.seconds, training.caution = seconds, 0.5
    training.save()
    log.warning(
        "%s: the loss was not finite at iteration %d; back to iteration %d with half the learning rate",
        trainee.name, at, training.iteration,
    )  # fmt: skip
    return training


def _starts_over(training: Training, objection: str) -> bool:
    name = training.trainee.name
    if training.attempt + 1 >= MAX_ATTEMPTS:
        log.warning("%s: %s This start, the last, goes on.", name, objection)
        return False
    log.warning("%s: %s Starting over with other initial weights.", name, objection)
    training.start_over()
    training.save()
    return True


def write_history(path: Path, history: TrainingHistory) -> None:
    """Write the curves as JSON."""
    from facepatch.core.records import write_text

    columns = {name: [row[i] for row in history.values] for i, name in enumerate(history.names)}
    checks = {name: [row[i] for row in history.checks] for i, name in enumerate(history.check_names)}
    described: dict[str, Any] = {
        "iterations": history.iterations,
        "values": columns,
        "seconds": history.seconds,
        "attempt": history.attempt,
        "doubt": history.doubt,
        "checks": {"iterations": list(history.check_iterations), "values": checks},
        "best_iteration": history.best_iteration,
        "verdict": history.verdict,
    }
    write_text(path, json.dumps(described))
