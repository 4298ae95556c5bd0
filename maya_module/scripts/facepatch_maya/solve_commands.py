"""The command facepatchSolve: a clip onto the rig's own controls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from maya.api import OpenMaya as om

from facepatch.core.errors import InputError
from facepatch.core.scene_rig import SceneRig
from facepatch_maya import solve_rig, solve_steps, steps
from facepatch_maya.backend import Backend
from facepatch_maya.command import NOTHING, NUMBER, SWITCH, TEXT, Flag, Given, Result, optional_number, warn
from facepatch_maya.control_ranges import find_controls
from facepatch_maya.job_view import JobView
from facepatch_maya.progress_window import shown_progress
from facepatch_maya.rig_keys import bake_controls
from facepatch_maya.service_commands import JOB, OUT, PICKS, SETTINGS, WAIT, ServiceCommand, settings_of

_QUERIES = ("controls", "leftOut", "sentences", "worstFrames")


class FacepatchSolve(ServiceCommand):
    """Solves a clip for the controls of a rig and writes them as keys, few and smooth, as one step of undo.

    OBJECT is a clip, or the folder of a solve that is done, which is baked again. The rig is read from the scene where
    -rigPath names a captured character: controls that drive blendShape weights are found; other rigs are sampled, and
    -control has to name what the animator uses. Returns the attributes that got keys, or the job with -wait 0.
    """

    NAME = "facepatchSolve"
    TITLE = "Solve"
    OBJECTS = "clip.npz"
    FLAGS = (
        OUT,
        Flag("rp", "rigPath", TEXT, "Folder of the captured character, or a file or folder with a rig."),
        Flag(
            "ct",
            "control",
            TEXT,
            "Attribute, node or set that may be used; by default all that are found.",
            many=True,
        ),
        Flag(
            "ra", "readAgain", SWITCH, "Reads the rig from the scene anew, also where that was done before."
        ),
        Flag(
            "sm",
            "sampled",
            SWITCH,
            "Samples the rig (on), or takes it for blendShapes (off); chosen by default.",
        ),
        Flag(
            "hl",
            "hold",
            TEXT,
            "Control that keeps its animation while the rest is solved, or NAME=VALUE.",
            many=True,
        ),
        Flag("un", "unused", TEXT, "Control that stays at its default.", many=True),
        Flag("cs", "cost", TEXT, "NAME=FACTOR: above 1 the control is used less, below 1 more.", many=True),
        Flag(
            "bl",
            "blend",
            TEXT,
            "REGION=SHARE of eyes, brows, nose or mouth: how much of the solve it takes.",
            many=True,
        ),
        Flag(
            "kt",
            "keyTolerance",
            NUMBER,
            "Share of its range that a curve may be off by for fewer keys; 0.005.",
        ),
        Flag(
            "sf", "startFrame", NUMBER, "Scene frame of the first frame; by default the start of the range."
        ),
        Flag("of", "offset", NUMBER, "Scene frames to add, for a take that lies early or late."),
        Flag("l", "layer", TEXT, "Animation layer; it is made where it is not there."),
        Flag("wf", "wholeFrames", SWITCH, "Keys on whole frames (default), or where the take's frames lie."),
        Flag("ns", "namespace", TEXT, 'Of the rig in this scene, with a colon: "hero:"; ":" for none.'),
        Flag("jn", "join", SWITCH, "Curves meet the keys before and after the take (default)."),
        Flag("rf", "refine", SWITCH, "Goes on with a sampled rig in the scene (default)."),
        Flag("bk", "bake", SWITCH, "Writes the keys (default), or only solves."),
        PICKS,
        SETTINGS,
        WAIT,
        *JOB,
        Flag("cn", "controls", NOTHING, "The controls of the rig OBJECT that may be used.", query=True),
        Flag(
            "lo", "leftOut", NOTHING, "The controls of the rig OBJECT that may not, with reasons.", query=True
        ),
        Flag("se", "sentences", NOTHING, "What the solve in the folder OBJECT says of itself.", query=True),
        Flag(
            "wo", "worstFrames", NOTHING, "Frames that the rig misses most, of the folder OBJECT.", query=True
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self._read_rig: solve_steps.Rig = ""

    def run(self, given: Given) -> Result:
        """Read the rig, solve, bake."""
        if given["cancel"]:
            return super().run(given)
        if _is_solved(given):
            out = Path(given.one("clip"))
            self._refine(out, given)
            return self._bake(out, given)
        # Before the service is asked: two progress windows at once are one too many for Maya.
        self._read_rig = self._rig(given)
        return super().run(given)

    def places(self, given: Given) -> list[Path]:
        """Folders that the service needs."""
        rig = given.need("rigPath", "the folder of the captured character, or a rig")
        return [*super().places(given), *steps.roots_of(Path(rig))]

    def begin(self, backend: Backend, given: Given) -> JobView:
        """Read the rig where that is needed, and hand the job over."""
        out = Path(given.need("outFolder", "the folder for the solved curves"))
        return solve_steps.begin_solve(
            backend,
            Path(given.one("clip, such as clip.npz")),
            self._read_rig,
            out=out,
            start_frame=optional_number(given, "startFrame"),
            offset=given.get("offset", 0.0),
            hold=_hold(given.get("hold", ())),
            unused=given.get("unused", ()),
            cost=_pairs(given.get("cost", ()), "-cost"),
            blend=_pairs(given.get("blend", ()), "-blend"),
            key_tolerance=given.get("keyTolerance", solve_steps.KEY_TOLERANCE),
            join=given.get("join", True),
            settings=settings_of(given),
            picks=Path(given["picks"]) if given["picks"] else None,
            namespace=given["namespace"],
        )

    def end(self, view: JobView, given: Given) -> Result:
        """Refine and bake; the attributes."""
        out = Path(view.out)
        self._refine(out, given)
        return self._bake(out, given)

    def _refine(self, out: Path, given: Given) -> None:
        if not given.get("refine", True) or not solve_steps.needs_refining(out):
            return
        if not given["rigPath"]:
            warn(self.NAME, [f"{out}: is of a stand-in. Name -rigPath, and the rig in the scene is asked."])
            return
        with shown_progress("Refine") as on_progress:
            solve_steps.refine(out, given["rigPath"], namespace=given["namespace"], on_progress=on_progress)

    def query(self, given: Given) -> Result:
        """Of a rig, a solve or a job."""
        asked = given.asked
        if asked not in _QUERIES:
            return super().query(given)
        if asked in ("sentences", "worstFrames"):
            solved = solve_steps.read_solved(Path(given.one("folder of a solve")))
            return (
                list(solved.sentences) if asked == "sentences" else [float(frame) for frame in solved.worst]
            )
        rig = _known(given.one("rig"))
        if asked == "controls":
            return [control.name for control in rig.controls if control.is_free]
        return [f"{left.name}: {left.reason}" for left in rig.left_out]

    def _rig(self, given: Given) -> solve_steps.Rig:
        named = given.need("rigPath", "the folder of the captured character, or a rig")
        found = solve_steps.scene_rig_of(named)
        is_capture = (Path(named) / "capture.json").is_file()
        names = given.get("control", ())
        if not is_capture or (found is not None and not given["readAgain"] and _is_of(found, names)):
            return found or named
        with shown_progress("Read the rig") as on_progress:
            rig = solve_rig.read_rig(
                Path(named),
                controls=names,
                sampled=given["sampled"],
                layer=given.get("layer", ""),
                on_progress=on_progress,
            )
        warn(self.NAME, [f"{left.name}: {left.reason}" for left in rig.left_out])
        return rig

    def _bake(self, out: Path, given: Given) -> Result:
        for sentence in solve_steps.read_solved(out).sentences:
            om.MGlobal.displayInfo(f"{self.NAME}: {sentence}")
        if not given.get("bake", True):
            return [str(out)]
        applied = bake_controls(
            out,
            rig=given["rigPath"] or None,
            start_frame=optional_number(given, "startFrame"),
            offset=given.get("offset", 0.0),
            layer=given.get("layer", ""),
            key_tolerance=given.get("keyTolerance", solve_steps.KEY_TOLERANCE),
            whole_frames=given.get("wholeFrames", True),
            keep=[name for name, value in _hold(given.get("hold", ())).items() if value is None],
            namespace=given["namespace"],
        )
        warn(self.NAME, [f"{left.name}: {left.reason}" for left in applied.left_alone])
        return list(applied.attributes)


def _is_solved(given: Given) -> bool:
    path = Path(given.objects[0]) if len(given.objects) == 1 else Path()
    return bool(given.objects) and (path / solve_steps.CONTROLS).is_file()


def _is_of(rig: SceneRig, names: Sequence[str]) -> bool:
    """Whether the rig was read for the controls `names`: sampling them again for each shot takes its time."""
    if not names:
        return True
    wanted = {control.name for control in find_controls(names)[0]}
    free = {control.name for control in rig.controls if control.is_free}
    return free <= wanted <= free | {left.name for left in rig.left_out}


def _known(name: str) -> SceneRig:
    found = solve_steps.scene_rig_of(name)
    if found is None:
        raise InputError(f"{name}: holds no rig that was read from a scene. Solve a clip for it first.")
    return found


def _hold(words: Sequence[str]) -> solve_steps.Held:
    kept: dict[str, Optional[float]] = {word: None for word in words if "=" not in word}
    return {**kept, **_pairs([word for word in words if "=" in word], "-hold")}


def _pairs(words: Sequence[str], flag: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for word in words:
        name, equals, text = word.rpartition("=")
        value: Optional[float]
        try:
            value = float(text)
        except ValueError:
            value = None
        if not equals or not name or value is None:
            raise InputError(f"{flag} {word}: is no NAME=NUMBER. Write {flag} jaw_ctrl.translateY=2")
        found[name] = value
    return found
