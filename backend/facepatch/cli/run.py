"""`facepatch run`: a take, a character and its motion -> models, clip, scenes, film and report."""

from __future__ import annotations

from dataclasses import dataclass

from facepatch.cli.console import Console
from facepatch.cli.job import JobArguments, name_files, use_all_cores


@dataclass(frozen=True, kw_only=True)
class Arguments(JobArguments):
    """The flags of `facepatch run`."""

    service: bool = False
    """Have the running server do it (facepatch serve). Ctrl-C leaves it to the server."""


def run(arguments: Arguments, console: Console) -> int:
    """Do the main job."""
    if arguments.service:
        from facepatch.cli.remote import job_arguments, send

        return send("run", job_arguments(arguments), console=console)
    use_all_cores()
    from facepatch.pipelines.outputs import FILES
    from facepatch.pipelines.run import run as run_job

    run_job(arguments.job(), arguments.settings(), arguments.out, on_progress=console.progress)
    name_files(console, arguments.out, {"report.html": "start here: what came out, and how well", **FILES})
    return 0
