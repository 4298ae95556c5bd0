"""`facepatch character`: read a character and its landmarks, with pictures to check them by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from facepatch.cli.console import Console
from facepatch.cli.job import Output, name_files, use_all_cores


@dataclass(frozen=True, kw_only=True)
class Arguments(Output):
    """The flags of `facepatch character`."""

    character: Annotated[Path, tyro.conf.Positional]
    """Character: .npz, .glb, .gltf, .ma, or a folder of .obj shapes."""
    motion: tuple[Path, ...] = ()
    """Motion of the character: what it never does is said, since nothing can be learned of it."""
    picks: Path | None = None
    """Landmarks picked by hand (JSON): the landmarks.json that this verb writes, corrected."""
    service: bool = False
    """Have the running server do it (facepatch serve). Ctrl-C leaves it to the server."""


def run(arguments: Arguments, console: Console) -> int:
    """Read, check, propose, draw."""
    if arguments.service:
        from facepatch.cli.remote import character_arguments, send

        return send("character", character_arguments(arguments), console=console)
    use_all_cores()
    from facepatch.pipelines.steps import CHARACTER_FILES
    from facepatch.pipelines.steps import character as character_job

    found = character_job(
        arguments.character,
        arguments.picks,
        arguments.out,
        motions=arguments.motion,
        on_progress=console.progress,
    )
    for sentence in (*found.doubts, *(found.coverage.warnings if found.coverage else ())):
        console.say(sentence)
    name_files(console, arguments.out, CHARACTER_FILES)
    return 0
