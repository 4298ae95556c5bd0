"""The report of a retargeted take, and the frames of its side-by-side film."""

from facepatch.report.data import (
    Agreement,
    Blink,
    Coverage,
    Curve,
    Figure,
    Jitter,
    PatchRow,
    Quality,
    ReportData,
)
from facepatch.report.page import write_report
from facepatch.report.side_by_side import compose_frame, frame_size

__all__ = [
    "Agreement",
    "Blink",
    "Coverage",
    "Curve",
    "Figure",
    "Jitter",
    "PatchRow",
    "Quality",
    "ReportData",
    "compose_frame",
    "frame_size",
    "write_report",
]
