"""`facepatch maya`: put the Maya module where Maya finds it, and take it away again."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from facepatch.cli.console import Common, Console

CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True)
class Arguments(Common):
    """The flags of `facepatch maya`."""

    action: Annotated[Literal["install", "uninstall"], tyro.conf.Positional]
    """install: also in place of an older version. uninstall: exactly what install wrote."""
    maya: tuple[str, ...] = ()
    """Mayas to fetch packages for: 2025 2026. Default: those on this machine; with --dest, or without any, all."""
    dest: Path | None = None
    """Folder that Maya looks for modules in (MAYA_MODULE_PATH), such as one on a shared drive. Default: this user's."""
    platforms: tuple[Literal["linux", "mac", "win64"], ...] = ()
    """Systems to fetch packages for. Default: this one."""
    wheels: Path | None = None
    """Folder of wheels of pyzmq and numpy, in place of a package index."""
    command: tuple[str, ...] = ()
    """How Maya starts the service. Default: this facepatch."""
    source: Path = CHECKOUT
    """The folder of facepatch's sources."""


def run(arguments: Arguments, console: Console) -> int:
    """Install or uninstall, and say what was done; 1 where packages are missing."""
    if arguments.action == "uninstall":
        from facepatch.core.deploy.uninstall import uninstall

        removed = uninstall(arguments.dest)
        console.result("\n".join(removed.sentences()), **asdict(removed))
        return 0
    from facepatch.core.deploy.install import InstallSettings, install

    settings = InstallSettings(
        source=arguments.source,
        dest=arguments.dest,
        mayas=arguments.maya,
        platforms=arguments.platforms,
        command=arguments.command or own_command(),
        wheels=arguments.wheels,
    )
    done = install(settings, on_progress=console.progress)
    console.result("\n".join(done.sentences()), **asdict(done))
    return int(any(vendor.reason for vendor in done.vendors))


def own_command() -> tuple[str, ...]:
    """How another program starts the facepatch that runs now."""
    script = shutil.which("facepatch", path=str(Path(sys.executable).parent))
    return (script,) if script else (sys.executable, "-m", "facepatch.cli.main")
