"""`facepatch evaluate pair`: character to character, where the answer is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from facepatch.cli.console import Console
from facepatch.cli.job import Resolved, name_files, use_all_cores


@dataclass(frozen=True, kw_only=True)
class Arguments(Resolved):
    """The flags of `facepatch evaluate`."""

    experiment: Annotated[Literal["pair"], tyro.conf.Positional]
    """pair: the same capture on two characters."""
    source: Annotated[Path, tyro.conf.Positional]
    """The character that plays the performer."""
    target: Annotated[Path, tyro.conf.Positional]
    """The character that is retargeted to."""
    motion: tuple[Path, ...]
    """Captures to train on (Live Link Face .csv and the like); they play on both characters."""
    held_out: tuple[Path, ...] = ()
    """Captures to judge on. None: the last fifth of the motion."""
    source_picks: Path | None = None
    """Landmarks of the source as picked by hand."""
    target_picks: Path | None = None
    """Landmarks of the target as picked by hand."""


def run(arguments: Arguments, console: Console) -> int:
    """Train, retarget, compare."""
    use_all_cores()
    from facepatch.core.schema import to_dict
    from facepatch.evaluation.pair import PairJob, evaluate_pair, table

    job = PairJob(
        source=arguments.source,
        target=arguments.target,
        motion=arguments.motion,
        held_out=arguments.held_out,
        source_picks=arguments.source_picks,
        target_picks=arguments.target_picks,
    )
    errors = evaluate_pair(job, arguments.settings(), arguments.out, on_progress=console.progress)
    values = {
        row: {region: to_dict(error) for region, error in found.items()} for row, found in errors.items()
    }
    console.result(table(errors), errors=values)
    names = {"pair.png": "source, retargeted, truth", "pair.json": "the table's numbers"}
    name_files(console, arguments.out, names)
    return 0
