"""A clip on the controls of a rig: solve, thin, judge, write (docs/methods/rig_solve.md)."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from facepatch.core.axes import Float32, Float64, UInt8
from facepatch.core.data.character import Character, MeshSpan
from facepatch.core.data.clip import Clip, read_clip, write_clip
from facepatch.core.data.control_curves import ControlCurve
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.data.rig import Rig
from facepatch.core.errors import InputError
from facepatch.core.host import Curve
from facepatch.core.part_names import default_part
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.core.thin import thinned
from facepatch.export.control_curves import (
    held_rows,
    write_anim,
    write_controls_ma,
    write_controls_usd,
)
from facepatch.export.csv_file import write_csv
from facepatch.landmarks.picks import read_picks
from facepatch.landmarks.surface import propose_landmarks
from facepatch.metrics.vertex_error import face_height, face_regions
from facepatch.pipelines.control_regions import blended
from facepatch.readers.rig import read_rig_source
from facepatch.render.camera import front_view
from facepatch.render.phong import prepare_look
from facepatch.render.rasterize import render_views
from facepatch.report.solve_page import (
    ClippedControl,
    OutOfReach,
    RegionResidual,
    SolveReport,
    WorstFrame,
    write_solve_report,
)
from facepatch.solver.reduce import Reduced, Target, as_float64, reduce, target_of
from facepatch.solver.settings import SolveSettings
from facepatch.solver.trajectory import Solution, Wishes, solve

log = logging.getLogger(__name__)

MM = 10.0
BLOCK = 64
WORST = 6
PICTURE = 360
FULL_RED_MM = 3.0
"""Distance that the pictures of the worst frames show as plain red."""
FILES = {
    "controls.csv": "values of every control in every frame",
    "controls.anim": "curves with few keys: import onto the controls in Maya",
    "controls.ma": "the same curves on a node of their own",
    "controls.usda": "the same as custom attributes",
    "controls.npz": "the clip of control values",
    "solve.html": "what the rig reached and what it cannot",
    "solve.json": "the numbers of that page",
}


@dataclass(frozen=True)
class SolveJob:
    """What the user hands in."""

    clip: Path
    """A clip.npz, or a folder that holds one."""
    rig: Path
    """A rig description, a rig record, or a character whose shapes are its controls."""
    picks: Path | None = None
    """Landmarks of the character; by default those beside the clip, else proposed."""
    unused: tuple[str, ...] = ()
    """Controls that stay at their default."""
    held: Mapping[str, float] = field(default_factory=dict)
    """Control -> the value that it keeps."""
    cost: Mapping[str, float] = field(default_factory=dict)
    """Control -> factor on its cost."""
    blend: Mapping[str, float] = field(default_factory=dict)
    """Region of `control_regions.REGIONS` -> how much of the solve its controls take, 0..1."""
    key_tolerance: float = 0.005
    """Share of a control's range that its curve may leave the solved values by; 0 keeps a key on every frame."""
    start_frame: int | None = None


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
    if job.start_frame is not None:
        clip = replace(clip, start_frame=job.start_frame)
    source = read_rig_source(job.rig)
    rig = source.rig
    target = target_of(clip, rig)
    character = source.character or bare_character(rig)
    landmarks = find_landmarks(job.picks, clip_path, character)
    regions = skin_regions(landmarks, rig)
    reduced = reduce(rig, target, vertex_weights=region_weights(regions, rig, settings))
    wishes = Wishes(held=job.held, unused=frozenset(job.unused), cost=job.cost)
    found = solve(
        rig, reduced, weights=clip.weights, settings=settings, wishes=wishes, on_progress=on_progress
    )
    found = replace(found, controls=blended(rig, found.controls, landmarks, job.blend))
    curves = control_curves(rig, found, tolerance=job.key_tolerance)
    played = played_controls(rig, found, curves)
    controls = replace(
        clip, names=tuple(c.name for c in rig.controls), weights=played.astype(np.float32), pca=None
    )
    height = face_height(landmarks, rig.neutral)
    distance = distances(rig, target, played, on_progress=on_progress)
    report = SolveReport(
        title=f"{clip.name or clip_path.stem} on the controls of {rig.name}",
        rate=clip.rate,
        start_frame=clip.start_frame,
        face_height_mm=height * MM,
        rms_mm=distance.rms,
        regions=region_residuals(distance.frames, regions, height * MM),
        clipped=clipped_controls(rig, played),
        out_of_reach=out_of_reach(reduced, target, clip.names),
        worst=tuple(worst_frames(rig, target, played, character, distance.rms, clip.start_frame)),
        control_count=len(rig.controls),
        used_count=len(curves),
        active_mean=active_controls(rig, played),
        key_count=sum(len(curve.rows) for curve in curves),
        frame_count=clip.frame_count,
        idle=tuple(c.name for c, used in zip(rig.controls, found.used, strict=True) if not used),
        seconds=time.monotonic() - began,
        settings=settings,
        files=FILES,
    )
    write_clip(out / "controls.npz", controls)
    write_csv(controls, out / "controls.csv")
    if curves:
        write_anim(curves, out / "controls.anim", clip=clip)
        write_controls_ma(curves, out / "controls.ma", clip=clip)
        write_controls_usd(curves, out / "controls.usda", clip=clip)
    write_solve_report(report, out)
    return Solved(controls, curves, report)


def bare_character(rig: Rig) -> Character:
    """The rig's mesh with one plain material."""
    topology = rig.topology
    polygons = topology.polygon_counts.size
    return Character(
        name=rig.name,
        neutral=rig.neutral,
        topology=topology,
        shape_names=tuple(shape.name for shape in rig.shapes),
        deltas=rig.deltas,
        meshes=(MeshSpan(rig.name, 0, len(rig.neutral), 0, polygons),),
        parts=(default_part(rig.name),),
        polygon_part=np.zeros(polygons, np.int32),
    )


def find_landmarks(picks: Path | None, clip: Path, character: Character) -> SurfaceLandmarks:
    """The landmarks of `picks`, else those that were trained with beside the clip, else proposed ones."""
    beside = clip.parent / "models" / "landmarks.json"
    place = picks or (beside if beside.is_file() else None)
    return read_picks(place, character) if place else propose_landmarks(character)


def skin_regions(landmarks: SurfaceLandmarks, rig: Rig) -> dict[str, np.ndarray]:
    """Rows of the vertices of the whole face, the lids and the lips."""
    found = face_regions(landmarks, rig.neutral)
    return {
        "whole head": np.arange(len(rig.neutral)),
        "left lids": found["lids_l"],
        "right lids": found["lids_r"],
        "lips": found["lips"],
    }


def region_weights(regions: Mapping[str, np.ndarray], rig: Rig, settings: SolveSettings) -> Float64:
    """(V,) what each vertex counts."""
    weights: Float64 = np.ones(len(rig.neutral))
    for name, rows in regions.items():
        if name != "whole head":
            weights[rows] = settings.lips_and_lids
    return weights


def control_curves(rig: Rig, found: Solution, *, tolerance: float) -> tuple[ControlCurve, ...]:
    """Curves of the controls that leave their default, each within `tolerance` of its range."""
    curves: list[ControlCurve] = []
    count = len(found.controls)
    for c, control in enumerate(rig.controls):
        if not found.used[c]:
            continue
        values = found.controls[:, c]
        reach = tolerance * (control.maximum - control.minimum)
        kept = thinned(Curve(np.arange(count, dtype=np.float64), values), reach)
        curves.append(ControlCurve(control.name, control.unit, kept.frames, kept.values))
    return tuple(curves)


def played_controls(rig: Rig, found: Solution, curves: tuple[ControlCurve, ...]) -> Float64:
    """(T, C) what the curves say at every frame: the solve as its files hold it."""
    out: Float64 = found.controls.copy()
    by_name = {curve.name: curve for curve in curves}
    for c, control in enumerate(rig.controls):
        if control.name in by_name:
            out[:, c] = np.clip(held_rows(by_name[control.name], len(out)), control.minimum, control.maximum)
    return out


@dataclass(frozen=True, eq=False)
class Distances:
    """From the rig's meshes to the clip's."""

    rms: Float64
    """(T,) mm over all vertices."""
    frames: Float32
    """(T, V) mm"""


def meshes(rig: Rig, target: Target, controls: Float64) -> Iterator[tuple[int, Float32, Float32]]:
    """Start, wanted (T, V, 3) and reached (T, V, 3) cm, block by block."""
    for start in range(0, len(controls), BLOCK):
        stop = start + BLOCK
        wanted = (target.weights[start:stop] @ target.basis + target.mean).astype(np.float32)
        yield start, wanted.reshape(len(wanted), -1, 3), rig.vertices(controls[start:stop])


def distances(rig: Rig, target: Target, controls: Float64, *, on_progress: OnProgress = silent) -> Distances:
    """Distance of every vertex in every frame."""
    total = len(controls)
    frames: Float32 = np.empty((total, len(rig.neutral)), np.float32)
    for start, wanted, reached in meshes(rig, target, controls):
        frames[start : start + len(wanted)] = MM * np.linalg.norm(reached - wanted, axis=2)
        on_progress(Progress("measure", min(total, start + BLOCK), total, unit="frames"))
    rms: Float64 = np.sqrt(np.square(frames, dtype=np.float64).mean(axis=1))
    return Distances(rms, frames)


def region_residuals(
    distance: Float32, regions: Mapping[str, np.ndarray], face_height_mm: float
) -> tuple[RegionResidual, ...]:
    """Mean, 95th percentile and largest distance of each region."""
    out: list[RegionResidual] = []
    for name, rows in regions.items():
        part = distance[:, rows]
        per_frame = part.mean(axis=1, dtype=np.float64)
        out.append(
            RegionResidual(
                name,
                mean_mm=float(per_frame.mean()),
                p95_mm=float(np.percentile(part, 95)),
                max_mm=float(part.max()),
                p95_share=float(np.percentile(part, 95)) / face_height_mm,
                frames_mm=per_frame,
            )
        )
    return tuple(out)


def clipped_controls(rig: Rig, controls: Float64) -> tuple[ClippedControl, ...]:
    """Controls that stand at a limit which is not their default, the longest first."""
    out: list[ClippedControl] = []
    for c, control in enumerate(rig.controls):
        for limit in (control.minimum, control.maximum):
            at = np.abs(controls[:, c] - limit) <= 1e-6 * max(1.0, control.maximum - control.minimum)
            if limit != control.default and control.is_free and at.any():
                out.append(ClippedControl(control.name, limit, int(at.sum())))
    return tuple(sorted(out, key=lambda row: -row.frames))


def active_controls(rig: Rig, controls: Float64) -> float:
    """Controls away from their default by more than a hundredth of their range, mean over the frames."""
    span = np.maximum(rig.limits[:, 1] - rig.limits[:, 0], 1e-12)
    return float((np.abs(controls - rig.defaults) > 0.01 * span).sum(axis=1).mean())


def out_of_reach(reduced: Reduced, target: Target, names: tuple[str, ...]) -> tuple[OutOfReach, ...]:
    """Components of the clip of which no mixture of the rig's shapes, limits aside, makes a part."""
    left, values, _ = np.linalg.svd(reduced.shapes.T, full_matrices=False)
    span = left[:, values > 1e-9 * max(values[0], 1e-30)] if values.size else left[:, :0]
    rest = reduced.basis - reduced.basis @ span @ span.T
    whole = np.linalg.norm(reduced.basis, axis=1)
    missing = np.linalg.norm(rest, axis=1)
    spread = as_float64(target.weights).std(axis=0)
    rows = np.argsort(-missing * spread)[:5]
    return tuple(
        OutOfReach(names[m], share=float(missing[m] / whole[m]), rms_mm=float(missing[m] * spread[m]))
        for m in rows
        if whole[m] > 0 and missing[m] * spread[m] > 0.01
    )


def worst_frames(
    rig: Rig, target: Target, controls: Float64, character: Character, rms: Float64, start_frame: int
) -> Iterator[WorstFrame]:
    """The frames that the rig misses most, at least half a second apart from each other."""
    rows: list[int] = []
    for row in np.argsort(-rms):
        if all(abs(int(row) - other) > 12 for other in rows):
            rows.append(int(row))
        if len(rows) == WORST:
            break
    view = front_view(character.neutral, size=(PICTURE, PICTURE))[None]
    for row in rows:
        one = slice(row, row + 1)
        wanted = (target.weights[one] @ target.basis + target.mean).astype(np.float32).reshape(1, -1, 3)
        reached = rig.vertices(controls[one])
        away = MM * np.linalg.norm(reached[0] - wanted[0], axis=1)
        plain = prepare_look(character)
        heat = prepare_look(heated(character, away))
        images = [
            render_views(look, mesh, to_pixels=view, size=(PICTURE, PICTURE))[0, 0]
            for look, mesh in ((plain, wanted), (plain, reached), (heat, wanted))
        ]
        yield WorstFrame(start_frame + row, float(rms[row]), float(away.max()), np.concatenate(images, 1))


def heated(character: Character, away: Float32) -> Character:
    """`character` in grey, red where `away` (V,) mm says so."""
    share = np.clip(away / FULL_RED_MM, 0, 1)[:, None]
    color: UInt8 = ((1 - share) * 200 + share * np.asarray([[225, 30, 20]])).astype(np.uint8)
    parts = tuple(replace(part, color=(1.0, 1.0, 1.0), texture=-1) for part in character.parts)
    return replace(character, vertex_color=color, parts=parts)


def parse_pairs(pairs: tuple[str, ...], flag: str) -> dict[str, float]:
    """("jaw=0.5",) -> {"jaw": 0.5}. Raises InputError for anything else."""
    out: dict[str, float] = {}
    for pair in pairs:
        name, equals, text = pair.rpartition("=")
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not equals or not name or not np.isfinite(value):
            raise InputError(f"{flag}: '{pair}' is no CONTROL=NUMBER. Write {flag} jaw_ctrl.ty=0.5")
        out[name] = value
    return out
