"""The report of one take: `report.html`, a single file that needs no network, and `report.json`, the same
numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from facepatch.core.records import write_text
from facepatch.report import sections
from facepatch.report.data import ReportData
from facepatch.report.document import report_document
from facepatch.report.style import STYLE


def write_report(data: ReportData, folder: Path) -> None:
    """Write `report.html` and `report.json` into `folder`, each whole or not at all.

    Raises StorageError where the folder cannot be written, ExportError for a picture without pixels.
    """
    document = report_document(data)
    page = report_html(document, data)
    write_text(
        folder / "report.json", json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    )
    write_text(folder / "report.html", page)


def report_html(document: Mapping[str, Any], data: ReportData) -> str:
    """The page. Numbers come from `document`, pictures and curves from `data`."""
    parts = [
        sections.opening(document),
        sections.film_strip(data),
        sections.files(document),
        sections.agreement(document, data),
        sections.blinks(document),
        sections.special_frames(document),
        sections.patches(data),
        sections.overlays(data),
        sections.coverage(document),
        sections.jitter(document),
        sections.metrics(document),
        sections.training(document, data),
        sections.how(document),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(document['title'])}</title><style>{STYLE}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )
