"""The aligned plane: landmarks with the head's place, size and roll removed.

In this plane the unit is the inter-ocular distance, x runs to the image's right, y down, and the origin lies midway
between the eyes. Performers reach it by a similarity per frame, characters by a fixed one.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from facepatch.core.axes import Bool, Float32, Float64
from facepatch.core.data.landmarks import RIGID, landmark_indices
from facepatch.core.errors import NoFaceError
from facepatch.geometry.affine import compose, inverse, transform
from facepatch.geometry.similarity import fit_similarity

EYES = (("eye_r_outer", "eye_r_inner"), ("eye_l_inner", "eye_l_outer"))


def eye_frame(points: Float64) -> Float64:
    """The similarity that puts one face's eyes in place. points: (L, 2) -> (2, 3) aligned_from_points."""
    right = points[landmark_indices(*EYES[0])].mean(0)
    left = points[landmark_indices(*EYES[1])].mean(0)
    along = (left - right) / max(1e-9, float((left - right) @ (left - right)))
    linear = np.array([[along[0], along[1]], [-along[1], along[0]]])
    return np.concatenate([linear, -(linear @ ((left + right) / 2))[:, None]], 1)


def rest_shape(points: Float64, found: Bool) -> Float64:
    """The performer's neutral: median aligned shape of the frames that are most at rest. (T, L, 2) -> (L, 2).

    At rest: lips nearest to touching among the frames whose eyes are open at least as far as the median.
    """
    rows = rest_frames(points, found)
    aligned = np.stack([transform(eye_frame(points[t]), points[t]) for t in rows])
    return np.median(aligned, 0)


def rest_frames(points: Float64, found: Bool, share: float = 0.1) -> np.ndarray:
    """Frames most at rest: eyes open, lips together, everything near its median. (T, L, 2) -> (R,) rows."""
    good = np.flatnonzero(found)
    if not good.size:
        raise NoFaceError("No frame has a face, so there is no neutral expression to start from.")
    step = max(1, good.size // 4000)
    good = good[::step]
    aligned = np.stack([transform(eye_frame(points[t]), points[t]) for t in good])
    lips = np.abs(_gap(aligned, "lips_inner_upper_mid", "lips_inner_lower_mid"))
    eyes = _gap(aligned, "eye_r_upper_mid", "eye_r_lower_mid") + _gap(
        aligned, "eye_l_upper_mid", "eye_l_lower_mid"
    )
    width = np.linalg.norm(
        _point(aligned, "lips_outer_corner_r") - _point(aligned, "lips_outer_corner_l"), axis=1
    )
    brows = aligned[:, landmark_indices("brow_r", "brow_l"), 1].mean(1)
    score = _spread(lips, float(np.quantile(lips, 0.1))) + 0.5 * sum(
        _spread(curve, float(np.median(curve))) for curve in (eyes, width, brows)
    )
    count = max(1, int(share * good.size))
    return good[np.argsort(score, kind="stable")[:count]]


def _point(points: Float64, name: str) -> Float64:
    return points[:, int(landmark_indices(name)[0])]


def _gap(points: Float64, upper: str, lower: str) -> Float64:
    return _point(points, lower)[:, 1] - _point(points, upper)[:, 1]


def _spread(curve: Float64, centre: float) -> Float64:
    return np.abs(curve - centre) / max(1e-6, float(np.quantile(curve, 0.9) - np.quantile(curve, 0.1)))


def align_performer(points: Float32, found: Bool, *, neutral: Float64, sigma: float) -> Float64:
    """Per frame the similarity frame pixels -> aligned plane, fitted to the rigid points only (method A5).

    points: (T, L, 2) px; neutral: (L, 2) aligned. Returns (T, 2, 3). Frames without a face take their
    neighbours' place; the parameters are smoothed with a Gaussian of `sigma` frames.
    """
    rows = landmark_indices(*RIGID)
    good = np.flatnonzero(found)
    if not good.size:
        raise NoFaceError("No frame has a face, so nothing can be aligned.")
    fitted = fit_similarity(points[good][:, rows], neutral[rows]).affine
    inverted = inverse(fitted)
    # Scale and roll of the inverse, and where the aligned origin lies in the frame, vary slowly: smooth these.
    parameters = np.stack(
        [
            np.log(np.hypot(inverted[:, 0, 0], inverted[:, 1, 0])),
            np.unwrap(np.arctan2(inverted[:, 1, 0], inverted[:, 0, 0])),
            inverted[:, 0, 2],
            inverted[:, 1, 2],
        ],
        1,
    )
    everywhere = np.arange(len(points))
    filled = np.stack([np.interp(everywhere, good, column) for column in parameters.T], 1)
    if sigma > 0:
        filled = gaussian_filter1d(filled, sigma, axis=0, mode="nearest", truncate=4.0)
    scale = np.exp(filled[:, 0])
    frame_from_aligned: Float64 = np.empty((len(points), 2, 3))
    frame_from_aligned[:, 0, 0] = frame_from_aligned[:, 1, 1] = scale * np.cos(filled[:, 1])
    frame_from_aligned[:, 1, 0] = scale * np.sin(filled[:, 1])
    frame_from_aligned[:, 0, 1] = -frame_from_aligned[:, 1, 0]
    frame_from_aligned[:, :, 2] = filled[:, 2:]
    return inverse(frame_from_aligned)


def align_character(points: Float32) -> Float64:
    """The fixed similarity head plane (x, y up, cm) -> aligned plane. points: (L, 2) of the neutral -> (2, 3)."""
    flip = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    return compose(eye_frame(transform(flip, points.astype(np.float64))), flip)
