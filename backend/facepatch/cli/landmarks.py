"""`facepatch landmarks`: the landmarks of a film, with a picture to check them by."""

from __future__ import annotations

from dataclasses import dataclass

from facepatch.cli.console import Console
from facepatch.cli.job import TakeArguments, name_files, use_all_cores
from facepatch.core.rate import parse_rate


@dataclass(frozen=True, kw_only=True)
class Arguments(TakeArguments):
    """The flags of `facepatch landmarks`."""


def run(arguments: Arguments, console: Console) -> int:
    """Find, follow and steady one face."""
    use_all_cores()
    from facepatch.pipelines.run import Job
    from facepatch.pipelines.steps import landmarks as landmark_job

    job = Job(take=arguments.take, character=arguments.take, rate=parse_rate(arguments.rate, "--rate"))
    for sentence in landmark_job(job, arguments.settings(), arguments.out, on_progress=console.progress):
        console.say(sentence)
    names = {"landmarks.png": "some frames with their landmarks", "landmarks.npz": "the landmarks"}
    name_files(console, arguments.out, names)
    return 0
