"""The pages of experiments: tables and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import numpy as np

from facepatch import __version__
from facepatch.core.axes import UInt8
from facepatch.core.records import write_text
from facepatch.evaluation.results import machine
from facepatch.report.html_text import cell, head, section, table
from facepatch.report.images import data_uri
from facepatch.report.style import STYLE


@dataclass(frozen=True)
class Table:
    """A table of the page and of the command line."""

    caption: str
    columns: tuple[str, ...]
    """Those that hold numbers begin with #."""
    rows: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """In columns, for a terminal."""
        heads = tuple(column.lstrip("#") for column in self.columns)
        lines = [heads, *self.rows]
        widths = [max(len(line[index]) for line in lines) for index in range(len(heads))]
        right = [column.startswith("#") for column in self.columns]
        shown = [
            "  ".join(
                text.rjust(width) if number else text.ljust(width)
                for text, width, number in zip(line, widths, right, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.caption, *shown])

    def markdown(self) -> str:
        """For docs/results."""
        heads = [column.lstrip("#") for column in self.columns]
        rule = ["--:" if column.startswith("#") else "---" for column in self.columns]
        lines = [heads, rule, *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def html(self) -> str:
        """For the page."""
        rows = (
            "".join(
                head(text)
                if index == 0
                else f'<td class="number">{escape(text)}</td>'
                if self.columns[index].startswith("#")
                else cell(text)
                for index, text in enumerate(row)
            )
            for row in self.rows
        )
        return table(self.caption, self.columns, rows)


@dataclass(frozen=True, eq=False)
class Picture:
    """A contact sheet with what it shows."""

    caption: str
    image: UInt8


@dataclass(frozen=True, eq=False)
class Part:
    """A section of the page."""

    title: str
    about: str = ""
    items: tuple[Table | Picture, ...] = ()


def mean_and_spread(values: Iterable[float | None], form: str = ".3f", *, nothing: str = "–") -> str:
    """Mean over seeds, and plus or minus half their range where there are several; `nothing` where there is none."""
    found = [value for value in values if value is not None]
    mean = mean_of(found)
    if mean is None:
        return nothing
    spread = (max(found) - min(found)) / 2 if len(found) > 1 else None
    return with_spread(mean, spread, form)


def mean_of(values: Iterable[float | None]) -> float | None:
    """The mean of what is there; None where nothing is."""
    found = [value for value in values if value is not None]
    return float(np.mean(found)) if found else None


def with_spread(mean: float, spread: float | None, form: str) -> str:
    """A mean as text, plus or minus its spread where it has one."""
    return format(mean, form) if spread is None else f"{format(mean, form)} ±{format(spread, form)}"


def write_page(path: Path, title: str, parts: Sequence[Part], *, about: str = "") -> None:
    """One HTML file that needs no network; under it the date and the machine."""
    body: list[str] = [f'<h1>{escape(title)}</h1><p class="about">{escape(about)}</p>']
    for part in parts:
        shown = [item.html() if isinstance(item, Table) else _figure(item) for item in part.items]
        body.append(section(part.title, *shown, about=part.about))
    day = datetime.now(UTC).date().isoformat()
    body.append(f'<p class="soft">facepatch {__version__}, {day}, {escape(machine())}</p>')
    inner = "\n".join(body)
    write_text(
        path,
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>\n{inner}\n</main></body></html>\n",
    )


def _figure(picture: Picture) -> str:
    text = escape(picture.caption, quote=True)
    return (
        f'<figure><img src="{data_uri(picture.image)}" alt="{text}"><figcaption>{text}</figcaption></figure>'
    )
