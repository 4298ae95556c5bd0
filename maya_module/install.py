"""Drop this file into Maya's viewport: it installs the module for all Mayas of this user, updates it, or removes it.

The same as `facepatch maya install` and `uninstall` outside of Maya. It fetches pyzmq and numpy for this Maya with its
own pip; without a network everything else is installed, and the sentence says what to do.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

INSTALL, REMOVE, CANCEL = "Update", "Remove", "Cancel"


def onMayaDroppedPythonFile(*_: Any) -> None:
    """What Maya calls after the drop."""
    from maya import cmds
    from maya.api import OpenMaya

    modules = Path(cmds.internalVar(userAppDir=True)) / "modules"
    choice = INSTALL
    if (modules / "facepatch.mod").is_file():
        choice = cmds.confirmDialog(
            title="Facepatch",
            message=f"facepatch is installed in {modules}.",
            button=[INSTALL, REMOVE, CANCEL],
            defaultButton=INSTALL,
            cancelButton=CANCEL,
            dismissString=CANCEL,
        )
    if choice == CANCEL:
        return
    try:
        if choice == REMOVE:
            lines = remove(modules)
        else:
            OpenMaya.MGlobal.displayInfo("facepatch: installing; Maya waits up to a minute for two packages.")
            lines = put(modules, str(cmds.about(version=True)))
    except Exception as error:  # noqa: BLE001  the last stop: the user gets a sentence
        OpenMaya.MGlobal.displayError(f"facepatch: {error}")
        return
    for line in lines:
        OpenMaya.MGlobal.displayInfo(f"facepatch: {line}")
    OpenMaya.MGlobal.displayInfo(f"facepatch: {lines[0]} The Script Editor has the rest.")


def put(modules: Path, maya: str) -> list[str]:
    """Install into the folder of modules for the Maya of this year. Returns what to tell the user."""
    source = Path(__file__).resolve().parents[1]
    with own_code(source) as deploy:
        mayas = importlib.import_module(f"{deploy}.mayas")
        install = importlib.import_module(f"{deploy}.install")
        # A Maya that is newer than facepatch: by its Python.
        known = (maya,) if maya in mayas.MAYAS else mayas.this_tag().mayas
        settings = install.InstallSettings(
            source=source, dest=modules, mayas=known, command=command_of(source), python=(str(mayapy()),)
        )
        return install.install(settings).sentences()


def remove(modules: Path) -> list[str]:
    """Remove what an installation wrote. Returns what to tell the user."""
    with own_code(Path(__file__).resolve().parents[1]) as deploy:
        return importlib.import_module(f"{deploy}.uninstall").uninstall(modules).sentences()


@contextmanager
def own_code(source: Path) -> Generator[str, None, None]:
    """Import facepatch from `source` inside the block, though an older one may be loaded already; it comes back."""
    backend = source / "backend"
    if not (backend / "facepatch" / "core" / "deploy").is_dir():
        raise FileNotFoundError(
            f"{backend}: is not there. Drop install.py from facepatch's own folder, with everything beside it."
        )
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "facepatch"}
    sys.path.insert(0, str(backend))
    try:
        yield "facepatch.core.deploy"
    finally:
        sys.path.remove(str(backend))
        for name in [name for name in sys.modules if name.split(".")[0] == "facepatch"]:
            del sys.modules[name]
        sys.modules.update(before)


def mayapy() -> Path:
    """This Maya's Python: inside Maya, sys.executable is Maya."""
    here = Path(os.environ.get("MAYA_LOCATION") or Path(sys.executable).parents[1])
    return here / "bin" / ("mayapy.exe" if sys.platform == "win32" else "mayapy")


def command_of(source: Path) -> tuple[str, ...]:
    """How to start the service, where `make env` was run beside the module."""
    script = ("Scripts", "facepatch.exe") if sys.platform == "win32" else ("bin", "facepatch")
    path = source.joinpath(".venv", *script)
    return (str(path),) if path.is_file() else ()
