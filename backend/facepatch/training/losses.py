"""Losses shared by the networks."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

WINDOW = 11
SIGMA = 1.5
C1 = 0.01**2
C2 = 0.03**2


@lru_cache(maxsize=16)
def _band(size: int, device: torch.device) -> Tensor:
    """(size - 10, size) Gaussian filter as a band matrix: two matrix products are faster than a convolution."""
    offsets = torch.arange(WINDOW, dtype=torch.float32) - WINDOW // 2
    kernel = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    kernel = kernel / kernel.sum()
    rows = size - WINDOW + 1
    band = torch.zeros(rows, size)
    for row in range(rows):
        band[row, row : row + WINDOW] = kernel
    return band.to(device)


def ssim(first: Tensor, second: Tensor) -> Tensor:
    """Mean structural similarity, Wang et al. 2004: Gaussian window 11, sigma 1.5, data range 1, no border.

    first, second: (B, 3, H, W) in 0..1, float32. Returns (B,).
    """
    rows, columns = _band(first.shape[-2], first.device), _band(first.shape[-1], first.device).T
    stacked = torch.stack([first, second, first * first, second * second, first * second])
    mu1, mu2, s11, s22, s12 = rows @ stacked @ columns
    mu11, mu22, mu12 = mu1 * mu1, mu2 * mu2, mu1 * mu2
    structure = (2 * (s12 - mu12) + C2) / (s11 - mu11 + s22 - mu22 + C2)
    light = (2 * mu12 + C1) / (mu11 + mu22 + C1)
    return (structure * light).mean(dim=(1, 2, 3))


def reenactment_loss(
    rebuilt: Tensor, patch: Tensor, *, l1_weight: float, ssim_weight: float, mask: Tensor | None = None
) -> Tensor:
    """l1_weight * |rebuilt - patch|_1 + ssim_weight * (1 - SSIM) + |mask * (rebuilt - patch)|_1.

    Choi et al. 2025, section 3.3; the weights 10 and 1 are those of the authors' scripts.
    rebuilt, patch: (B, 3, H, W) in 0..1; mask: (B, 1, H, W) extra weight of lid margins and lip lines.
    Returns a scalar, the mean over the batch.
    """
    difference = (rebuilt - patch).abs()
    loss = l1_weight * difference.mean() + ssim_weight * (1 - ssim(rebuilt, patch)).mean()
    if mask is not None:
        loss = loss + (mask * difference).mean()
    return loss
