"""The numbers of a report as one JSON object. The page shows nothing that is not in it, pictures aside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.report.data import ReportData
from facepatch.report.verdict import judge

KIND = "facepatch.report"
VERSION = 1


def report_document(data: ReportData) -> dict[str, Any]:
    """`data` and its verdict as plain dictionaries, lists, texts and numbers; what is not finite becomes
    None."""
    verdict = judge(data)
    return {
        "record": KIND,
        "version": VERSION,
        "title": data.title,
        "take": data.take,
        "character": data.character,
        "when": data.when,
        "frame_count": data.frame_count,
        "rate": list(data.rate),
        "seconds": _plain(data.frame_count * data.rate[1] / data.rate[0]),
        "start_frame": data.start_frame,
        "held_out_start": data.held_out_start,
        "verdict": {
            "level": verdict.level,
            "headline": verdict.headline,
            "findings": [{"level": finding.level, "text": finding.text} for finding in verdict.findings],
        },
        "warnings": list(data.warnings),
        "agreement": _agreement(data),
        "blinks": [_fields(row) for row in data.blinks],
        "coverage": [_fields(row) for row in data.coverage],
        "jitter": None if data.jitter is None else _fields(data.jitter),
        "metrics": _plain(data.metrics),
        "frames": {
            name: {"count": len(set(frames)), "ranges": frame_ranges(frames, data.start_frame)}
            for name, frames in (("no_face", data.no_face), ("held", data.held), ("eased", data.eased))
        },
        "training": {
            name: {"iterations": _plain(curve.iterations), "values": _plain(curve.values)}
            for name, curve in data.training.items()
        },
        "quality": {
            name: {
                "meaning": quality.meaning,
                "iterations": _plain(quality.curve.iterations),
                "values": _plain(quality.curve.values),
                "best_iteration": quality.best,
                "parts": _plain(quality.parts),
                "verdict": quality.verdict,
            }
            for name, quality in data.quality.items()
        },
        "timings": _plain(data.timings),
        "total_seconds": _plain(sum(data.timings.values())),
        "rates": _plain(data.rates),
        "files": dict(data.files),
        "versions": dict(data.versions),
        "settings": _plain(data.settings),
        "curves": {
            row.measure: {"performer": _short(row.performer), "character": _short(row.character)}
            for row in data.agreement
        },
    }


def frame_ranges(frames: Sequence[int], start_frame: int) -> list[list[int]]:
    """Frame indices as runs of frame numbers: (3, 4, 5, 9) from 1001 -> [[1004, 1006], [1010, 1010]]."""
    if not frames:
        return []
    rows = np.unique(np.asarray(frames, np.int64))
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    return [[int(run[0]) + start_frame, int(run[-1]) + start_frame] for run in runs]


def _agreement(data: ReportData) -> list[dict[str, Any]]:
    return [
        {
            "measure": row.measure,
            "r_train": _plain(row.r_train),
            "r_held_out": _plain(row.r_held_out),
            "n_train": row.n_train,
            "n_held_out": row.n_held_out,
            "wanted": _plain(row.wanted),
        }
        for row in data.agreement
    ]


def _fields(row: Any) -> dict[str, Any]:
    return {name: _plain(value) for name, value in vars(row).items()}


def _short(values: Any) -> list[float]:
    """Curves need no more than five digits."""
    return [float(f"{value:.5g}") for value in np.asarray(values, float).tolist()]


def _plain(value: Any) -> Any:
    """`value` as JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return str(value)
