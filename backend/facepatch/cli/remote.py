"""Verbs that are sent to the running server instead of being done here: the same bars, the same endings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facepatch.cli.character import Arguments as CharacterArguments
from facepatch.cli.console import Console
from facepatch.cli.job import JobArguments, parse_settings
from facepatch.cli.retarget import Arguments as RetargetArguments
from facepatch.cli.solve import Arguments as SolveArguments
from facepatch.cli.solve import parse_pairs
from facepatch.core.client import Client
from facepatch.core.errors import JobCancelledError, ProtocolError
from facepatch.core.protocol import Message, messages, read_partial
from facepatch.core.request import Request
from facepatch.core.rig_samples import is_sampled


def send(verb: str, arguments: Mapping[str, Any], *, console: Console, priority: int = 0) -> int:
    """Have the server do `verb`, and show it as if it were done here. Ctrl-C leaves the job to the server."""
    with Client.connect(name=f"facepatch {verb}") as client:
        label = Path(str(arguments.get("out", ""))).name
        request = client.submit(verb, arguments, priority=priority, label=label)
        job = request.wait_for_job()
        console.say(f"Sent to the server as job {job}.")
        return follow(request, job, console)


def follow(request: Request, job: str, console: Console) -> int:
    """Show a job to its end. Raises its error; on Ctrl-C says how to find it again."""
    try:
        result = request.wait(on_partial=lambda message: show(message, console))
    except KeyboardInterrupt:
        raise JobCancelledError(
            f"Left. The job goes on: facepatch jobs watch {job} (or: facepatch jobs cancel {job})"
        ) from None
    files = [str(name) for name in result.body.get("files", [])]
    out = str(result.body.get("out", ""))
    coverage = result.body.get("coverage") or {}
    told = (*result.body.get("verdict", ()), *result.body.get("doubts", ()), *coverage.get("warnings", ()))
    for sentence in told:
        console.say(str(sentence))
    lines = ["Done. Open:", *(f"  {name}" for name in files or [out])]
    console.result("\n".join(lines), out=out, files=files, job=job)
    return 0


def show(message: Message, console: Console) -> None:
    """One partial on the console. One that cannot be read costs a line, not the job."""
    try:
        told = read_partial(message)
    except ProtocolError as error:
        console.say(f"A report of the server cannot be read: {error}")
        return
    if isinstance(told, messages.ProgressReport):
        console.progress(told.progress)
    elif isinstance(told, messages.Snapshot):
        for report in told.progress:
            console.progress(report.progress)
        if told.state == messages.QUEUED:
            console.say("The job waits in the queue.")
    elif isinstance(told, messages.StateChange):
        # What a job failed of is said once, by the error that ends the command.
        waits = "The job waits in the queue." if told.state == messages.QUEUED else ""
        if told.state != messages.FAILED and (told.message or waits):
            console.say(told.message or waits)
    elif isinstance(told, messages.ServerEvent) and told.message:
        console.say(told.message)


def character_arguments(arguments: CharacterArguments) -> dict[str, Any]:
    """The flags of `character` as the protocol has them."""
    return {
        "character": absolute(arguments.character),
        "motion": [absolute(path) for path in arguments.motion],
        "picks": absolute(arguments.picks),
        "out": absolute(arguments.out),
    }


def job_arguments(arguments: JobArguments) -> dict[str, Any]:
    """The flags of `run` and `train` as the protocol has them; paths are made absolute here."""
    values = parse_settings(arguments.set)
    if arguments.seed is not None:
        values["seed"] = arguments.seed
    preset = arguments.preset
    return {
        "take": absolute(arguments.take),
        "character": absolute(arguments.character),
        "motion": [absolute(path) for path in arguments.motion],
        "picks": absolute(arguments.picks),
        "take_motion": [absolute(path) for path in arguments.take_motion],
        "take_picks": absolute(arguments.take_picks),
        "rate": arguments.rate,
        "preset": absolute(Path(preset)) if preset.endswith(".toml") else preset,
        "settings": values,
        "out": absolute(arguments.out),
        "no_film": arguments.no_film,
    }


def retarget_arguments(arguments: RetargetArguments) -> dict[str, Any]:
    """The flags of `retarget` as the protocol has them."""
    return {
        "trained": absolute(arguments.trained),
        "take": absolute(arguments.take),
        "take_motion": [absolute(path) for path in arguments.take_motion],
        "take_picks": absolute(arguments.take_picks),
        "rate": arguments.rate,
        "settings": parse_settings(arguments.set),
        "out": absolute(arguments.out),
        "no_film": arguments.no_film,
    }


def solve_arguments(arguments: SolveArguments) -> dict[str, Any]:
    """The flags of `solve` as the protocol has them."""
    held = {"held": parse_pairs(arguments.hold, "--hold"), "cost": parse_pairs(arguments.cost, "--cost")}
    return {
        "clip": absolute(arguments.clip),
        "samples" if is_sampled(arguments.rig) else "rig": absolute(arguments.rig),
        "picks": absolute(arguments.picks),
        "unused": list(arguments.unused),
        **held,
        "blend": parse_pairs(arguments.blend, "--blend"),
        "key_tolerance": arguments.key_tolerance,
        "start_frame": arguments.start_frame,
        "settings": parse_settings(arguments.set),
        "out": absolute(arguments.out),
    }


def absolute(path: Path | None) -> str:
    """The whole path, "" for none."""
    return "" if path is None else str(path.absolute())
