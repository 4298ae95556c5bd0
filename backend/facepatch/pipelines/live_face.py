"""One frame at a time: whose face, where it lies, and what its landmarks measure. Only the past is known."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.transform import Rotation

from facepatch.core.axes import Float64
from facepatch.core.data.landmarks import RIGID, landmark_indices
from facepatch.geometry.affine import inverse
from facepatch.geometry.similarity import fit_similarity
from facepatch.landmarks.detector import DetectedFace
from facepatch.landmarks.follow import FaceFollower, follow
from facepatch.landmarks.frontal import frontal_points
from facepatch.landmarks.head_pose import (
    EYES,
    FOCAL,
    RIGID_SHAPE,
    film_head_pose,
    pose_matrices,
    shown_poses,
    similarity,
)
from facepatch.metrics.face_measures import AlignedFace, FaceMeasures, measures_of
from facepatch.pipelines.one_euro import OneEuro, OneEuroSettings

CHOOSE_AGAIN_S = 2.0
"""The chosen face out of sight for so long, any face may be it: who comes back may sit elsewhere."""
EYE_DISTANCE_CM = 6.3


class FaceChoice:
    """The same face from frame to frame; `landmarks.follow`, without the look ahead."""

    def __init__(self, face: str) -> None:
        self._face = face
        self._follower: FaceFollower | None = None
        self._seen_s = -math.inf

    def choose(self, faces: list[DetectedFace], time_s: float) -> DetectedFace | None:
        """The chosen one among `faces`, or None."""
        if self._follower is None or time_s - self._seen_s > CHOOSE_AGAIN_S:
            chosen = next(follow([(time_s, faces)], face=self._face, settle_s=0.0))
            if chosen is not None:
                others = [face for face in faces if face is not chosen]
                self._follower = FaceFollower(chosen, time_s, others=others)
        else:
            chosen = self._follower.choose(faces, time_s)
        if chosen is not None:
            self._seen_s = time_s
        return chosen


class Alignment:
    """The similarity frame pixels -> aligned plane, steadied: `patches.align.align_performer`, frame by frame.

    Filtered are scale (log), roll and the place of the aligned origin in the frame, as one motion: its speed counts
    in inter-ocular distances, which log and radians are at that distance from the origin.
    """

    def __init__(self, neutral: Float64, settings: OneEuroSettings) -> None:
        self._rows = landmark_indices(*RIGID)
        self._neutral = neutral[self._rows]
        self._filter = OneEuro(settings)
        self._roll = 0.0

    def reset(self) -> None:
        """Forget where the head was."""
        self._filter.reset()

    def push(self, points: Float64, time_s: float) -> Float64:
        """(L, 2) px -> (2, 3)"""
        back = inverse(fit_similarity(points[self._rows], self._neutral).affine)
        scale = math.hypot(back[0, 0], back[1, 0])
        roll = math.atan2(back[1, 0], back[0, 0])
        self._roll += math.remainder(roll - self._roll, 2 * math.pi)
        place = np.array([[math.log(scale), self._roll, back[0, 2], back[1, 2]]])
        size, turn, x, y = self._filter(place, time_s, unit=np.array([1.0, 1.0, scale, scale]))[0]
        cos, sin = math.exp(size) * math.cos(turn), math.exp(size) * math.sin(turn)
        return inverse(np.array([[cos, -sin, x], [sin, cos, y]]))


class Measures:
    """`metrics.face_measures` of frontal landmarks, frame by frame, over the shape of the take that was trained on."""

    def __init__(self, reference: Float64, settings: OneEuroSettings) -> None:
        """reference: (rigid, 2), `metrics.face_measures.AlignedFace.reference` of that take."""
        self._rows = landmark_indices(*RIGID)
        self._reference = reference
        self._filter = OneEuro(settings)

    def reset(self) -> None:
        """Forget the face."""
        self._filter.reset()

    def push(self, points: Float64, pose: Float64, time_s: float) -> FaceMeasures:
        """(L, 2) px and (4, 4) head -> camera -> measures of one frame, in the units of the take that was trained on.

        The points are steadied after they are aligned, so that motion of the head is not mistaken for expression.
        """
        flat = frontal_points(points[None], pose[None])[0]
        return self._measured(self._filter(self._align(flat), time_s))

    def _measured(self, aligned: Float64) -> FaceMeasures:
        return measures_of(AlignedFace(aligned[None], self._reference, 1.0))

    def _align(self, points: Float64) -> Float64:
        """As `metrics.face_measures.align_face` does it, for a shape that is known: conj(r) . m / |r|^2."""
        flat = points[:, 0] - 1j * points[:, 1]
        rigid = flat[self._rows]
        middle = rigid.mean()
        rigid = rigid - middle
        shape = self._reference[:, 0] + 1j * self._reference[:, 1]
        placed = (flat - middle) * ((rigid.conj() @ shape) / (rigid.conj() @ rigid).real)
        return np.stack([placed.real, placed.imag], axis=1)


class HeadPose:
    """Head -> camera relative to the mean of the first `neutral_s` seconds with a face, steadied.

    Axes and units are those of `landmarks.head_pose`; there the neutral is the mean over the film, which nobody knows
    while it runs.
    """

    def __init__(self, settings: OneEuroSettings, neutral_s: float) -> None:
        self._filter = OneEuro(settings)
        self._neutral_s = neutral_s
        self._first_s: float | None = None
        self._seen: list[Float64] = []
        self._turn = Rotation.identity()
        self._place = np.zeros(3)
        self.pose: Float64 = np.eye(4)
        """(4, 4) head -> camera of the last frame, steadied, as `landmarks.head_pose.camera_pose`."""

    def reset(self) -> None:
        """Forget how the head was held; the neutral stays."""
        self._filter.reset()

    def push(self, face: DetectedFace, *, image_size: tuple[int, int], time_s: float) -> Float64:
        """(6,): rotation vector (rad) and place (cm), relative to neutral."""
        pose = own_pose(face, image_size)
        self._learn_neutral(pose, time_s)
        turn = (Rotation.from_matrix(pose[:3, :3]) * self._turn.inv()).as_rotvec()
        values = np.concatenate([turn, pose[:3, 3] - self._place])[None]
        unit = np.array([1.0, 1.0, 1.0, EYE_DISTANCE_CM, EYE_DISTANCE_CM, EYE_DISTANCE_CM])
        calm = self._filter(values, time_s, unit=unit)[0]
        turned = (Rotation.from_rotvec(calm[:3]) * self._turn).as_matrix()
        self.pose = pose_matrices(turned[None], calm[None, 3:] + self._place)[0]
        return calm

    def _learn_neutral(self, pose: Float64, time_s: float) -> None:
        self._first_s = time_s if self._first_s is None else self._first_s
        if time_s - self._first_s > self._neutral_s and self._seen:
            self._seen = []
            self._neutral_s = -1.0
        if self._neutral_s < 0:
            return
        self._seen.append(pose)
        poses = np.stack(self._seen)
        self._turn = Rotation.from_matrix(poses[:, :3, :3]).mean()
        self._place = poses[:, :3, 3].mean(axis=0)


def own_pose(face: DetectedFace, image_size: tuple[int, int]) -> Float64:
    """(4, 4) head -> camera of one frame: `landmarks.head_pose.film_head_pose`, with the mean face as the shape."""
    rows = landmark_indices(*RIGID)
    if face.depth is None:
        return film_head_pose(face.points[None, rows], np.ones(1, bool), depth=None, image_size=image_size)[0]
    flat = (face.points[rows].astype(np.float64) - np.array(image_size) / 2) * (1.0, -1.0)
    solid = np.concatenate([flat, face.depth[rows, None].astype(np.float64)], axis=1)
    turn, scale, place = similarity(RIGID_SHAPE - EYES, solid[None])
    return shown_poses(turn, scale, place[:, :2], FOCAL * max(image_size))[0]


def pose_matrix(values: Float64) -> Float64:
    """(6,) rotation vector and place -> (4, 4)."""
    return pose_matrices(Rotation.from_rotvec(values[None, :3]).as_matrix(), values[None, 3:])[0]
