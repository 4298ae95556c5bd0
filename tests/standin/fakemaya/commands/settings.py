"""What the user has set and a tool must give back.

Viewport, evaluation, colours, colour management, autokey. `snapshot` is what a test compares before and
after.
"""

from __future__ import annotations

import copy
from typing import Any, Dict

from fakemaya.active import Gap
from fakemaya.strict import IMPLEMENTATIONS, command


def defaults() -> Dict[str, Any]:
    """Return the settings of a Maya that nobody has touched."""
    return {
        "autokey": False,
        "evaluation": "parallel",
        "evaluators": {
            "cache": True,
            "dynamics": True,
            "invisibility": True,
            "hik": True,
            "pruneRoots": True,
            "curveManager": True,
            "deformer": True,
        },
        "paused": False,
        "suspended": False,
        "colors": {
            "background": (0.631, 0.631, 0.631),
            "backgroundTop": (0.54, 0.617, 0.71),
            "backgroundBottom": (0.1, 0.1, 0.1),
        },
        "display": {
            "displayGradient": True,
            "wireframeOnShadedActive": "full",
            "displayAffected": False,
            "regionOfEffect": True,
        },
        "hud": True,
        "grid": {"toggle": True, "size": 12.0, "spacing": 5.0, "divisions": 5},
        "view": {
            "cmEnabled": True,
            "viewTransformName": "ACES 1.0 SDR-video (sRGB)",
            "renderingSpaceName": "ACEScg",
        },
        "output": {
            target: {
                "outputTransformEnabled": target == "playblast",
                "outputTransformName": "ACES 1.0 SDR-video (sRGB)",
                "outputUseViewTransform": True,
            }
            for target in ("renderer", "playblast")
        },
        "manipulation": True,
    }


TRANSFORMS = ["ACES 1.0 SDR-video (sRGB)", "Un-tone-mapped (sRGB)", "Raw (sRGB)", "Log (sRGB)"]
"""Names of output transforms of Maya's default configuration since 2022.

Older scenes have "Raw" or "Raw (legacy)".
"""


def settings(maya: Any) -> Dict[str, Any]:
    """Return the session's settings, to read and to change."""
    return maya.state.setdefault("settings", defaults())


def snapshot(maya: Any) -> Dict[str, Any]:
    """Return a copy of all that a tool must leave as it was, except the scene itself.

    Settings, panels, isolation, windows, frame range, selection preferences.
    """
    from fakemaya.commands.elements import tree

    names = [element.path for element in tree(maya).everything()]
    flags = {
        element.name: dict(element.flags)
        for element in tree(maya).everything()
        if element.type == "modelPanel"
    }
    return copy.deepcopy(
        {
            "settings": settings(maya),
            "elements": names,
            "panels": flags,
            "isolated": maya.state.get("isolated", {}),
            "playback": maya.state.get("playback", {}),
        }
    )


def do(maya: Any, name: str, *args: Any, **flags: Any) -> Any:
    """Run a command inside another, unchecked and unrecorded."""
    return IMPLEMENTATIONS[name].run(maya, *args, **flags)


@command("autoKeyframe")
def auto_keyframe(maya: Any, *, state: Any = None, query: bool = False, edit: bool = False) -> Any:
    if query:
        return settings(maya)["autokey"]
    if state is not None:
        settings(maya)["autokey"] = bool(state)
    return None


@command("evaluationManager")
def evaluation_manager(
    maya: Any,
    *,
    mode: Any = None,
    query: bool = False,
    enabled: bool = False,
    invalidate: Any = None,
    manipulation: Any = None,
) -> Any:
    held = settings(maya)
    if query:
        return (
            [held["evaluation"]] if mode else held["evaluation"] != "off" if enabled else held["manipulation"]
        )
    if mode is not None:
        if mode not in ("off", "serial", "parallel"):
            raise RuntimeError(f"evaluationManager: unknown mode '{mode}'.")
        held["evaluation"] = mode
    if manipulation is not None:
        held["manipulation"] = bool(manipulation)
    return None


@command("evaluator")
def evaluator(
    maya: Any,
    *,
    name: str = "",
    enable: Any = None,
    query: bool = False,
    configuration: Any = None,
    info: bool = False,
    valueName: Any = None,
) -> Any:
    held = settings(maya)["evaluators"]
    if not name:
        return sorted(held)
    if name not in held:
        raise RuntimeError(f"evaluator: there is no evaluator '{name}'.")
    if query:
        if enable:
            return held[name]
        raise Gap("evaluator: only enable can be queried in the stand-in.")
    if configuration is not None:
        maya.state.setdefault("evaluator_configuration", []).append((name, configuration))
    if enable is not None:
        held[name] = bool(enable)
    return True


@command("ogs")
def ogs(
    maya: Any,
    *,
    pause: bool = False,
    reset: bool = False,
    query: bool = False,
    disposeReleasableTextures: bool = False,
    deviceInformation: bool = False,
) -> Any:
    held = settings(maya)
    if query:
        return held["paused"]
    if pause:
        held["paused"] = not held["paused"]  # Maya's flag is a switch: each call turns it over
    return ["no graphics: this is the stand-in"] if deviceInformation else None


@command("refresh")
def refresh(maya: Any, *, force: bool = False, currentView: bool = False, suspend: Any = None) -> None:
    if suspend is not None:
        settings(maya)["suspended"] = bool(suspend)
    else:
        maya.counts["redraw"] += 1


@command("displayRGBColor")
def display_rgb_color(
    maya: Any, *args: Any, query: bool = False, resetToFactory: bool = False, list: bool = False
) -> Any:
    held = settings(maya)["colors"]
    if resetToFactory:
        held.update(defaults()["colors"])
        return None
    if list:
        return [f"{name} {value[0]} {value[1]} {value[2]}" for name, value in held.items()]
    if args[0] not in held:
        raise RuntimeError(f"displayRGBColor: unknown color name '{args[0]}'.")
    if query:
        return [*held[args[0]]]
    if len(args) != 4:
        raise RuntimeError("displayRGBColor: needs a name and three numbers.")
    held[args[0]] = tuple(float(value) for value in args[1:])
    return None


@command("displayPref")
def display_pref(maya: Any, *, query: bool = False, **flags: Any) -> Any:
    held = settings(maya)["display"]
    if query:
        (asked,) = flags
        if asked not in held:
            raise Gap(f"displayPref(-{asked}) is not in the stand-in.")
        return held[asked]
    held.update(flags)
    return None


@command("headsUpDisplay")
def heads_up_display(
    maya: Any,
    *args: Any,
    query: bool = False,
    edit: bool = False,
    layoutVisibility: Any = None,
    listHeadsUpDisplays: bool = False,
    exists: bool = False,
) -> Any:
    held = settings(maya)
    if exists:
        return False
    if listHeadsUpDisplays:
        return ["HUDViewAxis", "HUDCameraNames"]
    if query:
        return held["hud"]
    held["hud"] = bool(layoutVisibility)
    return None


@command("grid")
def grid(maya: Any, *, query: bool = False, **flags: Any) -> Any:
    held = settings(maya)["grid"]
    if query:
        (asked,) = flags
        return held[asked]
    held.update(flags)
    return None


@command("colorManagementPrefs")
def color_management_prefs(
    maya: Any,
    *,
    query: bool = False,
    edit: bool = False,
    outputTarget: str = "renderer",
    outputTransformNames: bool = False,
    viewTransformNames: bool = False,
    refresh: bool = False,
    **flags: Any,
) -> Any:
    held = settings(maya)
    target = held["output"].get(outputTarget)
    if target is None:
        raise RuntimeError(
            f'colorManagementPrefs: the output target is \'{outputTarget}\'; it is "renderer" or "playblast".'
        )
    if query:
        if outputTransformNames or viewTransformNames:
            return list(maya.state.get("transforms", TRANSFORMS))
        (asked,) = flags
        place = target if asked in target else held["view"]
        if asked not in place:
            raise Gap(f"colorManagementPrefs(-{asked}) is not in the stand-in.")
        return place[asked]
    if not edit:
        return None
    if maya.state.get("color_policy_locked"):
        raise RuntimeError(
            "Color management preferences are locked by the policy (MAYA_COLOR_MANAGEMENT_POLICY_LOCK)."
        )
    for name, value in flags.items():
        if name == "outputTransformName" and value not in maya.state.get("transforms", TRANSFORMS):
            raise RuntimeError(f"colorManagementPrefs: '{value}' is not an output transform.")
        place = target if name in target else held["view"]
        if name not in place:
            raise Gap(f"colorManagementPrefs(-{name}) is not in the stand-in.")
        place[name] = value
    return None


@command("sequenceManager")
def sequence_manager(
    maya: Any,
    *,
    query: bool = False,
    writableSequencer: Any = None,
    node: Any = None,
    listShots: bool = False,
) -> Any:
    if listShots:
        return None
    name = do(maya, "ls", type="sequencer")
    return (name or [""])[0] if writableSequencer else "sequenceManager1"


@command("play")
def play(
    maya: Any, *, state: Any = None, query: bool = False, forward: Any = None, wait: bool = False
) -> Any:
    if query:
        return maya.state.get("playing", False)
    maya.state["playing"] = True if state is None else bool(state)
    return None
