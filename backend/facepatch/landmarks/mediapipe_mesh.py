"""Landmarks by the face mesh of MediaPipe 0.10.21, whose model comes with its wheel: works offline, on any machine.

The mesh has 478 points with depth. Tracking one face takes 3.4 ms, tracking several twice that, so several are
tracked only while a (cheap, twice a second) look over the whole image finds several.

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
from typing import Any

import numpy as np
from mediapipe.python.solutions import face_detection, face_mesh

from facepatch.core.axes import Float32, UInt8
from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.landmarks.detector import DetectedFace, LandmarkSettings

log = logging.getLogger(__name__)

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
LOOK_EVERY_S = 0.5
CROWD_LASTS_S = 2.0


class MediapipeMesh:
    """The face mesh, tracking from frame to frame."""

    name = "mediapipe"

    def __init__(self, settings: LandmarkSettings) -> None:
        self._min_confidence = settings.min_confidence
        self._looker: Any = None
        self._mesh: Any = None
        self._tracks = 0
        self._next_look = -1.0
        self._crowd_until = -1.0

    def detect(self, image: UInt8, time: float) -> list[DetectedFace]:
        """See LandmarkDetector."""
        if time >= self._next_look:
            self._look(image, time)
        wanted = MANY if time <= self._crowd_until else 1
        if wanted != self._tracks:
            result = self._restart(wanted, image)
        else:
            result = self._mesh.process(image)
        height, width = image.shape[:2]
        return [_face(face.landmark, width, height) for face in result.multi_face_landmarks or ()]

    def close(self) -> None:
        """See LandmarkDetector."""
        for graph in (self._looker, self._mesh):
            if graph is not None:
                graph.close()

    def _look(self, image: UInt8, time: float) -> None:
        if self._looker is None:
            with quiet_stderr():
                self._looker = face_detection.FaceDetection(self._min_confidence, NEAR_MODEL)
                found = self._looker.process(image).detections or ()
        else:
            found = self._looker.process(image).detections or ()
        self._next_look = time + LOOK_EVERY_S
        if len(found) > 1:
            self._crowd_until = time + CROWD_LASTS_S

    def _restart(self, tracks: int, image: UInt8) -> Any:
        """A new mesh that tracks `tracks` faces; MediaPipe cannot change the number while it runs."""
        with quiet_stderr():
            if self._mesh is not None:
                self._mesh.close()
            self._mesh = face_mesh.FaceMesh(
                static_image_mode=False,
                max_num_faces=tracks,
                refine_landmarks=True,
                min_detection_confidence=self._min_confidence,
                min_tracking_confidence=self._min_confidence,
            )
            self._tracks = tracks
            return self._mesh.process(image)


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
    ramp = np.clip((facing - 0.05) / 0.3, 0.0, 1.0)
    confidence = ramp * ramp * (3.0 - 2.0 * ramp)
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
