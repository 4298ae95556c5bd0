"""Random changes of network images, made on the device of the images from a passed generator."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from facepatch.training.settings import AugmentSettings


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: Generator) -> Tensor:
    return torch.rand(shape, generator=generator, device=generator.device) * (high - low) + low


def augment(images: Tensor, settings: AugmentSettings, generator: Generator) -> Tensor:
    """Affine, warp, colour, blur and noise.

    images: (B, P, 3, H, W) in 0..1, the P patches of B frames. Returns the same shape, in 0..1.
    """
    batch, patches = images.shape[:2]
    flat = images.flatten(0, 1)
    flat = _move(flat, settings, generator)
    if settings.color > 1.0 or settings.hue > 0.0:
        flat = _recolor(flat, (batch, patches), settings, generator)
    if settings.blur > 0.0:
        flat = _blur(flat, settings.blur * flat.shape[-1] / 64.0, generator)
    if settings.noise > 0.0:
        amount = _uniform((len(flat), 1, 1, 1), 0.0, settings.noise, generator)
        flat = flat + amount * torch.randn(flat.shape, generator=generator, device=flat.device)
    return flat.clamp(0.0, 1.0).unflatten(0, (batch, patches))


def _move(images: Tensor, settings: AugmentSettings, generator: Generator) -> Tensor:
    """Affine and grid warp in one resampling; the border repeats, since black corners would leak the transform."""
    count = len(images)
    angle = _uniform((count,), -settings.rotation_deg, settings.rotation_deg, generator) * (math.pi / 180)
    size = 1 + _uniform((count,), -settings.scale, settings.scale, generator)
    shift = _uniform((count, 2), -2 * settings.shift, 2 * settings.shift, generator)
    cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
    matrix = torch.stack(
        [torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1
    )
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    if settings.warp > 0.0:
        nodes = torch.randn((count, 2, 5, 5), generator=generator, device=images.device) * (
            settings.warp * 0.5
        )
        grid = grid + F.interpolate(nodes, grid.shape[1:3], mode="bicubic", align_corners=True).permute(
            0, 2, 3, 1
        )
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _recolor(
    images: Tensor, frames: tuple[int, int], settings: AugmentSettings, generator: Generator
) -> Tensor:
    batch, patches = frames
    common = _uniform((batch, 1, 4), -1.0, 1.0, generator).expand(batch, patches, 4)
    own = _uniform((batch, patches, 4), -1.0, 1.0, generator)
    independent = _uniform((batch, 1, 1), 0.0, 1.0, generator) < settings.independent_color
    draw = torch.where(independent, own, common).reshape(batch * patches, 4, 1, 1, 1)
    log_color = math.log(settings.color)
    brightness, contrast, saturation = (torch.exp(draw[:, i] * log_color) for i in range(3))
    images = images * brightness
    grey = images.mean(dim=(1, 2, 3), keepdim=True)
    images = (images - grey) * contrast + grey
    # Saturation and hue in one linear map: rotation and scale of the chroma plane (YIQ).
    turn = draw[:, 3].reshape(-1) * settings.hue * 2 * math.pi
    return torch.einsum("bij,bjhw->bihw", _chroma_matrix(saturation.reshape(-1), turn), images)


def _chroma_matrix(saturation: Tensor, turn: Tensor) -> Tensor:
    to_yiq = torch.tensor(
        [[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]], device=turn.device
    )
    zero, one = torch.zeros_like(turn), torch.ones_like(turn)
    cos, sin = saturation * torch.cos(turn), saturation * torch.sin(turn)
    middle = torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], 1).reshape(-1, 3, 3)
    return torch.linalg.inv(to_yiq) @ middle @ to_yiq


def _blur(images: Tensor, largest: float, generator: Generator) -> Tensor:
    """Separable Gaussian with one random width per image."""
    radius = max(1, math.ceil(2.5 * largest))
    sigma = _uniform((len(images), 1), 0.05, largest, generator)
    offsets = torch.arange(-radius, radius + 1, device=images.device, dtype=images.dtype)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum(1, keepdim=True)
    count, channels, height, width = images.shape
    weight = kernel.repeat_interleave(channels, 0)
    flat = images.reshape(1, count * channels, height, width)
    flat = F.pad(flat, (radius, radius, radius, radius), mode="replicate")
    flat = F.conv2d(flat, weight[:, None, :, None], groups=count * channels)
    flat = F.conv2d(flat, weight[:, None, None, :], groups=count * channels)
    return flat.reshape(images.shape)
