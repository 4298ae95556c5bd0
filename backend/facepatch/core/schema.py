"""dict <-> frozen dataclass, for settings and headers. An unknown key is refused with the nearest name."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar, Union

from facepatch.core.errors import ConfigError

Settings = TypeVar("Settings")
_UNIONS = (Union, getattr(types, "UnionType", Union))
"""What `Optional[X]` and, from Python 3.10 on, `X | None` are made of."""


def to_dict(settings: Any) -> dict[str, Any]:
    """A dataclass as plain JSON values: nested dataclasses become dicts, tuples become lists."""
    return {f.name: _plain(getattr(settings, f.name)) for f in dataclasses.fields(settings)}


def from_dict(kind: type[Settings], values: Mapping[str, Any], where: str = "settings") -> Settings:
    """Build dataclass `kind` from `values`; missing keys take their defaults.

    Raises ConfigError on an unknown key (naming the nearest), a missing key without default, or a wrong type.
    """
    hints = _hints(kind)
    known = {f.name: f for f in dataclasses.fields(typing.cast(Any, kind))}
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
            hint = f" Did you mean '{near[0]}'?" if near else f" Known: {', '.join(sorted(known))}."
            raise ConfigError(f"{where}: unknown key '{key}'.{hint}")
    built = {key: _cast(hints[key], value, f"{where}.{key}") for key, value in values.items()}
    try:
        return kind(**built)
    except TypeError as error:
        raise ConfigError(f"{where}: {error}") from error


def merged(settings: Settings, values: Mapping[str, Any], where: str = "settings") -> Settings:
    """`settings` with the (nested) `values` put in place of its own."""
    kind = type(settings)
    plain = to_dict(settings)
    _deep_update(plain, values)
    return from_dict(kind, plain, where)


def check_least(where: str, values: Mapping[str, float], least: float) -> None:
    """Raises ConfigError for the first of `values` that is no finite number of at least `least`."""
    for name, value in values.items():
        if not least <= value < math.inf:
            raise ConfigError(f"{where}.{name}: {value:g} must be a finite number of at least {least:g}.")


def _deep_update(base: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        old = base.get(key)
        if isinstance(value, Mapping) and isinstance(old, dict):
            _deep_update(typing.cast("dict[str, Any]", old), typing.cast("Mapping[str, Any]", value))
        else:
            base[key] = value


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    # Kept, since a live stream reads sixty dataclasses a second. Each class above is read in its own module.
    return typing.get_type_hints(kind)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_dict(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in typing.cast("list[Any]", value)]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in typing.cast("dict[Any, Any]", value).items()}
    return value


def _cast(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin in _UNIONS:
        if value is None and type(None) in arguments:
            return None
        return _cast(next(a for a in arguments if a is not type(None)), value, where)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where}: needs a table of settings, got {value!r}")
        return from_dict(hint, typing.cast("Mapping[str, Any]", value), where)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(f"{where}: needs a list, got {value!r}")
        items = typing.cast("list[Any]", value)
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_cast(arguments[0], item, where) for item in items)
        if len(items) != len(arguments):
            raise ConfigError(f"{where}: needs {len(arguments)} values, got {len(items)}")
        return tuple(_cast(a, item, where) for a, item in zip(arguments, items))
    if origin is dict:
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where}: needs a table, got {value!r}")
        return {
            str(k): _cast(arguments[1], v, f"{where}.{k}")
            for k, v in typing.cast("Mapping[Any, Any]", value).items()
        }
    if origin is typing.Literal:
        if value not in arguments:
            raise ConfigError(f"{where}: '{value}' is not one of {', '.join(map(str, arguments))}")
        return value
    return _cast_scalar(hint, value, where)


def _cast_scalar(hint: Any, value: Any, where: str) -> Any:
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if hint in (int, bool, str):
        if type(value) is hint:
            return value
        raise ConfigError(f"{where}: needs {hint.__name__}, got {value!r}")
    if hint is float:
        raise ConfigError(f"{where}: needs a number, got {value!r}")
    return value
