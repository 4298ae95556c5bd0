"""Bringing single measures of the character to where the performer's are, and nothing else with them."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from facepatch.core.axes import Bool, Float32, Float64
from facepatch.core.data.landmarks import landmark_indices
from facepatch.core.data.pca import Pca
from facepatch.geometry.smoothstep import smoothstep

SIDES = ("l", "r")
"""The face's own sides."""
NEAR = 0.125
"""How far from rest is still near it, as a share of how far expressions lie from their mean. From captures of known
pairs that neither train nor judge (docs/log.md)."""
SCATTER = 1.5
"""Reach of rest over the median distance of resting frames from rest: of a normal scatter four fifths count as rest."""
CALM = 0.5
"""Share of the root mean square of the character's motion that expressions are taken to have at least."""
LIKELY = 0.02
"""Cost of one standard deviation of the motion, as a share of the landmarks' own cost."""
UNMOVED = 1e-6
"""The same cost at least, as a share of the measures' own variance."""
DRAGS = (0.15, 0.4)
"""Motion of what is to keep still over that of the measure, root mean square: up to the first the character's motion
tells what moves it, from the second on it does not, and the change would be a grimace. The assets' faces have up to .1
for both sides and .02 to .2 for one apart from the other, a measure without a shape of its own .4 to 25 (log.md)."""
TRAVELS = (1.5, 2.5)
"""How far the vertex goes that goes furthest when one side leaves the other, over the same when both move by the least
motion: .5 to 1.5 where there is a shape for it, 3 to 16 where the motion never parts them."""
HARDLY = 0.003
"""A measure whose standard deviation in the motion is under this, in inter-ocular distances, is not driven at all."""
FARTHEST = 1.5
"""Change by a channel over the root mean square of the motion; on a real film (docs/log.md) lids need up to 1.2."""


def reach_of_rest(weights: Float32, rest: Float32, pca: Pca) -> float:
    """Distance from rest, in the unit of the weights (N, M) of a performance, that is still near it.

    `NEAR`, but no less than how far the frames `rest` (R, M) scatter about their own median, times `SCATTER`, and not
    as if the performance had less than `CALM` of the motion of the character: a calm or very short take rests all the
    time, and trembles.
    """
    expressions = float(np.linalg.norm(weights - weights.mean(axis=0), axis=1).mean())
    least = CALM * float(np.sqrt(pca.variance.sum()))
    scatter = float(np.median(np.linalg.norm(rest - np.median(rest, axis=0), axis=1)))
    return max(NEAR * max(expressions, least), SCATTER * scatter)


def restfulness(weights: Float32, rest: Float32, reach: float) -> Float64:
    """(T,) 1 at rest (M,) and 0 far from it, a bell over `reach` between. weights: (T, M)."""
    return np.exp(-0.5 * (np.linalg.norm(weights - rest, axis=1) / reach) ** 2).astype(np.float64)


def nudge_matrix(
    rows: Float64, *, pca: Pca, basis: Float32, still: tuple[str, ...], doubt: float, inter_ocular_cm: float
) -> Float64:
    """(M, G) the change of the weights for each unit that is missing of linear measures, at the least cost.

    dw = C^-1 J^T (J C^-1 J^T + R)^-1 r with J = rows (G, M), the change of each measure per weight, and r what is
    missing: the likeliest change for a normal distribution of precision C and measures of variance R. C is made of the
    motion's own variances and of the wish to keep the landmarks named in `still`; R is `doubt` times the measures' own
    variance under C. Without doubt all measures are met; with it, what this character hardly ever does (a mouth that
    opens as it widens, say) is not forced. Nothing is done about a measure that the motion leaves where it is
    (`HARDLY`): there is no telling what moves it. basis: (M, L, 3), change of the landmarks per weight.
    """
    driven = np.sqrt(rows**2 @ pca.variance) > HARDLY * inter_ocular_cm
    change = np.zeros(rows.T.shape)
    rows = rows[driven]
    if not len(rows):
        return change
    moved = basis[:, landmark_indices(*still)].reshape(len(basis), -1).astype(np.float64)
    drag = moved @ moved.T
    spread = np.maximum(pca.variance, 1e-9 * pca.variance.max())
    # Where nothing that is to keep still ever moves (a character of eyelids alone), the motion's variances decide.
    unit = max(LIKELY * (np.diag(drag) * spread).mean(), UNMOVED * (rows**2 @ spread).mean())
    cost = drag + unit * np.diag(1.0 / spread)
    freedom = np.linalg.inv(cost)
    response = rows @ freedom @ rows.T
    noise = (doubt + 1e-9) * np.diag(np.diag(response))
    change[:, driven] = freedom @ rows.T @ np.linalg.inv(response + noise)
    return change


def side_changes(
    rows: Float64, *, pca: Pca, basis: Float32, still: tuple[str, ...], inter_ocular_cm: float
) -> tuple[Float64, float]:
    """(M, 2) the change of the weights for each unit that is missing of a linear measure on the left and on the right,
    and how far the sides are tied, 0 to 1: 1 where the motion does not part them.

    rows: (2, M). Both sides at once move as they likeliest do (`nudge_matrix`), as far as comes nearest to what either
    misses: a side that cannot move asks nothing of the other. Their difference, which captures hardly hold, so that
    what is likeliest follows what happens to vary with it, moves by the least motion of the whole face. Either as far
    as it is no grimace: `DRAGS`, `TRAVELS`.
    """
    parts = np.array([[0.5, 0.5], [1.0, -1.0]])
    parted = parts @ rows
    least, apart = np.linalg.pinv(parted).T
    mean = nudge_matrix(
        parted[:1], pca=pca, basis=basis, still=still, doubt=0.0, inter_ocular_cm=inter_ocular_cm
    )
    both, tied = mean[:, 0], 1.0
    kept = basis[:, landmark_indices(*still)].astype(np.float64)
    if np.allclose(parted @ apart, (0.0, 1.0), atol=1e-3):
        near = min(_travel(change, pca) for change in (least, both) if change.any())
        calm = 1.0 - float(smoothstep(_drag(apart, kept), *DRAGS))
        tied -= calm * (1.0 - float(smoothstep(_travel(apart, pca) / max(near, 1e-9), *TRAVELS)))
    both = both - (1.0 - tied) * (parted[1] @ both) * apart
    calm = 1.0 - float(smoothstep(_drag(both, kept), *DRAGS))
    moved = rows @ both
    follows = moved / max(float(moved @ moved), 1e-12)
    change = calm * both[:, None] * follows + (1.0 - tied) * apart[:, None] * parts[1]
    return change, tied


def _drag(change: Float64, kept: Float64) -> float:
    """Root mean square motion, cm, of the landmarks that `kept` (M, S, 3) moves, for a change (M,) of the weights."""
    return float(np.sqrt((np.einsum("m,mlc->lc", change, kept) ** 2).sum(axis=1).mean()))


def _travel(change: Float64, pca: Pca) -> float:
    """How far the vertex goes that goes furthest, cm, for a change (M,) of the weights."""
    return float(np.linalg.norm((change @ pca.basis).reshape(-1, 3), axis=1).max())


def nearest_between(shown: Float64, one: Float64, other: Float64) -> Float64:
    """The values from `one` to `other`, whichever is the larger, that are nearest to `shown`."""
    return np.clip(shown, np.minimum(one, other), np.maximum(one, other))


def beyond(values: Float64, within: Float64 | float) -> Float64:
    """What of `values` lies outside -within..within; 0 inside."""
    return values - np.clip(values, -within, within)


def limited(change: Float64, pca: Pca) -> Float64:
    """`change` (T, M) of the weights, made smaller where it is larger than a channel ever has reason to ask for.

    Where the components cannot do what is asked (one lid alone, when both always moved together), the least change
    that does it anyway is a grimace.
    """
    largest = FARTHEST * float(np.sqrt(pca.variance.sum()))
    size = np.linalg.norm(change, axis=1, keepdims=True)
    return change * np.minimum(1.0, largest / np.maximum(size, 1e-12))


def smooth(weights: Float32, found: Bool, sigma: float) -> Float32:
    """Zero-phase Gaussian along time that never mixes in frames without a face. (T, M), sigma in frames."""
    share = gaussian_filter1d(found.astype(np.float64), sigma, mode="nearest", truncate=4.0)
    kept = np.where(found[:, None], weights, 0.0).astype(np.float64)
    mixed = gaussian_filter1d(kept, sigma, axis=0, mode="nearest", truncate=4.0)
    return np.where(found[:, None], mixed / np.maximum(share, 1e-9)[:, None], weights).astype(np.float32)
