"""The steps from a character in the scene to animation on it, as plain functions: what the tool and the commands call.

    found = capture_character(["|hero|head"], Path("/work/hero"))
    propose_landmarks(found.folder)                     # look at landmarks.png, correct what is off
    trained = train(found.folder, Path("/takes/rom.mp4"), out=Path("/work/hero/trained"), preset="full")
    built = build(trained, found.folder)
    clip = retarget(trained, Path("/takes/010.mp4"), out=Path("/work/010"))
    bake(clip, built, start_frame=1001)
    solve(clip, read_rig(found.folder), out=Path("/work/010/controls"), start_frame=1001)   # or: the rig's own controls
    bake_controls(Path("/work/010/controls"), rig=found.folder, start_frame=1001)

Those that work in the scene (capture, read_rig, build, bake, bake_controls, live) need no service. Those that compute
(propose, train, retarget, solve) hand a job to it; `begin_...` does that without waiting and returns a JobView, the
plain name waits for the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np

from facepatch.core.capture import Capture, capture, read_capture, shapes_for_host
from facepatch.core.data.character import Character, read_character_record
from facepatch.core.data.clip import Clip, read_clip
from facepatch.core.data.pca import Pca, read_pca
from facepatch.core.errors import CheckpointError, InputError
from facepatch.core.host import Applied, BuiltBlendShape, Host, LeftAlone
from facepatch.core.progress import OnProgress, silent
from facepatch.core.vertex_picks import VertexPicks, read_vertex_picks, write_vertex_picks
from facepatch_maya.backend import Backend
from facepatch_maya.head_and_gaze import GazeControls, HeadControl, Neutral, write_clip_gaze, write_clip_head
from facepatch_maya.host import MayaHost
from facepatch_maya.live_session import LiveSession
from facepatch_maya.rig_keys import bake_controls
from facepatch_maya.service_steps import (
    CHARACTER,
    PICKS,
    begin_propose,
    begin_retarget,
    begin_train,
    propose_landmarks,
    retarget,
    roots_of,
    train,
)
from facepatch_maya.solve_rig import read_rig
from facepatch_maya.solve_steps import begin_solve, needs_refining, read_solved, refine, scene_rig_of, solve
from facepatch_maya.targets import Target, find_target
from facepatch_maya.write_keys import write_clip

__all__ = [
    "bake",
    "bake_controls",
    "begin_propose",
    "begin_retarget",
    "begin_solve",
    "begin_train",
    "build",
    "capture_character",
    "keep_landmarks",
    "live",
    "needs_refining",
    "propose_landmarks",
    "read_rig",
    "read_solved",
    "refine",
    "retarget",
    "roots_of",
    "scene_rig_of",
    "solve",
    "train",
    "trained_pca",
    "write_scene_picks",
]


def capture_character(
    meshes: Sequence[str],
    out: Path,
    *,
    frames: Optional[Sequence[float]] = None,
    head: str = "",
    facing: str = "+z",
    neutral_frame: Optional[float] = None,
    host: Optional[Host] = None,
    on_progress: OnProgress = silent,
) -> Capture:
    """Write the meshes and their motion into the folder `out`, and the landmarks that the scene keeps for them.

    frames: of the scene; None for every whole frame of its playback range. head: a node that carries the head, whose
    motion is taken out. facing: the world axis along which the face looks at rest. neutral_frame: where the face is at
    rest, None for the first of `frames`. Raises what `core.capture.capture` raises.
    """
    scene = host or MayaHost()
    if frames is None:
        about = scene.scene()
        frames = [float(frame) for frame in np.arange(about.start_frame, about.end_frame + 0.5)]
    found = capture(
        scene,
        meshes,
        frames,
        Path(out),
        head=head,
        facing=facing,
        neutral_frame=neutral_frame,
        on_progress=on_progress,
    )
    write_scene_picks(Path(out), host=scene)
    return found


def write_scene_picks(folder: Path, *, host: Optional[Host] = None) -> Optional[Path]:
    """`picks.json` of a captured character from the landmarks that the scene keeps for its meshes.

    Returns its path, None where the scene keeps none.
    """
    scene = host or MayaHost()
    found = read_capture(Path(folder))
    rows: dict[str, int] = {}
    for mesh in found.meshes:
        for name, vertex in scene.load_landmarks(mesh.name).items():
            rows.setdefault(name, vertex + mesh.vertex_start)
    if not rows:
        return None
    character = found.character()
    picks = VertexPicks(rows, len(character.neutral), character.topology.topology_id, character.name)
    write_vertex_picks(Path(folder) / PICKS, picks, note="Written from the landmarks of the scene.")
    return Path(folder) / PICKS


def keep_landmarks(folder: Path, picks: Path, *, replace: bool = False, host: Optional[Host] = None) -> int:
    """Keep the landmarks of a picks file in the scene, beside the meshes that the character was captured from.

    replace: also those that are picked already. Returns how many were new. Raises TopologyError where a mesh has
    changed since.
    """
    scene = host or MayaHost()
    found = read_vertex_picks(Path(picks))
    count = 0
    for mesh in read_capture(Path(folder)).meshes:
        inside = found.on_span(mesh.vertex_start, mesh.vertex_stop - mesh.vertex_start).landmarks
        kept = scene.load_landmarks(mesh.name)
        new = {name: vertex for name, vertex in inside.items() if replace or name not in kept}
        if new:
            scene.save_landmarks(mesh.name, {**kept, **new}, note="Proposed by facepatch.")
            count += len(new)
    return count


def build(
    models: Path,
    folder: Path,
    *,
    name: str = "facepatch",
    duplicate: bool = True,
    host: Optional[Host] = None,
) -> BuiltBlendShape:
    """Put the components that `models` was trained with on the captured meshes, or on duplicates: one undo step.

    models: OUT folder of the training. folder: of the captured character. Raises CheckpointError where the models are
    not there, TopologyError where the scene's meshes are others than those that were captured.
    """
    found, pca = read_capture(Path(folder)), trained_pca(models)
    shapes = shapes_for_host(found, pca)
    meshes = [mesh.name for mesh in found.meshes]
    return (host or MayaHost()).build_blendshape(meshes, shapes, name=name, duplicate=duplicate)


def trained_pca(models: Path) -> Pca:
    """The components of trained models; `models`: their OUT folder, or the folder `models` in it."""
    for path in (Path(models) / "models" / "pca.npz", Path(models) / "pca.npz"):
        if path.is_file():
            return read_pca(path)
    raise CheckpointError(f"{models}: holds no trained models. Give the folder that a training has written.")


def bake(
    clip: Path,
    target: Target,
    *,
    start_frame: Optional[float] = None,
    offset: float = 0.0,
    layer: str = "",
    tolerance: float = 0.0,
    whole_frames: bool = True,
    head: Union[HeadControl, str] = "",
    gaze: Optional[GazeControls] = None,
    neutral: Neutral = Neutral(),
    character: Optional[Path] = None,
    host: Optional[Host] = None,
) -> Applied:
    """Write a clip as keys on `target`, as one undo step, at the take's own speed whatever the scene's rate is.

    clip: clip.npz of a retargeting. start_frame: scene frame of its first frame, None for the start of the playback
    range. offset: scene frames to add, for a take that lies early or late. tolerance: keys are left out where the curve
    stays within it. whole_frames: resample onto the scene's frames rather than key between them.
    head, gaze: controls that get the head pose and the gaze too; a clip without head pose leaves the head alone, and
    gaze needs the `character` (its record, or the folder of the models). neutral: how the character stands where the
    performer's face is neutral.
    Raises as `find_target` and `write_clip` do; the scene is then as before.
    """
    path = Path(clip)
    found = read_clip(path / "clip.npz" if path.is_dir() else path)
    mapping = find_target(target, found.names)
    scene = host or MayaHost()
    start = scene.scene().start_frame if start_frame is None else float(start_frame)
    options: dict[str, Any] = {
        "start_frame": start, "offset": offset, "layer": layer, "tolerance": tolerance, "whole_frames": whole_frames,
    }  # fmt: skip
    record = None if gaze is None else _character_record(character)
    with scene.undo_step("facepatch bake"):
        written = [write_clip(found, mapping, **options)]
        if head:
            written.append(_bake_head(found, head, neutral=neutral, **options))
        if gaze is not None and record is not None:
            written.append(write_clip_gaze(found, record, gaze, neutral=neutral, **options))
    return Applied(
        sum(one.keys for one in written),
        tuple(name for one in written for name in one.attributes),
        tuple(left for one in written for left in one.left_alone),
    )


def _bake_head(clip: Clip, head: Union[HeadControl, str], **options: Any) -> Applied:
    control = HeadControl(head) if isinstance(head, str) else head
    if clip.head_pose is None:
        reason = (
            "The take has no head pose, since its landmarks have no depth. The head keeps its own animation."
        )
        return Applied(0, (), (LeftAlone(control.node, reason),))
    return write_clip_head(clip, control, **options)


def _character_record(path: Optional[Path]) -> Character:
    if path is None:
        raise InputError("The gaze needs the character. Give its character.npz, or the folder of the models.")
    for found in (Path(path), Path(path) / "models" / CHARACTER, Path(path) / CHARACTER):
        if found.is_file():
            return read_character_record(found)
    raise InputError(f"{path}: holds no {CHARACTER}. Give the folder of the models.")


def live(
    backend: Backend,
    models: Path,
    source: str,
    target: Target,
    *,
    fps: str = "",
    rate: str = "own",
    loop: bool = False,
    on_change: Optional[Callable[[], None]] = None,
) -> LiveSession:
    """Let `target` follow `source` (camera:0, camera:NAME, a film, a URL) until the session is stopped. Never waits.

    rate: "own", or "max" for every frame of a film as fast as possible. on_change: called when something is new to be
    shown. The session follows by Maya's event loop; without one, call its `poll`.
    """
    arguments = {"source": source, "models": str(models), "rate": rate, "fps": fps, "loop": loop}
    return LiveSession(backend, arguments, target, on_change=on_change)
