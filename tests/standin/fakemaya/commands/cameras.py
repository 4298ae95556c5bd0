"""Cameras, lights and shading nodes."""

from __future__ import annotations

from typing import Any, Dict, List

from fakemaya.active import Gap
from fakemaya.commands.settings import do
from fakemaya.strict import command

CAMERA = {
    "orthographic": "orthographic",
    "orthographicWidth": "orthographicWidth",
    "nearClipPlane": "nearClipPlane",
    "farClipPlane": "farClipPlane",
    "focalLength": "focalLength",
    "centerOfInterest": "centerOfInterest",
    "overscan": "overscan",
    "displayFilmGate": "displayFilmGate",
    "displayResolution": "displayResolution",
    "displayGateMask": "displayGateMask",
    "horizontalFilmAperture": "horizontalFilmAperture",
    "verticalFilmAperture": "verticalFilmAperture",
    "panZoomEnabled": "panZoomEnabled",
}
FILM_FITS = ["fill", "horizontal", "vertical", "overscan"]


@command("camera")
def camera(
    maya: Any,
    *args: Any,
    query: bool = False,
    edit: bool = False,
    name: str = "",
    position: Any = None,
    rotation: Any = None,
    filmFit: Any = None,
    **flags: Any,
) -> Any:
    if query:
        shape = shape_of(maya, args[0])
        (asked,) = flags or ("filmFit",)
        if asked == "startupCamera":
            return maya.scene.node(shape).default
        if asked != "filmFit" and asked not in CAMERA:
            raise Gap(f"camera(-query -{asked}) is not in the stand-in.")
        return (
            FILM_FITS[do(maya, "getAttr", shape + ".filmFit")]
            if asked == "filmFit"
            else do(maya, "getAttr", f"{shape}.{CAMERA[asked]}")
        )
    if edit:
        shape, transform = shape_of(maya, args[0]), ""
    else:
        shape = do(maya, "createNode", "camera", skipSelect=True)
        transform = do(maya, "listRelatives", shape, parent=True)[0]
        if name:
            transform = do(maya, "rename", transform, name)
            shape = do(maya, "listRelatives", transform, shapes=True)[0]
    set_camera(maya, shape, {**flags, **({"filmFit": FILM_FITS.index(filmFit)} if filmFit else {})})
    for attribute, value in (("translate", position), ("rotate", rotation)):
        if value is not None:
            do(maya, "setAttr", f"{transform or args[0]}.{attribute}", *value, type="double3")
    if not edit:
        do(maya, "select", transform, replace=True)
    return None if edit else [transform, shape]


def set_camera(maya: Any, shape: str, flags: Dict[str, Any]) -> None:
    """Set attributes of a camera by the command's flags."""
    for flag, value in flags.items():
        do(maya, "setAttr", f"{shape}.{'filmFit' if flag == 'filmFit' else CAMERA[flag]}", value)


def shape_of(maya: Any, name: str) -> str:
    """Return the camera's shape, whichever of the two was named.

    Raises:
        RuntimeError: no camera has the name.
    """
    found = do(maya, "ls", name, type="camera", long=True) or do(
        maya, "listRelatives", name, shapes=True, type="camera", fullPath=True
    )
    if not found:
        raise RuntimeError(f"No camera named '{name}'.")
    return found[0]


@command("listCameras")
def list_cameras(maya: Any, *, orthographic: bool = False, perspective: bool = False) -> List[str]:
    shapes = do(maya, "ls", type="camera", long=True) or []
    kept = [
        each
        for each in shapes
        if orthographic == perspective or bool(do(maya, "getAttr", each + ".orthographic")) == orthographic
    ]
    return [do(maya, "listRelatives", each, parent=True)[0] for each in kept]


def light_command(kind: str) -> None:
    """Register the command that makes a type of light; it returns the light's shape."""

    @command(kind)
    def run(
        maya: Any,
        *args: Any,
        query: bool = False,
        name: str = "",
        intensity: Any = None,
        rgb: Any = None,
        rotation: Any = None,
        position: Any = None,
    ) -> Any:
        if query:
            return do(maya, "getAttr", args[0] + ".intensity")
        shape = do(maya, "createNode", kind, skipSelect=True)
        transform = do(maya, "rename", do(maya, "listRelatives", shape, parent=True)[0], name or kind + "1")
        shape = do(maya, "listRelatives", transform, shapes=True)[0]
        if intensity is not None:
            do(maya, "setAttr", shape + ".intensity", intensity)
        if rgb is not None:
            do(maya, "setAttr", shape + ".color", *rgb, type="double3")
        for attribute, value in (("translate", position), ("rotate", rotation)):
            if value is not None:
                do(maya, "setAttr", f"{transform}.{attribute}", *value, type="double3")
        do(maya, "select", transform, replace=True)
        return shape


for _kind in ("directionalLight", "ambientLight", "pointLight"):
    light_command(_kind)


@command("shadingNode")
def shading_node(
    maya: Any,
    *args: Any,
    name: str = "",
    asShader: bool = False,
    asLight: bool = False,
    asTexture: bool = False,
    asUtility: bool = False,
    asRendering: bool = False,
    asPostProcess: bool = False,
    skipSelect: bool = False,
    shared: bool = False,
    parent: str = "",
) -> str:
    if not (asShader or asLight or asTexture or asUtility or asRendering or asPostProcess):
        raise RuntimeError(
            "shadingNode: say what the node is for (asShader, asLight, asTexture, asUtility ...)."
        )
    flags: Dict[str, Any] = {"name": name} if name and not asLight else {}
    made = do(maya, "createNode", args[0], skipSelect=skipSelect, **flags)
    if asLight:
        made = do(maya, "listRelatives", made, parent=True)[0]
        made = do(maya, "rename", made, name) if name else made
    return made
