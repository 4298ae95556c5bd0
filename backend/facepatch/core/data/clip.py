"""Animation over frames: weights of named shapes (Clip) or vertices (MeshClip)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import numpy as np

from facepatch.core.axes import Axes, Bool, Float32, Float64, UInt8
from facepatch.core.data.pca import Pca, pca_arrays, pca_from_arrays
from facepatch.core.errors import InputError, ShapeError
from facepatch.core.records import Record, read_record, write_record

KIND = "facepatch.clip"
VERSION = 1

NO_FACE = 1
"""No face was found in this frame."""
HELD = 2
"""The values of the last good frame are held."""
EASED = 4
"""The values are on their way to or from neutral, beside a gap."""
CLOSED_LEFT = 8
"""The lid-closing channel acted on the character's left eye."""
CLOSED_RIGHT = 16
"""The lid-closing channel acted on the character's right eye."""


@dataclass(frozen=True, eq=False)
class Clip:
    """`weights[t, k]` of the shape `names[k]` at frame `start_frame + t`."""

    names: tuple[str, ...]
    weights: Float32
    """(T, K)"""
    rate: tuple[int, int]
    """Frames per second as a fraction: (24000, 1001)."""
    start_frame: int = 0
    timecode: str = ""
    """Of the first frame, as received."""
    valid: Optional[Bool] = None
    """(T,) False where the source had no values; None where all have."""
    flags: Optional[UInt8] = None
    """(T,) sum of NO_FACE, HELD, EASED, CLOSED_LEFT, CLOSED_RIGHT."""
    times: Optional[Float64] = None
    """(T,) seconds of each frame in its film; None where the rate says it."""
    head_pose: Optional[Float64] = None
    """(T, 4, 4) head -> world on column vectors, relative to the neutral pose, cm."""
    pca: Optional[Pca] = None
    """The space of the weights, where they are PCA weights."""
    name: str = ""

    def __post_init__(self) -> None:
        check = Axes()
        weights = check("weights", self.weights, "T K")
        if weights.shape[1] != len(self.names):
            raise ShapeError(f"weights: {weights.shape[1]} columns, but {len(self.names)} names.")
        object.__setattr__(self, "weights", weights)
        for name, axes, dtype in (
            ("valid", "T", np.bool_),
            ("flags", "T", np.uint8),
            ("times", "T", np.float64),
            ("head_pose", "T 4 4", np.float64),
        ):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check(name, value, axes, dtype))

    @property
    def frame_count(self) -> int:
        """T"""
        return len(self.weights)


@dataclass(frozen=True, eq=False)
class MeshClip:
    """`vertices[t]` of one topology at frame `start_frame + t`. The array may be a memory map."""

    vertices: Float32
    """(T, V, 3) cm"""
    rate: tuple[int, int]
    start_frame: int = 0
    name: str = ""

    @property
    def frame_count(self) -> int:
        """T"""
        return len(self.vertices)


def write_clip(path: Path, clip: Clip) -> None:
    """Write a `facepatch.clip` record."""
    header: dict[str, Any] = {
        "record": KIND,
        "version": VERSION,
        "name": clip.name,
        "names": list(clip.names),
        "rate": list(clip.rate),
        "start_frame": clip.start_frame,
        "timecode": clip.timecode,
    }
    arrays: dict[str, Any] = {"weights": clip.weights}
    for name in ("valid", "flags", "times", "head_pose"):
        value = getattr(clip, name)
        if value is not None:
            arrays[name] = value
    if clip.pca is not None:
        header["total_variance"] = clip.pca.total_variance
        arrays.update(pca_arrays(clip.pca))
    write_record(path, Record(header, arrays))


def read_clip(path: Path) -> Clip:
    """Read a `facepatch.clip` record. Raises InputError with the frames whose weights are no numbers."""
    header, arrays = read_record(path, KIND, VERSION)
    _refuse_gaps(path, arrays["weights"], int(header["start_frame"]))
    pca = None
    if "basis" in arrays:
        pca = pca_from_arrays(arrays, float(header["total_variance"]))
    return Clip(
        names=tuple(header["names"]),
        weights=arrays["weights"],
        rate=(int(header["rate"][0]), int(header["rate"][1])),
        start_frame=int(header["start_frame"]),
        timecode=header["timecode"],
        valid=arrays.get("valid"),
        flags=arrays.get("flags"),
        times=arrays.get("times"),
        head_pose=arrays.get("head_pose"),
        pca=pca,
        name=header["name"],
    )


def _refuse_gaps(path: Path, weights: Any, start_frame: int) -> None:
    rows = np.flatnonzero(~np.isfinite(weights).all(axis=tuple(range(1, weights.ndim))))
    if rows.size:
        first = ", ".join(str(start_frame + int(row)) for row in rows[:5])
        more = f" and {rows.size - 5} more" if rows.size > 5 else ""
        raise InputError(
            f"{path}: the weights of frames {first}{more} are no numbers. Make the clip again, or repair these frames."
        )
