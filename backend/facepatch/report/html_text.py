"""Pieces of HTML. Every number carries the JSON pointer of the value that it shows, which the tests
follow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

SIGNS = {"good": "✓ good", "look": "! look at", "redo": "✗ redo"}


def pointer(*keys: str | int) -> str:
    """RFC 6901 JSON pointer."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


def value_at(document: Any, *keys: str | int) -> Any:
    """The value of nested dictionaries and lists."""
    for key in keys:
        document = document[key]
    return document


def number(document: Mapping[str, Any], *keys: str | int, form: str = ".2f", level: str = "") -> str:
    """A table cell with the number at `keys`; a dash where there is none."""
    value = value_at(document, *keys)
    text = "–" if value is None else format(value, form)
    style = f"number {level}".strip()
    shown = escape(json.dumps(value), quote=True)
    return f'<td class="{style}" data-json="{escape(pointer(*keys), quote=True)}" data-value="{shown}">{text}</td>'


def cell(text: str) -> str:
    """A table cell with text."""
    return f"<td>{escape(text)}</td>"


def head(text: str) -> str:
    """The heading of a table row."""
    return f'<th scope="row">{escape(text)}</th>'


def sign(level: str) -> str:
    """A verdict in words and colour."""
    return f'<span class="sign {level}">{SIGNS[level]}</span>'


def table(caption: str, columns: Sequence[str], rows: Iterable[str]) -> str:
    """A table; columns whose name starts with `#` hold numbers, `rows` are the cells of each row."""
    heads = "".join(
        f'<th scope="col"{" class=number" if column.startswith("#") else ""}>{escape(column.lstrip("#"))}</th>'
        for column in columns
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f'<div class="wide"><table><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def section(title: str, *parts: str, about: str = "") -> str:
    """A section of the page; empty where it has no parts."""
    body = "".join(parts)
    if not body:
        return ""
    lead = f"<p>{escape(about)}</p>" if about else ""
    return f"<section><h2>{escape(title)}</h2>{lead}{body}</section>"


def image(address: str, text: str) -> str:
    """A picture with its description."""
    return f'<img src="{address}" alt="{escape(text, quote=True)}">'


def settings_text(settings: Mapping[str, Any], name: str = "") -> str:
    """Nested settings as `key = value` lines under `[section]` headings."""
    flat = [
        f"{key} = {json.dumps(value)}" for key, value in settings.items() if not isinstance(value, Mapping)
    ]
    parts = [(f"[{name}]\n" if name and flat else "") + "\n".join(flat)] if flat else []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            parts.append(settings_text(value, f"{name}.{key}" if name else key))
    return "\n\n".join(part for part in parts if part)


def duration(seconds: float) -> str:
    """Seconds as a person says them: "3 min 20 s"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
