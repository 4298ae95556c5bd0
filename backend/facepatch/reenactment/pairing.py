"""Frames of the two domains that landmarks call alike.

Nothing else in the training says that a performer's open mouth is the character's open mouth; with few iterations the
shared encoder does not find it out by itself. The measures of both faces, each on its own range, name for every
performer frame and region some character frames that it resembles. They are many to many and coarse: what landmarks do
not see (teeth, asymmetry, creases) stays with the autoencoders.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree

from facepatch.core.axes import Axes, Float32, Float64, Int32

NEIGHBOURS = 4
NEAR = 0.15
"""Distance in normalised measures at which a partner counts 60 %: a seventh of the way from rest to extreme."""


class Partners(NamedTuple):
    """For every performer frame."""

    rows: Int32
    """(T, NEIGHBOURS) character frames, the most alike first."""
    weight: Float32
    """(T,) 0..1: how alike the first of them are."""


def find_partners(performer: Float64, character: Float64) -> Partners:
    """The nearest character frames of each performer frame.

    performer: (T, R), character: (S, R) measures of one region, normalised to 0..1 with rest at 0.5.
    """
    check = Axes()
    ours = check("performer measures", performer, "T R", np.float64)
    theirs = check("character measures", character, "S R", np.float64)
    count = min(NEIGHBOURS, len(theirs))
    distance, rows = KDTree(theirs).query(ours, k=count)
    distance, rows = distance.reshape(len(ours), count), rows.reshape(len(ours), count)
    rows = np.pad(rows, ((0, 0), (0, NEIGHBOURS - count)), mode="edge")
    scale = NEAR * np.sqrt(ours.shape[1])
    weight = np.exp(-0.5 * (distance.mean(1) / scale) ** 2)
    return Partners(rows.astype(np.int32), weight.astype(np.float32))
