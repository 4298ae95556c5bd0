"""What a detector of human faces says to a proposal: only doubts, since it knows no other than human faces."""

from __future__ import annotations

import numpy as np

from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import ELEMENTS, SurfaceLandmarks, landmark_indices
from facepatch.landmarks.detect import make_detector
from facepatch.landmarks.detector import LandmarkSettings
from facepatch.landmarks.front_view import Window
from facepatch.render.phong import prepare_look
from facepatch.render.rasterize import render_views

_APART = 0.05
"""Share of the face's width that an element may lie apart."""
_PIXELS = 512


def second_opinion(character: Character, landmarks: SurfaceLandmarks) -> list[str]:
    """Sentences on the elements that MediaPipe sees elsewhere in a picture of the neutral character.

    Compared is the mean offset of an element's points, in widths of the face. No face found, or most elements
    elsewhere, means that the head is not human enough for MediaPipe: then there is nothing to say.
    """
    points = landmarks.positions(character.neutral[None])[0]
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    center = (low + high) / 2
    window = Window((float(center[0]), float(center[1])), 2.4 * float((high - low).max()), _PIXELS)
    affine = window.to_pixels[None].astype(np.float32)
    image = render_views(
        prepare_look(character), character.neutral[None], to_pixels=affine, size=(_PIXELS, _PIXELS)
    )
    detector = make_detector(LandmarkSettings())
    try:
        faces = detector.detect(image[0, 0], 0.0)
    finally:
        detector.close()
    if len(faces) != 1:
        return []
    width = faces[0].box[2] - faces[0].box[0]
    offset = (faces[0].points - window.project(points)) / width
    apart = {name: float(np.linalg.norm(offset[landmark_indices(name)].mean(axis=0))) for name in ELEMENTS}
    if float(np.median(list(apart.values()))) > _APART:
        return []
    return [
        f"A detector of human faces sees {name} {share:.0%} of the face's width away from where it is here."
        for name, share in apart.items()
        if share > _APART
    ]
