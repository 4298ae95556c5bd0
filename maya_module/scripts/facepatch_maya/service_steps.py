"""The steps that the service does: propose landmarks, train, retarget. Without waiting, and waiting.

`begin_...` hands a job over and returns a JobView; the plain name waits for its end, and starts a service where none
runs. All of it is in `facepatch_maya.steps` as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Optional

from facepatch.core.errors import InputError
from facepatch.core.progress import OnProgress, silent
from facepatch_maya.backend import Backend
from facepatch_maya.job_view import JobView

CHARACTER, MOTION, PICKS = "character.npz", "motion.npy", "picks.json"
"""Files of a captured character."""


def begin_propose(
    backend: Backend,
    folder: Path,
    *,
    picks: Optional[Path] = None,
    out: Optional[Path] = None,
    label: str = "",
) -> JobView:
    """Have the landmarks of a captured character proposed and drawn, and its motion looked at.

    picks: landmarks that stay as they are; None for the character's picks.json, where there is one. out: None for
    `landmarks` in the folder. The result has `landmarks` (a picks file), `files`, `doubts` and `coverage`.
    """
    arguments = {
        **_character(folder, picks),
        "out": str(Path(out or Path(folder) / "landmarks").absolute()),
    }
    return backend.submit("character", arguments, label=label or Path(folder).name)


def begin_train(
    backend: Backend,
    folder: Path,
    take: Path,
    *,
    out: Path,
    preset: str = "preview",
    settings: Optional[Mapping[str, Any]] = None,
    picks: Optional[Path] = None,
    label: str = "",
) -> JobView:
    """Train a performer (`take`) on a captured character; goes on where an earlier training in `out` stopped.

    preset: preview, full, paper or a .toml file. settings: nested, over the preset. picks: as `begin_propose`.
    """
    arguments = {
        **_character(folder, picks),
        "take": _existing(take, "take"),
        "preset": str(Path(preset).absolute()) if preset.endswith(".toml") else preset,
        "settings": dict(settings or {}),
        "out": str(Path(out).absolute()),
    }
    return backend.submit("train", arguments, label=label or Path(out).name)


def begin_retarget(
    backend: Backend,
    models: Path,
    take: Path,
    *,
    out: Path,
    settings: Optional[Mapping[str, Any]] = None,
    rate: str = "",
    film: bool = True,
    label: str = "",
) -> JobView:
    """Another take of the performer onto the character; `clip.npz` in `out` is what `bake` takes.

    models: OUT folder of the training. settings: over those of the retargeting. rate: of the take, where its file does
    not say it. film: also write side_by_side.mp4.
    """
    arguments = {
        "trained": _existing(models, "models"),
        "take": _existing(take, "take"),
        "settings": dict(settings or {}),
        "rate": rate,
        "no_film": not film,
        "out": str(Path(out).absolute()),
    }
    return backend.submit("retarget", arguments, label=label or Path(out).name)


def propose_landmarks(
    folder: Path, *, backend: Optional[Backend] = None, on_progress: OnProgress = silent, **options: Any
) -> dict[str, Any]:
    """`begin_propose`, and wait. Returns its result. Where no service runs, one is started."""
    with service_for(backend, folder, options.get("picks"), options.get("out")) as service:
        return service.wait(begin_propose(service, folder, **options), on_progress=on_progress)


def train(
    folder: Path,
    take: Path,
    *,
    out: Path,
    backend: Optional[Backend] = None,
    on_progress: OnProgress = silent,
    **options: Any,
) -> Path:
    """`begin_train`, and wait. Returns `out`, which `build`, `retarget` and `live` take as `models`."""
    with service_for(backend, folder, take, out, options.get("picks")) as service:
        service.wait(begin_train(service, folder, take, out=out, **options), on_progress=on_progress)
    return Path(out)


def retarget(
    models: Path,
    take: Path,
    *,
    out: Path,
    backend: Optional[Backend] = None,
    on_progress: OnProgress = silent,
    **options: Any,
) -> Path:
    """`begin_retarget`, and wait. Returns the clip that `bake` takes."""
    with service_for(backend, models, take, out) as service:
        service.wait(begin_retarget(service, models, take, out=out, **options), on_progress=on_progress)
    return Path(out) / "clip.npz"


@contextmanager
def service_for(backend: Optional[Backend], *places: Optional[Path]) -> Iterator[Backend]:
    """The service that is given, or one that runs, or one that is started for the folders of these files."""
    if backend is not None:
        yield backend
        return
    made = Backend()
    made.connect(start=True, roots=roots_of(*places))
    try:
        yield made
    finally:
        made.close()


def roots_of(*places: Optional[Path]) -> list[Path]:
    """The folders that a service needs for these files and folders, the nearest that exist."""
    found: list[Path] = []
    for place in places:
        if place is None:
            continue
        path = Path(place).absolute()
        path = path.parent if path.is_file() else path
        while not path.is_dir():
            path = path.parent
        found.append(path)
    return list(dict.fromkeys(found))


def _character(folder: Path, picks: Optional[Path]) -> dict[str, Any]:
    character, motion = Path(folder) / CHARACTER, Path(folder) / MOTION
    if not character.is_file():
        raise InputError(f"{folder}: holds no captured character. Capture it first: facepatchCapture.")
    kept = picks if picks is not None else Path(folder) / PICKS
    return {
        "character": str(character.absolute()),
        "motion": [str(motion.absolute())] if motion.is_file() else [],
        "picks": _existing(kept, "picks") if picks is not None or kept.is_file() else "",
    }


def _existing(path: Path, what: str) -> str:
    found = Path(path).absolute()
    if not found.exists():
        raise InputError(f"{what}: {found} does not exist. Choose another.")
    return str(found)
