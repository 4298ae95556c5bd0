"""Which part of the face a control is for: where the shapes that it drives move the mesh."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.landmarks import SurfaceLandmarks, landmark_indices
from facepatch.core.data.rig import Rig
from facepatch.core.errors import InputError, UnknownNameError

REGIONS: dict[str, tuple[str, ...]] = {
    "eyes": ("eye_l", "eye_r"),
    "brows": ("brow_l", "brow_r"),
    "nose": ("nose_bridge", "nose_base"),
    "mouth": ("lips_outer", "lips_inner", "chin"),
}
"""Region -> the landmarks that it lies around."""


def control_regions(rig: Rig, landmarks: SurfaceLandmarks) -> tuple[str, ...]:
    """(C,) name of a region in REGIONS for each control; a control that moves nothing is of the mouth, the largest."""
    place = landmarks.positions(rig.neutral[None])[0]
    nearest = np.stack(
        [
            np.linalg.norm(rig.neutral[:, None] - place[landmark_indices(*elements)], axis=2).min(axis=1)
            for elements in REGIONS.values()
        ]
    ).argmin(axis=0)
    shares: Float64 = np.zeros((len(rig.controls), len(REGIONS)))
    for shape, delta in zip(rig.shapes, rig.deltas, strict=True):
        moved = np.square(delta, dtype=np.float64).sum(axis=1)
        for driver in shape.drivers:
            shares[driver.control] += np.bincount(nearest, moved, len(REGIONS)) / len(shape.drivers)
    names = list(REGIONS)
    return tuple(names[int(row.argmax())] if row.any() else "mouth" for row in shares)


def blended(
    rig: Rig, controls: Float64, landmarks: SurfaceLandmarks, amounts: Mapping[str, float]
) -> Float64:
    """(T, C) controls, those of each region in `amounts` that share of the way from their defaults.

    Raises UnknownNameError for another region, InputError for an amount outside 0..1.
    """
    for name, amount in amounts.items():
        if name not in REGIONS:
            raise UnknownNameError("--blend: region", name, REGIONS)
        if not 0.0 <= amount <= 1.0:
            raise InputError(f"--blend {name}={amount:g}: must lie between 0 (nothing) and 1 (as solved).")
    share = np.asarray([amounts.get(region, 1.0) for region in control_regions(rig, landmarks)])
    out: Float64 = rig.defaults + share * (controls - rig.defaults)
    return out
