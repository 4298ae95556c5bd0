"""The stages of the main job as jobs of their own. They share their results with `run` in the same folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.data.character import Character, write_character
from facepatch.core.data.clip import Clip, read_clip
from facepatch.core.data.landmarks import write_landmark_track
from facepatch.core.errors import TopologyError
from facepatch.core.progress import OnProgress, Progress, silent, track
from facepatch.core.records import write_text
from facepatch.core.schema import to_dict
from facepatch.export import write_csv, write_maya_ascii, write_usd
from facepatch.landmarks.picks import write_picks
from facepatch.landmarks.surface_picture import draw_landmarks
from facepatch.metrics.coverage import MotionCoverage, motion_coverage
from facepatch.pipelines.outputs import draw_overlay, telling_frames
from facepatch.pipelines.prepare import TrainingData, prepare_training
from facepatch.pipelines.run import (
    Clock,
    Job,
    check_take,
    film,
    make_pca,
    make_performance,
    make_subject,
    train_all,
)
from facepatch.pipelines.settings import RunSettings, toml_text
from facepatch.pipelines.store import Store
from facepatch.pipelines.subject import character_measures, prepare_character, read_subject
from facepatch.readers import read_character
from facepatch.render.camera import head_view
from facepatch.render.phong import prepare_look
from facepatch.render.rasterize import render_views
from facepatch.render.sheet import contact_sheet
from facepatch.render.video import FilmWriter
from facepatch.training.pictures import write_picture

TILE = 240

CHARACTER_FILES = {
    "landmarks.png": "the landmarks; correct landmarks.json where one is off, and give it with --picks",
    "landmarks.json": "the landmarks",
    "shapes.png": "the neutral and every shape",
    "coverage.json": "the range of every feature in the motion",
    "character.npz": "the character, as facepatch reads it",
}
"""What `character` writes."""


@dataclass(frozen=True)
class CharacterReport:
    """What is to be known of a character before anything is trained."""

    doubts: tuple[str, ...]
    """Landmarks that are to be looked at, as sentences."""
    coverage: MotionCoverage | None
    """What its motion does; None where none was given."""


def character(
    path: Path, picks: Path | None, out: Path, *, motions: Sequence[Path] = (), on_progress: OnProgress = silent
) -> CharacterReport:  # fmt: skip
    """`character.npz`, `landmarks.json`, `landmarks.png`, `shapes.png`, with motions `coverage.json`."""
    store = Store(out)
    on_progress(Progress("character", 0, 3, "steps", "reading the character and its landmarks"))
    found, landmarks, stage = prepare_character(path, picks=picks, store=store, motions=motions)
    on_progress(Progress("character", 1, 3, "steps", "drawing"))
    write_character(out / "character.npz", found)
    write_picks(out / "landmarks.json", landmarks, found)
    write_picture(out / "landmarks.png", draw_landmarks(found, landmarks))
    write_picture(out / "shapes.png", shape_sheet(found))
    on_progress(
        Progress("character", 2, 3, "steps", "measuring the motion", picture=str(out / "landmarks.png"))
    )
    coverage = None
    if motions:
        subject = read_subject(found, landmarks, stage=stage, motions=motions)
        measures, at_rest = character_measures(subject, subject.landmark_motion())
        coverage = motion_coverage(measures, rest=at_rest)
        write_text(out / "coverage.json", json.dumps(to_dict(coverage), indent=1))
    on_progress(Progress("character", 3, 3, "steps"))
    return CharacterReport(landmarks.doubts, coverage)


def shape_sheet(found: Character) -> UInt8:
    """The neutral and every shape at full weight."""
    look = prepare_look(found)
    view = head_view(found, size=(TILE, TILE))[None]
    images = [render_views(look, found.neutral[None], to_pixels=view, size=(TILE, TILE))[0, 0]]
    for delta in found.deltas:
        images.append(
            render_views(look, (found.neutral + delta)[None], to_pixels=view, size=(TILE, TILE))[0, 0]
        )
    return contact_sheet(images, columns=8, labels=["neutral", *found.shape_names])


def landmarks(job: Job, settings: RunSettings, out: Path, *, on_progress: OnProgress = silent) -> list[str]:
    """`landmarks.npz` and `landmarks.png`: steadied, as every later stage uses them. Returns warnings."""
    performance = film(job, settings, Store(out), on_progress=on_progress)
    write_landmark_track(out / "landmarks.npz", performance.track)
    rows = telling_frames(performance.take.measures, performance.take.found)
    none = np.empty((0, 2, 3))
    images = [
        draw_overlay(image, performance.take.points[index], none, to_pixels, 0)
        for index, image, to_pixels in performance.pictures(rows)
    ]
    write_picture(
        out / "landmarks.png", contact_sheet(images, columns=3, labels=[f"frame {row}" for row in rows])
    )
    return list(performance.take.warnings)


def patches(job: Job, settings: RunSettings, out: Path, *, on_progress: OnProgress = silent) -> list[str]:
    """The training patches of both domains and `patches.png`. Returns what the coverage says."""
    store = Store(out)
    check_take(job)
    subject, _ = make_subject(job, settings, store)
    pca, _ = make_pca(subject, settings, store, on_progress=on_progress)
    performance = make_performance(job, settings, store, on_progress=on_progress)
    data = prepare_training(
        performance, subject, pca, settings=settings, store=store, on_progress=on_progress
    )
    write_picture(out / "patches.png", patch_sheet(data))
    return list(data.sentences)


def patch_sheet(data: TrainingData, count: int = 10) -> UInt8:
    """Rows of performer patches beside rows of character patches, drawn by their sampling."""
    columns: list[UInt8] = []
    rng = np.random.default_rng(0)
    domains = (
        (data.performer, data.performer_probability),
        (data.character[data.character_rows], data.character_probability),
    )
    count = min(count, *(int((probability > 0).sum()) for _, probability in domains))
    for images, probability in domains:
        rows = np.sort(rng.choice(len(images), count, p=probability / probability.sum()))
        columns.append(np.concatenate([np.concatenate(list(images[row]), 1) for row in rows]))
    return np.concatenate(columns, 1)


def train(job: Job, settings: RunSettings, out: Path, *, on_progress: OnProgress = silent) -> None:
    """Everything up to `models/`."""
    store = Store(out)
    clock = Clock(store)
    check_take(job)
    subject, stage = make_subject(job, settings, store)
    make_pca(subject, settings, store, on_progress=on_progress)
    performance = make_performance(job, settings, store, on_progress=on_progress)
    train_all(
        performance, subject, stage, settings=settings, store=store, clock=clock, on_progress=on_progress
    )
    write_text(out / "settings.toml", toml_text(settings))


def _clip_on(clip_path: Path, character_path: Path) -> tuple[Clip, Character]:
    clip, found = read_clip(clip_path), read_character(character_path)
    if clip.pca is not None and len(clip.pca.mean) != 3 * len(found.neutral):
        raise TopologyError(
            f"{clip_path}: is a clip of a head with {len(clip.pca.mean) // 3} vertices, {found.name} has "
            f"{len(found.neutral)}. Give the character that the clip was made for."
        )
    return clip, found


def render(
    clip_path: Path, character_path: Path, out: Path, *, size: int = 512, with_head_pose: bool = True,
    on_progress: OnProgress = silent,
) -> None:  # fmt: skip
    """`character.mp4`: the clip on its character, with its head pose."""
    clip, found = _clip_on(clip_path, character_path)
    Store(out)
    look = prepare_look(found)
    view = head_view(found, size=(size, size), margin=0.2, pca=clip.pca)[None]
    pose = clip.head_pose if with_head_pose else None
    with FilmWriter(out / "character.mp4", rate=clip.rate) as writer:
        for row in track(range(clip.frame_count), "render", clip.frame_count, on_progress):
            weights = clip.weights[row : row + 1]
            vertices = clip.pca.vertices(weights) if clip.pca is not None else found.vertices(weights)
            rotation = None if pose is None else pose[row : row + 1, :3, :3]
            image = render_views(look, vertices, to_pixels=view, size=(size, size), rotation=rotation)
            writer.write(image[0, 0])


def export(clip_path: Path, character_path: Path, out: Path, *, start_frame: int | None = None) -> None:
    """`character.ma`, `character.usdc`, `weights.csv`."""
    clip, found = _clip_on(clip_path, character_path)
    Store(out)
    if start_frame is not None:
        clip = replace(clip, start_frame=start_frame)
    write_csv(clip, out / "weights.csv")
    write_maya_ascii(clip, out / "character.ma", character=found)
    write_usd(clip, out / "character.usdc", character=found)
