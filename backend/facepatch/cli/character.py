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
    picks: Path | None = None
    """Landmarks picked by hand (JSON): the landmarks.json that this verb writes, corrected."""


def run(arguments: Arguments, console: Console) -> int:
    """Read, check, propose, draw."""
    use_all_cores()
    from facepatch.pipelines.steps import character as character_job

    for sentence in character_job(arguments.character, arguments.picks, arguments.out):
        console.say(sentence)
    names = {
        "landmarks.png": "the landmarks; correct landmarks.json where one is off, and give it with --picks",
        "landmarks.json": "the landmarks",
        "shapes.png": "the neutral and every shape",
        "character.npz": "the character, as facepatch reads it",
    }
    name_files(console, arguments.out, names)
    return 0
