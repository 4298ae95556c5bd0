"""The commands of the plug-in: every step for MEL and Python, with -help, query where it makes sense, and undo.

facepatchCapture -outFolder "/work/hero" head eyes;
facepatchTrain -take "/takes/rom.mp4" -outFolder "/work/hero/trained" "/work/hero";
facepatchBuild -models "/work/hero/trained" "/work/hero";
string $clip = `facepatchRetarget -take "/takes/010.mp4" -outFolder "/work/010" "/work/hero/trained"`;
facepatchBake -target "facepatch" -startFrame 1001 $clip;
facepatchSolve -rigPath "/work/hero" -outFolder "/work/010/controls" -startFrame 1001 $clip;
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import numpy as np
from maya import cmds

from facepatch.core.capture import read_capture
from facepatch.core.errors import InputError, NodeNotFoundError
from facepatch_maya import live_commands, playblast, service_commands, solve_commands, steps, undo
from facepatch_maya.command import (
    NOTHING,
    NUMBER,
    SWITCH,
    TEXT,
    WHOLE,
    Command,
    Flag,
    Given,
    Result,
    optional_number,
    warn,
)
from facepatch_maya.head_and_gaze import GazeControls
from facepatch_maya.host import MayaHost
from facepatch_maya.progress_window import shown_progress
from facepatch_maya.read_blendshapes import target_names

OUT = Flag("o", "outFolder", TEXT, "Folder that the files are written to.")
START = Flag("sf", "startFrame", NUMBER, "First frame; by default that of the playback range.")
END = Flag("ef", "endFrame", NUMBER, "Last frame; by default that of the playback range.")


class FacepatchCapture(Command):
    """Writes meshes and their motion over a range of frames, for training.

    Returns the files: character.npz, motion.npy, capture.json. Escape stops it; nothing is left then.
    """

    NAME = "facepatchCapture"
    OBJECTS = "meshes"
    SELECTION = True
    FLAGS = (
        OUT,
        START,
        END,
        Flag("by", "byFrame", NUMBER, "Step from frame to frame, 1 by default."),
        Flag("hd", "head", TEXT, "Node that carries the head; its motion is taken out."),
        Flag(
            "fc", "facing", TEXT, "World axis along which the face looks: +z (default), -z, +x, -x, +y, -y."
        ),
        Flag("nf", "neutralFrame", NUMBER, "Frame where the face is at rest; by default the first."),
        Flag("m", "meshes", NOTHING, "The meshes of the captured folder OBJECT.", query=True),
        Flag("fr", "frameRange", NOTHING, "First and last frame of the captured folder OBJECT.", query=True),
    )

    def run(self, given: Given) -> Result:
        """Capture."""
        out = Path(given.need("outFolder", "the folder to write to"))
        if not given.objects:
            raise InputError("No mesh is given or selected. Select the meshes of the head.")
        with shown_progress("Capture") as on_progress:
            found = steps.capture_character(
                given.objects,
                out,
                frames=frames_of(given),
                head=given.get("head", ""),
                facing=given.get("facing", "+z"),
                neutral_frame=optional_number(given, "neutralFrame"),
                on_progress=on_progress,
            )
        return [
            str(path) for path in (found.character_path, found.motion_path, found.folder / "capture.json")
        ]

    def query(self, given: Given) -> Result:
        """Of a captured folder."""
        asked, found = given.asked, read_capture(Path(given.one("captured folder")))
        if asked == "meshes":
            return [mesh.name for mesh in found.meshes]
        return [float(found.frames[0]), float(found.frames[-1])]


class FacepatchBuild(Command):
    """Builds blendShapes with the components of trained models on the captured meshes, or on duplicates of them.

    One node per mesh; the weights of the first drive the others. Returns the nodes. One step of undo.
    """

    NAME = "facepatchBuild"
    OBJECTS = "captured folder"
    FLAGS = (
        Flag("mo", "models", TEXT, "Folder that facepatchTrain has written."),
        Flag("n", "name", TEXT, "Name of the first node, facepatch by default."),
        Flag("d", "duplicate", SWITCH, "On duplicates (default), or on the meshes themselves."),
        Flag("wt", "weights", NOTHING, "The weights of the blendShape OBJECT.", query=True),
        Flag("m", "meshes", NOTHING, "The meshes that the blendShape OBJECT deforms.", query=True),
    )

    def run(self, given: Given) -> Result:
        """Build."""
        folder = Path(given.one("captured folder"))
        models = Path(given.need("models", "the folder that facepatchTrain has written"))
        built = steps.build(
            models, folder, name=given.get("name", "facepatch"), duplicate=given.get("duplicate", True)
        )
        return list(built.nodes)

    def query(self, given: Given) -> Result:
        """Of a blendShape."""
        asked, node = given.asked, given.one("blendShape")
        if not cmds.ls(node, type="blendShape"):
            raise NodeNotFoundError(self.NAME, node, cmds.ls(type="blendShape") or [])
        if asked == "weights":
            return [f"{node}.{name}" for name in target_names(node).values()]
        return [str(mesh) for mesh in cmds.blendShape(node, query=True, geometry=True) or []]


class FacepatchBake(Command):
    """Writes a clip as keys, in bulk and as one step of undo, at the take's own speed.

    Returns the attributes that got keys. What was left alone is told, each with its reason.
    """

    NAME = "facepatchBake"
    OBJECTS = "clip.npz"
    FLAGS = (
        Flag(
            "tg",
            "target",
            TEXT,
            'The blendShape, its namespace with a colon at the end ("hero:"), or a mapping as .json.',
        ),
        Flag(
            "sf", "startFrame", NUMBER, "Scene frame of the first frame; by default the start of the range."
        ),
        Flag("of", "offset", NUMBER, "Scene frames to add, for a take that lies early or late."),
        Flag("l", "layer", TEXT, "Animation layer; it is made where it is not there."),
        Flag("tl", "tolerance", NUMBER, "Leaves out keys where the curve stays within this; 0 by default."),
        Flag("wf", "wholeFrames", SWITCH, "Keys on whole frames (default), or where the take's frames lie."),
        Flag("hd", "head", TEXT, "Joint or control that gets the head pose."),
        Flag(
            "ey",
            "eyes",
            TEXT,
            "Control of the left eye, then of the right one, that get the gaze.",
            many=True,
        ),
        Flag(
            "am",
            "aimTarget",
            TEXT,
            "Aim target of both eyes, or left and right, that gets the gaze.",
            many=True,
        ),
        Flag(
            "ec",
            "eyeCentre",
            TEXT,
            "Node at the centre of the left eye, then the right; for -aimTarget.",
            many=True,
        ),
        Flag("mo", "models", TEXT, "Folder of the models; needed for the gaze."),
        Flag("la", "leftAlone", NOTHING, "Returns what got no keys, with reasons, instead."),
    )

    def run(self, given: Given) -> Result:
        """Bake."""
        applied = steps.bake(
            Path(given.one("clip, such as clip.npz")),
            given.need("target", "the blendShape that was built"),
            start_frame=optional_number(given, "startFrame"),
            offset=given.get("offset", 0.0),
            layer=given.get("layer", ""),
            tolerance=given.get("tolerance", 0.0),
            whole_frames=given.get("wholeFrames", True),
            head=given.get("head", ""),
            gaze=_gaze(given),
            character=Path(given["models"]) if given["models"] else None,
        )
        reasons = [f"{left.name}: {left.reason}" for left in applied.left_alone]
        warn(self.NAME, reasons)
        return reasons if given["leftAlone"] else list(applied.attributes)


class FacepatchPlayblast(Command):
    """Renders meshes from the front with a Phong shader, one square PNG per frame. Returns the files.

    The scene and the preferences are as before, also after Escape.
    """

    NAME = "facepatchPlayblast"
    OBJECTS = "meshes"
    SELECTION = True
    FLAGS = (
        OUT,
        START,
        END,
        Flag("by", "byFrame", NUMBER, "Step from frame to frame, 1 by default."),
        Flag("sz", "size", WHOLE, "Width and height in pixels, 512 by default."),
    )

    def run(self, given: Given) -> Result:
        """Render."""
        if not given.objects:
            raise InputError("No mesh is given or selected. Select the meshes of the head.")
        out = Path(given.need("outFolder", "the folder to write to"))
        with shown_progress("Playblast") as on_progress:
            files = playblast.playblast(
                given.objects, frames_of(given), out, size=given.get("size", 512), on_progress=on_progress
            )
        return [str(path) for path in files]


class FacepatchTool(Command):
    """Opens the tool, or brings it to the front."""

    NAME = "facepatchTool"
    FLAGS = (Flag("p", "panel", TEXT, "character, motion, train, shot or jobs; by default as it was left."),)

    def run(self, given: Given) -> Result:
        """Open."""
        import facepatch_maya

        facepatch_maya.show(given.get("panel", ""))
        return None


def _gaze(given: Given) -> Optional[GazeControls]:
    named = [tuple(given.get(name, ())) for name in ("eyes", "aimTarget", "eyeCentre")]
    return GazeControls(*named) if any(named[:2]) else None


def frames_of(given: Given) -> list[float]:
    """The frames that -startFrame, -endFrame and -byFrame ask for."""
    scene = MayaHost().scene()
    start, end = given.get("startFrame", scene.start_frame), given.get("endFrame", scene.end_frame)
    step = given.get("byFrame", 1.0)
    if step <= 0 or end < start:
        raise InputError(f"The range {start:g} to {end:g} by {step:g} has no frames. Give a later -endFrame.")
    return [float(frame) for frame in np.arange(start, end + 1e-6, step)]


COMMANDS: tuple[type[Command], ...] = (
    FacepatchCapture,
    service_commands.FacepatchPropose,
    service_commands.FacepatchTrain,
    service_commands.FacepatchRetarget,
    FacepatchBuild,
    FacepatchBake,
    solve_commands.FacepatchSolve,
    FacepatchPlayblast,
    live_commands.FacepatchLive,
    FacepatchTool,
)


def register(plugin: Any) -> None:
    """Make the commands known. plugin: MFnPlugin."""
    for command in COMMANDS:
        plugin.registerCommand(command.NAME, command, command.make_syntax)
    plugin.registerCommand("facepatchDo", undo.FacepatchDo)


def deregister(plugin: Any) -> None:
    """Take the commands away. A live session ends first."""
    live_commands.FacepatchLive.stop()
    for command in COMMANDS:
        plugin.deregisterCommand(command.NAME)
    plugin.deregisterCommand("facepatchDo")
