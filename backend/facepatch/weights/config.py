"""Settings of the weight estimation module."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from facepatch.core.errors import ConfigError
from facepatch.training.settings import AugmentSettings, LoopSettings


@dataclass(frozen=True)
class WeightSettings:
    """Size, loss and training of the network from patches to PCA weights. Choi et al. 2025, section 3.4."""

    channels: tuple[int, ...] = (32, 64, 128, 256, 512, 512)
    """Outputs of the strided convolutions; the number of halvings follows."""
    hidden: tuple[int, ...] = ()
    """Widths of the layers between the convolutions and the weights."""
    normalisation: Literal["group", "batch"] = "group"
    """group, or batch as in the paper (renders and reenacted patches differ in statistics: group is safer)."""
    vertex_weight: float = 1.0
    """Weight of the landmark error (cm) beside the error of the PCA weights."""
    gap_weight: float = 2.0
    """Weight of the error of lid and lip gaps (cm)."""
    augment: AugmentSettings = field(
        default_factory=lambda: AugmentSettings(
            rotation_deg=3.0, shift=0.03, scale=0.03, warp=0.06, blur=1.5, noise=0.01
        )
    )
    loop: LoopSettings = field(default_factory=lambda: LoopSettings(learning_rate=3e-4, iterations=12_000))

    def halved(self, size: int) -> int:
        """Side of what the convolutions leave of patches of `size` pixels. Raises ConfigError where nothing is left."""
        small = size // 2 ** len(self.channels)
        if small < 1:
            raise ConfigError(
                f"weights.channels: {len(self.channels)} halvings leave nothing of patches of {size} pixels. "
                "Give fewer channels or larger patches."
            )
        return small
