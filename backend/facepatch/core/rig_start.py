"""Where the last steps of a solve begin, for a rig that was only sampled (docs/methods/rig_solve.md, "Other rigs").

The backend finds values on a stand-in and writes them down with the few dimensions in which meshes are compared. The
host that has the rig goes on from there. NumPy only, so that it runs in Maya.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Optional

import numpy as np

from facepatch.core.axes import Axes, Bool, Float32, Float64
from facepatch.core.data.rig import RigControl
from facepatch.core.errors import ShapeError, TopologyError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.records import Record, read_record, write_record
from facepatch.core.rig_refine import Evaluate, Refined, RefineSettings, refine_on_rig
from facepatch.core.schema import from_dict, to_dict

KIND = "facepatch.rig_start"
VERSION = 1

AskRig = Callable[[Float64], Any]
"""(S, C) values in the controls' units -> (S, V, 3) head space, cm (`core.rig_samples.asked`)."""


@dataclass(frozen=True, eq=False)
class RigStart:
    """A solve that the rig itself has yet to finish. Values are in the units of the controls."""

    controls: tuple[RigControl, ...]
    values: Float64
    """(T, C) the stand-in's answer; what is held stands as it is held."""
    free: Bool
    """(C,) which may move"""
    cost: Float64
    """(C,) factor on the sparsity of each"""
    blend: Float64
    """(C,) how much of the solve each takes, 0..1"""
    before: Float64
    """(0 or 2, C) values right before the range"""
    after: Float64
    """(0 or 2, C) values right after it"""
    neutral: Float32
    """(V, 3) of the rig at its defaults, head space, cm"""
    scale: Float32
    """(V,) so that lengths in the basis are mm, mean square over the weighted vertices"""
    basis: Float32
    """(3V, R) orthonormal columns"""
    targets: Float64
    """(T, R) mm, from the neutral"""
    sparsity: float
    smoothness: float

    def __post_init__(self) -> None:
        check = Axes()
        for name, axes, kind in (
            ("values", "T C", np.float64),
            ("free", "C", np.bool_),
            ("cost", "C", np.float64),
            ("blend", "C", np.float64),
            ("before", "_ C", np.float64),
            ("after", "_ C", np.float64),
            ("neutral", "V 3", np.float32),
            ("scale", "V", np.float32),
            ("basis", "_ R", np.float32),
            ("targets", "T R", np.float64),
        ):
            object.__setattr__(self, name, check(f"rig start: {name}", getattr(self, name), axes, kind))
        if len(self.controls) != self.values.shape[1] or len(self.basis) != self.neutral.size:
            raise ShapeError(
                f"rig start: {len(self.controls)} controls, values {self.values.shape}, {len(self.neutral)} vertices "
                f"and a basis {self.basis.shape} do not belong together. Solve again."
            )

    @property
    def defaults(self) -> Float64:
        """(C,)"""
        return np.asarray([control.default for control in self.controls], np.float64)

    def shares(self, values: Any) -> Float64:
        """Values as shares of the controls' ranges."""
        low, span = ranges(self.controls)
        out: Float64 = (np.asarray(values, np.float64) - low) / span
        return out

    def project(self, vertices: Any) -> Float64:
        """(S, V, 3) head space, cm -> (S, R) mm. Raises TopologyError for other meshes than the sampled ones."""
        moves = np.asarray(vertices, np.float64)
        if moves.shape[1:] != self.neutral.shape:
            raise TopologyError(
                f"The rig gives {moves.shape[1]} vertices, but {len(self.neutral)} were sampled. "
                "Name the same meshes in the same order, or sample again."
            )
        out: Float64 = (moves - self.neutral).reshape(len(moves), -1) @ self._scaled_basis
        return out

    @cached_property
    def _scaled_basis(self) -> Float64:
        out: Float64 = self.basis.astype(np.float64) * np.repeat(self.scale, 3)[:, None]
        return out


def ranges(controls: tuple[RigControl, ...]) -> tuple[Float64, Float64]:
    """Minimum and range of each; the range is 1 where there is none."""
    low: Float64 = np.asarray([control.minimum for control in controls], np.float64)
    span: Float64 = np.asarray([control.maximum for control in controls], np.float64) - low
    return low, np.where(span > 0, span, 1.0)


def finish_on_rig(
    start: RigStart,
    rig: AskRig,
    *,
    settings: Optional[RefineSettings] = None,
    on_progress: OnProgress = silent,
) -> tuple[Float64, Refined]:
    """(T, C) values in the controls' units, within their limits, and how they were found on the rig itself.

    settings: by default those of the solve. Raises TopologyError where the rig gives other meshes than the sampled
    ones, SolveError where it gives something that is no number.
    """
    low, span = ranges(start.controls)

    def evaluate(shares: Float64) -> Float64:
        return start.project(rig(low + shares * span))

    found = refined(start, evaluate, settings=settings, on_progress=on_progress)
    return blended_values(start, low + found.shares * span), found


def refined(
    start: RigStart,
    evaluate: Evaluate,
    *,
    settings: Optional[RefineSettings] = None,
    on_progress: OnProgress = silent,
) -> Refined:
    """One pass over all frames from the values of `start`, on whatever `evaluate` stands for."""
    return refine_on_rig(
        evaluate,
        start.targets,
        start=start.shares(start.values),
        rest=start.shares(start.defaults),
        free=start.free,
        cost=start.cost,
        before=start.shares(start.before),
        after=start.shares(start.after),
        settings=settings or RefineSettings(sparsity=start.sparsity, smoothness=start.smoothness),
        on_progress=on_progress,
    )


def blended_values(start: RigStart, values: Float64) -> Float64:
    """(T, C) values as far from the defaults as the blend says, within the limits to the last bit."""
    limits = [(control.minimum, control.maximum) for control in start.controls]
    out: Float64 = start.defaults + start.blend * (values - start.defaults)
    return np.clip(out, *np.asarray(limits, np.float64).T)


_ARRAYS = ("values", "free", "cost", "blend", "before", "after", "neutral", "scale", "basis", "targets")


def write_rig_start(path: Path, start: RigStart) -> None:
    """Write a `facepatch.rig_start` record."""
    header: dict[str, Any] = {
        "record": KIND,
        "version": VERSION,
        "controls": [to_dict(control) for control in start.controls],
        "sparsity": start.sparsity,
        "smoothness": start.smoothness,
    }
    write_record(path, Record(header, {name: getattr(start, name) for name in _ARRAYS}))


def read_rig_start(path: Path) -> RigStart:
    """Read a `facepatch.rig_start` record."""
    header, arrays = read_record(path, KIND, VERSION)
    return RigStart(
        controls=tuple(from_dict(RigControl, row, "control") for row in header["controls"]),
        sparsity=float(header["sparsity"]),
        smoothness=float(header["smoothness"]),
        **{name: arrays[name] for name in _ARRAYS},
    )
