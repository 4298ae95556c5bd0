"""`facepatch demo`: the main job on a performer and a character that facepatch generates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from facepatch.cli.console import Common, Console
from facepatch.cli.job import name_files, use_all_cores


@dataclass(frozen=True, kw_only=True)
class Arguments(Common):
    """The flags of `facepatch demo`."""

    out: Path = Path("demo")
    """Folder for the results."""
    seconds: float = 40.0
    """Length of the generated film."""
    seed: int = 0
    """Of the performer, the character's motion and the training."""


def run(arguments: Arguments, console: Console) -> int:
    """Generate and run."""
    use_all_cores()
    from facepatch.pipelines.demo import demo
    from facepatch.pipelines.outputs import FILES

    demo(arguments.out, seconds=arguments.seconds, seed=arguments.seed, on_progress=console.progress)
    first = {
        "side_by_side.mp4": "watch this first",
        "report.html": "what came out, and how well",
        "performer.mp4": "the generated performer",
    }
    name_files(console, arguments.out, {**first, **FILES})
    return 0
