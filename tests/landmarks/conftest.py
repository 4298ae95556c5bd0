"""Made faces and films for the tests of landmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facepatch.core.data.landmarks import LANDMARK_NAMES, RIGID, LandmarkTrack, landmark_indices
from facepatch.landmarks.detector import DetectedFace
from facepatch.landmarks.head_pose import EYES, RIGID_SHAPE

FACE = np.random.default_rng(5).uniform((-4, -2), (4, 8), (len(LANDMARK_NAMES), 2))
"""(56, 2) cm, y down: any places will do, the rigid ones are right."""
FACE[landmark_indices(*RIGID)] = (RIGID_SHAPE - EYES)[:, :2] * (1, -1)


def face_at(x: float, y: float, size: float = 100.0) -> DetectedFace:
    """A face with its eyes' middle at (x, y) and a box of `size` pixels."""
    points = (FACE * size / 20 + (x, y)).astype(np.float32)
    box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    return DetectedFace(points, np.ones(len(points), np.float32), box)


def track_of(points: np.ndarray, *, found: np.ndarray | None = None, fps: int = 24) -> LandmarkTrack:
    """(T, 56, 2) as a track."""
    seen = np.ones(len(points), bool) if found is None else found
    sure = np.repeat(seen[:, None], points.shape[1], axis=1).astype(np.float32)
    return LandmarkTrack(
        points=points.astype(np.float32), confidence=sure,
        found=seen, image_size=(640, 480), rate=(fps, 1), times=np.arange(len(points)) / fps,
    )  # fmt: skip


@dataclass(frozen=True)
class MadeFrame:
    index: int
    time: float
    image: np.ndarray


@dataclass
class MadeFilm:
    """A film of given images, or of black ones."""

    images: list[np.ndarray] | None = None
    frame_count: int = 0
    rate: tuple[int, int] = (24, 1)
    size: tuple[int, int] = (640, 480)
    path: Path = Path("made.mp4")
    warnings: tuple[str, ...] = ()
    damage: str = ""
    read: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.images is not None:
            self.frame_count = len(self.images)
            self.size = (self.images[0].shape[1], self.images[0].shape[0])

    def frames(self, *, on_warning: Callable[[str], None]) -> Iterator[MadeFrame]:
        if self.damage:
            on_warning(self.damage)
        black = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        for index in range(self.frame_count):
            self.read.append(index)
            image = black if self.images is None else self.images[index]
            yield MadeFrame(index, index * self.rate[1] / self.rate[0], image)


class ScriptedDetector:
    """Finds in each frame what its script says."""

    name = "scripted"

    def __init__(self, script: list[list[DetectedFace]]) -> None:
        self._script = iter(script)
        self.closed = False

    def detect(self, image: np.ndarray, time: float) -> list[DetectedFace]:
        return next(self._script)

    def close(self) -> None:
        self.closed = True


@pytest.fixture(scope="session")
def made() -> SimpleNamespace:
    """What the tests of film landmarks are made of."""
    return SimpleNamespace(
        FACE=FACE, face_at=face_at, track_of=track_of, Film=MadeFilm, Detector=ScriptedDetector
    )
