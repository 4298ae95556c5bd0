"""Presets: defaults < preset < flags.

A verb with presets has, beside `Arguments` and `run`,

    def defaults(words: Sequence[str]) -> Arguments:
        settings = merged(RunSettings(), read_preset(chosen(words, "preview")), "preset")
        return Arguments(take=tyro.MISSING, settings=settings)

and tyro shows the preset's values as the defaults of the flags. A preset is a TOML file with only what differs from
the defaults: one of facepatch's own, by name, or the user's, by path.
"""

from __future__ import annotations

import importlib.resources
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facepatch.core.errors import ConfigError, UnknownNameError

FLAG = "--preset"


def chosen(words: Sequence[str], default: str) -> str:
    """The preset that the command line `words` asks for, `default` where it asks for none."""
    for word, following in zip(words, [*words[1:], ""]):
        if word == FLAG and following:
            return following
        if word.startswith(f"{FLAG}="):
            return word.removeprefix(f"{FLAG}=")
    return default


def preset_names() -> tuple[str, ...]:
    """The presets that come with facepatch."""
    folder = importlib.resources.files("facepatch") / "presets"
    if not folder.is_dir():
        return ()
    return tuple(
        sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    )


def read_preset(name: str) -> dict[str, Any]:
    """The (nested) settings of the preset `name`, or of the TOML file at the path `name`.

    Raises UnknownNameError for a preset that is not there, ConfigError for a file that is no TOML.
    """
    if name.endswith(".toml"):
        return _read(Path(name))
    if name not in preset_names():
        raise UnknownNameError("preset", name, preset_names(), "Or give the path of a .toml file.")
    with importlib.resources.as_file(
        importlib.resources.files("facepatch") / "presets" / f"{name}.toml"
    ) as path:
        return _read(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}). Give the path of a TOML file."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is no TOML ({error}).") from error
