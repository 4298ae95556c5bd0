"""Errors of meshes with a known answer, whole and by region, in mm, % of the inter-ocular distance and as a
fraction of the error of holding the mean expression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from facepatch.core.axes import Axes, Float32, Float64, Int32
from facepatch.core.data.landmarks import SurfaceLandmarks, landmark_indices
from facepatch.core.errors import InputError, ShapeError, TopologyError

_BLOCK = 32 * 2**20
"""Bytes of vertices compared at a time."""
BROWS_WITHIN = 0.25
"""How far from its landmarks a brow is judged, in lengths of the brow."""


@dataclass(frozen=True)
class RegionError:
    """Error of one region. Distances are per vertex and frame, straight line."""

    vertices: int
    mean_mm: float
    p95_mm: float
    """95th percentile over all vertices and frames of the region."""
    mean_percent_iod: float
    p95_percent_iod: float
    mean_expression_mm: float
    """Mean error of holding the mean expression instead."""
    fraction_of_mean_expression: float | None
    """1 means no better than holding the mean expression; None where the truth itself never moves."""


def vertex_error(
    predicted: Any,
    truth: Any,
    *,
    inter_ocular_cm: float,
    mean_shape: Any,
    regions: Mapping[str, Any] | None = None,
) -> dict[str, RegionError]:
    """Compare predicted with true vertices: "all" and every region apart.

    predicted, truth: (T, V, 3) cm in head space; arrays or memory maps, read in blocks. One float32 per frame and
    vertex is kept for the percentile.
    inter_ocular_cm: distance of the eye centres (`inter_ocular`).
    mean_shape: (V, 3) the mean expression, of the training motion.
    regions: name -> vertex indices (integers) or (V,) weights >= 0 (floating point); a weight counts a vertex's
    error that many times, in the mean and in the percentile.

    Raises TopologyError where frames or vertices differ, ShapeError for wrong regions or values that are not
    finite, InputError for an inter-ocular distance that is not above zero.
    """
    if np.ndim(truth) != 3 or np.shape(predicted) != np.shape(truth):
        raise TopologyError(
            f"vertex error: predicted is {np.shape(predicted)}, truth is {np.shape(truth)}; both must be (T, V, 3) "
            "over the same frames and vertices."
        )
    if not inter_ocular_cm > 0 or not len(truth):
        raise InputError(
            f"vertex error: inter-ocular distance {inter_ocular_cm:g} cm over {len(truth)} frames. Give a distance "
            "above 0 and at least one frame."
        )
    count = int(np.shape(truth)[1])
    check = Axes()
    check("vertices", np.zeros((count, 1)), "V 1")
    mean = check("mean_shape", mean_shape, "V 3")
    weights = {"all": np.ones(count), **{n: _weights(n, r, count) for n, r in (regions or {}).items()}}
    distance = np.empty((len(truth), count), dtype=np.float32)
    still = np.zeros(count)
    step = max(1, _BLOCK // (12 * max(count, 1)))
    for start in range(0, len(truth), step):
        frames = slice(start, start + step)
        block = Axes()
        right = block("truth", truth[frames], "T V 3")
        distance[frames] = np.linalg.norm(block("predicted", predicted[frames], "T V 3") - right, axis=2)
        still += np.linalg.norm(right - mean, axis=2).sum(axis=0, dtype=np.float64)
    still /= len(truth)
    return {name: _region(distance, still, w, inter_ocular_cm) for name, w in weights.items()}


def inter_ocular(landmarks: SurfaceLandmarks, neutral: Float32) -> float:
    """Distance of the eye centres (each the middle of its corners) of a head at rest (V, 3), in its unit."""
    place = landmarks.positions(neutral[None])[0]
    left, right = (
        place[landmark_indices(f"eye_{side}_outer", f"eye_{side}_inner")].mean(axis=0) for side in ("l", "r")
    )
    return float(np.linalg.norm(left - right))


def face_height(landmarks: SurfaceLandmarks, neutral: Float32) -> float:
    """Height of the face of a head at rest (V, 3): top of the nose bridge to chin, in its unit.

    This is the "morphological face height" (nasion to gnathion) of anthropometry, about 12 cm in adults. Unlike the
    height of the mesh it does not count hair, neck and shoulders.
    """
    place = landmarks.positions(neutral[None])[0]
    top, chin = place[landmark_indices("nose_bridge_top", "chin")]
    return float(np.linalg.norm(top - chin))


def face_regions(
    landmarks: SurfaceLandmarks, neutral: Any, *, among: Any = None, radius: float = 0.2
) -> dict[str, Int32]:
    """Vertices around the lids and lips of a head at rest: "lids_l", "lids_r", "lids" and "lips".

    A vertex belongs to a region when it lies within `radius` times the region's own width (corner to corner) of
    the closed line through its landmarks (lids; outer or inner lips), in head space at neutral.
    neutral: (V, 3). among: vertex indices to choose from, such as those of the skin; None for all, eyeballs, teeth
    and lashes included. Raises InputError where a region would have no vertex.
    """
    check = Axes()
    vertices = check("neutral", neutral, "V 3", np.float64)
    chosen = np.arange(len(vertices)) if among is None else check("among", among, "_", np.int64)
    place = landmarks.positions(vertices[None].astype(np.float32))[0].astype(np.float64)
    rings = {"lids_l": ("eye_l",), "lids_r": ("eye_r",), "lips": ("lips_outer", "lips_inner")}
    corners = {
        "lids_l": ("eye_l_outer", "eye_l_inner"),
        "lids_r": ("eye_r_outer", "eye_r_inner"),
        "lips": ("lips_outer_corner_r", "lips_outer_corner_l"),
    }
    found: dict[str, Int32] = {}
    for name, elements in rings.items():
        first, second = place[landmark_indices(*corners[name])]
        reach = radius * float(np.linalg.norm(first - second))
        near = np.min([_to_ring(vertices[chosen], place[landmark_indices(e)]) for e in elements], axis=0)
        found[name] = np.sort(chosen[near <= reach]).astype(np.int32)
        if not found[name].size:
            raise InputError(
                f"region {name}: no vertex lies within {reach:.3g} cm of its landmarks. "
                "Check the picks of the character, or raise the radius."
            )
    both = np.union1d(found["lids_l"], found["lids_r"]).astype(np.int32)
    return {"lids_l": found["lids_l"], "lids_r": found["lids_r"], "lids": both, "lips": found["lips"]}


def brow_regions(
    landmarks: SurfaceLandmarks, neutral: Any, *, reach: float = BROWS_WITHIN
) -> dict[str, Int32]:
    """Vertices of a head (V, 3) at rest within `reach` lengths of a brow from one of its landmarks: "brow_l", "brow_r"
    and "brows"; empty where the mesh is too coarse."""
    vertices = Axes()("neutral", neutral, "V 3", np.float64)
    place = landmarks.positions(vertices[None].astype(np.float32))[0].astype(np.float64)
    found: dict[str, Int32] = {}
    for name in ("brow_l", "brow_r"):
        brow = place[landmark_indices(name)]
        apart = np.min([((vertices - point) ** 2).sum(1) for point in brow], axis=0)
        found[name] = np.flatnonzero(apart <= (reach * np.linalg.norm(np.ptp(brow, axis=0))) ** 2).astype(
            np.int32
        )
    return {**found, "brows": np.union1d(found["brow_l"], found["brow_r"]).astype(np.int32)}


def _to_ring(points: Float64, ring: Float64) -> Float64:
    """(N, 3) points -> (N,) distance to the closed line through `ring`."""
    nearest = np.full(len(points), np.inf)
    for start, stop in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        along = stop - start
        length = float(along @ along)
        part = np.clip((points - start) @ along / length, 0.0, 1.0) if length > 0 else np.zeros(len(points))
        nearest = np.minimum(nearest, np.linalg.norm(points - start - part[:, None] * along, axis=1))
    return nearest


def _weights(name: str, region: Any, count: int) -> Float64:
    values = np.asarray(region)
    weights = np.zeros(count)
    if values.dtype.kind in "iu":
        if not values.size or values.min() < 0 or values.max() >= count:
            raise ShapeError(
                f"region {name}: needs vertex indices within 0..{count - 1}, got {values.size} of them."
            )
        weights[values] = 1.0
        return weights
    weights = Axes()(f"region {name}", region, "_", np.float64)
    if len(weights) != count or (weights < 0).any() or not weights.any():
        raise ShapeError(
            f"region {name}: needs {count} weights, none below 0 and some above, got {len(weights)}. "
            "Give vertex indices as integers."
        )
    return weights


def _region(distance: Float32, still: Float64, weights: Float64, iod: float) -> RegionError:
    rows = np.flatnonzero(weights > 0)
    part = distance if len(rows) == distance.shape[1] else distance[:, rows]
    share = weights[rows] / weights[rows].sum()
    mean = float(part.mean(axis=0, dtype=np.float64) @ share)
    p95 = _percentile(part, share)
    held = float(still[rows] @ share)
    return RegionError(
        vertices=len(rows),
        mean_mm=10 * mean,
        p95_mm=10 * p95,
        mean_percent_iod=100 * mean / iod,
        p95_percent_iod=100 * p95 / iod,
        mean_expression_mm=10 * held,
        fraction_of_mean_expression=mean / held if held > 1e-6 * iod else None,
    )


def _percentile(part: Float32, share: Float64) -> float:
    """The smallest distance that at least 95 % of the (weighted) distances do not exceed."""
    if np.ptp(share) <= 1e-12 * share.max():
        return float(np.quantile(part, 0.95, method="inverted_cdf"))
    order = np.argsort(part, axis=None)
    grown = np.cumsum(np.broadcast_to(share, part.shape).reshape(-1)[order])
    return float(part.reshape(-1)[order[np.searchsorted(grown, 0.95 * grown[-1] * (1 - 1e-12))]])
