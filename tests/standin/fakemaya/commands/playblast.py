"""playblast with Maya's own defaults.

Half size, a viewer that opens, ornaments, the active panel, colour management on. Whoever does not switch
them off gets what Maya would give.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from fakemaya import matrices, meshes
from fakemaya.active import Gap
from fakemaya.commands.elements import Element
from fakemaya.commands.panels import EDITOR, camera_of, need_panel
from fakemaya.commands.settings import do, settings
from fakemaya.draw import Lamp, Piece, View, draw, write_png
from fakemaya.evaluate import world_of
from fakemaya.node import Plug
from fakemaya.strict import command

WINDOW = (960, 540)
"""Size of a viewport.

What a playblast without widthHeight has, and the largest that an on-screen one can have.
"""
INTEGER_OVERFLOW = -2147483648


@command("playblast")
def playblast(
    maya: Any,
    *,
    filename: str = "",
    completeFilename: str = "",
    format: str = "movie",
    compression: str = "",
    frame: Any = None,
    startTime: Any = None,
    endTime: Any = None,
    widthHeight: Any = (0, 0),
    percent: int = 50,
    viewer: bool = True,
    offScreen: bool = False,
    showOrnaments: bool = True,
    forceOverwrite: bool = False,
    framePadding: int = 4,
    rawFrameNumbers: bool = False,
    indexFromZero: bool = False,
    clearCache: bool = True,
    editorPanelName: str = "",
    throwOnError: bool = False,
    quality: int = 75,
    offScreenViewportUpdate: bool = False,
    width: int = 0,
    height: int = 0,
) -> Any:
    if format != "image":
        raise Gap(
            f'playblast: the default format is a movie ("{format}"); the stand-in draws format="image" only.'
        )
    if bool(filename) == bool(completeFilename):
        raise RuntimeError("playblast: give filename or completeFilename, not both and not neither.")
    if compression != "png" and not (
        compression == "" and do(maya, "getAttr", "defaultRenderGlobals.imageFormat") == 32
    ):
        raise Gap(f"playblast: compression '{compression}' is not drawn by the stand-in; use \"png\".")
    if not Path(filename or completeFilename).is_absolute():
        raise Gap("playblast: a relative name lands in the project's images folder, wherever that is.")
    if not 10 <= percent <= 100:
        raise RuntimeError(f"playblast: percent is {percent}; it is 10 to 100.")
    if maya.state.get("no_graphics"):
        raise RuntimeError("playblast: no graphics device.")
    if maya.batch and showOrnaments:
        raise RuntimeError("playblast: ornaments in batch mode crash Maya.")
    panel = shown_panel(maya, editorPanelName)
    size = picture_size(widthHeight if any(widthHeight) else (width, height), percent, offScreen)
    frames = wanted_frames(maya, frame, startTime, endTime)
    paths = (
        [Path(completeFilename)]
        if completeFilename
        else [
            numbered(filename, n, framePadding)
            for n in numbers(frames, frame, rawFrameNumbers, indexFromZero)
        ]
    )
    if completeFilename and len(frames) > 1:
        raise RuntimeError("playblast: completeFilename is for one frame.")
    if not forceOverwrite and any(path.exists() for path in paths):
        raise RuntimeError(f"playblast: {paths[0]} exists and forceOverwrite is off.")
    if not paths[0].parent.is_dir():
        raise RuntimeError(f"playblast: the folder {paths[0].parent} does not exist.")
    if not blast(maya, panel, frames, paths, size, showOrnaments, offScreen):
        return None
    if viewer:
        maya.state.setdefault("viewers", []).append(str(paths[0]))
    return completeFilename or f"{filename}.{'#' * framePadding}.png"


def blast(
    maya: Any,
    panel: Element,
    frames: List[float],
    paths: List[Path],
    size: Tuple[int, int],
    ornaments: bool,
    off_screen: bool,
) -> bool:
    """Draw and write every frame; False where the user pressed Escape. The time is put back."""
    before = do(maya, "currentTime", query=True)
    try:
        for count, (at, path) in enumerate(zip(frames, paths)):
            if maya.state.get("playblast.escape_after") == count:
                return False
            do(maya, "currentTime", at, edit=True)
            write_png(path, picture_of(maya, panel, size, ornaments, off_screen))
    finally:
        do(maya, "currentTime", before, edit=True)
    return True


def shown_panel(maya: Any, name: str) -> Element:
    """Return the panel that is blasted.

    The named one, the active one, or in batch a stand-in for what mayapy draws (smooth, lit, through the
    renderable camera).
    """
    if maya.batch:
        cameras = [
            each
            for each in do(maya, "ls", type="camera", long=True)
            if do(maya, "getAttr", each + ".renderable")
        ]
        if not cameras:
            raise RuntimeError("playblast: no camera is renderable.")
        flags = {
            **EDITOR,
            "camera": camera_of(maya, cameras[0]),
            "displayAppearance": "smoothShaded",
            "displayLights": "all",
            "grid": False,
            "headsUpDisplay": False,
        }
        return Element("modelPanel", "batch", None, flags)
    return need_panel(maya, name or maya.state.get("focus", "modelPanel4"))


def picture_size(wanted: Tuple[int, int], percent: int, off_screen: bool) -> Tuple[int, int]:
    """Return (W, H).

    The panel's own size where none is wanted; on screen never larger than the panel; times percent.
    """
    width, height = wanted if all(wanted) else WINDOW
    if not off_screen:
        width, height = min(width, WINDOW[0]), min(height, WINDOW[1])
    return max(1, width * percent // 100), max(1, height * percent // 100)


def wanted_frames(maya: Any, frame: Any, start: Any, end: Any) -> List[float]:
    """Return the frames in ascending order.

    `frame` wins over the range, the range over the playback range.
    """
    if frame is not None:
        return sorted({float(each) for each in (frame if isinstance(frame, (list, tuple)) else [frame])})
    first = do(maya, "playbackOptions", query=True, minTime=True) if start is None else float(start)
    last = do(maya, "playbackOptions", query=True, maxTime=True) if end is None else float(end)
    return [first + k for k in range(math.floor(last - first) + 1)]


def numbers(frames: List[float], given: Any, raw: bool, from_zero: bool) -> List[int]:
    """Return the numbers in the file names.

    A list of frames counts from 0 unless rawFrameNumbers; a range has its frame numbers; negative raw numbers
    overflow.
    """
    if from_zero or (given is not None and not raw):
        return list(range(len(frames)))
    return [int(each) if each >= 0 or given is None else INTEGER_OVERFLOW for each in frames]


def numbered(filename: str, number: int, padding: int) -> Path:
    """Return `name.0007.png`."""
    sign = "-" if number < 0 else ""
    return Path(f"{filename}.{sign}{abs(number):0{padding}d}.png")


def picture_of(maya: Any, panel: Element, size: Tuple[int, int], ornaments: bool, off_screen: bool) -> Any:
    """Return one picture (H,W,3) uint8 of a panel at the current time."""
    held = settings(maya)
    background = background_of(held, size)
    blank = (
        held["paused"]
        or held["suspended"]
        or (off_screen and maya.state.get("playblast.off_screen_grey", False))
    )
    isolated = maya.state.get("isolated", {}).get(panel.name, {"on": False, "objects": []})
    if panel.flags["grid"] and held["grid"]["toggle"]:
        background[size[1] // 2 :: 8] *= 0.8
    view = camera_view(maya, panel.flags["camera"], size)
    pieces = [] if blank or not panel.flags["polymeshes"] else pieces_of(maya, isolated, panel)
    picture = draw(pieces, view, size, background=background, lamps=lamps_of(maya, isolated, panel, view))
    if ornaments and panel.flags["headsUpDisplay"] and held["hud"]:
        picture[-6:-2, 2:14] = (255, 255, 0)
    output = held["output"]["playblast"]
    if (
        held["view"]["cmEnabled"]
        and output["outputTransformEnabled"]
        and not output["outputTransformName"].startswith("Raw")
    ):
        picture = (255 * (picture / 255.0) ** (1 / 1.6)).astype(
            np.uint8
        )  # any transform but Raw changes the numbers
    return picture


def background_of(held: Dict[str, Any], size: Tuple[int, int]) -> Any:
    """Return (H,W,3) 0..1: the gradient, or the plain background colour."""
    colors = held["colors"]
    if not held["display"]["displayGradient"]:
        return np.broadcast_to(np.array(colors["background"]), (size[1], size[0], 3)).copy()
    share = np.linspace(0, 1, size[1])[:, None, None]
    return np.broadcast_to(
        (1 - share) * np.array(colors["backgroundTop"]) + share * np.array(colors["backgroundBottom"]),
        (size[1], size[0], 3),
    ).copy()


def camera_view(maya: Any, camera: str, size: Tuple[int, int]) -> View:
    """Return what a camera sees in a picture of a size, in centimetres whatever the scene's unit is.

    filmFit decides which side the orthographic width or the film is fitted to.
    """
    scene = maya.scene
    shape = scene.node(do(maya, "listRelatives", camera, shapes=True, fullPath=True)[0])

    def value(name: str) -> Any:
        return scene.get(Plug(shape, shape.find(name)))

    aspect = size[0] / size[1]
    film = value("horizontalFilmAperture") / value("verticalFilmAperture")
    fit = value("filmFit")
    horizontal = {0: aspect >= film, 1: True, 2: False, 3: aspect < film}[fit]
    world = np.array(world_of(scene, scene.node(camera))).T
    world[:3, :3] /= np.linalg.norm(world[:3, :3], axis=0)
    near, far = value("nearClipPlane"), value("farClipPlane")
    if value("orthographic"):
        width = value("orthographicWidth") * (1.0 if horizontal or fit == 0 else aspect / film)
        return View(np.linalg.inv(world), width, (0.0, 0.0), near, far)
    half = value("horizontalFilmAperture") * 25.4 / 2 / value("focalLength")
    tangent = half if horizontal else half / film * aspect
    return View(np.linalg.inv(world), 0.0, (tangent, tangent / aspect), near, far)


def pieces_of(maya: Any, isolated: Dict[str, Any], panel: Element) -> List[Piece]:
    """Return the visible meshes: those of the isolated set where isolation is on."""
    pieces = []
    for shape in do(maya, "ls", type="mesh", long=True, noIntermediate=True) or []:
        if isolated["on"] and not any(
            shape == name or shape.startswith(name + "|") for name in isolated["objects"]
        ):
            continue
        if not seen(maya, shape):
            continue
        node = maya.scene.node(shape)
        mesh = meshes.of(maya.scene, node)
        points = matrices.transform_points(mesh.points.astype(np.float64), world_of(maya.scene, node))
        pieces.append(Piece(points, fans(mesh.counts, mesh.corners), *material(maya, shape, panel)))
    return pieces


def fans(counts: Any, corners: Any) -> Any:
    """Return the triangles (F,3) of polygons, each cut from its first corner."""
    starts = np.cumsum(counts) - counts
    first = np.repeat(starts, counts - 2)
    step = np.arange(len(first)) - np.repeat(np.cumsum(counts - 2) - (counts - 2), counts - 2)
    return corners[np.stack([first, first + step + 1, first + step + 2], axis=1)]


def seen(maya: Any, shape: str) -> bool:
    """Return whether a shape and all above it are visible."""
    parts = shape.split("|")
    return all(do(maya, "getAttr", "|".join(parts[: k + 1]) + ".visibility") for k in range(1, len(parts)))


def material(maya: Any, shape: str, panel: Element) -> Tuple[Any, Any, float]:
    """Return colour, specular colour and exponent of the shape's first shader; grey where it has none."""
    plain = ((0.5, 0.5, 0.5), (0.0, 0.0, 0.0), 1.0)
    groups = do(maya, "listConnections", shape, type="shadingEngine") or []
    shaders = (
        do(maya, "listConnections", groups[0] + ".surfaceShader", source=True, destination=False)
        if groups
        else None
    )
    if not shaders or panel.flags["useDefaultMaterial"]:
        return plain
    kind = do(maya, "nodeType", shaders[0])
    if kind not in ("lambert", "phong", "blinn"):
        return plain
    color = do(maya, "getAttr", shaders[0] + ".color")[0]
    diffuse = do(maya, "getAttr", shaders[0] + ".diffuse")
    shiny = do(maya, "getAttr", shaders[0] + ".specularColor")[0] if kind != "lambert" else (0.0, 0.0, 0.0)
    exponent = do(maya, "getAttr", shaders[0] + ".cosinePower") if kind == "phong" else 10.0
    return tuple(diffuse * each for each in color), shiny, exponent


def lamps_of(maya: Any, isolated: Dict[str, Any], panel: Element, view: View) -> List[Lamp]:
    """Return the lights that fall.

    A headlight with "default", the scene's directional lights with "all" (isolated ones only where isolation
    is on: pessimistic, real Maya is an open question), else none.
    """
    kind = panel.flags["displayLights"]
    if kind == "default":
        return [Lamp(-view.world_to_camera[2, :3], np.ones(3))]
    if kind != "all":
        return []
    lamps = []
    for shape in do(maya, "ls", type="directionalLight", long=True) or []:
        if (
            isolated["on"]
            and not any(shape.startswith(name) for name in isolated["objects"])
            and not maya.batch
        ):
            continue
        parent: Optional[str] = do(maya, "listRelatives", shape, parent=True, fullPath=True)[0]
        matrix = np.array(world_of(maya.scene, maya.scene.node(parent))).T
        color = np.array(do(maya, "getAttr", shape + ".color")[0]) * do(maya, "getAttr", shape + ".intensity")
        lamps.append(Lamp(-matrix[:3, 2], color))
    return lamps
