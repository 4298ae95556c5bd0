"""Numbers of maya.api.OpenMaya: points, vectors, matrices, rotations, colours, boxes and arrays of them.

NumPy values are refused everywhere: whether real Maya takes them is an open question of the design.
"""

from __future__ import annotations

from typing import Any, Iterator, Sequence

import numpy as np

from fakemaya.api_contract import api

MODULE = "maya.api.OpenMaya"


def plain(value: Any, kinds: tuple[type, ...] = (int, float), what: str = "a number") -> Any:
    """The value; TypeError where it is not a plain Python number."""
    if type(value).__module__ == "numpy" or not isinstance(value, kinds):
        raise TypeError(
            f"{what} is needed, got {type(value).__module__}.{type(value).__name__}: pass plain Python values to Maya."
        )
    return value


def numbers(values: Any, count: int) -> list[float]:
    out = [float(plain(v)) for v in values]
    if len(out) != count:
        raise ValueError(f"{count} numbers are needed, got {len(out)}.")
    return out


class Tuple:
    """Named numbers that behave as a sequence too."""

    _names: tuple[str, ...] = ()
    _rest: tuple[float, ...] = ()
    __slots__ = ()

    def __init__(self, *args: Any) -> None:
        if len(args) == 1 and not isinstance(args[0], (int, float)):
            if isinstance(args[0], np.ndarray):
                raise TypeError("NumPy arrays are refused: pass a list.")
            args = tuple(args[0])
        if len(args) > len(self._names):
            args = (
                args[: len(self._names)]
                if all(isinstance(a, (int, float)) for a in args) and len(args) == 4
                else args
            )
        if len(args) > len(self._names):
            raise TypeError(f"takes at most {len(self._names)} numbers.")
        for name, rest in zip(self._names, self._rest):
            setattr(self, name, rest)
        for name, value in zip(self._names, args):
            setattr(self, name, float(plain(value)))

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[float]:
        return (getattr(self, name) for name in self._names)

    def __getitem__(self, index: Any) -> Any:
        return [getattr(self, name) for name in self._names][index]

    def __setitem__(self, index: int, value: float) -> None:
        setattr(self, self._names[index], float(plain(value)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"maya.api.OpenMaya.{type(self).__name__}({', '.join(map(repr, self))})"

    def _xyz(self) -> Any:
        return np.array(list(self)[:3])


class _Vector(Tuple):
    __slots__ = ("x", "y", "z")
    _names = ("x", "y", "z")
    _rest = (0.0, 0.0, 0.0)

    def __add__(self, other: Any) -> Any:
        return type(self)(*(self._xyz() + other._xyz()).tolist())

    def __sub__(self, other: Any) -> Any:
        return type(self)(*(self._xyz() - other._xyz()).tolist())

    def __neg__(self) -> Any:
        return type(self)(*(-self._xyz()).tolist())

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, _Vector):
            return float(self._xyz() @ other._xyz())
        if type(other).__name__ == "MMatrix":
            return type(self)(*(self._xyz() @ other._m[:3, :3]).tolist())
        return type(self)(*(self._xyz() * plain(other)).tolist())

    def __rmul__(self, other: Any) -> Any:
        return type(self)(*(self._xyz() * plain(other)).tolist())

    def __truediv__(self, other: Any) -> Any:
        return type(self)(*(self._xyz() / plain(other)).tolist())

    def __xor__(self, other: Any) -> Any:
        return type(self)(*np.cross(self._xyz(), other._xyz()).tolist())

    def length(self) -> float:
        return float(np.linalg.norm(self._xyz()))

    def normal(self) -> Any:
        return self / (self.length() or 1.0)

    def normalize(self) -> Any:
        for name, value in zip(self._names, self.normal()):
            setattr(self, name, value)
        return self


@api(MODULE)
class MVector(_Vector):
    __slots__ = ()

    def angle(self, other: Any) -> float:
        return float(np.arccos(np.clip((self * other) / (self.length() * other.length()), -1, 1)))

    def isEquivalent(self, other: Any, tolerance: float = 1e-10) -> bool:
        return bool(np.abs(self._xyz() - other._xyz()).max() <= tolerance)

    def rotateBy(self, rotation: Any) -> MVector:
        return self * rotation.asMatrix()


@api(MODULE)
class MFloatVector(_Vector):
    __slots__ = ()


@api(MODULE)
class MPoint(Tuple):
    __slots__ = ("w", "x", "y", "z")
    _names = ("x", "y", "z", "w")
    _rest = (0.0, 0.0, 0.0, 1.0)

    def __add__(self, other: Any) -> MPoint:
        return MPoint(*(self._xyz() + other._xyz()).tolist())

    def __sub__(self, other: Any) -> Any:
        moved = (self._xyz() - other._xyz()).tolist()
        return MVector(*moved) if isinstance(other, MPoint) else MPoint(*moved)

    def __mul__(self, other: Any) -> MPoint:
        if type(other).__name__ == "MMatrix":
            return MPoint(*(np.array(list(self)) @ other._m).tolist())
        return MPoint(*(self._xyz() * plain(other)).tolist(), self.w)

    def distanceTo(self, other: MPoint) -> float:
        return float(np.linalg.norm(self._xyz() - other._xyz()))

    def isEquivalent(self, other: MPoint, tolerance: float = 1e-10) -> bool:
        return bool(np.abs(np.array(list(self)) - list(other)).max() <= tolerance)


@api(MODULE)
class MFloatPoint(Tuple):
    __slots__ = ("w", "x", "y", "z")
    _names = ("x", "y", "z", "w")
    _rest = (0.0, 0.0, 0.0, 1.0)


@api(MODULE)
class MColor(Tuple):
    __slots__ = ("a", "b", "g", "r")
    _names = ("r", "g", "b", "a")
    _rest = (0.0, 0.0, 0.0, 1.0)


# ------------------------------------------------------------------------------------------------ arrays


class Array:
    """Rows of numbers kept in one NumPy array, handed out as `_item`."""

    _item: Any = float
    _width = 1
    _dtype: Any = np.float64
    _fill: tuple[float, ...] = (0.0,)
    sizeIncrement = 1
    __slots__ = ("_rows",)

    def __init__(self, *args: Any) -> None:
        if not args:
            self._rows = np.zeros((0, self._width), self._dtype)
        elif len(args) == 2 and isinstance(args[0], int):
            self._rows = np.repeat(self._taken([args[1]]), args[0], axis=0)
        elif isinstance(args[0], int) and not isinstance(args[0], bool):
            self._rows = np.tile(np.array(self._fill, self._dtype), (args[0], 1))
        else:
            self._rows = self._taken(args[0])

    def _taken(self, values: Any) -> Any:
        if isinstance(values, Array):
            return values._rows[:, : self._width].astype(self._dtype, copy=True)
        if isinstance(values, np.ndarray):
            raise TypeError(
                f"{type(self).__name__} takes plain lists; whether NumPy passes in real Maya is open: use .tolist()."
            )
        values = list(values)
        if not values:
            return np.zeros((0, self._width), self._dtype)
        if self._width == 1:
            kinds = set(map(type, values))
            allowed = {bool, int} if np.issubdtype(self._dtype, np.integer) else {bool, int, float}
            if not kinds <= allowed:
                other = sorted(f"{k.__module__}.{k.__name__}" for k in kinds - allowed)
                raise TypeError(f"{type(self).__name__} holds plain numbers, not {', '.join(other)}.")
            return np.array(values, self._dtype).reshape(-1, 1)
        if all(type(v) in (list, tuple) for v in values):
            for probe in (values[0], values[-1]):
                for value in probe:
                    plain(value)
            try:
                rows = np.array(values, self._dtype)
            except ValueError:
                rows = np.array([list(self._item(*v)) for v in values], self._dtype)
        else:
            rows = np.array(
                [list(v) if isinstance(v, Tuple) else list(self._item(v)) for v in values], self._dtype
            )
        if rows.ndim != 2 or not 3 <= rows.shape[1] <= 4:
            raise ValueError(f"{type(self).__name__} needs rows of 3 or 4 numbers.")
        if rows.shape[1] < self._width:
            rows = np.concatenate([rows, np.ones((len(rows), 1), self._dtype)], axis=1)
        return np.ascontiguousarray(rows[:, : self._width])

    @classmethod
    def _of(cls, rows: Any) -> Any:
        """An array around numbers of our own."""
        made = cls.__new__(cls)
        rows = np.asarray(rows, cls._dtype)
        rows = rows.reshape(-1, 1) if cls._width == 1 else rows
        if rows.shape[1] < cls._width:
            rows = np.concatenate(
                [rows, np.ones((len(rows), cls._width - rows.shape[1]), cls._dtype)], axis=1
            )
        made._rows = rows
        return made

    def _out(self, row: Any) -> Any:
        return row.tolist()[0] if self._width == 1 else self._item(*row.tolist())

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)._of(self._rows[index].copy())
        return self._out(self._rows[plain(index, (int,), "an index")])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._rows[index] = self._taken([value])[0]

    def __delitem__(self, index: Any) -> None:
        self._rows = np.delete(self._rows, index, axis=0)

    def __iter__(self) -> Iterator[Any]:
        if self._width == 1:
            return iter(self._rows[:, 0].tolist())
        return (self._item(*row) for row in self._rows.tolist())

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        # What the sequence protocol would give, quicker.
        rows = self._rows[:, 0] if self._width == 1 else self._rows
        return rows.astype(dtype or rows.dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and np.array_equal(self._rows, other._rows)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"maya.api.OpenMaya.{type(self).__name__}({list(self)!r})"

    def __add__(self, other: Any) -> Any:
        return type(self)._of(np.concatenate([self._rows, self._taken(other)]))

    def append(self, value: Any) -> Any:
        self._rows = np.concatenate([self._rows, self._taken([value])])
        return self

    def clear(self) -> Any:
        self._rows = self._rows[:0]
        return self

    def copy(self, source: Any) -> Any:
        self._rows = self._taken(source)
        return self

    def insert(self, value: Any, index: int) -> Any:
        self._rows = np.insert(self._rows, index, self._taken([value])[0], axis=0)
        return self

    def remove(self, index: int) -> Any:
        self._rows = np.delete(self._rows, index, axis=0)
        return self

    def setLength(self, length: int) -> Any:
        more = np.zeros((max(0, length - len(self._rows)), self._width), self._dtype)
        self._rows = np.concatenate([self._rows[:length], more])
        return self


def _array(name: str, item: Any, width: int, dtype: Any, fill: Sequence[float] = (0.0,)) -> Any:
    fill = tuple(fill) if len(fill) == width else (0.0,) * width
    return api(MODULE)(
        type(
            name,
            (Array,),
            {
                "_item": item,
                "_width": width,
                "_dtype": dtype,
                "_fill": fill,
                "__slots__": (),
                "__module__": MODULE,
            },
        )
    )


MPointArray = _array("MPointArray", MPoint, 4, np.float64, (0, 0, 0, 1))
MFloatPointArray = _array("MFloatPointArray", MFloatPoint, 4, np.float32, (0, 0, 0, 1))
MVectorArray = _array("MVectorArray", MVector, 3, np.float64)
MFloatVectorArray = _array("MFloatVectorArray", MFloatVector, 3, np.float32)
MColorArray = _array("MColorArray", MColor, 4, np.float32, (0, 0, 0, 1))
MIntArray = _array("MIntArray", int, 1, np.int32)
MUintArray = _array("MUintArray", int, 1, np.uint32)
MInt64Array = _array("MInt64Array", int, 1, np.int64)
MDoubleArray = _array("MDoubleArray", float, 1, np.float64)
MFloatArray = _array("MFloatArray", float, 1, np.float32)


class List:
    """An array of objects."""

    sizeIncrement = 1

    def __init__(self, *args: Any) -> None:
        self._items: list[Any] = []
        if args and isinstance(args[0], int):
            raise TypeError("give the items; a length alone makes empty ones.")
        for value in args[0] if args else ():
            self.append(value)

    def _checked(self, value: Any) -> Any:
        return value

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __setitem__(self, index: int, value: Any) -> None:
        self._items[index] = self._checked(value)

    def __delitem__(self, index: Any) -> None:
        del self._items[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def append(self, value: Any) -> Any:
        self._items.append(self._checked(value))
        return self

    def setLength(self, length: int) -> Any:
        del self._items[length:]
        return self

    def clear(self) -> Any:
        self._items.clear()
        return self

    def remove(self, index: int) -> Any:
        del self._items[index]
        return self

    def insert(self, value: Any, index: int) -> Any:
        self._items.insert(index, self._checked(value))
        return self

    def copy(self, source: Any) -> Any:
        self._items = list(source)
        return self
