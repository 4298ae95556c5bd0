"""What experiments leave behind: one JSON file per result, so that a stopped evaluation goes on."""

from __future__ import annotations

import json
import logging
import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from facepatch import __version__
from facepatch.core.errors import FormatError
from facepatch.core.records import write_text
from facepatch.pipelines import prepare
from facepatch.pipelines.store import key_of

log = logging.getLogger(__name__)

KIND = "facepatch.evaluation"
VERSION = 2
RECIPE = 1
"""Raised when the same settings no longer give the same result: judging, calibration, channels, networks."""
PLACE = (
    "experiment", "pair", "captures", "performer", "take", "character", "method", "base", "variant", "colour", "budget",
    "size",
)  # fmt: skip
"""What tells the results of an experiment apart in its tables, but for the seed."""
ABOVE = re.compile(r"[^\w.+-]+")


class Results:
    """The results of one experiment below an evaluation's folder: `OUT/results/EXPERIMENT/A--B--C.json`."""

    def __init__(self, out: Path, experiment: str) -> None:
        self.folder = out / "results" / experiment
        self.experiment = experiment
        self._told = 0

    def path(self, *names: object) -> Path:
        """The file of the result called `names`: such as pair, method, budget, seed."""
        return self.folder / ("--".join(ABOVE.sub("_", str(name)) for name in names) + ".json")

    def kept(self, names: Sequence[object], inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """The result where there is one that was made from exactly these inputs (JSON values), else None."""
        path = self.path(*names)
        if not path.is_file():
            return None
        values = _read(path)
        return values if values["inputs"] == key_of(_with_recipes(inputs)) else None

    def keep(
        self, names: Sequence[object], inputs: Mapping[str, Any], values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Write a result; what is not finite becomes null. Returns it as `kept` will."""
        whole = {
            "record": KIND,
            "version": VERSION,
            "experiment": self.experiment,
            "inputs": key_of(_with_recipes(inputs)),
            "setting": key_of(_with_recipes(without_seed(inputs))),
            "when": datetime.now(UTC).isoformat(timespec="microseconds"),
            "machine": machine(),
            **plain(values),
        }
        write_text(self.path(*names), json.dumps(whole, indent=1, allow_nan=False) + "\n")
        return whole

    def every(self) -> list[dict[str, Any]]:
        """The results that lie in the folder, also those of other seeds and methods, in the order of their names; of
        those that would stand in one row of a table only what `of_one_setting` leaves."""
        found = [_read(path) for path in sorted(self.folder.glob("*.json"))]
        kept = of_one_setting(found)
        if self._told < len(found) - len(kept):
            self._told = len(found) - len(kept)
            log.warning(
                "%s: %d of %d results were made with other settings, inputs or code than the newest of their row, and "
                "are not shown. Run the same command again with as many seeds to have all alike.",
                self.folder, self._told, len(found),
            )  # fmt: skip
        return kept


def of_one_setting(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Results without those that were made with other settings, files or code than the newest of their place: a mean
    over seeds is over what differs by the seed alone."""
    found = [dict(one) for one in results]
    newest: dict[tuple[str, ...], tuple[str, str]] = {}
    for one in found:
        mark = (str(one.get("when", "")), str(one.get("setting", "")))
        newest[place(one)] = max(mark, newest.get(place(one), mark))
    return [one for one in found if str(one.get("setting", "")) == newest[place(one)][1]]


def place(result: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a result stands in the tables (`PLACE`)."""
    return tuple(str(result.get(name, "")) for name in PLACE)


def without_seed(values: Any) -> Any:
    """JSON values without what is called "seed", however deep."""
    if isinstance(values, Mapping):
        items = cast("Mapping[str, Any]", values).items()
        return {name: without_seed(value) for name, value in items if name != "seed"}
    return values


def _with_recipes(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {**inputs, "facepatch": __version__, "recipes": [RECIPE, prepare.RECIPE]}


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
