"""`facepatch retarget`: another take of the performer, with models that an earlier run trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from facepatch.cli.console import Console
from facepatch.cli.job import Output, name_files, parse_settings, use_all_cores
from facepatch.core.rate import parse_rate


@dataclass(frozen=True, kw_only=True)
class Arguments(Output):
    """The flags of `facepatch retarget`."""

    trained: Annotated[Path, tyro.conf.Positional]
    """The --out folder of a finished facepatch run."""
    take: Annotated[Path, tyro.conf.Positional]
    """A film, a folder of numbered images, or the character that acts as the performer."""
    take_motion: tuple[Path, ...] = ()
    """Motion of the take, where the take is a character."""
    take_picks: Path | None = None
    """Landmark picks of the take, where the take is a character."""
    rate: str = ""
    """Frame rate of the take, where it does not say it itself."""
    set: tuple[str, ...] = ()
    """Settings below retarget: --set smoothing=1.5 lids.strength=0.5"""
    no_film: bool = False
    """Do not write side_by_side.mp4."""
    service: bool = False
    """Have the running server do it (facepatch serve). Ctrl-C leaves it to the server."""


def run(arguments: Arguments, console: Console) -> int:
    """Retarget only."""
    if arguments.service:
        from facepatch.cli.remote import retarget_arguments, send

        return send("retarget", retarget_arguments(arguments), console=console)
    use_all_cores()
    from facepatch.core.schema import merged
    from facepatch.pipelines.outputs import FILES
    from facepatch.pipelines.run import Job, kept_settings
    from facepatch.pipelines.run import retarget as retarget_take

    settings = merged(kept_settings(arguments.trained).retarget, parse_settings(arguments.set), "retarget")
    job = Job(
        take=arguments.take,
        character=arguments.trained,
        take_motion=arguments.take_motion,
        take_picks=arguments.take_picks,
        rate=parse_rate(arguments.rate, "--rate"),
        side_by_side=not arguments.no_film,
    )
    retarget_take(arguments.trained, job, arguments.out, settings=settings, on_progress=console.progress)
    name_files(console, arguments.out, {"report.html": "start here: what came out, and how well", **FILES})
    return 0
