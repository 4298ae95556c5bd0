"""Which part of the face a control is for: where it moves the mesh."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from facepatch.core.axes import Float32, Float64
from facepatch.core.data.landmarks import SurfaceLandmarks, landmark_indices
from facepatch.core.data.rig import Rig, RigControl
from facepatch.core.errors import InputError, UnknownNameError
from facepatch.core.rig_samples import RigSamples

REGIONS: dict[str, tuple[str, ...]] = {
    "eyes": ("eye_l", "eye_r"),
    "brows": ("brow_l", "brow_r"),
    "nose": ("nose_bridge", "nose_base"),
    "mouth": ("lips_outer", "lips_inner", "chin"),
}
"""Region -> the landmarks that it lies around."""


def control_regions(rig: Rig, landmarks: SurfaceLandmarks) -> tuple[str, ...]:
    """(C,) name of a region in REGIONS for each control; a control that moves nothing is of the mouth, the largest."""
    moved: Float64 = np.zeros((len(rig.controls), len(rig.neutral)))
    for shape, delta in zip(rig.shapes, rig.deltas, strict=True):
        squared = np.square(delta, dtype=np.float64).sum(axis=1)
        for driver in shape.drivers:
            moved[driver.control] += squared / len(shape.drivers)
    return _regions(moved, rig.neutral, landmarks)


def sampled_regions(samples: RigSamples, landmarks: SurfaceLandmarks) -> tuple[str, ...]:
    """The same for a rig that was sampled, by what each control moves alone."""
    neutral: Float32 = np.asarray(samples.vertices[0], np.float32)
    away = samples.values != samples.values[0]
    moved: Float64 = np.zeros((len(samples.controls), len(neutral)))
    for row in np.flatnonzero(away.sum(axis=1) == 1):
        control = int(away[row].argmax())
        moved[control] += np.square(samples.vertices[row] - neutral, dtype=np.float64).sum(axis=1)
    return _regions(moved, neutral, landmarks)


def _regions(moved: Float64, neutral: Float32, landmarks: SurfaceLandmarks) -> tuple[str, ...]:
    place = landmarks.positions(neutral[None])[0]
    nearest = np.stack(
        [
            np.linalg.norm(neutral[:, None] - place[landmark_indices(*elements)], axis=2).min(axis=1)
            for elements in REGIONS.values()
        ]
    ).argmin(axis=0)
    names = list(REGIONS)
    shares = [np.bincount(nearest, row, len(REGIONS)) for row in moved]
    return tuple(names[int(row.argmax())] if row.any() else "mouth" for row in shares)


def blend_shares(
    controls: Sequence[RigControl],
    regions: Sequence[str],
    amounts: Mapping[str, float],
    *,
    held: Collection[str] = (),
) -> Float64:
    """(C,) how much of the solve each control takes; what is held stays as it is.

    Raises UnknownNameError for another region, InputError for an amount outside 0..1.
    """
    for name, amount in amounts.items():
        if name not in REGIONS:
            raise UnknownNameError("blend: region", name, REGIONS)
        if not 0.0 <= amount <= 1.0:
            raise InputError(f"blend {name}={amount:g}: must lie between 0 (nothing) and 1 (as solved).")
    out: Float64 = np.asarray(
        [
            1.0 if control.name in held else amounts.get(region, 1.0)
            for control, region in zip(controls, regions, strict=True)
        ]
    )
    return out
