"""The page of a rig solve: `solve.html`, a single file, and `solve.json`, the same numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from facepatch.core.axes import Float64, UInt8
from facepatch.core.records import write_text
from facepatch.core.schema import to_dict
from facepatch.report.charts import Line, line_chart
from facepatch.report.html_text import cell, head, image, number, section, settings_text, table
from facepatch.report.images import data_uri
from facepatch.report.style import STYLE

GOOD_SHARE = 0.005
"""95th percentile of the distance, as a share of the face's height, up to which a rig makes the clip."""


@dataclass(frozen=True, eq=False)
class RegionResidual:
    """Distance between the rig's meshes and the clip's in one region."""

    name: str
    mean_mm: float
    p95_mm: float
    max_mm: float
    p95_share: float
    """p95_mm over the height of the face."""
    frames_mm: Float64
    """(T,) mean of each frame."""


@dataclass(frozen=True)
class UsedControl:
    """A control that has a curve."""

    name: str
    unit: str
    """"", "degrees" or "centimetres"."""
    keys: int


@dataclass(frozen=True)
class ClippedControl:
    """A control that stands at a limit."""

    name: str
    limit: float
    frames: int


@dataclass(frozen=True)
class OutOfReach:
    """A component of the clip that the rig's shapes do not make."""

    name: str
    share: float
    """Of the component's length."""
    rms_mm: float
    """What that is over the clip."""


@dataclass(frozen=True, eq=False)
class WorstFrame:
    """A frame that the rig misses."""

    frame: int
    rms_mm: float
    max_mm: float
    picture: UInt8
    """wanted | reached | distance"""


@dataclass(frozen=True, eq=False)
class SolveReport:
    """Everything on the page."""

    title: str
    rate: tuple[int, int]
    start_frame: int
    face_height_mm: float
    rms_mm: Float64
    """(T,)"""
    regions: tuple[RegionResidual, ...]
    clipped: tuple[ClippedControl, ...]
    out_of_reach: tuple[OutOfReach, ...]
    worst: tuple[WorstFrame, ...]
    control_count: int
    used_count: int
    active_mean: float
    key_count: int
    frame_count: int
    idle: tuple[str, ...]
    seconds: float
    settings: Any
    files: Mapping[str, str]
    controls: tuple[UsedControl, ...] = ()
    """Those that are used."""
    by_stand_in: bool = False
    """Whether the distances are those of a stand-in instead of the rig."""
    notes: tuple[str, ...] = ()
    """Further sentences."""

    def sentences(self) -> list[str]:
        """What came out, for people."""
        whole = self.regions[0]
        who = "The rig's stand-in" if self.by_stand_in else "The rig"
        verdict = f"{who} {'makes' if whole.p95_share <= GOOD_SHARE else 'misses part of'} this clip"
        out = [
            f"{verdict}: {whole.mean_mm:.2f} mm mean distance, 95 % of the vertices within {whole.p95_mm:.2f} mm "
            f"({100 * whole.p95_share:.2f} % of the face's height).",
            f"{self.used_count} of {self.control_count} controls are used, {self.active_mean:.1f} at a time, "
            f"with {self.key_count} keys in {self.frame_count} frames.",
        ]
        if self.clipped:
            names = ", ".join(
                f"{row.name} at {row.limit:g} ({row.frames} frames)" for row in self.clipped[:4]
            )
            out.append(f"At their limits: {names}. Wider limits would bring the rig nearer.")
        if whole.p95_share > GOOD_SHARE and self.out_of_reach:
            names = ", ".join(f"{row.name} ({row.rms_mm:.2f} mm)" for row in self.out_of_reach[:3])
            out.append(f"No mixture of the rig's shapes makes: {names}. The worst frames show where.")
        return [*out, *self.notes]

    def document(self) -> dict[str, Any]:
        """The numbers as JSON values."""
        return {
            "record": "facepatch.solve_report",
            "version": 1,
            "title": self.title,
            "verdict": self.sentences(),
            "frame_count": self.frame_count,
            "start_frame": self.start_frame,
            "rate": list(self.rate),
            "face_height_mm": round(self.face_height_mm, 3),
            "regions": [
                {
                    "name": row.name,
                    "mean_mm": round(row.mean_mm, 5),
                    "p95_mm": round(row.p95_mm, 5),
                    "max_mm": round(row.max_mm, 5),
                    "p95_percent": round(100 * row.p95_share, 4),
                    "frames_mm": [round(value, 4) for value in row.frames_mm.tolist()],
                }
                for row in self.regions
            ],
            "controls": {
                "count": self.control_count,
                "used": self.used_count,
                "active_mean": round(self.active_mean, 3),
                "keys": self.key_count,
                "idle": list(self.idle),
                "curves": [to_dict(row) for row in self.controls],
            },
            "clipped": [to_dict(row) for row in self.clipped],
            "out_of_reach": [to_dict(row) for row in self.out_of_reach],
            "worst": [
                {"frame": row.frame, "rms_mm": round(row.rms_mm, 4), "max_mm": round(row.max_mm, 4)}
                for row in self.worst
            ],
            "seconds": round(self.seconds, 2),
            "settings": to_dict(self.settings),
            "files": dict(self.files),
        }


def write_solve_report(report: SolveReport, folder: Path) -> None:
    """Write `solve.html` and `solve.json`. Raises StorageError where the folder cannot be written."""
    document = report.document()
    write_text(folder / "solve.json", json.dumps(document, indent=1, allow_nan=False) + "\n")
    write_text(folder / "solve.html", solve_html(document, report))


def solve_html(document: Mapping[str, Any], report: SolveReport) -> str:
    """The page."""
    good = report.regions[0].p95_share <= GOOD_SHARE
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in document["verdict"])
    body = [
        f"<h1>{escape(report.title)}</h1>",
        f'<div class="verdict {"good" if good else "look"}"><ul>{items}</ul></div>',
        _distance(document, report),
        _worst(report),
        _clipped(document),
        _reach(document),
        _how(document),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>\n{''.join(body)}\n</main></body></html>\n"
    )


def _distance(document: Mapping[str, Any], report: SolveReport) -> str:
    rows = [
        head(row["name"])
        + number(document, "regions", i, "mean_mm")
        + number(document, "regions", i, "p95_mm")
        + number(document, "regions", i, "max_mm")
        + number(document, "regions", i, "p95_percent")
        for i, row in enumerate(document["regions"])
    ]
    most = max(float(row.frames_mm.max()) for row in report.regions)
    charts = "".join(
        f"<h3>{escape(row.name)}</h3>"
        + line_chart(
            [Line(row.name, "character", row.frames_mm)],
            label=f"mean distance in mm of {row.name}, up to {most:.2f} mm",
            height=60,
            first=report.start_frame,
            limits=(0.0, max(most, 1e-6)),
            numbers=row is report.regions[-1],
        )
        for row in report.regions
    )
    columns = ["region", "#mean mm", "#95 % within mm", "#largest mm", "#95 % of face height"]
    about = f"From the rig's mesh to the clip's, per vertex. Charts run from 0 to {most:.2f} mm."
    return section("Distance", table("Over the whole clip", columns, rows), charts, about=about)


def _worst(report: SolveReport) -> str:
    items = "".join(
        f"<figure>{image(data_uri(row.picture), f'frame {row.frame}: wanted, reached, distance')}"
        f"<figcaption>frame {row.frame}: {row.rms_mm:.2f} mm, largest {row.max_mm:.2f} mm</figcaption></figure>"
        for row in report.worst
    )
    about = "The clip | the rig | where they differ (red from 3 mm on)."
    return section("Worst frames", f'<div class="strip" style="--column: 560px">{items}</div>', about=about)


def _clipped(document: Mapping[str, Any]) -> str:
    rows = [
        cell(row["name"])
        + number(document, "clipped", i, "limit", form=".3g")
        + number(document, "clipped", i, "frames", form="d")
        for i, row in enumerate(document["clipped"][:30])
    ]
    if not rows:
        return ""
    return section("Controls at their limits", table("", ["control", "#limit", "#frames"], rows))


def _reach(document: Mapping[str, Any]) -> str:
    rows = [
        cell(row["name"])
        + number(document, "out_of_reach", i, "share")
        + number(document, "out_of_reach", i, "rms_mm")
        for i, row in enumerate(document["out_of_reach"])
    ]
    if not rows:
        return ""
    about = "Parts of the clip's components that no mixture of the rig's shapes makes, limits aside."
    return section("Out of reach", table("", ["component", "#share", "#mm over the clip"], rows), about=about)


def _how(document: Mapping[str, Any]) -> str:
    text = settings_text(document["settings"])
    idle = document["controls"]["idle"]
    unused = f"<p>Without a curve: {escape(', '.join(idle))}</p>" if idle else ""
    return section(
        "How it was made", f"<p>{document['seconds']:.1f} s</p>", unused, f"<pre>{escape(text)}</pre>"
    )
