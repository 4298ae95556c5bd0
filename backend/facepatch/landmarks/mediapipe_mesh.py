"""Landmarks by the face mesh of MediaPipe 0.10.21, whose model comes with its wheel: works offline, on any machine.

The mesh has 478 points with depth. Tracking one face takes 3.4 ms, tracking several twice that, so several are
tracked only while a (cheap, twice a second) look over the whole image finds several. The mesh starts from a detector
that sees no face smaller than about a seventh of the picture's longer side; where another one, for smaller faces, finds
more in the first frame, or some while the mesh has none, each of them gets a window of its own.

MediaPipe gives no confidence per point. Ours is 1 where the skin faces the camera and falls to 0 as it turns away
(smoothstep of the cosine between 0.05 and 0.35), since points round the side of the nose are guesses; points
outside the image get 0.1 of that.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from mediapipe.python.solutions import face_detection, face_mesh

from facepatch.core.axes import Float32, UInt8
from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.geometry.smoothstep import smoothstep
from facepatch.landmarks.detector import DetectedFace, LandmarkSettings

log = logging.getLogger(__name__)

Box = tuple[float, float, float, float]
"""left, top, right, bottom in pixels."""

MESH_POINTS: dict[str, tuple[tuple[int, ...], ...]] = {
    "eye_r": ((33,), (160, 161), (159,), (157, 158), (133,), (153, 154), (145,), (144, 163)),
    "eye_l": ((263,), (387, 388), (386,), (384, 385), (362,), (380, 381), (374,), (373, 390)),
    "brow_r": ((70,), (63,), (105,), (66,), (107,)),
    "brow_l": ((300,), (293,), (334,), (296,), (336,)),
    "lips_outer": (
        (61,), (40,), (37,), (0,), (267,), (270,), (291,), (321,), (314,), (17,), (84,), (91,),
    ),
    "lips_inner": ((78,), (80, 81), (13,), (310, 311), (308,), (318, 402), (14,), (88, 178)),
    "nose_bridge": ((6,), (197,), (5,), (4,)),
    "nose_base": ((98,), (97,), (2,), (326,), (327,)),
    "chin": ((152,),),
}  # fmt: skip
"""Element -> points of the mesh, in the order of core.data.landmarks.ELEMENTS. Between two points lies their middle:
so the lids are parted at quarters of their length, as on characters."""

_PAIRS = [points for element in MESH_POINTS.values() for points in element]
_FIRST, _SECOND = tuple(pair[0] for pair in _PAIRS), tuple(pair[-1] for pair in _PAIRS)
_OUTLINE = (10, 152, 103, 332, 234, 454)
"""Forehead, chin, temples; the last two are before the ears."""
_USED = tuple(sorted({*_FIRST, *_SECOND, *_OUTLINE}))
_ALL = [_USED.index(point) for point in (*_FIRST, *_SECOND, *_OUTLINE)]
MANY = 4
"""Faces tracked at most."""
NEAR_MODEL = 0
"""MediaPipe's face detector for faces within about two metres, the one that the mesh itself starts from."""
FAR_MODEL = 1
"""MediaPipe's face detector for faces further away: down to a sixteenth of the picture's longer side."""
WINDOW = 2.2
"""Side of a window over the longer side of the face in it."""
LOOK_EVERY_S = 0.5
CROWD_LASTS_S = 2.0


class MediapipeMesh:
    """The face mesh, tracking from frame to frame; faces too small for it are looked at through windows."""

    name = "mediapipe"

    def __init__(self, settings: LandmarkSettings) -> None:
        self._min_confidence = settings.min_confidence
        self._lookers: dict[int, Any] = {}
        self._mesh: _TrackingMesh | None = None
        self._windows: list[_Window] = []
        self._seen = 0
        self._next_look = -1.0
        self._crowd_until = -1.0

    def detect(self, image: UInt8, time: float) -> list[DetectedFace]:
        """See LandmarkDetector."""
        if time >= self._next_look:
            self._next_look = time + LOOK_EVERY_S
            self._look(image, time)
        if self._windows:
            faces = [face for window in self._windows for face in window.detect(image)]
        else:
            tracks = MANY if time <= self._crowd_until else 1
            if self._mesh is None or self._mesh.tracks != tracks:  # MediaPipe cannot change it while it runs
                if self._mesh is not None:
                    self._mesh.close()
                self._mesh = _TrackingMesh(tracks, self._min_confidence)
            faces = self._mesh.detect(image)
        self._seen = len(faces)
        return faces

    def close(self) -> None:
        """See LandmarkDetector."""
        for graph in (*self._lookers.values(), *self._windows, self._mesh):
            if graph is not None:
                graph.close()

    def _look(self, image: UInt8, time: float) -> None:
        """Over the whole image: are there several faces, or only some that are too small?"""
        first = not self._lookers
        near = [] if self._windows else self._boxes(image, NEAR_MODEL)
        if len(near) > 1:
            self._crowd_until = time + CROWD_LASTS_S
        if not first and not self._windows and (near or self._seen):
            return
        far = self._boxes(image, FAR_MODEL)
        if self._windows or len(far) > len(near):
            self._open_windows(far)

    def _open_windows(self, far: list[Box]) -> None:
        """One for each face that has none yet; windows that lost their face are closed."""
        kept = [window for window in self._windows if window.has_face or any(map(window.holds, far))]
        for window in self._windows:
            if window not in kept:
                window.close()
        new = [box for box in far if not any(window.holds(box) for window in kept)]
        self._windows = kept + [_Window(box, self._min_confidence) for box in new[: max(0, MANY - len(kept))]]

    def _boxes(self, image: UInt8, model: int) -> list[Box]:
        """Faces found by a detector of MediaPipe's, in pixels."""
        if model not in self._lookers:
            with quiet_stderr():
                self._lookers[model] = face_detection.FaceDetection(self._min_confidence, model)
                found = self._lookers[model].process(image).detections or ()
        else:
            found = self._lookers[model].process(image).detections or ()
        height, width = image.shape[:2]
        boxes = [face.location_data.relative_bounding_box for face in found]
        return [
            (
                box.xmin * width,
                box.ymin * height,
                (box.xmin + box.width) * width,
                (box.ymin + box.height) * height,
            )
            for box in boxes
        ]


class _TrackingMesh:
    """MediaPipe's face mesh for a fixed number of faces."""

    def __init__(self, tracks: int, min_confidence: float) -> None:
        self.tracks = tracks
        self._min_confidence = min_confidence
        self._graph: Any = None

    def detect(self, image: UInt8) -> list[DetectedFace]:
        if self._graph is None:
            with quiet_stderr():
                self._graph = face_mesh.FaceMesh(
                    static_image_mode=False,
                    max_num_faces=self.tracks,
                    refine_landmarks=True,
                    min_detection_confidence=self._min_confidence,
                    min_tracking_confidence=self._min_confidence,
                )
                result = self._graph.process(image)
        else:
            result = self._graph.process(image)
        height, width = image.shape[:2]
        return [_face(face.landmark, width, height) for face in result.multi_face_landmarks or ()]

    def close(self) -> None:
        if self._graph is not None:
            self._graph.close()


class _Window:
    """A part of the image around one small face, in which the face is large enough for the mesh."""

    def __init__(self, box: Box, min_confidence: float) -> None:
        self.has_face = False
        self._min_confidence = min_confidence
        self._place(box)

    def holds(self, box: Box) -> bool:
        """Whether the middle of `box` lies in the middle half of the window."""
        middle = 0.5 * (box[0] + box[2]), 0.5 * (box[1] + box[3])
        return max(abs(m - c) for m, c in zip(middle, self._center)) < 0.25 * self._side

    def detect(self, image: UInt8) -> list[DetectedFace]:
        """The face in the window, in pixels of the image; the window then moves if the face is about to leave it."""
        height, width = image.shape[:2]
        left, top = (max(0, round(c - self._side / 2)) for c in self._center)
        right, bottom = (min(end, round(c + self._side / 2)) for end, c in zip((width, height), self._center))
        if right - left < 8 or bottom - top < 8:
            return []
        faces = self._mesh.detect(np.ascontiguousarray(image[top:bottom, left:right]))
        faces = [_moved(face, left, top) for face in faces]
        self.has_face = bool(faces)
        for face in faces:
            if not self.holds(face.box) or not 0.25 < (face.box[3] - face.box[1]) / self._side < 0.7:
                self.close()
                self._place(face.box)
        return faces

    def close(self) -> None:
        self._mesh.close()

    def _place(self, box: Box) -> None:
        self._center = (0.5 * (box[0] + box[2]), 0.5 * (box[1] + box[3]))
        self._side = WINDOW * max(box[2] - box[0], box[3] - box[1])
        self._mesh = _TrackingMesh(1, self._min_confidence)


def _moved(face: DetectedFace, x: float, y: float) -> DetectedFace:
    left, top, right, bottom = face.box
    shift = np.array([x, y], dtype=np.float32)
    return replace(face, points=face.points + shift, box=(left + x, top + y, right + x, bottom + y))


def _face(mesh: Any, width: int, height: int) -> DetectedFace:
    scale = np.array([width, height, -width], dtype=np.float32)
    points: Float32 = (
        np.array([(p.x, p.y, p.z) for p in map(mesh.__getitem__, _USED)], dtype=np.float32)[_ALL] * scale
    )
    count = len(LANDMARK_NAMES)
    ours, outline = 0.5 * (points[:count] + points[count : 2 * count]), points[2 * count :]
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    head = 0.5 * (outline[-2] + outline[-1])  # between the ears
    outward = ours - head
    facing = outward[:, 2] / np.maximum(np.linalg.norm(outward, axis=1), 1e-6)
    confidence = smoothstep(facing, 0.05, 0.35)
    inside = ((ours[:, :2] >= 0) & (ours[:, :2] <= (width, height))).all(axis=1)
    confidence = np.where(inside, confidence, 0.1 * confidence).astype(np.float32)
    return DetectedFace(
        points=np.ascontiguousarray(ours[:, :2]),
        confidence=confidence,
        box=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        depth=np.ascontiguousarray(ours[:, 2]),
    )


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send what C++ libraries write to stderr to our log (debug) instead; MediaPipe has no switch for it."""
    try:
        stderr = sys.__stderr__.fileno() if sys.__stderr__ is not None else 2
        kept = os.dup(stderr)
    except (OSError, ValueError):  # no such stream, as in a windowed program
        yield
        return
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), stderr)
        try:
            yield
        finally:
            os.dup2(kept, stderr)
            os.close(kept)
            sink.seek(0)
            for line in sink.read().decode("utf-8", "replace").splitlines():
                log.debug("%s", line)
