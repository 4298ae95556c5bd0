"""The network from the character's patches to PCA weights."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Generator, Tensor, nn

from facepatch.weights.config import WeightSettings


def _normalise(kind: Literal["group", "batch"], channels: int) -> nn.Module:
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(max(1, channels // 16), channels)


class WeightModel(nn.Module):
    """(B, P, 3, H, W) in 0..1 -> (B, M) PCA weights in cm. All patches of a frame enter as 3P channels."""

    scale: Tensor

    def __init__(self, settings: WeightSettings, *, patches: int, size: int, components: int) -> None:
        super().__init__()
        widths = [3 * patches, *settings.channels]
        layers: list[nn.Module] = []
        for level, (a, b) in enumerate(pairwise(widths)):
            layers.append(nn.Conv2d(a, b, 4, stride=2, padding=1))
            if level > 0:
                layers.append(_normalise(settings.normalisation, b))
            layers.append(nn.ReLU() if settings.normalisation == "batch" else nn.SiLU())
        self.down = nn.Sequential(*layers)
        small = settings.halved(size)
        dense: list[nn.Module] = []
        inputs = widths[-1] * small * small
        for width in settings.hidden:
            dense += [nn.Linear(inputs, width), nn.ReLU()]
            inputs = width
        self.dense = nn.Sequential(*dense, nn.Linear(inputs, components))
        self.register_buffer("scale", torch.ones(()))

    def forward(self, patches: Tensor) -> Tensor:
        """Patches to weights."""
        x = patches.flatten(1, 2).contiguous(memory_format=torch.channels_last)
        # One factor for all components keeps the metric: an error of 1 is as large in each.
        return self.dense(self.down(x * 2 - 1).flatten(1)).float() * self.scale


@torch.no_grad()
def initialise(module: WeightModel, generator: Generator) -> None:
    """He initialisation, with a small last layer so that training starts at the mean shape."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.weight.normal_(0.0, (2.0 / layer.weight[0].numel()) ** 0.5, generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()
        elif isinstance(layer, (nn.BatchNorm2d, nn.GroupNorm)):
            layer.reset_parameters()
    last = module.dense[-1]
    assert isinstance(last, nn.Linear)
    last.weight.mul_(0.1)
