"""Controls for a clip: of a rig that is known, or of one that was only sampled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import Bool, Float32, Float64
from facepatch.core.data.character import Character, MeshSpan, read_character_record
from facepatch.core.data.clip import Clip
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.data.rig import Rig, rig_from_character
from facepatch.core.errors import InputError, TopologyError
from facepatch.core.part_names import default_part
from facepatch.core.progress import OnProgress
from facepatch.core.rig_samples import RigSamples
from facepatch.core.rig_start import RigStart, blended_values
from facepatch.landmarks.picks import read_picks
from facepatch.landmarks.surface import propose_landmarks
from facepatch.pipelines.control_regions import blend_shares, control_regions, sampled_regions
from facepatch.pipelines.solve_job import SolveJob, listed, notes_on, wishes_of
from facepatch.pipelines.solve_measures import Playable, out_of_reach, region_weights, skin_regions
from facepatch.readers.rig import SampledSource, read_rig_source, read_sampled_source
from facepatch.report.solve_page import OutOfReach
from facepatch.solver.black_box import solve_on_samples
from facepatch.solver.reduce import Reduced, Target, as_float64, reduce, target_of
from facepatch.solver.settings import SolveSettings
from facepatch.solver.trajectory import solve

TWIN = 0.9999
"""Cosine between what two controls do from which on no solve can tell them apart."""
FAR = 0.15
"""Share of its vertices' distance from their middle by which a rig may rest beside character or clip: farther off is
another mesh or space."""


@dataclass(frozen=True, eq=False)
class Found:
    """A solve, before it is thinned and judged."""

    rig: Playable
    target: Target
    character: Character
    landmarks: SurfaceLandmarks
    controls: Float64
    """(T, C)"""
    used: Bool
    """(C,) whether the control leaves its default anywhere."""
    out_of_reach: tuple[OutOfReach, ...]
    notes: tuple[str, ...]
    """Sentences for the report."""
    start: RigStart | None = None
    """For a rig that was only sampled: where the rig itself goes on."""


def by_shapes(
    job: SolveJob, clip: Clip, clip_path: Path, settings: SolveSettings, on_progress: OnProgress
) -> Found:
    """Solve for a rig whose shapes are known."""
    source = read_rig_source(job.rig)
    rig = source.rig
    target = target_of(clip, rig)
    character = source.character or bare_character(rig)
    check_clip(rig.name, rig.neutral, target)
    landmarks = find_landmarks(job.picks, clip_path, character)
    regions = skin_regions(landmarks, rig.neutral)
    weights = region_weights(regions, len(rig.neutral), settings.lips_and_lids)
    share = blend_shares(rig.controls, control_regions(rig, landmarks), job.blend, held=job.held)
    reduced = reduce(rig, target, vertex_weights=weights)
    found = solve(
        rig,
        reduced,
        weights=clip.weights,
        settings=settings,
        wishes=wishes_of(job, rig.controls),
        on_progress=on_progress,
    )
    return Found(
        rig,
        target,
        character,
        landmarks,
        controls=rig.defaults + share * (found.controls - rig.defaults),
        used=found.used,
        out_of_reach=out_of_reach(reduced.shapes, reduced.basis, target, clip.names),
        notes=(*notes_on(job, rig.controls), *doubts(rig, reduced), *weighed(settings, found.settings)),
    )


def by_samples(
    job: SolveJob, clip: Clip, clip_path: Path, settings: SolveSettings, on_progress: OnProgress
) -> Found:
    """Solve for a rig that was only sampled, on a stand-in for it."""
    source = read_sampled_source(job.rig)
    samples, controls = source.samples, source.samples.controls
    character = sampled_character(source, clip_path)
    check_rest(samples, character)
    target = sampled_target(clip, character)
    check_clip(character.name, samples.vertices[0], target)
    landmarks = find_landmarks(job.picks, clip_path, character)
    regions = skin_regions(landmarks, character.neutral)
    shares = blend_shares(controls, sampled_regions(samples, landmarks), job.blend, held=job.held)
    solved = solve_on_samples(
        samples,
        target,
        name=character.name,
        vertex_weights=region_weights(regions, len(character.neutral), settings.lips_and_lids),
        settings=settings,
        wishes=wishes_of(job, controls),
        blend=shares,
        on_progress=on_progress,
    )
    start, space = solved.start, solved.rig.space
    away = np.abs(start.shares(start.values) - start.shares(start.defaults)).max(axis=0)
    used: Bool = away >= settings.drop_below
    start = replace(start, free=start.free & used, values=np.where(used, start.values, start.defaults))
    components = (target.basis * space.scale) @ space.basis
    return Found(
        solved.rig,
        target,
        character,
        landmarks,
        controls=blended_values(start, start.values),
        used=used,
        out_of_reach=out_of_reach(np.eye(space.basis.shape[1])[: space.own], components, target, clip.names),
        notes=(*notes_on(job, controls), *sampled_notes(samples, solved.stand_in_mm)),
        start=start,
    )


def sampled_notes(samples: RigSamples, off_mm: float) -> list[str]:
    """Sentences about what distances mean where the rig itself was not asked."""
    off = f", {off_mm:.2f} mm off where it has not seen the rig" if np.isfinite(off_mm) else ""
    out = [
        f"The rig itself was not asked: all distances are those of a stand-in, learned from {len(samples.values)} "
        f"samples{off}. The Maya module goes on from rig_start.npz on the rig."
    ]
    if samples.idle:
        out.append(
            f"The rig does not respond to them, so they stay at their default: {listed(samples.idle)}."
        )
    return out


def weighed(asked: SolveSettings, taken: SolveSettings) -> list[str]:
    """A sentence where much less sparsity and smoothness were taken than asked for."""
    whole, part = max((asked.sparsity, taken.sparsity), (asked.smoothness, taken.smoothness))
    if not whole or part > 0.5 * whole:
        return []
    return [
        f"Sparsity and smoothness were taken at {100 * part / whole:.2g} % of what is set: more of them would raise "
        f"the distance by over {100 * asked.slack:.3g} %. For fewer keys and softer curves raise slack: --set slack=1."
    ]


def doubts(rig: Rig, reduced: Reduced) -> list[str]:
    """Sentences about controls that move nothing, or do the same as another."""
    moves = np.zeros((len(rig.controls), reduced.shapes.shape[1]))
    drives = np.zeros(len(rig.controls))
    for shape, row in zip(rig.shapes, reduced.shapes, strict=True):
        for driver in shape.drivers:
            drives[driver.control] += np.linalg.norm(row)
        if len(shape.drivers) == 1:
            moves[shape.drivers[0].control] += row
    out: list[str] = []
    still = [c.name for c, size in zip(rig.controls, drives, strict=True) if c.is_free and size < 1e-6]
    if still:
        out.append(f"They move nothing, so they stay at their default: {listed(still)}.")
    length = np.linalg.norm(moves, axis=1)
    unit = moves / np.maximum(length, 1e-12)[:, None]
    free = np.asarray([c.is_free for c in rig.controls]) & (length >= 1e-6)
    alike = np.triu((unit @ unit.T > TWIN) & free & free[:, None], 1)
    twins = [f"{rig.controls[a].name} and {rig.controls[b].name}" for a, b in np.argwhere(alike)]
    if twins:
        out.append(f"They do the same, so what one does the other may do as well: {listed(twins, 3)}.")
    return out


def sampled_character(source: SampledSource, clip: Path) -> Character:
    """The character whose mesh was sampled: beside the samples, else of the clip's run.

    Raises InputError where there is none, TopologyError where it is another mesh.
    """
    places = (source.folder / "character.npz", clip.parent / "models" / "character.npz")
    place = next((path for path in places if path.is_file()), None)
    if place is None:
        raise InputError(
            f"{source.folder}: has no character.npz, which says how the sampled vertices make a face. "
            "Put the character.npz of the capture there, or give the clip in the folder of its run."
        )
    character = read_character_record(place)
    rest = source.samples.vertices[0]
    if len(rest) != len(character.neutral):
        raise TopologyError(
            f"The rig was sampled with {len(rest)} vertices, but {place} has {len(character.neutral)}. "
            "Sample the meshes of that character, in the same order."
        )
    return character


def sampled_target(clip: Clip, character: Character) -> Target:
    """The shapes of `clip`: PCA weights, or weights of the character's own shapes."""
    if clip.pca is None:
        return target_of(clip, rig_from_character(character))
    return Target(as_float64(clip.pca.mean), as_float64(clip.pca.basis), as_float64(clip.weights))


def check_clip(name: str, neutral: Float32, target: Target) -> None:
    """Raises InputError where the clip is of another face than the rig: its vertices lie elsewhere."""
    rest = target.mean.reshape(-1, 3)
    # Another number of vertices is refused by the solver, with both numbers.
    away = far_beside(rest, neutral) if rest.shape == neutral.shape else None
    if away is not None:
        raise InputError(
            f"{name}: at rest its vertices lie {away:.1f} cm from those of the clip on the mean, so this is another "
            "face, another order of the vertices, or another place. Give the rig of the character that the clip was "
            "retargeted to."
        )


def far_beside(rest: Any, neutral: Float32) -> float | None:
    """Mean distance in cm from the vertices at `rest` to `neutral`, where it is too far for one and the same face."""
    away = float(np.linalg.norm(rest - neutral, axis=1).mean())
    size = float(np.linalg.norm(neutral - neutral.mean(axis=0), axis=1).mean())
    return away if away > FAR * size else None


def check_rest(samples: RigSamples, character: Character) -> None:
    """Raises InputError where the sampled rig rests far beside the character."""
    away = far_beside(samples.vertices[0], character.neutral)
    if away is not None:
        raise InputError(
            f"At its defaults the sampled rig lies {away:.1f} cm beside the character's neutral. "
            "Sample it with head_from_world of the capture, and check the defaults of the controls."
        )


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


@dataclass(frozen=True)
class _Face:
    """A character that is known by the hash of its shapes."""

    key: str
    character: Character = field(compare=False)


def find_landmarks(picks: Path | None, clip: Path, character: Character) -> SurfaceLandmarks:
    """The landmarks of `picks`, else those that were trained with beside the clip, else proposed ones.

    Proposed once for a character: an animator solves the same rig again and again.
    """
    beside = clip.parent / "models" / "landmarks.json"
    place = picks or (beside if beside.is_file() else None)
    if place:
        return read_picks(place, character)
    digest = hashlib.sha256(character.topology.topology_id.encode())
    for array in (character.neutral, character.deltas):
        digest.update(array.tobytes())
    return _proposed(_Face(digest.hexdigest(), character))


@lru_cache(maxsize=2)
def _proposed(face: _Face) -> SurfaceLandmarks:
    return propose_landmarks(face.character)
