"""`facepatch train`: everything up to the trained models, and no further."""

from __future__ import annotations

from dataclasses import dataclass

from facepatch.cli.console import Console
from facepatch.cli.job import JobArguments, name_files, use_all_cores


@dataclass(frozen=True, kw_only=True)
class Arguments(JobArguments):
    """The flags of `facepatch train`."""

    service: bool = False
    """Have the running server do it (facepatch serve). Ctrl-C leaves it to the server."""


def run(arguments: Arguments, console: Console) -> int:
    """Train."""
    if arguments.service:
        from facepatch.cli.remote import job_arguments, send

        return send("train", job_arguments(arguments), console=console)
    use_all_cores()
    from facepatch.pipelines.steps import train as train_job

    train_job(arguments.job(), arguments.settings(), arguments.out, on_progress=console.progress)
    name_files(console, arguments.out, {"models": "the trained models; use them with: facepatch retarget"})
    return 0
