"""What a rig reached of a clip, and the few keys that say it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from facepatch.core.axes import Bool, Float32, Float64
from facepatch.core.data.character import Character
from facepatch.core.data.control_curves import ControlCurve
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.data.rig import Rig
from facepatch.core.host import Curve
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.core.thin import thinned
from facepatch.export.control_curves import held_rows
from facepatch.metrics.vertex_error import face_regions
from facepatch.render.camera import head_view
from facepatch.render.phong import prepare_look, tinted
from facepatch.render.rasterize import render_views
from facepatch.render.textures import srgb_to_linear
from facepatch.report.solve_page import ClippedControl, OutOfReach, RegionResidual, WorstFrame
from facepatch.solver.black_box import SampledRig
from facepatch.solver.reduce import Target, as_float64

MM = 10.0
BLOCK = 64
WORST = 6
PICTURE = 360
FULL_RED_MM = 3.0
"""Distance that the pictures of the worst frames show as plain red."""
GREY, RED = 200, (225, 30, 20)
"""sRGB of no distance and of that one."""


Playable = Rig | SampledRig
"""A rig that makes meshes: one that is known, or a stand-in for one that was sampled."""


def skin_regions(landmarks: SurfaceLandmarks, neutral: Float32) -> dict[str, np.ndarray]:
    """Rows of the vertices of the whole face, the lids and the lips."""
    found = face_regions(landmarks, neutral)
    return {
        "whole head": np.arange(len(neutral)),
        "left lids": found["lids_l"],
        "right lids": found["lids_r"],
        "lips": found["lips"],
    }


def region_weights(regions: Mapping[str, np.ndarray], vertex_count: int, lips_and_lids: float) -> Float64:
    """(V,) what each vertex counts."""
    weights: Float64 = np.ones(vertex_count)
    for name, rows in regions.items():
        if name != "whole head":
            weights[rows] = lips_and_lids
    return weights


def control_curves(
    rig: Playable, controls: Float64, *, used: Bool, tolerance: float
) -> tuple[ControlCurve, ...]:
    """Curves of the used controls, each within `tolerance` of its range."""
    curves: list[ControlCurve] = []
    for c, control in enumerate(rig.controls):
        if not used[c]:
            continue
        reach = tolerance * (control.maximum - control.minimum)
        kept = thinned(Curve(np.arange(len(controls), dtype=np.float64), controls[:, c]), reach)
        curves.append(ControlCurve(control.name, control.unit, kept.frames, kept.values))
    return tuple(curves)


def played_controls(rig: Playable, controls: Float64, curves: tuple[ControlCurve, ...]) -> Float64:
    """(T, C) what the curves say at every frame: the solve as its files hold it."""
    out: Float64 = controls.copy()
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


def meshes(rig: Playable, target: Target, controls: Float64) -> Iterator[tuple[int, Float32, Float32]]:
    """Start, wanted (T, V, 3) and reached (T, V, 3) cm, block by block."""
    for start in range(0, len(controls), BLOCK):
        stop = start + BLOCK
        wanted = (target.weights[start:stop] @ target.basis + target.mean).astype(np.float32)
        yield start, wanted.reshape(len(wanted), -1, 3), rig.vertices(controls[start:stop])


def distances(
    rig: Playable, target: Target, controls: Float64, *, on_progress: OnProgress = silent
) -> Distances:
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


def clipped_controls(
    rig: Playable, controls: Float64, *, held: Collection[str] = ()
) -> tuple[ClippedControl, ...]:
    """Controls that the solve drove to a limit which is not their default, the longest first."""
    out: list[ClippedControl] = []
    for c, control in enumerate(rig.controls):
        for limit in (control.minimum, control.maximum):
            at = np.abs(controls[:, c] - limit) <= 1e-6 * max(1.0, control.maximum - control.minimum)
            if limit != control.default and control.is_free and control.name not in held and at.any():
                out.append(ClippedControl(control.name, limit, int(at.sum())))
    return tuple(sorted(out, key=lambda row: -row.frames))


def active_controls(rig: Playable, controls: Float64) -> float:
    """Controls away from their default by more than a hundredth of their range, mean over the frames."""
    span = np.maximum(rig.limits[:, 1] - rig.limits[:, 0], 1e-12)
    return float((np.abs(controls - rig.defaults) > 0.01 * span).sum(axis=1).mean())


def out_of_reach(
    shapes: Float64, basis: Float64, target: Target, names: tuple[str, ...]
) -> tuple[OutOfReach, ...]:
    """Components of the clip, basis (M, R), of which no mixture of the shapes (S, R), limits aside, makes a part."""
    left, values, _ = np.linalg.svd(shapes.T, full_matrices=False)
    span = left[:, values > 1e-9 * max(values[0], 1e-30)] if values.size else left[:, :0]
    rest = basis - basis @ span @ span.T
    whole = np.linalg.norm(basis, axis=1)
    missing = np.linalg.norm(rest, axis=1)
    spread = as_float64(target.weights).std(axis=0)
    rows = np.argsort(-missing * spread)[:5]
    return tuple(
        OutOfReach(names[m], share=float(missing[m] / whole[m]), rms_mm=float(missing[m] * spread[m]))
        for m in rows
        if whole[m] > 0 and missing[m] * spread[m] > 0.01
    )


def worst_frames(
    rig: Playable, target: Target, controls: Float64, character: Character, rms: Float64, start_frame: int
) -> Iterator[WorstFrame]:
    """The frames that the rig misses most, more than twelve frames apart from each other."""
    rows: list[int] = []
    for row in np.argsort(-rms):
        if all(abs(int(row) - other) > 12 for other in rows):
            rows.append(int(row))
        if len(rows) == WORST:
            break
    view = head_view(character, size=(PICTURE, PICTURE))[None]
    plain, grey = prepare_look(character), prepare_look(in_grey(character))
    for row in rows:
        one = slice(row, row + 1)
        wanted = (target.weights[one] @ target.basis + target.mean).astype(np.float32).reshape(1, -1, 3)
        reached = rig.vertices(controls[one])
        away = MM * np.linalg.norm(reached[0] - wanted[0], axis=1)
        heat = tinted(grey, heat_tint(away))
        images = [
            render_views(look, mesh, to_pixels=view, size=(PICTURE, PICTURE))[0, 0]
            for look, mesh in ((plain, wanted), (plain, reached), (heat, wanted))
        ]
        yield WorstFrame(start_frame + row, float(rms[row]), float(away.max()), np.concatenate(images, 1))


def in_grey(character: Character) -> Character:
    """`character` without its colours."""
    parts = tuple(replace(part, color=(1.0, 1.0, 1.0), texture=-1) for part in character.parts)
    color = np.full((len(character.neutral), 3), GREY, np.uint8)
    return replace(character, vertex_color=color, parts=parts)


def heat_tint(away: Float32) -> Float32:
    """(V, 3) what turns grey into red where `away` (V,) mm says so."""
    share = np.clip(away / FULL_RED_MM, 0, 1)[:, None]
    color = ((1 - share) * GREY + share * np.asarray(RED)) / 255
    return (srgb_to_linear(color) / srgb_to_linear(np.asarray(GREY / 255))).astype(np.float32)
