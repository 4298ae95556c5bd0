"""The autoencoders: one shared encoder per patch, one decoder per identity.

The layout is that of the DeepFaceLab-style "df" autoencoders which the paper's parent methods use (method 1.3, A12):
strided 5x5 convolutions, a dense code, sub-pixel upscaling, residual blocks, sigmoid output.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Generator, Tensor, nn

from facepatch.reenactment.config import ReenactmentSettings

HALVINGS = 4


class Downscale(nn.Sequential):
    """(B, C, H, W) -> (B, D, H/2, W/2)"""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Conv2d(inputs, outputs, 5, stride=2, padding=2), nn.LeakyReLU(0.1))


class Upscale(nn.Sequential):
    """(B, C, H, W) -> (B, D, 2H, 2W)"""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Conv2d(inputs, 4 * outputs, 3, padding=1), nn.LeakyReLU(0.1), nn.PixelShuffle(2))


class Residual(nn.Module):
    """x + conv(lrelu(conv(x))), then LeakyReLU 0.2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        inner = self.second(nn.functional.leaky_relu(self.first(x), 0.2))
        return nn.functional.leaky_relu(x + inner, 0.2)


def standardised_grey(patch: Tensor) -> Tensor:
    """(B, 3, H, W) in 0..1 -> (B, 1, H, W) of mean 0 and deviation 1 (less where there is hardly any contrast)."""
    grey = patch.mean(1, keepdim=True)
    centred = grey - grey.mean((2, 3), keepdim=True)
    return centred / (centred.square().mean((2, 3), keepdim=True) + 0.02**2).sqrt()


class PatchEncoder(nn.Module):
    """(B, 3, H, W) in 0..1 -> (B, D, H/8, W/8): everything up to here is shared by performer and character."""

    def __init__(self, settings: ReenactmentSettings, size: int) -> None:
        super().__init__()
        base, small = settings.encoder_channels, size // 2**HALVINGS
        self.grey = settings.grey_input
        widths = [1 if self.grey else 3] + [base * 2**level for level in range(HALVINGS)]
        self.down = nn.Sequential(*(Downscale(a, b) for a, b in pairwise(widths)))
        self.to_code = nn.Linear(widths[-1] * small * small, settings.latent)
        self.from_code = nn.Linear(settings.latent, settings.latent * small * small)
        self.up = Upscale(settings.latent, settings.latent)
        self.small = small

    def code(self, patch: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, D)"""
        seen = standardised_grey(patch) if self.grey else patch * 2 - 1
        return self.to_code(self.down(seen).flatten(1))

    def spread(self, code: Tensor) -> Tensor:
        """(B, D) over the plane again: (B, D, H/8, W/8)"""
        return self.up(self.from_code(code).unflatten(1, (-1, self.small, self.small)))

    def forward(self, patch: Tensor) -> Tensor:
        """The code, spread over the plane again."""
        return self.spread(self.code(patch))


class PatchDecoder(nn.Module):
    """(B, D, H/8, W/8) -> (B, 3, H, W) in 0..1, the patch of one identity."""

    start: Tensor
    """(3, H, W) what the output is before the sigmoid when the layers say nothing."""

    def __init__(self, settings: ReenactmentSettings, size: int) -> None:
        super().__init__()
        widths = [settings.latent] + [settings.decoder_channels * factor for factor in (8, 4, 2)]
        layers: list[nn.Module] = []
        for a, b in pairwise(widths):
            layers.append(Upscale(a, b))
            layers.extend(Residual(b) for _ in range(settings.residual_blocks))
        self.up = nn.Sequential(*layers)
        self.to_image = nn.Conv2d(widths[-1], 3, 5, padding=2)
        self.register_buffer("start", torch.zeros(3, size, size))

    def forward(self, spread: Tensor) -> Tensor:
        """The patch."""
        return torch.sigmoid(self.to_image(self.up(spread)) + self.start)


class ReenactmentModel(nn.Module):
    """Per region one shared encoder E and a decoder D of each identity: `reenact` is D_character(E(performer))."""

    def __init__(self, settings: ReenactmentSettings, *, regions: tuple[str, ...], size: int) -> None:
        super().__init__()
        self.regions = regions
        self.encoders = nn.ModuleDict({region: PatchEncoder(settings, size) for region in regions})
        self.performer = nn.ModuleDict({region: PatchDecoder(settings, size) for region in regions})
        self.character = nn.ModuleDict({region: PatchDecoder(settings, size) for region in regions})

    def forward(
        self, performer: Tensor, character: Tensor, *, reenact: bool = True
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Rebuild both domains and reenact. performer, character: (B, P, 3, H, W).

        Returns rebuilt performer, rebuilt character and the performer as the character, the same shapes; of the last no
        frame (0, P, 3, H, W) without `reenact`, which spares a third of the decoding.
        """
        rebuilt: tuple[list[Tensor], list[Tensor], list[Tensor]] = ([], [], [])
        for index, region in enumerate(self.regions):
            both = torch.cat([performer[:, index], character[:, index]])
            shared = self.encoders[region](both.contiguous(memory_format=torch.channels_last))
            first = shared[: len(performer)]
            rebuilt[0].append(self.performer[region](first))
            rows = len(performer) if reenact else 0
            as_character = self.character[region](shared[len(performer) - rows :])
            reenacted, own = as_character.split([rows, len(character)])
            rebuilt[1].append(own)
            rebuilt[2].append(reenacted)
        return torch.stack(rebuilt[0], 1), torch.stack(rebuilt[1], 1), torch.stack(rebuilt[2], 1)

    def codes(self, patches: Tensor) -> Tensor:
        """(B, P, 3, H, W) of either identity -> (B, P, D)"""
        out: list[Tensor] = []
        for index, region in enumerate(self.regions):
            encoder = self.encoders[region]
            assert isinstance(encoder, PatchEncoder)
            out.append(encoder.code(patches[:, index].contiguous(memory_format=torch.channels_last)))
        return torch.stack(out, 1)

    def as_character(self, codes: Tensor) -> Tensor:
        """Codes (B, P, D) as the character's patches (B, P, 3, H, W)."""
        out: list[Tensor] = []
        for index, region in enumerate(self.regions):
            encoder = self.encoders[region]
            assert isinstance(encoder, PatchEncoder)
            out.append(self.character[region](encoder.spread(codes[:, index])))
        return torch.stack(out, 1)

    def reenact(self, performer: Tensor) -> Tensor:
        """The performer's patches as the character's. (B, P, 3, H, W) -> the same shape."""
        return self.as_character(self.codes(performer))


@torch.no_grad()
def start_from(decoders: nn.ModuleDict, means: Tensor) -> None:
    """Let each decoder start from a mean patch. means: (P, 3, H, W) in 0..1, in the order of the regions.

    The last layer is shrunk, so that the first outputs lie near the mean.
    """
    for decoder, mean in zip(decoders.values(), means, strict=True):
        assert isinstance(decoder, PatchDecoder)
        decoder.start.copy_(torch.logit(mean.clamp(0.02, 0.98)))
        decoder.to_image.weight.mul_(0.2)


@torch.no_grad()
def initialise(module: nn.Module, generator: Generator) -> None:
    """He initialisation. With PyTorch's own the autoencoders sit on a mean-image plateau, some for ever (method 10)."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            fan_in = layer.weight[0].numel()
            layer.weight.normal_(0.0, (2.0 / fan_in) ** 0.5, generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()
