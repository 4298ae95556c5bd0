"""Training data: the framing, the choice of frames, and the patches of both domains on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import Bool, Float32, Float64, Int32, UInt8
from facepatch.core.data.pca import Pca
from facepatch.core.errors import NoFaceError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.records import Record, read_record, storage_error, write_record, write_text
from facepatch.core.schema import from_dict, to_dict
from facepatch.geometry.affine import transform
from facepatch.metrics.coverage import CoverageReport, coverage, normalised
from facepatch.metrics.face_measures import FaceMeasures
from facepatch.metrics.selection import matched_selection
from facepatch.patches.makeup import wears_makeup
from facepatch.patches.plan import PatchPlan, make_plan, read_plan, write_plan
from facepatch.patches.regions import Region
from facepatch.pca.sources import BlendshapeFrames
from facepatch.pipelines.mouth import MEASURES as MOUTH
from facepatch.pipelines.performance import Performance, render_rows, tracked
from facepatch.pipelines.quality import Validation, feature_curves, feature_ranges, held_out, judging
from facepatch.pipelines.recombine import recombined
from facepatch.pipelines.settings import RunSettings
from facepatch.pipelines.store import Stage, Store
from facepatch.pipelines.subject import ChainedFrames, Subject, character_measures, pca_inputs
from facepatch.reenactment.masks import feature_mask
from facepatch.reenactment.pairing import find_partners
from facepatch.render.phong import prepare_look

KIND = "facepatch.training_data"
VERSION = 1
COVERAGE = "coverage.json"


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Patches of both domains, memory-mapped, with their sampling."""

    stage: Stage
    plan: PatchPlan
    performer: UInt8
    """(Tp, P, H, W, 3) of the chosen frames of the take."""
    performer_rows: np.ndarray
    """(Tp,) their frame numbers."""
    performer_probability: Float32
    character: UInt8
    """(Tc, P, H, W, 3) of all frames of the motion, and after them of expressions recombined from it."""
    motion_frames: int
    """How many of `character` are the motion itself."""
    character_rows: np.ndarray
    """Rows of the motion that the reenactment draws from; the weight estimation draws from all of `character`."""
    character_probability: Float32
    weights: Float32
    """(Tc, M) PCA weights of `character`."""
    performer_mask: Float32
    """(P, size, size)"""
    partner_rows: Int32
    """(Tp, P, K) rows of `character[character_rows]` that each performer row resembles, region by region."""
    partner_weight: Float32
    """(Tp, P)"""
    character_mask: Float32
    character_learned: Bool
    """(Tc,) which of `character` may be learned from; the others only judge."""
    validation: Validation
    coverage: CoverageReport
    """Of the take's frames that may be learned from, by the character's motion."""
    sentences: tuple[str, ...]


def train_rows(performance: Performance, share: float) -> np.ndarray:
    """Frames of the take that may be learned from: the first `share`, where there is a face. Raises NoFaceError where
    there is none."""
    rows = np.arange(max(1, round(share * performance.take.frame_count)))
    found = rows[performance.take.found[rows]]
    if not found.size:
        raise NoFaceError(
            f"{performance.take.name}: there is no face in its first {len(rows)} frames, which are to be learned from. "
            "Raise train_share, or cut the film to where the face is."
        )
    return found


def prepare_training(
    performance: Performance, subject: Subject, pca: Pca, *, settings: RunSettings, store: Store,
    on_progress: OnProgress = silent,
) -> TrainingData:  # fmt: skip
    """Frame, choose and cut. Kept in the stage: `plan.json`, `performer.npy`, `character.npy`, `data.npz`,
    `coverage.json`."""
    inputs = {
        "recipe": RECIPE,
        "performer": performance.take.key,
        "character": pca_inputs(subject, settings.pca),
        "settings": {name: to_dict(getattr(settings, name)) for name in ("patches", "makeup", "selection")},
        "share": settings.train_share,
        "validation": settings.validation_share,
        "supersample": settings.supersample,
        "recombined": settings.recombined,
        "seed": settings.seed,
    }
    stage = store.stage("patches", inputs)
    if not stage.done:
        _prepare(stage.folder, performance, subject, pca, settings=settings, on_progress=on_progress)
        stage.finish()
    return _load(stage)


def _prepare(
    folder: Path, performance: Performance, subject: Subject, pca: Pca, *, settings: RunSettings,
    on_progress: OnProgress,
) -> None:  # fmt: skip
    take, rows = performance.take, train_rows(performance, settings.train_share)
    positions = subject.landmark_motion()
    aligned = performance.align(take.neutral, settings.patches.align_sigma)
    moving = transform(aligned, take.points)
    neutral = subject.landmarks.positions(subject.character.neutral[None])[0]
    plan = make_plan(
        moving[rows],
        positions[..., :2],
        performer_neutral=take.neutral,
        character_neutral=neutral[:, :2],
        settings=settings.patches,
    )
    measures, rest = character_measures(subject, positions)
    apart = [held_out(count, settings.validation_share) for count in (len(rows), measures.frame_count)]
    learned = rows[~apart[0]]
    chosen = matched_selection(
        take.measures.select(learned),
        measures,
        settings.selection,
        performer_rest=take.at_rest,
        character_rest=rest,
        character_valid=~apart[1],
    )
    report = coverage(take.measures.select(rows), measures, performer_rest=take.at_rest, character_rest=rest)
    performer_rows, judges = (
        learned[chosen.performer.frames],
        rows[judging(apart[0], settings.validation_share)],
    )
    to_patch = plan.frame_to_patch(aligned)
    judging_patches = _cut(
        folder, performance, to_patch, (performer_rows, judges), settings=settings, on_progress=on_progress
    )
    weights = _render(
        folder,
        subject,
        pca,
        plan,
        settings=settings,
        positions=positions,
        learned=~apart[1],
        on_progress=on_progress,
    )
    size = settings.patches.size
    masks = [
        np.concatenate([feature_mask(points, size) for points in plan.region_points(where, views)])
        for where, views in (
            (take.points[performer_rows], to_patch[performer_rows]),
            (positions[..., :2].astype(np.float64), plan.views),
        )
    ]
    features = region_features(take.measures.select(learned), take.at_rest), region_features(measures, rest)
    partners = [
        find_partners(
            _columns(features[0], region)[chosen.performer.frames],
            _columns(features[1], region)[chosen.character.frames],
        )
        for region in settings.patches.regions
    ]
    measured = [bool(_measures_of(region)) for region in settings.patches.regions]
    arrays = {
        "performer_rows": performer_rows,
        "performer_probability": chosen.performer.probability.astype(np.float32),
        "character_rows": chosen.character.frames,
        "character_probability": chosen.character.probability.astype(np.float32),
        "weights": weights,
        "performer_mask": masks[0],
        "character_mask": masks[1],
        "partner_rows": np.stack([one.rows for one in partners], 1),
        # Where nothing is measured nobody resembles anybody.
        "partner_weight": np.stack([one.weight for one in partners], 1) * np.array(measured, np.float32),
        "character_learned": np.concatenate([~apart[1], np.ones(len(weights) - len(apart[1]), bool)]),
        "validation_patches": judging_patches,
        "validation_rows": judges,
        "validation_curves": feature_curves(take.measures.select(judges)),
        "validation_ranges": np.stack(
            [feature_ranges(feature_curves(one)) for one in (take.measures.select(rows), measures)]
        ),
        "validation_motion_rows": judging(apart[1], settings.validation_share),
        "validation_held_out": np.array([mask.any() for mask in apart]),
    }
    sentences = list(dict.fromkeys([*report.warnings, *chosen.sentences]))
    header = {
        "record": KIND,
        "version": VERSION,
        "sentences": sentences,
        "motion_frames": subject.frames.frame_count,
    }
    write_record(folder / "data.npz", Record(header, arrays))
    found = {"coverage": to_dict(report), "overlap_as_drawn": chosen.overlap_after}
    write_text(folder / COVERAGE, json.dumps(found))
    write_plan(folder / "plan.json", plan)


def _cut(
    folder: Path, performance: Performance, to_patch: np.ndarray, rows: tuple[np.ndarray, np.ndarray], *,
    settings: RunSettings, on_progress: OnProgress,
) -> UInt8:  # fmt: skip
    """Patches of the performer in one pass over the take: of `rows[0]` into `performer.npy`, of `rows[1]` returned."""
    shape = (len(settings.patches.regions), settings.patches.size, settings.patches.size, 3)
    learned = _open_map(folder / "performer.npy", (len(rows[0]), *shape))
    judging_patches = np.empty((len(rows[1]), *shape), np.uint8)
    both = np.union1d(*rows)
    blocks = performance.patches(to_patch, settings.patches.size, rows=both)
    for numbers, images in tracked(blocks, "performer patches", len(both), on_progress):
        for wanted, cut in zip(rows, (learned, judging_patches), strict=True):
            mine = np.isin(numbers, wanted)
            cut[np.searchsorted(wanted, numbers[mine])] = images[mine]
    learned.flush()
    return judging_patches


MEASURES_OF = {
    "eye_r": ("eye_open_r",),
    "eye_l": ("eye_open_l",),
    "brow_r": ("brow_r",),
    "brow_l": ("brow_l",),
    "lips_outer": ("mouth_width",),
    "lips_inner": ("mouth_open",),
}
"""Element of the face -> the measures that tell how it moves."""
RECIPE = 4
"""Of the training data: raised when the same inputs give others."""


def region_features(measures: FaceMeasures, rest: Mapping[str, float] | None) -> dict[str, Float64]:
    """Every measure on its own range, rest at 0.5: (T,) each. rest: where known; None for the most common value.

    The mouth's rest is always its most common value: between a face that is at rest and the neutral of a mesh its
    corners move, on one character out and on another in (docs/log.md).
    """
    return {
        name: normalised(curve, None if rest is None or name in MOUTH else rest[name])
        for name, curve in measures.curves().items()
    }


def _measures_of(region: Region) -> list[str]:
    return [name for element in region.elements for name in MEASURES_OF.get(element, ())]


def _columns(features: dict[str, Float64], region: Region) -> Float64:
    names = _measures_of(region)
    return (
        np.stack([features[name] for name in names], 1) if names else np.full((len(features["brow"]), 1), 0.5)
    )


def _render(
    folder: Path, subject: Subject, pca: Pca, plan: PatchPlan, *, settings: RunSettings, positions: Float32,
    learned: Bool, on_progress: OnProgress,
) -> Float32:  # fmt: skip
    """`character.npy`: the motion, and expressions recombined from the frames `learned`. Returns (T, M) weights."""
    look = prepare_look(subject.character)
    makeup = settings.makeup if wears_makeup(subject.character, settings.makeup) else None
    size, played = settings.patches.size, subject.frames.frame_count
    more = round(settings.recombined * played) if isinstance(subject.frames, BlendshapeFrames) else 0
    if more:
        assert isinstance(subject.frames, BlendshapeFrames)
        source = replace(subject.frames, weights=subject.frames.weights[learned])
        extra = replace(subject, frames=recombined(source, more, seed=settings.seed))
        positions = np.concatenate([positions, extra.landmark_motion()])
        subject = replace(subject, frames=ChainedFrames((subject.frames, extra.frames)))
    count = played + more
    images = _open_map(folder / "character.npy", (count, len(plan.views), size, size, 3))
    weights = np.empty((count, pca.component_count), np.float32)

    def blocks():
        for start in range(0, count, 256):
            rows = np.arange(start, min(start + 256, count))
            weights[rows] = pca.weights(subject.frames.block(start, int(rows[-1]) + 1))
            yield rows, render_rows(
                subject, look, rows, views=plan.views, size=(size, size), supersample=settings.supersample,
                points=positions[rows, :, :2], makeup=makeup,
            )  # fmt: skip

    for rows, rendered in tracked(blocks(), "character renders", count, on_progress):
        images[rows] = rendered
    images.flush()
    return weights


def _open_map(path: Path, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[np.uint8]]:
    try:
        images = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
        if hasattr(os, "posix_fallocate"):
            # A map is a hole in the file at first, and a full disk kills the process that writes into a hole.
            with path.open("r+b") as stream:
                os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise storage_error(path, error) from error
    return images


def _load(stage: Stage) -> TrainingData:
    header, arrays = read_record(stage.folder / "data.npz", KIND, VERSION)
    return TrainingData(
        stage=stage,
        plan=read_plan(stage.folder / "plan.json"),
        motion_frames=int(header["motion_frames"]),
        performer=np.load(stage.folder / "performer.npy", mmap_mode="c"),
        character=np.load(stage.folder / "character.npy", mmap_mode="c"),
        coverage=from_dict(CoverageReport, json.loads((stage.folder / COVERAGE).read_text())["coverage"]),
        sentences=tuple(header["sentences"]),
        **{name: arrays[name] for name in (
            "performer_rows", "performer_probability", "character_rows", "character_probability", "weights",
            "performer_mask", "character_mask", "partner_rows", "partner_weight", "character_learned",
        )},
        validation=Validation(**{name: arrays[f"validation_{name}"] for name in (
            "patches", "rows", "curves", "ranges", "motion_rows", "held_out",
        )}),
    )  # fmt: skip
