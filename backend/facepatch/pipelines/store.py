"""Results of stages, kept by a hash of all that they depend on, so that nothing is computed twice."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from facepatch import __version__
from facepatch.core.errors import InputError, VersionError
from facepatch.core.records import storage_error, write_text

log = logging.getLogger(__name__)

LAYOUT = 1
"""Version of what lies in an output folder. Raised when older stages can no longer be used."""
STAMP = "facepatch.json"


NAMES_OTHERS = (".gltf", ".obj", ".mtl", ".ma")
"""Files of text that name other files, such as textures, without which they are not whole."""


def fingerprint(path: Path) -> str:
    """Hash of a file's content and of what lies beside it and is named in it, or of all files below a folder."""
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
    if path.suffix.lower() in NAMES_OTHERS:
        for other in named_files(path):
            digest.update(fingerprint(other).encode())
    return digest.hexdigest()


def named_files(path: Path) -> list[Path]:
    """The files beside `path`, or in the `sourceimages` of its Maya project, whose names stand in it."""
    text = path.read_bytes()
    scenes = (".gltf", ".obj", ".ma", path.suffix.lower())
    folders = (path.parent, path.parent / "sourceimages", path.parent.parent / "sourceimages")
    return [
        other
        for folder in folders
        if folder.is_dir()
        for other in sorted(folder.iterdir())
        if other.is_file()
        and other != path
        and other.suffix.lower() not in scenes
        and (other.name.encode() in text or quote(other.name).encode() in text)
    ]


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
        self.stages = out / "stages"
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
        folder = self.stages / f"{name}-{key}"
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
