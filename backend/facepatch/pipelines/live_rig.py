"""The controls of a rig while the performer acts: reduced once, then solved frame by frame from the past alone.

docs/methods/live.md, "Controls of a rig", and docs/methods/rig_solve.md, "Live".
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from facepatch.core.axes import Float32
from facepatch.core.data.rig import Rig
from facepatch.core.errors import InputError
from facepatch.core.rig_samples import is_sampled
from facepatch.pipelines.live import LiveFrame
from facepatch.pipelines.models import Models
from facepatch.pipelines.retarget import neutral_weights
from facepatch.pipelines.settings import LiveRigSettings
from facepatch.pipelines.solve_found import check_clip
from facepatch.pipelines.solve_measures import region_weights, skin_regions
from facepatch.readers.rig import read_rig_source
from facepatch.solver.live import LiveSolve
from facepatch.solver.reduce import Reduced, pca_target, reduce
from facepatch.solver.settings import SolveSettings


class LiveRig:
    """The solve of one stream. Give it every frame, in order: each follows the one before."""

    STAGE: ClassVar[str] = "rig"
    """What its time is called among the stages of a frame."""

    def __init__(self, rig: Rig, reduced: Reduced, *, settings: LiveRigSettings) -> None:
        self.names = tuple(control.name for control in rig.controls)
        self.units = tuple(control.unit for control in rig.controls)
        self._solve = LiveSolve(
            rig, reduced, settings=SolveSettings(sparsity=settings.sparsity), follow=settings.follow
        )

    def push(self, weights: Any) -> Float32:
        """(M,) weights of the next frame -> (C,) values of the controls. Raises InputError for no numbers."""
        return self._solve.push(weights).astype(np.float32)

    def solved(self, frame: LiveFrame) -> LiveFrame:
        """`frame` with its controls. Where no face is seen they follow the weights, which are held and eased."""
        began = time.perf_counter()
        controls = self.push(frame.weights)
        return replace(
            frame, controls=controls, stage_s={**frame.stage_s, self.STAGE: time.perf_counter() - began}
        )


def read_live_rig(path: Path, models: Models, *, settings: LiveRigSettings) -> LiveRig:
    """The rig in `path`, ready for the weights of `models`: reduced, and its kernels run once.

    Raises InputError for a rig that was only sampled, TopologyError or InputError for one of another mesh, and the
    errors of `read_rig_source`.
    """
    if is_sampled(path):
        raise InputError(
            f"{path}: holds samples of a rig, and a rig that is known by samples alone cannot be solved live. Solve a "
            "recorded clip with facepatch solve --rig, or stream with a rig whose shapes are known."
        )
    rig = read_rig_source(path).rig
    _check_drives(rig)
    neutral = neutral_weights(models)
    target = pca_target(models.pca, neutral[None], rig)
    check_clip(rig.name, rig.neutral, target)
    regions = skin_regions(models.landmarks, rig.neutral)
    weights = region_weights(regions, len(rig.neutral), settings.lips_and_lids)
    reduced = reduce(rig, target, vertex_weights=weights)
    # The first two solves differ, and load a kernel each; a rig of its own, so that the stream begins at rest.
    first = LiveRig(rig, reduced, settings=settings)
    for _ in range(2):
        first.push(neutral)
    return LiveRig(rig, reduced, settings=settings)


def _check_drives(rig: Rig) -> None:
    """Raises InputError where no control could move anything."""
    if not rig.shapes:
        raise InputError(f"{rig.name}: has no shapes that its controls could drive. Give a rig with shapes.")
    if not any(control.is_free for control in rig.controls):
        raise InputError(
            f"{rig.name}: none of its {len(rig.controls)} controls may move: all are locked or without a range. Unlock "
            "some."
        )
