"""Controls frame by frame, looking back only: for streams."""

from __future__ import annotations

from typing import Any

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.rig import Driver, Rig
from facepatch.core.errors import InputError
from facepatch.solver.compiled import compile_rig, spans
from facepatch.solver.kernels import refine, solve_boxes
from facepatch.solver.reduce import Reduced
from facepatch.solver.settings import SolveSettings

SWEEPS = 3
ROUNDS = 20
TOLERANCE = 1e-4
"""Share of its range by which no control of a linear rig moves any more when a frame is done."""


class LiveSolve:
    """Give it the weights of one frame after the other.

    The pull to the frame before (Seo et al. 2011) takes the place of the second difference, which needs the next frame;
    it lags by less than a frame at the default.
    """

    def __init__(
        self, rig: Rig, reduced: Reduced, *, settings: SolveSettings | None = None, follow: float = 0.05
    ) -> None:
        """follow: cost of the squared change of each share from one frame to the next."""
        self.settings = settings or SolveSettings()
        self._rig, self._reduced, self._follow = rig, reduced, follow
        self._compiled, self._spans = compile_rig(rig), spans(rig)
        count = len(rig.controls)
        free = np.asarray([control.is_free for control in rig.controls], bool)
        rest = self._compiled.rest
        self._low: Float64 = np.where(free, 0.0, rest)[None]
        self._high: Float64 = np.where(free, 1.0, rest)[None]
        self._l1: Float64 = np.full(count, self.settings.sparsity / max(count, 1))
        sizes = np.linalg.norm(reduced.shapes, axis=1)
        first = np.asarray([shape.drivers[0].control for shape in rig.shapes])
        self._order = np.argsort(-np.bincount(first, sizes, count), kind="stable").astype(np.int32)
        self._gram = reduced.shapes @ reduced.shapes.T
        self._u: Float64 = rest[None].copy()
        self._fresh = True
        # Shapes in the order of the controls, where each control is just the weight of one shape.
        plain = all(shape.drivers == (Driver(shape.drivers[0].control),) for shape in rig.shapes)
        whole = not rest.any() and bool((rig.limits == (0.0, 1.0)).all())
        self._plain = plain and whole and len(rig.shapes) == count == len(set(first.tolist()))
        if self._plain:
            turn = np.argsort(first)
            self._gram = np.ascontiguousarray(self._gram[np.ix_(turn, turn)])
            self._rows = np.ascontiguousarray(reduced.shapes[turn])
            self._follow_gram = self._gram + follow * np.eye(count)

    def push(self, weights: Any) -> Float64:
        """(M,) weights of the next frame -> (C,) controls within their limits. Raises InputError for no numbers."""
        row = np.asarray(weights, np.float64)
        if row.shape != (len(self._reduced.basis),) or not np.isfinite(row).all():
            raise InputError(
                f"weights: have the shape {row.shape}; {len(self._reduced.basis)} finite numbers are needed for "
                "a frame."
            )
        target = row @ self._reduced.basis + self._reduced.offset
        # The first frame has nothing to follow.
        follow, sweeps = (0.0, 5 * SWEEPS) if self._fresh else (self._follow, SWEEPS)
        self._fresh = False
        if self._plain:
            self._push_plain(target, follow)
        else:
            self._push(target, follow, sweeps)
        limits = self._rig.limits
        return np.clip(limits[:, 0] + self._u[0] * self._spans, limits[:, 0], limits[:, 1])

    def _push(self, target: Float64, follow: float, sweeps: int) -> None:
        prior = self._u.copy()
        refine(
            self._compiled, self._gram, (self._reduced.shapes @ target)[None], self._u, self._low,
            self._high, prior, self._l1, follow, 0.0, self._order, sweeps, self.settings.tolerance,
            float(target @ target),
        )  # fmt: skip

    def _push_plain(self, target: Float64, follow: float) -> None:
        """The same for a rig whose controls are weights: no drivers to follow."""
        pulls = self._rows @ target + follow * self._u[0]
        gram = self._follow_gram if follow else self._gram
        self._u = solve_boxes(
            gram, pulls[None], self._u[0], self._low[0], self._high[0], self._l1, ROUNDS, TOLERANCE
        )
