"""facepatch inside Maya: the tool, and every step of it for scripts.

    import facepatch_maya
    facepatch_maya.show()

Importing it, or any of its modules, makes facepatch.core, NumPy and pyzmq importable where they are not
(`bootstrap`). Names are loaded when they are used, so that a Maya in which something is missing still starts, and says
what.
"""

from __future__ import annotations

import importlib
from typing import Any

from facepatch_maya import bootstrap

__version__ = "0.1.0"

_STEPS, _SOLVE = "facepatch_maya.steps", "facepatch_maya.solve_steps"
_WHERE = {
    "Backend": "facepatch_maya.backend",
    "GazeControls": "facepatch_maya.head_and_gaze",
    "HeadControl": "facepatch_maya.head_and_gaze",
    "MayaHost": "facepatch_maya.host",
    "bake": _STEPS,
    "bake_controls": "facepatch_maya.rig_keys",
    "build": _STEPS,
    "capture_character": _STEPS,
    "keep_landmarks": _STEPS,
    "propose_landmarks": _STEPS,
    "read_rig": "facepatch_maya.solve_rig",
    "retarget": _STEPS,
    "solve": _SOLVE,
    "train": _STEPS,
}
"""Public name -> the module that has it. `steps` has more: live preview, and jobs that nobody waits for."""

__all__ = ["__version__", "check", "restore", "show", *_WHERE]  # pyright: ignore[reportUnsupportedDunderAll]

bootstrap.extend_path()


def check() -> None:
    """Raise ImportError with a sentence where something that the module needs is missing."""
    bootstrap.check(__version__)


def show(panel: str = "") -> Any:
    """Open the tool, or bring it to the front. panel: character, motion, train, shot or jobs; "" as it was left.

    Returns its window. Raises UnsupportedError without Maya's own window, ImportError where something is missing.
    """
    check()
    from maya import cmds

    if cmds.about(batch=True):
        from facepatch.core.errors import UnsupportedError

        raise UnsupportedError(
            "The tool needs Maya's window, and this Maya runs without. Use facepatch_maya's functions, the commands "
            "of the plug-in facepatch_plugin, or: mayapy -m facepatch_maya.batch SHOTLIST"
        )
    from facepatch_maya.ui import main_window

    return main_window.show(panel)


def restore() -> None:
    """What Maya calls for the tool's place in the workspace when it starts. Never raises: says what is missing."""
    from maya.api import OpenMaya

    try:
        check()
        from facepatch_maya.ui import main_window

        main_window.restore()
    except Exception as error:  # noqa: BLE001  whatever it is, Maya's start goes on
        OpenMaya.MGlobal.displayWarning(f"facepatch: {error}")


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'facepatch_maya' has no attribute '{name}'")
    check()
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
