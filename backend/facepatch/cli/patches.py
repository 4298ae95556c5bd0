"""`facepatch patches`: the training patches of performer and character, with a picture to check them by."""

from __future__ import annotations

from dataclasses import dataclass

from facepatch.cli.console import Console
from facepatch.cli.job import JobArguments, name_files, use_all_cores


@dataclass(frozen=True, kw_only=True)
class Arguments(JobArguments):
    """The flags of `facepatch patches`."""


def run(arguments: Arguments, console: Console) -> int:
    """Frame, choose and cut."""
    use_all_cores()
    from facepatch.pipelines.steps import patches as patch_job

    for sentence in patch_job(
        arguments.job(), arguments.settings(), arguments.out, on_progress=console.progress
    ):
        console.say(sentence)
    name_files(
        console,
        arguments.out,
        {"patches.png": "performer (left) and character (right), spread over the takes"},
    )
    return 0
