"""Settings of training and augmentation; no torch here, so that the command line starts at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from facepatch.core.errors import ConfigError
from facepatch.core.schema import check_least


@dataclass(frozen=True)
class AugmentSettings:
    """Ranges of the random changes. Method section 3.3, A2 and A3."""

    rotation_deg: float = 10.0
    """In-plane rotation, plus or minus."""
    shift: float = 0.05
    """Translation as a fraction of the patch, plus or minus."""
    scale: float = 0.05
    """Relative size, plus or minus."""
    color: float = 2.0
    """Largest factor of brightness, contrast and saturation, drawn log-uniformly from 1/color..color."""
    hue: float = 0.2
    """Hue shift as a fraction of the circle, plus or minus."""
    independent_color: float = 0.2
    """Share of frames whose patches get a colour draw each instead of one in common."""
    warp: float = 0.0
    """Node noise of a 5 x 5 grid warp, as a fraction of a cell."""
    blur: float = 0.0
    """Largest Gaussian blur in pixels of a 64 pixel patch."""
    noise: float = 0.0
    """Largest standard deviation of added noise."""

    def __post_init__(self) -> None:
        values = dict(vars(self))
        check_least("augment", {"color": values.pop("color")}, 1.0)
        check_least("augment", values, 0.0)
        if self.scale >= 1.0:
            raise ConfigError(f"augment.scale: {self.scale:g} must be under 1.")


@dataclass(frozen=True)
class LoopSettings:
    """How long and how fast to train."""

    iterations: int = 15_000
    """Steps of the optimiser, AdamW."""
    batch: int = 64
    """Frames of each domain in one iteration."""
    learning_rate: float = 2e-4
    """After the warm-up."""
    schedule: Literal["constant", "cosine"] = "cosine"
    """What becomes of it: it stays, or falls to nothing as half a cosine."""
    warmup: int = 1_000
    """Iterations over which the learning rate rises from 0."""
    weight_decay: float = 0.0
    """How much of the weights AdamW takes away in each step, in learning rates."""
    ema: float = 0.999
    """Decay of the moving average that becomes the model; 0 takes the last weights."""
    checkpoint_every: int = 250
    """Iterations between two checkpoints."""
    check_every: int = 250
    """Iterations between two checks of the quality on frames that judge; the last iteration is always checked, with 0
    it alone."""
    stop_after: int = 0
    """Checks in a row without improvement after which training ends early; 0 never. The best checkpoint becomes the
    model in any case, so this saves time only. Under a falling learning rate it may cost the gain of the last part."""
    precision: Literal["auto", "bfloat16", "float32"] = "auto"
    """auto: bfloat16 on a GPU and on CPUs with AMX, else float32."""
    seed: int = 0

    def __post_init__(self) -> None:
        counts = ("iterations", "batch", "checkpoint_every")
        check_least("loop", {name: getattr(self, name) for name in counts}, 1)
        rest = ("warmup", "weight_decay", "check_every", "stop_after", "seed")
        check_least("loop", {name: getattr(self, name) for name in rest}, 0)
        if not 0.0 < self.learning_rate < math.inf:
            raise ConfigError(f"loop.learning_rate: {self.learning_rate:g} must be above 0.")
        if not 0.0 <= self.ema < 1.0:
            raise ConfigError(f"loop.ema: {self.ema:g} lies outside 0..1, 1 left out.")
