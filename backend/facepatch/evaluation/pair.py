"""Character to character, where the answer is known: the same capture plays on both.

The source character is rendered as the performer; what is retargeted from its pictures is compared with the target
character under the same weights, vertex by vertex. Method 3.6, paper 4.3.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facepatch.core.axes import Float32, UInt8
from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.errors import InputError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.records import write_text
from facepatch.core.schema import to_dict
from facepatch.metrics.vertex_error import RegionError, face_regions, inter_ocular, vertex_error
from facepatch.patches.makeup import wears_makeup
from facepatch.pca.sources import sliced
from facepatch.pipelines.models import Models
from facepatch.pipelines.performance import BLOCK, RenderedPerformance, render_rows
from facepatch.pipelines.retarget import finish_clip, predict, without_channels
from facepatch.pipelines.run import Clock, train_all
from facepatch.pipelines.settings import RunSettings, toml_text
from facepatch.pipelines.store import Stage, Store
from facepatch.pipelines.subject import Subject, prepare_character, read_subject
from facepatch.render.camera import front_view
from facepatch.render.phong import prepare_look
from facepatch.render.rasterize import render_views
from facepatch.render.sheet import contact_sheet
from facepatch.training.pictures import write_picture

HELD_OUT_SHARE = 0.2
ROWS = (
    "retargeted",
    "retargeted, offset left in",
    "retargeted, networks alone",
    "bound: PCA projection",
    "bound: own renders",
    "bound: mean expression",
)


@dataclass(frozen=True)
class PairJob:
    """What is compared."""

    source: Path
    """The character that plays the performer."""
    target: Path
    motion: tuple[Path, ...]
    """Captures to train on; they play on both characters."""
    held_out: tuple[Path, ...] = ()
    """Captures to judge on; none: the last fifth of the motion, which is then not trained on."""
    source_picks: Path | None = None
    target_picks: Path | None = None


def evaluate_pair(
    job: PairJob, settings: RunSettings, out: Path, *, on_progress: OnProgress = silent
) -> dict[str, dict[str, RegionError]]:
    """Train on `motion`, judge on `held_out`. Returns row -> region -> error, and writes `pair.json` and `pair.png`."""
    store = Store(out)
    write_text(out / "settings.toml", toml_text(settings))
    character, marks, source_stage = prepare_character(
        job.source, picks=job.source_picks, store=store, motions=job.motion
    )
    source, source_test = _split(character, marks, source_stage, job)
    character, marks, target_stage = prepare_character(
        job.target, picks=job.target_picks, store=store, motions=job.motion
    )
    target, truth = _split(character, marks, target_stage, job)
    if source_test.frames.frame_count != truth.frames.frame_count:
        raise InputError(
            f"{job.source.name} moves in {source_test.frames.frame_count} frames, {job.target.name} in "
            f"{truth.frames.frame_count}. Both must play the same captures."
        )
    performer = RenderedPerformance(source, makeup=settings.makeup, supersample=settings.supersample)
    trained = train_all(performer, target, target_stage, settings=settings, store=store, clock=Clock(store),
                        on_progress=on_progress)  # fmt: skip
    judged = RenderedPerformance(source_test, makeup=settings.makeup, supersample=settings.supersample)
    models = trained.models
    raw = predict(judged, models, store=store, on_progress=on_progress)
    bare = without_channels(settings.retarget)
    none = replace(trained.calibration, offset=tuple([0.0] * raw.shape[1]))
    vertices = truth.frames.block(0, truth.frames.frame_count)
    shapes = {
        ROWS[0]: finish_clip(
            raw, judged.take, trained.calibration, models=models, settings=settings.retarget
        ).weights,
        ROWS[1]: finish_clip(raw, judged.take, none, models=models, settings=bare).weights,
        ROWS[2]: finish_clip(raw, judged.take, trained.calibration, models=models, settings=bare).weights,
        ROWS[3]: models.pca.weights(vertices),
        ROWS[4]: own_renders(truth, models, settings),
        ROWS[5]: np.zeros_like(raw),
    }
    errors = {
        row: vertex_error(
            models.pca.vertices(weights),
            vertices,
            inter_ocular_cm=inter_ocular(truth.landmarks, truth.character.neutral),
            mean_shape=models.pca.mean.reshape(-1, 3),
            regions=face_regions(truth.landmarks, truth.character.neutral),
        )
        for row, weights in shapes.items()
    }
    described = {
        "source": job.source.name,
        "target": job.target.name,
        "motion": [path.name for path in job.motion],
        "held_out": [path.name for path in job.held_out],
        "frames": len(vertices),
        "seed": settings.seed,
        "errors": {
            row: {region: to_dict(error) for region, error in found.items()} for row, found in errors.items()
        },
    }
    write_text(out / "pair.json", json.dumps(described, indent=1))
    write_picture(out / "pair.png", _picture(judged, truth, models, shapes[ROWS[0]]))
    return errors


def _split(
    character: Character, marks: SurfaceLandmarks, stage: Stage, job: PairJob
) -> tuple[Subject, Subject]:
    whole = read_subject(character, marks, stage=stage, motions=job.motion)
    if job.held_out:
        return whole, read_subject(character, marks, stage=stage, motions=job.held_out)
    count = whole.frames.frame_count
    cut = round((1 - HELD_OUT_SHARE) * count)
    return (
        replace(whole, frames=sliced(whole.frames, 0, cut), key=f"{whole.key}[:{cut}]"),
        replace(whole, frames=sliced(whole.frames, cut, count), key=f"{whole.key}[{cut}:]"),
    )


def own_renders(truth: Subject, models: Models, settings: RunSettings) -> Float32:
    """(T, M) what the weight estimation reads from the target's own renders: the best that reenactment could give."""
    look = prepare_look(truth.character)
    makeup = settings.makeup if wears_makeup(truth.character, settings.makeup) else None
    points = truth.landmark_motion()[..., :2]
    size = models.plan.settings.size
    out: list[Float32] = []
    for start in range(0, truth.frames.frame_count, BLOCK):
        rows = np.arange(start, min(start + BLOCK, truth.frames.frame_count))
        images = render_rows(truth, look, rows, views=models.plan.views, size=(size, size),
                             supersample=settings.supersample, points=points[rows], makeup=makeup)  # fmt: skip
        out.append(models.read(images))
    return np.concatenate(out)


def _picture(
    judged: RenderedPerformance, truth: Subject, models: Models, weights: Float32, count: int = 6
) -> UInt8:
    rows = np.linspace(0, len(weights) - 1, count + 2).astype(int)[1:-1]
    look = prepare_look(truth.character)
    view = front_view(truth.character.neutral, size=(320, 320))[None]
    images: list[UInt8] = []
    labels: list[str] = []
    for row, (_, source, _) in zip(rows, judged.pictures(rows), strict=True):
        for vertices, label in (
            (models.pca.vertices(weights[row : row + 1]), "retargeted"),
            (truth.frames.block(int(row), int(row) + 1), "truth"),
        ):
            if label == "retargeted":
                images.append(source)
                labels.append(f"source {row}")
            images.append(render_views(look, vertices, to_pixels=view, size=(320, 320))[0, 0])
            labels.append(label)
    return contact_sheet(images, columns=6, labels=labels)


def table(errors: dict[str, dict[str, RegionError]], regions: Sequence[str] = ("all", "lids", "lips")) -> str:
    """The errors as text: mean and 95th percentile in mm, mean in % of IOD, fraction of the mean expression's."""
    width = max(len(row) for row in errors)
    lines = [
        f"{'':<{width}}  "
        + "  ".join(f"{region + ': mean p95 mm, % IOD, fraction':<36}" for region in regions)
    ]
    for row, found in errors.items():
        cells: list[str] = []
        for region in regions:
            e = found[region]
            share = (
                "  -  " if e.fraction_of_mean_expression is None else f"{e.fraction_of_mean_expression:.3f}"
            )
            cells.append(f"{e.mean_mm:6.3f} {e.p95_mm:6.3f}  {e.mean_percent_iod:5.2f}  {share:<14}")
        lines.append(f"{row:<{width}}  " + "  ".join(f"{cell:<36}" for cell in cells).rstrip())
    return "\n".join(lines)
