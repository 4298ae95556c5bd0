"""PCA weights from the codes of the reenactment networks instead of from the character's patches.

What the paper decides against (3.4, Fig. 5) and Moser et al. 2021 do with a linear map. Here for that comparison
alone (`facepatch.evaluation.inputs`): the codes of all patches in a row enter the layers that the paper has between
its code of 2048 and the weights. The paper does not describe its variant; this is settled here: codes of the
character's renders, augmented as for the weight estimation, through encoders that no longer learn, each number
standardised over the training renders.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from facepatch.core.axes import Float32
from facepatch.training.augment import augment
from facepatch.training.data import PatchSet
from facepatch.training.precision import autocast_dtype
from facepatch.weights.config import WeightSettings
from facepatch.weights.readouts import Readouts
from facepatch.weights.train import CHUNK, weight_loss, weight_quality

HIDDEN = (1024, 512, 256, 128)
"""The paper's layers (method 3.5), where the settings have none of their own."""
CODED = 2048
"""Renders that mean and deviation of the codes are measured on."""


class CodeModel(nn.Module):
    """(B, D) codes of all patches -> (B, M) PCA weights in cm."""

    mean: Tensor
    deviation: Tensor
    scale: Tensor

    def __init__(self, settings: WeightSettings, *, codes: int, components: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = codes
        for width in settings.hidden or HIDDEN:
            layers += [nn.Linear(inputs, width), nn.ReLU()]
            inputs = width
        self.last = nn.Linear(inputs, components)
        self.dense = nn.Sequential(*layers)
        self.register_buffer("mean", torch.zeros(codes))
        self.register_buffer("deviation", torch.ones(codes))
        self.register_buffer("scale", torch.ones(()))

    def forward(self, codes: Tensor) -> Tensor:
        """Codes to weights."""
        return self.last(self.dense((codes - self.mean) / self.deviation)).float() * self.scale


class CodeTraining:
    """The loss of `weights.train.WeightTraining` on the same renders; only what the network sees is another."""

    name = "codes"

    def __init__(
        self, settings: WeightSettings, patches: PatchSet, weights: Float32, *, readouts: Readouts,
        encode: Callable[[Tensor], Tensor], judging: NDArray[np.int64] | None = None,
    ) -> None:  # fmt: skip
        """encode: patches (B, P, 3, H, W) in 0..1 -> codes (B, D); it learns nothing here.

        judging: rows of `patches` that judge; nothing does without.
        """
        self.judging = torch.from_numpy(judging) if judging is not None and len(judging) else None
        self.settings, self.patches, self.encode = settings, patches, encode
        self.device = patches.device
        self.dtype = autocast_dtype(settings.loop.precision, self.device)
        self.targets = torch.from_numpy(weights).to(self.device)
        self.points = torch.from_numpy(readouts.points).to(self.device)
        self.gaps = torch.from_numpy(readouts.gaps).to(self.device)
        spread = torch.linspace(0, len(patches) - 1, min(CODED, len(patches))).long().to(self.device)
        codes = torch.cat([self._codes_of(rows) for rows in spread.split(CHUNK)])
        self.statistics = codes.mean(0), codes.std(0).clamp_min(1e-6)
        module = CodeModel(settings, codes=codes.shape[1], components=weights.shape[1])
        self.module = module.to(self.device)

    @torch.no_grad()
    def _codes_of(self, rows: Tensor) -> Tensor:
        return self.encode(self.patches.take(rows)).float()

    def initialise(self, generator: Generator) -> None:
        """He-normal weights, a small last layer; input and output are scaled to the data."""
        with torch.no_grad():
            for layer in self.module.modules():
                if isinstance(layer, nn.Linear):
                    layer.weight.normal_(0.0, (2.0 / layer.weight.shape[1]) ** 0.5, generator=generator)
                    layer.bias.zero_()
            self.module.last.weight.mul_(0.1)
            self.module.mean.copy_(self.statistics[0])
            self.module.deviation.copy_(self.statistics[1])
            self.module.scale.fill_(float(self.targets.std()) + 1e-6)

    def loss(self, iteration: int, generator: Generator) -> dict[str, Tensor]:
        """One batch of renders."""
        rows = self.patches.rows(self.settings.loop.batch, generator)
        images = augment(self.patches.take(rows), self.settings.augment, generator)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            with torch.no_grad():
                codes = self.encode(images)
            predicted = self.module(codes.float())
        losses = weight_loss(
            predicted - self.targets[rows], self.settings, points=self.points, gaps=self.gaps
        )
        return {**losses, "loss": losses["loss"] / self.module.scale}

    def check(self, iteration: int) -> str:
        """Supervised training has no plateau to fear."""
        return ""

    def doubt(self) -> str:
        """The bound on own renders tells more than one number could."""
        return ""

    def quality(self) -> dict[str, float]:
        """On renders that judge, as of the variant that reads patches."""
        if self.judging is None:
            return {}
        with torch.no_grad():
            found = [self.module(self._codes_of(rows)) for rows in self.judging.split(CHUNK)]
        wanted = self.targets[self.judging.to(self.device)]
        return weight_quality(torch.cat(found) - wanted, self.targets.mean(0) - wanted, gaps=self.gaps)

    def preview(self, path: Path) -> bool:
        """Numbers only."""
        return False
