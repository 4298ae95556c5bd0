"""`facepatch solve`: a clip as curves of rig controls."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from facepatch.cli.console import Console
from facepatch.cli.job import Output, name_files, parse_settings, use_all_cores


@dataclass(frozen=True, kw_only=True)
class Arguments(Output):
    """The flags of `facepatch solve`."""

    clip: Annotated[Path, tyro.conf.Positional]
    """A clip.npz, or the folder of a run."""
    rig: Path
    """A rig.json, a rig record, or a character whose shapes are its controls."""
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


def run(arguments: Arguments, console: Console) -> int:
    """Solve and name the files."""
    use_all_cores()
    from facepatch.core.schema import merged
    from facepatch.pipelines.solve import FILES, SolveJob, parse_pairs, solve_clip
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
    name_files(console, arguments.out, FILES)
    return 0
