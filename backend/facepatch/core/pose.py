"""Rotations as angles, and a moving head or eye as the channels of the control that it drives.

Convention: matrices act on column vectors and are named destination_from_source; radians and centimetres. A rotate
order is Maya's: "xyz" turns about x first, so R = Rz Ry Rx. A transform at rest is, from the right,
(scale and rotate axis) R(rotate), joint orient, translate, parent; the rotation is about its pivot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from facepatch.core.axes import Axes, Float64
from facepatch.core.errors import ConfigError

ORDERS = ("xyz", "yzx", "zxy", "xzy", "yxz", "zyx")
"""By the number that Maya's attribute rotateOrder has."""

_LOCKED = 1e-6
"""Cosine of the middle angle below which the other two cannot be told apart."""


@dataclass(frozen=True, eq=False)
class ControlRest:
    """A transform in the pose that stands for the neutral head."""

    parent: Float64
    """(4, 4) world from parent."""
    pivot: Float64
    """(3,) in the world, the point that its rotation leaves in place."""
    rotate: Float64
    """(3,) angles about x, y, z."""
    translate: Float64
    """(3,)"""
    order: str = "xyz"
    joint_orient: Optional[Float64] = None
    """(3, 3); the identity where the transform is no joint."""

    def __post_init__(self) -> None:
        check = Axes()
        for name, value, axes in (
            ("parent", self.parent, "4 4"),
            ("pivot", self.pivot, "3"),
            ("rotate", self.rotate, "3"),
            ("translate", self.translate, "3"),
            ("joint_orient", np.eye(3) if self.joint_orient is None else self.joint_orient, "3 3"),
        ):
            object.__setattr__(self, name, check(name, value, axes, np.float64))
        _check_order(self.order)


def rotations_from_euler(angles: Any, order: str = "xyz") -> Float64:
    """(T, 3) angles about x, y, z -> (T, 3, 3)."""
    values = Axes()("angles", angles, "T 3", np.float64)
    first, second, third = _check_order(order)
    return _about(third, values) @ _about(second, values) @ _about(first, values)


def euler_from_rotations(rotations: Any, order: str = "xyz", *, near: Any = (0.0, 0.0, 0.0)) -> Float64:
    """(T, 3, 3) -> (T, 3) angles about x, y, z that turn by the least from frame to frame, the first from `near`.

    Of the two ways to write a rotation, and of whole turns, the one nearest to the frame before is taken. Where the
    middle angle is 90 degrees, the first angle stays as it was.
    """
    matrices = Axes()("rotations", rotations, "T 3 3", np.float64)
    i, j, k = _check_order(order)
    sign = _parity(i, j)
    last = [float(angle) for angle in np.asarray(near, np.float64)]
    found = np.empty((len(matrices), 3))
    for t, matrix in enumerate(matrices):
        middle = math.asin(max(-1.0, min(1.0, -sign * matrix[k, i])))
        if math.cos(middle) < _LOCKED:
            alone = math.atan2(-sign * matrix[i, j], matrix[j, j])
            third = alone + sign * math.copysign(1.0, middle) * last[i]
            ways = [{i: last[i], j: middle, k: third}]
        else:
            first = math.atan2(sign * matrix[k, j], matrix[k, k])
            third = math.atan2(sign * matrix[j, i], matrix[i, i])
            ways = [
                {i: first, j: middle, k: third},
                {i: first + math.pi, j: math.pi - middle, k: third + math.pi},
            ]
        turned = [[_nearest_turn(way[axis], last[axis]) for axis in range(3)] for way in ways]
        last = min(turned, key=lambda angles: sum((a - b) ** 2 for a, b in zip(angles, last)))
        found[t] = last
    return found


def nearest_rotations(matrices: Any) -> Float64:
    """(T, 3, 3) -> the rotations nearest to them, by singular values."""
    u, _, vt = np.linalg.svd(Axes()("matrices", matrices, "T 3 3", np.float64))
    u[:, :, 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
    nearest: Float64 = np.matmul(u, vt)
    return nearest


def rigid_part(matrix: Optional[Any]) -> Float64:
    """(4, 4) rotation and place of a node's `matrix`, without its scale and shear; the identity for None."""
    out: Float64 = np.eye(4)
    if matrix is not None:
        known = np.asarray(matrix, np.float64)
        out[:3, :3] = nearest_rotations(known[None, :3, :3])[0]
        out[:3, 3] = known[:3, 3]
    return out


def rotate_channels(rest: ControlRest, rotations: Any, *, parents: Optional[Any] = None) -> Float64:
    """(T, 3) angles with which the control follows `rotations`, (T, 3, 3) of the world relative to the rest pose.

    parents: (T, 4, 4) world from parent, where the parent moves and the head shall not move with it; None keeps the
    parent as it is at rest, so that the motion is added to whatever the body does.
    """
    turns = Axes()("rotations", rotations, "T 3 3", np.float64)
    parent = rest.parent[:3, :3]
    now = parent if parents is None else _parents(parents, len(turns))[:, :3, :3]
    # A parent of uneven scale makes no rotation of one: the nearest then.
    local = nearest_rotations(np.linalg.inv(now) @ turns @ parent)
    own = rotations_from_euler(rest.rotate[None], rest.order)[0]
    orient = np.asarray(rest.joint_orient)
    angles = orient.T @ local @ orient @ own
    return euler_from_rotations(angles, rest.order, near=rest.rotate)


def translate_channels(rest: ControlRest, places: Any, *, parents: Optional[Any] = None) -> Float64:
    """(T, 3) translation with which the control's pivot stands at `places`, (T, 3) in the world.

    parents: as in `rotate_channels`.
    """
    points = Axes()("places", places, "T 3", np.float64)
    before = _inside(rest.parent[None], rest.pivot[None])
    now = rest.parent[None] if parents is None else _parents(parents, len(points))
    return rest.translate + _inside(now, points) - before


def head_motion(poses: Any, axes: Any) -> tuple[Float64, Float64]:
    """The rotations (T, 3, 3) and the moves (T, 3) of a head in the world.

    poses: (T, 4, 4) relative to the neutral pose, along the head's own axes (+Z out of the face, Y up).
    axes: (3, 3) world from head, the way the character looks at rest.
    """
    check = Axes()
    matrices = check("poses", poses, "T 4 4", np.float64)
    frame = check("axes", axes, "3 3", np.float64)
    moves: Float64 = np.matmul(matrices[:, :3, 3], frame.T)
    return frame @ nearest_rotations(matrices[:, :3, :3]) @ frame.T, moves


def as_poses(rotations: Any) -> Float64:
    """(T, 3, 3) -> (T, 4, 4) that turn and do not move."""
    turns = Axes()("rotations", rotations, "T 3 3", np.float64)
    poses = np.zeros((len(turns), 4, 4))
    poses[:, :3, :3], poses[:, 3, 3] = turns, 1.0
    return poses


def places_around(centre: Any, point: Any, rotations: Any) -> Float64:
    """(T, 3) where `point` (3,) goes when `rotations` (T, 3, 3) turn it about `centre` (3,)."""
    check = Axes()
    middle = check("centre", centre, "3", np.float64)
    arm = check("point", point, "3", np.float64) - middle
    moved: Float64 = np.matmul(check("rotations", rotations, "T 3 3", np.float64), arm)
    return middle + moved


def turns_between(start: Any, directions: Any) -> Float64:
    """(T, 3, 3) the smallest rotations from `start` (3,) to `directions` (T, 3). Neither needs to be of length 1."""
    check = Axes()
    a = _unit(check("start", start, "3", np.float64)[None])
    b = _unit(check("directions", directions, "T 3", np.float64))
    axis, cosine = np.cross(a, b), (a * b).sum(axis=1)
    if len(b) and cosine.min() < -1 + 1e-9:
        raise ConfigError(
            "directions: a gaze points straight backwards. Check which way the character faces."
        )
    x, y, z = axis.T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    return np.eye(3) + cross + cross @ cross / (1 + cosine)[:, None, None]


def _unit(vectors: Float64) -> Float64:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    if vectors.size and length.min() == 0:
        raise ConfigError("directions: one has no length.")
    return vectors / length


def _inside(parents: Float64, points: Float64) -> Float64:
    """(T, 3) points of the world in the space of their parents (T, 4, 4)."""
    inverse = np.linalg.inv(parents)
    return (inverse[:, :3, :3] @ points[:, :, None])[:, :, 0] + inverse[:, :3, 3]


def _parents(parents: Any, count: int) -> Float64:
    check = Axes()
    check("frames", np.empty((count, 0)), "T _")
    return check("parents", parents, "T 4 4", np.float64)


def _check_order(order: str) -> tuple[int, int, int]:
    if order not in ORDERS:
        raise ConfigError(f"rotate order: '{order}' is none of {', '.join(ORDERS)}.")
    first, second, third = ("xyz".index(letter) for letter in order)
    return first, second, third


def _parity(first: int, second: int) -> float:
    return 1.0 if (second - first) % 3 == 1 else -1.0


def _about(axis: int, angles: Float64) -> Float64:
    """(T, 3, 3) about `axis` by that column of `angles`."""
    cosine, sine = np.cos(angles[:, axis]), np.sin(angles[:, axis])
    j, k = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.zeros((len(angles), 3, 3))
    matrix[:, axis, axis] = 1.0
    matrix[:, j, j] = matrix[:, k, k] = cosine
    matrix[:, k, j], matrix[:, j, k] = sine, -sine
    return matrix


def _nearest_turn(angle: float, to: float) -> float:
    return angle - 2 * math.pi * round((angle - to) / (2 * math.pi))
