"""A linear space of head shapes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facepatch.core.axes import Axes, Float32, Float64
from facepatch.core.records import Arrays, Record, read_record, write_record

KIND = "facepatch.pca"
VERSION = 1


@dataclass(frozen=True, eq=False)
class Pca:
    """vertices = mean + weights @ basis. Rows of `basis` are orthonormal, so distance in weights (cm) is
    distance in vertices."""

    mean: Float32
    """(3V,) cm"""
    basis: Float32
    """(M, 3V)"""
    variance: Float64
    """(M,) variance of each weight over the frames it was fitted to, cm^2."""
    total_variance: float
    """Variance of all components, kept or not."""

    def __post_init__(self) -> None:
        check = Axes()
        object.__setattr__(self, "mean", check("mean", self.mean, "_"))
        object.__setattr__(self, "basis", check("basis", self.basis, "M _"))
        object.__setattr__(self, "variance", check("variance", self.variance, "M", np.float64))

    @property
    def component_count(self) -> int:
        """M"""
        return len(self.basis)

    def vertices(self, weights: Float32) -> Float32:
        """(T, M) -> (T, V, 3) cm"""
        flat: Float32 = weights @ self.basis + self.mean
        return flat.reshape(len(weights), -1, 3)

    def weights(self, vertices: Float32) -> Float32:
        """(T, V, 3) -> (T, M), the nearest shapes in the space."""
        flat: Float32 = (vertices.reshape(len(vertices), -1) - self.mean) @ self.basis.T
        return flat


def pca_arrays(pca: Pca) -> Arrays:
    """The arrays of a record that holds `pca`; `total_variance` belongs into its header."""
    return {"mean": pca.mean, "basis": pca.basis, "variance": pca.variance}


def pca_from_arrays(arrays: Arrays, total_variance: float) -> Pca:
    """The inverse of `pca_arrays`."""
    return Pca(arrays["mean"], arrays["basis"], arrays["variance"], total_variance)


def write_pca(path: Path, pca: Pca) -> None:
    """Write a `facepatch.pca` record."""
    header = {"record": KIND, "version": VERSION, "total_variance": pca.total_variance}
    write_record(path, Record(header, pca_arrays(pca)))


def read_pca(path: Path) -> Pca:
    """Read a `facepatch.pca` record."""
    header, arrays = read_record(path, KIND, VERSION)
    return pca_from_arrays(arrays, float(header["total_variance"]))
