"""From a mesh in the scene to keys on it, with a real service, real training and a real live stream.

Maya is the stand-in; the character and the films are generated. Three ways: the functions, the commands, the batch.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fakemaya
from facepatch.core.capture import read_capture
from facepatch.core.data.character import read_character_record
from facepatch.core.data.clip import Clip, read_clip
from facepatch.core.protocol import Message, read_partial
from facepatch.core.protocol.messages import Frame
from facepatch.core.shots import read_results, read_shots, results_path
from facepatch.core.vertex_picks import read_vertex_picks

pytestmark = [
    pytest.mark.skipif(find_spec("torch") is None, reason="the service is not in this environment"),
    pytest.mark.skipif(os.name != "posix", reason="ends the service by a signal"),
]

HERE = Path(__file__).parent
PLUGIN = HERE.parents[1] / "maya_module" / "plug-ins" / "facepatch_plugin.py"
DEADLINE_S = 240.0
CLOSE_CM = 2e-3
FRAMES = 30


@pytest.fixture
def hero(tiny: SimpleNamespace, maya: Any) -> SimpleNamespace:
    """The generated character in the scene: .meshes, .head. It looks along +X, walks, and moves through its range."""
    return put_into_scene(tiny, maya)


def put_into_scene(tiny: SimpleNamespace, maya: Any) -> SimpleNamespace:
    from maya import cmds

    from facepatch_maya.host import MayaHost

    character = read_character_record(tiny.hero)
    with np.load(tiny.motion) as motion:
        order = [list(motion["names"]).index(name) for name in character.shape_names]
        frames = character.vertices(motion["weights"][:, order])
    cmds.currentUnit(time="film")
    cmds.playbackOptions(minTime=1, maxTime=FRAMES)
    head = cmds.ls(cmds.createNode("transform", name="head_grp"), long=True)[0]
    cmds.setAttr(f"{head}.rotateY", 90)
    cmds.setAttr(f"{head}.translateY", 150)
    cmds.setKeyframe(head, attribute="translateX", time=1, value=0)
    cmds.setKeyframe(head, attribute="translateX", time=FRAMES, value=20)
    meshes = []
    topology = character.topology
    corner = np.concatenate([[0], np.cumsum(topology.polygon_counts)])
    for span in character.meshes:
        counts = topology.polygon_counts[span.polygon_start : span.polygon_stop]
        corners = topology.polygon_vertices[corner[span.polygon_start] : corner[span.polygon_stop]]
        rows = slice(span.vertex_start, span.vertex_stop)
        meshes.append(
            maya.add_mesh(
                span.name,
                character.neutral[rows],
                counts.tolist(),
                (corners - span.vertex_start).tolist(),
                parent=head,
                animate=lambda frame, moving=frames[:, rows]: moving[
                    min(max(round(frame) - 1, 0), FRAMES - 1)
                ],
            )
        )
    picks = read_vertex_picks(tiny.hero_picks)
    for mesh, span in zip(meshes, character.meshes):
        landmarks = picks.on_span(span.vertex_start, span.vertex_stop - span.vertex_start).landmarks
        if landmarks:
            MayaHost().save_landmarks(mesh, landmarks)
    return SimpleNamespace(meshes=meshes, head=head, picks=picks, frames=frames)


def check_shows(clip: Clip, folder: Path, meshes: Any, *, start: float) -> None:
    """The scene evaluates to the vertices of the clip, on every frame, wherever the head is."""
    from facepatch_maya.host import MayaHost

    captured = read_capture(folder)
    wanted = clip.pca.vertices(clip.weights)
    assert np.abs(np.diff(wanted, axis=0)).max() > 10 * CLOSE_CM
    rows = range(0, clip.frame_count, 3)
    shown = MayaHost().read_motion(list(meshes), [start + row for row in rows])
    for row, frame in zip(rows, shown):
        for mesh, points, to_world in zip(captured.meshes, frame.points, frame.object_to_world):
            world_from_head = to_world @ np.linalg.inv(np.asarray(mesh.object_to_head))
            head = wanted[row, mesh.vertex_start : mesh.vertex_stop]
            expected = head @ world_from_head[:3, :3].T + world_from_head[:3, 3]
            np.testing.assert_allclose(points, expected, atol=CLOSE_CM)


def test_the_steps_from_a_mesh_to_live_keys_and_a_baked_take(
    tiny: SimpleNamespace, shared: Path, hero: SimpleNamespace
) -> None:
    from maya import cmds

    from facepatch_maya import steps
    from facepatch_maya.backend import HERE as CONNECTED
    from facepatch_maya.backend import Backend

    folder, out = shared / "hero", shared / "trained"
    found = steps.capture_character(hero.meshes, folder, head=hero.head, facing="+x")
    # Head space: what walks and turns in the scene stands still there, looking along +Z.
    motion = np.load(found.motion_path)
    np.testing.assert_allclose(motion - motion[0].mean(0), hero.frames - hero.frames[0].mean(0), atol=1e-4)

    backend = Backend()
    backend.connect(start=True)
    assert backend.state == CONNECTED
    proposed = steps.propose_landmarks(folder, backend=backend)
    assert read_vertex_picks(Path(proposed["landmarks"])).landmarks == hero.picks.landmarks
    assert proposed["coverage"]["features"]["mouth_open"]["active"] > 0

    job = steps.begin_train(backend, folder, tiny.film, out=out, preset=str(tiny.preset), label="hero")
    backend.wait(job, timeout_s=DEADLINE_S)
    assert ("reenactment", "loss") in job.curves
    assert job.picture is not None
    built = steps.build(out, folder)

    # Live: what is shown while it streams, and the keys that were recorded of it.
    frames: list[Frame] = []
    session = steps.live(backend, out, str(tiny.take2), built, rate="max")
    session.record_from_start(101)
    session.view.request.on_partial(lambda message: keep(message, frames))
    while session.running:
        backend.pump()
        session.poll()
    assert session.error == ""
    assert [cmds.getAttr(weight) for weight in built.weights] == [0.0] * len(built.weights)
    applied = session.write()
    assert (len(frames), applied.keys) == (FRAMES, FRAMES * len(built.weights))
    assert applied.left_alone == ()
    for frame in frames[::7]:
        keyed = [cmds.getAttr(weight, time=101 + frame.frame) for weight in built.weights]
        np.testing.assert_allclose(keyed, frame.weights, atol=1e-5)
    cmds.undo()
    assert not cmds.keyframe(built.weights[0], query=True, timeChange=True)

    clip = steps.retarget(out, tiny.take2, out=shared / "020", backend=backend, film=False)
    applied = steps.bake(clip, built, start_frame=1)
    assert applied.left_alone == ()
    check_shows(read_clip(clip), folder, built.meshes, start=1)
    assert {view.verb for view in backend.jobs} >= {"character", "train", "stream", "retarget"}
    backend.close()


def keep(message: Message, frames: list[Frame]) -> None:
    partial = read_partial(message)
    if isinstance(partial, Frame):
        frames.append(partial)


def test_the_commands_from_a_mesh_to_a_baked_take(
    tiny: SimpleNamespace, shared: Path, hero: SimpleNamespace
) -> None:
    from maya import cmds

    cmds.loadPlugin(str(PLUGIN))
    # A character of the same name, so that its training is found to be done already.
    folder, out = str(shared / "commands" / "hero"), str(shared / "trained")
    cmds.facepatchCapture(*hero.meshes, outFolder=folder, head=hero.head, facing="+x")
    files = cmds.facepatchPropose(folder)
    assert "landmarks.png" in {Path(name).name for name in files}
    assert cmds.facepatchTrain(folder, take=str(tiny.film), outFolder=out, preset=str(tiny.preset)) == out
    (node, *_) = nodes = cmds.facepatchBuild(folder, models=out, name="heroShapes")
    assert len(nodes) == len(hero.meshes)
    clip = cmds.facepatchRetarget(out, take=str(tiny.take2), outFolder=str(shared / "030"), film=False)
    keyed = cmds.facepatchBake(clip, target=node, startFrame=11)
    assert keyed == cmds.facepatchBuild(node, query=True, weights=True)
    meshes = [mesh for one in nodes for mesh in cmds.facepatchBuild(one, query=True, meshes=True)]
    check_shows(read_clip(Path(clip)), Path(folder), meshes, start=11)
    cmds.undo()
    assert not cmds.keyframe(keyed[0], query=True, timeChange=True)
    cmds.undo()
    assert not cmds.objExists(node)
    cmds.redo()
    cmds.redo()
    check_shows(read_clip(Path(clip)), Path(folder), meshes, start=11)

    live = cmds.facepatchLive(
        models=out, source=str(tiny.film), target=node, rate="max", record=True, startFrame=201, wait=True
    )
    assert live == keyed
    assert cmds.keyframe(keyed[0], query=True, timeChange=True)[-1] == 201 + FRAMES - 1


def test_a_list_of_shots_with_one_that_fails_and_is_mended(
    tiny: SimpleNamespace, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, scene = shared / "batch" / "hero", shared / "anim.ma"
    with fakemaya.install(version=2025) as maya:
        from maya import cmds

        from facepatch_maya import steps

        hero = put_into_scene(tiny, maya)
        steps.capture_character(hero.meshes, folder, head=hero.head, facing="+x")
        steps.train(folder, tiny.film, out=shared / "trained", preset=str(tiny.preset))
        built = steps.build(shared / "trained", folder)
        cmds.file(rename=scene.as_posix())
        cmds.file(save=True, type="mayaAscii")
    shots = shared / "shots.csv"
    lines = ["name,scene,take,models,target,start_frame,save_as"]
    lines += [f"010,anim.ma,{tiny.take2},trained,facepatch,1,shots/010.ma"]
    lines += ["020,anim.ma,late.mp4,trained,facepatch,1,shots/020.ma"]
    lines += [f"030,anim.ma,{tiny.film},trained,facepatch,1001,shots/030.ma"]
    shots.write_text("\n".join(lines), encoding="utf-8")
    (shared / "late.mp4").write_bytes(b"still being copied")

    with fakemaya.install(version=2025, batch=True):
        from facepatch_maya import batch

        assert batch.main([str(shots)]) == 1
    out = capsys.readouterr().out
    assert "020: FAILED, " in out
    assert "late.mp4" in out
    results = read_results(results_path(shots))
    assert [results[shot.key].state for shot in read_shots(shots)] == ["done", "failed", "done"]

    (shared / "late.mp4").write_bytes(tiny.take2.read_bytes())
    (shared / tiny.beside(shared / "late.mp4").name).write_bytes(tiny.beside(tiny.take2).read_bytes())
    with fakemaya.install(version=2025, batch=True):
        from maya import cmds

        from facepatch_maya import batch

        assert batch.main([str(shots)]) == 0
        out = capsys.readouterr().out
        assert out.count("done before") == 2
        assert "3 of 3 shots are done" in out
        for name, start in (("010", 1), ("020", 1), ("030", 1001)):
            cmds.file((shared / "shots" / f"{name}.ma").as_posix(), open=True, force=True)
            clip = read_clip(shared / "shots" / f"{name}_retarget" / "clip.npz")
            check_shows(clip, folder, built.meshes, start=start)
