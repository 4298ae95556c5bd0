"""The quality of networks in the course of their training, and the best of them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from facepatch.core.progress import QUALITY
from facepatch.training.verdict import PATIENCE, best_of, verdict, without_improvement


class Checks:
    """What every check found, oldest first, and the networks of the best one. Part of the checkpoint."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.iterations: list[int] = []
        self.rows: list[list[float]] = []
        """One per iteration, in the order of `names`."""
        self.best: dict[str, Tensor] = {}
        """Networks of the best check, by name."""

    @property
    def qualities(self) -> list[float]:
        """Of every check."""
        return [row[self.names.index(QUALITY)] for row in self.rows]

    @property
    def newest(self) -> dict[str, float]:
        """What the last check found."""
        return dict(zip(self.names, self.rows[-1], strict=True)) if self.rows else {}

    @property
    def best_iteration(self) -> int:
        """0 where nothing was judged."""
        return self.iterations[best_of(self.qualities)] if self.rows else 0

    @property
    def settled(self) -> bool:
        """Whether the last few checks did not better the quality."""
        return without_improvement(self.qualities) >= PATIENCE

    def gave_up(self, patience: int) -> bool:
        """Whether `patience` checks in a row did not better the quality; never for 0."""
        return 0 < patience <= without_improvement(self.qualities)

    def add(self, iteration: int, found: Mapping[str, float], networks: dict[str, Tensor]) -> None:
        """Keep what a check of `networks` found, and them where none was better; what is no number is left out."""
        if not found or not math.isfinite(found[QUALITY]):
            return
        self.names = tuple(found)
        self.iterations.append(iteration)
        self.rows.append(list(found.values()))
        if self.best_iteration == iteration:
            self.best = networks

    def verdict(self, planned: int) -> str:
        """What came of it in a sentence; "" where nothing was judged."""
        return verdict(self.iterations, self.qualities, planned=planned)

    def tensors(self) -> dict[str, Tensor]:
        """For the checkpoint, beside `names`."""
        if not self.rows:
            return {}
        return {
            "checks.values": torch.tensor(self.rows, dtype=torch.float64),
            "checks.iterations": torch.tensor(self.iterations),
            **{f"best.{name}": tensor for name, tensor in self.best.items()},
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], names: list[str], device: torch.device) -> Checks:
        """What `tensors` gave."""
        checks = cls()
        checks.names = tuple(names)
        if names:
            checks.rows = tensors["checks.values"].tolist()
            checks.iterations = [int(i) for i in tensors["checks.iterations"].tolist()]
        checks.best = {name[5:]: t.to(device) for name, t in tensors.items() if name.startswith("best.")}
        return checks
