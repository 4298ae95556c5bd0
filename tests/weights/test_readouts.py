import numpy as np
import pytest

from facepatch.core.data.landmarks import LANDMARK_NAMES, SurfaceLandmarks, landmark_indices
from facepatch.core.data.pca import Pca
from facepatch.weights.readouts import LIDS, LIPS, gap_rows, landmark_basis, readouts

VERTICES, COMPONENTS = 90, 4


@pytest.fixture
def pca():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(3 * VERTICES, COMPONENTS)))[0].T
    mean = rng.normal(0, 8, 3 * VERTICES)
    return Pca(mean.astype(np.float32), basis.astype(np.float32), np.array([4.0, 2, 1, 0.5]), 8.0)


@pytest.fixture
def landmarks():
    rng = np.random.default_rng(1)
    count = len(LANDMARK_NAMES)
    triangle = np.stack([rng.choice(VERTICES, 3, replace=False) for _ in range(count)]).astype(np.int32)
    return SurfaceLandmarks(triangle, rng.dirichlet([1, 1, 1], count).astype(np.float32), "made")


def positions(pca, landmarks, weights):
    """(L, 3) where the landmarks really are at `weights`."""
    return landmarks.positions(pca.vertices(np.asarray(weights, np.float32)[None]))[0].astype(np.float64)


def per_weight(pca, read, step=2.0):
    """Central differences of `read(weights)` about some expression, one row per component."""
    about = np.array([0.5, -1.0, 0.3, 2.0])
    rows = []
    for component in range(COMPONENTS):
        delta = np.zeros(COMPONENTS)
        delta[component] = step
        rows.append((read(about + delta) - read(about - delta)) / (2 * step))
    return np.array(rows)


def test_the_mean_shape_has_its_landmarks_at_weights_of_nothing(pca, landmarks):
    at_mean, basis = landmark_basis(pca, landmarks)
    assert np.allclose(at_mean, positions(pca, landmarks, np.zeros(COMPONENTS)), atol=1e-5)
    assert basis.shape == (COMPONENTS, len(LANDMARK_NAMES), 3)


def test_landmark_readouts_are_what_the_landmarks_really_do(pca, landmarks):
    wanted = per_weight(pca, lambda w: positions(pca, landmarks, w)[:, :2].reshape(-1))
    assert np.allclose(readouts(pca, landmarks).points, wanted, atol=1e-5)


def test_gap_readouts_are_what_the_gaps_really_do(pca, landmarks):
    pairs = [*LIDS["l"], *LIDS["r"], *LIPS]
    upper = landmark_indices(*(pair[0] for pair in pairs))
    lower = landmark_indices(*(pair[1] for pair in pairs))

    def gaps(weights):
        points = positions(pca, landmarks, weights)
        return points[upper, 1] - points[lower, 1]

    found = readouts(pca, landmarks).gaps
    assert found.shape == (COMPONENTS, 9)
    assert np.allclose(found, per_weight(pca, gaps), atol=1e-5)


def test_the_upper_lip_rising_opens_the_gap(pca, landmarks):
    _, basis = landmark_basis(pca, landmarks)
    basis = np.zeros_like(basis)
    basis[0, landmark_indices("lips_inner_upper_mid"), 1] = 1.0
    assert gap_rows(LIPS, basis)[0].tolist() == [0.0, 1.0, 0.0]


def test_lids_and_lips_are_paired_on_the_same_side():
    for side, pairs in LIDS.items():
        assert all(f"eye_{side}_upper" in upper and f"eye_{side}_lower" in lower for upper, lower in pairs)
    for upper, lower in (*LIDS["l"], *LIDS["r"], *LIPS):
        assert upper.replace("upper", "lower") == lower
