"""The flags that the verbs of the main job share, and what they mean."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from facepatch.cli.console import Common, Console
from facepatch.core.errors import ConfigError
from facepatch.core.rate import parse_rate

if TYPE_CHECKING:
    from facepatch.pipelines.run import Job
    from facepatch.pipelines.settings import RunSettings


@dataclass(frozen=True, kw_only=True)
class Output(Common):
    """Where results go."""

    out: Path
    """Folder for the results. The same command with the same folder goes on where it stopped."""


@dataclass(frozen=True, kw_only=True)
class Resolved(Output):
    """Preset and settings."""

    preset: str = "preview"
    """preview (two CPU cores), full (a GPU), paper (the paper's own numbers), or the path of a .toml file."""
    seed: int | None = None
    """Of every random choice; by default the preset's."""
    set: tuple[str, ...] = ()
    """Single settings, as in settings.toml: --set reenactment.loop.iterations=500 retarget.smoothing=1.5"""

    def settings(self) -> RunSettings:
        """Defaults < preset < --set < --seed."""
        from facepatch.pipelines.settings import read_settings

        values = parse_settings(self.set)
        if self.seed is not None:
            values["seed"] = self.seed
        return read_settings(self.preset, values)


@dataclass(frozen=True, kw_only=True)
class TakeArguments(Resolved):
    """A take."""

    take: Annotated[Path, tyro.conf.Positional]
    """A film, a folder of numbered images, or another character that acts as the performer."""
    take_motion: tuple[Path, ...] = ()
    """Motion of the take, where the take is a character."""
    take_picks: Path | None = None
    """Landmark picks of the take, where the take is a character."""
    rate: str = ""
    """Frame rate of the take as 24 or 24000/1001, where it does not say it itself."""


@dataclass(frozen=True, kw_only=True)
class JobArguments(TakeArguments):
    """A take and a character."""

    character: Path
    """Character: .npz, .glb, .gltf, .ma, or a folder of .obj shapes."""
    motion: tuple[Path, ...] = ()
    """Motion of the character: Live Link Face .csv, .glb animation, .npz. None: a generated range of motion."""
    picks: Path | None = None
    """Landmarks of the character as picked by hand (JSON); by default they are proposed from the mesh."""
    no_film: bool = False
    """Do not write side_by_side.mp4."""

    def job(self) -> Job:
        """What the user hands in."""
        from facepatch.pipelines.run import Job

        return Job(
            take=self.take,
            character=self.character,
            motion=self.motion,
            picks=self.picks,
            take_motion=self.take_motion,
            take_picks=self.take_picks,
            rate=parse_rate(self.rate, "--rate"),
            side_by_side=not self.no_film,
        )


def parse_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """("a.b=1", ...) -> nested values. What stands after = is a TOML value; a bare word is text."""
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise ConfigError(f"--set: '{pair}' lacks its value. Write --set {name}=VALUE.")
        try:
            value = tomllib.loads(f"x = {text}")["x"]
        except tomllib.TOMLDecodeError:
            value = text
        table = values
        *outer, last = name.strip().split(".")
        for part in outer:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise ConfigError(
                    f"--set: '{name}' goes into '{part}', which another --set made a single value."
                )
        table[last] = value
    return values


def use_all_cores() -> None:
    """Let torch and OpenCV use every core, and not spin while they wait for each other."""
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def name_files(console: Console, out: Path, names: dict[str, str]) -> None:
    """End by naming the files to open."""
    found = {name: text for name, text in names.items() if (out / name).exists()}
    width = max((len(str(out / name)) for name in found), default=0)
    lines = [f"  {out / name!s:<{width}}  {text}" for name, text in found.items()]
    console.result(
        "\n".join(["Done. Open:", *lines]), out=str(out), files=[str(out / name) for name in found]
    )
