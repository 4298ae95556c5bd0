"""core.capture: a scene becomes a character in head space, and its shapes find the way back to the scene."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.capture import Capture, axes_from_scene, capture, read_capture, shapes_for_host
from facepatch.core.data.mesh import Topology
from facepatch.core.data.pca import Pca
from facepatch.core.errors import (
    ConfigError,
    FormatError,
    InputError,
    JobCancelledError,
    NodeNotFoundError,
    ShapeError,
    StorageError,
    TopologyError,
    VersionError,
)
from facepatch.core.headless import HeadlessHost
from facepatch.core.headless_scene import HeadlessBlendShape, HeadlessMesh
from facepatch.core.host import Control, Curve, SceneInfo
from facepatch.core.pose import rotations_from_euler
from facepatch.core.progress import Progress
from facepatch.readers.character import read_character
from facepatch.readers.motion import read_motion

RANDOM = np.random.default_rng(4)
FRAMES = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]

# A face of 12 vertices and two eyes of 6, in head space: the left eye at +X.
FACE = RANDOM.normal(size=(12, 3)).astype(np.float32) * 4 + np.float32([0, 150, 2])
BALL = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float32)
EYES = {"eye_L": np.float32([3, 152, 5]), "eye_R": np.float32([-3, 152, 5])}
FACE_POLYGONS = Topology(12, np.full(4, 3, np.int32), np.arange(12, dtype=np.int32))
BALL_POLYGONS = Topology(
    6,
    np.full(8, 3, np.int32),
    np.int32([2, 4, 0, 2, 0, 5, 2, 5, 1, 2, 1, 4, 3, 0, 4, 3, 5, 0, 3, 1, 5, 3, 4, 1]),
)
SMILE = RANDOM.normal(size=(12, 3)).astype(np.float32)
WEIGHTS = np.array([0.0, 0.5, 1.0, -0.5, 0.25, 2.0])


def smiling(frame: float) -> Any:
    """The face in head space at a scene frame."""
    return FACE + SMILE * np.float32(np.interp(frame, FRAMES, WEIGHTS))


def head_at(frame: float) -> Any:
    """A head that walks, nods and is scaled, in a scene that is Y up."""
    out = np.eye(4)
    turn = rotations_from_euler(np.array([[0.02 * (frame - 1), 0.1 * (frame - 1), 0.0]]))[0]
    out[:3, :3] = turn * 1.7
    out[:3, 3] = [3.0 * (frame - 1) + 2, 148.0, 1.0]
    return out


def rigid(matrix: Any) -> Any:
    out = matrix.copy()
    out[:3, :3] /= np.linalg.det(matrix[:3, :3]) ** (1 / 3)
    return out


def moved(matrix: Any, points: Any) -> Any:
    return points @ matrix[:3, :3].T + matrix[:3, 3]


# How a mesh may hang in the scene: its own matrix has a turn and a scale.
PLACE = np.array([[0, 0, 2.0, 5], [0, 2.0, 0, -3], [-2.0, 0, 0, 1], [0, 0, 0, 1]])


def scene(up_axis: str = "y", facing: str = "+z", unit: float = 1.0, moving: bool = True) -> HeadlessHost:
    """The head in a scene with other axes; `head` moves with the skull."""
    world_from_head = np.eye(4)
    world_from_head[:3, :3] = axes_from_scene(facing, up_axis).T
    start = rigid(head_at(1.0))

    def node(frame: float) -> Any:
        return world_from_head @ (head_at(frame) if moving else head_at(1.0))

    def carried(frame: float) -> Any:
        """(4, 4) world from the head space of the neutral."""
        now = rigid(head_at(frame) if moving else head_at(1.0))
        return world_from_head @ now @ np.linalg.inv(start)

    def mesh(name: str, shape: Callable[[float], Any], topology: Topology) -> HeadlessMesh:
        # The face is skinned: its transform stands still and its points walk.
        def deform(frame: float, controls: Any) -> Any:
            return moved(np.linalg.inv(PLACE) @ carried(frame), shape(frame))

        return HeadlessMesh(name, deform(1.0, {}), topology, PLACE, deform=deform)

    def eye(name: str) -> HeadlessMesh:
        # The eyes hang under the head.
        own = np.eye(4)
        own[:3, 3] = EYES[name]
        below = np.linalg.inv(node(1.0)) @ carried(1.0) @ own
        return HeadlessMesh(name, BALL, BALL_POLYGONS, below, parent="head")

    return HeadlessHost(
        [mesh("|rig|face", smiling, FACE_POLYGONS), eye("eye_L"), eye("eye_R")],
        info=SceneInfo("/shots/hero.ma", 1.0, 6.0, 3.0, (24, 1), "z" if up_axis == "z" else "y", unit),
        nodes={"head": node},
        controls=(Control("rig.jaw", 0.5, 0.0, 0.0, 1.0, False, False, "scalar"),),
    )


MESHES = ["|rig|face", "eye_L", "eye_R"]
NEUTRAL = np.concatenate([FACE, BALL + EYES["eye_L"], BALL + EYES["eye_R"]])


@pytest.mark.parametrize(
    ("up_axis", "facing"), [("y", "+z"), ("y", "-z"), ("y", "+x"), ("z", "-y"), ("z", "+y"), ("z", "-x")]
)
@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_every_scene_becomes_the_same_head(tmp_path: Path, up_axis: str, facing: str, unit: float) -> None:
    """Y up, face along +Z, cm, rigid motion gone, whatever the scene's axes, units and walking head."""
    done = capture(scene(up_axis, facing, unit), MESHES, FRAMES, tmp_path, head="head", facing=facing)
    motion = np.load(done.motion_path)
    assert motion.dtype == np.float32
    assert motion.shape == (6, 24, 3)
    wanted = np.stack([np.concatenate([smiling(f), NEUTRAL[12:]]) for f in FRAMES])
    np.testing.assert_allclose(motion, wanted, atol=1e-3)
    np.testing.assert_allclose(done.character().neutral, NEUTRAL, atol=1e-3)


def test_without_a_head_the_motion_of_the_head_stays(tmp_path: Path) -> None:
    done = capture(scene(), MESHES, FRAMES, tmp_path)
    motion = np.load(done.motion_path)
    assert np.abs(motion[5, 12:] - NEUTRAL[12:]).max() > 10.0


def test_the_backend_reads_what_was_captured(tmp_path: Path) -> None:
    done = capture(scene("z", "-y", 100.0), MESHES, FRAMES, tmp_path / "hero", head="head", facing="-y")
    character = read_character(done.character_path)
    assert character.name == "hero"
    assert [mesh.name for mesh in character.meshes] == ["face", "eye_L", "eye_R"]
    assert [part.kind for part in character.parts] == ["skin", "eye", "eye"]
    assert character.topology.topology_id == done.topology_id
    assert character.polygon_part.tolist() == [0] * 4 + [1] * 8 + [2] * 8
    motion: Any = read_motion(done.motion_path, character, rate=done.rate)
    np.testing.assert_array_equal(motion.vertices, np.load(done.motion_path))
    assert motion.rate == (24, 1)


def test_what_was_captured_is_read_back(tmp_path: Path) -> None:
    done = capture(scene(), MESHES, FRAMES, tmp_path, head="head", controls=["rig"])
    found = read_capture(tmp_path)
    assert found == done
    assert [(m.name, m.vertex_start, m.vertex_stop) for m in found.meshes] == [
        ("|rig|face", 0, 12),
        ("eye_L", 12, 18),
        ("eye_R", 18, 24),
    ]
    assert (found.host, found.scene, found.frames) == ("headless", "/shots/hero.ma", tuple(FRAMES))
    assert (found.controls[0].name, found.controls[0].maximum) == ("rig.jaw", 1.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["capture.json", "character.npz", "motion.npy"]


def test_the_document_shows_what_is_written(tmp_path: Path, root: Path) -> None:
    capture(scene(), MESHES, FRAMES, tmp_path)
    written = json.loads((tmp_path / "capture.json").read_text())
    text = (root / "docs" / "data.md").read_text(encoding="utf-8")
    shown = json.loads(
        next(block for block in text.split("```") if "facepatch.capture" in block and "{" in block)[5:]
    )
    assert list(shown) == list(written)
    assert list(shown["meshes"][0]) == list(written["meshes"][0])


@pytest.mark.parametrize(
    ("frames", "rate"),
    [(FRAMES, (24, 1)), ([1.0, 3.0, 5.0], (12, 1)), ([1.0, 1.4, 1.8], (60, 1)), ([1.0, 2.0, 5.0], (24, 1))],
)
def test_the_rate_follows_the_step(tmp_path: Path, frames: list[float], rate: tuple[int, int]) -> None:
    assert capture(scene(), ["eye_L"], frames, tmp_path).rate == rate


def test_a_rate_that_is_given_is_kept(tmp_path: Path) -> None:
    assert capture(scene(), ["eye_L"], FRAMES, tmp_path, rate=(30000, 1001)).rate == (30000, 1001)


def test_the_neutral_may_lie_outside_the_range(tmp_path: Path) -> None:
    done = capture(scene(), MESHES, [3.0, 4.0], tmp_path, head="head", neutral_frame=1.0)
    np.testing.assert_allclose(done.character().neutral, NEUTRAL, atol=1e-3)
    assert np.load(done.motion_path).shape == (2, 24, 3)
    np.testing.assert_allclose(np.load(done.motion_path)[0, :12], smiling(3.0), atol=1e-3)


def test_time_is_passed_once(tmp_path: Path) -> None:
    asked: list[list[float]] = []

    class Counting(HeadlessHost):
        def read_motion(self, meshes: Any, frames: Any, *, head: str = "") -> Any:
            asked.append(list(frames))
            return super().read_motion(meshes, frames, head=head)

    host = Counting([HeadlessMesh("ball", BALL, BALL_POLYGONS)])
    capture(host, ["ball"], FRAMES, tmp_path)
    assert asked == [FRAMES]


def test_blendshapes_of_several_meshes_become_the_shapes_of_one_character(tmp_path: Path) -> None:
    turn = np.eye(4)
    turn[:3, :3] = rotations_from_euler(np.array([[0.0, 0.5, 0.0]]))[0] * 2
    deltas = RANDOM.normal(size=(2, 6, 3)).astype(np.float32)
    host = HeadlessHost(
        [HeadlessMesh("a", BALL, BALL_POLYGONS, turn), HeadlessMesh("b", BALL, BALL_POLYGONS)],
        blendshapes=(
            HeadlessBlendShape("shapes_a", "a", ("blink", "smile"), deltas),
            HeadlessBlendShape("shapes_b", "b", ("smile", "squint"), deltas * 2),
        ),
    )
    host.write_curves({"shapes_a.smile": Curve(np.array([1.0, 2.0]), np.array([0.0, 1.0]))})
    done = capture(host, ["a", "b"], [1.0, 2.0], tmp_path)
    character = done.character()
    assert character.shape_names == ("blink", "smile", "squint")
    weights = np.float32([[0, 1, 0]])
    motion = np.load(done.motion_path)
    np.testing.assert_allclose(character.vertices(weights)[0, :6], motion[1, :6], atol=1e-5)
    np.testing.assert_allclose(character.deltas[1, 6:], deltas[0] * 2, atol=1e-6)


# ---------------------------------------------------------------------------------------------- back to the host


def space(done: Capture) -> Pca:
    """The plane through the captured shapes."""
    motion = np.load(done.motion_path).reshape(6, -1)
    mean = motion.mean(axis=0)
    basis = np.linalg.svd(motion - mean, full_matrices=False)[2][:2]
    return Pca(mean, basis, np.ones(2), 2.0)


@pytest.mark.parametrize("duplicate", [True, False])
def test_shapes_go_back_onto_the_meshes_of_the_scene(tmp_path: Path, duplicate: bool) -> None:
    host = scene("z", "-y", 100.0, moving=False)
    done = capture(host, MESHES, FRAMES, tmp_path, head="head", facing="-y")
    pca = space(done)
    weights = pca.weights(np.load(done.motion_path))
    assert np.ptp(weights[:, 0]) > 1.0
    if not duplicate:
        host = scene("z", "-y", 100.0, moving=False)
        host.go_to(1.0)
        meshes = {n: replace(m, deform=None) for n, m in host._scene.meshes.items()}
        host._scene.meshes = meshes
    built = host.build_blendshape(MESHES, shapes_for_host(done, pca), duplicate=duplicate)
    frames = np.asarray(FRAMES)
    host.write_curves({n: Curve(frames, weights[:, k].astype(float)) for k, n in enumerate(built.weights)})
    found = list(host.read_motion(built.meshes, FRAMES))
    wanted = list(scene("z", "-y", 100.0, moving=False).read_motion(MESHES, FRAMES))
    for one, two in zip(found, wanted, strict=True):
        for a, b in zip(one.points, two.points, strict=True):
            np.testing.assert_allclose(a, b, atol=2e-3)


def test_shapes_of_another_character_are_refused(tmp_path: Path) -> None:
    done = capture(scene(), ["eye_L"], FRAMES, tmp_path)
    other = Pca(np.zeros(72, np.float32), np.eye(72, dtype=np.float32)[:2], np.ones(2), 2.0)
    with pytest.raises(TopologyError, match=r"has 24 vertices, but the capture in .* has 6"):
        shapes_for_host(done, other)


# ------------------------------------------------------------------------------------------- whole or not at all


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def cancelling(progress: Progress) -> None:
    if progress.done >= 1:
        raise JobCancelledError("stop")


def test_a_cancelled_capture_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(JobCancelledError):
        capture(scene(), MESHES, FRAMES, tmp_path / "deep" / "new", on_progress=cancelling)
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_capture_leaves_the_old_one(tmp_path: Path) -> None:
    capture(scene(), ["eye_L"], FRAMES, tmp_path)
    (tmp_path / "picks.json").write_text("{}")
    before = contents(tmp_path)
    with pytest.raises(JobCancelledError):
        capture(scene(), MESHES, FRAMES, tmp_path, on_progress=cancelling)
    assert contents(tmp_path) == before


def test_a_new_capture_replaces_the_old_one(tmp_path: Path) -> None:
    capture(scene(), ["eye_L"], FRAMES, tmp_path)
    capture(scene(), MESHES, FRAMES, tmp_path)
    assert read_capture(tmp_path).character().neutral.shape == (24, 3)


def test_the_scene_is_as_before_after_an_error(tmp_path: Path) -> None:
    closed: list[bool] = []

    class Watched(HeadlessHost):
        def read_motion(self, meshes: Any, frames: Any, *, head: str = "") -> Any:
            try:
                yield from super().read_motion(meshes, frames, head=head)
            finally:
                closed.append(True)

    host = Watched([HeadlessMesh("ball", BALL, BALL_POLYGONS)])
    with pytest.raises(JobCancelledError):
        capture(host, ["ball"], FRAMES, tmp_path, on_progress=cancelling)
    assert closed == [True]


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="the disk is full"):
        capture(scene(), MESHES, FRAMES, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("meshes", "frames", "sentence"),
    [
        ([], FRAMES, "no mesh was given"),
        (["eye_L", "eye_L"], FRAMES, "given twice"),
        (["eye_L"], [], "range is empty"),
    ],
)
def test_nothing_to_capture_is_refused(tmp_path: Path, meshes: Any, frames: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        capture(scene(), meshes, frames, tmp_path)


def test_unknown_nodes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NodeNotFoundError, match=r"there is no 'eye'. Nearest: eye_R, eye_L"):
        capture(scene(), ["eye"], FRAMES, tmp_path / "new")
    with pytest.raises(NodeNotFoundError, match=r"there is no 'haed'. Nearest: head"):
        capture(scene(), MESHES, FRAMES, tmp_path / "new", head="haed")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("facing", "sentence"), [("up", "'up' is no axis"), ("+y", "y is up in this scene. Give one of")]
)
def test_a_face_that_looks_nowhere_is_refused(tmp_path: Path, facing: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        capture(scene(), MESHES, FRAMES, tmp_path, facing=facing)


def broken(kind: Callable[[float], Any]) -> HeadlessHost:
    return HeadlessHost([HeadlessMesh("ball", BALL, BALL_POLYGONS, deform=lambda f, c: kind(f))])


def test_a_mesh_that_changes_is_refused(tmp_path: Path) -> None:
    host = broken(lambda frame: BALL if frame < 4 else BALL[:5])
    with pytest.raises(TopologyError, match="ball: has 5 vertices at frame 4"):
        capture(host, ["ball"], FRAMES, tmp_path)


def test_a_vertex_that_is_no_number_is_refused(tmp_path: Path) -> None:
    host = broken(lambda frame: BALL if frame < 4 else BALL * np.float32(np.nan))
    with pytest.raises(ShapeError, match="not a finite number at frame 4"):
        capture(host, ["ball"], FRAMES, tmp_path)


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"record": "facepatch.picks"}, FormatError, "holds 'facepatch.picks'"),
        ({"version": 99}, VersionError, "is version 99"),
        ({"frames": "all"}, FormatError, "frames: needs a list"),
        ({"colour": 1}, FormatError, "unknown key 'colour'"),
    ],
)
def test_a_note_that_is_none_is_refused(tmp_path: Path, change: Any, error: Any, sentence: str) -> None:
    capture(scene(), ["eye_L"], FRAMES, tmp_path)
    path = tmp_path / "capture.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(error, match=sentence):
        read_capture(tmp_path)


def test_a_folder_without_a_whole_capture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"capture.json: no such file"):
        read_capture(tmp_path)
    done = capture(scene(), ["eye_L"], FRAMES, tmp_path)
    done.motion_path.unlink()
    with pytest.raises(InputError, match=r"motion.npy: is missing from the capture"):
        read_capture(tmp_path)
    (tmp_path / "capture.json").write_text("[")
    with pytest.raises(FormatError, match=r"is no facepatch\.capture"):
        read_capture(tmp_path)
