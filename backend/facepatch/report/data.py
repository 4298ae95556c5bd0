"""What a report is made of: numbers with their names, and pictures with their captions.

Every list may be empty; the page leaves its section out and the verdict says what was not measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepatch.core.axes import Axes, Float32, UInt8
from facepatch.core.errors import ShapeError


def _measured(value: float | None) -> float | None:
    """None for what is not a number: a correlation of a curve that never moves was not measured."""
    return None if value is None or not math.isfinite(value) else float(value)


@dataclass(frozen=True, eq=False)
class Figure:
    """A picture with its caption."""

    image: UInt8
    """(H, W, 3) sRGB"""
    caption: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "image", Axes()(f"figure '{self.caption}'", self.image, "H W 3", np.uint8))


@dataclass(frozen=True, eq=False)
class PatchRow:
    """One region in one frame: what the camera saw, what the network made of it, what the character shows."""

    region: str
    frame: int
    performer: UInt8 | None = None
    """(H, W, 3)"""
    reenacted: UInt8 | None = None
    rendered: UInt8 | None = None


@dataclass(frozen=True, eq=False)
class Agreement:
    """How well one measure of the character follows the performer's."""

    measure: str
    """As a person says it: "mouth opening"."""
    performer: Float32
    """(T,) from the performer's landmarks, in any unit."""
    character: Float32
    """(T,) from the retargeted mesh, in any unit."""
    wanted: float
    """Pearson r that counts as good on held-out frames."""
    r_train: float | None = None
    r_held_out: float | None = None
    n_train: int = 0
    n_held_out: int = 0

    def __post_init__(self) -> None:
        check = Axes()
        object.__setattr__(self, "performer", check(f"{self.measure}: performer", self.performer, "T"))
        object.__setattr__(self, "character", check(f"{self.measure}: character", self.character, "T"))
        for name in ("r_train", "r_held_out"):
            object.__setattr__(self, name, _measured(getattr(self, name)))

    @property
    def r(self) -> float | None:
        """The r that counts: held-out where there is one."""
        return self.r_held_out if self.r_held_out is not None else self.r_train


@dataclass(frozen=True)
class Blink:
    """Whether one eye of the character shuts and opens with the performer's."""

    eye: str
    """ "left" or "right", the character's."""
    shut_frames: int
    """Frames in which the performer's eye is shut."""
    shut_share: float | None
    """Share of those in which the character's gap is under 15 % of its open gap."""
    open_frames: int = 0
    open_deviation: float | None = None
    """Median of |gap / open gap - 1| while the performer's eye is open."""
    wanted_shut: float = 0.9
    wanted_open: float = 0.1

    def __post_init__(self) -> None:
        for name in ("shut_share", "open_deviation"):
            object.__setattr__(self, name, _measured(getattr(self, name)))


@dataclass(frozen=True)
class Coverage:
    """Whether the motion the character was trained on reaches what the performer does."""

    feature: str
    overlap: float
    """0..1 share of the performer's range that the training motion covers."""
    verdict: str
    """One sentence."""
    wanted: float = 0.6


@dataclass(frozen=True)
class Jitter:
    """Trembling of the character over the frames in which the performer is still."""

    frames: int
    percent: float
    """Of the face height, over all landmarks."""
    worst_percent: float
    """Of the landmark that trembles most."""
    worst: str
    """Its name."""
    wanted: float = 0.15
    """Largest `percent` that counts as good."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A training curve."""

    iterations: NDArray[Any]
    """(n,)"""
    values: NDArray[Any]
    """(n,)"""

    def __post_init__(self) -> None:
        iterations, values = np.asarray(self.iterations, float), np.asarray(self.values, float)
        if iterations.ndim != 1 or iterations.shape != values.shape:
            raise ShapeError(
                f"training curve: {iterations.shape} iterations for {values.shape} values. Give one value for each."
            )
        object.__setattr__(self, "iterations", iterations)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, eq=False)
class Quality:
    """How good the networks were on frames that judge, in the course of their training."""

    meaning: str
    """What it is of, a sentence."""
    curve: Curve
    """0..1 at every check."""
    best: int
    """Iteration whose networks became the model."""
    parts: Mapping[str, float]
    """What its quality is made of, by name."""
    verdict: str
    """A sentence."""


@dataclass(frozen=True, eq=False)
class ReportData:
    """One retargeted take."""

    title: str
    take: str
    character: str
    when: str
    """Date and time as text, ISO 8601."""
    frame_count: int
    rate: tuple[int, int]
    start_frame: int = 0
    held_out_start: int | None = None
    """Index of the first frame that no training saw; None where all or none were seen."""
    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """May be nested; shown in sections, as in settings.toml."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Stage -> seconds, in order."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Such as "retargeting, frames/s" -> 84.0."""
    files: Mapping[str, str] = field(default_factory=dict)
    """File beside the report -> what it is for."""
    film_strip: tuple[Figure, ...] = ()
    patches: tuple[PatchRow, ...] = ()
    overlays: tuple[Figure, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    blinks: tuple[Blink, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    jitter: Jitter | None = None
    """None where the performer is never still."""
    training: Mapping[str, Curve] = field(default_factory=dict)
    quality: Mapping[str, Quality] = field(default_factory=dict)
    """Of each network that was judged."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Errors and bounds worth a line, the unit in the name."""
    no_face: tuple[int, ...] = ()
    """Indices of frames in which no face was found; likewise below."""
    held: tuple[int, ...] = ()
    eased: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    """Sentences."""

    def __post_init__(self) -> None:
        for row in self.agreement:
            if len(row.performer) != self.frame_count:
                raise ShapeError(
                    f"{row.measure}: {len(row.performer)} values for {self.frame_count} frames. "
                    "Give one for each frame."
                )
