"""What people hand in by mistake: each gets a sentence and an exit code, and nothing that was there is lost.

The modules have their own tests; here is what the command line makes of them. Refusals come before long work.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import pytest

from facepatch.cli.main import main
from facepatch.core.data.character import Character, read_character_record, write_character
from facepatch.core.data.clip import Clip, read_clip
from facepatch.core.data.landmarks import read_landmark_track
from facepatch.core.data.mesh import Topology
from facepatch.core.shape_names import ARKIT_NAMES
from facepatch.pipelines.store import LAYOUT, STAMP
from facepatch.render.film_writer import FilmWriter
from facepatch.render.video import open_film

pytestmark = pytest.mark.usefixtures("landmarks_beside")


class Desk:
    """An OUT with finished results in it, and the flags of the job that made them."""

    def __init__(self, tiny: SimpleNamespace, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.tiny, self.out, self.capsys = tiny, out, capsys
        self.kept = self.contents()
        self.flags = {
            "take": tiny.film, "--character": tiny.hero, "--motion": tiny.motion, "--picks": tiny.hero_picks,
            "--preset": tiny.preset, "--out": out,
        }  # fmt: skip

    def contents(self) -> dict[str, bytes]:
        """All results but the timings, which every attempt adds to."""
        files = [path for path in self.out.rglob("*") if path.is_file() and path.name != "timings.json"]
        return {str(path.relative_to(self.out)): path.read_bytes() for path in files}

    def run(self, *more: str, **changed: Path | str | None) -> int:
        """`facepatch run` with some of its flags changed, or left out."""
        flags = {
            **self.flags,
            **{"--" + name if name != "take" else name: value for name, value in changed.items()},
        }
        words = ["run", str(flags.pop("take"))]
        words += [str(part) for name, value in flags.items() if value is not None for part in (name, value)]
        return main([*words, *more])

    def retarget(self, take: Path, *more: str) -> Path:
        """`facepatch retarget` of a take that must succeed. Returns its OUT."""
        out = self.out.with_name(f"OUT of {take.name}")
        assert main(["retarget", str(self.out), str(take), "--out", str(out), "--no-film", *more]) == 0
        return out

    def refusal(self, code: int, expected: int = 1) -> str:
        """The one sentence of a refusal, after which all results are as they were."""
        assert code == expected
        printed = self.capsys.readouterr().err
        assert "Traceback" not in printed
        (line,) = [line for line in printed.splitlines() if line.startswith("facepatch: ")]
        assert "where it should not" not in line
        now = self.contents()
        assert {name: now.get(name) for name in self.kept} == self.kept
        return line


@pytest.fixture
def desk(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Desk:
    return Desk(tiny, Path(shutil.copytree(tiny_run.out, tmp_path / "OUT")), capsys)


def refilmed(
    tiny: SimpleNamespace, path: Path, *, stamps: Any = None, prepare: Callable[[Any], None] = lambda stream: None,
    image: Callable[[np.ndarray], np.ndarray] = lambda image: image, pixels: str = "yuv420p",
    points: Callable[[np.ndarray], np.ndarray] = lambda points: points, options: dict[str, str] | None = None,
) -> Path:  # fmt: skip
    """The tiny take once more: with other time stamps (1/24 s), another stream, other pictures."""
    frames = [image(frame.image) for frame in open_film(tiny.film).frames()]
    with av.open(str(path), "w", options=options or {}) as container:
        stream: Any = container.add_stream("libx264", rate=Fraction(24))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        stream.options = {"crf": "12", "preset": "ultrafast", "threads": "1", "bf": "0"}
        prepare(stream)
        for index, pixels_of_frame in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels_of_frame), format="rgb24")
            frame = frame.reformat(format=pixels)
            frame.pts, frame.time_base = index if stamps is None else stamps[index], Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    np.save(tiny.beside(path), points(np.load(tiny.beside(tiny.film))))
    return path


# Films


def test_what_is_no_film(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("a shopping list\n" * 50)
    assert "notes.mp4: is not a film" in desk.refusal(desk.run(take=tmp_path / "notes.mp4"))
    assert "absent.mp4: no such film. Check the path." in desk.refusal(desk.run(take=tmp_path / "absent.mp4"))
    (tmp_path / "empty.mp4").touch()
    assert "the file is empty" in desk.refusal(desk.run(take=tmp_path / "empty.mp4"))


def test_a_film_without_pictures(desk: Desk, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "voice.mp4"), "w") as container:
        stream: Any = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert "has no pictures, only audio" in desk.refusal(desk.run(take=tmp_path / "voice.mp4"))


def test_a_film_without_frames(desk: Desk, tmp_path: Path) -> None:
    path = refilmed(desk.tiny, tmp_path / "none.mp4", options={"movflags": "+empty_moov+frag_keyframe"})
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"moof") - 4])
    assert "none.mp4: not one frame of it can be decoded" in desk.refusal(desk.run(take=path))


def test_a_film_cut_off_before_its_index(desk: Desk, tmp_path: Path) -> None:
    path = refilmed(desk.tiny, tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[:-800])
    assert "export or copy it again" in desk.refusal(desk.run(take=path))


def test_of_a_film_cut_off_later_the_rest_is_used_and_it_is_said(desk: Desk, tmp_path: Path) -> None:
    path = refilmed(desk.tiny, tmp_path / "cut.mp4", options={"movflags": "+faststart"})
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 2])
    out = desk.retarget(path)
    assert "cut.mp4: the film is cut off or damaged" in desk.capsys.readouterr().err, (
        "before the work, not after"
    )
    assert 4 < read_clip(out / "clip.npz").frame_count < 30
    warnings = json.loads((out / "report.json").read_text())["warnings"]
    assert any("cut.mp4: the film is cut off or damaged" in sentence for sentence in warnings)


def test_no_face_anywhere(desk: Desk, tmp_path: Path) -> None:
    """By the real detector."""
    with FilmWriter(tmp_path / "wall.mp4", rate=(24, 1)) as film:
        for _ in range(3):
            film.write(np.full((96, 128, 3), 128, np.uint8))
    sentence = desk.refusal(desk.run(take=tmp_path / "wall.mp4"))
    assert "wall.mp4: no face was found in any of its 3 frames. It must be seen from the front" in sentence


def test_a_face_lost_for_a_second_is_bridged_and_its_frames_are_listed(desk: Desk, tmp_path: Path) -> None:
    film = desk.tiny.write_film(tmp_path / "turned.mp4", frames=40, lost=slice(8, 32))
    out = desk.retarget(film)
    clip = read_clip(out / "clip.npz")
    assert clip.valid is not None
    assert np.flatnonzero(~clip.valid).tolist() == list(range(8, 32))
    assert np.isfinite(clip.weights).all()
    report = json.loads((out / "report.json").read_text())
    assert report["frames"]["no_face"]["count"] == 24
    assert report["frames"]["held"]["count"] == 7
    assert report["frames"]["eased"]["count"] == 17
    assert any(
        "the face is not found in 24 of 40 frames: 8-31" in sentence for sentence in report["warnings"]
    )


def test_of_two_faces_the_chosen_one_is_followed(desk: Desk, tmp_path: Path) -> None:
    tiny = desk.tiny
    film = refilmed(tiny, tmp_path / "two.mp4")
    one = np.load(tiny.beside(tiny.film))
    other = 0.6 * one + (60.0, 0.0)
    both = np.concatenate([other, one], axis=1)
    both[1::2] = both[1::2, ::-1]  # in no order
    np.save(tiny.beside(film), both)
    words = ["landmarks", str(film), "--preset", str(tiny.preset), "--out"]
    for choice, wanted in (("largest", one), ("left", one), ("right", other), ("90,20", other)):
        assert main([*words, str(tmp_path / choice), "--set", f"landmarks.face={choice}"]) == 0
        points = read_landmark_track(tmp_path / choice / "landmarks.npz").points
        np.testing.assert_allclose(points, wanted[:, 0], atol=0.5)
    code = main([*words, str(tmp_path / "x"), "--set", "landmarks.face=prettiest"])
    assert "prettiest" in desk.refusal(code, 2)


def test_a_phone_film_on_its_side_gives_the_same_clip(
    desk: Desk, tiny_run: SimpleNamespace, tmp_path: Path
) -> None:
    film = refilmed(
        desk.tiny, tmp_path / "phone.mp4", image=lambda image: np.rot90(image, 1),
        prepare=lambda stream: stream.set_display_rotation(-90),
    )  # fmt: skip
    assert open_film(film).rotation == 90
    clip = read_clip(desk.retarget(film) / "clip.npz")
    away = np.abs(clip.weights - tiny_run.clip.weights).max()
    assert away < 0.1 * np.ptp(tiny_run.clip.weights)


def test_a_variable_rate_becomes_a_clip_at_a_constant_one(desk: Desk, tmp_path: Path) -> None:
    stamps = [*range(16), *range(17, 45, 2)]
    film = refilmed(desk.tiny, tmp_path / "phone.mp4", stamps=stamps)
    assert open_film(film).variable_rate
    clip = read_clip(desk.retarget(film) / "clip.npz")
    assert clip.rate == (24, 1)
    assert clip.frame_count == stamps[-1] + 1
    np.testing.assert_allclose(clip.times, np.arange(clip.frame_count) / 24)


def test_a_grey_film_is_as_good_as_any(desk: Desk, tmp_path: Path) -> None:
    clip = read_clip(desk.retarget(refilmed(desk.tiny, tmp_path / "grey.mp4", pixels="gray")) / "clip.npz")
    assert clip.frame_count == 30
    assert clip.weights.std(0).max() > 0


def test_a_film_smaller_than_a_patch_is_used_and_it_is_said(desk: Desk, tmp_path: Path) -> None:
    film = refilmed(
        desk.tiny,
        tmp_path / "stamp.mp4",
        image=lambda image: cv2.resize(image, (24, 24)),
        points=lambda p: p / 4,
    )
    out = desk.retarget(film)
    assert read_clip(out / "clip.npz").frame_count == 30
    warnings = json.loads((out / "report.json").read_text())["warnings"]
    assert any("pixels high, less than a patch" in sentence for sentence in warnings)


# Characters


@pytest.fixture
def hero(tiny: SimpleNamespace) -> Character:
    return read_character_record(tiny.hero)


def test_a_character_without_shapes(desk: Desk, hero: Character, tmp_path: Path) -> None:
    bare = replace(hero, shape_names=(), deltas=np.zeros((0, len(hero.neutral), 3), np.float32))
    write_character(tmp_path / "bare.npz", bare)
    sentence = desk.refusal(main(["character", str(tmp_path / "bare.npz"), "--out", str(tmp_path / "OUT2")]))
    assert "bare.npz: has neither shapes nor motion to find its lids and lips by. Give its motion" in sentence
    for picks in (desk.tiny.hero_picks, None):
        sentence = desk.refusal(desk.run(character=tmp_path / "bare.npz", picks=picks))
        assert "has no blendshapes, but the motion motion.npz needs them" in sentence


def test_a_character_with_nan(desk: Desk, tmp_path: Path) -> None:
    lines = [f"v {x} {y} {z}" for x, y, z in ((0, 0, 0), (10, 0, 0), ("nan", 10, 0))]
    (tmp_path / "hero.obj").write_text("\n".join([*lines, "f 1 2 3"]))
    sentence = desk.refusal(desk.run(character=tmp_path / "hero.obj"))
    assert "1 of 3 vertices are not finite numbers: 2" in sentence
    assert "export again" in sentence


def test_unreferenced_vertices_and_zero_area_faces_are_no_reason_to_refuse(
    desk: Desk, hero: Character, tmp_path: Path
) -> None:
    neutral = np.concatenate([hero.neutral, [[0.0, 30.0, 0.0]]]).astype(np.float32)
    deltas = np.concatenate([hero.deltas, np.zeros((len(hero.deltas), 1, 3), np.float32)], axis=1)
    topology = Topology(
        len(neutral),
        np.append(hero.topology.polygon_counts, 3),
        np.append(hero.topology.polygon_vertices, [5, 5, 6]),
    )
    odd = replace(
        hero, neutral=neutral, deltas=deltas, topology=topology, meshes=(),
        polygon_part=np.append(hero.polygon_part, 0).astype(np.int32),
    )  # fmt: skip
    write_character(tmp_path / "odd.npz", odd)
    picks = json.loads(desk.tiny.hero_picks.read_text())
    del picks["topology_id"]
    picks["vertex_count"] += 1
    (tmp_path / "odd.json").write_text(json.dumps(picks))
    words = ["--picks", str(tmp_path / "odd.json"), "--out", str(tmp_path / "odd")]
    assert main(["character", str(tmp_path / "odd.npz"), *words]) == 0
    image = cv2.imread(str(tmp_path / "odd" / "shapes.png"))
    assert image is not None
    assert image.std() > 10


def test_a_motion_of_another_mesh(desk: Desk, tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", vertices=np.random.default_rng(0).random((4, 12, 3)).astype(np.float32))
    sentence = desk.refusal(desk.run(motion=tmp_path / "other.npz"))
    assert "12 vertices" in sentence


def test_picks_of_another_mesh(desk: Desk, tmp_path: Path) -> None:
    picks = json.loads(desk.tiny.hero_picks.read_text())
    (tmp_path / "other.json").write_text(json.dumps({**picks, "vertex_count": 12, "topology_id": "0"}))
    assert "12" in desk.refusal(desk.run(picks=tmp_path / "other.json"))


# Motion


def live_link(path: Path, rows: int, columns: tuple[str, ...] = ARKIT_NAMES, faces: bool = True) -> Path:
    with path.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["Timecode", "BlendShapeCount", *columns])
        for row in range(rows):
            values = [f"{0.5 + 0.5 * np.sin(row + i):.4f}" for i in range(len(columns))] if faces else []
            table.writerow([f"10:00:00:{row:02d}.000", len(columns), *values])
    return path


def test_a_csv_that_lacks_its_columns(desk: Desk, tmp_path: Path) -> None:
    path = live_link(tmp_path / "take.csv", 5, columns=ARKIT_NAMES[:4])
    sentence = desk.refusal(desk.run(motion=path))
    assert "only 4 of the 52 ARKit columns are there" in sentence
    assert "Give the CSV that Live Link Face writes" in sentence


def test_a_csv_without_a_valid_row(desk: Desk, tmp_path: Path) -> None:
    sentence = desk.refusal(desk.run(motion=live_link(tmp_path / "take.csv", 5, faces=False)))
    assert "none of its 5 rows has values in all 52 weight columns" in sentence
    assert "Record the take again" in sentence


def test_a_motion_that_is_none(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "take.fbx").write_bytes(b"Kaydara")
    assert "take.fbx: is no motion that can be read. Give a Live Link Face .csv" in desk.refusal(
        desk.run(motion=tmp_path / "take.fbx")
    )
    assert "gone.csv: no such file" in desk.refusal(desk.run(motion=tmp_path / "gone.csv"))


def test_a_motion_that_never_moves_at_all_is_refused_before_the_film_is_looked_at(
    desk: Desk, tmp_path: Path
) -> None:
    with np.load(desk.tiny.motion) as stored:
        np.savez(tmp_path / "still.npz", names=stored["names"], weights=0 * stored["weights"])
    sentence = desk.refusal(desk.run(motion=tmp_path / "still.npz", out=tmp_path / "OUT2"))
    assert "the motion never moves the mesh: its 30 frames differ by" in sentence
    assert "Give a motion that opens the mouth" in sentence
    assert not list((tmp_path / "OUT2" / "stages").glob("landmarks-*"))


def test_a_motion_that_never_moves_a_region_is_told_and_listed_in_the_report(
    desk: Desk, tmp_path: Path
) -> None:
    with np.load(desk.tiny.motion) as stored:
        weights = stored["weights"].copy()
        weights[:, [name.startswith(("eye", "brow", "cheek")) for name in stored["names"]]] = 0.0
        np.savez(tmp_path / "jaw.npz", names=stored["names"], weights=weights)
    few = ["--no-film", "--set", "reenactment.loop.iterations=1", "weights.loop.iterations=1"]
    assert desk.run(*few, motion=tmp_path / "jaw.npz", out=tmp_path / "OUT2") == 0
    sentence = "The character's motion never moves"
    assert f"{sentence} eye_open_l" in desk.capsys.readouterr().err
    warnings = json.loads((tmp_path / "OUT2" / "report.json").read_text())["warnings"]
    assert any(f"{sentence} left eye opening" in warning for warning in warnings)


# Disks and folders


def test_a_full_disk_and_the_same_command_when_there_is_room_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    words = ["--no-film", "--set", "retarget.calibration=mean"]
    room = os.fsync
    monkeypatch.setattr(os, "fsync", full)
    sentence = desk.refusal(desk.run(*words))
    assert "the disk is full. Free some space and run the same command again: it goes on." in sentence
    monkeypatch.setattr(os, "fsync", room)
    assert desk.run(*words) == 0
    assert (desk.out / "clip.npz").read_bytes() != desk.kept["clip.npz"]


def test_an_out_that_cannot_be_written(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for place in ("file", "file/OUT"):
        sentence = desk.refusal(desk.run(out=tmp_path / place))
        assert f"{tmp_path / place}: cannot be written" in sentence
        assert "Choose another --out" in sentence
    assert (tmp_path / "file").read_text() == "in the way"


def test_an_out_of_another_version(desk: Desk) -> None:
    (desk.out / STAMP).write_text(json.dumps({"record": "facepatch.out", "layout": LAYOUT + 1}))
    desk.kept = desk.contents()
    sentence = desk.refusal(desk.run())
    assert (
        f"with folder layout {LAYOUT + 1}; this one writes layout {LAYOUT}. Nothing was touched" in sentence
    )
    assert desk.contents() == desk.kept


def test_models_that_are_none(desk: Desk, tmp_path: Path) -> None:
    words = ["retarget", str(tmp_path), str(desk.tiny.film), "--out", str(tmp_path / "OUT2")]
    assert "holds no trained models. Give the --out folder of a finished facepatch run" in desk.refusal(
        main(words)
    )
    assert not (tmp_path / "OUT2").exists()


def test_a_clip_and_a_character_that_do_not_belong_together(
    desk: Desk, hero: Character, tmp_path: Path
) -> None:
    from facepatch.core.data.clip import write_clip

    write_clip(tmp_path / "clip.npz", Clip(("a", "b"), np.zeros((3, 2), np.float32), (24, 1)))
    words = [
        "render",
        str(tmp_path / "clip.npz"),
        "--character",
        str(desk.tiny.hero),
        "--out",
        str(tmp_path / "o"),
    ]
    assert f"2 weights per frame for {len(hero.shape_names)} shapes" in desk.refusal(main(words))


# What was asked for


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--preset", "preveiw"], "preset: there is no 'preveiw'. Nearest: preview"),
        (["--preset", "gone.toml"], "gone.toml: cannot be read"),
        (["--set", "retarget.smoothng=2"], "unknown key 'smoothng'. Did you mean 'smoothing'?"),
        (["--set", "retarget.smoothing=soft"], "retarget.smoothing: needs a number, got 'soft'"),
        (["--set", "patches.size=33"], "patches.size: 33 is not a multiple of 16"),
        (["--set", "smoothing"], "--set: 'smoothing' lacks its value"),
        (["--rate", "23.976"], "--rate: '23.976' is no frame rate. Give 24, 25 or 24000/1001."),
    ],
)
def test_a_wrong_setting_is_a_usage_error_with_the_nearest_name(
    words: list[str], sentence: str, desk: Desk
) -> None:
    assert sentence in desk.refusal(desk.run(*words), 2)


def test_with_json_a_refusal_is_an_object(desk: Desk, tmp_path: Path) -> None:
    assert desk.run("--json", take=tmp_path / "absent.mp4") == 1
    (event,) = [json.loads(line) for line in desk.capsys.readouterr().out.splitlines()]
    assert event["event"] == "error"
    assert event["code"] == "input"
    assert "absent.mp4: no such film" in event["message"]
