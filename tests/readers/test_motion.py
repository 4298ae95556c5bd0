from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.clip import HELD, NO_FACE, Clip, MeshClip, write_clip
from facepatch.core.data.pca import Pca
from facepatch.core.errors import FormatError, InputError, ShapeError
from facepatch.core.shape_names import ARKIT_NAMES
from facepatch.readers.character import read_character
from facepatch.readers.motion import match_motion, read_motion

Text = Callable[..., str]


def test_a_csv_drives_the_shapes_of_the_character(csv_text: Text, character: Any, tmp_path: Path) -> None:
    row = np.zeros(52)
    row[ARKIT_NAMES.index("jawOpen")] = 0.5
    row[ARKIT_NAMES.index("eyeBlinkRight")] = 1.05
    (tmp_path / "take.csv").write_text(csv_text([row, None, row]))
    clip = read_motion(tmp_path / "take.csv", character)
    assert isinstance(clip, Clip)
    assert clip.names == character.shape_names
    assert clip.weights[0].tolist() == pytest.approx([0.5, 0.0, 1.05])
    assert clip.valid is not None
    assert clip.valid.tolist() == [True, False, True]
    assert clip.flags is not None
    assert clip.flags.tolist() == [0, NO_FACE | HELD, 0]
    assert clip.rate == (30, 1)
    assert clip.timecode.startswith("10:00:00:00")


def test_what_has_no_partner_is_told(csv_text: Text, character: Any, tmp_path: Path) -> None:
    (tmp_path / "take.csv").write_text(csv_text([np.zeros(52)] * 2))
    match = match_motion(tmp_path / "take.csv", character)
    assert {shape for _, shape, _ in match.matched} == set(character.shape_names)
    assert "TongueOut" in match.columns_without_shape
    assert match.shapes_without_column == ()
    assert "Without a shape: " in match.sentence()


def test_an_npz_of_weights_and_its_rate(character: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, names=np.array(["EyeBlinkLeft", "jawOpen"]), weights=np.array([[1, 0.5]]), rate=23.976)
    clip = read_motion(path, character)
    assert isinstance(clip, Clip)
    assert clip.weights.tolist() == [[0.5, 1.0, 0.0]]
    assert clip.rate == (24000, 1001)
    np.savez(path, names=np.array(["jawOpen"]), weights=np.zeros((2, 1)))
    assert read_motion(path, character).rate == (30, 1)
    assert read_motion(path, character, rate=(24, 1)).rate == (24, 1)
    np.savez(path, names=np.array(["jawOpen"]), weights=np.array([[np.nan]]))
    with pytest.raises(ShapeError, match=r"w.npz: weights: 1 values are not finite"):
        read_motion(path, character)
    np.savez(path, names=np.array(["jawOpen", "jawOpen"]), weights=np.zeros((2, 2)))
    with pytest.raises(InputError, match="one name twice"):
        read_motion(path, character)
    np.savez(path, something=np.zeros(3))
    with pytest.raises(FormatError, match="it holds something"):
        read_motion(path, character)


def test_a_clip_record_comes_back_on_the_shapes(character: Any, tmp_path: Path) -> None:
    clip = Clip(names=("jawOpen",), weights=np.array([[0.25]], np.float32), rate=(25, 1), start_frame=7)
    write_clip(tmp_path / "clip.npz", clip)
    read = read_motion(tmp_path / "clip.npz", character)
    assert isinstance(read, Clip)
    assert read.weights.tolist() == [[0.25, 0, 0]]
    assert read.rate == (25, 1)
    assert read.start_frame == 7


def test_a_clip_record_of_pca_weights_becomes_vertices(character: Any, head: Any, tmp_path: Path) -> None:
    basis = np.zeros((1, 75), np.float32)
    basis[0, 1] = 1.0
    pca = Pca(character.neutral.reshape(-1), basis, np.ones(1), 1.0)
    clip = Clip(names=("pca_000",), weights=np.array([[2.0]], np.float32), rate=(24, 1), pca=pca)
    write_clip(tmp_path / "clip.npz", clip)
    read = read_motion(tmp_path / "clip.npz", character)
    assert isinstance(read, MeshClip)
    assert read.rate == (24, 1)
    assert read.vertices[0, 0, 1] == pytest.approx(head.vertices[0, 1] + 2.0)
    with pytest.raises(InputError, match="PCA weights"):
        match_motion(tmp_path / "clip.npz", character)


def test_an_animation_in_a_glb_drives_another_character(
    glb: Any, head: Any, character: Any, tmp_path: Path
) -> None:
    node = glb.mesh("Face", head.vertices / 100, head.triangles, {"EyeBlinkLeft": head.deltas[1] / 100})
    sampler = {"input": glb.array([0.0, 0.5]), "output": glb.array([0.0, 1.0])}
    channel = {"sampler": 0, "target": {"node": node, "path": "weights"}}
    glb.add("animations", {"samplers": [sampler], "channels": [channel]})
    clip = read_motion(glb.write(tmp_path / "a.glb"), character)
    assert isinstance(clip, Clip)
    assert clip.weights[-1].tolist() == pytest.approx([0, 1, 0])


def test_motion_that_matches_nothing_is_refused(character: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", names=np.array(["wheel_turn", "door"]), weights=np.zeros((2, 2)))
    with pytest.raises(
        InputError, match=r"none of its 2 columns \(wheel_turn, door\) is a shape.*Rename the columns"
    ):
        read_motion(tmp_path / "w.npz", character)


def test_weights_for_a_character_without_shapes_are_refused(
    csv_text: Text, head: Any, tmp_path: Path
) -> None:
    still = read_character(head.save(tmp_path / "still.npz", names=None, deltas=None))
    (tmp_path / "take.csv").write_text(csv_text([np.zeros(52)] * 2))
    with pytest.raises(InputError, match=r"still: has no blendshapes, but the motion take\.csv needs them"):
        read_motion(tmp_path / "take.csv", still)


def test_other_files_are_refused(character: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_motion(tmp_path / "none.csv", character)
    (tmp_path / "take.bvh").write_text("HIERARCHY")
    with pytest.raises(FormatError, match=r"is no motion that can be read\. Give a Live Link"):
        read_motion(tmp_path / "take.bvh", character)


@pytest.mark.assets
@pytest.mark.parametrize(
    ("path", "driven"),
    [
        ("char-valid-avatars/valid_White_M_3.npz", 40),
        ("char-ict-facekit/ict_facekit_expressions.npz", 53),
        ("char-jeeliz-animals/jeeliz_tiger.npz", 11),
        ("char-makehuman-stylised/mh_bigeyes.npz", 52),
    ],
)
def test_a_real_take_drives_every_kind_of_character(assets: Path, path: str, driven: int) -> None:
    character = read_character(assets / path)
    take = assets / "anim-livelinkface-csv" / "S07-001.csv"
    clip = read_motion(take, character)
    assert isinstance(clip, Clip)
    assert clip.weights.shape[1] == len(character.shape_names)
    assert len({shape for _, shape, _ in match_motion(take, character).matched}) >= driven
    assert clip.weights.max() > 0.5
