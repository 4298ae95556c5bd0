from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.clip import MeshClip
from facepatch.core.errors import FormatError, InputError, ShapeError, TopologyError
from facepatch.readers.character import read_character
from facepatch.readers.motion import match_motion, read_motion


def frames_of(head: Any, count: int = 3) -> np.ndarray:
    return np.stack([head.vertices + np.array([0, index, 0]) for index in range(count)]).astype(np.float32)


def test_vertices_come_in_centimetres(head: Any, character: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez(
        path, vertices=frames_of(head) / 100, unit_in_metres=1.0, polys=head.polys, rate=np.array([24, 1])
    )
    clip = read_motion(path, character)
    assert isinstance(clip, MeshClip)
    assert clip.rate == (24, 1)
    assert np.allclose(clip.vertices, frames_of(head), atol=1e-5)
    np.savez(path, vertices=frames_of(head))
    again = read_motion(path, character)
    assert isinstance(again, MeshClip)
    assert np.allclose(again.vertices, frames_of(head))
    assert again.rate == (30, 1)
    with pytest.raises(InputError, match="motion of vertices"):
        match_motion(tmp_path / "m.npy", character)


def test_the_unwelded_vertices_of_the_source_file_are_mapped(glb: Any, head: Any, tmp_path: Path) -> None:
    source = np.concatenate([np.arange(25), [2, 7, 12]])
    triangles = np.concatenate([head.triangles, [[25, 26, 27]]])
    glb.mesh("Head", head.vertices[source] / 100, triangles, {"jawOpen": head.deltas[0][source] / 100})
    character = read_character(glb.write(tmp_path / "head.glb"))
    assert len(character.neutral) == 25
    np.savez(tmp_path / "m.npz", vertices=frames_of(head)[:, source] / 100)
    clip = read_motion(tmp_path / "m.npz", character)
    assert isinstance(clip, MeshClip)
    assert np.allclose(clip.vertices, frames_of(head), atol=1e-5)


def test_a_memory_map_stays_one(head: Any, character: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", frames_of(head))
    clip = read_motion(tmp_path / "m.npy", character, rate=(60, 1))
    assert isinstance(clip, MeshClip)
    assert isinstance(clip.vertices, np.memmap)
    assert clip.rate == (60, 1)
    (tmp_path / "bad.npy").write_bytes(b"nothing")
    with pytest.raises(FormatError, match=r"bad.npy: is no whole .npy"):
        read_motion(tmp_path / "bad.npy", character)


def test_another_topology_is_refused(head: Any, character: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez(path, vertices=frames_of(head)[:, :20])
    with pytest.raises(TopologyError, match=r"its mesh has 20 vertices, made_head has 25\."):
        read_motion(path, character)
    np.savez(path, vertices=frames_of(head), polys=head.polys[::-1])
    with pytest.raises(TopologyError, match="is not that of made_head"):
        read_motion(path, character)


def test_values_that_are_not_finite_are_named(head: Any, character: Any, tmp_path: Path) -> None:
    frames = frames_of(head)
    frames[2, 5, 0] = np.nan
    np.savez(tmp_path / "m.npz", vertices=frames)
    with pytest.raises(ShapeError, match="vertex 5 of frame 2 is not a finite number"):
        read_motion(tmp_path / "m.npz", character)
    np.savez(tmp_path / "m.npz", vertices=np.zeros((0, 25, 3)))
    with pytest.raises(ShapeError, match=r"have the shape \(0, 25, 3\)"):
        read_motion(tmp_path / "m.npz", character)


def test_numbered_obj_frames_are_motion(head: Any, character: Any, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    faces = "\n".join("f " + " ".join(str(row + 1) for row in poly) for poly in head.polys)
    for index, points in enumerate(frames_of(head)):
        rows = "\n".join(f"v {x} {y} {z}" for x, y, z in points)
        (folder / f"face_{index + 8}.obj").write_text(rows + "\n" + faces)
    clip = read_motion(folder, character, rate=(24, 1))
    assert isinstance(clip, MeshClip)
    assert np.allclose(clip.vertices, frames_of(head), atol=1e-4)
    (folder / "face_9.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3")
    with pytest.raises(TopologyError, match=r"face_9.obj: has 3 vertices"):
        read_motion(folder, character)
    (folder / "face_9.obj").rename(folder / "smile.obj")
    with pytest.raises(InputError, match="are no numbered frames"):
        read_motion(folder, character)
