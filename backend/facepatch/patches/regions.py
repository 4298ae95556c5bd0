"""Which parts of the face become patches. Regions are data: any number, of any elements."""

from __future__ import annotations

from dataclasses import dataclass

from facepatch.core.data.landmarks import landmark_indices
from facepatch.core.errors import ConfigError


@dataclass(frozen=True)
class Region:
    """A patch and the face elements that it must hold through the whole range of motion."""

    name: str
    elements: tuple[str, ...]


@dataclass(frozen=True)
class PatchSettings:
    """Size and framing of the patches. Method 3.3, A5-A10."""

    size: int = 128
    """Pixels of a side, a multiple of 16."""
    regions: tuple[Region, ...] = (
        Region("eye_r", ("eye_r", "brow_r")),
        Region("eye_l", ("eye_l", "brow_l")),
        Region("mouth", ("lips_outer", "lips_inner")),
    )
    margin: float = 0.15
    """Room beyond the range of motion on each side, as a fraction of the box's larger side."""
    range_percentile: float = 0.5
    """The range of motion runs from this percentile of the landmark positions to 100 minus it."""
    ratio_limits: tuple[float, float] = (0.6, 1.8)
    """Limits of the character's box over the performer's, in each axis."""
    amplitude: float = 1.0
    """Gain of the motion: the character's boxes grow by this factor beyond the ratio of the ranges."""
    align_sigma: float = 2.0
    """Gaussian smoothing of the per-frame alignment in 1/24 s; 0 for none."""

    def __post_init__(self) -> None:
        if self.size % 16 or self.size < 32:
            raise ConfigError(f"patches.size: {self.size} is not a multiple of 16 of at least 32.")
        names = [region.name for region in self.regions]
        if not names or len(set(names)) != len(names):
            raise ConfigError(
                f"patches.regions: needs at least one region, each with its own name; got {names}."
            )
        for region in self.regions:
            if not region.name.isidentifier():
                raise ConfigError(
                    f"patches.regions: '{region.name}' is no name. Use letters, digits and _, as in 'mouth_left'."
                )
            landmark_indices(*region.elements)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the regions, in the order of the patches."""
        return tuple(region.name for region in self.regions)


THREE = PatchSettings().regions
FIVE = (
    Region("eye_r", ("eye_r",)),
    Region("eye_l", ("eye_l",)),
    Region("brow_r", ("brow_r",)),
    Region("brow_l", ("brow_l",)),
    Region("mouth", ("lips_outer", "lips_inner")),
)
WHOLE = (
    Region("face", ("eye_r", "eye_l", "brow_r", "brow_l", "nose_base", "lips_outer", "lips_inner", "chin")),
)
