"""core.protocol.codec: what goes in comes out, and whatever a stranger sends ends in a ProtocolError."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepatch.core.errors import LimitError, ProtocolError, ProtocolVersionError
from facepatch.core.protocol import MAGIC, Message, decode, encode, limits
from facepatch.core.protocol.codec import DTYPES

ID = "0123456789abcdef" * 2

# Few characters, of every kind: an escape, a control, two, three and four bytes of UTF-8, a line end of JavaScript's.
TEXT = st.text('ab"\\\n\0é€😀\u2028', max_size=20)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)  # fmt: skip
NAMES = st.text("abcdefgh_", min_size=1, max_size=8)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    count = int(np.prod(shape)) * int(dtype[2:])
    raw = draw(st.binary(min_size=count, max_size=count))
    if not count:
        return np.zeros(shape, dtype)
    if dtype == "|b1":
        raw = bytes(byte & 1 for byte in raw)
    return np.frombuffer(raw, dtype).reshape(shape)


MESSAGES = st.builds(
    Message,
    type=NAMES,
    body=st.dictionaries(TEXT, JSON, max_size=5),
    arrays=st.dictionaries(NAMES, arrays(), max_size=4),
    reply_to=st.sampled_from(["", ID]),
    token=TEXT,
    minor=st.integers(0, 9),
)


def frames_of(header: Any = None, body: Any = None, *more: bytes, **changes: Any) -> list[bytes]:
    """The frames of a small request with some of its header changed; a header or body of bytes stands as it is."""
    if header is None:
        header = {"type": "ping", "id": ID, **changes}
    made = header if isinstance(header, bytes) else json.dumps(header).encode()
    return [MAGIC, made, body if isinstance(body, bytes) else json.dumps(body or {}).encode(), *more]


def with_array(frame: bytes = b"", **changes: Any) -> list[bytes]:
    entry = {"name": "a", "dtype": "<f4", "shape": [2], **changes}
    return frames_of(None, None, frame, arrays=[entry])


# ------------------------------------------------------------------------------------------ there and back


@given(MESSAGES)
def test_what_goes_in_comes_out(message: Message) -> None:
    found = decode([bytes(frame) for frame in encode(message)])
    for name in ("type", "id", "body", "reply_to", "token", "minor"):
        assert getattr(found, name) == getattr(message, name)
    assert list(found.arrays) == list(message.arrays)
    for name, array in message.arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        assert found.arrays[name].tobytes() == array.tobytes()


def test_arrays_are_not_copied_on_the_way_out_nor_in() -> None:
    sent = np.arange(12, dtype=np.float32).reshape(4, 3)
    frames = encode(Message("ping", arrays={"a": sent}))
    assert np.shares_memory(np.frombuffer(frames[3], np.uint8), sent)
    assert np.shares_memory(decode(frames).arrays["a"], sent)


def test_a_received_array_cannot_be_written_to() -> None:
    found = decode([bytearray(frame) for frame in encode(Message("ping", arrays={"a": np.ones(3)}))]).arrays[
        "a"
    ]
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 2.0


def test_an_array_out_of_step_with_memory_is_put_in_step() -> None:
    frames = encode(Message("ping", arrays={"a": np.arange(3.0)}))
    frames[3] = memoryview(b"x" + bytes(frames[3]))[1:]
    found = decode(frames).arrays["a"]
    assert found.flags.aligned
    assert found.tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=">i4").reshape(2, 3),
        np.arange(6, dtype=np.float64).reshape(2, 3).T,
        np.arange(12, dtype=np.uint8)[::2],
        np.float32(3.5),
        np.zeros((0, 3), np.float32),
    ],
    ids=["big-endian", "transposed", "strided", "a single number", "empty"],
)  # fmt: skip
def test_arrays_of_any_layout_arrive_with_their_values(array: Any) -> None:
    found = decode(encode(Message("ping", arrays={"a": array}))).arrays["a"]
    assert found.shape == np.shape(array)
    assert np.array_equal(found, array)


def test_what_a_newer_minor_version_adds_is_ignored() -> None:
    found = decode(frames_of({"type": "new", "id": ID, "minor": 7, "colour": "red"}, {"extra": [1]}))
    assert (found.type, found.minor, found.body) == ("new", 7, {"extra": [1]})


def test_a_short_header_has_its_defaults() -> None:
    found = decode(frames_of())
    assert (found.reply_to, found.token, found.minor, found.arrays) == ("", "", 0, {})


# --------------------------------------------------------------------------------------- what cannot be sent


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (Message("ping", body={"loss": float("nan")}), "body: cannot be written as JSON"),
        (Message("ping", body={"path": object()}), "body: cannot be written as JSON"),
        (Message("ping", body={"text": "\ud800"}), "body: cannot be written as JSON"),
        (Message("ping", arrays={"a": np.array(["x"])}), "array 'a': <U1 cannot be sent"),
        (Message("ping", arrays={"a": np.array([object()])}), "array 'a': object cannot be sent"),
        (Message("ping", arrays={"a": np.zeros(2, np.complex64)}), "cannot be sent"),
        (Message("", body={}), "type needs a text"),
        (Message("ping", id="1"), "id needs 32"),
        (Message("ping", arrays={"": np.zeros(1)}), "name of an array"),
    ],
)  # fmt: skip
def test_what_the_protocol_cannot_say_is_refused_before_it_is_sent(message: Message, told: str) -> None:
    with pytest.raises(ProtocolError, match=told):
        encode(message)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (Message("ping", body={"text": "x" * limits.BODY_BYTES}), "body: .* are allowed"),
        (Message("ping", token="x" * limits.HEADER_BYTES), "header: .* are allowed"),
        (Message("ping", arrays={str(i): np.zeros(1) for i in range(257)}), "257 arrays, but 256"),
        (Message("ping", arrays={"a": np.zeros((1,) * 9)}), "9 axes, but 8"),
        (Message("ping", arrays={"a": np.broadcast_to(np.float64(0), (2**14, 2**14))}), "2147483648 bytes"),
    ],
    ids=["body", "header", "arrays", "axes", "bytes"],
)  # fmt: skip
def test_what_is_too_large_is_refused_before_it_is_sent(message: Message, told: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(LimitError, match=told):
            encode(message)
        assert tracemalloc.get_traced_memory()[1] < 16 * limits.BODY_BYTES
    finally:
        tracemalloc.stop()


# ------------------------------------------------------------------------------------- what cannot be read


DEEP = b'{"a":' + b"[" * 33 + b"]" * 33 + b"}"

MALFORMED = {
    "no frames": ([], "begins with"),
    "not ours": ([b"GET / HTTP/1.1", b"", b""], "begins with b'GET"),
    "a version that is no number": ([b"FACEPATCH/x", b"{}", b"{}"], "begins with"),
    "no body": ([MAGIC, b"{}"], "2 frames"),
    "not bytes": ([MAGIC, "text", b"{}"], "frame 1: is not bytes"),
    "header no JSON": (frames_of(b"\x00\x01"), "header: is no JSON"),
    "header not UTF-8": (frames_of(b'{"type":"\xff"}'), "header: is no JSON"),
    "header no object": (frames_of(b"[]"), "header: needs a JSON object"),
    "NaN": (frames_of(None, b'{"a":NaN}'), "NaN is not JSON"),
    "infinite": (frames_of(None, b'{"a":-Infinity}'), "Infinity is not JSON"),
    "a number out of range": (frames_of(None, b'{"a":1e999}'), "too large"),
    "a long integer": (frames_of(None, b'{"a":' + b"9" * 100_000 + b"}"), "more than 64 bits"),
    "an integer of 65 bits": (frames_of(None, b'{"a":9223372036854775808}'), "more than 64 bits"),
    "very deep": (frames_of(None, b'{"a":' + b"[" * 500_000), "is no JSON"),
    "half a surrogate": (frames_of(None, b'{"a":"\\ud800"}'), "surrogate"),
    "no id": (frames_of({"type": "ping"}), "id needs 32"),
    "id of a number": (frames_of(id=5), "id needs 32"),
    "id in capitals": (frames_of(id=ID.upper()), "id needs 32"),
    "no type": (frames_of({"id": ID}), "type needs"),
    "type of a list": (frames_of(type=["ping"]), "type needs"),
    "long type": (frames_of(type="x" * 129), "type needs"),
    "reply_to of a number": (frames_of(reply_to=1), "reply_to needs"),
    "token of a number": (frames_of(token=1), "token needs a text"),
    "minor of a text": (frames_of(minor="0"), "minor needs"),
    "negative minor": (frames_of(minor=-1), "minor needs"),
    "minor of a truth value": (frames_of(minor=True), "minor needs"),
    "arrays no list": (frames_of(arrays={}), "arrays needs a list"),
    "array no object": (frames_of(arrays=[1]), "entry of arrays"),
    "array without name": (with_array(name=""), "name of an array"),
    "name of a number": (with_array(name=3), "name of an array"),
    "objects": (with_array(dtype="|O"), "needs one of the types"),
    "big-endian": (with_array(dtype=">f4"), "needs one of the types"),
    "a structure": (with_array(dtype=[["a", "<f4"]]), "needs one of the types"),
    "negative shape": (with_array(shape=[-1]), "not negative"),
    "shape of fractions": (with_array(shape=[1.5]), "not negative"),
    "shape of truth values": (with_array(shape=[True]), "not negative"),
    "shape no list": (with_array(shape=2), "not negative"),
    "too few bytes": (with_array(b"1234567"), "7 bytes, but its shape needs 8"),
    "too many bytes": (with_array(b"123456789"), "9 bytes, but its shape needs 8"),
    "frame missing": (with_array()[:3], "0 frames of arrays, but the header names 1"),
    "frame too many": (frames_of(None, None, b""), "1 frames of arrays, but the header names 0"),
    "same name": (
        frames_of(None, None, b"", b"", arrays=[{"name": "a", "dtype": "|u1", "shape": [0]}] * 2),
        "same name",
    ),
    "truth value of two": (with_array(b"\x01\x02", dtype="|b1"), "neither 0 nor 1"),
}  # fmt: skip

TOO_LARGE = {
    "frames": ([MAGIC] * 260, "260 frames"),
    "header": (frames_of(b" " * (limits.HEADER_BYTES + 1)), "header: 65537 bytes"),
    "body": (frames_of(None, b" " * (limits.BODY_BYTES + 1)), "body: 1048577 bytes"),
    "depth": (frames_of(None, DEEP), "deeper than 32"),
    "arrays": (frames_of(arrays=[{}] * 257), "257 arrays"),
    "axes": (with_array(shape=[1] * 9), "9 axes"),
    "bytes": (with_array(shape=[2**28 + 1]), "1073741828 bytes"),
    "overflow": (with_array(shape=[2**62, 2**62, 2**62]), "are allowed"),
    "overflow beside nothing": (with_array(shape=[0, 2**62, 2**62]), "are allowed"),
    "together": (
        frames_of(arrays=[{"name": n, "dtype": "<f4", "shape": [2**28]} for n in "ab"]),
        "arrays of 2147483648 bytes",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("frames", "told"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_message_is_refused(frames: list[Any], told: str) -> None:
    with pytest.raises(ProtocolError, match=told) as caught:
        decode(frames)
    assert type(caught.value) is ProtocolError


@pytest.mark.parametrize(("frames", "told"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_message_over_the_limits_is_refused_before_memory_is_taken(frames: list[Any], told: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(LimitError, match=told):
            decode(frames)
        assert tracemalloc.get_traced_memory()[1] < 2 * limits.BODY_BYTES
    finally:
        tracemalloc.stop()


def test_as_deep_as_allowed_is_read() -> None:
    body = b'{"a":' + b"[" * 31 + b"]" * 31 + b"}"
    assert "a" in decode(frames_of(None, body)).body


def test_many_shallow_objects_are_not_deep() -> None:
    assert len(decode(frames_of(None, {"a": [[i] for i in range(1000)]})).body["a"]) == 1000


def test_another_major_version_is_named() -> None:
    with pytest.raises(ProtocolVersionError, match="version 2 of the protocol, but 1 is spoken here"):
        decode([b"FACEPATCH/2", b"{}", b"{}"])


def test_an_error_knows_the_request_wherever_the_header_could_be_read() -> None:
    for frames in (frames_of(None, b"?"), with_array(b"1"), frames_of(token=1)):
        with pytest.raises(ProtocolError) as caught:
            decode(frames)
        assert caught.value.request_id == ID
    with pytest.raises(ProtocolError) as caught:
        decode(frames_of(b"?"))
    assert caught.value.request_id == ""


@given(st.lists(st.binary(max_size=64), max_size=6))
def test_any_bytes_end_in_a_protocol_error(frames: list[bytes]) -> None:
    with pytest.raises(ProtocolError):
        decode(frames)


@given(JSON, JSON, st.lists(st.binary(max_size=16), max_size=3))
def test_any_json_behind_our_name_is_read_or_refused(header: Any, body: Any, more: list[bytes]) -> None:
    try:
        decode([MAGIC, json.dumps(header).encode(), json.dumps(body).encode(), *more])
    except ProtocolError:
        return


ENTRY = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "b", "", 1]),
        "dtype": st.sampled_from(DTYPES) | JSON,
        "shape": st.lists(st.integers(-2, 2**64) | st.integers(0, 3), max_size=4) | JSON,
    }
)


@given(st.lists(ENTRY, max_size=3), st.lists(st.binary(max_size=64), max_size=3))
def test_any_list_of_arrays_is_read_or_refused(entries: list[Any], more: list[bytes]) -> None:
    try:
        found = decode(frames_of(None, None, *more, arrays=entries))
    except ProtocolError:
        return
    assert [list(array.shape) for array in found.arrays.values()] == [entry["shape"] for entry in entries]


@given(MESSAGES, st.data())
def test_a_message_with_bytes_changed_is_read_or_refused(message: Message, data: st.DataObject) -> None:
    frames = [bytearray(frame) for frame in encode(message)]
    for _ in range(data.draw(st.integers(1, 4))):
        frame = data.draw(st.sampled_from([frame for frame in frames if frame]))
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(frames)
    except ProtocolError:
        return
