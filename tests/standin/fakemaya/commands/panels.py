"""Model panels: what they show, through which camera, and which objects are isolated in them."""

from __future__ import annotations

from typing import Any, Dict, List

from fakemaya.commands.elements import Element, answer, close_element, make, tree
from fakemaya.commands.settings import do
from fakemaya.strict import command

KINDS = [
    "nurbsCurves",
    "nurbsSurfaces",
    "polymeshes",
    "subdivSurfaces",
    "planes",
    "lights",
    "cameras",
    "joints",
    "ikHandles",
    "deformers",
    "dynamics",
    "locators",
    "dimensions",
    "handles",
    "textures",
    "strokes",
    "pluginShapes",
    "controlVertices",
    "hulls",
    "pivots",
]
EDITOR: Dict[str, Any] = {
    "camera": "persp",
    "rendererName": "vp2Renderer",
    "displayAppearance": "wireframe",
    "displayLights": "default",
    "displayTextures": False,
    "shadows": False,
    "twoSidedLighting": True,
    "headsUpDisplay": True,
    "grid": True,
    "manipulators": True,
    "wireframeOnShaded": False,
    "xray": False,
    "useDefaultMaterial": False,
    "selectionHiliteDisplay": True,
    "sortTransparent": True,
    "cmEnabled": True,
    "viewTransformName": "",
    "exposure": 0.0,
    "gamma": 1.0,
    "allObjects": True,
    **dict.fromkeys(KINDS, True),
}
STANDARD = {"modelPanel1": "top", "modelPanel2": "side", "modelPanel3": "front", "modelPanel4": "persp"}


def panels(maya: Any) -> Dict[str, Element]:
    """Return the model panels by name; the four standard ones are there from the start, except in batch."""
    elements = tree(maya)
    if not maya.batch and not maya.state.get("standard_panels"):
        maya.state["standard_panels"] = True
        layout = elements.add("paneLayout", "viewPanes", elements.need("MayaWindow"), {})
        for name, camera in STANDARD.items():
            elements.add(
                "modelPanel", name, layout, {**EDITOR, "camera": camera, "displayAppearance": "smoothShaded"}
            )
        elements.counts["modelPanel"] = len(STANDARD)
    return {each.name: each for each in elements.everything() if each.type == "modelPanel"}


def need_panel(maya: Any, name: str) -> Element:
    """Return a panel by its short or full name.

    Raises:
        RuntimeError: there is none.
    """
    found = panels(maya).get(name.rsplit("|", 1)[-1])
    if found is None:
        raise RuntimeError(f"Object '{name}' not found.")
    return found


@command("modelPanel")
def model_panel(maya: Any, *args: Any, **flags: Any) -> Any:
    held = panels(maya)
    if flags.pop("exists", False):
        return args[0] in held
    if flags.get("query"):
        flags.pop("query")
        panel = need_panel(maya, args[0])
        return answer(panel, flags, {"modelEditor": panel.name, "camera": panel.flags["camera"]})
    if flags.pop("edit", False):
        panel = need_panel(maya, args[0])
        if "camera" in flags:
            flags["camera"] = camera_of(maya, flags["camera"])
        panel.flags.update(flags)
        return panel.name
    return make(maya, "modelPanel", args, {**EDITOR, **flags}).name


@command("modelEditor")
def model_editor(maya: Any, *args: Any, **flags: Any) -> Any:
    if flags.pop("exists", False):
        return args[0] in panels(maya)
    query, edit = flags.pop("query", False), flags.pop("edit", False)
    if not (query or edit):
        from fakemaya.active import Gap

        raise Gap("modelEditor: the stand-in has editors only inside modelPanels.")
    panel = need_panel(maya, args[0])
    if query:
        (asked,) = flags
        if asked == "rendererList":
            return ["vp2Renderer"]
        if asked not in panel.flags:
            from fakemaya.active import Gap

            raise Gap(f"modelEditor(-{asked}) is not in the stand-in.")
        return panel.flags[asked]
    if "allObjects" in flags:
        panel.flags.update({kind: bool(flags["allObjects"]) for kind in KINDS})
    if "camera" in flags:
        flags["camera"] = camera_of(maya, flags["camera"])
    panel.flags.update(flags)
    return panel.name


def camera_of(maya: Any, name: str) -> str:
    """Return a camera's name as a panel keeps it: of its transform.

    Raises:
        RuntimeError: no camera has the name.
    """
    shapes = do(maya, "ls", name, type="camera") or do(
        maya, "listRelatives", name, shapes=True, type="camera", fullPath=True
    )
    if not shapes:
        raise RuntimeError(f"No camera named '{name}'.")
    return do(maya, "listRelatives", shapes[0], parent=True)[0]


@command("lookThru")
def look_thru(maya: Any, *args: Any, query: bool = False, **flags: Any) -> Any:
    if maya.batch:
        raise RuntimeError("lookThru: no user interface in batch mode.")
    held = panels(maya)
    named = [name for name in args if name in held]
    panel = held[named[0]] if named else held["modelPanel4"]
    if query:
        return panel.flags["camera"]
    cameras = [name for name in args if name not in held]
    panel.flags["camera"] = camera_of(maya, cameras[0])
    return None


@command("getPanel")
def get_panel(
    maya: Any,
    *,
    allPanels: bool = False,
    visiblePanels: bool = False,
    withFocus: bool = False,
    underPointer: bool = False,
    type: str = "",
    typeOf: str = "",
    withLabel: str = "",
    containing: str = "",
    invisiblePanels: bool = False,
    atPosition: Any = None,
) -> Any:
    held = panels(maya)
    if typeOf:
        return "modelPanel" if typeOf in held else ""
    if withFocus or underPointer:
        return maya.state.get("focus", "modelPanel4")
    if type and type != "modelPanel":
        return None
    if invisiblePanels:
        return None
    return list(held) or None


@command("setFocus")
def set_focus(maya: Any, *args: Any) -> None:
    maya.state["focus"] = args[0].rsplit("|", 1)[-1]


@command("isolateSelect")
def isolate_select(
    maya: Any,
    *args: Any,
    query: bool = False,
    state: Any = None,
    viewObjects: bool = False,
    addDagObject: str = "",
    removeDagObject: str = "",
    addSelected: bool = False,
    addSelectedObjects: bool = False,
    loadSelected: bool = False,
    update: bool = False,
    removeSelected: bool = False,
) -> Any:
    panel = need_panel(maya, args[0]).name
    held = maya.state.setdefault("isolated", {}).setdefault(panel, {"on": False, "objects": []})
    if query:
        return f"{panel}ViewSelectedSet" if viewObjects else held["on"]
    if state is not None:
        held["on"] = bool(state)
        if not held["on"]:
            held["objects"] = []
    if loadSelected:
        held["objects"] = []  # as Maya 2027 does it, by a third party's report: the set is left empty
    for name in [addDagObject] if addDagObject else []:
        held["objects"] += need_node(maya, name)
    if addSelected or addSelectedObjects:
        held["objects"] += do(maya, "ls", selection=True, long=True) or []
    if removeDagObject:
        gone = need_node(maya, removeDagObject)
        held["objects"] = [each for each in held["objects"] if each not in gone]
    return None


def need_node(maya: Any, name: str) -> List[str]:
    """Return a node's full path in a list.

    Raises:
        RuntimeError: there is no such node.
    """
    found = do(maya, "ls", name, long=True)
    if not found:
        raise RuntimeError(f"No object matches name: {name}")
    return found


def close_panel(maya: Any, name: str) -> None:
    """Delete a panel."""
    close_element(maya, need_panel(maya, name))
