"""A character with its landmarks, its motion and the PCA of that motion."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facepatch.core.axes import Float32
from facepatch.core.data.character import Character, read_character_record, write_character
from facepatch.core.data.clip import Clip, MeshClip
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.data.pca import Pca, read_pca, write_pca
from facepatch.core.errors import InputError, TopologyError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.schema import to_dict
from facepatch.landmarks.picks import read_picks, write_picks
from facepatch.landmarks.surface import propose_landmarks
from facepatch.landmarks.surface_picture import draw_landmarks
from facepatch.metrics.face_measures import FaceMeasures, face_measures
from facepatch.metrics.vertex_error import brow_regions, face_height, face_regions
from facepatch.pca.choose import PcaSettings
from facepatch.pca.fit import fit_pca_with_report
from facepatch.pca.sources import ArrayFrames, ShapeSource, character_frames
from facepatch.pipelines.store import Stage, Store, fingerprint
from facepatch.readers import read_character, read_motion
from facepatch.training.pictures import write_picture

log = logging.getLogger(__name__)

SAMPLES = 160
"""Frames of each motion that the landmarks of a rig without shapes are proposed from."""
BROW_REACH = 0.15
"""Near enough to a brow, in brow lengths, that a component for one brow alone is kept (docs/log.md)."""
GENERATED = "generated"
"""Stands for the motion that is made up where the user has none."""


@dataclass(frozen=True, eq=False)
class ChainedFrames:
    """Several sources of one character, one after the other."""

    sources: tuple[ShapeSource, ...]

    @property
    def frame_count(self) -> int:
        """T"""
        return sum(source.frame_count for source in self.sources)

    @property
    def vertex_count(self) -> int:
        """V"""
        return self.sources[0].vertex_count

    def block(self, start: int, stop: int) -> Float32:
        """(stop - start, V, 3)"""
        parts: list[Float32] = []
        for source in self.sources:
            low, high = max(0, start), min(source.frame_count, stop)
            if low < high:
                parts.append(source.block(low, high))
            start, stop = start - source.frame_count, stop - source.frame_count
        return np.concatenate(parts)


@dataclass(frozen=True, eq=False)
class Subject:
    """A character that is ready to be rendered in motion."""

    character: Character
    landmarks: SurfaceLandmarks
    frames: ShapeSource
    rate: tuple[int, int]
    key: str
    """Hash of all that it was made from."""
    warnings: tuple[str, ...] = ()

    def landmark_motion(self) -> Float32:
        """(T, L, 3) cm, block by block."""
        return np.concatenate([self.landmarks.positions(block) for _, block in self.blocks()])

    def blocks(self, size: int = 256) -> Iterator[tuple[int, Float32]]:
        """Start and vertices (T, V, 3) of one block after the other."""
        for start in range(0, self.frames.frame_count, size):
            yield start, self.frames.block(start, min(start + size, self.frames.frame_count))


def character_measures(subject: Subject, positions: Float32) -> tuple[FaceMeasures, dict[str, float]]:
    """Measures of the motion, and those of the neutral in the same unit."""
    neutral = subject.landmarks.positions(subject.character.neutral[None])
    together = face_measures(np.concatenate([positions, neutral]))
    return together.select(np.arange(len(positions))), together.at(len(positions))


def prepare_character(
    path: Path, *, picks: Path | None, store: Store, motions: Sequence[Path] = ()
) -> tuple[Character, SurfaceLandmarks, Stage]:
    """Read a character and its landmarks: `character.npz`, `landmarks.json` and `landmarks.png` in the stage.

    picks: a picks file; what it lacks is proposed from the mesh and its shapes.
    motions: of a rig that has no shapes; its landmarks are proposed from how they move the mesh.
    """
    inputs = {"character": fingerprint(path), "picks": fingerprint(picks) if picks else "", "name": path.stem}
    stage = store.stage("character", inputs)
    if stage.done:
        return _kept(stage)
    character = read_character(path)
    samples = None
    if not character.shape_names and motions:
        stage = store.stage("character", {**inputs, "motions": [fingerprint(motion) for motion in motions]})
        if stage.done:
            return _kept(stage)
        samples = _samples(character, motions)
    if picks is not None:
        landmarks = read_picks(picks, character, sample_shapes=samples)
    elif character.shape_names or samples is not None:
        landmarks = propose_landmarks(character, sample_shapes=samples)
    else:
        raise InputError(
            f"{path}: has neither shapes nor motion to find its lids and lips by. Give its motion, or a picks file: "
            "--picks landmarks.json (the format is in docs/data.md)."
        )
    write_character(stage.folder / "character.npz", character)
    write_picks(stage.folder / "landmarks.json", landmarks, character)
    write_picture(stage.folder / "landmarks.png", draw_landmarks(character, landmarks))
    stage.finish(doubts=list(landmarks.doubts))
    return character, landmarks, stage


def _kept(stage: Stage) -> tuple[Character, SurfaceLandmarks, Stage]:
    character = read_character_record(stage.folder / "character.npz")
    landmarks = read_picks(stage.folder / "landmarks.json", character)
    return character, replace(landmarks, doubts=tuple(stage.values["doubts"])), stage


def _samples(character: Character, motions: Sequence[Path]) -> Float32:
    """(S, V, 3) frames spread over the motions of a rig without shapes."""
    found: list[Float32] = []
    for path in motions:
        clip = read_motion(path, character)
        if isinstance(clip, MeshClip):
            rows = np.linspace(0, clip.frame_count - 1, min(SAMPLES, clip.frame_count)).astype(int)
            found.append(np.asarray(clip.vertices[rows], np.float32))
    return np.concatenate(found)


def read_subject(
    character: Character, landmarks: SurfaceLandmarks, *, stage: Stage, motions: Sequence[Path], seed: int = 0
) -> Subject:
    """`character` with its motions; without any, a range of motion is generated from the written script."""
    if motions:
        clips = [read_motion(path, character) for path in motions]
        key = "+".join([stage.key, *(fingerprint(path)[:16] for path in motions)])
    else:
        from facepatch.blendshapes.motion_script import generated_motion

        clips = [generated_motion(character, seed=seed)]
        key = f"{stage.key}+{GENERATED}{seed}"
    rates = {clip.rate for clip in clips}
    warnings = list(landmarks.doubts)
    if len(rates) > 1:
        warnings.append(f"The motions have different frame rates {sorted(rates)}; each frame counts once.")
    shapes = [clip for clip in clips if isinstance(clip, Clip)]
    if len(shapes) == len(clips):
        frames: ShapeSource = character_frames(character, shapes)
    else:
        frames = ChainedFrames(tuple(_source(character, clip) for clip in clips))
    return Subject(character, landmarks, frames, clips[0].rate, key, tuple(warnings))


def _source(character: Character, clip: Clip | MeshClip) -> ShapeSource:
    if isinstance(clip, Clip):
        return character_frames(character, clip)
    if clip.vertices.shape[1] != len(character.neutral):
        raise TopologyError(
            f"{clip.name}: has {clip.vertices.shape[1]} vertices, {character.name} has {len(character.neutral)}. "
            "Use the mesh that the character was read from."
        )
    return ArrayFrames(clip.vertices)


def pca_inputs(subject: Subject, settings: PcaSettings) -> dict[str, object]:
    """All that decides the PCA of the subject's motion."""
    return {"subject": subject.key, "settings": to_dict(settings), "brows": BROW_REACH}


def fit_subject_pca(
    subject: Subject, settings: PcaSettings, *, stage: Stage, on_progress: OnProgress = silent
) -> Pca:
    """The PCA of the subject's motion, kept in `stage` as `pca.npz`."""
    path = stage.folder / "pca.npz"
    if stage.done:
        return read_pca(path)
    neutral = subject.character.neutral
    brows = brow_regions(subject.landmarks, neutral, reach=BROW_REACH)
    sides = {name: brows[name] for name in ("brow_l", "brow_r") if brows[name].size}
    fit = fit_pca_with_report(
        subject.frames,
        settings,
        regions={**face_regions(subject.landmarks, neutral), **sides},
        face_height=face_height(subject.landmarks, neutral),
        on_progress=on_progress,
    )
    for region in fit.still_regions:
        log.warning(
            "The motion never moves the %s; nothing can be learned about it from this motion.", region
        )
    write_pca(path, fit.pca)
    stage.finish(components=fit.pca.component_count)
    return fit.pca
