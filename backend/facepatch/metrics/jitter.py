"""Jitter: how much an animation trembles while the performer holds still (method 3.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, minimum_filter1d

from facepatch.core.axes import Axes, Bool, Float64
from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.errors import InputError
from facepatch.metrics.agreement import runs

HIGH_PASS_S = 0.1
"""What is slower than a Gaussian of this many seconds is motion, what is faster is trembling (above about 1.5 Hz)."""
_SHORTEST = 9
"""Frames of a still run; with fewer the Gaussian has no slow motion to go by."""


def still_frames(points: Any, *, valid: Any = None, window: int = 9, limit: float = 0.015) -> Bool:
    """(T,) frames around which the performer's face does not move.

    points: (T, L, 2) aligned landmarks in IOD (`AlignedFace.points`, or any points in a unit that `limit` shares).
    A frame is still when, within `window` frames around it, the points (freed from the detector's tremble by a
    Gaussian of two frames) keep within `limit` in x and y: 90 % of them, so that single restless points do not
    decide. Frames beside one that is not valid are not still.
    """
    check = Axes()
    places = check("points", points, "T L 2", np.float64)
    smooth = gaussian_filter1d(places, 2.0, axis=0, mode="nearest")
    spread = maximum_filter1d(smooth, window, axis=0) - minimum_filter1d(smooth, window, axis=0)
    still: Bool = np.quantile(spread.max(axis=2), 0.9, axis=1) <= limit
    if valid is not None:
        still &= minimum_filter1d(check("valid", valid, "T", np.bool_).astype(np.uint8), window) > 0
    return still


@dataclass(frozen=True)
class Jitter:
    """Trembling of the mesh at its landmarks over the frames where the performer is still, in % of face height."""

    frames: int
    percent: float | None
    """Root mean square over still frames and landmarks of the distance from the landmark's own slow motion."""
    worst_percent: float | None
    """The same of the landmark that trembles most."""
    worst: str = ""
    """Its name."""


def jitter(points: Any, still: Any, *, face_height: float, rate_fps: float) -> Jitter:
    """Trembling at rest, as an eye sees it: how far points stray from their own slow motion.

    points: (T, L, 3) landmarks on the mesh, in the unit of `face_height`. still: (T,) from `still_frames`; only runs of
    at least 9 such frames count, each with a Gaussian of its own, so that no motion beside it leaks in.
    Raises ShapeError where the lengths differ, InputError for a height or rate that is not above zero.
    """
    check = Axes()
    places = check("points", points, "T L 3", np.float64)
    mask = check("still", still, "T", np.bool_)
    if not (face_height > 0 and rate_fps > 0):
        raise InputError(
            f"jitter: a face height of {face_height:g} at {rate_fps:g} frames/s; both must be above 0."
        )
    strays = [_stray(places[a:b], HIGH_PASS_S * rate_fps) for a, b in runs(mask) if b - a >= _SHORTEST]
    if not strays:
        return Jitter(0, None, None)
    squared = (np.concatenate(strays) ** 2).sum(axis=2)
    each = 100 * np.sqrt(squared.mean(axis=0)) / face_height
    worst = int(each.argmax())
    name = LANDMARK_NAMES[worst] if places.shape[1] == len(LANDMARK_NAMES) else str(worst)
    return Jitter(len(squared), float(100 * np.sqrt(squared.mean()) / face_height), float(each[worst]), name)


def _stray(places: Float64, sigma: float) -> Float64:
    """`places` less their own slow motion; what lies beyond the ends goes on as the motion came."""
    more = min(len(places) - 1, int(np.ceil(4 * sigma)))
    longer = np.pad(places, ((more, more), (0, 0), (0, 0)), mode="reflect", reflect_type="odd")
    return places - gaussian_filter1d(longer, sigma, axis=0, mode="nearest")[more : more + len(places)]
