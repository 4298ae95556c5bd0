"""The last preview pictures of each job, as files, within a bounded share of the disk."""

from __future__ import annotations

import logging
import shutil
import urllib.parse
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.records import storage_error

log = logging.getLogger(__name__)


class Preview(NamedTuple):
    """A picture on disk."""

    serial: int
    job: str
    iteration: int
    stage: str
    path: Path
    size: int


class Previews:
    """Pictures below `folder`: at most `per_job` of each job and `limit` bytes in all; the oldest go first."""

    def __init__(self, folder: Path, *, per_job: int, limit: int) -> None:
        self.folder, self.per_job, self.limit = folder, per_job, limit
        self._kept: dict[int, Preview] = {}
        for path in sorted(folder.glob("*/*")):
            preview = described(path)
            if preview is None:
                remove_file(path)
            else:
                self._kept[preview.serial] = preview
        self._kept = dict(sorted(self._kept.items()))
        self._trim()

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(preview.size for preview in self._kept.values())

    def add(self, job: str, picture: UInt8, *, iteration: int, stage: str) -> None:
        """Keep `picture` (H, W, 3). Where the disk is full it is left out, and logged."""
        serial = max(self._kept, default=0) + 1
        name = f"{serial:010d}.{iteration}.{file_name(stage)}.npy"
        path = self.folder / job / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Not core.records: its fsync would hold up the server's loop, and a lost preview is no loss.
            with path.open("wb") as stream:
                np.save(stream, picture, allow_pickle=False)
            size = path.stat().st_size
        except OSError as error:
            log.warning("A preview is not kept: %s", storage_error(path, error))
            remove_file(path)
            return
        self._kept[serial] = Preview(serial, job, iteration, stage, path, size)
        self._trim(job)

    def of(self, job: str) -> list[Preview]:
        """What is kept of `job`, oldest first."""
        return [preview for preview in self._kept.values() if preview.job == job]

    def remove(self, job: str) -> None:
        """Delete the pictures of `job`."""
        for preview in self.of(job):
            del self._kept[preview.serial]
        shutil.rmtree(self.folder / job, ignore_errors=True)

    def keep_only(self, jobs: set[str]) -> None:
        """Delete the pictures of jobs that are gone."""
        for job in {preview.job for preview in self._kept.values()} - jobs:
            self.remove(job)

    def _trim(self, job: str = "") -> None:
        mine = self.of(job) if job else []
        for preview in mine[: max(0, len(mine) - self.per_job)]:
            self._drop(preview)
        total = self.size
        for preview in list(self._kept.values()):
            if total <= self.limit:
                break
            total -= preview.size
            self._drop(preview)

    def _drop(self, preview: Preview) -> None:
        remove_file(preview.path)
        del self._kept[preview.serial]


def read_picture(preview: Preview) -> UInt8 | None:
    """(H, W, 3), or None where the file is gone or damaged."""
    try:
        return np.load(preview.path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        log.warning("%s: a preview cannot be read (%s).", preview.path, error)
        return None


def described(path: Path) -> Preview | None:
    """What the name of a file says, or None for a file that is no preview."""
    try:
        serial, iteration, stage, suffix = path.name.split(".")
        if suffix != "npy":
            return None
        return Preview(
            int(serial),
            path.parent.name,
            int(iteration),
            urllib.parse.unquote(stage),
            path,
            path.stat().st_size,
        )
    except (ValueError, OSError):
        return None


def file_name(stage: str) -> str:
    """A stage as part of a file's name, without dots."""
    return urllib.parse.quote(stage[:60], safe="").replace(".", "%2E")


def remove_file(path: Path) -> None:
    """Delete; a file that something holds open stays until the next start."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.debug("%s: %s", path, error)
