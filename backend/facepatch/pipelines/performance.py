"""What is retargeted: a film of a performer, or another character in motion rendered as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from facepatch.core.axes import Bool, Float32, Float64, UInt8
from facepatch.core.data.landmarks import LandmarkTrack, read_landmark_track, write_landmark_track
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.core.rate import frames_of
from facepatch.core.schema import to_dict
from facepatch.geometry.affine import compose, inverse, transform
from facepatch.landmarks.detect import detect_landmarks
from facepatch.landmarks.detector import LandmarkSettings
from facepatch.landmarks.frontal import frontal_points
from facepatch.landmarks.head_pose import HeadPoseSettings, camera_pose, head_pose
from facepatch.landmarks.steady import SteadySettings, steady
from facepatch.metrics.face_measures import FaceMeasures, align_face, measures_of
from facepatch.patches.align import align_character, align_performer, rest_frames, rest_shape
from facepatch.patches.extract import cut_patches
from facepatch.patches.makeup import MakeupSettings, apply_makeup, wears_makeup
from facepatch.pipelines.store import Stage, Store, fingerprint
from facepatch.pipelines.subject import Subject, character_measures
from facepatch.render.camera import head_view
from facepatch.render.phong import Look, prepare_look
from facepatch.render.rasterize import check_not_empty, render_views
from facepatch.render.video import Film, open_film

BLOCK = 64


@dataclass(frozen=True, eq=False)
class Take:
    """What the methods need to know of a performance, whatever it is."""

    name: str
    key: str
    rate: tuple[int, int]
    times: Float64
    """(T,) seconds"""
    found: Bool
    """(T,)"""
    points: Float64
    """(T, L, 2) in the take's own plane: film pixels, or the aligned plane of a rendered character."""
    measures: FaceMeasures
    rest: np.ndarray
    """Frames most at rest."""
    neutral: Float64
    """(L, 2) the face at rest, aligned."""
    head_pose: Float64 | None = None
    """(T, 4, 4)"""
    reference: Float64 | None = None
    """(rigid, 2) the shape that the measures were taken over, so that those of another take can be, too; of films."""
    at_rest: dict[str, float] | None = None
    """Measures of the face's true neutral, where it is known: a character's."""
    warnings: tuple[str, ...] = field(default=())

    @property
    def frame_count(self) -> int:
        """T"""
        return len(self.points)


class Performance(Protocol):
    """A take whose pictures can be had."""

    take: Take

    def align(self, neutral: Float64, sigma: float) -> Float64:
        """(T, 2, 3) the take's plane -> aligned plane, smoothed by a Gaussian of `sigma` 24ths of a second."""
        ...

    def patches(
        self, to_patch: Float64, size: int, *, rows: np.ndarray | None = None
    ) -> Iterator[tuple[np.ndarray, UInt8]]:
        """Frame numbers (B,) and patches (B, P, size, size, 3), in order; of `rows` (ascending) only where given."""
        ...

    def pictures(self, rows: np.ndarray | None = None) -> Iterator[tuple[int, UInt8, Float64]]:
        """Frame number, (H, W, 3) picture and (2, 3) the take's plane -> picture pixels."""
        ...


class FilmPerformance:
    """A performer on film."""

    def __init__(
        self, film: Film, track: LandmarkTrack, *, key: str, seen: Float64 | None = None,
        reference: Float64 | None = None,
    ) -> None:  # fmt: skip
        """seen: (T, 4, 4) head -> camera, which the measures are freed of; None where it is not known.
        reference: `Take.reference` of an earlier take of the same performer."""
        self.film, self.track = film, track
        points = track.points.astype(np.float64)
        flat = points if seen is None else frontal_points(points, seen)
        face = align_face(flat, valid=track.found, reference=reference)
        self.take = Take(
            name=film.path.stem,
            key=key,
            rate=track.rate,
            times=track.times,
            found=track.found,
            points=points,
            measures=measures_of(face),
            rest=rest_frames(points, track.found),
            neutral=rest_shape(points, track.found),
            head_pose=None if seen is None else head_pose(seen, track.found),
            reference=face.reference,
            warnings=track.warnings,
        )

    def align(self, neutral: Float64, sigma: float) -> Float64:
        """By the rigid landmarks of every frame."""
        return align_performer(
            self.take.points.astype(np.float32),
            self.take.found,
            neutral=neutral,
            sigma=frames_of(sigma, self.take.rate),
        )

    def patches(
        self, to_patch: Float64, size: int, *, rows: np.ndarray | None = None
    ) -> Iterator[tuple[np.ndarray, UInt8]]:
        """Decoded and cut in one pass; memory holds one block."""
        numbers: list[int] = []
        block = np.empty((BLOCK, to_patch.shape[1], size, size, 3), np.uint8)
        for index, image in self._frames(rows):
            cut_patches(image, to_patch[index], size=size, out=block[len(numbers)])
            numbers.append(index)
            if len(numbers) == BLOCK:
                yield np.asarray(numbers), block.copy()
                numbers = []
        if numbers:
            yield np.asarray(numbers), block[: len(numbers)].copy()

    def pictures(self, rows: np.ndarray | None = None) -> Iterator[tuple[int, UInt8, Float64]]:
        """The film's own frames."""
        same = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
        for index, image in self._frames(rows):
            yield index, image, same

    def _frames(self, rows: np.ndarray | None) -> Iterator[tuple[int, UInt8]]:
        wanted = None if rows is None else {int(row) for row in rows}
        last = self.take.frame_count if rows is None else int(max(rows, default=-1)) + 1
        for frame in self.film.frames(stop=last):
            if wanted is None or frame.index in wanted:
                yield frame.index, frame.image


def film_performance(
    path: Path, *, landmarks: LandmarkSettings, steadying: SteadySettings, pose: HeadPoseSettings, store: Store,
    rate: tuple[int, int] | None = None, reference: Float64 | None = None, on_progress: OnProgress = silent,
) -> tuple[FilmPerformance, Stage]:  # fmt: skip
    """A film with its landmarks, found once and kept in the stage as `landmarks.npz`. reference: see `Take`."""
    film = open_film(path, rate=rate)
    model = fingerprint(Path(landmarks.model)) if landmarks.model else ""
    inputs = {"film": fingerprint(path), "rate": rate, "landmarks": {**to_dict(landmarks), "model": model}}
    stage = store.stage("landmarks", inputs)
    file = stage.folder / "landmarks.npz"
    if not stage.done:
        write_landmark_track(file, detect_landmarks(film, landmarks, on_progress=on_progress))
        stage.finish()
    # Also in the call that found them: what is written is rounded, and a run that goes on must come to the same.
    raw = read_landmark_track(file)
    seen = None if raw.head_pose is None else camera_pose(raw, pose)
    key = f"{stage.key}+{to_dict(steadying)}+{to_dict(pose)}"
    return FilmPerformance(film, steady(raw, steadying), key=key, seen=seen, reference=reference), stage


class RenderedPerformance:
    """Another character in motion, taken as the performer."""

    def __init__(self, subject: Subject, *, makeup: MakeupSettings, supersample: int) -> None:
        self.subject, self.supersample = subject, supersample
        self.look: Look = prepare_look(subject.character)
        self.makeup = makeup if wears_makeup(subject.character, makeup) else None
        positions = subject.landmark_motion()
        neutral = subject.landmarks.positions(subject.character.neutral[None])[0]
        self.to_aligned = align_character(neutral[:, :2])
        points = transform(self.to_aligned, positions[..., :2].astype(np.float64))
        count = len(points)
        found = np.ones(count, bool)
        measures, at_rest = character_measures(subject, positions)
        self.take = Take(
            name=subject.character.name,
            key=f"{subject.key}+{to_dict(makeup)}+{supersample}",
            rate=subject.rate,
            times=np.arange(count) * subject.rate[1] / subject.rate[0],
            found=found,
            points=points,
            measures=measures,
            at_rest=at_rest,
            rest=rest_frames(points, found),
            neutral=transform(self.to_aligned, neutral[:, :2].astype(np.float64)),
            warnings=subject.warnings,
        )
        self.positions = positions

    def align(self, neutral: Float64, sigma: float) -> Float64:
        """Nothing to do: the head never leaves its place."""
        same = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
        return np.broadcast_to(same, (self.take.frame_count, 2, 3))

    def patches(
        self, to_patch: Float64, size: int, *, rows: np.ndarray | None = None
    ) -> Iterator[tuple[np.ndarray, UInt8]]:
        """Rendered through the boxes of the performer."""
        views = compose(to_patch[0], self.to_aligned[None])
        chosen = np.arange(self.take.frame_count) if rows is None else np.asarray(rows)
        for start in range(0, len(chosen), BLOCK):
            numbers = chosen[start : start + BLOCK]
            yield numbers, self.render(numbers, views, (size, size))

    def render(self, rows: np.ndarray, views: Float64, size: tuple[int, int]) -> UInt8:
        """(B, A, H, W, 3) pictures of the frames `rows` through views (A, 2, 3) of the head plane."""
        return render_rows(self.subject, self.look, rows, views=views, size=size, supersample=self.supersample,
                           points=self.positions[rows, :, :2], makeup=self.makeup)  # fmt: skip

    def pictures(self, rows: np.ndarray | None = None) -> Iterator[tuple[int, UInt8, Float64]]:
        """Pictures of the whole head."""
        view = head_view(self.subject.character, size=(480, 480)).astype(np.float64)
        chosen = np.arange(self.take.frame_count) if rows is None else np.asarray(rows)
        for start in range(0, len(chosen), BLOCK):
            numbers = chosen[start : start + BLOCK]
            images = self.render(numbers, view[None], (480, 480))
            for number, image in zip(numbers, images[:, 0], strict=True):
                yield int(number), image, compose(view, inverse(self.to_aligned))


def render_rows(
    subject: Subject, look: Look, rows: np.ndarray, *, views: Float64, size: tuple[int, int], supersample: int,
    points: Float32, makeup: MakeupSettings | None,
) -> UInt8:  # fmt: skip
    """(B, A, H, W, 3) pictures of frames `rows` (ascending) of a subject; points: (B, L, 2) head plane, for makeup."""
    first, last = int(rows[0]), int(rows[-1]) + 1
    if last - first <= 4 * len(rows):
        vertices = subject.frames.block(first, last)[rows - first]
    else:
        vertices = np.concatenate([subject.frames.block(int(row), int(row) + 1) for row in rows])
    images = render_views(
        look, vertices, to_pixels=views.astype(np.float32), size=size, supersample=supersample
    )
    check_not_empty(images, look)
    if makeup is not None:
        apply_makeup(images, points.astype(np.float64), views=views, settings=makeup)
    return images


def tracked(
    blocks: Iterator[tuple[np.ndarray, UInt8]], stage: str, total: int, on_progress: OnProgress
) -> Iterator[tuple[np.ndarray, UInt8]]:
    """`blocks` with progress counted in frames."""
    done = 0
    on_progress(Progress(stage, 0, total))
    for numbers, images in blocks:
        yield numbers, images
        done += len(numbers)
        on_progress(Progress(stage, done, total))
