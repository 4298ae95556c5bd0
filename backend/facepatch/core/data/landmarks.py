"""Named points of a face, in images and on surfaces.

One set of 56 names serves every detector and every character. Sides are the **character's** own. Orders:
eyes run outer corner, upper lid, inner corner, lower lid; brows run from the outer to the inner end; lips start
at the right corner and run over the upper lip to the left corner and back along the lower lip.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import numpy as np

from facepatch.core.axes import Axes, Bool, Float32, Float64, Int32
from facepatch.core.errors import ShapeError, UnknownNameError
from facepatch.core.records import Record, read_record, write_record

_EYE = (
    "outer",
    "upper_outer",
    "upper_mid",
    "upper_inner",
    "inner",
    "lower_inner",
    "lower_mid",
    "lower_outer",
)
_BROW = ("outer", "mid_outer", "mid", "mid_inner", "inner")
_OUTER = (
    "corner_r", "upper_r3", "upper_r2", "upper_mid", "upper_l2", "upper_l3",
    "corner_l", "lower_l3", "lower_l2", "lower_mid", "lower_r2", "lower_r3",
)  # fmt: skip
_INNER = ("corner_r", "upper_r", "upper_mid", "upper_l", "corner_l", "lower_l", "lower_mid", "lower_r")

ELEMENTS: dict[str, tuple[str, ...]] = {
    "eye_r": tuple(f"eye_r_{name}" for name in _EYE),
    "eye_l": tuple(f"eye_l_{name}" for name in _EYE),
    "brow_r": tuple(f"brow_r_{name}" for name in _BROW),
    "brow_l": tuple(f"brow_l_{name}" for name in _BROW),
    "lips_outer": tuple(f"lips_outer_{name}" for name in _OUTER),
    "lips_inner": tuple(f"lips_inner_{name}" for name in _INNER),
    "nose_bridge": ("nose_bridge_top", "nose_bridge_high", "nose_bridge_low", "nose_tip"),
    "nose_base": ("nose_base_r", "nose_base_mid_r", "nose_base_mid", "nose_base_mid_l", "nose_base_l"),
    "chin": ("chin",),
}
"""Element of the face -> its landmark names, in order."""

LANDMARK_NAMES: tuple[str, ...] = tuple(name for names in ELEMENTS.values() for name in names)
_INDEX = {name: index for index, name in enumerate(LANDMARK_NAMES)}

RIGID = (
    "eye_r_outer", "eye_r_inner", "eye_l_inner", "eye_l_outer",
    "nose_bridge_top", "nose_bridge_high", "nose_bridge_low", "nose_base_r", "nose_base_mid", "nose_base_l",
)  # fmt: skip
"""Points that expressions hardly move."""


def landmark_indices(*elements_or_names: str) -> Int32:
    """Rows of the named landmarks, or of all landmarks of named elements."""
    rows: list[int] = []
    for name in elements_or_names:
        if name in ELEMENTS:
            rows.extend(_INDEX[point] for point in ELEMENTS[name])
        elif name in _INDEX:
            rows.append(_INDEX[name])
        else:
            raise UnknownNameError("landmark", name, [*ELEMENTS, *_INDEX])
    return np.asarray(rows, dtype=np.int32)


@dataclass(frozen=True, eq=False)
class LandmarkTrack:
    """Landmarks of one face through a film, in pixels of the upright full frame.

    (0, 0) is the outer corner of the top-left pixel; x to the right, y down.
    """

    points: Float32
    """(T, L, 2); rows of frames without a face are NaN-free: the last or next good ones."""
    confidence: Float32
    """(T, L) 0..1; 0 where the frame has no face."""
    found: Bool
    """(T,)"""
    image_size: tuple[int, int]
    """(W, H)"""
    rate: tuple[int, int]
    times: Float64
    """(T,) seconds"""
    head_pose: Optional[Float64] = None
    """(T, 4, 4) head -> camera, rotation and scaled-orthographic place; None where the detector has no depth."""
    detector: str = ""
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check = Axes()
        object.__setattr__(self, "points", check("landmarks", self.points, "T L 2"))
        object.__setattr__(self, "confidence", check("confidence", self.confidence, "T L"))
        object.__setattr__(self, "found", check("found", self.found, "T", np.bool_))
        object.__setattr__(self, "times", check("times", self.times, "T", np.float64))

    @property
    def frame_count(self) -> int:
        """T"""
        return len(self.points)


TRACK_KIND = "facepatch.landmarks"
TRACK_VERSION = 1


def write_landmark_track(path: Path, track: LandmarkTrack) -> None:
    """Write a `facepatch.landmarks` record."""
    header: dict[str, Any] = {
        "record": TRACK_KIND,
        "version": TRACK_VERSION,
        "image_size": list(track.image_size),
        "rate": list(track.rate),
        "detector": track.detector,
        "warnings": list(track.warnings),
    }
    arrays: dict[str, Any] = {
        "points": track.points,
        "confidence": track.confidence,
        "found": track.found,
        "times": track.times,
    }
    if track.head_pose is not None:
        arrays["head_pose"] = track.head_pose
    write_record(path, Record(header, arrays))


def read_landmark_track(path: Path) -> LandmarkTrack:
    """Read a `facepatch.landmarks` record."""
    header, arrays = read_record(path, TRACK_KIND, TRACK_VERSION)
    return LandmarkTrack(
        points=arrays["points"],
        confidence=arrays["confidence"],
        found=arrays["found"],
        image_size=(int(header["image_size"][0]), int(header["image_size"][1])),
        rate=(int(header["rate"][0]), int(header["rate"][1])),
        times=arrays["times"],
        head_pose=arrays.get("head_pose"),
        detector=header["detector"],
        warnings=tuple(header["warnings"]),
    )


@dataclass(frozen=True, eq=False)
class SurfaceLandmarks:
    """Landmarks that stay on a mesh under any expression: a triangle and barycentric weights each."""

    triangle: Int32
    """(L, 3) the three vertices of each landmark's triangle."""
    barycentric: Float32
    """(L, 3)"""
    topology_id: str
    doubts: tuple[str, ...] = field(default=())
    """Sentences about landmarks that a proposal was not sure of."""

    def __post_init__(self) -> None:
        check = Axes()
        object.__setattr__(self, "triangle", check("triangle", self.triangle, "L 3", np.int32))
        object.__setattr__(self, "barycentric", check("barycentric", self.barycentric, "L 3"))
        if len(self.triangle) != len(LANDMARK_NAMES):
            raise ShapeError(f"surface landmarks: {len(self.triangle)} given, {len(LANDMARK_NAMES)} needed.")

    def positions(self, vertices: Float32) -> Float32:
        """(T, V, 3) -> (T, L, 3)"""
        corners = vertices[:, self.triangle]
        out: Float32 = (corners * self.barycentric[:, :, None]).sum(axis=2, dtype=np.float32)
        return out
