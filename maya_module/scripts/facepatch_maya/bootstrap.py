"""Makes what the module needs importable: facepatch.core, NumPy and pyzmq.

What Maya or the studio provides comes first. Only what cannot be found otherwise is taken from the module's own
folders: `python` (or `backend` of a checkout) and `vendor/<tag>`, compiled for just this Python and system.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Optional

_PACKAGES = {"numpy": "numpy", "zmq": "pyzmq"}
"""What is imported -> the package that has it."""


def module_folder() -> Path:
    """The folder that holds `scripts`, `plug-ins` and `vendor`: maya_module in a checkout, else facepatch."""
    return Path(__file__).resolve().parents[2]


def extend_path(folder: Optional[Path] = None) -> tuple[Path, ...]:
    """Append to sys.path what is needed and not found. Returns what was appended; never raises.

    folder: the module's, for tests.
    """
    module = folder or module_folder()
    added = []
    if not _is_found("facepatch"):
        for place in (module / "python", module.parent / "backend"):
            if (place / "facepatch" / "core").is_dir():
                added.append(_append(place))
                break
    if _is_found("facepatch.core.deploy.mayas"):
        from facepatch.core.deploy.mayas import this_tag

        vendor = module / "vendor" / this_tag().name
        if vendor.is_dir() and not all(_is_found(name) for name in _PACKAGES):
            added.append(_append(vendor))
    return tuple(added)


def check(version: str, folder: Optional[Path] = None) -> None:
    """Raise ImportError with a sentence where something is missing, does not load, or is of another version.

    version: of the module.
    """
    module = folder or module_folder()
    if not _is_found("facepatch.core"):
        raise ImportError(
            f"facepatch's own package is missing in {module}. Install the module again: facepatch maya install"
        )
    import facepatch

    if facepatch.__version__ != version:
        raise ImportError(
            f"The Maya module is facepatch {version}, but {Path(facepatch.__file__).parent} is "
            f"{facepatch.__version__} and comes first in Python's path. Remove one of the two from PYTHONPATH."
        )
    from facepatch.core.deploy.mayas import this_tag

    tag = this_tag()
    for name, package in _PACKAGES.items():
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ImportError(
                f"{package} is missing for this Maya's Python {tag.python[0]}.{tag.python[1]} ({error}). Run "
                f"`facepatch maya install{_maya(tag.mayas)}` where facepatch is installed, or let {module / 'vendor'} "
                f"hold it in the folder {tag.name}; then start Maya again."
            ) from error


def settings_command(folder: Optional[Path] = None) -> tuple[str, ...]:
    """How to start the service: what install wrote down for this system, else the checkout's own environment.

    () where neither is known, or what is written down is not on this machine.
    """
    from facepatch.core.deploy.install import COMMAND_NAME, read_commands
    from facepatch.core.deploy.mayas import this_platform

    module = folder or module_folder()
    command = read_commands(module / Path(COMMAND_NAME).name).get(this_platform(), ())
    if command and (Path(command[0]).is_file() or not Path(command[0]).is_absolute()):
        return command
    script = ("Scripts", "facepatch.exe") if sys.platform == "win32" else ("bin", "facepatch")
    own = module.parent.joinpath(".venv", *script)
    return (str(own),) if own.is_file() else ()


def _maya(mayas: tuple[str, ...]) -> str:
    return f" --maya {mayas[0]}" if mayas else ""


def _append(folder: Path) -> Path:
    sys.path.append(str(folder))
    importlib.invalidate_caches()
    return folder


def _is_found(name: str) -> bool:
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        # A parent that is not there, or a module that stands in sys.modules without a spec.
        return False
