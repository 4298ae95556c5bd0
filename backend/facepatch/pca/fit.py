"""Principal components of head motion, fitted out of core.

Method: thin SVD of the frames less their mean (method 3.4, A14), by the exact small problem for blendshapes, the
float64 Gram matrix for few frames, and a blockwise randomised SVD for many (performance.md, section 4).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from facepatch.core.axes import Axes, Float32, Float64
from facepatch.core.data.pca import Pca
from facepatch.core.errors import InputError, ShapeError
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.pca.choose import Choice, PcaSettings, choose_components
from facepatch.pca.sources import BlendshapeFrames, FrameBlocks, ShapeSource, as_source
from facepatch.pca.svd import FrameReader, Modes, blendshape_modes, gram_modes, randomised_modes

log = logging.getLogger(__name__)

Int64 = NDArray[np.int64]

_STILL = 1e-6
"""Motion under this fraction of the head's size is the rounding of float32 vertices."""
_STILL_REGION = 5e-4
"""A region that never leaves its mean by this fraction of the face height (0.06 mm of 12 cm) does not move."""


class PcaFit(NamedTuple):
    """A PCA and why it has as many components as it has."""

    pca: Pca
    choice: Choice
    still_regions: tuple[str, ...]
    """Regions that the motion never moves: nothing can be learned about them from it."""


def fit_pca(
    frames: FrameBlocks,
    settings: PcaSettings = PcaSettings(),
    *,
    vertex_weights: Any = None,
    regions: Mapping[str, Any] | None = None,
    face_height: float | None = None,
    on_progress: OnProgress = silent,
) -> Pca:
    """Fit a Pca to frames; see `fit_pca_with_report`, of which this is the `pca`."""
    return fit_pca_with_report(
        frames,
        settings,
        vertex_weights=vertex_weights,
        regions=regions,
        face_height=face_height,
        on_progress=on_progress,
    ).pca


def fit_pca_with_report(
    frames: FrameBlocks,
    settings: PcaSettings = PcaSettings(),
    *,
    vertex_weights: Any = None,
    regions: Mapping[str, Any] | None = None,
    face_height: float | None = None,
    on_progress: OnProgress = silent,
) -> PcaFit:
    """Fit a Pca with the fewest components that keep the variance and every region.

    frames: (T, V, 3) cm as an array or memory map (read block by block), a MeshClip, or a ShapeSource.
    BlendshapeFrames take an exact path that evaluates no frame. T >= 2; rigid head motion already removed.
    vertex_weights: (V,) positive importance, such as 2 or 3 at lids and lips. Frames are scaled by it before the SVD
    and the directions are scaled back after; they are then made orthonormal again, in order of importance, and
    turned onto the principal axes inside their span. The basis is thus orthonormal in cm and its weights are
    uncorrelated, but `Pca.weights` projects without the importance.
    regions: name -> vertex indices, each held to `settings.region_error` (largest RMS error over the frames).
    face_height: cm that the region limit is a fraction of; None for the height of the whole mesh, which is too
    lenient where a mesh has neck and shoulders.

    Variances are over the given frames (divided by T). The largest entry of every basis row is positive, so the
    same frames give the same signs. Raises InputError for fewer than two frames or no motion, ShapeError for values
    that are not finite or arrays that do not fit.
    """
    source = as_source(frames)
    _check_size(source)
    scale = _column_scale(vertex_weights, source.vertex_count)
    chosen = _check_regions(regions, source.vertex_count)
    modes = _find_modes(source, settings, scale, on_progress)
    mean = modes.mean.reshape(-1, 3)
    _check_motion(source, mean, modes)
    height = float(np.ptp(mean[:, 1])) if face_height is None else float(face_height)
    errors = _region_errors(source, modes, chosen, settings)
    total = max(modes.total_variance, float((modes.scores**2).mean(axis=0).sum()))
    explained = np.concatenate([[0.0], np.cumsum((modes.scores**2).mean(axis=0))]) / total
    choice = choose_components(
        np.minimum(explained, 1.0),
        errors,
        limit_cm=settings.region_error * height,
        variance=settings.variance,
    )
    log.info("pca of %d frames: %s", source.frame_count, choice.reason)
    if not choice.met:
        log.warning("pca of %d frames: %s", source.frame_count, choice.reason)
    still = tuple(name for name, values in errors.items() if values[0] < _STILL_REGION * height)
    on_progress(Progress("pca", source.frame_count, source.frame_count))
    return PcaFit(_principal_axes(modes, choice.count, total), choice, still)


def _find_modes(
    source: ShapeSource, settings: PcaSettings, scale: Float64 | None, on_progress: OnProgress
) -> Modes:
    if isinstance(source, BlendshapeFrames):
        return blendshape_modes(source, settings, scale)
    if source.frame_count <= settings.gram_frames:
        return gram_modes(FrameReader(source, settings, on_progress, passes=1), scale)
    return randomised_modes(
        FrameReader(source, settings, on_progress, passes=2 * settings.max_rounds + 1), scale
    )


def _principal_axes(modes: Modes, count: int, total: float) -> Pca:
    """Turn the first `count` directions so that their weights are uncorrelated, largest variance first."""
    scores = modes.scores[:, :count]
    values, turn = np.linalg.eigh(scores.T @ scores / len(scores))
    basis = turn[:, ::-1].T @ modes.basis[:count]
    largest = np.take_along_axis(basis, np.abs(basis).argmax(axis=1)[:, None], axis=1)
    basis = basis * np.where(largest < 0, -1.0, 1.0)
    variance = np.maximum(values[::-1], 0.0)
    return Pca(modes.mean.astype(np.float32), basis.astype(np.float32), variance, total)


def _region_errors(
    source: ShapeSource, modes: Modes, regions: dict[str, Int64], settings: PcaSettings
) -> dict[str, Float64]:
    """Region -> (M + 1,) largest RMS vertex error over the frames, with the first 0..M modes. One pass for all."""
    if not regions:
        return {}
    used = np.unique(np.concatenate(list(regions.values())))
    whole = not isinstance(source, BlendshapeFrames)
    part = source
    if isinstance(source, BlendshapeFrames):
        part = BlendshapeFrames(source.neutral[used], source.deltas[:, used], source.weights)
    columns = _columns(used)
    mean, basis = modes.mean[columns], modes.basis[:, columns].astype(np.float32)
    places = {name: _columns(np.searchsorted(used, rows)) for name, rows in regions.items()}
    worst = {name: np.zeros(len(basis) + 1) for name in regions}
    step = max(1, settings.block_mb * 2**20 // (12 * part.vertex_count))
    for start in range(0, source.frame_count, step):
        block = part.block(start, min(start + step, source.frame_count))
        block = block[:, used] if whole else block
        rest = (block.reshape(len(block), -1) - mean).astype(np.float32)
        scores = modes.scores[start : start + len(rest)].astype(np.float32)
        for name, place in places.items():
            _keep_worst(worst[name], rest[:, place], scores, basis[:, place])
    return {name: np.sqrt(worst[name] / len(rows)) for name, rows in regions.items()}


def _keep_worst(worst: Float64, rest: Float32, scores: Float32, basis: Float32) -> None:
    """Raise worst[m] to the largest squared length of a frame of `rest` less its first m modes. Empties `rest`."""
    for m in range(len(worst)):
        if m:
            rest -= scores[:, m - 1 : m] * basis[m - 1]
        worst[m] = max(worst[m], float(np.einsum("td,td->t", rest, rest).max()))


def _columns(rows: Int64) -> Int64:
    """Coordinates of vertices: (n,) -> (3 n,)"""
    return (3 * rows[:, None] + np.arange(3)).reshape(-1)


def _check_size(source: ShapeSource) -> None:
    if source.frame_count < 2:
        raise InputError(
            f"pca: needs at least 2 frames, got {source.frame_count}. Give a motion with the range that the "
            "character will need."
        )
    if source.vertex_count < 1:
        raise ShapeError("pca: the mesh has no vertices.")


def _check_motion(source: ShapeSource, mean: Float64, modes: Modes) -> None:
    size = float(np.linalg.norm(np.ptp(mean, axis=0)))
    moves = float(np.sqrt(max(modes.total_variance, 0.0) / source.vertex_count))
    if not len(modes.basis) or moves <= _STILL * size:
        raise InputError(
            f"pca: the motion never moves the mesh: its {source.frame_count} frames differ by {moves:.2g} cm (RMS) on "
            f"a head of {size:.3g} cm. Give a motion that opens the mouth, shuts the eyes and raises the brows."
        )


def _column_scale(vertex_weights: Any, vertex_count: int) -> Float64 | None:
    if vertex_weights is None:
        return None
    check = Axes()
    check("vertices", np.zeros((vertex_count, 1)), "V 1")
    weights = check("vertex_weights", vertex_weights, "V", np.float64)
    if (weights <= 0).any():
        bad = int(np.argmin(weights))
        raise InputError(
            f"vertex_weights: vertex {bad} has {weights[bad]:g}; all must be above 0. Use 1 for vertices that do "
            "not matter more than others."
        )
    return np.repeat(weights, 3)


def _check_regions(regions: Mapping[str, Any] | None, vertex_count: int) -> dict[str, Int64]:
    chosen: dict[str, Int64] = {}
    for name, rows in (regions or {}).items():
        array = Axes()(f"region {name}", rows, "_", np.int64)
        if not array.size or array.min() < 0 or array.max() >= vertex_count:
            raise ShapeError(
                f"region {name}: {array.size} vertex indices, from {array.min(initial=0)} to {array.max(initial=0)}; "
                f"needs at least one, all within 0..{vertex_count - 1}."
            )
        chosen[name] = array
    return chosen
