"""Training the weight estimation module on the character's own renders."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Generator, Tensor

from facepatch.core.axes import Float32
from facepatch.training.augment import augment
from facepatch.training.data import PatchSet
from facepatch.training.precision import autocast_dtype, on_device
from facepatch.weights.config import WeightSettings
from facepatch.weights.model import WeightModel, initialise
from facepatch.weights.readouts import Readouts


class WeightTraining:
    """L = |w - w^|_1 + vertex_weight * |landmarks|_1 + gap_weight * |gaps|_1.

    Choi et al. 2025, section 3.4 (first term); method 3.5 (the others: lid and lip gaps are small in vertices and
    large to the eye). Since the PCA basis is orthonormal, an error in weights is an error in vertices.
    """

    name = "weights"

    def __init__(
        self, settings: WeightSettings, patches: PatchSet, weights: Float32, *, readouts: Readouts
    ) -> None:
        self.settings, self.patches = settings, patches
        self.device = patches.device
        self.dtype = autocast_dtype(settings.loop.precision, self.device)
        self.targets = torch.from_numpy(weights).to(self.device)
        self.points = torch.from_numpy(readouts.points).to(self.device)
        self.gaps = torch.from_numpy(readouts.gaps).to(self.device)
        count = int(patches.images.shape[1])
        module = WeightModel(settings, patches=count, size=patches.size, components=weights.shape[1])
        self.module = on_device(module, self.device)

    def initialise(self, generator: Generator) -> None:
        """He-normal weights; the output is scaled to the data."""
        initialise(self.module, generator)
        self.module.scale.fill_(float(self.targets.std()) + 1e-6)

    def loss(self, iteration: int, generator: Generator) -> dict[str, Tensor]:
        """One batch of renders."""
        rows = self.patches.rows(self.settings.loop.batch, generator)
        images = augment(self.patches.take(rows), self.settings.augment, generator)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            predicted = self.module(images)
        error = predicted - self.targets[rows]
        weights = error.abs().mean()
        points = (error @ self.points).abs().mean()
        gaps = (error @ self.gaps).abs().mean()
        total = weights + self.settings.vertex_weight * points + self.settings.gap_weight * gaps
        return {"loss": total / self.module.scale, "weights": weights, "points": points, "gaps": gaps}

    def check(self, iteration: int) -> str:
        """Supervised training has no plateau to fear."""
        return ""

    def doubt(self) -> str:
        """The curves and the bound on own renders tell more than one number could."""
        return ""

    def preview(self, path: Path) -> bool:
        """Numbers only: the curves tell all."""
        return False
