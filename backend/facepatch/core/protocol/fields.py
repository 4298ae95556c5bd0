"""Typed bodies: frozen dataclass <-> body and arrays of a message, field by field.

A field named in `ARRAYS` travels as an array, every other one in the body. A key that is not known is ignored, since a
newer minor version may have added it; a key that is missing takes its default.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from numpy.typing import NDArray

from facepatch.core.axes import Axes
from facepatch.core.errors import ConfigError, ProtocolError, ShapeError
from facepatch.core.protocol.message import Message
from facepatch.core.schema import from_dict

Content = TypeVar("Content")


class Body:
    """What a message says. Subclasses are frozen dataclasses."""

    ARRAYS: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Field -> (dtype, axes) of an array."""

    def to_body(self) -> dict[str, Any]:
        """The fields that travel in the body."""
        return {
            name: plain(getattr(self, name)) for name in field_names(type(self)) if name not in self.ARRAYS
        }

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The fields that travel as arrays; those that are None are left out."""
        values = {name: getattr(self, name) for name in self.ARRAYS}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def read_arrays(cls, message: Message) -> dict[str, Any]:
        """The arrays of `message` that are fields. Raises ProtocolError on another type or shape."""
        check = Axes()
        found: dict[str, Any] = {}
        for name, (dtype, axes) in cls.ARRAYS.items():
            array = message.arrays.get(name)
            if array is None:
                continue
            if array.dtype.str != dtype:
                raise ProtocolError(
                    f"{message.type}: array '{name}' needs type {dtype}, got {array.dtype.str}."
                )
            try:
                found[name] = check(name, array, axes, dtype)
            except ShapeError as error:
                raise ProtocolError(f"{message.type}: array {error}") from error
        return found


def field_names(kind: type) -> list[str]:
    """The fields of a dataclass, in order."""
    return [field.name for field in dataclasses.fields(kind)]


def plain(value: Any) -> Any:
    """`value` as JSON has it: dataclasses become objects, tuples become lists."""
    if isinstance(value, Body):
        return value.to_body()
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def read_fields(kind: type[Content], values: Any, where: str, arrays: Mapping[str, Any]) -> Content:
    """Build dataclass `kind` from the keys of a body that it knows, and from `arrays`.

    Raises ProtocolError on a missing key without default and on a wrong type.
    """
    if not isinstance(values, Mapping):
        raise ProtocolError(f"{where}: needs an object.")
    sent = [name for name in field_names(kind) if name in values and name not in getattr(kind, "ARRAYS", {})]
    try:
        return from_dict(kind, {**{name: values[name] for name in sent}, **arrays}, where)
    except (ConfigError, TypeError, ValueError) as error:
        # The schema's sentence may repeat a value of a megabyte.
        raise ProtocolError(str(error)[:400]) from error


def numbered_array(message: Message, prefix: str, index: int, dtype: str, axes: int) -> Any:
    """Array `prefix_index` of `message`. Raises ProtocolError where it is absent or of another type."""
    name = f"{prefix}_{index:03}"
    array = message.arrays.get(name)
    if array is None or array.dtype.str != dtype or array.ndim != axes:
        raise ProtocolError(f"{message.type}: array '{name}' needs type {dtype} and {axes} axes.")
    return array
