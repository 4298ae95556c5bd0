"""What a playblast needs and nobody shall see afterwards: copies with an own Phong, a camera, a panel, preferences.

The meshes themselves are not touched. Each is drawn as a live copy (`worldMesh` into a new shape), so that its
shading groups, per face or not, referenced or not, need no restoring. Everything is taken away again in any case.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from maya import cmds
from maya.api import OpenMaya as om

from facepatch.core.axes import Float64
from facepatch_maya.scene_names import mesh_shape, plug
from facepatch_maya.scene_state import (
    autokey_off,
    cached_playback_off,
    kept_modified,
    kept_selection,
    kept_time,
    undo_off,
)

log = logging.getLogger(__name__)

MARGIN = 0.08
"""Free border on each side, as a share of the picture; that of the backend's own renderer."""
GREY = (0.5, 0.5, 0.5)
"""Background, and the colour of a mesh whose material has none."""
PHONG = {"diffuse": 0.7, "cosinePower": 16.0}
AMBIENT, SPECULAR = 0.3, 0.06

_EDITOR: dict[str, Any] = {
    "rendererName": "vp2Renderer",
    "displayAppearance": "smoothShaded",
    # The headlight of the camera: whatever lights the scene has, the pictures are alike.
    "displayLights": "default",
    "displayTextures": True,
    "shadows": False,
    "twoSidedLighting": True,
    "headsUpDisplay": False,
    "grid": False,
    "manipulators": False,
    "selectionHiliteDisplay": False,
    "wireframeOnShaded": False,
    "xray": False,
    "useDefaultMaterial": False,
    "exposure": 0.0,
    "gamma": 1.0,
}
_VIEWPORT = {
    "multiSampleEnable": True,
    "ssaoEnable": False,
    "motionBlurEnable": False,
    "hwFogEnable": False,
    "defaultLightIntensity": 1.0,
}
"""Of the node hardwareRenderingGlobals, where this Maya has them."""


@dataclass(frozen=True)
class Stage:
    """Ready to be played: `playblast(editorPanelName=panel)`."""

    panel: str
    window: str


@contextmanager
def stage(meshes: Sequence[str], low: Float64, high: Float64, axes: Float64, *, size: int) -> Iterator[Stage]:
    """A stage for `meshes`, seen from the front. The scene and the preferences are as before at the end.

    low, high: (3,) corners of the box, in head axes, that holds all meshes at all frames. axes: (3, 3) world from head.
    """
    with ExitStack() as state:
        for borrowed in (
            kept_modified(),
            kept_selection(),
            cached_playback_off(),
            autokey_off(),
            kept_time(),
        ):
            state.enter_context(borrowed)
        state.enter_context(undo_off())
        nodes: list[str] = []
        state.callback(_delete, nodes)
        copies = [_copy(mesh, nodes) for mesh in meshes]
        camera = _camera(low, high, axes, nodes)
        state.enter_context(_viewport())
        state.enter_context(_background())
        state.enter_context(_neutral_colours())
        yield state.enter_context(_panel(camera, copies, size))


def _copy(mesh: str, nodes: list[str]) -> str:
    """A shape that follows `mesh`, with a Phong of the colour that the mesh has."""
    source = mesh_shape(mesh)
    transform = cmds.createNode("transform", name="facepatch_playblast_mesh", skipSelect=True)
    nodes.append(transform)
    shape = cmds.createNode("mesh", parent=transform, skipSelect=True)
    number = source.instanceNumber()
    cmds.connectAttr(f"{source.fullPathName()}.worldMesh[{number}]", f"{shape}.inMesh")
    shader = cmds.createNode("phong", name="facepatch_playblast_phong", skipSelect=True)
    nodes.append(shader)
    group = cmds.sets(renderable=True, noSurfaceShader=True, empty=True, name="facepatch_playblast_SG")
    nodes.append(group)
    cmds.connectAttr(f"{shader}.outColor", f"{group}.surfaceShader", force=True)
    for name, value in PHONG.items():
        cmds.setAttr(f"{shader}.{name}", value)
    cmds.setAttr(f"{shader}.ambientColor", AMBIENT, AMBIENT, AMBIENT, type="double3")
    cmds.setAttr(f"{shader}.specularColor", SPECULAR, SPECULAR, SPECULAR, type="double3")
    _take_colour(source.fullPathName(), shader)
    cmds.sets(shape, edit=True, forceElement=group)
    return transform


def _take_colour(shape: str, shader: str) -> None:
    """The colour or texture of the mesh's first material: eyes and teeth shall look like eyes and teeth."""
    groups = cmds.listConnections(shape, type="shadingEngine") or []
    found = (
        cmds.listConnections(f"{groups[0]}.surfaceShader", source=True, destination=False) if groups else None
    )
    names = [f"{found[0]}.{attribute}" for attribute in ("color", "baseColor")] if found else []
    name = next((name for name in names if cmds.objExists(name)), "")
    texture = (cmds.listConnections(name, source=True, destination=False, plugs=True) or []) if name else []
    if texture:
        cmds.connectAttr(texture[0], f"{shader}.color", force=True)
        return
    colour = cmds.getAttr(name)[0] if name else GREY
    cmds.setAttr(f"{shader}.color", *colour, type="double3")


def _camera(low: Float64, high: Float64, axes: Float64, nodes: list[str]) -> str:
    """An orthographic camera that shows the box in the middle of a square picture."""
    transform = cmds.createNode("transform", name="facepatch_playblast_camera", skipSelect=True)
    nodes.append(transform)
    shape = cmds.createNode("camera", parent=transform, skipSelect=True)
    width, depth = _width(low, high), float(high[2] - low[2])
    place = axes @ np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, high[2] + width])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = axes, place
    path = om.MSelectionList().add(transform).getDagPath(0)
    placed = om.MTransformationMatrix(om.MMatrix(matrix.T.ravel().tolist()))
    om.MFnTransform(path).setTransformation(placed)
    # Through the API, since it takes centimetres whatever the scene's unit is.
    for name, value in (
        ("orthographicWidth", width),
        ("nearClipPlane", width / 10),
        ("farClipPlane", 3 * width + depth),
        ("horizontalFilmAperture", 1.0),
        ("verticalFilmAperture", 1.0),
    ):
        plug(f"{shape}.{name}").setDouble(value)
    cmds.setAttr(f"{shape}.orthographic", True)
    return transform


def _width(low: Float64, high: Float64) -> float:
    extent = float(max(high[0] - low[0], high[1] - low[1]))
    return max(extent, 1e-3) / (1.0 - 2.0 * MARGIN)


@contextmanager
def _panel(camera: str, copies: Sequence[str], size: int) -> Iterator[Stage]:
    focus = cmds.getPanel(withFocus=True)
    window = cmds.window(visible=False, widthHeight=(size, size), menuBarVisible=False, title="facepatch")
    panel = ""
    try:
        layout = cmds.paneLayout(parent=window)
        panel = cmds.modelPanel(parent=layout, menuBarVisible=False)
        cmds.modelEditor(panel, edit=True, allObjects=False)
        cmds.modelEditor(panel, edit=True, camera=camera, polymeshes=True, **_EDITOR)
        cmds.isolateSelect(panel, state=True)
        # One by one: loadSelected leaves the set empty in some versions of Maya.
        for copy in copies:
            cmds.isolateSelect(panel, addDagObject=copy)
        cmds.refresh(force=True)
        yield Stage(panel, window)
    finally:
        # A panel that goes with its window leaks.
        if panel and cmds.modelPanel(panel, exists=True):
            cmds.deleteUI(panel, panel=True)
        if cmds.window(window, exists=True):
            cmds.deleteUI(window)
        if focus and cmds.modelPanel(focus, exists=True):
            cmds.setFocus(focus)


@contextmanager
def _viewport() -> Iterator[None]:
    node = "hardwareRenderingGlobals"
    there = cmds.objExists(node)
    names = [name for name in _VIEWPORT if there and cmds.attributeQuery(name, node=node, exists=True)]
    before = {name: cmds.getAttr(f"{node}.{name}") for name in names}
    try:
        for name in names:
            cmds.setAttr(f"{node}.{name}", _VIEWPORT[name])
        yield
    finally:
        for name, value in before.items():
            cmds.setAttr(f"{node}.{name}", value)


@contextmanager
def _background() -> Iterator[None]:
    colour = cmds.displayRGBColor("background", query=True)
    gradient = cmds.displayPref(query=True, displayGradient=True)
    try:
        cmds.displayPref(displayGradient=False)
        cmds.displayRGBColor("background", *GREY)
        yield
    finally:
        cmds.displayRGBColor("background", *colour)
        cmds.displayPref(displayGradient=gradient)


@contextmanager
def _neutral_colours() -> Iterator[None]:
    """Pictures without a view transform, which would differ from studio to studio."""
    name = cmds.colorManagementPrefs(query=True, outputTransformName=True, outputTarget="playblast")
    from_view = cmds.colorManagementPrefs(query=True, outputUseViewTransform=True, outputTarget="playblast")
    names = cmds.colorManagementPrefs(query=True, outputTransformNames=True) or []
    raw = next((one for one in names if one.startswith("Raw")), "")
    try:
        try:
            if raw:
                cmds.colorManagementPrefs(edit=True, outputTransformName=raw, outputTarget="playblast")
        except RuntimeError as error:
            raw = ""
            log.warning("the colour management of this Maya is locked (%s)", error)
        if not raw:
            log.warning(
                "playblast: no raw output; these pictures have the colours of this Maya's view transform"
            )
        yield
    finally:
        if raw:
            cmds.colorManagementPrefs(edit=True, outputTransformName=name, outputTarget="playblast")
            if from_view:
                cmds.colorManagementPrefs(edit=True, outputUseViewTransform=True, outputTarget="playblast")


def _delete(nodes: Sequence[str]) -> None:
    for node in nodes:
        if cmds.objExists(node):
            cmds.delete(node)
