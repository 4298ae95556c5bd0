"""Where the tables are wrong about real Maya: every exception with its reason.

The tables repeat Maya's documentation, and the documentation has errors. Each entry lets one call through
that the tables refuse, and says why that call is known to be good.
"""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Tuple


class Allowed(NamedTuple):
    """Modes to add for a flag.

    Letters c, e, q, m (many), v (takes a value in query mode); `dropped`: later documentation leaves it out,
    later Maya has it.
    """

    modes: str
    reason: str
    dropped: bool = False


def same(name: str, flags: str, modes: str, reason: str) -> Dict[Tuple[str, str], Allowed]:
    """Return one entry for each of several flags of a command."""
    return {(name, flag): Allowed(modes, reason) for flag in flags.split()}


EXAMPLE = "the example on the command's own documentation page does this"
COMMAND_FLAGS: Dict[Tuple[str, str], Allowed] = {
    **same(
        "isolateSelect",
        "state",
        "cq",
        "documented as query only; Maya's own scripts switch isolation on with `isolateSelect -state 1 panel`, "
        "and nothing else does",
    ),
    **same("currentTime", "update", "e", EXAMPLE + ": edit=True with update"),
    **same(
        "keyframe",
        "time index attribute float animation hierarchy controlPoints shape",
        "eqmv",
        EXAMPLE + ": these choose the keys that query and edit act on",
    ),
    **same("keyframe", "relative absolute option", "e", EXAMPLE),
    **same(
        "keyTangent",
        "time index attribute float animation hierarchy",
        "eqmv",
        EXAMPLE + ": these choose the keys that query and edit act on",
    ),
    **same("keyTangent", "absolute relative", "e", EXAMPLE),
    **same("selectPref", "trackSelectionOrder", "c", EXAMPLE + ": selectPref(trackSelectionOrder=1)"),
    **same("sets", "addElement remove", "c", EXAMPLE),
    **same("sets", "forceElement", "c", "like addElement, whose example uses no edit flag"),
    **same(
        "grid",
        "default size spacing divisions displayPerspectiveLabels perspectiveLabelPosition",
        "c",
        EXAMPLE,
    ),
    **same("setAttr", "keyable lock channelBox", "e", EXAMPLE),
    **same("file", "reference namespace", "c", EXAMPLE + ": file(path, reference=True)"),
    **same("file", "mergeNamespacesOnClash", "e", EXAMPLE),
    **same("namespace", "isRootNamespace", "v", EXAMPLE),
    **same("pluginInfo", "dependNodeByType", "v", EXAMPLE),
    **same("upAxis", "axis", "c", EXAMPLE),
    **same(
        "transformLimits",
        "translationX translationY translationZ enableTranslationX enableTranslationY enableTranslationZ",
        "c",
        EXAMPLE,
    ),
    **same("scriptedPanel", "label unParent", "c", EXAMPLE),
    **same(
        "grid",
        "toggle",
        "c",
        "documented as query only; Autodesk's own snapshot test (maya-usd, imageUtils.py) calls grid(toggle=False)",
    ),
    **same(
        "animLayer",
        "layeredPlug findCurveForPlug",
        "v",
        "the documentation's text: the flag's string is the plug that is asked about",
    ),
    **same(
        "colorManagementPrefs",
        "outputTarget",
        "v",
        "the documentation's text: names the target that the queried output transform belongs to",
    ),
    **same("skinCluster", "nurbsSamples", "q", EXAMPLE),
}
"""(command, long flag) -> what is allowed in addition."""

API_NAMES: Dict[str, Dict[str, Dict[str, Any]]] = {
    "maya.api.OpenMayaAnim": {
        "MFnAnimCurve": {
            **{
                f"kAnimCurve{kind}": value
                for value, kind in enumerate(["TA", "TL", "TT", "TU", "UA", "UL", "UT", "UU", "Unknown"])
            },
            **{
                f"kTangent{kind}": value
                for value, kind in enumerate(
                    [
                        "Global",
                        "Fixed",
                        "Linear",
                        "Flat",
                        "Smooth",
                        "Step",
                        "Slow",
                        "Fast",
                        "Clamped",
                        "Plateau",
                    ]
                )
            },
            "kConstant": 0,
            "kLinear": 1,
            "kCycle": 3,
            "kCycleRelative": 4,
            "kOscillate": 5,
        }
    },
    "maya.api.OpenMaya": {"MSceneMessage": {"kSceneUpdate": 0, "kBeforeNew": 1, "kAfterNew": 2}},
}
"""Members that the stubs leave out although the docstrings of the same class name them, with their values
in Maya's headers.
"""
