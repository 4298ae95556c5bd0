"""Maya itself: version, folders, preferences, messages and dialogs."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any, Dict, List

from fakemaya.active import Gap
from fakemaya.commands.deferred import show
from fakemaya.strict import command

QT_VERSIONS = {2022: "5.15.2", 2023: "5.15.2", 2024: "5.15.2", 2025: "6.5.3", 2026: "6.5.3", 2027: "6.8.3"}
FOLDERS = {
    "userPrefDir": "prefs",
    "userScriptDir": "scripts",
    "userShelfDir": "prefs/shelves",
    "userBitmapsDir": "prefs/icons",
    "userHotkeyDir": "prefs/hotkeys",
    "userMarkingMenuDir": "prefs/markingMenus",
    "userWorkspaceDir": "prefs/workspaces",
    "userPresetsDir": "presets",
}


@command("about")
def about(maya: Any, **flags: Any) -> Any:
    system = {"Windows": "nt", "Darwin": "mac", "Linux": "linux64"}[platform.system()]
    facts = {
        "version": str(maya.version),
        "batch": maya.batch,
        "apiVersion": maya.version * 10000,
        "majorVersion": maya.version,
        "minorVersion": 0,
        "patchVersion": 0,
        "product": f"Maya {maya.version}",
        "application": "maya",
        "installedVersion": f"Maya {maya.version}",
        "operatingSystem": system,
        "qtVersion": QT_VERSIONS[maya.version],
        "windows": system == "nt",
        "linux": system == "linux64",
        "macOS": system == "mac",
        "ntOS": system == "nt",
        "linux64": system == "linux64",
        "win64": system == "nt",
        "is64": True,
        "preferences": str(app_dir(maya) / str(maya.version)) if "preferences" in flags else "",
        "uiLanguage": "en_US",
        "cutIdentifier": f"{maya.version}01010000-stand-in",
        "date": "2026/01/01",
        "file": f"Maya {maya.version}",
        "operatingSystemVersion": platform.platform(),
    }
    asked = [name for name, value in flags.items() if value]
    if len(asked) != 1 or asked[0] not in facts:
        raise Gap(f"about({', '.join(asked)}) is not in the stand-in.")
    return facts[asked[0]]


def app_dir(maya: Any) -> Path:
    """Return the user's Maya folder: the test says where, so that nothing outside it is written."""
    if "app_dir" not in maya.state:
        raise Gap(
            'The code asks for the user\'s Maya folder. Set maya.state["app_dir"] = tmp_path in the test.'
        )
    return Path(maya.state["app_dir"])


@command("internalVar")
def internal_var(maya: Any, **flags: Any) -> str:
    (asked,) = [name for name, value in flags.items() if value]
    if asked == "userAppDir":
        return app_dir(maya).as_posix() + "/"
    if asked == "userTmpDir":
        return (app_dir(maya) / "tmp").as_posix() + "/"
    return (app_dir(maya) / str(maya.version) / FOLDERS[asked]).as_posix() + "/"


@command("optionVar")
def option_var(maya: Any, **flags: Any) -> Any:
    held: Dict[str, Any] = maya.state.setdefault("option_vars", {})
    if "query" in flags:
        value = held.get(flags["query"], 0)  # Maya answers 0 for a variable that does not exist
        return list(value) if isinstance(value, list) else value
    if "exists" in flags:
        return flags["exists"] in held
    if flags.get("list"):
        return sorted(held)
    for name in as_list(flags.pop("remove", [])):
        held.pop(name, None)
    for flag, value in flags.items():
        if flag in ("intValue", "floatValue", "stringValue"):
            for name, one in [value] if isinstance(value[0], str) else value:
                held[name] = {"intValue": int, "floatValue": float, "stringValue": str}[flag](one)
        elif flag in ("intValueAppend", "floatValueAppend", "stringValueAppend"):
            for name, one in [value] if isinstance(value[0], str) else value:
                held.setdefault(name, []).append(one)
        elif flag in ("clearArray", "intArray", "floatArray", "stringArray"):
            held.update({name: [] for name in as_list(value)})
        else:
            raise Gap(f"optionVar(-{flag}) is not in the stand-in.")
    return None


def as_list(value: Any) -> List[Any]:
    """Return a list of one or several."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


@command("warning")
def warning(maya: Any, *args: Any, noContext: bool = False, showLineNumber: bool = False) -> None:
    show(maya, "warning", str(args[0]))


@command("error")
def error(maya: Any, *args: Any, noContext: bool = False, showLineNumber: bool = False) -> None:
    show(maya, "error", str(args[0]))
    raise RuntimeError(str(args[0]))


@command("inViewMessage")
def in_view_message(maya: Any, **flags: Any) -> None:
    text = flags.get("assistMessage") or flags.get("statusMessage") or flags.get("message")
    if text:
        show(maya, "in view", text)


@command("helpLine")
def help_line(maya: Any, **flags: Any) -> None:
    raise Gap("helpLine is not in the stand-in.")


@command("confirmDialog")
def confirm_dialog(maya: Any, **flags: Any) -> str:
    choices = as_list(flags.get("button", ["Confirm"]))
    show(maya, "dialog", f"{flags.get('title', '')}: {flags.get('message', '')}")
    return reply(maya, "confirmDialog", [*choices, flags.get("dismissString", "dismiss")])


@command("promptDialog")
def prompt_dialog(maya: Any, **flags: Any) -> Any:
    if flags.get("query"):
        return maya.state.get("prompt_text", "")
    return reply(
        maya,
        "promptDialog",
        [*as_list(flags.get("button", ["Confirm"])), flags.get("dismissString", "dismiss")],
    )


@command("fileDialog2")
def file_dialog(maya: Any, **flags: Any) -> Any:
    return reply(maya, "fileDialog2", None)


def reply(maya: Any, name: str, choices: Any) -> Any:
    """Return what the test's user answers to a modal dialog: `maya.state["replies"]` is a list, the first is
    taken.

    Raises:
        Gap: no answer is there: the real dialog would wait for ever.
    """
    waiting = maya.state.setdefault("replies", [])
    if not waiting:
        raise Gap(f'{name} waits for the user. Put an answer into maya.state["replies"] first.')
    answer = waiting.pop(0)
    if choices is not None and answer not in choices:
        raise Gap(f"{name} offers {choices}, not {answer!r}.")
    return answer


@command("progressWindow")
def progress_window(maya: Any, **flags: Any) -> Any:
    held = maya.state.setdefault("progress", {})
    if flags.pop("query", False):
        (asked,) = flags
        return maya.state.get("escape", False) if asked == "isCancelled" else held.get(asked, 0)
    if flags.pop("edit", False):
        if not held:
            raise RuntimeError("progressWindow: there is no progress window to edit.")
        step = flags.pop("step", 0)
        held["progress"] = held.get("progress", 0) + step
    if flags.pop("endProgress", False):
        held.clear()
        return None
    held.update(flags)
    return True


@command("waitCursor")
def wait_cursor(maya: Any, *, state: Any = None, query: bool = False) -> Any:
    depth = maya.state.setdefault("wait_cursor", 0)
    if query:
        return depth > 0
    maya.state["wait_cursor"] = max(0, depth + (1 if state else -1))
    return None
