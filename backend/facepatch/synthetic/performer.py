"""A film of the generated performer: rendered, but with what a camera adds, so that detectors take it for a face."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator, default_rng
from scipy import ndimage

from facepatch.core.axes import Float32, Float64, UInt8
from facepatch.core.data.character import Character
from facepatch.core.data.clip import Clip
from facepatch.core.progress import OnProgress, silent, track
from facepatch.geometry.smoothstep import smoothstep
from facepatch.render.film_writer import FilmWriter
from facepatch.render.phong import prepare_look
from facepatch.render.rasterize import render_views
from facepatch.render.settings import LookSettings
from facepatch.synthetic.face import PERFORMER_STYLE, make_character, synthetic_landmarks
from facepatch.synthetic.performance import make_performance

PICTURE_CM = 29.5
"""Height of the head plane that the picture shows."""
_MIDDLE = np.array([0.0, 1.7])
"""Place of the resting head that lies in the middle of the picture, cm."""
_NECK_TOP, _NECK_BOTTOM = -6.0, -14.0
_PIVOT = np.array([0.0, -4.0, -2.0])
"""Point that the head turns around, cm."""
_BLOCK = 32
"""Frames rendered at a time."""
_LIGHT = LookSettings(
    ambient=0.34, diffuse=0.66, specular=0.05, light=(-0.38, 0.42, 1.0), lid_line=0.5,
    background=(0.55, 0.60, 0.64),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class SyntheticTake:
    """A film of which everything is known."""

    film: Path
    clip: Clip
    """The performer's weights, with its head pose."""
    landmarks: Float32
    """(T, L, 2) true pixels of all landmarks."""
    size: tuple[int, int]
    """(W, H)"""
    character: Character
    """The performer's head."""


def write_performer_film(
    path: Path,
    *,
    seconds: float = 40.0,
    rate: tuple[int, int] = (30, 1),
    size: tuple[int, int] = (480, 480),
    seed: int = 0,
    clip: Clip | None = None,
    on_progress: OnProgress = silent,
) -> SyntheticTake:
    """Write a film (H.264, mp4) of the generated performer in conversation, and return what is true of it.

    The head turns and sways a little, the light drifts, the picture is slightly soft and noisy. The same arguments
    give the same pixels before compression. clip: what the performer does, by default `make_performance` of
    `seconds`, `rate` and `seed`. Raises InputError for less than one second and StorageError for a path that cannot
    be written.
    """
    performer = make_character(PERFORMER_STYLE, name="performer", seed=seed)
    clip = clip or make_performance(performer, seconds=seconds, rate=rate, seed=seed)
    pose = head_motion(clip.frame_count, clip.rate[0] / clip.rate[1], default_rng([seed, 1]))
    clip = replace(clip, head_pose=pose)
    images = performer_frames(performer, clip, size=size, seed=seed)
    with FilmWriter(path, rate=clip.rate) as film:
        for image in track(images, "performer", clip.frame_count, on_progress):
            film.write(image)
    return SyntheticTake(path, clip, true_landmarks(performer, clip, size=size), size, performer)


def performer_frames(
    performer: Character, clip: Clip, *, size: tuple[int, int] = (480, 480), seed: int = 0
) -> Iterator[UInt8]:
    """The (H, W, 3) images of a film of `performer` that plays `clip`, with its head pose where it has one."""
    camera = _Camera(clip.frame_count, clip.rate[0] / clip.rate[1], size, default_rng([seed, 2]))
    wall = _wall(size, default_rng([seed, 3]))
    look = prepare_look(performer, _LIGHT)
    view = _view(size)[np.newaxis]
    for start, vertices in _played(performer, clip):
        images = render_views(look, vertices, to_pixels=view, size=size, supersample=2)[:, 0]
        for index, image in enumerate(images, start=start):
            empty = cv2.inRange(image, look.background_byte, look.background_byte)
            yield camera.filmed(np.asarray(cv2.copyTo(wall, empty, image), dtype=np.uint8), index)


def true_landmarks(performer: Character, clip: Clip, *, size: tuple[int, int] = (480, 480)) -> Float32:
    """(T, L, 2) pixels of the landmarks in `performer_frames`."""
    points, view = synthetic_landmarks(performer), _view(size)
    blocks = [points.positions(vertices)[..., :2] for _, vertices in _played(performer, clip)]
    marks: Float32 = (np.concatenate(blocks) @ view[:, :2].T + view[:, 2]).astype(np.float32)
    return marks


def _played(performer: Character, clip: Clip) -> Iterator[tuple[int, Float32]]:
    """First frame and vertices (B, V, 3) of one block of frames after the other, heads turned."""
    share = _head_share(performer.neutral)
    for start in range(0, clip.frame_count, _BLOCK):
        vertices = performer.vertices(clip.weights[start : start + _BLOCK])
        if clip.head_pose is not None:
            vertices = posed(vertices, clip.head_pose[start : start + _BLOCK], share)
        yield start, vertices


def head_motion(frames: int, fps: float, rng: Generator) -> Float64:
    """(T, 4, 4) head -> world: slow turns, nods, tilts and sway about the neck, at rest on the average."""
    degrees = np.array([3.0, 5.0, 2.2])  # nod, turn, tilt
    sway_cm = np.array([0.45, 0.25, 0.0])
    slow = ndimage.gaussian_filter1d(rng.standard_normal((frames, 6)), 0.45 * fps, axis=0, mode="wrap")
    slow = slow / max(float(slow.std()), 1e-9)
    angles = np.radians(np.clip(slow[:, :3], -2.2, 2.2) * degrees)
    out = np.tile(np.eye(4), (frames, 1, 1))
    turns = np.stack([cv2.Rodrigues(angle)[0] for angle in angles])
    out[:, :3, :3] = turns
    out[:, :3, 3] = _PIVOT - turns @ _PIVOT + np.clip(slow[:, 3:], -2.2, 2.2) * sway_cm
    return out


def posed(vertices: Float32, pose: Float64, share: Float32) -> Float32:
    """Move (T, V, 3) by (T, 4, 4) as far as `share` (V,) says: 1 for the head, 0 for the shoulders."""
    moved = np.einsum("tij,tvj->tvi", pose[:, :3, :3], vertices) + pose[:, None, :3, 3]
    out: Float32 = (vertices + share[None, :, None] * (moved - vertices)).astype(np.float32)
    return out


def _head_share(neutral: Float32) -> Float32:
    out: Float32 = smoothstep(neutral[:, 1], _NECK_BOTTOM, _NECK_TOP).astype(np.float32)
    return out


def _view(size: tuple[int, int]) -> Float32:
    scale = size[1] / PICTURE_CM
    return np.array(
        [
            [scale, 0.0, size[0] / 2.0 - scale * _MIDDLE[0]],
            [0.0, -scale, size[1] / 2.0 + scale * _MIDDLE[1]],
        ],
        dtype=np.float32,
    )


class _Camera:
    """Softness, drifting light and sensor noise."""

    def __init__(self, frames: int, fps: float, size: tuple[int, int], rng: Generator) -> None:
        drift = ndimage.gaussian_filter1d(rng.standard_normal((frames, 4)), 1.5 * fps, axis=0, mode="nearest")
        drift = drift / max(float(drift.std()), 1e-9)
        # brightness, and a little of each channel's own
        self._gain = 1.0 + np.clip(0.03 * drift[:, :1] + 0.006 * drift[:, 1:], -0.08, 0.08)
        # one sheet of noise, cut at another place for each frame, is as good as new noise and far faster
        self._sheet = np.round(2.6 * rng.standard_normal((size[1] + 64, size[0] + 64, 3))).astype(np.int16)
        self._corner = rng.integers(0, 65, (frames, 2))

    def filmed(self, image: UInt8, frame: int) -> UInt8:
        soft = cv2.GaussianBlur(image, (3, 3), 0.6)
        row, column = self._corner[frame]
        height, width = image.shape[:2]
        noise = self._sheet[row : row + height, column : column + width]
        lit = cv2.transform(soft, np.diag(self._gain[frame]))
        return np.asarray(cv2.add(lit, noise, dtype=cv2.CV_8U), dtype=np.uint8)


def _wall(size: tuple[int, int], rng: Generator) -> UInt8:
    """(H, W, 3): a wall in soft light, with blurred shapes on it, near the colour behind the drawn head."""
    width, height = size
    row, column = np.mgrid[0:256, 0:256] / 256.0
    light = 1.0 + 0.10 * np.exp(-(((column - 0.35) / 0.45) ** 2 + ((row - 0.35) / 0.45) ** 2)) - 0.16 * row
    color = light[..., None] * np.array(_LIGHT.background)
    for _ in range(9):
        left, top = rng.uniform(0.0, 1.0, 2)
        wide, high = rng.uniform(0.04, 0.16, 2)
        inside = (np.abs(column - left) < wide) & (np.abs(row - top) < high)
        color[inside] *= rng.uniform(0.90, 1.08) * rng.uniform(0.97, 1.03, 3)
    soft = ndimage.gaussian_filter(color, (9.0, 9.0, 0.0), mode="nearest")
    stored = np.round(np.clip(soft, 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.asarray(cv2.resize(stored, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
