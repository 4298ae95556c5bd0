"""Training the reenactment module on unpaired patches of performer and character."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Generator, Tensor

from facepatch.core.axes import Float32, Int32
from facepatch.core.progress import QUALITY
from facepatch.reenactment.config import ReenactmentSettings
from facepatch.reenactment.model import ReenactmentModel, initialise, start_from
from facepatch.training.augment import augment
from facepatch.training.data import PatchSet
from facepatch.training.losses import reenactment_loss
from facepatch.training.pictures import to_image, write_picture
from facepatch.training.plateau import PlateauWatch
from facepatch.training.precision import autocast_dtype, on_device

CHANGES = 1e-6
"""Variance over frames, of values in 0..1, above which patches change at all; one level of 255 is 1.5e-5."""
CHUNK = 40
"""Frames that are judged at once."""

Judge = Callable[[Tensor], dict[str, float]]
"""Reenacted patches (J, P, 3, H, W) in 0..1 -> name of a measure -> 0..1."""


class ReenactmentTraining:
    """L = sum over domains and patches of loss(D(E(augmented patch)), clean patch). Choi et al. 2025, section 3.3.

    The objective is denoising (method A4): the input is augmented, the target is not.
    """

    name = "reenactment"

    def __init__(
        self,
        settings: ReenactmentSettings,
        performer: PatchSet,
        character: PatchSet,
        *,
        regions: tuple[str, ...],
        masks: tuple[Float32, Float32] | None = None,
        partners: tuple[Int32, Float32] | None = None,
        validation: PatchSet | None = None,
        judge: Judge | None = None,
    ) -> None:
        """masks: (P, size, size) of performer and character, where a mistake counts more.

        partners: rows of `character` (T, P, K) that each row of `performer` resembles, and how much (T, P).
        validation: patches of the performer that judge; nothing does without.
        judge: what the reenacted ones are worth: names of measures and 0..1 for each.
        """
        self.validation, self.judge = validation, judge
        self.settings, self.performer, self.character = settings, performer, character
        self.device = performer.device
        self.dtype = autocast_dtype(settings.loop.precision, self.device)
        weight = settings.mask_weight if masks is not None else 0.0
        self.masks: list[Tensor | None] = [None, None]
        if masks is not None and weight > 0:
            self.masks = [weight * torch.from_numpy(mask)[:, None].to(self.device) for mask in masks]
        self.partners: tuple[Tensor, Tensor] | None = None
        if partners is not None and settings.pair_weight > 0:
            table = torch.from_numpy(partners[0]).long().to(self.device)
            self.partners = table, torch.from_numpy(partners[1]).to(self.device)
        module = ReenactmentModel(settings, regions=regions, size=performer.size)
        self.module = on_device(module, self.device)
        self.watch = PlateauWatch(self.output_variation, settings.loop.iterations)

    def initialise(self, generator: Generator) -> None:
        """He-normal weights, decoders at the mean patches where the settings say so."""
        initialise(self.module, generator)
        if self.settings.mean_image:
            start_from(self.module.performer, self.performer.mean())
            start_from(self.module.character, self.character.mean())

    def loss(self, iteration: int, generator: Generator) -> dict[str, Tensor]:
        """One batch of each domain; with partners also the performer's patches as the character's."""
        settings = self.settings
        rows = self.performer.rows(settings.loop.batch, generator)
        clean = [self.performer.take(rows), self.character.draw(settings.loop.batch, generator)]
        augmented = [augment(patches, settings.augment, generator) for patches in clean]
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            performer, character, reenacted = self.module(*augmented, reenact=self.partners is not None)
        losses = {
            "performer": self._domain(performer, clean[0], self.masks[0]),
            "character": self._domain(character, clean[1], self.masks[1]),
        }
        total = losses["performer"] + losses["character"]
        if self.partners is not None:
            wanted, weight = self._wanted(rows, generator)
            # Scaled by how alike the partners are, patch by patch: both sides of a bad match become nothing.
            scale = weight[:, :, None, None, None]
            losses["reenacted"] = self._domain(reenacted * scale, wanted * scale, self.masks[1])
            total = total + settings.pair_weight * losses["reenacted"]
        return {"loss": clean[0].shape[1] * total, **losses}

    def _domain(self, output: Tensor, target: Tensor, mask: Tensor | None) -> Tensor:
        batch = len(output)
        return reenactment_loss(
            output.float().flatten(0, 1),
            target.flatten(0, 1),
            l1_weight=self.settings.l1_weight,
            ssim_weight=self.settings.ssim_weight,
            mask=None if mask is None else mask.repeat(batch, 1, 1, 1),
        )

    def _wanted(self, rows: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        """One random partner per performer row and region: patches (B, P, 3, H, W) and weights (B, P)."""
        assert self.partners is not None
        table, weight = self.partners
        pick = torch.randint(
            table.shape[2], (len(rows), table.shape[1], 1), generator=generator, device=self.device
        )
        chosen = table[rows].gather(2, pick)[:, :, 0]
        patches = [self.character.take(chosen[:, p])[:, p] for p in range(chosen.shape[1])]
        return torch.stack(patches, 1), weight[rows]

    @torch.no_grad()
    def check(self, iteration: int) -> str:
        """Watches for the mean-image plateau."""
        return self.watch.check(iteration)

    def doubt(self) -> str:
        """Which patches were never learned."""
        return self.watch.doubt()

    @torch.no_grad()
    def output_variation(self) -> dict[str, float]:
        """Per domain and region: variance over frames of the rebuilt patches, over that of the patches. Patches that
        never change are left out: of them the mean image is all there is to learn."""
        ratios: dict[str, float] = {}
        inputs = [self.performer.spread(32), self.character.spread(32)]
        outputs = self.module(*inputs, reenact=False)[:2]
        for domain, patches, rebuilt in zip(("performer", "character"), inputs, outputs, strict=True):
            for index, region in enumerate(self.module.regions):
                wanted = patches[:, index].var(dim=0).mean()
                if wanted > CHANGES:
                    ratios[f"{domain} {region}"] = float(rebuilt[:, index].var(dim=0).mean() / wanted)
        return ratios

    @torch.no_grad()
    def quality(self) -> dict[str, float]:
        """What the judge says of the reenacted patches, its mean, and "swap": how much of the code outlives the swap.

        swap = 1 - |E(D_t(E(x))) - E(x)| / |E(x)|, codes freed of their mean over the frames, mean over regions. It
        counts only where the judge is silent: it is the best early, and falls again while the character still gets
        nearer to the performer (docs/log.md).
        """
        if self.validation is None or not len(self.validation):
            return {}
        before: list[Tensor] = []
        after: list[Tensor] = []
        shown: list[Tensor] = []
        for rows in torch.arange(len(self.validation)).split(CHUNK):
            patches = self.validation.take(rows).to(self.device)
            with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
                codes = self.module.codes(patches)
                reenacted = self.module.as_character(codes).float()
                before.append(codes.float())
                after.append(self.module.codes(reenacted).float())
            shown.append(reenacted)
        swap = survival(torch.cat(before), torch.cat(after))
        parts = self.judge(torch.cat(shown)) if self.judge is not None else {}
        told = {**parts, "swap": swap}
        quality = sum(parts.values()) / len(parts) if parts else swap
        return {QUALITY: quality, **{f"{QUALITY}: {name}": value for name, value in told.items()}}

    @torch.no_grad()
    def preview(self, path: Path) -> bool:
        """Rows: performer | rebuilt | reenacted, character | rebuilt, for some frames spread over the takes."""
        count = min(8, len(self.performer), len(self.character))
        performer, character = self.performer.spread(count), self.character.spread(count)
        rebuilt, own, reenacted = self.module(performer, character)
        rows = [performer, rebuilt, reenacted, character, own]
        sheet = torch.cat([torch.cat(list(row.flatten(0, 1)), 2) for row in rows], 1)
        write_picture(path, to_image(sheet))
        return True


def survival(before: Tensor, after: Tensor) -> float:
    """1 - |after - before| / |before| of codes (T, P, D), each freed of its mean over the frames; mean over P, 0..1.

    0 for codes that never change.
    """
    before, after = before - before.mean(0), after - after.mean(0)
    size = before.norm(dim=2).mean(0)
    lost = (after - before).norm(dim=2).mean(0) / size.clamp_min(1e-9)
    return float(((1 - lost).clamp(0, 1) * (size > 1e-9)).mean())
