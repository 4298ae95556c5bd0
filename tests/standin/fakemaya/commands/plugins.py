"""loadPlugin and its kin.

The plug-in file is really run, as Maya runs it: its text, in a name space of its own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List

from fakemaya.commands.deferred import show
from fakemaya.strict import command


@command("loadPlugin")
def load_plugin(maya: Any, *args: Any, quiet: bool = False, name: str = "") -> List[str]:
    loaded = []
    for given in args:
        path = find_plugin(given)
        if path.stem in plugins(maya):
            if not quiet:
                show(maya, "warning", f"Plug-in, {path.stem}, is already loaded.")
            continue
        run_plugin(maya, path, name or path.stem)
        loaded.append(name or path.stem)
    return loaded


def plugins(maya: Any) -> Dict[str, Dict[str, Any]]:
    """Return the loaded plug-ins by name: their file, name space and plug-in object."""
    return maya.state.setdefault("plugins", {})


def find_plugin(given: str) -> Path:
    """Return the file of a plug-in given by path, or by name on MAYA_PLUG_IN_PATH.

    Raises:
        RuntimeError: there is none.
    """
    folders = [""] if Path(given).is_absolute() else os.environ.get("MAYA_PLUG_IN_PATH", "").split(os.pathsep)
    for folder in folders:
        for suffix in ("", ".py"):
            path = Path(folder, given + suffix)
            if (folder or path.is_absolute()) and path.is_file():
                return path
    raise RuntimeError(f'Plug-in, "{given}", was not found on MAYA_PLUG_IN_PATH.')


def run_plugin(maya: Any, path: Path, name: str) -> None:
    """Run a plug-in file and its initializePlugin.

    Raises:
        RuntimeError: the file is no API 2 plug-in, or its start failed.
    """
    from maya.api import OpenMaya

    space: Dict[str, Any] = {"__name__": name}  # no __file__: Maya runs the text of the file
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), space)
    for needed in ("maya_useNewAPI", "initializePlugin", "uninitializePlugin"):
        if needed not in space:
            raise RuntimeError(
                f"{path.name}: initializePlugin function could not be found. (It defines no {needed}.)"
            )
    handle = OpenMaya.MObject()
    plugins(maya)[name] = {"path": path, "space": space, "object": handle, "vendor": "", "version": ""}
    maya.state["loading_plugin"] = name
    try:
        space["initializePlugin"](handle)
    except Exception as error:
        plugins(maya).pop(name)
        raise RuntimeError(f"initializePlugin function failed ({name}): {error}") from error
    finally:
        maya.state.pop("loading_plugin", None)


@command("unloadPlugin")
def unload_plugin(maya: Any, *args: Any, force: bool = False) -> List[str]:
    for name in args:
        name = Path(name).stem
        if name not in plugins(maya):
            raise RuntimeError(f'Plug-in, "{name}", is not loaded.')
        maya.state["loading_plugin"] = name
        try:
            plugins(maya)[name]["space"]["uninitializePlugin"](plugins(maya)[name]["object"])
        finally:
            maya.state.pop("loading_plugin", None)
        plugins(maya).pop(name)
    return [Path(name).stem for name in args]


@command("pluginInfo")
def plugin_info(
    maya: Any,
    *args: Any,
    query: bool = False,
    edit: bool = False,
    loaded: bool = False,
    listPlugins: bool = False,
    path: bool = False,
    version: bool = False,
    vendor: bool = False,
    command: Any = None,
    autoload: Any = None,
    registered: bool = False,
    name: bool = False,
) -> Any:
    held = plugins(maya)
    if listPlugins:
        return sorted(held) or None
    plugin = Path(args[0]).stem if args else ""
    if loaded or registered:
        return plugin in held
    if edit:
        maya.state.setdefault("autoload", {})[plugin] = bool(autoload)
        return None
    if plugin not in held:
        raise RuntimeError(f'Plug-in, "{plugin}", is not loaded.')
    entry = held[plugin]
    if autoload is not None:
        return maya.state.get("autoload", {}).get(plugin, False)
    if command is not None:
        return (
            sorted(each for each, owner in maya.state.get("command_owners", {}).items() if owner == plugin)
            or None
        )
    return (
        str(entry["path"]) if path else plugin if name else entry["version"] if version else entry["vendor"]
    )
