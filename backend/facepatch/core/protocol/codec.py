"""Message <-> frames. No sockets, no copies of arrays: docs/protocol.md, "Frames".

`decode` meets whatever a stranger sends. It raises ProtocolError, ProtocolVersionError or LimitError and nothing
else, and takes no memory for arrays: they are views of the frames.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Union, cast

import numpy as np
from numpy.typing import NDArray

from facepatch.core.errors import LimitError, ProtocolError, ProtocolVersionError
from facepatch.core.protocol import limits
from facepatch.core.protocol.message import Message
from facepatch.core.protocol.version import MAGIC, MAJOR, NAME

Frame = Union[bytes, memoryview]

DTYPES = ("|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8")
"""Types of arrays: sign of the byte order, kind, bytes per element. Nothing else is sent or read."""

_ID_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class _Layout:
    """One entry of the header's `arrays`, checked."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    byte_count: int


# ------------------------------------------------------------------------------------------------ encode


def encode(message: Message) -> list[Frame]:
    """The frames of `message`, without the identity that a ROUTER puts before them.

    The frame of an array that is C-contiguous and little-endian is its own memory: leave it as it is until it is sent.
    Raises ProtocolError for what the protocol cannot say (a type of array, NaN in the body) and LimitError for what
    is too large.
    """
    arrays: dict[str, NDArray[Any]] = {name: np.asarray(array) for name, array in message.arrays.items()}
    header = {
        "type": message.type,
        "id": message.id,
        "reply_to": message.reply_to,
        "token": message.token,
        "minor": message.minor,
        "arrays": [
            {"name": name, "dtype": _sent_dtype(name, array), "shape": list(array.shape)}
            for name, array in arrays.items()
        ],
    }
    _check_header(header)
    frames: list[Frame] = [
        MAGIC,
        _dump("header", header, limits.HEADER_BYTES),
        _dump("body", message.body, limits.BODY_BYTES),
    ]
    return frames + [_memory(array) for array in arrays.values()]


def _sent_dtype(name: str, array: NDArray[Any]) -> str:
    dtype = array.dtype.newbyteorder("<").str
    if dtype not in DTYPES:
        raise ProtocolError(f"array '{name}': {array.dtype} cannot be sent. Use one of {', '.join(DTYPES)}.")
    return dtype


def _memory(array: NDArray[Any]) -> Frame:
    if not array.size:
        return b""
    # A copy only where the array is strided or big-endian.
    flat: NDArray[Any] = array.reshape(-1).astype(array.dtype.newbyteorder("<"), copy=False)
    return np.ascontiguousarray(flat).view(np.uint8).data


def _dump(what: str, value: Any, limit: int) -> bytes:
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise ProtocolError(
            f"{what}: cannot be written as JSON ({error}). Use plain, finite values."
        ) from error
    if len(text) > limit:
        raise LimitError(f"{what}: {len(text)} bytes, but {limit} are allowed. Send less at once.")
    return text


# ------------------------------------------------------------------------------------------------ decode


def decode(frames: Sequence[Any]) -> Message:
    """The message in `frames`: bytes, or anything with their memory (a `zmq.Frame`), without the identity.

    Raises ProtocolVersionError for another major version, LimitError for what is too large and ProtocolError for
    everything else that is wrong. Where the header could be read, `request_id` of the error is the message's id.
    """
    if len(frames) > 3 + limits.ARRAYS:
        raise LimitError(f"message: {len(frames)} frames, but {3 + limits.ARRAYS} are allowed.")
    views = [_view(index, frame) for index, frame in enumerate(frames)]
    _check_version(views)
    if len(views) < 3:
        raise ProtocolError(f"message: {len(views)} frames, but a header and a body are needed.")
    header = _load("header", views[1], limits.HEADER_BYTES)
    layouts = _check_header(header)
    try:
        body = _load("body", views[2], limits.BODY_BYTES)
        arrays = _arrays(layouts, views[3:])
    except ProtocolError as error:
        error.request_id = header["id"]
        raise
    return Message(
        type=header["type"],
        id=header["id"],
        body=body,
        arrays=arrays,
        reply_to=header.get("reply_to", ""),
        token=header.get("token", ""),
        minor=header.get("minor", 0),
    )


def _view(index: int, frame: Any) -> memoryview:
    try:
        view = memoryview(frame)
        return view.cast("B") if view.nbytes else memoryview(b"")
    except (TypeError, ValueError, BufferError) as error:
        raise ProtocolError(f"frame {index}: is not bytes ({error}).") from error


def _check_version(views: Sequence[memoryview]) -> None:
    first = bytes(views[0][:32]) if views else b""
    if first == MAGIC:
        return
    version = first[len(NAME) :]
    if first.startswith(NAME) and version.isdigit():
        raise ProtocolVersionError(
            f"message: is of version {version.decode('ascii')} of the protocol, but {MAJOR} is spoken here. "
            "Use the same facepatch on both sides."
        )
    raise ProtocolError(f"message: begins with {first!r} instead of {MAGIC!r}. This is no facepatch peer.")


def _load(what: str, view: memoryview, limit: int) -> dict[str, Any]:
    if view.nbytes > limit:
        raise LimitError(f"{what}: {view.nbytes} bytes, but {limit} are allowed.")
    data = bytes(view)
    try:
        value = json.loads(
            data.decode("utf-8"), parse_int=_integer, parse_float=_finite, parse_constant=_constant
        )
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"{what}: is no JSON that is allowed here ({_short(error)}).") from error
    if not isinstance(value, dict):
        raise ProtocolError(f"{what}: needs a JSON object, got {type(value).__name__}.")
    # Fewer brackets than the limit cannot be deeper than it.
    if data.count(b"{") + data.count(b"[") > limits.DEPTH:
        _check_depth(what, value)
    if b"\\u" in data:
        _check_text(what, value)
    return cast("dict[str, Any]", value)


def _integer(text: str) -> int:
    # The length first: reading a very long number takes quadratic time.
    if len(text) > 20 or not -limits.INTEGER <= int(text) < limits.INTEGER:
        raise ValueError("an integer of more than 64 bits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number that is too large")
    return value


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _short(error: BaseException) -> str:
    # A stranger's bytes do not belong in our log.
    return "too deep" if isinstance(error, RecursionError) else str(error)[:80]


def _check_depth(what: str, value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(limits.DEPTH):
        level = [
            child
            for item in level
            for child in (cast("dict[str, Any]", item).values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return
    raise LimitError(f"{what}: is nested deeper than {limits.DEPTH} levels.")


def _check_text(what: str, value: Any) -> None:
    """Half of a surrogate pair is a text that no file and no terminal takes."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ProtocolError(f"{what}: has a text with half a surrogate pair.") from error


# ------------------------------------------------------------------------------------------------ header


def _check_header(header: dict[str, Any]) -> list[_Layout]:
    identity = header.get("id")
    if not isinstance(identity, str) or not _is_id(identity):
        raise ProtocolError("header: id needs 32 hexadecimal digits in lower case.")
    try:
        _check_fields(header)
        return _layouts(header.get("arrays", []))
    except ProtocolError as error:
        error.request_id = identity
        raise


def _check_fields(header: dict[str, Any]) -> None:
    kind = header.get("type")
    if not isinstance(kind, str) or not 0 < len(kind) <= limits.NAME_LENGTH:
        raise ProtocolError(f"header: type needs a text of 1 to {limits.NAME_LENGTH} characters.")
    reply_to = header.get("reply_to", "")
    if not isinstance(reply_to, str) or (reply_to and not _is_id(reply_to)):
        raise ProtocolError("header: reply_to needs the id of a request, or an empty text.")
    if not isinstance(header.get("token", ""), str):
        raise ProtocolError("header: token needs a text.")
    if not _is_count(header.get("minor", 0)):
        raise ProtocolError("header: minor needs a whole number that is not negative.")


def _is_id(text: str) -> bool:
    return len(text) == 32 and _ID_DIGITS.issuperset(text)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _layouts(entries: Any) -> list[_Layout]:
    if not isinstance(entries, list):
        raise ProtocolError("header: arrays needs a list.")
    found = cast("list[Any]", entries)
    if len(found) > limits.ARRAYS:
        raise LimitError(f"header: {len(found)} arrays, but {limits.ARRAYS} are allowed.")
    layouts = [_layout(entry) for entry in found]
    if len({layout.name for layout in layouts}) < len(layouts):
        raise ProtocolError("header: two arrays have the same name.")
    total = sum(layout.byte_count for layout in layouts)
    if total > limits.ARRAY_BYTES:
        raise LimitError(f"header: arrays of {total} bytes, but {limits.ARRAY_BYTES} are allowed.")
    return layouts


def _layout(entry: Any) -> _Layout:
    if not isinstance(entry, dict):
        raise ProtocolError("header: an entry of arrays needs to be an object.")
    values = cast("dict[str, Any]", entry)
    name, dtype, shape = values.get("name"), values.get("dtype"), values.get("shape")
    if not isinstance(name, str) or not 0 < len(name) <= limits.NAME_LENGTH:
        raise ProtocolError(f"header: the name of an array needs 1 to {limits.NAME_LENGTH} characters.")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ProtocolError(f"header: array '{name}' needs one of the types {', '.join(DTYPES)}.")
    if not isinstance(shape, list) or not all(_is_count(size) for size in cast("list[Any]", shape)):
        raise ProtocolError(f"header: the shape of array '{name}' needs whole numbers that are not negative.")
    sizes = cast("list[int]", shape)
    if len(sizes) > limits.AXES:
        raise LimitError(f"header: array '{name}' has {len(sizes)} axes, but {limits.AXES} are allowed.")
    # With an axis of 0 there are no bytes, but NumPy still multiplies the others.
    nominal = math.prod(max(size, 1) for size in sizes) * int(dtype[2:])
    if nominal > limits.ARRAY_BYTES:
        raise LimitError(
            f"header: array '{name}' is of {nominal} bytes, but {limits.ARRAY_BYTES} are allowed."
        )
    return _Layout(name, dtype, tuple(sizes), 0 if 0 in sizes else nominal)


def _arrays(layouts: Sequence[_Layout], views: Sequence[memoryview]) -> dict[str, NDArray[Any]]:
    if len(views) != len(layouts):
        raise ProtocolError(f"message: {len(views)} frames of arrays, but the header names {len(layouts)}.")
    for layout, view in zip(layouts, views):
        if view.nbytes != layout.byte_count:
            raise ProtocolError(
                f"array '{layout.name}': its frame has {view.nbytes} bytes, but its shape needs {layout.byte_count}."
            )
    return {layout.name: _array(layout, view) for layout, view in zip(layouts, views)}


def _array(layout: _Layout, view: memoryview) -> NDArray[Any]:
    if not layout.byte_count:
        return np.zeros(layout.shape, layout.dtype)
    if layout.dtype == "|b1" and np.frombuffer(view, np.uint8).max() > 1:
        raise ProtocolError(f"array '{layout.name}': a truth value is neither 0 nor 1.")
    array: NDArray[Any] = np.frombuffer(view, layout.dtype).reshape(layout.shape)
    if not array.flags.aligned:
        # Several small frames may share one buffer of the socket; only those are ever out of step.
        array = array.copy()
    array.flags.writeable = False
    return array
