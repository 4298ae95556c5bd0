"""facepatch_maya.steps, targets, live_session and progress_window, with a service in this process."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fakeservice
from facepatch.core.client import Client
from facepatch.core.data.capture import read_capture
from facepatch.core.data.clip import Clip, write_clip
from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.errors import (
    CheckpointError,
    FormatError,
    InputError,
    JobCancelledError,
    NodeNotFoundError,
    TopologyError,
)
from facepatch.core.host import BuiltBlendShape
from facepatch.core.progress import Progress
from facepatch.core.protocol import encode, messages
from facepatch.core.vertex_picks import read_vertex_picks

POINTS = np.array([[x, y, 0.1 * x * y] for y in range(8) for x in range(8)], np.float32)
CORNERS = [
    v for y in range(7) for x in range(7) for v in (8 * y + x, 8 * y + x + 1, 8 * y + x + 9, 8 * y + x + 8)
]
FRAMES = [float(frame) for frame in range(1, 13)]


def moved(frame: float) -> np.ndarray:
    """A mesh that moves in three ways."""
    points = POINTS.copy()
    points[:32, 2] += np.sin(frame)
    points[16:48, 1] += 0.5 * np.cos(0.7 * frame)
    points[32:, 0] += 0.3 * np.sin(1.3 * frame)
    return points


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> fakeservice.Service:
    made = fakeservice.Service()
    made.work.update(character=fakeservice.character, train=fakeservice.train, retarget=fakeservice.retarget)
    monkeypatch.setattr(Client, "open", made.open)
    return made


@pytest.fixture
def scene(maya: Any, service: fakeservice.Service, tmp_path: Path) -> Any:
    """.face, .steps, .cmds, .out of a scene with one animated mesh."""
    from maya import cmds

    from facepatch_maya import steps

    face = maya.add_mesh("face", POINTS, [4] * 49, CORNERS, animate=moved)
    cmds.currentUnit(time="film")
    cmds.playbackOptions(minTime=1, maxTime=12)
    take = tmp_path / "take.mp4"
    take.write_bytes(b"film")
    return SimpleNamespace(maya=maya, face=face, steps=steps, cmds=cmds, out=tmp_path, take=take)


@pytest.fixture
def built(scene: Any) -> Any:
    """The scene with a captured and trained character: .folder, .trained, .built, .clip."""
    scene.folder = scene.out / "hero"
    scene.steps.capture_character([scene.face], scene.folder)
    scene.trained = scene.steps.train(scene.folder, scene.take, out=scene.out / "trained")
    scene.built = scene.steps.build(scene.trained, scene.folder)
    scene.clip = scene.steps.retarget(scene.trained, scene.take, out=scene.out / "010")
    return scene


def shown(scene: Any, mesh: str, frame: float) -> np.ndarray:
    """World vertices of a mesh at a frame."""
    from facepatch_maya.host import MayaHost

    with_frames = MayaHost().read_motion([mesh], [frame])
    return next(iter(with_frames)).points[0]


# ------------------------------------------------------------------------------------------------- the whole way


def test_the_steps_lead_from_a_mesh_to_keys_that_show_the_clip(built: Any) -> None:
    applied = built.steps.bake(built.clip, built.built, start_frame=101)
    clip = fakeservice.the_clip(built.out / "010")
    assert applied.attributes == built.built.weights
    assert (applied.keys, applied.left_alone) == (12 * 3, ())
    wanted = clip.pca.vertices(clip.weights)
    for row in (0, 5, 11):
        np.testing.assert_allclose(shown(built, built.built.meshes[0], 101 + row), wanted[row], atol=2e-5)


def test_without_a_start_frame_the_clip_begins_with_the_playback_range(built: Any) -> None:
    built.cmds.playbackOptions(minTime=41)
    built.steps.bake(built.clip.parent, built.built)
    keys = built.cmds.keyframe(built.built.weights[0], query=True, timeChange=True)
    assert (keys[0], len(keys)) == (41, 12)


def test_capture_takes_the_whole_frames_of_the_playback_range_and_the_scenes_landmarks(scene: Any) -> None:
    from facepatch_maya.host import MayaHost

    MayaHost().save_landmarks(scene.face, {"chin": 5, "eye_l_outer": 40})
    found = scene.steps.capture_character([scene.face], scene.out / "hero", neutral_frame=3)
    assert found.frames == tuple(FRAMES)
    assert found.neutral_frame == 3
    np.testing.assert_allclose(np.load(found.motion_path)[4], moved(5), atol=1e-5)
    picks = read_vertex_picks(scene.out / "hero" / "picks.json")
    assert picks.landmarks == {"chin": 5, "eye_l_outer": 40}
    assert picks.topology_id == found.character().topology.topology_id


def test_a_capture_that_is_stopped_leaves_nothing(scene: Any) -> None:
    def stop(progress: Progress) -> None:
        raise JobCancelledError("Escape.")

    with pytest.raises(JobCancelledError):
        scene.steps.capture_character([scene.face], scene.out / "hero", on_progress=stop)
    assert not (scene.out / "hero").exists()


def test_proposals_are_kept_in_the_scene_beside_what_is_picked(
    scene: Any, service: fakeservice.Service
) -> None:
    from facepatch_maya.host import MayaHost

    MayaHost().save_landmarks(scene.face, {"chin": 50})
    scene.steps.capture_character([scene.face], scene.out / "hero")
    result = scene.steps.propose_landmarks(scene.out / "hero")
    (asked,) = service.jobs("character")
    assert asked["picks"] == str(scene.out / "hero" / "picks.json")
    assert asked["out"] == str(scene.out / "hero" / "landmarks")
    new = scene.steps.keep_landmarks(scene.out / "hero", Path(result["landmarks"]))
    kept = MayaHost().load_landmarks(scene.face)
    assert new == len(LANDMARK_NAMES) - 1
    assert kept["chin"] == 50
    assert len(kept) == len(LANDMARK_NAMES)
    # What stands there already is replaced where that is asked for.
    Path(result["landmarks"]).write_text(
        Path(result["landmarks"]).read_text(encoding="utf-8").replace('"chin": 50', '"chin": 51'),
        encoding="utf-8",
    )
    scene.steps.keep_landmarks(scene.out / "hero", Path(result["landmarks"]), replace=True)
    assert MayaHost().load_landmarks(scene.face)["chin"] == 51


def test_a_job_gets_all_that_it_needs_as_whole_paths(built: Any, service: fakeservice.Service) -> None:
    (asked,) = service.jobs("train")
    assert asked == {
        "character": str(built.folder / "character.npz"), "motion": [str(built.folder / "motion.npy")], "picks": "",
        "take": str(built.take), "preset": "preview", "settings": {}, "out": str(built.trained),
    }  # fmt: skip
    (asked,) = service.jobs("retarget")
    assert asked == {
        "trained": str(built.trained), "take": str(built.take), "settings": {}, "rate": "", "no_film": False,
        "out": str(built.out / "010"),
    }  # fmt: skip


def test_a_failing_job_raises_what_the_service_says(built: Any) -> None:
    bad = built.out / "bad.mp4"
    bad.write_bytes(b"")
    with pytest.raises(InputError, match="no face was found"):
        built.steps.retarget(built.trained, bad, out=built.out / "bad")


def test_escape_cancels_the_job(built: Any, service: fakeservice.Service) -> None:
    del service.work["retarget"]

    def stop(progress: Progress) -> None:
        raise JobCancelledError("Escape.")

    with pytest.raises(JobCancelledError, match="Escape"):
        built.steps.retarget(built.trained, built.take, out=built.out / "x", on_progress=stop)
    assert service.types()[-1] == "cancel"


@pytest.mark.parametrize(
    ("step", "match"),
    [
        (lambda s: s.steps.train(s.out, s.take, out=s.out), "holds no captured character"),
        (lambda s: s.steps.retarget(s.out / "none", s.take, out=s.out), "models: .*none does not exist"),
        (lambda s: s.steps.retarget(s.out, s.out / "none.mp4", out=s.out), "take: .* does not exist"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_sent(
    scene: Any, service: fakeservice.Service, step: Any, match: str
) -> None:
    with pytest.raises(InputError, match=match):
        step(scene)
    assert not {"train", "retarget"} & set(service.types())


def test_picks_that_are_named_must_be_there(built: Any) -> None:
    with pytest.raises(InputError, match=r"picks: .* does not exist"):
        built.steps.train(built.folder, built.take, out=built.out / "t", picks=built.out / "none.json")


def test_building_needs_models_of_this_capture(built: Any) -> None:
    with pytest.raises(CheckpointError, match="holds no trained models"):
        built.steps.build(built.out, built.folder)
    assert built.steps.trained_pca(built.trained / "models").component_count == 3
    other = built.maya.add_mesh("other", POINTS[:4], [4], [0, 1, 2, 3])
    built.steps.capture_character([other], built.out / "other")
    with pytest.raises(TopologyError, match="has 64 vertices, but the capture"):
        built.steps.build(built.trained, built.out / "other")


def test_the_folders_of_a_service_are_the_nearest_that_exist(tmp_path: Path) -> None:
    from_steps = pytest.importorskip("facepatch_maya.launch")
    assert from_steps
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "take.mp4").write_bytes(b"")
    import fakemaya

    with fakemaya.install():
        from facepatch_maya import steps

        found = steps.roots_of(tmp_path / "a" / "take.mp4", None, tmp_path / "b" / "c", tmp_path / "a")
    assert found == [tmp_path / "a", tmp_path]


# ------------------------------------------------------------------------------------------------------- targets


NAMES = ("pc_000", "pc_001", "pc_002")


def find(target: Any, names: Any = NAMES) -> Any:
    from facepatch_maya.targets import find_target

    return find_target(target, names)


def test_a_target_is_a_built_blendshape_or_its_name(built: Any) -> None:
    wanted = {name: (f"facepatch.{name}",) for name in NAMES}
    assert find(built.built) == wanted
    assert find("facepatch") == wanted
    assert find(":") == wanted


def test_a_target_is_a_namespace_in_which_one_blendshape_leads(built: Any) -> None:
    cmds = built.cmds
    cmds.namespace(add="hero")
    cmds.rename("facepatch", "hero:faceShapes")
    assert find("hero:")["pc_001"] == ("hero:faceShapes.pc_001",)
    built.steps.build(built.trained, built.folder, name="second")
    cmds.rename("second", "hero:second")
    with pytest.raises(InputError, match="several blendShapes of namespace hero: have these targets"):
        find("hero:")
    # One whose weights the other drives is not meant.
    for name in NAMES:
        cmds.connectAttr(f"hero:faceShapes.{name}", f"hero:second.{name}")
    assert find("hero:")["pc_000"] == ("hero:faceShapes.pc_000",)
    with pytest.raises(InputError, match=r"It has no blendShape\. Build it first"):
        find("villain:")


def test_a_target_is_a_mapping_of_ones_own(built: Any, tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(
        json.dumps({"pc_000": "a.tx", "pc_002": ["b.ty", "c.tz"], "more": "d.x"}), encoding="utf-8"
    )
    wanted = {"pc_000": ("a.tx",), "pc_002": ("b.ty", "c.tz")}
    assert find(path) == find(str(path)) == wanted
    assert find({"pc_000": ["a.tx"], "pc_002": ("b.ty", "c.tz")}) == wanted


@pytest.mark.parametrize(
    ("text", "kind", "match"),
    [
        ("{", FormatError, "is no JSON"),
        ("[]", FormatError, "needs one object"),
        ('{"pc_000": 1}', FormatError, "pc_000 needs the name of an attribute"),
        ('{"pc_000": "face"}', FormatError, "node.attribute"),
        ('{"other": "a.tx"}', InputError, "has none of the weights pc_000 ... pc_002"),
        (None, InputError, "no such mapping"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(
    built: Any, tmp_path: Path, text: Any, kind: Any, match: str
) -> None:
    path = tmp_path / "map.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(kind, match=match):
        find(path)


def test_a_target_that_is_not_there_or_another_thing_is_refused(built: Any) -> None:
    with pytest.raises(NodeNotFoundError, match="facepatch"):
        find("facepach")
    with pytest.raises(InputError, match="is a transform, not a blendShape"):
        find(built.face)
    with pytest.raises(InputError, match="has none of the weights"):
        find("facepatch", ("jaw",))
    gone = BuiltBlendShape((), ("gone",), (), ())
    with pytest.raises(InputError, match="gone: has none of the weights"):
        find(gone)


# ---------------------------------------------------------------------------------------------------------- bake


def test_a_bake_is_one_step_of_undo(built: Any) -> None:
    weight = built.built.weights[1]
    built.steps.bake(built.clip, built.built, start_frame=1)
    assert len(built.cmds.keyframe(weight, query=True, timeChange=True)) == 12
    built.cmds.undo()
    assert not built.cmds.keyframe(weight, query=True, timeChange=True)
    built.cmds.redo()
    assert len(built.cmds.keyframe(weight, query=True, timeChange=True)) == 12


def posed(built: Any) -> Path:
    clip = fakeservice.the_clip(built.out / "010")
    poses = np.tile(np.eye(4), (clip.frame_count, 1, 1))
    turn = np.linspace(0, 0.5, clip.frame_count)
    poses[:, 0, 0] = poses[:, 2, 2] = np.cos(turn)
    poses[:, 0, 2], poses[:, 2, 0] = np.sin(turn), -np.sin(turn)
    path = built.out / "posed.npz"
    write_clip(path, Clip(clip.names, clip.weights, clip.rate, head_pose=poses, pca=clip.pca))
    return path


def test_the_head_is_keyed_in_the_same_step(built: Any) -> None:
    cmds = built.cmds
    head = cmds.createNode("transform", name="head_ctrl")
    applied = built.steps.bake(posed(built), built.built, start_frame=1, head=head)
    assert len(applied.attributes) == 3 + 3
    assert cmds.getAttr(f"{head}.rotateY", time=12) == pytest.approx(np.degrees(0.5), abs=1e-3)
    cmds.undo()
    assert not cmds.keyframe(f"{head}.rotateY", query=True, timeChange=True)
    assert not cmds.keyframe(built.built.weights[0], query=True, timeChange=True)


def test_a_clip_without_head_pose_leaves_the_head_alone(built: Any) -> None:
    head = built.cmds.createNode("transform", name="head_ctrl")
    applied = built.steps.bake(built.clip, built.built, head=head)
    assert [left.name for left in applied.left_alone] == [head]
    assert "no head pose" in applied.left_alone[0].reason
    assert applied.keys == 36


def test_the_gaze_needs_the_character(built: Any) -> None:
    from facepatch_maya.head_and_gaze import GazeControls

    with pytest.raises(InputError, match="gaze needs the character"):
        built.steps.bake(built.clip, built.built, gaze=GazeControls(eyes=("l", "r")))
    with pytest.raises(InputError, match=r"holds no character.npz"):
        built.steps.bake(built.clip, built.built, gaze=GazeControls(eyes=("l", "r")), character=built.out)
    assert not built.cmds.keyframe(built.built.weights[0], query=True, timeChange=True)


# ---------------------------------------------------------------------------------------------------------- live


class Streaming:
    """A stream whose frames the test sends."""

    def __init__(self, built: Any, service: fakeservice.Service, **options: Any) -> None:
        from facepatch_maya.backend import Backend

        self.service, self.changes = service, 0
        self.backend = Backend(open_client=service.open, clock=lambda: service.now)
        self.backend.connect()
        target = options.pop("target", built.built)
        self.session = built.steps.live(
            self.backend, built.trained, "camera:0", target, on_change=self.changed, **options
        )
        self.session.poll()

    def changed(self) -> None:
        self.changes += 1

    @property
    def job(self) -> str:
        return self.session.view.job

    def begin(self, names: Any = NAMES) -> None:
        self.tell(messages.StateChange("running", 1))
        self.tell(messages.StreamStart(names, (24, 1), source="camera 0"))
        self.session.poll()

    def frame(self, number: int, weights: Any, *, flags: int = 0) -> None:
        self.tell(messages.Frame(number, number, np.float32(weights), np.eye(4), age_ms=12.0, flags=flags))
        self.session.poll()

    def tell(self, partial: messages.Partial) -> None:
        self.service.transport.push(encode(partial.to_message(self.session.view.request.id, job=self.job)))


def test_the_character_follows_and_is_as_before_at_the_end(built: Any, service: fakeservice.Service) -> None:
    cmds = built.cmds
    live = Streaming(built, service)
    assert live.session.running
    live.begin()
    live.frame(0, [1.0, -2.0, 0.5])
    assert [cmds.getAttr(weight) for weight in built.built.weights] == pytest.approx([1.0, -2.0, 0.5])
    assert live.session.sentence == "Live: frame 0, 12 ms old."
    live.frame(1, [1.0, -2.0, 0.5], flags=1)
    assert live.session.sentence.endswith("No face is seen.")
    assert (live.session.shown, live.changes > 2) == (2, True)
    live.session.stop()
    assert [cmds.getAttr(weight) for weight in built.built.weights] == [0, 0, 0]
    assert (live.session.running, live.session.error) == (False, "")
    assert service.types()[-1] == "cancel"
    live.session.stop()


def test_what_is_recorded_becomes_keys_and_the_character_goes_on_following(
    built: Any, service: fakeservice.Service
) -> None:
    cmds = built.cmds
    live = Streaming(built, service)
    with pytest.raises(InputError, match="Nothing has come yet"):
        live.session.record(1)
    live.begin()
    live.frame(0, [9.0, 9.0, 9.0])
    live.session.record(101)
    for number in (5, 6, 8):
        live.frame(number, [0.1 * number, -number, 0.0])
    assert live.session.recorded == 3
    applied = live.session.write()
    assert not live.session.recording
    assert applied.keys == 4 * 3
    assert [left.name for left in applied.left_alone] == ["recording"]
    live.session.stop()
    weight = built.built.weights[1]
    assert cmds.keyframe(weight, query=True, timeChange=True) == [101, 102, 103, 104]
    assert cmds.keyframe(weight, query=True, valueChange=True) == pytest.approx([-5, -6, -7, -8])
    with pytest.raises(InputError, match="Nothing was recorded"):
        Streaming(built, service).session.write()


def test_a_recording_may_begin_with_the_first_frame(built: Any, service: fakeservice.Service) -> None:
    live = Streaming(built, service)
    live.session.record_from_start(7)
    live.begin()
    live.frame(0, [1.0, 0.0, 0.0])
    live.frame(1, [2.0, 0.0, 0.0])
    assert live.session.write().keys == 6
    assert live.session.running
    live.session.stop()


def test_a_target_without_these_weights_ends_the_session_with_a_sentence(
    built: Any, service: fakeservice.Service
) -> None:
    live = Streaming(built, service)
    live.begin(("jaw", "brow"))
    assert not live.session.running
    assert "has none of the weights jaw ... brow" in live.session.error


def test_a_stream_that_fails_ends_the_session_with_its_sentence(
    built: Any, service: fakeservice.Service
) -> None:
    live = Streaming(built, service)
    live.begin()
    live.frame(0, [1.0, 0.0, 0.0])
    service.end(live.job, error=InputError("camera:0: was unplugged."))
    live.session.poll()
    assert live.session.error == "camera:0: was unplugged."
    assert built.cmds.getAttr(built.built.weights[0]) == 0


def test_a_session_waits_for_a_service_that_is_started(built: Any, service: fakeservice.Service) -> None:
    from facepatch_maya.backend import Backend

    service.there = False
    backend = Backend(open_client=service.open, start_service=service.start, clock=lambda: service.now)
    backend.start()
    session = built.steps.live(backend, built.trained, "camera:0", built.built)
    assert session.sentence == "Waits for the service to start."
    service.there = True
    service.now += 1
    for _ in range(4):
        session.poll()
    assert service.jobs("stream")[0]["source"] == "camera:0"
    session.stop()
    assert service.types()[-1] == "cancel"


# ------------------------------------------------------------------------------------------------------ progress


def test_the_progress_window_stops_on_escape(maya: Any) -> None:
    from facepatch_maya.progress_window import shown_progress

    with (
        pytest.raises(JobCancelledError, match="Train: stopped by Escape"),
        shown_progress("Train") as on_progress,
    ):
        on_progress(Progress("reenactment", 3, 10, "iterations"))
        maya.state["escape"] = True
        for _ in range(10**6):
            on_progress(Progress("reenactment", 4, 10, "iterations"))


def test_words_of_a_progress() -> None:
    import fakemaya

    with fakemaya.install():
        from facepatch_maya.progress_window import words

        assert words(Progress("weights", 3, 10, "iterations")) == "weights: 3 of 10 iterations"
        assert words(Progress("queued", 0, 0)) == "queued"
        assert words(Progress("scan", 0, 0, message="looking")) == "scan: looking"


def test_without_a_window_each_stage_is_told_once() -> None:
    import fakemaya

    with fakemaya.install(batch=True) as maya:
        from facepatch_maya.progress_window import shown_progress

        with shown_progress("Train") as on_progress:
            for done in range(5):
                on_progress(Progress("weights", done, 10, "iterations"))
            on_progress(Progress("export", 0, 1, "files"))
        told = [text for kind, text in maya.state["messages"] if kind == "info"]
    assert told == ["Train: weights: 0 of 10 iterations", "Train: export: 0 of 1 files"]


def test_the_scenes_own_capture_says_where_it_came_from(built: Any) -> None:
    assert [mesh.name for mesh in read_capture(built.folder).meshes] == [built.face]
