"""The networks made ready for one frame at a time: performer patches -> PCA weights, and nothing else.

On a CPU PyTorch brings the weights of a convolution into oneDNN's own order at every call. For a batch of one that is
a large part of the work; here it is done once, and activations are computed inside the convolution before them. The
operators are those that PyTorch's own compiler uses for frozen models. Where they are missing, the plain networks run.
"""

from __future__ import annotations

import copy
import logging
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from facepatch.core.axes import Float32, UInt8
from facepatch.pipelines.models import Models

log = logging.getLogger(__name__)


class LiveNetworks:
    """D_character(E(patch)) of every region, then the weight estimation; no performer's decoder, no pictures."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._device = models.weights.scale.device
        self._reenactment, self._weights = models.reenactment, models.weights
        if self._device.type == "cpu":
            count, size = len(models.plan.boxes), models.plan.settings.size
            probe = torch.rand(1, count, 3, size, size, generator=torch.Generator().manual_seed(0))
            try:
                self._pack(probe)
            except (AttributeError, RuntimeError, NotImplementedError) as error:
                log.info("oneDNN's packed layers are not to be had here (%s); the plain ones run.", error)
                self._reenactment, self._weights = models.reenactment, models.weights

    def __call__(self, patches: UInt8) -> Float32:
        """(P, H, W, 3) -> (M,)"""
        with torch.inference_mode():
            pixels = torch.from_numpy(patches[None]).to(self._device)
            images = pixels.permute(0, 1, 4, 2, 3).float() / 255
            weights = self._weights(self._reenactment.reenact(images))
            return np.array(weights.cpu().numpy()[0])

    def _pack(self, probe: Tensor) -> None:
        with torch.inference_mode():
            plain = self._weights(self._reenactment.reenact(probe))
            reenactment, weights = copy.deepcopy(self._reenactment), copy.deepcopy(self._weights)
            reenactment.performer = nn.ModuleDict()
            sizes: dict[nn.Module, tuple[int, ...]] = {}

            def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
                sizes[layer] = tuple(inputs[0].shape)

            hooks = [
                layer.register_forward_pre_hook(note)
                for network in (reenactment, weights)
                for layer in network.modules()
                if isinstance(layer, (nn.Conv2d, nn.Linear))
            ]
            weights(reenactment.reenact(probe))
            for hook in hooks:
                hook.remove()
            pack(reenactment, sizes)
            pack(weights, sizes)
            packed = weights(reenactment.reenact(probe))
        away = float((packed - plain).abs().max())
        if not away <= 1e-3 * max(1.0, float(plain.abs().max())):
            raise RuntimeError(f"they differ from the plain ones by {away}")
        self._reenactment, self._weights = reenactment, weights


class PackedConvolution(nn.Module):
    """A convolution whose weights lie as oneDNN wants them, with the activation after it."""

    def __init__(self, layer: nn.Conv2d, size: tuple[int, ...]) -> None:
        super().__init__()
        assert isinstance(layer.padding, tuple)
        self.how = [list(layer.padding), list(layer.stride), list(layer.dilation), layer.groups]
        reorder = torch._C._nn.mkldnn_reorder_conv2d_weight  # pyright: ignore[reportAttributeAccessIssue]
        self.weight = reorder(layer.weight.detach().to_mkldnn(), *self.how, list(size))
        self.bias = None if layer.bias is None else layer.bias.detach()
        self.activation: tuple[str, list[float]] = ("none", [])

    def forward(self, x: Tensor) -> Tensor:
        """As Conv2d."""
        name, numbers = self.activation
        return torch.ops.mkldnn._convolution_pointwise(
            x, self.weight, self.bias, *self.how, name, numbers, ""
        )


class PackedLinear(nn.Module):
    """A linear layer whose weights lie as oneDNN wants them, for one row."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach(), 1)
        self.bias = None if layer.bias is None else layer.bias.detach()

    def forward(self, x: Tensor) -> Tensor:
        """As Linear."""
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")


def pack(module: nn.Module, sizes: dict[nn.Module, tuple[int, ...]]) -> None:
    """Put packed layers in place of those in `sizes`, their input shapes."""
    for name, layer in list(module.named_children()):
        if isinstance(layer, nn.Conv2d) and layer in sizes:
            setattr(module, name, PackedConvolution(layer, sizes[layer]))
        elif isinstance(layer, nn.Linear) and layer in sizes:
            setattr(module, name, PackedLinear(layer))
        else:
            pack(layer, sizes)
    if isinstance(module, nn.Sequential):
        for (_, first), (name, second) in pairwise(list(module.named_children())):
            if isinstance(first, PackedConvolution) and (activation := _fused(second)):
                first.activation = activation
                setattr(module, name, nn.Identity())


def _fused(layer: nn.Module) -> tuple[str, list[float]] | None:
    if isinstance(layer, nn.LeakyReLU):
        return "leaky_relu", [layer.negative_slope]
    if isinstance(layer, nn.SiLU):
        return "swish", []
    if isinstance(layer, nn.ReLU):
        return "relu", []
    return None
