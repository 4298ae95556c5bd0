"""What a rig solve is asked for, and how that reads in arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.rig import RigControl
from facepatch.core.errors import InputError, UnknownNameError
from facepatch.solver.trajectory import Wishes

Values = float | Sequence[float]


@dataclass(frozen=True)
class SolveJob:
    """What the user hands in."""

    clip: Path
    """A clip.npz, or a folder that holds one."""
    rig: Path
    """A rig description, a rig record, a character whose shapes are its controls, or a folder of rig samples."""
    picks: Path | None = None
    """Landmarks of the character; by default those beside the clip, else proposed."""
    unused: tuple[str, ...] = ()
    """Controls that stay at their default."""
    held: Mapping[str, Values] = field(default_factory=dict)
    """Control -> the value that it keeps, or one value for each frame."""
    cost: Mapping[str, float] = field(default_factory=dict)
    """Control -> factor on its cost."""
    blend: Mapping[str, float] = field(default_factory=dict)
    """Region of `control_regions.REGIONS` -> how much of the solve its controls take, 0..1."""
    key_tolerance: float = 0.005
    """Share of a control's range that its curve may leave the solved values by; 0 keeps a key on every frame."""
    start_frame: int | None = None
    before: Mapping[str, Values] = field(default_factory=dict)
    """Control -> its values in the two frames right before the range, in order of time; one value stands for both.
    The curves join these; a control that is not named has nothing to join."""
    after: Mapping[str, Values] = field(default_factory=dict)
    """The same for the two frames right after the range."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.key_tolerance <= 1.0:
            raise InputError(
                f"key tolerance: {self.key_tolerance:g} is no share of a control's range. Give 0 to 1, such as 0.005."
            )


def wishes_of(job: SolveJob, controls: Sequence[RigControl]) -> Wishes:
    """`job` as the solver takes it. Raises UnknownNameError for a control that is not there, InputError for values."""
    return Wishes(
        held=job.held,
        unused=frozenset(job.unused),
        cost=job.cost,
        before=boundary(controls, job.before, "before"),
        after=boundary(controls, job.after, "after"),
    )


def boundary(controls: Sequence[RigControl], values: Mapping[str, Values], name: str) -> Float64 | None:
    """(2, C) values in the two frames beside the range, NaN for controls that are not named; None for none at all."""
    if not values:
        return None
    names = [control.name for control in controls]
    out: Float64 = np.full((2, len(controls)), np.nan)
    for key, given in values.items():
        if key not in names:
            raise UnknownNameError(f"{name}: control", key, names)
        out[:, names.index(key)] = _pair(given, f"{name}: {key}")
    return out


def _pair(given: Any, where: str) -> Float64:
    try:
        values: Float64 = np.atleast_1d(np.asarray(given, np.float64))
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape not in ((1,), (2,)) or not np.isfinite(values).all():
        raise InputError(
            f"{where}: needs its values in the two frames beside the range, in order of time, got {str(given)[:100]}."
        )
    return values


def notes_on(job: SolveJob, controls: Sequence[RigControl]) -> list[str]:
    """Sentences about controls that cannot do what is asked of them."""
    out: list[str] = []
    if not any(control.is_free and control.name not in job.unused for control in controls):
        out.append(
            "None of the controls may move: all are locked, unused or without a range. Unlock some, or name fewer as "
            "unused."
        )
    equal = [c.name for c in controls if not c.locked and c.maximum == c.minimum]
    if equal:
        out.append(f"Their limits are equal, so they stay at their default: {listed(equal)}.")
    beyond = [
        c.name
        for c in controls
        if c.name in job.held
        and not (c.minimum <= np.min(job.held[c.name]) and np.max(job.held[c.name]) <= c.maximum)
    ]
    if beyond:
        out.append(f"Held beyond their limits, and kept at the limit there: {listed(beyond)}.")
    part = [f"{region} {amount:g}" for region, amount in job.blend.items() if amount < 1.0]
    if part:
        out.append(
            f"Blended as asked: {', '.join(part)}. The distances are those of what is left of the solve there."
        )
    return out


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first few names."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
