"""Results of stages, kept by a hash of all that they depend on, so that nothing is computed twice."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facepatch import __version__
from facepatch.core.errors import InputError, VersionError
from facepatch.core.records import storage_error, write_text

log = logging.getLogger(__name__)

LAYOUT = 1
"""Version of what lies in an output folder. Raised when older stages can no longer be used."""
STAMP = "facepatch.json"


def fingerprint(path: Path) -> str:
    """Hash of a file's content, or of all files below a folder with their names."""
    digest = hashlib.sha256()
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            digest.update(file.relative_to(path).as_posix().encode())
            digest.update(fingerprint(file).encode())
        return digest.hexdigest()
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file.") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    return digest.hexdigest()


def key_of(inputs: Mapping[str, Any]) -> str:
    """Hash of JSON values."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Stage:
    """The folder of one stage's result for one set of inputs."""

    folder: Path
    key: str

    @property
    def done(self) -> bool:
        """Whether the result is whole."""
        return (self.folder / "done.json").is_file()

    def finish(self, **values: Any) -> None:
        """Mark the result as whole, with values worth keeping (seconds, counts)."""
        write_text(self.folder / "done.json", json.dumps(values))

    @property
    def values(self) -> dict[str, Any]:
        """What `finish` was given."""
        values: dict[str, Any] = json.loads((self.folder / "done.json").read_text(encoding="utf-8"))
        return values


class Store:
    """The stages below one output folder."""

    def __init__(self, out: Path) -> None:
        self.out = out
        stamp = out / STAMP
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(out, error) from error
        if stamp.is_file():
            _check_stamp(stamp)
        else:
            write_text(stamp, json.dumps({"record": "facepatch.out", "layout": LAYOUT}))

    def stage(self, name: str, inputs: Mapping[str, Any]) -> Stage:
        """The stage `name` for exactly these inputs (JSON values)."""
        key = key_of({"stage": name, "facepatch": __version__, **inputs})
        folder = self.out / "stages" / f"{name}-{key}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(folder, error) from error
        stage = Stage(folder, key)
        if stage.done:
            log.info("%s: kept from before (%s)", name, key)
        return stage


def _check_stamp(stamp: Path) -> None:
    try:
        layout = int(json.loads(stamp.read_text(encoding="utf-8"))["layout"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{stamp}: is damaged ({error}). Choose another --out, or delete this file."
        ) from error
    if layout != LAYOUT:
        raise VersionError(
            f"{stamp.parent}: was made by facepatch with folder layout {layout}; this one writes layout {LAYOUT}. "
            "Nothing was touched. Choose another --out."
        )
