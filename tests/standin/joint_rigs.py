"""Rigs that are no blendshapes: joints with skinning, a combination, an expression that drives a lid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facepatch.core.data.rig import RigControl


@dataclass(frozen=True, eq=False)
class JointRig:
    """A jaw that turns and slides, lids that follow the gaze, a smile whose corners lift only with the jaw open."""

    neutral: np.ndarray
    controls: tuple[RigControl, ...] = (
        RigControl("jaw.rotateX", -5, 30, 0, "degrees"),
        RigControl("jaw.rotateY", -15, 15, 0, "degrees"),
        RigControl("jaw.translateZ", 0, 1.5, 0, "centimetres"),
        RigControl("smile.l", side="l", mirror="smile.r"),
        RigControl("smile.r", side="r", mirror="smile.l"),
        RigControl("gaze.rotateX", -25, 25, 0, "degrees"),
        RigControl("lid.close"),
        RigControl("broken.tx", -1, 1),
    )

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """(S, C) -> (S, V, 3)"""
        out = np.empty((len(values), *self.neutral.shape), np.float32)
        x, y, z = self.neutral.T
        jaw = np.clip((2.0 - y) / 6.0, 0, 1) * np.clip((z + 6) / 10, 0, 1)
        lid = np.exp(-((x - 0) ** 2 / 30 + (y - 6) ** 2 / 4))
        corner = {side: np.exp(-((x - at) ** 2 + (y + 2) ** 2) / 9) for side, at in (("l", 4.0), ("r", -4.0))}
        for s, (rx, ry, tz, left, right, gaze, close, _) in enumerate(values):
            points = self.neutral.astype(np.float64).copy()
            for weight, side in ((left, "l"), (right, "r")):
                sign = 1.0 if side == "l" else -1.0
                points[:, 0] += 0.8 * weight * sign * corner[side]
                points[:, 1] += weight * (0.3 + 0.02 * max(rx, 0)) * corner[side]
            # The expression: a lid goes down with the gaze, and closes the rest of the way by its own control.
            points[:, 1] -= 1.2 * (close + (1 - close) * max(-gaze, 0) / 50) * lid
            pivot = np.array([0.0, 2.0, -5.0])
            turned = (points - pivot) @ (_turn(rx, 0) @ _turn(ry, 1)).T + pivot
            turned[:, 2] += tz
            out[s] = points + jaw[:, None] * (turned - points)
        return out


def _turn(degrees: float, axis: int) -> np.ndarray:
    angle = np.radians(degrees)
    first, second = [a for a in range(3) if a != axis]
    out = np.eye(3)
    out[first, first] = out[second, second] = np.cos(angle)
    out[first, second], out[second, first] = -np.sin(angle), np.sin(angle)
    return out


def joint_rig(vertices: int = 400) -> JointRig:
    """On a cloud of points the size of a head."""
    rng = np.random.default_rng(4)
    return JointRig(rng.uniform((-7, -9, -6), (7, 9, 7), (vertices, 3)).astype(np.float32))


def joint_performance(rig: JointRig, frames: int = 60) -> np.ndarray:
    """(T, C) soft curves inside the limits; the broken control rests."""
    rng = np.random.default_rng(9)
    time = np.arange(frames)
    out = np.empty((frames, len(rig.controls)))
    for c, control in enumerate(rig.controls):
        wave = np.sin(2 * np.pi * time / rng.uniform(25, 60) + rng.uniform(0, 6))
        ends = np.where(wave > 0, control.maximum - control.default, control.default - control.minimum)
        out[:, c] = control.default + 0.8 * wave * ends
    out[:, -1] = 0.0
    return out
