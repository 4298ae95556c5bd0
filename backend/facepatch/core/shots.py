"""A list of shots for the batch: one row per shot, as CSV with a heading or as JSON Lines, and what came of each.

    name,scene,take,models,target,start_frame,layer,save_as
    010,010/anim.ma,010/take.mp4,hero/OUT,hero:facepatch,1001,face,010/anim_face.ma

Paths count from the folder of the list. `LIST.results.jsonl` beside it gets a line when a shot has ended, so that the
same command goes on where it stopped.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Optional, cast

from facepatch.core.errors import FormatError, InputError
from facepatch.core.records import storage_error

NEEDED = ("scene", "take", "models", "target", "save_as")
"""Columns that every shot must fill."""
OPTIONAL = ("name", "start_frame", "layer", "tolerance", "out", "rig")
COLUMNS = (*NEEDED, *OPTIONAL)

DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Shot:
    """One take on one character in one scene."""

    name: str
    """For people; by default the name of the scene that is written."""
    scene: Path
    """Scene to open."""
    take: Path
    """Film of the performer."""
    models: Path
    """OUT folder of the training."""
    target: str
    """What gets the keys: the blendShape node, its namespace with a colon at the end, or a mapping as a .json file."""
    save_as: Path
    """Scene to write. Never the one that was opened."""
    out: Path
    """Folder for the retargeted take; by default beside `save_as`."""
    start_frame: Optional[float] = None
    """Scene frame of the take's first frame; None for the first frame of the scene's range."""
    layer: str = ""
    """Animation layer, "" for none."""
    tolerance: float = 0.0
    """Keys are left out where linear interpolation stays within it; 0 keeps all."""
    rig: Optional[Path] = None
    """Captured character or rig whose controls the take is solved for; they get the keys, and `target` is the namespace
    that the rig has in the scene. None for keys on the blendShape."""
    line: int = 0
    """Of the list."""

    @property
    def key(self) -> str:
        """Changes when the row does, so that a changed shot is done again."""
        values = {name: str(value) for name, value in asdict(self).items() if name != "line"}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode("utf-8")).hexdigest()[:16]


@dataclass(frozen=True)
class ShotResult:
    """One line of the results."""

    key: str
    name: str
    state: str
    """"done" or "failed"."""
    save_as: str = ""
    keys: int = 0
    left_alone: list[str] = field(default_factory=list[str])
    """Attributes that got no keys, each with its reason."""
    seconds: float = 0.0
    code: str = ""
    error: str = ""
    """The sentence of what failed."""


def read_shots(path: Path) -> tuple[Shot, ...]:
    """The shots of a `.csv` or `.jsonl` list, in its order.

    Raises InputError for a list that is missing, empty, or has a row that cannot be used, naming line and column;
    FormatError for a file that is neither.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such list of shots.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: is not UTF-8 ({error}). Save it as CSV UTF-8.") from error
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".jsonl"):
        raise FormatError(f"{path}: a list of shots is a .csv or .jsonl file.")
    rows = _csv_rows(path, text) if suffix == ".csv" else _json_rows(path, text)
    shots = tuple(_shot(path, line, row) for line, row in rows)
    if not shots:
        raise InputError(
            f"{path}: has no shots. Write one row per shot with the columns {', '.join(NEEDED)}."
        )
    _check_apart(path, shots)
    return shots


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    heading = next((line for line in text.splitlines() if line.strip()), "")
    # Spreadsheets write what their country uses.
    delimiter = max(",;\t", key=heading.count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter, strict=True)
    names: list[str] = []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if not names:
                names = cells
                _check_columns(f"{path}, line {reader.line_num}", names)
                continue
            if len(cells) > len(names):
                raise InputError(
                    f"{path}, line {reader.line_num}: has {len(cells)} cells, but the heading has {len(names)} "
                    "columns. Quote cells that hold the delimiter."
                )
            yield reader.line_num, dict(zip(names, cells))
    except csv.Error as error:
        raise FormatError(f"{path}, line {reader.line_num}: is no CSV ({error}).") from error


def _json_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, words in enumerate(text.splitlines(), start=1):
        if not words.strip():
            continue
        try:
            row = json.loads(words)
        except ValueError as error:
            raise FormatError(f"{path}, line {line}: is no JSON ({error}).") from error
        if not isinstance(row, dict):
            raise FormatError(f"{path}, line {line}: needs one JSON object per line.")
        values = cast("dict[str, Any]", row)
        _check_columns(f"{path}, line {line}", list(values))
        yield line, values


def _check_columns(where: str, names: list[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.4)
            hint = f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(COLUMNS)}."
            raise InputError(f"{where}: there is no column '{name}'. {hint}")
        if names.count(name) > 1:
            raise InputError(f"{where}: the column '{name}' stands twice.")
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise InputError(f"{where}: lacks {', '.join(missing)}. Every shot needs {', '.join(NEEDED)}.")


def _shot(path: Path, line: int, row: Mapping[str, Any]) -> Shot:
    where = f"{path}, line {line}, column"

    def text(name: str) -> str:
        value = row.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and name in ("name", "layer"):
            return str(value)
        if value is None:
            value = ""
        if not isinstance(value, str):
            raise InputError(f"{where} {name}: needs a text, got {value!r}.")
        if not value and name in NEEDED:
            raise InputError(f"{where} {name}: is empty. Every shot needs {', '.join(NEEDED)}.")
        return value

    def place(name: str) -> Path:
        return Path(os.path.normpath(path.absolute().parent / text(name)))

    def number(name: str) -> Optional[float]:
        value = row.get(name)
        if value is None or value == "":
            return None
        try:
            found = float("nan") if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            found = float("nan")
        if not math.isfinite(found):
            raise InputError(f"{where} {name}: {value!r} is no number.")
        return found

    scene, save_as = place("scene"), place("save_as")
    if scene == save_as:
        raise InputError(
            f"{where} save_as: is the scene itself. The batch never overwrites what it opened; give another name."
        )
    tolerance = number("tolerance") or 0.0
    if tolerance < 0:
        raise InputError(f"{where} tolerance: {tolerance:g} is negative. Give 0 to keep every key.")
    target = text("target")
    if text("rig") and not target.endswith(":"):
        raise InputError(
            f"{where} target: '{target}' has to be the namespace of the rig, with a colon at its end, where the column "
            "rig is filled; a colon alone for none."
        )
    return Shot(
        name=text("name") or save_as.stem,
        scene=scene,
        take=place("take"),
        models=place("models"),
        target=str(place("target")) if target.lower().endswith(".json") else target,
        save_as=save_as,
        out=place("out") if text("out") else save_as.with_name(f"{save_as.stem}_retarget"),
        start_frame=number("start_frame"),
        layer=text("layer"),
        tolerance=tolerance,
        rig=place("rig") if text("rig") else None,
        line=line,
    )


def _check_apart(path: Path, shots: tuple[Shot, ...]) -> None:
    """Two shots must not write in one place."""
    for name in ("save_as", "out"):
        seen: dict[str, int] = {}
        for shot in shots:
            place = os.path.normcase(str(getattr(shot, name)))
            if place in seen:
                raise InputError(
                    f"{path}, line {shot.line}, column {name}: {getattr(shot, name)} is written by line "
                    f"{seen[place]} too. Give each shot its own."
                )
            seen[place] = shot.line


def results_path(path: Path) -> Path:
    """Where the results of a list of shots are kept."""
    return path.with_name(f"{path.stem}.results.jsonl")


def read_results(path: Path) -> dict[str, ShotResult]:
    """Key of the shot -> its last result; a line that a crash cut off counts as none."""
    found: dict[str, ShotResult] = {}
    if not path.is_file():
        return found
    known = {item.name for item in fields(ShotResult)}
    for words in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            values = json.loads(words)
            result = ShotResult(**{name: value for name, value in values.items() if name in known})
        except (ValueError, TypeError, AttributeError):
            continue
        found[result.key] = result
    return found


def append_result(path: Path, result: ShotResult) -> None:
    """Add a line, on disk when this returns. Raises StorageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        cut_off = path.is_file() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
        with path.open("ab") as stream:
            stream.write(b"\n" * cut_off + json.dumps(asdict(result)).encode("utf-8") + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise storage_error(path, error) from error
