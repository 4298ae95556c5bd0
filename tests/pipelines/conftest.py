"""What the tests of several channels share."""

from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.data.character import Character
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.data.pca import Pca
from facepatch.pca.fit import fit_pca
from facepatch.synthetic.face import CARTOON_STYLE, make_character, synthetic_landmarks


@pytest.fixture(scope="session")
def mouthing() -> tuple[Character, SurfaceLandmarks, Pca]:
    """The small cartoon head, its landmarks, and a PCA of its mouth, lids and brows."""
    head = make_character(CARTOON_STYLE, name="hero", detail="low")
    moving = [
        i for i, name in enumerate(head.shape_names)
        if name.startswith(("eyeBlink", "browInnerUp", "jaw", "mouth"))
    ]  # fmt: skip
    values = np.zeros((300, len(head.shape_names)), np.float32)
    values[:, moving] = np.random.default_rng(1).uniform(0, 1, (300, len(moving)))
    return head, synthetic_landmarks(head), fit_pca(head.vertices(values))
