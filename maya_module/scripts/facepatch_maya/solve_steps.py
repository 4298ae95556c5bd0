"""The steps from a clip to keys on an animator's rig controls, as plain functions.

    rig = read_rig(Path("/work/hero"))                                        # facepatch_maya.solve_rig, once per rig
    solved = solve(Path("/work/010/clip.npz"), rig, out=Path("/work/010/controls"), start_frame=1001)
    print(*solved.sentences, sep="\\n")
    bake_controls(solved.out, start_frame=1001, layer="face_controls")

The service does the solve (`begin_solve` hands it over without waiting). A rig that was sampled is then worked on in
the scene itself (`refine`), where the last steps are made on the rig that the animator has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.capture import CAPTURE_NAME, read_capture
from facepatch.core.data.clip import Clip, read_clip, write_clip
from facepatch.core.errors import FormatError, InputError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.records import write_text
from facepatch.core.retime import Timing
from facepatch.core.rig_refine import Refined
from facepatch.core.rig_start import finish_on_rig, read_rig_start
from facepatch.core.scene_rig import RECORD, SceneRig, has_scene_rig, in_namespace, read_scene_rig
from facepatch_maya import kept_keys, solve_rig
from facepatch_maya.backend import Backend
from facepatch_maya.job_view import JobView
from facepatch_maya.read_scene import scene_info
from facepatch_maya.rest_check import check_rest
from facepatch_maya.service_steps import PICKS, service_for

CONTROLS, START, REPORT, PAGE = "controls.npz", "rig_start.npz", "solve.json", "solve.html"
"""Files of a solve; the second for rigs that were sampled."""
REFINED = "controls_refined.npz"
"""What `refine` makes of the first, in the scene."""
KEY_TOLERANCE = 0.005
NOT_ASKED = "The rig itself was not asked"
"""How the service begins what it says of a stand-in; no longer true once the rig was asked here."""
STILL = 0.01
"""Share of its range by which a control has to leave its default somewhere to get a curve."""
Rig = Union[SceneRig, Path, str]
"""A rig that was read from a scene, its folder, or any file that `facepatch solve --rig` takes."""
Held = Mapping[str, Optional[float]]
"""Control -> the value that it gets in every frame; None: it keeps what it has in the scene, keys included."""


@dataclass(frozen=True)
class Solved:
    """What a solve has written."""

    out: Path
    sentences: tuple[str, ...]
    """How near the rig comes, which controls are at their limits, what it cannot make."""
    worst: tuple[float, ...]
    """Whole frames of the scene at which the rig misses the take most, the worst first."""
    page: Path
    """solve.html, with pictures of them."""


def begin_solve(
    backend: Backend,
    clip: Path,
    rig: Rig,
    *,
    out: Path,
    start_frame: Optional[float] = None,
    offset: float = 0.0,
    hold: Optional[Held] = None,
    unused: Sequence[str] = (),
    cost: Optional[Mapping[str, float]] = None,
    blend: Optional[Mapping[str, float]] = None,
    key_tolerance: float = KEY_TOLERANCE,
    join: bool = True,
    settings: Optional[Mapping[str, Any]] = None,
    picks: Optional[Path] = None,
    namespace: Optional[str] = None,
    label: str = "",
) -> JobView:
    """Have a clip solved for the controls of a rig.

    start_frame, offset: where it will be baked (None: the start of the playback range). hold: controls that stay, while
    the rest is solved. unused: controls that stay at their default. cost: factor by which a control is used less (above
    1) or more. blend: region (eyes, brows, nose, mouth) -> how much of the solve it takes, 0 to 1. key_tolerance: share
    of its range by which a control's curve may leave the solved values. join: the curves meet the keys that are there
    before and after the take. settings: of the solve, such as {"sparsity": 1.0}. namespace: as in
    `bake_controls`.
    """
    path, found = _clip_path(clip), scene_rig_of(rig)
    take = read_clip(path)
    if not take.frame_count:
        raise InputError(f"{path}: has no frames to solve. Retarget the take again.")
    frames = _scene_frames(take, start_frame, offset)
    names = [control.name for control in found.controls if control.is_free] if found else []
    here = {name: in_namespace(name, namespace) for name in (*names, *(hold or {}))}
    before, after = kept_keys.keyed_around({n: here[n] for n in names}, frames) if join else ({}, {})
    arguments: dict[str, Any] = {
        "clip": str(path.absolute()),
        "rig": str(_rig_path(rig, found)),
        "picks": str(Path(picks).absolute()) if picks else _picks(found),
        "held": _held(hold or {}, here, frames),
        "unused": list(unused),
        "cost": dict(cost or {}),
        "blend": dict(blend or {}),
        "key_tolerance": key_tolerance,
        "start_frame": round(float(frames[0])),
        "before": before,
        "after": after,
        "settings": dict(settings or {}),
        "out": str(Path(out).absolute()),
    }
    for stale in (REFINED, START):
        (Path(out) / stale).unlink(missing_ok=True)
    return backend.submit("solve_rig", arguments, label=label or Path(out).name)


def solve(
    clip: Path,
    rig: Rig,
    *,
    out: Path,
    backend: Optional[Backend] = None,
    refined: bool = True,
    on_progress: OnProgress = silent,
    **options: Any,
) -> Solved:
    """`begin_solve`, and wait; a sampled rig is then refined in the scene, unless `refined` is False."""
    place = Path(rig.folder if isinstance(rig, SceneRig) else rig)
    with service_for(backend, Path(clip), place, Path(out), options.get("picks")) as service:
        service.wait(begin_solve(service, clip, rig, out=out, **options), on_progress=on_progress)
    if refined and needs_refining(out):
        refine(out, rig, namespace=options.get("namespace"), on_progress=on_progress)
    return read_solved(out)


def needs_refining(out: Path) -> bool:
    """Whether the solve in `out` is of a sampled rig, and nobody has gone on with it in the scene."""
    return (Path(out) / START).is_file() and not (Path(out) / REFINED).is_file()


def refine(
    out: Path, rig: Rig, *, namespace: Optional[str] = None, on_progress: OnProgress = silent
) -> Refined:
    """Make the last steps of the solve in `out` on the rig in the scene; writes `controls_refined.npz` there.

    The scene is as before, also on an error or when `on_progress` stops it; then nothing is written. No frame ends
    farther away than it began.
    """
    found, path = scene_rig_of(rig), Path(out) / START
    if found is None or not found.sampled or not path.is_file():
        raise InputError(f"{out}: was not solved for a rig that was sampled, so there is nothing to refine.")
    start, solved = read_rig_start(path), read_clip(Path(out) / CONTROLS)
    capture = read_capture(Path(found.capture))
    with solve_rig.rig_at_rest(capture, start.controls, namespace=namespace) as ask:
        check_rest(capture, ask(start.defaults[None])[0], start.neutral)
        values, ended = finish_on_rig(start, ask, on_progress=on_progress)
    still = start.free & (np.abs(start.shares(values) - start.shares(start.defaults)).max(axis=0) < STILL)
    values[:, still] = start.defaults[still]
    weights = solved.weights.copy()
    for column, control in enumerate(start.controls):
        weights[:, solved.names.index(control.name)] = values[:, column]
    write_clip(Path(out) / REFINED, replace(solved, weights=weights))
    at_rest = np.abs(values - start.defaults).max(axis=0) == 0.0
    _note_refined(Path(out), ended, [c.name for c, rests in zip(start.controls, at_rest) if rests])
    return ended


def _note_refined(out: Path, ended: Refined, idle: Sequence[str]) -> None:
    """Add to solve.json what the rig itself says, since the rest of it is of a stand-in."""
    report = read_report(out)
    error = ended.error_mm
    order = np.argsort(-error)
    first = int(report.get("start_frame", 0))
    report["refined"] = {
        "mean_mm": round(float(error.mean()), 4),
        "p95_mm": round(float(np.percentile(error, 95)), 4),
        "evaluations": ended.evaluations,
        "idle": list(idle),
        "worst": [{"frame": first + int(row), "rms_mm": round(float(error[row]), 4)} for row in order[:6]],
    }
    write_text(out / REPORT, json.dumps(report, indent=1) + "\n")


def read_solved(out: Path) -> Solved:
    """What the solve in `out` says of itself. Raises InputError where there is none."""
    report = read_report(Path(out))
    said, worst = list(report.get("verdict", [])), report.get("worst", [])
    refined = report.get("refined")
    if refined:
        worst = refined["worst"]
        said = [sentence for sentence in said if not sentence.startswith(NOT_ASKED)]
        said.append(
            f"On the rig itself, asked {refined['evaluations']} times: {refined['mean_mm']:.2f} mm root mean square, "
            f"95 % of the frames within {refined['p95_mm']:.2f} mm."
        )
    rows = [int(row["frame"]) - int(report.get("start_frame", 0)) for row in worst]
    return Solved(Path(out), tuple(said), _in_scene(Path(out), report, rows), Path(out) / PAGE)


def _in_scene(out: Path, report: Mapping[str, Any], rows: Sequence[int]) -> tuple[float, ...]:
    """Rows of the take as whole frames of the scene, whose rate may be another."""
    start = float(report.get("start_frame", 0))
    if not (out / CONTROLS).is_file():
        return tuple(start + row for row in rows)
    places = _scene_frames(read_clip(out / CONTROLS), start, 0.0)
    return tuple(float(round(places[row])) for row in rows if 0 <= row < len(places))


def scene_rig_of(rig: Rig) -> Optional[SceneRig]:
    """The rig as it was read from a scene; None for any other file."""
    if isinstance(rig, SceneRig):
        return rig
    path = Path(rig)
    folder = path.parent if path.name == RECORD else path
    if has_scene_rig(folder):
        return read_scene_rig(folder)
    # A captured character, whose rig was read into its folder.
    return read_scene_rig(folder / solve_rig.FOLDER) if has_scene_rig(folder / solve_rig.FOLDER) else None


def _clip_path(clip: Path) -> Path:
    path = Path(clip)
    path = path / "clip.npz" if path.is_dir() else path
    if not path.is_file():
        raise InputError(f"{path}: no such clip. Retarget a take first: facepatchRetarget.")
    return path


def _rig_path(rig: Rig, found: Optional[SceneRig]) -> Path:
    path = found.path if found is not None else Path(str(rig))
    if found is None and (path / CAPTURE_NAME).is_file():
        raise InputError(
            f"{path}: the rig of this character was not read yet. Read it in the scene of the capture: Read rig in "
            "the tool, or facepatch_maya.read_rig."
        )
    if not path.exists():
        raise InputError(f"{path}: no such rig. Read it from the scene, or give a file that holds one.")
    return path.absolute()


def _scene_frames(clip: Clip, start_frame: Optional[float], offset: float) -> Float64:
    """(T,) places of the take's frames in the scene."""
    about = scene_info()
    start = about.start_frame if start_frame is None else float(start_frame)
    timing = Timing(clip.rate, about.rate, start_frame=start, offset=offset, times=clip.times)
    return timing.scene_frames(clip.frame_count)


def _held(hold: Held, here: Mapping[str, str], frames: Float64) -> dict[str, Any]:
    return {
        name: kept_keys.values_at(here[name], frames.tolist()) if value is None else float(value)
        for name, value in hold.items()
    }


def _picks(found: Optional[SceneRig]) -> str:
    path = Path(found.capture) / PICKS if found else Path()
    return str(path.absolute()) if found and path.is_file() else ""


def read_report(out: Path) -> dict[str, Any]:
    """solve.json of the solve in `out`. Raises InputError, FormatError."""
    path = out / REPORT
    if not path.is_file():
        raise InputError(f"{path}: no such file. Solve a clip first: facepatchSolve.")
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise FormatError(f"{path}: is no report of a solve ({error}). Solve the clip again.") from error
