"""The verbs of the server, as the worker does them: arguments of docs/protocol.md -> pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from facepatch.core.errors import InputError
from facepatch.core.rate import parse_rate
from facepatch.core.schema import merged, to_dict
from facepatch.pipelines import steps
from facepatch.pipelines.outputs import FILES
from facepatch.pipelines.run import Job, kept_settings
from facepatch.pipelines.run import retarget as retarget_take
from facepatch.pipelines.run import run as run_job
from facepatch.pipelines.settings import RunSettings, read_settings
from facepatch.service.task import Task


def character(task: Task) -> dict[str, Any]:
    """A character, its landmarks, and what its motion does."""
    arguments, out = task.arguments, folder_of(task.arguments)
    found = steps.character(
        Path(text_of(arguments, "character")),
        path_of(arguments, "picks"),
        out,
        motions=paths_of(arguments, "motion"),
        on_progress=task.on_progress,
    )
    return {
        "out": str(out),
        "files": [str(out / name) for name in steps.CHARACTER_FILES if (out / name).exists()],
        "landmarks": str(out / "landmarks.json"),
        "doubts": list(found.doubts),
        "coverage": to_dict(found.coverage) if found.coverage else {},
    }


def run(task: Task) -> dict[str, Any]:
    """The main job."""
    settings, out = settings_of(task.arguments), folder_of(task.arguments)
    run_job(job_of(task.arguments), settings, out, on_progress=task.on_progress)
    return {"out": str(out), "files": files_in(out)}


def train(task: Task) -> dict[str, Any]:
    """Up to the models."""
    settings, out = settings_of(task.arguments), folder_of(task.arguments)
    steps.train(job_of(task.arguments), settings, out, on_progress=task.on_progress)
    return {"out": str(out), "files": [str(out / "models")]}


def retarget(task: Task) -> dict[str, Any]:
    """Another take with trained models."""
    trained, out = Path(text_of(task.arguments, "trained")), folder_of(task.arguments)
    settings = merged(kept_settings(trained).retarget, table_of(task.arguments), "retarget")
    job = job_of({**task.arguments, "character": str(trained)})
    retarget_take(trained, job, out, settings=settings, on_progress=task.on_progress)
    return {"out": str(out), "files": files_in(out)}


def stream(task: Task) -> dict[str, Any]:
    """A camera or film, frame by frame."""
    from facepatch.pipelines.live_job import run_stream

    return run_stream(task.arguments, task.emit, task.on_progress)


def job_of(arguments: Mapping[str, Any]) -> Job:
    """What the user hands in. Raises InputError for an argument that is missing or of a wrong type."""
    return Job(
        take=Path(text_of(arguments, "take")),
        character=Path(text_of(arguments, "character")),
        motion=paths_of(arguments, "motion"),
        picks=path_of(arguments, "picks"),
        take_motion=paths_of(arguments, "take_motion"),
        take_picks=path_of(arguments, "take_picks"),
        rate=parse_rate(str(arguments.get("rate") or "")),
        side_by_side=not arguments.get("no_film", False),
    )


def settings_of(arguments: Mapping[str, Any]) -> RunSettings:
    """Preset and the settings over it."""
    return read_settings(str(arguments.get("preset") or "preview"), table_of(arguments))


def table_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The nested settings."""
    values = arguments.get("settings") or {}
    if not isinstance(values, dict):
        raise InputError(f"settings: needs a table, got {values!r}.")
    return values


def folder_of(arguments: Mapping[str, Any]) -> Path:
    """Where results go."""
    return Path(text_of(arguments, "out"))


def text_of(arguments: Mapping[str, Any], name: str) -> str:
    """An argument that must be there."""
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise InputError(f"{name}: is missing. Give an absolute path.")
    return value


def path_of(arguments: Mapping[str, Any], name: str) -> Path | None:
    """A path that may be left out."""
    return Path(text_of(arguments, name)) if arguments.get(name) else None


def paths_of(arguments: Mapping[str, Any], name: str) -> tuple[Path, ...]:
    """A list of paths that may be left out."""
    values: Sequence[Any] = arguments.get(name) or ()
    return tuple(Path(str(value)) for value in values)


def files_in(out: Path) -> list[str]:
    """The results that are worth naming."""
    return [str(out / name) for name in ("report.html", *FILES) if (out / name).exists()]
