"""The verbs of the server, as the worker does them: arguments of docs/protocol.md -> pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from facepatch.pipelines.solve_job import SolveJob


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


def solve_rig(task: Task) -> dict[str, Any]:
    """A clip on the controls of a rig."""
    from facepatch.pipelines.solve import solve_clip
    from facepatch.solver.settings import SolveSettings

    arguments, out = task.arguments, folder_of(task.arguments)
    settings = merged(SolveSettings(), table_of(arguments), "solve")
    solved = solve_clip(solve_job_of(arguments), settings, out, on_progress=task.on_progress)
    return {
        "out": str(out),
        "files": [str(out / name) for name in solved.report.files],
        "verdict": solved.report.sentences(),
        "used": [to_dict(row) for row in solved.report.controls],
    }


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


def solve_job_of(arguments: Mapping[str, Any]) -> SolveJob:
    """What the user hands in for `solve_rig`. Raises InputError for an argument that is missing or of a wrong type."""
    from facepatch.pipelines.solve_job import SolveJob

    if bool(arguments.get("rig")) == bool(arguments.get("samples")):
        raise InputError(
            "rig, samples: give one of the two: a file of the rig, or the folder of its samples."
        )
    rig = path_of(arguments, "rig") or path_of(arguments, "samples")
    assert rig is not None
    unused: Any = arguments.get("unused") or []
    if not isinstance(unused, list) or not all(isinstance(name, str) for name in unused):
        raise InputError(f"unused: needs a list of names of controls, got {str(unused)[:200]}.")
    start_frame = arguments.get("start_frame")
    if start_frame is not None and type(start_frame) is not int:
        raise InputError(f"start_frame: needs a whole number, got {start_frame!r}.")
    tolerance = arguments.get("key_tolerance")
    return SolveJob(
        clip=Path(text_of(arguments, "clip")),
        rig=rig,
        picks=path_of(arguments, "picks"),
        unused=tuple(unused),
        held=values_of(arguments, "held"),
        cost=numbers_of(arguments, "cost"),
        blend=numbers_of(arguments, "blend"),
        start_frame=start_frame,
        before=values_of(arguments, "before"),
        after=values_of(arguments, "after"),
        **({} if tolerance is None else {"key_tolerance": number(tolerance, "key_tolerance")}),
    )


def values_of(arguments: Mapping[str, Any], name: str) -> dict[str, float | list[float]]:
    """A table of control -> a number or a list of them, that may be left out."""
    found: dict[str, float | list[float]] = {}
    for key, value in rows_of(arguments, name):
        where = f"{name}: {key}"
        found[key] = [number(v, where) for v in value] if isinstance(value, list) else number(value, where)
    return found


def numbers_of(arguments: Mapping[str, Any], name: str) -> dict[str, float]:
    """A table of name -> number, that may be left out."""
    return {key: number(value, f"{name}: {key}") for key, value in rows_of(arguments, name)}


def rows_of(arguments: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    """The rows of a table."""
    table: Any = arguments.get(name) or {}
    if not isinstance(table, dict):
        raise InputError(f"{name}: needs a table with a row for each name, got {str(table)[:200]}.")
    return list(table.items())


def number(value: Any, where: str) -> float:
    """A plain number."""
    if type(value) not in (int, float):
        raise InputError(f"{where}: needs a number, got {str(value)[:200]!r}.")
    return float(value)


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
