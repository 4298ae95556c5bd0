"""What motion statistics that do not match cost: `evaluation.motions` on pairs with a known answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facepatch.core.progress import OnProgress, silent
from facepatch.evaluation.ablation import Ablation, Trials, Variant, ablate
from facepatch.evaluation.methods import Method
from facepatch.evaluation.motions import MOTIONS
from facepatch.evaluation.pairs import PairJob

STATISTICS = Ablation(
    "motion",
    "The character's training motion",
    "The source plays captures; the target is trained on the same captures, on a generated range of motion, or on "
    "random sparse activations, each as long. In mm, since each motion has its own mean expression.",
    tuple(Variant(kind, lambda settings: Method("motion", settings), motion=kind) for kind in MOTIONS),
    equal_time=False,
    unit="mean_mm",
)


def evaluate_motion(
    jobs: Sequence[PairJob], trials: Trials, out: Path, *, on_progress: OnProgress = silent
) -> list[dict[str, Any]]:
    """Matched, generated and random motion on every pair: `ablation.ablate`."""
    return ablate(STATISTICS, jobs, trials, out, on_progress=on_progress)
