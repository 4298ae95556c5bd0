"""Boxes that hold a region's whole range of motion, and the character's boxes that match the performer's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.landmarks import landmark_indices
from facepatch.geometry.affine import compose, transform
from facepatch.geometry.similarity import fit_similarity
from facepatch.patches.regions import PatchSettings, Region


@dataclass(frozen=True)
class Box:
    """An upright rectangle in the aligned plane."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """right - left"""
        return self.right - self.left

    @property
    def height(self) -> float:
        """bottom - top"""
        return self.bottom - self.top

    def to_pixels(self, size: int) -> Float64:
        """(2, 3) aligned plane -> pixels of a square patch; each axis has its own scale."""
        x, y = size / self.width, size / self.height
        return np.array([[x, 0.0, -x * self.left], [0.0, y, -y * self.top]])


def range_of_motion(points: Float64, percentile: float) -> Box:
    """The union of all places of a region's landmarks, without the outermost `percentile` of frames.

    points: (T, L, 2) aligned.
    """
    low = np.percentile(points, percentile, axis=0).min(0)
    high = np.percentile(points, 100 - percentile, axis=0).max(0)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def performer_box(points: Float64, region: Region, *, settings: PatchSettings) -> Box:
    """The fixed box of one region: its range of motion and a margin (method A6). Never remade per frame, which
    would normalise the opening of the mouth away.

    points: (T, L, 2) aligned landmarks of the training frames.
    """
    motion = range_of_motion(points[:, landmark_indices(*region.elements)], settings.range_percentile)
    room = settings.margin * max(motion.width, motion.height)
    return Box(motion.left - room, motion.top - room, motion.right + room, motion.bottom + room)


def character_box(
    performer: Float64, character: Float64, region: Region, *, neutrals: tuple[Float64, Float64], box: Box,
    settings: PatchSettings,
) -> tuple[Float64, Box]:  # fmt: skip
    """The similarity and box that make the character's full range fill its patch as the performer's fills his.

    performer, character: (T, L, 2) aligned landmarks of either's training frames; neutrals: (L, 2) each.
    Returns A_e (2, 3), aligned character -> aligned performer, fitted on the neutrals (method A8), and the box in
    the performer's plane (method A9): sides by the ratio of the ranges, the neutral's centre where the performer's is.
    """
    rows = landmark_indices(*region.elements)
    similarity = fit_similarity(neutrals[1][rows], neutrals[0][rows]).affine
    moved = transform(similarity, character[:, rows])
    ours = range_of_motion(performer[:, rows], settings.range_percentile)
    theirs = range_of_motion(moved, settings.range_percentile)
    low, high = settings.ratio_limits
    width = box.width * float(np.clip(theirs.width / max(ours.width, 1e-6), low, high)) * settings.amplitude
    height = (
        box.height * float(np.clip(theirs.height / max(ours.height, 1e-6), low, high)) * settings.amplitude
    )
    centre = neutrals[0][rows].mean(0)
    rest = transform(similarity, neutrals[1][rows]).mean(0)
    left = float(rest[0]) - width * (float(centre[0]) - box.left) / box.width
    top = float(rest[1]) - height * (float(centre[1]) - box.top) / box.height
    margin = 0.1 * max(theirs.width, theirs.height)
    fitted = Box(
        min(left, theirs.left - margin),
        min(top, theirs.top - margin),
        max(left + width, theirs.right + margin),
        max(top + height, theirs.bottom + margin),
    )
    return similarity, fitted


def character_view(to_aligned: Float64, similarity: Float64, box: Box, *, size: int) -> Float64:
    """(2, 3) head plane (x, y up, cm) -> pixels of the patch: the whole chain folded into one projection (A10)."""
    return compose(box.to_pixels(size), compose(similarity, to_aligned))
