"""pipelines.store: results are kept by what they were made from, and never mixed with another version's."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from facepatch.core.errors import InputError, StorageError, VersionError
from facepatch.pipelines.store import LAYOUT, STAMP, Store, fingerprint, key_of


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_key_is_of_the_values_and_not_of_their_order() -> None:
    assert key_of({"a": 1, "b": [1, 2]}) == key_of({"b": [1, 2], "a": 1})
    assert (
        len({key_of({"a": 1}), key_of({"a": 2}), key_of({"b": 1}), key_of({"a": "1"}), key_of({"a": 1.5})})
        == 5
    )


def test_the_fingerprint_is_of_the_content_and_not_of_the_name(tmp_path: Path) -> None:
    for name, text in {"a": "one", "b": "one", "c": "two", "d": "one "}.items():
        (tmp_path / name).write_text(text)
    prints = [fingerprint(tmp_path / name) for name in "abcd"]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_the_fingerprint_of_a_folder_changes_with_a_file_below_it_and_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "shots" / "one").mkdir(parents=True)
    frame = tmp_path / "shots" / "one" / "0001.png"
    frame.write_bytes(b"x")
    before = fingerprint(tmp_path / "shots")
    assert fingerprint(tmp_path / "shots") == before
    frame.write_bytes(b"y")
    changed = fingerprint(tmp_path / "shots")
    frame.rename(frame.with_name("0002.png"))
    assert len({before, changed, fingerprint(tmp_path / "shots")}) == 3


def test_the_fingerprint_of_a_scene_covers_the_files_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "head.obj").write_text("mtllib skin one.mtl\n")
    (tmp_path / "skin one.mtl").write_text("map_Kd skin.png\n")
    (tmp_path / "skin.png").write_bytes(b"red")
    (tmp_path / "other.png").write_bytes(b"red")
    before = fingerprint(tmp_path / "head.obj")
    (tmp_path / "other.png").write_bytes(b"blue")
    assert fingerprint(tmp_path / "head.obj") == before
    (tmp_path / "skin.png").write_bytes(b"blue")
    assert fingerprint(tmp_path / "head.obj") != before
    (tmp_path / "head.gltf").write_text('{"buffers": [{"uri": "head%20data.bin"}]}')
    (tmp_path / "head data.bin").write_bytes(b"1")
    before = fingerprint(tmp_path / "head.gltf")
    (tmp_path / "head data.bin").write_bytes(b"2")
    assert fingerprint(tmp_path / "head.gltf") != before


def test_what_is_not_there_has_no_fingerprint(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"take\.mp4: no such file"):
        fingerprint(tmp_path / "take.mp4")


def test_a_stage_is_done_only_when_it_says_so_and_is_then_found_again(tmp_path: Path) -> None:
    stage = Store(tmp_path / "OUT").stage("pca", {"share": 0.5})
    assert not stage.done
    (stage.folder / "pca.npz").write_bytes(b"half")
    assert not Store(tmp_path / "OUT").stage("pca", {"share": 0.5}).done
    stage.finish(seconds=1.5, doubts=["a"])
    again = Store(tmp_path / "OUT").stage("pca", {"share": 0.5})
    assert again.done
    assert again == stage
    assert again.values == {"seconds": 1.5, "doubts": ["a"]}


def test_another_input_or_another_name_is_another_stage(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.stage("pca", {"share": 0.5}).finish()
    assert not store.stage("pca", {"share": 0.6}).done
    assert not store.stage("patches", {"share": 0.5}).done


def test_the_folder_says_its_layout_and_leaves_other_files_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    Store(tmp_path)
    assert json.loads((tmp_path / STAMP).read_text()) == {"record": "facepatch.out", "layout": LAYOUT}
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("layout", [LAYOUT - 1, LAYOUT + 1])
def test_the_folder_of_another_version_is_refused_and_left_whole(layout: int, tmp_path: Path) -> None:
    (tmp_path / STAMP).write_text(json.dumps({"record": "facepatch.out", "layout": layout}))
    (tmp_path / "clip.npz").write_bytes(b"old work")
    before = contents(tmp_path)
    with pytest.raises(
        VersionError, match=rf"layout {layout}; this one writes layout {LAYOUT}.*another --out"
    ):
        Store(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"layout": null}', '{"layout": "new"}', b"\xff\xfe"])
def test_a_damaged_stamp_is_refused(text: str | bytes, tmp_path: Path) -> None:
    (tmp_path / STAMP).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(
        InputError, match=r"facepatch\.json: is damaged .*Choose another --out, or delete this file"
    ):
        Store(tmp_path)


@pytest.mark.parametrize("place", ["file", "file/OUT", "file/deep/OUT"])
def test_a_folder_that_cannot_be_made_is_refused(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"cannot be written \(.+\)\. Choose another --out"):
        Store(tmp_path / place)
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_full_disk_is_told_and_marks_nothing_as_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Store(tmp_path).stage("pca", {})

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        StorageError, match=r"the disk is full\. Free some space and run the same command again"
    ):
        stage.finish()
    monkeypatch.undo()
    assert not stage.done
    assert list(stage.folder.iterdir()) == []
