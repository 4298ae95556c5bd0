"""Checks of array shapes by axis letter, at the door of public functions.

B batch, T frames, V vertices, F triangles, K blendshapes, C rig controls, M PCA components, L landmarks,
P patches, H and W pixels, S rig samples, D latent size. A number stands for itself, `_` for any size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepatch.core.errors import ShapeError

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
UInt8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]


class Axes:
    """Remembers the size of each axis letter across several arrays and refuses what disagrees."""

    def __init__(self) -> None:
        self._sizes: dict[str, tuple[int, str]] = {}

    def __call__(self, name: str, value: Any, axes: str, dtype: Any = np.float32) -> NDArray[Any]:
        """Return `value` as a C-contiguous array of `dtype` with the shape `axes`, such as "K V 3".

        Raises ShapeError on a wrong rank, on an axis that disagrees with one seen before, and on floating
        point values that are not finite.
        """
        try:
            array: NDArray[Any] = np.ascontiguousarray(value, dtype=dtype)
        except (TypeError, ValueError) as error:
            raise ShapeError(f"{name}: cannot be read as an array of {np.dtype(dtype)}: {error}") from error
        letters = axes.split()
        if np.ndim(value) != len(letters):
            raise ShapeError(f"{name}: needs {len(letters)} axes ({axes}), got shape {np.shape(value)}")
        for letter, size in zip(letters, array.shape):
            self._check_axis(name, letter, int(size), axes, array.shape)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            bad = np.argwhere(~np.isfinite(array))
            raise ShapeError(
                f"{name}: {len(bad)} values are not finite, the first at index {tuple(int(i) for i in bad[0])}. "
                "Repair them at the source."
            )
        return array

    def _check_axis(self, name: str, letter: str, size: int, axes: str, shape: tuple[int, ...]) -> None:
        if letter == "_":
            return
        if letter.isdigit():
            if size != int(letter):
                raise ShapeError(
                    f"{name}: an axis should be {letter} but is {size}; got shape {shape} for ({axes})"
                )
            return
        if letter not in self._sizes:
            self._sizes[letter] = (size, name)
            return
        wanted, owner = self._sizes[letter]
        if size != wanted:
            raise ShapeError(
                f"{name}: axis {letter} is {size}, but {owner} says {wanted}; got shape {shape} for ({axes})"
            )
