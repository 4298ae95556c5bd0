"""Rigs and animations with known answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facepatch.core.axes import Float32, Float64
from facepatch.core.data.mesh import Topology
from facepatch.core.data.pca import Pca
from facepatch.core.data.rig import Driver, Rig, RigControl, RigShape


@dataclass(frozen=True, eq=False)
class Known:
    """A rig, what its controls did, and the PCA weights of the meshes that came out."""

    rig: Rig
    controls: Float64
    vertices: Float32
    pca: Pca
    weights: Float32


def bump(rng: np.random.Generator, places: Float32, size: float) -> Float32:
    """(V, 3) a soft push somewhere."""
    away = ((places - rng.uniform(-8, 8, 3)) ** 2).sum(axis=1)
    return (np.exp(-away / 18.0)[:, None] * rng.normal(size=3) * size).astype(np.float32)


def tracks(rng: np.random.Generator, frames: int, count: int) -> Float64:
    """(T, C) soft rises and falls in 0..1, most of them at rest."""
    time = np.arange(frames)
    out = np.zeros((frames, count))
    for c in range(count):
        for _ in range(2):
            ramp = np.clip(1 - np.abs(time - rng.uniform(0, frames)) / rng.uniform(6, 18), 0, 1)
            out[:, c] = np.maximum(out[:, c], rng.uniform(0.3, 0.9) * ramp * ramp * (3 - 2 * ramp))
    return out


def known(
    *, seed: int = 0, shapes: int = 12, correctives: int = 10, frames: int = 60, noise: float = 0.0
) -> Known:
    """A blendshape rig with products of two controls."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(-10, 10, (300, 3)).astype(np.float32)
    drivers = [(Driver(c),) for c in range(shapes)]
    for _ in range(correctives):
        first, second = (int(c) for c in rng.choice(shapes, 2, replace=False))
        drivers.append((Driver(first), Driver(second)))
    deltas = np.stack([bump(rng, places, 1.0 if len(d) == 1 else 0.5) for d in drivers])
    rig = Rig(
        "known",
        tuple(RigControl(f"c{c}") for c in range(shapes)),
        places,
        Topology(len(places), np.full(1, 3, np.int32), np.arange(3, dtype=np.int32)),
        tuple(RigShape(f"s{i}", d) for i, d in enumerate(drivers)),
        deltas,
    )
    controls = tracks(rng, frames, shapes)
    return with_targets(rig, controls, noise=noise, rng=rng)


def with_targets(
    rig: Rig, controls: Float64, *, noise: float = 0.0, rng: np.random.Generator | None = None
) -> Known:
    """What the rig does at `controls`, as weights of a PCA that loses nothing but the noise."""
    vertices = rig.vertices(controls)
    flat = vertices.reshape(len(vertices), -1).astype(np.float64)
    mean = flat.mean(axis=0)
    _, values, rows = np.linalg.svd(flat - mean, full_matrices=False)
    keep = values > 1e-6 * values[0]
    basis = rows[keep]
    weights = (flat - mean) @ basis.T
    if noise:
        assert rng is not None
        weights = weights + noise * weights.std(axis=0) * rng.normal(size=weights.shape)
    variance = values[keep] ** 2 / len(flat)
    pca = Pca(mean.astype(np.float32), basis.astype(np.float32), variance, float(variance.sum()))
    return Known(rig, controls, vertices, pca, weights.astype(np.float32))


def residual_rms(of: Known, controls: Float64) -> Float64:
    """(T,) mm from the meshes of `controls` to the targets."""
    left = of.rig.vertices(controls) - of.pca.vertices(of.weights)
    out: Float64 = 10 * np.sqrt((left.astype(np.float64) ** 2).sum(axis=2).mean(axis=1))
    return out
