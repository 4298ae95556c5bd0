"""Solved control curves as keys on the rig: few of them, only inside the take, and never on what is held."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Optional

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.clip import Clip, read_clip
from facepatch.core.errors import InputError
from facepatch.core.host import Applied, Curve, LeftAlone
from facepatch.core.retime import Timing, retimed
from facepatch.core.scene_rig import SceneRig, in_namespace
from facepatch.core.thin import thinned
from facepatch_maya import kept_keys, write_keys
from facepatch_maya.layered_keys import layered
from facepatch_maya.read_scene import scene_info
from facepatch_maya.solve_steps import CONTROLS, KEY_TOLERANCE, REFINED, Rig, read_report, scene_rig_of

ROUNDING = 1e-5
"""Share of a control's range: what a float32 file may move a curve by."""


def bake_controls(
    out: Path,
    *,
    rig: Optional[Rig] = None,
    start_frame: Optional[float] = None,
    offset: float = 0.0,
    layer: str = "",
    key_tolerance: float = KEY_TOLERANCE,
    whole_frames: bool = True,
    keep: Sequence[str] = (),
    namespace: Optional[str] = None,
) -> Applied:
    """Write the solved curves as keys on the controls, with few keys, as one step of undo.

    Only keys inside the take are replaced. A control that never leaves its default gets no curve; where it has keys
    inside the take, or stands elsewhere, it is put to its default there.
    rig: as in `begin_solve`, for ranges and for weights that share a curve. layer: one that does not exist yet is
    made, additive where controls have keys around the take, so that these stay what they are. keep: controls that stay
    as they are (those that were held). namespace: of the rig in this scene, with a colon at its end, where it is
    another than the rig was read in; ":" for none.
    """
    path = Path(out) / (REFINED if (Path(out) / REFINED).is_file() else CONTROLS)
    if not path.is_file():
        raise InputError(f"{out}: holds no solved controls. Solve a clip first: facepatchSolve.")
    clip, report = read_clip(path), read_report(Path(out))
    said = report["refined"] if path.name == REFINED else report.get("controls", {})
    idle = set(said.get("idle", []))
    found = None if rig is None else scene_rig_of(rig)
    start = scene_info().start_frame if start_frame is None else float(start_frame)
    timing = Timing(clip.rate, scene_info().rate, start_frame=start, offset=offset, times=clip.times)
    frames, values = retimed(clip.weights, timing, whole_frames=whole_frames)
    # The solved curves are straight between their keys, which are found again where the frames are the same.
    own = path.name == CONTROLS and np.array_equal(frames, timing.scene_frames(clip.frame_count))
    slack = (ROUNDING if own else key_tolerance) * _spans(clip, found)
    # Not asked for, or not to be changed: the solve took them as they stand.
    fixed = {control.name for control in found.controls if not control.is_free} if found else set[str]()
    curves: dict[str, Curve] = {}
    slacks: dict[str, float] = {}
    for column, name in enumerate(clip.names):
        if name in keep or name in fixed or not len(frames):
            continue
        for attribute in found.attributes_of(name) if found else (name,):
            target = in_namespace(attribute, namespace)
            curve = _curve(target, frames, values[:, column], float(slack[column]), is_idle=name in idle)
            if curve is not None:
                curves[target] = curve
                slacks[target] = float(slack[column]) * kept_keys.unit_or_one(target)
    on_layer = layered(curves, slacks, layer)
    applied = write_keys.write_curves(on_layer.curves, layer=layer, override=on_layer.override)
    held = tuple(LeftAlone(name, f"{name} was held and keeps its animation.") for name in keep)
    return Applied(applied.keys, applied.attributes, (*applied.left_alone, *on_layer.covered, *held))


def _curve(
    attribute: str, frames: Float64, values: Float64, slack: float, *, is_idle: bool
) -> Optional[Curve]:
    unit = kept_keys.unit_or_one(attribute)
    if not is_idle:
        kept = thinned(Curve(frames, values), slack)
        return Curve(kept.frames, kept.values * unit)
    if kept_keys.stands_at(attribute, float(values[0]), frames):
        return None
    ends = np.unique(frames[[0, -1]])
    return Curve(ends, np.full(len(ends), values[0] * unit))


def _spans(clip: Clip, rig: Optional[SceneRig]) -> Float64:
    """(K,) the range of each control; what it covers in the clip, where the rig is not at hand."""
    known = {control.name: control.maximum - control.minimum for control in (rig.controls if rig else ())}
    covered = np.ptp(clip.weights, axis=0) if clip.frame_count else np.zeros(len(clip.names))
    return np.array([known.get(name, float(span)) for name, span in zip(clip.names, covered)], np.float64)
