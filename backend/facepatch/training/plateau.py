"""An autoencoder that shows the mean image whatever it is given: found in time, and said at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

RATIO = 0.03
"""A decoder whose output varies less than this share of its data sits on the mean image."""


class PlateauWatch:
    """Looks once, after `patience` iterations, if as many would still follow."""

    def __init__(self, variation: Callable[[], Mapping[str, float]], iterations: int) -> None:
        """variation: by the name of an output, its variance over frames, over that of what it rebuilds."""
        self.variation, self.iterations = variation, iterations
        self.patience = max(300, iterations // 4)

    def check(self, iteration: int) -> str:
        """What keeps the training from success, at the one iteration that counts; else ""."""
        if iteration != self.patience or 2 * self.patience > self.iterations:
            return ""
        flat = self._flat()
        return f"still rebuilding the mean image of {flat} after {iteration} iterations." if flat else ""

    def doubt(self) -> str:
        """Which outputs were never learned."""
        flat = self._flat()
        if not flat:
            return ""
        return (
            f"The networks show nothing but the mean image of {flat}. Check the patches in the report; train for "
            "longer, or with a higher learning rate or a longer warm-up."
        )

    def _flat(self) -> str:
        return ", ".join(name for name, ratio in self.variation().items() if ratio < RATIO)
