"""A clip on the controls of a rig: solve, thin, judge, write (docs/methods/rig_solve.md)."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.clip import Clip, read_clip, write_clip
from facepatch.core.data.control_curves import ControlCurve
from facepatch.core.errors import InputError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.rig_samples import is_sampled
from facepatch.core.rig_start import write_rig_start
from facepatch.export.control_curves import write_anim, write_controls_ma, write_controls_usd
from facepatch.export.csv_file import write_csv
from facepatch.metrics.vertex_error import face_height
from facepatch.pipelines.solve_found import Found, by_samples, by_shapes
from facepatch.pipelines.solve_job import SolveJob
from facepatch.pipelines.solve_measures import (
    MM,
    active_controls,
    clipped_controls,
    control_curves,
    distances,
    played_controls,
    region_residuals,
    skin_regions,
    worst_frames,
)
from facepatch.report.solve_page import SolveReport, UsedControl, write_solve_report
from facepatch.solver.settings import SolveSettings

__all__ = ["FILES", "SolveJob", "Solved", "solve_clip"]

FILES = {
    "controls.csv": "values of every control in every frame",
    "controls.anim": "curves with few keys: import onto the controls in Maya",
    "controls.ma": "the same curves on a node of their own",
    "controls.usda": "the same as custom attributes",
    "controls.npz": "the clip of control values",
    "rig_start.npz": "where the Maya module goes on, on the rig itself",
    "solve.html": "what the rig reached and what it cannot",
    "solve.json": "the numbers of that page",
}


@dataclass(frozen=True, eq=False)
class Solved:
    """What a solve gives."""

    controls: Clip
    """A value for each control in each frame."""
    curves: tuple[ControlCurve, ...]
    """Of the controls that leave their default."""
    report: SolveReport


def solve_clip(
    job: SolveJob, settings: SolveSettings, out: Path, *, on_progress: OnProgress = silent
) -> Solved:
    """Solve `job.clip` and write FILES into `out`.

    Raises TopologyError where clip and rig are of different meshes, and the errors of the readers.
    """
    began = time.monotonic()
    clip_path = job.clip / "clip.npz" if job.clip.is_dir() else job.clip
    clip = read_clip(clip_path)
    if not clip.frame_count:
        raise InputError(f"{clip_path}: has no frames to solve.")
    if job.start_frame is not None:
        clip = replace(clip, start_frame=job.start_frame)
    solver = by_samples if is_sampled(job.rig) else by_shapes
    found = solver(job, clip, clip_path, settings, on_progress)
    rig = found.rig
    curves = control_curves(rig, found.controls, used=found.used, tolerance=job.key_tolerance)
    played = played_controls(rig, found.controls, curves)
    names = tuple(control.name for control in rig.controls)
    controls = replace(clip, names=names, weights=played.astype(np.float32), pca=None)
    report = judged(found, clip, played, curves, settings, held=job.held, on_progress=on_progress)
    report = replace(
        report,
        title=f"{clip.name or clip_path.stem} on the controls of {rig.name}",
        seconds=time.monotonic() - began,
    )
    written = write_all(out, controls, curves, found)
    write_solve_report(replace(report, files=written), out)
    return Solved(controls, curves, replace(report, files=written))


def judged(
    found: Found,
    clip: Clip,
    played: Float64,
    curves: tuple[ControlCurve, ...],
    settings: SolveSettings,
    *,
    held: Collection[str],
    on_progress: OnProgress,
) -> SolveReport:
    """What the `played` controls (T, C) reach; those that are held are at no limit of the solve."""
    rig, landmarks = found.rig, found.landmarks
    height = MM * face_height(landmarks, found.character.neutral)
    distance = distances(rig, found.target, played, on_progress=on_progress)
    regions = skin_regions(landmarks, found.character.neutral)
    return SolveReport(
        title="",
        rate=clip.rate,
        start_frame=clip.start_frame,
        face_height_mm=height,
        rms_mm=distance.rms,
        regions=region_residuals(distance.frames, regions, height),
        clipped=clipped_controls(rig, played, held=held),
        out_of_reach=found.out_of_reach,
        worst=tuple(worst_frames(rig, found.target, played, found.character, distance.rms, clip.start_frame)),
        control_count=len(rig.controls),
        used_count=len(curves),
        active_mean=active_controls(rig, played),
        key_count=sum(len(curve.rows) for curve in curves),
        frame_count=clip.frame_count,
        idle=tuple(c.name for c, used in zip(rig.controls, found.used, strict=True) if not used),
        seconds=0.0,
        settings=settings,
        files={},
        controls=tuple(UsedControl(curve.name, curve.unit, len(curve.rows)) for curve in curves),
        by_stand_in=found.start is not None,
        notes=found.notes,
    )


def write_all(out: Path, controls: Clip, curves: tuple[ControlCurve, ...], found: Found) -> dict[str, str]:
    """Write the curves and take away what an earlier solve left; gives the part of FILES that is there."""
    write_clip(out / "controls.npz", controls)
    write_csv(controls, out / "controls.csv")
    left = dict(FILES)
    if curves:
        write_anim(curves, out / "controls.anim", clip=controls)
        write_controls_ma(curves, out / "controls.ma", clip=controls)
        write_controls_usd(curves, out / "controls.usda", clip=controls)
    else:
        for name in ("controls.anim", "controls.ma", "controls.usda"):
            (out / name).unlink(missing_ok=True)
            del left[name]
    if found.start is not None:
        write_rig_start(out / "rig_start.npz", found.start)
    else:
        (out / "rig_start.npz").unlink(missing_ok=True)
        del left["rig_start.npz"]
    return left
