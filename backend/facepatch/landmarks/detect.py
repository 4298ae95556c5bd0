"""Finds the landmarks of one face through a film."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np

from facepatch.core.axes import Float32
from facepatch.core.data.landmarks import LANDMARK_NAMES, RIGID, LandmarkTrack, landmark_indices
from facepatch.core.errors import NoFaceError
from facepatch.core.progress import OnProgress, silent, track
from facepatch.landmarks.detector import (
    DetectedFace,
    Film,
    Frame,
    LandmarkDetector,
    LandmarkSettings,
)
from facepatch.landmarks.follow import follow, parse_choice
from facepatch.landmarks.head_pose import film_head_pose

log = logging.getLogger(__name__)

SMALL_FACE_PX = 128
"""Faces lower than this many pixels have less detail than a patch; it is said, not refused."""
BLOCK = 4096


def make_detector(settings: LandmarkSettings) -> LandmarkDetector:
    """The detector that `settings` name. Raises ConfigError where it lacks its model or its package."""
    if settings.detector == "mediapipe":
        from facepatch.landmarks.mediapipe_mesh import MediapipeMesh

        return MediapipeMesh(settings)
    if settings.detector == "onnx":
        from facepatch.landmarks.onnx_points import OnnxPoints

        return OnnxPoints(settings)
    from facepatch.landmarks.fan import FaceAlignmentNetwork

    return FaceAlignmentNetwork(settings)


def detect_landmarks(
    film: Film,
    settings: LandmarkSettings = LandmarkSettings(),
    *,
    detector: LandmarkDetector | None = None,
    on_progress: OnProgress = silent,
) -> LandmarkTrack:
    """The landmarks of the chosen face in every frame of `film`, as detected: nothing is smoothed.

    Frames without the face have `found` False, confidence 0 and the points of the last (at the start the next) frame
    with it. `head_pose` is head -> camera in cm, see head_pose.py. Memory holds one frame and the landmarks.
    Raises NoFaceError where the face is in no frame, ConfigError on settings that cannot be met.
    """
    parse_choice(settings.face)
    finder = detector or make_detector(settings)
    warnings = list(film.warnings)
    rows = _Rows()
    try:
        frames = film.frames(on_warning=warnings.append)
        for face in follow(_detections(frames, finder, rows, film, on_progress), face=settings.face):
            rows.add(face)
    finally:
        finder.close()
    return rows.track(film, finder.name, warnings)


def _detections(
    frames: Iterator[Frame], finder: LandmarkDetector, rows: _Rows, film: Film, on_progress: OnProgress
) -> Iterator[tuple[float, list[DetectedFace]]]:
    for frame in track(frames, "landmarks", film.frame_count, on_progress):
        rows.times.append(frame.time)
        yield frame.time, finder.detect(frame.image, frame.time)


class _Rows:
    """Landmarks as they come, kept in blocks of frames so that a film of hours needs little more than its landmarks."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._count = 0
        self._columns: dict[str, list[Float32]] = {"points": [], "confidence": [], "depth": [], "height": []}
        self._has_depth = True
        self._rigid = landmark_indices(*RIGID)

    def add(self, face: DetectedFace | None) -> None:
        """The next frame's face; a height of 0 says that there is none."""
        row = self._count % BLOCK
        self._count += 1
        if row == 0:
            sizes = {
                "points": (len(LANDMARK_NAMES), 2),
                "confidence": (len(LANDMARK_NAMES),),
                "depth": (len(RIGID),),
            }
            for name, blocks in self._columns.items():
                blocks.append(np.zeros((BLOCK, *sizes.get(name, ())), dtype=np.float32))
        if face is None:
            return
        self._columns["points"][-1][row] = face.points
        self._columns["confidence"][-1][row] = face.confidence
        self._columns["height"][-1][row] = max(face.box[3] - face.box[1], 1.0)
        if face.depth is None:
            self._has_depth = False
        else:
            self._columns["depth"][-1][row] = face.depth[self._rigid]

    def _take(self, name: str) -> Float32:
        """(T, ...) of one column, which is then given up."""
        blocks = self._columns.pop(name)
        return np.concatenate(blocks)[: self._count] if blocks else np.zeros(0, dtype=np.float32)

    def track(self, film: Film, name: str, warnings: list[str]) -> LandmarkTrack:
        """All rows as one track."""
        height = self._take("height")
        found = height > 0
        if not found.any():
            raise NoFaceError(
                f"{film.path}: no face was found in any of its {self._count} frames. It must be seen from the "
                "front and be at least a sixteenth as high as the picture is wide; crop the film around it.",
                range(self._count),
            )
        points = self._take("points")
        points[~found] = points[held_rows(found)[~found]]
        depth = self._take("depth") if self._has_depth else None
        pose = film_head_pose(points[:, self._rigid], found, depth=depth, image_size=film.size)
        return LandmarkTrack(
            points=points, confidence=self._take("confidence"), found=found, image_size=film.size, rate=film.rate,
            times=np.array(self.times), head_pose=pose, detector=name,
            warnings=(*warnings, *face_warnings(film.path.name, found, height)),
        )  # fmt: skip


def held_rows(found: np.ndarray) -> np.ndarray:
    """For each frame the last one with a face, before the first one the first."""
    last = np.maximum.accumulate(np.where(found, np.arange(len(found)), -1))
    return np.where(last < 0, int(np.argmax(found)), last)


def face_warnings(name: str, found: np.ndarray, heights: Float32) -> list[str]:
    """Sentences about frames without the face, and about a face that is too small."""
    warnings: list[str] = []
    if not found.all():
        edges = np.flatnonzero(np.diff(np.concatenate([[False], ~found, [False]]).astype(np.int8)))
        runs = [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2])]
        told = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs[:10])
        more = f" and {len(runs) - 10} more stretches" if len(runs) > 10 else ""
        warnings.append(
            f"{name}: the face is not found in {int((~found).sum())} of {len(found)} frames: {told}{more}."
        )
    typical = float(np.median(heights[found]))
    if typical < SMALL_FACE_PX:
        warnings.append(
            f"{name}: the face is only about {typical:.0f} pixels high, less than a patch; its patches will be soft."
        )
    return warnings
