"""`facepatch render`: a clip on its character, as a film."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from facepatch.cli.console import Console
from facepatch.cli.job import Output, name_files, use_all_cores


@dataclass(frozen=True, kw_only=True)
class Arguments(Output):
    """The flags of `facepatch render`."""

    clip: Annotated[Path, tyro.conf.Positional]
    """A clip.npz."""
    character: Path
    """The character that the clip belongs to."""
    size: int = 512
    """Height and width of the film in pixels."""
    no_head_pose: bool = False
    """Keep the head still."""


def run(arguments: Arguments, console: Console) -> int:
    """Render."""
    use_all_cores()
    from facepatch.pipelines.steps import render as render_job

    render_job(
        arguments.clip, arguments.character, arguments.out, size=arguments.size,
        with_head_pose=not arguments.no_head_pose, on_progress=console.progress,
    )  # fmt: skip
    name_files(console, arguments.out, {"character.mp4": "the clip on the character"})
    return 0
