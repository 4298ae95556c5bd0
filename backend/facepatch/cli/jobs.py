"""`facepatch jobs`: what the server has to do; watch, cancel and remove jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from facepatch.cli.console import Common, Console
from facepatch.core.errors import ConfigError, UnknownJobError
from facepatch.core.protocol.messages import JobList

SHORT = 8
"""Digits of a job's id that are shown; the first digits of an id, as many as make it the only one, are enough."""


@dataclass(frozen=True, kw_only=True)
class Arguments(Common):
    """The flags of `facepatch jobs`."""

    action: Annotated[Literal["list", "watch", "cancel", "remove"], tyro.conf.Positional] = "list"
    """list: newest last. watch: follow to the end. cancel: stop. remove: forget one that has ended, not its files."""
    job: Annotated[str, tyro.conf.Positional] = ""
    """Id of the job, or its first digits."""
    states: tuple[Literal["queued", "running", "done", "failed", "cancelled"], ...] = ()
    """List only these."""


def run(arguments: Arguments, console: Console) -> int:
    """Ask the server."""
    from facepatch.cli.remote import follow
    from facepatch.core.client import Client

    with Client.connect(name="facepatch jobs") as client:
        if arguments.action == "list":
            show_list(client.jobs(states=arguments.states), console)
            return 0
        job = whole_id(arguments.job, [row.job for row in client.jobs().jobs])
        if arguments.action == "watch":
            return follow(client.watch(job), job, console)
        if arguments.action == "cancel":
            state = client.cancel(job)
            console.result(f"{job[:SHORT]} {'is being cancelled' if state == 'running' else f'is {state}'}.",
                           job=job, state=state)  # fmt: skip
        else:
            client.remove(job)
            console.result(f"{job[:SHORT]} is forgotten. Its files are where they were.", job=job)
    return 0


def whole_id(start: str, known: list[str]) -> str:
    """The only id in `known` that begins with `start`. Raises ConfigError for none given, UnknownJobError else."""
    if not start:
        raise ConfigError("jobs: which one? Give the id that `facepatch jobs list` shows.")
    found = [name for name in known if name.startswith(start)]
    if len(found) == 1:
        return found[0]
    if len(start) == 32 and not found:
        # The list is not always whole.
        return start
    many = (
        f"{len(found)} jobs begin with '{start}'. Give more digits."
        if found
        else f"There is no job '{start}'."
    )
    raise UnknownJobError(f"{many} See: facepatch jobs list")


def show_list(found: JobList, console: Console) -> None:
    """A table for people, objects for programs."""
    rows = [
        (
            row.job[:SHORT],
            row.state,
            row.verb,
            part(row.progress),
            row.started or row.created,
            row.out or row.label,
        )
        for row in reversed(found.jobs)
    ]
    head = ("job", "state", "verb", "progress", "since", "out")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in (head, *rows)
    ]
    more = found.total - len(found.jobs)
    if more > 0:
        lines.append(f"... and {more} older ones")
    text = "\n".join(lines) if rows else "No jobs."
    console.result(text, jobs=[row.to_body() for row in reversed(found.jobs)], total=found.total)


def part(progress: dict[str, object]) -> str:
    """Such as `reenactment 120/300`."""
    if not progress:
        return ""
    total = f"/{progress['total']}" if progress.get("total") else ""
    return f"{progress.get('stage', '')} {progress.get('done', 0)}{total}"
