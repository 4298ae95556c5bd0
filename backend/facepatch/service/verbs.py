"""What the server can be asked to do, as a table: the name of a verb, its code, and which arguments are paths.

The code is a function `work(task) -> dict` that gives the body of the result. Only workers import it. Tests put
another table in place of VERBS with `ServeSettings.verbs`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from facepatch.core.errors import ConfigError

if TYPE_CHECKING:
    from facepatch.service.task import Task

PathKind = Literal["path", "paths", "preset", "source"]
"""path: one, or none; paths: a list; preset: a name, or the path of a .toml file; source: a path, URL or camera."""


@dataclass(frozen=True)
class Verb:
    """One verb."""

    work: str
    """module:function"""
    paths: Mapping[str, PathKind] = field(default_factory=dict)
    """Arguments that name files: confined to the server's roots."""
    resumes: bool = True
    """Whether a new start of the server takes it up again; a stream belongs to those who watched it."""


TAKE: dict[str, PathKind] = {"take": "path", "take_motion": "paths", "take_picks": "path", "out": "path"}
JOB: dict[str, PathKind] = {
    **TAKE,
    "character": "path",
    "motion": "paths",
    "picks": "path",
    "preset": "preset",
}

VERBS = {
    "character": Verb(
        "facepatch.service.tasks:character",
        {"character": "path", "motion": "paths", "picks": "path", "out": "path"},
    ),
    "run": Verb("facepatch.service.tasks:run", JOB),
    "train": Verb("facepatch.service.tasks:train", JOB),
    "retarget": Verb("facepatch.service.tasks:retarget", {**TAKE, "trained": "path"}),
    "solve_rig": Verb(
        "facepatch.service.tasks:solve_rig",
        {"clip": "path", "rig": "path", "samples": "path", "picks": "path", "out": "path"},
    ),
    "stream": Verb(
        "facepatch.service.tasks:stream",
        {"source": "source", "models": "path", "rig": "path"},
        resumes=False,
    ),
}


def load_verbs(where: str) -> dict[str, Verb]:
    """The table that `where` (module:attribute) names. Raises ConfigError where there is none."""
    verbs = load(where)
    if not isinstance(verbs, dict) or not all(isinstance(verb, Verb) for verb in verbs.values()):
        raise ConfigError(f"verbs: {where} is no table of verbs.")
    return verbs


def load_work(verb: Verb) -> Callable[[Task], dict[str, Any]]:
    """The function of `verb`; imports all that it needs."""
    return load(verb.work)


def load(where: str) -> Any:
    """The object at `module:attribute`. Raises ConfigError where there is none."""
    module, _, name = where.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"{where}: cannot be imported ({error}). Write module:attribute.") from error
