"""Leading modes of motion, three ways: exact from blendshapes, by the Gram matrix, and randomised.

With X the (T, 3V) frames less their mean and s a weight per column, all three find the leading right singular
vectors of X diag(s). Blocks of X are only ever read in order, and the weights are folded into the thin matrices,
so that a block is touched once per pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import scipy.linalg

from facepatch.core.axes import Float32, Float64
from facepatch.core.errors import ShapeError
from facepatch.core.progress import OnProgress, Progress
from facepatch.pca.choose import PcaSettings
from facepatch.pca.sources import BlendshapeFrames, ShapeSource

_RANK = 1e-6
"""Modes with a singular value under this fraction of the first are the rounding of float32 vertices."""


class Modes(NamedTuple):
    """Orthonormal directions, the most important first; the first m of them span the best m-mode space found."""

    mean: Float64
    """(3V,)"""
    basis: Float64
    """(M, 3V)"""
    scores: Float64
    """(T, M) frames less the mean, on `basis`."""
    total_variance: float


@dataclass
class FrameReader:
    """Centred blocks of a source, with a buffer that is used again for every block, and progress."""

    source: ShapeSource
    settings: PcaSettings
    on_progress: OnProgress
    passes: int
    """Passes that are planned, for the progress."""
    done: int = 0
    _buffer: Float32 = field(init=False)

    def __post_init__(self) -> None:
        size = 3 * self.source.vertex_count
        rows = int(np.clip(self.settings.block_mb * 2**20 // (4 * size), 1, self.source.frame_count))
        self._buffer = np.empty((rows, size), dtype=np.float32)

    def blocks(self, mean: Float32) -> Iterator[tuple[slice, Float32]]:
        """Yield (frames, X[frames]) in order. The array is overwritten by the next block."""
        total = self.source.frame_count
        for start in range(0, total, len(self._buffer)):
            stop = min(start + len(self._buffer), total)
            block = self._buffer[: stop - start]
            np.subtract(self.source.block(start, stop).reshape(stop - start, -1), mean, out=block)
            yield slice(start, stop), block
            self.done += stop - start
            self.on_progress(Progress("pca", self.done, max(self.passes * total, self.done)))

    def times(self, mean: Float32, thin: Float32) -> Float32:
        """X @ thin"""
        out = np.empty((self.source.frame_count, thin.shape[1]), dtype=np.float32)
        for frames, block in self.blocks(mean):
            np.matmul(block, thin, out=out[frames])
        return out

    def transposed_times(self, mean: Float32, thin: Float32) -> Float32:
        """X.T @ thin"""
        out = np.zeros((self._buffer.shape[1], thin.shape[1]), dtype=np.float32)
        product = np.empty_like(out)
        for frames, block in self.blocks(mean):
            np.matmul(block.T, thin[frames], out=product)
            out += product
        return out


class Moments(NamedTuple):
    """What one pass over the frames says."""

    mean: Float64
    """(3V,)"""
    total_variance: float
    sketch: Float32
    """(T, l) X @ directions"""


def moments(reader: FrameReader, directions: Float32 | None = None) -> Moments:
    """Mean, total variance and the product with some directions in one pass.

    Everything is taken relative to a few frames' mean, because a head's place is a hundred times its motion and
    float32 sums would lose the motion. Raises ShapeError where values are not finite.
    """
    source = reader.source
    total = source.frame_count
    some = np.linspace(0, total - 1, min(total, 16)).astype(np.int64)
    near = np.mean([source.block(int(t), int(t) + 1).reshape(-1) for t in some], axis=0, dtype=np.float64)
    shift = np.nan_to_num(near, posinf=0.0, neginf=0.0).astype(np.float32)
    sums = np.zeros(len(shift), dtype=np.float64)
    squares = np.zeros(len(shift), dtype=np.float64)
    width = 0 if directions is None else directions.shape[1]
    sketch = np.empty((total, width), dtype=np.float32)
    for frames, block in reader.blocks(shift):
        part = np.ones(len(block), dtype=np.float32) @ block
        if not np.isfinite(part).all():
            _refuse_not_finite(source)
        sums += part
        squares += np.einsum("td,td->d", block, block)
        if directions is not None:
            np.matmul(block, directions, out=sketch[frames])
    offset = sums / total
    if directions is not None:
        sketch -= (offset @ directions).astype(np.float32)
    variance = float(np.maximum(squares / total - offset**2, 0.0).sum())
    return Moments(offset + shift, variance, sketch)


def randomised_modes(reader: FrameReader, scale: Float64 | None) -> Modes:
    """Blockwise randomised SVD in float32, with a QR after every pass (Halko et al. 2011, algorithm 4.4).

    Without the QR, float32 loses the small modes. Rounds of two passes go on until the singular values that matter
    have settled (`_settled`), at least two.
    """
    settings = reader.settings
    size, total = reader.source.vertex_count * 3, reader.source.frame_count
    width = min(settings.max_components + settings.oversample, size, total)
    count = min(settings.max_components, width)
    rng = np.random.default_rng(settings.seed)
    directions = rng.standard_normal((size, width), dtype=np.float32)
    if scale is not None:
        directions *= scale.astype(np.float32)[:, None]
    first = moments(reader, directions)
    del directions
    mean = first.mean.astype(np.float32)
    product, values = first.sketch, np.zeros(width)
    thin = np.empty((0, 0), dtype=np.float32)
    for number in range(settings.max_rounds):
        left = np.linalg.qr(product)[0]
        thin = _scaled(reader.transposed_times(mean, left), scale)
        thin = np.linalg.qr(thin)[0]
        product = reader.times(mean, _scaled(thin, scale))
        before, values = values, np.linalg.svd(product.astype(np.float64), compute_uv=False)
        needed = _needed(
            values[:count], None if scale is not None else total * first.total_variance, settings
        )
        if number > 0 and _settled(values, before, needed, settings.tolerance):
            break
    _, values, right = np.linalg.svd(product.astype(np.float64), full_matrices=False)
    keep = _rank(values[:count])
    basis = (right[:keep] @ thin.T.astype(np.float64)) if keep else np.zeros((0, size))
    return _unweighted(reader, first, basis, scale, product.astype(np.float64) @ right[:keep].T)


def _needed(values: Float64, total: float | None, settings: PcaSettings) -> int:
    """Modes that can be asked for: those of ten times less unexplained variance than the settings allow."""
    if total is None:
        return len(values)
    enough = np.cumsum(values**2) >= (1.0 - 0.1 * (1.0 - settings.variance)) * total
    return int(enough.argmax()) + 1 if enough.any() else len(values)


def _settled(values: Float64, before: Float64, needed: int, tolerance: float) -> bool:
    """Whether the next round would change no needed singular value by more than the tolerance.

    A round shrinks the error of value k by (last value carried / value k)^4: both passes by the ratio, and the value
    is second order in the direction.
    """
    kept = min(needed, _rank(values))
    change = np.abs(values - before)[:kept] / values[:kept]
    return bool((change * (values[-1] / values[:kept]) ** 4 <= tolerance).all())


def gram_modes(reader: FrameReader, scale: Float64 | None) -> Modes:
    """Modes from the eigenvectors of the (T, T) Gram matrix in float64; exact, for up to some thousand frames."""
    first = moments(reader)
    total = reader.source.frame_count
    mean = first.mean
    rows = max(1, reader.settings.block_mb * 2**20 // (8 * len(mean)))
    starts = range(0, total, rows)
    gram = np.empty((total, total), dtype=np.float64)

    def centred(start: int) -> Float64:
        stop = min(start + rows, total)
        flat = reader.source.block(start, stop).reshape(stop - start, -1).astype(np.float64) - mean
        return flat if scale is None else flat * scale

    for a in starts:
        one = centred(a)
        for b in range(0, a + 1, rows):
            product = one @ (one if a == b else centred(b)).T
            gram[a : a + rows, b : b + rows] = product
            gram[b : b + rows, a : a + rows] = product.T
        reader.on_progress(Progress("pca", min(a + rows, total), total))
    count = min(reader.settings.max_components, total - 1)
    values, vectors = scipy.linalg.eigh(gram, subset_by_index=[total - count, total - 1])
    values = np.sqrt(np.maximum(values[::-1], 0.0))
    keep = _rank(values)
    left = vectors[:, ::-1][:, :keep] / np.maximum(values[:keep], 1e-300)
    basis = np.zeros((keep, len(mean)))
    for start in starts:
        basis += left[start : start + rows].T @ centred(start)
    return _unweighted(reader, first, basis, scale, vectors[:, ::-1][:, :keep] * values[:keep])


def blendshape_modes(source: BlendshapeFrames, settings: PcaSettings, scale: Float64 | None) -> Modes:
    """Exact modes of weights @ deltas without a single frame: at most K of them can move.

    With Wc the weights less their mean and (diag(s) D^T) = Q R, the modes are Q times the right singular vectors
    of Wc R^T, a (T, K) matrix.
    """
    deltas = source.deltas.reshape(len(source.deltas), -1).astype(np.float64)
    weights = source.weights.astype(np.float64)
    centre = weights.mean(axis=0)
    weights -= centre
    mean = source.neutral.reshape(-1).astype(np.float64) + centre @ deltas
    total = float(((weights.T @ weights) * (deltas @ deltas.T)).sum() / len(weights))
    tall = deltas.T if scale is None else deltas.T * scale[:, None]
    frame, small = np.linalg.qr(tall)
    _, values, right = np.linalg.svd(weights @ small.T, full_matrices=False)
    keep = _rank(values[: settings.max_components])
    basis = right[:keep] @ frame.T
    if scale is not None:
        basis = basis / scale
    basis = _orthonormal(basis)
    return Modes(mean, basis, weights @ (deltas @ basis.T), max(total, 0.0))


def _unweighted(
    reader: FrameReader, first: Moments, basis: Float64, scale: Float64 | None, scores: Float64
) -> Modes:
    """Undo the column weights: the same nested spaces, but orthonormal where distances are centimetres."""
    if scale is None:
        return Modes(first.mean, _orthonormal(basis), scores, first.total_variance)
    basis = _orthonormal(basis / scale)
    mean = first.mean.astype(np.float32)
    scores = reader.times(mean, np.ascontiguousarray(basis.T, dtype=np.float32)).astype(np.float64)
    return Modes(first.mean, basis, scores, first.total_variance)


def _orthonormal(basis: Float64) -> Float64:
    """Gram-Schmidt over the rows, in order, keeping their sense."""
    if not len(basis):
        return basis
    rows, triangle = np.linalg.qr(basis.T)
    sense = np.where(np.diag(triangle) < 0, -1.0, 1.0)
    return np.ascontiguousarray((rows * sense).T, dtype=np.float64)


def _scaled(thin: Float32, scale: Float64 | None) -> Float32:
    return thin if scale is None else thin * scale.astype(np.float32)[:, None]


def _rank(values: Float64) -> int:
    return int((values > _RANK * values[0]).sum()) if len(values) and values[0] > 0 else 0


def _refuse_not_finite(source: ShapeSource) -> None:
    frames = [t for t in range(source.frame_count) if not np.isfinite(source.block(t, t + 1)).all()]
    raise ShapeError(
        f"frames: {len(frames)} of {source.frame_count} frames hold values that are not finite, the first is frame "
        f"{frames[0] if frames else 0}. Repair or leave out these frames."
    )
