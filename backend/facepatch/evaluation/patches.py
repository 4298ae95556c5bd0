"""Local patches or the whole face (the paper's 4.7, Fig. 15), at equal seconds of training.

The paper cuts every patch, global or local, at 128 x 128. Here the global one has as many pixels as the local ones
together, so that the question is where the pixels lie and not how many there are; beside local patches it is one more
of their size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from facepatch.core.progress import OnProgress, silent
from facepatch.evaluation.ablation import Ablation, Trials, Variant, ablate
from facepatch.evaluation.methods import Method, whole_face
from facepatch.evaluation.pairs import PairJob
from facepatch.patches.regions import WHOLE
from facepatch.pipelines.settings import RunSettings

LOCAL, GLOBAL, BOTH = "local", "global", "local and global"


def local(settings: RunSettings) -> Method:
    """The patches of the settings."""
    return Method(LOCAL, settings)


def whole(settings: RunSettings) -> Method:
    """One patch of as many pixels."""
    return Method(GLOBAL, whole_face(settings))


def both(settings: RunSettings) -> Method:
    """The local patches, and the whole face as one more."""
    regions = (*settings.patches.regions, *WHOLE)
    return Method(BOTH, replace(settings, patches=replace(settings.patches, regions=regions)))


PATCHES = Ablation(
    "patches",
    "Local or global patches",
    "Equal seconds of training. Global: one patch of the whole face with as many pixels as the local ones together.",
    (Variant(LOCAL, local), Variant(GLOBAL, whole), Variant(BOTH, both)),
)


def evaluate_patches(
    jobs: Sequence[PairJob], trials: Trials, out: Path, *, on_progress: OnProgress = silent
) -> list[dict[str, Any]]:
    """Local, global, and both together, on every pair: `ablation.ablate`."""
    return ablate(PATCHES, jobs, trials, out, on_progress=on_progress)
