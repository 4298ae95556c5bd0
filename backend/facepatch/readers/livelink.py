"""Live Link Face CSV: ARKit weights of an iPhone take, by column name.

Facts about these files: the timecode is `HH:MM:SS:FF.sub` and may count frames to 59 although rows come at 30/s;
rows of a lost face end after the second value; weights pass 1.0; the columns after the 52 weights are angles in
radians.
"""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import Bool, Float32, Float64
from facepatch.core.errors import FormatError, InputError, ShapeError
from facepatch.core.shape_names import ARKIT_NAMES

log = logging.getLogger(__name__)

_TIMECODE = re.compile(r"^\s*(\d+)[:;](\d+)[:;](\d+)[:;](\d+)(?:\.(\d+))?\s*$")
_BASES = (24, 25, 30, 48, 50, 60, 120)
_APP_BASE = 60
"""What the app counts to; taken where a take is too short to show it."""
_RATES = (24, 25, 30, 48, 50, 60, 120)
_LONGEST_FILLED_GAP_S = 60.0


@dataclass(frozen=True, eq=False)
class FaceTake:
    """One take, a row per frame at a constant rate; frames without a face hold their neighbours' values."""

    columns: tuple[str, ...]
    """As spelled in the file."""
    weights: Float32
    """(T, columns), not clipped."""
    valid: Bool
    """(T,)"""
    rate: tuple[int, int]
    timecode: str
    """Of the first frame, as in the file."""


def read_live_link_csv(path: Path) -> FaceTake:
    """Read a Live Link Face CSV.

    Raises InputError where there is no file, FormatError where it is no such CSV or lacks its columns, and
    ShapeError where no row has a face.
    """
    header, rows = _rows(path)
    time_column, weight_columns = _columns(path, header)
    values = np.full((len(rows), len(weight_columns)), np.nan, dtype=np.float64)
    for index, row in enumerate(rows):
        values[index] = _row_values(row, weight_columns)
    timecodes = (
        [row[time_column] if time_column < len(row) else "" for row in rows] if time_column >= 0 else []
    )
    rate, frames = frame_numbers(timecodes) if timecodes else ((_APP_BASE, 1), np.arange(len(rows)))
    whole = np.full((int(frames[-1]) + 1, values.shape[1]), np.nan)
    whole[frames] = values
    valid = np.isfinite(whole).all(axis=1)
    if not valid.any():
        raise ShapeError(
            f"{path}: none of its {len(rows)} rows has values in all {len(weight_columns)} weight columns: "
            "the face was never seen. Record the take again."
        )
    if not valid.all():
        log.info(
            "%s: %d of %d frames have no face or no row; their neighbours are held.",
            path,
            (~valid).sum(),
            len(valid),
        )
    names = tuple(header[column].strip() for column in weight_columns)
    first = timecodes[0].strip() if timecodes else ""
    return FaceTake(names, held(whole, valid).astype(np.float32), valid, rate, first)


def held(values: Any, valid: Bool) -> Float64:
    """(T, C) `values` with the rows that are not `valid` replaced by the last valid row, or the first one."""
    last = np.maximum.accumulate(np.where(valid, np.arange(len(valid)), -1))
    out: Float64 = np.asarray(values)[np.where(last < 0, int(np.argmax(valid)), last)]
    return out


def frame_numbers(timecodes: Sequence[str]) -> tuple[tuple[int, int], Any]:
    """The real rate of rows stamped with `timecodes`, and the frame number (from 0) of each row.

    The base of the frame field is the smallest usual one above its largest value; the rate is that base over the
    median step between rows. Rows that are missing leave a gap in the frame numbers. Rows whose timecode cannot
    be read follow the row before them.
    """
    parsed = [_TIMECODE.match(text) for text in timecodes]
    top = max((int(match.group(4)) for match in parsed if match), default=0)
    whole_second = len({match.group(3) for match in parsed if match}) > 1
    base = next((b for b in _BASES if b > top and (whole_second or b >= _APP_BASE)), top + 1)
    seconds = np.array([_seconds(match, base) for match in parsed])
    steps = np.diff(seconds)
    steps = np.where(steps < -43200.0, steps + 86400.0, steps)  # midnight
    usual = steps[np.isfinite(steps) & (steps > 0.0)]
    measured = 1.0 / float(np.median(usual)) if usual.size else float(base)
    rate = min(_RATES, key=lambda r: abs(np.log(measured / r)))
    if abs(measured / rate - 1.0) > 0.05:
        rate = max(1, round(measured))
    ahead = np.where(np.isfinite(steps), np.rint(steps * rate), 1.0)
    ahead = np.where((ahead < 1) | (ahead > _LONGEST_FILLED_GAP_S * rate), 1.0, ahead)
    return (int(rate), 1), np.concatenate([[0], np.cumsum(ahead)]).astype(np.int64)


def _seconds(match: re.Match[str] | None, base: int) -> float:
    if match is None:
        return float("nan")
    hours, minutes, seconds, frames, part = match.groups()
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + (int(frames) + float(f"0.{part or 0}")) / base


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(
            f"{path}: is not a text file ({error}). Give the CSV of a Live Link Face take."
        ) from error
    try:
        lines = [row for row in csv.reader(text.splitlines()) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise FormatError(f"{path}: cannot be read as CSV ({error}). Export the take again.") from error
    if not lines:
        raise FormatError(f"{path}: is empty. Give the CSV of a Live Link Face take.")
    if len(lines) == 1:
        raise ShapeError(f"{path}: has a header and no row. Record the take again.")
    return lines[0], lines[1:]


def _columns(path: Path, header: Sequence[str]) -> tuple[int, list[int]]:
    known = {name.lower() for name in ARKIT_NAMES}
    weights = [index for index, name in enumerate(header) if name.strip().lower() in known]
    seen = {header[index].strip().lower() for index in weights}
    if len(weights) < 10:
        raise FormatError(
            f"{path}: only {len(seen)} of the 52 ARKit columns are there (its columns: "
            f"{', '.join(name.strip() for name in header[:6])}, ...). Give the CSV that Live Link Face writes."
        )
    missing = [name for name in ARKIT_NAMES if name.lower() not in seen]
    if missing:
        log.warning("%s: columns missing, taken as still: %s.", path, ", ".join(missing))
    time = next((index for index, name in enumerate(header) if name.strip().lower() == "timecode"), -1)
    return time, weights


def _row_values(row: Sequence[str], columns: Sequence[int]) -> Any:
    try:
        return [float(row[column]) for column in columns]
    except (IndexError, ValueError):
        return np.nan
