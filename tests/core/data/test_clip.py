"""core.data.clip: animation and its record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facepatch.core.data.clip import EASED, HELD, NO_FACE, Clip, MeshClip, read_clip, write_clip
from facepatch.core.data.pca import Pca
from facepatch.core.errors import ShapeError


def take() -> Clip:
    """Three frames of two weights; every optional field set."""
    return Clip(
        names=("pc1", "pc2"),
        weights=np.array([[0, 1], [2, 3], [-4, 5]], np.float32),
        rate=(24000, 1001),
        start_frame=1001,
        timecode="01:00:00:00",
        valid=np.array([True, False, True]),
        flags=np.array([0, NO_FACE | HELD, EASED], np.uint8),
        times=np.array([0.0, 1001 / 24000, 2002 / 24000]),
        head_pose=np.tile(np.eye(4), (3, 1, 1)),
        pca=Pca(np.zeros(6), np.eye(2, 6), np.array([2.0, 1.0]), 3.5),
        name="take 7",
    )


def test_a_clip_survives_the_disk(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.npz", take())
    back = read_clip(tmp_path / "clip.npz")
    for name in ("names", "rate", "start_frame", "timecode", "name"):
        assert getattr(back, name) == getattr(take(), name)
    for name in ("weights", "valid", "flags", "times", "head_pose"):
        assert np.array_equal(getattr(back, name), getattr(take(), name)), name
    assert back.pca is not None
    assert np.array_equal(back.pca.basis, np.eye(2, 6))
    assert back.pca.total_variance == 3.5


def test_optional_fields_may_be_absent(tmp_path: Path) -> None:
    bare = Clip(("jawOpen",), np.zeros((2, 1), np.float32), (30, 1))
    write_clip(tmp_path / "clip.npz", bare)
    back = read_clip(tmp_path / "clip.npz")
    assert (back.valid, back.flags, back.times, back.head_pose, back.pca) == (None,) * 5
    assert back.frame_count == 2


def test_flags_can_be_told_apart() -> None:
    assert take().frame_count == 3
    flags = take().flags
    assert flags is not None
    assert (flags & HELD > 0).tolist() == [False, True, False]


def test_a_name_per_column_is_needed() -> None:
    with pytest.raises(ShapeError, match="weights: 2 columns, but 1 names"):
        replace(take(), names=("pc1",))


@pytest.mark.parametrize("name", ["valid", "flags", "times"])
def test_a_value_per_frame_is_needed(name: str) -> None:
    with pytest.raises(ShapeError, match=f"{name}: axis T is 2, but weights says 3"):
        replace(take(), **{name: np.zeros(2)})


def test_a_head_pose_is_a_matrix() -> None:
    with pytest.raises(ShapeError, match="head_pose: an axis should be 4 but is 3"):
        replace(take(), head_pose=np.tile(np.eye(3), (3, 1, 1)))


def test_a_mesh_clip_counts_its_frames() -> None:
    assert MeshClip(np.zeros((5, 4, 3), np.float32), (24, 1)).frame_count == 5
