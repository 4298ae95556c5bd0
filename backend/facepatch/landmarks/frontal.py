"""Film landmarks as they would lie if the head looked into the camera.

A turned head foreshortens what is measured on it: at 30 degrees a mouth is an eighth narrower and one brow higher than
the other, with no expression at all. The nearer half of the face is larger, too, and its brow higher still. The head's
pose is known (`head_pose`), how far each landmark stands out is taken from a mean adult face; x and y on the head
follow from both. Expressions change depth little beside that.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from facepatch.core.axes import Axes, Float64
from facepatch.core.data.landmarks import ELEMENTS, LANDMARK_NAMES, RIGID, landmark_indices
from facepatch.landmarks.head_pose import RIGID_SHAPE

_STEPS = {
    "eye": (3.17, 3.60, 3.88, 3.82, 3.76, 3.74, 3.78, 3.54),
    "brow": (2.83, 3.75, 4.47, 5.02, 5.32),
    "lips_outer": (4.28, 5.03, 5.88, 5.98, 5.88, 5.03, 4.28, 4.82, 5.45, 5.54, 5.45, 4.82),
    "lips_inner": (4.04, 4.77, 5.22, 4.77, 4.04, 4.93, 5.40, 4.93),
    "nose_bridge": (5.79, 6.32, 7.24, 7.59),
    "nose_base": (5.24, 5.87, 6.06, 5.87, 5.24),
    "chin": (4.26,),
}
"""Towards the camera, cm, of each landmark of an element in its order: MediaPipe's canonical face model, rounded."""
LARGEST = np.deg2rad(60.0)
"""Turns beyond this are treated as this: what is left of the face is too narrow to be widened."""

NEAREST = 40.0
"""Cameras are taken to be no nearer, cm. How near they are is guessed from the size of the face in the picture; of a
film that was cropped to the face that is too near (docs/log.md)."""
ROUNDS = 4
"""What is nearer is larger, and how near it is follows from where it lies. After the fourth round nothing is off by
more than a ten-thousandth of the distance between the eyes."""

DEPTH = np.concatenate([_STEPS["eye" if name.startswith("eye") else "brow" if name.startswith("brow") else name]
                        for name in ELEMENTS])  # fmt: skip
"""(L,) cm"""
_ROWS = landmark_indices(*RIGID)
_SOLID = RIGID_SHAPE - RIGID_SHAPE.mean(axis=0)
_DEEP = DEPTH - DEPTH[_ROWS].mean()


def frontal_points(points: Float64, pose: Float64) -> Float64:
    """(T, L, 2) pixels, y down, of the same faces without their turn to the side, up or down; roll stays.

    points: (T, L, 2) pixels; pose: (T, 4, 4) head -> camera, cm, camera axes x right, y up, z towards the camera. At
    distance D a point is drawn at x = s (R X)_xy / (1 - z / D) + t, z = (R X)_z, so that
    X_xy = R_xy^-1 ((x - t) (1 - z / D) / s - R_xz Z), Z the mean face's `DEPTH`. s and t are those of the rigid
    points in the frame, from whose middle X is counted. A face that looks into the camera stays as it is.
    """
    check = Axes()
    plane = check("landmarks", points, f"T {len(LANDMARK_NAMES)} 2", np.float64) * (1.0, -1.0)
    pose = check("pose", pose, "T 4 4", np.float64)
    rotation = swing_limited(pose[:, :3, :3])
    away = np.maximum(NEAREST, -pose[:, 2, 3])[:, None]
    shown = _SOLID @ rotation.transpose(0, 2, 1)[:, :, :2]
    raised = _DEEP[:, None] * rotation[:, None, :2, 2]
    back = np.linalg.inv(rotation[:, :2, :2])
    middle, scale, flat = _placed(plane, np.ones(plane.shape[:2]), shown, raised, back)
    for _ in range(ROUNDS - 1):
        towards = np.einsum("tx,tlx->tl", rotation[:, 2, :2], flat) + _DEEP * rotation[:, 2, 2, None]
        middle, scale, flat = _placed(plane, 1.0 - towards / away, shown, raised, back)
    # Roll is put back, so that a picture's face stays as it is held.
    held = np.einsum("txy,tly->tlx", roll_of(rotation), flat) / (1.0 - _DEEP / away)[..., None]
    return (held * scale + middle) * (1.0, -1.0)


def _placed(
    plane: Float64, smaller: Float64, shown: Float64, raised: Float64, back: Float64
) -> tuple[Float64, Float64, Float64]:
    """t (T, 1, 2), s (T, 1, 1) and X_xy (T, L, 2) of `frontal_points` for 1 - z / D = `smaller` (T, L).

    shown: (T, R, 2), the rigid points' (R X)_xy; raised: (T, L, 2), R_xz Z; back: (T, 2, 2), R_xy^-1.
    """
    share = smaller[:, _ROWS, None]
    middle = (plane[:, _ROWS] * share).sum(axis=1, keepdims=True) / share.sum(axis=1, keepdims=True)
    drawn = (plane - middle) * smaller[..., None]
    scale = (drawn[:, _ROWS] * shown).sum(axis=(1, 2)) / (shown**2).sum(axis=(1, 2))
    scale = np.maximum(scale, 1e-6)[:, None, None]
    return middle, scale, np.einsum("txy,tly->tlx", back, drawn / scale - raised)


def swing_limited(turns: Float64) -> Float64:
    """(T, 3, 3) with the head's forward axis at most `LARGEST` from the camera."""
    forward = turns[:, :, 2]
    angle = np.arctan2(np.linalg.norm(forward[:, :2], axis=1), forward[:, 2])
    axis = np.stack([-forward[:, 1], forward[:, 0], np.zeros(len(forward))], axis=1)
    axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-9)
    back = Rotation.from_rotvec(axis * np.minimum(0.0, LARGEST - angle)[:, None]).as_matrix()
    return back @ turns


def roll_of(turns: Float64) -> Float64:
    """(T, 2, 2) the part of a turn that lies in the picture."""
    linear = turns[:, :2, :2]
    u, _, vt = np.linalg.svd(linear)
    return (u @ vt).astype(np.float64)
