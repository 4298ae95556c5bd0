"""The head's motion onto a joint or control, and the gaze onto eye controls or an aim target.

Rotate order, joint orient, rotate axis, pivots, the parent's place and the scene's units are the control's own and
are taken into account. The neutral pose of the performer is the control's zero, or, with `keep_pose`, its pose at the
neutral frame; keys are written as `write_keys` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from maya import cmds

from facepatch.core import pose
from facepatch.core.axes import Axes, Float64
from facepatch.core.capture import axes_from_scene
from facepatch.core.data.character import Character
from facepatch.core.data.clip import Clip
from facepatch.core.errors import InputError
from facepatch.core.gaze import clip_gaze
from facepatch.core.host import Applied, Curve
from facepatch.core.retime import Timing, retimed_poses
from facepatch.core.thin import thinned
from facepatch_maya.channels import own_curve
from facepatch_maya.read_scene import scene_info
from facepatch_maya.scene_names import plug
from facepatch_maya.transforms import parents_over, pivot_of, rest_of, visiting
from facepatch_maya.write_keys import write_curves


@dataclass(frozen=True)
class Neutral:
    """How the character stands where the performer's face is neutral."""

    frame: Optional[float] = None
    """Frame of the scene at which the character looks along `facing`; None for the current one."""
    facing: str = ""
    """Axis of the scene: "+z", "-y"...; "" for +z, in a Z-up scene for -y."""
    keep_pose: bool = False
    """Start from the pose of the control at that frame instead of its zero: for joints whose rest lies in rotate."""
    follows_parent: bool = True
    """The motion is added to that of the parent (the body). False: the head looks where the performer looked,
    whatever the body does, as the parent moves in the scene now."""


@dataclass(frozen=True)
class HeadControl:
    """What carries the head."""

    node: str
    """A joint or transform."""
    rotate: bool = True
    translate: bool = False
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Degrees about the head's own x, y, z (nod, turn, tilt), added to every frame."""
    centre: str = ""
    """Node midway between the eyes, about which the performer's head turns; matters for translate only. "": the
    control's own pivot."""


@dataclass(frozen=True)
class GazeControls:
    """What turns the eyes: their own controls, aim targets, or both."""

    eyes: tuple[str, ...] = ()
    """Rotated: left and right, the character's own."""
    aim: tuple[str, ...] = ()
    """Translated: one target for both eyes, or left and right."""
    centres: tuple[str, ...] = ()
    """Nodes at the centres of the left and right eyeball; needed for `aim`."""


def write_clip_head(
    clip: Clip,
    control: HeadControl,
    *,
    start_frame: float,
    offset: float = 0.0,
    whole_frames: bool = True,
    neutral: Neutral = Neutral(),
    layer: str = "",
    tolerance: float = 0.0,
) -> Applied:
    """Key the head of a take, placed in time as by `write_keys.write_clip`. Raises InputError without a head pose."""
    if clip.head_pose is None:
        raise InputError(
            f"{clip.name or 'The take'}: has no head pose. Retarget it with head pose, or leave it out."
        )
    timing = Timing(clip.rate, scene_info().rate, start_frame=start_frame, offset=offset, times=clip.times)
    frames, poses = retimed_poses(clip.head_pose, timing, whole_frames=whole_frames)
    return write_head(poses, control, frames=frames, neutral=neutral, layer=layer, tolerance=tolerance)


def write_clip_gaze(
    clip: Clip,
    character: Character,
    controls: GazeControls,
    *,
    start_frame: float,
    offset: float = 0.0,
    whole_frames: bool = True,
    neutral: Neutral = Neutral(),
    layer: str = "",
    tolerance: float = 0.0,
) -> Applied:
    """Key the gaze that the eyeballs of `character` have in a take, placed in time as by `write_keys.write_clip`."""
    timing = Timing(clip.rate, scene_info().rate, start_frame=start_frame, offset=offset, times=clip.times)
    eyes = clip_gaze(character, clip).rotations
    frames, left = retimed_poses(pose.as_poses(eyes[:, 0]), timing, whole_frames=whole_frames)
    _, right = retimed_poses(pose.as_poses(eyes[:, 1]), timing, whole_frames=whole_frames)
    turns = np.stack([left[:, :3, :3], right[:, :3, :3]], axis=1)
    return write_gaze(turns, controls, frames=frames, neutral=neutral, layer=layer, tolerance=tolerance)


def write_head(
    poses: Any,
    control: HeadControl,
    *,
    frames: Any,
    neutral: Neutral = Neutral(),
    layer: str = "",
    tolerance: float = 0.0,
) -> Applied:
    """Key the head. poses: (T, 4, 4) relative to the neutral pose (`Clip.head_pose`). frames: (T,) of the scene.

    tolerance: degrees and cm by which thinned curves may be off; 0 keys every frame. One undo step. Raises
    NodeNotFoundError, and InputError where the pose to keep would be overwritten by what is keyed now.
    """
    curves = head_curves(poses, control, frames=frames, neutral=neutral, tolerance=tolerance)
    return write_curves(curves, layer=layer)


def head_curves(
    poses: Any, control: HeadControl, *, frames: Any, neutral: Neutral = Neutral(), tolerance: float = 0.0
) -> dict[str, Curve]:
    """The curves that `write_head` writes: attribute -> cm or radians."""
    check = Axes()
    times = check("frames", frames, "T", np.float64)
    turned = check("poses", poses, "T 4 4", np.float64) @ _offset_matrix(control.offset)
    _check_pose([control.node], neutral, times)
    axes = _world_from_head(neutral)
    with visiting([] if neutral.frame is None else [neutral.frame]) as frame:
        next(frame, None)
        rest = rest_of(control.node, keep_pose=neutral.keep_pose)
        centre = pivot_of(control.centre) if control.centre else rest.pivot
    parents = None if neutral.follows_parent else parents_over(control.node, times.tolist())
    rotations, moves = pose.head_motion(turned, axes)
    curves: dict[str, Curve] = {}
    if control.rotate:
        angles = pose.rotate_channels(rest, rotations, parents=parents)
        curves.update(_curves(control.node, "rotate", times, angles, np.radians(tolerance)))
    if control.translate:
        places = pose.places_around(centre, rest.pivot, rotations) + moves
        values = pose.translate_channels(rest, places, parents=parents)
        curves.update(_curves(control.node, "translate", times, values, tolerance))
    return curves


def write_gaze(
    turns: Any,
    controls: GazeControls,
    *,
    frames: Any,
    neutral: Neutral = Neutral(),
    layer: str = "",
    tolerance: float = 0.0,
) -> Applied:
    """Key the eyes. turns: (T, 2, 3, 3) of the left and right eye, in head space, relative to the neutral (core.gaze).

    frames, tolerance, undo and errors: as in `write_head`. Raises InputError for a wrong number of controls.
    """
    curves = gaze_curves(turns, controls, frames=frames, neutral=neutral, tolerance=tolerance)
    return write_curves(curves, layer=layer)


def gaze_curves(
    turns: Any, controls: GazeControls, *, frames: Any, neutral: Neutral = Neutral(), tolerance: float = 0.0
) -> dict[str, Curve]:
    """The curves that `write_gaze` writes: attribute -> cm or radians."""
    check = Axes()
    times = check("frames", frames, "T", np.float64)
    eyes = check("turns", turns, "T 2 3 3", np.float64)
    _check_count(controls)
    moved = (*controls.eyes, *controls.aim)
    _check_pose(moved, neutral, times)
    axes = _world_from_head(neutral)
    with visiting([] if neutral.frame is None else [neutral.frame]) as frame:
        next(frame, None)
        rests = {name: rest_of(name, keep_pose=neutral.keep_pose) for name in moved}
        centres = [pivot_of(name) for name in controls.centres]
    follows = neutral.follows_parent
    parents = {name: None if follows else parents_over(name, times.tolist()) for name in moved}
    curves: dict[str, Curve] = {}
    for name, turn in zip(controls.eyes, (eyes[:, 0], eyes[:, 1])):
        angles = pose.rotate_channels(rests[name], axes @ turn @ axes.T, parents=parents[name])
        curves.update(_curves(name, "rotate", times, angles, np.radians(tolerance)))
    for name, centre, turn in _aims(controls.aim, centres, eyes):
        places = pose.places_around(centre, rests[name].pivot, axes @ turn @ axes.T)
        values = pose.translate_channels(rests[name], places, parents=parents[name])
        curves.update(_curves(name, "translate", times, values, tolerance))
    return curves


def _aims(
    aim: Sequence[str], centres: Sequence[Float64], eyes: Float64
) -> list[tuple[str, Float64, Float64]]:
    """(target, the point that it goes round, its turns) of each aim target."""
    if len(aim) == 2:
        return [(name, centres[side], eyes[:, side]) for side, name in enumerate(aim)]
    if not aim:
        return []
    # Both eyes look at one target: midway between them, in the mean direction.
    directions = eyes[:, :, :, 2].mean(axis=1)
    middle = np.mean(centres, axis=0)
    return [(aim[0], middle, pose.turns_between((0.0, 0.0, 1.0), directions))]


def _check_pose(nodes: Sequence[str], neutral: Neutral, frames: Float64) -> None:
    """Keying again and again must not add up: the pose to keep may not be among the frames that are keyed."""
    at = float(cmds.currentTime(query=True)) if neutral.frame is None else neutral.frame
    if not neutral.keep_pose or not len(frames) or not frames[0] <= at <= frames[-1]:
        return
    for node in nodes:
        if (
            own_curve(plug(f"{node}.rotateX")) is not None
            or own_curve(plug(f"{node}.translateX")) is not None
        ):
            raise InputError(
                f"{node}: its pose at frame {at:g} is to be kept, but that frame is keyed now, and would be added to "
                "itself. Name a neutral frame outside the range, or start from the control's zero."
            )


def _check_count(controls: GazeControls) -> None:
    if len(controls.eyes) not in (0, 2) or len(controls.aim) > 2 or not (controls.eyes or controls.aim):
        raise InputError(
            f"Gaze: {len(controls.eyes)} eye controls and {len(controls.aim)} aim targets were given. "
            "Give the left and the right eye control, or one or two aim targets."
        )
    if controls.aim and len(controls.centres) != 2:
        raise InputError(
            f"Gaze: an aim target needs the centres of both eyes, but {len(controls.centres)} nodes were given. "
            "Name the left and the right eye joint, or locators at the eyeballs' centres."
        )


def _curves(
    node: str, attribute: str, frames: Float64, values: Float64, tolerance: float
) -> dict[str, Curve]:
    named = zip("XYZ", values.T)
    return {f"{node}.{attribute}{axis}": thinned(Curve(frames, column), tolerance) for axis, column in named}


def _offset_matrix(degrees: tuple[float, float, float]) -> Float64:
    matrix = np.eye(4)
    matrix[:3, :3] = pose.rotations_from_euler(np.radians([degrees]))[0]
    return matrix


def _world_from_head(neutral: Neutral) -> Float64:
    up = scene_info().up_axis
    facing = neutral.facing or ("+z" if up == "y" else "-y")
    return axes_from_scene(facing, up).T
