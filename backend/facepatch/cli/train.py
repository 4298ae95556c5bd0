"""`facepatch train`: everything up to the trained models, and no further."""

from __future__ import annotations

from dataclasses import dataclass

from facepatch.cli.console import Console
from facepatch.cli.job import JobArguments, name_files, use_all_cores


@dataclass(frozen=True, kw_only=True)
class Arguments(JobArguments):
    """The flags of `facepatch train`."""


def run(arguments: Arguments, console: Console) -> int:
    """Train."""
    use_all_cores()
    from facepatch.pipelines.steps import train as train_job

    train_job(arguments.job(), arguments.settings(), arguments.out, on_progress=console.progress)
    name_files(console, arguments.out, {"models": "the trained models; use them with: facepatch retarget"})
    return 0
