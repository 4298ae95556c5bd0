"""Settings of the rig solve."""

from __future__ import annotations

from dataclasses import dataclass

from facepatch.core.errors import ConfigError
from facepatch.core.schema import check_least


@dataclass(frozen=True)
class SolveSettings:
    """What is weighed against the distance between the meshes, mean squared mm per vertex and frame."""

    sparsity: float = 0.1
    """L1 on the share of each control's range, divided by the number of controls: fewer controls at once."""
    smoothness: float = 1.0
    """Squared second difference of the share of each control's range, per frame."""
    slack: float = 0.1
    """Share by which sparsity and smoothness may raise the distance over that of a solve without them. One factor, up
    to 2, scales both to that, on frames of the clip itself; 0 takes both as they are."""
    prior: float = 0.0
    """Squared distance from the values that were handed in, divided by the number of controls."""
    lips_and_lids: float = 3.0
    """Weight of the vertices around lips and lids in the distance, over that of the others."""
    sweeps: int = 8
    """Rounds over all controls."""
    tolerance: float = 1e-4
    """A solve ends early when a round lowers its objective by less than this share."""
    drop_below: float = 0.01
    """A control that never leaves its default by more than this share of its range gets no curve, unless that moves the
    mesh by more than the distance that is left anyway."""
    chunk_frames: int = 1024
    """Frames that are solved together; longer takes go in pieces."""
    overlap_frames: int = 32
    """Frames that a piece shares with the one before."""

    def __post_init__(self) -> None:
        weights = ("sparsity", "smoothness", "slack", "prior", "drop_below", "tolerance")
        check_least("solve", {name: getattr(self, name) for name in weights}, 0)
        check_least("solve", {"lips_and_lids": self.lips_and_lids}, 1)
        if self.sweeps < 1:
            raise ConfigError(f"solve.sweeps: {self.sweeps} must be at least 1.")
        if self.overlap_frames < 4 or self.chunk_frames < 4 * self.overlap_frames:
            raise ConfigError(
                f"solve: pieces of {self.chunk_frames} frames with {self.overlap_frames} in common; the overlap needs "
                "at least 4 frames and a piece four times as many."
            )
