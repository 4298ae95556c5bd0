"""A made face in the aligned plane, and its expressions."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from facepatch.core.data.landmarks import LANDMARK_NAMES, landmark_indices

PLACES = {
    "eye_r": [(-0.68, 0.0), (-0.6, -0.07), (-0.5, -0.09), (-0.4, -0.07),
              (-0.32, 0.0), (-0.4, 0.05), (-0.5, 0.06), (-0.6, 0.05)],
    "brow_r": [(-0.8, -0.3), (-0.66, -0.38), (-0.5, -0.4), (-0.36, -0.38), (-0.22, -0.34)],
    "lips_outer": [(-0.42, 1.0), (-0.26, 0.92), (-0.1, 0.88), (0.0, 0.9), (0.1, 0.88), (0.26, 0.92),
                   (0.42, 1.0), (0.26, 1.1), (0.12, 1.14), (0.0, 1.15), (-0.12, 1.14), (-0.26, 1.1)],
    "lips_inner": [(-0.36, 1.0), (-0.18, 0.99), (0.0, 0.99), (0.18, 0.99),
                   (0.36, 1.0), (0.18, 1.01), (0.0, 1.01), (-0.18, 1.01)],
    "nose_bridge": [(0.0, 0.0), (0.0, 0.2), (0.0, 0.4), (0.0, 0.55)],
    "nose_base": [(-0.18, 0.6), (-0.09, 0.64), (0.0, 0.66), (0.09, 0.64), (0.18, 0.6)],
    "chin": [(0.0, 1.6)],
}  # fmt: skip
"""Unit: the inter-ocular distance; origin between the eyes; y down; the character's right at -x."""


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


@pytest.fixture
def face() -> np.ndarray:
    """(56, 2) the neutral face, aligned plane."""
    points = np.full((len(LANDMARK_NAMES), 2), np.nan)
    for element, places in PLACES.items():
        points[landmark_indices(element)] = places
        if element.endswith("_r"):
            points[landmark_indices(element[:-1] + "l")] = np.array(places) * (-1, 1)
    assert np.isfinite(points).all()
    return points


@pytest.fixture
def opened(face: np.ndarray):
    """Mouth openings (T,) -> faces (T, 56, 2) whose lower lips and chin have moved down by them."""
    below = [name for name in LANDMARK_NAMES if "_lower_" in name and name.startswith("lips")] + ["chin"]

    def faces(amounts: np.ndarray) -> np.ndarray:
        out = np.repeat(face[None], len(amounts), 0)
        out[:, landmark_indices(*below), 1] += np.asarray(amounts)[:, None]
        return out

    return faces
