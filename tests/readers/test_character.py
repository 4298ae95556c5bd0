from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.character import write_character
from facepatch.core.errors import FormatError, InputError
from facepatch.readers.character import read_character


def test_a_record_comes_back_as_it_was_written(character: Any, tmp_path: Path) -> None:
    write_character(tmp_path / "record.npz", character)
    read = read_character(tmp_path / "record.npz")
    assert read.shape_names == character.shape_names
    assert np.array_equal(read.deltas, character.deltas)
    assert read.parts == character.parts


def test_a_stated_unit_overrules_the_file(head: Any, tmp_path: Path) -> None:
    path = head.save(tmp_path / "head.npz")
    character = read_character(path, unit_in_metres=0.02)
    assert np.allclose(character.neutral, head.vertices * 2, atol=1e-5)
    assert character.unit_in_metres == 0.02
    with pytest.raises(InputError, match="unit_in_metres: is -1"):
        read_character(path, unit_in_metres=-1.0)


@pytest.mark.parametrize(
    ("suffix", "advice"), [(".mb", "Maya ASCII"), (".fbx", ".glb"), (".xyz", "Give .npz")]
)
def test_other_files_are_refused_with_a_way_out(tmp_path: Path, suffix: str, advice: str) -> None:
    path = tmp_path / f"head{suffix}"
    path.write_bytes(b"x")
    with pytest.raises(FormatError, match=advice):
        read_character(path)


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        read_character(tmp_path / "nobody.glb")


@pytest.mark.assets
@pytest.mark.parametrize(
    ("path", "vertices", "shapes", "height"),
    [
        ("char-ict-facekit/ict_facekit_expressions.npz", 26719, 57, 33.8),
        ("char-makehuman-stylised/mh_bigeyes.npz", 4773, 66, 20.7),
        ("char-facecap-heads/facecap_head_generic.npz", 2659, 52, 23.4),
        ("char-jeeliz-animals/jeeliz_lama.npz", 3009, 11, 19.1),
    ],
)
def test_real_characters_have_a_believable_size(
    assets: Path, path: str, vertices: int, shapes: int, height: float
) -> None:
    character = read_character(assets / path)
    assert character.deltas.shape == (shapes, vertices, 3)
    assert float(np.ptp(character.neutral[:, 1])) == pytest.approx(height, abs=0.1)
