"""How many components: enough for the variance, and enough that no region is wrong by more than a limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.errors import ConfigError


@dataclass(frozen=True)
class PcaSettings:
    """Settings of `fit_pca`."""

    variance: float = 0.999
    """Smallest share of the total variance that the kept components must explain."""
    region_error: float = 0.001
    """Largest error of any region (such as lids, lips) in any frame, as a fraction of the face height."""
    max_components: int = 64
    """Never keep more components than this, whatever the two limits above ask."""
    gram_frames: int = 2000
    """Up to this many frames the float64 Gram matrix of the frames is used, beyond it randomised SVD."""
    oversample: int = 20
    """Directions carried beyond `max_components` in the randomised SVD."""
    tolerance: float = 1e-6
    """The randomised SVD stops when another round would change no singular value by more than this fraction."""
    max_rounds: int = 6
    """Most rounds of two passes over the frames in the randomised SVD."""
    block_mb: int = 64
    """Memory for the block of frames being worked on."""
    seed: int = 0
    """Of the random directions that the randomised SVD starts from."""

    def __post_init__(self) -> None:
        if not 0 < self.variance <= 1:
            raise ConfigError(
                f"pca.variance: {self.variance} is no share of the variance. Give 0 < variance <= 1."
            )
        if self.region_error <= 0:
            raise ConfigError(f"pca.region_error: {self.region_error} can never be met. Give more than 0.")
        for name in ("max_components", "max_rounds", "block_mb"):
            if getattr(self, name) < 1:
                raise ConfigError(f"pca.{name}: is {getattr(self, name)}, needs at least 1.")


@dataclass(frozen=True, eq=False)
class Choice:
    """A number of components and what it leaves."""

    count: int
    explained: Float64
    """(candidates + 1,) share of the variance explained by the first m components, m = 0..candidates."""
    region_errors: dict[str, Float64]
    """Region -> (candidates + 1,) largest RMS vertex error of the region over the frames, cm, with the first m
    components. At m = 0 this is how far the region moves from its mean at all."""
    limit_cm: float
    """The largest error that a region may have."""
    reason: str
    """A sentence: which of the limits decided, or which was not reached."""
    met: bool
    """Whether both limits are met."""


def choose_components(
    explained: Float64, region_errors: Mapping[str, Float64], *, limit_cm: float, variance: float
) -> Choice:
    """The smallest m with `explained[m] >= variance` and every `region_errors[name][m] <= limit_cm`.

    The arrays are as in Choice. Where no m is enough, all candidates are kept and the reason says what they miss.
    """
    last = len(explained) - 1
    # The share is a ratio of two sums over all frames: allow for their rounding where all of it is asked.
    by_variance = _first(explained >= variance - 1e-9)
    by_region = {name: _first(errors <= limit_cm) for name, errors in region_errors.items()}
    needs: dict[str, int | None] = {"variance": by_variance, **by_region}
    missed = [name for name, count in needs.items() if count is None]
    count = last if missed else max(1, *(int(c or 0) for c in needs.values()), 1)
    if missed:
        found = ", ".join(
            f"{100 * explained[last]:.3f} % of the variance"
            if name == "variance"
            else f"{10 * region_errors[name][last]:.2f} mm at {name} (limit {10 * limit_cm:.2f} mm)"
            for name in missed
        )
        reason = f"All {last} components are kept and leave {found}. Raise pca.max_components to go further."
    else:
        deciding = max(needs, key=lambda name: int(needs[name] or 0))
        rule = (
            f"{100 * variance:g} % of the variance"
            if deciding == "variance"
            else f"{deciding} within {10 * limit_cm:.2f} mm in every frame"
        )
        reason = f"{count} components, the fewest that keep {rule}."
    return Choice(count, explained, dict(region_errors), limit_cm, reason, not missed)


def _first(enough: Any) -> int | None:
    """The first m from which on the limit is always met."""
    fails = np.flatnonzero(~np.asarray(enough))
    first = int(fails[-1]) + 1 if fails.size else 0
    return first if first < len(enough) else None
