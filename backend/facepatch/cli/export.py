"""`facepatch export`: a clip on its character as .csv, .ma and .usdc."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from facepatch.cli.console import Console
from facepatch.cli.job import Output, name_files, use_all_cores


@dataclass(frozen=True, kw_only=True)
class Arguments(Output):
    """The flags of `facepatch export`."""

    clip: Annotated[Path, tyro.conf.Positional]
    """A clip.npz."""
    character: Path
    """The character that the clip belongs to."""
    start_frame: int | None = None
    """Number of the first frame; by default the clip's."""


def run(arguments: Arguments, console: Console) -> int:
    """Write all formats."""
    use_all_cores()
    from facepatch.pipelines.outputs import FILES
    from facepatch.pipelines.steps import export as export_job

    export_job(arguments.clip, arguments.character, arguments.out, start_frame=arguments.start_frame)
    name_files(
        console,
        arguments.out,
        {name: FILES[name] for name in ("character.ma", "character.usdc", "weights.csv")},
    )
    return 0
