"""What a clip becomes for people: exports, the side-by-side film, the report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np

from facepatch import __version__
from facepatch.core.axes import Bool, Float32, Float64, UInt8
from facepatch.core.data.clip import EASED, HELD, NO_FACE, Clip, write_clip
from facepatch.core.progress import QUALITY, OnProgress, Progress, quality_parts, silent
from facepatch.export import write_csv, write_maya_ascii, write_usd
from facepatch.geometry.affine import compose, inverse, transform
from facepatch.metrics.agreement import blink_agreement, pearson
from facepatch.metrics.coverage import SPOKEN, CoverageReport
from facepatch.metrics.face_measures import FaceMeasures, face_measures
from facepatch.metrics.jitter import jitter, still_frames
from facepatch.metrics.vertex_error import face_height
from facepatch.pipelines.models import Models
from facepatch.pipelines.performance import Performance, Take
from facepatch.pipelines.retarget import FaceModels, nearest_rows
from facepatch.render.camera import head_view
from facepatch.render.phong import prepare_look
from facepatch.render.rasterize import render_views
from facepatch.render.video import FilmWriter
from facepatch.report import data as report
from facepatch.report.side_by_side import compose_frame

Item = TypeVar("Item")

WANTED = {"mouth_open": 0.9, "mouth_width": 0.8, "eye_open_l": 0.8, "eye_open_r": 0.8, "brow": 0.6}
FILM_HEIGHT = 360
BLOCK = 64


def write_exports(clip: Clip, models: Models, out: Path) -> None:
    """`clip.npz`, `weights.csv`, `character.ma`, `character.usdc`."""
    write_clip(out / "clip.npz", clip)
    write_csv(clip, out / "weights.csv")
    write_maya_ascii(clip, out / "character.ma", character=models.character)
    write_usd(clip, out / "character.usdc", character=models.character)


def mesh_measures(clip: Clip, models: FaceModels) -> tuple[Float32, FaceMeasures, dict[str, float]]:
    """Landmarks on the mesh (T, L, 3) cm, their measures, and those of the neutral in the same unit."""
    blocks = [
        models.landmarks.positions(models.pca.vertices(clip.weights[start : start + 256]))
        for start in range(0, clip.frame_count, 256)
    ]
    neutral = models.landmarks.positions(models.character.neutral[None])
    points = np.concatenate([*blocks, neutral])
    together = face_measures(points)
    return points[:-1], together.select(np.arange(clip.frame_count)), together.at(clip.frame_count)


def character_pictures(clip: Clip, models: Models, *, size: int = FILM_HEIGHT) -> Iterator[UInt8]:
    """(size, size, 3) of the head from the front, one per frame of the clip."""
    look = prepare_look(models.character)
    view = head_view(models.character, pca=models.pca, size=(size, size))[None]
    for start in range(0, clip.frame_count, BLOCK):
        vertices = models.pca.vertices(clip.weights[start : start + BLOCK])
        yield from render_views(look, vertices, to_pixels=view, size=(size, size))[:, 0]


def write_side_by_side(
    path: Path, performance: Performance, clip: Clip, models: Models, *, on_progress: OnProgress = silent
) -> None:
    """performer | patches | reenacted patches | character, in step with the take."""
    plan = models.plan
    to_patch = plan.frame_to_patch(performance.align(plan.performer_neutral, plan.settings.align_sigma))
    total, frames = clip.frame_count, take_rows(clip, performance.take)
    pictures = in_step((image for _, image, _ in performance.pictures()), frames)
    patches = in_step(_each(performance, models, to_patch), frames)
    on_progress(Progress("side by side", 0, total))
    with FilmWriter(path, rate=clip.rate) as film:
        rows = zip(range(total), pictures, patches, character_pictures(clip, models), strict=False)
        for index, image, (cut, reenacted), character in rows:
            film.write(
                compose_frame(image, cut, reenacted=reenacted, character=character, height=FILM_HEIGHT)
            )
            if index % 16 == 15:
                on_progress(Progress("side by side", index + 1, total))
    on_progress(Progress("side by side", total, total))


def take_rows(clip: Clip, take: Take) -> np.ndarray:
    """(T,) the frame of the take that each frame of its clip shows: its own, or the nearest where the rate varies."""
    return nearest_rows(take.times, take.rate)[: clip.frame_count]


def in_step(items: Iterator[Item], rows: np.ndarray) -> Iterator[Item]:
    """`items[rows[0]], items[rows[1]], ...`; rows ascend, and may repeat and skip. Ends with the items."""
    at, item = -1, None
    for row in rows:
        while at < row:
            item = next(items, None)
            if item is None:
                return
            at += 1
        assert item is not None
        yield item


def _each(performance: Performance, models: Models, to_patch: Float64) -> Iterator[tuple[UInt8, UInt8]]:
    for _, patches in performance.patches(to_patch, models.plan.settings.size):
        yield from zip(patches, models.predict(patches)[0], strict=True)


def report_data(
    performance: Performance, clip: Clip, models: Models, *, settings: dict[str, Any], timings: dict[str, float],
    held_out_start: int | None, coverage: CoverageReport | None, curves: dict[str, dict[str, Any]],
    warnings: tuple[str, ...], out: Path,
) -> report.ReportData:  # fmt: skip
    """Everything on the report page; of the files, those that lie in `out`."""
    take = performance.take
    points, measured, at_rest = mesh_measures(clip, models)
    rows = take_rows(clip, take)
    if held_out_start is not None:
        held_out_start = int(np.searchsorted(rows, held_out_start))
    valid = take.found[rows]
    performer = take.measures.select(rows)
    table = _agreement(performer, measured, valid, held_out_start)
    strip, patches, overlays = _pictures(performance, clip, models)
    # In rest units: the limit of still_frames is in inter-ocular distances.
    aligned = transform(performance.align(models.plan.performer_neutral, 0.0), take.points)
    flags = clip.flags if clip.flags is not None else np.zeros(clip.frame_count, np.uint8)
    return report.ReportData(
        title=f"{take.name} on {models.character.name}",
        take=take.name,
        character=models.character.name,
        when=datetime.now().astimezone().isoformat(timespec="minutes"),
        frame_count=clip.frame_count,
        rate=clip.rate,
        start_frame=clip.start_frame,
        held_out_start=held_out_start,
        versions=versions(),
        settings=settings,
        timings=timings,
        rates={f"{name}, frames/s": take.frame_count / seconds for name, seconds in timings.items()
               if name in ("landmarks", "retarget", "side by side") and seconds > 0.1},
        files={name: what for name, what in FILES.items() if (out / name).is_file() or name == "report.json"},
        film_strip=strip,
        patches=patches,
        overlays=overlays,
        agreement=table,
        blinks=_blinks(performer, measured, at_rest, valid),
        coverage=() if coverage is None else _coverage(coverage),
        training={
            f"{name}: {key}": report.Curve(np.asarray(history["iterations"]), np.asarray(values))
            for name, history in curves.items() for key, values in history["values"].items()
        },
        quality={
            name: _quality(MEANING[name], history) for name, history in curves.items() if history["best_iteration"]
        },
        jitter=_jitter(points, still_frames(aligned[rows], valid=valid), clip, models),
        no_face=_frames(flags, NO_FACE),
        held=_frames(flags, HELD),
        eased=_frames(flags, EASED),
        warnings=tuple(_spoken(sentence) for sentence in (*warnings, *take.warnings)),
    )  # fmt: skip


MEANING = {
    "weights": "How well renders of the character are read, as what is left of the error of the mean expression.",
    "reenactment": "How far the character follows the performer, over the same range, before calibration and channels; "
    "the swap does not count.",
}
"""Network -> what its quality is of."""


def _quality(meaning: str, history: dict[str, Any]) -> report.Quality:
    """What the checks of one training found."""
    checks, best = history["checks"], history["best_iteration"]
    place = checks["iterations"].index(best)
    at_best = {name: values[place] for name, values in checks["values"].items()}
    curve = report.Curve(np.asarray(checks["iterations"]), np.asarray(checks["values"][QUALITY]))
    return report.Quality(meaning, curve, best, quality_parts(at_best), history["verdict"])


FILES = {
    "clip.npz": "the clip: PCA weights, PCA, head pose, flags",
    "weights.csv": "the weights for spreadsheets and scripts",
    "character.ma": "open in Maya, without facepatch",
    "character.usdc": "open in Blender, Maya or Houdini",
    "side_by_side.mp4": "performer, patches, reenacted patches, character",
    "report.json": "the numbers of this page",
    "settings.toml": "all settings, to run again",
}


def _spoken(sentence: str) -> str:
    """A sentence with the names of measures as people say them; "brow" is a word already."""
    for name, spoken in SPOKEN.items():
        if "_" in name:
            sentence = re.sub(rf"\b{name}\b", spoken, sentence)
    return sentence


def _frames(flags: UInt8, bit: int) -> tuple[int, ...]:
    return tuple(int(row) for row in np.flatnonzero(flags & bit))


def _agreement(
    performer: FaceMeasures, character: FaceMeasures, valid: Bool, held_out_start: int | None
) -> tuple[report.Agreement, ...]:
    split = performer.frame_count if held_out_start is None else held_out_start
    train = np.flatnonzero(valid[:split])
    judge = split + np.flatnonzero(valid[split:])

    def r(rows: np.ndarray, name: str) -> float | None:
        if len(rows) < 3:
            return None
        return pearson(performer.curves()[name][rows], character.curves()[name][rows])

    return tuple(
        report.Agreement(
            measure=spoken,
            performer=performer.curves()[name],
            character=character.curves()[name],
            wanted=WANTED[name],
            r_train=r(train, name),
            r_held_out=r(judge, name),
            n_train=len(train),
            n_held_out=len(judge),
        )
        for name, spoken in SPOKEN.items()
    )


def _blinks(
    performer: FaceMeasures, character: FaceMeasures, at_rest: dict[str, float], valid: Bool
) -> tuple[report.Blink, ...]:
    """Both eyes, where the character's are open at neutral: else there is no scale to judge them by."""
    rows: list[report.Blink] = []
    for side, eye in (("l", "left"), ("r", "right")):
        name = f"eye_open_{side}"
        if at_rest[name] > 0:
            gaps = performer.curves()[name], character.curves()[name]
            found = blink_agreement(*gaps, character_open=at_rest[name], valid=valid)
            rows.append(
                report.Blink(
                    eye, found.closed_frames, found.closed_recall, found.open_frames, found.open_error
                )
            )
    return tuple(rows)


def _jitter(points: Float32, still: Bool, clip: Clip, models: Models) -> report.Jitter | None:
    height = face_height(models.landmarks, models.character.neutral)
    found = jitter(points, still, face_height=height, rate_fps=clip.rate[0] / clip.rate[1])
    if found.percent is None or found.worst_percent is None:
        return None
    return report.Jitter(found.frames, found.percent, found.worst_percent, found.worst)


def _coverage(found: CoverageReport) -> tuple[report.Coverage, ...]:
    rows: list[report.Coverage] = []
    for name, feature in found.features.items():
        spoken = SPOKEN.get(name, name)
        verdict = f"the performer is away from rest in {feature.performer_active:.0%} of his frames, the character's "
        verdict += f"training motion in {feature.character_active:.0%}."
        rows.append(report.Coverage(spoken, feature.overlap, verdict))
    return tuple(rows)


def _pictures(
    performance: Performance, clip: Clip, models: Models
) -> tuple[tuple[report.Figure, ...], tuple[report.PatchRow, ...], tuple[report.Figure, ...]]:
    take, plan = performance.take, models.plan
    frames = take_rows(clip, take)
    rows = telling_frames(take.measures.select(frames), take.found[frames])
    rows = rows[np.unique(frames[rows], return_index=True)[1]]
    frames = frames[rows]
    aligned = performance.align(plan.performer_neutral, plan.settings.align_sigma)
    to_patch = plan.frame_to_patch(aligned)
    films = {index: (image, to_pixels) for index, image, to_pixels in performance.pictures(frames)}
    faces = dict(zip(rows.tolist(), character_pictures(_some(clip, rows), models), strict=True))
    strip = [
        report.Figure(_beside(films[frame][0], faces[row]), f"frame {clip.start_frame + row}")
        for row, frame in zip(rows.tolist(), frames.tolist(), strict=True)
    ]
    look = prepare_look(models.character)
    patch_rows: list[report.PatchRow] = []
    size = plan.settings.size
    for numbers, cut in performance.patches(to_patch, size, rows=frames):
        reenacted = models.predict(cut)[0]
        shown = rows[np.searchsorted(frames, numbers)]
        vertices = models.pca.vertices(clip.weights[shown])
        rendered = render_views(look, vertices, to_pixels=plan.views.astype(np.float32), size=(size, size))
        for i, number in enumerate(shown.tolist()):
            patch_rows += [
                report.PatchRow(region, clip.start_frame + number, cut[i, p], reenacted[i, p], rendered[i, p])
                for p, region in enumerate(plan.settings.names)
            ]
    overlays = [
        report.Figure(
            draw_overlay(films[frame][0], take.points[frame], to_patch[frame], films[frame][1], size),
            f"landmarks and patches, frame {clip.start_frame + row}",
        )
        for row, frame in list(zip(rows.tolist(), frames.tolist(), strict=True))[:3]
    ]
    return tuple(strip), tuple(patch_rows), tuple(overlays)


def _some(clip: Clip, rows: np.ndarray) -> Clip:
    return Clip(clip.names, clip.weights[rows], clip.rate)


def telling_frames(measures: FaceMeasures, found: Bool) -> np.ndarray:
    """Frames that show the extremes and the middle of every measure, ascending."""
    good = np.flatnonzero(found)
    if not good.size:
        return good
    wanted = (
        (measures.mouth_open, 0.995),
        (measures.eye_open_l, 0.01),
        (measures.mouth_width, 0.99),
        (measures.brow, 0.99),
        (measures.mouth_open, 0.2),
        (measures.mouth_width, 0.02),
    )
    picked = [int(good[np.argsort(curve[good])[int(q * (good.size - 1))]]) for curve, q in wanted]
    return np.unique(np.asarray(picked))


def _beside(film: UInt8, face: UInt8) -> UInt8:
    height = face.shape[0]
    width = round(film.shape[1] * height / film.shape[0])
    fitted: UInt8 = np.asarray(cv2.resize(film, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return np.concatenate([fitted, face], 1)


def draw_overlay(image: UInt8, points: Float64, to_patch: Float64, to_pixels: Float64, size: int) -> UInt8:
    """One frame with its landmarks and patch borders. points in the take's plane; to_patch: (P, 2, 3)."""
    scale = max(1.0, 480 / image.shape[0])
    out: UInt8 = np.asarray(
        cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8
    )
    bigger = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])
    place = compose(bigger, to_pixels)
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], float)
    for matrix in to_patch:
        outline = transform(compose(place, inverse(matrix)), corners)
        cv2.polylines(out, [np.round(outline * 16).astype(np.int32)], True, (80, 220, 120), 1, cv2.LINE_AA, 4)
    for x, y in transform(place, points):
        cv2.circle(out, (round(x * 16), round(y * 16)), 26, (255, 190, 40), -1, cv2.LINE_AA, 4)
    return out


def versions() -> dict[str, str]:
    """Of facepatch and of what decides its numbers."""
    names = ("torch", "numpy", "mediapipe", "numba", "av", "opencv-contrib-python-headless", "usd-core")
    found = {"facepatch": __version__}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
