"""Paths that clients name are confined to the folders that the server was started with."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facepatch.core.errors import ForbiddenError, InputError
from facepatch.service.verbs import PathKind

SCHEMES = ("http", "https", "rtmp", "rtmps", "rtp", "rtsp", "rtsps", "srt", "tcp", "udp")
"""Of streams that are read from the network. Not `file` and the like, which would lead around the roots."""


@dataclass(frozen=True)
class Roots:
    """Folders that may be used, and folders inside them that may not (state, keys). All resolved."""

    allowed: tuple[Path, ...]
    closed: tuple[Path, ...] = ()

    @classmethod
    def of(cls, allowed: Sequence[Path], closed: Sequence[Path] = ()) -> Roots:
        """Resolve the folders once, so that a link that is changed later changes nothing."""
        return cls(tuple(path.resolve() for path in allowed), tuple(path.resolve() for path in closed))

    def confined(self, text: Any, what: str) -> str:
        """The path `text` with all links followed.

        Raises InputError for what is no absolute path, ForbiddenError for one outside the roots.
        """
        if not isinstance(text, str) or not text or "\0" in text or not Path(text).is_absolute():
            raise InputError(f"{what}: {str(text)[:200]!r} is no absolute path. Give the whole path.")
        try:
            path = Path(text).resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise InputError(f"{what}: {text[:200]!r} cannot be followed ({error}).") from error
        if not any(path.is_relative_to(root) for root in self.allowed):
            listed = ", ".join(map(str, self.allowed))
            raise ForbiddenError(
                f"{what}: {path} lies outside the folders that the server may use: {listed}. Put the files there, or "
                "start the server with --roots."
            )
        if any(path.is_relative_to(folder) for folder in self.closed):
            raise ForbiddenError(f"{what}: {path} belongs to the server itself. Use another folder.")
        return str(path)

    def arguments(self, arguments: Mapping[str, Any], paths: Mapping[str, PathKind]) -> dict[str, Any]:
        """`arguments` with every path confined and resolved. Raises as `confined` does."""
        found = dict(arguments)
        for name, kind in paths.items():
            value = found.get(name)
            if value is None or value == "":
                continue
            if kind == "paths":
                if not isinstance(value, list):
                    raise InputError(f"{name}: needs a list of paths, got {str(value)[:200]!r}.")
                found[name] = [self.confined(item, name) for item in value]
            elif kind == "path" or is_file(value, kind):
                found[name] = self.confined(value, name)
        return found


def is_file(value: Any, kind: PathKind) -> bool:
    """Whether a preset or a source is a file rather than a name, an address or a camera."""
    if not isinstance(value, str):
        return True
    if kind == "preset":
        # Anything but a plain name: it is the reader of presets that decides what such a text opens.
        return not re.fullmatch(r"[A-Za-z0-9_-]+", value)
    if value.startswith("camera:"):
        return False
    return not re.match(rf"(?:{'|'.join(SCHEMES)})://", value)


def lock_name(out: str) -> str:
    """One name for a folder, however it is spelled."""
    return os.path.normcase(out)
