"""Patches that live on the training device as bytes, drawn with sampling weights."""

from __future__ import annotations

import numpy as np
import torch
from torch import Generator, Tensor

from facepatch.core.axes import Axes, Float32, UInt8
from facepatch.core.errors import ShapeError


class PatchSet:
    """T frames of P patches, uint8 on `device`; a batch is drawn by `probability` and made float there."""

    def __init__(self, images: UInt8, device: torch.device, *, probability: Float32 | None = None) -> None:
        check = Axes()
        check("patches", images[:1], "_ P H H 3", "uint8")
        if images.dtype != np.uint8:
            raise ShapeError(f"patches: are {images.dtype}, but bytes (uint8, 0..255) are needed.")
        self.images = (
            torch.from_numpy(images).to(device) if device.type == "cuda" else torch.from_numpy(images)
        )
        self.device = device
        self.size = int(images.shape[2])
        self.cumulative: Tensor | None = None
        if probability is not None:
            weights = torch.from_numpy(check("probability", probability, "T")).double()
            if len(weights) != len(images):
                raise ShapeError(f"probability: {len(weights)} values for {len(images)} frames of patches.")
            cumulative = weights.cumsum(0)
            self.cumulative = (cumulative / cumulative[-1]).to(device)

    def __len__(self) -> int:
        return len(self.images)

    def rows(self, batch: int, generator: Generator) -> Tensor:
        """(B,) row numbers."""
        if self.cumulative is None:
            return torch.randint(len(self), (batch,), generator=generator, device=self.device)
        draw = torch.rand(batch, generator=generator, device=self.device, dtype=torch.float64)
        # To the right of equal values, so that a frame of probability 0 is never drawn.
        return torch.searchsorted(self.cumulative, draw, right=True)

    def take(self, rows: Tensor) -> Tensor:
        """(B,) rows -> (B, P, 3, H, W) in 0..1"""
        return self.images[rows.to(self.images.device)].permute(0, 1, 4, 2, 3).float() / 255

    def draw(self, batch: int, generator: Generator) -> Tensor:
        """A random batch (B, P, 3, H, W)."""
        return self.take(self.rows(batch, generator))

    def spread(self, count: int) -> Tensor:
        """Evenly spaced frames, always the same: (count, P, 3, H, W)."""
        return self.take(torch.linspace(0, len(self) - 1, min(count, len(self))).long())

    def mean(self, count: int = 512) -> Tensor:
        """(P, 3, H, W) mean of frames spread over the set, as they are drawn."""
        if self.cumulative is None:
            return self.spread(count).mean(0)
        places = (torch.arange(count, device=self.device, dtype=torch.float64) + 0.5) / count
        return self.take(torch.searchsorted(self.cumulative, places, right=True)).mean(0)
