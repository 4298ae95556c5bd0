"""Kim et al. 2021, "Deep learning-based unsupervised human facial retargeting" (Computer Graphics Forum 40(7), 45-55).

Two networks, both on an image of the whole face: ReenactNet turns the source's picture into the target's through a code
that the two share, learned from unpaired renders of both; BPNet reads the animation from the translated picture.

Facts and where they are from. [V] stands in the abstract, or in Choi et al. 2025 who ran the authors' code. The full
text could not be had, so the layers are [S], those of a third party's reimplementation, and what that leaves open is
[I], settled here:

- Two networks, unsupervised, whole image; 2.69 ms per frame and far shorter training than its rivals [V].
- ReenactNet [S]: 3x3 convolutions of 16 channels (stride 1), 32, 64, self-attention, 128, 256, 512 (stride 2), batch
  normalisation, LeakyReLU 0.2; dense to 512 and back; 4x4 transposed convolutions with self-attention at 128 channels;
  L1 alone; Adam 1e-4, batch 16. One encoder and dense code for both faces, a decoder for each [I]: a "shared latent
  space" [V] asks for no less. Attention as in SAGAN, its gain starting at 0 [I]; sigmoid output [I]; a plane whose side
  is no power of two is cropped after each doubling [I].
- BPNet [S]: six 4x4 convolutions of stride 2, 16 to 512 channels, batch normalisation from the second on, ReLU; dense
  1024, 512, 256, 128; Adam 3e-4. It sees 128 pixels a side, whatever the patch has: its code then has the 2048 numbers
  that Choi et al. report [V]. Here it gives the PCA weights that all methods give, times one factor that brings them to
  unit size, instead of blendshape weights.
- Loss of BPNet [S]: L1 of the weights, plus L1 of a differentiable render of them. The second is left out: it needs a
  differentiable renderer; the PCA basis being orthonormal, the first is already an error of the vertices.
- Augmentation: not known. Both networks are given that of Choi et al., which makes ReenactNet robust [I].
- Initial weights: He's [I]. With PyTorch's default such an autoencoder may sit on the mean image for ever. Where it
  does all the same, training starts over, twice at most, as every method's here.
- Learning rate: constant, without moving average or decay [I].

Where nothing was known the choice is the one that favours the rival. Iterations and batches are the comparison's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from facepatch.core.axes import Float32, UInt8
from facepatch.core.schema import from_dict
from facepatch.training.augment import augment
from facepatch.training.checkpoint import load_into, read_model
from facepatch.training.data import PatchSet
from facepatch.training.pictures import to_image, write_picture
from facepatch.training.plateau import PlateauWatch
from facepatch.training.precision import autocast_dtype, on_device
from facepatch.training.settings import AugmentSettings, LoopSettings
from facepatch.weights.config import WeightSettings
from facepatch.weights.model import WeightModel
from facepatch.weights.model import initialise as initialise_weights

READ_SIZE = 128
"""BPNet sees pictures of this many pixels a side."""


@dataclass(frozen=True)
class KimSettings:
    """Sizes and training."""

    channels: tuple[int, ...] = (16, 32, 64, 128, 256, 512)
    """Of ReenactNet's convolutions; the first keeps the size, the others halve it."""
    code: int = 512
    attention_in: int = 64
    """The encoder's layer, by its channels, after which it attends."""
    attention_out: int = 128
    """The decoder's."""
    read_channels: tuple[int, ...] = (16, 32, 64, 128, 256, 512)
    """Of BPNet's convolutions, all of which halve."""
    read_hidden: tuple[int, ...] = (1024, 512, 256, 128)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    """Of ReenactNet's input."""
    read_augment: AugmentSettings = field(default_factory=AugmentSettings)
    """Of BPNet's."""
    reenactment: LoopSettings = field(
        default_factory=lambda: LoopSettings(
            iterations=50_000, batch=16, learning_rate=1e-4, schedule="constant", warmup=0, ema=0.0
        )
    )
    weights: LoopSettings = field(
        default_factory=lambda: LoopSettings(
            iterations=50_000, batch=64, learning_rate=3e-4, schedule="constant", warmup=0, ema=0.0
        )
    )


class Attention(nn.Module):
    """x + gain * attention(x) over all places of the plane (Zhang et al. 2019); the gain is learned from 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels // 8, 1)
        self.key = nn.Conv2d(channels, channels // 8, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        query, key, value = (
            layer(x).flatten(2).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        seen = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return x + self.gain * seen.transpose(1, 2).reshape(x.shape)


class ReenactNet(nn.Module):
    """One encoder, one decoder per face."""

    def __init__(self, settings: KimSettings, size: int) -> None:
        super().__init__()
        self.encoder = KimEncoder(settings, size)
        self.performer = KimDecoder(settings, size)
        self.character = KimDecoder(settings, size)

    def forward(self, performer: Tensor, character: Tensor) -> tuple[Tensor, Tensor]:
        """Rebuild both. (B, 3, H, H) in 0..1 -> the same shapes."""
        shared = self.encoder(torch.cat([performer, character]))
        first, second = shared.split([len(performer), len(character)])
        return self.performer(first), self.character(second)

    def reenact(self, performer: Tensor) -> Tensor:
        """The performer's picture as the character's."""
        return self.character(self.encoder(performer))


def plane_sizes(size: int, halvings: int) -> list[int]:
    """Sides of the planes, the largest first: 112 -> 112, 56, 28, 14, 7, 4."""
    sides = [size]
    for _ in range(halvings):
        sides.append(-(-sides[-1] // 2))
    return sides


class KimEncoder(nn.Module):
    """(B, 3, H, H) in 0..1 -> (B, C, h, h) by way of the code."""

    def __init__(self, settings: KimSettings, size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for level, (a, b) in enumerate(pairwise((3, *settings.channels))):
            stride = 1 if level == 0 else 2
            layers += [nn.Conv2d(a, b, 3, stride=stride, padding=1), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]
            if b == settings.attention_in:
                layers.append(Attention(b))
        self.down = nn.Sequential(*layers)
        self.small = plane_sizes(size, len(settings.channels) - 1)[-1]
        flat = settings.channels[-1] * self.small**2
        self.to_code = nn.Linear(flat, settings.code)
        self.from_code = nn.Linear(settings.code, flat)

    def forward(self, image: Tensor) -> Tensor:
        """Down, through the code, and on the plane again."""
        code = self.to_code(self.down(image * 2 - 1).flatten(1))
        return self.from_code(code).unflatten(1, (-1, self.small, self.small))


class KimDecoder(nn.Module):
    """(B, C, h, h) -> (B, 3, H, H) in 0..1, the picture of one face."""

    def __init__(self, settings: KimSettings, size: int) -> None:
        super().__init__()
        widths = settings.channels[::-1]
        self.sides = plane_sizes(size, len(widths) - 1)[-2::-1]
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.ConvTranspose2d(a, b, 4, stride=2, padding=1),
                nn.BatchNorm2d(b),
                nn.LeakyReLU(0.2),
                *([Attention(b)] if b == settings.attention_out else []),
            )
            for a, b in pairwise(widths)
        )
        self.to_image = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, plane: Tensor) -> Tensor:
        """The picture."""
        for layer, side in zip(self.up, self.sides, strict=True):
            plane = layer(plane)[:, :, :side, :side]
        return torch.sigmoid(self.to_image(plane))


@torch.no_grad()
def initialise(module: nn.Module, generator: Generator) -> None:
    """He initialisation; batch normalisation and the gains of attention at their start."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear, nn.ConvTranspose2d)):
            fan_in = layer.weight[0].numel()
            if isinstance(layer, nn.ConvTranspose2d):
                # Of the 4 x 4 kernel a place of the output sees a quarter of the weights of each input channel.
                fan_in = layer.weight[:, 0].numel() / (layer.stride[0] * layer.stride[1])
            layer.weight.normal_(0.0, (2.0 / fan_in) ** 0.5, generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()
        elif isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.reset_parameters()
        elif isinstance(layer, Attention):
            layer.gain.zero_()


class ReenactNetTraining:
    """L = |D_p(E(augmented p)) - p|_1 + |D_c(E(augmented c)) - c|_1 on unpaired pictures."""

    name = "reenactment"

    def __init__(self, settings: KimSettings, performer: PatchSet, character: PatchSet) -> None:
        """performer, character: sets of one picture per frame (T, 1, H, H, 3)."""
        self.settings, self.performer, self.character = settings, performer, character
        self.device = performer.device
        self.dtype = autocast_dtype(settings.reenactment.precision, self.device)
        self.module = on_device(ReenactNet(settings, performer.size), self.device)
        self.watch = PlateauWatch(self.output_variation, settings.reenactment.iterations)

    def initialise(self, generator: Generator) -> None:
        """He-normal weights."""
        initialise(self.module, generator)

    def loss(self, iteration: int, generator: Generator) -> dict[str, Tensor]:
        """One batch of each face."""
        count = self.settings.reenactment.batch
        clean = [images.draw(count, generator) for images in (self.performer, self.character)]
        changed = [augment(images, self.settings.augment, generator)[:, 0] for images in clean]
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            rebuilt = self.module(*changed)
        performer, character = (
            (output.float() - wanted[:, 0]).abs().mean()
            for output, wanted in zip(rebuilt, clean, strict=True)
        )
        return {"loss": performer + character, "performer": performer, "character": character}

    def check(self, iteration: int) -> str:
        """Watches for the mean-image plateau."""
        return self.watch.check(iteration)

    def quality(self) -> dict[str, float]:
        """Nothing judges a rival while it trains."""
        return {}

    def doubt(self) -> str:
        """Which face was never learned."""
        return self.watch.doubt()

    @torch.no_grad()
    def output_variation(self) -> dict[str, float]:
        """Per face: variance over frames of the rebuilt pictures, over that of the pictures."""
        inputs = [self.performer.spread(32)[:, 0], self.character.spread(32)[:, 0]]
        outputs = self._judged(*inputs)[:2]
        return {
            name: float(output.var(dim=0).mean() / picture.var(dim=0).mean().clamp_min(1e-8))
            for name, picture, output in zip(("performer", "character"), inputs, outputs, strict=True)
        }

    @torch.no_grad()
    def preview(self, path: Path) -> bool:
        """Rows: performer | rebuilt | reenacted, character | rebuilt."""
        performer, character = self.performer.spread(6)[:, 0], self.character.spread(6)[:, 0]
        rebuilt, own, reenacted = self._judged(performer, character)
        rows = [performer, rebuilt, reenacted, character, own]
        write_picture(path, to_image(torch.cat([torch.cat(list(row), 2) for row in rows], 1)))
        return True

    def _judged(self, performer: Tensor, character: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As at run time: batch normalisation by its running statistics, which stay as they are."""
        training = self.module.training
        self.module.eval()
        rebuilt, own = self.module(performer, character)
        reenacted = self.module.reenact(performer)
        self.module.train(training)
        return rebuilt, own, reenacted


class BpNetTraining:
    """L = |w - w^|_1 on the character's own pictures."""

    name = "weights"

    def __init__(self, settings: KimSettings, pictures: PatchSet, weights: Float32) -> None:
        """pictures: (T, 1, H, H, 3); weights: (T, M) PCA weights, cm."""
        self.settings, self.pictures = settings, pictures
        self.device = pictures.device
        self.dtype = autocast_dtype(settings.weights.precision, self.device)
        self.targets = torch.from_numpy(weights).to(self.device)
        module = bp_net(settings, components=weights.shape[1])
        self.module = on_device(module, self.device)

    def initialise(self, generator: Generator) -> None:
        """He-normal weights; the output is scaled to the data."""
        initialise_weights(self.module, generator)
        self.module.scale.fill_(float(self.targets.std()) + 1e-6)

    def loss(self, iteration: int, generator: Generator) -> dict[str, Tensor]:
        """One batch of renders."""
        rows = self.pictures.rows(self.settings.weights.batch, generator)
        images = augment(self.pictures.take(rows), self.settings.read_augment, generator)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            predicted = self.module(as_read(images))
        weights = (predicted - self.targets[rows]).abs().mean()
        return {"loss": weights / self.module.scale, "weights": weights}

    def check(self, iteration: int) -> str:
        """Supervised training has no plateau to fear."""
        return ""

    def quality(self) -> dict[str, float]:
        """Nothing judges a rival while it trains."""
        return {}

    def doubt(self) -> str:
        """The bound on own renders tells more than one number could."""
        return ""

    def preview(self, path: Path) -> bool:
        """Numbers only."""
        return False


def as_read(pictures: Tensor) -> Tensor:
    """Pictures (B, 1, 3, H, H) at the size that BPNet sees (B, 1, 3, 128, 128)."""
    shown = F.interpolate(
        pictures[:, 0], (READ_SIZE, READ_SIZE), mode="bilinear", align_corners=False, antialias=True
    )
    return shown[:, None]


def bp_net(settings: KimSettings, *, components: int) -> WeightModel:
    """BPNet. Its layers are those that Choi et al. took over from it, so it is built from the same class."""
    layers = WeightSettings(
        channels=settings.read_channels, hidden=settings.read_hidden, normalisation="batch"
    )
    return WeightModel(layers, patches=1, size=READ_SIZE, components=components)


@dataclass(frozen=True, eq=False)
class Kim2021:
    """The trained method."""

    reenactment: ReenactNet
    weights: WeightModel

    @torch.no_grad()
    def predict(self, patches: UInt8) -> tuple[UInt8, Float32]:
        """Performer pictures (B, 1, H, H, 3) -> the character's, the same shape, and weights (B, M)."""
        reenacted = self.reenactment.reenact(self._tensor(patches)[:, 0])[:, None]
        shown = (reenacted.permute(0, 1, 3, 4, 2) * 255).round().clamp(0, 255).byte()
        return shown.cpu().numpy(), self.weights(as_read(reenacted)).cpu().numpy()

    @torch.no_grad()
    def read(self, patches: UInt8) -> Float32:
        """The character's own pictures (B, 1, H, H, 3) -> weights (B, M)."""
        return self.weights(as_read(self._tensor(patches))).cpu().numpy()

    def _tensor(self, patches: UInt8) -> Tensor:
        images = torch.from_numpy(np.ascontiguousarray(patches)).to(self.weights.scale.device)
        return images.permute(0, 1, 4, 2, 3).float() / 255


def load(reenactment: Path, weights: Path, device: torch.device) -> Kim2021:
    """The two networks that their trainings left in these folders."""
    tensors, about = read_model(reenactment)
    net = ReenactNet(from_dict(KimSettings, about["settings"], "kim2021"), int(about["size"]))
    load_into(net, tensors, "", reenactment)
    tensors, about = read_model(weights)
    reader = bp_net(from_dict(KimSettings, about["settings"], "kim2021"), components=int(about["components"]))
    load_into(reader, tensors, "", weights)
    return Kim2021(on_device(net, device).eval(), on_device(reader, device).eval())
