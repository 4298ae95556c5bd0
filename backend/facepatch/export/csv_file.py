"""A clip as a table for spreadsheets and scripts: one row per frame, one column per weight."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.clip import CLOSED_LEFT, CLOSED_RIGHT, EASED, HELD, NO_FACE, Clip
from facepatch.core.errors import ExportError
from facepatch.core.records import atomic_write
from facepatch.export.rotation import unwrapped_euler
from facepatch.export.timing import key_seconds, timecodes

FLAG_WORDS = {
    NO_FACE: "no_face",
    HELD: "held",
    EASED: "eased",
    CLOSED_LEFT: "closed_left",
    CLOSED_RIGHT: "closed_right",
}
HEAD_COLUMNS = ("head_tx_cm", "head_ty_cm", "head_tz_cm", "head_rx_deg", "head_ry_deg", "head_rz_deg")
_ROWS_PER_WRITE = 512


def write_csv(clip: Clip, path: Path) -> None:
    """Write `clip` as UTF-8 comma-separated values.

    Columns: `frame`, `time_s`, `timecode` where the clip has one, `valid` (0 or 1), `flags` (words joined by
    `+`, empty for an ordinary frame), one per weight under its own name, and where the clip has a head pose
    six columns: place in cm and rotation in degrees about x, then y, then z. Weights have the nine digits
    that give back the same float32. Raises ExportError for weight names that collide, StorageError where
    `path` cannot be written.
    """
    header = ["frame", "time_s", *(["timecode"] if clip.timecode else []), "valid", "flags", *clip.names]
    if clip.head_pose is not None:
        header += HEAD_COLUMNS
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ExportError(
            f"{path.name}: two columns would be called {', '.join(twice)}. Rename these weights."
        )
    with atomic_write(path) as stream:
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(header)
        for number, row in enumerate(_rows(clip), start=1):
            table.writerow(row)
            if number % _ROWS_PER_WRITE == 0:
                stream.write(text.getvalue().encode("utf-8"))
                text.seek(0)
                text.truncate()
        stream.write(text.getvalue().encode("utf-8"))


def flag_words(flag: int) -> str:
    """The names of the bits in `flag`: "held+closed_left"."""
    return "+".join(word for bit, word in FLAG_WORDS.items() if flag & bit)


def _rows(clip: Clip) -> Iterator[list[str]]:
    seconds = key_seconds(clip) + (
        0.0 if clip.times is None or not clip.frame_count else float(clip.times[0])
    )
    codes = timecodes(clip) if clip.timecode else None
    flags = clip.flags if clip.flags is not None else np.zeros(clip.frame_count, np.uint8)
    valid = clip.valid if clip.valid is not None else (flags & NO_FACE) == 0
    head = None if clip.head_pose is None else _head_columns(clip.head_pose)
    for t in range(clip.frame_count):
        row = [str(clip.start_frame + t), f"{seconds[t]:.6f}"]
        if codes is not None:
            row.append(codes[t])
        row += [str(int(valid[t])), flag_words(int(flags[t]))]
        row += [f"{value:.9g}" for value in clip.weights[t].tolist()]
        if head is not None:
            row += [f"{value:.9g}" for value in head[t].tolist()]
        yield row


def _head_columns(pose: Float64) -> Float64:
    """(T, 4, 4) -> (T, 6) cm and degrees."""
    return np.concatenate([pose[:, :3, 3], np.degrees(unwrapped_euler(pose[:, :3, :3]))], axis=1)
