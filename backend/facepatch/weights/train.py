"""Training the weight estimation module on the character's own renders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from facepatch.core.axes import Float32
from facepatch.core.progress import QUALITY
from facepatch.training.augment import augment
from facepatch.training.data import PatchSet
from facepatch.training.precision import autocast_dtype, on_device
from facepatch.weights.config import WeightSettings
from facepatch.weights.model import WeightModel, initialise
from facepatch.weights.readouts import LIPS, Readouts

CHUNK = 64
"""Frames that are judged at once."""


def weight_loss(
    error: Tensor, settings: WeightSettings, *, points: Tensor, gaps: Tensor
) -> dict[str, Tensor]:
    """|w - w^|_1 + vertex_weight * |landmarks|_1 + gap_weight * |gaps|_1 under "loss", and its terms.

    error: (B, M) of the weights, cm; points (M, R), gaps (M, G): `Readouts`.
    """
    terms = {
        "weights": error.abs().mean(),
        "points": (error @ points).abs().mean(),
        "gaps": (error @ gaps).abs().mean(),
    }
    total = terms["weights"] + settings.vertex_weight * terms["points"] + settings.gap_weight * terms["gaps"]
    return {"loss": total, **terms}


def weight_quality(error: Tensor, away: Tensor, *, gaps: Tensor) -> dict[str, float]:
    """1 - error / error of the mean expression, of the shape, of lids and of lips; their mean is the quality.

    error, away: (B, M) of the weights and of the mean weights, cm; gaps (M, G): `Readouts`.
    """
    columns = {"lids": gaps[:, : -len(LIPS)], "lips": gaps[:, -len(LIPS) :]}
    parts = {
        "shape": _left(error, away),
        **{name: _left(error @ some, away @ some) for name, some in columns.items()},
    }
    return {QUALITY: sum(parts.values()) / len(parts), **{f"{QUALITY}: {n}": v for n, v in parts.items()}}


class WeightTraining:
    """L = |w - w^|_1 + vertex_weight * |landmarks|_1 + gap_weight * |gaps|_1.

    Choi et al. 2025, section 3.4 (first term); method 3.5 (the others: lid and lip gaps are small in vertices and
    large to the eye). Since the PCA basis is orthonormal, an error in weights is an error in vertices.
    """

    name = "weights"

    def __init__(
        self, settings: WeightSettings, patches: PatchSet, weights: Float32, *, readouts: Readouts,
        judging: NDArray[np.int64] | None = None,
    ) -> None:  # fmt: skip
        """judging: rows of `patches` that judge; nothing does without."""
        self.judging = torch.from_numpy(judging) if judging is not None and len(judging) else None
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
        losses = weight_loss(
            predicted - self.targets[rows], self.settings, points=self.points, gaps=self.gaps
        )
        losses["loss"] = losses["loss"] / self.module.scale
        return losses

    def check(self, iteration: int) -> str:
        """Supervised training has no plateau to fear."""
        return ""

    def doubt(self) -> str:
        """The curves and the bound on own renders tell more than one number could."""
        return ""

    @torch.no_grad()
    def quality(self) -> dict[str, float]:
        """1 - error / error of the mean expression on renders that judge: of the shape, of lids and of lips."""
        if self.judging is None:
            return {}
        wanted = self.targets[self.judging.to(self.device)]
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            found = [self.module(self.patches.take(rows)) for rows in self.judging.split(CHUNK)]
        return weight_quality(torch.cat(found) - wanted, self.targets.mean(0) - wanted, gaps=self.gaps)

    def preview(self, path: Path) -> bool:
        """Numbers only: the curves tell all."""
        return False


def _left(error: Tensor, away: Tensor) -> float:
    """1 - |error| / |away|, both (B, N), as a mean over frames; 0..1."""
    share = error.norm(dim=1).mean() / away.norm(dim=1).mean().clamp_min(1e-9)
    return float((1 - share).clamp(0, 1))
