"""Decoding of the glTF extension EXT_meshopt_compression.

Source: Khronos, glTF 2.0 vendor extension EXT_meshopt_compression, appendix A (bitstream, version 0 of the
attribute codec, version 1 of the triangle codec) and appendix B (the exponential filter). The octahedral and
quaternion filters serve normals and rotations, which a character does not need; they are refused.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.errors import FormatError

_ATTRIBUTES_HEADER = 0xA0
_TRIANGLES_HEADER = 0xE1
_INDICES_HEADER = 0xD1
_TAIL = 32


def decode_meshopt(data: Any, *, mode: str, count: int, stride: int, kind: str = "NONE") -> UInt8:
    """The bytes (count, stride) of a compressed buffer view.

    data: (N,) uint8. mode: ATTRIBUTES, TRIANGLES or INDICES. kind: the filter's name.
    Raises FormatError where the stream is damaged or of a kind that is not read.
    """
    stream = np.ascontiguousarray(data, dtype=np.uint8)
    if mode == "ATTRIBUTES":
        out = _decoded_attributes(stream, count, stride)
        return _filtered(out, kind, stride)
    if count > stream.size * 3:  # a triangle takes at least one byte, an index of a sequence too
        raise FormatError(f"meshopt: the stream of {count} indices ends too early.")
    if kind != "NONE" or stride not in (2, 4):
        raise FormatError(
            f"meshopt: indices of {stride} bytes with filter {kind} are not allowed by the extension."
        )
    indices = np.zeros(count, dtype=np.uint32)
    if mode == "TRIANGLES" and stream.size >= 17 and stream[0] == _TRIANGLES_HEADER and count % 3 == 0:
        whole = _triangles(stream, indices)
    elif mode == "INDICES" and stream.size >= 5 and stream[0] == _INDICES_HEADER:
        whole = _indices(stream, indices)
    else:
        raise FormatError(
            f"meshopt: a stream of mode {mode} starts wrongly or is too short ({stream.size} bytes)."
        )
    if not whole:
        raise FormatError(f"meshopt: the stream of {count} indices ends too early.")
    return indices.astype(np.uint16 if stride == 2 else np.uint32).view(np.uint8).reshape(count, stride)


def _decoded_attributes(stream: UInt8, count: int, stride: int) -> UInt8:
    if stride < 4 or stride > 256 or stride % 4:
        raise FormatError(f"meshopt: elements of {stride} bytes are not allowed by the extension.")
    if stream.size < 1 + max(stride, _TAIL) or stream[0] != _ATTRIBUTES_HEADER:
        first = int(stream[0]) if stream.size else 0
        raise FormatError(
            f"meshopt: an attribute stream starts with 0x{first:02x} instead of 0xa0 or is too short "
            f"({stream.size} bytes). Export again with EXT_meshopt_compression or without compression."
        )
    if count * stride > 64 * stream.size:  # 16 bytes take at least two bits
        raise FormatError(f"meshopt: the stream of {count} elements ends too early.")
    out = np.zeros((count, stride), dtype=np.uint8)
    if not _attributes(stream, out):
        raise FormatError(f"meshopt: the stream of {count} elements ends too early.")
    return out


def _filtered(out: UInt8, kind: str, stride: int) -> UInt8:
    if kind == "NONE":
        return out
    if kind != "EXPONENTIAL":
        raise FormatError(
            f"meshopt: filter {kind} is not read for positions, texture coordinates or weights."
        )
    words = out.view("<u4").astype(np.int64)
    exponent = ((words >> 24) ^ 0x80) - 0x80
    mantissa = ((words & 0xFFFFFF) ^ 0x800000) - 0x800000
    values = np.ldexp(mantissa.astype(np.float64), exponent.astype(np.int32)).astype("<f4")
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(out), stride)


@numba.njit(cache=True)
def _attributes(data: UInt8, out: UInt8) -> bool:
    count, stride = out.shape
    end = data.size - max(stride, 32)
    last = data[data.size - stride :].copy()
    block = min((8192 // stride) & ~15, 256)
    place = 1
    group = np.zeros(16, dtype=np.uint8)
    for start in range(0, count, block):
        size = min(block, count - start)
        groups = (size + 15) // 16
        for channel in range(stride):
            header = place
            place += (groups + 3) // 4
            if place > end:
                return False
            value = last[channel]
            for number in range(groups):
                bits = (data[header + number // 4] >> (2 * (number % 4))) & 3
                place = _group(data, place, end, bits, group)
                if place < 0:
                    return False
                for item in range(min(16, size - 16 * number)):
                    code = group[item]
                    step = ~(code >> 1) if code & 1 else code >> 1
                    value = np.uint8((value + step) & 255)
                    out[start + 16 * number + item, channel] = value
            last[channel] = value
    return True


@numba.njit(cache=True)
def _group(data: UInt8, place: int, end: int, bits: int, group: UInt8) -> int:
    """Unpack 16 codes; returns the place after them, or -1 where the data ends too early."""
    if bits == 0:
        group[:] = 0
        return place
    if bits == 3:
        if place + 16 > end:
            return -1
        group[:] = data[place : place + 16]
        return place + 16
    width = 2 if bits == 1 else 4
    sentinel = (1 << width) - 1
    per_byte = 8 // width
    extra = place + 16 // per_byte
    if extra > end:
        return -1
    for item in range(16):
        shift = 8 - width * (item % per_byte + 1)
        code = (data[place + item // per_byte] >> shift) & sentinel
        if code == sentinel:
            if extra >= end:
                return -1
            code = data[extra]
            extra += 1
        group[item] = code
    return extra


@numba.njit(cache=True)
def _varint(data: UInt8, place: int, end: int) -> tuple[int, int]:
    """(value, next place); a place of -1 where the data ends too early."""
    value = 0
    for step in range(5):
        if place >= end:
            return 0, -1
        byte = np.int64(data[place])
        place += 1
        value |= (byte & 127) << (7 * step)
        if byte < 128:
            return int(value), place
    return 0, -1


@numba.njit(cache=True)
def _indices(data: UInt8, out: Any) -> bool:
    end = data.size - 4
    place = 1
    last = np.zeros(2, dtype=np.int64)
    for item in range(out.size):
        value, place = _varint(data, place, end)
        if place < 0:
            return False
        which = value & 1
        value >>= 1
        last[which] += -(value >> 1) - 1 if value & 1 else value >> 1
        out[item] = last[which] & 0xFFFFFFFF
    return True


@numba.njit(cache=True)
def _triangles(data: UInt8, out: Any) -> bool:
    """Appendix A, mode 1. `fresh` is the extension's `next`."""
    end = data.size - 16
    codes = out.size // 3
    place = 1 + codes
    if place > end:
        return False
    edges = np.zeros((16, 2), dtype=np.int64)
    vertices = np.zeros(16, dtype=np.int64)
    edge_top, vertex_top, fresh, last = 0, 0, 0, 0
    corner = np.zeros(3, dtype=np.int64)
    push = np.zeros(3, dtype=np.bool_)
    for triangle in range(codes):
        code = np.int64(data[1 + triangle])
        high, low = code >> 4, code & 15
        push[:] = False
        if high < 15:
            corner[0] = edges[(edge_top - 1 - high) & 15, 0]
            corner[1] = edges[(edge_top - 1 - high) & 15, 1]
            if low == 0:
                corner[2] = fresh
                fresh += 1
                push[2] = True
            elif low < 13:
                corner[2] = vertices[(vertex_top - 1 - low) & 15]
            else:
                step = -1 if low == 13 else 1
                if low == 15:
                    value, place = _varint(data, place, end)
                    if place < 0:
                        return False
                    step = -(value >> 1) - 1 if value & 1 else value >> 1
                last += step
                corner[2] = last
                push[2] = True
        else:
            explicit = low >= 14
            if explicit:
                if place >= end:
                    return False
                pair = np.int64(data[place])
                place += 1
                if pair == 0:
                    fresh = 0
            else:
                pair = np.int64(data[end + low])
            for item in range(3):
                kind = (15 if code == 0xFF else 0) if item == 0 else (pair >> 4 if item == 1 else pair & 15)
                if kind == 0:
                    corner[item] = fresh
                    fresh += 1
                    push[item] = True
                elif kind == 15 and explicit:
                    corner[item] = -1  # read below, after all that come from `fresh`
                    push[item] = True
                else:
                    corner[item] = vertices[(vertex_top - kind) & 15]
            for item in range(3):
                if corner[item] == -1:
                    value, place = _varint(data, place, end)
                    if place < 0:
                        return False
                    last += -(value >> 1) - 1 if value & 1 else value >> 1
                    corner[item] = last
            edges[edge_top & 15, 0], edges[edge_top & 15, 1] = corner[1], corner[0]
            edge_top += 1
        edges[edge_top & 15, 0], edges[edge_top & 15, 1] = corner[2], corner[1]
        edges[(edge_top + 1) & 15, 0], edges[(edge_top + 1) & 15, 1] = corner[0], corner[2]
        edge_top += 2
        for item in range(3):
            if push[item]:
                vertices[vertex_top & 15] = corner[item]
                vertex_top += 1
            out[3 * triangle + item] = corner[item] & 0xFFFFFFFF
    return True
