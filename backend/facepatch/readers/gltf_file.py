"""The container of glTF 2.0: JSON, buffers, accessors. No meaning, only arrays.

Source: Khronos, glTF 2.0 specification (GLB container, accessors, sparse accessors), KHR_mesh_quantization,
EXT_meshopt_compression.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import UInt8
from facepatch.core.errors import FacepatchError, FormatError, InputError
from facepatch.readers.meshopt import decode_meshopt

Json = dict[str, Any]

_MAGIC = b"glTF"
_JSON_CHUNK, _BIN_CHUNK = 0x4E4F534A, 0x004E4942
_TYPES: dict[int, Any] = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTH = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_READ_EXTENSIONS = {
    "EXT_meshopt_compression", "KHR_mesh_quantization", "EXT_texture_webp", "KHR_texture_transform",
    "KHR_materials_unlit", "KHR_materials_pbrSpecularGlossiness", "KHR_texture_basisu",
}  # fmt: skip


_DAMAGE = (
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    MemoryError,
    struct.error,
)
"""What Python raises on numbers and names that do not fit together."""


@contextmanager
def well_formed(path: Path) -> Iterator[None]:
    """Turn what a damaged file makes Python raise into a FormatError about `path`."""
    try:
        yield
    except FacepatchError as error:
        if str(error).startswith(str(path)):
            raise
        raise type(error)(f"{path}: {error}") from error
    except _DAMAGE as error:
        raise FormatError(
            f"{path}: is a damaged glTF file ({type(error).__name__}: {error}). Export it again, as .glb."
        ) from error


class GltfFile:
    """A `.glb` or `.gltf`: `json`, and its accessors and images as arrays and bytes.

    Raises InputError where there is no file, FormatError where it is no whole glTF 2.0 file or needs an
    extension that is not read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise InputError(f"{path}: no such file.")
        with well_formed(path):
            self.json, self._binary = _parse(path, path.read_bytes())
            self._check()
        self._views: dict[int, tuple[UInt8, int]] = {}
        self._buffers: dict[int, bytes] = {}

    def items(self, name: str) -> list[Json]:
        """The list `name` of the file: nodes, meshes and so on; empty where there is none."""
        return self.json.get(name, [])

    def accessor(self, index: int) -> Any:
        """The values of an accessor: (count,) or (count, width), floats where they are float or normalised."""
        accessor = self.items("accessors")[index]
        kind = np.dtype(_TYPES[accessor["componentType"]])
        width, count = _WIDTH[accessor["type"]], int(accessor["count"])
        if "bufferView" in accessor:
            view, stride = self._view(accessor["bufferView"])
            offset = int(accessor.get("byteOffset", 0))
            values = _strided(view, offset, stride or kind.itemsize * width, count, width, kind)
        else:
            values = np.zeros((count, width), dtype=kind)
        if "sparse" in accessor:
            values = self._with_sparse(values, accessor["sparse"], kind, width)
        if accessor.get("normalized") and kind.kind in "iu":
            values = np.maximum(values.astype(np.float64) / np.iinfo(kind).max, -1.0)
        return values[:, 0] if width == 1 else values

    def image(self, index: int) -> bytes:
        """The encoded bytes of an image. Raises FormatError where they are not there."""
        image = self.items("images")[index]
        if "bufferView" in image:
            return self._view(image["bufferView"])[0].tobytes()
        return self._uri(image["uri"])

    @cached_property
    def parents(self) -> dict[int, int]:
        """Node -> its parent."""
        return {
            child: index
            for index, node in enumerate(self.items("nodes"))
            for child in node.get("children", [])
        }

    def _check(self) -> None:
        version = str(self.json.get("asset", {}).get("version", "2.0"))
        if not version.startswith("2."):
            raise FormatError(f"{self.path}: is glTF {version}; only glTF 2 is read. Convert it to glTF 2.")
        unread = set(self.json.get("extensionsRequired", [])) - _READ_EXTENSIONS
        if unread:
            raise FormatError(
                f"{self.path}: needs the glTF extensions {', '.join(sorted(unread))}, which are not read. "
                "Export it without them (for Draco: without mesh compression)."
            )

    def _with_sparse(self, values: Any, sparse: Json, kind: Any, width: int) -> Any:
        count = int(sparse["count"])
        where, what = sparse["indices"], sparse["values"]
        index_kind = np.dtype(_TYPES[where["componentType"]])
        view, stride = self._view(where["bufferView"])
        start = int(where.get("byteOffset", 0))
        rows = _strided(view, start, stride or index_kind.itemsize, count, 1, index_kind)[:, 0]
        view, stride = self._view(what["bufferView"])
        start = int(what.get("byteOffset", 0))
        values = values.copy()
        values[rows] = _strided(view, start, stride or kind.itemsize * width, count, width, kind)
        return values

    def _view(self, index: int) -> tuple[UInt8, int]:
        """The bytes of a buffer view and its stride (0 where it has none), decompressed."""
        if index not in self._views:
            view = self.items("bufferViews")[index]
            packed = view.get("extensions", {}).get("EXT_meshopt_compression")
            if packed is None:
                self._views[index] = (self._bytes(view), int(view.get("byteStride", 0)))
            else:
                stride = int(packed["byteStride"])
                data = decode_meshopt(
                    self._bytes(packed),
                    mode=packed["mode"],
                    count=int(packed["count"]),
                    stride=stride,
                    kind=packed.get("filter", "NONE"),
                )
                own = stride if packed["mode"] == "ATTRIBUTES" else 0
                self._views[index] = (data.reshape(-1), own)
        return self._views[index]

    def _bytes(self, view: Json) -> UInt8:
        number = int(view["buffer"])
        if number not in self._buffers:
            uri = self.items("buffers")[number].get("uri")
            self._buffers[number] = self._binary if uri is None else self._uri(uri)
        start, size = int(view.get("byteOffset", 0)), int(view["byteLength"])
        data = np.frombuffer(self._buffers[number], dtype=np.uint8)
        if start < 0 or size < 0 or start + size > data.size:
            raise FormatError(
                f"{self.path}: is cut off: bytes {start} to {start + size} of buffer {number} are needed, "
                f"it has {data.size}. Copy or export the file again."
            )
        return data[start : start + size]

    def _uri(self, uri: str) -> bytes:
        if uri.startswith("data:"):
            try:
                return base64.b64decode(uri.split(",", 1)[1], validate=True)
            except (binascii.Error, IndexError) as error:
                raise FormatError(
                    f"{self.path}: holds a data URI that is no base64. Export it again."
                ) from error
        other = self.path.parent / urllib.parse.unquote(uri)
        if not other.is_file():
            raise FormatError(
                f"{self.path}: needs the file {other}, which is not there. Put it beside the .gltf."
            )
        return other.read_bytes()


def _parse(path: Path, data: bytes) -> tuple[Json, bytes]:
    if data[:4] == _MAGIC:
        return _parse_glb(path, data)
    if path.suffix.lower() == ".glb":
        raise FormatError(
            f"{path}: is no GLB: it starts with {data[:4]!r} instead of b'glTF'. Export it as .glb."
        )
    try:
        return _json_object(path, data), b""
    except FormatError as error:
        raise FormatError(f"{path}: is no glTF: neither GLB nor JSON. Export it as .glb.") from error


def _parse_glb(path: Path, data: bytes) -> tuple[Json, bytes]:
    if len(data) < 20:
        raise FormatError(
            f"{path}: is cut off: {len(data)} bytes, not even a GLB header. Copy the file again."
        )
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2:
        raise FormatError(f"{path}: is GLB version {version}; only version 2 is read. Convert it to glTF 2.")
    if length > len(data):
        raise FormatError(
            f"{path}: is cut off: {len(data)} of {length} bytes. Copy or export the file again."
        )
    chunks: dict[int, bytes] = {}
    place = 12
    while place + 8 <= length:
        size, kind = struct.unpack_from("<II", data, place)
        if place + 8 + size > length:
            raise FormatError(
                f"{path}: is cut off inside a chunk of {size} bytes. Copy or export the file again."
            )
        chunks.setdefault(kind, data[place + 8 : place + 8 + size])
        place += 8 + size
    if _JSON_CHUNK not in chunks:
        raise FormatError(f"{path}: is a GLB without its JSON chunk. Export it again.")
    return _json_object(path, chunks[_JSON_CHUNK]), chunks.get(_BIN_CHUNK, b"")


def _json_object(path: Path, data: bytes) -> Json:
    try:
        value = json.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise FormatError(f"{path}: its JSON cannot be read ({error}). Export it again.") from error
    if not isinstance(value, dict):
        raise FormatError(f"{path}: its JSON is no object. Export it again.")
    return value


def _strided(view: UInt8, offset: int, stride: int, count: int, width: int, kind: Any) -> Any:
    size = kind.itemsize * width
    if count < 1 or offset < 0 or offset + stride * (count - 1) + size > view.size:
        raise FormatError(
            f"an accessor of {count} elements of {size} bytes does not fit into its {view.size} bytes. Export again."
        )
    shape, strides = (count, width), (stride, kind.itemsize)
    values = np.ndarray(shape, dtype=kind, buffer=view, offset=offset, strides=strides)
    return np.ascontiguousarray(values)
