"""Where the head is and how it is turned, from the points that expressions hardly move.

Convention: matrices (4, 4) act on column vectors, centimetres; camera axes x to the right of the image, y up, z from
the face towards the camera. Head axes are the same for a head that looks straight into the camera; its origin lies
midway between the eyes. The distance between the eyes' centres is taken as 6.3 cm, and the camera (weak perspective:
one scale for the whole head) as one with a focal length of 1.2 times the longer side of the image, about 45 degrees
wide. No film says either, so places are only as good as these; the rotation is not touched by them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from facepatch.core.axes import Axes, Bool, Float32, Float64
from facepatch.core.data.landmarks import RIGID, LandmarkTrack
from facepatch.core.errors import ConfigError, InputError, ShapeError
from facepatch.landmarks.smoothing import GapFiller, local_quadratic

RIGID_SHAPE = np.array(
    [
        (-4.45, 2.66, 3.17), (-1.86, 2.59, 3.76), (1.86, 2.59, 3.76), (4.45, 2.66, 3.17), (0.0, 2.47, 5.79),
        (0.0, 1.73, 6.32), (0.0, 0.37, 7.24), (-1.41, -1.71, 5.24), (0.0, -2.09, 6.06), (1.41, -1.71, 5.24),
    ]
)  # fmt: skip
"""(len(RIGID), 3) cm. A mean adult face, the eyes' centres 6.3 cm apart: MediaPipe's canonical face model, rounded."""
EYES = np.array([0.0, 2.625, 3.465])
"""Midway between the eyes' centres, the origin of the head."""
FOCAL = 1.2
"""Focal length over the longer side of the image."""


@dataclass(frozen=True)
class HeadPoseSettings:
    """How the head's pose is steadied. Seconds, so that all frame rates are treated alike."""

    smoothing_s: float = 0.08
    """Width (standard deviation) of the smoothing, a local quadratic in time without delay; 0 for none."""
    longest_gap_s: float = 1.0
    """Longer gaps without a face hold the last pose instead of moving on to the next."""

    def __post_init__(self) -> None:
        for name in ("smoothing_s", "longest_gap_s"):
            if not 0 <= getattr(self, name) <= 10:
                raise ConfigError(
                    f"head_pose.{name}: is {getattr(self, name)}, but must lie between 0 and 10."
                )


def camera_pose(track: LandmarkTrack, settings: HeadPoseSettings = HeadPoseSettings()) -> Float64:
    """(T, 4, 4) head -> camera, cm, steadied: the identity's rotation looks into the camera, which is as far away as
    its z is below 0. Raises ShapeError where the track has no head pose."""
    if track.head_pose is None:
        raise ShapeError("head pose: these landmarks carry none. Detect them again.")
    turns = Rotation.from_matrix(track.head_pose[:, :3, :3]).as_quat()
    flips = np.concatenate([[1.0], np.where((turns[1:] * turns[:-1]).sum(axis=1) < 0, -1.0, 1.0)])
    turns = turns * np.cumprod(flips)[:, None]  # q and -q are the same turn: the nearer to the frame before
    places = track.head_pose[:, :3, 3]
    fps = track.rate[0] / track.rate[1]
    filled: list[Float64] = []
    for values in (turns, places):
        if settings.smoothing_s > 0:
            half = max(2, math.ceil(2.5 * settings.smoothing_s * fps))
            values = local_quadratic(
                values[:, None], track.found[:, None], track.times, sigma=settings.smoothing_s, half=half
            )[:, 0]
        filler = GapFiller(max(1, round(settings.longest_gap_s * fps)))
        rows = [filler.push(values, track.found), filler.finish()]
        filled.append(np.concatenate(rows).astype(np.float64))
    return pose_matrices(Rotation.from_quat(filled[0]).as_matrix(), filled[1])


def head_pose(seen: Float64, found: Bool, *, neutral_frame: int | None = None) -> Float64:
    """(T, 4, 4) head -> camera relative to the neutral pose, cm: the identity is the neutral pose.

    seen: (T, 4, 4) as of `camera_pose`; found: (T,). M = [R_t R_0^T, p_t - p_0]: how the head is turned away from
    neutral about its own origin, and how far that has moved, both along the camera's axes (see the module). Neutral is
    the pose of `neutral_frame`, or the mean pose. Raises InputError where the neutral frame has no face.
    """
    if neutral_frame is not None and not (0 <= neutral_frame < len(seen) and found[neutral_frame]):
        raise InputError(f"head pose: the neutral frame {neutral_frame} has no face. Choose another frame.")
    turns, places = Rotation.from_matrix(seen[:, :3, :3]), seen[:, :3, 3]
    if neutral_frame is None:
        neutral_turn = Rotation.from_matrix(seen[found, :3, :3]).mean()
        neutral_place = np.median(places[found], axis=0)
    else:
        neutral_turn, neutral_place = turns[neutral_frame], places[neutral_frame]
    return pose_matrices((turns * neutral_turn.inv()).as_matrix(), places - neutral_place)


def film_head_pose(
    rigid: Float32, found: Bool, *, depth: Float32 | None, image_size: tuple[int, int]
) -> Float64:
    """(T, 4, 4) head -> camera of every frame; of frames without a face the last or next one with.

    rigid (T, 10, 2) px of the RIGID landmarks, depth (T, 10) px towards the camera. With depth: similarity by Kabsch
    (Umeyama 1991) to the film's own mean shape, which is first aligned to RIGID_SHAPE. Without: perspective-n-point.
    """
    check = Axes()
    rigid = check("rigid landmarks", rigid, "T R 2")
    found = check("found", found, "T", np.bool_)
    focal = FOCAL * max(image_size)
    centre = np.array(image_size) / 2
    shape = RIGID_SHAPE - EYES
    assert rigid.shape[1] == len(RIGID) == len(shape)
    seen = rigid[found].astype(np.float64)
    if depth is None:
        poses = _from_points(seen, shape, focal, centre)
    else:
        flat = (seen - centre) * (1.0, -1.0)
        solid = np.concatenate([flat, depth[found].astype(np.float64)[..., None]], axis=2)
        poses = _from_solid(solid, shape, focal)
    last = np.maximum.accumulate(np.where(found, np.cumsum(found) - 1, 0))
    return poses[last] if len(poses) else np.tile(np.eye(4), (len(found), 1, 1))


def _from_solid(solid: Float64, shape: Float64, focal: float) -> Float64:
    """Poses of (T, R, 3) px, z towards the camera."""
    rotation, scale, place = similarity(shape, solid)
    own = np.einsum("txy,trx->try", rotation, solid - place[:, None]) / scale[:, None, None]
    own = np.median(own, axis=0)
    turn, size, shift = similarity(shape, own[None])  # the mean shape must not turn or grow
    own = (own - shift[0]) @ turn[0] / size[0]
    rotation, scale, place = similarity(own, solid)
    return shown_poses(rotation, scale, place[:, :2], focal)


def shown_poses(rotation: Float64, scale: Float64, centre: Float64, focal: float) -> Float64:
    """(T, 4, 4) of rotations (T, 3, 3), drawn with `scale` (T,) px per cm and the head's origin at `centre` (T, 2) px
    from the image's middle, y up. focal: px."""
    return pose_matrices(rotation, np.column_stack([centre / scale[:, None], -focal / scale]))


def pose_matrices(rotation: Float64, place: Float64) -> Float64:
    """(T, 4, 4) of rotations (T, 3, 3) and places (T, 3)."""
    out = np.tile(np.eye(4), (len(rotation), 1, 1))
    out[:, :3, :3], out[:, :3, 3] = rotation, place
    return out


def similarity(shape: Float64, points: Float64) -> tuple[Float64, Float64, Float64]:
    """R (T, 3, 3), s (T,), t (T, 3) that minimise |s R shape + t - points|^2 (Umeyama 1991, eq. 40-42).

    shape (R, 3), points (T, R, 3).
    """
    middle, middles = shape.mean(axis=0), points.mean(axis=1)
    centred = shape - middle
    moment = np.einsum("trx,ry->txy", points - middles[:, None], centred)
    u, singular, vt = np.linalg.svd(moment)
    sign = np.ones((len(points), 3))
    sign[:, 2] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    rotation = np.einsum("txk,tk,tky->txy", u, sign, vt)
    scale = (singular * sign).sum(axis=1) / (centred**2).sum()
    return rotation, scale, middles - scale[:, None] * np.einsum("txy,y->tx", rotation, middle)


def _from_points(points: Float64, shape: Float64, focal: float, centre: Float64) -> Float64:
    """Poses of (T, R, 2) px without depth, by perspective-n-point, each frame starting from the one before."""
    camera = np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1.0]])
    flip = np.diag([1.0, -1.0, -1.0])  # OpenCV: y down, z away from the camera
    poses = np.tile(np.eye(4), (len(points), 1, 1))
    solid = shape @ flip
    turn, place = np.zeros((3, 1)), np.array([[0.0], [0.0], [60.0]])
    for pose, row in zip(poses, points):
        solved, next_turn, next_place = cv2.solvePnP(
            solid, row, camera, np.zeros(4), turn.copy(), place.copy(), True, cv2.SOLVEPNP_ITERATIVE
        )
        if solved and next_place[2, 0] > 0:
            turn, place = next_turn, next_place
        matrix, _ = cv2.Rodrigues(turn)
        pose[:3, :3] = flip @ matrix @ flip
        pose[:3, 3] = flip @ place[:, 0]
    return poses
