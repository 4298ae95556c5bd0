"""Three patches or five: brows apart from the eyes, at equal seconds of training.

The paper has five for one character, Piers, whose eyes and brows move far (Table 1), and compares nothing. A region is
data (`patches.regions`), so any other set can be tried by one more `Variant`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from facepatch.core.progress import OnProgress, silent
from facepatch.evaluation.ablation import Ablation, Trials, Variant, ablate
from facepatch.evaluation.methods import Method
from facepatch.evaluation.pairs import PairJob
from facepatch.patches.regions import FIVE, THREE, Region
from facepatch.pipelines.settings import RunSettings


def with_regions(settings: RunSettings, name: str, regions: tuple[Region, ...]) -> Method:
    """The settings with another set of patches, each of the same size."""
    return Method(name, replace(settings, patches=replace(settings.patches, regions=regions)))


REGIONS = Ablation(
    "regions",
    "Three or five patches",
    "Equal seconds of training. Five: the brows apart from the eyes.",
    (
        Variant("three", lambda settings: with_regions(settings, "three", THREE)),
        Variant("five", lambda settings: with_regions(settings, "five", FIVE)),
    ),
)


def evaluate_regions(
    jobs: Sequence[PairJob], trials: Trials, out: Path, *, on_progress: OnProgress = silent
) -> list[dict[str, Any]]:
    """Three and five patches on every pair: `ablation.ablate`."""
    return ablate(REGIONS, jobs, trials, out, on_progress=on_progress)
