from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facepatch.core.errors import FacepatchError, FormatError, InputError
from facepatch.readers.gltf import gltf_source
from facepatch.readers.gltf_file import GltfFile, well_formed


def test_normalised_shorts_become_minus_one_to_one(glb: Any, tmp_path: Path) -> None:
    index = glb.array([[-32768, 0, 32767]], "<i2", normalized=True)
    file = GltfFile(glb.write(tmp_path / "a.glb"))
    assert file.accessor(index).tolist() == [[-1.0, 0.0, 1.0]]


def test_interleaved_attributes_follow_the_stride(glb: Any, tmp_path: Path) -> None:
    rows = np.arange(10, dtype="<f4").reshape(2, 5)
    view = glb.view(rows.tobytes(), byteStride=20)
    index = glb.add(
        "accessors", {"bufferView": view, "byteOffset": 8, "componentType": 5126, "count": 2, "type": "VEC3"}
    )
    assert GltfFile(glb.write(tmp_path / "a.glb")).accessor(index).tolist() == [[2, 3, 4], [7, 8, 9]]


def test_sparse_accessors_change_only_their_rows(glb: Any, tmp_path: Path) -> None:
    where, what = glb.view(np.array([1], "<u2").tobytes()), glb.view(np.array([7, 8, 9], "<f4").tobytes())
    sparse = {
        "count": 1,
        "indices": {"bufferView": where, "componentType": 5123},
        "values": {"bufferView": what},
    }
    index = glb.add("accessors", {"componentType": 5126, "count": 3, "type": "VEC3", "sparse": sparse})
    assert GltfFile(glb.write(tmp_path / "a.glb")).accessor(index).tolist() == [
        [0, 0, 0],
        [7, 8, 9],
        [0, 0, 0],
    ]


def test_a_gltf_with_a_file_beside_it_is_read(glb: Any, tmp_path: Path) -> None:
    index = glb.array([[1.0, 2.0, 3.0]])
    (tmp_path / "my data.bin").write_bytes(bytes(glb.data))
    glb.json["buffers"] = [{"byteLength": len(glb.data), "uri": "my%20data.bin"}]
    (tmp_path / "a.gltf").write_text(json.dumps(glb.json))
    assert GltfFile(tmp_path / "a.gltf").accessor(index).tolist() == [[1, 2, 3]]
    (tmp_path / "my data.bin").unlink()
    with pytest.raises(FormatError, match=r"needs the file .*my data.bin"), well_formed(tmp_path / "a.gltf"):
        GltfFile(tmp_path / "a.gltf").accessor(index)


def test_a_file_that_is_no_glb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.glb").write_bytes(b"\x89PNG\r\n\x1a\n" * 10)
    with pytest.raises(FormatError, match="is no GLB: it starts with"):
        GltfFile(tmp_path / "a.glb")
    with pytest.raises(InputError, match="no such file"):
        GltfFile(tmp_path / "b.glb")


def test_a_truncated_glb_is_refused(glb: Any, head: Any, tmp_path: Path) -> None:
    glb.mesh("Head", head.vertices / 100, head.triangles, dict(zip(head.names, head.deltas / 100)))
    whole = glb.bytes()
    for size in (8, 19, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "a.glb").write_bytes(whole[:size])
        with pytest.raises(FormatError, match="is cut off"):
            gltf_source(tmp_path / "a.glb")


def test_buffers_shorter_than_announced_are_refused(glb: Any, tmp_path: Path) -> None:
    index = glb.array(np.zeros((10, 3)))
    glb.json["bufferViews"][0]["byteLength"] = 10_000
    file = GltfFile(glb.write(tmp_path / "a.glb"))
    with pytest.raises(FormatError, match="is cut off: bytes 0 to 10000"):
        file.accessor(index)


def test_extensions_that_are_not_read_are_named(glb: Any, tmp_path: Path) -> None:
    glb.json["extensionsRequired"] = ["KHR_draco_mesh_compression"]
    with pytest.raises(FormatError, match=r"KHR_draco_mesh_compression.*without mesh compression"):
        GltfFile(glb.write(tmp_path / "a.glb"))


def test_other_versions_are_refused(glb: Any, tmp_path: Path) -> None:
    data = bytearray(glb.bytes())
    data[4:8] = struct.pack("<I", 1)
    (tmp_path / "a.glb").write_bytes(bytes(data))
    with pytest.raises(FormatError, match="GLB version 1"):
        GltfFile(tmp_path / "a.glb")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 3000), value=st.binary(min_size=1, max_size=6), size=st.integers(0, 4000))
def test_damaged_files_give_a_sentence_and_nothing_else(
    tmp_path: Path, head: Any, place: int, value: bytes, size: int
) -> None:
    data = bytearray(_made(head))
    place %= len(data)
    data[place : place + len(value)] = value
    (tmp_path / "fuzz.glb").write_bytes(bytes(data[: max(size, 1)] if size < 2000 else data))
    try:
        gltf_source(tmp_path / "fuzz.glb")
    except FacepatchError as error:
        said = str(error)
        assert str(tmp_path / "fuzz.glb") in said


def _made(head: Any) -> bytes:
    text = {
        "asset": {"version": "2.0"},
        "buffers": [{"byteLength": 36 + 12}],
        "bufferViews": [{"buffer": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 12}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5125, "count": 3, "type": "SCALAR"},
        ],
        "meshes": [
            {"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "targets": [{"POSITION": 0}]}]}
        ],
        "nodes": [{"mesh": 0, "scale": [1, 1, 1], "children": []}],
        "scenes": [{"nodes": [0]}],
    }
    stored = json.dumps(text).encode()
    stored += b" " * (-len(stored) % 4)
    body = head.vertices[[0, 1, 6]].astype("<f4").tobytes() + np.arange(3, dtype="<u4").tobytes()
    size = 12 + 8 + len(stored) + 8 + len(body)
    return (
        struct.pack("<4sIIII", b"glTF", 2, size, len(stored), 0x4E4F534A)
        + stored
        + struct.pack("<II", len(body), 0x004E4942)
        + body
    )
