"""Which frames judge a training, and how well the character follows the performer in them.

Judged is what the networks give by themselves, before calibration and channels, which are the same for every
checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facepatch.core.axes import Axes, Bool, Float32, Float64, UInt8
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.data.pca import Pca
from facepatch.metrics.coverage import FEATURES, SPOKEN
from facepatch.metrics.face_measures import FaceMeasures, face_measures
from facepatch.weights.model import WeightModel
from facepatch.weights.readouts import landmark_basis

ENOUGH = 400
"""Frames from which on some can be spared for judging."""
LEAST, JUDGED = 40, 160
"""Frames that are held out of one domain, at least and at most: more would make a check dear, and be missing in the
training. Where none are, as many of all judge."""
PIECES = 8
"""Runs of neighbouring frames that are held out: enough that a short take's moves are among them."""
MOVES = 0.3
"""A measure judges where its range in the judging frames is this share of its range in the whole take."""
STILL = 0.02
"""And where it is this much in inter-ocular distances: a detector trembles by about half of it."""
FILM, MOTION = 0, 1
"""The two domains, in pairs of values."""


@dataclass(frozen=True, eq=False)
class Validation:
    """What judges a training. Empty arrays where nothing does."""

    patches: UInt8
    """(J, P, H, W, 3) of the performer."""
    rows: NDArray[np.int64]
    """(J,) their frames in the take."""
    curves: Float32
    """(J, F) the performer's measures there, in the order of `coverage.FEATURES`."""
    ranges: Float32
    """(2, F) range of each measure in all of the take that may be learned from, and in the character's motion."""
    motion_rows: NDArray[np.int64]
    """(K,) frames of the motion whose renders judge the weight estimation."""
    held_out: Bool
    """(2,) whether the film's, and the motion's, are held out from training."""


def held_out(count: int, share: float) -> Bool:
    """(count,) True for the `share` of frames which only judge. None where there are few frames.

    Pieces of up to a second, spread evenly: frame by frame, neighbours that are nearly the same would be learned from;
    in one piece, what only that part of a take does would never be learned (docs/log.md).
    """
    mask = np.zeros(count, bool)
    if count >= ENOUGH and share > 0:
        wanted = min(JUDGED, max(LEAST, round(share * count)))
        for middle in (np.arange(PIECES) + 0.5) * count / PIECES:
            start = round(middle - wanted / PIECES / 2)
            mask[start : start + round(wanted / PIECES)] = True
    return mask


def judging(mask: Bool, share: float) -> NDArray[np.int64]:
    """Places of the frames that judge: spread over those held out, or over all where none are; none for share 0."""
    places = np.flatnonzero(mask) if mask.any() else np.arange(len(mask))
    if share <= 0 or not len(places):
        return np.zeros(0, np.int64)
    return places[
        np.unique(np.linspace(0, len(places) - 1, min(JUDGED, len(places))).round().astype(np.int64))
    ]


def feature_curves(measures: FaceMeasures) -> Float32:
    """(T, F) in the order of `coverage.FEATURES`."""
    curves = measures.curves()
    return np.stack([curves[name] for name in FEATURES], 1)


def feature_ranges(curves: Float32) -> Float32:
    """(F,) 0.5 to 99.5 % quantile of (T, F)."""
    low, high = np.quantile(curves, [0.005, 0.995], axis=0)
    return (high - low).astype(np.float32)


def about(validation: Validation, domain: int) -> str:
    """What is to be said beside a quality. domain: FILM or MOTION."""
    if validation.held_out[domain]:
        return ""
    name = ("take", "motion")[domain]
    return f"The {name} has fewer than {ENOUGH} frames, so frames that were learned from judged."


class FilmJudge:
    """Reenacted patches of the judging frames -> how well each measure of the character follows the performer's."""

    def __init__(
        self, validation: Validation, network: WeightModel, *, pca: Pca, landmarks: SurfaceLandmarks
    ) -> None:
        """network: the finished weight estimation."""
        self.network = network.eval()
        self.base, self.basis = landmark_basis(pca, landmarks)
        moving = feature_ranges(validation.curves) >= np.maximum(MOVES * validation.ranges[0], STILL)
        self.moving = [place for place in range(len(FEATURES)) if moving[place]]
        self.wanted = validation.curves
        self.ranges = np.maximum(validation.ranges, 1e-6)

    @torch.no_grad()
    def __call__(self, reenacted: Tensor) -> dict[str, float]:
        """(J, P, 3, H, W) in 0..1 -> name of each measure that the performer moves -> 0..1."""
        weights = self.network(reenacted).cpu().numpy()
        if not np.isfinite(weights).all():
            return dict.fromkeys((SPOKEN[FEATURES[place]] for place in self.moving), float("nan"))
        points = self.base + np.tensordot(weights, self.basis, 1)
        shown = feature_curves(face_measures(points.astype(np.float32)))
        return {
            SPOKEN[FEATURES[place]]: concordance(
                self.wanted[:, place] / self.ranges[0, place], shown[:, place] / self.ranges[1, place]
            )
            for place in self.moving
        }


def concordance(performer: Float32, character: Float32) -> float:
    """Lin's concordance (1989) of two (T,) curves, each on its own range, medians laid over each other; under 0 is 0.

    2 cov / (var + var + (difference of means)^2): Pearson's r times how alike the ranges are. r alone calls a face
    that moves a tenth as much as it should perfect. The constant between the two is the calibration's to remove.
    """
    check = Axes()
    a: Float64 = check("performer", performer, "T", np.float64)
    b: Float64 = check("character", character, "T", np.float64)
    a, b = a - np.median(a), b - np.median(b)
    spread = a.var() + b.var() + (a.mean() - b.mean()) ** 2
    if spread < 1e-12:
        return 0.0
    return float(np.clip(2 * np.mean((a - a.mean()) * (b - b.mean())) / spread, 0.0, 1.0))
