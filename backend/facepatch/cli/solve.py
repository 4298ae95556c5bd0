"""`facepatch solve`: a clip as curves of rig controls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from facepatch.cli.console import Console
from facepatch.cli.job import Output, name_files, parse_settings, use_all_cores
from facepatch.core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Arguments(Output):
    """The flags of `facepatch solve`."""

    clip: Annotated[Path, tyro.conf.Positional]
    """A clip.npz, or the folder of a run."""
    rig: Path
    """A rig.json, a rig record, a character whose shapes are its controls, or a folder of rig samples."""
    picks: Path | None = None
    """Landmarks of the character; by default those of the run, else proposed from the mesh."""
    unused: tuple[str, ...] = ()
    """Controls that stay at their default."""
    hold: tuple[str, ...] = ()
    """Controls that keep a value: --hold jaw_ctrl.ty=0.2"""
    cost: tuple[str, ...] = ()
    """Controls that are used less (above 1) or more (below 1) than others: --cost cheek_ctrl.ty=5"""
    blend: tuple[str, ...] = ()
    """How much of the solve a region takes, 0 to 1: --blend mouth=0.5 (eyes, brows, nose, mouth)"""
    key_tolerance: float = 0.005
    """Share of a control's range that its curve may differ by; 0 keeps a key on every frame."""
    start_frame: int | None = None
    """Number of the first frame; by default the clip's."""
    set: tuple[str, ...] = ()
    """Single settings: --set smoothness=3 sparsity=1"""
    service: bool = False
    """Have the running server do it (facepatch serve). Ctrl-C leaves it to the server."""


def run(arguments: Arguments, console: Console) -> int:
    """Solve and name the files."""
    if arguments.service:
        from facepatch.cli.remote import send, solve_arguments

        return send("solve_rig", solve_arguments(arguments), console=console)
    use_all_cores()
    from facepatch.core.schema import merged
    from facepatch.pipelines.solve import SolveJob, solve_clip
    from facepatch.solver.settings import SolveSettings

    job = SolveJob(
        clip=arguments.clip,
        rig=arguments.rig,
        picks=arguments.picks,
        unused=arguments.unused,
        held=parse_pairs(arguments.hold, "--hold"),
        cost=parse_pairs(arguments.cost, "--cost"),
        blend=parse_pairs(arguments.blend, "--blend"),
        key_tolerance=arguments.key_tolerance,
        start_frame=arguments.start_frame,
    )
    settings = merged(SolveSettings(), parse_settings(arguments.set), "solve")
    solved = solve_clip(job, settings, arguments.out, on_progress=console.progress)
    for sentence in solved.report.sentences():
        console.say(sentence)
    name_files(console, arguments.out, dict(solved.report.files))
    return 0


def parse_pairs(pairs: Sequence[str], flag: str) -> dict[str, float]:
    """("jaw=0.5",) -> {"jaw": 0.5}. Raises InputError for anything else."""
    out: dict[str, float] = {}
    for pair in pairs:
        name, equals, text = pair.rpartition("=")
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not equals or not name or not math.isfinite(value):
            raise InputError(f"{flag}: '{pair}' is no CONTROL=NUMBER. Write {flag} jaw_ctrl.ty=0.5")
        out[name] = value
    return out
