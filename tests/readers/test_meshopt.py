from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.errors import FormatError
from facepatch.readers.meshopt import decode_meshopt


def stored_raw(values: np.ndarray) -> bytes:
    """An attribute stream whose groups are all stored as bytes (mode 3), with a zero baseline."""
    count, stride = values.shape
    block = min((8192 // stride) & ~15, 256)
    out, last = bytearray([0xA0]), np.zeros(stride, dtype=np.uint8)
    for start in range(0, count, block):
        rows = values[start : start + block]
        steps = np.diff(np.concatenate([last[None], rows]).astype(np.int16), axis=0).astype(np.int8)
        codes = np.where(steps < 0, ~(steps.astype(np.int16) << 1), steps.astype(np.int16) << 1).astype(
            np.uint8
        )
        padded = np.zeros((-(-len(rows) // 16) * 16, stride), dtype=np.uint8)
        padded[: len(rows)] = codes
        groups = len(padded) // 16
        for channel in range(stride):
            out += bytes([0xFF] * (-(-groups // 4))) + padded[:, channel].tobytes()
        last = rows[-1]
    return bytes(out) + bytes(max(stride, 32))


@pytest.mark.parametrize(("count", "stride"), [(1, 4), (16, 8), (300, 4), (700, 12), (200, 64)])
def test_attributes_stored_as_bytes_come_back(count: int, stride: int) -> None:
    values = np.random.default_rng(0).integers(0, 256, (count, stride), dtype=np.uint8)
    data = np.frombuffer(stored_raw(values), dtype=np.uint8)
    assert np.array_equal(decode_meshopt(data, mode="ATTRIBUTES", count=count, stride=stride), values)


def test_the_four_bit_example_of_the_specification_is_decoded() -> None:
    packed = bytes([0x17, 0x5F, 0xF0, 0xBC, 0x77, 0xA9, 0x21, 0x00, 0x34, 0xB5])
    empty = bytes([0x00]) * 3  # header bits 0 for the other three bytes of the element
    stream = bytes([0xA0, 0x02]) + packed + empty + bytes(32)
    out = decode_meshopt(np.frombuffer(stream, np.uint8), mode="ATTRIBUTES", count=16, stride=4)
    steps = [-1, -4, -3, 26, -91, 0, -6, 6, -4, -4, 5, -5, 1, -1, 0, 0]
    assert out[:, 0].tolist() == [value % 256 for value in np.cumsum(steps)]
    assert not out[:, 1:].any()


def test_two_bit_groups_with_a_sentinel_are_decoded() -> None:
    packed = bytes([0b01_10_00_11, 0, 0, 0, 200])  # -1, +1, 0, then 200 -> +100
    stream = bytes([0xA0, 0x01]) + packed + bytes(3) + bytes(32)
    out = decode_meshopt(np.frombuffer(stream, np.uint8), mode="ATTRIBUTES", count=4, stride=4)
    assert out[:, 0].tolist() == [255, 0, 0, 100]


def test_triangles_through_edges_vertices_and_explicit_indices() -> None:
    codes = bytes([0xF0, 0x00, 0x0F, 0xFE])
    extra = bytes([0x0A]) + bytes([0x00])  # index 0 + 5; then a restart of the running index
    stream = bytes([0xE1]) + codes + extra + bytes(16)
    out = decode_meshopt(np.frombuffer(stream, np.uint8), mode="TRIANGLES", count=12, stride=2)
    assert out.view("<u2").reshape(-1, 3).tolist() == [[0, 1, 2], [0, 2, 3], [0, 3, 5], [0, 1, 2]]


def test_index_sequences_follow_two_baselines() -> None:
    stream = bytes([0xD1, 0x04, 0x29, 0x04, 0x02]) + bytes(4)  # +1 on 0, +10 on 1, +1 on 0, -1 on 0
    out = decode_meshopt(np.frombuffer(stream, np.uint8), mode="INDICES", count=4, stride=4)
    assert out.view("<u4").reshape(-1).tolist() == [1, 10, 2, 1]


def test_exponential_values_become_floats() -> None:
    words = np.array([[3 | (1 << 24), (0xFFFFFF & -5) | ((256 - 2) << 24)]], dtype="<u4")
    values = words.view(np.uint8).reshape(1, 8)
    data = np.frombuffer(stored_raw(values), np.uint8)
    out = decode_meshopt(data, mode="ATTRIBUTES", count=1, stride=8, kind="EXPONENTIAL")
    assert out.view("<f4").reshape(-1).tolist() == [6.0, -1.25]


@pytest.mark.parametrize("kept", [0, 1, 20, 40, 60])
def test_a_stream_that_is_cut_off_is_refused(kept: int) -> None:
    values = np.random.default_rng(1).integers(0, 256, (64, 4), dtype=np.uint8)
    data = np.frombuffer(stored_raw(values)[:kept], dtype=np.uint8)
    with pytest.raises(FormatError, match=r"ends too early|too short"):
        decode_meshopt(data, mode="ATTRIBUTES", count=64, stride=4)


def test_triangles_that_want_more_data_than_there_is_are_refused() -> None:
    stream = np.frombuffer(bytes([0xE1, 0x0F]) + bytes(16), np.uint8)
    with pytest.raises(FormatError, match="ends too early"):
        decode_meshopt(stream, mode="TRIANGLES", count=3, stride=2)


def test_filters_for_normals_are_refused_for_what_a_character_needs() -> None:
    data = np.frombuffer(stored_raw(np.zeros((4, 4), np.uint8)), np.uint8)
    with pytest.raises(FormatError, match="OCTAHEDRAL is not read"):
        decode_meshopt(data, mode="ATTRIBUTES", count=4, stride=4, kind="OCTAHEDRAL")
