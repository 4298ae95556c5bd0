"""What experiments leave behind: one JSON file per result, so that a stopped evaluation goes on, and a page."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import torch

from facepatch import __version__
from facepatch.core.axes import UInt8
from facepatch.core.errors import FormatError
from facepatch.core.records import write_text
from facepatch.pipelines.store import key_of
from facepatch.report.html_text import cell, head, section, table
from facepatch.report.images import data_uri
from facepatch.report.style import STYLE

KIND = "facepatch.evaluation"
VERSION = 2
ABOVE = re.compile(r"[^\w.+-]+")


class Results:
    """The results of one experiment below an evaluation's folder: `OUT/results/EXPERIMENT/A--B--C.json`."""

    def __init__(self, out: Path, experiment: str) -> None:
        self.folder = out / "results" / experiment
        self.experiment = experiment

    def path(self, *names: object) -> Path:
        """The file of the result called `names`: such as pair, method, budget, seed."""
        return self.folder / ("--".join(ABOVE.sub("_", str(name)) for name in names) + ".json")

    def kept(self, names: Sequence[object], inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """The result where there is one that was made from exactly these inputs (JSON values), else None."""
        path = self.path(*names)
        if not path.is_file():
            return None
        values = _read(path)
        return values if values["inputs"] == key_of({**inputs, "facepatch": __version__}) else None

    def keep(
        self, names: Sequence[object], inputs: Mapping[str, Any], values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Write a result; what is not finite becomes null. Returns it as `kept` will."""
        whole = {
            "record": KIND,
            "version": VERSION,
            "experiment": self.experiment,
            "inputs": key_of({**inputs, "facepatch": __version__}),
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            **plain(values),
        }
        write_text(self.path(*names), json.dumps(whole, indent=1, allow_nan=False) + "\n")
        return whole

    def every(self) -> list[dict[str, Any]]:
        """All results that lie in the folder, also those of other seeds and methods, in the order of their names."""
        return [_read(path) for path in sorted(self.folder.glob("*.json"))]


def _read(path: Path) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if (values["record"], values["version"]) != (KIND, VERSION):
            raise FormatError(f"{path}: is no result of an evaluation of version {VERSION}. Delete it.")
    except FormatError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f"{path}: is no whole result ({error}). Delete it to have it made again."
        ) from error
    return values


def plain(value: Any) -> Any:
    """Mappings, sequences, arrays and numbers as JSON values; NaN and infinity as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def machine() -> str:
    """What it ran on: processor, cores, GPU, Python, torch."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        name = names[0] if names else name
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return (
        f"{name}, {os.cpu_count()} CPUs{gpu}, Python {platform.python_version()}, torch {torch.__version__}"
    )


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
    if not found:
        return nothing
    spread = (max(found) - min(found)) / 2 if len(found) > 1 else None
    return with_spread(float(np.mean(found)), spread, form)


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
