"""Matrices, rotations and boxes of maya.api.OpenMaya."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from fakemaya import matrices
from fakemaya.api_contract import api
from fakemaya.openmaya.values import MODULE, List, MPoint, MVector, Tuple, numbers, plain


@api(MODULE)
class MMatrix:
    def __init__(self, values: Any = None) -> None:
        if values is None:
            self._m = np.eye(4)
        elif isinstance(values, MMatrix):
            self._m = values._m.copy()
        else:
            if isinstance(values, np.ndarray):
                raise TypeError("NumPy arrays are refused: pass a list of 16 numbers.")
            flat = [v for row in values for v in (row if isinstance(row, (list, tuple)) else [row])]
            self._m = np.array(numbers(flat, 16)).reshape(4, 4)

    @classmethod
    def _of(cls, m: Any) -> MMatrix:
        made = cls()
        made._m = np.array(m, float).reshape(4, 4)
        return made

    def __len__(self) -> int:
        return 16

    def __iter__(self) -> Iterator[float]:
        return iter(self._m.ravel().tolist())

    def __getitem__(self, index: int) -> float:
        return float(self._m.ravel()[index])

    def __setitem__(self, index: int, value: float) -> None:
        self._m.ravel()[index] = plain(value)

    def __mul__(self, other: Any) -> MMatrix:
        return MMatrix._of(self._m @ other._m if isinstance(other, MMatrix) else self._m * plain(other))

    def __rmul__(self, other: Any) -> MMatrix:
        return MMatrix._of(self._m * plain(other))

    def __add__(self, other: Any) -> MMatrix:
        return MMatrix._of(self._m + other._m)

    def __sub__(self, other: Any) -> MMatrix:
        return MMatrix._of(self._m - other._m)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MMatrix) and np.array_equal(self._m, other._m)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"maya.api.OpenMaya.MMatrix({self._m.tolist()!r})"

    def getElement(self, row: int, column: int) -> float:
        return float(self._m[row, column])

    def setElement(self, row: int, column: int, value: float) -> MMatrix:
        self._m[row, column] = plain(value)
        return self

    def inverse(self) -> MMatrix:
        return MMatrix._of(np.linalg.inv(self._m))

    def transpose(self) -> MMatrix:
        return MMatrix._of(self._m.T)

    def det4x4(self) -> float:
        return float(np.linalg.det(self._m))

    def det3x3(self) -> float:
        return float(np.linalg.det(self._m[:3, :3]))

    def isSingular(self) -> bool:
        return abs(self.det4x4()) < 1e-12

    def isEquivalent(self, other: MMatrix, tolerance: float = 1e-10) -> bool:
        return bool(np.abs(self._m - other._m).max() <= tolerance)

    def setToIdentity(self) -> MMatrix:
        self._m = np.eye(4)
        return self


@api(MODULE)
class MEulerRotation:
    def __init__(self, *args: Any) -> None:
        order = 0
        if args and isinstance(args[0], MEulerRotation):
            x, y, z, order = args[0].x, args[0].y, args[0].z, args[0].order
        elif args and not isinstance(args[0], (int, float)):
            x, y, z = numbers(list(args[0])[:3], 3)
            order = args[1] if len(args) > 1 else 0
        else:
            x, y, z = numbers([*args[:3], *(0.0,) * (3 - len(args[:3]))], 3)
            order = args[3] if len(args) > 3 else 0
        self.x, self.y, self.z, self.order = x, y, z, int(order)

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[float]:
        return iter((self.x, self.y, self.z))

    def __getitem__(self, index: int) -> float:
        return (self.x, self.y, self.z)[index]

    def __repr__(self) -> str:
        return f"maya.api.OpenMaya.MEulerRotation({self.x!r}, {self.y!r}, {self.z!r}, {self.order})"

    def asMatrix(self) -> MMatrix:
        return MMatrix._of(matrices.rotation((self.x, self.y, self.z), self.order))

    def asQuaternion(self) -> MQuaternion:
        return MQuaternion._of(self.asMatrix()._m)

    def asVector(self) -> MVector:
        return MVector(self.x, self.y, self.z)

    def reorder(self, order: int) -> MEulerRotation:
        return MEulerRotation(*matrices.euler(self.asMatrix()._m, order).tolist(), order)

    def reorderIt(self, order: int) -> MEulerRotation:
        self.x, self.y, self.z = matrices.euler(self.asMatrix()._m, order).tolist()
        self.order = order
        return self

    def closestSolution(self, other: MEulerRotation) -> MEulerRotation:
        """The same rotation, its angles nearest to another's: both solutions, whole turns added."""
        target = np.array(list(other))
        middle = "xyz".index(matrices.ORDERS[self.order][1])
        flipped = np.array(list(self)) + np.pi
        flipped[middle] = np.pi - (self.x, self.y, self.z)[middle]
        best = min(
            (c + 2 * np.pi * np.round((target - c) / (2 * np.pi)) for c in (np.array(list(self)), flipped)),
            key=lambda c: float(np.abs(c - target).sum()),
        )
        return MEulerRotation(*best.tolist(), self.order)

    def inverse(self) -> MEulerRotation:
        return MEulerRotation(*matrices.euler(self.asMatrix()._m.T, self.order).tolist(), self.order)

    def isEquivalent(self, other: MEulerRotation, tolerance: float = 1e-10) -> bool:
        return bool(np.abs(np.array(list(self)) - list(other)).max() <= tolerance)


@api(MODULE)
class MQuaternion(Tuple):
    _names = ("x", "y", "z", "w")
    _rest = (0.0, 0.0, 0.0, 1.0)
    __slots__ = ("w", "x", "y", "z")

    @classmethod
    def _of(cls, m: Any) -> MQuaternion:
        # Row vectors: the transpose of the usual matrix.
        r = np.asarray(m)[:3, :3].T
        w = math.sqrt(max(0.0, 1 + r[0, 0] + r[1, 1] + r[2, 2])) / 2
        if w > 1e-6:
            v = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]]) / (4 * w)
        else:
            i = int(np.argmax(np.diag(r)))
            j, k = (i + 1) % 3, (i + 2) % 3
            v = np.zeros(3)
            v[i] = math.sqrt(max(0.0, 1 + r[i, i] - r[j, j] - r[k, k])) / 2
            v[j], v[k] = (r[i, j] + r[j, i]) / (4 * v[i]), (r[i, k] + r[k, i]) / (4 * v[i])
        return cls(*[float(c) for c in v], w)

    def asMatrix(self) -> MMatrix:
        x, y, z, w = np.array(list(self)) / np.linalg.norm(list(self))
        r = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        m = np.eye(4)
        m[:3, :3] = r.T
        return MMatrix._of(m)

    def asEulerRotation(self) -> MEulerRotation:
        return MEulerRotation(*matrices.euler(self.asMatrix()._m).tolist())

    def inverse(self) -> MQuaternion:
        return MQuaternion(-self.x, -self.y, -self.z, self.w)

    def conjugate(self) -> MQuaternion:
        return self.inverse()

    def normal(self) -> MQuaternion:
        return MQuaternion(*(np.array(list(self)) / np.linalg.norm(list(self))).tolist())

    def __mul__(self, other: Any) -> MQuaternion:
        return MQuaternion._of(self.asMatrix()._m @ other.asMatrix()._m)


@api(MODULE)
class MTransformationMatrix:
    def __init__(self, matrix: Any = None) -> None:
        m = (
            np.eye(4)
            if matrix is None
            else (
                matrix._m
                if isinstance(matrix, MMatrix)
                else matrix.asMatrix()._m
                if isinstance(matrix, MTransformationMatrix)
                else MMatrix(matrix)._m
            )
        )
        self._scale, self._shear, self._turned, self._place = matrices.decompose(m)
        self._order = 0

    def asMatrix(self) -> MMatrix:
        return MMatrix._of(
            matrices.scaling(self._scale)
            @ matrices.shearing(self._shear)
            @ self._turned
            @ matrices.translation(self._place)
        )

    def asMatrixInverse(self) -> MMatrix:
        return self.asMatrix().inverse()

    def asRotateMatrix(self) -> MMatrix:
        return MMatrix._of(self._turned)

    def asScaleMatrix(self) -> MMatrix:
        return MMatrix._of(matrices.scaling(self._scale))

    def translation(self, space: int) -> MVector:
        return MVector(*self._place.tolist())

    def setTranslation(self, vector: Any, space: int) -> MTransformationMatrix:
        self._place = np.array(numbers(list(vector)[:3], 3))
        return self

    def rotation(self, asQuaternion: bool = False) -> Any:
        if asQuaternion:
            return MQuaternion._of(self._turned)
        return MEulerRotation(*matrices.euler(self._turned, self._order).tolist(), self._order)

    def setRotation(self, rotation: Any) -> MTransformationMatrix:
        self._turned = rotation.asMatrix()._m
        if isinstance(rotation, MEulerRotation):
            self._order = rotation.order
        return self

    def rotationOrder(self) -> int:
        return self._order + 1

    def reorderRotation(self, order: int) -> MTransformationMatrix:
        self._order = int(order) - 1
        return self

    def scale(self, space: int) -> list[float]:
        return self._scale.tolist()

    def setScale(self, scale: Any, space: int) -> MTransformationMatrix:
        self._scale = np.array(numbers(scale, 3))
        return self

    def shear(self, space: int) -> list[float]:
        return self._shear.tolist()


@api(MODULE)
class MBoundingBox:
    def __init__(self, *corners: Any) -> None:
        points = (
            np.array([list(c)[:3] for c in corners])
            if corners and not isinstance(corners[0], MBoundingBox)
            else np.zeros((0, 3))
        )
        if corners and isinstance(corners[0], MBoundingBox):
            points = np.stack([corners[0]._low, corners[0]._high])
        self._low = points.min(0) if len(points) else np.zeros(3)
        self._high = points.max(0) if len(points) else np.zeros(3)

    @property
    def min(self) -> MPoint:
        return MPoint(*self._low.tolist())

    @property
    def max(self) -> MPoint:
        return MPoint(*self._high.tolist())

    @property
    def center(self) -> MPoint:
        return MPoint(*((self._low + self._high) / 2).tolist())

    @property
    def width(self) -> float:
        return float(self._high[0] - self._low[0])

    @property
    def height(self) -> float:
        return float(self._high[1] - self._low[1])

    @property
    def depth(self) -> float:
        return float(self._high[2] - self._low[2])

    def transformUsing(self, matrix: MMatrix) -> MBoundingBox:
        corners = np.array([[(self._low, self._high)[(i >> a) & 1][a] for a in range(3)] for i in range(8)])
        moved = matrices.transform_points(corners, matrix._m)
        self._low, self._high = moved.min(0), moved.max(0)
        return self


@api(MODULE)
class MMatrixArray(List):
    pass
